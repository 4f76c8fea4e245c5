"""
Volumes and ports of a server.
"""

from __future__ import annotations

from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, Fault, bad_request, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.checks import body_object, boolean, invalid, is_uuid, required, text
from trio2o.sandbox.nova.lifecycle import Lifecycle, check_lock, check_state
from trio2o.sandbox.nova.server import Attachment, Interface, Server
from trio2o.sandbox.nova.server_view import HTML, addresses
from trio2o.sandbox.nova.store import NovaStore
from trio2o.sandbox.pod_state import NetworkShelf, VolumeView

_WITH_VOLUMES = frozenset(
    {"active", "paused", "stopped", "resized", "soft-delete", "shelved", "shelved_offloaded"}
)
_WITH_INTERFACES = frozenset({"active", "paused", "stopped"})
_NO_TASK = frozenset({None})


@define
class VolumeAttachments:
    """
    ``/servers/ID/os-volume_attachments``. The volumes are the pod's own Cinder's: another pod's is not found.
    """

    store: NovaStore
    lifecycle: Lifecycle

    @route("GET", "/servers/<server_id>/os-volume_attachments")
    def index(self, call: Call, server_id: str) -> Answer:
        server = self.store.get(server_id, call)
        found = [_shown(server, each, call) for each in server.attachments]
        return Answer(body={"volumeAttachments": found}, depends_on=server.revision)

    @route("GET", "/servers/<server_id>/os-volume_attachments/<volume_id>")
    def show(self, call: Call, server_id: str, volume_id: str) -> Answer:
        server = self.store.get(server_id, call)
        return Answer(body={"volumeAttachment": _shown(server, self._attached(server, volume_id), call)})

    @route("POST", "/servers/<server_id>/os-volume_attachments")
    def attach(self, call: Call, server_id: str) -> Answer:
        wanted = body_object(call, "volumeAttachment")
        required(wanted, ("volumeId",), "volumeAttachment")
        volume_id = wanted["volumeId"]
        if not is_uuid(volume_id):
            raise invalid("volumeId", volume_id, f"{volume_id!r} is not a 'uuid'")
        server = self.store.get(server_id, call)
        volume = self._volume(volume_id, call)
        check_lock(server, call.caller)
        check_state(server, "attach_volume", _WITH_VOLUMES, None)
        if volume.status != "available" and not volume.multiattach:
            raise self._not_available(volume)
        attachment = self.lifecycle.attach_volume(
            server,
            volume.id,
            device=text(wanted, "device"),
            tag=text(wanted, "tag") if call.minor >= 49 else None,
            delete_on_termination=call.minor >= 79 and boolean(wanted, "delete_on_termination"),
        )
        self.lifecycle.note(server, call, "attach_volume").finish = self.store.now()
        self.store.changed(server)
        if call.minor >= 101:
            return Answer(status=202, body=b"", content_type=HTML)
        body: dict[str, Any] = {
            "id": volume.id,
            "serverId": server.id,
            "volumeId": volume.id,
            "device": attachment.device,
        }
        if call.minor >= 70:
            body["tag"] = attachment.tag
        if call.minor >= 79:
            body["delete_on_termination"] = attachment.delete_on_termination
        return Answer(body={"volumeAttachment": body})

    @route("PUT", "/servers/<server_id>/os-volume_attachments/<volume_id>")
    def update(self, call: Call, server_id: str, volume_id: str) -> Answer:
        wanted = body_object(call, "volumeAttachment")
        required(wanted, ("volumeId",), "volumeAttachment")
        server = self.store.get(server_id, call)
        self._volume(volume_id, call)
        attachment = self._attached(server, volume_id)
        other = str(wanted["volumeId"])
        if other != volume_id:
            if not call.caller.is_admin:
                raise Fault(
                    403, "Policy doesn't allow os_compute_api:os-volumes-attachments:swap to be performed."
                )
            volume = self._volume(other, call)
            if volume.status != "available":
                raise self._not_available(volume)
            self.lifecycle.detach_volume(server, attachment)
            self.lifecycle.attach_volume(server, other, device=attachment.device, tag=attachment.tag)
        elif call.minor < 85:
            raise bad_request(f"New volume {other} must be different from the old one.")
        if call.minor >= 85 and "delete_on_termination" in wanted:
            attachment.delete_on_termination = boolean(wanted, "delete_on_termination")
        self.store.changed(server)
        return Answer(status=202)

    @route("DELETE", "/servers/<server_id>/os-volume_attachments/<volume_id>")
    def detach(self, call: Call, server_id: str, volume_id: str) -> Answer:
        server = self.store.get(server_id, call)
        self._volume(volume_id, call)
        attachment = self._attached(server, volume_id)
        check_lock(server, call.caller)
        check_state(server, "detach_volume", _WITH_VOLUMES, None)
        self.lifecycle.detach_volume(server, attachment)
        self.lifecycle.note(server, call, "detach_volume").finish = self.store.now()
        self.store.changed(server)
        return Answer(status=202)

    def _volume(self, volume_id: str, call: Call) -> VolumeView:
        shelf = self.store.pod.volumes
        volume = None if shelf is None else shelf.find_volume(volume_id, call.caller)
        if volume is None:
            raise not_found(f"Volume {volume_id} could not be found.")
        return volume

    def _attached(self, server: Server, volume_id: str) -> Attachment:
        attachment = server.attachment(volume_id)
        if attachment is None:
            raise not_found(f"Instance {server.id} is not attached to volume {volume_id}")
        return attachment

    def _not_available(self, volume: VolumeView) -> Fault:
        holders = [server.id for server in self.store.live() if server.attachment(volume.id) is not None]
        if holders:
            listed = ", ".join(holders)
            return bad_request(
                f"Invalid volume: volume {volume.id} is already attached to instances: {listed}"
            )
        return bad_request(
            f"Invalid input received: Invalid volume: Volume {volume.id} status must be available or "
            f"downloading to reserve, but the current status is {volume.status}."
        )


