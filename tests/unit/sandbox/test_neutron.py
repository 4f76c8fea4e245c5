"""
The fake Neutron: what a real one does too, and what the pod's Nova does with it.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from treq.testing import StubTreq
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.sandbox.asking import Api, Who, now
from tests.unit.sandbox.cinder_contract import NOBODY
from tests.unit.sandbox.neutron_contract import NeutronContract
from trio2o.sandbox.answers import Fault
from trio2o.sandbox.call import Caller
from trio2o.sandbox.clock import PodClock
from trio2o.sandbox.frame import StaticTokens
from trio2o.sandbox.neutron import make_neutron
from trio2o.sandbox.pod_state import NetworkShelf, PodState

DEMO, ALT, ADMIN = "d" * 32, "a" * 32, "0" * 32
CALLERS = {
    "demo-token": Caller(user_id="demo-user", project_id=DEMO, roles=frozenset({"member", "reader"})),
    "alt-token": Caller(user_id="alt-user", project_id=ALT, roles=frozenset({"member", "reader"})),
    "admin-token": Caller(user_id="admin-user", project_id=ADMIN, roles=frozenset({"admin"})),
}


class FakeNeutronCase(SynchronousTestCase):
    """
    A fake Neutron on a clock that stands still.
    """

    def setUp(self) -> None:
        self.wall = Clock()
        self.pod = PodState(name="Pod1", clock=PodClock(self.wall, manual=True))
        self.frame = make_neutron(self.pod, StaticTokens(CALLERS), self.wall)
        self.api = Api(StubTreq(self.frame.resource()), "http://pod1.test/v2.0")
        self.demo = Who("demo-token", DEMO)
        self.alt = Who("alt-token", ALT)
        self.admin = Who("admin-token", ADMIN)

    def finish(self, check: Coroutine[Any, Any, None]) -> None:
        now(check)

    @property
    def shelf(self) -> NetworkShelf:
        """
        The networks as Nova sees them.
        """
        assert self.pod.network is not None
        return self.pod.network


class ContractTests(FakeNeutronCase, NeutronContract):
    """
    The fake does what the real one does.
    """


class PodTests(FakeNeutronCase):
    """
    What differs between pods.
    """

    def test_ids(self) -> None:
        """
        Networks of two pods share their names and not their ids.
        """
        other = PodState(name="Pod2", clock=PodClock(self.wall))
        make_neutron(other, StaticTokens(CALLERS), self.wall)
        caller = CALLERS["demo-token"]
        assert other.network is not None
        (mine,), (theirs,) = self.shelf.networks_of(caller), other.network.networks_of(caller)
        self.assertEqual(("shared-net", "shared-net"), (mine.name, theirs.name))
        self.assertNotEqual(mine.id, theirs.id)

    def test_quota(self) -> None:
        """
        An injected quota refuses a create in Neutron's words.
        """
        self.frame.behaviours.add({"kind": "quota", "times": 1})
        reply = now(self.api.ask("POST", "/networks", token="demo-token", body={"network": {}}))
        self.assertEqual(409, reply.status)
        self.assertEqual("OverQuota", reply.json["NeutronError"]["type"])

    def test_quotas(self) -> None:
        """
        Everybody has the same, also when what was set is deleted: ``openstack quota delete`` asks for it.
        """
        shown = now(self.api.ask("GET", "/quotas/p1", token="admin-token"))
        self.assertEqual(204, now(self.api.ask("DELETE", "/quotas/p1", token="admin-token")).status)
        self.assertEqual(shown.json, now(self.api.ask("GET", "/quotas/p1", token="admin-token")).json)

    def test_external_network(self) -> None:
        """
        Everybody sees the external network, and no server can be on it.
        """
        (public,) = now(self.api.ask("GET", "/networks?router:external=true", token="demo-token")).json[
            "networks"
        ]
        self.assertEqual("public", public["name"])
        caller = CALLERS["demo-token"]
        self.assertNotIn(public["id"], [each.id for each in self.shelf.networks_of(caller)])
        self.assertIsNotNone(self.shelf.find_network(public["id"], caller))


class ShelfTests(FakeNeutronCase):
    """
    What the pod's Nova does with networks.
    """

    def test_port_of_a_server(self) -> None:
        """
        A port that Nova makes belongs to the server until it is deleted.
        """
        caller = CALLERS["demo-token"]
        (network,) = self.shelf.networks_of(caller)
        port = self.shelf.create_port(caller, network_id=network.id, server_id=NOBODY)
        self.assertEqual((NOBODY, "ACTIVE", DEMO), (port.device_id, port.status, port.project_id))
        self.assertEqual([port.id], [each.id for each in self.shelf.ports_of(NOBODY)])
        shown = now(self.api.ask("GET", f"/ports?device_id={NOBODY}", token="demo-token")).json["ports"]
        self.assertEqual(
            [("compute:nova", "ACTIVE")], [(each["device_owner"], each["status"]) for each in shown]
        )
        self.shelf.delete_port(port.id)
        self.shelf.delete_port(port.id)
        self.assertIsNone(self.shelf.find_port(port.id, caller))

    def test_port_of_a_user(self) -> None:
        """
        A port that a user made is lent to a server and given back.
        """
        caller = CALLERS["demo-token"]
        (network,) = self.shelf.networks_of(caller)
        body = {"port": {"network_id": network.id}}
        made = now(self.api.ask("POST", "/ports", token="demo-token", body=body)).json["port"]
        self.shelf.bind_port(made["id"], NOBODY)
        self.assertEqual([made["id"]], [each.id for each in self.shelf.ports_of(NOBODY)])
        self.shelf.release_port(made["id"])
        self.shelf.release_port("unknown")
        self.assertEqual([], list(self.shelf.ports_of(NOBODY)))
        self.assertIsNotNone(self.shelf.find_port(made["id"], caller))

    def test_addresses(self) -> None:
        """
        Every port has an address of its own; a wished one is given.
        """
        caller = CALLERS["demo-token"]
        (network,) = self.shelf.networks_of(caller)
        first = self.shelf.create_port(caller, network_id=network.id, server_id="s1")
        second = self.shelf.create_port(caller, network_id=network.id, server_id="s1")
        wished = self.shelf.create_port(caller, network_id=network.id, server_id="s1", fixed_ip="10.1.2.3")
        self.assertNotEqual(first.fixed_ips, second.fixed_ips)
        self.assertEqual("10.1.2.3", wished.fixed_ips[0][1])
        self.assertNotEqual(first.mac_address, second.mac_address)

    def test_strangers(self) -> None:
        """
        Nova finds what the caller may see.
        """
        body = {"network": {"name": "private"}}
        made = now(self.api.ask("POST", "/networks", token="demo-token", body=body)).json["network"]
        stranger = CALLERS["alt-token"]
        self.assertIsNone(self.shelf.find_network(made["id"], stranger))
        self.assertRaises(Fault, self.shelf.create_port, stranger, network_id=made["id"], server_id="s")
        self.assertEqual(
            [made["id"]],
            [each.id for each in self.shelf.networks_of(CALLERS["demo-token"]) if each.name == "private"],
        )

    def test_security_group(self) -> None:
        """
        A group is found by name and by id, the project's own only.
        """
        caller = CALLERS["demo-token"]
        default = self.shelf.find_security_group("default", caller)
        assert default is not None
        found = self.shelf.find_security_group(default.id, caller)
        self.assertIs(default, found)
        self.assertIsNone(self.shelf.find_security_group(default.id, CALLERS["alt-token"]))
        self.assertIsNone(self.shelf.find_security_group("nonsense", caller))
