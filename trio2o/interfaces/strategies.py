"""
How operations are carried out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

from trio2o.model import RequestContext

if TYPE_CHECKING:
    from trio2o.exchange import Answer, Inbound

# mypy-zope reads the methods below; zope leaves out ``self``.
# ruff: noqa: N805


class IStrategy(Interface):
    """
    A way of carrying operations out; the surface tables name one per operation.
    """

    async def carry_out(inbound: Inbound, context: RequestContext) -> Answer:
        """
        Take a matched request and give its answer.

        :raises GatewayError: what the client is to be told.
        """
