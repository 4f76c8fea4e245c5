"""
Command line tools that are imported once and then forked for each command.

``openstack`` and ``keystone-manage`` need one to two seconds for their imports alone, and the tour runs dozens of commands.
Every command is still a process of its own that runs the tool's own ``main`` with its arguments and its environment.

``python -m trio2o.sandbox.demo.warm MODULE:FUNCTION NAME [MODULE…]`` reads a JSON object per line
(``{"words", "environment", "out", "err", "patience"}``) and answers each with ``{"status"}``; it ends with its standard input.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from attrs import define, field, frozen

#: What the ``openstack`` script runs.
OPENSTACK = "openstackclient.shell:main"
#: What its commands import when they run.
OPENSTACK_MODULES = (
    "cliff.formatters.json_format",
    "cliff.formatters.table",
    "cliff.formatters.value",
    "keystoneauth1.identity.v3",
    "openstack.block_storage.v3._proxy",
    "openstack.compute.v2._proxy",
    "openstack.config.cloud_region",
    "openstack.image.v2._proxy",
    "openstack.network.v2._proxy",
    "openstackclient.common.availability_zone",
    "openstackclient.common.quota",
    "openstackclient.compute.v2.flavor",
    "openstackclient.compute.v2.server",
    "openstackclient.identity.client",
    "openstackclient.image.v2.image",
    "openstackclient.network.client",
    "openstackclient.volume.v3.volume",
    "osc_lib.api.auth",
)
#: What the ``keystone-manage`` script runs.
KEYSTONE_MANAGE = "keystone.cmd.manage:main"
KEYSTONE_MANAGE_MODULES = ("keystone.cmd.cli", "keystone.backend_resources", "keystone.common.sql.upgrades")


@frozen(kw_only=True)
class Ran:
    """
    How a command ended.
    """

    status: int
    out: str
    err: str


@define(kw_only=True)
class WarmTool:
    """
    One tool, started with its first command or by `start`.
    """

    main: str
    name: str
    modules: Sequence[str] = ()
    _process: subprocess.Popen[str] | None = field(default=None, init=False)
    _complaints: IO[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """
        Begin to import, without waiting for it.
        """
        if self._process is None or self._process.poll() is not None:
            self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - it is kept as long as the process
            self._process = subprocess.Popen(
                [sys.executable, "-m", "trio2o.sandbox.demo.warm", self.main, self.name, *self.modules],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                text=True,
                # Ctrl-C is for the command that uses it, whose end is its end.
                start_new_session=True,
            )

    def run(self, words: Sequence[str], environment: Mapping[str, str], *, patience: float = 180.0) -> Ran:
        """
        Run one command to its end. What it inherits of ``OS_…`` variables is ``environment`` alone.

        :param patience: after so many seconds it is killed; its status is then that of the signal.
        """
        self.start()
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        with tempfile.TemporaryDirectory(prefix="trio2o-warm-") as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            order = {
                "words": list(words),
                "environment": dict(environment),
                "out": str(out),
                "err": str(err),
                "patience": patience,
            }
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
            if not answer:
                raise RuntimeError(f"{self.name} does not start:\n{self._complained()}")
            return Ran(
                status=json.loads(answer)["status"],
                out=out.read_text(errors="replace"),
                err=err.read_text(errors="replace"),
            )

    def stop(self) -> None:
        """
        End it.
        """
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.close()
            process.wait()
            process.stdout.close()

    def _complained(self) -> str:
        """
        The last lines that it wrote before it ended.
        """
        assert self._complaints is not None
        self._complaints.seek(0)
        return "\n".join(self._complaints.read().decode(errors="replace").splitlines()[-5:])


def openstack() -> WarmTool:
    """
    The real ``openstack`` client.
    """
    return WarmTool(main=OPENSTACK, name="openstack", modules=OPENSTACK_MODULES)


def keystone_manage() -> WarmTool:
    """
    The real ``keystone-manage``.
    """
    return WarmTool(main=KEYSTONE_MANAGE, name="keystone-manage", modules=KEYSTONE_MANAGE_MODULES)


def serve(main: str, name: str, modules: Sequence[str], orders: IO[str], answers: IO[str]) -> None:
    """
    Import, then fork for each order until there are no more.
    """
    module, _, function = main.partition(":")
    # Some read their name when they are imported.
    sys.argv = [name]
    for each in (module, *modules):
        try:
            importlib.import_module(each)
        except ImportError:
            # Another release has it elsewhere: then the command imports what it needs.
            if each == module:
                raise
    for line in orders:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _be(getattr(sys.modules[module], function), name, order)
        _, status = os.waitpid(child, 0)
        answers.write(json.dumps({"status": os.waitstatus_to_exitcode(status)}) + "\n")
        answers.flush()


def _be(main: Any, name: str, order: Mapping[str, Any]) -> None:
    """
    Become the command, and never return.
    """
    status = 70
    try:
        for descriptor, target in ((0, os.devnull), (1, order["out"]), (2, order["err"])):
            opened = os.open(target, os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT, 0o600)
            os.dup2(opened, descriptor)
            os.close(opened)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
        for variable in [each for each in os.environ if each.startswith("OS_")]:
            del os.environ[variable]
        os.environ.update(order["environment"])
        sys.argv = [name, *order["words"]]
        signal.alarm(max(1, int(order["patience"])))
        try:
            status = _status(main())
        except SystemExit as end:
            status = _status(end.code)
    except BaseException:  # noqa: BLE001 - a fork must not go on as its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], sys.argv[3:], sys.stdin, sys.stdout)
