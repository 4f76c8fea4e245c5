"""
Writes of quotas whose limits are Keystone's: as Nova with its unified limits driver answers them, nothing is set by them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from attrs import define
from zope.interface import implementer

from trio2o.errors import DatabaseUnavailable, PodFailure
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IJobQueue, IStrategy
from trio2o.model import RequestContext
from trio2o.quota.changes import wanted_limits
from trio2o.quota.handing import owner_job
from trio2o.strategies.concurrently import Shield
from trio2o.strategies.forwarding import told
from trio2o.strategies.pages import object_in
from trio2o.strategies.quota_judge import QuotaJudge
from trio2o.strategies.quota_views import FreshLimits
from trio2o.strategies.quota_writes import QuotaWriteOptions, no_database, owner_in, shown_now

#: Seconds after which a job looks after a request that did not come to its end.
_SAFETY_SECONDS = 180.0


@implementer(IStrategy)
@define(kw_only=True)
class UnifiedQuotaWriteStrategy:
    """
    Has a pod judge what is asked for, without setting it there.
    """

    #: Sets the limits of other services.
    _inner: IStrategy
    #: The services whose limits are Keystone's.
    _unified: Collection[str]
    _judge: QuotaJudge
    _shield: Shield
    _fresh: FreshLimits
    _jobs: IJobQueue
    #: The largest request body that is read, in bytes.
    _body_limit: int

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`.

        :raises GatewayError: if no pod answers.
        """
        if context.surface not in self._unified:
            return await self._inner.carry_out(inbound, context)
        raw = await inbound.body.read(self._body_limit)
        return await self._shield.run(self._judged(inbound, context, raw))

    async def _judged(self, inbound: Inbound, context: RequestContext, raw: bytes) -> Answer:
        options = QuotaWriteOptions(**inbound.operation.options)
        judge, _ = self._judge.chosen(context.surface)
        owner = owner_in(options, inbound, context)
        await self._fresh.wait()
        answer: Answer | PodFailure
        if inbound.method == b"PUT":
            answer = await self._judge.probed(inbound, context, judge)
            if isinstance(answer, PodFailure):
                raise told(answer) from answer
            if answer.status < 400 and _is_plain(options, raw, answer):
                return shown_now(self._fresh.limits, options, context, owner, answer)
        # a pod that keeps limits of its own may take this one over: it is given back what holds
        try:
            await self._jobs.enqueue(owner_job(owner, delay=_SAFETY_SECONDS))
            answer = await self._judge.sent(inbound, context, judge, raw)
            await self._jobs.enqueue(owner_job(owner))
        except DatabaseUnavailable as error:
            raise no_database(error) from error
        if isinstance(answer, PodFailure):
            raise told(answer) from answer
        return shown_now(self._fresh.limits, options, context, owner, answer)


def _is_plain(options: QuotaWriteOptions, raw: bytes, answer: Answer) -> bool:
    """
    Whether nothing is wrong with a body, as far as a pod's answer to a change of nothing tells what there is at its microversion.
    """
    body: Mapping[str, Any] = object_in(raw) or {}
    shown = (object_in(answer.body) or {}).get(options.key) if isinstance(answer.body, bytes) else None
    fields = body.get(options.key)
    if len(body) != 1 or not isinstance(fields, dict) or not isinstance(shown, dict):
        return False
    beside = {"force"} if options.scope == "project" and isinstance(fields.get("force"), bool) else set()
    return not fields.keys() - shown.keys() - beside and wanted_limits("compute", fields) is not None
