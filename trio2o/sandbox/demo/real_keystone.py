"""
A real Keystone from PyPI on SQLite.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from attrs import frozen
from keystoneauth1 import session as keystone_session
from keystoneauth1.identity import v3

from trio2o.sandbox.demo.processes import Process, StepFailed, tail
from trio2o.sandbox.demo.registrar import Registrar
from trio2o.sandbox.demo.warm import WarmTool, keystone_manage

#: What keystone.conf holds. Few password rounds: this is a sandbox, and hashing would be most of its work.
_CONF = """\
[DEFAULT]
use_stderr = true
public_endpoint = {root}
max_token_size = 255

[database]
connection = sqlite:///{folder}/keystone.db

[token]
provider = fernet
expiration = 14400

[fernet_tokens]
key_repository = {folder}/fernet-keys

[fernet_receipts]
key_repository = {folder}/fernet-keys

[credential]
key_repository = {folder}/credential-keys

[identity]
password_hash_rounds = 4

[cache]
enabled = true
backend = dogpile.cache.memory
"""

#: Keystone parses ``sys.argv``, which under gunicorn holds gunicorn's arguments.
_GUNICORN = """\
import sys

worker_class = "gthread"
workers = 1
threads = 4
keepalive = 75
bind = "127.0.0.1:{port}"
# It would stand in the home directory, which may not be there, and be shared by all that run.
control_socket_disable = True


def post_fork(server, worker):
    sys.argv = ["keystone"]
"""


@frozen(kw_only=True)
class RealKeystone:
    """
    One Keystone below a folder.
    """

    folder: Path
    process: Process
    port: int
    admin_password: str
    region: str = "RegionOne"

    @property
    def url(self) -> str:
        """
        The v3 endpoint.
        """
        return f"http://127.0.0.1:{self.port}/v3"

    @property
    def prepared(self) -> bool:
        """
        Whether its database is made.
        """
        return self._done.exists()

    def prepare(self) -> None:
        """
        Write the configuration and make keys and database. What an interrupted try has left is removed.

        :raises StepFailed: if keystone-manage fails.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._conf.write_text(_CONF.format(root=self.url.removesuffix("/v3"), folder=self.folder))
        self._gunicorn.write_text(_GUNICORN.format(port=self.port))
        owner = ["--keystone-user", str(os.geteuid()), "--keystone-group", str(os.getegid())]
        tool = keystone_manage()
        try:
            self._manage(tool, "fernet_setup", *owner)
            self._manage(tool, "credential_setup", *owner)
            self._manage(tool, "db_sync")
            urls = [f"--bootstrap-{interface}-url" for interface in ("internal", "public")]
            self._manage(
                tool,
                "bootstrap",
                f"--bootstrap-password={self.admin_password}",
                f"--bootstrap-region-id={self.region}",
                *(f"{option}={self.url}" for option in urls),
            )
        finally:
            tool.stop()
        self._done.touch()

    def start(self) -> None:
        """
        Start it under gunicorn, without waiting for it.
        """
        self.process.start(
            [sys.executable, "-m", "gunicorn", "-c", str(self._gunicorn), "keystone.wsgi.api:application"],
            {"OS_KEYSTONE_CONFIG_FILES": str(self._conf)},
        )

    def await_start(self) -> None:
        """
        Wait until it listens.

        :raises StepFailed: if it does not.
        """
        self.process.await_port(self.port)

    def session(self, username: str, password: str, project_name: str) -> keystone_session.Session:
        """
        A session of a user of the default domain.
        """
        auth = v3.Password(
            auth_url=self.url,
            username=username,
            password=password,
            project_name=project_name,
            user_domain_id="default",
            project_domain_id="default",
        )
        return keystone_session.Session(auth=auth)

    def registrar(self) -> Registrar:
        """
        What registers regions, services, endpoints, projects and users.
        """
        return Registrar(session=self.session("admin", self.admin_password, "admin"), url=self.url)

    @property
    def _conf(self) -> Path:
        return self.folder / "keystone.conf"

    @property
    def _gunicorn(self) -> Path:
        return self.folder / "gunicorn.conf.py"

    @property
    def _done(self) -> Path:
        return self.folder / "bootstrapped"

    def _manage(self, tool: WarmTool, *words: str) -> None:
        try:
            ran = tool.run(["--config-file", str(self._conf), *words], {})
        except RuntimeError as error:
            raise StepFailed(f"keystone-manage {words[0]}: {error}") from error
        log = self.process.log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as out:
            out.write(ran.out + ran.err)
        if ran.status:
            raise StepFailed(f"keystone-manage {words[0]} failed; the end of {log}:\n{tail(log)}")
