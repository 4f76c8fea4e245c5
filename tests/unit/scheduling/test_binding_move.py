"""
What a successful create does to the project's binding.
"""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import Binding, Kind, PlacementRequest, Pod
from trio2o.scheduling.binding_move import NO_MOVE, BindingMove, Move, binding_move

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


class BindingMoveTests(SynchronousTestCase):
    """
    None: create; another pod: move; the same pod: nothing (I10).
    """

    def test_none(self) -> None:
        """
        A project without a binding gets one.
        """
        self.assertEqual(binding_move(None, POD, FREE), BindingMove(move=Move.CREATE, reason="created"))

    def test_same(self) -> None:
        """
        A binding to the same pod stays.
        """
        self.assertEqual(binding_move(HERE, POD, FREE), NO_MOVE)

    def test_other(self) -> None:
        """
        A binding to another pod is replaced, by its id.
        """
        self.assertEqual(
            binding_move(ELSEWHERE, POD, FREE), BindingMove(move=Move.MOVE, replaces="b1", reason="moved")
        )

    def test_pinned(self) -> None:
        """
        A create whose body names what lives in a pod moves no binding.
        """
        pinned = evolve(FREE, within=frozenset({"pod2"}))

        self.assertEqual(binding_move(ELSEWHERE, POD, pinned), NO_MOVE)

    def test_fell_back(self) -> None:
        """
        A create that another pod had refused moves no binding.
        """
        fell_back = evolve(FREE, excluded=frozenset({"pod1"}))

        self.assertEqual(binding_move(ELSEWHERE, POD, fell_back), NO_MOVE)
