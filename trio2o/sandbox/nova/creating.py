"""
``POST /servers`` and ``POST /os-volumes_boot``.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Sequence

from attrs import define

from trio2o.sandbox.answers import Answer, Fault, bad_request, conflict
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.create_request import CreateRequest, WantedNetwork, WantedVolume, parse_create
from trio2o.sandbox.nova.flavor import Flavor
from trio2o.sandbox.nova.imaging import Images
from trio2o.sandbox.nova.lifecycle import Lifecycle
from trio2o.sandbox.nova.quotas import over_quota, servers_allowed
from trio2o.sandbox.nova.server import Server
from trio2o.sandbox.nova.server_view import server_links
from trio2o.sandbox.nova.store import NovaStore, admin_only, project_only

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_OUTCOMES = ("no_valid_host", "build_error", "stuck_build")

HINTS = ("quota", *_OUTCOMES)


@define
class Creating:
    """
    Creates servers. Everything is checked before anything is made.
    """

    store: NovaStore
    lifecycle: Lifecycle
    images: Images

    @route("POST", "/servers")
    @route("POST", "/os-volumes_boot")
    async def create(self, call: Call) -> Answer:
        wanted = parse_create(call)
        project_only(call, "servers:create")
        flavor = self._checked(wanted, call)
        if wanted.image_id is not None and not await self.images.has(wanted.image_id, call):
            raise bad_request("Can not find requested image")
        networks = self._checked_networks(wanted, call)
        self._check_volumes(wanted, call)
        groups = self._checked_security_groups(wanted, call)
        count = self._allowed(wanted, flavor, call)
        servers = self._make(wanted, flavor, groups, count, call)
        outcome = next((kind for kind in _OUTCOMES if call.injected(kind)), None)
        for server in servers:
            self._connect(server, wanted, networks, groups, call)
            made = self._add_volumes(server, wanted.volumes, call)
            self.lifecycle.note(server, call, "create")
            self.store.add(server)
            self.lifecycle.build(server, outcome if made else "build_error")
        first = servers[0]
        if wanted.reservation:
            return Answer(status=202, body={"reservation_id": first.reservation_id})
        body = {
            "id": first.id,
            "links": server_links(first.id, call),
            "OS-DCF:diskConfig": first.disk_config,
            "security_groups": [{"name": name} for name in wanted.security_groups or ("default",)],
            "adminPass": first.admin_password,
        }
        location = ("Location", f"{call.base}/servers/{first.id}")
        return Answer(status=202, body={"server": body}, headers=(location,))

    def _checked(self, wanted: CreateRequest, call: Call) -> Flavor:
        if wanted.forced_host is not None:
            admin_only(call, "servers:create:forced_host")
        if wanted.zone is not None and wanted.zone not in self.store.zones:
            raise bad_request("The requested availability zone is not available")
        try:
            flavor = self.store.flavor(wanted.flavor_id, call)
        except Fault as fault:
            raise bad_request(fault.message) from fault
        if wanted.key_name is not None and (call.caller.user_id, wanted.key_name) not in self.store.keypairs:
            raise bad_request("Invalid key_name provided.")
        group = wanted.hints.get("group")
        if group is not None and group not in self.store.groups:
            raise bad_request(f"Instance group {group} could not be found.")
        return flavor

    def _checked_networks(self, wanted: CreateRequest, call: Call) -> Sequence[WantedNetwork]:
        network = self.store.pod.network
        if network is None or wanted.networks == "none":
            return ()
        if isinstance(wanted.networks, str):
            found = network.networks_of(call.caller)
            if len(found) > 1:
                raise conflict("Multiple possible networks found, use a Network ID to be more specific.")
            return tuple(WantedNetwork(network_id=each.id) for each in found)
        for each in wanted.networks:
            if each.port_id is not None:
                port = network.find_port(each.port_id, call.caller)
                if port is None:
                    raise bad_request(f"Port id {each.port_id} could not be found.")
                if port.device_id:
                    raise conflict(f"Port {each.port_id} is still in use.")
                if wanted.maximum > 1:
                    raise bad_request(
                        "Failed to launch instances: Unable to launch multiple instances with a single "
                        "configured port ID. Please launch your instance one by one with different ports."
                    )
            elif network.find_network(str(each.network_id), call.caller) is None:
                raise bad_request(f"Network {each.network_id} could not be found.")
        return wanted.networks

    def _check_volumes(self, wanted: CreateRequest, call: Call) -> None:
        shelf = self.store.pod.volumes
        for each in wanted.volumes:
            if each.source == "volume":
                volume = None if shelf is None else shelf.find_volume(str(each.source_id), call.caller)
                if volume is None:
                    if wanted.image_id is not None or not each.boots:
                        raise bad_request(f"Volume {each.source_id} could not be found.")
                    raise bad_request(
                        f"Block Device Mapping is Invalid: failed to get volume {each.source_id}."
                    )
                if volume.status != "available" and not volume.multiattach:
                    raise bad_request(
                        f"Invalid input received: Invalid volume: Volume {volume.id} status must be available "
                        f"or downloading to reserve, but the current status is {volume.status}."
                    )
                if each.boots and not volume.bootable:
                    raise bad_request(f"Block Device {volume.id} is not bootable.")
            elif each.source == "snapshot" and (
                shelf is None or not shelf.has_snapshot(str(each.source_id), call.caller)
            ):
                raise bad_request(
                    f"Block Device Mapping is Invalid: failed to get snapshot {each.source_id}."
                )

    def _checked_security_groups(self, wanted: CreateRequest, call: Call) -> list[tuple[str, str]]:
        """
        Names and ids of the groups for the server's ports.
        """
        network = self.store.pod.network
        if network is None:
            return []
        found = []
        for name in wanted.security_groups:
            group = network.find_security_group(name, call.caller)
            if group is None:
                raise bad_request(f"Unable to find security_group with name or id '{name}'")
            found.append((group.name, group.id))
        return found

    def _allowed(self, wanted: CreateRequest, flavor: Flavor, call: Call) -> int:
        limits = self.store.limits_of(call.project_id)
        if call.injected("quota"):
            full = {"instances": limits["instances"]}
            raise over_quota({"instances": str(wanted.maximum)}, full, full)
        if max(limits["instances"], limits["cores"], limits["ram"]) < 0:
            return wanted.maximum  # counting thousands of servers for nothing would slow benchmarks down
        return servers_allowed(
            wanted.minimum,
            wanted.maximum,
            flavor.vcpus,
            flavor.ram,
            self.store.used_by(call.project_id),
            limits,
        )

    def _make(
        self,
        wanted: CreateRequest,
        flavor: Flavor,
        groups: Sequence[tuple[str, str]],
        count: int,
        call: Call,
    ) -> list[Server]:
        now = self.store.now()
        reservation_id = "r-" + "".join(secrets.choice(_LETTERS) for _ in range(8))
        password = str(wanted.raw.get("adminPass") or secrets.token_urlsafe(9)[:12])
        servers = []
        for index in range(count):
            name = wanted.name if wanted.maximum == 1 else f"{wanted.name}-{index + 1}"
            server = Server(
                number=self.store.next_number(),
                id=str(uuid.uuid4()),
                name=name,
                project_id=call.project_id,
                user_id=call.caller.user_id,
                flavor=flavor,
                image_id=wanted.image_id,
                created=now,
                updated=now,
                hostname=wanted.hostname or host_name(name),
                reservation_id=reservation_id,
                launch_index=index,
                metadata=dict(wanted.metadata),
                description=wanted.description if call.minor >= 19 else name,
                tags=set(wanted.tags),
                key_name=wanted.key_name,
                user_data=wanted.user_data,
                config_drive=wanted.config_drive,
                disk_config=str(wanted.raw.get("OS-DCF:diskConfig") or "MANUAL"),
                access_ipv4=wanted.access_ipv4,
                access_ipv6=wanted.access_ipv6,
                admin_password=password,
                personality=list(wanted.raw.get("personality") or ()),
                trusted_certificates=wanted.raw.get("trusted_image_certificates"),
                hints=wanted.hints,
                security_groups=[name for name, _ in groups],
                requested_zone=wanted.zone,
                created_from=wanted.raw,
            )
            group = self.store.groups.get(str(wanted.hints.get("group")))
            if group is not None:
                group.members.append(server.id)
            servers.append(server)
        return servers

    def _connect(
        self,
        server: Server,
        wanted: CreateRequest,
        networks: Sequence[WantedNetwork],
        groups: Sequence[tuple[str, str]],
        call: Call,
    ) -> None:
        shelf = self.store.pod.network
        if shelf is None or not networks:
            server.security_groups = []
            return
        if not wanted.security_groups:
            server.security_groups = ["default"]
        for each in networks:
            if each.port_id is not None:
                shelf.bind_port(each.port_id, server.id)
                port = shelf.find_port(each.port_id, call.caller)
                assert port is not None
            else:
                port = shelf.create_port(
                    call.caller,
                    network_id=str(each.network_id),
                    server_id=server.id,
                    fixed_ip=each.fixed_ip,
                    security_group_ids=[group_id for _, group_id in groups],
                )
            found = shelf.find_network(port.network_id, call.caller)
            name = port.network_id if found is None else found.name
            self.lifecycle.add_interface(server, port, name, own=each.port_id is None, tag=each.tag)

    def _add_volumes(self, server: Server, wanted: Sequence[WantedVolume], call: Call) -> bool:
        """
        Make and attach the volumes; False if Cinder refused to make one, which ends in ERROR as with Nova.
        """
        shelf = self.store.pod.volumes
        for each in wanted:
            if shelf is None:
                return False
            volume_id = str(each.source_id)
            if each.source != "volume":
                try:
                    volume_id = shelf.create_volume(
                        call.caller,
                        size=each.size,
                        image_id=volume_id if each.source == "image" else None,
                        snapshot_id=volume_id if each.source == "snapshot" else None,
                        volume_type=each.volume_type,
                    )
                except Fault:
                    return False
            if each.boots:
                server.image_id = None
            options = {
                "device": each.device,
                "delete_on_termination": each.delete_on_termination,
                "tag": each.tag,
            }
            if each.source == "volume":
                self.lifecycle.attach_volume(server, volume_id, **options)
            else:
                server.awaited_volumes.append((volume_id, options))
        return True


def host_name(name: str) -> str:
    """
    The host name that Nova makes of a server's name.
    """
    lowered = re.sub(r"[ _.]", "-", name.lower())
    return re.sub(r"[^\w-]+", "", lowered).strip("-.")[:63] or "Server"
