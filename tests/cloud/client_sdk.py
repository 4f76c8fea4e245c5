"""
Scenarios of openstacksdk: its proxies, and its cloud layer, which waits and retries.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.clients import connection, dicts, said
from tests.cloud.making import FLAVOR, KEY, LARGER, NOWHERE, image, network
from tests.cloud.volume_making import gone, waited


def sdk_servers(at: Caller) -> None:
    """
    A life through ``conn.compute``.
    """
    compute = connection(at).compute
    server = compute.create_server(
        name="sdk",
        image_id=image(at),
        flavor_id=FLAVOR,
        networks="none",
        availability_zone=at.place.zone,
        metadata={"a": "b"},
    )
    at.normal.know(server.id, "server")
    at.afterwards("compute", f"/servers/{server.id}")
    compute.wait_for_server(server)
    for label, asked in (
        ("servers", lambda: dicts(compute.servers())),
        ("servers by name", lambda: dicts(compute.servers(name="sdk", limit=1))),
        ("servers without details", lambda: dicts(compute.servers(details=False))),
        ("servers of all", lambda: dicts(compute.servers(all_projects=True))),
        ("servers sorted", lambda: dicts(compute.servers(sort_key="display_name", sort_dir="asc"))),
        ("get_server", lambda: compute.get_server(server.id).to_dict()),
        ("get_server of nothing", lambda: compute.get_server(NOWHERE).to_dict()),
        ("find_server", lambda: compute.find_server("sdk").to_dict()),
        ("find_server of nothing", lambda: compute.find_server("nothing", ignore_missing=True)),
        ("find_server that must be", lambda: compute.find_server("nothing", ignore_missing=False)),
        ("update_server", lambda: compute.update_server(server.id, name="renamed", description="d").to_dict()),
        ("metadata", lambda: compute.get_server_metadata(server).metadata),
        ("set metadata", lambda: compute.set_server_metadata(server, c="d").metadata),
        ("delete metadata", lambda: compute.delete_server_metadata(compute.get_server(server.id), ["a"])),
        ("add tag", lambda: compute.add_tag_to_server(server, "t")),
        ("actions", lambda: dicts(compute.server_actions(server))),
        ("interfaces", lambda: dicts(compute.server_interfaces(server))),
        ("attachments", lambda: dicts(compute.volume_attachments(server))),
        ("ips", lambda: dicts(compute.server_ips(server))),
        ("console output", lambda: compute.get_server_console_output(server, length=2)),
        ("lock", lambda: compute.lock_server(server, locked_reason="r")),
        ("unlock", lambda: compute.unlock_server(server)),
        ("security groups", lambda: compute.fetch_server_security_groups(server).security_groups),
        ("migrate", lambda: compute.migrate_server(server)),
        ("reset state", lambda: compute.reset_server_state(server, "error")),
        ("flavors", lambda: dicts(compute.flavors())),
        ("find_flavor", lambda: compute.find_flavor("m1.tiny", get_extra_specs=True).to_dict()),
        ("get_flavor of nothing", lambda: compute.get_flavor("nothing")),
        ("limits", lambda: compute.get_limits().to_dict()),
        ("quotas", lambda: compute.get_quota_set(at.account.project_id, usage=True).to_dict()),
        ("create_keypair", lambda: compute.create_keypair(name="side", public_key=KEY).to_dict()),
        ("keypairs", lambda: dicts(compute.keypairs())),
        ("delete_keypair", lambda: compute.delete_keypair("side", ignore_missing=False)),
        ("delete_keypair again", lambda: compute.delete_keypair("side", ignore_missing=False)),
        ("server group", lambda: compute.create_server_group(name="g", policy="affinity").to_dict()),
        ("server groups", lambda: dicts(compute.server_groups())),
        ("delete server group", lambda: compute.delete_server_group(compute.find_server_group("g"))),
        ("hypervisors", lambda: dicts(compute.hypervisors())),
        ("services", lambda: dicts(compute.services())),
        ("aggregates", lambda: dicts(compute.aggregates())),
        ("migrations", lambda: dicts(compute.migrations())),
        ("usage", lambda: compute.get_usage(at.account.project_id).project_id),
    ):  # fmt: skip
        said(at, label, asked)
    for label, change, state in (
        ("stop", lambda: compute.stop_server(server), "SHUTOFF"),
        ("start", lambda: compute.start_server(server), "ACTIVE"),
        ("resize", lambda: compute.resize_server(server, LARGER), "VERIFY_RESIZE"),
        ("revert", lambda: compute.revert_server_resize(server), "ACTIVE"),
        ("rebuild", lambda: compute.rebuild_server(server, image=image(at)).status, "ACTIVE"),
        ("suspend", lambda: compute.suspend_server(server), "SUSPENDED"),
        ("resume", lambda: compute.resume_server(server), "ACTIVE"),
    ):
        said(at, label, change)
        compute.wait_for_server(server, status=state, interval=0.5)
    said(at, "delete_server", lambda: compute.delete_server(server, ignore_missing=False))
    # the client is content with the state DELETED, in which a server may be deleted again
    at.until_gone("compute", f"/servers/{server.id}")
    said(at, "delete_server again", lambda: compute.delete_server(server, ignore_missing=False))


def sdk_volumes(at: Caller) -> None:
    """
    A life through ``conn.block_storage``.
    """
    storage = connection(at).block_storage
    zone = at.place.zone
    volume = storage.create_volume(size=1, name="sdk", availability_zone=zone, metadata={"a": "b"})
    at.normal.know(volume.id, "volume")
    path = f"/volumes/{volume.id}"
    at.afterwards("volume", path)
    waited(at, path, "volume", "available")
    _volume(at, storage, volume)
    snapshot = storage.create_snapshot(volume_id=volume.id, name="s")
    at.normal.know(snapshot.id, "snapshot")
    there = f"/snapshots/{snapshot.id}"
    at.afterwards("volume", there)
    waited(at, there, "snapshot", "available")
    for label, asked in (
        ("snapshots", lambda: dicts(storage.snapshots())),
        ("get_snapshot", lambda: storage.get_snapshot(snapshot).to_dict()),
        ("find_snapshot", lambda: storage.find_snapshot("s").to_dict()),
        ("update_snapshot", lambda: storage.update_snapshot(snapshot, name="t").to_dict()),
        ("set snapshot metadata", lambda: storage.set_snapshot_metadata(snapshot, c="d").metadata),
        ("create_volume of nothing", lambda: storage.create_volume(size=1, snapshot_id=NOWHERE)),
        ("create_volume too large", lambda: storage.create_volume(size=100000)),
        ("backups", lambda: dicts(storage.backups())),
        ("get_backup of nothing", lambda: storage.get_backup(NOWHERE)),
        ("groups", lambda: dicts(storage.groups())),
        ("group types", lambda: dicts(storage.group_types())),
        ("attachments", lambda: dicts(storage.attachments())),
        ("transfers", lambda: dicts(storage.transfers())),
        ("types", lambda: dicts(storage.types())),
        ("find_type", lambda: storage.find_type("files").to_dict()),
        ("extensions", lambda: len(list(storage.extensions()))),
        ("resource filters", lambda: dicts(storage.resource_filters())),
        ("limits", lambda: storage.get_limits().to_dict()),
        ("quotas", lambda: storage.get_quota_set(at.account.project_id, usage=True).to_dict()),
        ("services", lambda: dicts(storage.services())),
        ("pools", lambda: dicts(storage.backend_pools())),
        ("summary", lambda: storage.summary(False).to_dict()),
        ("delete_volume", lambda: storage.delete_volume(volume, ignore_missing=False)),
        ("delete_snapshot", lambda: storage.delete_snapshot(snapshot, ignore_missing=False)),
    ):
        said(at, label, asked)
    at.until_gone("volume", there)
    said(at, "delete_volume, bare", lambda: storage.delete_volume(volume, ignore_missing=False))
    at.until_gone("volume", path)
    said(at, "delete_volume again", lambda: storage.delete_volume(volume, ignore_missing=False))


def _volume(at: Caller, storage: Any, volume: Any) -> None:
    for label, asked in (
        ("volumes", lambda: dicts(storage.volumes())),
        ("volumes by name", lambda: dicts(storage.volumes(name="sdk", limit=1))),
        ("volumes without details", lambda: dicts(storage.volumes(details=False))),
        ("volumes of all", lambda: dicts(storage.volumes(all_projects=True))),
        ("get_volume", lambda: storage.get_volume(volume.id).to_dict()),
        ("get_volume of nothing", lambda: storage.get_volume(NOWHERE).to_dict()),
        ("find_volume", lambda: storage.find_volume("sdk").to_dict()),
        ("find_volume that must be", lambda: storage.find_volume("nothing", ignore_missing=False)),
        ("update_volume", lambda: storage.update_volume(volume, description="d").to_dict()),
        ("set metadata", lambda: storage.set_volume_metadata(volume, c="d").metadata),
        ("delete metadata", lambda: storage.delete_volume_metadata(storage.get_volume(volume.id), ["a"])),
        ("bootable", lambda: storage.set_volume_bootable_status(volume, True)),
        ("readonly", lambda: storage.set_volume_readonly(volume, True)),
        ("image metadata", lambda: storage.set_volume_image_metadata(volume, os_type="linux")),
        ("retype", lambda: storage.retype_volume(volume, "nothing")),
        ("reserve", lambda: storage.reserve_volume(volume)),
        ("unreserve", lambda: storage.unreserve_volume(volume)),
        ("reset state", lambda: storage.reset_volume_status(volume, "error", None, None)),
        ("migrate", lambda: storage.migrate_volume(volume, host="h")),
        ("extend", lambda: storage.extend_volume(volume, 2)),
    ):  # fmt: skip
        said(at, label, asked)
    waited(at, f"/volumes/{volume.id}", "volume", "available")


def sdk_cloud(at: Caller) -> None:
    """
    The cloud layer, as people's scripts use it.
    """
    cloud = connection(at)
    zone = at.place.zone
    image(at)
    network(at)
    server = cloud.create_server(
        "sdk",
        image="cirros",
        flavor="m1.nano",
        auto_ip=False,
        wait=True,
        network="shared-net",
        availability_zone=zone,
        meta={"a": "b"},
    )
    # the whole of it has a password of its own
    at.note("create_server", server.status)
    at.normal.know(server.id, "server")
    at.afterwards("compute", f"/servers/{server.id}")
    volume = said(
        at, "create_volume", lambda: cloud.create_volume(1, wait=True, name="sdk", availability_zone=zone)
    )
    at.normal.know(volume.id, "volume")
    at.afterwards("volume", f"/volumes/{volume.id}")
    _said_of(
        at,
        (
            ("list_servers", lambda: dicts(cloud.list_servers())),
            ("list_servers, bare", lambda: dicts(cloud.list_servers(bare=True))),
            ("search_servers", lambda: dicts(cloud.search_servers("sdk"))),
            ("get_server", lambda: cloud.get_server("sdk").to_dict()),
            ("get_server of nothing", lambda: cloud.get_server("nothing")),
            ("list_volumes", lambda: dicts(cloud.list_volumes())),
            ("get_volume", lambda: cloud.get_volume("sdk").to_dict()),
            ("attach_volume", lambda: cloud.attach_volume(server, volume, wait=True).to_dict()),
            ("attach_volume again", lambda: cloud.attach_volume(server, cloud.get_volume("sdk"))),
            ("detach_volume", lambda: cloud.detach_volume(server, cloud.get_volume("sdk"), wait=True)),
            ("update_server", lambda: cloud.update_server(server.id, name="renamed").to_dict()),
            ("set_server_metadata", lambda: cloud.set_server_metadata(server.id, {"c": "d"})),
            ("delete_server_metadata", lambda: cloud.delete_server_metadata(server.id, ["a"])),
            ("update_volume", lambda: cloud.update_volume("sdk", description="d").to_dict()),
            ("set_volume_bootable", lambda: cloud.set_volume_bootable("sdk", True)),
            ("volume snapshot", lambda: cloud.create_volume_snapshot(volume.id, name="s", wait=True).to_dict()),
            ("list_volume_snapshots", lambda: dicts(cloud.list_volume_snapshots())),
            ("delete_volume_snapshot", lambda: cloud.delete_volume_snapshot("s", wait=True)),
            ("list_volume_types", lambda: dicts(cloud.list_volume_types())),
            ("list_volume_backups", lambda: dicts(cloud.list_volume_backups())),
            ("list_flavors", lambda: dicts(cloud.list_flavors())),
            ("get_flavor_by_ram", lambda: cloud.get_flavor_by_ram(64).name),
            ("create_keypair", lambda: cloud.create_keypair("side", KEY).to_dict()),
            ("list_keypairs", lambda: dicts(cloud.list_keypairs())),
            ("delete_keypair", lambda: cloud.delete_keypair("side")),
            ("zones", lambda: [each for each in cloud.list_availability_zone_names() if each == zone]),
            ("list_server_groups", lambda: dicts(cloud.list_server_groups())),
            ("compute limits", lambda: cloud.get_compute_limits().to_dict()),
            ("volume limits", lambda: cloud.get_volume_limits().to_dict()),
            ("list_hypervisors", lambda: dicts(cloud.list_hypervisors())),
            ("console", lambda: cloud.get_server_console(server.id, 2)),
            ("create_server of nothing", lambda: cloud.create_server("bad", image="cirros", flavor="nothing")),
            ("create_server nowhere", lambda: cloud.create_server(
                "bad", image="cirros", flavor="m1.nano", network="shared-net", availability_zone="nowhere")),
            ("delete_server", lambda: cloud.delete_server(server.id, wait=True)),
            ("create_server on a volume", lambda: cloud.create_server(
                "on", image="cirros", flavor="m1.nano", boot_from_volume=True, volume_size=1, auto_ip=False,
                terminate_volume=True, wait=True, network="shared-net", availability_zone=zone).status),
            ("list_volumes, two", lambda: sorted(each.size for each in cloud.list_volumes())),
            ("delete_server on a volume", lambda: cloud.delete_server("on", wait=True)),
            ("delete_volume", lambda: cloud.delete_volume(volume.id, wait=True)),
            ("delete_volume again", lambda: cloud.delete_volume(volume.id, wait=True)),
        ),
    )  # fmt: skip
    gone(at, [f"/volumes/{each.id}" for each in cloud.list_volumes()])


def _said_of(at: Caller, asked: Iterable[tuple[str, Any]]) -> None:
    for label, ask in asked:
        said(at, label, ask)
