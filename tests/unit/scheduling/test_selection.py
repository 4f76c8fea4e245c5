"""
The order in which pods are tried.
"""

from __future__ import annotations

import math
from itertools import pairwise

from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from trio2o.interfaces import IPodWeigher
from trio2o.model import Candidate, Kind, PlacementRequest, Pod, PodState
from trio2o.scheduling.registry import BUILT_IN_FILTERS, make_filters, make_weighers
from trio2o.scheduling.selection import Selection
from trio2o.scheduling.weighing import Weighted, normalised

ANY = PlacementRequest(project_id="p", kind=Kind.SERVER)
SELECTION = Selection(
    filters=make_filters(["state", "availability_zone", "affinity", "health"]),
    weighers=make_weighers({"binding": 3.0, "operator_weight": 1.0, "creation_order": 0.5}),
)


def a_candidate(number: int, *, healthy: bool = True, bound: bool = False, **pod: object) -> Candidate:
    """
    A candidate whose pod is named after a number.
    """
    fields = {"id": f"id{number}", "name": f"Pod{number}", "az_name": "az1", "serial": number, **pod}
    return Candidate(pod=Pod(**fields), healthy=healthy, bound=bound)  # type: ignore[arg-type]


@implementer(IPodWeigher)
@frozen
class Says:
    """
    A weigher that gives each pod the number told.
    """

    numbers: dict[str, float]
    name: str = "says"

    def weigh(self, candidate: Candidate, request: PlacementRequest) -> float:
        return self.numbers[candidate.pod.id]


candidates = st.lists(
    st.builds(
        a_candidate,
        st.integers(0, 30),
        healthy=st.booleans(),
        bound=st.booleans(),
        az_name=st.sampled_from(["az1", "az2", ""]),
        state=st.sampled_from(PodState),
        weight=st.floats(allow_nan=False, allow_infinity=False),
        affinity=st.sampled_from([frozenset(), frozenset({"gpu"}), frozenset({"gpu", "ssd"})]),
        serial=st.integers(0, 3),
    ),
    unique_by=lambda candidate: candidate.pod.id,
    max_size=12,
)
some_ids = st.frozensets(st.integers(0, 30).map(lambda number: f"id{number}"))
requests = st.builds(
    PlacementRequest,
    project_id=st.just("p"),
    kind=st.sampled_from(Kind),
    availability_zone=st.sampled_from([None, "az1", "az2", "az3"]),
    pod_group=st.sampled_from(["", "gpu", "gpu,ssd"]),
    within=st.none() | some_ids,
    excluded=some_ids,
)


