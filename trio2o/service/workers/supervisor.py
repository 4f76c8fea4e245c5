"""
The supervisor: holds the ports, starts the workers, starts one again that ends, and hands signals on. It serves nothing.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import evolve
from twisted.application.service import Service
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.error import CannotListenError
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.config.schema import Config
from trio2o.errors import ConfigErrors
from trio2o.ops.notify import Notifier
from trio2o.ops.reload import install_signals
from trio2o.service.ending import end_in_failure
from trio2o.service.logs import Logs
from trio2o.service.ports import ListeningSocket, opened
from trio2o.service.workers.order import FIRST_SOCKET, Order
from trio2o.service.workers.worker import Worker
from trio2o.startup import parse_config

_log = Logger()

#: Seconds that a worker has beyond ``drain_seconds`` before it is killed.
_MARGIN_SECONDS = 10.0


class Supervisor(Service):
    """
    The daemon as several processes.

    All workers accept at the same sockets, which stay open here: while one is started again the others take its
    connections. A worker that ends in its very first start ends all: what is wrong then will be wrong again.
    """

    def __init__(self, *, reactor: Any, config: Config, path: Path) -> None:
        self.setName("trio2o")
        self._reactor = reactor
        self._config = config
        self._path = path
        self._logs = Logs(reactor=reactor, section=evolve(config.logging, access=False))
        self._notifier = Notifier.from_environment(os.environ)
        self._text = ""
        self._sockets: dict[str, list[tuple[str, socket.socket]]] = {}
        self._folder: Path | None = None
        self._workers: list[Worker] = []
        #: True once all have served.
        self._begun = False

    def startService(self) -> None:
        """
        Begin to start.
        """
        super().startService()
        self._logs.start()
        Deferred.fromCoroutine(self._start()).addErrback(self._failed)

    def stopService(self) -> Deferred[None]:
        """
        Have all workers finish what they do, and end.
        """
        super().stopService()
        self._notifier.stopping()
        return Deferred.fromCoroutine(self._stop())

    async def _start(self) -> None:
        self._text = self._path.read_text(encoding="utf-8")
        listen = self._config.listen
        for surface, section in (
            ("compute", listen.compute),
            ("volume", listen.volume),
            ("admin", listen.admin),
        ):
            sockets = await opened(self._reactor, section.endpoints)
            self._sockets[surface] = list(zip(section.endpoints, sockets, strict=True))
        self._folder = Path(tempfile.mkdtemp(prefix="trio2o-workers-"))
        install_signals(self._reactor, self._reload, [*self._logs.reopeners(), self._reopen])
        self._workers = [
            Worker(
                reactor=self._reactor,
                number=number,
                order=self._order,
                ready=self._ready,
                refused=self._refused,
            )
            for number in range(1, self._config.workers + 1)
        ]
        for worker in self._workers:
            worker.start()

    def _order(self, number: int) -> tuple[Order, Sequence[int]]:
        assert self._folder is not None
        descriptors: list[int] = []
        sockets: dict[str, tuple[ListeningSocket, ...]] = {}
        for surface, given in self._sockets.items():
            told = []
            for text, each in given:
                there = FIRST_SOCKET + len(descriptors)
                told.append(ListeningSocket(text=text, descriptor=there, family=each.family))
                descriptors.append(each.fileno())
            sockets[surface] = tuple(told)
        order = Order(number=number, path=self._path, text=self._text, sockets=sockets, metrics=self._folder)
        return order, descriptors

    def _ready(self) -> None:
        if self._begun or not all(worker.serves for worker in self._workers):
            return
        self._begun = True
        for worker in self._workers:
            worker.restarts = True
        _log.info(
            "{workers} workers are serving {surfaces} over {pods} pods",
            workers=len(self._workers),
            surfaces=", ".join(
                f"{surface} at {_place(each)}"
                for surface, given in self._sockets.items()
                for _, each in given
            ),
            pods=len(self._config.pods),
        )
        self._notifier.ready()

    def _refused(self, worker: Worker, status: str) -> None:
        """
        The first start did not succeed. The worker has said why.
        """
        if self.running and not self._begun:
            self._end(f"worker {worker.number} ended in its first start: {status}")

    def _reload(self) -> None:
        """
        A good file goes to all workers, a bad one to none.
        """
        self._notifier.reloading()
        told = ""
        try:
            text = self._path.read_text(encoding="utf-8")
            parse_config(text, self._path)
        except (OSError, UnicodeDecodeError, ConfigErrors) as problem:
            for error in problem.errors if isinstance(problem, ConfigErrors) else [str(problem)]:
                _log.error("The new configuration is refused: {error}", error=error)
            told = "the new configuration was refused, see the log"
        else:
            self._text = text
            for worker in self._workers:
                worker.reload()
        self._notifier.ready(told)

    def _reopen(self) -> None:
        for worker in self._workers:
            worker.reopen()

    async def _stop(self) -> None:
        patience = self._config.drain_seconds + _MARGIN_SECONDS
        await DeferredList([worker.stop(patience) for worker in self._workers])
        self._close()
        self._logs.stop()

    def _close(self) -> None:
        for given in self._sockets.values():
            for _, each in given:
                each.close()
        self._sockets.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _failed(self, failure: Failure) -> None:
        if failure.check(CannotListenError, OSError) is None:
            _log.failure("the daemon cannot start", failure=failure)
        self._end(failure.getErrorMessage())

    def _end(self, reason: str) -> None:
        _log.critical("the daemon cannot start: {reason}", reason=reason)
        end_in_failure(self._reactor)


def _place(listening: socket.socket) -> str:
    """
    Where a socket listens, as Twisted writes it.
    """
    name: Any = listening.getsockname()
    if listening.family == socket.AF_UNIX:
        return str(UNIXAddress(name))
    kind = IPv6Address if listening.family == socket.AF_INET6 else IPv4Address
    return str(kind("TCP", *name))
