"""
Taking over what pods have given projects.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import evolve

from tests.unit.usage.test_pod_quotas import PROJECT, QuotaCase
from trio2o.model import JobQuery, QuotaOwner, QuotaScope
from trio2o.quota.handing import owner_job
from trio2o.storage.memory_quotas import MemoryQuotaLimits
from trio2o.usage.quota_import import Project, QuotaImport, report


class QuotaImportTests(QuotaCase):
    """
    Two pods.
    """

    def setUp(self) -> None:
        super().setUp()
        self.projects = [Project(id=each) for each in ("q", *map(str, range(20)))]
        self.projects.insert(0, Project(id="p", name="one\x1b[2J"))
        self.give("Pod1", "p", cores=30)
        self.give("Pod2", "p", cores=25, key_pairs=7)

    def give(self, pod: str, project: str, **limits: int) -> None:
        """
        A pod gave a project limits, before.
        """
        self.cloud.given[pod, f"/v2.1/os-quota-sets/{project}", ""] = limits

    def run_import(self, *, dry_run: bool = False, rule: str = "largest") -> QuotaImport:
        """
        Go through all projects.
        """
        done = QuotaImport(
            asks=self.cloud,
            store=self.store,
            jobs=self.jobs,
            services=["compute", "volume"],
            rule=rule,
            dry_run=dry_run,
        )
        self.done(done.run(self.pods, self.projects))
        return done

    def stored(self) -> dict[QuotaOwner, dict[str, int]]:
        """
        What is stored.
        """
        return {owner: dict(limits) for owner, limits in self.done(self.store.all_limits()).items()}

    def test_taken_over(self) -> None:
        """
        What pods gave is stored, of each project where it had none, and given to all pods; twice is as once.
        """
        self.give("Pod2", "19", cores=1)
        self.done(self.store.set_limits(evolve(PROJECT, scope_id="19"), {"cores": 3, "ram": 1}))
        volumes = QuotaOwner(service="volume", scope=QuotaScope.PROJECT, scope_id="q")
        self.cloud.given["Pod1", "/v3/{project_id}/os-quota-sets/q", ""] = {"volumes": 12}
        wanted = {
            PROJECT: {"cores": 30, "key_pairs": 100},
            evolve(PROJECT, scope_id="19"): {"cores": 3, "ram": 1},
            volumes: {"volumes": 12},
        }
        self.assertEqual(3, len(self.run_import().proposals))
        self.assertEqual(wanted, self.stored())
        keys = {job.key for job in self.done(self.jobs.list_jobs(JobQuery()))}
        self.assertEqual({owner_job(PROJECT).key, owner_job(volumes).key}, keys)
        before = self.database.last
        self.assertEqual([], self.run_import(rule="sum").proposals)
        self.assertEqual(before, self.database.last)
        self.assertEqual([], self.cloud.sent)

    def test_meanwhile(self) -> None:
        """
        What somebody sets while the pods are read stays.
        """
        read = self.store.limits_of

        async def limits_of(owners: Collection[QuotaOwner]) -> Mapping[QuotaOwner, Mapping[str, int]]:
            found = await read(owners)
            if PROJECT in owners:
                await self.store.set_limits(PROJECT, {"cores": 1})
            return found

        self.patch(MemoryQuotaLimits, "limits_of", lambda store, owners: limits_of(owners))
        self.projects = [Project(id="p")]
        self.run_import()
        self.assertEqual({PROJECT: {"cores": 1, "key_pairs": 100}}, self.stored())

    def test_dry_run(self) -> None:
        """
        A dry run tells what would be set, and sets nothing; what others have written is no terminal's command.
        """
        done = self.run_import(dry_run=True)
        self.assertEqual(({}, []), (self.stored(), self.done(self.jobs.list_jobs(JobQuery()))))
        told = report(done, self.pods, self.projects, dry_run=True).splitlines()
        self.assertEqual(
            ["project", "name", "service", "resource", "Pod1", "Pod2", "all", "pods"], told[0].split()
        )
        self.assertEqual(["compute", "cores", "30*", "25*", "30"], told[1].split()[-5:])
        self.assertEqual(["compute", "key_pairs", "100", "7*", "100"], told[2].split()[-5:])
        self.assertEqual("would set 2 limits of 1 projects; * is what a pod has given a project", told[3])
        self.assertNotIn("\x1b", "".join(told))

    def test_pod_away(self) -> None:
        """
        A service of which one pod does not tell is left as it is, and told; the others are taken over.
        """
        self.cloud.refusing["Pod2", "compute"] = 403
        self.cloud.given["Pod1", "/v3/{project_id}/os-quota-sets/q", ""] = {"volumes": 12}
        done = self.run_import()
        self.assertEqual([{"volumes": 12}], list(self.stored().values()))
        self.assertEqual([("Pod2", "compute")], list(done.problems))
        told = report(done, self.pods, self.projects, dry_run=False)
        self.assertIn("Pod2 does not tell its compute limits", told)
        self.assertIn("the role admin", told)

        self.cloud.away.add("Pod1")
        self.assertEqual(
            {("Pod1", "compute"), ("Pod1", "volume"), ("Pod2", "compute")}, set(self.run_import().problems)
        )

    def test_nothing(self) -> None:
        """
        Where no pod has given anything there is nothing but to say so.
        """
        self.cloud.given.clear()
        told = report(self.run_import(), self.pods, self.projects, dry_run=False)
        self.assertEqual("set 0 limits of 0 projects; * is what a pod has given a project", told)
