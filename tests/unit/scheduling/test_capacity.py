"""
Room, and what is preferred where there is more of it.
"""

from __future__ import annotations

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import Amounts, Candidate, Kind, PlacementRequest, Pod, PodSettings, Stock, Usage
from trio2o.scheduling.capacity import RESOURCES, CapacityFilter, CapacityRules, FreeCapacityWeigher

RULES = CapacityRules(
    overcommit=Amounts(vcpus=2.0, ram_mb=1.0, disk_gb=1.0, volume_gb=1.0),
    typical=Amounts(vcpus=1.0, ram_mb=1024.0, disk_gb=10.0, volume_gb=20.0),
)
ROOM = CapacityFilter(RULES)
FREE = FreeCapacityWeigher(RULES)
SERVER = PlacementRequest(project_id="p", kind=Kind.SERVER)
VOLUME = PlacementRequest(project_id="p", kind=Kind.VOLUME)

amounts = st.floats(0, 1e6)
needs = st.builds(Amounts, vcpus=amounts, ram_mb=amounts, disk_gb=amounts, volume_gb=amounts)
stocks = st.none() | st.builds(Stock, total=amounts, used=amounts)
usages = st.none() | st.builds(
    Usage,
    vcpus=stocks,
    ram_mb=stocks,
    disk_gb=stocks,
    volume_gb=stocks,
    largest_volume_gb=st.none() | amounts,
)
candidates = st.builds(
    Candidate, pod=st.just(Pod(id="1", name="Pod1", az_name="az1")), usage=usages, claimed=needs
)
requests = st.builds(
    PlacementRequest, project_id=st.just("p"), kind=st.sampled_from(Kind), needs=st.none() | needs
)


def a_candidate(usage: Usage | None, claimed: Amounts = Amounts(), **settings: object) -> Candidate:  # noqa: B008
    """
    A pod with this usage.
    """
    pod = Pod(id="1", name="Pod1", az_name="az1", settings=PodSettings(**settings))  # type: ignore[arg-type]
    return Candidate(pod=pod, usage=usage, claimed=claimed)


