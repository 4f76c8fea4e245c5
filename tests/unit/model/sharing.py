"""
A world in which several processes write what pods have the same, everything that they wait for happens in any order, and pods
and processes come and go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.task import Clock

from tests.unit.model.chronicle import WRITING, Chronicle, Verb, Write
from tests.unit.model.flavor_pods import Document, FlavorPod
from tests.unit.model.letters import Letter, Question
from tests.unit.model.sharing_process import BUDGET, SharingProcess
from tests.unit.strategies.case import NOW
from trio2o.adoption.sync_pods import sync_of
from trio2o.model import Job, JobQuery, Pod
from trio2o.model.shared import SharedPolicy, SharedState
from trio2o.state.cache import MemoryState
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_jobs import MemoryJobs
from trio2o.storage.memory_shared import MemoryShared

FLAVORS = ("a", "b")
PODS = ("Pod1-id", "Pod2-id", "Pod3-id")

#: Seconds until a pod has done at last what nobody waits for any more.
LATE = 20.0


class Sharing:
    """
    One database, three pods, and the processes.

    :param at_once: whether a process never waits for the database.
    """

    def __init__(self, policy: SharedPolicy, *, processes: int = 2, at_once: bool = False) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.database = MemoryDatabase(self.clock)
        self.store = MemoryShared(self.database)
        self.jobs = MemoryJobs(self.database)
        self.state = MemoryState(self.clock)
        self.policy = policy
        self.at_once = at_once
        #: Counts what happens.
        self.moment = 0
        self.pending: list[Letter | Question] = []
        self.late: list[Letter] = []
        self.chronicle = Chronicle()
        self.errors: list[Any] = []
        #: What was broken on the way.
        self.broken: list[str] = []
        #: Flavor to what is wanted of it and since which moment.
        self._wanted: dict[str, tuple[int, Document, int]] = {}
        self.pods: dict[str, FlavorPod] = {}
        for serial, pod_id in enumerate(PODS, 1):
            pod = Pod(id=pod_id, name=pod_id[:4], az_name="az", serial=serial)
            self.database.put_pod(pod)
            self.pods[pod_id] = FlavorPod(pod, lambda: self.moment)
        self.state.put_pods(list(self.database.pods.values()))
        self.count = 0
        self.processes = [self.started() for _ in range(processes)]

    def started(self) -> SharingProcess:
        """
        A process that remembers nothing.
        """
        self.count += 1
        process = SharingProcess(self, f"process{self.count}")
        process.feed()
        return process

    # What processes wait for.

    def pod_is_asked(
        self, process: SharingProcess, pod: Pod, method: str, path: str, body: Any
    ) -> Deferred[tuple[int, Any]]:
        """
        Put a request on its way.
        """
        if not process.alive:
            return fail(CancelledError())
        answered: Deferred[tuple[int, Any]] = Deferred(lambda _: None)
        letter = Letter(
            self,
            process,
            self.pods[pod.id],
            method,
            path,
            body,
            answered,
            WRITING.get(),
            self.clock.seconds(),
        )
        self.pending.append(letter)
        return answered

    def database_is_asked(self, process: SharingProcess, do: Callable[[], Any]) -> Deferred[Any]:
        """
        Put a call of the database on its way.
        """
        if not process.alive:
            return fail(CancelledError())
        answered: Deferred[Any] = Deferred(lambda _: None)
        question = Question(process, do, answered, WRITING.get())
        if self.at_once:
            question.happen(0)
            self._look()
        else:
            self.pending.append(question)
        return answered

    def begin(self, process: SharingProcess, write: Write) -> None:
        """
        A client writes.
        """
        self.moment += 1
        write.began = write.last = self.moment
        self.chronicle.writes.append(write)
        process.write(write)

    def answered(self, write: Write, done: bool) -> None:
        """
        A client is told.
        """
        write.answered, write.done = self.moment, done
        if done and write.verb is Verb.SET:
            self._meets_policy(write)

    def worked(self, job: Job, began: int) -> None:
        """
        A process has ceased to work at a job that it began at a moment; what it has sent last may arrive later.
        """
        for flavor in FLAVORS:
            if job.payload.get("name", flavor) == flavor:
                self.chronicle.labours.append((flavor, began, self.moment))

    def come_late(self, letter: Letter) -> None:
        """
        Nobody waits for it any more, and it arrives all the same.
        """
        if letter.said is None and letter.method != "GET":
            letter.late = self.clock.seconds() + 1.0 + self.moment % int(LATE - 1.0)
            self.late.append(letter)

    # What happens.

    def step(self, at: int, how: int = 0) -> None:
        """
        One of the things under way happens.
        """
        if self.pending:
            self._happen(self.pending[at % len(self.pending)], how)

    def run(self, process: SharingProcess, steps: int) -> None:
        """
        The next things that one process waits for happen.
        """
        for _ in range(steps):
            own = next((each for each in self.pending if each.process is process), None)
            if own is None:
                return
            self._happen(own, 0)

    def _happen(self, thing: Letter | Question, how: int) -> None:
        self.pending.remove(thing)
        self._touched(thing.write)
        thing.happen(how)
        self._look()

    def _touched(self, write: Write | None) -> None:
        self.moment += 1
        if write is not None:
            write.last = self.moment

    def pass_time(self, seconds: float) -> None:
        """
        Time goes on: nobody waits for ever, and what comes late comes.
        """
        while seconds > 0:
            self.clock.advance(min(seconds, 5.0))
            seconds -= 5.0
            now = self.clock.seconds()
            for process in self.processes:
                process.keep()
            for thing in [each for each in self.pending if isinstance(each, Letter)]:
                if now >= thing.sent_at + BUDGET:
                    self._happen(thing, 3)
            for letter in [each for each in self.late if each.late is not None and now >= each.late]:
                self.late.remove(letter)
                self._touched(letter.write)
                letter.arrive_late()

    def restart(self, at: int) -> None:
        """
        A process dies, with all that it waits for, and another one begins; what it has sent may still arrive.
        """
        at %= len(self.processes)
        dead = self.processes[at]
        dead.alive = False
        self.processes[at] = self.started()
        for thing in [each for each in self.pending if each.process is dead]:
            self.pending.remove(thing)
            if thing.write is not None:
                thing.write.forgotten = True
            if isinstance(thing, Letter):
                self.come_late(thing)
            thing.answered.errback(CancelledError())

    def recover(self) -> None:
        """
        Everything is well, and goes on until nothing is left to be done.
        """
        for pod in self.pods.values():
            pod.up = True
        for process in self.processes:
            process.sick.clear()
        for _ in range(300):
            while self.pending:
                self.step(0)
            for process in self.processes:
                process.feed()
                if process.work():
                    break
            else:
                behind = self.processes[0].book.behind("compute")
                if not behind and not self.unfinished() and not self.late:
                    return
                for pod_id in behind:
                    # what the look at returning pods does
                    Deferred.fromCoroutine(self.jobs.enqueue(sync_of(self.pods[pod_id].pod)))
                self.pass_time(5.0)
        raise AssertionError(f"it never ends: {self.unfinished()}")

    # What is seen.

    def unfinished(self) -> list[Job]:
        """
        The jobs that are still to be done.
        """
        return [job for job in self.all_jobs() if not job.state.finished]

    def all_jobs(self) -> list[Job]:
        """
        All jobs that there ever were.
        """
        found: list[Job] = []
        Deferred.fromCoroutine(self.jobs.list_jobs(JobQuery())).addCallback(found.extend)
        return found

    def desired(self, name: str) -> SharedState | None:
        """
        What is wanted of a flavor, deleted or not.
        """
        return self._desired().get(name)

    def _desired(self) -> dict[str, SharedState]:
        found: list[SharedState] = []
        Deferred.fromCoroutine(self.store.everything("flavor")).addCallback(found.extend)
        return {state.resource.top_id: state for state in found}

    # What holds on the way.

    def _look(self) -> None:
        """
        What is wanted anew was had by some pod since the last time that it was changed: nobody wants what is outdated.
        """
        for name, state in self._desired().items():
            version, wanted = state.resource.version, document_of(state)
            known = self._wanted.get(name, (0, None, 0))
            if version == known[0]:
                continue
            had = {each for pod in self.pods.values() for each in pod.since(name, known[2])}
            if wanted not in had and wanted != known[1]:
                self.broken.append(f"{name}: {wanted} is wanted after {known[1]}, and pods had {had}")
            self._wanted[name] = (version, wanted, self.moment)

    def _meets_policy(self, write: Write) -> None:
        """
        As many pods as the policy says have had what was written, or what another write made of it meanwhile.
        """
        newer = {
            other.value
            for other in self.chronicle.writes
            if (other.flavor, other.spec) == (write.flavor, write.spec) and other.last >= write.began
        }
        gone = any(
            other.verb is not Verb.SET and other.flavor == write.flavor and other.last >= write.began
            for other in self.chronicle.writes
        )
        if gone or self.chronicle.crossed_elsewhere(write):
            return
        have = set()
        for pod_id, pod in self.pods.items():
            for document in pod.since(write.flavor, write.began):
                if document is not None and dict(document[1]).get(write.spec) in newer:
                    have.add(pod_id)
        enough = {
            SharedPolicy.ALL: set(PODS) <= have | write.away,
            SharedPolicy.MAJORITY: 2 * len(have) > len(PODS),
            SharedPolicy.ANY: bool(have),
        }
        if not enough[self.policy]:
            self.broken.append(f"{write} is answered as done when {sorted(have)} have it, {self.policy}")


def document_of(state: SharedState | None) -> Document:
    """
    What is wanted, as pods tell it.
    """
    if state is None or state.resource.deleted:
        return None
    wanted = state.resource.document
    return wanted["ram"], tuple(sorted(wanted["extra_specs"].items()))
