"""
A worker: ``python -m trio2o.service.workers``, started by a supervisor alone.
"""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import globalLogBeginner
from twisted.python.failure import Failure
from zope.interface import implementer

from trio2o.errors import ConfigErrors
from trio2o.service.gateway import Gateway
from trio2o.service.ports import InheritedPorts
from trio2o.service.workers.metrics import SharedMetrics
from trio2o.service.workers.order import READY, READY_DESCRIPTOR, Order
from trio2o.startup import parse_config

_LONGEST_ORDER = 64 << 20


@implementer(IReadDescriptor)
class _Supervisor:
    """
    The standard input: it ends when the supervisor does, and then nobody would start or stop this process.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def fileno(self) -> int:
        return 0

    def logPrefix(self) -> str:
        return "supervisor"

    def doRead(self) -> None:
        """
        Nothing more is sent.
        """
        if not os.read(0, 4096):
            self._reactor.removeReader(self)
            self._gone()

    def connectionLost(self, reason: Failure) -> None:
        """
        How some reactors tell the end of a pipe.
        """
        self._gone()

    def _gone(self) -> None:
        if self._reactor.running:
            self._reactor.stop()


def _read_order() -> Order:
    """
    The first line of the standard input, and not a byte more: what follows is the reactor's.
    """
    line = bytearray()
    while not line.endswith(b"\n"):
        chunk = os.read(0, 65_536)
        line += chunk
        if not chunk or len(line) > _LONGEST_ORDER:
            raise SystemExit(
                "this is a part of trio2o and is not started by hand: twistd trio2o --config FILE"
            )
    return Order.of_line(bytes(line))


def main() -> None:
    """
    Serve until a signal comes or the supervisor is gone.
    """
    order = _read_order()
    from twisted.internet import reactor as global_reactor

    reactor: Any = global_reactor
    try:
        config = parse_config(order.text, order.path)
    except ConfigErrors as problems:
        # something that the file names has changed since
        raise SystemExit("\n".join(problems.errors)) from None
    gateway = Gateway(
        reactor=reactor,
        config=config,
        path=order.path,
        ports=InheritedPorts(reactor, order.sockets),
        metrics=SharedMetrics(reactor=reactor, folder=order.metrics, number=order.number),
    )
    gateway.listening.addCallback(lambda _: os.write(READY_DESCRIPTOR, READY))
    # what is logged before the daemon takes over goes where its errors go
    globalLogBeginner.beginLoggingTo([], redirectStandardIO=False, discardBuffer=True)
    reactor.addReader(_Supervisor(reactor))
    reactor.addSystemEventTrigger("before", "shutdown", gateway.stopService)
    reactor.callWhenRunning(gateway.startService)
    reactor.run()


if __name__ == "__main__":
    main()
