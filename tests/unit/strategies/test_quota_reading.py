"""
What projects have, as the pods say it; and reservations, which are refused by nothing older.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from trio2o.errors import Forbidden, PodTimeout, Unavailable
from trio2o.interfaces import IQuotaLimits
from trio2o.model import Counts, Holding, Pod, PodState, QuotaUse, Sighting
from trio2o.quota.refusals import nova
from trio2o.state.cache import MemoryState
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_quota_usages import MemoryQuotaUsages
from trio2o.strategies.quota_reading import QuotaReader
from trio2o.strategies.reserving import Claim, Hold, Reservations

T = TypeVar("T")
P = "p1"
GRACE = 30.0


@implementer(IQuotaLimits)
class Limits:
    """
    Three servers for everybody.
    """

    limit = 3

    def effective(self, service: str, project_id: str, user_id: str, resources: Sequence[str]) -> Counts:
        """
        See ``IQuotaLimits``.
        """
        return {"instances": self.limit}


class ReadingCase(SynchronousTestCase):
    """
    Two pods with servers; what they answer when is the test's.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_800_000_000.0)
        self.database = MemoryDatabase(self.clock)
        self.store = MemoryQuotaUsages(self.database)
        self.state = MemoryState(self.clock)
        self.pod1, self.pod2 = (Pod(id=f"Pod{n}-id", name=f"Pod{n}", az_name="az1", serial=n) for n in (1, 2))
        self.state.put_pods([self.pod1, self.pod2])
        self.state.confirm(self.clock.seconds() + 1_000_000)
        #: Pod id to the servers that it has.
        self.there: dict[str, set[str]] = {self.pod1.id: set(), self.pod2.id: set()}
        #: What pods have accepted and do not count yet.
        self.scheduling: set[str] = set()
        self.hanging: set[str] = set()
        #: What was asked: ``counts`` or ``servers``, and of which pod.
        self.asked: list[tuple[str, str]] = []
        self.reader = QuotaReader(
            store=self.store,
            state=self.state,
            clock=self.clock,
            ask=self.counts,
            ask_user=self.of_user,
            sight=self.sight,
            waited=9.0,
            grace=GRACE,
            again=600.0,
            soon=10.0,
        )
        self.limits = Limits()
        numbers = iter(range(1000))
        self.refused: list[tuple[str, str]] = []
        self.reservations = Reservations(
            store=self.store,
            limits=self.limits,
            reader=self.reader,
            settle_seconds=60.0,
            refused=lambda service, resource: self.refused.append((service, resource)),
            new_id=lambda: f"r{next(numbers)}",
        )

    async def counts(self, pod: Pod, service: str, project_id: str) -> Counts:
        """
        What a pod says.
        """
        self.asked.append(("counts", pod.name))
        await self.answered(pod)
        return {"instances": len(self.there[pod.id] - self.scheduling)}

    async def of_user(self, pod: Pod, service: str, project_id: str, user_id: str) -> Counts:
        """
        As much of everybody.
        """
        return await self.counts(pod, service, project_id)

    async def sight(self, pod: Pod, project_id: str, servers: Sequence[str]) -> Sighting:
        """
        What a pod says of some servers.
        """
        self.asked.append(("servers", pod.name))
        await self.answered(pod)
        there = self.there[pod.id]
        return Sighting(seen=frozenset(servers) & there - self.scheduling, gone=frozenset(servers) - there)

    async def answered(self, pod: Pod) -> None:
        """
        Answer, or hang.
        """
        if pod.id in self.hanging:
            await Deferred()

    def begun(self, coroutine: Coroutine[Deferred[Any], Any, T]) -> Deferred[T]:
        """
        It, under way.
        """
        return Deferred.fromCoroutine(coroutine)

    def now(self, coroutine: Coroutine[Deferred[Any], Any, T]) -> T:
        """
        Its result, which is there by now.
        """
        return self.successResultOf(self.begun(coroutine))

    def hold(self) -> Deferred[Hold]:
        """
        Reserve one server.
        """
        claim = Claim(service="compute", kind="server", amounts={"instances": 1}, refuses=nova)
        return self.begun(self.reservations.hold(P, [claim]))

    def create(self, server: str, *, counted: bool = True) -> None:
        """
        Reserve and make a server in the first pod.
        """
        hold = self.successResultOf(self.hold())
        self.there[self.pod1.id].add(server)
        if not counted:
            self.scheduling.add(server)
        held = [Holding(kind="server", resource_id=server, amounts={"instances": 1})]
        self.now(hold.made(lambda _, claim: held, self.pod1))

    def uses(self) -> QuotaUse:
        """
        What is counted.
        """
        usage = self.now(self.store.usage("compute", P))
        assert usage is not None
        return usage.get("instances", QuotaUse())


