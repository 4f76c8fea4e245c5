"""
The clients that people use, and what they say: the command line, openstacksdk, novaclient and cinderclient.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import cinderclient.exceptions
import novaclient.exceptions
import openstack
import openstack.exceptions
import yaml
from keystoneauth1.exceptions import ClientException
from keystoneauth1.identity.v3 import Password
from keystoneauth1.session import Session

from tests.cloud.caller import Caller

_REFUSALS = (
    ClientException,
    cinderclient.exceptions.ClientException,
    novaclient.exceptions.ClientException,
    openstack.exceptions.SDKException,
)
#: The commands that show a table, which can be had as JSON.
_TABLES = re.compile(
    r"^(?!console log)(?:.*\b(?:list|show|create|stats|summary)\b|server add volume|server rebuild|volume backup restore"
    r"|volume attachment (?:set|complete)|volume transfer request accept|volume group (?:set|(?:add|remove) volume))"
)
_SILENT = re.compile(
    r"^server (?:image|dump) create|^volume attachment complete|^volume group (?:add|remove)"
)


def settings(at: Caller) -> dict[str, Any]:
    """
    The account's part of a ``clouds.yaml``.
    """
    roots = at.place.roots
    return {
        "auth": _login(at),
        "identity_api_version": "3",
        "compute_endpoint_override": f"{roots['compute']}/v2.1",
        "block_storage_endpoint_override": f"{roots['volume']}/v3",
        "volume_endpoint_override": f"{roots['volume']}/v3/{at.account.project_id}",
        "network_endpoint_override": roots["network"],
        "image_endpoint_override": roots["image"],
    }


def session(at: Caller) -> Session:
    """
    A session of keystoneauth1 as the account.
    """
    return Session(auth=Password(**_login(at)))


def connection(at: Caller, **more: Any) -> Any:
    """
    A connection of openstacksdk as the account.
    """
    return openstack.connect(**settings(at), load_envvars=False, load_yaml_config=False, **more)


def said(at: Caller, label: str, ask: Callable[[], Any]) -> Any:
    """
    Record what a client gives, or how it refuses; what it gives.
    """
    try:
        given = ask()
    except _REFUSALS as refusal:
        at.note(label, f"{type(refusal).__name__}: {refusal}")
        return None
    at.note(label, _plain(given))
    return given


def dicts(resources: Iterable[Any]) -> list[Any]:
    """
    Resources of any of the libraries as they show themselves.
    """
    return [each.to_dict() for each in resources]


def commands(at: Caller, lines: Iterable[str]) -> None:
    """
    Run commands one after the other.
    """
    for line in lines:
        command(at, line)


def command(at: Caller, line: str, *, quiet: bool = False) -> Any:
    """
    Run one command of ``openstack`` and record its status, what it shows and what it complains of.

    :returns: what it shows, read as JSON where it is.
    """
    words = ["--os-cloud", "here", *shlex.split(line)]
    bare = re.sub(r"--os-\S+ \S+ ", "", line)
    if _TABLES.search(bare) and not _SILENT.search(bare):
        words += ["-f", "json"]
    with tempfile.TemporaryDirectory() as folder:
        clouds = Path(folder) / "clouds.yaml"
        clouds.write_text(yaml.safe_dump({"clouds": {"here": settings(at)}}))
        output, complaints = Path(folder) / "output", Path(folder) / "complaints"
        status = _forked(words, clouds, output, complaints)
        text, complaint = output.read_text(), complaints.read_text()
    try:
        # some commands that wait say so ahead of the JSON
        shown = json.loads(text.removeprefix("Complete\n"))
    except ValueError:
        shown = text
    if not quiet:
        at.note(f"openstack {line}", {"status": status, "shown": shown, "complaint": complaint})
    return shown


def _forked(words: list[str], clouds: Path, output: Path, complaints: Path) -> int:
    """
    Run the command's own entry point in a process of its own, which has its modules already: a new interpreter would
    take most of its time to load them.
    """
    shell = _shell()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 70
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, path in ((1, output), (2, complaints)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
        sys.stdin, sys.stdout, sys.stderr = (
            os.fdopen(number, mode, closefd=False) for number, mode in enumerate(("r", "w", "w"))
        )
        os.environ["OS_CLIENT_CONFIG_FILE"] = str(clouds)
        status = shell.main(words) or 0
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        # no cleanup of the tests' process may run twice
        os._exit(status)


@cache
def _shell() -> Any:
    shell = import_module("openstackclient.shell")
    for module in ("compute.v2.server", "volume.v3.volume"):
        import_module(f"openstackclient.{module}")
    return shell


def _plain(value: Any) -> Any:
    """
    A value as JSON has it.
    """
    return json.loads(json.dumps(value, default=str, sort_keys=True))


def _login(at: Caller) -> dict[str, Any]:
    return {
        "auth_url": at.place.auth_url,
        "username": at.account.user_name,
        "password": at.account.password,
        "project_name": at.account.project_name,
        "user_domain_id": "default",
        "project_domain_id": "default",
    }
