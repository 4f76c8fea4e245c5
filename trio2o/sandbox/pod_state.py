"""
What the services of one fake pod share, and how they reach each other's state without HTTP.

`make_nova`, `make_cinder` and `make_neutron` all take ``(pod: PodState, verifier: TokenVerifier, wall:
IReactorTime, **options)``, give a `trio2o.sandbox.frame.ServiceFrame`, and put their shelf on the pod
(``pod.volumes = …``) for the others. A service asks for another's shelf when it needs it, not when it is
made, and does without one that is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from attrs import define

from trio2o.sandbox.call import Caller
from trio2o.sandbox.clock import PodClock


class VolumeView(Protocol):
    """
    What Nova wants to know of a volume. ``status`` is Cinder's (``available``, ``in-use``, …), ``size`` in
    GiB.
    """

    @property
    def id(self) -> str: ...
    @property
    def project_id(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def bootable(self) -> bool: ...
    @property
    def multiattach(self) -> bool: ...


class VolumeShelf(Protocol):
    """
    A pod's Cinder as its Nova sees it. A caller finds own volumes, an admin all.
    """

    def find_volume(self, volume_id: str, caller: Caller) -> VolumeView | None: ...

    def has_snapshot(self, snapshot_id: str, caller: Caller) -> bool: ...

    def create_volume(
        self,
        caller: Caller,
        *,
        size: int,
        name: str = "",
        image_id: str | None = None,
        snapshot_id: str | None = None,
        source_volume_id: str | None = None,
        volume_type: str | None = None,
    ) -> str:
        """
        Make a volume as a boot from volume does; its id.
        """

    def attach(
        self, volume_id: str, *, server_id: str, attachment_id: str, device: str, host_name: str | None = None
    ) -> None:
        """
        Make an available (or multiattach) volume in-use by this server.
        """

    def detach(self, volume_id: str, attachment_id: str) -> None:
        """
        Undo an attachment; the volume is available again after its last one. Unknown ids are ignored.
        """

    def delete_volume(self, volume_id: str) -> None:
        """
        Delete it (``delete_on_termination``). An unknown id is ignored.
        """


class NetworkView(Protocol):
    """
    What Nova wants to know of a network.
    """

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


class PortView(Protocol):
    """
    What Nova wants to know of a port. ``fixed_ips`` are pairs of subnet id and address, ``device_id`` is
    empty when no server has the port.
    """

    @property
    def id(self) -> str: ...
    @property
    def project_id(self) -> str: ...
    @property
    def network_id(self) -> str: ...
    @property
    def mac_address(self) -> str: ...
    @property
    def fixed_ips(self) -> Sequence[tuple[str, str]]: ...
    @property
    def device_id(self) -> str: ...
    @property
    def status(self) -> str: ...


class SecurityGroupView(Protocol):
    """
    What Nova wants to know of a security group.
    """

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...


class NetworkShelf(Protocol):
    """
    A pod's Neutron as its Nova sees it.
    """

    def networks_of(self, caller: Caller) -> Sequence[NetworkView]:
        """
        The networks that servers of the caller can be on: own and shared ones, external ones not.
        """

    def find_network(self, network_id: str, caller: Caller) -> NetworkView | None: ...

    def find_port(self, port_id: str, caller: Caller) -> PortView | None: ...

    def find_security_group(self, name_or_id: str, caller: Caller) -> SecurityGroupView | None: ...

    def ports_of(self, server_id: str) -> Sequence[PortView]:
        """
        The ports whose device is this server, oldest first.
        """

    def create_port(
        self,
        caller: Caller,
        *,
        network_id: str,
        server_id: str,
        fixed_ip: str | None = None,
        security_group_ids: Sequence[str] = (),
    ) -> PortView: ...

    def bind_port(self, port_id: str, server_id: str) -> None: ...

    def release_port(self, port_id: str) -> None:
        """
        Take a port off its server and keep it (one that the user made). An unknown id is ignored.
        """

    def delete_port(self, port_id: str) -> None:
        """
        Delete a port that Nova made. An unknown id is ignored.
        """


class ServerShelf(Protocol):
    """
    A pod's Nova as its Cinder and Neutron see it.
    """

    def has_server(self, server_id: str, caller: Caller) -> bool: ...


@define(kw_only=True, eq=False)
class PodState:
    """
    One pod: its name, its clock, and the shelves of its services as far as they run.

    ``availability_zones`` are the zones that servers and volumes may ask for; the first is where they go
    without a wish. ``build_seconds`` is how long a server or volume is being built.
    """

    name: str
    clock: PodClock
    availability_zones: tuple[str, ...] = ("nova",)
    build_seconds: float = 0.5
    servers: ServerShelf | None = None
    volumes: VolumeShelf | None = None
    network: NetworkShelf | None = None

    @property
    def availability_zone(self) -> str:
        """
        The zone of what was made without a wish.
        """
        return self.availability_zones[0]
