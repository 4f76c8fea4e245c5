"""
What projects have, as the pods say it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from trio2o.errors import DatabaseUnavailable, GatewayError, PodFailure, Unavailable
from trio2o.interfaces import IQuotaStore, IQuotaUsage, IState
from trio2o.model import Counts, Pod, PodState, QuotaUse, Reading, ReadResult
from trio2o.strategies.concurrently import gathered

_log = Logger()

#: Seconds between two looks at one project because of refusals.
_BETWEEN = 1.0
#: How many projects' last looks are remembered.
_MOST = 10_000

_Project = tuple[str, str]
#: Asks a pod's service what a project has.
Asks = Callable[[Pod, str, str], Awaitable[Counts]]


@implementer(IQuotaUsage)
@define(kw_only=True, eq=False)
class QuotaReader:
    """
    Asks all pods at once, and has what they say taken over.
    """

    _store: IQuotaStore
    _state: IState
    _clock: IReactorTime
    _ask: Asks
    #: Asks what a user has in a project.
    _ask_user: Callable[[Pod, str, str, str], Awaitable[Counts]]
    #: Seconds that a pod has to tell while somebody waits.
    _waited: float = 5.0
    #: Seconds for which a pod may not tell of what it has accepted.
    _grace: float
    #: Seconds from one reading of a project to the next; ``soon`` after one in between what is under way.
    _again: float
    _soon: float
    #: Told the service and resource of differences that were found, and how much.
    _differed: Callable[[str, str, int], None] = lambda service, resource, difference: None
    #: Told the service of reservations that a reading has closed, and how many.
    _settled: Callable[[str, int], None] = lambda service, count: None
    #: The ids of the pods whose service refuses to tell the daemon what projects have.
    _untold: Callable[[str], Collection[str]] = lambda service: ()
    _running: dict[tuple[_Project, bool], list[Deferred[Any]]] = field(factory=dict, init=False)
    #: When the last look at a project ended, by this process's clock.
    _looked: dict[_Project, float] = field(factory=dict, init=False)

    async def used(self, service: str, project_id: str, user_id: str = "") -> Mapping[str, QuotaUse]:
        """
        See :class:`IQuotaUsage`.
        """
        if user_id:
            told = await self._told(service, lambda pod: self._ask_user(pod, service, project_id, user_id))
            self._check_told(service)
            total: dict[str, int] = {}
            for counts in told.values():
                for name, amount in counts.items():
                    total[name] = total.get(name, 0) + amount
            return {name: QuotaUse(used=amount) for name, amount in total.items()}
        try:
            if await self._store.usage(service, project_id) is None:
                await self.first(service, project_id)
            else:
                # who looks wants to see what there is, as at one cloud
                await self.again(service, project_id)
            usage = await self._store.usage(service, project_id)
        except DatabaseUnavailable as error:
            raise Unavailable(
                "The service is not available at the moment. Please try again later.",
                admin_detail="the database is away, and with it what the project has",
                headers=[(b"Retry-After", b"5")],
            ) from error
        self._check_told(service)
        return usage or {}

    def _check_told(self, service: str) -> None:
        """
        Say nothing where a pod does not tell the daemon what projects have: it would be too little.

        :raises Unavailable: then.
        """
        untold = self._untold(service)
        if any(pod.id in untold for pod in self._state.pods() if pod.state is not PodState.DISABLED):
            raise Unavailable(
                "The service is not available at the moment. Please try again later.",
                admin_detail="a pod does not tell the daemon what projects have",
                headers=[(b"Retry-After", b"10")],
            )

    async def first(self, service: str, project_id: str) -> None:
        """
        Make a project known. Who comes while it is being read waits for the same reading.

        :raises DatabaseUnavailable: if the database is away.
        """

        async def read() -> None:
            reading = await self._reading(service, project_id)
            await self._store.first_reading(service, project_id, reading, again=self._again)

        await self._once(((service, project_id), True), read)

    async def again(self, service: str, project_id: str) -> bool:
        """
        Look at a project that seems to have all that it may have; false where somebody has done so a moment ago.

        :raises DatabaseUnavailable: if the database is away.
        """
        project = (service, project_id)
        running = (project, False) in self._running
        if not running and self._clock.seconds() - self._looked.get(project, float("-inf")) < _BETWEEN:
            return False

        async def read() -> None:
            try:
                await self.read(service, project_id)
            finally:
                self._looked.pop(project, None)
                while len(self._looked) >= _MOST:
                    del self._looked[next(iter(self._looked))]
                self._looked[project] = self._clock.seconds()

        await self._once((project, False), read)
        return True

    def outdated(self, service: str, project_id: str) -> None:
        """
        Something of a project is gone: whoever looks next looks at the pods, however short ago somebody has.
        """
        self._looked.pop((service, project_id), None)

    async def read(self, service: str, project_id: str) -> ReadResult:
        """
        Read a known project.

        :raises DatabaseUnavailable: if the database is away.
        """
        reading = await self._reading(service, project_id)
        result = await self._store.read(
            service, project_id, reading, grace=self._grace, again=self._again, soon=self._soon
        )
        for name, difference in result.differences.items():
            self._differed(service, name, difference)
        if result.settled:
            self._settled(service, result.settled)
        if result.differences:
            _log.info(
                "what {project} has of {service} differs from what was counted: {differences}",
                project=project_id,
                service=service,
                differences=dict(result.differences),
            )
        return result

    async def _reading(self, service: str, project_id: str) -> Reading:
        begun = await self._store.database_time()
        told = await self._told(service, lambda pod: self._ask(pod, service, project_id))
        ended = await self._store.database_time()
        pods = self._state.pods()
        return Reading(
            begun=begun,
            ended=ended,
            told=told,
            pods=frozenset(pod.id for pod in pods),
            needed=frozenset(pod.id for pod in pods if pod.state is not PodState.DISABLED),
        )

    async def _told(self, service: str, ask: Callable[[Pod], Awaitable[Counts]]) -> dict[str, Counts]:
        pods = [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]

        async def one(pod: Pod) -> Counts:
            asking = Deferred.fromCoroutine(_awaited(ask(pod)))
            return await asking.addTimeout(self._waited, self._clock)

        found = await gathered([one(pod) for pod in pods], (PodFailure, GatewayError, TimedOut))
        told: dict[str, Counts] = {}
        for pod, counts in zip(pods, found, strict=True):
            if isinstance(counts, Exception):
                _log.debug("{pod} does not tell what projects have: {why}", pod=pod.name, why=str(counts))
            else:
                told[pod.id] = counts
        return told

    async def _once(
        self, key: tuple[_Project, bool], work: Callable[[], Coroutine[Deferred[Any], Any, None]]
    ) -> None:
        """
        Do it, or wait for who does it already.
        """
        waiting = self._running.get(key)
        if waiting is not None:
            turn: Deferred[Any] = Deferred()
            waiting.append(turn)
            await turn
            return
        waiting = self._running[key] = []
        try:
            await work()
        except BaseException:
            failure = Failure()
            self._end(key, lambda each: each.errback(failure))
            raise
        self._end(key, lambda each: each.callback(None))

    def _end(self, key: tuple[_Project, bool], tell: Callable[[Deferred[Any]], None]) -> None:
        for each in self._running.pop(key):
            if not each.called:
                tell(each)


async def _awaited(what: Awaitable[Counts]) -> Counts:
    return await what
