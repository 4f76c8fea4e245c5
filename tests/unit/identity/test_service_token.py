"""
The daemon's own token.
"""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.identity.stub import World, status
from trio2o.errors import Unavailable
from trio2o.identity.keystone import OwnTokenRefused
from trio2o.identity.service_token import ServiceToken, with_own_token
from trio2o.interfaces import IServiceToken


class ServiceTokenTests(SynchronousTestCase):
    """
    Fetching, renewing, failing.
    """

    def setUp(self) -> None:
        self.world = World()
        self.keystone, self.own, self.clock = self.world.keystone, self.world.own, self.world.clock

    def token(self) -> Deferred[bytes]:
        """
        Ask for the token.
        """
        return Deferred.fromCoroutine(self.own.token())

    def test_interface(self) -> None:
        """
        It is what :class:`IServiceToken` says.
        """
        verifyObject(IServiceToken, self.own)

    def test_kept(self) -> None:
        """
        A token serves until a minute before its end, then another is fetched.
        """
        self.assertEqual(self.successResultOf(self.token()), b"own-1")
        self.clock.advance(3539)
        self.assertEqual(self.successResultOf(self.token()), b"own-1")
        self.clock.advance(1)
        self.assertEqual(self.successResultOf(self.token()), b"own-2")

    def test_short_life(self) -> None:
        """
        A token with a short life serves for half of it, instead of being fetched each time.
        """
        self.keystone.lifetime = 60
        self.successResultOf(self.token())
        self.clock.advance(29)
        self.assertEqual(self.successResultOf(self.token()), b"own-1")
        self.clock.advance(1)
        self.assertEqual(self.successResultOf(self.token()), b"own-2")

    def test_one_fetch(self) -> None:
        """
        All who need a token wait for one fetch; one who gives up leaves the others theirs.
        """
        self.keystone.hold = True
        waiting = [self.token() for _ in range(3)]
        waiting[0].cancel()
        self.failureResultOf(waiting[0], CancelledError)
        self.keystone.release()
        self.assertEqual([self.successResultOf(each) for each in waiting[1:]], [b"own-1"] * 2)
        self.assertEqual(self.keystone.count("POST"), 1)

    def test_background_renewal(self) -> None:
        """
        Once started it is renewed ahead of time: nobody has to wait for it.
        """
        self.own.start()
        self.clock.advance(0.9 * 3540)
        self.assertEqual(self.keystone.count("POST"), 2)
        self.keystone.hold = True
        self.assertEqual(self.successResultOf(self.token()), b"own-2")

    def test_renewal_fails(self) -> None:
        """
        While renewal fails the token in hand serves on, and the renewal is tried again.
        """
        self.own.start()
        self.keystone.fault = status(503)
        self.clock.advance(0.9 * 3540)
        self.assertEqual(self.keystone.count("POST"), 2)
        self.assertEqual(self.successResultOf(self.token()), b"own-1")
        self.keystone.fault = lambda seen: None
        self.clock.advance(1)
        self.assertEqual(self.successResultOf(self.token()), b"own-2")

    def test_pause(self) -> None:
        """
        After a failed fetch nobody asks Keystone until a pause is over; it doubles up to ten seconds.
        """
        self.keystone.fault = status(503)
        pauses = []
        for _ in range(6):
            count = self.keystone.count("POST")
            self.failureResultOf(self.token(), Unavailable)
            self.assertEqual(self.keystone.count("POST"), count + 1)
            refused = self.failureResultOf(self.token(), Unavailable)
            pauses.append(dict(refused.value.headers)[b"Retry-After"])
            self.assertEqual(self.keystone.count("POST"), count + 1)
            self.clock.advance(int(pauses[-1]))
        self.assertEqual(pauses, [b"1", b"2", b"4", b"8", b"10", b"10"])

    def test_recovery(self) -> None:
        """
        Started without a Keystone, it has a token soon after there is one.
        """
        self.keystone.fault = status(503)
        self.own.start()
        self.clock.pump([1] * 60)
        self.keystone.fault = lambda seen: None
        self.clock.advance(10)
        self.assertEqual(self.successResultOf(self.token()), b"own-1")

    def test_bug(self) -> None:
        """
        A bug in a renewal is logged, and the renewal tried again.
        """

        class Broken:
            attempts = 0

            async def authenticate(self) -> None:
                self.attempts += 1
                raise ZeroDivisionError

        keystone = Broken()
        own = ServiceToken(cast("Any", keystone), self.clock)
        own.start()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.clock.advance(10)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(keystone.attempts, 2)

    def test_invalidate(self) -> None:
        """
        A token that Keystone refuses is replaced; saying so of another changes nothing.
        """
        self.successResultOf(self.token())
        self.clock.advance(60)
        self.own.invalidate(b"own-0")
        self.assertEqual(self.successResultOf(self.token()), b"own-1")
        self.own.invalidate(b"own-1")
        self.assertEqual(self.successResultOf(self.token()), b"own-2")

    def test_invalidate_young(self) -> None:
        """
        One that was just given is kept: a Keystone that refuses its own tokens is not flooded.
        """
        self.successResultOf(self.token())
        self.clock.advance(4.9)
        self.own.invalidate(b"own-1")
        self.assertEqual(self.successResultOf(self.token()), b"own-1")

    def test_clock_set_back(self) -> None:
        """
        When the clock is set back to before the token came, its age is unknown: another is fetched.
        """
        self.successResultOf(self.token())
        self.clock.rightNow -= 7200
        self.assertEqual(self.successResultOf(self.token()), b"own-2")

    def test_stop(self) -> None:
        """
        Stopped, it leaves nothing scheduled and whoever waits is let go.
        """
        self.keystone.hold = True
        self.own.start()
        waiting = self.token()
        self.own.stop()
        self.failureResultOf(waiting, CancelledError, Unavailable)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class WithOwnTokenTests(SynchronousTestCase):
    """
    Asking with the daemon's token.
    """

    def setUp(self) -> None:
        self.world = World()
        self.refused: set[bytes] = set()
        self.asked: list[bytes] = []

    async def question(self, token: bytes) -> str:
        """
        A question that refuses some tokens.
        """
        self.asked.append(token)
        if token in self.refused:
            raise OwnTokenRefused
        return "answer"

    def ask(self) -> Deferred[str]:
        """
        Ask it.
        """
        return Deferred.fromCoroutine(with_own_token(self.world.own, self.question))

    def test_renewed_once(self) -> None:
        """
        A refused token is replaced and the question repeated once.
        """
        self.assertEqual(self.successResultOf(self.ask()), "answer")
        self.world.clock.advance(60)
        self.refused = {b"own-1"}
        self.assertEqual(self.successResultOf(self.ask()), "answer")
        self.assertEqual(self.asked, [b"own-1", b"own-1", b"own-2"])

    def test_refused_again(self) -> None:
        """
        When the new one is refused too, Keystone cannot be asked.
        """
        self.successResultOf(self.ask())
        self.world.clock.advance(60)
        self.refused = {b"own-1", b"own-2"}
        self.failureResultOf(self.ask(), Unavailable)
        self.assertEqual(self.asked[1:], [b"own-1", b"own-2"])

    def test_young_refused(self) -> None:
        """
        A token that is too young to be replaced is not tried twice.
        """
        self.refused = {b"own-1"}
        self.failureResultOf(self.ask(), Unavailable)
        self.assertEqual(self.asked, [b"own-1"])
