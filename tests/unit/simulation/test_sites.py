"""
Pods as they truly are, and what happens to them.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from simulation.fleet import DAY, HOST_WHOLE, PodPlan
from simulation.incidents import Trouble, drawn
from simulation.sites import Held, Site
from trio2o.model import NOTHING, Amounts, Candidate, Kind, Pod
from trio2o.scheduling.capacity import USUAL

SERVER = Amounts(vcpus=4.0, ram_mb=HOST_WHOLE / 4, disk_gb=20.0)
HALF_A_HOST = Amounts(vcpus=4.0, ram_mb=HOST_WHOLE / 2)
VOLUME = Amounts(volume_gb=600.0)


class SiteTests(SynchronousTestCase):
    """
    A pod of two hosts and 1,000 GiB for volumes.
    """

    def setUp(self) -> None:
        self.site = Site(PodPlan(name="Pod1", az="az1", hosts=2, volume_gb=1000.0), {"small": 6.0})

    def taken(self, needs: Amounts, kind: Kind = Kind.SERVER, project: str = "p") -> Held:
        """
        What was made.
        """
        held = self.site.take(project, kind, needs)
        assert held is not None
        return held

    def test_hosts(self) -> None:
        """
        A server goes to the emptier host, and one that no host has room for is refused though all of them together have.
        """
        first, second = self.taken(SERVER), self.taken(SERVER)
        self.assertEqual({0, 1}, {first.host, second.host})
        self.taken(HALF_A_HOST), self.taken(HALF_A_HOST)
        self.assertFalse(self.site.fits(Kind.SERVER, HALF_A_HOST))
        self.assertIsNone(self.site.take("p", Kind.SERVER, HALF_A_HOST))
        self.assertEqual(0.75, self.site.filled)

    def test_release(self) -> None:
        """
        What is deleted leaves nothing behind.
        """
        held = [self.taken(SERVER), self.taken(SERVER), self.taken(VOLUME, Kind.VOLUME)]
        for each in held:
            self.site.release(each)
        self.assertEqual((NOTHING, 0, 0.0), (self.site.used, self.site.servers, self.site.filled))
        self.taken(HALF_A_HOST), self.taken(HALF_A_HOST), self.taken(HALF_A_HOST), self.taken(HALF_A_HOST)

    def test_volumes(self) -> None:
        """
        Volumes fill their service, and count in how full the pod is.
        """
        self.taken(VOLUME, Kind.VOLUME)
        self.assertEqual(0.6, self.site.filled)
        self.assertIsNone(self.site.take("p", Kind.VOLUME, VOLUME))

    def test_quota(self) -> None:
        """
        A project's virtual CPUs count against its quota until they are deleted; its volumes do not.
        """
        self.assertTrue(self.site.within_quota("small", SERVER))
        held = self.taken(SERVER, project="small")
        self.assertFalse(self.site.within_quota("small", SERVER))
        self.assertTrue(self.site.within_quota("small", VOLUME))
        self.assertTrue(self.site.within_quota("another", SERVER))
        self.site.release(held)
        self.assertTrue(self.site.within_quota("small", SERVER))

    def test_usage(self) -> None:
        """
        What it says is what the capacity rules of the daemon make the same room of.
        """
        self.taken(SERVER)
        self.taken(VOLUME, Kind.VOLUME)
        usage = self.site.usage(3)
        seen = Candidate(pod=Pod(id="1", name="Pod1", az_name="az1"), usage=usage)
        self.assertEqual((1.75 * HOST_WHOLE, 2 * HOST_WHOLE), USUAL.room(seen, "ram_mb"))
        self.assertEqual((400.0, 1000.0), USUAL.room(seen, "volume_gb"))
        self.assertEqual((1, 3, 400.0), (usage.servers, usage.projects, usage.largest_volume_gb))

    def test_usage_anew(self) -> None:
        """
        It says the same until something changes.
        """
        before = self.site.usage(0)
        self.assertIs(before, self.site.usage(0))
        self.assertEqual(1, self.site.usage(1).projects)
        held = self.taken(SERVER)
        self.assertNotEqual(before, self.site.usage(0))
        self.site.release(held)
        self.assertEqual(before, self.site.usage(0))


class IncidentTests(SynchronousTestCase):
    """
    What is drawn for pods.
    """

    PLANS = [
        PodPlan(name=f"Pod{number}", az="az1", hosts=1, volume_gb=1.0, opens=number * DAY)
        for number in range(50)
    ]

    def test_one_at_a_time(self) -> None:
        """
        In order of time, and for each pod one after the other, from its first day on.
        """
        found = drawn(self.PLANS, 365, Random("seed"))
        self.assertEqual(sorted(found, key=lambda one: one.at), found)
        for plan in self.PLANS:
            of_pod = [one for one in found if one.pod == plan.name]
            self.assertTrue(all(plan.opens <= one.at < 365 * DAY for one in of_pod))
            for one, after in pairwise(of_pod):
                self.assertLess(one.at, one.until)
                self.assertLessEqual(one.until, after.at)

    def test_kinds(self) -> None:
        """
        Outages and maintenances, in about the numbers that are meant.
        """
        troubles = [one.trouble for one in drawn(self.PLANS, 365, Random("seed"))]
        self.assertTrue(130 < troubles.count(Trouble.OUTAGE) < 250)
        self.assertTrue(60 < troubles.count(Trouble.MAINTENANCE) < 130)
