"""
Pods that lack something, and answer; pods that are enabled.
"""

from __future__ import annotations

from attrs import define, field

from trio2o.adoption.endless import EndlessService
from trio2o.adoption.sync_pods import sync_of
from trio2o.interfaces import IJobQueue, IPodClient, ISharedIds, IState
from trio2o.model import PodState
from trio2o.quota.handing import pod_job

#: Seconds between two looks, and after which a pod that still lacks something gets another job.
_PAUSE, _AGAIN = 1.0, 60.0


@define(kw_only=True, eq=False, slots=False)
class ReturningPods(EndlessService):
    """
    Enqueues a job for each pod that lacks something, as soon as it answers: one that was registered, enabled, or is back. One
    that was enabled gets another for what projects may have.

    Every process looks, since each knows for itself which pods answer; there is one job of a pod, whoever enqueues it.
    """

    what = "the look at pods that lack something"
    _state: IState
    _pods: IPodClient
    _ids: ISharedIds
    _queue: IJobQueue
    #: Pod id and service of those that answered and lacked something when they were looked at last.
    _known: frozenset[tuple[str, str]] = field(default=frozenset(), init=False)
    _enqueued_at: dict[str, float] = field(factory=dict, init=False)
    #: The ids of pods that were disabled when they were looked at last.
    _disabled: frozenset[str] = field(default=frozenset(), init=False)

    async def _step(self) -> float:
        """
        Look once; the seconds until the next time.
        """
        await self._give_quotas()
        incomplete = self._ids.incomplete()
        served = {
            pod.id: pod
            for pod in self._state.pods()
            if pod.id in incomplete and pod.state is not PodState.DISABLED
        }
        able = frozenset(
            (pod_id, service)
            for pod_id in served
            for service in ("compute", "volume")
            if self._pods.healthy(pod_id, service)
        )
        now = self._clock.seconds()
        new = {pod_id for pod_id, _ in able - self._known}
        for pod_id in sorted({pod_id for pod_id, _ in able}):
            if pod_id in new or now >= self._enqueued_at.get(pod_id, 0.0) + _AGAIN:
                await self._queue.enqueue(sync_of(served[pod_id]))
                self._enqueued_at[pod_id] = now
        self._known = able
        return _PAUSE

    async def _give_quotas(self) -> None:
        """
        Have quotas given to pods that were enabled since the last look: nobody notes which were set while they were not.
        """
        states = {pod.id: pod.state for pod in self._state.pods()}
        for pod_id in sorted(self._disabled):
            if states.get(pod_id, PodState.DISABLED) is not PodState.DISABLED:
                await self._queue.enqueue(pod_job(pod_id))
        self._disabled = frozenset(pod_id for pod_id, state in states.items() if state is PodState.DISABLED)
