"""
When a binding moves, and that it does not go back and forth.
"""

from __future__ import annotations

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.config.schema import SchedulingSection
from trio2o.model import Amounts, Candidate, Kind, PlacementRequest, Pod, PodSettings, Stock, Usage
from trio2o.scheduling.registry import BUILT_IN_WEIGHERS, make_weighers
from trio2o.scheduling.selection import Selection
from trio2o.scheduling.weighing import normalised

SERVER = PlacementRequest(project_id="p", kind=Kind.SERVER, needs=Amounts(ram_mb=1.0))
#: Another pod must have a fifth more of its whole free.
STICKY = Selection(filters=(), weighers=make_weighers({"free_capacity": 10.0, "binding": 2.0}))

numbers = st.lists(st.floats(0, 1e300), min_size=1, max_size=8)


def pods(*free: float) -> list[Candidate]:
    """
    Pods of which these shares of the memory are free.
    """
    return [
        Candidate(
            pod=Pod(
                id=f"id{number}",
                name=f"Pod{number}",
                az_name="az1",
                serial=number,
                settings=PodSettings(overcommit={"ram_mb": 1.0}),
            ),
            usage=Usage(ram_mb=Stock(total=1000.0, used=1000.0 * (1 - share))),
        )
        for number, share in enumerate(free, 1)
    ]


def bound(candidates: list[Candidate], name: str) -> list[Candidate]:
    """
    The same with the project bound to one of them.
    """
    return [evolve(one, bound=one.pod.name == name) for one in candidates]


class StickinessTests(SynchronousTestCase):
    """
    The binding's weight against shares of free room.
    """

    def first(self, candidates: list[Candidate], name: str) -> str:
        """
        The pod that comes first for a project that is bound to this one.
        """
        return STICKY.rank(bound(candidates, name), SERVER).pods[0].name

    def test_a_little_more(self) -> None:
        """
        A pod that has a little more room moves no binding, whichever of the two it is.
        """
        for other in (0.50, 0.51, 0.69):
            self.assertEqual(self.first(pods(0.5, other), "Pod1"), "Pod1")
            self.assertEqual(self.first(pods(0.5, other), "Pod2"), "Pod2")

    def test_much_more(self) -> None:
        """
        One that has more by more than the stickiness does.
        """
        self.assertEqual(self.first(pods(0.5, 0.75), "Pod1"), "Pod2")

    @given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=2))
    def test_no_way_back(self, free: list[float]) -> None:
        """
        A binding that has moved stays, while nothing else changes.
        """
        candidates = pods(*free)
        there = self.first(candidates, "Pod1")
        self.assertEqual(self.first(candidates, there), there)

    @given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=6), st.randoms(use_true_random=False))
    def test_any_order(self, free: list[float], random: object) -> None:
        """
        All weighers together give one order, however the candidates are given.
        """
        selection = Selection(filters=(), weighers=make_weighers(dict.fromkeys(BUILT_IN_WEIGHERS, 3.0)))
        candidates = bound(pods(*free), "Pod2")
        shuffled = list(candidates)
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        self.assertEqual(selection.rank(shuffled, SERVER), selection.rank(candidates, SERVER))


class DefaultsTests(SynchronousTestCase):
    """
    The weighers of a configuration that says nothing.
    """

    selection = Selection(filters=(), weighers=make_weighers(SchedulingSection().weighers))

    def first(self, candidates: list[Candidate]) -> str:
        """
        The pod that comes first.
        """
        return self.selection.rank(candidates, SERVER).pods[0].name

    def test_fresh(self) -> None:
        """
        Pods that are equally empty, or of which nothing is known, are taken in the order in which they were made.
        """
        self.assertEqual("Pod1", self.first(pods(1.0, 1.0, 1.0)[::-1]))
        self.assertEqual("Pod1", self.first([evolve(one, usage=None) for one in pods(0.1, 1.0)]))

    def test_emptiest(self) -> None:
        """
        A new project goes where the largest share is free.
        """
        self.assertEqual("Pod2", self.first(pods(0.50, 0.51, 0.49)))

    def test_bound(self) -> None:
        """
        A bound one stays, however full its pod is and whatever operators prefer, until creates have failed there.
        """
        candidates = bound(pods(0.01, 1.0), "Pod1")
        preferred = [candidates[0], evolve(candidates[1], pod=evolve(candidates[1].pod, weight=9.0))]
        self.assertEqual("Pod1", self.first(preferred))
        self.assertEqual("Pod1", self.first([evolve(candidates[0], failures=1), candidates[1]]))

    def test_failures(self) -> None:
        """
        Two failures outweigh all the rest together.
        """
        empty, full = bound(pods(1.0, 0.01), "Pod1")
        preferred = evolve(empty, pod=evolve(empty.pod, weight=9.0))
        self.assertEqual("Pod2", self.first([evolve(preferred, failures=2), full]))

    def test_operator(self) -> None:
        """
        What the operator prefers outweighs how empty pods are.
        """
        full, empty = pods(0.01, 1.0)
        self.assertEqual("Pod1", self.first([evolve(full, pod=evolve(full.pod, weight=1.5)), empty]))


