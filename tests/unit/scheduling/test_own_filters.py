"""
The filters that go by a pod's own settings, the project's quota, and what there is.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import Amounts, Candidate, Kind, Offers, PlacementRequest, Pod, PodSettings, QuotaLeft
from trio2o.scheduling.presence import PresenceFilter
from trio2o.scheduling.projects import MaxPodsFilter, ProjectsFilter
from trio2o.scheduling.quota import QuotaFilter
from trio2o.scheduling.taints import TaintsFilter

SERVER = PlacementRequest(project_id="p", kind=Kind.SERVER)
VOLUME = PlacementRequest(project_id="p", kind=Kind.VOLUME)


def a_candidate(settings: dict[str, Any] | None = None, **fields: Any) -> Candidate:
    """
    A pod with these settings, as the scheduler sees it.
    """
    pod = Pod(id="1", name="Pod1", az_name="az1", settings=PodSettings(**settings or {}))
    return Candidate(pod=pod, **fields)


class ProjectsTests(SynchronousTestCase):
    """
    Which projects a pod is for.
    """

    def accepted(self, **settings: Any) -> bool:
        """
        Whether project ``p`` may.
        """
        return ProjectsFilter().accepts(a_candidate(settings), SERVER)

    def test_everybody(self) -> None:
        """
        Without lists, everybody.
        """
        self.assertTrue(self.accepted())

    def test_allowed(self) -> None:
        """
        A list of the allowed keeps all others out.
        """
        self.assertTrue(self.accepted(projects_allowed=["q", "p"]))
        self.assertFalse(self.accepted(projects_allowed=["q"]))

    def test_denied(self) -> None:
        """
        A list of the denied keeps them alone out, also where they are allowed.
        """
        self.assertTrue(self.accepted(projects_denied=["q"]))
        self.assertFalse(self.accepted(projects_denied=["p"]))
        self.assertFalse(self.accepted(projects_denied=["p"], projects_allowed=["p"]))


class TaintsTests(SynchronousTestCase):
    """
    Pods that are kept for those who ask for them.
    """

    def test_all_of_them(self) -> None:
        """
        Every taint must be tolerated; what else is tolerated does not matter.
        """
        tainted = a_candidate({"taints": ["dedicated", "slow"]})
        for tolerated, accepted in (
            ((), False),
            (("slow",), False),
            (("slow", "dedicated"), True),
            (("slow", "dedicated", "old"), True),
        ):
            with self.subTest(tolerated=tolerated):
                request = evolve(SERVER, tolerations=frozenset(tolerated))
                self.assertIs(TaintsFilter().accepts(tainted, request), accepted)

    def test_none(self) -> None:
        """
        A pod without taints takes every request.
        """
        for tolerated in (frozenset[str](), frozenset({"slow"})):
            self.assertTrue(TaintsFilter().accepts(a_candidate(), evolve(SERVER, tolerations=tolerated)))


class MaxPodsTests(SynchronousTestCase):
    """
    Over how many pods a project may be spread.
    """

    def test_any_number(self) -> None:
        """
        Without a limit, over any number.
        """
        self.assertTrue(MaxPodsFilter().accepts(a_candidate(bound_elsewhere=1000), SERVER))

    def test_limit(self) -> None:
        """
        One more pod is accepted below the limit; a pod that the project is bound to always is.
        """
        two = MaxPodsFilter(2)
        self.assertTrue(two.accepts(a_candidate(bound_elsewhere=1), SERVER))
        self.assertFalse(two.accepts(a_candidate(bound_elsewhere=2), SERVER))
        self.assertTrue(two.accepts(a_candidate(bound_elsewhere=5, bound=True), SERVER))


class QuotaTests(SynchronousTestCase):
    """
    What the project may still make.
    """

    def accepted(self, request: PlacementRequest, **left: float) -> bool:
        """
        Whether it may make this with so much left.
        """
        return QuotaFilter().accepts(a_candidate(quota=QuotaLeft(**left)), request)

    def test_unknown(self) -> None:
        """
        What is not known is no obstacle.
        """
        self.assertTrue(QuotaFilter().accepts(a_candidate(), SERVER))
        self.assertTrue(self.accepted(evolve(SERVER, needs=Amounts(vcpus=1e9))))
        self.assertTrue(self.accepted(SERVER, vcpus=0, ram_mb=0))

    def test_one_more(self) -> None:
        """
        A server takes one of the servers, a volume one of the volumes, and neither of the other's.
        """
        self.assertTrue(self.accepted(SERVER, servers=1, volumes=0))
        self.assertFalse(self.accepted(SERVER, servers=0))
        self.assertTrue(self.accepted(VOLUME, volumes=1, servers=0))
        self.assertFalse(self.accepted(VOLUME, volumes=0))

    def test_sizes(self) -> None:
        """
        What it needs must be left, to the last.
        """
        server = evolve(SERVER, needs=Amounts(vcpus=2, ram_mb=512, disk_gb=1000))
        self.assertTrue(self.accepted(server, servers=1, vcpus=2, ram_mb=512))
        self.assertFalse(self.accepted(server, vcpus=1))
        self.assertFalse(self.accepted(server, ram_mb=511))
        volume = evolve(VOLUME, needs=Amounts(volume_gb=8))
        self.assertTrue(self.accepted(volume, volume_gb=8))
        self.assertFalse(self.accepted(volume, volume_gb=7))


class PresenceTests(SynchronousTestCase):
    """
    Whether what is named is there.
    """

    def test_each(self) -> None:
        """
        A flavor, image or type that a pod is known not to have drops it.
        """
        for named, offered in (("flavor", "flavors"), ("image", "images"), ("volume_type", "volume_types")):
            request = evolve(SERVER, **{named: "a"})
            with self.subTest(named=named):
                there = a_candidate(offers=Offers(**{offered: frozenset({"a", "b"})}))
                absent = a_candidate(offers=Offers(**{offered: frozenset({"b"})}))
                self.assertTrue(PresenceFilter().accepts(there, request))
                self.assertFalse(PresenceFilter().accepts(absent, request))
                self.assertTrue(PresenceFilter().accepts(absent, SERVER))

    def test_unknown(self) -> None:
        """
        What is not known of a pod is taken to be there.
        """
        request = evolve(SERVER, flavor="a", image="b", volume_type="c")
        self.assertTrue(PresenceFilter().accepts(a_candidate(), request))
        self.assertTrue(PresenceFilter().accepts(a_candidate(offers=Offers()), request))
