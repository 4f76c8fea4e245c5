"""
The world that the model's rules act in: one database, pods, and the processes between them.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from tests.unit.model.judge import Judge
from tests.unit.model.lives import Create
from tests.unit.model.pods import Clouds, ModelPod, Mood
from tests.unit.model.process import Process, Stores
from tests.unit.model.wire import Step
from tests.unit.strategies.case import NOW
from trio2o.model import Amounts, Kind, Pod, PodState
from trio2o.storage.memory import MemoryBindings, MemoryDatabase, MemoryPods
from trio2o.storage.memory_intents import MemoryIntents

PROJECTS = ("a" * 32, "b" * 32)
ZONES = ("az1", "az2")
PODS = ("Pod1-id", "Pod2-id", "Pod3-id")
PROCESSES = 3


class World:
    """
    Two pods in one zone, one in another; all processes know them.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.database = MemoryDatabase(self.clock)
        self.clouds = Clouds()
        self.judge = Judge(self.database, self.clock)
        self.pods = MemoryPods(self.database)
        self.bindings = MemoryBindings(self.database)
        self.stores = Stores.in_memory(self.database, MemoryIntents(self.database))
        self.processes: list[Process] = []
        #: Those that are no more: what they have sent may still arrive.
        self.dead: list[Process] = []
        self.creates: list[Create] = []
        #: Pod id to what it said last and when it was asked.
        self.collected: dict[str, Any] = {}
        #: False once some news may have been lost.
        self.news_whole = True
        for pod_id in PODS:
            zone = ZONES[pod_id == PODS[-1]]
            pod = Pod(id=pod_id, name=pod_id.removesuffix("-id"), az_name=zone, pod_az_name="nova")
            self.now(self.pods.create_pod(pod))
            self.clouds.pods[pod.id] = ModelPod(pod.id)
        for number in range(PROCESSES):
            self.processes.append(self.started(f"process{number}"))

    def recover(self) -> None:
        """
        When everything is well again, every create has ended and all processes go on as one would.
        """
        self.database.available = True
        self.database.restore_listeners()
        for pod in self.clouds.pods.values():
            pod.mood = Mood.ACCEPTS
        for pod_id in self.database.pods:
            self.change(pod_id, state=PodState.ENABLED)
        for process in self.processes:
            process.resume()
            process.client.sick.clear()
        self.run_all()
        for _ in range(3):
            # longer than every budget
            self.clock.advance(100.0)
            for process in self.processes:
                process.leap(100.0)
                self.catch_up(process)
            self.run_all()
        for create in self.creates:
            assert create.over or not create.process.wire.alive, f"{create} has no answer"
        for number, process in enumerate(self.processes):
            process.experience.retain(())
            create = self.begin(number, PROJECTS[0], Kind.SERVER, "az1", Amounts(vcpus=1.0))
            assert create is not None
            self.run(create)
            assert create.settled_pod is not None, f"{create} was not made: {create.outcome!r}"
            for other in self.processes:
                self.catch_up(other)
        rows = self.database.bindings.values()
        active = [
            row.pod_id
            for row in rows
            if row.is_binding and (row.tenant_id, row.az_name) == (PROJECTS[0], "az1")
        ]
        assert [create.settled_pod] == active

    @staticmethod
    def now(coroutine: Any) -> Any:
        """
        What a coroutine gives that waits for nothing.
        """
        results: list[Any] = []
        Deferred.fromCoroutine(coroutine).addBoth(results.append)
        (result,) = results
        return result.raiseException() if hasattr(result, "raiseException") else result

    def started(self, name: str) -> Process:
        """
        A process that has read the database, where it is there.
        """
        clock = Clock()
        clock.advance(self.clock.seconds())
        process = Process(name, self.stores, self.clouds, self.judge, clock)
        process.catch_up()
        return process

    def begin(
        self, process: int, project: str, kind: Kind, zone: str | None, needs: Amounts, **more: Any
    ) -> Create | None:
        """
        A client asks a process, unless that stands still.
        """
        one = self.processes[process]
        if not one.runs:
            return None
        create = Create(
            number=len(self.creates), process=one, project=project, kind=kind, zone=zone, needs=needs, **more
        )
        self.creates.append(create)
        one.begin(create)
        return create

    def steps(self) -> list[tuple[Process, Step]]:
        """
        All that may happen next.
        """
        return [(process, step) for process in (*self.processes, *self.dead) for step in process.steps()]

    def run(self, create: Create) -> None:
        """
        Let a create go on as far as it can.
        """
        while not create.over:
            steps = [step for step in create.process.steps() if step.create is create]
            if not steps:
                return
            create.process.wire.take(steps[0])
            self.tick()

    def run_all(self) -> None:
        """
        Let everything go on as far as it can.
        """
        while steps := self.steps():
            process, step = steps[0]
            process.wire.take(step)

    def catch_up(self, process: Process) -> None:
        """
        Let a process hear of all that the database has.
        """
        process.catch_up()
        if process.runs and process.state.current and self.database.available:
            now = self.database.now()
            pods = [evolve(pod, state=pod.state_at(now)) for pod in self.database.pods.values()]
            assert list(process.state.pods()) == pods, f"I14: {process.name} knows {process.state.pods()}"
            active = {row.id for row in self.database.bindings.values() if row.is_binding}
            known = {row.id for project in PROJECTS for row in process.state.bindings_of(project)}
            assert known == active, f"I14: {process.name} knows {known}, there are {active}"

    def change(self, pod: str, **changes: Any) -> None:
        """
        Let an operator change a pod.
        """
        if self.database.available and pod in self.database.pods:
            self.now(self.pods.update_pod(pod, changes))
            self.judge.note_change(pod)

    def tick(self) -> None:
        """
        Let no two things happen at the same time.
        """
        self.pass_time(0.001)

    def pass_time(self, seconds: float) -> None:
        """
        Let time go on.
        """
        self.clock.advance(seconds)
        for process in self.processes:
            process.pass_time(seconds)
