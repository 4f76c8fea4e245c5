"""
The breaker's states.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.pods.breaker import Breaker, BreakerState


def opened(threshold: int = 3, cool_down: float = 5.0, at: float = 100.0) -> Breaker:
    """
    A breaker that has just opened.
    """
    breaker = Breaker(threshold=threshold, cool_down=cool_down)
    for _ in range(threshold):
        ticket = breaker.admit(at)
        assert ticket is not None
        breaker.failed(ticket, at, "no connection")
    return breaker


class ClosedTests(SynchronousTestCase):
    """
    A breaker in front of a pod that works.
    """

    def test_failures_in_a_row(self) -> None:
        """
        It opens at the last of so many failures in a row, tells so once, and keeps the reason.
        """
        breaker = Breaker(threshold=3)
        ticket = breaker.admit(0.0)
        assert ticket is not None

        told = [breaker.failed(ticket, 0.0, f"reason {number}") for number in range(4)]

        self.assertEqual(told, [False, False, True, False])
        self.assertEqual((breaker.state, breaker.reason), (BreakerState.OPEN, "reason 2"))

    def test_success_between(self) -> None:
        """
        A success in between begins the count anew.
        """
        breaker = Breaker(threshold=2)
        ticket = breaker.admit(0.0)
        assert ticket is not None

        for _ in range(5):
            breaker.failed(ticket, 0.0, "x")
            breaker.succeeded(ticket)

        self.assertEqual(breaker.state, BreakerState.CLOSED)

    def test_abandoned(self) -> None:
        """
        A call without an outcome changes nothing.
        """
        breaker = Breaker(threshold=1)
        ticket = breaker.admit(0.0)
        assert ticket is not None

        breaker.abandoned(ticket)

        self.assertEqual(breaker.state, BreakerState.CLOSED)


class OpenTests(SynchronousTestCase):
    """
    A breaker in front of a pod that is down.
    """

    def test_refuses(self) -> None:
        """
        Calls are refused until the cool-down has passed, and no longer.
        """
        breaker = opened(at=100.0, cool_down=5.0)

        self.assertEqual([breaker.admits(now) for now in (100.0, 104.9, 105.0)], [False, False, True])
        self.assertIsNone(breaker.admit(104.9))

    def test_one_probe(self) -> None:
        """
        After it one call is let through, not two.
        """
        breaker = opened()

        self.assertIsNotNone(breaker.admit(105.0))
        self.assertIsNone(breaker.admit(105.0))
        self.assertFalse(breaker.admits(105.0))

    def test_probe_succeeds(self) -> None:
        """
        A probe that succeeds closes it, and tells so.
        """
        breaker = opened()
        ticket = breaker.admit(105.0)
        assert ticket is not None

        self.assertTrue(breaker.succeeded(ticket))
        self.assertEqual((breaker.state, breaker.reason), (BreakerState.CLOSED, ""))

    def test_probe_fails(self) -> None:
        """
        A probe that fails opens it for another cool-down, without telling again.
        """
        breaker = opened()
        ticket = breaker.admit(105.0)
        assert ticket is not None

        self.assertFalse(breaker.failed(ticket, 106.0, "still away"))
        self.assertEqual([breaker.admits(now) for now in (110.9, 111.0)], [False, True])

    def test_probe_abandoned(self) -> None:
        """
        A probe whose caller left makes room for the next one at once.
        """
        breaker = opened()
        ticket = breaker.admit(105.0)
        assert ticket is not None

        breaker.abandoned(ticket)

        self.assertTrue(breaker.admits(105.0))

    def test_forced(self) -> None:
        """
        A forced probe is let through at any time, beside another probe too.
        """
        breaker = opened()

        first = breaker.admit(100.0, forced=True)
        second = breaker.admit(100.0, forced=True)

        assert first is not None
        assert second is not None
        self.assertTrue(breaker.succeeded(second))
        self.assertFalse(breaker.failed(first, 101.0, "late"))
        self.assertEqual(breaker.state, BreakerState.CLOSED)

    def test_late_outcomes(self) -> None:
        """
        Outcomes of calls from before it opened neither close it nor keep it open.
        """
        breaker = Breaker(threshold=1, cool_down=5.0)
        early = breaker.admit(0.0)
        assert early is not None
        breaker.failed(early, 1.0, "x")

        breaker.succeeded(early)
        breaker.failed(early, 3.0, "y")

        self.assertEqual(breaker.state, BreakerState.OPEN)
        self.assertTrue(breaker.admits(6.0))


Steps = st.lists(
    st.tuples(st.sampled_from(["admit", "force", "succeed", "fail", "abandon", "wait"]), st.integers(0, 5)),
    max_size=60,
)


class AnyHistoryTests(SynchronousTestCase):
    """
    What holds after any history.
    """

    @given(Steps, st.integers(1, 4))
    def test_never_stuck(self, steps: list[tuple[str, int]], threshold: int) -> None:
        """
        When all calls have ended and the cool-down has passed, a call is let through, and its success closes it.
        """
        breaker = Breaker(threshold=threshold, cool_down=5.0)
        now = 0.0
        running: list[int] = []
        for step, number in steps:
            if step in ("admit", "force"):
                ticket = breaker.admit(now, forced=step == "force")
                if ticket is not None:
                    running.append(ticket)
            elif step == "wait":
                now += number
            elif running:
                ticket = running.pop(number % len(running))
                if step == "succeed":
                    breaker.succeeded(ticket)
                elif step == "fail":
                    breaker.failed(ticket, now, "x")
                else:
                    breaker.abandoned(ticket)
        for ticket in running:
            breaker.abandoned(ticket)

        ticket = breaker.admit(now + 5.0)

        self.assertIsNotNone(ticket)
        assert ticket is not None
        breaker.succeeded(ticket)
        self.assertEqual(breaker.state, BreakerState.CLOSED)

    @given(st.integers(1, 10), st.integers(0, 9))
    def test_fewer_failures(self, threshold: int, failures: int) -> None:
        """
        Fewer failures than the threshold never open it.
        """
        breaker = Breaker(threshold=threshold)
        for _ in range(min(failures, threshold - 1)):
            ticket = breaker.admit(0.0)
            assert ticket is not None
            breaker.failed(ticket, 0.0, "x")

        self.assertEqual(breaker.state, BreakerState.CLOSED)
