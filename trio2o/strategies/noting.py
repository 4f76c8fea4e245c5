"""
Tells of requests that changed what pods offer.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define
from zope.interface import implementer

from trio2o.errors import GatewayError
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IStrategy
from trio2o.model import RequestContext


@implementer(IStrategy)
@define(kw_only=True)
class NotingStrategy:
    """
    Another strategy, listened to.
    """

    _inner: IStrategy
    _changed: Callable[[], None]

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`. What pods refuse has changed nothing; what failed on the way may have changed some of them.
        """
        changes = inbound.operation.offers
        try:
            answer = await self._inner.carry_out(inbound, context)
        except GatewayError:
            if changes and context.is_admin:
                self._changed()
            raise
        if changes and answer.status < 400:
            self._changed()
        return answer
