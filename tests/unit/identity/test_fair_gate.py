"""
Turns that are shared fairly between clients.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import Unavailable
from trio2o.identity.fair_gate import FairGate, same_client


class FairGateTests(SynchronousTestCase):
    """
    Two turns, and room for four that wait.
    """

    def setUp(self) -> None:
        self.gate = FairGate(2, 4)
        self.served: list[str] = []

    def enter(self, client: str) -> Deferred[None]:
        """
        A client asks for a turn; it is noted when it gets one.
        """
        turn = self.gate.enter(client)
        turn.addCallback(lambda _: self.served.append(client))
        return turn

    def test_free(self) -> None:
        """
        While turns are free each gets one at once, whoever asks; one that ended is free again.
        """
        for _ in range(3):
            first, second = self.enter("a"), self.enter("a")
            self.successResultOf(first)
            self.successResultOf(second)
            self.assertEqual((2, 0), (self.gate.held, self.gate.waiting))
            self.gate.leave()
            self.gate.leave()
            self.assertEqual(0, self.gate.held)

    def test_in_a_circle(self) -> None:
        """
        Those who wait are served client by client, each client's in their order.
        """
        for client in "aaaaab":
            self.enter(client)
        self.assertEqual((2, 4), (self.gate.held, self.gate.waiting))
        for _ in range(4):
            self.gate.leave()

        self.assertEqual("aa" + "abaa", "".join(self.served))
        self.assertEqual((2, 0), (self.gate.held, self.gate.waiting))

    def test_no_room(self) -> None:
        """
        Who waits most gives way to another client, and is refused itself when it asks for more.
        """
        waiting = [self.enter("a") for _ in range(6)][2:]
        refused = self.enter("a")
        self.failureResultOf(refused, Unavailable)
        other = self.enter("b")

        self.failureResultOf(waiting.pop(), Unavailable)
        self.assertNoResult(other)
        self.assertEqual(4, self.gate.waiting)
        self.gate.leave()
        self.gate.leave()
        self.successResultOf(other)

    def test_given_up(self) -> None:
        """
        Who gives up waiting gets no turn, and keeps none from others.
        """
        self.enter("a")
        self.enter("a")
        impatient, patient = self.enter("b"), self.enter("c")
        impatient.cancel()
        self.failureResultOf(impatient, CancelledError)
        self.assertEqual(1, self.gate.waiting)
        self.gate.leave()

        self.successResultOf(patient)

    def test_turns_that_end_at_once(self) -> None:
        """
        Any number of turns that end as they begin are served one after the other.
        """
        gate = FairGate(1, 5000)
        self.successResultOf(gate.enter("a"))
        ended = [gate.enter("a").addCallback(lambda _: gate.leave()) for _ in range(5000)]
        gate.leave()

        for each in ended:
            self.successResultOf(each)
        self.assertEqual((0, 0), (gate.held, gate.waiting))


class SameClientTests(SynchronousTestCase):
    """
    Addresses of one client.
    """

    def test_addresses(self) -> None:
        """
        An IPv4 address is one client, also within IPv6; so is an IPv6 network of 64 bits, and a socket without address.
        """
        for address, client in (
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2::9", "2001:db8:1:2::"),
            ("", ""),
            ("no address", "no address"),
        ):
            with self.subTest(address=address):
                self.assertEqual(client, same_client(address))