class RecountTests(ReadingCase):
    """
    A refusal is said by no count that is older than the create.
    """

    def test_deleted(self) -> None:
        """
        What the pod has deleted makes room at once, though nobody has seen it go and all of it was made a moment ago.
        """
        for server in "abc":
            self.create(server)
        self.clock.advance(1.0)
        self.there[self.pod1.id] -= {"a", "b"}
        self.successResultOf(self.hold())
        self.successResultOf(self.hold())
        self.assertEqual(QuotaUse(used=1, reserved=2), self.uses())

    def test_not_counted_yet(self) -> None:
        """
        What the pod has accepted and does not count yet takes its room all the same.
        """
        for server in "abc":
            self.create(server, counted=False)
        refused = self.failureResultOf(self.hold(), Forbidden).value
        self.assertEqual(
            "Quota exceeded for instances: Requested 1, but already used 3 of 3 instances", refused.message
        )
        self.assertEqual([("compute", "instances")], self.refused)

    def test_one_look_for_all(self) -> None:
        """
        Hundreds that are refused at once cost two looks at the pods; those that come next, one more.
        """
        for server in "abc":
            self.create(server)
        self.asked.clear()
        waiting = [self.hold() for _ in range(300)]
        self.clock.advance(1.0)
        for each in waiting:
            self.failureResultOf(each, Forbidden)
        # the list is asked for once: what was seen to be counted is not looked for again
        self.assertEqual(
            {("servers", "Pod1"): 1, ("counts", "Pod1"): 2, ("counts", "Pod2"): 2},
            {key: self.asked.count(key) for key in self.asked},
        )

    def test_first_who_gives_up(self) -> None:
        """
        Who waits for a look that somebody else began, who has gone, is answered all the same.
        """
        for server in "abc":
            self.create(server)
        self.hanging = {self.pod2.id}
        view = self.begun(self.reader.used("compute", P))
        view.cancel()
        self.failureResultOf(view)
        hold = self.hold()
        self.clock.pump([0.5] * 10)
        self.failureResultOf(hold, Forbidden)

    def test_overtaken(self) -> None:
        """
        Where another reading, begun before the delete, ends while it is looked, it is looked once more.
        """
        for server in "abc":
            self.create(server)
        self.clock.advance(GRACE + 1.0)
        waiting: list[Deferred[None]] = []

        async def slowly(pod: Pod, service: str, project_id: str) -> Counts:
            counts = {"instances": len(self.there[pod.id])}
            waiting.append(Deferred())
            await waiting[-1]
            return counts

        self.reader._ask = slowly
        earlier = self.begun(self.reader.read("compute", P))
        self.clock.advance(0.5)
        self.there[self.pod1.id].discard("a")
        hold = self.hold()
        self.clock.advance(0.5)
        while waiting:
            waiting.pop(0).callback(None)
        self.assertTrue(self.successResultOf(earlier).exact)
        self.successResultOf(hold)
        self.assertEqual(QuotaUse(used=2, reserved=1), self.uses())

    def test_hanging_pod(self) -> None:
        """
        A pod that hangs holds a refusal up for a moment, and what it had counts.
        """
        self.create("a")
        for server in "bc":
            self.create(server)
        self.hanging = {self.pod1.id}
        hold = self.hold()
        self.clock.pump([1.0] * 4)
        self.failureResultOf(hold, Forbidden)
        self.assertEqual(3, self.uses().used)

    def test_database_goes(self) -> None:
        """
        A database that goes while it is looked is 503, not a refusal.
        """
        for server in "abc":
            self.create(server)
        self.hanging = {self.pod1.id}
        hold = self.hold()
        self.database.available = False
        self.clock.pump([1.0] * 4)
        error = self.failureResultOf(hold, Unavailable).value
        self.assertIn((b"Retry-After", b"5"), error.headers)


class ReadTests(ReadingCase):
    """
    Readings.
    """

    def test_first_is_shared(self) -> None:
        """
        Three that find nothing known of their project have it read once.
        """
        holds = [self.hold() for _ in range(3)]
        for each in holds:
            self.successResultOf(each)
        self.assertEqual(1, self.asked.count(("counts", "Pod1")))

    def test_disabled(self) -> None:
        """
        Pods that are disabled are not asked, and do not keep a reading from being exact.
        """
        self.create("a")
        self.state.put_pods([self.pod1, evolve(self.pod2, state=PodState.DISABLED)])
        self.asked.clear()
        self.assertTrue(self.now(self.reader.read("compute", P)).exact)
        self.assertEqual([("servers", "Pod1"), ("counts", "Pod1")], self.asked)

    def test_gone_from_silent_pod(self) -> None:
        """
        What is gone stays counted where the pod does not say how much there is without it.
        """
        self.create("a")
        self.create("b")
        self.there[self.pod1.id].discard("a")
        asked: Callable[..., Any] = self.reader._ask

        async def broken(pod: Pod, service: str, project_id: str) -> Counts:
            raise PodTimeout(pod.name, "silent", sent=True)

        self.reader._ask = broken
        self.now(self.reader.read("compute", P))
        self.assertEqual(2, self.uses().used)
        self.reader._ask = asked
        self.assertTrue(self.now(self.reader.read("compute", P)).exact)
        self.assertEqual(1, self.uses().used)

    def test_users(self) -> None:
        """
        What a user has is what all pods say together.
        """
        self.there = {self.pod1.id: {"a"}, self.pod2.id: {"b", "c"}}
        self.assertEqual({"instances": QuotaUse(used=3)}, self.now(self.reader.used("compute", P, "u1")))
