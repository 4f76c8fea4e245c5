"""
What a successful create does to the project's binding.
"""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import Binding, Candidate, Kind, PlacementRequest, Pod, PodState
from trio2o.scheduling.binding_move import MOST_REASON, NO_MOVE, BindingMove, Move, binding_move
from trio2o.scheduling.registry import make_filters, make_weighers
from trio2o.scheduling.selection import Ranking, Selection

POD = Pod(id="pod2", name="Pod2", az_name="az1")
FREE = PlacementRequest(project_id="p", kind=Kind.SERVER)
HERE = Binding(
    id="b1",
    tenant_id="p",
    pod_id="pod2",
    az_name="az1",
    is_binding=True,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)
ELSEWHERE = evolve(HERE, pod_id="pod1")
POD1 = Pod(id="pod1", name="Pod1", az_name="az1", state=PodState.DRAINING)


def ranked(*candidates: Candidate, **weighers: float) -> Ranking:
    """
    What the filters of state and health and some weighers say.
    """
    selection = Selection(filters=make_filters(["state", "health"]), weighers=make_weighers(weighers))
    return selection.rank(candidates, FREE)


DRAINING = ranked(Candidate(pod=POD1), Candidate(pod=POD))


class BindingMoveTests(SynchronousTestCase):
    """
    None: create; another pod: move; the same pod: nothing (I10).
    """

    def test_none(self) -> None:
        """
        A project without a binding gets one.
        """
        self.assertEqual(
            binding_move(None, POD, FREE, DRAINING), BindingMove(move=Move.CREATE, reason="created")
        )

    def test_same(self) -> None:
        """
        A binding to the same pod stays.
        """
        self.assertEqual(binding_move(HERE, POD, FREE, DRAINING), NO_MOVE)

    def test_other(self) -> None:
        """
        A binding to another pod is replaced, by its id.
        """
        self.assertEqual(
            binding_move(ELSEWHERE, POD, FREE, DRAINING),
            BindingMove(move=Move.MOVE, replaces="b1", reason="moved: state dropped Pod1 (draining)"),
        )

    def test_pinned(self) -> None:
        """
        A create whose body names what lives in a pod moves no binding.
        """
        pinned = evolve(FREE, within=frozenset({"pod2"}))

        self.assertEqual(binding_move(ELSEWHERE, POD, pinned, DRAINING), NO_MOVE)

    def test_fell_back(self) -> None:
        """
        A create that another pod had refused moves no binding.
        """
        fell_back = evolve(FREE, excluded=frozenset({"pod1"}))

        self.assertEqual(binding_move(ELSEWHERE, POD, fell_back, DRAINING), NO_MOVE)


class ReasonTests(SynchronousTestCase):
    """
    What a move is remembered by.
    """

    def reason(self, *candidates: Candidate, **weighers: float) -> str:
        """
        Of a move from ``Pod1`` to ``Pod2``.
        """
        return binding_move(ELSEWHERE, POD, FREE, ranked(*candidates, **weighers)).reason

    def test_filter(self) -> None:
        """
        A filter that dropped the pod is named, with its own reason.
        """
        sick = Candidate(pod=evolve(POD1, state=PodState.ENABLED), healthy=False)

        self.assertEqual(
            self.reason(sick, Candidate(pod=POD)), "moved: health dropped Pod1 (does not answer)"
        )

    def test_weigher(self) -> None:
        """
        Of several weighers that spoke for the other pod the one that made the most difference is named.
        """
        left = Candidate(pod=evolve(POD1, state=PodState.ENABLED, weight=1.0), bound=True, failures=1)
        better = Candidate(pod=evolve(POD, weight=9.0))

        self.assertEqual(
            self.reason(left, better, recent_failures=1.0, operator_weight=4.0, binding=2.0),
            "moved: operator_weight outweighed Pod1",
        )

    def test_equal(self) -> None:
        """
        Between equals the order of creation decides.
        """
        left = Candidate(pod=evolve(POD1, state=PodState.ENABLED, serial=2))

        self.assertEqual(
            self.reason(left, Candidate(pod=evolve(POD, serial=1))),
            "moved: Pod2 is as good as Pod1, and comes first",
        )

    def test_gone(self) -> None:
        """
        A pod that is no longer registered has no name to tell.
        """
        self.assertEqual(self.reason(Candidate(pod=POD)), "moved: its pod is gone")

    def test_bounded(self) -> None:
        """
        A long name makes no long reason.
        """
        long = evolve(POD1, name="x" * MOST_REASON)

        reason = self.reason(Candidate(pod=long), Candidate(pod=POD))

        self.assertEqual(len(reason), MOST_REASON)
        self.assertTrue(reason.startswith("moved: state dropped xxx"))
