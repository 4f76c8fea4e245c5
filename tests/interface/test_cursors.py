"""
What every :class:`ICursorStore` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256

from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from tests.interface.stores import InMemory, OnPostgres, Stores
from trio2o.interfaces import ICursorStore


def digest(number: int) -> bytes:
    """
    One of any number of digests, in no order.
    """
    return sha256(b"%d" % number).digest()


class CursorStoreSuite:
    """
    Run with a class that says what :meth:`stores` are.
    """

    stores: Callable[[], Awaitable[Stores]]

    async def kept(self, stores: Stores) -> list[int]:
        """
        Which of the first 20 digests have something.
        """
        return [number for number in range(20) if await stores.cursors.find_cursor(digest(number))]

    async def test_interface(self) -> None:
        """
        The store provides the whole interface.
        """
        verifyObject(ICursorStore, (await self.stores()).cursors)

    async def test_round_trip(self) -> None:
        """
        What was kept is found by its digest, and by no other.
        """
        cursors = (await self.stores()).cursors
        await cursors.keep_cursors({digest(1): '[1, "\\u0000%s\'"]', digest(2): "two", b"\0'\\\xff": "three"})
        self.assertEqual('[1, "\\u0000%s\'"]', await cursors.find_cursor(digest(1)))
        self.assertEqual("two", await cursors.find_cursor(digest(2)))
        self.assertEqual("three", await cursors.find_cursor(b"\0'\\\xff"))
        self.assertIsNone(await cursors.find_cursor(digest(3)))
        self.assertIsNone(await cursors.find_cursor(digest(1)[:-1]))

    async def test_replaced(self) -> None:
        """
        What is kept under a digest again is there instead, and is new.
        """
        stores = await self.stores()
        await stores.cursors.keep_cursors({digest(1): "old"})
        await stores.pass_a_day()
        await stores.cursors.keep_cursors({digest(1): "new"})
        self.assertEqual("new", await stores.cursors.find_cursor(digest(1)))

    async def test_nothing(self) -> None:
        """
        Keeping nothing is fine.
        """
        await (await self.stores()).cursors.keep_cursors({})

    async def test_a_day(self) -> None:
        """
        After a day it is not found any more, and goes as others come.
        """
        stores = await self.stores()
        await stores.cursors.keep_cursors({digest(1): "1", digest(2): "2"})
        await stores.pass_a_day()
        self.assertEqual([], await self.kept(stores))
        await stores.cursors.keep_cursors({digest(3): "3"})
        self.assertEqual([3], await self.kept(stores))

    async def test_at_most(self) -> None:
        """
        The oldest go when there are too many; one that was kept again is not old.
        """
        stores = await self.stores()
        for number in range(5):
            await stores.cursors.keep_cursors({digest(number): str(number)})
        await stores.cursors.keep_cursors({digest(0): "again"})
        await stores.cursors.keep_cursors({digest(5): "5"})
        found = await self.kept(stores)
        self.assertEqual([0, 5], [number for number in found if number in (0, 5)])
        self.assertNotIn(1, found)
        self.assertLessEqual(len(found), 5)
        await stores.cursors.keep_cursors({digest(number): str(number) for number in range(6, 18)})
        await stores.cursors.keep_cursors({digest(19): "19"})
        self.assertLessEqual(len(await self.kept(stores)), 5)
        self.assertIn(19, await self.kept(stores))


class MemoryCursorsTests(InMemory, CursorStoreSuite, TestCase):
    """
    The twin.
    """


class PostgresCursorsTests(OnPostgres, CursorStoreSuite, TestCase):
    """
    The real one.
    """
