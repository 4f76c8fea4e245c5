"""
A fake Nova for unit tests, with stand-ins for its pod's Cinder and Neutron.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from attrs import define, field
from treq.testing import StubTreq
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.sandbox.nova_questions import NovaQuestions
from trio2o.sandbox.call import Caller
from trio2o.sandbox.clock import PodClock
from trio2o.sandbox.frame import StaticTokens
from trio2o.sandbox.nova.service import make_nova
from trio2o.sandbox.pod_state import PodState
from trio2o.sandbox.style import MicroversionRange

DEMO, OTHER, ADMIN = "d" * 32, "e" * 32, "a" * 32
TOKENS = {
    "demo": Caller(user_id="demo-user", project_id=DEMO, roles=frozenset({"member"})),
    "other": Caller(user_id="other-user", project_id=OTHER, roles=frozenset({"member"})),
    "admin": Caller(user_id="admin-user", project_id=ADMIN, roles=frozenset({"admin"})),
}
IMAGE = "6b9648cf-4927-462f-8ceb-3beb5e34bcd5"
NOWHERE = "00000000-0000-0000-0000-000000000000"
ORIGIN = "http://pod.test:8774"


@define
class AVolume:
    """
    A volume on `VolumesStandIn`.
    """

    id: str
    project_id: str = DEMO
    size: int = 1
    status: str = "available"
    bootable: bool = True
    multiattach: bool = False


@define
class VolumesStandIn:
    """
    A `VolumeShelf` of volumes that are only names.
    """

    volumes: dict[str, AVolume] = field(factory=dict)
    attached: dict[str, str] = field(factory=dict)

    def add(self, **values: Any) -> AVolume:
        """
        Put a volume on the shelf.
        """
        volume = AVolume(str(uuid.uuid4()), **values)
        self.volumes[volume.id] = volume
        return volume

    def find_volume(self, volume_id: str, caller: Caller) -> AVolume | None:
        volume = self.volumes.get(volume_id)
        if volume is None or (volume.project_id != caller.project_id and not caller.is_admin):
            return None
        return volume

    def has_snapshot(self, snapshot_id: str, caller: Caller) -> bool:
        return False

    def create_volume(self, caller: Caller, *, size: int, **options: Any) -> str:
        return self.add(size=size, project_id=caller.project_id).id

    def attach(
        self,
        volume_id: str,
        *,
        server_id: str,
        attachment_id: str,
        device: str,
        host_name: str | None = None,
    ) -> None:
        self.volumes[volume_id].status = "in-use"
        self.attached[attachment_id] = server_id

    def detach(self, volume_id: str, attachment_id: str) -> None:
        del self.attached[attachment_id]
        self.volumes[volume_id].status = "available"

    def delete_volume(self, volume_id: str) -> None:
        del self.volumes[volume_id]


@define
class ANetwork:
    """
    A network on `NetworkStandIn`.
    """

    id: str
    name: str


@define
class APort:
    """
    A port on `NetworkStandIn`.
    """

    id: str
    network_id: str
    fixed_ips: list[tuple[str, str]]
    project_id: str = DEMO
    mac_address: str = "fa:16:3e:00:00:01"
    device_id: str = ""
    status: str = "ACTIVE"


@define
class AGroup:
    """
    A security group on `NetworkStandIn`.
    """

    id: str
    name: str
    description: str = "Default security group"


@define
class NetworkStandIn:
    """
    A `NetworkShelf` with one network for everybody.
    """

    networks: list[ANetwork] = field(factory=lambda: [ANetwork(str(uuid.uuid4()), "shared-net")])
    ports: dict[str, APort] = field(factory=dict)

    def networks_of(self, caller: Caller) -> Sequence[ANetwork]:
        return self.networks

    def find_network(self, network_id: str, caller: Caller) -> ANetwork | None:
        return next((each for each in self.networks if each.id == network_id), None)

    def find_port(self, port_id: str, caller: Caller) -> APort | None:
        return self.ports.get(port_id)

    def find_security_group(self, name_or_id: str, caller: Caller) -> AGroup | None:
        return AGroup("sg-default", "default") if name_or_id in ("default", "sg-default") else None

    def ports_of(self, server_id: str) -> Sequence[APort]:
        return [port for port in self.ports.values() if port.device_id == server_id]

    def create_port(
        self,
        caller: Caller,
        *,
        network_id: str,
        server_id: str = "",
        fixed_ip: str | None = None,
        security_group_ids: Sequence[str] = (),
    ) -> APort:
        address = fixed_ip or f"10.1.0.{len(self.ports) + 2}"
        port = APort(str(uuid.uuid4()), network_id, [("subnet", address)], device_id=server_id)
        self.ports[port.id] = port
        return port

    def bind_port(self, port_id: str, server_id: str) -> None:
        self.ports[port_id].device_id = server_id

    def release_port(self, port_id: str) -> None:
        self.ports[port_id].device_id = ""

    def delete_port(self, port_id: str) -> None:
        del self.ports[port_id]


class NovaTestCase(NovaQuestions, SynchronousTestCase):
    """
    A Nova whose clock only the test moves: a server builds for 5 s, anything else takes 1 s.
    """

    versions = MicroversionRange((2, 1), (2, 104))

    def setUp(self) -> None:
        self.wall = Clock()
        self.clock = PodClock(self.wall, manual=True)
        self.volumes = VolumesStandIn()
        self.network = NetworkStandIn()
        self.pod = PodState(
            name="Pod1",
            clock=self.clock,
            availability_zones=("nova", "second"),
            build_seconds=5,
            volumes=self.volumes,
            network=self.network,
        )
        self.frame = make_nova(
            self.pod, StaticTokens(TOKENS), self.wall, versions=self.versions, action_seconds=1
        )
        self.http: Any = StubTreq(self.frame.resource())

    def response(
        self, method: str, path: str, body: Any = None, *, minor: int | None = None, who: str = "demo"
    ) -> Any:
        """
        The response to a request below ``/v2.1``.
        """
        headers = {"X-Auth-Token": who}
        if minor is not None:
            headers["OpenStack-API-Version"] = f"compute 2.{minor}"
        if not path.startswith("/_sandbox"):
            path = "/v2.1" + path
        keywords = {} if body is None else {"json": body}
        return self.successResultOf(self.http.request(method, ORIGIN + path, headers=headers, **keywords))

    def ask(
        self, method: str, path: str, body: Any = None, *, minor: int | None = None, who: str = "demo"
    ) -> tuple[int, Any]:
        """
        Status and JSON body (None for none) of the answer.
        """
        response = self.response(method, path, body, minor=minor, who=who)
        content = self.successResultOf(response.content())
        return response.code, (self.successResultOf(response.json()) if content else None)

    def create(
        self, *, minor: int = 100, who: str = "demo", hints: dict[str, Any] | None = None, **fields: Any
    ) -> Any:
        """
        The id of a new server, still being built.
        """
        server = {"name": "s", "imageRef": IMAGE, "flavorRef": "1", "networks": "none", **fields}
        body: dict[str, Any] = {"server": server}
        if hints:
            body["os:scheduler_hints"] = hints
        status, answer = self.ask("POST", "/servers", body, minor=minor, who=who)
        self.assertEqual(status, 202, answer)
        return answer["server"]["id"]

    def active(self, **fields: Any) -> Any:
        """
        The id of a new server that is built.
        """
        server_id = self.create(**fields)
        self.clock.advance(5)
        return server_id

    def behave(self, **behaviour: Any) -> None:
        """
        Add a behaviour.
        """
        self.assertEqual(self.ask("POST", "/_sandbox/behaviours", behaviour)[0], 201)
