"""
Scenarios of the services' own libraries, novaclient and cinderclient, at their oldest and newest microversions.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import cinderclient.client
import novaclient.client

from tests.cloud.caller import Caller
from tests.cloud.clients import dicts, said, session
from tests.cloud.making import FLAVOR, KEY, LARGER, NOWHERE, a_server, a_volume, image
from tests.cloud.volume_making import gone, waited


def nova_client(version: str) -> partial[None]:
    """
    The scenario of novaclient at a microversion.
    """
    return partial(_nova_client, version)


def _nova_client(version: str, at: Caller) -> None:
    nova = novaclient.client.Client(
        version, session=session(at), endpoint_override=f"{at.place.roots['compute']}/v2.1"
    )
    server = a_server(at, quiet=True)
    # the word came with 2.37
    nothing: Any = [] if version == "2.1" else "none"
    asked: list[tuple[str, Any]] = [
        ("servers.list", lambda: dicts(nova.servers.list())),
        ("servers.list by name", lambda: dicts(nova.servers.list(search_opts={"name": "one"}, limit=1))),
        (
            "servers.list sorted",
            lambda: dicts(nova.servers.list(sort_keys=["display_name"], sort_dirs=["asc"])),
        ),
        ("servers.list of all", lambda: dicts(nova.servers.list(search_opts={"all_tenants": 1}))),
        ("servers.list from nothing", lambda: dicts(nova.servers.list(marker=NOWHERE))),
        ("servers.get", lambda: nova.servers.get(server).to_dict()),
        ("servers.get of nothing", lambda: nova.servers.get(NOWHERE).to_dict()),
        ("servers.create badly", lambda: nova.servers.create("x", image(at), "nothing", nics=nothing)),
        ("servers.update", lambda: nova.servers.update(server, name="uno").to_dict()),
        ("servers.set_meta", lambda: nova.servers.set_meta(server, {"a": "b"}).to_dict()),
        ("servers.delete_meta", lambda: nova.servers.delete_meta(server, ["a"])),
        ("servers.ips", lambda: nova.servers.ips(server)),
        ("servers.list_security_group", lambda: dicts(nova.servers.list_security_group(server))),
        ("servers.get_console_output", lambda: nova.servers.get_console_output(server, 2)),
        ("servers.get_password", lambda: nova.servers.get_password(server)),
        ("servers.interface_list", lambda: dicts(nova.servers.interface_list(server))),
        ("servers.lock", lambda: nova.servers.lock(server)),
        ("servers.unlock", lambda: nova.servers.unlock(server)),
        ("servers.reset_state", lambda: nova.servers.reset_state(server)),
        ("servers.diagnostics", lambda: nova.servers.diagnostics(server)),
        ("servers.migrate", lambda: nova.servers.migrate(server)),
        ("instance_action.list", lambda: dicts(nova.instance_action.list(server))),
        ("volumes.get_server_volumes", lambda: dicts(nova.volumes.get_server_volumes(server))),
        ("flavors.list", lambda: dicts(nova.flavors.list())),
        ("flavors.get", lambda: nova.flavors.get(FLAVOR).to_dict()),
        ("flavors.create", lambda: nova.flavors.create("x", 1, 1, 1)),
        ("zones", lambda: [each.zoneName for each in nova.availability_zones.list(detailed=False)][:1]),
        ("keypairs.create", lambda: nova.keypairs.create("side", public_key=KEY).to_dict()),
        ("keypairs.list", lambda: dicts(nova.keypairs.list())),
        ("keypairs.delete", lambda: nova.keypairs.delete("side")),
        ("keypairs.delete again", lambda: nova.keypairs.delete("side")),
        ("server_groups.list", lambda: dicts(nova.server_groups.list())),
        ("limits.get", lambda: nova.limits.get().to_dict()),
        ("quotas.get", lambda: nova.quotas.get(at.account.project_id).to_dict()),
        ("quotas.defaults", lambda: nova.quotas.defaults(at.account.project_id).to_dict()),
        ("quotas.update", lambda: nova.quotas.update(at.account.project_id, cores=1)),
        ("hypervisors.list", lambda: dicts(nova.hypervisors.list())),
        ("services.list", lambda: dicts(nova.services.list())),
        ("aggregates.list", lambda: dicts(nova.aggregates.list())),
        ("versions.list", lambda: dicts(nova.versions.list())),
    ]
    if version != "2.1":
        asked += [
            ("servers.set_tags", lambda: nova.servers.set_tags(server, ["x"])),
            ("servers.tag_list", lambda: nova.servers.tag_list(server)),
            ("servers.topology", lambda: nova.servers.topology(server)),
            ("servers.lock with a reason", lambda: nova.servers.lock(server, reason="r")),
            ("servers.unlock", lambda: nova.servers.unlock(server)),
            ("servers.update description", lambda: nova.servers.update(server, description="d").to_dict()),
            ("migrations.list", lambda: dicts(nova.migrations.list())),
        ]
    for label, ask in asked:
        said(at, label, ask)
    said(at, "servers.resize", lambda: nova.servers.resize(server, LARGER))
    at.until("compute", f"/servers/{server}", "server", "verify_resize")
    said(at, "servers.confirm_resize", lambda: nova.servers.confirm_resize(server))
    at.until("compute", f"/servers/{server}", "server", "active")
    said(at, "servers.delete", lambda: nova.servers.delete(server))
    at.until_gone("compute", f"/servers/{server}")
    said(at, "servers.delete again", lambda: nova.servers.delete(server))


def cinder_client(version: str) -> partial[None]:
    """
    The scenario of cinderclient at a microversion.
    """
    return partial(_cinder_client, version)


def _cinder_client(version: str, at: Caller) -> None:
    endpoint = f"{at.place.roots['volume']}/v3/{at.account.project_id}"
    cinder = cinderclient.client.Client(version, session=session(at), endpoint_override=endpoint)
    volume = a_volume(at, quiet=True)
    asked: list[tuple[str, Any]] = [
        ("volumes.list", lambda: dicts(cinder.volumes.list())),
        ("volumes.list by name", lambda: dicts(cinder.volumes.list(search_opts={"name": "one"}, limit=1))),
        ("volumes.list sorted", lambda: dicts(cinder.volumes.list(sort="name:asc"))),
        ("volumes.list of all", lambda: dicts(cinder.volumes.list(search_opts={"all_tenants": 1}))),
        ("volumes.list from nothing", lambda: dicts(cinder.volumes.list(marker=NOWHERE))),
        ("volumes.get", lambda: cinder.volumes.get(volume).to_dict()),
        ("volumes.get of nothing", lambda: cinder.volumes.get(NOWHERE).to_dict()),
        ("volumes.create badly", lambda: cinder.volumes.create(1, volume_type="nothing")),
        ("volumes.create too large", lambda: cinder.volumes.create(100000)),
        ("volumes.update", lambda: cinder.volumes.update(volume, name="uno")),
        ("volumes.set_metadata", lambda: cinder.volumes.set_metadata(volume, {"a": "b"}).to_dict()),
        ("volumes.delete_metadata", lambda: cinder.volumes.delete_metadata(volume, ["a"])),
        ("volumes.set_bootable", lambda: cinder.volumes.set_bootable(volume, True)[1]),
        ("volumes.readonly", lambda: cinder.volumes.update_readonly_flag(volume, True)[1]),
        ("volumes.set_image_metadata", lambda: cinder.volumes.set_image_metadata(volume, {"a": "b"})[1]),
        ("volumes.show_image_metadata", lambda: cinder.volumes.show_image_metadata(volume)[1]),
        ("volumes.reserve", lambda: cinder.volumes.reserve(volume)[1]),
        ("volumes.unreserve", lambda: cinder.volumes.unreserve(volume)[1]),
        ("volumes.force_delete", lambda: cinder.volumes.force_delete(volume)),
        ("volumes.reset_state", lambda: cinder.volumes.reset_state(volume, "error")),
        ("volumes.get_encryption_metadata", lambda: cinder.volumes.get_encryption_metadata(volume)),
        ("volume_types.list", lambda: dicts(cinder.volume_types.list())),
        ("volume_types.default", lambda: cinder.volume_types.default().to_dict()),
        ("limits.get", lambda: cinder.limits.get().to_dict()),
        ("quotas.get", lambda: cinder.quotas.get(at.account.project_id, usage=True).to_dict()),
        ("quotas.update", lambda: cinder.quotas.update(at.account.project_id, volumes=1)),
        ("zones", lambda: [each.zoneName for each in cinder.availability_zones.list()][:1]),
        ("volume_snapshots.list", lambda: dicts(cinder.volume_snapshots.list())),
        ("backups.list", lambda: dicts(cinder.backups.list())),
        ("backups.get of nothing", lambda: cinder.backups.get(NOWHERE)),
        ("transfers.list", lambda: dicts(cinder.transfers.list())),
        ("qos_specs.list", lambda: dicts(cinder.qos_specs.list())),
        ("services.list", lambda: dicts(cinder.services.list())),
        ("pools.list", lambda: dicts(cinder.pools.list(detailed=True))),
        ("consistencygroups.list", lambda: dicts(cinder.consistencygroups.list())),
    ]
    if version != "3.0":
        asked += [
            ("volumes.summary", lambda: cinder.volumes.summary(False)),
            ("attachments.list", lambda: dicts(cinder.attachments.list())),
            # Cinder lists those of every project to an administrator
            (
                "messages.list",
                lambda: dicts(cinder.messages.list(search_opts={"resource_uuid": NOWHERE})),
            ),
            ("groups.list", lambda: dicts(cinder.groups.list())),
            ("group_types.list", lambda: dicts(cinder.group_types.list())),
            ("group_snapshots.list", lambda: dicts(cinder.group_snapshots.list())),
            ("resource_filters.list", lambda: dicts(cinder.resource_filters.list())),
            ("clusters.list", lambda: dicts(cinder.clusters.list())),
            ("default_types.list", lambda: dicts(cinder.default_types.list())),
            ("workers.clean", lambda: cinder.workers.clean()),
        ]
    asked.append(("volumes.extend", lambda: cinder.volumes.extend(volume, 2)[1]))
    for label, ask in asked:
        said(at, label, ask)
    path = f"/volumes/{volume}"
    waited(at, path, "volume", "available")
    said(at, "volumes.get extended", lambda: cinder.volumes.get(volume).to_dict())
    snapshot = cinder.volume_snapshots.create(volume, name="s", metadata={"a": "b"}).id
    at.normal.know(snapshot, "snapshot")
    there = f"/snapshots/{snapshot}"
    at.afterwards("volume", there)
    waited(at, there, "snapshot", "available")
    for label, ask in (
        ("volume_snapshots.get", lambda: cinder.volume_snapshots.get(snapshot).to_dict()),
        ("volume_snapshots.update", lambda: cinder.volume_snapshots.update(snapshot, name="t")),
        ("volumes.delete with a snapshot", lambda: cinder.volumes.delete(volume)),
        ("volume_snapshots.delete", lambda: cinder.volume_snapshots.delete(snapshot)),
    ):
        said(at, label, ask)
    gone(at, [there])
    said(at, "volumes.delete", lambda: cinder.volumes.delete(volume))
    at.until_gone("volume", path)
    said(at, "volumes.delete again", lambda: cinder.volumes.delete(volume))
