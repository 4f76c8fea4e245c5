"""
Collects what pods offer, hands it to this process, and asks anew where a client has changed it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, DeferredList, DeferredSemaphore, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.errors import DatabaseUnavailable, GatewayError, PodFailure
from trio2o.interfaces import IOfferStore
from trio2o.model import CollectedOffers, Pod, PodOffers, PodState

_log = Logger()

#: Seconds from a change to the questions: changes come in rows, such as a flavor and its extra specs.
_SOON = 5.0

#: How many pods are asked at once.
_AT_ONCE = 8


@define(kw_only=True)
class OfferCollection:
    """
    From the pod to the database.
    """

    _clock: IReactorTime
    _ask: Callable[[Pod], Awaitable[PodOffers]]
    _store: IOfferStore

    async def collect(self, pod: Pod) -> None:
        """
        Ask one pod, and store what it says.

        :raises PodFailure: if it does not answer.
        :raises GatewayError: if there is no token to ask with.
        :raises DatabaseUnavailable: if the database is away.
        """
        began = self._clock.seconds()
        offers = await self._ask(pod)
        await self._store.record_offers(pod.id, offers, age=self._clock.seconds() - began)


@define(kw_only=True)
class OfferReading:
    """
    From the database to this process.
    """

    _store: IOfferStore
    #: Pod id to the digest of what this process has.
    _known: Callable[[], Mapping[str, str]]
    #: Told of all.
    _note: Callable[[Sequence[CollectedOffers]], None]

    async def read(self) -> None:
        """
        Read once. With the database away what was read before holds until it is too old.
        """
        try:
            found = await self._store.list_offers(self._known())
        except DatabaseUnavailable:
            return
        self._note(found)


@define(kw_only=True, eq=False, slots=False)
class OfferRefresher(Service):
    """
    In the process that a client has changed flavors or volume types through: asks all pods soon, instead of at their turns.
    """

    _clock: IReactorTime
    _pods: Callable[[], Sequence[Pod]]
    _collect: Callable[[Pod], Awaitable[None]]
    _read: Callable[[], Awaitable[None]]
    _soon: IDelayedCall | None = field(default=None, init=False)
    _running: Deferred[None] = field(factory=lambda: succeed(None), init=False)
    #: True where something changed while pods were asked.
    _again: bool = field(default=False, init=False)

    def changed(self) -> None:
        """
        Take note of a change.
        """
        if not self.running or self._soon is not None:
            return
        if not self._running.called:
            self._again = True
            return
        self._soon = self._clock.callLater(_SOON, self._begin)

    def stopService(self) -> Deferred[None]:
        super().stopService()
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        self._running.cancel()
        return self._running

    def _begin(self) -> None:
        self._soon = None
        self._again = False
        self._running = Deferred.fromCoroutine(self._refreshed())
        self._running.addErrback(self._failed)
        self._running.addCallback(self._ended)

    async def _refreshed(self) -> None:
        gate = DeferredSemaphore(_AT_ONCE)
        pods = [pod for pod in self._pods() if pod.state is not PodState.DISABLED]
        await DeferredList([gate.run(self._asked, pod).addErrback(self._failed) for pod in pods])
        if self.running:
            await self._read()

    def _asked(self, pod: Pod) -> Deferred[None]:
        return Deferred.fromCoroutine(self._one(pod)) if self.running else succeed(None)

    async def _one(self, pod: Pod) -> None:
        try:
            await self._collect(pod)
        except (PodFailure, GatewayError, DatabaseUnavailable):
            # its turn comes
            return

    def _ended(self, _: None) -> None:
        if self._again:
            self.changed()

    def _failed(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            _log.failure("asking pods for what they offer failed", failure=failure)
