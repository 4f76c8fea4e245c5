"""
Cases of the volume surface: volume types, QoS specs and group types, which pods have alike by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from attrs import evolve, frozen

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
    path: str,
    example: str,
    shows: str,
    *,
    make: Maker,
    stranger: int,
    version: str | None = None,
) -> Case:
    """
    A read that the first pod says 404 to, so that the others are asked.
    """
    told = Told(status=200, shows=(shows,))
    return Case(
        surface="volume",
        row=f"GET,HEAD {path}",
        make=make,
        admin=True,
        steps=(
            Step(
                ask=Ask(method="GET", path=example, version=version),
                told=told,
                got=went(PODS, f"GET {example}"),
            ),
        ),
        stranger=Told(status=stranger),
        fails="Pod1",
        faults={DOWN: told, BROKEN: Told(status=500)},
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


@frozen(kw_only=True)
class _Kind:
    """
    What has one id at the top, and other ones in pods.
    """

    path: str
    single: str
    #: Makes one in Pod2 alone, and where its id and name are to be found then.
    make: Maker
    ref: str
    name: str
    version: str | None = None
    #: The status of a create.
    created: int = 200
    #: What others are told who read one, and what is below it.
    stranger: int
    stranger_below: int
    #: What stands below one, and what it shows.
    below: tuple[str, str]
    #: How that is changed: method, path and body, and what else the case says.
    change: tuple[str, str, Any]
    changed: Mapping[str, Any]

    def cases(self) -> Iterator[Case]:
        """
        The six rows that each kind has.
        """
        one, version = f"{self.path}/{self.ref}", self.version
        make: dict[str, Any] = {"make": self.make, "version": version}
        yield _agreed(f"GET {self.path}", self.path, shows=self.name, rounds=2, admin=True, **make)
        yield _made(self.path, self.single, status=self.created, version=version)
        yield _everybody(f"{self.path}/{{id}}", one, self.name, stranger=self.stranger, **make)
        yield _asked(f"DELETE,PUT {self.path}/{{id}}", "DELETE", one, status=202, **make)
        path, shows = self.below
        below = f"{self.path}/{{id}}/**"
        yield _everybody(below, one + path, shows, stranger=self.stranger_below, **make)
        method, path, body = self.change
        yield _asked(f"DELETE,POST,PUT {below}", method, one + path, body=body, **make, **self.changed)


_TYPES = _Kind(
    path="/types",
    single="volume_type",
    make=_type,
    ref="{type}",
    name="{type_name}",
    stranger=200,
    stranger_below=200,
    below=("/extra_specs", "blue"),
    change=("POST", "/extra_specs", {"extra_specs": {"size": "large"}}),
    changed={"values": {"extra_specs.size": "large"}},
)

_QOS = _Kind(
    path="/qos-specs",
    single="qos_specs",
    make=_qos,
    ref="{qos}",
    name="{qos_name}",
    stranger=403,
    stranger_below=403,
    below=("/associations", "qos_associations"),
    change=("PUT", "/delete_keys", {"keys": ["total_iops_sec"]}),
    changed={"status": 202},
)

_GROUP_TYPES = _Kind(
    path="/group_types",
    single="group_type",
    make=_group_type,
    ref="{type}",
    name="{type_name}",
    version=_GROUPS,
    created=202,
    stranger=200,
    stranger_below=403,
    below=("/group_specs", "group_specs"),
    change=("POST", "/group_specs", {"group_specs": {"size": "large"}}),
    changed={"status": 202},
)

CASES: tuple[Case, ...] = (
    *_TYPES.cases(),
    _named(
        _everybody(
            "/types/{id}/extra_specs/{key}",
            "/types/{type}/extra_specs/color",
            "blue",
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
    *_QOS.cases(),
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
    *_GROUP_TYPES.cases(),
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
        "/default-types/{id}",
        "/default-types/{project_id}",
        "{project_id}",
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
