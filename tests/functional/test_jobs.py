"""
Jobs over several daemons and one database.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from twisted.internet.utils import getProcessOutputAndValue

from tests.functional.cloud import TWO_PODS, Cloud, CloudCase
from tests.functional.daemon_process import ROOT, _Output, reactor
from tests.functional.painting import Painting, added
from tests.interface.waiting import until
from trio2o.model import NewJob

#: The shortest lease that there may be.
SETTINGS = {"job_queue": {"lease_seconds": 3, "at_once": 4}}


class JobCase(CloudCase):
    """
    A cloud whose daemons paint.
    """

    async def painted(self, daemons: int = 1) -> tuple[Cloud, list[Painting]]:
        """
        The cloud, and each daemon's handler.
        """
        cloud = await self.cloud(TWO_PODS, daemons=daemons, settings=SETTINGS)
        return cloud, [added(daemon.gateway, Painting()) for daemon in cloud.daemons]

    async def enqueue(self, cloud: Cloud, key: str = "wall", daemon: int = 0, **payload: Any) -> str:
        """
        Enqueue a job at a daemon; its id.
        """
        graph: Any = cloud.daemons[daemon].gateway._graph
        made = await graph.job_queue.queue.enqueue(NewJob(kind="paint", key=key, payload=payload))
        return str(made.id)

    def mend(self, cloud: Cloud) -> None:
        """
        Let every job be done that is begun from now on.
        """
        cloud.sql("update jobs set payload = '{}' where kind = 'paint' returning id")

    def states(self, cloud: Cloud) -> list[tuple[Any, ...]]:
        """
        Key, state and attempts of all jobs of the kind.
        """
        return cloud.sql("select key, state, attempts from jobs where kind = 'paint' order by key")


class SeveralTests(JobCase):
    """
    Who works at what.
    """

    async def test_each_once(self) -> None:
        """
        Of two daemons one does a job, and none does it twice.
        """
        cloud, paintings = await self.painted(2)
        for number in range(20):
            await self.enqueue(cloud, f"{number:02}", daemon=number % 2)

        await until(lambda: all(state == "done" for _, state, _ in self.states(cloud)))

        begun = sorted(job.key for painting in paintings for job in painting.begun)
        self.assertEqual([f"{number:02}" for number in range(20)], begun)

    async def test_killed(self) -> None:
        """
        The job of a daemon that is killed is done by another one when its lease ends.
        """
        cloud = await self.cloud(TWO_PODS, settings=SETTINGS)
        other = cloud.prepared(TWO_PODS, SETTINGS)
        output = _Output()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "tests.functional.painting", str(other.path)]
        process = reactor.spawnProcess(output, command[0], command, env=environment, path=str(ROOT))
        try:
            await self.enqueue(cloud, "wall", then="wait")
            await until(lambda: "painting wall" in output.text, limit=40.0)
            self.assertEqual([("wall", "running", 1)], self.states(cloud))
        finally:
            process.signalProcess(signal.SIGKILL)
            await output.ended
        self.mend(cloud)
        heir = added(cloud.daemons[0].gateway, Painting())

        await until(lambda: self.states(cloud) == [("wall", "done", 2)], limit=20.0)

        self.assertEqual(["wall"], [job.key for job in heir.begun])

    async def test_stopped(self) -> None:
        """
        A daemon that is stopped gives its jobs back, and another one goes on at once, with the first attempt still.
        """
        cloud = await self.cloud(TWO_PODS, daemons=2, settings=SETTINGS)
        first = added(cloud.daemons[0].gateway, Painting())
        await self.enqueue(cloud, then="wait")
        await until(lambda: first.begun)

        await cloud.daemons[0].stop()

        self.assertEqual([("wall", "waiting", 0)], self.states(cloud))
        self.mend(cloud)
        added(cloud.daemons[1].gateway, Painting())
        await until(lambda: self.states(cloud) == [("wall", "done", 1)])

    async def test_database_away(self) -> None:
        """
        Jobs wait while the database is away, and go on when it is back, also one whose end could not be written down.
        """
        cloud, (painting,) = await self.painted()
        await self.enqueue(cloud, "wall", then="wait")
        await self.enqueue(cloud, "door", then="fail")
        await until(lambda: len(painting.begun) >= 2)
        database: Any = cloud.daemons[0].gateway._database

        cloud.database_down()
        await until(lambda: not database.pool.alive)
        begun = len(painting.begun)
        painting.waiting["wall"].callback(None)
        cloud.database_up()
        self.mend(cloud)

        await until(lambda: all(state == "done" for _, state, _ in self.states(cloud)), limit=30.0)
        self.assertEqual("door", painting.begun[-1].key)
        self.assertGreater(len(painting.begun), begun)


class OperatorTests(JobCase):
    """
    What operators see and order.
    """

    async def test_admin_api(self) -> None:
        """
        A dead letter is found by its state, and redone; a running job is cancelled; users are told nothing.
        """
        cloud, (painting,) = await self.painted()
        dead = await self.enqueue(cloud, "wall", then="refuse")
        runs = await self.enqueue(cloud, "door", then="wait")
        await until(lambda: len(painting.begun) == 2 and ("wall", "dead", 1) in self.states(cloud))

        listed = await cloud.admin.admin.get("/v1.0/jobs?state=dead&kind=paint")
        (job,) = listed.json["jobs"]
        self.assertEqual(
            (dead, "the wall does not hold paint", "began wall"), (job["id"], job["error"], job["progress"])
        )

        self.mend(cloud)
        redone = await cloud.admin.admin.post(f"/v1.0/jobs/{dead}/redo")
        self.assertEqual((200, "waiting"), (redone.status, redone.json["job"]["state"]))
        await until(lambda: ("wall", "done", 1) in self.states(cloud))

        cancelled = await cloud.admin.admin.post(f"/v1.0/jobs/{runs}/cancel")
        self.assertEqual((200, True), (cancelled.status, cancelled.json["job"]["cancelling"]))
        await until(lambda: ("door", "cancelled", 0) in self.states(cloud))
        self.assertEqual(409, (await cloud.admin.admin.post(f"/v1.0/jobs/{runs}/cancel")).status)

        for path in ("", f"/{dead}"):
            self.assertEqual(403, (await cloud.demo.admin.get(f"/v1.0/jobs{path}")).status)

    async def test_metrics(self) -> None:
        """
        Prometheus is told of attempts by outcome, and by the elected process of what waits and what is dead.
        """
        cloud, _ = await self.painted()
        await self.enqueue(cloud, "wall", then="refuse")
        await self.enqueue(cloud, "door")
        await until(lambda: {"dead", "done"} == {state for _, state, _ in self.states(cloud)})
        graph: Any = cloud.daemons[0].gateway._graph
        upkeep = graph.job_queue.upkeep
        await until(lambda: upkeep.running)
        upkeep.stopService()
        upkeep.startService()
        await until(lambda: upkeep.census.counts)
        told = (await cloud.admin.admin.get("/metrics")).body.decode()
        for line in (
            'trio2o_job_queue_attempts_total{kind="paint",outcome="done"} 1.0',
            'trio2o_job_queue_attempts_total{kind="paint",outcome="dead"} 1.0',
            'trio2o_job_queue_jobs{kind="paint",state="dead"} 1.0',
            "trio2o_job_queue_running 0.0",
        ):
            self.assertIn(line, told)

    async def command(self, cloud: Cloud, *words: str) -> tuple[str, str, int]:
        """
        Run ``trio2o jobs``: what it printed, what was wrong, its status.
        """
        command = ["-m", "trio2o", "jobs", *words, "--config", str(cloud.daemons[0].path)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        out, wrong, status = await getProcessOutputAndValue(
            sys.executable, command, env=environment, path=str(ROOT)
        )
        return out.decode(), wrong.decode(), status

    async def test_commands(self) -> None:
        """
        The commands show the same, and a daemon does what they order.
        """
        cloud, (painting,) = await self.painted()
        dead = await self.enqueue(cloud, "wall", then="refuse")
        await until(lambda: self.states(cloud) == [("wall", "dead", 1)])

        out, wrong, status = await self.command(cloud, "list", "--state", "dead")
        self.assertEqual(("", 0), (wrong, status))
        self.assertIn("the wall does not hold paint", out)
        self.assertIn(dead, out)
        out, _, status = await self.command(cloud, "show", dead)
        self.assertEqual(0, status)
        self.assertIn('{"then": "refuse"}', out)

        self.mend(cloud)
        out, _, status = await self.command(cloud, "redo", dead)
        self.assertEqual(0, status)
        self.assertIn("waiting", out)
        await until(lambda: self.states(cloud) == [("wall", "done", 1)])

        out, wrong, status = await self.command(cloud, "cancel", dead)
        self.assertEqual(
            ("", f"trio2o: Job {dead} is done: there is nothing left to cancel.\n", 1), (out, wrong, status)
        )
        _, wrong, status = await self.command(cloud, "list", "--pod", "Pod9")
        self.assertEqual(("trio2o: there is no pod Pod9 (known: Pod1, Pod2)\n", 1), (wrong, status))
