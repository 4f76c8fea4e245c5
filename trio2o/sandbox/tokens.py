"""
Who a token belongs to, as a fake service asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from attrs import define

from trio2o.sandbox.call import Caller


class TokenVerifier(Protocol):
    """
    Who a token belongs to.
    """

    def peek(self, token: str) -> Caller | None:
        """
        The token's caller if that is known already.
        """

    async def verify(self, token: str) -> Caller | None:
        """
        The token's caller, asking Keystone if need be; None for a token that is not valid.

        :raises Fault: 503 if Keystone does not answer.
        """


@define
class StaticTokens:
    """
    A verifier that knows a fixed set of tokens.
    """

    callers: Mapping[str, Caller]

    def peek(self, token: str) -> Caller | None:
        return self.callers.get(token)

    async def verify(self, token: str) -> Caller | None:
        return self.callers.get(token)
