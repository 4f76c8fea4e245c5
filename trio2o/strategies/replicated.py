"""
One write of what pods have the same, under way.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

from attrs import define, field
from twisted.logger import Logger

from trio2o.errors import DatabaseUnavailable, PodFailure
from trio2o.exchange import Answer
from trio2o.interfaces import IJobQueue, ISharedIds, ISharedStore
from trio2o.model import Job, NewJob, Pod
from trio2o.model.shared import CopyState, SharedCopy, SharedResource, SharedState
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.drafts import Draft
from trio2o.strategies.pending import REPLICATE, PendingWrite, replication
from trio2o.strategies.replies import Outcome, Replies
from trio2o.strategies.sending import WriteSender
from trio2o.strategies.settling import Settled, Settler, alive, is_late
from trio2o.strategies.write_answers import answered, failed, may_stay

_log = Logger()

_NOT_FOUND = 404

#: Seconds after which the job of a write begins that nobody has ended; and where its end is known to be unknown.
_SAFETY, _SOON = 60.0, 5.0


@define(kw_only=True)
class Replicated:
    """
    Carries a write out: judge, others, what is wanted from then on, and who lacks it.
    """

    pending: PendingWrite
    #: A create that can be the same as what is there; ``None`` for other writes.
    draft: Draft | None
    sender: WriteSender
    settler: Settler
    store: ISharedStore
    ids: ISharedIds
    queue: IJobQueue
    #: What was wanted before anything was sent.
    before: Sequence[SharedState] = field(default=(), init=False)
    replies: Replies = field(factory=Replies, init=False)
    settled: Settled = field(factory=Settled, init=False)

    async def carried_out(self) -> Answer:
        """
        Send it everywhere.

        :raises DatabaseUnavailable: if nothing was sent, since it could not be written down.
        :raises GatewayError: if not as many pods have taken it as the policy wants, for want of answers.
        """
        able = [pod for pod in self.pending.judges if self.sender.may_have(self.pending, pod)]
        if not able:
            # who has it does not answer
            raise failed(self.replies)
        job = await self.queue.enqueue(self._job(delay=_SAFETY))
        judge, number = await self._judged(able, job)
        reply = self.replies.of(judge.id)
        assert reply is not None
        if reply.answer.status >= 500:
            await self._noted(self._left_to_job())
            return reply.answer
        if reply.outcome is Outcome.REFUSED:
            await self._noted(self._closed(number, job))
            return self._as_sent(reply.answer)
        await self._send_to([pod for pod in self.pending.judges if self.replies.of(pod.id) is None])
        if self.draft is not None and not may_stay(self.pending, self.replies):
            for other in self.replies.refused:
                if other.answer.status < 500:
                    await self._noted(self._taken_back(number, job))
                    return self._as_sent(other.answer)
        await self._noted(self._settled(judge, number, job))
        return answered(self.pending, self.replies, self.settled.state, self.ids)

    async def _judged(self, able: Sequence[Pod], job: Job) -> tuple[Pod, int]:
        """
        Have one pod judge, and the next where that was surely not reached: who did, and the number of the open write.

        :raises GatewayError: if it is not known what a pod did, or none is reached.
        """
        surely_nothing = True
        left = list(able)
        while left:
            judge = left.pop(0)
            number = await self.store.begin_write(self.pending.key, judge.id, deletes=self.pending.deletes)
            self.before = await self.store.find(self.pending.key, self.pending.top_id)
            if is_late(self.before, judge) and not all(is_late(self.before, pod) for pod in left):
                # memory did not know yet: what it lacks would be wanted no more
                left.append(judge)
                surely_nothing = await self.store.end_write(number) and surely_nothing
                continue
            await self._send_to([judge])
            reply = self.replies.of(judge.id)
            assert reply is not None
            if reply.outcome is not Outcome.SILENT:
                if self.draft is not None and reply.outcome is Outcome.MADE:
                    self.draft.learn(reply.answer)
                    self.pending = self.pending.with_body(self.draft.body)
                return judge, number
            if reply.is_unsure:
                # it may have taken it: the write stays open until the job has looked
                surely_nothing = False
                await self._noted(self._left_to_job())
                if not self.pending.kind.lenient or (self.draft is not None and self.draft.unique):
                    raise failed(self.replies)
            elif not await self.store.end_write(number):
                surely_nothing = False
        if surely_nothing:
            await self.queue.withdraw(REPLICATE, str(self.pending.key), job.generation)
        raise failed(self.replies)

    async def _send_to(self, pods: Sequence[Pod]) -> None:
        self.replies = self.replies.also(await self.sender.send(self.pending, self.draft, pods))

    async def _taken_back(self, number: int, job: Job) -> None:
        """
        Delete it where it was made just now: another pod has another one under this name, or refuses it.
        """
        assert self.draft is not None
        made = [reply.pod for reply in self.replies.made]
        gone = await gathered(
            [self.sender.of_draft(pod, "DELETE", self.pending, self.draft) for pod in made], (PodFailure,)
        )
        kept = {
            pod.id
            for pod, said in zip(made, gone, strict=True)
            if isinstance(said, Exception) or (said.status >= 400 and said.status != _NOT_FOUND)
        }
        # who has not answered may have made it, too
        unsure = [reply.pod for reply in self.replies.silent if reply.is_unsure]
        kept.update(pod.id for pod in unsure)
        known = alive(self.before)
        if kept and known is None:
            copies = [
                SharedCopy(
                    pod_id=pod.id,
                    pod_ref=self.pending.key.name,
                    state=CopyState.BEHIND if pod.id in kept else CopyState.CURRENT,
                )
                for pod in (*made, *unsure)
            ]
            resource = SharedResource(key=self.pending.key, top_id=self.pending.top_id, deleted=True)
            expected = self.before[0].resource.version if self.before else 0
            await self.store.settle(resource, copies, expected=expected)
        if await self.store.end_write(number) and not kept and known is None:
            await self.queue.withdraw(REPLICATE, str(self.pending.key), job.generation)
        else:
            await self.queue.enqueue(self._job())

    async def _settled(self, judge: Pod, number: int, job: Job) -> None:
        """
        Write down what is wanted from now on, close the write, and drop its job where nothing is left to be done.
        """
        self.settled = await self.settler.settle(self.pending, self.replies, judge, self.before)
        state = self.settled.state
        if state is None:
            done = not self.replies.taken
        else:
            done = all(copy.state is CopyState.CURRENT for copy in state.copies.values())
        if not self.settled.over or any(reply.is_unsure for reply in self.replies.silent):
            # a pod may do late what it has not answered: the write stays open until the job has looked
            await self._left_to_job()
            return
        alone = await self.store.end_write(number, sure=self.settled.sure)
        if alone and done:
            await self.queue.withdraw(REPLICATE, str(self.pending.key), job.generation)
            return
        top_id = state.resource.top_id if state is not None else self.pending.top_id
        await self.queue.enqueue(replication(self.pending.key, top_id))

    async def _closed(self, number: int, job: Job) -> None:
        """
        Close a write that has changed nothing, and drop its job unless that is an earlier write's, too.
        """
        owed = any(copy.state is CopyState.BEHIND for state in self.before for copy in state.copies.values())
        if await self.store.end_write(number) and not owed:
            await self.queue.withdraw(REPLICATE, str(self.pending.key), job.generation)

    async def _left_to_job(self) -> None:
        """
        Have a job look soon what a pod did. The write stays open: the pod may still be at it.
        """
        await self.queue.enqueue(self._job(delay=_SOON))

    async def _noted(self, writing: Coroutine[Any, Any, None]) -> None:
        """
        Write down what came of requests. Without the database it is left to the job, which was enqueued before any was sent.
        """
        try:
            await writing
        except DatabaseUnavailable as error:
            _log.warn(
                "what is written of {key} is the job's: {error}", key=str(self.pending.key), error=str(error)
            )

    def _job(self, *, delay: float = 0.0) -> NewJob:
        return replication(self.pending.key, self.pending.top_id, delay=delay)

    def _as_sent(self, refusal: Answer) -> Answer:
        return refusal if self.draft is None else self.draft.as_sent(refusal)
