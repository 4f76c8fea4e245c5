"""
The daemon's own token: there when it is needed, renewed before it ends.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from trio2o.errors import Unavailable
from trio2o.identity.keystone import Grant, KeystoneClient, OwnTokenRefused, away
from trio2o.identity.single_flight import SingleFlight
from trio2o.interfaces import IServiceToken

Result = TypeVar("Result")

#: A token that is refused so soon after it was given, in seconds, is not replaced: a new one would fare no
#: better, and nobody can make the daemon authenticate more often than this.
_YOUNG = 5.0

#: The first and the longest pause after failed attempts, in seconds.
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 10.0


@implementer(IServiceToken)
@define(eq=False)
class ServiceToken:
    """
    A token from Keystone, one attempt at a time.

    While started it renews itself in the background, at a random moment in the last part of its life, so that
    many processes do not come at once. A failed renewal is tried again after a pause that grows; the token in
    hand serves on.
    """

    _keystone: KeystoneClient
    _clock: IReactorTime
    #: Seconds before its end at which a token is used no more. One with a short life is used for half of it.
    margin: float = 60.0
    #: Gives numbers from 0 to 1.
    _chance: Callable[[], float] = random.random
    _log = Logger()
    _grant: Grant | None = field(init=False, default=None)
    _received: float = field(init=False, default=0.0)
    _good_until: float = field(init=False, default=0.0)
    _failures: int = field(init=False, default=0)
    _not_before: float = field(init=False, default=0.0)
    _flight: SingleFlight[Grant] = field(init=False, factory=SingleFlight)
    _started: bool = field(init=False, default=False)
    _next: IDelayedCall | None = field(init=False, default=None)

    def start(self) -> None:
        """
        Fetch a token and keep it renewed. Never fails: what does not work is tried again.
        """
        self._started = True
        self._renew()

    def stop(self) -> None:
        """
        End the renewal and give up an attempt that is under way.
        """
        self._started = False
        self._schedule(None)
        self._flight.cancel()

    async def token(self) -> bytes:
        grant = self._grant
        if grant is not None and self._received <= self._clock.seconds() < self._good_until:
            return grant.token
        pause = self._not_before - self._clock.seconds()
        if 0 < pause <= _LONGEST_PAUSE:
            raise away("the daemon has no token; it tries again soon", retry_after=pause)
        return (await self._flight.join("", self._fetch)).token

    def invalidate(self, token: bytes) -> None:
        grant = self._grant
        if grant is None or grant.token != token:
            return
        age = self._clock.seconds() - self._received
        if 0 <= age < _YOUNG:
            self._log.warn(
                "Keystone refuses the daemon's token of {age:.1f} seconds ago; it is kept", age=age
            )
            return
        self._log.info("Keystone refused the daemon's token; another is fetched")
        self._grant = None

    async def _fetch(self) -> Grant:
        asked = self._clock.seconds()
        try:
            grant = await self._keystone.authenticate()
        except Unavailable:
            longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._failures, 8))
            pause = longest * (0.75 + 0.25 * self._chance())
            self._failures += 1
            self._not_before = self._clock.seconds() + pause
            self._schedule(pause)
            raise
        self._failures = 0
        self._not_before = 0.0
        self._grant = grant
        self._received = asked
        self._good_until = asked + grant.lifetime - min(self.margin, grant.lifetime / 2)
        good_for = self._good_until - self._clock.seconds()
        self._schedule(max(_FIRST_PAUSE, good_for * (0.7 + 0.2 * self._chance())))
        return grant

    def _renew(self) -> None:
        self._next = None
        self._flight.join("", self._fetch).addErrback(self._not_renewed)

    def _not_renewed(self, reason: Failure) -> None:
        # Said by the client already; a retry is scheduled. After stop, cancelled.
        if self._started and not reason.check(Unavailable):
            self._log.failure("the daemon's token cannot be renewed", failure=reason)
            self._schedule(_LONGEST_PAUSE)

    def _schedule(self, delay: float | None) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if delay is not None and self._started:
            self._next = self._clock.callLater(delay, self._renew)


async def with_own_token(own: IServiceToken, ask: Callable[[bytes], Awaitable[Result]]) -> Result:
    """
    Ask Keystone with the daemon's token; when Keystone refuses that one, once more with another.

    :raises Unavailable: if there is no token, or the other one is refused too.
    """
    token = await own.token()
    try:
        return await ask(token)
    except OwnTokenRefused:
        own.invalidate(token)
    another = await own.token()
    try:
        if another != token:
            return await ask(another)
    except OwnTokenRefused:
        pass
    raise away("the daemon's token is refused")
