"""
``trio2o quotas import``: what pods gave projects before there were quotas over all pods.
"""

from __future__ import annotations

import os
import sys
from io import StringIO
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.utils import getProcessOutputAndValue

from tests.functional.cloud import TWO_PODS, Cloud, CloudCase, pause, within
from trio2o.service.adopting import CannotAdopt
from trio2o.service.quota_import import ImportWishes, import_quotas
from trio2o.startup import read_config

ROOT = Path(__file__).resolve().parents[2]


class QuotaImportTests(CloudCase):
    """
    Two pods, and a daemon beside the command.
    """

    async def made(self, *, admin: bool = True) -> Cloud:
        """
        The cloud, whose pods have given the project demo limits.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        if admin:
            cloud.keystone.add_user(
                "trio2o", "trio2o-password", project="service", roles=["service", "admin"]
            )
        self.nova = f"/v2.1/os-quota-sets/{cloud.demo.project_id}"
        self.cinder = f"/v3/{cloud.admin.project_id}/os-quota-sets/{cloud.demo.project_id}"
        for pod, service, path, limits in (
            ("Pod1", "compute", self.nova, {"instances": 25}),
            ("Pod2", "compute", self.nova, {"instances": 30}),
            ("Pod2", "volume", self.cinder, {"volumes": 40}),
        ):
            said = await cloud.admin.at_pod(pod, service).put(path, {"quota_set": limits})
            self.assertEqual(200, said.status, said.body)
        await cloud.add_daemon(TWO_PODS, {"job_queue": {"longest_pause_seconds": 1.0}})
        return cloud

    async def run_import(self, cloud: Cloud, **wishes: Any) -> tuple[str, bool]:
        """
        The table, and whether all was read.
        """
        config = read_config(cloud.daemons[0].path)
        return await import_quotas(reactor, config, cloud.dsn, ImportWishes(**wishes), StringIO())

    def stored(self, cloud: Cloud) -> dict[tuple[str, str], int]:
        """
        The project's limits at the top.
        """
        rows = cloud.sql("select service, resource, hard_limit from quota_limits where scope = 'project'")
        return {(service, resource): limit for service, resource, limit in rows}

    async def test_command(self) -> None:
        """
        A dry run tells and does nothing; the command sets the largest, the daemon gives it to every pod and shows it, and a
        second run has nothing to do.
        """
        cloud = await self.made()
        told = await self.command(cloud, "--dry-run")
        self.assertRegex(told, r"demo +compute +instances +25\* +30\* +30\n")
        self.assertRegex(told, r"demo +volume +volumes +10 +40\* +40\n")
        self.assertIn("would set 2 limits of 1 projects", told)
        self.assertEqual({}, self.stored(cloud))

        told = await self.command(cloud)
        self.assertIn("set 2 limits of 1 projects", told)
        self.assertEqual({("compute", "instances"): 30, ("volume", "volumes"): 40}, self.stored(cloud))

        async def given() -> None:
            while True:
                nova = (await cloud.admin.at_pod("Pod1", "compute").get(self.nova)).json["quota_set"]
                cinder = (await cloud.admin.at_pod("Pod1", "volume").get(self.cinder)).json["quota_set"]
                if (nova["instances"], cinder["volumes"]) == (30, 40):
                    return
                await pause(0.1)

        await within(30, given())
        shown = (await cloud.demo.compute.get(self.nova)).json["quota_set"]
        self.assertEqual(30, shown["instances"])
        self.assertIn("set 0 limits of 0 projects", await self.command(cloud))

    async def command(self, cloud: Cloud, *options: str) -> str:
        """
        What the command prints, as operators type it.
        """
        arguments = ["-m", "trio2o", "quotas", "import", "--config", str(cloud.daemons[0].path), *options]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        out, err, status = await getProcessOutputAndValue(
            sys.executable, arguments, env=environment, path=str(cloud.folder)
        )
        self.assertEqual(0, status, err)
        return out.decode()

    async def test_sum(self) -> None:
        """
        The other rule adds up what a project had; of the projects that are named alone.
        """
        cloud = await self.made()
        told, whole = await self.run_import(cloud, rule="sum", projects=[cloud.alt_demo.project_id])
        self.assertEqual((True, {}), (whole, self.stored(cloud)), told)
        told, whole = await self.run_import(cloud, rule="sum", projects=[cloud.demo.project_id])
        self.assertTrue(whole, told)
        self.assertEqual({("compute", "instances"): 55, ("volume", "volumes"): 50}, self.stored(cloud))

    async def test_unified(self) -> None:
        """
        Where Nova's limits are Keystone's, Cinder's alone are taken over.
        """
        cloud = await self.made()
        cloud.daemons[0].write(quotas={"source": "keystone"})
        told, whole = await self.run_import(cloud)
        self.assertTrue(whole, told)
        self.assertIn("Nova's limits are Keystone's", told)
        self.assertEqual({("volume", "volumes"): 40}, self.stored(cloud))

    async def test_pod_down(self) -> None:
        """
        A pod that fails has its service left alone, and is told.
        """
        cloud = await self.made()
        cloud.pod("Pod2").nova.behave("status", status=503)
        told, whole = await self.run_import(cloud)
        self.assertFalse(whole)
        self.assertIn("Pod2 does not tell its compute limits, so no further ones are taken over", told)
        self.assertEqual({("volume", "volumes"): 40}, self.stored(cloud))

    async def test_not_allowed(self) -> None:
        """
        A user who may not list projects is told to name them; one who is no administrator in the pods reads nothing.
        """
        cloud = await self.made(admin=False)
        refused = await self.assertFailure(Deferred.fromCoroutine(self.run_import(cloud)), CannotAdopt)
        self.assertIn("name them with --project", str(refused))
        told, whole = await self.run_import(cloud, projects=[cloud.demo.project_id])
        self.assertEqual((False, {}), (whole, self.stored(cloud)))
        self.assertIn("needs the role admin", told)
