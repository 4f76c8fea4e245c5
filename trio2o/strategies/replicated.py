"""
One write of what pods have the same, under way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from attrs import define, evolve, field
from twisted.logger import Logger

from trio2o.errors import DatabaseUnavailable, GatewayError, PodFailure, Unavailable, Unreadable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IJobQueue, ISharedIds, ISharedKind, ISharedStore
from trio2o.model import Job, NewJob, Pod, RequestContext
from trio2o.model.shared import (
    CopyState,
    Observed,
    SharedCopy,
    SharedKey,
    SharedPolicy,
    SharedResource,
    SharedState,
    SharedWrite,
)
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.converging import Converger
from trio2o.strategies.drafts import Draft
from trio2o.strategies.forwarding import Forwarder, told

_log = Logger()

_NOT_FOUND, _CONFLICT = 404, 409

#: The kind of the jobs that finish writes.
REPLICATE = "replicate"

#: Seconds after which the job of a write begins that nobody has ended; and where its end is known to be unknown.
_SAFETY, _SOON = 60.0, 5.0

#: How often a state is written that others write as well.
_ATTEMPTS = 5


def replication(key: SharedKey, top_id: str, judges: Sequence[str] = (), *, deletes: bool = False) -> Any:
    """
    What a job of :data:`REPLICATE` is given.

    :param judges: the pods whose state is to be read and wanted; empty where what is wanted is known.
    :param deletes: whether a judge that does not have the thing means that it is deleted.
    """
    return {
        "kind": key.kind,
        "name": key.name,
        "owner": key.owner,
        "id": top_id,
        "judges": list(judges),
        "deletes": deletes,
    }


@define(kw_only=True)
class Replicated:
    """
    Carries a write out: judge, others, what is wanted from then on, and who lacks it.
    """

    forwarder: Forwarder
    store: ISharedStore
    ids: ISharedIds
    queue: IJobQueue
    converger: Converger
    inbound: Inbound
    context: RequestContext
    kind: ISharedKind
    key: SharedKey
    #: The id that users know; empty for what is only made, where pods give the ids.
    top_id: str
    write: SharedWrite
    #: A create that can be the same as what is there; ``None`` for other writes.
    draft: Draft | None
    #: The statuses by which a pod says that it lacks what is written, or has it so already.
    elsewhere: frozenset[int]
    policy: SharedPolicy
    #: Seconds that a pod has.
    budget: float
    #: All pods that are asked for anything.
    served: Sequence[Pod]
    #: Those that answer, in the order in which they may judge.
    judges: Sequence[Pod]
    #: What was wanted before anything was sent.
    before: Sequence[SharedState] = field(default=(), init=False)
    #: Pods by what became of it there.
    made: list[tuple[Pod, Answer]] = field(factory=list, init=False)
    had: list[tuple[Pod, Answer]] = field(factory=list, init=False)
    refused: list[tuple[Pod, Answer]] = field(factory=list, init=False)
    lacking: list[tuple[Pod, Answer]] = field(factory=list, init=False)
    silent: list[tuple[Pod, PodFailure]] = field(factory=list, init=False)
    #: What is wanted by now and how pods stand, once that is written down.
    settled: SharedState | None = field(default=None, init=False)
    #: True once it is not sure that this write was the only one.
    overlapped: bool = field(default=False, init=False)

    @property
    def deletes(self) -> bool:
        """
        True for a delete of the thing itself.
        """
        return self.write.method == "DELETE" and self.inbound.operation.path.endswith("{id}")

    async def carried_out(self) -> Answer:
        """
        Send it everywhere.

        :raises DatabaseUnavailable: if nothing was sent, since it could not be written down.
        :raises GatewayError: if not as many pods have taken it as the policy wants, for want of answers.
        """
        job = await self.queue.enqueue(self._job((), delay=_SAFETY))
        judge, number = await self._judged(job)
        said = self._last(judge)
        if said.status >= 500:
            await self._left_to_job(judge)
            return said
        if self.refused:
            await self._refused_by_judge(number, job)
            return said if self.draft is None else self.draft.as_sent(said)
        await self._send_to([pod for pod in self.judges if pod.id != judge.id and not self._was_silent(pod)])
        if self.draft is not None and not self._is_enough():
            for _, answer in self.refused:
                if answer.status < 500:
                    await self._taken_back(judge, number, job)
                    return self.draft.as_sent(answer)
        try:
            await self._settle(judge)
            await self._ended(number, job, judge)
        except DatabaseUnavailable as error:
            # pods have taken it: what is left is the job's, which was enqueued before anything was sent
            _log.warn(
                "{key} was written; the rest is the job's: {error}", key=str(self.key), error=str(error)
            )
        return self._answer(judge)

    async def _judged(self, job: Job) -> tuple[Pod, int]:
        """
        Have one pod judge, and the next where that was surely not reached: who did, and the number of the open write.

        :raises GatewayError: if it is not known what a pod did, or none is reached.
        """
        number = 0
        for judge in self.judges:
            number = await self.store.begin_write(self.key, judge.id, deletes=self.deletes)
            self.before = await self.store.find(self.key, self.top_id)
            await self._send_to([judge])
            if not self._was_silent(judge):
                if self.draft is not None and self.made:
                    self.draft.learn(self.made[0][1])
                    self.write = evolve(self.write, body=self.draft.body)
                return judge, number
            failure = self.silent[-1][1]
            if failure.sent:
                # it may have taken it: the write stays open until the job has looked
                self.overlapped = True
                await self._left_to_job(judge)
                if not self.kind.lenient or (self.draft is not None and self.draft.unique):
                    raise self._failed()
            elif not await self.store.end_write(number):
                self.overlapped = True
        if not self.overlapped:
            await self.queue.withdraw(REPLICATE, str(self.key), job.generation)
        raise self._failed()

    async def _send_to(self, pods: Sequence[Pod]) -> None:
        """
        Send the write to pods side by side, and sort them by what became of it.
        """
        asked = [
            (pod, sent)
            for pod in pods
            if (sent := self.kind.for_pod(self.write, self.ids.of(pod.id))) is not None
        ]
        answers = await gathered([self._sent(pod, sent) for pod, sent in asked], (PodFailure,))
        for (pod, _), said in zip(asked, answers, strict=True):
            if isinstance(said, PodFailure):
                self.silent.append((pod, said))
            elif isinstance(said, Answer):
                await self._take(pod, said)

    async def _take(self, pod: Pod, said: Answer) -> None:
        if said.status < 400:
            self.made.append((pod, said))
        elif self.draft is not None and said.status == _CONFLICT and await self._is_same(pod):
            self.had.append((pod, said))
        elif said.status in self.elsewhere:
            self.lacking.append((pod, said))
        else:
            self.refused.append((pod, said))

    async def _is_same(self, pod: Pod) -> bool:
        """
        Whether what a pod has under this name is what is to be made.
        """
        assert self.draft is not None
        if self.draft.unique or self.draft.name is None:
            return False
        try:
            return self.draft.is_it(await self._of_draft(pod, "GET"))
        except PodFailure:
            return False

    async def _of_draft(self, pod: Pod, method: str) -> Answer:
        """
        Show or delete in one pod what is to be made.
        """
        assert self.draft is not None
        path = self.write.path.rstrip(b"/") + b"/" + quote(str(self.draft.name), safe="").encode()
        owner = self.draft.wanted.get("user_id")
        query = urlencode({"user_id": owner}).encode() if isinstance(owner, str) else None
        return await self._sent(pod, SharedWrite(method=method, path=path, query=query))

    async def _sent(self, pod: Pod, write: SharedWrite) -> Answer:
        return await self.forwarder.whole(
            self.inbound,
            self.context,
            pod,
            self.forwarder.deadline(pod.settings.answer_timeout or self.budget),
            method=write.method.encode("ascii"),
            target=write.path if write.query is None else write.path + b"?" + write.query,
            body=write.body or None,
        )

    async def _taken_back(self, judge: Pod, number: int, job: Job) -> None:
        """
        Delete it where it was made just now: another pod has another one under this name, or refuses it.
        """
        made = [pod for pod, _ in self.made]
        gone = await gathered([self._of_draft(pod, "DELETE") for pod in made], (PodFailure,))
        kept = {
            pod.id
            for pod, said in zip(made, gone, strict=True)
            if isinstance(said, Exception) or (said.status >= 400 and said.status != _NOT_FOUND)
        }
        # who has not answered may have made it, too
        unsure = [pod for pod, failure in self.silent if failure.sent]
        kept.update(pod.id for pod in unsure)
        known = next((each for each in self.before if not each.resource.deleted), None)
        if kept and known is None:
            copies = [
                SharedCopy(
                    pod_id=pod.id,
                    pod_ref=self.key.name,
                    state=CopyState.BEHIND if pod.id in kept else CopyState.CURRENT,
                )
                for pod in (*made, *unsure)
            ]
            resource = SharedResource(key=self.key, top_id=self.top_id, deleted=True)
            expected = self.before[0].resource.version if self.before else 0
            await self.store.settle(resource, copies, expected=expected)
        alone = await self.store.end_write(number) and not self.overlapped
        if alone and not kept and known is None:
            await self.queue.withdraw(REPLICATE, str(self.key), job.generation)
        else:
            # where others write the same, what the judge has now is what there is
            await self.queue.enqueue(self._job(() if alone else [judge]))

    async def _settle(self, judge: Pod) -> None:
        """
        Write down what is wanted from now on, and bring those up to it that answer and do not have it.
        """
        shower = self._shower(judge)
        if shower is None or not (self.made or self.had or self.deletes):
            return
        for _ in range(_ATTEMPTS):
            try:
                observed = await self._shown(shower)
            except (PodFailure, Unreadable, GatewayError) as error:
                _log.warn("{key} was written and is not shown: {error}", key=str(self.key), error=str(error))
                self.overlapped = True
                return
            if observed is None and not self.deletes:
                self.overlapped = True
                return
            known = next((each for each in self.before if not each.resource.deleted), None)
            if observed is None and known is None and not self.made:
                return
            wanted = self._wanted(shower, observed, known)
            row = next((each for each in self.before if each.resource.top_id == wanted.top_id), None)
            copies = self._copies(shower, observed, known)
            expected = 0 if row is None else row.resource.version
            settled = await self.store.settle(wanted, copies, expected=expected)
            if settled is not None:
                await self._brought_up(settled)
                return
            # another write, or a job, was quicker: what the pod shows now counts
            self.overlapped = True
            self.before = await self.store.find(self.key, self.top_id)
        _log.warn("{key} is written by others all the time", key=str(self.key))

    async def _shown(self, pod: Pod) -> Observed | None:
        ref = self._ref_at(pod)
        if not ref and self.kind.mapped:
            answer = next((answer for other, answer in self.made if other.id == pod.id), None)
            if answer is not None and isinstance(answer.body, bytes):
                ref = self.kind.made(answer.body)
        return await self.converger.observe(self.kind, pod, self.key, ref)

    def _ref_at(self, pod: Pod) -> str:
        """
        The pod's own id of the thing, as far as it was known before.
        """
        if not self.kind.mapped:
            return self.key.name
        return (self.ids.of(pod.id).own(self.key.kind, self.top_id) or "") if self.top_id else ""

    def _wanted(self, judge: Pod, observed: Observed | None, known: SharedState | None) -> SharedResource:
        if observed is None:
            top_id = known.resource.top_id if known is not None else self.top_id
            return SharedResource(key=self.key, top_id=top_id, deleted=True)
        if known is not None:
            top_id = known.resource.top_id
        else:
            top_id = self.top_id or self.kind.top_id(observed.ref, self.ids.of(judge.id))
        before = known.resource.document if known is not None else None
        return SharedResource(
            key=evolve(observed.key, owner=self.key.owner),
            top_id=top_id,
            document=self.kind.wanted(observed, before),
        )

    def _copies(self, judge: Pod, observed: Observed | None, known: SharedState | None) -> list[SharedCopy]:
        """
        The pods that are sure to have what is wanted: the one that shows it, and those that took the same request and had the
        same before.
        """
        if observed is None:
            return self._gone(known)
        copies = [SharedCopy(pod_id=judge.id, pod_ref=observed.ref, state=CopyState.CURRENT)]
        for pod, answer in self.made:
            had = known.copies.get(pod.id) if known is not None else None
            same = had is not None and had.state is CopyState.CURRENT
            if pod.id != judge.id and (same or (known is None and "id" not in self.write.ids)):
                ref = self._ref_at(pod)
                if not ref and isinstance(answer.body, bytes):
                    ref = self.kind.made(answer.body)
                copies.append(SharedCopy(pod_id=pod.id, pod_ref=ref, state=CopyState.CURRENT))
        return copies

    def _gone(self, known: SharedState | None) -> list[SharedCopy]:
        """
        Where a deleted thing is gone, and where it may still be: of deleted things only those pods count that are named.
        """
        gone = {pod.id for pod, _ in (*self.made, *self.lacking)}
        had = {} if known is None else known.copies
        copies = [SharedCopy(pod_id=pod_id, state=CopyState.CURRENT) for pod_id in sorted(gone)]
        for pod_id in sorted({pod.id for pod in self.served} | set(had)):
            if pod_id not in gone:
                ref = had[pod_id].pod_ref if pod_id in had else ""
                ref = ref or ("" if self.kind.mapped else self.key.name)
                copies.append(SharedCopy(pod_id=pod_id, pod_ref=ref, state=CopyState.BEHIND))
        return copies

    async def _brought_up(self, resource: SharedResource) -> None:
        """
        Bring up to what is wanted who answers and is not known to have it.
        """
        states = await self.store.find(resource.key, resource.top_id)
        state = next((each for each in states if each.resource.top_id == resource.top_id), None)
        if state is None or state.resource.version != resource.version:
            self.overlapped = True
            return
        late = [
            pod
            for pod in self.judges
            if not self._was_silent(pod)
            and pod.id in state.copies
            and state.copies[pod.id].state is not CopyState.CURRENT
        ]
        if late:
            brought = await self.converger.converge(self.kind, state, late, patient=True)
            state = SharedState(resource=resource, copies={**state.copies, **brought})
        self.ids.note(state)
        self.settled = state

    async def _ended(self, number: int, job: Job, judge: Pod) -> None:
        """
        Close the write, and drop its job where nothing is left to be done.
        """
        alone = await self.store.end_write(number) and not self.overlapped
        if self.settled is None:
            done = not (self.made or self.had)
        else:
            done = all(copy.state is CopyState.CURRENT for copy in self.settled.copies.values())
        if alone and done:
            await self.queue.withdraw(REPLICATE, str(self.key), job.generation)
            return
        await self.queue.enqueue(self._job(() if alone else [judge]))

    async def _refused_by_judge(self, number: int, job: Job) -> None:
        """
        Close a write that has changed nothing.
        """
        if await self.store.end_write(number) and not self.overlapped:
            await self.queue.withdraw(REPLICATE, str(self.key), job.generation)

    async def _left_to_job(self, judge: Pod) -> None:
        """
        Have a job look soon what a pod did. The write stays open: the pod may still be at it.
        """
        await self.queue.enqueue(self._job([judge], delay=_SOON))

    def _job(self, judges: Sequence[Pod], *, delay: float = 0.0) -> NewJob:
        top_id = self.settled.resource.top_id if self.settled is not None else self.top_id
        payload = replication(self.key, top_id, [pod.id for pod in judges], deletes=self.deletes)
        return NewJob(kind=REPLICATE, key=str(self.key), payload=payload, delay=delay)

    def _answer(self, judge: Pod) -> Answer:
        """
        What the client is told.

        :raises GatewayError: if too few pods have it, and none of them refused it.
        """
        taken = self.made or self.had
        if not taken:
            if self.silent:
                raise self._failed()
            return self.lacking[0][1]
        have = {pod.id for pod, _ in (*self.made, *self.had)}
        if self.settled is not None:
            have = {
                pod_id for pod_id, copy in self.settled.copies.items() if copy.state is CopyState.CURRENT
            } | ({pod.id for pod, _ in self.lacking} if self.deletes else set())
        away = {pod.id for pod, failure in self.silent if not failure.sent}
        short = [pod for pod in self.judges if pod.id not in have and pod.id not in away]
        refused = [answer for pod, answer in self.refused if pod in short]
        if not self._is_met(len([pod for pod in self.served if pod.id in have]), short, bool(refused)):
            if refused:
                return refused[0]
            raise self._failed(short)
        pod, answer = taken[0]
        names = [other.name for other in self.served if other.id in have and other.id != pod.id]
        body = answer.body
        if self.kind.mapped and isinstance(body, bytes):
            body = self.kind.for_client(body, self.ids.of(pod.id))
        missing = tuple(other for other in self.served if other.id not in have)
        return evolve(answer, body=body, pods=(pod.name, *names), missing=missing)

    def _is_met(self, have: int, short: Sequence[Pod], refused: bool) -> bool:
        """
        Whether so many pods are enough.
        """
        if self.policy is SharedPolicy.MAJORITY:
            return 2 * have > len(self.served)
        if self.policy is SharedPolicy.ANY or self.kind.lenient:
            return have > 0 and not (self.kind.lenient and refused)
        return not short

    def _is_enough(self) -> bool:
        """
        Whether a create may stay that a pod refuses.
        """
        if self.policy is SharedPolicy.ALL or self.kind.lenient:
            return False
        return self._is_met(len(self.made) + len(self.had), (), False)

    def _last(self, pod: Pod) -> Answer:
        """
        What a pod said that has answered.
        """
        said = (*self.made, *self.had, *self.refused, *self.lacking)
        return next(answer for other, answer in said if other.id == pod.id)

    def _shower(self, judge: Pod) -> Pod | None:
        """
        The pod whose state is what is wanted: the judge, or, where that lacks what is changed, the first that has done it.
        """
        lacks = any(pod.id == judge.id and answer.status == _NOT_FOUND for pod, answer in self.lacking)
        if self.deletes or not lacks:
            return judge
        return min((pod for pod, _ in self.made), key=lambda pod: pod.serial, default=None)

    def _was_silent(self, pod: Pod) -> bool:
        return any(other.id == pod.id for other, _ in self.silent)

    def _failed(self, short: Sequence[Pod] = ()) -> GatewayError:
        """
        What a client is told of a write that too few pods have taken; who administers reads what came of it.
        """
        details = [str(failure) for _, failure in self.silent]
        copies = {} if self.settled is None else self.settled.copies
        silent = {pod.id for pod, _ in self.silent}
        details += [
            f"{pod.name}: {copies[pod.id].error or 'does not have it'}"
            for pod in short
            if pod.id in copies and pod.id not in silent
        ]
        done = ", ".join(pod.name for pod, _ in self.made)
        error: GatewayError
        if self.silent:
            error = told(self.silent[0][1])
        else:
            error = Unavailable(
                "The service is not available at the moment. Please try again later.",
                headers=[(b"Retry-After", b"10")],
            )
        error.admin_detail = "; ".join(details) + (f"; done in {done}" if done else "")
        return error
