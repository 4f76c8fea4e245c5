"""
Telling and hearing, on a clock that tests move.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import NOTHING, Amounts, News
from trio2o.state.news import INTERVAL, NewsService
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_news import MemoryNews
from trio2o.strategies.claims import Claims

ONE = Amounts(vcpus=1.0)


class NewsServiceTests(SynchronousTestCase):
    """
    Two processes.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.database = MemoryDatabase(self.clock)
        self.counts: list[str] = []
        self.here, here = self.process()
        self.there, there = self.process()
        for service in (here, there):
            service.startService()
            self.addCleanup(service.stopService)
        self.service = here
        self.told: list[News] = []
        self.database.newsrooms.append(self.told.append)

    def process(self) -> tuple[Claims, NewsService]:
        """
        One process's claims, and what tells them.
        """
        claims = Claims(clock=self.clock)
        service = NewsService(
            clock=self.clock,
            news=MemoryNews(self.database),
            fresh=lambda: News(placed=placed) if (placed := claims.news()) else None,
            untold=lambda news: claims.untold(news.placed),
            heard=lambda news: claims.heard(news.sender, news.placed),
            count=self.counts.append,
        )
        return claims, service

    def test_told(self) -> None:
        """
        What was placed is told within an interval, all of it as one, and counted by the other process; not by its own again.
        """
        for _ in range(100):
            self.here.open("1", ONE).keep()
        self.assertEqual(NOTHING, self.there.claimed("1"))

        self.clock.advance(INTERVAL)

        self.assertEqual(1, len(self.told))
        self.assertEqual(100.0, self.there.claimed("1").vcpus)
        self.assertEqual(100.0, self.here.claimed("1").vcpus)
        self.assertEqual(["told", "heard"], sorted(self.counts, reverse=True))

    def test_nothing_new(self) -> None:
        """
        Who has nothing to tell is silent.
        """
        self.clock.pump([INTERVAL] * 100)
        self.assertEqual([], self.told)

    def test_away(self) -> None:
        """
        With the database away nothing waits and nothing grows; what is open then is told when it is back.
        """
        self.database.available = False
        self.here.open("1", ONE)
        self.here.open("1", ONE).keep()
        self.clock.pump([INTERVAL] * 50)
        self.assertIn("lost", self.counts)
        self.assertEqual(NOTHING, self.there.claimed("1"))

        self.database.available = True
        self.clock.advance(3)

        self.assertEqual(ONE, self.there.claimed("1"))

    def test_stopped(self) -> None:
        """
        Who stops tells what is not told yet, hears no more, and leaves nothing behind.
        """
        self.here.open("1", ONE).keep()
        self.successResultOf(self.service.stopService())
        self.assertEqual(ONE, self.there.claimed("1"))

        self.there.open("1", ONE).keep()
        self.clock.advance(INTERVAL)
        self.assertEqual(ONE, self.here.claimed("1"))

        self.here.open("1", ONE).keep()
        self.clock.pump([INTERVAL] * 5)
        self.assertEqual(2.0, self.there.claimed("1").vcpus)
        self.service.startService()
