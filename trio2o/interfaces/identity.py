"""
Tokens, rights and where services are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zope.interface import Interface

from trio2o.model import Identity, Pod

# mypy-zope reads the methods below; zope leaves out ``self``.
# ruff: noqa: N805


class ITokenValidator(Interface):
    """
    Tells who a user's token stands for.
    """

    def peek(token: bytes) -> Identity | None:
        """
        From the cache alone, if it is there and fresh; synchronous, for the hot path.
        """

    async def validate(token: bytes, service_token: bytes | None = None, client: str = "") -> Identity:
        """
        From the cache, else from Keystone; concurrent calls for one token share one request. Clients that ask about many
        tokens wait behind those that ask about few; ``client`` is the asker's address.

        ``service_token`` is the ``X-Service-Token`` of the request: a valid one with the service role lets an expired
        user token pass.

        :raises Unauthorized: if Keystone does not accept the token.
        :raises Unavailable: if Keystone cannot be asked (I18).
        """

    async def vouches(service_token: bytes, client: str = "") -> bool:
        """
        True for a good token of a service: with it an expired user token passes, and access rules are not applied, since
        the request is one that the service makes in the course of another.

        :raises Unavailable: if Keystone cannot be asked.
        """


class IServiceToken(Interface):
    """
    The daemon's own token, which renews itself before it ends.
    """

    async def token() -> bytes:
        """
        A token that is good for at least another minute.

        :raises Unavailable: if Keystone gives none.
        """

    def invalidate(token: bytes) -> None:
        """
        Say that Keystone refused this token; the next call fetches another.
        """


class IPodTokens(Interface):
    """
    The step from the token a user has at the top to the one that is sent to a pod (the identity domain of the pod).
    """

    def peek(token: bytes, identity: Identity, pod: Pod) -> bytes | None:
        """
        The pod's token if it can be given without waiting.
        """

    async def pod_token(token: bytes, identity: Identity, pod: Pod) -> bytes:
        """
        The pod's token.

        :raises Unauthorized: if none can be had for this user.
        :raises Unavailable: if the pod's Keystone cannot be asked.
        """


class ICatalog(Interface):
    """
    Where the services of a region are.
    """

    def endpoint(region: str, service: str) -> str | None:
        """
        The root URL of a service (``compute``, ``volume``, ``network``) without version and project, so that
        ``root + "/v2.1/servers"`` is the full URL; ``None`` when the catalog has none. Synchronous.
        """

    def regions() -> Sequence[str]:
        """
        The region names that the catalog has.
        """

    async def refresh() -> None:
        """
        Read the catalog again with the daemon's own token.

        :raises Unavailable: if Keystone cannot be asked; what was known stays.
        """


class IPolicy(Interface):
    """
    The rules of oslo.policy.
    """

    def authorize(rule: str, identity: Identity, target: Mapping[str, Any]) -> bool:
        """
        True when the rule lets this identity act on the target.
        """
