"""
The races of ``make race``, small.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from tests.functional.cloud import Cloud, CloudCase
from tests.functional.daemon_process import DaemonProcess
from tests.races.findings import Findings
from tests.races.first_creates import many_projects, one_project
from tests.races.killed_workers import killed_workers
from tests.races.quotas import limit_at_once, limit_in_trouble, limited
from tests.races.stage import FOUR_PODS, IMPATIENT, workers


class RaceTests(CloudCase):
    """
    Over three workers.
    """

    timeout = 180

    async def setting(self, settings: Mapping[str, Any] = IMPATIENT) -> tuple[Findings, Cloud, DaemonProcess]:
        """
        What a race is run with.
        """
        cloud = await self.cloud(FOUR_PODS, daemons=0)
        cloud.keystone.add_user("trio2o", "trio2o-password", project="service", roles=["service", "admin"])
        daemon = await workers(self, cloud, 3, **settings)
        self.lines: list[str] = []
        return Findings(self.lines.append), cloud, daemon

    async def test_first_creates(self) -> None:
        """
        First creates through all workers at once are all answered, each with a server of its own, and a project is bound once.
        """
        findings, cloud, daemon = await self.setting()

        await one_project(findings, cloud, daemon, 150)
        await many_projects(findings, cloud, daemon, 8, 5)

        self.assertEqual([], findings.problems, self.lines)

    async def test_killed_workers(self) -> None:
        """
        Workers that are killed under creates lose no server, and make none twice for one key.
        """
        findings, cloud, daemon = await self.setting()

        await killed_workers(
            findings,
            cloud,
            daemon,
            workers=3,
            clients=6,
            kills=2,
            random=Random(1),
            kinds=("reset", "reset_after", "status", "latency_after"),
        )

        self.assertEqual([], findings.problems, self.lines)

    async def test_quotas(self) -> None:
        """
        Of creates at once exactly as many are made as there may be; and whatever goes wrong, in the end nothing is reserved, and
        what is used is what pods have.
        """
        findings, cloud, daemon = await self.setting(limited(20))

        await limit_at_once(findings, cloud, daemon, creates=100, limit=20)
        await limit_in_trouble(findings, cloud, daemon, limit=20, clients=8, kills=2, random=Random(1))

        self.assertEqual([], findings.problems, self.lines)
