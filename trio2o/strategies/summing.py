"""
The strategy ``sum``: every pod is asked at once and the numbers are added up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from attrs import define
from zope.interface import implementer

from trio2o.errors import GatewayError, PodFailure
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IState, IStrategy
from trio2o.merging.counts import added
from trio2o.merging.usage import audit_log, used_limits, used_quotas
from trio2o.model import Pod, PodState, RequestContext
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.forwarding import Forwarder, told
from trio2o.strategies.pages import PodPage, page_of


@implementer(IStrategy)
@define(kw_only=True)
class SumStrategy:
    """
    Adds up the object under the operation's ``key``, in the way that its ``combine`` names.
    """

    _forwarder: Forwarder
    _state: IState
    #: Seconds in which the whole answer is there.
    _budget: float

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`. A pod that refuses the caller decides for all; a silent one is left out (I8).
        """
        pods = [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]
        key = inbound.operation.options["key"]
        deadline = self._forwarder.deadline(self._budget)
        asked = [
            page_of(
                pod,
                None,
                forwarder=self._forwarder,
                inbound=inbound,
                context=context,
                deadline=deadline,
                usable=lambda body: isinstance(body.get(key), dict),
            )
            for pod in pods
        ]
        parts: list[Any] = []
        missing: list[Pod] = []
        first: PodPage | None = None
        failure: PodFailure | None = None
        answers = await gathered(asked, (PodFailure, GatewayError))
        for pod, said in zip(pods, answers, strict=True):
            if isinstance(said, Exception):
                failure = said if isinstance(said, PodFailure) else PodFailure(pod.name, str(said), sent=True)
                missing.append(pod)
                continue
            if 400 <= said.status < 500:
                return Answer(
                    status=said.status,
                    headers=said.headers,
                    body=said.raw,
                    pods=(pod.name,),
                    passed_on=True,
                )
            if said.body is None:
                missing.append(pod)
                continue
            first = first or said
            parts.append(said.body[key])
        if first is None:
            raise told(failure or PodFailure("every pod", "no usable answer", sent=True))
        combine = _COMBINED[inbound.operation.options.get("combine", "numbers")]
        body = orjson.dumps({key: combine(parts)})
        return Answer(
            status=200,
            headers=first.headers,
            body=body,
            missing=tuple(missing),
            pods=tuple(pod.name for pod in pods),
        )


_COMBINED: Mapping[str, Callable[[list[Any]], Any]] = {
    "numbers": added,
    "audit": audit_log,
    "limits": used_limits,
    "quotas": used_quotas,
}
