"""
Who a user's token stands for: asked of Keystone, remembered for a bounded time (I18).

What keystonemiddleware's ``auth_token`` does for a service is the reference. A token is known here by its
digest alone: neither the caches nor a log hold one.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import TypeVar, cast

from attrs import define, field
from keystoneauth1.access import AccessInfoV3
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.errors import Unauthorized
from trio2o.identity.fair_gate import FairGate, same_client
from trio2o.identity.keystone import KeystoneClient, SubjectUnknown, away
from trio2o.identity.service_token import with_own_token
from trio2o.identity.single_flight import SingleFlight
from trio2o.interfaces import IServiceToken, ITokenValidator
from trio2o.model import AccessRule, Identity

Value = TypeVar("Value")

#: What can be a token at all: visible ASCII. Keystone's own have up to some thousand characters.
_TOKEN = re.compile(rb"[\x21-\x7e]{1,8192}")

#: Connections to Keystone that are left for what the daemon asks for itself: its token, the catalog.
_OWN_NEEDS = 2

#: How many new tokens may wait for each that is asked about.
_QUEUE = 16

#: Ends the key of what was found with ``allow_expired``, which must never be found without.
_EXPIRED_TOO = b"+expired"


@implementer(ITokenValidator)
@define(eq=False)
class KeystoneTokens:
    """
    Validates tokens at Keystone, one request for all who ask about one token at the same time.
    """

    _keystone: KeystoneClient
    _own: IServiceToken
    _clock: IReactorTime
    #: Seconds that an answer is used for, counted from the question: so long can a revoked token still be
    #: accepted.
    token_cache_seconds: float = 60.0
    #: How many tokens are remembered; the least recently used one is forgotten.
    token_cache_size: int = 10_000
    #: Seconds for which a token that Keystone refused is refused without asking again.
    negative_cache_seconds: float = 5.0
    negative_cache_size: int = 4_096
    #: A service token must hold one of these roles for an expired user token to pass.
    service_token_roles: frozenset[str] = frozenset({"service"})
    _log = Logger()
    _known: OrderedDict[bytes, tuple[Identity, float, float]] = field(init=False, factory=OrderedDict)
    _refused: OrderedDict[bytes, float] = field(init=False, factory=OrderedDict)
    _flights: SingleFlight[Identity] = field(init=False, factory=SingleFlight)
    _gate: FairGate = field(init=False)

    def __attrs_post_init__(self) -> None:
        width = max(1, self._keystone.concurrency - _OWN_NEEDS)
        self._gate = FairGate(width, width * _QUEUE)

    @property
    def known(self) -> int:
        """
        How many tokens are in the cache.
        """
        return len(self._known)

    def peek(self, token: bytes) -> Identity | None:
        return self._fresh(sha256(token).digest())

    async def validate(self, token: bytes, service_token: bytes | None = None, client: str = "") -> Identity:
        token = token.strip()
        if _TOKEN.fullmatch(token) is None:
            raise _unauthorized()
        key = sha256(token).digest()
        try:
            return await self._validated(key, token, client, allow_expired=False)
        except Unauthorized:
            if not service_token or not await self.vouches(service_token, client):
                raise
        return await self._validated(key + _EXPIRED_TOO, token, client, allow_expired=True)

    async def vouches(self, service_token: bytes, client: str = "") -> bool:
        try:
            service = await self.validate(service_token, client=client)
        except Unauthorized:
            return False
        return not service.roles.isdisjoint(self.service_token_roles)

    async def _validated(self, key: bytes, token: bytes, client: str, *, allow_expired: bool) -> Identity:
        identity = self._fresh(key)
        if identity is not None:
            return identity
        refused_until = self._refused.get(key)
        if refused_until is not None:
            # The second comparison keeps a clock that was set back from refusing for longer.
            if 0 < refused_until - self._clock.seconds() <= self.negative_cache_seconds:
                raise _unauthorized()
            del self._refused[key]
        return await self._flights.join(key, partial(self._in_turn, key, token, allow_expired, client))

    async def _in_turn(self, key: bytes, token: bytes, allow_expired: bool, client: str) -> Identity:
        async def in_turn() -> Identity:
            await self._gate.enter(same_client(client))
            try:
                return await self._ask(key, token, allow_expired)
            finally:
                self._gate.leave()

        try:
            return await Deferred.fromCoroutine(in_turn()).addTimeout(self._keystone.timeout, self._clock)
        except TimeoutError:
            raise away("no answer in time, the wait for a turn included") from None

    async def _ask(self, key: bytes, token: bytes, allow_expired: bool) -> Identity:
        asked = self._clock.seconds()
        show = partial(self._keystone.show_token, subject=token, allow_expired=allow_expired)
        try:
            info = await with_own_token(self._own, show)
        except SubjectUnknown:
            self._refuse(key)
            raise _unauthorized() from None
        try:
            identity = identity_of(info)
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            kind = type(problem).__name__
            self._log.warn("Keystone describes a token in a way that is not understood: {kind}", kind=kind)
            raise away("a token's description is not understood") from None
        until = asked + self.token_cache_seconds
        if not allow_expired:
            until = min(until, identity.expires_at)
            if identity.expires_at <= self._clock.seconds():
                self._refuse(key)
                raise _unauthorized()
        _put(self._known, key, (identity, asked, until), self.token_cache_size)
        return identity

    def _fresh(self, key: bytes) -> Identity | None:
        known = self._known.get(key)
        if known is None:
            return None
        identity, asked, until = known
        # With the first comparison a clock that was set back makes nothing live longer.
        if asked <= self._clock.seconds() < until:
            self._known.move_to_end(key)
            return identity
        del self._known[key]
        return None

    def _refuse(self, key: bytes) -> None:
        _put(
            self._refused, key, self._clock.seconds() + self.negative_cache_seconds, self.negative_cache_size
        )


def identity_of(info: AccessInfoV3) -> Identity:
    """
    The identity that Keystone's description of a token tells.

    :raises ValueError: or ``KeyError``, ``TypeError``, ``AttributeError``, if it lacks what every token has.
    """
    if info.expires is None or not info.user_id:
        raise ValueError("a token without user or end")
    rules = cast("Sequence[Mapping[str, str]] | None", info.application_credential_access_rules)
    system = info.system
    return Identity(
        user_id=info.user_id,
        user_name=info.username or "",
        user_domain_id=info.user_domain_id,
        project_id=info.project_id,
        project_name=info.project_name,
        project_domain_id=info.project_domain_id,
        domain_id=info.domain_id,
        system_scope="all" if system and system.get("all") else None,
        roles=frozenset(info.role_names or ()),
        expires_at=info.expires.timestamp(),
        access_rules=None if rules is None else tuple(_access_rule(each) for each in rules),
    )


def _access_rule(rule: Mapping[str, str]) -> AccessRule:
    return AccessRule(service=rule["service"], method=rule["method"], path=rule["path"])


def _unauthorized() -> Unauthorized:
    return Unauthorized("The request you have made requires authentication.")


def _put(cache: OrderedDict[bytes, Value], key: bytes, value: Value, size: int) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > size:
        cache.popitem(last=False)
