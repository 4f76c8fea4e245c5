"""
The jobs that give pods what they lack: two fake Cinders, and what is wanted of them in memory.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.shared.test_cinder_kinds import LUKS, QOS, TYPE, a_cinder
from trio2o.adoption.replication import ReplicateJobs
from trio2o.adoption.sync_pods import SYNC_POD, SyncPodJobs
from trio2o.errors import JobRetry
from trio2o.model import Job, Pod
from trio2o.model.shared import CopyState, SharedCopy, SharedKey, SharedResource
from trio2o.shared.kinds import SharedKinds
from trio2o.state.cache import MemoryState
from trio2o.state.shared import SharedBook
from trio2o.storage.memory_database import MemoryDatabase
from trio2o.storage.memory_jobs import MemoryJobs
from trio2o.storage.memory_shared import MemoryShared
from trio2o.strategies.converging import Converger
from trio2o.strategies.pending import REPLICATE, replication


class AllHealthy:
    """
    Pods that answer.
    """

    def healthy(self, pod_id: str, service: str | None = None) -> bool:
        """
        Always.
        """
        return True


class ReplicationCase(SynchronousTestCase):
    """
    Two pods, of which the first judges.
    """

    def setUp(self) -> None:
        self.clock = clock = Clock()
        self.database = MemoryDatabase(clock)
        names = ("Pod1", "Pod2")
        pods = [Pod(id=f"{name}-id", name=name, az_name="az1", serial=at) for at, name in enumerate(names)]
        self.pods = {pod.name: pod for pod in pods}
        self.database.pods = {pod.id: pod for pod in pods}
        state = MemoryState(clock)
        state.put_pods(pods)
        self.asks = {pod.id: a_cinder(pod) for pod in pods}
        self.store = MemoryShared(self.database)
        kinds = SharedKinds()
        self.book = SharedBook(self.store, kinds, lambda pod_ids: None)
        converger = Converger(store=self.store, ids=self.book, ask=lambda pod, service: self.asks[pod.id])
        common: dict[str, Any] = {
            "store": self.store,
            "kinds": kinds,
            "converger": converger,
            "ids": self.book,
            "state": state,
            "pods": AllHealthy(),
            "queue": MemoryJobs(self.database),
        }
        self.replicate = ReplicateJobs(**common, write_seconds=60.0)
        self.sync = SyncPodJobs(**common)

    def now(self, waiting: Any) -> Any:
        """
        What a coroutine gives that needs no time.
        """
        return self.successResultOf(Deferred.fromCoroutine(waiting))

    def in_pod(self, pod: str, method: str, path: str, body: Any = None, version: str = "") -> Any:
        """
        Ask a pod itself.
        """
        _, told = self.now(self.asks[f"{pod}-id"]._asked(method, f"/v3{path}", body, version))
        return told

    def wants(self, kind: str, name: str, top_id: str, document: dict[str, Any], **copies: str) -> None:
        """
        Write down what is wanted, and which pods have it by which ids.
        """
        held = [
            SharedCopy(pod_id=f"{pod}-id", pod_ref=ref, state=CopyState.CURRENT)
            for pod, ref in copies.items()
        ]
        resource = SharedResource(key=SharedKey(kind, name), top_id=top_id, document=document)
        assert self.now(self.store.settle(resource, held, expected=0)) is not None
        self.now(self.book.load())

    def retried(self, handler: Any, kind: str, key: str, payload: Any) -> str:
        """
        Have a job begun that has to wait; why.
        """
        job = Job(id="j", kind=kind, key=key, payload=payload, attempts=1, created_at=datetime.now(UTC))

        async def tell(progress: str) -> None:
            pass

        waiting = Deferred.fromCoroutine(handler.work(job, tell))
        return str(self.failureResultOf(waiting, JobRetry).value)

    def worked(self, handler: Any, kind: str, key: str, payload: Any, *, attempts: int = 1) -> None:
        """
        Have a job done; each time that it tells how far it is, this process hears of what was written.
        """

        async def tell(progress: str) -> None:
            await self.book.load()

        job = Job(
            id="j", kind=kind, key=key, payload=payload, attempts=attempts, created_at=datetime.now(UTC)
        )
        self.now(handler.work(job, tell))
        self.now(self.book.load())


class ReplicateTests(ReplicationCase):
    """
    The job of one write.
    """

    def specs(self) -> str:
        """
        QoS specs that Pod1 alone has, as they are wanted; Pod1's own id.
        """
        made = self.in_pod("Pod1", "POST", "/qos-specs", {"qos_specs": {"name": "fast"}})
        own = str(made["qos_specs"]["id"])
        self.wants("qos_specs", "fast", own, QOS, Pod1=own)
        return own

    def test_refused_in_part(self) -> None:
        """
        A pod that refuses a part of a thing is known to have it by its own id all the same, made just now or before.
        """
        for there in (False, True):
            self.setUp()
            made = self.in_pod("Pod1", "POST", "/types", {"volume_type": {"name": "gold"}})
            own = str(made["volume_type"]["id"])
            self.wants("volume_type", "gold", own, {**TYPE, "encryption": LUKS}, Pod1=own)
            if there:
                self.in_pod("Pod2", "POST", "/types", {"volume_type": {"name": "gold"}})
            self.asks["Pod2-id"].refuses = "/encryption"

            key = SharedKey("volume_type", "gold")
            with self.assertRaises(self.failureException) as raised:
                self.worked(self.replicate, REPLICATE, str(key), replication(key, own).payload)

            self.assertIn("JobHopeless: volume_type gold is refused by Pod2: ", str(raised.exception))
            self.now(self.book.load())
            listed = self.in_pod("Pod2", "GET", "/types")["volume_types"]
            (its,) = [each["id"] for each in listed if each["name"] == "gold"]
            self.assertEqual(its, self.book.of("Pod2-id").own("volume_type", own), there)

    def test_who_has_it(self) -> None:
        """
        A pod that has what is wanted is left alone: a client's next write may be under way there. The other one gets it.
        """
        own = self.specs()
        self.in_pod("Pod1", "PUT", f"/qos-specs/{own}", {"qos_specs": {"next": "1"}})

        key = SharedKey("qos_specs", "fast")
        self.worked(self.replicate, REPLICATE, str(key), replication(key, own).payload)

        self.assertEqual({"next": "1"}, self.in_pod("Pod1", "GET", f"/qos-specs/{own}")["qos_specs"]["specs"])
        self.assertEqual(
            ["fast"], [each["name"] for each in self.in_pod("Pod2", "GET", "/qos-specs")["qos_specs"]]
        )

    def test_judged(self) -> None:
        """
        What the judge shows is wanted and nothing is sent to it; the others get it though they are taken to have it.
        """
        own = self.specs()
        key = SharedKey("qos_specs", "fast")
        self.worked(self.replicate, REPLICATE, str(key), replication(key, own).payload)
        self.in_pod("Pod1", "PUT", f"/qos-specs/{own}", {"qos_specs": {"next": "1"}})
        self.asks["Pod1-id"].sent.clear()

        self.now(self.store.end_write(self.now(self.store.begin_write(key, "Pod1-id")), sure=False))
        self.worked(self.replicate, REPLICATE, str(key), replication(key, own).payload)

        self.assertEqual([], self.asks["Pod1-id"].sent)
        self.assertEqual([], list(self.now(self.store.open_writes(key))))
        (other,) = self.in_pod("Pod2", "GET", "/qos-specs")["qos_specs"]
        self.assertEqual({"next": "1"}, other["specs"])


class SyncTests(ReplicationCase):
    """
    The job of one pod.
    """

    def test_order(self) -> None:
        """
        A pod gets a default type and QoS specs, and only then the type that both of them name, by the order of their names; late
        as the job may be, none of them is refused.
        """
        self.wants("default_type", "p1", "p1", {"volume_type": "top"})
        self.wants("qos_specs", "fast", "top-qos", {**QOS, "types": ["top"]})
        self.wants("volume_type", "gold", "top", TYPE)

        self.worked(self.sync, SYNC_POD, "Pod2-id", {"pod": "Pod2"}, attempts=9)

        types = self.in_pod("Pod2", "GET", "/types?is_public=None")["volume_types"]
        (own,) = [each for each in types if each["name"] == "gold"]
        self.assertIsNotNone(own["qos_specs_id"])
        default = self.in_pod("Pod2", "GET", "/default-types/p1", version="volume 3.62")
        self.assertEqual(own["id"], default["default_type"]["volume_type_id"])
        self.assertEqual(frozenset({"Pod1-id"}), self.book.behind("volume"))

    def test_one_at_a_time(self) -> None:
        """
        What another job has begun, of either kind, a pod does not get twice, though it would take it; a job that ended without a
        word is not waited for longer than a minute.
        """
        key = SharedKey("volume_type", "gold")
        self.wants(key.kind, key.name, "top", TYPE)
        sync = (self.sync, SYNC_POD, "Pod2-id", {"pod": "Pod2"})
        replicate = (self.replicate, REPLICATE, str(key), replication(key, "top").payload)
        self.now(self.store.begin_write(key, ""))

        for waits in (sync, replicate):
            self.assertIn("another job is at it", self.retried(*waits))
        self.assertEqual([], [each["name"] for each in self.types() if each["name"] == "gold"])
        self.assertEqual(1, len(self.now(self.store.open_writes(key))))

        self.clock.advance(61.0)
        self.worked(*sync)
        self.assertEqual(["gold"], [each["name"] for each in self.types() if each["name"] == "gold"])

    def types(self) -> list[dict[str, Any]]:
        """
        The volume types of the second pod.
        """
        found: list[dict[str, Any]] = self.in_pod("Pod2", "GET", "/types?is_public=None")["volume_types"]
        return found

    def test_left_open(self) -> None:
        """
        What a pod may still do late of what a job sent keeps no other job from it.
        """
        key = SharedKey("volume_type", "gold")
        self.wants(key.kind, key.name, "top", TYPE)
        self.now(self.sync._left_open(key))
        self.worked(self.sync, SYNC_POD, "Pod2-id", {"pod": "Pod2"})
        self.assertIn("gold", [each["name"] for each in self.types()])
