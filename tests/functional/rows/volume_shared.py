"""
Cases of the volume surface: volume types, QoS specs and group types, which pods have alike by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from attrs import evolve

from tests.functional.rows.case import (
    BROKEN,
    DOWN,
    GARBLED,
    SILENT,
    Ask,
    Case,
    Maker,
    Scene,
    Step,
    Told,
    nothing,
)
from tests.functional.rows.patterns import PODS, anywhere, asked, went

_anywhere, _asked = partial(anywhere, "volume"), partial(asked, "volume", admin=True)
_GROUPS, _DEFAULTS = "3.11", "3.62"


async def _type(scene: Scene) -> None:
    """
    A volume type that Pod2 alone has.
    """
    name = f"type-{len(scene.cloud._issued)}"
    body = {"volume_type": {"name": name, "extra_specs": {"color": "blue"}}}
    made = await scene.at_pod("Pod2", "POST", "/types", body)
    scene.things.update(type=made["volume_type"]["id"], type_name=name)


async def _qos(scene: Scene) -> None:
    """
    QoS specs that Pod2 alone has.
    """
    name = f"qos-{len(scene.cloud._issued)}"
    body = {"qos_specs": {"name": name, "total_iops_sec": "1000"}}
    made = await scene.at_pod("Pod2", "POST", "/qos-specs", body)
    scene.things.update(qos=made["qos_specs"]["id"], qos_name=name)


async def _qos_and_type(scene: Scene) -> None:
    """
    QoS specs and a volume type that Pod2 alone has.
    """
    await _qos(scene)
    await _type(scene)


async def _group_type(scene: Scene) -> None:
    """
    A group type that Pod2 alone has.
    """
    name = f"group-type-{len(scene.cloud._issued)}"
    client = scene.cloud.admin.at_pod("Pod2", "volume")
    made = await client.post("/v3/{project}/group_types", {"group_type": {"name": name}}, version=_GROUPS)
    scene.things.update(type=made.json["group_type"]["id"], type_name=name)


async def _default(scene: Scene) -> None:
    """
    The project's default type, in Pod2 alone.
    """
    wanted = {"default_type": {"volume_type": "files"}}
    await scene.at_pod("Pod2", "PUT", "/default-types/{project_id}", wanted, version=_DEFAULTS)


def _agreed(
    row: str,
    path: str,
    *,
    shows: str,
    rounds: int = 1,
    make: Maker = nothing,
    admin: bool = False,
    version: str | None = None,
) -> Case:
    """
    A list: all pods are asked, and once more where Pod2 alone has something.
    """
    ask = Ask(method="GET", path=path, version=version)
    without = Told(status=200, shows=(shows,), incomplete=True)
    return Case(
        surface="volume",
        row=row,
        make=make,
        admin=admin,
        steps=(
            Step(
                ask=ask,
                told=Told(status=200, shows=(shows,), incomplete=False),
                got=went(PODS, *(f"GET {path}",) * rounds),
            ),
        ),
        stranger=Told(status=403 if path in ("/qos-specs", "/default-types") else 200),
        fails="Pod1",
        faults=dict.fromkeys((DOWN, BROKEN, SILENT, GARBLED), without),
    )


def _everybody(
    row: str,
    method: str,
    path: str,
    told: Told,
    *,
    make: Maker = nothing,
    stranger: int = 404,
    body: Any = None,
    version: str | None = None,
    pods: Sequence[str] = PODS,
    faults: Mapping[str, Told] | None = None,
) -> Case:
    """
    What the first pod says 404 to, so that the others are asked.
    """
    usual = {DOWN: told, BROKEN: Told(status=500)}
    return Case(
        surface="volume",
        row=row,
        make=make,
        admin=True,
        steps=(
            Step(
                ask=Ask(method=method, path=path, body=body, version=version),
                told=told,
                got=went(pods, f"{method} {path}"),
            ),
        ),
        stranger=Told(status=stranger),
        fails="Pod1",
        faults=usual if faults is None else faults,
    )


def _named(case: Case) -> Case:
    """
    A row that differs from the one above it in where ids stand, which pods with ids of their own alone show.
    """
    return evolve(case, by_name=True)


def _made(path: str, name: str, *, status: int = 200, version: str | None = None) -> Case:
    """
    What is made: in one pod, where the daemon may not look after the others, else in all.
    """
    case = _anywhere(
        f"POST {path}",
        path,
        method="POST",
        body={name: {"name": "{project_id}"}},
        version=version,
        admin=True,
        status=status,
        shows=("{project_id}",),
        faults={DOWN: Told(status=503), BROKEN: Told(status=500)},
    )
    everywhere = tuple(evolve(step, got=went(PODS, f"POST {path}")) for step in case.steps)
    # another pod is asked first then, and the one that is away gets it from a job
    faults = {**case.faults, DOWN: Told(status=status)}
    return evolve(case, when_administered={"steps": everywhere, "faults": faults})


CASES: tuple[Case, ...] = (
    _agreed("GET /types", "/types", shows="{type_name}", rounds=2, make=_type, admin=True),
    _made("/types", "volume_type"),
    _everybody(
        "GET,HEAD /types/{id}",
        "GET",
        "/types/{type}",
        Told(status=200, shows=("{type_name}",)),
        make=_type,
        stranger=200,
    ),
    _asked("DELETE,PUT /types/{id}", "DELETE", "/types/{type}", make=_type, status=202),
    _everybody(
        "GET,HEAD /types/{id}/**",
        "GET",
        "/types/{type}/extra_specs",
        Told(status=200, shows=("blue",)),
        make=_type,
        stranger=200,
    ),
    _asked(
        "DELETE,POST,PUT /types/{id}/**",
        "POST",
        "/types/{type}/extra_specs",
        make=_type,
        body={"extra_specs": {"size": "large"}},
        values={"extra_specs.size": "large"},
    ),
    _named(
        _everybody(
            "GET,HEAD /types/{id}/extra_specs/{key}",
            "GET",
            "/types/{type}/extra_specs/color",
            Told(status=200, shows=("blue",)),
            make=_type,
            stranger=200,
        )
    ),
    _named(
        _asked(
            "DELETE,POST,PUT /types/{id}/extra_specs/{key}",
            "PUT",
            "/types/{type}/extra_specs/color",
            make=_type,
            body={"color": "red"},
            values={"color": "red"},
        )
    ),
    _agreed("GET /qos-specs", "/qos-specs", shows="{qos_name}", rounds=2, make=_qos, admin=True),
    _made("/qos-specs", "qos_specs"),
    _everybody(
        "GET,HEAD /qos-specs/{id}",
        "GET",
        "/qos-specs/{qos}",
        Told(status=200, shows=("{qos_name}",)),
        make=_qos,
        stranger=403,
    ),
    _asked("DELETE,PUT /qos-specs/{id}", "DELETE", "/qos-specs/{qos}", make=_qos, status=202),
    _everybody(
        "GET,HEAD /qos-specs/{id}/**",
        "GET",
        "/qos-specs/{qos}/associations",
        Told(status=200, shows=("qos_associations",)),
        make=_qos,
        stranger=403,
    ),
    _asked(
        "DELETE,POST,PUT /qos-specs/{id}/**",
        "PUT",
        "/qos-specs/{qos}/delete_keys",
        make=_qos,
        body={"keys": ["total_iops_sec"]},
        status=202,
    ),
    *(
        _named(
            _asked(
                f"GET,HEAD /qos-specs/{{id}}/{action}",
                "GET",
                f"/qos-specs/{{qos}}/{action}?vol_type_id={{type}}",
                make=_qos_and_type,
                status=202,
            )
        )
        for action in ("associate", "disassociate", "disassociate_all")
    ),
    _agreed(
        "GET /group_types", "/group_types", shows="{type_name}", rounds=2, make=_group_type, version=_GROUPS
    ),
    _made("/group_types", "group_type", status=202, version=_GROUPS),
    _everybody(
        "GET,HEAD /group_types/{id}",
        "GET",
        "/group_types/{type}",
        Told(status=200, shows=("{type_name}",)),
        version=_GROUPS,
        make=_group_type,
        stranger=200,
    ),
    _asked(
        "DELETE,PUT /group_types/{id}",
        "DELETE",
        "/group_types/{type}",
        make=_group_type,
        version=_GROUPS,
        status=202,
    ),
    _everybody(
        "GET,HEAD /group_types/{id}/**",
        "GET",
        "/group_types/{type}/group_specs",
        Told(status=200, shows=("group_specs",)),
        version=_GROUPS,
        make=_group_type,
        stranger=403,
    ),
    _asked(
        "DELETE,POST,PUT /group_types/{id}/**",
        "POST",
        "/group_types/{type}/group_specs",
        make=_group_type,
        body={"group_specs": {"size": "large"}},
        version=_GROUPS,
        status=202,
    ),
    _agreed(
        "GET /default-types",
        "/default-types",
        shows="{project_id}",
        rounds=2,
        make=_default,
        admin=True,
        version=_DEFAULTS,
    ),
    _everybody(
        "GET,HEAD /default-types/{id}",
        "GET",
        "/default-types/{project_id}",
        Told(status=200, shows=("{project_id}",)),
        make=_default,
        version=_DEFAULTS,
        stranger=403,
    ),
    Case(
        surface="volume",
        row="DELETE,PUT /default-types/{id}",
        admin=True,
        steps=(
            Step(
                ask=Ask(
                    method="PUT",
                    path="/default-types/{project_id}",
                    body={"default_type": {"volume_type": "files"}},
                    version=_DEFAULTS,
                ),
                told=Told(status=200, shows=("{project_id}",)),
                got=went(PODS, "PUT /default-types/{project_id}"),
            ),
        ),
        stranger=Told(status=403),
        fails="Pod1",
        faults={DOWN: Told(status=503), BROKEN: Told(status=500), SILENT: Told(status=504)},
    ),
)
