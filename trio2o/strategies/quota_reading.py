"""
What projects have, as the pods say it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.errors import DatabaseUnavailable, GatewayError, PodFailure, Unavailable
from trio2o.interfaces import IQuotaStore, IQuotaUsage, IState
from trio2o.model import Counts, HeldKey, Kind, Pod, PodState, QuotaUse, Reading, ReadResult, Sighting
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.quota_looks import Looks, Project

_log = Logger()

#: Seconds from the end of a look at one project to the next while somebody waits, and that a pod has to tell then.
_BETWEEN, _PATIENCE = 0.25, 2.0
#: How often pods are asked while somebody waits, where other readings end meanwhile.
_ATTEMPTS = 3
#: How many of what was made lately are looked for by a reading.
_LOOKED_FOR = 500

T = TypeVar("T")
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
    #: Looks for servers of a project in a pod.
    _sight: Callable[[Pod, str, Sequence[str]], Awaitable[Sighting]]
    #: Seconds that a pod has to tell.
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
    _firsts: Looks = field(init=False)
    _looks: Looks = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._firsts = Looks(clock=self._clock, look=self._make_known, between=0.0)
        self._looks = Looks(clock=self._clock, look=self._look, between=_BETWEEN)

    async def used(self, service: str, project_id: str, user_id: str = "") -> Mapping[str, QuotaUse]:
        """
        See :class:`IQuotaUsage`.
        """
        if user_id:
            told = await self._told(
                lambda pod: self._ask_user(pod, service, project_id, user_id), self._enabled(), self._waited
            )
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
                await self.anew(service, project_id)
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
        if any(pod.id in untold for pod in self._enabled()):
            raise Unavailable(
                "The service is not available at the moment. Please try again later.",
                admin_detail="a pod does not tell the daemon what projects have",
                headers=[(b"Retry-After", b"10")],
            )

    async def first(self, service: str, project_id: str) -> None:
        """
        Make a project known.

        :raises DatabaseUnavailable: if the database is away.
        """
        await self._firsts.anew((service, project_id))

    async def _make_known(self, project: Project) -> None:
        if await self._store.usage(*project) is None:
            reading = await self._reading(*project, (), self._waited)
            await self._store.first_reading(*project, reading, again=self._again)

    async def anew(self, service: str, project_id: str) -> None:
        """
        Look at a known project while somebody waits, such as before it is told that it has all that it may have: what pods tell
        in a moment is taken over. All who ask before the look has begun share it.

        :raises DatabaseUnavailable: if the database is away.
        """
        await self._looks.anew((service, project_id))

    async def _look(self, project: Project) -> None:
        for _ in range(_ATTEMPTS):
            result = await self._read(*project, min(_PATIENCE, self._waited))
            if not result.overtaken:
                # else what was taken over is of before somebody asked
                return

    async def read(self, service: str, project_id: str) -> ReadResult:
        """
        Read a known project.

        :raises DatabaseUnavailable: if the database is away.
        """
        return await self._read(service, project_id, self._waited)

    async def _read(self, service: str, project_id: str, patience: float) -> ReadResult:
        unseen = await self._store.unseen(service, project_id, grace=self._grace, limit=_LOOKED_FOR)
        reading = await self._reading(service, project_id, unseen, patience)
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

    async def _reading(
        self, service: str, project_id: str, unseen: Sequence[tuple[HeldKey, str]], patience: float
    ) -> Reading:
        begun = await self._store.database_time()
        # what is seen now is in what the pod says afterwards
        seen, gone = await self._sighted(project_id, unseen, patience)
        told = await self._told(lambda pod: self._ask(pod, service, project_id), self._enabled(), patience)
        ended = await self._store.database_time()
        pods = self._state.pods()
        return Reading(
            begun=begun,
            ended=ended,
            told=told,
            pods=frozenset(pod.id for pod in pods),
            needed=frozenset(pod.id for pod in pods if pod.state is not PodState.DISABLED),
            seen=seen,
            # a pod that does not say what it has without them still counts with them
            gone=frozenset(key for key, pod_id in unseen if key in gone and pod_id in told),
        )

    async def _sighted(
        self, project_id: str, unseen: Sequence[tuple[HeldKey, str]], patience: float
    ) -> tuple[frozenset[HeldKey], frozenset[HeldKey]]:
        """
        What of this pods are seen to count, and what is gone.
        """
        wanted: dict[str, list[str]] = {}
        for (kind, resource_id), pod_id in unseen:
            if kind == Kind.SERVER.value:
                wanted.setdefault(pod_id, []).append(resource_id)
        pods = [pod for pod in self._enabled() if pod.id in wanted]
        found = await self._told(lambda pod: self._sight(pod, project_id, wanted[pod.id]), pods, patience)
        return (
            frozenset((Kind.SERVER.value, id_) for each in found.values() for id_ in each.seen),
            frozenset((Kind.SERVER.value, id_) for each in found.values() for id_ in each.gone),
        )

    async def _told(
        self, ask: Callable[[Pod], Awaitable[T]], pods: Sequence[Pod], patience: float
    ) -> dict[str, T]:
        """
        Pod id to what those say that do so in time.
        """

        async def one(pod: Pod) -> T:
            asking = Deferred.fromCoroutine(_awaited(ask(pod)))
            return await asking.addTimeout(patience, self._clock)

        found = await gathered([one(pod) for pod in pods], (PodFailure, GatewayError, TimedOut))
        told: dict[str, T] = {}
        for pod, said in zip(pods, found, strict=True):
            if isinstance(said, Exception):
                _log.debug("{pod} does not tell what projects have: {why}", pod=pod.name, why=str(said))
            else:
                told[pod.id] = said
        return told

    def _enabled(self) -> list[Pod]:
        return [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]


async def _awaited(what: Awaitable[T]) -> T:
    return await what
