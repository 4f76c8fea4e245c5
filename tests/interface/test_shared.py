"""
What every :class:`ISharedStore` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import evolve, frozen
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from tests.interface.database import migrated_database
from tests.interface.stores import a_pod
from tests.interface.twins import grow_older
from trio2o.interfaces import IChangeLog, IPodStore, ISharedStore
from trio2o.model import Pod
from trio2o.model.shared import CopyState, Difference, Drift, SharedCopy, SharedKey, SharedResource
from trio2o.storage.memory import MemoryChanges, MemoryDatabase, MemoryPods
from trio2o.storage.memory_shared import MemoryShared
from trio2o.storage.pool import Pool
from trio2o.storage.postgres import PostgresChanges, PostgresPods
from trio2o.storage.postgres.shared import PostgresShared

KEY = SharedKey("flavor", "f'1 %s\\")
THING = SharedResource(key=KEY, top_id=KEY.name, document={"ram": 512, "specs": {"é": "\\"}})


@frozen(kw_only=True)
class Stores:
    """
    One database's.
    """

    shared: ISharedStore
    pods: IPodStore
    changes: IChangeLog
    #: Lets so many seconds pass.
    wait: Callable[[float], Awaitable[object]]


def had(pod: Pod, **more: Any) -> SharedCopy:
    """
    The copy of a pod that has all.
    """
    return SharedCopy(pod_id=pod.id, **{"pod_ref": "own", "state": CopyState.CURRENT, **more})


class SharedStoreSuite:
    """
    Run with a class that says what :meth:`stores` are.
    """

    stores: Callable[[], Awaitable[Stores]]

    async def with_pods(self) -> tuple[Stores, Pod, Pod]:
        """
        Stores, and two pods.
        """
        stores = await self.stores()
        await stores.pods.create_pod(a_pod("top", az_name=""))
        one = await stores.pods.create_pod(a_pod("one"))
        two = await stores.pods.create_pod(a_pod("two"))
        return stores, one, two

    async def test_interface(self) -> None:
        """
        The store provides the whole interface.
        """
        verifyObject(ISharedStore, (await self.stores()).shared)

    async def test_settled(self) -> None:
        """
        What is settled is found by name and by id, with a copy for every pod: one that nothing is written of is behind.
        """
        stores, one, two = await self.with_pods()
        written = await stores.shared.settle(THING, [had(one)], expected=0)
        self.assertEqual(evolve(THING, version=1), written)

        for key, top_id in ((KEY, ""), (SharedKey("flavor", "other"), KEY.name)):
            (found,) = await stores.shared.find(key, top_id)
            self.assertEqual(written, found.resource)
            self.assertEqual([one.id, two.id], list(found.copies))
            self.assertEqual(had(one, version=1), evolve(found.copies[one.id], seen_at=None))
            self.assertEqual(SharedCopy(pod_id=two.id), found.copies[two.id])
        self.assertEqual([], list(await stores.shared.find(SharedKey("flavor", KEY.name, "owner"))))
        self.assertEqual([], list(await stores.shared.find(SharedKey("type", KEY.name), KEY.name)))

    async def test_versions(self) -> None:
        """
        The same again is the same version; a change is the next, and pods that were not seen with it are behind. Who expects
        another version changes nothing.
        """
        stores, one, two = await self.with_pods()
        await stores.shared.settle(THING, [had(one), had(two)], expected=0)
        again = await stores.shared.settle(THING, [], expected=1)
        changed = evolve(THING, document={"ram": 1})
        self.assertEqual(1, again and again.version)

        self.assertIsNone(await stores.shared.settle(changed, [had(one)], expected=0))
        second = await stores.shared.settle(changed, [had(one)], expected=1)

        self.assertEqual(2, second and second.version)
        (found,) = await stores.shared.find(KEY)
        states = [copy.state for copy in found.copies.values()]
        self.assertEqual([CopyState.CURRENT, CopyState.BEHIND], states)
        self.assertFalse(await stores.shared.note_copies(KEY, KEY.name, 1, [had(two)]))
        self.assertTrue(await stores.shared.note_copies(KEY, KEY.name, 2, [had(two)]))
        (found,) = await stores.shared.find(KEY)
        self.assertEqual({CopyState.CURRENT}, {copy.state for copy in found.copies.values()})

    async def test_one_of_a_name(self) -> None:
        """
        Two things that are there never have one name; a deleted one makes room, and comes first.
        """
        stores, _, _ = await self.with_pods()
        await stores.shared.settle(THING, [], expected=0)
        other = evolve(THING, top_id="another")
        self.assertIsNone(await stores.shared.settle(other, [], expected=0))

        await stores.shared.settle(evolve(THING, deleted=True, document={}), [], expected=1)
        self.assertIsNotNone(await stores.shared.settle(other, [], expected=0))

        found = await stores.shared.find(KEY)
        self.assertEqual([True, False], [state.resource.deleted for state in found])
        self.assertEqual([KEY.name, "another"], [state.resource.top_id for state in found])

    async def test_taken_over(self) -> None:
        """
        Where a new thing is found under the pod's own id of a deleted one, nothing is left to be deleted.
        """
        stores, one, _ = await self.with_pods()
        await stores.shared.settle(THING, [had(one)], expected=0)
        await stores.shared.settle(evolve(THING, deleted=True, document={}), [], expected=1)
        self.assertEqual(1, len(await stores.shared.lacking(one.id, 10)))

        await stores.shared.settle(evolve(THING, top_id="another"), [had(one)], expected=0)

        self.assertEqual([], list(await stores.shared.lacking(one.id, 10)))

    async def test_lacking(self) -> None:
        """
        A pod lacks what it is behind with and what it refused, deleted things first and users' own last, page by page; of what
        was deleted it lacks nothing that it never had.
        """
        stores, one, two = await self.with_pods()
        for name in ("c", "b", "a"):
            thing = evolve(THING, key=SharedKey("flavor", name), top_id=name)
            await stores.shared.settle(thing, [had(one), had(two)] if name == "c" else [had(one)], expected=0)
        await stores.shared.settle(
            SharedResource(key=SharedKey("flavor", "c"), top_id="c", deleted=True), [had(one)], expected=1
        )
        own = evolve(THING, key=SharedKey("a_kind", "own", "user"), top_id="user/own")
        await stores.shared.settle(own, [had(one)], expected=0)
        gone = SharedResource(key=SharedKey("flavor", "gone"), top_id="gone", deleted=True)
        await stores.shared.settle(gone, [], expected=0)
        refusal = SharedCopy(pod_id=two.id, state=CopyState.REFUSED, error="no")
        await stores.shared.note_copies(SharedKey("flavor", "b"), "b", 1, [refusal])

        first = await stores.shared.lacking(two.id, 2)
        rest = await stores.shared.lacking(two.id, 2, first[-1].resource)

        self.assertEqual(["c", "a"], [state.resource.top_id for state in first])
        self.assertEqual(["b", "user/own"], [state.resource.top_id for state in rest])
        self.assertEqual([], list(await stores.shared.lacking(two.id, 2, rest[-1].resource)))
        self.assertEqual("no", rest[0].copies[two.id].error)
        self.assertEqual([], list(await stores.shared.lacking(one.id, 2)))

    async def test_cached(self) -> None:
        """
        Processes keep mapped kinds whole, and of the others what a pod is behind with, which a refusal is not.
        """
        stores, one, two = await self.with_pods()
        refused = SharedCopy(pod_id=two.id, state=CopyState.REFUSED)
        await stores.shared.settle(THING, [had(one), refused], expected=0)
        mapped = evolve(THING, key=SharedKey("type", "t"), top_id="t")
        await stores.shared.settle(mapped, [had(one), had(two)], expected=0)
        key = SharedKey("flavor", "late")
        await stores.shared.settle(evolve(THING, key=key, top_id="late"), [had(one)], expected=0)

        found = {state.resource.top_id: set(state.copies) for state in await stores.shared.cached(["type"])}

        self.assertEqual({"t": {one.id, two.id}, "late": {two.id}}, found)
        three = await stores.pods.create_pod(a_pod("three"))
        found = {state.resource.top_id: set(state.copies) for state in await stores.shared.cached([])}
        self.assertEqual({"t": {three.id}, "late": {two.id, three.id}, KEY.name: {three.id}}, found)
        everything = await stores.shared.everything("flavor")
        self.assertEqual({KEY.name, "late"}, {state.resource.top_id for state in everything})

    async def test_announced(self) -> None:
        """
        Each writing is in the change log, under an id by which the row is found.
        """
        stores, one, _ = await self.with_pods()
        start = (await stores.changes.snapshot()).number
        await stores.shared.settle(THING, [], expected=0)
        await stores.shared.note_copies(KEY, KEY.name, 1, [had(one)])

        changes = await stores.changes.changes_since(start) or ()

        self.assertEqual({"shared_resources"}, {change.table for change in changes})
        self.assertEqual(2, len(changes))
        (found,) = await stores.shared.cached_rows({change.row_id for change in changes})
        self.assertEqual(KEY, found.resource.key)

    async def test_pod_gone(self) -> None:
        """
        What is known of a pod goes with it, and nothing is written of a pod that is gone.
        """
        stores, one, two = await self.with_pods()
        await stores.shared.settle(THING, [had(one)], expected=0)
        drift = Drift(key=KEY, pod_id=one.id, difference=Difference.EXTRA)
        await stores.shared.report("flavor", [drift])
        await stores.pods.delete_pod(one.id)

        self.assertTrue(await stores.shared.note_copies(KEY, KEY.name, 1, [had(one)]))
        await stores.shared.report("type", [evolve(drift, key=SharedKey("type", "t"))])
        (found,) = await stores.shared.find(KEY)

        self.assertEqual([two.id], list(found.copies))
        self.assertEqual([], list(await stores.shared.drifts()))

    async def test_writes(self) -> None:
        """
        A write that was alone is told so; one that met another one of the same thing is not, whichever ends first.
        """
        shared = (await self.stores()).shared
        alone = await shared.begin_write(KEY, "pod")
        await shared.begin_write(SharedKey("flavor", "other"), "pod")
        self.assertTrue(await shared.end_write(alone))
        self.assertFalse(await shared.end_write(alone))

        first = await shared.begin_write(KEY, "one")
        second = await shared.begin_write(KEY, "two", deletes=True)
        opened = await shared.open_writes(KEY)
        self.assertEqual([(first, "one"), (second, "two")], [(each.number, each.judge_id) for each in opened])
        self.assertFalse(await shared.end_write(first))
        third = await shared.begin_write(KEY, "three")
        self.assertFalse(await shared.end_write(second))
        self.assertFalse(await shared.end_write(third))

    async def test_kept_writes(self) -> None:
        """
        A write that met another one stays when it ends, and so does one whose end is not sure; later ones meet it, until it is
        forgotten.
        """
        shared = (await self.stores()).shared
        first = await shared.begin_write(KEY, "one", deletes=True)
        second = await shared.begin_write(KEY, "two")
        await shared.end_write(first)
        opened = await shared.open_writes(KEY)
        self.assertEqual(
            [(first, "one", True, True), (second, "two", False, False)],
            [(each.number, each.judge_id, each.deletes, each.ended) for each in opened],
        )
        await shared.forget_writes([second, first])
        await shared.forget_writes([])
        self.assertEqual([], list(await shared.open_writes(KEY)))

        unsure = await shared.begin_write(KEY, "one")
        self.assertFalse(await shared.end_write(unsure, sure=False))
        (kept,) = await shared.open_writes(KEY)
        self.assertEqual((unsure, True), (kept.number, kept.ended))
        later = await shared.begin_write(KEY, "one")
        self.assertFalse(await shared.end_write(later))
        await shared.forget_writes([unsure, later])
        self.assertTrue(await shared.end_write(await shared.begin_write(KEY, "one")))

    async def test_at_once(self) -> None:
        """
        Of writes that begin at once none is alone.
        """
        shared = (await self.stores()).shared
        numbers = await gatherResults(
            [Deferred.fromCoroutine(shared.begin_write(KEY, "pod")) for _ in range(8)]
        )
        self.assertEqual([False] * 8, [await shared.end_write(number) for number in numbers])

    async def test_age(self) -> None:
        """
        A write that nobody ends grows older.
        """
        stores = await self.stores()
        await stores.shared.begin_write(KEY, "pod")
        await stores.wait(100.0)
        (write,) = await stores.shared.open_writes(KEY)
        self.assertTrue(100.0 <= write.age < 160.0, write)

    async def test_pruned(self) -> None:
        """
        A deleted thing is forgotten when no pod may have it, and some time has passed.
        """
        stores, one, two = await self.with_pods()
        for name, copies in (("a", [had(one), had(two)]), ("b", [had(one)]), ("c", [had(one)])):
            thing = evolve(THING, key=SharedKey("flavor", name), top_id=name)
            await stores.shared.settle(thing, copies, expected=0)
            if name != "c":
                gone = evolve(thing, deleted=True, document={})
                await stores.shared.settle(gone, [had(one)], expected=1)
        self.assertEqual(0, await stores.shared.prune(50.0))
        await stores.wait(100.0)

        self.assertEqual(1, await stores.shared.prune(50.0))
        left = [state.resource.top_id for state in await stores.shared.everything("flavor")]
        self.assertEqual(["a", "c"], left)

    async def test_drift(self) -> None:
        """
        A kind's report takes the place of the one before, and is read in order.
        """
        stores, one, two = await self.with_pods()
        drifts = [
            Drift(key=SharedKey("flavor", "b"), pod_id=one.id, difference=Difference.MISSING),
            Drift(key=SharedKey("flavor", "a"), pod_id=two.id, difference=Difference.DIFFERENT, detail="ram"),
            Drift(key=SharedKey("flavor", "a"), pod_id=one.id, difference=Difference.EXTRA),
        ]
        other = Drift(key=SharedKey("type", "t"), pod_id=one.id, difference=Difference.EXTRA)
        await stores.shared.report("flavor", [drifts[0]])
        await stores.shared.report("type", [other])
        await stores.shared.report("flavor", drifts)

        found = await stores.shared.drifts()

        self.assertEqual(
            [drifts[2], drifts[1], drifts[0], other], [evolve(drift, seen_at=None) for drift in found]
        )
        self.assertNotIn(None, [drift.seen_at for drift in found])

        await stores.shared.report("flavor", [], unseen=[one.id])
        left = await stores.shared.drifts()
        self.assertEqual(
            [("a", one.id), ("b", one.id), ("t", one.id)],
            [(drift.key.name, drift.pod_id) for drift in left],
        )


class MemorySharedTests(SharedStoreSuite, TestCase):
    """
    The dictionaries.
    """

    async def stores(self) -> Stores:  # type: ignore[override]
        """
        Fresh ones.
        """
        clock = Clock()
        clock.advance(1_800_000_000.0)
        database = MemoryDatabase(clock)
        return Stores(
            shared=MemoryShared(database),
            pods=MemoryPods(database),
            changes=MemoryChanges(database),
            wait=lambda seconds: maybeDeferred(clock.advance, seconds),
        )


class PostgresSharedTests(SharedStoreSuite, TestCase):
    """
    The rows.
    """

    async def stores(self) -> Stores:  # type: ignore[override]
        """
        Fresh ones.
        """
        dsn = await migrated_database(self)
        pool = Pool(reactor, dsn, size=2)
        changes = PostgresChanges(reactor, dsn, pool)
        self.addCleanup(pool.stop)
        self.addCleanup(changes.stop)
        await pool.start()

        async def wait(seconds: float) -> None:
            await grow_older(pool, seconds, "shared_writes", "began_at")
            await grow_older(pool, seconds, "shared_resources", "changed_at")

        return Stores(shared=PostgresShared(pool), pods=PostgresPods(pool), changes=changes, wait=wait)
