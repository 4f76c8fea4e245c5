"""
What a project uses over all pods, for those who look at its quota or change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from attrs import define, evolve
from twisted.logger import Logger

from trio2o.errors import DatabaseUnavailable, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IQuotaUsage, IStrategy
from trio2o.model import QuotaUse, RequestContext
from trio2o.quota.views import uses_in
from trio2o.strategies.pages import object_in
from trio2o.surface.operations import Operation

_log = Logger()

#: The quota set with what is used, as the sum over all pods.
_DETAIL = Operation(
    methods=frozenset({"GET"}), path="/", strategy="sum", options={"key": "quota_set", "combine": "quotas"}
)


@define(kw_only=True)
class ProjectUse:
    """
    What is counted at the top; where nobody counts, what all pods say when the client asks them.
    """

    #: ``None`` where nobody counts.
    _counted: IQuotaUsage | None
    _sum: IStrategy

    async def counted(self, service: str, project_id: str, user_id: str) -> Mapping[str, QuotaUse] | None:
        """
        What is counted; ``None`` where that is not known.
        """
        if self._counted is None:
            return None
        try:
            return await self._counted.used(service, project_id, user_id)
        except (DatabaseUnavailable, Unavailable) as error:
            _log.info("what a project uses is asked of the pods: {reason}", reason=str(error))
            return None

    async def summed(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        The client's own request, answered by all pods together.
        """
        return await self._sum.carry_out(inbound, context)

    async def of_change(
        self, inbound: Inbound, context: RequestContext, project_id: str, user_id: str
    ) -> Mapping[str, QuotaUse] | Answer:
        """
        What is used of the quota set that a request is to change; or the answer by which the pods do not tell.

        :raises GatewayError: if no pod answers.
        """
        counted = await self.counted(context.surface, project_id, user_id)
        if counted is not None:
            return counted
        query = {"user_id": user_id} if user_id else {}
        path = inbound.path.rstrip(b"/")
        if context.surface == "compute":
            path += b"/detail"
        else:
            query = {"usage": "true"}
        asked = evolve(
            inbound,
            operation=_DETAIL,
            method=b"GET",
            path=path,
            query=urlencode(query).encode("ascii") or None,
            headers=[pair for pair in inbound.headers if not pair[0].lower().startswith(b"content-")],
        )
        answer = await self.summed(asked, context)
        body = object_in(answer.body) if answer.status == 200 and isinstance(answer.body, bytes) else None
        return answer if body is None else uses_in(body.get("quota_set", {}))
