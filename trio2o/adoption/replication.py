"""
The jobs that give pods what they lack of what is wanted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from attrs import define
from zope.interface import implementer

from trio2o.errors import GatewayError, JobHopeless, JobRetry, PodFailure, Unreadable
from trio2o.interfaces import (
    IJobHandler,
    IJobQueue,
    IPodClient,
    ISharedIds,
    ISharedKind,
    ISharedStore,
    IState,
    TellProgress,
)
from trio2o.model import Job, NewJob, Pod, PodState
from trio2o.model.shared import (
    CopyState,
    Observed,
    OpenWrite,
    SharedCopy,
    SharedKey,
    SharedResource,
    SharedState,
)
from trio2o.strategies.converging import Converger, is_left
from trio2o.strategies.replicated import REPLICATE
from trio2o.strategies.replicating import plain_id

#: The kind of the jobs that bring one pod up to date.
SYNC_POD = "sync_pod"

#: Up to this attempt what stands in a pod's way may still go by itself.
_PATIENT = 4

#: How often a job looks anew where others write meanwhile.
_ATTEMPTS = 5

#: How many things a pod is asked about before it is looked what it lacks next.
_BATCH = 50

#: Stands for the judge of what no client has written.
_NOBODY = ""

#: How many refusals a dead letter names.
_NAMED = 10


def sync_of(pod: Pod, *, delay: float = 0.0) -> NewJob:
    """
    The job that brings a pod up to date.
    """
    return NewJob(kind=SYNC_POD, key=pod.id, pod_id=pod.id, payload={"pod": pod.name}, delay=delay)


@define(kw_only=True, eq=False)
class _Replication:
    """
    What both jobs go by.
    """

    _store: ISharedStore
    _kinds: Mapping[str, ISharedKind]
    _converger: Converger
    _ids: ISharedIds
    _state: IState
    _pods: IPodClient
    _queue: IJobQueue

    def _served(self) -> list[Pod]:
        return [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]


@implementer(IJobHandler)
@define(kw_only=True, eq=False)
class ReplicateJobs(_Replication):
    """
    Finishes the writes of one thing: reads what their judges have, where nobody has, and brings every pod to it.

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
        number = await self._store.begin_write(key, _NOBODY)
        try:
            await self._finished(job, key)
        finally:
            await self._store.end_write(number)

    async def _finished(self, job: Job, key: SharedKey) -> None:
        """
        Have every pod equal to what is wanted, however often that changes meanwhile.

        :raises JobRetry: if it could not be, yet.
        :raises JobHopeless: if it never can.
        """
        kind = self._kinds[key.kind]
        top_id = str(job.payload.get("id", ""))
        judges = [str(judge) for judge in job.payload.get("judges", ())]
        for _ in range(_ATTEMPTS):
            opened = await self._store.open_writes(key)
            writes = [write for write in opened if write.judge_id != _NOBODY]
            judged, crossed = "", bool(writes or judges)
            if crossed:
                asked = {*judges, *(write.judge_id for write in writes)}
                deletes = bool(job.payload.get("deletes")) or any(write.deletes for write in writes)
                believed = await self._judge(kind, key, top_id, asked, deletes=deletes)
                if believed is None:
                    continue
                judged = believed
            states = await self._store.find(key, top_id)
            late = await self._brought_up(
                kind, states, judged, crossed=crossed, patient=job.attempts < _PATIENT
            )
            if await self._is_unchanged(key, top_id, states):
                await self._ended(key, opened, late)
                return
        raise JobRetry(f"{key} is written by others all the time")

    async def _judge(
        self, kind: ISharedKind, key: SharedKey, top_id: str, judges: Collection[str], *, deletes: bool
    ) -> str | None:
        """
        Want what a judge has; where none of them answers, the first other pod that does. The id of the pod that was believed,
        empty where none was; ``None`` where somebody else has written meanwhile what is wanted: it is to be read once more.

        :raises JobRetry: if none tells.
        """
        behind = self._ids.behind()
        healthy = [pod for pod in self._served() if self._pods.healthy(pod.id, kind.surface)]
        if not healthy:
            raise JobRetry("no pod answers")
        order = sorted(healthy, key=lambda pod: (pod.id not in judges, pod.id in behind, pod.serial))
        before = await self._store.find(key, top_id)
        known = next((state for state in before if not state.resource.deleted), None)
        judge, observed = order[0], await self._shown(kind, order[0], key, known)
        for other in order[1:]:
            if observed is not None or deletes or other.id not in judges:
                break
            # a write that another pod judged may have made it
            judge, observed = other, await self._shown(kind, other, key, known)
        if observed is None:
            if not deletes:
                return ""
            return judge.id if await self._deleted(kind, judge, key, top_id, before) else None
        if known is not None:
            top, document = known.resource.top_id, known.resource.document
            wanted = kind.wanted(observed, document)
        else:
            top = kind.top_id(observed.ref, self._ids.of(judge.id)) if kind.mapped else plain_id(key)
            wanted = kind.wanted(observed, None)
        row = next((state for state in before if state.resource.top_id == top), None)
        settled_key = SharedKey(key.kind, observed.key.name, key.owner)
        settled = await self._store.settle(
            SharedResource(key=settled_key, top_id=top, document=wanted),
            [SharedCopy(pod_id=judge.id, pod_ref=observed.ref, state=CopyState.CURRENT)],
            expected=0 if row is None else row.resource.version,
        )
        return judge.id if settled is not None else None

    async def _shown(
        self, kind: ISharedKind, pod: Pod, key: SharedKey, known: SharedState | None
    ) -> Observed | None:
        """
        What a pod has.

        :raises JobRetry: if it does not tell.
        """
        copy = known.copies.get(pod.id) if known is not None else None
        ref = copy.pod_ref if copy is not None else ""
        try:
            return await self._converger.observe(kind, pod, key, ref or ("" if kind.mapped else key.name))
        except (PodFailure, Unreadable) as failure:
            raise JobRetry(str(failure)) from failure
        except GatewayError as error:
            raise JobRetry(error.admin_detail or error.message) from error

    async def _deleted(
        self, kind: ISharedKind, judge: Pod, key: SharedKey, top_id: str, before: Sequence[SharedState]
    ) -> bool:
        """
        Want that no pod has it: whoever deleted it did not come to tell all of them. False where that is not so any more.
        """
        known = next((state for state in before if not state.resource.deleted), None)
        if known is None and (before or kind.mapped or not top_id):
            return True
        had = {} if known is None else known.copies
        copies = []
        for pod_id in {*had, *(pod.id for pod in self._served())}:
            ref = had[pod_id].pod_ref if pod_id in had else ""
            state = CopyState.CURRENT if pod_id == judge.id else CopyState.BEHIND
            ref = ref or ("" if kind.mapped else key.name)
            copies.append(SharedCopy(pod_id=pod_id, pod_ref=ref, state=state))
        resource = SharedResource(
            key=key, top_id=top_id if known is None else known.resource.top_id, deleted=True
        )
        expected = 0 if known is None else known.resource.version
        return await self._store.settle(resource, copies, expected=expected) is not None

    async def _brought_up(
        self,
        kind: ISharedKind,
        states: Sequence[SharedState],
        judged: str,
        *,
        crossed: bool,
        patient: bool,
    ) -> list[tuple[Pod, SharedCopy]]:
        """
        Bring the pods that answer to what is wanted; those that are not there afterwards, with what they said.

        Whoever has it already is left alone: a client's next write may be under way there, which would be undone.

        :param judged: the id of the pod whose state is wanted; empty where what is wanted was known.
        :param crossed: whether writes may have crossed, so that pods may have something else than what they are taken to have.
        """
        served = self._served()
        healthy = [pod for pod in served if self._pods.healthy(pod.id, kind.surface)]
        late: list[tuple[Pod, SharedCopy]] = []
        for state in states:
            pods = [
                pod
                for pod in healthy
                if pod.id != judged
                and not (pod.id in state.copies and is_left(state.copies[pod.id]))
                and (crossed or pod.id not in state.copies or not _has(state.copies[pod.id]))
            ]
            copies = {**state.copies, **await self._converger.converge(kind, state, pods, patient=patient)}
            for pod in served:
                copy = copies.get(pod.id)
                if copy is not None and copy.state is not CopyState.CURRENT and not is_left(copy):
                    late.append((pod, copy))
        return late

    async def _is_unchanged(self, key: SharedKey, top_id: str, states: Sequence[SharedState]) -> bool:
        now = await self._store.find(key, top_id)
        return [state.resource for state in now] == [state.resource for state in states]

    async def _ended(
        self, key: SharedKey, writes: Sequence[OpenWrite], late: Sequence[tuple[Pod, SharedCopy]]
    ) -> None:
        """
        See whether the job is done.

        :raises JobRetry: if a pod does not have it yet that may take it, or a write is under way.
        :raises JobHopeless: if all others have it.
        """
        left: list[float] = []
        for write in writes:
            seconds = self._write_seconds - write.age
            if seconds <= 0:
                await self._store.end_write(write.number)
            elif write.judge_id != _NOBODY:
                left.append(seconds)
        behind = [(pod, copy) for pod, copy in late if copy.state is CopyState.BEHIND]
        for pod, _ in behind:
            # one job for each pod that is away, whatever it lacks
            await self._queue.enqueue(sync_of(pod))
        refused = _refusals([(pod.name, copy) for pod, copy in late if copy.state is CopyState.REFUSED])
        if left:
            raise JobRetry("a write is under way", after=min(left) + 1.0)
        if refused:
            raise JobHopeless(f"{key.kind} {key.name} is refused by {refused}")


