"""
The boundaries that the metrics look at, each a thin layer over the one it counts.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from trio2o.errors import PodTimeout, PodUnreachable
from trio2o.exchange import PodCall
from trio2o.interfaces import IPodAnswer, IPodClient, ITokenValidator
from trio2o.model import Identity, Pod
from trio2o.ops.metrics import Metrics


@implementer(IPodClient)
@define(eq=False)
class ObservedPods:
    """
    Counts calls to pods by how they end, and times them to the answer's head.
    """

    _pods: IPodClient
    _metrics: Metrics
    _clock: IReactorTime

    def call(self, pod: Pod, call: PodCall) -> Deferred[IPodAnswer]:
        began = self._clock.seconds()
        name, service = pod.name, call.service

        def ended(result: IPodAnswer | Failure) -> IPodAnswer | Failure:
            outcome = _failed(result) if isinstance(result, Failure) else result.status
            self._metrics.pod_call(name, service, outcome, self._clock.seconds() - began)
            return result

        return self._pods.call(pod, call).addBoth(ended)

    def healthy(self, pod_id: str, service: str | None = None) -> bool:
        return self._pods.healthy(pod_id, service)

    def endpoint(self, pod: Pod, service: str) -> str | None:
        return self._pods.endpoint(pod, service)


@implementer(ITokenValidator)
@define(eq=False)
class ObservedTokens:
    """
    Counts look-ups of users' tokens.
    """

    _tokens: ITokenValidator
    #: Told of each look-up: ``hit``, or ``miss``, which a refusal remembered is too.
    _count: Callable[[str], None]

    def peek(self, token: bytes) -> Identity | None:
        found = self._tokens.peek(token)
        if found is not None:
            self._count("hit")
        return found

    async def validate(self, token: bytes, service_token: bytes | None = None, client: str = "") -> Identity:
        self._count("miss")
        return await self._tokens.validate(token, service_token, client)

    async def vouches(self, service_token: bytes, client: str = "") -> bool:
        return await self._tokens.vouches(service_token, client)


def _failed(failure: Failure) -> str:
    if failure.check(CancelledError):
        return "cancelled"
    if failure.check(PodUnreachable):
        return "unreachable"
    return "timeout" if failure.check(PodTimeout) else "broken"
