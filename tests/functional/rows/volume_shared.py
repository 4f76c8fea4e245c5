"""
Cases of the volume surface: volume types, QoS specs and group types, which pods have alike by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

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
_GROUPS = "3.11"


async def _type(scene: Scene) -> None:
    """
    A volume type that Pod2 alone has.
    """
    name = f"type-{len(scene.cloud._issued)}"
    body = {"volume_type": {"name": name, "extra_specs": {"color": "blue"}}}
    made = await scene.at_pod("Pod2", "POST", "/types", body)
    scene.things.update(type=made["volume_type"]["id"], type_name=name)


async def _group_type(scene: Scene) -> None:
    """
    Pod1's group type, by its id.
    """
    told = await scene.at_pod("Pod1", "GET", "/group_types", version=_GROUPS)
    scene.things["type"] = told["group_types"][0]["id"]


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
        stranger=Told(status=403 if path == "/qos-specs" else 200),
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


_NOWHERE = Told(status=404)
#: A write goes on from a pod that was surely not reached; whether that one has it is not known then.
_NOT_KNOWN = {DOWN: Told(status=503), BROKEN: Told(status=500)}

CASES: tuple[Case, ...] = (
    _agreed("GET /types", "/types", shows="{type_name}", rounds=2, make=_type, admin=True),
    _anywhere(
        "POST /types",
        "/types",
        method="POST",
        body={"volume_type": {"name": "{project_id}"}},
        admin=True,
        shows=("{project_id}",),
    ),
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
    # the fake pods have no QoS specs, and nobody makes any
    _agreed("GET /qos-specs", "/qos-specs", shows="qos_specs", admin=True),
    _anywhere("POST /qos-specs", "/qos-specs", method="POST", admin=True, status=404, stranger=404),
    _everybody("GET,HEAD /qos-specs/{id}", "GET", "/qos-specs/none", _NOWHERE, stranger=403),
    _everybody("DELETE,PUT /qos-specs/{id}", "DELETE", "/qos-specs/none", _NOWHERE, faults=_NOT_KNOWN),
    _everybody("GET,HEAD /qos-specs/{id}/**", "GET", "/qos-specs/none/associations", _NOWHERE),
    _everybody(
        "DELETE,POST,PUT /qos-specs/{id}/**",
        "PUT",
        "/qos-specs/none/delete_keys",
        _NOWHERE,
        faults=_NOT_KNOWN,
    ),
    _agreed("GET /group_types", "/group_types", shows="default_cgsnapshot_type", version=_GROUPS),
    _anywhere(
        "POST /group_types",
        "/group_types",
        method="POST",
        version=_GROUPS,
        admin=True,
        status=404,
        stranger=404,
    ),
    _anywhere(
        "GET,HEAD /group_types/{id}",
        "/group_types/{type}",
        version=_GROUPS,
        make=_group_type,
        shows=("{type}",),
    ),
    _everybody(
        "DELETE,PUT /group_types/{id}",
        "DELETE",
        "/group_types/none",
        _NOWHERE,
        version=_GROUPS,
        faults=_NOT_KNOWN,
    ),
    _anywhere(
        "GET,HEAD /group_types/{id}/**",
        "/group_types/{type}/group_specs",
        version=_GROUPS,
        make=_group_type,
        admin=True,
        shows=("group_specs",),
    ),
    _everybody(
        "DELETE,POST,PUT /group_types/{id}/**",
        "POST",
        "/group_types/none/group_specs",
        _NOWHERE,
        version=_GROUPS,
        faults=_NOT_KNOWN,
    ),
)
