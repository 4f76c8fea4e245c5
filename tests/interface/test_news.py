"""
What every :class:`INews` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from tests.interface.database import migrated_database
from tests.interface.waiting import until
from trio2o.errors import DatabaseUnavailable
from trio2o.interfaces import INews
from trio2o.model import Amounts, Kind, Lack, Mark, News, Placed
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_news import MemoryNews
from trio2o.storage.pool import Pool
from trio2o.storage.postgres.news import PostgresNews, read, written

SOME = Amounts(vcpus=1.0, ram_mb=2048.5, disk_gb=20.0, volume_gb=1e9)
QUOTA = Mark(
    pod_id="p1", kind=Kind.SERVER, lack=Lack.QUOTA, project_id="p", needs=SOME, asked=("gpu", "1", None)
)
HOST = Mark(
    pod_id="p2", kind=Kind.VOLUME, lack=Lack.HOST, met_by="p", image="i", needs=SOME, asked=("", None, None)
)
NEWS = News(sender="one", placed={"p1": Placed(open=SOME, kept=SOME), "p2": Placed()})


class NewsSuite:
    """
    Run with a class that says what the ways between processes are.
    """

    #: Gives what makes one more process's way to the others.
    post: Callable[[], Awaitable[Callable[[], INews]]]

    async def test_interface(self: Any) -> None:
        """
        It provides the whole interface.
        """
        verifyObject(INews, (await self.post())())

    async def test_told(self: Any) -> None:
        """
        All who listen hear what one tells, itself too, as it was told; who has stopped hears no more.
        """
        make = await self.post()
        ways = [make() for _ in range(3)]
        heard: list[list[News]] = [[], [], []]
        for way, ears in zip(ways, heard, strict=True):
            self.addCleanup(way.stop)
            way.listen(ears.append)
        await self.listening(ways[0], heard)
        ways[2].stop()

        await ways[0].tell(NEWS)

        await until(lambda: all(NEWS in ears for ears in heard[:2]))
        self.assertNotIn(NEWS, heard[2])

    async def test_many_pods(self: Any) -> None:
        """
        As much as there may be comes whole, in however many pieces.
        """
        make = await self.post()
        way = make()
        heard: list[list[News]] = [[]]
        self.addCleanup(way.stop)
        way.listen(heard[0].append)
        await self.listening(way, heard)
        heard[0].clear()
        amounts = Amounts(vcpus=0.1 + 0.2, ram_mb=1 / 3, disk_gb=1e15 / 7, volume_gb=2 / 3e9)
        placed = {f"{number:036}": Placed(open=amounts, kept=amounts) for number in range(1000)}

        await way.tell(News(sender="one", placed=placed))

        def together() -> dict[str, Placed]:
            return {pod: each for news in heard[0] for pod, each in news.placed.items()}

        await until(lambda: len(together()) == 1000)
        self.assertEqual(placed, together())
        self.assertEqual({"one"}, {news.sender for news in heard[0]})

    async def test_marks(self: Any) -> None:
        """
        Marks come as they are, however many and however long what they name.
        """
        make = await self.post()
        way = make()
        heard: list[list[News]] = [[]]
        self.addCleanup(way.stop)
        way.listen(heard[0].append)
        await self.listening(way, heard)
        heard[0].clear()
        marked = (QUOTA, HOST, *(evolve(HOST, asked=("", f"{number}é" * 200, None)) for number in range(20)))
        cleared = (evolve(HOST, asked=None, needs=None),)

        await way.tell(News(sender="one", marked=marked, cleared=cleared))

        await until(lambda: any(news.cleared for news in heard[0]))
        self.assertEqual(marked, tuple(mark for news in heard[0] for mark in news.marked))
        self.assertEqual(cleared, tuple(mark for news in heard[0] for mark in news.cleared))

    async def test_freed(self: Any) -> None:
        """
        Of which projects something is gone comes whole, however many they are.
        """
        make = await self.post()
        way = make()
        heard: list[list[News]] = [[]]
        self.addCleanup(way.stop)
        way.listen(heard[0].append)
        await self.listening(way, heard)
        freed = tuple((f"{number:064}", "compute") for number in range(300))

        await way.tell(News(sender="one", freed=freed))

        await until(lambda: sum(len(news.freed) for news in heard[0]) == 300)
        self.assertEqual(freed, tuple(each for news in heard[0] for each in news.freed))

    async def listening(self: Any, way: INews, heard: list[list[News]]) -> None:
        """
        Wait until all hear.
        """
        hello = News(sender="hello", placed={"p": Placed(kept=SOME)})

        def all_heard() -> bool:
            return all(hello in ears for ears in heard)

        for _ in range(100):
            await way.tell(hello)
            try:
                await until(all_heard, limit=0.2)
                return
            except AssertionError:
                continue
        self.fail("not all listen")


class MemoryNewsTests(NewsSuite, TestCase):
    """
    In memory.
    """

    async def post(self) -> Callable[[], INews]:
        """
        A fresh one.
        """
        database = MemoryDatabase(Clock())
        return lambda: MemoryNews(database)

    async def test_away(self) -> None:
        """
        A database that is away says so.
        """
        database = MemoryDatabase(Clock())
        database.available = False
        with self.assertRaises(DatabaseUnavailable):
            await MemoryNews(database).tell(NEWS)


class PostgresNewsTests(NewsSuite, TestCase):
    """
    In PostgreSQL.
    """

    timeout = 60

    async def post(self) -> Callable[[], INews]:
        """
        A fresh one.
        """
        dsn = await migrated_database(self)
        self.pool = Pool(reactor, dsn, size=1)
        self.addCleanup(self.pool.stop)
        await self.pool.start()
        return lambda: PostgresNews(reactor, dsn, self.pool)

    async def test_no_news(self) -> None:
        """
        What anybody else writes to the channel is left out, and what follows is heard.
        """
        way = (await self.post())()
        self.addCleanup(way.stop)
        heard: list[News] = []
        way.listen(heard.append)
        await self.listening(way, [heard])
        heard.clear()
        for nonsense in ("", "no json", "[]", '{"by": 1}', '{"by": "x", "placed": 3}'):
            await self.pool.run_query("select pg_notify('trio2o_news', %s)", (nonsense,))

        await way.tell(NEWS)

        await until(lambda: heard)
        self.assertEqual([NEWS], heard)

    async def test_away(self) -> None:
        """
        Who cannot tell learns it at once.
        """
        way = (await self.post())()
        await self.pool.stop()
        with self.assertRaises(DatabaseUnavailable):
            await way.tell(NEWS)


class WordingTests(TestCase):
    """
    The notifications' text.
    """

    def test_round_trip(self) -> None:
        """
        What is written is read.
        """
        for news in (NEWS, News(sender="x", marked=(QUOTA, HOST), cleared=(HOST,))):
            self.assertEqual(news, read(written(news)))

    def test_other_release(self) -> None:
        """
        What a later release tells beside is left out.
        """
        said = '{"by": "x", "more": [], "placed": {"p": {"kept": [1, 2, 3, 4, 5], "gone": 1}}}'
        kept = Amounts(vcpus=1.0, ram_mb=2.0, disk_gb=3.0, volume_gb=4.0)
        self.assertEqual(News(sender="x", placed={"p": Placed(kept=kept)}), read(said))
        said = '{"by": "x", "marked": [{"kind": "share"}, {"pod_id": "1", "kind": "server", "lack": "host", "a": 1}]}'
        known = Mark(pod_id="1", kind=Kind.SERVER, lack=Lack.HOST)
        self.assertEqual(News(sender="x", marked=(known,)), read(said))

    def test_refused(self) -> None:
        """
        Amounts, and marks, that are none are refused.
        """
        start = '{"by": "x", "cleared": [{"kind": "server", "lack": "host", '
        for rest in (
            '"pod_id": 7}]}',
            '"pod_id": "1", "project_id": 7}]}',
            '"pod_id": "1", "image": 7}]}',
            '"pod_id": "1", "asked": ["", 1, ""]}]}',
        ):
            with self.assertRaises(ValueError):
                read(start + rest)
        for nonsense in ('{"by": "x", "marked": 7}', '{"by": "x", "marked": [7]}'):
            with self.assertRaises(ValueError):
                read(nonsense)
        for numbers in ("[1, 2, 3]", "[-1, 0, 0, 0]", '["1", 0, 0, 0]', "[1e999, 0, 0, 0]", "{}", "7"):
            with self.assertRaises(ValueError):
                read(f'{{"by": "x", "placed": {{"p": {{"open": {numbers}}}}}}}')
