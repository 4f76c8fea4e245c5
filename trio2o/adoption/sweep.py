"""
From pods to routes: everything that the pods have gets its route.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from trio2o.adoption.listings import kinds_of, way_for
from trio2o.adoption.pages import BadList, PagedList
from trio2o.adoption.plan import Plan, compared, routes_of
from trio2o.adoption.questions import PodQuestions, Said
from trio2o.adoption.report import Tally
from trio2o.errors import GatewayError, PodFailure, PodTimeout
from trio2o.interfaces import IPodClient, IRouteStore
from trio2o.model import Kind, Pod
from trio2o.strategies.concurrently import gathered

#: The services that have kinds with routes.
SERVICES = ("compute", "volume")

#: Seconds before a page is asked for once more.
_WAITS = (1.0, 5.0)


@define(kw_only=True)
class Sweep:
    """
    Reads every pod at once, a page at a time each, and records what has no route. What is read twice is recorded once.
    """

    _questions: PodQuestions
    _pods: IPodClient
    _routes: IRouteStore
    _clock: IReactorTime
    #: The highest microversion of a pod's service, by pod id and service; ``None`` where it is not known.
    _highest: Callable[[str, str], tuple[int, int] | None]
    #: The pods that are registered, by id: a route to any other is replaced.
    _pod_ids: frozenset[str]
    #: True writes nothing.
    _dry_run: bool
    #: How many resources one page has: what memory holds of each pod.
    _page: int = 200
    #: Told after each page and each kind.
    _told: Callable[[Tally], None] = lambda tally: None
    #: In the order of pods and kinds; there already while they grow.
    tallies: list[Tally] = field(factory=list, init=False)

    async def run(self, pods: Sequence[Pod], kinds: Sequence[Kind]) -> None:
        """
        Sweep these kinds of these pods. A pod that fails is told in its tallies, and the others go on.

        :raises DatabaseUnavailable: if routes cannot be read or written.
        """
        jobs = []
        for pod in pods:
            # a pod may be one of servers alone, or of volumes; one of neither is a mistake, which asking tells
            offered = [service for service in SERVICES if self._pods.endpoint(pod, service) is not None]
            for service in offered or SERVICES:
                wanted = [kind for kind in kinds_of(service) if kind in kinds]
                tallies = [Tally(pod=pod.name, kind=kind) for kind in wanted]
                self.tallies += tallies
                jobs.append((pod, service, tallies))
        await gathered([self._service(*job) for job in jobs], ())

    async def _service(self, pod: Pod, service: str, tallies: Sequence[Tally]) -> None:
        """
        All kinds of one service of a pod, one after the other; one that is silent is not asked for the next.
        """
        silence = ""
        for number, tally in enumerate(tallies):
            try:
                if not number:
                    tally.problem = silence = await self._questions.obstacle(pod, service)
                if silence:
                    tally.problem = silence
                else:
                    await self._kind(pod, service, tally)
            except PodFailure as failure:
                tally.problem = silence = failure.reason
            except GatewayError as error:
                tally.problem = silence = error.admin_detail or error.message
            tally.finished = True
            self._told(tally)

    async def _kind(self, pod: Pod, service: str, tally: Tally) -> None:
        kind = tally.kind
        way = way_for(kind, self._highest(pod.id, service))
        if way is None:
            tally.problem = "its release is too old to list them"
            return
        version = f"{service} {way.since[0]}.{way.since[1]}" if way.since else ""

        async def ask(path: str) -> Said:
            return await self._patiently(pod, service, path, version)

        try:
            async for items in PagedList(way=way, size=self._page, ask=ask).pages():
                plan = await self._taken_over(kind, items, pod)
                tally.count(len(items), len(plan.missing), plan.known, plan.conflicts)
                self._told(tally)
        except BadList as problem:
            # an API that a pod does not offer has nothing to adopt
            if problem.status != 404 or tally.seen:
                tally.problem = str(problem)

    async def _patiently(self, pod: Pod, service: str, path: str, version: str) -> Said:
        """
        Ask for a page again where a pod's trouble may pass.

        :raises PodFailure: if it does not.
        """
        for wait in _WAITS:
            try:
                said = await self._questions.get(pod, service, path, version=version)
                if said.status < 500:
                    return said
            except PodTimeout:
                raise
            except PodFailure:
                pass
            await deferLater(self._clock, wait)
        return await self._questions.get(pod, service, path, version=version)

    async def _taken_over(self, kind: Kind, items: Sequence[dict[str, Any]], pod: Pod) -> Plan:
        projects = await self._projects(items) if kind is Kind.ATTACHMENT else {}
        wanted = routes_of(kind, items, pod, projects)
        live = await self._routes.find_routes(kind, [route.resource_id for route in wanted])
        plan = compared(wanted, live, self._pod_ids)
        if not self._dry_run and (plan.missing or plan.completed):
            await self._routes.record_routes([*plan.missing, *plan.completed])
        return plan

    async def _projects(self, attachments: Sequence[dict[str, Any]]) -> dict[str, str]:
        """
        Volume id to project, of the volumes that are attached.
        """
        volumes = {str(each.get("volume_id")).lower() for each in attachments}
        return {
            route.resource_id: route.project_id
            for route in await self._routes.find_routes(Kind.VOLUME, volumes)
        }


def all_kinds() -> tuple[Kind, ...]:
    """
    The kinds that a sweep reads.
    """
    return tuple(kind for service in SERVICES for kind in kinds_of(service))
