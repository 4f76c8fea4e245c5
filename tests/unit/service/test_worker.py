"""
One worker as its supervisor sees it, with processes that are made up.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from trio2o.service.workers.order import Order
from trio2o.service.workers.worker import Worker


class FullMachine(Clock):
    """
    A reactor that can start no process.
    """

    tries = 0

    def spawnProcess(self, *told: Any, **more: Any) -> Any:
        """
        Refuse, as the kernel does.
        """
        self.tries += 1
        raise BlockingIOError(11, "Resource temporarily unavailable")


class StartTests(SynchronousTestCase):
    """
    Processes that cannot be started.
    """

    def setUp(self) -> None:
        self.machine = FullMachine()
        self.refused: list[str] = []
        order = Order(number=1, path=Path("x"), text="", sockets={}, metrics=Path("y"))
        self.worker = Worker(
            reactor=self.machine,
            number=1,
            order=lambda number: (order, ()),
            ready=lambda: self.fail("nothing serves"),
            refused=lambda worker, how: self.refused.append(how),
        )

    def test_first(self) -> None:
        """
        The very first start is told to have failed.
        """
        self.worker.start()
        self.assertEqual(["not started: [Errno 11] Resource temporarily unavailable"], self.refused)

    def test_again(self) -> None:
        """
        A later one is tried again, as if the process had ended.
        """
        self.worker.restarts = True
        self.worker.start()
        self.machine.advance(0.2)
        self.machine.advance(0.4)
        self.assertEqual((3, []), (self.machine.tries, self.refused))
        self.successResultOf(self.worker.stop(1.0))
        self.machine.advance(100.0)
        self.assertEqual(3, self.machine.tries)
