"""
The way of cursors to the database and back.
"""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from trio2o.interfaces import ICursorBook, ICursorStore
from trio2o.state.cursors import CursorBook
from trio2o.storage.memory import MemoryCursors, MemoryDatabase


@implementer(ICursorStore)
class SlowCursors:
    """
    Another store whose answers wait while the test holds them.
    """

    def __init__(self, store: ICursorStore) -> None:
        self._store = store
        self.holding = False
        self.held: list[Deferred[None]] = []
        #: The numbers of cursors that were written at once.
        self.writes: list[int] = []
        self.error: Exception | None = None

    def go_on(self) -> None:
        """
        Let everything through that waits.
        """
        held, self.held = self.held, []
        for waiter in held:
            if not waiter.called:
                waiter.callback(None)

    async def _hold(self) -> None:
        if self.holding:
            waiter: Deferred[None] = Deferred()
            self.held.append(waiter)
            await waiter
        if self.error is not None:
            raise self.error

    async def find_cursor(self, digest: bytes) -> str | None:
        """
        As the store does.
        """
        await self._hold()
        return await self._store.find_cursor(digest)

    async def keep_cursors(self, cursors: Mapping[bytes, str]) -> None:
        """
        As the store does.
        """
        self.writes.append(len(cursors))
        await self._hold()
        await self._store.keep_cursors(cursors)


class CursorBookTests(SynchronousTestCase):
    """
    A book over a slow store.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.database = MemoryDatabase(self.clock)
        self.store = SlowCursors(MemoryCursors(self.database))
        self.book = CursorBook(self.clock, self.store, limit=5, patience=1.0)
        self.book.startService()

    def find(self, digest: bytes) -> str | None:
        """
        What is found without waiting.
        """
        found: str | None = self.successResultOf(Deferred.fromCoroutine(self.book.find(digest)))
        return found

    def kept(self) -> dict[bytes, str]:
        """
        What the database has.
        """
        return {digest: content for digest, (_, content) in self.database.cursors.items()}

    def test_interfaces(self) -> None:
        """
        Book and double provide theirs.
        """
        self.assertTrue(verifyObject(ICursorBook, self.book))
        self.assertTrue(verifyObject(ICursorStore, self.store))

    def test_written(self) -> None:
        """
        What is kept is in the database, and found there by others.
        """
        self.book.keep(b"1", "one")

        self.assertEqual({b"1": "one"}, self.kept())
        other = CursorBook(self.clock, self.store)
        self.assertEqual("one", self.successResultOf(Deferred.fromCoroutine(other.find(b"1"))))
        self.assertIsNone(self.find(b"2"))

    def test_one_statement_at_a_time(self) -> None:
        """
        What comes while one is written waits, is found meanwhile, and goes in one statement.
        """
        self.store.holding = True
        for number in range(4):
            self.book.keep(b"%d" % number, str(number))
        self.book.keep(b"3", "three")

        self.assertEqual([1], self.store.writes)
        self.assertEqual("three", self.find(b"3"))
        self.store.holding = False
        self.store.go_on()
        self.assertEqual([1, 3], self.store.writes)
        self.assertEqual({b"0": "0", b"1": "1", b"2": "2", b"3": "three"}, self.kept())

    def test_bounded(self) -> None:
        """
        When too many wait the oldest goes.
        """
        self.store.holding = True
        for number in range(8):
            self.book.keep(b"%d" % number, str(number))
        self.store.holding = False
        self.store.go_on()

        self.assertEqual([b"0", b"3", b"4", b"5", b"6", b"7"], sorted(self.kept()))
        self.assertEqual(2, self.book.lost)

    def test_same_again(self) -> None:
        """
        The same is written again only after an hour; something else at once.
        """
        for _ in range(3):
            self.book.keep(b"1", "one")
        self.assertEqual([1], self.store.writes)
        self.book.keep(b"1", "two")
        self.assertEqual([1, 1], self.store.writes)
        self.clock.advance(3600)
        self.book.keep(b"1", "two")
        self.assertEqual([1, 1, 1], self.store.writes)

    def test_database_away(self) -> None:
        """
        Without the database nothing is found, what is kept is lost, and later ones are written again.
        """
        self.database.available = False
        self.book.keep(b"1", "one")
        self.assertIsNone(self.find(b"1"))
        self.database.available = True
        self.assertIsNone(self.find(b"1"))
        self.book.keep(b"1", "one")

        self.assertEqual(({b"1": "one"}, 1), (self.kept(), self.book.lost))

    def test_refused(self) -> None:
        """
        What the database cannot hold is told in the log, and nothing else suffers.
        """
        self.store.error = ValueError("evil")
        self.book.keep(b"1", "one")
        self.store.error = None
        self.book.keep(b"2", "two")

        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))
        self.assertEqual({b"2": "two"}, self.kept())

    def test_slow_database(self) -> None:
        """
        A database that takes long is not waited for.
        """
        self.store.holding = True
        found = Deferred.fromCoroutine(self.book.find(b"1"))
        self.clock.advance(0.9)
        self.assertNoResult(found)
        self.clock.advance(0.1)
        self.assertIsNone(self.successResultOf(found))

    def test_stopped(self) -> None:
        """
        Stopping waits for what is still to be written.
        """
        self.store.holding = True
        self.book.keep(b"1", "one")
        self.book.keep(b"2", "two")
        stopped = self.book.stopService()
        self.assertNoResult(stopped)
        self.store.holding = False
        self.store.go_on()

        self.successResultOf(stopped)
        self.assertEqual([b"1", b"2"], sorted(self.kept()))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_stopped_without_the_database(self) -> None:
        """
        But not for longer than a second.
        """
        self.store.holding = True
        self.book.keep(b"1", "one")
        stopped = self.book.stopService()
        self.clock.advance(0.9)
        self.assertNoResult(stopped)
        self.clock.advance(0.1)

        self.successResultOf(stopped)

    def test_stopped_at_once(self) -> None:
        """
        With nothing to write it stops at once.
        """
        self.book.keep(b"1", "one")

        self.successResultOf(self.book.stopService())
