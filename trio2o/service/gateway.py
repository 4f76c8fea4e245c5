"""
The daemon: what is started in which order, and stopped in the reverse.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.config.schema import Config
from trio2o.errors import DatabaseUnavailable
from trio2o.ops.notify import Notifier
from trio2o.ops.reload import Reloader, install_signals
from trio2o.service.admin import ShownMetrics
from trio2o.service.collecting import settle
from trio2o.service.database import Database
from trio2o.service.ending import end_in_failure
from trio2o.service.graph import Graph
from trio2o.service.logs import Logs
from trio2o.service.ports import OwnPorts, Ports
from trio2o.service.surfaces import ServedSurface
from trio2o.service.wiring import make_graph
from trio2o.startup import read_config
from trio2o.storage.installation import EmbeddedError
from trio2o.storage.migrate import SchemaError
from trio2o.strategies.concurrently import gathered

_log = Logger()

#: Why a daemon cannot start where its machine or its configuration is at fault: told without a traceback.
_FORESEEN = (CannotListenError, DatabaseUnavailable, EmbeddedError, SchemaError)


class Gateway(Service):
    """
    The whole daemon as one service.

    It starts in the background, since nothing may block twistd: database, state, identity, pods, and last the ports, so
    that whoever can connect is served. systemd is told then.
    """

    def __init__(
        self,
        *,
        reactor: Any,
        config: Config,
        path: Path,
        process: bool = True,
        ports: Ports | None = None,
        metrics: ShownMetrics | None = None,
    ) -> None:
        """
        :param process: False where the daemon is a guest in somebody's process (tests): logs and signals stay theirs, and
            a failed start ends nothing.
        :param ports: what opens the ports; without it they are this process's own.
        :param metrics: what shows the metrics; without it those of this process.
        """
        self.setName("trio2o")
        self._reactor = reactor
        self._config = config
        self._path = path
        self._process = process
        self._opener: Ports = OwnPorts(reactor) if ports is None else ports
        self._shown = metrics
        self._logs = Logs(reactor=reactor, section=config.logging, takes_over=process)
        self._notifier = Notifier.from_environment(os.environ)
        #: Reads the configuration again; there once the daemon serves.
        self.reloader: Reloader[Config] | None = None
        self._database: Database | None = None
        self._graph: Graph | None = None
        self._ports: dict[str, list[IListeningPort]] = {}
        self._starting: Deferred[None] | None = None
        #: Fires when the ports are open, for tests and for whoever embeds the daemon.
        self.listening: Deferred[None] = Deferred()

    def startService(self) -> None:
        """
        Begin to start.
        """
        super().startService()
        self._logs.start()
        self._starting = Deferred.fromCoroutine(self._start())
        self._starting.addErrback(self._failed)

    def stopService(self) -> Deferred[None]:
        """
        Stop accepting, finish what runs, and put everything down.
        """
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    def ports(self, surface: str) -> Sequence[IListeningPort]:
        """
        The open ports of a surface.
        """
        return self._ports.get(surface, ())

    async def _start(self) -> None:
        config = self._config
        self._database = Database(reactor=self._reactor, section=config.database)
        await self._database.start()
        await self._database.pods.declare_pods(config.pods_declared())
        self._graph = graph = make_graph(
            self._reactor, config, self._database, self._logs.access, self._shown
        )
        await graph.start()
        if self._process:
            settle(gc)
        for served in graph.surfaces:
            await self._listen(served)
        self._install_signals(graph)
        _log.info(
            "serving {surfaces} over {pods} pods",
            surfaces=", ".join(
                f"{name} at {', '.join(str(port.getHost()) for port in ports)}"
                for name, ports in self._ports.items()
                if ports
            ),
            pods=len(graph.state.pods()),
        )
        self._notifier.ready()
        self.listening.callback(None)

    async def _listen(self, served: ServedSurface) -> None:
        ports = self._ports[served.name] = []
        for place, text in enumerate(served.endpoints):
            # one by one, so that those that are open are closed when the next cannot be opened
            ports.append(await self._opener.open(served.name, place, text, served.site))

    def _install_signals(self, graph: Graph) -> None:
        reloader: Reloader[Config] = Reloader(load=lambda: read_config(self._path), notifier=self._notifier)
        graph.add_reloading(reloader)
        reloader.add("logging", self._logs.prepare)
        self.reloader = reloader
        if self._process:
            install_signals(self._reactor, reloader.request, self._logs.reopeners())

    def _failed(self, failure: Failure) -> None:
        """
        A daemon that cannot start ends, with a failing status that systemd and people can see.
        """
        if failure.check(CancelledError):
            return
        reason = failure.getErrorMessage()
        if failure.check(*_FORESEEN):
            _log.critical("the daemon cannot start: {reason}", reason=reason)
        else:
            _log.failure("the daemon cannot start: {reason}", failure=failure, reason=reason)
        if not self.listening.called:
            self.listening.errback(failure)
            if self._process:
                self.listening.addErrback(lambda _: None)
        if not self._process:
            return
        end_in_failure(self._reactor)

    async def _stop(self) -> None:
        self._notifier.stopping()
        if self._starting is not None:
            self._starting.cancel()
        if self._graph is not None:
            surfaces = self._graph.surfaces
            drained = [
                served.drain.stop(self._ports.pop(served.name, []), self._config.drain_seconds)
                for served in surfaces
            ]
            await gathered([*drained, self._graph.give_jobs_back()], ())
            await self._graph.stop()
        if self._database is not None:
            await self._database.stop()
        self._logs.stop()
