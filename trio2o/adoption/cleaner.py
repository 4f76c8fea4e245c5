"""
From routes to pods: a route whose resource is no more ends, though nobody asks for the resource.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from attrs import define, field, frozen
from twisted.logger import Logger

from trio2o.adoption.endless import EndlessService
from trio2o.adoption.questions import PodQuestions
from trio2o.adoption.verdict import Credit, Verdict, verdict
from trio2o.errors import GatewayError, PodFailure
from trio2o.interfaces import IPodClient, IRouteStore, IState
from trio2o.model import Kind, Pod, PodState, Route
from trio2o.surface.kinds import KINDS, UNROUTED

_log = Logger()

#: Seconds that a pod's service is left alone when it gives no answer, or one by which it says that it is not well.
_REST = 60.0
#: The shortest time from one reading of routes to the next, and the longest sleep, in seconds.
_SHORTEST, _LONGEST = 1.0, 60.0
#: How many routes are read at once.
_PAGE = 200

_Key = tuple[str, Kind]
#: A pod's id and a service.
_Place = tuple[str, str]


@frozen
class Suspect:
    """
    A route whose pod has said that it does not have the resource.
    """

    route: Route
    #: When the pod is asked again.
    due: float


class Unchecked(Exception):
    """
    A route is not to be checked now.
    """


@define(kw_only=True, eq=False, slots=False)
class RouteCleaner(EndlessService):
    """
    Walks all live routes by id, again and again, and asks each one's pod for the resource with the daemon's own token.

    A route ends when its pod has said twice, ``missing_seconds`` apart, that it does not have the resource, and is to be believed
    (:class:`Credit`). Its place is kept in memory while it is stopped.
    """

    what = "the check of routes"
    _routes: IRouteStore
    _state: IState
    _questions: PodQuestions
    _pods: IPodClient
    #: Questions a second; more than 0.
    _rate: float
    #: Also the age below which a resource is not asked for, and the shortest time of a walk.
    _missing_seconds: float
    #: Told of each answer: the pod's name and the verdict.
    _checked: Callable[[str, str], None] = lambda pod, result: None
    #: Told of each route that ends: the pod's name.
    _ended: Callable[[str], None] = lambda pod: None
    #: How many routes may wait for their second question; those beyond are met again by the next walk.
    _most: int = 1000
    _after: _Key | None = field(default=None, init=False)
    _page: deque[Route] = field(factory=deque, init=False)
    _read_at: float = field(default=float("-inf"), init=False)
    _begun_at: float = field(default=float("-inf"), init=False)
    #: In the order in which they are due.
    _suspects: dict[_Key, Suspect] = field(factory=dict, init=False)
    _credits: dict[_Place, Credit] = field(factory=dict, init=False)
    #: Services that are left alone, and until when.
    _resting: dict[_Place, float] = field(factory=dict, init=False)
    #: What was told of a service, so that it is told once.
    _told: dict[_Place, str] = field(factory=dict, init=False)
    #: How many routes of this walk lead to pods that are not registered.
    _lost: int = field(default=0, init=False)

    def startService(self) -> None:
        self._page.clear()
        super().startService()

    def distrusted(self) -> Sequence[_Place]:
        """
        The pods' services, by pod id, that say of too much that they do not have it; for metrics.
        """
        return [place for place, credit in self._credits.items() if not credit.good]

    async def _step(self) -> float:
        """
        Ask one question, or find that there is none; seconds until the next step.
        """
        asked = self._clock.seconds()
        while True:
            suspect = next(iter(self._suspects.values()), None)
            if suspect is not None and suspect.due <= asked:
                route, again = suspect.route, True
                del self._suspects[route.resource_id, route.kind]
            else:
                walked = await self._next()
                if walked is None:
                    return self._pause(suspect)
                route, again = walked, False
                if (route.resource_id, route.kind) in self._suspects:
                    continue
            try:
                pod = self._pod(route)
            except Unchecked:
                continue
            await self._check(route, pod, again=again)
            return max(0.0, asked + 1.0 / self._rate - self._clock.seconds())

    def _pause(self, suspect: Suspect | None) -> float:
        """
        Seconds until there is something to ask again.
        """
        now = self._clock.seconds()
        moments = [self._read_at + _SHORTEST]
        if self._after is None:
            moments = [max(moments[0], self._begun_at + self._missing_seconds)]
        if suspect is not None:
            moments.append(suspect.due)
        return min(_LONGEST, max(0.05, min(moments) - now))

    async def _next(self) -> Route | None:
        """
        The next route of the walk; ``None`` while it rests.

        :raises DatabaseUnavailable: if routes cannot be read.
        """
        if not self._page:
            now = self._clock.seconds()
            if now < self._read_at + _SHORTEST:
                return None
            begins = self._after is None
            if begins and now < self._begun_at + self._missing_seconds:
                return None
            self._page.extend(await self._routes.walk_routes(self._after, _PAGE))
            self._read_at = now
            if begins:
                self._begun_at = now
            if not self._page:
                self._walked()
                return None
        route = self._page.popleft()
        self._after = (route.resource_id, route.kind)
        return route

    def _walked(self) -> None:
        self._after = None
        if self._lost:
            _log.warn(
                "{count} routes lead to pods that are not registered: they stay until another pod shows their resources",
                count=self._lost,
            )
        self._lost = 0

    def _pod(self, route: Route) -> Pod:
        """
        The pod to ask.

        :raises Unchecked: if nobody is to be asked now.
        """
        pod = self._state.pod(route.pod_id)
        if pod is None:
            self._lost += 1
            raise Unchecked
        service = KINDS[route.kind].service
        now = self._clock.seconds()
        young = route.created_at is not None and now - route.created_at.timestamp() < self._missing_seconds
        if (
            young
            or route.kind in UNROUTED
            or pod.state in (PodState.MAINTENANCE, PodState.DISABLED)
            or not self._pods.healthy(pod.id, service)
            or now < self._resting.get((pod.id, service), 0.0)
        ):
            raise Unchecked
        return pod

    async def _check(self, route: Route, pod: Pod, *, again: bool) -> None:
        """
        Ask the pod, and draw the conclusion.

        :raises DatabaseUnavailable: if a route's end cannot be written.
        """
        place = (pod.id, KINDS[route.kind].service)
        try:
            found, problem = await self._asked(route, pod)
        except PodFailure as failure:
            found, problem = Verdict.UNCLEAR, failure.reason
        except GatewayError as error:
            found, problem = Verdict.UNCLEAR, error.admin_detail or error.message
        self._checked(pod.name, found.value)
        if problem:
            self._resting[place] = self._clock.seconds() + _REST
        credit = self._credits.setdefault(place, Credit())
        if found is not Verdict.UNCLEAR and not again:
            credit.note(present=found is Verdict.PRESENT)
        if not credit.good:
            self._forget_suspects(place)
            problem = problem or "it says of most of what it was asked for that it is not there"
        self._tell(place, pod, problem)
        if found is Verdict.ABSENT and not problem:
            await self._absent(route, pod, again=again)

    async def _asked(self, route: Route, pod: Pod) -> tuple[Verdict, str]:
        """
        The verdict, and what is wrong with the pod's service as a whole; empty for nothing.

        :raises PodFailure: if there is no answer.
        :raises GatewayError: if the daemon has no token.
        """
        facts = KINDS[route.kind]
        obstacle = await self._questions.obstacle(pod, facts.service)
        if obstacle:
            return Verdict.UNCLEAR, obstacle
        path = facts.path.replace("{id}", route.resource_id)
        said = await self._questions.get(pod, facts.service, path, version=facts.version)
        unwell = said.status in (401, 429) or said.status >= 500
        return verdict(route, said), f"it answers {said.status}" if unwell else ""

    async def _absent(self, route: Route, pod: Pod, *, again: bool) -> None:
        key = (route.resource_id, route.kind)
        now = self._clock.seconds()
        if not again:
            if len(self._suspects) < self._most:
                self._suspects[key] = Suspect(route, now + self._missing_seconds)
            return
        if route in self._page:
            self._page.remove(route)
        if not await self._routes.end_routes([route], datetime.fromtimestamp(now, UTC)):
            return
        known = self._state.route(route.kind, route.resource_id)
        if known is not None and known.pod_id == pod.id:
            self._state.forget_route(route.kind, route.resource_id)
        self._ended(pod.name)
        _log.info(
            "{kind} {resource_id} is no more in {pod}: its route ends",
            kind=route.kind.value,
            resource_id=route.resource_id,
            pod=pod.name,
        )

    def _forget_suspects(self, place: _Place) -> None:
        for key, suspect in list(self._suspects.items()):
            if (suspect.route.pod_id, KINDS[suspect.route.kind].service) == place:
                del self._suspects[key]

    def _tell(self, place: _Place, pod: Pod, problem: str) -> None:
        """
        Say what is wrong with a pod's service when it is something new, and when it is over.
        """
        if problem == self._told.get(place, ""):
            return
        self._told[place] = problem
        if problem:
            _log.warn(
                "routes to {pod} ({service}) cannot end: {problem}",
                pod=pod.name,
                service=place[1],
                problem=problem,
            )
        else:
            _log.info("routes to {pod} ({service}) can end again", pod=pod.name, service=place[1])
