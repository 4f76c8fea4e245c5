"""
Scenarios by the clients that people use: the command line, openstacksdk, novaclient and cinderclient.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cinderclient.client
import cinderclient.exceptions
import novaclient.client
import novaclient.exceptions
import openstack
import openstack.exceptions
import yaml
from keystoneauth1.exceptions import ClientException
from keystoneauth1.identity.v3 import Password
from keystoneauth1.session import Session

from tests.cloud.caller import Caller
from tests.cloud.making import FLAVOR, KEY, LARGER, NOWHERE, a_server, a_volume, image, network

#: The commands that show a table, which can be had as JSON.
_TABLES = re.compile(r"^(?!console).*\b(list|show|create)\b|^server add volume")
_REFUSALS = (
    ClientException,
    cinderclient.exceptions.ClientException,
    novaclient.exceptions.ClientException,
    openstack.exceptions.SDKException,
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


def command_line(at: Caller) -> None:
    """
    A day with ``openstack``.
    """
    zone, net = at.place.zone, network(at)
    image(at)
    for command in (
        "availability zone list",
        "flavor list",
        "flavor show m1.tiny",
        "volume type list",
        "limits show --absolute",
        "quota show",
        "server list",
        f"server create --flavor m1.nano --image cirros --nic none --availability-zone {zone} --property a=b --wait one",
        f"server create --flavor m1.nano --image cirros --nic net-id={net} --availability-zone {zone} --wait two",
        "server create --flavor nothing --image cirros --nic none bad",
        "server create --flavor m1.nano --image cirros --nic none --availability-zone nowhere bad",
        "server list --long --sort-column Name",
        "server list --name one",
        "server list --limit 1 --sort-column Name --sort name:asc",
        "server show one",
        "server show nothing",
        "server set --name uno --property c=d one",
        "server unset --property a uno",
        "server stop uno",
        "server event list two",
        "console log show --lines 2 two",
        f"volume create --size 1 --availability-zone {zone} --property p=q first",
        "volume list --long",
    ):
        _openstack(at, command)
    server = _openstack(at, "server show two", quiet=True)
    volume = _openstack(at, "volume show first", quiet=True)
    at.until("volume", f"/volumes/{volume['id']}", "volume", "available")
    _openstack(at, "server add volume two first")
    at.until("volume", f"/volumes/{volume['id']}", "volume", "in-use")
    for command in (
        "volume show first",
        "server volume list two",
        "volume delete first",
        "server remove volume two first",
    ):
        _openstack(at, command)
    at.until("volume", f"/volumes/{volume['id']}", "volume", "available")
    _openstack(at, "volume snapshot create --volume first snap")
    snapshot = _openstack(at, "volume snapshot show snap", quiet=True)
    at.until("volume", f"/snapshots/{snapshot['id']}", "snapshot", "available")
    for command in ("volume snapshot list", "volume snapshot delete snap"):
        _openstack(at, command)
    at.until_gone("volume", f"/snapshots/{snapshot['id']}")
    for command in (
        "volume set --name premier --description d first",
        "volume delete premier",
        "server resize --flavor m1.micro --wait two",
        "server resize confirm two",
        "server delete --wait uno",
    ):
        _openstack(at, command)
    at.until("compute", f"/servers/{server['id']}", "server", "active")
    _openstack(at, "server delete --wait two")
    at.until_gone("volume", f"/volumes/{volume['id']}")
    _openstack(at, "server list")


def sdk(at: Caller) -> None:
    """
    openstacksdk: its cloud layer, which waits and retries, and its proxies.
    """
    cloud = openstack.connect(**settings(at), load_envvars=False, load_yaml_config=False)
    zone = at.place.zone
    _said(at, "servers", lambda: [each.to_dict() for each in cloud.compute.servers()])
    server = cloud.compute.create_server(
        name="sdk", image_id=image(at), flavor_id=FLAVOR, networks="none", availability_zone=zone
    )
    at.normal.know(server.id, "server")
    at.afterwards("compute", f"/servers/{server.id}")
    server = cloud.compute.wait_for_server(server)
    volume = cloud.create_volume(1, wait=True, name="sdk", availability_zone=zone)
    at.normal.know(volume.id, "volume")
    at.afterwards("volume", f"/volumes/{volume.id}")
    _said(at, "get_server", lambda: cloud.compute.get_server(server.id).to_dict())
    _said(at, "find_server", lambda: cloud.compute.find_server("sdk", ignore_missing=False).to_dict())
    _said(at, "get_volume", lambda: cloud.block_storage.get_volume(volume.id).to_dict())
    cloud.attach_volume(server, volume, wait=True)
    _said(at, "attachments", lambda: [each.to_dict() for each in cloud.compute.volume_attachments(server.id)])
    cloud.detach_volume(server, volume, wait=True)
    _said(at, "all servers", lambda: [each.to_dict() for each in cloud.compute.servers(limit=1)])
    _said(at, "all volumes", lambda: [each.to_dict() for each in cloud.block_storage.volumes(limit=1)])
    _said(at, "no server", lambda: cloud.compute.get_server(NOWHERE).to_dict())
    _said(at, "limits", lambda: cloud.compute.get_limits().to_dict())
    _said(
        at, "zones", lambda: [each.name for each in cloud.compute.availability_zones() if each.name == zone]
    )
    cloud.delete_server(server.id, wait=True)
    cloud.delete_volume(volume.id, wait=True)


def nova_client(at: Caller) -> None:
    """
    novaclient at its newest microversion.
    """
    nova = novaclient.client.Client(
        "2.96", session=_session(at), endpoint_override=f"{at.place.roots['compute']}/v2.1"
    )
    server = a_server(at, quiet=True)
    for label, asked in (
        ("servers.list", lambda: _dicts(nova.servers.list())),
        ("servers.list by name", lambda: _dicts(nova.servers.list(search_opts={"name": "one"}, limit=1))),
        ("servers.get", lambda: nova.servers.get(server).to_dict()),
        ("servers.get of nothing", lambda: nova.servers.get(NOWHERE).to_dict()),
        ("servers.update", lambda: nova.servers.update(server, name="uno", description="d").to_dict()),
        ("servers.set_meta", lambda: nova.servers.set_meta(server, {"a": "b"}).to_dict()),
        ("servers.set_tags", lambda: nova.servers.set_tags(server, ["x"])),
        ("servers.tag_list", lambda: nova.servers.tag_list(server)),
        ("servers.lock", lambda: nova.servers.lock(server, reason="r")),
        ("servers.unlock", lambda: nova.servers.unlock(server)),
        ("servers.get_console_output", lambda: nova.servers.get_console_output(server, 2)),
        ("servers.interface_list", lambda: _dicts(nova.servers.interface_list(server))),
        ("instance_action.list", lambda: _dicts(nova.instance_action.list(server))),
        ("flavors.list", lambda: _dicts(nova.flavors.list())),
        ("availability_zones.list", lambda: [zone.zoneName for zone in nova.availability_zones.list(detailed=False)][:1]),
        ("keypairs.create", lambda: nova.keypairs.create("side", public_key=KEY).to_dict()),
        ("keypairs.list", lambda: _dicts(nova.keypairs.list())),
        ("keypairs.delete", lambda: nova.keypairs.delete("side")),
        ("limits.get", lambda: nova.limits.get().to_dict()),
        ("quotas.get", lambda: nova.quotas.get(at.account.project_id).to_dict()),
        ("versions.list", lambda: _dicts(nova.versions.list())),
        ("servers.resize", lambda: nova.servers.resize(server, LARGER)),
    ):  # fmt: skip
        _said(at, label, asked)
    at.until("compute", f"/servers/{server}", "server", "verify_resize")
    _said(at, "servers.confirm_resize", lambda: nova.servers.confirm_resize(server))
    at.until("compute", f"/servers/{server}", "server", "active")


def cinder_client(at: Caller) -> None:
    """
    cinderclient at its newest microversion.
    """
    endpoint = f"{at.place.roots['volume']}/v3/{at.account.project_id}"
    cinder = cinderclient.client.Client("3.70", session=_session(at), endpoint_override=endpoint)
    volume = a_volume(at, quiet=True)
    for label, asked in (
        ("volumes.list", lambda: _dicts(cinder.volumes.list())),
        ("volumes.list by name", lambda: _dicts(cinder.volumes.list(search_opts={"name": "one"}, limit=1))),
        ("volumes.get", lambda: cinder.volumes.get(volume).to_dict()),
        ("volumes.get of nothing", lambda: cinder.volumes.get(NOWHERE).to_dict()),
        ("volumes.update", lambda: cinder.volumes.update(volume, name="uno")),
        ("volumes.set_metadata", lambda: cinder.volumes.set_metadata(volume, {"a": "b"}).to_dict()),
        ("volumes.summary", lambda: cinder.volumes.summary(False)),
        ("volume_types.list", lambda: _dicts(cinder.volume_types.list())),
        ("volume_types.default", lambda: cinder.volume_types.default().to_dict()),
        ("limits.get", lambda: cinder.limits.get().to_dict()),
        ("quotas.get", lambda: cinder.quotas.get(at.account.project_id).to_dict()),
        ("availability_zones.list", lambda: [zone.zoneName for zone in cinder.availability_zones.list()][:1]),
        ("volume_snapshots.list", lambda: _dicts(cinder.volume_snapshots.list())),
        ("volumes.extend", lambda: cinder.volumes.extend(volume, 2)[1]),
    ):  # fmt: skip
        _said(at, label, asked)
    at.until("volume", f"/volumes/{volume}", "volume", "available")
    _said(at, "volumes.get extended", lambda: cinder.volumes.get(volume).to_dict())


def _openstack(at: Caller, command: str, *, quiet: bool = False) -> Any:
    """
    Run one command and record its status, its output and what it complains of; what it shows, as JSON where it is.
    """
    with tempfile.TemporaryDirectory() as folder:
        clouds = Path(folder) / "clouds.yaml"
        clouds.write_text(yaml.safe_dump({"clouds": {"here": settings(at)}}))
        words = [str(Path(sys.executable).with_name("openstack")), "--os-cloud", "here", *command.split()]
        if _TABLES.search(command):
            words += ["-f", "json"]
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            env={**os.environ, "OS_CLIENT_CONFIG_FILE": str(clouds)},
            check=False,
            stdin=subprocess.DEVNULL,
        )
    try:
        shown = json.loads(done.stdout)
    except ValueError:
        shown = done.stdout
    if not quiet:
        at.note(f"openstack {command}", {"status": done.returncode, "shown": shown, "complaint": done.stderr})
    return shown


def _said(at: Caller, label: str, ask: Callable[[], Any]) -> None:
    """
    Record what a client gives, or how it refuses.
    """
    try:
        at.note(label, _plain(ask()))
    except _REFUSALS as refusal:
        at.note(label, f"{type(refusal).__name__}: {refusal}")


def _plain(value: Any) -> Any:
    """
    A value as JSON has it.
    """
    return json.loads(json.dumps(value, default=str, sort_keys=True))


def _dicts(resources: Any) -> list[Any]:
    return [each.to_dict() for each in resources]


def _login(at: Caller) -> dict[str, Any]:
    return {
        "auth_url": at.place.auth_url,
        "username": at.account.user_name,
        "password": at.account.password,
        "project_name": at.account.project_name,
        "user_domain_id": "default",
        "project_domain_id": "default",
    }


def _session(at: Caller) -> Session:
    return Session(auth=Password(**_login(at)))
