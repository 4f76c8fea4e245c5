"""
The pods of the simulated cloud.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from simulation.fleet import (
    DAY,
    HOST_WHOLE,
    SPECIAL,
    SPECIAL_ZONES,
    ZONES,
    Demand,
    PodPlan,
    fullest,
    outlined,
    read,
    shares,
    sized,
)

OWN = """
- {name: Pod1, az: az1, hosts: 40, volume_gb: 100000}
- {name: Pod2, az: az1, hosts: 10, volume_gb: 20000, affinity: [gpu], opens_day: 100, weight: 2, cost: 0.5}
"""


def a_pod(name: str = "Pod1", **fields: object) -> PodPlan:
    """
    A pod of two hosts in az1.
    """
    return evolve(PodPlan(name=name, az="az1", hosts=2, volume_gb=1000.0), **fields)


class OutlineTests(SynchronousTestCase):
    """
    Pods that are made up.
    """

    def test_places(self) -> None:
        """
        Every zone has pods from the first day on, and special pods are where they belong.
        """
        plans = outlined(100, 365, Random("seed"))
        self.assertEqual(100, len(plans))
        general = {plan.az for plan in plans if not plan.opens and not plan.affinity}
        special = {plan.az for plan in plans if not plan.opens and plan.affinity}
        self.assertEqual((set(ZONES), set(SPECIAL_ZONES)), (general, special))
        self.assertEqual({(), (SPECIAL,)}, {plan.affinity for plan in plans})

    def test_later(self) -> None:
        """
        Some come during the year, with the largest numbers.
        """
        opens = [plan.opens for plan in outlined(100, 365, Random("seed"))]
        self.assertEqual(sorted(opens), opens)
        self.assertEqual(15, sum(seconds > 0 for seconds in opens))
        self.assertLess(max(opens), 365 * DAY)

    def test_same(self) -> None:
        """
        One seed gives one fleet.
        """
        self.assertEqual(outlined(30, 365, Random("a")), outlined(30, 365, Random("a")))
        self.assertNotEqual(outlined(30, 365, Random("a")), outlined(30, 365, Random("b")))

    def test_few(self) -> None:
        """
        Fewer pods than zones are some zones.
        """
        plans = outlined(3, 365, Random("seed"))
        self.assertEqual(3, len({plan.az for plan in plans}))
        self.assertEqual([0.0] * 3, [plan.opens for plan in plans])


class SizeTests(SynchronousTestCase):
    """
    How large pods are bought.
    """

    def test_fullest_day(self) -> None:
        """
        The fullest day decides, over the pods that are there by then, each with its part.
        """
        outline = [a_pod(hosts=1, volume_gb=1.0), a_pod("Pod2", hosts=3, volume_gb=3.0, opens=2 * DAY)]
        # on the second day there is only the first pod
        ram = {("az1", ""): [0.0, 100 * HOST_WHOLE, 200 * HOST_WHOLE]}
        plans = sized(outline, Demand(ram_mb=ram, volume_gb={("az1", ""): [0.0, 0.0, 8e6]}), fill=0.5)
        self.assertEqual([200, 600], [plan.hosts for plan in plans])
        self.assertEqual([4e6, 12e6], [plan.volume_gb for plan in plans])

    def test_least(self) -> None:
        """
        Where nobody wants anything a pod has two hosts all the same.
        """
        (plan,) = sized([a_pod()], Demand(ram_mb={}, volume_gb={}), fill=0.85)
        self.assertEqual((2, 1000.0), (plan.hosts, plan.volume_gb))

    def test_fullest(self) -> None:
        """
        How full a place would become: by the scarcer of its resources.
        """
        demand = Demand(ram_mb={("az1", ""): [HOST_WHOLE]}, volume_gb={("az1", ""): [750.0]})
        self.assertEqual(
            {("az1", ""): 0.75, ("az2", ""): 0.0}, fullest([a_pod(), a_pod("b", az="az2")], demand)
        )

    def test_shares(self) -> None:
        """
        A zone's share of the hosts that are for everybody.
        """
        plans = [a_pod(hosts=3), a_pod("b", az="az2", hosts=1), a_pod("c", az="az2", affinity=(SPECIAL,))]
        self.assertEqual({"az1": 0.75, "az2": 0.25}, shares(plans))


class OwnTests(SynchronousTestCase):
    """
    An operator's file.
    """

    def written(self, text: str) -> Path:
        """
        A file with this text.
        """
        path = Path(self.mktemp())
        path.write_text(text)
        return path

    def test_read(self) -> None:
        """
        What is said counts, what is left out is usual.
        """
        first, second = read(self.written(OWN))
        self.assertEqual(PodPlan(name="Pod1", az="az1", hosts=40, volume_gb=100_000.0), first)
        self.assertEqual(
            PodPlan(
                name="Pod2",
                az="az1",
                hosts=10,
                volume_gb=20_000.0,
                affinity=("gpu",),
                opens=100 * DAY,
                weight=2.0,
                cost=0.5,
            ),
            second,
        )

    def test_wrong(self) -> None:
        """
        A file that is none is told, with its name.
        """
        for text in (
            "[]",
            "{}",
            "- {name: a}",
            "- {name: a, az: b, hosts: 0, volume_gb: 1}",
            "- {name: a, az: b, hosts: 1, volume_gb: -1}",
            "- {name: a, az: b, hosts: 1, volume_gb: .nan}",
            "- {name: a, az: b, hosts: 1, volume_gb: 1, wieght: 2}",
            "- {name: a, az: b, hosts: many, volume_gb: 1}",
            OWN.replace("Pod2", "Pod1"),
            "- {",
        ):
            path = self.written(text)
            self.assertIn(str(path), str(self.assertRaises(ValueError, read, path)), text)
        self.assertRaises(ValueError, read, Path("there is none"))
