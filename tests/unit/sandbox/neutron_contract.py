"""
What a Neutron v2.0 does, as far as the sandbox needs it: the same tests run on the fake and on a real
Neutron 29.

The Neutron has the networks ``shared-net`` (shared, with a subnet) and ``public`` (external); ``demo`` and
``alt`` are members of two projects, ``admin`` is an admin.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from tests.unit.sandbox.asking import Api, Reply, Who
from tests.unit.sandbox.cinder_contract import NOBODY


class NeutronContract:
    """
    A mixin; the test case gives the API (its URL ends in ``/v2.0``), the callers and ``finish``.
    """

    api: Api
    demo: Who
    alt: Who
    admin: Who

    def finish(self, check: Coroutine[Any, Any, None]) -> Any:
        """
        Run a check to its end, or give its Deferred.
        """
        raise NotImplementedError

    async def ask(self, method: str, path: str, body: Any = None, *, who: Who | None = None) -> Reply:
        """
        Ask as ``demo``, or as another.
        """
        return await self.api.ask(method, path, token=(who or self.demo).token, body=body)

    async def good(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """
        The JSON of an answer that is no error.
        """
        reply = await self.ask(method, path, body, **more)
        assert reply.status < 300, (reply.status, reply.content)
        return reply.json if reply.content else None

    async def refused(self, status: int, kind: str, message: str, *request: Any, **more: Any) -> None:
        """
        Check an error's status and Neutron's shape of it.
        """
        reply = await self.ask(*request, **more)
        assert reply.status == status, (reply.status, reply.content)
        assert reply.json == {"NeutronError": {"type": kind, "message": message, "detail": ""}}, reply.content

    def test_versions(self) -> Any:
        """
        The root names the version without a token; ``/v2.0/`` wants one.
        """

        async def check() -> None:
            root = self.api.above("/v2.0")
            versions = await root.ask("GET", "/")
            assert versions.status == 200
            (version,) = versions.json["versions"]
            assert version["links"] == [{"rel": "self", "href": self.api.url + "/"}]
            assert (await self.api.ask("GET", "/networks")).status == 401
            resources = (await self.good("GET", "/"))["resources"]
            assert {"network", "port", "subnet"} <= {each["name"] for each in resources}

        return self.finish(check())

    def test_shared_network(self) -> Any:
        """
        Everybody sees the shared network by name and by id; only admins see how it is made.
        """

        async def check() -> None:
            (network,) = (await self.good("GET", "/networks?name=shared-net"))["networks"]
            assert network["shared"] is True
            path = f"/networks/{network['id']}"
            assert await self.good("GET", path) == {"network": network}
            by_id = await self.good("GET", f"/networks?id={network['id']}&fields=id&fields=name")
            assert by_id == {"networks": [{"id": network["id"], "name": "shared-net"}]}
            admins = (await self.good("GET", path, who=self.admin))["network"]
            assert set(admins) - set(network) == {
                *("provider:network_type", "provider:physical_network", "provider:segmentation_id"),
            }
            (subnet,) = (await self.good("GET", f"/subnets?network_id={network['id']}"))["subnets"]
            assert network["subnets"] == [subnet["id"]]
            reply = await self.ask("DELETE", path)
            assert reply.status == 403
            assert reply.json["NeutronError"]["type"] == "PolicyNotAuthorized"

        return self.finish(check())

    def test_missing(self) -> Any:
        """
        Each kind says in its own words that something is not there.
        """

        async def check() -> None:
            for path, kind, message in (
                ("networks", "NetworkNotFound", f"Network {NOBODY} could not be found."),
                ("ports", "PortNotFound", f"Port {NOBODY} could not be found."),
                ("subnets", "SubnetNotFound", f"Subnet {NOBODY} could not be found."),
                ("security-groups", "SecurityGroupNotFound", f"Security group {NOBODY} does not exist"),
            ):
                await self.refused(404, kind, message, "GET", f"/{path}/{NOBODY}")
            await self.refused(404, "HTTPNotFound", "The resource could not be found.", "GET", "/nonsense")
            body = {"port": {"network_id": NOBODY}}
            message = f"Network {NOBODY} could not be found."
            await self.refused(404, "NetworkNotFound", message, "POST", "/ports", body)

        return self.finish(check())

    def test_bad_bodies(self) -> Any:
        """
        What a create may not say.
        """

        async def check() -> None:
            for path, body, message in (
                ("/ports", b'{"port"', "Body contains invalid data"),
                ("/ports", {}, "Unable to find 'port' in request body"),
                (
                    "/ports",
                    {"port": {}},
                    "Failed to parse request. Required attribute 'network_id' not specified",
                ),
                ("/networks", {"network": {"foo": 1}}, "Unrecognized attribute(s) 'foo'"),
            ):
                await self.refused(400, "HTTPBadRequest", message, "POST", path, body)
            message = "['foo'] is invalid attribute for filtering"
            await self.refused(400, "HTTPBadRequest", message, "GET", "/networks?foo=bar")

        return self.finish(check())

    def test_own_network(self) -> Any:
        """
        A network, a subnet and a port are made, seen by their project alone, and go in order.
        """

        async def check() -> None:
            reply = await self.ask("POST", "/networks", {"network": {"name": "contract"}})
            assert reply.status == 201
            network = reply.json["network"]
            network_path = f"/networks/{network['id']}"
            assert (network["shared"], network["project_id"]) == (False, self.demo.project)
            wanted = {"network_id": network["id"], "ip_version": 4, "cidr": "10.7.0.0/24"}
            subnet = (await self.good("POST", "/subnets", {"subnet": wanted}))["subnet"]
            assert subnet["gateway_ip"] == "10.7.0.1"
            assert subnet["allocation_pools"] == [{"start": "10.7.0.2", "end": "10.7.0.254"}]
            reply = await self.ask("POST", "/ports", {"port": {"network_id": network["id"], "name": "p1"}})
            assert reply.status == 201
            port = reply.json["port"]
            path = f"/ports/{port['id']}"
            assert port["fixed_ips"][0]["subnet_id"] == subnet["id"]
            assert port["fixed_ips"][0]["ip_address"].startswith("10.7.0.")
            assert (port["status"], port["device_id"], port["binding:vnic_type"]) == ("DOWN", "", "normal")
            assert len(port["security_groups"]) == 1
            assert (await self.good("GET", path))["port"]["id"] == port["id"]
            found = (await self.good("GET", "/ports?name=p1&fields=id"))["ports"]
            assert found == [{"id": port["id"]}]
            renamed = await self.good("PUT", path, {"port": {"name": "p2"}})
            assert (renamed["port"]["name"], renamed["port"]["revision_number"]) == ("p2", 2)
            message = f"Port {port['id']} could not be found."
            await self.refused(404, "PortNotFound", message, "GET", path, who=self.alt)
            message = f"Network {network['id']} could not be found."
            await self.refused(404, "NetworkNotFound", message, "GET", network_path, who=self.alt)
            assert (await self.ask("GET", path, who=self.admin)).status == 200
            message = (
                f"Unable to complete operation on network {network['id']}. There are one or more ports still in "
                f"use on the network, id for these ports is: {port['id']}."
            )
            await self.refused(409, "NetworkInUse", message, "DELETE", network_path)
            gone = await self.ask("DELETE", path)
            assert (gone.status, gone.content) == (204, b"")
            assert (await self.ask("DELETE", path)).status == 404
            assert (await self.ask("DELETE", network_path)).status == 204
            assert (await self.ask("GET", f"/subnets/{subnet['id']}")).status == 404

        return self.finish(check())

    def test_security_groups(self) -> Any:
        """
        Every project has a group ``default`` of its own.
        """

        async def check() -> None:
            (own,) = (await self.good("GET", "/security-groups?name=default"))["security_groups"]
            (other,) = (await self.good("GET", "/security-groups", who=self.alt))["security_groups"]
            assert own["id"] != other["id"]
            assert own["description"] == "Default security group"
            path = f"/security-groups/{own['id']}"
            assert (await self.good("GET", path))["security_group"]["name"] == "default"
            message = f"Security group {own['id']} does not exist"
            await self.refused(404, "SecurityGroupNotFound", message, "GET", path, who=self.alt)

        return self.finish(check())

    def test_pages(self) -> Any:
        """
        A full page has a link to the next.
        """

        async def check() -> None:
            first = await self.good("GET", "/networks?limit=1")
            (network,) = first["networks"]
            link = next(each for each in first["networks_links"] if each["rel"] == "next")
            assert link["href"] == f"{self.api.url}/networks?limit=1&marker={network['id']}"
            second = await self.good("GET", f"/networks?limit=1&marker={network['id']}")
            assert second["networks"][0]["id"] > network["id"]

        return self.finish(check())

    def test_extensions(self) -> Any:
        """
        Extensions are listed and found by alias.
        """

        async def check() -> None:
            aliases = {each["alias"] for each in (await self.good("GET", "/extensions"))["extensions"]}
            assert {"security-group", "port-security", "external-net", "binding"} <= aliases
            one = await self.good("GET", "/extensions/security-group")
            assert one["extension"]["alias"] == "security-group"
            assert (await self.ask("GET", "/extensions/nonsense")).status == 404

        return self.finish(check())
