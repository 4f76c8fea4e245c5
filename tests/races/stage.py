"""
What the races are run on: a fake Keystone and fake pods in this process, a PostgreSQL that writes to the disk, and daemons in
processes of their own.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field
from twisted.internet import reactor
from twisted.internet.defer import maybeDeferred

from tests.functional.cloud import Cloud, PodPlan
from tests.functional.daemon_process import DaemonProcess, daemon_process
from tests.interface.waiting import until
from trio2o.storage.embedded import EmbeddedPostgres
from trio2o.storage.migrate import upgrade

#: No quota stands in the way, and nobody waits for servers to be built.
_ROOMY: Mapping[str, Any] = {
    "build_seconds": 0.0,
    "options": {"nova": {"quota": {"instances": -1, "cores": -1, "ram": -1}}},
}

#: Four pods in one zone, none better than another.
FOUR_PODS = tuple(PodPlan(name=f"Pod{number}", fake=_ROOMY) for number in range(1, 5))

#: A burst of connections waits in the kernel instead of being tried again after a second.
_LISTEN = {"endpoints": ["tcp:0:interface=127.0.0.1:backlog=4096"]}

#: Beyond what every such daemon is told. All of it shares a machine: what is slow is waited for.
SETTINGS: Mapping[str, Any] = {
    "listen": {"compute": _LISTEN, "volume": _LISTEN, "admin": _LISTEN},
    "database": {"pool_size": 4},
    "pod_defaults": {"list_timeout_seconds": 30.0},
}

#: Where pods hang: they are not waited for long, and soon asked what they have made.
IMPATIENT: Mapping[str, Any] = {
    "pod_defaults": {"create_timeout_seconds": 5.0, "list_timeout_seconds": 30.0},
    "idempotency": {"settle_seconds": 2.0},
}

#: How long a daemon may take to start on a machine that has much to do.
START_SECONDS = 120.0


@define
class Stage:
    """
    Keeps what is to be undone, as a test does.
    """

    _undo: list[Callable[[], Any]] = field(factory=list)

    def addCleanup(self, call: Callable[..., Any], *values: Any) -> None:
        """
        Have something done at the end, the last first.
        """
        self._undo.append(lambda: call(*values))

    async def clear(self) -> None:
        """
        Undo everything.
        """
        while self._undo:
            await maybeDeferred(self._undo.pop())


async def a_database(stage: Any) -> str:
    """
    The DSN of a PostgreSQL as the daemon runs one, with this release's schema.
    """
    folder = Path(tempfile.mkdtemp(prefix="trio2o-race-"))
    folder.chmod(0o711)
    stage.addCleanup(shutil.rmtree, folder, True)
    server = EmbeddedPostgres(reactor, folder / "postgres")
    dsn = await server.start()
    stage.addCleanup(server.stop)
    await upgrade(reactor, dsn)
    return dsn


async def a_cloud(stage: Any, plans: Sequence[PodPlan] = FOUR_PODS) -> Cloud:
    """
    Keystone, pods and database.
    """
    dsn = await a_database(stage)
    cloud = await Cloud.start(stage, plans, daemons=0, database=False)
    cloud.dsn = dsn
    # to be asked what became of a create whose answer was lost, pods want an administrator
    cloud.keystone.add_user("trio2o", "trio2o-password", project="service", roles=["service", "admin"])
    return cloud


async def workers(
    stage: Any, cloud: Cloud, number: int, plans: Sequence[PodPlan] = FOUR_PODS, **settings: Any
) -> DaemonProcess:
    """
    One daemon of so many workers.
    """
    told = {**SETTINGS, "workers": number, **settings}
    daemon = await daemon_process(stage, cloud, plans, settings=told, start=False)
    await daemon.start(limit=START_SECONDS)
    await until(lambda: f"{number} workers are serving" in daemon.text, limit=START_SECONDS)
    return daemon
