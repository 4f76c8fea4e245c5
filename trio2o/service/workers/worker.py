"""
One worker as its supervisor sees it: started, watched, started again.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.service.logs import output_is_nowhere
from trio2o.service.workers.order import FIRST_SOCKET, READY_DESCRIPTOR, Order

_log = Logger()

#: Seconds until a worker that ended is started again: at first, and at most when it ends again and again.
_FIRST_WAIT = 0.2
_LONGEST_WAIT = 30.0
#: A worker that has served so many seconds has not failed to start.
_STEADY_SECONDS = 30.0

#: What is the supervisor's alone: who is told of readiness, and which sockets systemd gave.
_OWN = frozenset(
    {"NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID"}
)


class Worker:
    """
    A process with a number, and those that take its place.

    :param order: gives what the next process is told, and this process's descriptors of the sockets that it names, in order.
    :param ready: called when a process serves.
    :param refused: called when a process ends while :attr:`restarts` is false, with how it ended.
    """

    def __init__(
        self,
        *,
        reactor: Any,
        number: int,
        order: Callable[[int], tuple[Order, Sequence[int]]],
        ready: Callable[[], None],
        refused: Callable[[Worker, str], None],
    ) -> None:
        self.number = number
        #: True while a process serves.
        self.serves = False
        #: Whether a process that ends is followed by another.
        self.restarts = False
        self._reactor = reactor
        self._order = order
        self._ready = ready
        self._refused = refused
        self._transport: Any = None
        self._wait = _FIRST_WAIT
        self._next: IDelayedCall | None = None
        self._served_since = 0.0
        self._reloading = False
        self._ended: Deferred[None] | None = None

    def start(self) -> None:
        """
        Start a process.
        """
        self._next = None
        self._reloading = False
        order, descriptors = self._order(self.number)
        shared = dict(enumerate(descriptors, FIRST_SOCKET))
        # in the background there is no output to share: what a worker says goes into the supervisor's log
        output: dict[int, Any] = {1: "r", 2: "r"} if output_is_nowhere() else {1: 1, 2: 2}
        try:
            self._transport = self._reactor.spawnProcess(
                _Process(self),
                sys.executable,
                [sys.executable, "-m", "trio2o.service.workers"],
                env={name: value for name, value in os.environ.items() if name not in _OWN},
                childFDs={0: "w", **output, READY_DESCRIPTOR: "r", **shared},
            )
        except OSError as problem:
            # no room for another process, or for its pipes, just now
            self.has_ended(f"not started: {problem}")
            return
        self._transport.write(order.line())

    def reload(self) -> None:
        """
        Have it read the configuration again; one that does not serve yet has the new one, or does so as soon as it can.
        """
        if self.serves:
            self._signal(signal.SIGHUP)
        else:
            self._reloading = True

    def reopen(self) -> None:
        """
        Have it open its log files again.
        """
        if self.serves:
            self._signal(signal.SIGUSR1)

    def stop(self, patience: float) -> Deferred[None]:
        """
        End it, by force after so many seconds; fires when there is none any more.
        """
        self.restarts = False
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._transport is None:
            return succeed(None)
        self._ended = Deferred()
        self._signal(signal.SIGTERM)
        killing = self._reactor.callLater(patience, self._signal, signal.SIGKILL)

        def ended(_: None) -> None:
            if killing.active():
                killing.cancel()

        return self._ended.addCallback(ended)

    def now_serves(self) -> None:
        """
        The process has said so.
        """
        self.serves = True
        self._served_since = self._reactor.seconds()
        if self._reloading:
            self.reload()
        self._ready()

    def has_ended(self, how: str) -> None:
        """
        The process is no more.
        """
        steady = self.serves and self._reactor.seconds() - self._served_since >= _STEADY_SECONDS
        self.serves = False
        self._transport = None
        if self._ended is not None:
            self._ended.callback(None)
            return
        if not self.restarts:
            self._refused(self, how)
            return
        if steady:
            self._wait = _FIRST_WAIT
        _log.error(
            "worker {number} ended: {how}; the next one is started in {wait} s",
            number=self.number,
            how=how,
            wait=self._wait,
        )
        self._next = self._reactor.callLater(self._wait, self.start)
        self._wait = min(self._wait * 2, _LONGEST_WAIT)

    def _signal(self, number: int) -> None:
        try:
            if self._transport is not None:
                self._transport.signalProcess(number)
        except ProcessExitedAlready:
            return


class _Process(ProcessProtocol):
    """
    The end of the pipes to a worker.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        if childFD == READY_DESCRIPTOR:
            self._worker.now_serves()
            return
        for line in data.decode("utf-8", "replace").splitlines():
            _log.info("worker {number}: {line}", number=self._worker.number, line=line)

    def processEnded(self, reason: Failure) -> None:
        ended: Any = reason.value
        how = f"status {ended.exitCode}" if ended.signal is None else f"signal {ended.signal}"
        self._worker.has_ended(how)
