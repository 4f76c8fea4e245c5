"""
Reading the configuration again.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from trio2o.errors import ConfigErrors
from trio2o.ops.notify import Notifier
from trio2o.ops.reload import Commit, Reloader, install_signals


class Told(Notifier):
    """
    A notifier that remembers.
    """

    def __init__(self, journal: list[str]) -> None:
        super().__init__("")
        object.__setattr__(self, "journal", journal)

    def _send(self, state: str, more: str = "") -> None:
        self.journal.append(state)  # type: ignore[attr-defined]


class ReloaderTests(SynchronousTestCase):
    """
    Whole or not at all.
    """

    def setUp(self) -> None:
        """
        A reloader of numbers with two listeners that write down what happens.
        """
        self.journal: list[str] = []
        self.config: int | ConfigErrors = 1
        self.waiting: Deferred[None] | None = None
        self.reloader: Reloader[int] = Reloader(self.load, Told(self.journal))
        self.reloader.add("first", self.listener("first"))
        self.events: list[Any] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def load(self) -> int:
        """
        The configuration as it stands.
        """
        if isinstance(self.config, ConfigErrors):
            raise self.config
        return self.config

    def listener(self, name: str, *, refuses: int = -1, fails: bool = False) -> Callable[[int], Commit]:
        """
        A listener that may object or fail.
        """

        def prepare(config: int) -> Commit:
            if config == refuses:
                raise ConfigErrors([f"{name} refuses {config}"])

            async def commit() -> None:
                if self.waiting is not None:
                    await self.waiting
                if fails:
                    raise RuntimeError(name)
                self.journal.append(f"{name}={config}")

            return commit

        return prepare

    def reload(self) -> bool:
        """
        Reload, and give what came of it.
        """
        return self.successResultOf(Deferred.fromCoroutine(self.reloader.reload()))

    def test_taken(self) -> None:
        """
        Every listener gets the new configuration, in order; systemd is told the beginning and the end.
        """
        self.reloader.add("second", self.listener("second"))
        self.assertTrue(self.reload())
        self.assertEqual(self.journal, ["RELOADING=1", "first=1", "second=1", "READY=1"])

    def test_bad_file(self) -> None:
        """
        A bad file changes nothing, every error is logged, and the daemon stays ready.
        """
        self.config = ConfigErrors(["pods[1].regoin: unknown key", "listen: missing"])
        self.assertFalse(self.reload())
        self.assertEqual(self.journal, ["RELOADING=1", "READY=1"])
        self.assertEqual(
            [event["error"] for event in self.events if "error" in event],
            ["pods[1].regoin: unknown key", "listen: missing"],
        )

    def test_objection(self) -> None:
        """
        When one listener cannot take the configuration, none takes it.
        """
        self.reloader.add("second", self.listener("second", refuses=1))
        self.assertFalse(self.reload())
        self.assertEqual(self.journal, ["RELOADING=1", "READY=1"])

    def test_failure(self) -> None:
        """
        A listener that fails while it takes over does not keep the others from it, and is logged.
        """
        self.reloader.add("second", self.listener("second", fails=True))
        self.reloader.add("third", self.listener("third"))
        self.assertFalse(self.reload())
        self.assertEqual(self.journal, ["RELOADING=1", "first=1", "third=1", "READY=1"])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_one_at_a_time(self) -> None:
        """
        What is asked while a reload runs is done once after it, with the configuration of then.
        """
        self.waiting = Deferred()
        self.reloader.request()
        self.config = 2
        self.reloader.request()
        self.reloader.request()
        self.assertEqual(self.journal, ["RELOADING=1"])
        waiting, self.waiting = self.waiting, None
        waiting.callback(None)
        self.assertEqual(
            self.journal, ["RELOADING=1", "first=1", "READY=1", "RELOADING=1", "first=2", "READY=1"]
        )

    def test_bug(self) -> None:
        """
        An error that nobody foresaw is logged; the next reload works.
        """

        def broken() -> int:
            raise ZeroDivisionError

        self.reloader.load = broken
        self.reloader.request()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.reloader.load = self.load
        self.assertTrue(self.reload())


@implementer(IReactorFromThreads)
class LaterReactor:
    """
    A reactor that keeps what it is to do in its own time.
    """

    def __init__(self, later: list[Callable[[], None]]) -> None:
        self.later = later

    def callFromThread(self, callable: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """
        Keep it.
        """
        self.later.append(callable)


class SignalTests(SynchronousTestCase):
    """
    SIGHUP and SIGUSR1.
    """

    def setUp(self) -> None:
        """
        Handlers that were installed, in a reactor of memory.
        """
        self.handlers: dict[int, Callable[[int, FrameType | None], None]] = {}
        self.called: list[str] = []
        self.later: list[Callable[[], None]] = []

        install_signals(
            LaterReactor(self.later),
            lambda: self.called.append("reload"),
            [self.cannot, lambda: self.called.append("reopen")],
            install=lambda number, handler: self.handlers.update({number: handler}),
        )

    def cannot(self) -> None:
        """
        A log file whose folder is gone.
        """
        self.called.append("refused")
        raise OSError(2, "No such file or directory")

    def test_hang_up(self) -> None:
        """
        SIGHUP opens the log files again and reloads, in the reactor; a file that cannot be opened stops
        neither.
        """
        self.handlers[signal.SIGHUP](signal.SIGHUP, None)
        self.assertEqual(self.called, [])
        self.later.pop()()
        self.assertEqual(self.called, ["refused", "reopen", "reload"])

    def test_user_signal(self) -> None:
        """
        SIGUSR1 opens the log files again and reloads nothing.
        """
        self.handlers[signal.SIGUSR1](signal.SIGUSR1, None)
        self.assertEqual(self.called, [])
        self.later.pop()()
        self.assertEqual(self.called, ["refused", "reopen"])
