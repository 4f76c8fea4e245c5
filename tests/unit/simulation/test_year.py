"""
Years on the virtual clock, with pods and wishes that are written down here.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from simulation.figures import Figures
from simulation.fleet import DAY, HOST_WHOLE, Demand, PodPlan
from simulation.incidents import Incident, Trouble
from simulation.settings import Setting, compared
from simulation.workload import Create, Workload
from simulation.year import Year, at_once
from trio2o.model import Amounts, Kind

SETTINGS = {setting.name: setting for setting in compared()}
FILL_FIRST, EMPTIEST, NOT_STICKY = (SETTINGS[name] for name in ("fill-first", "emptiest", "emptiest-free"))

#: A quarter of a host, and a half of one.
SERVER = Amounts(vcpus=4.0, ram_mb=HOST_WHOLE / 4)
LARGE = Amounts(vcpus=4.0, ram_mb=HOST_WHOLE / 2)


def a_pod(name: str, **fields: object) -> PodPlan:
    """
    A pod of one host and 1,000 GiB.
    """
    return evolve(PodPlan(name=name, az="az1", hosts=1, volume_gb=1000.0), **fields)


def a_wish(project: str, hour: float, **fields: object) -> Create:
    """
    A server of a quarter of a pod, for the rest of the year.
    """
    usual = Create(
        at=hour * 3600.0,
        project=project,
        zone="az1",
        group="",
        kind=Kind.SERVER,
        needs=SERVER,
        seconds=1000 * DAY,
    )
    return evolve(usual, **fields)


class YearTests(SynchronousTestCase):
    """
    Two small pods in one zone.
    """

    PODS = (a_pod("Pod1"), a_pod("Pod2"))

    def run_year(
        self,
        wishes: Sequence[Create],
        setting: Setting = FILL_FIRST,
        *,
        pods: Sequence[PodPlan] = PODS,
        incidents: Sequence[Incident] = (),
        quotas: dict[str, float] | None = None,
        days: int = 10,
    ) -> Figures:
        """
        The figures; the year itself stays in an attribute.
        """
        workload = Workload(creates=wishes, quotas=quotas or {}, demand=Demand(ram_mb={}, volume_gb={}))
        self.year = Year(setting, pods, workload, incidents, days)
        return self.year.run()

    def used(self) -> list[float]:
        """
        How full each pod is in the end.
        """
        return [site.filled for site in self.year._sites.values()]

    def test_fill_first(self) -> None:
        """
        New projects fill the first pod, then the next.
        """
        figures = self.run_year([a_wish(f"p{number}", number) for number in range(6)])
        self.assertEqual([1.0, 0.5], self.used())
        self.assertEqual((6, 0, 0.0), (figures.wishes, figures.rejected, figures.moves.mean))

    def test_emptiest(self) -> None:
        """
        New projects go to the emptier pod, before usage is collected again too.
        """
        self.run_year([a_wish(f"p{number}", 0.001 * number) for number in range(4)], EMPTIEST)
        self.assertEqual([0.5, 0.5], self.used())

    def test_sticky(self) -> None:
        """
        A bound project stays although another pod is emptier; without stickiness it does not.
        """
        wishes = [a_wish("p", number) for number in range(4)]
        figures = self.run_year(wishes, EMPTIEST)
        self.assertEqual(([1.0, 0.0], 0.0, 0.0), (self.used(), figures.moves.mean, figures.scattered))
        figures = self.run_year(wishes, NOT_STICKY)
        self.assertEqual(([0.5, 0.5], 1.0), (self.used(), figures.scattered))
        self.assertEqual((3.0, 2000.0), (figures.moves.mean, figures.moves.flaps))

    def test_moves_when_full(self) -> None:
        """
        A project whose pod is full moves, and the reason is counted.
        """
        figures = self.run_year([a_wish("p", number) for number in range(5)])
        self.assertEqual([1.0, 0.25], self.used())
        self.assertEqual((1.0, {"capacity": 1.0}), (figures.moves.mean, figures.moves.reasons))
        self.assertEqual(1.0, figures.scattered)

    def test_refused(self) -> None:
        """
        What no pod has room for is refused, and was not to be avoided.
        """
        figures = self.run_year([a_wish("p", number) for number in range(9)])
        self.assertEqual((1, 0, 0), (figures.refused, figures.failed, figures.avoidable))

    def test_deleted(self) -> None:
        """
        What is deleted makes room, which the next collection tells.
        """
        wishes = [a_wish(f"p{number}", number, seconds=7200.0) for number in range(100)]
        figures = self.run_year(wishes)
        self.assertEqual((0, [0.0, 0.0]), (figures.rejected, self.used()))

    def test_no_host(self) -> None:
        """
        A pod that has room, but not on one host, accepts what becomes an ERROR; another one had room.
        """
        pods = (a_pod("Pod1", hosts=2), a_pod("Pod2"))
        # three quarters on each host, and then a half
        full = [a_wish(f"p{number}", number) for number in range(6)]
        figures = self.run_year([*full, a_wish("large", 7, needs=LARGE)], pods=pods)
        self.assertEqual((0, 1, 1), (figures.refused, figures.failed, figures.avoidable))
        self.assertEqual([0] * 0 + [1] * 10, list(figures.avoidable_by_day))

    def test_no_host_is_learnt(self) -> None:
        """
        A pod that had no host for a size is left out for a while when as much is wanted again.
        """
        pods = (a_pod("Pod1", hosts=2), a_pod("Pod2"))
        full = [a_wish(f"p{number}", number) for number in range(6)]
        large = a_wish("large", 7, needs=LARGE)
        # by then the pod was asked again how full it is
        after = large.at + 250.0
        large = evolve(large, at=after - 200.0)
        figures = self.run_year([*full, large, evolve(large, at=after)], pods=pods)
        self.assertEqual((1, [0.75, 0.5]), (figures.failed, self.used()))
        # twenty minutes later nothing is left of it
        figures = self.run_year([*full, large, evolve(large, at=after + 1200.0)], pods=pods)
        self.assertEqual((2, [0.75, 0.0]), (figures.failed, self.used()))

    def test_with_its_volume(self) -> None:
        """
        A server goes where its volume is. Where that pod has no room it is refused, the volume is deleted, and another pod had
        room for both.
        """
        made = a_wish("p", 1, root_gb=100.0)
        self.run_year([made])
        self.assertEqual([0.25, 0.0], self.used())
        self.assertEqual(100.0, self.year._sites["Pod1"].used.volume_gb)

        figures = self.run_year([*(a_wish("p", hour) for hour in range(4)), evolve(made, at=5 * 3600.0)])
        self.assertEqual((1, 1, 1), (figures.refused, figures.avoidable, figures.pinned))
        self.assertEqual(0.0, self.year._sites["Pod1"].used.volume_gb)

    def test_quota(self) -> None:
        """
        A pod in which the project's quota is used up turns it down, and the next one takes it; the binding stays.
        """
        figures = self.run_year([a_wish("p", 1), a_wish("p", 2)], quotas={"p": 4.0})
        self.assertEqual(([0.25, 0.25], 1, 0.0), (self.used(), figures.fell_back, figures.moves.mean))

    def test_quota_everywhere(self) -> None:
        """
        Where it is used up in all pods the create is refused, as it must be.
        """
        figures = self.run_year([a_wish("p", hour) for hour in (1, 2, 3)], quotas={"p": 4.0})
        self.assertEqual((1, 0), (figures.refused, figures.avoidable))

    def test_outage(self) -> None:
        """
        While a pod fails its projects go elsewhere, and stay there; in its first seconds the create itself finds out.
        """
        outage = Incident(at=3600.0, until=2 * 3600.0, pod="Pod1", trouble=Trouble.OUTAGE)
        early = [a_wish("p", 0.5), a_wish("p", 1.001)]
        figures = self.run_year(early, incidents=[outage])
        self.assertEqual(([0.25, 0.25], 1, 0.0), (self.used(), figures.fell_back, figures.moves.mean))

        figures = self.run_year([a_wish("p", 0.5), a_wish("p", 1.5), a_wish("p", 3)], incidents=[outage])
        self.assertEqual([0.25, 0.5], self.used())
        self.assertEqual((0, {"health": 1.0}), (figures.fell_back, figures.moves.reasons))

    def test_deleted_in_an_outage(self) -> None:
        """
        What is deleted while its pod fails goes once the pod is back.
        """
        outage = Incident(at=3600.0, until=DAY, pod="Pod1", trouble=Trouble.OUTAGE)
        wish = a_wish("p", 0.5, seconds=3600.0)
        self.run_year([wish], incidents=[evolve(outage, until=1000 * DAY)])
        self.assertEqual([0.25, 0.0], self.used())
        self.run_year([wish], incidents=[outage])
        self.assertEqual([0.0, 0.0], self.used())

    def test_maintenance(self) -> None:
        """
        A pod in maintenance takes nothing new, and serves on.
        """
        incident = Incident(at=3600.0, until=2 * DAY, pod="Pod1", trouble=Trouble.MAINTENANCE)
        figures = self.run_year([a_wish("p", 0.5), a_wish("p", 5), a_wish("q", 100)], incidents=[incident])
        self.assertEqual([0.5, 0.25], self.used())
        self.assertEqual({"state": 1.0}, figures.moves.reasons)

    def test_new_pod(self) -> None:
        """
        A pod that comes later takes nothing before, and new projects then.
        """
        pods = (a_pod("Pod1"), a_pod("Pod2", opens=DAY))
        self.run_year([a_wish("p", 1), a_wish("q", 2), a_wish("r", 30), a_wish("s", 31)], EMPTIEST, pods=pods)
        self.assertEqual([0.5, 0.5], self.used())

    def test_groups(self) -> None:
        """
        Special pods are for those that ask for them, and for nobody else.
        """
        pods = (a_pod("Pod1", affinity=("gpu",)), a_pod("Pod2"))
        self.run_year([a_wish("p", 1), a_wish("q", 2), a_wish("p", 3, group="gpu")], pods=pods)
        self.assertEqual([0.25, 0.5], self.used())

    def test_sizes_unknown(self) -> None:
        """
        A gateway that does not know how large servers are tries a pod that is too full for them.
        """
        wishes = [a_wish("p", 1, needs=LARGE), a_wish("p", 2), a_wish("q", 3, needs=LARGE)]
        blind = evolve(FILL_FIRST, knows_sizes=False)
        self.assertEqual((0, 1), (self.run_year(wishes).failed, self.run_year(wishes, blind).failed))

    def test_never_collected(self) -> None:
        """
        Where pods are never asked there is plenty: the first pod takes all, and what it has no room for fails.
        """
        never = evolve(EMPTIEST.config, usage=evolve(EMPTIEST.config.usage, interval_seconds=0.0))
        figures = self.run_year(
            [a_wish(f"p{hour}", hour) for hour in range(6)], evolve(EMPTIEST, config=never)
        )
        self.assertEqual(([1.0, 0.0], 2, 2), (self.used(), figures.failed, figures.avoidable))

    def test_same(self) -> None:
        """
        The same year gives the same figures.
        """
        wishes = [a_wish(f"p{number % 7}", number * 1.7, seconds=DAY) for number in range(100)]
        outage = Incident(at=DAY, until=2 * DAY, pod="Pod1", trouble=Trouble.OUTAGE)
        for setting in compared():
            one = self.run_year(wishes, setting, incidents=[outage])
            self.assertEqual(one, self.run_year(wishes, setting, incidents=[outage]))
            self.assertEqual((100, 10), (one.wishes, len(one.variation_by_day)))

    def test_waits_for_nothing(self) -> None:
        """
        What would wait for ever is an error.
        """

        class Never:
            def __await__(self):  # type: ignore[no-untyped-def]
                yield

        async def waits() -> None:
            await Never()

        self.assertRaises(RuntimeError, at_once, waits())
