"""
What every :class:`IElection` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import define, field
from twisted.internet import reactor
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from tests.interface.database import migrated_database
from tests.interface.waiting import until
from trio2o.interfaces import IElection
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_election import MemoryElection
from trio2o.storage.pool import Pool
from trio2o.storage.postgres.election import PostgresElection


@define(eq=False)
class Candidate:
    """
    One process.
    """

    election: IElection
    told: list[str] = field(factory=list)

    def stand(self) -> None:
        """
        Stand for election.
        """
        self.election.start(lambda: self.told.append("won"), lambda: self.told.append("lost"))


class ElectionSuite:
    """
    Run with a class that says who the candidates are.
    """

    #: Gives what makes one more candidate for the same database.
    electorate: Callable[[], Awaitable[Callable[[str], IElection]]]

    async def candidates(self, *names: str) -> list[Candidate]:
        """
        Some that stand, the first one the winner of its election.
        """
        assert isinstance(self, TestCase)
        make = await self.electorate()
        made = [Candidate(make(name)) for name in names]
        for candidate in made:
            self.addCleanup(candidate.election.stop)
        made[0].stand()
        await until(lambda: bool(made[0].told))
        for candidate in made[1:]:
            candidate.stand()
        return made

    async def test_interface(self) -> None:
        """
        It provides the whole interface.
        """
        verifyObject(IElection, (await self.electorate())("cleaner"))

    async def test_one(self: Any) -> None:
        """
        One alone leads; when it goes, it is told, and the next one takes over.
        """
        first, second = await self.candidates("cleaner", "cleaner")
        self.assertEqual((["won"], []), (first.told, second.told))
        self.assertEqual((True, False), (first.election.leads, second.election.leads))

        first.election.stop()
        await until(lambda: bool(second.told))

        self.assertEqual((["won", "lost"], ["won"]), (first.told, second.told))
        self.assertEqual((False, True), (first.election.leads, second.election.leads))

    async def test_apart(self: Any) -> None:
        """
        Elections of different names have nothing to do with each other.
        """
        first, second = await self.candidates("cleaner", "collector")
        await until(lambda: bool(second.told))
        self.assertEqual((["won"], ["won"]), (first.told, second.told))


class MemoryElectionTests(ElectionSuite, TestCase):
    """
    In memory.
    """

    async def electorate(self) -> Callable[[str], IElection]:
        """
        Fresh ones.
        """
        database = MemoryDatabase(Clock())
        return lambda name: MemoryElection(database, name)


class PostgresElectionTests(ElectionSuite, TestCase):
    """
    In PostgreSQL.
    """

    timeout = 30

    async def electorate(self) -> Callable[[str], IElection]:
        """
        Fresh ones.
        """
        self.dsn = await migrated_database(self)
        return lambda name: PostgresElection(reactor, self.dsn, name, pulse=0.05)

    async def test_lost_session(self) -> None:
        """
        Who loses its session is told, gets another, and stands again; the lock has no second owner meanwhile.
        """
        first, second = await self.candidates("cleaner", "cleaner")
        pool = Pool(reactor, self.dsn, size=1)
        self.addCleanup(pool.stop)
        await pool.start()

        await pool.run_query(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted"
            " and database = (select oid from pg_database where datname = current_database())"
        )
        await until(lambda: bool(second.told))
        await until(lambda: len(first.told) == 2)

        self.assertEqual((["won", "lost"], ["won"]), (first.told, second.told))
        second.election.stop()
        await until(lambda: len(first.told) == 3)
        self.assertEqual(["won", "lost", "won"], first.told)