class RankingTests(SynchronousTestCase):
    """
    What holds for every set of pods and every request.
    """

    @given(candidates, requests, st.randoms(use_true_random=False))
    def test_any_order(self, pods: list[Candidate], request: PlacementRequest, random: object) -> None:
        """
        The order in which candidates are given changes nothing of the result.
        """
        shuffled = list(pods)
        random.shuffle(shuffled)  # type: ignore[attr-defined]

        self.assertEqual(SELECTION.rank(shuffled, request), SELECTION.rank(pods, request))

    @given(candidates, requests)
    def test_filtered_pods_are_not_chosen(self, pods: list[Candidate], request: PlacementRequest) -> None:
        """
        Every pod is either in the order, accepted by all filters, or dropped by a filter that refuses it.
        """
        ranking = SELECTION.rank(pods, request)

        by_id = {candidate.pod.id: candidate for candidate in pods}
        for ranked in ranking.ordered:
            self.assertTrue(all(one.accepts(ranked.candidate, request) for one in SELECTION.filters))
        for dropped in ranking.dropped:
            refusing = BUILT_IN_FILTERS[dropped.filter_name]()
            self.assertFalse(refusing.accepts(by_id[dropped.pod.id], request))
        told = [one.pod.id for one in ranking.ordered] + [one.pod.id for one in ranking.dropped]
        self.assertCountEqual(told, list(by_id))

    @given(candidates, requests)
    def test_larger_total_first(self, pods: list[Candidate], request: PlacementRequest) -> None:
        """
        Totals fall along the order; equal ones go by serial, then id.
        """
        for before, after in pairwise(SELECTION.rank(pods, request).ordered):
            self.assertLess(
                (-before.total, before.pod.serial, before.pod.id),
                (-after.total, after.pod.serial, after.pod.id),
            )

    @given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
    def test_normalised(self, numbers: list[float]) -> None:
        """
        Finite numbers of any size come to 0..1 and keep their order.
        """
        normal = normalised(numbers)

        self.assertTrue(all(0.0 <= number <= 1.0 for number in normal))
        for (first, first_normal), (second, second_normal) in pairwise(zip(numbers, normal, strict=True)):
            if first <= second:
                self.assertLessEqual(first_normal, second_normal)

    def test_factor(self) -> None:
        """
        A pod that one weigher prefers by its whole range comes first exactly when its factor is the larger one.
        """
        pods = [
            a_candidate(1, weight=1.0),
            a_candidate(2, weight=9.0, bound=False),
            a_candidate(3, bound=True),
        ]
        for stickiness, first in ((1.5, "Pod3"), (0.5, "Pod2")):
            weighers = make_weighers({"binding": stickiness, "operator_weight": 1.0})
            ranking = Selection(filters=(), weighers=weighers).rank(pods, ANY)

            self.assertEqual(ranking.pods[0].name, first)

    def test_explanation(self) -> None:
        """
        Each pod's weights are told as the weigher gave them, brought to 0..1, and multiplied by the factor.
        """
        selection = Selection(
            filters=(),
            weighers=(Weighted(weigher=Says({"id1": 10.0, "id2": 30.0, "id3": 25.0}), factor=2.0),),
        )

        ranking = selection.rank([a_candidate(1), a_candidate(2), a_candidate(3)], ANY)

        told = {one.pod.name: one.weights["says"] for one in ranking.ordered}
        self.assertEqual((told["Pod3"].raw, told["Pod3"].normal, told["Pod3"].weighted), (25.0, 0.75, 1.5))
        self.assertEqual([pod.name for pod in ranking.pods], ["Pod2", "Pod3", "Pod1"])

    def test_fills_the_first(self) -> None:
        """
        With nothing else to tell them apart, the pod that was made first comes first.
        """
        ranking = SELECTION.rank([a_candidate(3), a_candidate(1), a_candidate(2)], ANY)

        self.assertEqual([pod.name for pod in ranking.pods], ["Pod1", "Pod2", "Pod3"])

    def test_reasons(self) -> None:
        """
        A dropped pod's reason is that of the first filter that refused it.
        """
        pods = [a_candidate(1, state=PodState.DRAINING, healthy=False), a_candidate(2, healthy=False)]

        self.assertEqual(
            SELECTION.rank(pods, ANY).reasons,
            {"Pod1": "its state takes no new resources", "Pod2": "does not answer"},
        )

    def test_weigher_that_is_no_number(self) -> None:
        """
        A weigher that gives NaN or infinity is refused by name, since nothing could be ordered by it.
        """
        for number in (math.nan, math.inf):
            selection = Selection(filters=(), weighers=(Weighted(weigher=Says({"id1": number})),))
            self.assertIn("says", str(self.assertRaises(ValueError, selection.rank, [a_candidate(1)], ANY)))


class FilterTests(SynchronousTestCase):
    """
    Each built-in filter by itself: what it lets through and what not.
    """

    def check(
        self, name: str, yes: tuple[Candidate, PlacementRequest], no: tuple[Candidate, PlacementRequest]
    ) -> None:
        """
        The filter accepts one and refuses the other.
        """
        one = BUILT_IN_FILTERS[name]()
        self.assertEqual(one.name, name)
        self.assertTrue(one.accepts(*yes))
        self.assertFalse(one.accepts(*no))

    def test_availability_zone(self) -> None:
        """
        A named zone wants its pods; no zone takes every pod.
        """
        pod = a_candidate(1)
        self.check("availability_zone", (pod, ANY), (pod, evolve(ANY, availability_zone="az2")))
        self.check(
            "availability_zone",
            (pod, evolve(ANY, availability_zone="az1")),
            (pod, evolve(ANY, availability_zone="")),
        )

    def test_state(self) -> None:
        """
        Only enabled pods take new resources, and the top region is no pod.
        """
        for state in (PodState.DRAINING, PodState.MAINTENANCE, PodState.DISABLED):
            self.check("state", (a_candidate(1), ANY), (a_candidate(1, state=state), ANY))
        self.check("state", (a_candidate(1), ANY), (a_candidate(1, az_name=""), ANY))

    def test_health(self) -> None:
        """
        A pod whose breaker is open is left out.
        """
        self.check("health", (a_candidate(1), ANY), (a_candidate(1, healthy=False), ANY))

    def test_affinity(self) -> None:
        """
        Tags must be those asked for, all and no others, in whatever order they were written.
        """
        pod = a_candidate(1, affinity=frozenset({"ssd", "gpu"}))
        self.check("affinity", (pod, evolve(ANY, pod_group="gpu,ssd")), (pod, evolve(ANY, pod_group="gpu")))
        self.check("affinity", (a_candidate(1), ANY), (pod, ANY))

    def test_references(self) -> None:
        """
        Pods without what the body names are left out; an empty set leaves out all.
        """
        pod = a_candidate(1)
        self.check(
            "references",
            (pod, evolve(ANY, within=frozenset({"id1"}))),
            (pod, evolve(ANY, within=frozenset())),
        )

    def test_excluded(self) -> None:
        """
        A pod that failed this request is not tried again.
        """
        pod = a_candidate(1)
        self.check(
            "excluded",
            (pod, evolve(ANY, excluded=frozenset({"id2"}))),
            (pod, evolve(ANY, excluded=frozenset({"id1"}))),
        )
