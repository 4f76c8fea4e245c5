"""
``trio2o schedule`` on a real database.
"""

from __future__ import annotations

from pathlib import Path

from attrs import evolve
from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from tests.interface.database import empty_database, migrated_database
from tests.interface.stores import a_pod
from trio2o.config.schema import Config
from trio2o.model import (
    Amounts,
    Kind,
    OfferedFlavor,
    PlacementRequest,
    PodOffers,
    PodSettings,
    PodState,
    Stock,
    Usage,
)
from trio2o.service.explaining import explain
from trio2o.startup import read_config
from trio2o.storage.migrate import SchemaError
from trio2o.storage.pool import Pool
from trio2o.storage.postgres import PostgresBindings, PostgresPods
from trio2o.storage.postgres.offers import PostgresOffers
from trio2o.storage.postgres.usage import PostgresUsage

SERVER = PlacementRequest(project_id="p", kind=Kind.SERVER)

MINIMAL = """
identity:
  auth_url: http://192.0.2.9:5000/v3
  auth: {username: trio2o, password: s3cret, project_name: service, user_domain_id: default, project_domain_id: default}
"""


class ExplainingTests(TestCase):
    """
    Three pods in one zone, one draining and one full.
    """

    def configured(self, more: str = "") -> Config:
        """
        A configuration.
        """
        path = Path(self.mktemp())
        path.write_text(MINIMAL + more)
        return read_config(path)

    async def prepared(self) -> str:
        """
        The DSN.
        """
        dsn = await migrated_database(self)
        pool = Pool(reactor, dsn, size=1)
        await pool.start()
        pods = PostgresPods(pool)
        full = await pods.create_pod(a_pod("Full"))
        await pods.create_pod(a_pod("Drained", state=PodState.DRAINING))
        await pods.create_pod(a_pod("Tainted", settings=PodSettings(taints=("dedicated",))))
        await pods.create_pod(a_pod("Free"))
        await pods.create_pod(a_pod("Top", az_name=""))
        await PostgresUsage(pool).record_usage(full.id, Usage(vcpus=Stock(total=1, used=14)), age=60.0)
        await PostgresBindings(pool).create_binding("p", full.id)
        await pool.stop()
        return dsn

    async def test_table(self) -> None:
        """
        Who is left, who is not and why, and what becomes of the binding; the top region is no pod.
        """
        dsn = await self.prepared()
        table = await explain(reactor, self.configured(), dsn, evolve(SERVER, needs=Amounts(vcpus=4)))
        lines = [line.split() for line in table.splitlines()]
        self.assertEqual(["1", "Free"], lines[3][:2])
        self.assertEqual(
            [["Full", "capacity"], ["Drained", "state"], ["Tainted", "taints"]],
            [line[:2] for line in lines[5:8]],
        )
        self.assertIn("moved to Free once a create has succeeded there", table)
        self.assertNotIn("Top", table)

        # less fits, and the binding stays
        table = await explain(reactor, self.configured(), dsn, SERVER)
        self.assertEqual(["1", "Full"], table.splitlines()[3].split()[:2])
        self.assertIn("stays as it is", table)

    async def test_configuration(self) -> None:
        """
        What the configuration says counts: tolerations, and how old usage may be.
        """
        dsn = await self.prepared()
        config = self.configured(
            "usage: {interval_seconds: 5, stale_seconds: 10}\nscheduling: {tolerations: {p: [dedicated]}}\n"
        )
        table = await explain(reactor, config, dsn, evolve(SERVER, needs=Amounts(vcpus=4)))
        self.assertEqual({"Full", "Tainted", "Free"}, {line.split()[1] for line in table.splitlines()[3:6]})

    async def test_let_in(self) -> None:
        """
        What the request alone tolerates lets it in, and does not move the binding.
        """
        request = evolve(SERVER, needs=Amounts(vcpus=4), tolerations=frozenset({"dedicated"}))
        table = await explain(reactor, self.configured(), await self.prepared(), request)
        self.assertEqual(["1", "Tainted"], table.splitlines()[3].split()[:2])
        self.assertIn("stays as it is", table)

    async def test_flavor(self) -> None:
        """
        A flavor that pods are known to have gives size and group, and leaves the pods out that lack it.
        """
        dsn = await self.prepared()
        pool = Pool(reactor, dsn, size=1)
        await pool.start()
        pods = {pod.name: pod for pod in await PostgresPods(pool).list_pods()}
        large, special = OfferedFlavor(id="large", vcpus=4), OfferedFlavor(id="special", group="gpu")
        for name, flavors in (("Full", (large,)), ("Free", (large, special)), ("Drained", ())):
            await PostgresOffers(pool).record_offers(pods[name].id, PodOffers(flavors=flavors), age=1.0)
        await pool.stop()

        table = await explain(reactor, self.configured(), dsn, evolve(SERVER, flavor="large"))
        self.assertEqual(["1", "Free"], table.splitlines()[3].split()[:2])
        self.assertIn(["Full", "capacity"], [line.split()[:2] for line in table.splitlines()])
        table = await explain(reactor, self.configured(), dsn, evolve(SERVER, flavor="special"))
        self.assertIn("group gpu", table)
        self.assertIn("No pod can take it", table)

    async def test_refused(self) -> None:
        """
        A zone that there is not, and a schema that is not this release's.
        """
        with self.assertRaisesRegex(ValueError, "no availability zone mars .known: az1"):
            request = evolve(SERVER, availability_zone="mars")
            await explain(reactor, self.configured(), await self.prepared(), request)
        with self.assertRaises(SchemaError):
            await explain(reactor, self.configured(), await empty_database(self), SERVER)
