"""
What the scheduler would do, for people.
"""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import Binding, Candidate, Kind, PlacementRequest, Pod, PodState
from trio2o.scheduling.binding_move import Move
from trio2o.scheduling.explaining import Explanation, explained, told
from trio2o.scheduling.registry import make_filters, make_weighers
from trio2o.scheduling.selection import Selection

SERVER = PlacementRequest(project_id="p", kind=Kind.SERVER, availability_zone="az1")
POD1 = Pod(id="1", name="Pod1", az_name="az1", serial=1, weight=5.0)
POD2 = Pod(id="2", name="Pod2", az_name="az1", serial=2)
POD3 = Pod(id="3", name="Pod3", az_name="az1", serial=3, state=PodState.DRAINING)
ELSEWHERE = Binding(
    id="b1",
    tenant_id="p",
    pod_id="2",
    az_name="az1",
    is_binding=True,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)
SELECTION = Selection(
    filters=make_filters(["state"]), weighers=make_weighers({"operator_weight": 10.0, "creation_order": 1.0})
)


def explain(*pods: Pod, bindings: tuple[Binding, ...] = ()) -> Explanation:
    """
    The explanation of a server's create.
    """
    ranking = SELECTION.rank([Candidate(pod=pod) for pod in pods], SERVER)
    return explained(SERVER, ranking, bindings)


class ExplanationTests(SynchronousTestCase):
    """
    What becomes of the binding.
    """

    def test_moves(self) -> None:
        """
        None is made, another pod's is moved, the same pod's stays; one in another zone or group does not count.
        """
        same = evolve(ELSEWHERE, pod_id="1")
        for bindings, current, move in (
            ((), None, Move.CREATE),
            ((ELSEWHERE,), ELSEWHERE, Move.MOVE),
            ((same,), same, Move.NOTHING),
            ((evolve(same, az_name="az2"), evolve(same, pod_group="gpu")), None, Move.CREATE),
        ):
            with self.subTest(move=move):
                explanation = explain(POD1, POD2, bindings=bindings)
                self.assertEqual(explanation.current, current)
                self.assertEqual(explanation.move.move, move)

    def test_nobody(self) -> None:
        """
        Where no pod is left, no binding is touched.
        """
        explanation = explain(POD3, bindings=(ELSEWHERE,))
        self.assertEqual((explanation.current, explanation.move.move), (None, Move.NOTHING))


class TableTests(SynchronousTestCase):
    """
    The table.
    """

    def test_all(self) -> None:
        """
        The pods in their order with each weigher's numbers, those that are left out with the reason, and the binding's fate.
        """
        self.assertEqual(
            told(explain(POD1, POD2, POD3, bindings=(ELSEWHERE,))).splitlines(),
            [
                "A server of project p in az1:",
                "",
                "   pod   total  operator_weight  creation_order",
                "1  Pod1  11.00  10.00            1.00",
                "2  Pod2  0.00   0.00             0.00",
                "",
                "Pod3  state  its state takes no new resources",
                "",
                "The project's binding: moved to Pod1 once a create has succeeded there",
            ],
        )

    def test_nobody(self) -> None:
        """
        Without a pod that is what is told.
        """
        self.assertEqual(
            told(explain(POD3)).splitlines(),
            [
                "A server of project p in az1:",
                "",
                "No pod can take it.",
                "",
                "Pod3  state  its state takes no new resources",
            ],
        )

    def test_no_zone(self) -> None:
        """
        A request of a group, without a zone.
        """
        explanation = explain(POD1)
        request = evolve(SERVER, availability_zone=None, pod_group="gpu", kind=Kind.VOLUME)
        first = told(evolve(explanation, request=request)).splitlines()[0]
        self.assertEqual(first, "A volume of project p in any zone, group gpu:")