@define
class Interfaces:
    """
    ``/servers/ID/os-interface`` and ``/servers/ID/ips``.
    """

    store: NovaStore
    lifecycle: Lifecycle

    @route("GET", "/servers/<server_id>/ips")
    def list_addresses(self, call: Call, server_id: str) -> Answer:
        server = self.store.get(server_id, call)
        return Answer(body={"addresses": addresses(server, extended=False)}, depends_on=server.revision)

    @route("GET", "/servers/<server_id>/ips/<network>")
    def show_addresses(self, call: Call, server_id: str, network: str) -> Answer:
        found = addresses(self.store.get(server_id, call), extended=False)
        if network not in found:
            raise not_found("Instance is not a member of specified network")
        return Answer(body={network: found[network]})

    @route("GET", "/servers/<server_id>/os-interface")
    def index(self, call: Call, server_id: str) -> Answer:
        server = self.store.get(server_id, call)
        found = [self._shown(each, call) for each in server.interfaces]
        return Answer(body={"interfaceAttachments": found})

    @route("GET", "/servers/<server_id>/os-interface/<port_id>")
    def show(self, call: Call, server_id: str, port_id: str) -> Answer:
        interface = self._attached(self.store.get(server_id, call), port_id)
        if interface is None:
            raise not_found(f"Port id {port_id} could not be found.")
        return Answer(body={"interfaceAttachment": self._shown(interface, call)})

    @route("POST", "/servers/<server_id>/os-interface")
    def attach(self, call: Call, server_id: str) -> Answer:
        wanted = {} if call.json() is None else body_object(call, "interfaceAttachment")
        port_id, network_id = text(wanted, "port_id"), text(wanted, "net_id")
        if port_id and network_id:
            raise bad_request("Must not input both network_id and port_id")
        fixed_ips = wanted.get("fixed_ips") or ()
        if fixed_ips and not network_id:
            raise bad_request("Must input network_id when request IP address")
        server = self.store.get(server_id, call)
        check_lock(server, call.caller)
        check_state(server, "attach_interface", _WITH_INTERFACES, _NO_TASK)
        network = self.store.pod.network
        if network is None:
            raise bad_request("No networks in this pod.")
        if port_id:
            port = network.find_port(port_id, call.caller)
            if port is None:
                raise not_found(f"Port id {port_id} could not be found.")
            if port.device_id:
                raise bad_request(f"Port {port_id} is still in use.")
            network.bind_port(port_id, server.id)
        else:
            network_id = network_id or self._only_network(network, call)
            if network.find_network(network_id, call.caller) is None:
                raise bad_request(f"Network {network_id} could not be found.")
            address = fixed_ips[0].get("ip_address") if fixed_ips else None
            port = network.create_port(
                call.caller, network_id=network_id, server_id=server.id, fixed_ip=address
            )
        found = network.find_network(port.network_id, call.caller)
        interface = self.lifecycle.add_interface(
            server,
            port,
            port.network_id if found is None else found.name,
            own=not port_id,
            tag=text(wanted, "tag") if call.minor >= 49 else None,
        )
        self.lifecycle.note(server, call, "attach_interface").finish = self.store.now()
        self.store.changed(server)
        return Answer(body={"interfaceAttachment": self._shown(interface, call)})

    @route("DELETE", "/servers/<server_id>/os-interface/<port_id>")
    def detach(self, call: Call, server_id: str, port_id: str) -> Answer:
        server = self.store.get(server_id, call)
        check_lock(server, call.caller)
        check_state(server, "detach_interface", _WITH_INTERFACES, _NO_TASK)
        interface = self._attached(server, port_id)
        event = self.lifecycle.note(server, call, "detach_interface")
        event.finish = self.store.now()
        if interface is None:
            event.message = "Error"
        else:
            self.lifecycle.remove_interface(server, interface)
        self.store.changed(server)
        return Answer(status=202)

    def _only_network(self, network: NetworkShelf, call: Call) -> str:
        found = network.networks_of(call.caller)
        if len(found) != 1:
            raise bad_request(
                "More than one possible network found. Specify network ID(s) to select which one(s) to connect to."
            )
        return found[0].id

    def _attached(self, server: Server, port_id: str) -> Interface | None:
        return next((each for each in server.interfaces if each.port_id == port_id), None)

    def _shown(self, interface: Interface, call: Call) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "net_id": interface.network_id,
            "port_id": interface.port_id,
            "mac_addr": interface.mac_address,
            "port_state": "ACTIVE",
            "fixed_ips": [
                {"subnet_id": subnet, "ip_address": address} for subnet, address in interface.fixed_ips
            ],
        }
        if call.minor >= 70:
            shown["tag"] = interface.tag
        return shown


def _shown(server: Server, attachment: Attachment, call: Call) -> dict[str, Any]:
    shown: dict[str, Any] = {} if call.minor >= 89 else {"id": attachment.volume_id}
    shown |= {
        "volumeId": attachment.volume_id,
        "serverId": server.id,
        "device": attachment.device,
    }
    if call.minor >= 70:
        shown["tag"] = attachment.tag
    if call.minor >= 79:
        shown["delete_on_termination"] = attachment.delete_on_termination
    if call.minor >= 89:
        shown |= {"attachment_id": attachment.id, "bdm_uuid": attachment.bdm_id}
    return shown
