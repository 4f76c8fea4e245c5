"""
Shared things in memory.
"""

from __future__ import annotations

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from trio2o.interfaces import IPodIds, ISharedIds
from trio2o.model import Pod
from trio2o.model.shared import CopyState, SharedCopy, SharedKey, SharedResource, SharedState
from trio2o.shared.kinds import SharedKinds
from trio2o.state.shared import SharedBook, SharedOfPods
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_shared import MemoryShared

GOLD = SharedResource(key=SharedKey("volume_type", "gold"), top_id="top")
PAIR = SharedResource(key=SharedKey("key_pair", "k", "u"), top_id="u/k")
FLAVOR = SharedResource(key=SharedKey("flavor", "f"), top_id="f")


class SharedBookTests(SynchronousTestCase):
    """
    One process's book over a database with two pods.
    """

    def setUp(self) -> None:
        self.database = MemoryDatabase(Clock())
        self.store = MemoryShared(self.database)
        self.told: list[frozenset[str]] = []
        self.book = SharedBook(self.store, SharedKinds(), changed=self.told.append)
        for serial, name in enumerate(("one", "two"), 1):
            self.database.put_pod(Pod(id=name, name=name, az_name="az", serial=serial))

    def settled(self, resource: SharedResource, expected: int = 0, **refs: str) -> None:
        """
        Write what is wanted, with the ids that pods give it, and have the book read it.
        """
        copies = [SharedCopy(pod_id=pod, pod_ref=ref, state=CopyState.CURRENT) for pod, ref in refs.items()]
        written = self.store.settle(resource, copies, expected=expected)
        self.successResultOf(Deferred.fromCoroutine(written))
        row = f"{resource.key.kind}:{resource.top_id}"
        self.successResultOf(Deferred.fromCoroutine(self.book.take_over([row])))

    def behind(self) -> tuple[frozenset[str], frozenset[str]]:
        """
        Whose Compute, and whose Block Storage, is.
        """
        return self.book.behind("compute"), self.book.behind("volume")

    def test_interfaces(self) -> None:
        """
        It provides what it says.
        """
        verifyObject(ISharedIds, self.book)
        verifyObject(IPodIds, self.book.of("one"))

    def test_ids(self) -> None:
        """
        A mapped id is another in each pod, both ways; what a pod does not have, or is deleted, has no id there.
        """
        self.settled(GOLD, one="a", two="b")
        one, two = self.book.of("one"), self.book.of("two")
        self.assertEqual(("a", "b"), (one.own("volume_type", "top"), two.own("volume_type", "top")))
        self.assertEqual(("top", "top"), (one.top("volume_type", "a"), two.top("volume_type", "b")))
        self.assertEqual((None, None), (one.top("volume_type", "b"), one.own("volume_type", "x")))
        self.assertEqual(("f", "f"), (one.own("flavor", "f"), one.top("flavor", "f")))

        self.settled(evolve(GOLD, document={"x": 1}), 1, one="a2")
        self.assertEqual((None, "top"), (one.top("volume_type", "a"), one.top("volume_type", "a2")))
        self.assertEqual({"one", "two"}, set(self.book.copies("volume_type", "top")))
        self.settled(evolve(GOLD, deleted=True), 2, one="")
        self.assertEqual((None, None), (one.top("volume_type", "a2"), two.top("volume_type", "b")))

    def test_differ(self) -> None:
        """
        A pod differs in the kinds of which it calls anything otherwise than users do, for as long as it does.
        """
        kinds = ("volume_type", "qos_specs")
        one, two = self.book.of("one"), self.book.of("two")
        self.settled(GOLD, one="top", two="b")
        self.assertEqual((False, True), (one.differ(kinds), two.differ(kinds)))
        self.assertFalse(two.differ(("qos_specs",)))
        self.settled(evolve(GOLD, document={"x": 1}), 1, two="top")
        self.assertFalse(two.differ(kinds))
        self.settled(evolve(GOLD, document={"x": 2}), 2, two="c")
        self.assertTrue(two.differ(kinds))
        self.settled(evolve(GOLD, deleted=True), 3, two="c")
        self.assertFalse(two.differ(kinds))

    def test_taken_over(self) -> None:
        """
        What took a deleted thing's place in a pod keeps its ids, whatever is heard of the deleted thing afterwards.
        """
        other = evolve(GOLD, key=SharedKey("volume_type", "silver"), top_id="other")
        self.settled(GOLD, one="a", two="b")
        gone = evolve(GOLD, deleted=True, version=2)
        copies = {"two": SharedCopy(pod_id="two", pod_ref="b", state=CopyState.BEHIND)}
        self.book.note(SharedState(resource=gone, copies=copies))
        self.book.note(SharedState(resource=evolve(other, version=1), copies=copies))
        self.book.note(SharedState(resource=gone, copies={}))
        self.assertEqual("other", self.book.of("two").top("volume_type", "b"))
        self.assertTrue(self.book.of("two").differ(["volume_type"]))

    def test_behind(self) -> None:
        """
        Services of pods are behind that lack anything of any of their kinds, and whoever asks is told when that changes.
        """
        self.settled(FLAVOR, one="f")
        self.assertEqual((frozenset({"two"}), frozenset()), self.behind())
        self.assertIsNone(self.book.resource("flavor", "f"))
        self.settled(GOLD, one="a")
        self.settled(FLAVOR, 1, two="f")
        self.assertEqual((frozenset(), frozenset({"two"})), self.behind())
        self.settled(GOLD, 1, two="b")
        self.assertEqual((frozenset(), frozenset()), self.behind())
        self.assertEqual([frozenset({"two"})] * 4, self.told)

    def test_unknown_kind(self) -> None:
        """
        What is of no kind that this version knows keeps no work from a pod.
        """
        self.settled(evolve(FLAVOR, key=SharedKey("colour", "red"), top_id="red"), one="red")
        self.assertEqual((frozenset(), frozenset()), self.behind())
        self.assertEqual(frozenset({"two"}), self.book.incomplete())

    def test_one_users(self) -> None:
        """
        A key pair that a pod lacks is one user's: the pod is incomplete, and not behind with what is everybody's.
        """
        self.settled(PAIR, one="k")
        self.assertEqual((frozenset(), frozenset()), self.behind())
        self.assertEqual(frozenset({"two"}), self.book.incomplete())
        self.assertEqual(frozenset({"two"}), self.book.lacking("key_pair", "u/k"))
        self.assertEqual(frozenset(), self.book.lacking("key_pair", "v/k"))
        self.assertEqual([], self.told)
        self.settled(FLAVOR, one="f")
        self.assertEqual(frozenset({"two"}), self.book.lacking("flavor", "f"))

        self.settled(PAIR, 1, two="k")
        self.assertEqual(frozenset(), self.book.lacking("key_pair", "u/k"))
        self.settled(FLAVOR, 1, two="f")
        self.assertEqual(frozenset(), self.book.incomplete())

    def test_noted(self) -> None:
        """
        What a process notes of its own writes gives ids at once, and makes nobody behind who is not by what was read later.
        """
        wanted = evolve(GOLD, version=1)
        current = SharedCopy(pod_id="one", pod_ref="a", state=CopyState.CURRENT)
        self.book.note(SharedState(resource=wanted, copies={"one": current, "two": SharedCopy(pod_id="two")}))
        self.assertEqual("a", self.book.of("one").own("volume_type", "top"))
        self.assertEqual(frozenset({"two"}), self.book.behind("volume"))

        self.settled(GOLD, one="a", two="b")
        self.settled(FLAVOR, one="f", two="f")
        late = SharedCopy(pod_id="two", pod_ref="old")
        for resource in (wanted, evolve(FLAVOR, version=1)):
            self.book.note(SharedState(resource=resource, copies={"one": current, "two": late}))

        self.assertEqual(frozenset(), self.book.behind("volume"))
        self.assertEqual("b", self.book.of("two").own("volume_type", "top"))

    def test_new_pod(self) -> None:
        """
        A pod that is registered lacks everything at once; one that is removed lacks nothing any more.
        """
        self.settled(FLAVOR, one="f", two="f")
        self.database.put_pod(Pod(id="three", name="three", az_name="az", serial=3))
        follower = SharedOfPods(self.book)
        self.successResultOf(Deferred.fromCoroutine(follower.take_over(["three"])))
        self.assertEqual(frozenset({"three"}), self.book.behind("compute"))
        self.database.remove_pod("three")
        self.successResultOf(Deferred.fromCoroutine(follower.take_over(["three"])))
        self.assertEqual(frozenset(), self.book.behind("compute"))

    def test_loaded(self) -> None:
        """
        A reading of everything gives the same as the changes did.
        """
        self.settled(GOLD, one="a", two="b")
        self.settled(FLAVOR, one="f")
        other = SharedBook(self.store, SharedKinds())
        self.successResultOf(Deferred.fromCoroutine(other.load()))
        for service in ("compute", "volume"):
            self.assertEqual(self.book.behind(service), other.behind(service))
        self.assertEqual("a", other.of("one").own("volume_type", "top"))

        self.settled(FLAVOR, 1, two="f")
        self.successResultOf(Deferred.fromCoroutine(other.load()))
        self.assertEqual(frozenset(), other.behind("compute"))
        self.assertEqual(self.book.resource("volume_type", "top"), other.resource("volume_type", "top"))
