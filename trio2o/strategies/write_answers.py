"""
What a client is told of a write of what pods have the same. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from trio2o.errors import GatewayError, Unavailable
from trio2o.exchange import Answer
from trio2o.interfaces import ISharedIds
from trio2o.model import Pod
from trio2o.model.shared import CopyState, SharedPolicy, SharedState
from trio2o.strategies.forwarding import told
from trio2o.strategies.pending import PendingWrite
from trio2o.strategies.replies import Outcome, Replies, Tally, is_met


def may_stay(pending: PendingWrite, replies: Replies) -> bool:
    """
    Whether a create may stay that a pod refuses.
    """
    if pending.policy is SharedPolicy.ALL or pending.kind.lenient:
        return False
    tally = Tally(have=len(replies.taken), enabled=len(pending.served), short=True, refused=True)
    return is_met(pending.policy, tally, lenient=False)


def answered(pending: PendingWrite, replies: Replies, settled: SharedState | None, ids: ISharedIds) -> Answer:
    """
    What the client is told.

    :param settled: what is wanted by now and how pods stand; ``None`` where that was not written down.
    :raises GatewayError: if too few pods have it, and none of them refused it.
    """
    taken, lacking = replies.taken, replies.those(Outcome.LACKING)
    if not taken:
        if replies.silent:
            raise failed(replies)
        return lacking[0].answer
    have = {reply.pod.id for reply in taken}
    if settled is not None:
        have = {pod_id for pod_id, copy in settled.copies.items() if copy.state is CopyState.CURRENT}
        if pending.deletes:
            have |= {reply.pod.id for reply in lacking}
    away = {reply.pod.id for reply in replies.silent if not reply.is_unsure}
    short = [pod for pod in pending.judges if pod.id not in have and pod.id not in away]
    lenient = pending.kind.lenient
    refused = [
        reply.answer
        for reply in replies.refused
        # a pod that fails has refused nothing
        if reply.pod in short and not (lenient and reply.answer.status >= 500)
    ]
    tally = Tally(
        have=sum(pod.id in have for pod in pending.served),
        enabled=len(pending.served),
        short=bool(short),
        refused=bool(refused),
    )
    if not is_met(pending.policy, tally, lenient=lenient):
        if refused:
            return refused[0]
        raise failed(replies, settled, short)
    first = taken[0]
    names = [pod.name for pod in pending.served if pod.id in have and pod.id != first.pod.id]
    body = first.answer.body
    if pending.kind.mapped and isinstance(body, bytes):
        body = pending.kind.for_client(body, ids.of(first.pod.id))
    missing = tuple(pod for pod in pending.served if pod.id not in have)
    return evolve(first.answer, body=body, pods=(first.pod.name, *names), missing=missing)


def failed(replies: Replies, settled: SharedState | None = None, short: Sequence[Pod] = ()) -> GatewayError:
    """
    What a client is told of a write that too few pods have taken; who administers reads what came of it.

    :param short: the pods that answer and do not have it.
    """
    silent = replies.silent
    details = [str(reply.failure) for reply in silent]
    copies = {} if settled is None else settled.copies
    known = {reply.pod.id for reply in silent}
    details += [
        f"{pod.name}: {copies[pod.id].error or 'does not have it'}"
        for pod in short
        if pod.id in copies and pod.id not in known
    ]
    done = ", ".join(reply.pod.name for reply in replies.made)
    error: GatewayError
    if silent:
        error = told(silent[0].failure)
    else:
        error = Unavailable(
            "The service is not available at the moment. Please try again later.",
            headers=[(b"Retry-After", b"10")],
        )
    error.admin_detail = "; ".join(details) + (f"; done in {done}" if done else "")
    return error