class PreferenceTests(SynchronousTestCase):
    """
    Each weigher by itself: what comes first.
    """

    def order(self, weigher: str, candidates: list[Candidate]) -> list[str]:
        """
        The names in the order that this weigher alone gives.
        """
        selection = Selection(filters=(), weighers=make_weighers({weigher: 1.0}))
        return [pod.name for pod in selection.rank(candidates, SERVER).pods]

    def test_free_capacity(self) -> None:
        """
        The emptier pod.
        """
        self.assertEqual(self.order("free_capacity", pods(0.2, 0.9, 0.5)), ["Pod2", "Pod3", "Pod1"])

    def test_spread(self) -> None:
        """
        The pod with fewer projects; unknown is none.
        """
        first, second, third = pods(1, 1, 1)
        candidates = [
            evolve(first, usage=Usage(projects=5)),
            evolve(second, usage=Usage(projects=2)),
            evolve(third, usage=None),
        ]
        self.assertEqual(self.order("spread", candidates), ["Pod3", "Pod2", "Pod1"])

    def test_cost(self) -> None:
        """
        The cheaper pod.
        """
        candidates = [
            evolve(one, pod=evolve(one.pod, settings=PodSettings(cost=cost)))
            for one, cost in zip(pods(1, 1, 1), (3.0, 1.0, 2.0), strict=True)
        ]
        self.assertEqual(self.order("cost", candidates), ["Pod2", "Pod3", "Pod1"])

    def test_recent_failures(self) -> None:
        """
        The pod that has failed less.
        """
        first, second, third = pods(1, 1, 1)
        candidates = [evolve(first, failures=2), evolve(second, failures=1), third]
        self.assertEqual(self.order("recent_failures", candidates), ["Pod3", "Pod2", "Pod1"])

    def test_equal(self) -> None:
        """
        Pods that no weigher tells apart go by serial.
        """
        for weigher in BUILT_IN_WEIGHERS:
            self.assertEqual(self.order(weigher, pods(1, 1, 1)[::-1]), ["Pod1", "Pod2", "Pod3"])


class ScaleTests(SynchronousTestCase):
    """
    How numbers come to 0..1.
    """

    def test_share(self) -> None:
        """
        Shares are what they are, cut off at the ends.
        """
        self.assertEqual(normalised([0.5, 0.51, -1.0, 2.0], "share"), [0.5, 0.51, 0.0, 1.0])

    def test_ratio(self) -> None:
        """
        Numbers with a true 0 are compared with the one farthest from it.
        """
        self.assertEqual(normalised([100.0, 50.0, 0.0], "ratio"), [1.0, 0.5, 0.0])
        self.assertEqual(normalised([-100.0, -50.0, 0.0], "ratio"), [0.0, 0.5, 1.0])
        self.assertEqual(normalised([0.0, 0.0], "ratio"), [0.0, 0.0])
        self.assertEqual(normalised([], "ratio"), [])

    def test_unknown(self) -> None:
        """
        A scale that does not exist is refused.
        """
        self.assertRaises(ValueError, normalised, [1.0], "logarithmic")

    @given(numbers, st.sampled_from([1.0, -1.0]))
    def test_ratio_keeps_the_order(self, given_: list[float], sign: float) -> None:
        """
        Ratios are in 0..1, in the order of their numbers.
        """
        signed = [sign * number for number in given_]
        normal = normalised(signed, "ratio")
        self.assertTrue(all(0.0 <= number <= 1.0 for number in normal))
        for one, one_normal in zip(signed, normal, strict=True):
            for other, other_normal in zip(signed, normal, strict=True):
                if one <= other:
                    self.assertLessEqual(one_normal, other_normal)