class RoomTests(SynchronousTestCase):
    """
    The filter.
    """

    def test_unknown(self) -> None:
        """
        What is not known is plenty: no usage, or a usage without the resource.
        """
        huge = evolve(SERVER, needs=Amounts(vcpus=1e9, ram_mb=1e9, disk_gb=1e9, volume_gb=1e9))
        for usage in (None, Usage()):
            self.assertTrue(ROOM.accepts(a_candidate(usage), huge))

    def test_to_the_last(self) -> None:
        """
        What is left, overcommitment included, is given to the last and no more.
        """
        pod = a_candidate(Usage(vcpus=Stock(total=4, used=5)))
        self.assertTrue(ROOM.accepts(pod, evolve(SERVER, needs=Amounts(vcpus=3))))
        self.assertFalse(ROOM.accepts(pod, evolve(SERVER, needs=Amounts(vcpus=3.5))))

    def test_each_resource(self) -> None:
        """
        Any resource that is short is enough to be dropped; one that is not asked for is none.
        """
        plenty = Stock(total=1e6, used=0)
        for resource in RESOURCES:
            fields = dict.fromkeys(RESOURCES, plenty) | {resource: Stock(total=10, used=30)}
            pod = a_candidate(Usage(**fields))
            with self.subTest(resource=resource):
                self.assertFalse(ROOM.accepts(pod, evolve(SERVER, needs=Amounts(**{resource: 1.0}))))
                others = {name: 1.0 for name in RESOURCES if name != resource}
                self.assertTrue(ROOM.accepts(pod, evolve(SERVER, needs=Amounts(**others))))

    def test_headroom(self) -> None:
        """
        The share that is kept free comes off what may be promised; a pod's own share goes before the general one.
        """
        usage = Usage(vcpus=Stock(total=10, used=17))
        rules = evolve(RULES, headroom=Amounts(vcpus=0.1))
        two = evolve(SERVER, needs=Amounts(vcpus=2))
        self.assertTrue(ROOM.accepts(a_candidate(usage), two))
        self.assertFalse(CapacityFilter(rules).accepts(a_candidate(usage), two))
        self.assertTrue(CapacityFilter(rules).accepts(a_candidate(usage, headroom={"vcpus": 0.0}), two))

    def test_own_overcommitment(self) -> None:
        """
        A pod's own overcommitment goes before the general one.
        """
        pod = a_candidate(Usage(vcpus=Stock(total=10, used=15)), overcommit={"vcpus": 1.0})
        self.assertFalse(ROOM.accepts(pod, SERVER))

    def test_claims(self) -> None:
        """
        What was placed since the collection is used too (I12).
        """
        usage = Usage(volume_gb=Stock(total=100, used=50))
        request = evolve(VOLUME, needs=Amounts(volume_gb=30))
        self.assertTrue(ROOM.accepts(a_candidate(usage, Amounts(volume_gb=20)), request))
        self.assertFalse(ROOM.accepts(a_candidate(usage, Amounts(volume_gb=21)), request))

    def test_typical(self) -> None:
        """
        A request that does not say what it needs counts as a typical one of its kind; what is not counted needs nothing.
        """
        full = Usage(vcpus=Stock(total=1, used=2), volume_gb=Stock(total=100, used=80))
        self.assertFalse(ROOM.accepts(a_candidate(full), SERVER))
        self.assertTrue(ROOM.accepts(a_candidate(full), VOLUME))
        self.assertFalse(ROOM.accepts(a_candidate(full, Amounts(volume_gb=1)), VOLUME))
        self.assertTrue(ROOM.accepts(a_candidate(full), evolve(SERVER, kind=Kind.SERVER_GROUP)))

    def test_one_pool(self) -> None:
        """
        A volume must fit into one pool, however much all have together.
        """
        usage = Usage(volume_gb=Stock(total=1000, used=0), largest_volume_gb=100)
        self.assertTrue(ROOM.accepts(a_candidate(usage), evolve(VOLUME, needs=Amounts(volume_gb=100))))
        self.assertFalse(ROOM.accepts(a_candidate(usage), evolve(VOLUME, needs=Amounts(volume_gb=101))))

    @given(candidates, requests, needs)
    def test_more_used_never_helps(self, pod: Candidate, request: PlacementRequest, more: Amounts) -> None:
        """
        A pod that is dropped stays dropped with more placed there, and for a request that needs more.
        """
        if ROOM.accepts(pod, request):
            return
        self.assertFalse(ROOM.accepts(evolve(pod, claimed=pod.claimed.plus(more)), request))
        needed = RULES.needs(request).plus(more)
        self.assertFalse(ROOM.accepts(pod, evolve(request, needs=needed)))


class FreeCapacityTests(SynchronousTestCase):
    """
    The weigher.
    """

    def test_scarcest(self) -> None:
        """
        The share that would stay free of the scarcest resource counts.
        """
        usage = Usage(vcpus=Stock(total=10, used=0), ram_mb=Stock(total=10240, used=4096))
        self.assertEqual(FREE.weigh(a_candidate(usage), SERVER), 0.5)

    def test_plenty(self) -> None:
        """
        Unknown usage is 1.
        """
        self.assertEqual(FREE.weigh(a_candidate(None), SERVER), 1.0)
        self.assertEqual(FREE.weigh(a_candidate(Usage()), SERVER), 1.0)

    def test_nothing_at_all(self) -> None:
        """
        A pod without hypervisors has no share.
        """
        self.assertEqual(FREE.weigh(a_candidate(Usage(vcpus=Stock(total=0, used=0))), SERVER), 0.0)

    @given(candidates, requests, needs)
    def test_falls(self, pod: Candidate, request: PlacementRequest, more: Amounts) -> None:
        """
        It is a share, and the more is placed the smaller it is.
        """
        before = FREE.weigh(pod, request)
        self.assertTrue(0.0 <= before <= 1.0)
        self.assertLessEqual(FREE.weigh(evolve(pod, claimed=pod.claimed.plus(more)), request), before)
