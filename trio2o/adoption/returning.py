"""
Pods that lack something, and answer.
"""

from __future__ import annotations

from attrs import define, field

from trio2o.adoption.endless import EndlessService
from trio2o.adoption.sync_pods import sync_of
from trio2o.interfaces import IJobQueue, IPodClient, ISharedIds, IState
from trio2o.model import PodState

#: Seconds between two looks, and after which a pod that still lacks something gets another job.
_PAUSE, _AGAIN = 1.0, 60.0


@define(kw_only=True, eq=False, slots=False)
class ReturningPods(EndlessService):
    """
    Enqueues a job for each pod that lacks something, as soon as it answers: one that was registered, enabled, or is back.

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

    async def _step(self) -> float:
        """
        Look once; the seconds until the next time.
        """
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
