"""
The jobs that bring one pod up to date.
"""

from __future__ import annotations

from attrs import define, evolve
from zope.interface import implementer

from trio2o.adoption.replication_parts import (
    ANOTHERS_TURN,
    ATTEMPTS,
    NOBODY,
    PATIENT,
    ReplicationParts,
    refusals,
)
from trio2o.errors import JobHopeless, JobRetry
from trio2o.interfaces import IJobHandler, TellProgress
from trio2o.model import Job, NewJob, Pod, PodState
from trio2o.model.shared import CopyState, SharedCopy, SharedState
from trio2o.strategies.converging import is_left
from trio2o.strategies.pending import replication

#: The kind of the jobs that bring one pod up to date.
SYNC_POD = "sync_pod"

#: How many things a pod is asked about before it is looked what it lacks next.
_BATCH = 50


def sync_of(pod: Pod, *, delay: float = 0.0) -> NewJob:
    """
    The job that brings a pod up to date.
    """
    return NewJob(kind=SYNC_POD, key=pod.id, pod_id=pod.id, payload={"pod": pod.name}, delay=delay)


@implementer(IJobHandler)
@define(kw_only=True, eq=False)
class SyncPodJobs(ReplicationParts):
    """
    Brings one pod up to date. What it refuses keeps nothing else from it.
    """

    kind: str = SYNC_POD

    async def work(self, job: Job, tell: TellProgress) -> None:
        pod = self._state.pod(job.key)
        if pod is None or pod.is_top or pod.state is PodState.DISABLED:
            return
        done = 0
        waits: list[str] = []
        refused: dict[str, SharedCopy] = {}
        patient = True
        for _ in range(ATTEMPTS):
            waits, moved, after = [], 0, None
            while states := await self._store.lacking(pod.id, _BATCH, after):
                after = states[-1].resource
                for state in states:
                    if is_left(state.copies[pod.id]):
                        continue
                    copy = await self._one(pod, state, patient=patient)
                    name = f"{state.resource.key.kind} {state.resource.key.name}"
                    if copy.state is CopyState.CURRENT:
                        moved += 1
                        refused.pop(name, None)
                    elif copy.state is CopyState.REFUSED:
                        refused[name] = copy
                    else:
                        waits.append(f"{name}: {copy.error}")
                done += moved
                await tell(f"{pod.name} has got {done} of what it lacked")
            if not waits or (not moved and not patient):
                break
            # what stands in the way of a thing may be among the things that the pod lacks: while any of them moves, all may
            patient = moved > 0 or job.attempts < PATIENT
            if not moved and patient:
                break
        if waits:
            raise JobRetry(f"{pod.name} lacks {len(waits)}: {waits[0]}")
        if refused:
            raise JobHopeless(f"{pod.name}: {refusals(list(refused.items()))}")

    async def _one(self, pod: Pod, state: SharedState, *, patient: bool) -> SharedCopy:
        """
        How the pod stands to one thing after it was brought up to it.

        :raises JobRetry: if it does not answer: then it need not be asked for more.
        """
        name = state.resource.key.kind
        if name not in self._kinds:
            return SharedCopy(pod_id=pod.id, state=CopyState.REFUSED, error="there is no such kind")
        kind = self._kinds[name]
        if not self._pods.healthy(pod.id, kind.surface):
            raise JobRetry(f"{pod.name} does not answer")
        number = await self._store.begin_write(state.resource.key, NOBODY)
        try:
            if await self._is_anothers_turn(state.resource.key, number):
                return evolve(state.copies[pod.id], error=ANOTHERS_TURN)
            brought = await self._converger.converge(kind, state, [pod], patient=patient)
            if not brought.sure:
                await self._left_open(state.resource.key)
                await self._queue.enqueue(replication(state.resource.key, state.resource.top_id))
        finally:
            await self._store.forget_writes([number])
        return brought.copies.get(pod.id, SharedCopy(pod_id=pod.id, state=CopyState.CURRENT))
