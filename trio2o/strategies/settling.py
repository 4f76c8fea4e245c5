"""
Writes down what is wanted of a thing now that pods have taken a write, and brings those up to it that answer and do not have it.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, evolve, frozen
from twisted.logger import Logger

from trio2o.errors import GatewayError, PodFailure, Unreadable
from trio2o.interfaces import ISharedIds, ISharedStore
from trio2o.model import Pod
from trio2o.model.shared import CopyState, Observed, SharedCopy, SharedResource, SharedState
from trio2o.strategies.converging import Converger
from trio2o.strategies.pending import PendingWrite
from trio2o.strategies.replies import Outcome, Replies

_log = Logger()

#: How often a state is written that others write as well.
_ATTEMPTS = 5

_NOT_FOUND = 404


@frozen(kw_only=True)
class Settled:
    """
    What came of it.
    """

    #: What is wanted by now and how pods stand; ``None`` where nothing was written down.
    state: SharedState | None = None
    #: False where a job has to look at what pods have.
    sure: bool = True
    #: False where a pod may still be at something that it was sent.
    over: bool = True


@define(kw_only=True)
class Settler:
    """
    Reads what the judge shows, with the daemon's own token.
    """

    _store: ISharedStore
    _ids: ISharedIds
    _converger: Converger

    async def settle(
        self, pending: PendingWrite, replies: Replies, judge: Pod, before: Sequence[SharedState]
    ) -> Settled:
        """
        Do it, once more where another write is quicker.

        :param before: what was wanted before anything was sent.
        :raises DatabaseUnavailable: if it could not be written down.
        """
        shower = _shower(pending, replies, judge)
        if shower is None or not (replies.taken or pending.deletes):
            return Settled()
        if shower.id != judge.id and _had(alive(before), judge):
            # it is being deleted there: what others still show is not wanted any more
            return Settled(sure=False)
        sure = True
        for _ in range(_ATTEMPTS):
            try:
                observed = await self._shown(pending, replies, shower)
            except (PodFailure, Unreadable, GatewayError) as error:
                _log.warn(
                    "{key} was written and is not shown: {error}", key=str(pending.key), error=str(error)
                )
                return Settled(sure=False)
            if observed is None and not pending.deletes:
                return Settled(sure=False)
            known = alive(before)
            if observed is None and known is None and not replies.made:
                return Settled(sure=sure)
            if known is None and before and not pending.makes and not pending.deletes:
                # it was deleted: nothing but a create brings it back
                return Settled(sure=False)
            wanted = self._wanted(pending, shower, observed, known)
            row = next((each for each in before if each.resource.top_id == wanted.top_id), None)
            settled = await self._store.settle(
                wanted,
                self._copies(pending, replies, shower, observed, known),
                expected=0 if row is None else row.resource.version,
            )
            if settled is not None:
                return await self._brought_up(pending, replies, settled, sure=sure)
            # another write, or a job, was quicker: what the pod shows now counts
            sure = False
            before = await self._store.find(pending.key, pending.top_id)
        _log.warn("{key} is written by others all the time", key=str(pending.key))
        return Settled(sure=False)

    async def _shown(self, pending: PendingWrite, replies: Replies, pod: Pod) -> Observed | None:
        ref = self._ref_at(pending, replies, pod)
        return await self._converger.observe(pending.kind, pod, pending.key, ref)

    def _ref_at(self, pending: PendingWrite, replies: Replies, pod: Pod) -> str:
        """
        The pod's own id of the thing, as far as it was known before or the pod has told it.
        """
        kind = pending.kind
        if not kind.mapped:
            return pending.key.name
        known = self._ids.of(pod.id).own(kind.kind, pending.top_id) if pending.top_id else None
        reply = replies.of(pod.id)
        if known or reply is None or reply.outcome is not Outcome.MADE:
            return known or ""
        assert isinstance(reply.answer.body, bytes)
        return kind.made(reply.answer.body)

    def _wanted(
        self, pending: PendingWrite, shower: Pod, observed: Observed | None, known: SharedState | None
    ) -> SharedResource:
        top_id = known.resource.top_id if known is not None else pending.top_id
        if observed is None:
            return SharedResource(key=pending.key, top_id=top_id, deleted=True)
        return SharedResource(
            key=evolve(observed.key, owner=pending.key.owner),
            top_id=top_id or pending.kind.top_id(observed.ref, self._ids.of(shower.id)),
            document=pending.kind.wanted(observed, known.resource.document if known is not None else None),
        )

    def _copies(
        self,
        pending: PendingWrite,
        replies: Replies,
        shower: Pod,
        observed: Observed | None,
        known: SharedState | None,
    ) -> list[SharedCopy]:
        """
        The pods that are sure to have what is wanted: the one that shows it, and those that took the same request and had the
        same before.
        """
        if observed is None:
            return _gone(pending, replies, known)
        copies = [SharedCopy(pod_id=shower.id, pod_ref=observed.ref, state=CopyState.CURRENT)]
        for reply in replies.made:
            pod = reply.pod
            if pod.id != shower.id and (_had(known, pod) or (known is None and pending.makes)):
                ref = self._ref_at(pending, replies, pod)
                copies.append(SharedCopy(pod_id=pod.id, pod_ref=ref, state=CopyState.CURRENT))
        return copies

    async def _brought_up(
        self, pending: PendingWrite, replies: Replies, resource: SharedResource, *, sure: bool
    ) -> Settled:
        """
        Bring up to what is wanted who answers and is not known to have it, unless something else is wanted by now.
        """
        states = await self._store.find(resource.key, resource.top_id)
        state = next((each for each in states if each.resource.top_id == resource.top_id), None)
        if state is None or state.resource.version != resource.version:
            return Settled(sure=False)
        silent = {reply.pod.id for reply in replies.silent}
        late = [
            pod
            for pod in pending.judges
            if pod.id not in silent
            and pod.id in state.copies
            and state.copies[pod.id].state is not CopyState.CURRENT
        ]
        over = True
        if late:
            brought = await self._converger.converge(pending.kind, state, late, patient=True)
            state = SharedState(resource=resource, copies={**state.copies, **brought.copies})
            over = brought.sure
        self._ids.note(state)
        return Settled(state=state, sure=sure, over=over)


def alive(states: Sequence[SharedState]) -> SharedState | None:
    """
    The one of a name's states that is wanted; ``None`` for none.
    """
    return next((each for each in states if not each.resource.deleted), None)


def is_late(states: Sequence[SharedState], pod: Pod) -> bool:
    """
    Whether a pod is known to have something else than what is wanted of a name.
    """
    copies = [state.copies.get(pod.id) for state in states]
    return any(copy is not None and copy.state is CopyState.BEHIND for copy in copies)


def _had(known: SharedState | None, pod: Pod) -> bool:
    """
    Whether a pod had what was wanted.
    """
    copy = known.copies.get(pod.id) if known is not None else None
    return copy is not None and copy.state is CopyState.CURRENT


def _shower(pending: PendingWrite, replies: Replies, judge: Pod) -> Pod | None:
    """
    The pod whose state is what is wanted: the judge, or, where that lacks what is changed, the first that has done it.
    """
    lacks = any(
        reply.pod.id == judge.id and reply.answer.status == _NOT_FOUND
        for reply in replies.those(Outcome.LACKING)
    )
    if pending.deletes or not lacks:
        return judge
    return min((reply.pod for reply in replies.made), key=lambda pod: pod.serial, default=None)


def _gone(pending: PendingWrite, replies: Replies, known: SharedState | None) -> list[SharedCopy]:
    """
    Where a deleted thing is gone, and where it may still be: of deleted things only those pods count that are named.
    """
    gone = {reply.pod.id for reply in replies.those(Outcome.MADE, Outcome.LACKING)}
    had = {} if known is None else known.copies
    copies = [SharedCopy(pod_id=pod_id, state=CopyState.CURRENT) for pod_id in sorted(gone)]
    for pod_id in sorted({pod.id for pod in pending.served} | set(had)):
        if pod_id not in gone:
            ref = had[pod_id].pod_ref if pod_id in had else ""
            ref = ref or ("" if pending.kind.mapped else pending.key.name)
            copies.append(SharedCopy(pod_id=pod_id, pod_ref=ref, state=CopyState.BEHIND))
    return copies
