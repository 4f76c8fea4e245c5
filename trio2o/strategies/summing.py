"""
The strategy ``sum``: every pod is asked at once and the numbers are added up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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

#: Statuses that say something of the caller or of the question, and so hold for every pod.
_OF_ALL = frozenset({400, 401, 403})


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
        See :class:`IStrategy`. A pod that refuses the caller decides for all; one that is silent or busy is left out (I8), and
        one that does not have what is asked for has nothing to add.
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
        given: list[PodPage] = []
        missing: list[Pod] = []
        refusals: list[tuple[Pod, PodPage]] = []
        failures: list[PodFailure] = []
        answers = await gathered(asked, (PodFailure, GatewayError))
        for pod, said in zip(pods, answers, strict=True):
            if isinstance(said, PodPage) and said.body is not None:
                given.append(said)
                continue
            if isinstance(said, PodPage) and 400 <= said.status < 500:
                refusals.append((pod, said))
                if said.status == 404:
                    continue
            elif isinstance(said, PodPage):
                failures.append(PodFailure(pod.name, f"no usable answer: {said.status}", sent=True))
            else:
                failures.append(
                    said if isinstance(said, PodFailure) else PodFailure(pod.name, str(said), sent=True)
                )
            missing.append(pod)
        decisive = next((refusal for refusal in refusals if refusal[1].status in _OF_ALL), None)
        if decisive is not None or not given:
            return _nobody(inbound, decisive, refusals, failures)
        combine = _COMBINED[inbound.operation.options.get("combine", "numbers")]
        body = orjson.dumps({key: combine([(page.body or {})[key] for page in given])})
        return Answer(
            status=200,
            headers=given[0].headers,
            body=body,
            missing=tuple(missing),
            pods=tuple(pod.name for pod in pods),
        )


def _nobody(
    inbound: Inbound,
    decisive: tuple[Pod, PodPage] | None,
    refusals: Sequence[tuple[Pod, PodPage]],
    failures: Sequence[PodFailure],
) -> Answer:
    """
    The refusal, in its pod's words.

    :raises GatewayError: if there is none, or only that the thing which the path names is not there, and a pod is silent.
    """
    absent = "{" in inbound.operation.path and all(page.status == 404 for _, page in refusals)
    if not refusals or (failures and absent):
        raise told(failures[0] if failures else PodFailure("every pod", "no usable answer", sent=True))
    pod, page = decisive or refusals[0]
    return Answer(status=page.status, headers=page.headers, body=page.raw, pods=(pod.name,), passed_on=True)


_COMBINED: Mapping[str, Callable[[list[Any]], Any]] = {
    "numbers": added,
    "audit": audit_log,
    "limits": used_limits,
    "quotas": used_quotas,
}
