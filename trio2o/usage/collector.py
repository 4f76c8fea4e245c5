"""
Asks every pod how full it is and what it offers, again and again, and stores what they say.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.errors import DatabaseUnavailable, GatewayError, PodFailure
from trio2o.interfaces import IUsageStore
from trio2o.model import Pod, PodState, Usage

_log = Logger()

#: Seconds between two looks at which pods there are.
_LOOK = 30.0

#: Seconds after which a pod that did not answer is asked again; its next turn if that is sooner.
_AGAIN = 60.0

#: The share of an interval by which a turn is early or late, so that pods are not asked in step.
_JITTER = 0.1


@define(kw_only=True, eq=False, slots=False)
class UsageCollector(Service):
    """
    Runs in the one process that was elected. Who takes over goes on where the other one was: a pod's turn comes one interval
    after its numbers were collected.
    """

    _clock: IReactorTime
    _random: Random
    #: The pods that are registered now, without the top region.
    _pods: Callable[[], Sequence[Pod]]
    _ask: Callable[[Pod], Awaitable[Usage]]
    _store: IUsageStore
    #: Told of each usage that was stored.
    _collected: Callable[[Pod, Usage], None]
    #: Seconds from one turn of a pod to its next.
    _interval: float
    #: What else is asked of a pod in its turn, and stored, by the words for it.
    _beside: Mapping[str, Callable[[Pod], Awaitable[None]]] = field(factory=dict)
    _look: IDelayedCall | None = field(default=None, init=False)
    _starting: Deferred[None] | None = field(default=None, init=False)
    #: Pods that wait for their turn, by id.
    _waiting: dict[str, IDelayedCall] = field(factory=dict, init=False)
    #: Pods that are being asked, by id.
    _running: dict[str, Deferred[None]] = field(factory=dict, init=False)

    def startService(self) -> None:
        super().startService()
        self._starting = Deferred.fromCoroutine(self._begin())
        self._starting.addErrback(self._failed, "looking up what is known of pods' usage")

    def stopService(self) -> Deferred[list[tuple[bool, None]]]:
        super().stopService()
        if self._look is not None:
            self._look.cancel()
            self._look = None
        for call in self._waiting.values():
            call.cancel()
        self._waiting.clear()
        ending = [*self._running.values()]
        if self._starting is not None:
            ending.append(self._starting)
        for each in ending:
            each.cancel()
        return DeferredList(ending)

    async def _begin(self) -> None:
        ages: dict[str, float] = {}
        try:
            ages = {known.pod_id: known.age for known in await self._store.list_usage()}
        except DatabaseUnavailable:
            # then nothing can be stored either, and the turns come again
            pass
        if self.running:
            self._round(ages)

    def _round(self, ages: dict[str, float] | None = None) -> None:
        """
        Give a turn to each pod that has none, and take it from those that are gone.
        """
        pods = {pod.id: pod for pod in self._pods() if pod.state is not PodState.DISABLED}
        for gone in self._waiting.keys() - pods.keys():
            self._waiting.pop(gone).cancel()
        for pod_id, pod in pods.items():
            if pod_id not in self._waiting and pod_id not in self._running:
                age = (ages or {}).get(pod_id, self._interval)
                soon = self._random.uniform(0.0, _JITTER * min(self._interval, _LOOK))
                self._wait(pod, max(0.0, self._interval - age) + soon)
        self._look = self._clock.callLater(min(_LOOK, self._interval), self._round)

    def _wait(self, pod: Pod, seconds: float) -> None:
        self._waiting[pod.id] = self._clock.callLater(seconds, self._turn, pod.id)

    def _turn(self, pod_id: str) -> None:
        del self._waiting[pod_id]
        for pod in self._pods():
            if pod.id == pod_id and pod.state is not PodState.DISABLED:
                asking = Deferred.fromCoroutine(self._turned(pod))
                self._running[pod_id] = asking
                asking.addErrback(self._failed, f"collecting the usage of {pod.name}")
                asking.addBoth(self._ended, pod_id)

    async def _turned(self, pod: Pod) -> None:
        """
        Ask for everything; what fails keeps nothing else back.
        """
        whole = await self._attempted(pod, "the usage of {pod}", self._usage)
        for what, collect in self._beside.items():
            whole &= await self._attempted(pod, what, collect)
        next_turn = min(_AGAIN, self._interval)
        if whole:
            next_turn = self._interval * (1.0 + self._random.uniform(-_JITTER, _JITTER))
        if self.running:
            self._wait(pod, next_turn)

    async def _usage(self, pod: Pod) -> None:
        began = self._clock.seconds()
        usage = await self._ask(pod)
        await self._store.record_usage(pod.id, usage, age=self._clock.seconds() - began)
        self._collected(pod, usage)

    async def _attempted(self, pod: Pod, what: str, collect: Callable[[Pod], Awaitable[None]]) -> bool:
        """
        Whether it was collected.
        """
        try:
            await collect(pod)
        except (PodFailure, GatewayError, DatabaseUnavailable) as error:
            reason = error.admin_detail if isinstance(error, GatewayError) else error
            _log.info(what + " is not known anew: {reason}", pod=pod.name, reason=str(reason))
            return False
        return True

    def _ended(self, result: object, pod_id: str) -> object:
        self._running.pop(pod_id, None)
        return result

    def _failed(self, failure: Failure, what: str) -> None:
        if not failure.check(CancelledError):
            _log.failure("{what} failed", failure=failure, what=what)
