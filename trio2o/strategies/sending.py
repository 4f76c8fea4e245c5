"""
Sends a write of what pods have the same to some of them, and tells what became of it in each.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from attrs import define

from trio2o.errors import PodFailure
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import ISharedIds
from trio2o.model import Pod, RequestContext
from trio2o.model.shared import SharedWrite
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.drafts import Draft
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.pending import PendingWrite
from trio2o.strategies.replies import Outcome, Reply

_CONFLICT = 409


@define(kw_only=True)
class WriteSender:
    """
    The way of one client's request to pods, with the client's own token.
    """

    _forwarder: Forwarder
    _ids: ISharedIds
    _inbound: Inbound
    _context: RequestContext
    #: The statuses by which a pod says that it lacks what is written, or has it so already.
    _elsewhere: frozenset[int]
    #: Seconds that a pod has, where its own settings say nothing else.
    _budget: float

    def may_have(self, pending: PendingWrite, pod: Pod) -> bool:
        """
        Whether a pod is known to have what a write is about, or need not be, so that it can be sent there.
        """
        return pending.kind.for_pod(pending.write, self._ids.of(pod.id)) is not None

    async def send(self, pending: PendingWrite, draft: Draft | None, pods: Sequence[Pod]) -> list[Reply]:
        """
        Send a write to pods side by side; those that cannot be sent it have no reply.

        :param draft: a create that can be the same as what is there; ``None`` for other writes.
        """
        own = [(pod, pending.kind.for_pod(pending.write, self._ids.of(pod.id))) for pod in pods]
        sent = [self._reply(pod, write, pending, draft) for pod, write in own if write is not None]
        return [reply for reply in await gathered(sent, ()) if isinstance(reply, Reply)]

    async def of_draft(self, pod: Pod, method: str, pending: PendingWrite, draft: Draft) -> Answer:
        """
        Show or delete in one pod what is to be made.

        :raises PodFailure: if there is no whole answer in time.
        """
        path = pending.write.path.rstrip(b"/") + b"/" + quote(str(draft.name), safe="").encode()
        owner = draft.wanted.get("user_id")
        query = urlencode({"user_id": owner}).encode() if isinstance(owner, str) else None
        return await self._sent(pod, SharedWrite(method=method, path=path, query=query))

    async def _reply(self, pod: Pod, write: SharedWrite, pending: PendingWrite, draft: Draft | None) -> Reply:
        try:
            said = await self._sent(pod, write)
        except PodFailure as failure:
            return Reply(pod, Outcome.SILENT, failure)
        if said.status < 400:
            outcome = Outcome.MADE
        elif draft is not None and said.status == _CONFLICT and await self._is_same(pod, pending, draft):
            outcome = Outcome.HAD
        else:
            outcome = Outcome.LACKING if said.status in self._elsewhere else Outcome.REFUSED
        return Reply(pod, outcome, said)

    async def _is_same(self, pod: Pod, pending: PendingWrite, draft: Draft) -> bool:
        """
        Whether what a pod has under this name is what is to be made.
        """
        if draft.unique or draft.name is None:
            return False
        try:
            return draft.is_it(await self.of_draft(pod, "GET", pending, draft))
        except PodFailure:
            return False

    async def _sent(self, pod: Pod, write: SharedWrite) -> Answer:
        return await self._forwarder.whole(
            self._inbound,
            self._context,
            pod,
            self._forwarder.deadline(pod.settings.answer_timeout or self._budget),
            method=write.method.encode("ascii"),
            target=write.path if write.query is None else write.path + b"?" + write.query,
            body=write.body or None,
            # a pooled connection that the pod closes just then leaves it unknown what the pod did (I13)
            fresh=write.method != "GET",
        )
