"""
A real Keystone from PyPI on SQLite, and what the sandbox registers in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from keystoneauth1 import session as keystone_session
from keystoneauth1.identity import v3

from trio2o.sandbox.demo.processes import Process, StepFailed, tail

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

    def prepare(self) -> bool:
        """
        Write the configuration and make the database, once; False when that was done before.

        :raises StepFailed: if keystone-manage fails.
        """
        done = self.folder / "bootstrapped"
        if done.exists():
            return False
        self.folder.mkdir(parents=True, exist_ok=True)
        self._conf.write_text(_CONF.format(root=self.url.removesuffix("/v3"), folder=self.folder))
        (self.folder / "gunicorn.conf.py").write_text(_GUNICORN)
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        group = subprocess.run(["id", "-gn"], capture_output=True, text=True, check=True).stdout.strip()
        keys = ["--keystone-user", user, "--keystone-group", group]
        self._manage("db_sync")
        self._manage("fernet_setup", *keys)
        self._manage("credential_setup", *keys)
        urls = [
            word for kind in ("admin", "internal", "public") for word in (f"--bootstrap-{kind}-url", self.url)
        ]
        self._manage(
            "bootstrap",
            "--bootstrap-password",
            self.admin_password,
            *urls,
            "--bootstrap-region-id",
            self.region,
        )
        done.touch()
        return True

    def start(self) -> None:
        """
        Start it under gunicorn and wait until it listens.
        """
        gunicorn = [
            sys.executable,
            "-m",
            "gunicorn",
            "-k",
            "gthread",
            "--workers",
            "1",
            "--threads",
            "4",
            "--keep-alive",
            "75",
        ]
        gunicorn += [
            "-c",
            str(self.folder / "gunicorn.conf.py"),
            "-b",
            f"127.0.0.1:{self.port}",
            "keystone.wsgi.api:application",
        ]
        self.process.start(gunicorn, {"OS_KEYSTONE_CONFIG_FILES": str(self._conf)})
        self.process.await_port(self.port)

    def admin(self) -> Registrar:
        """
        What registers regions, services, endpoints, projects and users.
        """
        auth = v3.Password(
            auth_url=self.url,
            username="admin",
            password=self.admin_password,
            project_name="admin",
            user_domain_id="default",
            project_domain_id="default",
        )
        return Registrar(session=keystone_session.Session(auth=auth), url=self.url)

    @property
    def _conf(self) -> Path:
        return self.folder / "keystone.conf"

    def _manage(self, *words: str) -> None:
        tool = Path(sys.executable).with_name("keystone-manage")
        log = self.process.log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            command = [str(tool), "--config-file", str(self._conf), *words]
            code = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=dict(os.environ), check=False
            ).returncode
        if code:
            raise StepFailed(f"keystone-manage {words[0]} failed; the end of {log}:\n{tail(log)}")


@frozen(kw_only=True)
class Registrar:
    """
    Makes things in Keystone that are not there yet.
    """

    session: keystone_session.Session
    url: str

    def region(self, name: str, parent: str | None) -> None:
        """
        A region below another.
        """
        if self.session.get(f"{self.url}/regions/{name}", raise_exc=False).status_code != 200:
            self.session.put(f"{self.url}/regions/{name}", json={"region": {"parent_region_id": parent}})

    def endpoint(self, service_name: str, service_type: str, region: str, url: str) -> None:
        """
        The three interfaces of one service in one region; a changed URL is updated.
        """
        service = self._find("services", {"type": service_type}) or self._make(
            "services", "service", {"name": service_name, "type": service_type}
        )
        for interface in ("public", "internal", "admin"):
            wanted = {"service_id": service["id"], "interface": interface, "region_id": region}
            found = self._find("endpoints", wanted)
            if found is None:
                self._make("endpoints", "endpoint", {**wanted, "url": url})
            elif found["url"] != url:
                self.session.patch(f"{self.url}/endpoints/{found['id']}", json={"endpoint": {"url": url}})

    def project(self, name: str) -> str:
        """
        A project of the default domain; its id.
        """
        found = self._find("projects", {"name": name, "domain_id": "default"})
        return str((found or self._make("projects", "project", {"name": name, "domain_id": "default"}))["id"])

    def user(self, name: str, password: str, project_id: str, roles: Iterable[str]) -> str:
        """
        A user with roles in a project; its id.
        """
        found = self._find("users", {"name": name, "domain_id": "default"})
        made = found or self._make(
            "users",
            "user",
            {"name": name, "domain_id": "default", "password": password, "default_project_id": project_id},
        )
        for role_name in roles:
            role = self._find("roles", {"name": role_name}) or self._make(
                "roles", "role", {"name": role_name}
            )
            self.session.put(f"{self.url}/projects/{project_id}/users/{made['id']}/roles/{role['id']}")
        return str(made["id"])

    def _find(self, plural: str, wanted: Mapping[str, str]) -> dict[str, Any] | None:
        listed = self.session.get(f"{self.url}/{plural}", params=dict(wanted)).json()[plural]
        return listed[0] if listed else None

    def _make(self, plural: str, single: str, values: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = self.session.post(f"{self.url}/{plural}", json={single: dict(values)}).json()[
            single
        ]
        return made
