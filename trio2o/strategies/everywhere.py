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

from trio2o.errors import GatewayError, PodFailure, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IState, IStrategy
from trio2o.model import Pod, PodState, RequestContext
from trio2o.strategies.concurrently import Shield, gathered
from trio2o.strategies.forwarding import Forwarder, told


@implementer(IStrategy)
@define(kw_only=True)
class EveryStrategy:
    """
    Sends to one pod, and when that has not refused it to all others at once: a request which the first one refuses has
    changed nothing anywhere.

    A row's ``elsewhere`` are the statuses by which a pod says that the request is not about anything of its own, its
    ``keys`` the lists in the answers that are joined; everything else is as the first pod says it. Where the row has
    ``lenient``, a pod that does not answer is left out as in a list, as long as another one has done what was asked.
    """

    _forwarder: Forwarder
    _shield: Shield
    _state: IState
    #: Seconds that a pod has, where its own settings say nothing else.
    _budget: float
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
        The first refusal, or the answers as one. It takes as long as two pods may.

        :raises GatewayError: if a pod does not answer; the others may have done what was asked.
        """
        options = inbound.operation.options
        elsewhere = options.get("elsewhere", ())
        pods = self._pods()
        said = await self._asked(inbound, context, pods[:1], body)
        begun = said[0]
        refused = isinstance(begun, Answer) and begun.status >= 400 and begun.status not in elsewhere
        if not refused and (isinstance(begun, Answer) or "lenient" in options):
            said += await self._asked(inbound, context, pods[1:], body)
        given = [answer for answer in said if isinstance(answer, Answer)]
        failures = [answer for answer in said if isinstance(answer, PodFailure)]
        taken = [answer for answer in given if answer.status < 400]
        if failures and not (taken and "lenient" in options):
            raise _partly(failures, taken) from failures[0]
        for answer in given:
            if answer.status >= 400 and answer.status not in elsewhere:
                return answer
        missing = tuple(
            pod for pod, answer in zip(pods, said, strict=False) if isinstance(answer, PodFailure)
        )
        return evolve(_joined(taken, options.get("keys", ())) if taken else given[0], missing=missing)

    async def _asked(
        self, inbound: Inbound, context: RequestContext, pods: Sequence[Pod], body: bytes
    ) -> list[Answer | Exception]:
        return await gathered(
            [
                self._forwarder.whole(
                    inbound,
                    context,
                    pod,
                    self._forwarder.deadline(pod.settings.answer_timeout or self._budget),
                    body=body or None,
                )
                for pod in pods
            ],
            (PodFailure,),
        )

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


def _partly(failures: Sequence[PodFailure], taken: Sequence[Answer]) -> GatewayError:
    """
    What a client is told of a write that not every pod has answered; who administers reads what came of it.
    """
    error = told(failures[0])
    done = ", ".join(name for answer in taken for name in answer.pods)
    error.admin_detail = "; ".join(map(str, failures)) + (f"; done in {done}" if done else "")
    return error


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
