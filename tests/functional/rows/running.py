"""
How a case is carried out.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, TypeVar
from zlib import crc32

from attrs import evolve

from tests.functional.cloud import (
    SERVICES,
    THREE_PODS,
    Cloud,
    CloudCase,
    Person,
    PodPlan,
    Reply,
    merged,
    no_urls_built,
    pause,
)
from tests.functional.rows.case import BROKEN, DOWN, GARBLED, PRIVATE, SILENT, Case, Scene, Step, Told, row_of
from trio2o.surface.matching import Table
from trio2o.surface.surfaces import SURFACES

_BELOW = re.compile(r"/v(?:2\.1|2\.0|2|3)(?:/[0-9a-f]{32}(?=/))?(/.*)")
#: Seconds that a pod has for an answer where one says nothing: what lists have in all these tests.
_PATIENCE = 2.0

#: Seconds for which the first question after something deleted is waited for, which comes after one; and those after which,
#: without the row, it is believed not to come.
_FOLLOWED, _NOT_FOLLOWED = 10.0, 1.8

#: The daemon's user where it administers the pods.
_KEEPER = {"username": "keeper", "password": "keeper-password"}

_Tests = TypeVar("_Tests", bound="type[RowCase]")


#: The cloud that the tests of this process take in turns: each has projects of its own in it, a database and a daemon.
_kept: list[Cloud] = []


class RowCase(CloudCase):
    """
    The tests of one table.
    """

    async def cloud(self, plans: Sequence[PodPlan] = THREE_PODS, **more: Any) -> Cloud:
        """
        The cloud, started again.
        """
        settings = more.get("settings") or {}
        with no_urls_built():
            if _kept:
                await _kept[0].again(self, plans, settings)
            else:
                cloud = await super().cloud(plans, daemons=0)
                cloud.keystone.add_user(
                    _KEEPER["username"], _KEEPER["password"], project="service", roles=["service", "admin"]
                )
                await cloud.add_daemon(plans, settings)
                _kept.append(cloud)
        return _kept[0]

    async def carried_out(self, case: Case) -> None:
        """
        Where the requests go and what is told, to the owner and to a stranger; that without the row it is not so; and what
        is told when a pod fails.
        """
        fault = _chosen(case)
        settings = {"pod_defaults": {"answer_timeout_seconds": _PATIENCE}} if fault == SILENT else {}
        if case.administered:
            settings = merged(settings, {"identity": {"auth": _KEEPER}})
        cloud = await self.cloud(settings=settings)
        scene = await self._scene(cloud, case)
        await self._stranger(scene, case)
        await self._owner(scene, case)

        scene = await self._scene(cloud, case)
        with _without(cloud, case):
            try:
                await self._owner(scene, case, patience=_NOT_FOLLOWED)
            except AssertionError:
                pass
            else:
                self.fail(f"{case.surface}: without the row {case.row} all is as it is with it")

        if fault is not None:
            scene = await self._scene(cloud, case)
            await self._fails(cloud, case, fault)
            reply = await scene.ask(scene.owner, case.steps[0].ask)
            self._compare(f"while {case.fails} is {fault}", reply, case.faults[fault], scene)

    async def _scene(self, cloud: Cloud, case: Case) -> Scene:
        owner = _somebody(cloud, admin=case.admin)
        scene = Scene(cloud=cloud, surface=case.surface, owner=owner)
        scene.things.update(project_id=owner.project_id, private=PRIVATE)
        await case.make(scene)
        return scene

    async def _stranger(self, scene: Scene, case: Case) -> None:
        """
        Whoever is of another project; that they asked changes nothing for the owner, who asks next.
        """
        reply = await scene.ask(_somebody(scene.cloud), case.strange or case.steps[0].ask)
        self._compare("a stranger", reply, case.stranger, scene)
        self.assertNotIn(PRIVATE, reply.body.decode(), "a stranger is shown what is the owner's")

    async def _owner(self, scene: Scene, case: Case, *, patience: float = _FOLLOWED) -> None:
        for step in case.steps:
            before = await _counted(scene.cloud, case)
            _forget(scene.cloud)
            reply = await scene.ask(scene.owner, step.ask)
            self._compare(f"{step.ask.method} {step.ask.path}", reply, step.told, scene)
            self.assertEqual(
                {pod: sorted(scene.filled(got)) for pod, got in step.got.items() if got},
                _got(scene, step),
                f"{step.ask.method} {step.ask.path}: what the pods got; the answer: {reply.body!r}",
            )
            if step.later:
                await self._followed(scene, step, patience)
            if case.by_name:
                after = await _counted(scene.cloud, case)
                self.assertEqual(before + 1, after, f"requests counted as {case.row}")

    async def _followed(self, scene: Scene, step: Step, patience: float) -> None:
        wanted = set(scene.filled(step.later))
        ends = time.monotonic() + patience
        while not wanted <= set(_got(scene, evolve(step, beside=())).get("Pod2", ())):
            self.assertLess(time.monotonic(), ends, f"nobody asked {wanted}")
            await pause(0.05)

    def _compare(self, who: str, reply: Reply, told: Told, scene: Scene) -> None:
        body = reply.body.decode()
        self.assertEqual(told.status, reply.status, f"{who}: {body}")
        for word in told.shows:
            self.assertIn(scene.filled(word), body, who)
        for word in told.hides:
            self.assertNotIn(scene.filled(word), body, who)
        for path, value in told.values.items():
            self.assertEqual(
                scene.filled(value), _value(reply.json, scene.filled(path)), f"{who}: {path}: {body}"
            )
        if told.incomplete is not None:
            self.assertEqual(told.incomplete, reply.header("X-Trio2o-Incomplete-Zones") is not None, who)

    @staticmethod
    async def _fails(cloud: Cloud, case: Case, fault: str) -> None:
        pod = cloud.pod(case.fails)
        if fault == DOWN:
            await pod.fake.go_down()
            # until the gateway has seen that its connections are closed
            await pause(0.02)
            return
        service = pod.cinder if case.surface == "volume" else pod.nova
        if fault == BROKEN:
            body = {"computeFault": {"code": 500, "message": "The server has erred."}}
            service.behave("status", status=500, body=body)
        elif fault == SILENT:
            service.behave("hang")
        else:
            assert fault == GARBLED, fault
            service.behave("wrong_json")


def tests_of(cases: Sequence[Case]) -> Callable[[_Tests], _Tests]:
    """
    Give a class a test for each case.
    """

    def decorate(tests: _Tests) -> _Tests:
        for case in cases:
            assert not hasattr(tests, case.name), f"two cases are {case.name}"
            setattr(tests, case.name, _test(case))
            if _strategy(case) in ("replicate", "aggregates"):
                setattr(tests, f"{case.name}_administered", _test(_administered(case)))
        return tests

    return decorate


def _administered(case: Case) -> Case:
    return evolve(case, administered=True, **case.when_administered)


def _strategy(case: Case) -> str:
    return next(
        operation.strategy for operation in SURFACES[case.surface].operations if row_of(operation) == case.row
    )


def _test(case: Case) -> Callable[[RowCase], Any]:
    async def run(self: RowCase) -> None:
        await self.carried_out(case)

    run.__name__ = case.name
    run.__doc__ = f"{case.surface}: {case.row}."
    return run


def _somebody(cloud: Cloud, *, admin: bool = False) -> Person:
    """
    A new user in a project of their own.
    """
    if not admin:
        return cloud.projects(1)[0]
    name = f"admin{len(cloud._issued)}"
    cloud.keystone.add_user(name, "password", project=name, roles=["admin"])
    return cloud.person(name)


def _chosen(case: Case) -> str | None:
    """
    The failure of a case, the same in every run; silence is seldom taken, because it has to be waited for.
    """
    number = crc32(case.name.encode())
    quick = [fault for fault in case.faults if fault != SILENT]
    if SILENT in case.faults and (number % 8 == 0 or not quick):
        return SILENT
    return sorted(quick)[number % len(quick)] if quick else None


@contextmanager
def _without(cloud: Cloud, case: Case) -> Iterator[None]:
    """
    The gateway's table has no such row.
    """
    graph: Any = cloud.daemons[0].gateway._graph
    (front,) = [served.site.resource for served in graph.surfaces if served.name == case.surface]
    whole: Table = front._table
    rest = [operation for operation in whole.operations if row_of(operation) != case.row]
    assert len(rest) == len(whole.operations) - 1, f"{case.surface} has no row {case.row}"
    front._table = front._app._table = Table(rest)
    try:
        yield
    finally:
        front._table = front._app._table = whole


def _forget(cloud: Cloud) -> None:
    for pod in cloud.pods.values():
        for frame in pod.fake.frames.values():
            frame.journal.clear()


def _got(scene: Scene, step: Step) -> Mapping[str, list[str]]:
    """
    What the pods got with the owner's token, beside what the gateway may ask of its own.
    """
    with_query = any("?" in each for got in step.got.values() for each in got)
    beside = scene.filled(step.beside)
    own = SERVICES[scene.surface]
    found: dict[str, list[str]] = {}
    for pod, running in scene.cloud.pods.items():
        for service, frame in running.fake.frames.items():
            for entry in frame.journal.listed():
                if entry["project"] != scene.owner.project_id:
                    continue
                below = _BELOW.fullmatch(entry["path"])
                path = below[1] if below else entry["path"]
                told = f"{entry['method']} {path if with_query else path.partition('?')[0]}"
                if service != own:
                    told = f"{service}: {told}"
                if not any(fnmatchcase(told, pattern) for pattern in beside):
                    found.setdefault(pod, []).append(told)
    return {pod: sorted(got) for pod, got in found.items()}


async def _counted(cloud: Cloud, case: Case) -> float:
    """
    How many requests were counted under the row's own name.
    """
    if not case.by_name:
        return 0.0
    text = (await cloud.admin.admin.with_token(None).get("/metrics")).body.decode()
    path = case.row.partition(" ")[2]
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith("trio2o_requests_total{")
        and f'operation="{path}"' in line
        and f'surface="{case.surface}"' in line
    )


def _value(body: Any, path: str) -> Any:
    for part in path.split("."):
        try:
            body = body[int(part)] if isinstance(body, list) else body[part]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise AssertionError(f"nothing at {path}") from error
    return body
