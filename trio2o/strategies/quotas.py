"""
What projects may still make in pods, as this process has asked lately.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping

from attrs import define, evolve, field
from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.errors import GatewayError, PodFailure
from trio2o.model import Kind, PlacementRequest, Pod, QuotaLeft
from trio2o.surface.kinds import KINDS

_log = Logger()

#: How many projects' quotas are remembered, each service of its own; of how many pods for one create; and how many questions
#: are under way or wait, of all projects.
_MOST_PROJECTS = 2000
_MOST_PODS = 3
_MOST_QUESTIONS = 64
#: How many of them are under way at once.
_AT_ONCE = 8
#: How many projects are kept for the other processes while they cannot be told.
_MOST_UNTOLD = 1000

#: What a resource of a kind takes of a quota: field of :class:`QuotaLeft`, and of the needs, or ``None`` for one.
_TAKES: Mapping[Kind, tuple[tuple[str, str | None], ...]] = {
    Kind.SERVER: (("servers", None), ("vcpus", "vcpus"), ("ram_mb", "ram_mb")),
    Kind.VOLUME: (("volumes", None), ("volume_gb", "volume_gb")),
}

_Project = tuple[str, str]


@define
class _Known:
    left: QuotaLeft
    #: When the question was sent, by this process's clock.
    at: float


@define(kw_only=True, eq=False)
class QuotaBook:
    """
    Asks in the background while a project makes something, and nobody waits for it. What is not known, or not any more, is no
    obstacle. In memory, of bounded size.
    """

    _clock: IReactorTime
    #: Asks a pod's service about a project.
    _ask: Callable[[Pod, str, str], Awaitable[QuotaLeft]]
    #: Seconds that an answer counts; 0 for never asking.
    _keep_seconds: float
    #: Project and service to what each pod said, the project that asked last at the end.
    _known: OrderedDict[_Project, dict[str, _Known]] = field(factory=OrderedDict, init=False)
    _running: dict[tuple[_Project, str], Deferred[None]] = field(factory=dict, init=False)
    #: What the other processes are to be told to be gone.
    _news: dict[_Project, None] = field(factory=dict, init=False)
    _gate: DeferredSemaphore = field(factory=lambda: DeferredSemaphore(_AT_ONCE), init=False)

    def left(self, project_id: str, kind: Kind) -> Mapping[str, QuotaLeft]:
        """
        Pod id to what the project may still make there in the service of this kind, where that is known.
        """
        known = self._known.get((project_id, KINDS[kind].service))
        if not known:
            return {}
        since = self._clock.seconds() - self._keep_seconds
        return {pod_id: each.left for pod_id, each in known.items() if each.at >= since}

    def placing(self, request: PlacementRequest, pods: Iterable[Pod]) -> None:
        """
        Take note that a request is being placed, these pods the best first: have those asked that did not tell lately.
        """
        if not self._keep_seconds or request.kind not in _TAKES or not request.project_id:
            return
        project = (request.project_id, KINDS[request.kind].service)
        known = self._known.setdefault(project, {})
        self._known.move_to_end(project)
        while len(self._known) > _MOST_PROJECTS:
            self._known.popitem(last=False)
        # asked again before it ends, so that a project that goes on making things is always known
        old = self._clock.seconds() - self._keep_seconds / 2
        for pod, _ in zip(pods, range(_MOST_PODS), strict=False):
            told = known.get(pod.id)
            if (told is None or told.at < old) and len(self._running) < _MOST_QUESTIONS:
                self._begin(project, pod)

    def placed(self, request: PlacementRequest, pod: Pod) -> None:
        """
        Take note that a pod accepted a request.
        """
        known = self._known.get((request.project_id, KINDS[request.kind].service), {}).get(pod.id)
        if known is None:
            return
        for name, amount in _TAKES.get(request.kind, ()):
            left = getattr(known.left, name)
            if left is not None:
                took = 1.0 if amount is None else getattr(request.needs, amount, 0.0)
                known.left = evolve(known.left, **{name: max(0.0, left - took)})

    def freed(self, kind: Kind, project_id: str) -> None:
        """
        Take note that a project may have more left than it had: something of it is gone.
        """
        if kind in _TAKES and self._keep_seconds:
            project = (project_id, KINDS[kind].service)
            self._known.pop(project, None)
            self.untold([project])

    def news(self) -> tuple[_Project, ...]:
        """
        Of which projects something is gone since this was last asked, for the other processes.
        """
        news, self._news = self._news, {}
        return tuple(news)

    def untold(self, projects: Iterable[_Project]) -> None:
        """
        They were not told.
        """
        for project in projects:
            if len(self._news) < _MOST_UNTOLD:
                self._news[project] = None

    def heard(self, projects: Iterable[_Project]) -> None:
        """
        Take note of what another process tells to be gone.
        """
        for project in projects:
            self._known.pop(project, None)

    def stop(self) -> None:
        """
        Give up what is being asked.
        """
        self._keep_seconds = 0.0
        for each in list(self._running.values()):
            each.cancel()

    def _begin(self, project: _Project, pod: Pod) -> None:
        key = (project, pod.id)
        if key not in self._running:
            asking = self._gate.run(self._started, project, pod)
            self._running[key] = asking
            asking.addErrback(self._failed)
            asking.addBoth(self._ended, key)

    def _started(self, project: _Project, pod: Pod) -> Deferred[None]:
        return Deferred.fromCoroutine(self._asked(project, pod)) if self._keep_seconds else succeed(None)

    async def _asked(self, project: _Project, pod: Pod) -> None:
        known = self._known.get(project)
        if known is None:
            return
        at = self._clock.seconds()
        project_id, service = project
        try:
            left = await self._ask(pod, service, project_id)
        except (PodFailure, GatewayError):
            left = QuotaLeft()
        # what was freed meanwhile is not in the answer
        if self._known.get(project) is known:
            known[pod.id] = _Known(left, at)

    def _ended(self, _: None, key: tuple[_Project, str]) -> None:
        self._running.pop(key, None)

    def _failed(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            _log.failure("asking for a project's quota failed", failure=failure)
