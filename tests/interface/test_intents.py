"""
What every :class:`IIntentStore` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from attrs import evolve, frozen
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from tests.interface.twins import grow_older, two_pools
from trio2o.errors import DatabaseUnavailable
from trio2o.intents import Intent, KeptAnswer, Scope
from trio2o.interfaces import IIntentStore
from trio2o.model import Kind
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_intents import MemoryIntents
from trio2o.storage.postgres.intents import PostgresIntents

SCOPE = Scope(project_id="p1", user_id="u1", operation="compute /servers", key="k'1 %s\\")
ANSWER = KeptAnswer(status=202, headers=(("content-type", "application/json"),), body=b'{"a": "\xc3\xa9\0"}')


def an_intent(scope: Scope = SCOPE, **more: Any) -> Intent:
    """
    A new one.
    """
    given: dict[str, Any] = {
        "digest": b"\0d'",
        "kind": Kind.SERVER,
        "marked": True,
        "request": {"root": "https://cloud", "several": False},
        **more,
    }
    return Intent(id=str(uuid4()), scope=scope, **given)


@frozen(kw_only=True)
class Stores:
    """
    Two processes' stores over one database.
    """

    one: IIntentStore
    other: IIntentStore
    #: Lets so many seconds pass.
    wait: Callable[[float], Awaitable[object]]


class IntentStoreSuite:
    """
    Run with a class that says what :meth:`stores` are.
    """

    stores: Callable[[], Awaitable[Stores]]

    async def begun(self, store: IIntentStore, intent: Intent | None = None, **more: Any) -> Intent:
        """
        Begin one, kept for 1000 seconds and due after 100.
        """
        return await store.begin_intent(
            intent or an_intent(), **{"kept": 1000.0, "look_after": 100.0, **more}
        )

    async def test_interface(self) -> None:
        """
        The store provides the whole interface.
        """
        verifyObject(IIntentStore, (await self.stores()).one)

    async def test_first(self) -> None:
        """
        The first gets its own back, and who comes later the first one's, as it is by then.
        """
        stores = await self.stores()
        first = an_intent()
        self.assertEqual(first, await self.begun(stores.one, first))

        again = await self.begun(stores.other, an_intent(digest=b"other"))

        self.assertEqual(first, evolve(again, age=0.0))

    async def test_scopes(self) -> None:
        """
        Another project, user, operation or key is another scope.
        """
        stores = await self.stores()
        await self.begun(stores.one)
        for other in ("project_id", "user_id", "operation", "key"):
            wanted = an_intent(evolve(SCOPE, **{other: "x"}))
            self.assertEqual(wanted.id, (await self.begun(stores.other, wanted)).id, other)

    async def test_many_at_once(self) -> None:
        """
        Of sixteen that begin at once over two processes one is first, and all are told the same.
        """
        stores = await self.stores()
        begun = [
            Deferred.fromCoroutine(self.begun((stores.one, stores.other)[number % 2])) for number in range(16)
        ]

        ids = {intent.id for intent in await gatherResults(begun)}

        self.assertEqual(1, len(ids))

    async def test_made(self) -> None:
        """
        An answer is kept byte for byte, and nothing can be sent for the intent any more, nor is it freed by who has asked.
        """
        stores = await self.stores()
        intent = await self.begun(stores.one)
        self.assertTrue(await stores.one.try_intent(intent.id, "pod1", look_after=5.0))
        self.assertTrue(await stores.one.make_intent(intent.id, ANSWER, resource_id="s1", look_after=None))

        kept = await self.begun(stores.other)

        self.assertEqual((ANSWER, "s1", "pod1"), (kept.answer, kept.resource_id, kept.pod_id))
        self.assertFalse(await stores.other.try_intent(intent.id, "pod2", look_after=5.0))
        self.assertFalse(await stores.other.free_intent(intent.id, "pod1"))

    async def test_refused_after_all(self) -> None:
        """
        Who was refused frees its intent, though something seemed to be made meanwhile.
        """
        stores = await self.stores()
        intent = await self.begun(stores.one)
        await stores.one.try_intent(intent.id, "pod1", look_after=5.0)
        await stores.other.make_intent(intent.id, ANSWER, resource_id="s1", look_after=None, found=True)
        self.assertTrue(await stores.one.free_intent(intent.id))

    async def test_too_large(self) -> None:
        """
        An answer may be kept without its body.
        """
        stores = await self.stores()
        intent = await self.begun(stores.one)
        bare = evolve(ANSWER, body=None)
        await stores.one.make_intent(intent.id, bare, resource_id="", look_after=None)
        self.assertEqual(bare, (await self.begun(stores.one)).answer)

    async def test_found_afterwards(self) -> None:
        """
        What was found gives way to what the pod said, whichever comes first.
        """
        stores = await self.stores()
        intent = await self.begun(stores.one)
        found = KeptAnswer(status=202, body=b"found")

        async def make(answer: KeptAnswer, **more: Any) -> bool:
            return await stores.one.make_intent(intent.id, answer, resource_id="s1", look_after=None, **more)

        self.assertTrue(await make(found, found=True))
        self.assertTrue(await make(ANSWER))
        self.assertFalse(await make(found, found=True))
        self.assertEqual(ANSWER, (await self.begun(stores.one)).answer)

    async def test_freed(self) -> None:
        """
        A freed key is as new, and what was freed is neither tried nor made nor freed again.
        """
        stores = await self.stores()
        intent = await self.begun(stores.one)
        self.assertTrue(await stores.one.free_intent(intent.id))
        self.assertFalse(await stores.one.free_intent(intent.id))
        self.assertFalse(await stores.one.try_intent(intent.id, "pod1", look_after=5.0))
        self.assertFalse(await stores.one.make_intent(intent.id, ANSWER, resource_id="", look_after=None))

        later = an_intent()

        self.assertEqual(later.id, (await self.begun(stores.other, later)).id)

    async def test_freed_by_pod(self) -> None:
        """
        Who has looked at one pod frees nothing that was sent to another meanwhile, nor what was sent though it seemed not.
        """
        stores = await self.stores()
        intent = await self.begun(stores.one)
        await stores.one.try_intent(intent.id, "pod1", look_after=5.0)
        self.assertFalse(await stores.other.free_intent(intent.id, ""))
        await stores.one.try_intent(intent.id, "pod2", look_after=5.0)
        self.assertFalse(await stores.other.free_intent(intent.id, "pod1"))
        self.assertTrue(await stores.other.free_intent(intent.id, "pod2"))

    async def test_due(self) -> None:
        """
        Intents are due at their time, in that order, no more than were asked for; and again when that was said, or never.
        """
        stores = await self.stores()
        scopes = [evolve(SCOPE, key=str(number)) for number in range(4)]
        begun = [
            await self.begun(stores.one, an_intent(scope), look_after=look)
            for scope, look in zip(scopes, (30.0, 10.0, 20.0, 500.0), strict=True)
        ]
        self.assertEqual([], list(await stores.other.due_intents(10)))
        await stores.wait(50.0)

        async def due(limit: int = 10) -> list[int]:
            return [int(intent.scope.key) for intent in await stores.other.due_intents(limit)]

        self.assertEqual([1, 2, 0], await due())
        self.assertEqual([1, 2], await due(2))
        await stores.one.look_at_intent(begun[1].id, None)
        await stores.one.look_at_intent(begun[2].id, 40.0)
        self.assertEqual([0], await due())
        await stores.wait(50.0)
        self.assertEqual([0, 2], await due())

    async def test_tried_for(self) -> None:
        """
        How long ago it began, and was sent to its last pod, is told in seconds.
        """
        stores = await self.stores()
        intent = await self.begun(stores.one)
        self.assertEqual(0.0, (await self.begun(stores.one)).tried_for)
        await stores.wait(50.0)
        await stores.one.try_intent(intent.id, "pod1", look_after=10.0)
        await stores.wait(20.0)

        (due,) = await stores.one.due_intents(10)

        self.assertTrue(20.0 <= due.tried_for < 40.0, due.tried_for)
        self.assertTrue(70.0 <= due.age < 90.0, due.age)

    async def test_over(self) -> None:
        """
        After its time a key is as new, though nobody has pruned it; its intent is not due, and cannot be sent any more.
        """
        stores = await self.stores()
        old = await self.begun(stores.one)
        await stores.one.try_intent(old.id, "pod1", look_after=5.0)
        await stores.one.make_intent(old.id, ANSWER, resource_id="s1", look_after=5.0)
        await stores.wait(1001.0)
        self.assertEqual([], list(await stores.one.due_intents(10)))

        later = an_intent(digest=b"later")
        self.assertEqual(later.id, (await self.begun(stores.other, later)).id)
        again = await self.begun(stores.one)

        self.assertEqual(later, evolve(again, age=0.0))
        self.assertFalse(await stores.one.try_intent(old.id, "pod1", look_after=5.0))

    async def test_pruned(self) -> None:
        """
        What is over goes, a few at a time; what is not stays.
        """
        stores = await self.stores()
        for number in range(5):
            await self.begun(stores.one, an_intent(evolve(SCOPE, key=str(number))))
        await self.begun(stores.one, kept=5000.0)
        await stores.wait(2000.0)
        self.assertEqual([3, 2, 0], [await stores.one.prune_intents(3) for _ in range(3)])
        self.assertTrue(await stores.one.free_intent((await self.begun(stores.one)).id))


class MemoryIntentsTests(IntentStoreSuite, TestCase):
    """
    In memory.
    """

    async def stores(self) -> Stores:
        """
        Fresh ones.
        """
        clock = Clock()
        clock.advance(1_800_000_000.0)
        store = MemoryIntents(MemoryDatabase(clock))
        return Stores(one=store, other=store, wait=lambda seconds: maybeDeferred(clock.advance, seconds))

    async def test_away(self) -> None:
        """
        A database that is away says so.
        """
        database = MemoryDatabase(Clock())
        database.available = False
        with self.assertRaises(DatabaseUnavailable):
            await self.begun(MemoryIntents(database))


class PostgresIntentsTests(IntentStoreSuite, TestCase):
    """
    In PostgreSQL.
    """

    async def stores(self) -> Stores:
        """
        Fresh ones.
        """
        one, other = await two_pools(self)

        def wait(seconds: float) -> Awaitable[object]:
            return grow_older(one, seconds, "intents", "created_at", "expires_at", "tried_at", "look_at")

        return Stores(one=PostgresIntents(one), other=PostgresIntents(other), wait=wait)