@implementer(IJobHandler)
@define(kw_only=True, eq=False)
class SyncPodJobs(_Replication):
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
        for _ in range(_ATTEMPTS):
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
                await tell(f"{pod.name} has {done} things that it lacked")
            if not waits or (not moved and not patient):
                break
            # what stands in the way of a thing may be among the things that the pod lacks: while any of them moves, all may
            patient = moved > 0 or job.attempts < _PATIENT
            if not moved and patient:
                break
        if waits:
            raise JobRetry(f"{pod.name} lacks {len(waits)}: {waits[0]}")
        if refused:
            raise JobHopeless(f"{pod.name}: {_refusals(list(refused.items()))}")

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
        number = await self._store.begin_write(state.resource.key, _NOBODY)
        try:
            brought = await self._converger.converge(kind, state, [pod], patient=patient)
        finally:
            await self._store.end_write(number)
        return brought.get(pod.id, SharedCopy(pod_id=pod.id, state=CopyState.CURRENT))


def _has(copy: SharedCopy) -> bool:
    return copy.state is CopyState.CURRENT


def _refusals(refused: Sequence[tuple[str, SharedCopy]]) -> str:
    """
    What was refused, in one line; empty for nothing.
    """
    told = [f"{name}: {copy.error}" for name, copy in refused[:_NAMED]]
    more = len(refused) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")
