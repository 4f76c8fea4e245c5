"""
The strategy ``every``: what is written has to be the same, or to be done, in all pods.

For writes that can be repeated without harm: one that fails on the way says so, and its client sends it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from attrs import define, evolve
from zope.interface import implementer

from trio2o.errors import PodFailure, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IState, IStrategy
from trio2o.model import Pod, PodState, RequestContext
from trio2o.strategies.concurrently import Shield
from trio2o.strategies.forwarding import Forwarder, told


@implementer(IStrategy)
@define(kw_only=True)
class EveryStrategy:
    """
    Sends to one pod after the other, so that a request which the first one refuses has changed nothing anywhere.

    A row's ``elsewhere`` are the statuses by which a pod says that the request is not about anything of its own, its
    ``keys`` the lists in the answers that are joined; everything else is as the first pod says it.
    """

    _forwarder: Forwarder
    _shield: Shield
    _state: IState
    #: The largest request body that is read, in bytes.
    _body_limit: int

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`. Once the body is read, it is sent to all pods whoever still listens.
        """
        body = await inbound.body.read(self._body_limit)
        return await self._shield.run(self._sent(inbound, context, body))

    async def _sent(self, inbound: Inbound, context: RequestContext, body: bytes) -> Answer:
        """
        The first refusal, or the answers as one.

        :raises GatewayError: if a pod does not answer; those before it have done what was asked.
        """
        elsewhere = inbound.operation.options.get("elsewhere", ())
        taken: list[Answer] = []
        refused: list[Answer] = []
        for pod in self._pods():
            try:
                answer = await self._forwarder.send(inbound, context, pod, body=body or None)
            except PodFailure as failure:
                raise told(failure) from failure
            whole = await self._forwarder.whole_answer(inbound, context, pod, answer, zones=False)
            if whole.status in elsewhere:
                refused.append(whole)
            elif whole.status >= 400:
                return whole
            else:
                taken.append(whole)
        return _joined(taken, inbound.operation.options.get("keys", ())) if taken else refused[0]

    def _pods(self) -> Sequence[Pod]:
        """
        All pods that are asked for anything.

        :raises Unavailable: if there is none.
        """
        pods = [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]
        if not pods:
            raise Unavailable(
                "The service is not available at the moment.",
                admin_detail="no pod is enabled",
                headers=[(b"Retry-After", b"10")],
            )
        return pods


def _joined(answers: Sequence[Answer], keys: Sequence[str]) -> Answer:
    first = answers[0]
    pods = tuple(name for answer in answers for name in answer.pods)
    if not keys:
        return evolve(first, pods=pods)
    bodies: list[dict[str, Any]] = []
    for answer in answers:
        try:
            body = orjson.loads(answer.body)  # type: ignore[arg-type]
        except orjson.JSONDecodeError:
            continue
        if isinstance(body, dict):
            bodies.append(body)
    if not bodies:
        return evolve(first, pods=pods)
    lists = {
        key: [item for body in bodies if isinstance(body.get(key), list) for item in body[key]]
        for key in keys
        if key in bodies[0]
    }
    return evolve(first, body=orjson.dumps({**bodies[0], **lists}), pods=pods)
