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
from trio2o.merging.usage import audit_log, used_limits, used_quotas
from trio2o.model import Pod, PodState, RequestContext
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.forwarding import Forwarder, told


@implementer(IStrategy)
@define(kw_only=True)
class SumStrategy:
    """
    Adds up the object under the operation's ``key``, in the way that its ``combine`` names.
    """

    _forwarder: Forwarder
    _state: IState
    #: Seconds that each pod has.
    _budget: float

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`. A pod that refuses the caller decides for all; a silent one is left out (I8).
        """
        pods = [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]

        async def ask(pod: Pod) -> Answer:
            answer = await self._forwarder.send(inbound, context, pod, body=None, budget=self._budget)
            return await self._forwarder.whole_answer(inbound, context, pod, answer, zones=False)

        parts: list[Any] = []
        missing: list[Pod] = []
        first: Answer | None = None
        failure: PodFailure | None = None
        answers = await gathered([ask(pod) for pod in pods], (PodFailure, GatewayError))
        for pod, said in zip(pods, answers, strict=True):
            if isinstance(said, Exception):
                failure = said if isinstance(said, PodFailure) else PodFailure(pod.name, str(said), sent=True)
                missing.append(pod)
                continue
            if 400 <= said.status < 500:
                return said
            part = _part(said, inbound.operation.options["key"])
            if said.status != 200 or part is None:
                missing.append(pod)
                continue
            first = first or said
            parts.append(part)
        if first is None:
            raise told(failure or PodFailure("every pod", "no usable answer", sent=True))
        combine = _COMBINED[inbound.operation.options.get("combine", "numbers")]
        body = orjson.dumps({inbound.operation.options["key"]: combine(parts)})
        return Answer(
            status=200,
            headers=first.headers,
            body=body,
            missing=tuple(missing),
            pods=tuple(pod.name for pod in pods),
        )


def added(parts: list[Any]) -> Any:
    """
    Numbers added, lists joined without repeats, objects by key; of anything else the first.
    """
    parts = [part for part in parts if part is not None]
    if not parts:
        return None
    first = parts[0]
    if isinstance(first, dict):
        keys = {key: None for part in parts if isinstance(part, dict) for key in part}
        return {
            key: added([part[key] for part in parts if isinstance(part, dict) and key in part])
            for key in keys
        }
    if isinstance(first, list):
        return list(
            {orjson.dumps(item): item for part in parts if isinstance(part, list) for item in part}.values()
        )
    if isinstance(first, bool) or not isinstance(first, int | float):
        return first
    return sum(part for part in parts if isinstance(part, int | float))


_COMBINED: Mapping[str, Callable[[list[Any]], Any]] = {
    "numbers": added,
    "audit": audit_log,
    "limits": used_limits,
    "quotas": used_quotas,
}


def _part(answer: Answer, key: str) -> Any:
    assert isinstance(answer.body, bytes)
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    part = body.get(key) if isinstance(body, dict) else None
    return part if isinstance(part, dict) else None
