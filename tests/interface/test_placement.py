"""
The model of placement and binding (:mod:`tests.unit.model`) over real PostgreSQL: random lives, in which what the database is
asked and what it announces overlap as they like.
"""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import TestCase

from tests.interface.database import migrated_database
from tests.interface.stores import postgres_stores
from tests.unit.model.judge import Judge
from tests.unit.model.lives import Create
from tests.unit.model.pods import Clouds, ModelPod, Mood
from tests.unit.model.process import Process, Stores
from tests.unit.strategies.case import NOW
from trio2o.errors import AlreadyExists
from trio2o.model import Amounts, Kind, Pod, PodState
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_intents import MemoryIntents
from trio2o.storage.memory_news import MemoryNews

_PROJECTS = ("a" * 32, "b" * 32)
_MOODS = (*[Mood.ACCEPTS] * 5, Mood.QUOTA, Mood.CONFLICT, Mood.BREAKS, Mood.ACCEPTS_AND_BREAKS)
#: How often something befalls the world, and how many things may happen next meanwhile.
_TURNS = 150
_HASTE = 6
#: The share of what is on the wire that is lost.
_LOST = 0.01


class Life:
    """
    Three processes, three pods and two projects over one database.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.clock = Clock()
        self.clock.advance(NOW)
        #: What the judge compares with: pods as operators have made them, and in the end the bindings.
        self.mirror = MemoryDatabase(self.clock)
        self.judge = Judge(self.mirror, self.clock)
        self.clouds = Clouds()
        self.processes: list[Process] = []
        self.creates: list[Create] = []
        self.stores: Any = None

    async def begin(self, test: TestCase) -> None:
        """
        Start the processes, each with a pool of its own.
        """
        dsn = await migrated_database(test)
        intents = MemoryIntents(self.mirror)
        for number in range(3):
            real = await postgres_stores(test, dsn, size=3)
            self.stores = Stores(
                pods=real.pods,
                bindings=real.bindings,
                routes=real.routes,
                changes=real.changes,
                intents=intents,
                news=MemoryNews(self.mirror),
                now=self.clock.seconds,
            )
            clock = Clock()
            clock.advance(NOW)
            self.processes.append(Process(f"process{number}", self.stores, self.clouds, self.judge, clock))
        for name, zone in (("Pod1", "az1"), ("Pod2", "az1"), ("Pod3", "az2")):
            made = await self.stores.pods.create_pod(Pod(id=f"{name}-id", name=name, az_name=zone))
            self.mirror.pods[made.id] = made
            self.clouds.pods[made.id] = ModelPod(made.id, total=Amounts(vcpus=40.0, volume_gb=80.0))

    async def turn(self) -> None:
        """
        Something befalls the world.
        """
        choose, pod_id = self.random.choice, self.random.choice(tuple(self.clouds.pods))
        what = self.random.random()
        if what < 0.6:
            self.create(choose(self.processes), choose(_PROJECTS), choose((None, None, "az1", "az2")))
        elif what < 0.7:
            self.clouds.pods[pod_id].mood = choose(_MOODS)
        elif what < 0.8:
            states = (PodState.ENABLED, PodState.ENABLED, PodState.DRAINING)
            changed = await self.stores.pods.update_pod(pod_id, {"state": choose(states)})
            self.mirror.pods[pod_id] = changed
            self.judge.note_change(pod_id)
        elif what < 0.9:
            changed = await self.stores.pods.update_pod(pod_id, {"weight": choose((1.0, 2.0))})
            self.mirror.pods[pod_id] = changed
            self.judge.note_change(pod_id)
        else:
            try:
                await self.stores.bindings.create_binding(choose(_PROJECTS), pod_id)
            except AlreadyExists:
                pass

    def create(self, process: Process, project: str, zone: str | None) -> None:
        """
        A client asks for a server.
        """
        create = Create(
            number=len(self.creates),
            process=process,
            project=project,
            kind=Kind.SERVER,
            zone=zone,
            needs=Amounts(vcpus=1.0),
        )
        self.creates.append(create)
        process.begin(create)

    async def happen(self, times: int, lost: float = 0.0) -> None:
        """
        Let things happen, in any order, and time go on.
        """
        for _ in range(times):
            process = self.random.choice(self.processes)
            steps = process.steps()
            if process.wire.notices and self.random.random() < 0.5:
                process.wire.take_notice()
            elif steps:
                process.wire.take(self.random.choice(steps), lost=self.random.random() < lost)
        self.clock.advance(0.02)
        for process in self.processes:
            process.pass_time(0.02)
        await deferLater(reactor, 0)  # type: ignore[arg-type]

    async def end(self) -> None:
        """
        Everything goes on until all creates are answered, and the database tells what it has.
        """
        for _ in range(20_000):
            if all(create.over for create in self.creates):
                break
            await self.happen(20)
        for process in self.processes:
            process.cut()
        found = await self.stores.bindings.find_bindings()
        self.mirror.bindings = {row.id: row for row in reversed(found)}
        self.judge.history()


class PlacementTests(TestCase):
    """
    Several processes over one PostgreSQL.
    """

    async def test_random_lives(self) -> None:
        """
        I10 to I13 hold, and many creates succeed.
        """
        for seed in range(2):
            life = Life(seed)
            await life.begin(self)
            while not all(process.state.current for process in life.processes):
                await life.happen(5)
            for _ in range(_TURNS):
                await life.turn()
                await life.happen(_HASTE, _LOST)
            await life.end()
            with self.subTest(seed=seed):
                self.assertEqual([], life.judge.broken)
                self.assertEqual([], [create for create in life.creates if not create.over])
                made = sum(create.settled_pod is not None for create in life.creates)
                self.assertGreater(10 * made, len(life.creates))
                self.assertTrue(any(row.reason.startswith("moved") for row in life.mirror.bindings.values()))
