"""
The jobs that finish the writes of one thing.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, evolve
from zope.interface import implementer

from trio2o.adoption.judgement import Judgement
from trio2o.adoption.replication_parts import ANOTHERS_TURN, ATTEMPTS, LATE, NOBODY, PATIENT, refusals
from trio2o.adoption.sync_pods import sync_of
from trio2o.errors import JobHopeless, JobRetry
from trio2o.interfaces import IJobHandler, ISharedKind, TellProgress
from trio2o.model import Job, Pod
from trio2o.model.shared import CopyState, OpenWrite, SharedCopy, SharedKey, SharedState
from trio2o.strategies.converging import is_left
from trio2o.strategies.pending import REPLICATE

#: Seconds until it is looked again whether another job is done.
_NEXT_TURN = 2.0

#: What is noted of a pod that does not answer while it is not known what it has.
_NOT_SEEN = "it was not looked at since writes of it met"


@implementer(IJobHandler)
@define(kw_only=True, eq=False)
class ReplicateJobs(Judgement):
    """
    Reads what the judges of writes have whose end is not known, or that met each other, and brings every pod to what is wanted.

    Pods that do not answer get a job of their own, so that many writes while one is away leave one job.
    """

    kind: str = REPLICATE
    #: Seconds after which a write that nobody has ended is not under way any more.
    _write_seconds: float

    async def work(self, job: Job, tell: TellProgress) -> None:
        given = job.payload
        key = SharedKey(str(given["kind"]), str(given["name"]), str(given.get("owner", "")))
        if key.kind not in self._kinds:
            raise JobHopeless(f"there is no kind {key.kind}")
        # a client's write that meets this one is told so, and has it looked at once more
        own = await self._store.begin_write(key, NOBODY)
        try:
            if await self._is_anothers_turn(key, own):
                raise JobRetry(ANOTHERS_TURN, after=_NEXT_TURN)
            await self._finished(job, key, own)
        finally:
            await self._store.forget_writes([own])

    async def _finished(self, job: Job, key: SharedKey, own: int) -> None:
        """
        Have every pod equal to what is wanted, however often that changes meanwhile.

        :raises JobRetry: if it could not be, yet.
        :raises JobHopeless: if it never can.
        """
        kind = self._kinds[key.kind]
        top_id = str(job.payload.get("id", ""))
        for _ in range(ATTEMPTS):
            opened = [write for write in await self._store.open_writes(key) if write.number != own]
            writes = [write for write in opened if write.judge_id not in (NOBODY, LATE)]
            judged: str | None = ""
            if writes:
                judges = {write.judge_id for write in writes}
                deletes = any(write.deletes for write in writes)
                judged = await self._judged(kind, key, top_id, judges, deletes=deletes)
            if judged is None:
                continue
            states = await self._store.find(key, top_id)
            late: list[tuple[Pod, SharedCopy]] = []
            for state in states:
                late += await self._brought_up(
                    kind, state, judged, crossed=bool(opened), patient=job.attempts < PATIENT
                )
            if await self._is_unchanged(key, top_id, states):
                await self._ended(key, opened, late, own)
                return
        raise JobRetry(f"{key} is written by others all the time")

    async def _brought_up(
        self, kind: ISharedKind, state: SharedState, judged: str, *, crossed: bool, patient: bool
    ) -> list[tuple[Pod, SharedCopy]]:
        """
        Bring the pods that answer to what is wanted; those that are not there afterwards, with what they said.

        Whoever has it already is left alone: a client's next write may be under way there, which would be undone.

        :param judged: the id of the pod whose state is wanted; empty where what is wanted was known.
        :param crossed: whether writes may have crossed, so that pods may have something else than what they are taken to have.
        """
        healthy = {pod.id for pod in self._healthy(kind)}
        asked = []
        copies = dict(state.copies)
        for pod in self._served():
            copy = copies.get(pod.id)
            if pod.id == judged or (copy is not None and is_left(copy)):
                continue
            current = copy is not None and copy.state is CopyState.CURRENT
            if pod.id in healthy and (crossed or not current):
                asked.append(pod)
            elif crossed and copy is not None and current:
                copies[pod.id] = evolve(copy, state=CopyState.BEHIND, error=_NOT_SEEN)
        resource = state.resource
        unseen = [copy for pod_id, copy in copies.items() if copy is not state.copies[pod_id]]
        if unseen:
            await self._store.note_copies(resource.key, resource.top_id, resource.version, unseen)
        brought = await self._converger.converge(kind, state, asked, patient=patient)
        if not brought.sure:
            await self._left_open(state.resource.key)
        copies |= brought.copies
        return [
            (pod, copy)
            for pod in self._served()
            if (copy := copies.get(pod.id)) is not None
            and copy.state is not CopyState.CURRENT
            and not is_left(copy)
        ]

    async def _is_unchanged(self, key: SharedKey, top_id: str, states: Sequence[SharedState]) -> bool:
        now = await self._store.find(key, top_id)
        return [state.resource for state in now] == [state.resource for state in states]

    async def _ended(
        self,
        key: SharedKey,
        writes: Sequence[OpenWrite],
        late: Sequence[tuple[Pod, SharedCopy]],
        own: int,
    ) -> None:
        """
        See whether the job is done.

        :param writes: those that were there before pods were looked at.
        :raises JobRetry: if a pod does not have it yet that may take it, or a write is under way.
        :raises JobHopeless: if all others have it.
        """
        over = [write.number for write in writes if write.ended or write.age >= self._write_seconds]
        await self._store.forget_writes(over)
        left = [
            max(0.0, self._write_seconds - write.age)
            for write in await self._store.open_writes(key)
            if write.number != own and not write.ended
        ]
        for pod, copy in late:
            if copy.state is CopyState.BEHIND:
                # one job for each pod that is away, whatever it lacks
                await self._queue.enqueue(sync_of(pod))
        refused = refusals([(pod.name, copy) for pod, copy in late if copy.state is CopyState.REFUSED])
        if left:
            raise JobRetry("a write is under way", after=min(left) + 1.0)
        if refused:
            raise JobHopeless(f"{key.kind} {key.name} is refused by {refused}")
