"""
``trio2o drift`` on a real database.
"""

from __future__ import annotations

from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from tests.interface.database import empty_database, migrated_database
from tests.interface.stores import a_pod
from tests.interface.test_explaining import MINIMAL
from trio2o.config.schema import Config
from trio2o.errors import DatabaseUnavailable
from trio2o.model.shared import Difference, Drift, SharedKey
from trio2o.service.drift import drift_table
from trio2o.startup import read_config
from trio2o.storage.migrate import SchemaError
from trio2o.storage.pool import Pool
from trio2o.storage.postgres import PostgresPods
from trio2o.storage.postgres.shared import PostgresShared


class DriftTableTests(TestCase):
    """
    What the last comparison has left; no daemon runs.
    """

    def configured(self) -> Config:
        """
        A configuration.
        """
        path = Path(self.mktemp())
        path.write_text(MINIMAL)
        return read_config(path)

    async def test_table(self) -> None:
        """
        Nothing at first, then a line for each difference, by the names of pods.
        """
        dsn = await migrated_database(self)
        said = await drift_table(reactor, self.configured(), dsn)
        self.assertIn("the last comparison has left no differences", said)

        pool = Pool(reactor, dsn, size=1)
        self.addCleanup(pool.stop)
        await pool.start()
        pod = await PostgresPods(pool).create_pod(a_pod("Pod1"))
        drift = Drift(
            key=SharedKey("key_pair", "k", "u1"),
            pod_id=pod.id,
            difference=Difference.DIFFERENT,
            detail="public_key",
        )
        await PostgresShared(pool).report("key_pair", [drift])

        lines = (await drift_table(reactor, self.configured(), dsn)).splitlines()
        self.assertEqual(["kind", "name", "owner", "pod", "difference"], lines[0].split())
        self.assertEqual(["key_pair", "k", "u1", "Pod1", "different", "public_key"], lines[1].split())

    async def test_no_schema(self) -> None:
        """
        A database that was never prepared, or is not there, is told as what it is.
        """
        with self.assertRaises(SchemaError):
            await drift_table(reactor, self.configured(), await empty_database(self))
        with self.assertRaises(DatabaseUnavailable):
            await drift_table(reactor, self.configured(), "host=127.0.0.1 port=1 dbname=none user=nobody")
