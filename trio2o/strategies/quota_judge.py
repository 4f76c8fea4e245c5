"""
The pod that judges writes of quotas: the first that is healthy, by serial, so that it is the same one for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from attrs import define

from trio2o.errors import PodFailure, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IPodClient, IState
from trio2o.model import Pod, PodState, RequestContext
from trio2o.strategies.forwarding import Forwarder

#: What changes nothing and is refused where the request would be: whom the pod does not allow it, and which project there is not.
_PROBES: Mapping[str, Mapping[str, Any]] = {"compute": {}, "volume": {"tenant_id": ""}}


@define(kw_only=True)
class QuotaJudge:
    """
    Asks pods, with the client's own request.
    """

    _forwarder: Forwarder
    _state: IState
    _pods: IPodClient
    #: Seconds that a pod has, where its own settings say nothing else.
    _budget: float

    def chosen(self, service: str) -> tuple[Pod, Sequence[Pod]]:
        """
        The pod that judges, and all others that may be asked.

        :raises Unavailable: if none is healthy.
        """
        pods = [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]
        healthy = [pod for pod in pods if self._pods.healthy(pod.id, service)]
        if not healthy:
            raise Unavailable(
                "The service is not available at the moment. Please try again later.",
                admin_detail="no pod is enabled and healthy",
                headers=[(b"Retry-After", b"10")],
            )
        return healthy[0], [pod for pod in pods if pod is not healthy[0]]

    async def sent(
        self, inbound: Inbound, context: RequestContext, pod: Pod, body: bytes
    ) -> Answer | PodFailure:
        """
        A pod's answer to the request with this body.
        """
        deadline = self._forwarder.deadline(pod.settings.answer_timeout or self._budget)
        try:
            return await self._forwarder.whole(inbound, context, pod, deadline, body=body or None)
        except PodFailure as failure:
            return failure

    async def probed(self, inbound: Inbound, context: RequestContext, pod: Pod) -> Answer | PodFailure:
        """
        A pod's answer to a change of nothing.
        """
        probe = orjson.dumps({inbound.operation.options["key"]: _PROBES[context.surface]})
        return await self.sent(inbound, context, pod, probe)
