"""
:mod:`trio2o.state.routes` and :mod:`trio2o.state.outbox`, over the stores in memory.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from datetime import datetime
from typing import Any, TypeVar

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.state.samples import a_pod, a_route
from trio2o.errors import DatabaseUnavailable
from trio2o.interfaces import IRouteBook, IRouteStore
from trio2o.model import Kind, Route
from trio2o.state.cache import MemoryState
from trio2o.state.outbox import Outbox
from trio2o.state.routes import RouteBook
from trio2o.storage.memory import MemoryDatabase, MemoryRoutes

T = TypeVar("T")


class SlowRoutes:
    """
    A store that writes and reads down what it is asked, and answers when :meth:`go_on` is called.
    """

    def __init__(self, store: IRouteStore) -> None:
        self.asked: list[Any] = []
        self.held: list[Deferred[None]] = []
        self.holding = False
        self._store = store

    def go_on(self) -> None:
        """
        Let everything through that waits.
        """
        held, self.held = self.held, []
        for waiter in held:
            waiter.callback(None)

    async def _hold(self, *asked: Any) -> None:
        self.asked.append(asked)
        if self.holding:
            waiter: Deferred[None] = Deferred()
            self.held.append(waiter)
            await waiter

    async def find_route(self, kind: Kind, resource_id: str) -> Route | None:
        """
        The answer is of the time of the question.
        """
        found = await self._store.find_route(kind, resource_id)
        await self._hold("find", resource_id)
        return found

    async def record_routes(self, routes: Sequence[Route]) -> None:
        """
        A route with an ``evil`` detail is refused.
        """
        await self._hold("record", [route.resource_id for route in routes])
        if any("evil" in route.details for route in routes):
            raise ValueError("evil")
        await self._store.record_routes(routes)

    async def end_route(self, kind: Kind, resource_id: str, at: datetime) -> None:
        """
        As the store does.
        """
        await self._hold("end", resource_id)
        await self._store.end_route(kind, resource_id, at)


class BookCase(SynchronousTestCase):
    """
    A book over a slow store.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.database = MemoryDatabase(self.clock)
        self.stored = MemoryRoutes(self.database)
        self.slow = SlowRoutes(self.stored)
        self.state = MemoryState(self.clock, route_limit=10)
        self.outbox = Outbox(self.clock, self.slow, limit=5, batch=3, patience=1.0)
        self.book = RouteBook(self.state, self.slow, self.outbox, drain_limit=5.0)
        self.book.startService()

    def now(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """
        The result of what does not wait.
        """
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def in_database(self, resource_id: str) -> Route | None:
        """
        What the database has, also while it is away.
        """
        return self.database.routes.get((resource_id, Kind.SERVER))

    def lose_database(self) -> None:
        """
        Take the database away, and let the book find out.
        """
        self.database.available = False
        self.successResultOf(self.book.record([a_route("lost")]))
        self.assertTrue(self.outbox.away)


class RouteBookTests(BookCase):
    """
    Finding and recording.
    """

    def test_interface(self) -> None:
        """
        The book provides the whole interface.
        """
        verifyObject(IRouteBook, self.book)

    def test_from_the_database(self) -> None:
        """
        What memory does not have is read once and then remembered.
        """
        self.now(self.stored.record_routes([a_route("s1")]))
        self.assertIsNone(self.book.remembered(Kind.SERVER, "s1"))
        for _ in range(2):
            self.assertEqual(a_route("s1"), self.now(self.book.find(Kind.SERVER, "s1")))
        self.assertEqual(a_route("s1"), self.book.remembered(Kind.SERVER, "s1"))
        self.assertEqual([("find", "s1")], self.slow.asked)

    def test_another_pods(self) -> None:
        """
        What another pod shows changes no route to a pod that there is, and takes over one to a pod that is gone (I7).
        """
        theirs = evolve(a_route("s1"), pod_id="Pod9-id")
        for pods, kept in (((a_pod("Pod1"),), a_route("s1")), ((), theirs)):
            self.state.put_pods(pods)
            self.book.record([a_route("s1")])
            with self.subTest(pods=pods):
                self.book.record([theirs])
                self.assertEqual(kept, self.book.remembered(Kind.SERVER, "s1"))
                self.assertEqual(kept, self.in_database("s1"))

    def test_unknown(self) -> None:
        """
        What the database does not have is nowhere, and not remembered as such.
        """
        for _ in range(2):
            self.assertIsNone(self.now(self.book.find(Kind.SERVER, "s1")))
        self.assertEqual(2, len(self.slow.asked))

    def test_one_question(self) -> None:
        """
        Those who ask the same at once share one question; one who leaves spoils it for nobody.
        """
        self.now(self.stored.record_routes([a_route("s1")]))
        self.slow.holding = True
        asked = [Deferred.fromCoroutine(self.book.find(Kind.SERVER, "s1")) for _ in range(3)]
        asked[0].cancel()
        self.slow.go_on()
        self.failureResultOf(asked[0])
        for answer in asked[1:]:
            self.assertEqual(a_route("s1"), self.successResultOf(answer))
        self.assertEqual(1, len(self.slow.asked))

    def test_ended_while_reading(self) -> None:
        """
        A route that ends while it is read is not found, nor remembered.
        """
        self.now(self.stored.record_routes([a_route("s1")]))
        self.slow.holding = True
        answer = Deferred.fromCoroutine(self.book.find(Kind.SERVER, "s1"))
        self.book.end(Kind.SERVER, "s1")
        self.slow.go_on()
        self.assertIsNone(self.successResultOf(answer))
        self.assertIsNone(self.book.remembered(Kind.SERVER, "s1"))

    def test_recorded_while_reading(self) -> None:
        """
        A route that is recorded while the database says no is found.
        """
        self.slow.holding = True
        answer = Deferred.fromCoroutine(self.book.find(Kind.SERVER, "s1"))
        self.book.record([a_route("s1")])
        self.slow.go_on()
        self.assertEqual(a_route("s1"), self.successResultOf(answer))

    def test_record(self) -> None:
        """
        A recorded route is remembered at once, and the result fires when it is written.
        """
        self.slow.holding = True
        written = self.book.record([a_route("s1"), a_route("s2")])
        self.assertEqual(a_route("s1"), self.book.remembered(Kind.SERVER, "s1"))
        self.assertNoResult(written)
        self.slow.go_on()
        self.successResultOf(written)
        self.assertEqual(a_route("s2"), self.in_database("s2"))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_recorded_again(self) -> None:
        """
        What is known already is not written again.
        """
        for _ in range(2):
            self.successResultOf(self.book.record([a_route("s1")]))
        self.assertEqual([("record", ["s1"])], self.slow.asked)
        self.successResultOf(self.book.record([a_route("s1", pod_id="other")]))
        self.assertEqual("other", self.in_database("s1").pod_id)  # type: ignore[union-attr]

    def test_end(self) -> None:
        """
        An ended route is forgotten at once and is a tombstone in the database.
        """
        self.clock.advance(1_800_000_000)
        self.book.record([a_route("s1")])
        self.successResultOf(self.book.end(Kind.SERVER, "s1"))
        self.assertIsNone(self.book.remembered(Kind.SERVER, "s1"))
        self.assertIsNone(self.now(self.book.find(Kind.SERVER, "s1")))
        route = self.in_database("s1")
        assert route is not None and route.deleted_at is not None
        self.assertEqual(1_800_000_000, route.deleted_at.timestamp())

    def test_database_away(self) -> None:
        """
        Without the database memory answers, and what it does not have cannot be told.
        """
        self.book.record([a_route("s1")])
        self.database.available = False
        self.assertEqual(a_route("s1"), self.now(self.book.find(Kind.SERVER, "s1")))
        self.failureResultOf(Deferred.fromCoroutine(self.book.find(Kind.SERVER, "s2")), DatabaseUnavailable)


class OutboxTests(BookCase):
    """
    Writes that wait.
    """

    def test_kept_and_written_later(self) -> None:
        """
        With the database away the result fires at once, and the write is made when it is back.
        """
        self.lose_database()
        self.successResultOf(self.book.record([a_route("s1")]))
        self.assertIsNone(self.in_database("s1"))
        self.assertEqual(2, len(self.outbox))
        self.database.available = True
        self.clock.pump([1.0] * 10)
        self.assertEqual(a_route("s1"), self.in_database("s1"))
        self.assertEqual(a_route("lost"), self.in_database("lost"))
        self.assertEqual((False, 0, 2), (self.outbox.away, len(self.outbox), self.outbox.written))

    def test_found_while_it_waits(self) -> None:
        """
        A route that has left memory and is not yet written is found, and an ended one is not.
        """
        self.lose_database()
        self.book.record([a_route("s1"), a_route("s2")])
        self.book.end(Kind.SERVER, "s2")
        self.state.forget_route(Kind.SERVER, "s1")
        self.assertEqual(a_route("s1"), self.now(self.book.find(Kind.SERVER, "s1")))
        self.assertIsNone(self.now(self.book.find(Kind.SERVER, "s2")))

    def test_order(self) -> None:
        """
        Writes are made in the order in which they came, some at a time.
        """
        self.slow.holding = True
        self.book.record([a_route("s1")])
        for name in ("s2", "s3", "s4", "s5"):
            self.book.record([a_route(name)])
        self.slow.go_on()
        self.slow.go_on()
        self.slow.go_on()
        self.assertEqual(
            [("record", ["s1"]), ("record", ["s2", "s3", "s4"]), ("record", ["s5"])], self.slow.asked
        )

    def test_last_word(self) -> None:
        """
        Of what is said about one resource while it waits the last word is written: a tombstone, or a live route.
        """
        self.lose_database()
        self.book.record([a_route("s1"), a_route("s2")])
        self.book.end(Kind.SERVER, "s1")
        self.book.end(Kind.SERVER, "s2")
        self.book.record([a_route("s2", pod_id="other")])
        self.database.available = True
        self.clock.pump([1.0] * 10)
        one, two = self.in_database("s1"), self.in_database("s2")
        assert one is not None and two is not None
        self.assertIsNotNone(one.deleted_at)
        self.assertEqual(("other", None), (two.pod_id, two.deleted_at))

    def test_end_of_what_is_written(self) -> None:
        """
        The end of a route that only the database has makes its tombstone, however late.
        """
        self.now(self.stored.record_routes([a_route("s1")]))
        self.lose_database()
        self.clock.advance(0)
        ended_at = self.clock.seconds()
        self.book.end(Kind.SERVER, "s1")
        self.clock.advance(30)
        self.database.available = True
        self.clock.pump([1.0] * 10)
        route = self.in_database("s1")
        assert route is not None and route.deleted_at is not None
        self.assertEqual(ended_at, route.deleted_at.timestamp())

    def test_ended_while_written(self) -> None:
        """
        An end that comes while the record is under way comes after it, also when the record fails.
        """
        for available in (True, False):
            self.slow.holding = True
            self.database.available = available
            name = f"s-{available}"
            self.book.record([a_route(name)])
            self.book.end(Kind.SERVER, name)
            self.slow.holding = False
            self.slow.go_on()
            self.database.available = True
            self.clock.pump([1.0] * 10)
            route = self.in_database(name)
            assert route is not None
            self.assertIsNotNone(route.deleted_at)

    def test_bounded(self) -> None:
        """
        Beyond its limit the outbox drops what is new, counts it, and never fails; a known resource still changes.
        """
        self.lose_database()
        self.successResultOf(self.book.record([a_route(f"s{number}") for number in range(10)]))
        self.assertEqual((5, 6), (len(self.outbox), self.outbox.dropped))
        self.successResultOf(self.book.end(Kind.SERVER, "s0"))
        self.assertEqual((5, 6), (len(self.outbox), self.outbox.dropped))
        self.flushLoggedErrors()

    def test_patience(self) -> None:
        """
        A slow database holds a caller up for a second at most.
        """
        self.slow.holding = True
        written = self.book.record([a_route("s1")])
        self.clock.advance(0.9)
        self.assertNoResult(written)
        self.clock.advance(0.2)
        self.successResultOf(written)
        self.slow.go_on()
        self.assertEqual(a_route("s1"), self.in_database("s1"))

    def test_caller_leaves(self) -> None:
        """
        A caller that no longer waits does not stop the write.
        """
        self.slow.holding = True
        written = self.book.record([a_route("s1")])
        written.cancel()
        self.failureResultOf(written)
        self.slow.go_on()
        self.assertEqual(a_route("s1"), self.in_database("s1"))

    def test_one_that_cannot_be_written(self) -> None:
        """
        A route that the database refuses is dropped with its reason in the log, and holds up no other.
        """
        self.slow.holding = True
        self.book.record([a_route("s1")])
        written = self.book.record([a_route("s2"), a_route("s3", details={"evil": 1}), a_route("s4")])
        self.slow.holding = False
        self.slow.go_on()
        self.successResultOf(written)
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))
        self.assertEqual(
            [True, False, True], [self.in_database(name) is not None for name in ("s2", "s3", "s4")]
        )
        self.assertEqual((1, 3), (self.outbox.dropped, self.outbox.written))

    def test_stop(self) -> None:
        """
        Stopping writes what is left first.
        """
        self.lose_database()
        self.book.record([a_route("s1")])
        self.database.available = True
        self.successResultOf(self.book.stopService())
        self.assertEqual(a_route("s1"), self.in_database("s1"))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_stop_without_database(self) -> None:
        """
        Stopping gives up after its limit when the database stays away, and says how much is lost.
        """
        self.lose_database()
        stopped = self.book.stopService()
        self.clock.pump([0.5] * 9)
        self.assertNoResult(stopped)
        self.clock.advance(0.5)
        self.successResultOf(stopped)
        self.assertEqual([], self.clock.getDelayedCalls())
        self.flushLoggedErrors()
