"""
Cases of the volume surface: groups and consistency groups, and snapshots of both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from attrs import evolve, frozen

from tests.functional.rows.case import BROKEN, DOWN, PRIVATE, Ask, Case, Scene, Step, Told
from tests.functional.rows.making import a_volume, in_each
from tests.functional.rows.patterns import PODS, held, listed, unsaid

_held, _listed = partial(held, "volume"), partial(listed, "volume")

_ELSEWHERE = ("in different parts of the cloud",)


@frozen(kw_only=True)
class _Words:
    """
    How one kind of group is asked for.
    """

    path: str
    single: str
    version: str | None
    #: The paths and keys of a snapshot, of a copy, and of what a snapshot and a copy name the group by.
    snapshots: str
    snapshot: str
    parent: str
    copies: str
    copy: str
    source: str
    #: What a create has beside name and zone.
    create: dict[str, Any]
    #: What ends a group: path below it, and body.
    end: tuple[str, Any]


_GROUPS = _Words(
    path="/groups",
    single="group",
    version="3.14",
    snapshots="/group_snapshots",
    snapshot="group_snapshot",
    parent="group_id",
    copies="/groups/action",
    copy="create-from-src",
    source="source_group_id",
    create={"group_type": "generic", "volume_types": ["files"]},
    end=("action", {"delete": {"delete-volumes": True}}),
)
_CONSISTENT = _Words(
    path="/consistencygroups",
    single="consistencygroup",
    version=None,
    snapshots="/cgsnapshots",
    snapshot="cgsnapshot",
    parent="consistencygroup_id",
    copies="/consistencygroups/create_from_src",
    copy="consistencygroup-from-src",
    source="source_cgid",
    create={"volume_types": "files"},
    end=("delete", {"consistencygroup": {"force": True}}),
)


async def _generic(scene: Scene) -> None:
    """
    A group type of every pod.
    """
    for pod in PODS:
        client = scene.cloud.admin.at_pod(pod, "volume")
        await client.post("/v3/{project}/group_types", {"group_type": {"name": "generic"}}, version="3.11")


def _a_group(words: _Words) -> Callable[[Scene, str], Awaitable[str]]:
    async def make(scene: Scene, pod: str) -> str:
        await _generic(scene)
        wanted = {"name": PRIVATE, **words.create}
        made = await scene.at_pod(pod, "POST", words.path, {words.single: wanted}, version=words.version)
        return str(made[words.single]["id"])

    return make


def _a_snapshot(words: _Words) -> Callable[[Scene, str], Awaitable[str]]:
    async def make(scene: Scene, pod: str) -> str:
        group = await _a_group(words)(scene, pod)
        volume = await a_volume(scene, pod)
        joined = {words.single: {"add_volumes": volume}}
        await scene.at_pod(pod, "PUT", f"{words.path}/{group}", joined, version=words.version)
        wanted = {"name": PRIVATE, words.parent: group}
        made = await scene.at_pod(
            pod, "POST", words.snapshots, {words.snapshot: wanted}, version=words.version
        )
        return str(made[words.snapshot]["id"])

    return make


def _group(words: _Words) -> Callable[[Scene], Awaitable[None]]:
    """
    A group in Pod2 that the gateway knows, ``{group}``, and volumes in Pod2 and Pod3.
    """

    async def make(scene: Scene) -> None:
        scene.things["group"] = await _a_group(words)(scene, "Pod2")
        await scene.known(f"{words.path}/{{group}}", words.version)
        scene.things["near"] = await a_volume(scene, "Pod2")
        scene.things["far"] = await a_volume(scene, "Pod3")

    return make


def _full_group(words: _Words) -> Callable[[Scene], Awaitable[None]]:
    """
    The same, with a volume in it.
    """

    async def make(scene: Scene) -> None:
        await _group(words)(scene)
        joined = {words.single: {"add_volumes": "{near}"}}
        await scene.at_pod("Pod2", "PUT", f"{words.path}/{{group}}", joined, version=words.version)

    return make


def _snapshot(words: _Words) -> Callable[[Scene], Awaitable[None]]:
    """
    A group's snapshot in Pod2 that the gateway knows.
    """

    async def make(scene: Scene) -> None:
        scene.things["snapshot"] = await _a_snapshot(words)(scene, "Pod2")
        await scene.known(f"{words.snapshots}/{{snapshot}}", words.version)

    return make


def _joined(words: _Words, row: str, path: str) -> Case:
    """
    An update that puts volumes into a group: those of another pod are refused.
    """

    def adding(volume: str) -> Any:
        return {words.single: {"add_volumes": volume}}

    far = Step(
        ask=Ask(method="PUT", path=path, body=adding("{far}"), version=words.version),
        told=Told(status=400, shows=_ELSEWHERE),
        got={},
        beside=("GET /volumes/*",),
    )
    return _held(
        row,
        "PUT",
        path,
        body=adding("{near}"),
        make=_group(words),
        version=words.version,
        status=202,
        beside=("GET /volumes/*",),
        also=(far,),
        faults=unsaid(),
    )


def _one(words: _Words, row: str, method: str, path: str, make: Any, status: int, **more: Any) -> Case:
    return _held(row, method, path, make=make, version=words.version, status=status, **more)


def _of_groups(words: _Words) -> tuple[Case, ...]:
    path, version = words.path, words.version
    group = f"{path}/{{group}}"
    end, ending = words.end
    in_zone = {words.single: {"name": PRIVATE, "availability_zone": "az2", **words.create}}
    theirs = {words.single: {"name": "theirs", **words.create}}
    unseen = _one(
        words,
        f"DELETE {path}/{{id}}",
        "DELETE",
        group,
        _group(words),
        500,
        stranger=500,
        faults={DOWN: Told(status=503)},
    )
    return (
        _listed(
            f"GET {path}", path, make=in_each(_a_group(words)), version=version, got=f"GET {path}/detail"
        ),
        _listed(f"GET {path}/detail", f"{path}/detail", make=in_each(_a_group(words)), version=version),
        Case(
            surface="volume",
            row=f"POST {path}",
            make=_generic,
            steps=(
                Step(
                    ask=Ask(method="POST", path=path, body=in_zone, version=version),
                    told=Told(status=202, values={f"{words.single}.name": PRIVATE}),
                    got={"Pod3": (f"POST {path}",)},
                ),
            ),
            stranger=Told(status=202),
            strange=Ask(method="POST", path=path, body=theirs, version=version),
            fails="Pod3",
            faults={DOWN: Told(status=503), BROKEN: Told(status=500)},
        ),
        _held(
            f"POST {words.copies}",
            "POST",
            words.copies,
            body={words.copy: {"name": PRIVATE, words.source: "{group}"}},
            make=_full_group(words),
            version=version,
            status=202,
            # where the source is, and which volumes there are then; a group does not say whose it is, so pods are asked
            beside=(f"GET {path}/*", "GET /volumes/detail"),
            faults=unsaid(),
        ),
        _joined(words, f"PUT {path}/{{id}}", group),
        _one(words, f"GET,HEAD {path}/{{id}}", "GET", group, _group(words), 200, shows=(PRIVATE,)),
        # Cinder has no such method: what it says of that is said where the group is, to anyone
        unseen,
        _one(words, f"EVERY {path}/{{id}}/**", "GET", f"{group}/nothing", _group(words), 404),
        _one(
            words,
            f"POST {path}/{{id}}/{end}",
            "POST",
            f"{group}/{end}",
            _full_group(words),
            202,
            body=ending,
            beside=("GET /volumes/detail",),
            later=(f"GET {group}", "GET /volumes/{near}"),
        ),
    )


def _of_snapshots(words: _Words, below: Sequence[Any]) -> tuple[Case, ...]:
    path, version = words.snapshots, words.version
    snapshot = f"{path}/{{snapshot}}"
    method, under, body, status, admin = below
    return (
        _listed(
            f"GET {path}", path, make=in_each(_a_snapshot(words)), version=version, got=f"GET {path}/detail"
        ),
        _listed(f"GET {path}/detail", f"{path}/detail", make=in_each(_a_snapshot(words)), version=version),
        _held(
            f"POST {path}",
            "POST",
            path,
            body={words.snapshot: {"name": PRIVATE, words.parent: "{group}"}},
            make=_full_group(words),
            version=version,
            status=202,
            # where the group is, how large its volumes are, and which snapshots of them there are then
            beside=(f"GET {words.path}/*", "GET /volumes/detail", "GET /snapshots/detail"),
            faults=unsaid(),
        ),
        _one(words, f"GET,HEAD,PUT {path}/{{id}}", "GET", snapshot, _snapshot(words), 200, shows=(PRIVATE,)),
        _one(
            words,
            f"DELETE {path}/{{id}}",
            "DELETE",
            snapshot,
            _snapshot(words),
            202,
            beside=("GET /snapshots/detail",),
            later=(f"GET {snapshot}",),
        ),
        _one(
            words,
            f"EVERY {path}/{{id}}/**",
            method,
            f"{snapshot}/{under}",
            _snapshot(words),
            status,
            body=body,
            admin=admin,
            stranger=403 if admin else 404,
        ),
    )


CASES: tuple[Case, ...] = (
    *_of_groups(_GROUPS),
    *_of_snapshots(
        evolve(_GROUPS, version="3.19"),
        ("POST", "action", {"reset_status": {"status": "error"}}, 202, True),
    ),
    *_of_groups(_CONSISTENT),
    _joined(_CONSISTENT, "PUT /consistencygroups/{id}/update", "/consistencygroups/{group}/update"),
    *_of_snapshots(_CONSISTENT, ("GET", "nothing", None, 404, False)),
)
