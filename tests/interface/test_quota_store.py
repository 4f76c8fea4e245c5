"""
What every :class:`IQuotaStore` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import uuid4

from attrs import frozen
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from tests.interface.twins import grow_older, two_pools
from trio2o.errors import DatabaseUnavailable
from trio2o.interfaces import IQuotaStore
from trio2o.model import Counts, Holding, QuotaUse, Reading, Reservation
from trio2o.quota.tallies import NAMELESS
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_quota_usages import MemoryQuotaUsages
from trio2o.storage.postgres.quota_renames import rename_counts
from trio2o.storage.postgres.quota_usages import PostgresQuotaUsages

LIMITS = {"instances": 10, "cores": 20}
#: A name that needs care in JSON and in SQL.
P1 = "p'1 %s\""
PODS = frozenset({"pod1", "pod2"})


@frozen(kw_only=True)
class Stores:
    """
    Two processes' stores over one database.
    """

    one: IQuotaStore
    other: IQuotaStore
    #: Renames a volume type.
    renamed: Callable[[str, str], Awaitable[object]]
    #: Lets so many seconds pass.
    wait: Callable[[float], Awaitable[object]]


def a_reservation(instances: int = 1, **more: Any) -> Reservation:
    """
    One of servers with a core each.
    """
    given: dict[str, Any] = {
        "service": "compute",
        "project_id": P1,
        "kind": "server",
        "amounts": {"instances": instances, "cores": instances},
        **more,
    }
    return Reservation(id=str(uuid4()), **given)


def held(resource_id: str, instances: int = 1, **more: Any) -> Holding:
    """
    A server's holding.
    """
    return Holding(
        kind="server", resource_id=resource_id, amounts={"instances": instances, "cores": instances}, **more
    )


class QuotaStoreSuite:
    """
    Run with a class that says what :meth:`stores` are.
    """

    stores: Callable[[], Awaitable[Stores]]

    async def reading(
        self, store: IQuotaStore, told: Mapping[str, Counts], *, begun: float | None = None, **more: Any
    ) -> Reading:
        """
        A reading of two pods that began now, or then, and ends now.
        """
        now = await store.database_time()
        return Reading(
            begun=now if begun is None else begun, ended=now, told=told, pods=PODS, needed=PODS, **more
        )

    async def known(self, told: Mapping[str, Counts] | None = None) -> Stores:
        """
        Stores in which the project was read, with nothing unless told.
        """
        stores = await self.stores()
        reading = await self.reading(stores.one, told or {"pod1": {}, "pod2": {}})
        await stores.one.first_reading("compute", P1, reading, again=900.0)
        await stores.wait(10.0)
        return stores

    async def reserved(self, store: IQuotaStore, reservation: Reservation | None = None) -> Reservation:
        """
        Reserve, which succeeds, to be settled in 100 seconds.
        """
        wanted = reservation or a_reservation()
        assert (await store.reserve(wanted, LIMITS, settles_after=100.0)).done
        return wanted

    async def uses(self, store: IQuotaStore) -> tuple[int, int]:
        """
        Servers that are used and reserved; cores are as many.
        """
        usage = await store.usage("compute", P1)
        assert usage is not None
        servers = usage.get("instances", QuotaUse())
        assert usage.get("cores", QuotaUse()) == servers
        return servers.used, servers.reserved

    async def read(self, store: IQuotaStore, told: Mapping[str, Counts], **more: Any) -> Any:
        """
        A reading, taken over with 5 seconds of grace, the next one in 600 seconds, or 20.
        """
        reading = await self.reading(store, told, **more)
        return await store.read("compute", P1, reading, grace=5.0, again=600.0, soon=20.0)

    async def test_interface(self) -> None:
        """
        The store provides the whole interface.
        """
        verifyObject(IQuotaStore, (await self.stores()).one)

    async def test_unknown(self) -> None:
        """
        Of a project that was never read nothing is known, and nothing is reserved.
        """
        stores = await self.stores()
        became = await stores.one.reserve(a_reservation(), LIMITS, settles_after=9.0)
        self.assertEqual((False, False), (became.done, became.known))
        self.assertIsNone(await stores.one.usage("compute", P1))
        self.assertEqual({}, await stores.one.open_reservations())

    async def test_first_reading(self) -> None:
        """
        What pods have counts, added up; who reads first decides.
        """
        stores = await self.known(
            {"pod1": {"instances": 2, "cores": 2}, "pod2": {"instances": 1, "cores": 1}}
        )
        late = await self.reading(stores.other, {"pod1": {"instances": 9}})
        await stores.other.first_reading("compute", P1, late, again=900.0)
        self.assertEqual((3, 0), await self.uses(stores.other))

    async def test_limit(self) -> None:
        """
        What is used and what is reserved count together; what is over a limit is told what is taken, and takes nothing.
        """
        stores = await self.known({"pod1": {"instances": 4, "cores": 4}, "pod2": {}})
        await self.reserved(stores.one, a_reservation(5))

        over = await stores.other.reserve(a_reservation(2), LIMITS, settles_after=9.0)

        self.assertEqual((False, True), (over.done, over.known))
        self.assertEqual({"instances": 9, "cores": 9}, over.taken)
        self.assertEqual((4, 5), await self.uses(stores.other))
        await self.reserved(stores.other)

    async def test_unlimited(self) -> None:
        """
        -1 and no limit at all are none; what takes nothing is within any, though it is used up; and below zero is not more.
        """
        stores = await self.known({"pod1": {"instances": 50, "cores": 50}, "pod2": {}})
        one = stores.one
        self.assertTrue((await one.reserve(a_reservation(5), {"instances": -1}, settles_after=9.0)).done)
        for amount in (0, -2):
            wanted = a_reservation(amounts={"instances": amount})
            self.assertTrue((await one.reserve(wanted, {"instances": 1}, settles_after=9.0)).done)

    async def test_many_at_once(self) -> None:
        """
        Of forty that begin at once over two processes exactly as many get one as there are.
        """
        stores = await self.known()
        begun = [
            Deferred.fromCoroutine(
                (stores.one, stores.other)[number % 2].reserve(a_reservation(), LIMITS, settles_after=100.0)
            )
            for number in range(40)
        ]

        done = [each.done for each in await gatherResults(begun)]

        self.assertEqual(10, sum(done))
        self.assertEqual((0, 10), await self.uses(stores.one))
        self.assertEqual({"compute": 10}, dict(await stores.one.open_reservations()))

    async def test_commit(self) -> None:
        """
        What was made is used, in the amounts that were made; a second commit of the same changes nothing.
        """
        stores = await self.known()
        reservation = await self.reserved(stores.one, a_reservation(3))
        self.assertTrue(await stores.other.commit_reservation(reservation.id, "pod1", [held("s1", 2)]))
        self.assertFalse(await stores.one.commit_reservation(reservation.id, "pod1", [held("s2", 2)]))
        self.assertEqual((2, 0), await self.uses(stores.one))

    async def test_give_back(self) -> None:
        """
        What was not made is reserved no more, once.
        """
        stores = await self.known()
        reservation = await self.reserved(stores.one)
        self.assertTrue(await stores.other.give_back_reservation(reservation.id))
        self.assertFalse(await stores.one.give_back_reservation(reservation.id))
        self.assertEqual((0, 0), await self.uses(stores.one))

    async def test_release(self) -> None:
        """
        What went gives back exactly what it took, once, and also what was added to it.
        """
        stores = await self.known({"pod1": {"instances": 4, "cores": 4}, "pod2": {}})
        for amount in (2, 1):
            reservation = await self.reserved(stores.one, a_reservation(amount))
            await stores.one.commit_reservation(reservation.id, "pod1", [held("s1", amount)])
        self.assertEqual((7, 0), await self.uses(stores.one))
        self.assertTrue(await stores.other.release("server", "s1", sent_for=2.0))
        self.assertFalse(await stores.one.release("server", "s1", sent_for=2.0))
        self.assertEqual((4, 0), await self.uses(stores.one))

    async def test_release_unsure(self) -> None:
        """
        What went before the last reading that counts, or at a time that nobody knows, is not subtracted: pods are read instead.
        """
        four = {"pod1": {"instances": 4, "cores": 4}, "pod2": {}}
        for sent_for in (2.0, None):
            stores = await self.known(four)
            reservation = await self.reserved(stores.one)
            await stores.one.commit_reservation(reservation.id, "pod1", [held("s1")])
            await stores.wait(8.0)
            await self.read(stores.one, four)
            self.assertEqual((4, 0), await self.uses(stores.one))

            self.assertFalse(await stores.one.release("server", "s1", sent_for=sent_for))

            self.assertEqual((4, 0), await self.uses(stores.one))
            self.assertEqual([("compute", P1)], list(await stores.other.due(5)))

    async def test_release_after_reading(self) -> None:
        """
        A reading that had to leave what was counted as it was does not keep anything from being given back.
        """
        stores = await self.known()
        reservation = await self.reserved(stores.one)
        await stores.one.commit_reservation(reservation.id, "pod1", [held("s1")])
        await stores.wait(2.0)
        await self.read(stores.one, {"pod1": {}, "pod2": {}})
        self.assertEqual((1, 0), await self.uses(stores.one))
        self.assertTrue(await stores.one.release("server", "s1", sent_for=1.0))
        self.assertEqual((0, 0), await self.uses(stores.one))

    async def test_part(self) -> None:
        """
        Of a resource of which only a part is known no more than that is given back, and pods are read for the rest.
        """
        stores = await self.known({"pod1": {"instances": 4, "cores": 4}, "pod2": {}})
        reservation = await self.reserved(stores.one)
        await stores.one.commit_reservation(reservation.id, "pod1", [held("s1", whole=False)])
        self.assertFalse(await stores.one.release("server", "s1", sent_for=1.0))
        self.assertEqual((4, 0), await self.uses(stores.one))
        self.assertEqual([("compute", P1)], list(await stores.one.due(5)))

    async def test_read(self) -> None:
        """
        In a quiet moment what pods say is what counts, and what differed is told; a pod that does not tell keeps what it had.
        """
        stores = await self.known(
            {"pod1": {"instances": 4, "cores": 4}, "pod2": {"instances": 1, "cores": 1}}
        )

        result = await self.read(stores.other, {"pod1": {"instances": 6, "cores": 6}})

        self.assertTrue(result.exact)
        self.assertEqual({"instances": 2, "cores": 2}, result.differences)
        self.assertEqual((7, 0), await self.uses(stores.one))
        await stores.wait(590.0)
        self.assertEqual([], list(await stores.one.due(5)))
        await stores.wait(11.0)
        self.assertEqual([("compute", P1)], list(await stores.one.due(5)))

    async def test_read_seldom(self) -> None:
        """
        What nobody has changed for long is read as seldom, and what is held for nobody goes with an exact reading.
        """
        stores = await self.known()
        reservation = await self.reserved(stores.one)
        await stores.one.commit_reservation(reservation.id, "pod1", [held(f"{NAMELESS}r1")])
        await stores.wait(3600.0)
        one = {"instances": 1, "cores": 1}
        self.assertTrue((await self.read(stores.one, {"pod1": one, "pod2": {}})).exact)
        self.assertFalse(await stores.one.release("server", f"{NAMELESS}r1", sent_for=None))
        await stores.wait(3590.0)
        self.assertEqual([], list(await stores.one.due(5)))
        await stores.wait(20.0)
        self.assertEqual([("compute", P1)], list(await stores.one.due(5)))

    async def test_read_under_way(self) -> None:
        """
        While something is under way a reading gives room back and takes none, and the next one comes soon.
        """
        stores = await self.known({"pod1": {"instances": 4, "cores": 4}, "pod2": {}})
        await self.reserved(stores.one)

        result = await self.read(stores.one, {"pod1": {"instances": 9, "cores": 9}, "pod2": {}})
        self.assertFalse(result.exact)
        self.assertEqual((4, 1), await self.uses(stores.one))
        await self.read(stores.one, {"pod1": {"instances": 2, "cores": 2}, "pod2": {}})
        self.assertEqual((2, 1), await self.uses(stores.one))
        await stores.wait(21.0)
        self.assertEqual([("compute", P1)], list(await stores.one.due(5)))

    async def test_made_lately(self) -> None:
        """
        What was made during a reading, or within the grace before, does not go by it.
        """
        stores = await self.known()
        begun = await stores.one.database_time()
        await stores.wait(1.0)
        reservation = await self.reserved(stores.one)
        await stores.one.commit_reservation(reservation.id, "pod1", [held("s1")])
        await self.read(stores.one, {"pod1": {}, "pod2": {}}, begun=begun)
        self.assertEqual((1, 0), await self.uses(stores.one))
        await stores.wait(4.0)
        self.assertFalse((await self.read(stores.one, {"pod1": {}, "pod2": {}})).exact)
        self.assertEqual((1, 0), await self.uses(stores.one))
        await stores.wait(2.0)
        self.assertTrue((await self.read(stores.one, {"pod1": {}, "pod2": {}})).exact)
        self.assertEqual((0, 0), await self.uses(stores.one))

    async def made(self, store: IQuotaStore, *held_things: Holding, amount: int = 1, **more: Any) -> None:
        """
        Reserve, and have made it.
        """
        reservation = await self.reserved(store, a_reservation(amount, **more))
        assert await store.commit_reservation(reservation.id, "pod1", held_things)

    async def test_seen(self) -> None:
        """
        What was made lately and was seen to be counted is in what the pod says, so that the reading is exact at once.
        """
        stores = await self.known()
        await self.made(stores.one, held("s1"))
        await self.made(stores.other, held("s2"))
        await stores.wait(1.0)
        unseen = await stores.other.unseen("compute", P1, grace=5.0, limit=10)
        self.assertEqual([(("server", "s1"), "pod1"), (("server", "s2"), "pod1")], sorted(unseen))
        self.assertEqual(1, len(await stores.one.unseen("compute", P1, grace=5.0, limit=1)))
        one = {"instances": 1, "cores": 1}
        result = await self.read(stores.one, {"pod1": one, "pod2": {}}, seen=frozenset([("server", "s1")]))
        self.assertEqual((False, (2, 0)), (result.exact, await self.uses(stores.one)))
        self.assertEqual(
            [(("server", "s2"), "pod1")], list(await stores.one.unseen("compute", P1, grace=5.0, limit=9))
        )

        result = await self.read(stores.one, {"pod1": one, "pod2": {}}, seen=frozenset([("server", "s2")]))

        self.assertEqual((True, (1, 0)), (result.exact, await self.uses(stores.one)))

    async def test_seen_and_gone(self) -> None:
        """
        What was made lately and is seen to be gone does not count any more, nor is it given back once more; of other projects
        nothing is changed.
        """
        stores = await self.known()
        await self.made(stores.one, held("s1"))
        await self.made(stores.one, held("s2"))
        await stores.wait(1.0)
        await stores.one.first_reading("compute", "other", await self.reading(stores.one, {}), again=9.0)
        keys = frozenset([("server", "s2")])
        reading = await self.reading(stores.one, {}, gone=keys, seen=keys)
        await stores.one.read("compute", "other", reading, grace=5.0, again=600.0, soon=20.0)
        told = {"pod1": {"instances": 1, "cores": 1}, "pod2": {}}
        await self.read(stores.one, told, gone=keys, seen=frozenset([("server", "s1")]))
        self.assertEqual((1, 0), await self.uses(stores.one))
        self.assertFalse(await stores.one.release("server", "s2", sent_for=0.0))
        self.assertEqual((1, 0), await self.uses(stores.one))

    async def test_seen_by_another(self) -> None:
        """
        What one reading has seen another may lack that began before and ends after it: there it counts on top.
        """
        stores = await self.known()
        begun = await stores.other.database_time()
        await stores.wait(0.5)
        await self.made(stores.one, held("s1"))
        await stores.wait(0.5)
        await self.reserved(stores.one)
        told = {"pod1": {"instances": 1, "cores": 1}, "pod2": {}}
        await self.read(stores.one, told, seen=frozenset([("server", "s1")]))
        await stores.wait(0.5)

        await self.read(stores.other, {"pod1": {}, "pod2": {}}, begun=begun - 1.5)

        self.assertEqual((1, 1), await self.uses(stores.one))

    async def test_overtaken(self) -> None:
        """
        A reading that began before another has closed a reservation takes nothing of what that found.
        """
        stores = await self.known()
        begun = await stores.other.database_time()
        reservation = await self.reserved(stores.one)
        await stores.one.leave_reservation(reservation.id, "pod1", settles_after=1.0)
        await stores.wait(2.0)
        await self.read(stores.one, {"pod1": {"instances": 1, "cores": 1}, "pod2": {}})
        self.assertEqual((1, 0), await self.uses(stores.one))
        await stores.wait(1.0)

        result = await self.read(stores.other, {"pod1": {}, "pod2": {}}, begun=begun - 3.0)

        self.assertEqual((False, True), (result.exact, result.overtaken))
        self.assertEqual((1, 0), await self.uses(stores.one))

    async def test_counted_at_once(self) -> None:
        """
        Volumes are counted when they are answered, and so there is no grace for them; for those that a server's create makes
        there is.
        """
        for kind, exact in (("volume", True), ("server's volumes", False)):
            stores = await self.known()
            await self.made(
                stores.one, Holding(kind=kind, resource_id="v1", amounts={"instances": 1, "cores": 1})
            )
            await stores.wait(0.5)
            result = await self.read(stores.one, {"pod1": {}, "pod2": {}})
            self.assertEqual((exact, (0 if exact else 1, 0)), (result.exact, await self.uses(stores.one)))

    async def test_named(self) -> None:
        """
        What is held for nobody is held for those that are named later, as far as it goes, and each gives its own back.
        """
        stores = await self.known()
        await self.made(stores.one, held("s1"), held(f"{NAMELESS}r1", 3), amount=4)
        one = {"instances": 1, "cores": 1}
        await stores.other.name_held("server", f"{NAMELESS}r1", ["s1", "s2", "s3"], one)
        await stores.other.name_held("server", f"{NAMELESS}none", ["s9"], one)
        await stores.wait(2.0)
        self.assertFalse(await stores.one.release("server", "s9", sent_for=0.0))
        for server, left in (("s2", 3), ("s1", 2), ("s3", 1)):
            self.assertTrue(await stores.one.release("server", server, sent_for=0.0))
            self.assertEqual((left, 0), await self.uses(stores.one))
        await self.read(stores.one, {"pod1": {}, "pod2": {}})
        self.assertEqual((1, 0), await self.uses(stores.one))
        await stores.one.name_held("server", f"{NAMELESS}r1", ["s4", "s5"], one)
        self.assertEqual(
            [(("server", "s4"), "pod1")], list(await stores.one.unseen("compute", P1, grace=9.0, limit=9))
        )
        self.assertFalse(await stores.one.release("server", f"{NAMELESS}r1", sent_for=0.0))

    async def test_held_for_a_week(self) -> None:
        """
        What an exact reading counts is held for a week; its end is then found by a reading.
        """
        for days, kept in ((6, True), (8, False)):
            stores = await self.known()
            await self.made(stores.one, held("s1"))
            await stores.wait(days * 86_400.0)
            told = {"pod1": {"instances": 1, "cores": 1}, "pod2": {}}
            self.assertTrue((await self.read(stores.one, told)).exact)
            await stores.wait(60.0)
            self.assertEqual(kept, await stores.one.release("server", "s1", sent_for=1.0))

    async def test_type_renamed(self) -> None:
        """
        What is used, reserved and held of a volume type goes on by its new name, what Nova calls so does not, and pods are read.
        """
        stores = await self.stores()
        one = stores.one
        counts = {"volumes": 2, "volumes_old": 2, "gigabytes_old": 5, "volumes_older": 1}
        for service in ("volume", "compute"):
            reading = await self.reading(one, {"pod1": counts, "pod2": {"volumes_old": 1}})
            await one.first_reading(service, P1, reading, again=900.0)
        await stores.wait(3.0)
        amounts = {"volumes": 1, "volumes_old": 1, "gigabytes_old": 2}
        claim = a_reservation(service="volume", amounts=amounts)
        assert (await one.reserve(claim, {}, settles_after=9.0)).done
        made = Holding(kind="volume", resource_id="v1", amounts=amounts)
        await one.commit_reservation(claim.id, "pod1", [made])
        late = a_reservation(service="volume", amounts=amounts)
        assert (await one.reserve(late, {}, settles_after=9.0)).done

        await stores.renamed("old", "new")

        self.assertEqual(
            {
                "volumes": QuotaUse(used=3, reserved=1),
                "volumes_new": QuotaUse(used=4, reserved=1),
                "gigabytes_new": QuotaUse(used=7, reserved=2),
                "volumes_older": QuotaUse(used=1),
            },
            await one.usage("volume", P1),
        )
        compute = await one.usage("compute", P1)
        assert compute is not None
        self.assertEqual(3, compute["volumes_old"].used)
        self.assertEqual([("volume", P1)], list(await one.due(5)))
        await one.give_back_reservation(late.id)
        self.assertTrue(await one.release("volume", "v1", sent_for=1.0))
        usage = await one.usage("volume", P1)
        assert usage is not None
        self.assertEqual((QuotaUse(used=3), QuotaUse(used=5)), (usage["volumes_new"], usage["gigabytes_new"]))

    async def test_prune(self) -> None:
        """
        Projects that have nothing, and had nothing for long, are forgotten; no others.
        """
        stores = await self.known()
        one = stores.one
        for project, counts in (("idle", {}), ("used", {"instances": 1}), ("reserving", {})):
            reading = await self.reading(one, {"pod1": counts})
            await one.first_reading("compute", project, reading, again=900.0)
        await self.made(one, held("s1"))
        await stores.wait(2.0)
        await one.release("server", "s1", sent_for=0.0)
        await stores.wait(5000.0)
        for project in ("reserving", "given back"):
            reading = await self.reading(one, {})
            await one.first_reading("compute", project, reading, again=900.0)
            await stores.wait(900.0)
        await self.reserved(one, a_reservation(project_id="reserving"))
        self.assertEqual(0, await one.prune(7000.0, 10))
        self.assertEqual(1, await one.prune(5500.0, 1))
        self.assertEqual(1, await stores.other.prune(5500.0, 10))
        known = {
            name: await one.usage("compute", name) for name in (P1, "idle", "used", "reserving", "given back")
        }
        self.assertEqual(
            {"used", "reserving", "given back"}, {name for name, usage in known.items() if usage is not None}
        )
        self.assertFalse((await one.reserve(a_reservation(), LIMITS, settles_after=9.0)).known)

    async def test_settled(self) -> None:
        """
        A reservation whose end nobody knows stays until a reading that began when it was settled, of the pod that may have it.
        """
        stores = await self.known()
        made = {"instances": 1, "cores": 1}
        reservation = await self.reserved(stores.one)
        await stores.one.leave_reservation(reservation.id, "pod1", settles_after=30.0)
        await stores.wait(29.0)
        await self.read(stores.one, {"pod1": made, "pod2": {}})
        self.assertEqual((0, 1), await self.uses(stores.one))
        await stores.wait(21.0)
        self.assertEqual([("compute", P1)], list(await stores.one.due(5)))
        await self.read(stores.one, {"pod2": {}})
        self.assertEqual((0, 1), await self.uses(stores.one))

        result = await self.read(stores.one, {"pod1": made})

        self.assertEqual((True, 1), (result.exact, result.settled))
        self.assertEqual((1, 0), await self.uses(stores.one))
        self.assertFalse(await stores.one.commit_reservation(reservation.id, "pod1", [held("s1")]))
        self.assertEqual((1, 0), await self.uses(stores.one))

    async def test_killed(self) -> None:
        """
        What a killed process has reserved is closed when all pods have told after it is settled.
        """
        stores = await self.known()
        await self.reserved(stores.one)
        await stores.wait(101.0)
        await self.read(stores.one, {"pod1": {}})
        self.assertEqual((0, 1), await self.uses(stores.one))
        await self.read(stores.one, {"pod1": {}, "pod2": {}})
        self.assertEqual((0, 0), await self.uses(stores.one))

    async def test_settled_under_way(self) -> None:
        """
        What an unknown create has made counts though something else is under way.
        """
        stores = await self.known()
        reservation = await self.reserved(stores.one)
        await stores.one.leave_reservation(reservation.id, "pod1", settles_after=0.0)
        await stores.wait(1.0)
        await self.reserved(stores.one)
        await self.read(stores.one, {"pod1": {"instances": 1, "cores": 1}, "pod2": {}})
        self.assertEqual((1, 1), await self.uses(stores.one))

    async def test_pod_gone(self) -> None:
        """
        What was in a pod that is no part of the cloud any more does not count.
        """
        stores = await self.known({"pod1": {"instances": 4, "cores": 4}, "pod2": {}, "pod3": {}})
        now = await stores.one.database_time()
        reading = Reading(begun=now, ended=now, told={}, pods=frozenset({"pod2"}), needed=frozenset({"pod2"}))
        await stores.one.read("compute", P1, reading, grace=5.0, again=600.0, soon=20.0)
        self.assertEqual((0, 0), await self.uses(stores.one))

    async def test_read_soon(self) -> None:
        """
        A project can be had read earlier, and not later.
        """
        stores = await self.known()
        await stores.one.read_soon("compute", P1, 5.0)
        await stores.one.read_soon("compute", P1, 50.0)
        await stores.one.read_soon("volume", "nobody", 0.0)
        self.assertEqual([], list(await stores.one.due(5)))
        await stores.wait(6.0)
        self.assertEqual([("compute", P1)], list(await stores.one.due(5)))
        await stores.other.postpone("compute", P1, 5.0)
        self.assertEqual([], list(await stores.one.due(5)))


class MemoryQuotasTests(QuotaStoreSuite, TestCase):
    """
    In memory.
    """

    async def stores(self) -> Stores:
        """
        Fresh ones.
        """
        clock = Clock()
        clock.advance(1_800_000_000.0)
        database = MemoryDatabase(clock)
        store = MemoryQuotaUsages(database)

        async def renamed(old: str, new: str) -> None:
            for told in database.type_renamed:
                told(old, new)

        return Stores(
            one=store,
            other=store,
            renamed=renamed,
            wait=lambda seconds: maybeDeferred(clock.advance, seconds),
        )

    async def test_away(self) -> None:
        """
        A database that is away says so.
        """
        database = MemoryDatabase(Clock())
        database.available = False
        with self.assertRaises(DatabaseUnavailable):
            await MemoryQuotaUsages(database).reserve(a_reservation(), LIMITS, settles_after=9.0)


class PostgresQuotasTests(QuotaStoreSuite, TestCase):
    """
    In PostgreSQL.
    """

    async def stores(self) -> Stores:
        """
        Fresh ones.
        """
        one, other = await two_pools(self)

        async def wait(seconds: float) -> None:
            for table, columns in (
                ("quota_usages", ("changed_at", "look_at")),
                ("quota_reservations", ("created_at", "settles_at")),
                ("quota_holdings", ("added_at",)),
            ):
                await grow_older(one, seconds, table, *columns)
            await one.run_query(
                "update quota_usages set read = (select coalesce(jsonb_object_agg(key, value::float8 - %s), '{}')"
                " from jsonb_each_text(read))",
                (seconds,),
            )

        return Stores(
            one=PostgresQuotaUsages(one),
            other=PostgresQuotaUsages(other),
            renamed=lambda old, new: one.run_interaction(
                lambda transaction: rename_counts(transaction, old, new)
            ),
            wait=wait,
        )
