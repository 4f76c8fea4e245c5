"""
What is installed: three Debian packages, and an environment with all OpenStack services below the cloud's folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from attrs import frozen

from cloud.plan import CHECKOUT
from cloud.processes import StepFailed
from cloud.steps import Steps

#: MariaDB, RabbitMQ (with Erlang), and qemu-img, by which Cinder reads images.
DEBIAN_PACKAGES = ("mariadb-server", "rabbitmq-server", "qemu-utils")
_POLICY = Path("/usr/sbin/policy-rc.d")
_LOCK = CHECKOUT / "cloud" / "locks" / "services.txt"
_FAKES = CHECKOUT / "cloud" / "fakes"
#: The release that the lock was resolved for.
_PYTHON = (3, 11)

#: Cinder runs its tools by sudo and a root wrapper; all of this runs as root already.
_SUDO = """#!/bin/sh
case "$1" in *-rootwrap) shift 2 ;; esac
exec "$@"
"""


@frozen(kw_only=True)
class Installer:
    """
    Installs what is missing; quick when nothing is.
    """

    steps: Steps

    def install(self) -> None:
        """
        Everything.

        :raises StepFailed: if this is not root on a Debian, or a package cannot be had.
        """
        self._debian()
        self._services()
        self._fakes()
        sudo = self.steps.plan.base / "bin" / "sudo"
        sudo.write_text(_SUDO)
        sudo.chmod(0o755)

    def _debian(self) -> None:
        missing = [name for name in DEBIAN_PACKAGES if not _installed(name)]
        if not missing:
            return
        if shutil.which("apt-get") is None:
            raise StepFailed(f"this is no Debian: install {', '.join(missing)} by hand")
        self.steps.say(f"installing {', '.join(missing)} from Debian")
        environment = {**self.steps.plan.environment(), "DEBIAN_FRONTEND": "noninteractive"}
        # Debian starts servers that it installs, unless a policy file says no
        made = not _POLICY.exists()
        if made:
            _POLICY.write_text("#!/bin/sh\nexit 101\n")
            _POLICY.chmod(0o755)
        try:
            self.steps.run(
                "apt",
                ["apt-get", "update", "-q"],
                ["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing],
                environment=environment,
            )
        finally:
            if made:
                _POLICY.unlink()

    def _services(self) -> None:
        environment = Environment(steps=self.steps, name="services", lock=_LOCK)
        if environment.install("the OpenStack services from PyPI (about two minutes, 800 MB)"):
            # they were in the environment that this one replaces
            for old in self.steps.plan.done.glob("cloudfakes.*"):
                old.unlink()

    def _fakes(self) -> None:
        plan = self.steps.plan
        sources = sorted(each for each in _FAKES.rglob("*") if each.suffix in (".py", ".toml"))
        marker = f"cloudfakes.{_digest(*sources)}"
        if (plan.done / marker).exists():
            return
        uv, python = plan.base / "venv-uv" / "bin" / "uv", plan.services / "bin" / "python"
        with tempfile.TemporaryDirectory() as scratch:
            # built from a copy, since setuptools leaves its own files beside the sources
            copy = shutil.copytree(_FAKES, Path(scratch) / "fakes")
            command = [str(uv), "pip", "install", "-q", "--no-deps", "--reinstall-package", "cloudfakes"]
            command += ["--compile-bytecode", "--python", str(python), str(copy)]
            self.steps.run("install-fakes", command, environment=_with_registry(plan.environment()))
        for old in plan.done.glob("cloudfakes.*"):
            old.unlink()
        (plan.done / marker).touch()


@frozen(kw_only=True)
class Environment:
    """
    A Python environment below the cloud's folder that has the packages of a lock and nothing else.
    """

    steps: Steps
    name: str
    lock: Path

    @property
    def folder(self) -> Path:
        """
        Where it is.
        """
        return self.steps.plan.base / f"venv-{self.name}"

    @property
    def python(self) -> Path:
        """
        Its interpreter.
        """
        return self.folder / "bin" / "python"

    def install(self, what: str) -> bool:
        """
        Make it what the lock says; True when something was done.

        :param what: how it is called in the line of progress.
        :raises StepFailed: if a package cannot be had.
        """
        plan = self.steps.plan
        marker = f"venv-{self.name}.{_digest(self.lock)}"
        if (plan.done / marker).exists():
            return False
        self.steps.say(f"installing {what}")
        uv = plan.base / "venv-uv" / "bin" / "uv"
        environment = _with_registry(plan.environment())
        if not uv.exists():
            self.steps.run(
                "install-uv",
                [sys.executable, "-m", "venv", str(plan.base / "venv-uv")],
                [str(uv.with_name("pip")), "install", "-q", "uv>=0.9"],
                environment=environment,
            )
        commands = (
            [] if self.python.exists() else [[str(uv), "venv", "-q", "--python", _python(), str(self.folder)]]
        )
        # compiled now, since a service that compiles at each start takes many times as long
        commands.append(
            [str(uv), "pip", "sync", "-q", "--compile-bytecode", "--python", str(self.python), str(self.lock)]
        )
        self.steps.run(f"install-{self.name}", *commands, environment=environment)
        for old in plan.done.glob(f"venv-{self.name}.*"):
            old.unlink()
        (plan.done / marker).touch()
        return True


def _installed(package: str) -> bool:
    asked = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.returncode == 0 and asked.stdout == "installed"


def _digest(*files: Path) -> str:
    content = hashlib.sha256()
    for each in files:
        content.update(each.read_bytes())
    return content.hexdigest()[:16]


def _python() -> str:
    """
    The interpreter for the services: ``TRIO2O_CLOUD_PYTHON``, else a 3.11, else the one that runs this.
    """
    wanted = os.environ.get("TRIO2O_CLOUD_PYTHON")
    if wanted:
        return wanted
    if sys.version_info[:2] == _PYTHON:
        # not the environment that this runs in, which may be made anew
        return getattr(sys, "_base_executable", sys.executable)
    return shutil.which("python{}.{}".format(*_PYTHON)) or sys.executable


def _with_registry(environment: dict[str, str]) -> dict[str, str]:
    """
    The environment with the caller's own settings of registries and proxies, which nothing else needs.
    """
    prefixes = ("PIP_", "UV_", "SSL_CERT", "REQUESTS_CA")
    proxies = ("http_proxy", "https_proxy", "no_proxy")
    own = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(prefixes) or name.lower() in proxies
    }
    return {**environment, **own}
