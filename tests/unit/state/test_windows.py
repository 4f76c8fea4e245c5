"""
The states of pods in :mod:`trio2o.state.cache` while windows begin and end.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from twisted.internet.task import Clock
from twisted.logger import LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.state.samples import a_pod
from trio2o.model import PodState
from trio2o.state.cache import MemoryState

BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)
END = BEGIN + timedelta(hours=2)
ENABLED, DRAINING, MAINTENANCE = PodState.ENABLED, PodState.DRAINING, PodState.MAINTENANCE


class WindowTests(SynchronousTestCase):
    """
    Nobody announces that a window begins; the clock says so.
    """

    def setUp(self) -> None:
        """
        An hour before the window.
        """
        self.clock = Clock()
        self.clock.advance(BEGIN.timestamp() - 3600)
        self.state = MemoryState(self.clock)

    def states(self) -> list[PodState]:
        """
        What is shown.
        """
        return [pod.state for pod in self.state.pods()]

    def test_pods(self) -> None:
        """
        A pod is in maintenance from the first moment of its window to the last before its end, and enabled else.
        """
        self.state.put_pods([a_pod("Pod1", state=MAINTENANCE, state_from=BEGIN, state_until=END)])
        self.assertEqual([ENABLED], self.states())
        self.clock.advance(3599)
        self.assertEqual([ENABLED], self.states())
        self.clock.advance(1)
        self.assertEqual([MAINTENANCE], self.states())
        self.clock.advance(7199)
        self.assertEqual([MAINTENANCE], self.states())
        self.clock.advance(1)
        self.assertEqual([ENABLED], self.states())

    def test_by_id_and_name(self) -> None:
        """
        Whoever asks for the pod alone sees the turn as well, though nobody asked for all pods.
        """
        self.state.put_pods([a_pod("Pod1", state=DRAINING, state_from=BEGIN)])
        before = self.state.pod("Pod1-id")
        assert before is not None
        self.assertIs(ENABLED, before.state)
        self.clock.advance(3600)
        found = self.state.pod("Pod1-id")
        assert found is not None
        self.assertIs(DRAINING, found.state)
        self.assertIs(found, self.state.pod_named("Pod1"))

    def test_name_first(self) -> None:
        """
        Also by its name.
        """
        self.state.put_pods([a_pod("Pod1", state=DRAINING, state_until=BEGIN)])
        self.clock.advance(3600)
        found = self.state.pod_named("Pod1")
        assert found is not None
        self.assertIs(ENABLED, found.state)

    def test_several(self) -> None:
        """
        Each pod turns at its own time, in whatever order the times are.
        """
        self.state.put_pods(
            [
                a_pod("Pod1", 1, state=MAINTENANCE, state_from=END),
                a_pod("Pod2", 2, state=DRAINING, state_until=BEGIN),
                a_pod("Pod3", 3, state=MAINTENANCE),
            ]
        )
        self.assertEqual([ENABLED, DRAINING, MAINTENANCE], self.states())
        self.clock.advance(3600)
        self.assertEqual([ENABLED, ENABLED, MAINTENANCE], self.states())
        self.clock.advance(7200)
        self.assertEqual([MAINTENANCE, ENABLED, MAINTENANCE], self.states())

    def test_paused(self) -> None:
        """
        A process that slept over the whole window has missed nothing.
        """
        self.state.put_pods([a_pod("Pod1", state=MAINTENANCE, state_from=BEGIN, state_until=END)])
        self.clock.advance(4 * 3600)
        self.assertEqual([ENABLED], self.states())

    def test_within(self) -> None:
        """
        A window that is learnt of while it is open counts at once; what an operator says next takes its place.
        """
        self.clock.advance(3600)
        pod = a_pod("Pod1", state=MAINTENANCE, state_from=BEGIN, state_until=END)
        self.state.put_pods([pod])
        self.assertEqual([MAINTENANCE], self.states())
        self.state.put_pods([a_pod("Pod1")])
        self.assertEqual([ENABLED], self.states())
        self.clock.advance(7200)
        self.assertEqual([ENABLED], self.states())

    def test_told(self) -> None:
        """
        The log tells each turn once.
        """
        told: list[LogEvent] = []
        globalLogPublisher.addObserver(told.append)
        self.addCleanup(globalLogPublisher.removeObserver, told.append)
        self.state.put_pods([a_pod("Pod1", state=MAINTENANCE, state_from=BEGIN, state_until=END)])
        for _ in range(2):
            self.clock.advance(3600)
            self.states()
        self.clock.advance(3600)
        self.states()
        self.states()
        turns = [(event["pod"], event["state"], event["turned"]) for event in told]
        self.assertEqual([("Pod1", "maintenance", "began"), ("Pod1", "enabled", "ended")], turns)
