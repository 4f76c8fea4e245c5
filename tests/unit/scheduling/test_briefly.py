"""
Explanations in one line.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import Binding, Candidate, Kind, PlacementRequest, Pod, PodState
from trio2o.scheduling.briefly import briefly
from trio2o.scheduling.explaining import Explanation, explained
from trio2o.scheduling.registry import make_filters, make_weighers
from trio2o.scheduling.selection import Selection

SERVER = PlacementRequest(project_id="p", kind=Kind.SERVER, availability_zone="az1")
POD1 = Pod(id="1", name="Pod1", az_name="az1", serial=1, weight=5.0)
POD2 = Pod(id="2", name="Pod2", az_name="az1", serial=2)
POD3 = Pod(id="3", name="Pod3", az_name="az1", serial=3, state=PodState.DRAINING)
BOUND = Binding(
    id="b1",
    tenant_id="p",
    pod_id="2",
    az_name="az1",
    is_binding=True,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)
SELECTION = Selection(
    filters=make_filters(["state", "availability_zone"]),
    weighers=make_weighers({"operator_weight": 10.0, "creation_order": 1.0}),
)


def explain(*pods: Pod, bindings: tuple[Binding, ...] = ()) -> Explanation:
    """
    The explanation of a server's create.
    """
    ranking = SELECTION.rank([Candidate(pod=pod) for pod in pods], SERVER)
    return explained(SERVER, ranking, bindings)


names = st.text(max_size=255)
pods = st.lists(
    st.builds(
        Pod,
        id=st.uuids().map(str),
        name=names,
        az_name=st.sampled_from(["az1", "az2"]),
        weight=st.floats(-1e300, 1e300),
        state=st.sampled_from([PodState.ENABLED, PodState.DRAINING]),
    ),
    unique_by=lambda pod: pod.id,
    max_size=12,
)


class BrieflyTests(SynchronousTestCase):
    """
    What is told.
    """

    def test_whole(self) -> None:
        """
        The pods in their order with each weigher's own and weighted number, the dropped by filter, and the binding's move.
        """
        told = json.loads(briefly(explain(POD1, POD2, POD3, bindings=(BOUND,)), 4096))

        self.assertEqual(
            told,
            {
                "zone": "az1",
                "group": "",
                "move": "move",
                "binding": "Pod2",
                "reason": "moved: operator_weight outweighed Pod2",
                "ranked": [
                    {
                        "pod": "Pod1",
                        "total": 11.0,
                        "weights": {"operator_weight": [5.0, 10.0], "creation_order": [-1.0, 1.0]},
                    },
                    {
                        "pod": "Pod2",
                        "total": 0.0,
                        "weights": {"operator_weight": [1.0, 0.0], "creation_order": [-2.0, 0.0]},
                    },
                ],
                "dropped": {"state": ["Pod3"]},
            },
        )

    def test_nobody(self) -> None:
        """
        Without a pod that is left, and with pods that failed.
        """
        told = json.loads(briefly(evolve(explain(POD3), failed=(POD1, POD2)), 4096))

        self.assertEqual(told["ranked"], [])
        self.assertEqual((told["move"], told["binding"]), ("nothing", None))
        self.assertEqual(told["failed"], ["Pod1", "Pod2"])

    def test_cut(self) -> None:
        """
        Of a thousand pods the best are told, and some of the others, as many as there is room for; the rest is counted.
        """
        many = [evolve(POD1, id=f"{n}", name=f"Pod{n}", serial=n) for n in range(500)]
        more = [evolve(POD3, id=f"{n}", name=f"Pod{n}", serial=n) for n in range(500, 1000)]
        line = briefly(explain(*many, *more), 4096)
        told = json.loads(line)

        self.assertEqual([one["pod"] for one in told["ranked"][:3]], ["Pod0", "Pod1", "Pod2"])
        self.assertEqual(told["cut"]["ranked"], 500 - len(told["ranked"]))
        self.assertEqual(told["cut"]["dropped"], 500 - len(told["dropped"]["state"]))
        self.assertGreater(len(line), 3900)
        few = json.loads(briefly(explain(POD1, *more), 4096))
        self.assertGreater(len(few["dropped"]["state"]), 300)
        self.assertEqual(list(few["cut"]), ["dropped"])

    @given(pods, names, st.lists(names, max_size=9))
    def test_bounded(self, pods: list[Pod], zone: str, failed: list[str]) -> None:
        """
        Whatever the names are: ASCII without line ends, JSON, and no longer than it may be; every pod is told or counted.
        """
        explanation = explain(*pods)
        request = evolve(SERVER, availability_zone=zone, pod_group=zone)
        some = tuple(evolve(POD1, name=name) for name in failed)
        line = briefly(evolve(explanation, request=request, failed=some), 4096)

        self.assertLessEqual(len(line), 4096)
        self.assertTrue(line.isascii() and line.isprintable())
        told = json.loads(line)
        cut = told.get("cut", {})
        self.assertEqual(len(told["ranked"]) + cut.get("ranked", 0), len(explanation.ranking.ordered))
        count = sum(len(names) for names in told["dropped"].values())
        self.assertEqual(count + cut.get("dropped", 0), len(explanation.ranking.dropped))
