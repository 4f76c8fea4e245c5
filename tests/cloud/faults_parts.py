"""
The parts of the real cloud, to be stopped, killed and frozen one by one, and put back.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg2
import yaml
from attrs import define, evolve, field

from cloud import services
from cloud.databases import PROCESS as MARIADB
from cloud.databases import Databases
from cloud.lifecycle import Cloud
from cloud.plan import DATABASE_USER, QUEUE_USER, Plan, Pod
from cloud.processes import StepFailed
from cloud.services import DAEMON, QUEUE, Service
from cloud.steps import Steps

#: Seconds that a lock is held unless it is let go; longer than any test.
_LONG = 901

#: The time budgets of the daemon under test, much shorter than the defaults, so that what hangs need not be waited for long.
HURRIED: Mapping[str, Any] = {
    "identity": {"request_timeout_seconds": 5},
    "pod_defaults": {
        "answer_timeout_seconds": 15,
        "list_timeout_seconds": 10,
        "create_timeout_seconds": 40,
        "probe_interval_seconds": 5,
        "breaker": {"open_seconds": 5},
    },
}


@define(kw_only=True)
class Parts:
    """
    Every process of the cloud, and what was done to them.
    """

    cloud: Cloud
    _frozen: list[int] = field(factory=list, init=False)
    _undone: list[Callable[[], object]] = field(factory=list, init=False)

    @classmethod
    def found(cls) -> Parts:
        """
        Those of the cloud that ``TRIO2O_CLOUD`` names.
        """
        return cls(cloud=Cloud(steps=Steps(plan=Plan.from_environment(), say=lambda text: None)))

    @property
    def plan(self) -> Plan:
        """
        What the cloud consists of.
        """
        return self.cloud.plan

    @property
    def settings(self) -> Mapping[str, Any]:
        """
        The time budgets of the daemon, as its configuration has them.
        """
        return HURRIED

    def stop(self, *names: str) -> None:
        """
        End processes as an operator does.
        """
        self.cloud.down(names)

    def kill(self, name: str) -> None:
        """
        End a process and its children as the kernel does when memory is short.
        """
        self.cloud.steps.process(name).signal(signal.SIGKILL)

    def freeze(self, *names: str) -> None:
        """
        Let processes hang: they accept connections, and answer nothing.
        """
        for name in names:
            pid = self.cloud.steps.process(name).pid
            assert pid is not None, f"{name} does not run"
            self._freeze(pid)

    def start(self, *names: str) -> None:
        """
        Start processes that are down, and wait until they work.
        """
        chosen = [service for service in self._services() if service.name in names]
        for service in chosen:
            self._start(service)
        for service in chosen:
            self._await(service)

    def mend(self) -> None:
        """
        Put everything back: thaw what hangs, undo what was changed, start what is down.
        """
        self.thaw()
        try:
            while self._undone:
                self._undone.pop()()
        finally:
            self.start(*self.cloud.missing())

    def hurry(self) -> None:
        """
        Run the daemon anew with the short time budgets.
        """
        self.cloud.down([DAEMON])
        folder = self.plan.configuration / "trio2o"
        written = yaml.safe_load((folder / "trio2o.yaml").read_text())
        for section, options in HURRIED.items():
            written[section] = {**written.get(section, {}), **options}
        (folder / "faults.yaml").write_text(yaml.safe_dump(written))
        self.start(DAEMON)

    def unhurry(self) -> None:
        """
        Run the daemon anew as ``make cloud`` does.
        """
        self.cloud.down([DAEMON])
        service = services.daemon(self.plan)
        self._start(service)
        self._await(service)

    def refuse_database(self, pod: Pod) -> None:
        """
        End all connections to a pod's databases, and let it have no others: MariaDB is both pods'.
        """
        databases = Databases(steps=self.cloud.steps)
        user = f"'{DATABASE_USER}'@'127.0.0.1'"
        shown = databases.query("show databases").split()
        others = [name for name in shown if name in self._database_names() and name not in pod.databases]
        grants = "".join(f"grant all on {name}.* to {user};" for name in others)

        def undo() -> None:
            databases.query(
                f"grant all on *.* to {user};"
                + "".join(f"revoke all on {name}.* from {user};" for name in others)
            )

        self._undone.append(undo)
        databases.query(f"{grants} revoke all on *.* from {user};")
        self.end_connections(pod)

    def end_connections(self, pod: Pod) -> None:
        """
        End a pod's connections to its databases.
        """
        names = ",".join(f"'{name}'" for name in pod.databases)
        self._end_connections(f"db in ({names})")

    def lock_database(self, pod: Pod, *tables: str) -> None:
        """
        Let every query of these tables hang.
        """
        locked = ", ".join(f"{pod.name}_{table} write" for table in tables)
        holder = subprocess.Popen(
            [
                *("mariadb", "--no-defaults", "-S", str(self.plan.database_socket), "-uroot", "-N", "-e"),
                f"lock tables {locked}; select 'locked'; select sleep({_LONG})",
                "--unbuffered",
            ],
            stdout=subprocess.PIPE,
        )
        assert holder.stdout is not None

        def undo() -> None:
            holder.kill()
            holder.wait()
            # the server does not notice that its client is gone while it sleeps
            self._end_connections(f"info like '%sleep({_LONG})%' and id <> connection_id()")

        self._undone.append(undo)
        with holder.stdout:
            assert b"locked" in holder.stdout.readline()

    def close_queue(self, pod: Pod) -> None:
        """
        Take a pod's message queue from it: both pods use one RabbitMQ.
        """
        self._undone.append(
            lambda: self._queue("set_permissions", "-p", pod.name, QUEUE_USER, ".*", ".*", ".*")
        )
        self._queue("clear_permissions", "-p", pod.name, QUEUE_USER)
        self._queue("close_all_connections", "--vhost", pod.name, "closed by a test")

    @property
    def postgres(self) -> int:
        """
        The pid of the daemon's own PostgreSQL.
        """
        return int((self._postgres / "data" / "postmaster.pid").read_text().split()[0])

    def freeze_postgres(self) -> None:
        """
        Let all of its processes hang.
        """
        for pid in (self.postgres, *_children(self.postgres)):
            self._freeze(pid)

    def thaw(self) -> None:
        """
        Let everything that hangs go on.
        """
        frozen, self._frozen = self._frozen, []
        for pid in frozen:
            _signal(pid, signal.SIGCONT)

    def signal_postgres(self, number: int) -> None:
        """
        Send its main process a signal.
        """
        os.kill(self.postgres, number)

    def routed(self, kind: str, project_id: str) -> dict[str, str]:
        """
        The live routes of a project, as the database has them: resource id to the pod's region.
        """
        connection = psycopg2.connect(
            host=str(self._postgres / "run"), port=5432, user="trio2o", dbname="trio2o"
        )
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(
                    "select r.resource_id::text, p.name from routes r join pods p on p.id = r.pod_id"
                    " where r.kind = %s and r.project_id = %s and r.deleted_at is null",
                    (kind, project_id),
                )
                return dict(cursor.fetchall())
        finally:
            connection.close()

    def bound(self, project_id: str) -> list[tuple[str, str]]:
        """
        The active bindings of a project, as the database has them: zones and regions.
        """
        connection = psycopg2.connect(
            host=str(self._postgres / "run"), port=5432, user="trio2o", dbname="trio2o"
        )
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(
                    "select b.az_name, p.name from bindings b join pods p on p.id = b.pod_id"
                    " where b.tenant_id = %s and b.is_binding order by 1, 2",
                    (project_id,),
                )
                return cursor.fetchall()
        finally:
            connection.close()

    @property
    def _postgres(self) -> Path:
        return self.plan.state / "trio2o" / "postgresql"

    def _end_connections(self, which: str) -> None:
        databases = Databases(steps=self.cloud.steps)
        found = databases.query(f"select id from information_schema.processlist where {which}")
        for number in found.split():
            try:
                databases.query(f"kill {number}")
            except StepFailed as gone:
                # ended by itself meanwhile
                if "Unknown thread" not in str(gone):
                    raise

    def _database_names(self) -> set[str]:
        return {"keystone", "glance", *(name for pod in self.plan.pods for name in pod.databases)}

    def _services(self) -> list[Service]:
        found = services.everything(self.plan)
        hurried = self.plan.configuration / "trio2o" / "faults.yaml"
        if not hurried.exists():
            return found
        return [
            evolve(each, command=(*each.command[:-1], str(hurried))) if each.name == DAEMON else each
            for each in found
        ]

    def _start(self, service: Service) -> None:
        if service.name == MARIADB:
            Databases(steps=self.cloud.steps).start()
            return
        environment = {**self.plan.environment(), **service.environment}
        self.cloud.steps.process(service.name).start(service.command, environment)

    def _await(self, service: Service) -> None:
        steps = self.cloud.steps
        process = steps.process(service.name)
        for port in service.ports:
            steps.until_listening(process, port)
        if service.url:
            steps.until_answering(process, service.url)

    def _freeze(self, pid: int) -> None:
        self._frozen.append(pid)
        _signal(pid, signal.SIGSTOP)
        for child in _children(pid):
            self._frozen.append(child)
            _signal(child, signal.SIGSTOP)

    def _queue(self, *words: str) -> None:
        service = next(each for each in services.broker(self.plan) if each.name == QUEUE)
        environment = {**self.plan.environment(), **service.environment}
        command = ["/usr/lib/rabbitmq/bin/rabbitmqctl", "-n", environment["RABBITMQ_NODENAME"], *words]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        # ended, or was ended, while it hung
        pass
