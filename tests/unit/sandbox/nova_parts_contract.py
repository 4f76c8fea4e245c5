"""
What a Nova does with the things at a server: volumes, ports, metadata, tags.
"""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.nova_contract import NOWHERE, NovaContract


class NovaPartsContract(NovaContract):
    """
    What stands below ``/servers/ID``.
    """

    def attach(self, server_id: str, volume_id: str, **keywords: Any) -> tuple[int, Any]:
        """
        Status and body of an attach.
        """
        body = {"volumeAttachment": {"volumeId": volume_id}}
        return self.ask("POST", f"/servers/{server_id}/os-volume_attachments", body, **keywords)

    def test_attach_and_detach(self) -> None:
        """
        An attached volume is in use and shows at the server; after the detach it is free.
        """
        server_id, volume_id = self.active(), self.volume()
        path = f"/servers/{server_id}/os-volume_attachments"
        status, body = self.attach(server_id, volume_id)
        self.assertEqual(status, 200)
        shown = body["volumeAttachment"]
        self.assertEqual(
            {**shown, "device": None},
            {"id": volume_id, "serverId": server_id, "volumeId": volume_id, "device": None},
        )
        self.assertTrue(shown["device"].endswith("b"), shown)
        volume = self.until_volume(volume_id, "in-use")
        self.assertEqual(volume["attachments"][0]["server_id"], server_id)
        old = {"id", "volumeId", "serverId", "device"}
        newest = (old - {"id"}) | {"tag", "delete_on_termination", "attachment_id", "bdm_uuid"}
        for minor, keys in (
            (1, old),
            (70, old | {"tag"}),
            (79, old | {"tag", "delete_on_termination"}),
            (89, newest),
        ):
            _, body = self.ask("GET", path, minor=minor)
            self.assertEqual(set(body["volumeAttachments"][0]), keys)
            _, body = self.ask("GET", f"{path}/{volume_id}", minor=minor)
            self.assertEqual(set(body["volumeAttachment"]), keys)
        attached = self.show(server_id, minor=1)["os-extended-volumes:volumes_attached"]
        self.assertEqual(attached, [{"id": volume_id}])
        words = f"Invalid volume: volume {volume_id} is already attached to instances: {server_id}"
        again = {"volumeAttachment": {"volumeId": volume_id}}
        self.assertEqual(self.fault("POST", path, again), (400, words))

        self.assertEqual(self.ask("DELETE", f"{path}/{volume_id}"), (202, None))
        self.until_volume(volume_id, "available")
        words = f"Instance {server_id} is not attached to volume {volume_id}"
        self.assertEqual(self.fault("GET", f"{path}/{volume_id}"), (404, words))
        self.assertEqual(self.fault("DELETE", f"{path}/{volume_id}"), (404, words))
        missing = (404, f"Volume {NOWHERE} could not be found.")
        unknown = {"volumeAttachment": {"volumeId": NOWHERE}}
        self.assertEqual(self.fault("POST", path, unknown), missing)
        self.assertEqual(self.fault("DELETE", f"{path}/{NOWHERE}"), missing)

    def test_silent_attach(self) -> None:
        """
        From 2.101 on an attach is a 202 without a body; a volume that is to go with its server goes with it.
        """
        server_id, volume_id = self.active(), self.volume()
        self.assertEqual(self.attach(server_id, volume_id, minor=101), (202, None))
        self.until_volume(volume_id, "in-use")
        path = f"/servers/{server_id}/os-volume_attachments/{volume_id}"
        wanted = {"volumeAttachment": {"volumeId": volume_id, "delete_on_termination": True}}
        self.assertEqual(self.ask("PUT", path, wanted, minor=85), (202, None))
        self.gone(server_id)
        for _ in range(100):
            volumes = self.other("volume", "GET", "/v3/volumes")["volumes"]
            if not volumes:
                break
            self.a_moment()
        self.assertEqual(volumes, [])

    def test_metadata(self) -> None:
        """
        Metadata is merged, replaced, changed and removed by item.
        """
        server_id = self.active()
        path = f"/servers/{server_id}/metadata"
        self.assertEqual(self.ask("POST", path, {"metadata": {"a": "1"}}), (200, {"metadata": {"a": "1"}}))
        merged = self.ask("POST", path, {"metadata": {"b": "2"}})[1]
        self.assertEqual(merged, {"metadata": {"a": "1", "b": "2"}})
        self.assertEqual(self.ask("PUT", path, {"metadata": {"c": "3"}})[1], {"metadata": {"c": "3"}})
        self.assertEqual(self.ask("PUT", f"{path}/c", {"meta": {"c": "4"}}), (200, {"meta": {"c": "4"}}))
        self.assertEqual(self.ask("GET", f"{path}/c"), (200, {"meta": {"c": "4"}}))
        mismatch = self.fault("PUT", f"{path}/c", {"meta": {"d": "4"}})
        self.assertEqual(mismatch, (400, "Request body and URI mismatch"))
        self.assertEqual(self.ask("DELETE", f"{path}/c"), (204, None))
        for method in ("GET", "DELETE"):
            self.assertEqual(self.fault(method, f"{path}/c"), (404, "Metadata item was not found"))
        self.assertEqual(self.show(server_id)["metadata"], {})

    def test_tags(self) -> None:
        """
        Tags come and go, from 2.26 on.
        """
        server_id = self.active()
        path = f"/servers/{server_id}/tags"
        self.assertEqual(self.ask("GET", path)[0], 404)
        self.assertEqual(self.ask("PUT", path, {"tags": ["b", "a"]}, minor=26), (200, {"tags": ["a", "b"]}))
        reply = self.response("PUT", f"{path}/c", minor=26)
        self.assertEqual((reply.status, reply.header("Location")), (201, f"{self.api.url}{path}/c"))
        for method in ("PUT", "GET", "DELETE"):
            self.assertEqual(self.ask(method, f"{path}/c", minor=26), (204, None))
        words = f"Server {server_id} has no tag 'c'"
        self.assertEqual(self.fault("GET", f"{path}/c", minor=26), (404, words))
        self.assertEqual(self.fault("PUT", f"{path}/x,y", minor=26)[0], 400)
        self.assertEqual(self.ask("DELETE", path, minor=26), (204, None))
        self.assertEqual(self.show(server_id)["tags"], [])

    def test_interfaces(self) -> None:
        """
        Addresses are listed by network; ports are attached by network, listed and taken off.
        """
        server_id = self.active(networks=[{"uuid": self.network}])
        path = f"/servers/{server_id}"
        address = self.show(server_id)["addresses"]["shared-net"][0]["addr"]
        plain = [{"version": 4, "addr": address}]
        self.assertEqual(self.ask("GET", f"{path}/ips"), (200, {"addresses": {"shared-net": plain}}))
        self.assertEqual(self.ask("GET", f"{path}/ips/shared-net"), (200, {"shared-net": plain}))
        words = "Instance is not a member of specified network"
        self.assertEqual(self.fault("GET", f"{path}/ips/zz"), (404, words))

        ports = f"{path}/os-interface"
        _, body = self.ask("POST", ports, {"interfaceAttachment": {"net_id": self.network}})
        port_id = body["interfaceAttachment"]["port_id"]
        self.assertEqual(len(self.show(server_id)["addresses"]["shared-net"]), 2)
        shown = self.ask("GET", f"{ports}/{port_id}")[1]["interfaceAttachment"]
        self.assertEqual(shown["net_id"], self.network)
        self.assertNotIn("tag", self.ask("GET", ports)[1]["interfaceAttachments"][0])
        self.assertIn("tag", self.ask("GET", ports, minor=70)[1]["interfaceAttachments"][0])
        self.assertEqual(self.ask("DELETE", f"{ports}/{port_id}"), (202, None))
        missing = f"Port id {NOWHERE} could not be found."
        unknown = {"interfaceAttachment": {"port_id": NOWHERE}}
        self.assertEqual(self.fault("POST", ports, unknown), (404, missing))
        self.assertEqual(self.fault("GET", f"{ports}/{NOWHERE}"), (404, missing))
        both = {"interfaceAttachment": {"port_id": NOWHERE, "net_id": self.network}}
        self.assertEqual(self.fault("POST", ports, both), (400, "Must not input both network_id and port_id"))

    def test_security_groups(self) -> None:
        """
        Security groups are listed, removed and added; unknown ones are a 404.
        """
        server_id = self.active(networks=[{"uuid": self.network}])
        path = f"/servers/{server_id}"
        _, body = self.ask("GET", f"{path}/os-security-groups")
        self.assertEqual([each["name"] for each in body["security_groups"]], ["default"])
        self.assertEqual(self.act(server_id, {"removeSecurityGroup": {"name": "default"}})[0], 202)
        self.assertNotIn("security_groups", self.show(server_id))
        self.assertEqual(self.act(server_id, {"addSecurityGroup": {"name": "default"}})[0], 202)
        words = f"Security group zz is not found for project {self.demo.project}"
        unknown = {"addSecurityGroup": {"name": "zz"}}
        self.assertEqual(self.fault("POST", f"{path}/action", unknown), (404, words))

    def test_others(self) -> None:
        """
        What else can be asked about a server answers, with its microversion and policy.
        """
        path = f"/servers/{self.active()}"
        self.assertEqual(self.ask("GET", f"{path}/os-server-password"), (200, {"password": ""}))
        self.assertEqual(self.ask("DELETE", f"{path}/os-server-password"), (204, None))
        self.assertEqual(self.ask("GET", f"{path}/topology", minor=78)[0], 200)
        self.assertEqual(self.ask("GET", f"{path}/topology", minor=77)[0], 404)
        self.assertEqual(self.ask("GET", f"{path}/diagnostics")[0], 403)
        self.assertEqual(self.ask("GET", f"{path}/diagnostics", who="admin", minor=48)[0], 200)
        self.assertEqual(
            self.ask("GET", f"{path}/migrations", who="admin", minor=23), (200, {"migrations": []})
        )
