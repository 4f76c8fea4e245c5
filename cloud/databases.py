"""
MariaDB, and the services' schemas in it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attrs import frozen

from cloud.plan import (
    ADMIN_PASSWORD,
    DATABASE_PASSWORD,
    DATABASE_PORT,
    DATABASE_USER,
    TOP_REGION,
    Plan,
    Pod,
)
from cloud.processes import Process, StepFailed
from cloud.steps import Steps

PROCESS = "mysql"


@frozen(kw_only=True)
class Databases:
    """
    The server, and what is made in it once.
    """

    steps: Steps

    @property
    def process(self) -> Process:
        """
        MariaDB's process.
        """
        return self.steps.process(PROCESS)

    def start(self) -> None:
        """
        Start the server, with a folder of its own: none of Debian's databases is touched.
        """
        plan = self.steps.plan
        data = plan.state / "mysql"
        if not (data / "mysql").is_dir():
            self._initialise(data)
        self.process.start(_server(plan, data), plan.environment())
        self.steps.until(self.process, self._answers, "does not answer")

    def query(self, text: str) -> str:
        """
        The rows of a query as MariaDB's client prints them.

        :raises StepFailed: if there is no answer.
        """
        asked = self._ask(text)
        if asked.returncode:
            raise StepFailed(f"MariaDB: {asked.stderr.strip()}; see {self.process.log}")
        return asked.stdout.strip()

    def schemas(self) -> None:
        """
        Make and fill the databases, two services at a time: each takes seconds of one core.

        :raises StepFailed: if one cannot be made.
        """
        steps, plan = self.steps, self.steps.plan
        # those of pods that came later are made later
        steps.once(f"db-created-{len(plan.pods)}", self._create)
        once: list[tuple[str, Callable[[], None]]] = [
            ("db-keystone", self._keystone),
            ("db-glance", self._glance),
        ]
        for pod in plan.pods:
            once.append((f"db-nova-{pod.name}", lambda pod=pod: self._nova(pod)))  # type: ignore[misc]
            once.append((f"db-rest-{pod.name}", lambda pod=pod: self._rest(pod)))  # type: ignore[misc]
        with ThreadPoolExecutor(2) as pool:
            for name, made in [(name, pool.submit(steps.once, name, action)) for name, action in once]:
                if made.result():
                    steps.say(f"{name.removeprefix('db-')}: schema made")

    def _initialise(self, data: Path) -> None:
        plan = self.steps.plan
        data.mkdir(parents=True, exist_ok=True)
        # by addresses alone: a machine whose own name cannot be looked up is refused otherwise
        self.steps.run(
            "mysql-install",
            ["chown", "mysql:mysql", str(data)],
            ["mariadb-install-db", "--no-defaults", "--user=mysql", f"--datadir={data}",
             "--auth-root-authentication-method=normal", "--skip-test-db", "--force"],
        )  # fmt: skip
        for marker in [
            *plan.done.glob("db-*"),
            *plan.done.glob("bootstrap-*"),
            *plan.done.glob("registered-*"),
        ]:
            marker.unlink()

    def _create(self) -> None:
        plan = self.steps.plan
        names = ["keystone", "glance", *(name for pod in plan.pods for name in pod.databases)]
        self.query(
            f"create user if not exists '{DATABASE_USER}'@'127.0.0.1' identified by '{DATABASE_PASSWORD}';"
            f"grant all on *.* to '{DATABASE_USER}'@'127.0.0.1';"
            + "".join(f"create database if not exists {name} character set utf8mb3;" for name in names)
        )

    def _keystone(self) -> None:
        plan = self.steps.plan
        manage = ["keystone-manage", "--config-file", str(plan.configuration / "keystone" / "keystone.conf")]
        owner = ["--keystone-user", "root", "--keystone-group", "root"]
        urls = [
            word
            for kind in ("admin", "internal", "public")
            for word in (f"--bootstrap-{kind}-url", plan.keystone)
        ]
        self._run(
            "db-keystone",
            [*manage, "db_sync"],
            [*manage, "fernet_setup", *owner],
            [*manage, "credential_setup", *owner],
            [
                *manage,
                "bootstrap",
                "--bootstrap-password",
                ADMIN_PASSWORD,
                *urls,
                "--bootstrap-region-id",
                TOP_REGION,
            ],
        )

    def _glance(self) -> None:
        config = self.steps.plan.configuration / "glance" / "glance-api.conf"
        self._run("db-glance", ["glance-manage", "--config-file", str(config), "db_sync"])

    def _nova(self, pod: Pod) -> None:
        plan = self.steps.plan
        manage = ["nova-manage", "--config-file", str(plan.configuration / pod.name / "nova" / "nova.conf")]
        name = f"db-nova-{pod.name}"
        none = ["--database_connection", plan.database(f"{pod.name}_nova_cell0")]
        self._run(name, [*manage, "api_db", "sync"], [*manage, "cell_v2", "map_cell0", *none])
        if self.query(f"select count(*) from {pod.name}_nova_api.cell_mappings where name = 'cell1'") == "0":
            cell = ["--name", "cell1", "--transport-url", plan.queue(pod)]
            cell += ["--database_connection", plan.database(f"{pod.name}_nova")]
            self._run(name, [*manage, "cell_v2", "create_cell", *cell])
        self._run(name, [*manage, "db", "sync"])

    def _rest(self, pod: Pod) -> None:
        etc = self.steps.plan.configuration / pod.name

        def told(service: str) -> list[str]:
            return ["--config-file", str(etc / service / f"{service}.conf")]

        self._run(
            f"db-rest-{pod.name}",
            ["placement-manage", *told("placement"), "db", "sync"],
            ["cinder-manage", *told("cinder"), "db", "sync"],
            ["neutron-db-manage", *told("neutron"), "upgrade", "heads"],
        )

    def _run(self, name: str, *commands: Sequence[str]) -> None:
        self.steps.run(name, *commands)

    def _answers(self) -> bool:
        return self._ask("select 1").returncode == 0

    def _ask(self, text: str) -> subprocess.CompletedProcess[str]:
        socket = self.steps.plan.database_socket
        return subprocess.run(
            ["mariadb", "--no-defaults", "-S", str(socket), "-uroot", "-N", "-e", text],
            capture_output=True,
            text=True,
            check=False,
        )


def _server(plan: Plan, data: Path) -> list[str]:
    """
    The command of a server that only tests lose by: it does not wait for the disk.
    """
    return [
        "mariadbd", "--no-defaults", "--user=mysql", f"--datadir={data}", f"--socket={plan.database_socket}",
        f"--port={DATABASE_PORT}", "--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin",
        "--max-connections=2000", "--innodb-buffer-pool-size=384M", "--innodb-flush-log-at-trx-commit=0",
        "--innodb-doublewrite=0", f"--pid-file={plan.state / 'mysql' / 'mariadbd.pid'}",
    ]  # fmt: skip
