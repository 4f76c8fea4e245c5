"""
What the users of the simulated cloud do.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from simulation.fleet import DAY, SPECIAL
from simulation.workload import Workload, drawn
from trio2o.model import Kind

ZONES = {"az1": 0.75, "az2": 0.25}


def a_year(seed: str = "seed", *, projects: int = 300, creates: int = 3_000, days: int = 100) -> Workload:
    """
    A small one.
    """
    return drawn(
        projects=projects,
        creates=creates,
        days=days,
        zones=ZONES,
        special_zones=["az2"],
        random=Random(seed),
    )


class WorkloadTests(SynchronousTestCase):
    """
    A year that is drawn.
    """

    def test_same(self) -> None:
        """
        One seed gives one year.
        """
        self.assertEqual(a_year(), a_year())
        self.assertNotEqual(a_year(), a_year("another"))

    def test_size(self) -> None:
        """
        Every project makes something, and all together about what was asked for, in order of time.
        """
        year = a_year()
        self.assertEqual(300, len({create.project for create in year.creates}))
        self.assertLess(abs(len(year.creates) - 3_000), 150)
        times = [create.at for create in year.creates]
        self.assertEqual(sorted(times), times)
        # a burst that begins in the last minutes may end a little later
        self.assertTrue(all(0.0 <= at < 101 * DAY for at in times))

    def test_heavy_tail(self) -> None:
        """
        A tenth of the projects makes more than a third, and none of them too much.
        """
        creates = a_year(projects=2_000, creates=9_000).creates
        counts = sorted(Counter(create.project for create in creates).values())
        self.assertGreater(sum(counts[-200:]), sum(counts) / 3)
        self.assertLessEqual(counts[-1], 9_000 * 0.005 + 2)

    def test_zones(self) -> None:
        """
        Most name a zone, some none, and special pods are asked for where there are some.
        """
        creates = a_year(creates=9_000).creates
        zones = Counter(create.zone for create in creates)
        self.assertGreater(zones["az1"], zones["az2"])
        self.assertGreater(zones[None], 0)
        self.assertEqual({"az2"}, {create.zone for create in creates if create.group == SPECIAL})

    def test_kinds(self) -> None:
        """
        Servers take room of hosts, volumes of the volume service; a server that boots from a volume needs no disk.
        """
        for create in a_year().creates:
            self.assertEqual(create.kind is Kind.VOLUME, create.needs.volume_gb > 0)
            self.assertEqual(create.kind is Kind.SERVER, create.needs.ram_mb > 0)
            self.assertEqual(create.kind is Kind.SERVER and not create.root_gb, create.needs.disk_gb > 0)
            self.assertGreater(create.seconds, 0)

    def test_quotas(self) -> None:
        """
        Each project has one, of twenty virtual CPUs at least, and few have less than they need.
        """
        year = a_year(creates=20_000)
        self.assertEqual({create.project for create in year.creates}, set(year.quotas))
        self.assertEqual(20.0, min(year.quotas.values()))

    def test_demand(self) -> None:
        """
        What is in use at the end of a day is what was made by then and not deleted.
        """
        year = a_year()
        for day in (20, 60, 99):
            alive = [
                create
                for create in year.creates
                if create.at < (day + 1) * DAY <= create.at + create.seconds and not create.group
            ]
            expected = sum(
                create.needs.ram_mb * (ZONES["az1"] if create.zone is None else create.zone == "az1")
                for create in alive
            )
            self.assertGreaterEqual(year.demand.ram_mb["az1", ""][day] + 0.001, expected)
            # and no more than that and what came and went on that day
            that_day = sum(
                create.needs.ram_mb
                for create in year.creates
                if day * DAY <= create.at < (day + 1) * DAY
                or day * DAY <= create.at + create.seconds < (day + 1) * DAY
            )
            self.assertLessEqual(year.demand.ram_mb["az1", ""][day], expected + that_day + 0.001)
        self.assertEqual(100, len(year.demand.volume_gb["az2", ""]))
