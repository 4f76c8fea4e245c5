"""
Cases of the compute surface: flavors, key pairs and quotas, which every pod has alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from tests.functional.rows.case import (
    BROKEN,
    DOWN,
    GARBLED,
    PRIVATE,
    SILENT,
    Ask,
    Case,
    Maker,
    Scene,
    Step,
    Told,
    nothing,
)
from tests.functional.rows.patterns import PODS, anywhere, went

_FLAVOR = {"name": "new", "ram": 64, "vcpus": 1, "disk": 1}
_SPECS = {"extra_specs": {"hw:mem_page_size": "large"}}
_KEY = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ== somebody"


async def _a_flavor(scene: Scene, *, pods: Sequence[str] = PODS) -> None:
    """
    A flavor with the same id in these pods.
    """
    flavor = f"flavor-{len(scene.cloud._issued)}"
    scene.things["flavor"] = flavor
    body = {"flavor": {**_FLAVOR, "id": flavor, "name": flavor}}
    for pod in pods:
        await scene.at_pod(pod, "POST", "/flavors", body)
        await scene.at_pod(pod, "POST", f"/flavors/{flavor}/os-extra_specs", _SPECS)


async def _a_key(scene: Scene, *, pods: Sequence[str] = PODS) -> None:
    """
    A key of the owner's in these pods.
    """
    for pod in pods:
        await scene.at_pod(pod, "POST", "/os-keypairs", {"keypair": {"name": PRIVATE, "public_key": _KEY}})


def _agreed(row: str, path: str, *, shows: str, make: Maker, differs: Mapping[str, Any], **more: Any) -> Case:
    """
    A list: all pods are asked, and asked again for all that they have where Pod2 alone has something.
    """
    told = Told(status=200, shows=(shows,), incomplete=False)
    return Case(
        surface="compute",
        row=row,
        make=make,
        steps=(Step(ask=Ask(method="GET", path=path), told=told, **differs),),
        fails="Pod1",
        faults=dict.fromkeys(
            (DOWN, BROKEN, SILENT, GARBLED), Told(status=200, shows=(shows,), incomplete=True)
        ),
        **more,
    )


def _elsewhere(row: str, path: str, *, make: Maker, shows: str, **more: Any) -> Case:
    """
    A read of what Pod2 alone has: Pod1 says 404, and the others are asked.
    """
    return Case(
        surface="compute",
        row=row,
        make=make,
        steps=(
            Step(
                ask=Ask(method="GET", path=path),
                told=Told(status=200, shows=(shows,), incomplete=False),
                got=went(PODS, f"GET {path}"),
            ),
        ),
        fails="Pod1",
        faults={DOWN: Told(status=200, shows=(shows,)), BROKEN: Told(status=500)},
        **more,
    )


def _everywhere(
    row: str, method: str, path: str, *, make: Maker, body: Any = None, status: int, **more: Any
) -> Case:
    """
    A write that all pods get.
    """
    return Case(
        surface="compute",
        row=row,
        make=make,
        steps=(
            Step(
                ask=Ask(method=method, path=path, body=body),
                told=Told(status=status, incomplete=False),
                got=went(PODS, f"{method} {path}"),
                # what is used, before a quota is set
                beside=("GET /os-quota-sets/*",) if "quota-sets" in path else (),
            ),
        ),
        fails="Pod2",
        **more,
    )


def _quota(row: str, path: str, **more: Any) -> Case:
    """
    A quota, after the form that one pod gives it: the next one, where that fails.
    """
    told = Told(status=200)
    return anywhere("compute", row, path, faults={DOWN: told, BROKEN: told}, **more)


_in_pod2 = {"pods": ("Pod2",)}
_FLAVOR_IN_POD2 = partial(_a_flavor, **_in_pod2)  # type: ignore[arg-type]
_KEY_IN_POD2 = partial(_a_key, **_in_pod2)  # type: ignore[arg-type]
_REFUSED = {DOWN: Told(status=503), BROKEN: Told(status=500), SILENT: Told(status=504)}
_LEFT_OUT = dict.fromkeys((DOWN, SILENT), Told(status=202, incomplete=True))
_BY_A_JOB = dict.fromkeys((DOWN, BROKEN, SILENT), Told(status=200))
_BOTH = ("GET /flavors", "GET /flavors/detail")

CASES: tuple[Case, ...] = (
    _agreed(
        "GET /flavors",
        "/flavors",
        shows="{flavor}",
        make=_FLAVOR_IN_POD2,
        admin=True,
        differs={"got": went(PODS, *_BOTH)},
        stranger=Told(status=200),
    ),
    _agreed(
        "GET /flavors/detail",
        "/flavors/detail",
        shows="{flavor}",
        make=_FLAVOR_IN_POD2,
        admin=True,
        differs={"got": went(PODS, *_BOTH[1:] * 2)},
        stranger=Told(status=200),
    ),
    Case(
        surface="compute",
        row="POST /flavors",
        admin=True,
        steps=(
            Step(
                ask=Ask(method="POST", path="/flavors", body={"flavor": {**_FLAVOR, "name": "{project_id}"}}),
                told=Told(status=200, values={"flavor.name": "{project_id}"}),
                got=went(PODS, "POST /flavors"),
            ),
        ),
        stranger=Told(status=403),
        fails="Pod2",
        faults=_REFUSED,
    ),
    _elsewhere(
        "GET,HEAD /flavors/{id}",
        "/flavors/{flavor}",
        make=_FLAVOR_IN_POD2,
        admin=True,
        shows="{flavor}",
        stranger=Told(status=200),
    ),
    _everywhere(
        "DELETE,PUT /flavors/{id}",
        "DELETE",
        "/flavors/{flavor}",
        make=_a_flavor,
        admin=True,
        status=202,
        stranger=Told(status=403),
        faults=_REFUSED,
        # it is deleted there when the pod is back
        when_administered={"faults": {**_REFUSED, DOWN: Told(status=202)}},
    ),
    _elsewhere(
        "GET,HEAD /flavors/{id}/**",
        "/flavors/{flavor}/os-extra_specs",
        make=_FLAVOR_IN_POD2,
        admin=True,
        shows="mem_page_size",
        stranger=Told(status=200),
    ),
    _everywhere(
        "DELETE,POST,PUT /flavors/{id}/**",
        "POST",
        "/flavors/{flavor}/os-extra_specs",
        make=_a_flavor,
        admin=True,
        body={"extra_specs": {"k": "v"}},
        status=200,
        stranger=Told(status=403),
        faults=_REFUSED,
    ),
    _agreed(
        "GET /os-keypairs",
        "/os-keypairs",
        shows="{private}",
        make=_KEY_IN_POD2,
        differs={"got": went(PODS, *("GET /os-keypairs",) * 2)},
        stranger=Told(status=200, hides=("{private}",)),
    ),
    Case(
        surface="compute",
        row="POST /os-keypairs",
        steps=(
            Step(
                ask=Ask(method="POST", path="/os-keypairs", body={"keypair": {"name": "new"}}),
                told=Told(status=200, shows=("PRIVATE KEY",), incomplete=False),
                got=went(PODS, "POST /os-keypairs"),
            ),
            Step(
                ask=Ask(method="POST", path="/os-keypairs", body={"keypair": {"name": "new"}}),
                told=Told(status=409),
                got={"Pod1": ("POST /os-keypairs",)},
            ),
        ),
        # theirs to make, for themselves
        stranger=Told(status=200),
        fails="Pod2",
        faults=dict.fromkeys((DOWN, SILENT), Told(status=200, shows=("PRIVATE KEY",), incomplete=True)),
    ),
    _elsewhere(
        "GET,HEAD /os-keypairs/{id}",
        "/os-keypairs/{private}",
        make=_KEY_IN_POD2,
        shows=_KEY,
        stranger=Told(status=404),
        strange=Ask(method="GET", path="/os-keypairs/{project_id}"),
    ),
    _everywhere(
        "DELETE /os-keypairs/{id}",
        "DELETE",
        "/os-keypairs/{private}",
        make=_a_key,
        status=202,
        stranger=Told(status=404),
        strange=Ask(method="DELETE", path="/os-keypairs/{project_id}"),
        faults=_LEFT_OUT,
    ),
    _quota(
        "GET /os-quota-sets/{project}",
        "/os-quota-sets/{project_id}",
        shows=("quota_set",),
        stranger=403,
    ),
    _quota(
        "GET /os-quota-sets/{project}/defaults",
        "/os-quota-sets/{project_id}/defaults",
        shows=("quota_set",),
    ),
    _everywhere(
        "DELETE,PUT /os-quota-sets/{project}",
        "PUT",
        "/os-quota-sets/{project_id}",
        make=nothing,
        admin=True,
        body={"quota_set": {"ram": 5120}},
        status=200,
        stranger=Told(status=403),
        faults=_BY_A_JOB,
    ),
    _quota(
        "GET /os-quota-class-sets/{id}",
        "/os-quota-class-sets/default",
        shows=("quota_class_set",),
        admin=True,
    ),
    _everywhere(
        "PUT /os-quota-class-sets/{id}",
        "PUT",
        "/os-quota-class-sets/default",
        make=nothing,
        admin=True,
        body={"quota_class_set": {"ram": 51200}},
        status=200,
        stranger=Told(status=403),
        faults=_BY_A_JOB,
    ),
)
