"""
What projects have, counted by several processes while pods are asked, processes die and resources come and go.
"""

from __future__ import annotations

from collections.abc import Coroutine
from itertools import count
from typing import Any

from attrs import define, field
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import HeldKey, Holding, Reading, Reservation
from trio2o.quota.tallies import minus, plus
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_quota_usages import MemoryQuotaUsages

PODS = ("pod1", "pod2", "pod3")
LIMIT = 12
GRACE, SETTLE = 5.0, 50.0
P = ("compute", "p1")


@define
class Create:
    """
    One under way.
    """

    reservation_id: str
    amount: int
    pod_id: str
    at: float
    made: str | None = None


@define
class Asked:
    """
    A reading under way.
    """

    begun: float
    told: dict[str, dict[str, int]] = field(factory=dict)
    seen: frozenset[HeldKey] = frozenset()
    gone: frozenset[HeldKey] = frozenset()


class QuotaMachine(RuleBasedStateMachine):
    """
    Creates, deletes and readings of several processes, in any order. A pod tells of all that it has at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.clock.advance(1_800_000_000.0)
        self.store = MemoryQuotaUsages(MemoryDatabase(self.clock))
        self.numbers = count()
        #: Server id to pod and amount: what there is.
        self.there: dict[str, tuple[str, int]] = {}
        self.creates: list[Create] = []
        self.readings: list[Asked] = []
        #: Server id to when its delete was sent, and whether the pod has done it.
        self.deletes: dict[str, float] = {}
        self.gone: set[str] = set()

    def run_now(self, coroutine: Coroutine[Deferred[Any], Any, Any]) -> Any:
        """
        The result of what waits for nothing.
        """
        results: list[Any] = []
        Deferred.fromCoroutine(coroutine).addBoth(results.append)
        assert len(results) == 1
        if hasattr(results[0], "raiseException"):
            results[0].raiseException()
        return results[0]

    def truth(self, pod_id: str) -> dict[str, int]:
        """
        What a pod says of itself.
        """
        amounts = [amount for pod, amount in self.there.values() if pod == pod_id]
        return plus({"instances": sum(amounts)})

    def taken(self) -> tuple[int, int]:
        """
        Used and reserved.
        """
        usage = self.run_now(self.store.usage(*P)).get("instances")
        return (0, 0) if usage is None else (usage.used, usage.reserved)

    @initialize(before=st.lists(st.sampled_from(PODS), max_size=4))
    def known(self, before: list[str]) -> None:
        """
        Some of it was there before the gateway.
        """
        for pod_id in before:
            self.there[f"old{next(self.numbers)}"] = (pod_id, 1)
        reading = self.reading({pod: self.truth(pod) for pod in PODS})
        self.run_now(self.store.first_reading(*P, reading, again=900.0))
        self.clock.advance(1.0)

    def reading(
        self, told: dict[str, dict[str, int]], begun: float | None = None, **more: frozenset[HeldKey]
    ) -> Reading:
        """
        One that ends now.
        """
        now = self.clock.seconds()
        pods = frozenset(PODS)
        return Reading(
            begun=now if begun is None else begun, ended=now, told=told, pods=pods, needed=pods, **more
        )

    @rule(amount=st.integers(1, 5), pod_id=st.sampled_from(PODS))
    def reserve(self, amount: int, pod_id: str) -> None:
        """
        A create is about to be sent.
        """
        number = f"r{next(self.numbers)}"
        reservation = Reservation(
            id=number, service=P[0], project_id=P[1], kind="server", amounts={"instances": amount}
        )
        before = sum(self.taken())
        became = self.run_now(self.store.reserve(reservation, {"instances": LIMIT}, settles_after=SETTLE))
        assert became.done == (before + amount <= LIMIT)
        if became.done:
            assert sum(self.taken()) <= LIMIT
            self.creates.append(Create(number, amount, pod_id, self.clock.seconds()))

    def unmade(self) -> list[Create]:
        """
        What a pod may still make: nothing that is as old as what is settled.
        """
        now = self.clock.seconds()
        return [each for each in self.creates if each.made is None and now < each.at + SETTLE]

    @precondition(lambda self: self.unmade())
    @rule(data=st.data())
    def make(self, data: st.DataObject) -> None:
        """
        The pod makes it.
        """
        each = data.draw(st.sampled_from(self.unmade()))
        each.made = f"s{next(self.numbers)}"
        self.there[each.made] = (each.pod_id, each.amount)

    @precondition(lambda self: self.creates)
    @rule(data=st.data(), end=st.sampled_from(["told", "unknown", "killed"]))
    def end(self, data: st.DataObject, end: str) -> None:
        """
        A create ends as its pod says, in nobody knows what, or with its process.
        """
        each = data.draw(st.sampled_from(self.creates))
        self.creates.remove(each)
        if end == "killed":
            return
        if end == "unknown":
            self.run_now(self.store.leave_reservation(each.reservation_id, each.pod_id, settles_after=SETTLE))
        elif each.made is None:
            self.run_now(self.store.give_back_reservation(each.reservation_id))
        else:
            held = Holding(kind="server", resource_id=each.made, amounts={"instances": each.amount})
            self.run_now(self.store.commit_reservation(each.reservation_id, each.pod_id, [held]))

    @precondition(lambda self: self.there.keys() - self.deletes.keys() - {each.made for each in self.creates})
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """
        A delete is sent.
        """
        free = self.there.keys() - self.deletes.keys() - {each.made for each in self.creates}
        self.deletes[data.draw(st.sampled_from(sorted(free)))] = self.clock.seconds()

    @precondition(lambda self: self.deletes.keys() - self.gone)
    @rule(data=st.data())
    def do_delete(self, data: st.DataObject) -> None:
        """
        The pod does it.
        """
        server = data.draw(st.sampled_from(sorted(self.deletes.keys() - self.gone)))
        self.gone.add(server)
        del self.there[server]

    @precondition(lambda self: self.gone)
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        """
        Somebody sees that it is gone.
        """
        server = data.draw(st.sampled_from(sorted(self.gone)))
        self.gone.discard(server)
        sent_for = self.clock.seconds() - self.deletes.pop(server)
        self.run_now(self.store.release("server", server, sent_for=sent_for))

    @rule(looks=st.booleans())
    def begin_reading(self, looks: bool) -> None:
        """
        A process begins to ask the pods, and may first look which of what was made lately is there.
        """
        asked = Asked(self.clock.seconds())
        if looks:
            unseen = self.run_now(self.store.unseen(*P, grace=GRACE, limit=100))
            there = {("server", server) for server in self.there}
            asked.seen = frozenset(key for key, _ in unseen if key in there)
            asked.gone = frozenset(key for key, _ in unseen if key not in there)
        self.readings.append(asked)

    @precondition(lambda self: self.readings)
    @rule(data=st.data(), pod_id=st.sampled_from(PODS))
    def tell(self, data: st.DataObject, pod_id: str) -> None:
        """
        A pod answers.
        """
        data.draw(st.sampled_from(self.readings)).told[pod_id] = self.truth(pod_id)

    @precondition(lambda self: self.readings)
    @rule(data=st.data())
    def end_reading(self, data: st.DataObject) -> None:
        """
        What pods said is taken over; some may not have answered.
        """
        asked = data.draw(st.sampled_from(self.readings))
        self.readings.remove(asked)
        reading = self.reading(asked.told, asked.begun, seen=asked.seen, gone=asked.gone)
        self.run_now(self.store.read(*P, reading, grace=GRACE, again=600.0, soon=20.0))

    @rule(seconds=st.sampled_from([0.1, 2.0, 6.0]))
    def wait(self, seconds: float) -> None:
        """
        Time goes by; nothing is under way for longer than it is settled.
        """
        self.clock.advance(seconds)

    @invariant()
    def never_too_little(self) -> None:
        """
        What there is, is used or reserved: so no limit is passed by what goes through the gateway.
        """
        if self.run_now(self.store.usage(*P)) is None:
            return
        there = sum(amount for _, amount in self.there.values())
        assert sum(self.taken()) >= there

    def teardown(self) -> None:
        """
        When all is quiet and was read, nothing is reserved, and what is used is what there is.
        """
        if self.run_now(self.store.usage(*P)) is None:
            return
        self.clock.advance(SETTLE + GRACE + 1.0)
        reading = self.reading({pod: self.truth(pod) for pod in PODS})
        result = self.run_now(self.store.read(*P, reading, grace=GRACE, again=600.0, soon=20.0))
        assert result.exact
        assert self.taken() == (sum(amount for _, amount in self.there.values()), 0)


class QuotaMachineTests(SynchronousTestCase):
    """
    The machine, as a test.
    """

    def test_machine(self) -> None:
        """
        No order of things counts too little, nor for good too much.
        """
        machine = QuotaMachine.TestCase
        machine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
        machine("runTest").runTest()


class SumTests(SynchronousTestCase):
    """
    Arithmetic of counts.
    """

    def test_sums(self) -> None:
        """
        What is nothing is not named.
        """
        self.assertEqual({"a": 3}, plus({"a": 1, "b": 2}, {"a": 2, "b": -2}))
        self.assertEqual({"a": -1, "b": 2}, minus({"b": 2}, {"a": 1}))
