"""
Actions on servers and what hangs on them, at the fake Nova.
"""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.nova_pod import IMAGE, NOWHERE, ORIGIN, NovaTestCase

#: What leads a server from ACTIVE into a state.
INTO = {
    "stopped": {"os-stop": None},
    "paused": {"pause": None},
    "suspended": {"suspend": None},
    "rescued": {"rescue": None},
    "shelved_offloaded": {"shelve": None},
    "resized": {"resize": {"flavorRef": "2"}},
}
#: State, action, state after it, status.
MOVES: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("active", {"os-stop": None}, "stopped", "SHUTOFF"),
    ("stopped", {"os-start": None}, "active", "ACTIVE"),
    ("active", {"pause": None}, "paused", "PAUSED"),
    ("paused", {"unpause": None}, "active", "ACTIVE"),
    ("active", {"suspend": None}, "suspended", "SUSPENDED"),
    ("suspended", {"resume": None}, "active", "ACTIVE"),
    ("active", {"rescue": None}, "rescued", "RESCUE"),
    ("rescued", {"unrescue": None}, "active", "ACTIVE"),
    ("active", {"shelve": None}, "shelved_offloaded", "SHELVED_OFFLOADED"),
    ("shelved_offloaded", {"unshelve": None}, "active", "ACTIVE"),
    ("active", {"resize": {"flavorRef": "2"}}, "resized", "VERIFY_RESIZE"),
    ("resized", {"confirmResize": None}, "active", "ACTIVE"),
    ("resized", {"revertResize": None}, "active", "ACTIVE"),
    ("active", {"reboot": {"type": "SOFT"}}, "active", "ACTIVE"),
    ("stopped", {"reboot": {"type": "HARD"}}, "active", "ACTIVE"),
    ("stopped", {"rebuild": {"imageRef": IMAGE}}, "stopped", "SHUTOFF"),
)


class ActionTests(NovaTestCase):
    """
    ``POST /servers/ID/action``.
    """

    def in_state(self, state: str) -> str:
        """
        A server in this state.
        """
        server_id: str = self.active()
        if state != "active":
            self.act(server_id, INTO[state])
            self.clock.advance(1)
        self.assertEqual(self.show(server_id)["OS-EXT-STS:vm_state"], state)
        return server_id

    def refusal(self, server_id: str, action: Any, **keywords: Any) -> tuple[int, str]:
        """
        Status and words of a refused action.
        """
        return self.fault("POST", f"/servers/{server_id}/action", action, **keywords)

    def test_moves(self) -> None:
        """
        Each action moves a server from its state to the next, after a while with a task.
        """
        for before, action, after, status in MOVES:
            server_id = self.in_state(before)
            answered, _ = self.act(server_id, action)
            self.assertIn(answered, (200, 202, 204), action)
            self.clock.advance(1)
            server = self.show(server_id)
            self.assertEqual(
                (server["OS-EXT-STS:vm_state"], server["status"], server["OS-EXT-STS:task_state"]),
                (after, status, None),
                action,
            )
            self.ask("DELETE", f"/servers/{server_id}")
            self.clock.advance(1)

    def test_wrong_states(self) -> None:
        """
        An action in a wrong state is a 409 in Nova's words.
        """
        for state, action, word in (
            ("active", {"os-start": None}, "start"),
            ("stopped", {"os-stop": None}, "stop"),
            ("stopped", {"pause": None}, "pause"),
            ("stopped", {"reboot": {"type": "SOFT"}}, "reboot"),
            ("active", {"unpause": None}, "unpause"),
            ("active", {"confirmResize": None}, "confirmResize"),
            ("active", {"revertResize": None}, "revertResize"),
            ("active", {"unrescue": None}, "unrescue"),
            ("active", {"unshelve": None}, "unshelve"),
            ("active", {"restore": None}, "restore"),
        ):
            server_id = self.in_state(state)
            self.assertEqual(
                self.refusal(server_id, action),
                (409, f"Cannot '{word}' instance {server_id} while it is in vm_state {state}"),
            )
            self.ask("DELETE", f"/servers/{server_id}")
            self.clock.advance(1)

    def test_during_a_task(self) -> None:
        """
        During a task other actions are a 409, and the status tells of a reboot or resize.
        """
        server_id = self.active()
        self.act(server_id, {"reboot": {"type": "SOFT"}})
        self.assertEqual(self.show(server_id)["status"], "REBOOT")
        self.assertEqual(
            self.refusal(server_id, {"os-stop": None}),
            (409, f"Cannot 'stop' instance {server_id} while it is in task_state rebooting"),
        )

    def test_never_launched(self) -> None:
        """
        A server in ERROR that never ran cannot be stopped.
        """
        self.behave(kind="no_valid_host", times=1)
        server_id = self.active()
        self.assertEqual(
            self.refusal(server_id, {"os-stop": None}),
            (409, f"Cannot 'stop' instance {server_id} while it has never been active"),
        )

    def test_lock(self) -> None:
        """
        A locked server is changed by admins alone; the lock and its reason show.
        """
        server_id = self.active()
        self.assertEqual(self.act(server_id, {"lock": {"locked_reason": "why"}}, minor=73)[0], 202)
        server = self.show(server_id)
        self.assertEqual((server["locked"], server["locked_reason"]), (True, "why"))
        words = (409, f"Instance {server_id} is locked")
        self.assertEqual(self.refusal(server_id, {"os-stop": None}), words)
        self.assertEqual(self.fault("DELETE", f"/servers/{server_id}"), words)
        self.assertEqual(
            self.fault("POST", f"/servers/{server_id}/metadata", {"metadata": {"a": "b"}}), words
        )
        self.assertEqual(self.act(server_id, {"os-stop": None}, who="admin")[0], 202)
        self.assertEqual(self.act(server_id, {"unlock": None})[0], 202)
        self.assertFalse(self.show(server_id)["locked"])

    def test_bad_actions(self) -> None:
        """
        What is no action, or not one action, or a wrong argument, is a 400.
        """
        server_id = self.active()
        for action, words in (
            ({}, "Malformed request body"),
            ({"os-start": None, "os-stop": None}, "Malformed request body"),
            ({"nope": None}, "There is no such action: nope"),
            (
                {"reboot": {"type": "x"}},
                "Invalid input for field/attribute type. Value: x. 'x' is not one of ['HARD', 'Hard', "
                "'hard', 'SOFT', 'Soft', 'soft']",
            ),
            ({"resize": {"flavorRef": "1"}}, "When resizing, instances must change flavor!"),
            ({"resize": {"flavorRef": "zz"}}, "Flavor zz could not be found."),
            (
                {"createImage": {}},
                "Invalid input for field/attribute createImage. Value: {}. 'name' is a required property",
            ),
        ):
            self.assertEqual(self.refusal(server_id, action), (400, words))

    def test_admin_actions(self) -> None:
        """
        Actions of admins are a 403 for others.
        """
        server_id = self.active()
        for action, policy in (
            ({"os-resetState": {"state": "error"}}, "os-admin-actions:reset_state"),
            ({"migrate": None}, "os-migrate-server:migrate"),
            ({"shelveOffload": None}, "os-shelve:shelve_offload"),
        ):
            self.assertEqual(
                self.refusal(server_id, action),
                (403, f"Policy doesn't allow os_compute_api:{policy} to be performed."),
            )
        self.assertEqual(self.act(server_id, {"os-resetState": {"state": "error"}}, who="admin")[0], 202)
        self.assertEqual(self.show(server_id)["status"], "ERROR")

    def test_resize(self) -> None:
        """
        The new flavor shows once resized, a revert brings the old one back, and the injected quota refuses.
        """
        server_id = self.active()
        self.act(server_id, {"resize": {"flavorRef": "2"}})
        self.assertEqual(self.show(server_id)["status"], "RESIZE")
        self.clock.advance(1)
        self.assertEqual(self.show(server_id)["flavor"]["original_name"], "m1.small")
        self.act(server_id, {"revertResize": None})
        self.clock.advance(1)
        self.assertEqual(self.show(server_id)["flavor"]["original_name"], "m1.tiny")

        self.behave(kind="quota", times=1)
        status, words = self.refusal(server_id, {"resize": {"flavorRef": "2"}})
        self.assertEqual(status, 403)
        self.assertIn("Quota exceeded for cores", words)

    def test_create_image(self) -> None:
        """
        An image's place is in the Location below 2.45, in the Glance of all pods; its id in the body from
        there on.
        """
        server_id = self.active()
        path, body = f"/servers/{server_id}/action", {"createImage": {"name": "i"}}
        response = self.response("POST", path, body)
        (location,) = response.headers.getRawHeaders("Location")
        self.assertEqual(response.code, 202)
        self.assertTrue(location.startswith("http://127.0.0.1:9292/images/"), location)
        self.clock.advance(1)
        status, answer = self.ask("POST", path, body, minor=45)
        self.assertEqual((status, list(answer)), (202, ["image_id"]))

    def test_rebuild(self) -> None:
        """
        A rebuild answers with the server and a new password.
        """
        server_id = self.active()
        status, body = self.act(server_id, {"rebuild": {"imageRef": NOWHERE, "name": "again"}})
        self.assertEqual((status, body["server"]["status"]), (202, "REBUILD"))
        self.assertEqual((body["server"]["name"], body["server"]["image"]["id"]), ("again", NOWHERE))
        self.assertTrue(body["server"]["adminPass"])

    def test_consoles(self) -> None:
        """
        Console output is cut to the length; consoles have URLs that are not the API's.
        """
        server_id = self.active()
        _, body = self.act(server_id, {"os-getConsoleOutput": {"length": 1}})
        self.assertEqual(body, {"output": "FAKE CONSOLE OUTPUT LINE 12\n"})
        _, body = self.act(server_id, {"os-getVNCConsole": {"type": "novnc"}})
        self.assertNotIn(ORIGIN, body["console"]["url"])
        wanted = {"remote_console": {"protocol": "vnc", "type": "novnc"}}
        path = f"/servers/{server_id}/remote-consoles"
        self.assertEqual(self.ask("POST", path, wanted, minor=6)[0], 200)
        self.assertEqual(self.fault("POST", path, wanted), (404, "The resource could not be found."))

    def test_by_version(self) -> None:
        """
        An action outside of its microversions is a 404; one that is gone for good a 410.
        """
        server_id = self.active()
        missing = (404, "The resource could not be found.")
        self.assertEqual(self.refusal(server_id, {"trigger_crash_dump": None}), missing)
        self.assertEqual(self.act(server_id, {"trigger_crash_dump": None}, minor=17)[0], 202)
        self.assertEqual(self.refusal(server_id, {"os-getVNCConsole": {"type": "novnc"}}, minor=6), missing)
        self.assertEqual(self.refusal(server_id, {"resetNetwork": None})[0], 410)

    def test_events(self) -> None:
        """
        The instance actions tell what was done, newest first, with the request's id.
        """
        server_id = self.active()
        response = self.response("POST", f"/servers/{server_id}/action", {"os-stop": None})
        (request_id,) = response.headers.getRawHeaders("X-Compute-Request-Id")
        _, body = self.ask("GET", f"/servers/{server_id}/os-instance-actions")
        self.assertEqual([each["action"] for each in body["instanceActions"]], ["stop", "create"])
        self.assertEqual(body["instanceActions"][0]["request_id"], request_id)
        path = f"/servers/{server_id}/os-instance-actions/{request_id}"
        self.assertEqual(self.ask("GET", path)[1]["instanceAction"]["action"], "stop")


class VolumeTests(NovaTestCase):
    """
    ``/servers/ID/os-volume_attachments``.
    """

    def setUp(self) -> None:
        super().setUp()
        self.server_id = self.active()
        self.path = f"/servers/{self.server_id}/os-volume_attachments"

    def attach(self, volume_id: str, **keywords: Any) -> tuple[int, Any]:
        """
        Status and body of an attach.
        """
        return self.ask("POST", self.path, {"volumeAttachment": {"volumeId": volume_id}}, **keywords)

    def test_attach_and_detach(self) -> None:
        """
        An attached volume is in use and shows at the server; after the detach it is free.
        """
        volume = self.volumes.add()
        status, body = self.attach(volume.id)
        self.assertEqual(status, 200)
        self.assertEqual(
            body["volumeAttachment"],
            {"id": volume.id, "serverId": self.server_id, "volumeId": volume.id, "device": "/dev/sdb"},
        )
        self.assertEqual(volume.status, "in-use")
        attached = self.show(self.server_id, minor=1)["os-extended-volumes:volumes_attached"]
        self.assertEqual(attached, [{"id": volume.id}])

        self.assertEqual(self.ask("DELETE", f"{self.path}/{volume.id}"), (202, None))
        self.assertEqual((volume.status, self.volumes.attached), ("available", {}))

    def test_silent_attach(self) -> None:
        """
        From 2.101 on an attach is a 202 without a body.
        """
        self.assertEqual(self.attach(self.volumes.add().id, minor=101), (202, None))

    def test_keys(self) -> None:
        """
        An attachment gets and loses keys with the microversions.
        """
        volume = self.volumes.add()
        self.attach(volume.id)
        old = ["id", "volumeId", "serverId", "device"]
        for minor, keys in (
            (1, old),
            (70, [*old, "tag"]),
            (79, [*old, "tag", "delete_on_termination"]),
            (89, [*old[1:], "tag", "delete_on_termination", "attachment_id", "bdm_uuid"]),
        ):
            _, body = self.ask("GET", self.path, minor=minor)
            self.assertEqual(list(body["volumeAttachments"][0]), keys)
            _, body = self.ask("GET", f"{self.path}/{volume.id}", minor=minor)
            self.assertEqual(list(body["volumeAttachment"]), keys)

    def test_refused(self) -> None:
        """
        Unknown volumes are a 404, ones in use a 400 that names the server, ones not attached a 404.
        """
        missing = (404, f"Volume {NOWHERE} could not be found.")
        body = {"volumeAttachment": {"volumeId": NOWHERE}}
        self.assertEqual(self.fault("POST", self.path, body), missing)
        self.assertEqual(self.fault("DELETE", f"{self.path}/{NOWHERE}"), missing)
        volume = self.volumes.add()
        words = f"Instance {self.server_id} is not attached to volume {volume.id}"
        self.assertEqual(self.fault("GET", f"{self.path}/{volume.id}"), (404, words))
        self.assertEqual(self.fault("DELETE", f"{self.path}/{volume.id}"), (404, words))
        self.attach(volume.id)
        self.assertEqual(
            self.fault("POST", self.path, {"volumeAttachment": {"volumeId": volume.id}}),
            (
                400,
                f"Invalid volume: volume {volume.id} is already attached to instances: {self.server_id}",
            ),
        )

    def test_delete_on_termination(self) -> None:
        """
        A volume that is to go with its server goes with it; another is detached and stays.
        """
        going, staying = self.volumes.add(), self.volumes.add()
        self.attach(staying.id)
        self.attach(going.id)
        wanted = {"volumeAttachment": {"volumeId": going.id, "delete_on_termination": True}}
        self.assertEqual(self.ask("PUT", f"{self.path}/{going.id}", wanted, minor=85), (202, None))
        self.ask("DELETE", f"/servers/{self.server_id}")
        self.clock.advance(1)
        self.assertEqual(list(self.volumes.volumes.values()), [staying])
        self.assertEqual(staying.status, "available")


class SubresourceTests(NovaTestCase):
    """
    Metadata, tags, ports and the rest below a server.
    """

    def setUp(self) -> None:
        super().setUp()
        self.server_id = self.active(networks=[{"uuid": self.network.networks[0].id}])
        self.path = f"/servers/{self.server_id}"

    def test_metadata(self) -> None:
        """
        Metadata is merged, replaced, changed and removed by item.
        """
        path = f"{self.path}/metadata"
        self.assertEqual(self.ask("POST", path, {"metadata": {"a": "1"}}), (200, {"metadata": {"a": "1"}}))
        self.assertEqual(
            self.ask("POST", path, {"metadata": {"b": "2"}})[1], {"metadata": {"a": "1", "b": "2"}}
        )
        self.assertEqual(self.ask("PUT", path, {"metadata": {"c": "3"}})[1], {"metadata": {"c": "3"}})
        self.assertEqual(self.ask("PUT", f"{path}/c", {"meta": {"c": "4"}}), (200, {"meta": {"c": "4"}}))
        self.assertEqual(self.ask("GET", f"{path}/c"), (200, {"meta": {"c": "4"}}))
        self.assertEqual(
            self.fault("PUT", f"{path}/c", {"meta": {"d": "4"}}),
            (400, "Request body and URI mismatch"),
        )
        self.assertEqual(self.ask("DELETE", f"{path}/c"), (204, None))
        self.assertEqual(self.fault("DELETE", f"{path}/c"), (404, "Metadata item was not found"))
        self.assertEqual(self.show(self.server_id)["metadata"], {})

    def test_tags(self) -> None:
        """
        Tags come and go, from 2.26 on.
        """
        path = f"{self.path}/tags"
        self.assertEqual(self.ask("GET", path)[0], 404)
        self.assertEqual(self.ask("PUT", path, {"tags": ["b", "a"]}, minor=26), (200, {"tags": ["a", "b"]}))
        response = self.response("PUT", f"{path}/c", minor=26)
        self.assertEqual(response.code, 201)
        self.assertEqual(response.headers.getRawHeaders("Location"), [f"{ORIGIN}/v2.1{path}/c"])
        self.assertEqual(self.ask("PUT", f"{path}/c", minor=26), (204, None))
        self.assertEqual(self.ask("GET", f"{path}/c", minor=26), (204, None))
        self.assertEqual(self.ask("DELETE", f"{path}/c", minor=26), (204, None))
        self.assertEqual(
            self.fault("GET", f"{path}/c", minor=26), (404, f"Server {self.server_id} has no tag 'c'")
        )
        self.assertEqual(self.fault("PUT", f"{path}/x,y", minor=26)[0], 400)
        self.assertEqual(self.ask("DELETE", path, minor=26), (204, None))
        self.assertEqual(self.show(self.server_id)["tags"], [])

    def test_addresses(self) -> None:
        """
        Addresses are listed by network.
        """
        plain = [{"version": 4, "addr": "10.1.0.2"}]
        path = f"{self.path}/ips"
        self.assertEqual(self.ask("GET", path), (200, {"addresses": {"shared-net": plain}}))
        self.assertEqual(self.ask("GET", f"{path}/shared-net"), (200, {"shared-net": plain}))
        self.assertEqual(
            self.fault("GET", f"{path}/zz"), (404, "Instance is not a member of specified network")
        )

    def test_interfaces(self) -> None:
        """
        Ports are attached by network or by port, listed and taken off.
        """
        path = f"{self.path}/os-interface"
        network_id = self.network.networks[0].id
        _, body = self.ask("POST", path, {"interfaceAttachment": {"net_id": network_id}})
        port_id = body["interfaceAttachment"]["port_id"]
        self.assertEqual(len(self.show(self.server_id)["addresses"]["shared-net"]), 2)
        self.assertEqual(self.ask("GET", f"{path}/{port_id}")[1]["interfaceAttachment"]["net_id"], network_id)
        self.assertNotIn("tag", self.ask("GET", path)[1]["interfaceAttachments"][0])
        self.assertIn("tag", self.ask("GET", path, minor=70)[1]["interfaceAttachments"][0])
        self.assertEqual(self.ask("DELETE", f"{path}/{port_id}"), (202, None))
        self.assertNotIn(port_id, self.network.ports)

        missing = (404, f"Port id {NOWHERE} could not be found.")
        self.assertEqual(self.fault("POST", path, {"interfaceAttachment": {"port_id": NOWHERE}}), missing)
        self.assertEqual(self.fault("GET", f"{path}/{NOWHERE}"), missing)
        both = {"interfaceAttachment": {"port_id": NOWHERE, "net_id": network_id}}
        self.assertEqual(self.fault("POST", path, both), (400, "Must not input both network_id and port_id"))

    def test_security_groups(self) -> None:
        """
        Security groups are listed, added and removed; unknown ones are a 404.
        """
        _, body = self.ask("GET", f"{self.path}/os-security-groups")
        self.assertEqual([each["name"] for each in body["security_groups"]], ["default"])
        self.assertEqual(self.act(self.server_id, {"removeSecurityGroup": {"name": "default"}})[0], 202)
        self.assertNotIn("security_groups", self.show(self.server_id))
        self.assertEqual(self.act(self.server_id, {"addSecurityGroup": {"name": "default"}})[0], 202)
        self.assertEqual(
            self.fault("POST", f"{self.path}/action", {"addSecurityGroup": {"name": "zz"}}),
            (404, f"Security group zz is not found for project {'d' * 32}"),
        )

    def test_others(self) -> None:
        """
        What else can be asked about a server answers, with its microversion and policy.
        """
        self.assertEqual(self.ask("GET", f"{self.path}/os-server-password"), (200, {"password": ""}))
        self.assertEqual(self.ask("DELETE", f"{self.path}/os-server-password"), (204, None))
        self.assertEqual(self.ask("GET", f"{self.path}/topology", minor=78)[0], 200)
        self.assertEqual(self.ask("GET", f"{self.path}/topology", minor=77)[0], 404)
        self.assertEqual(self.ask("GET", f"{self.path}/shares", minor=97), (200, {"shares": []}))
        self.assertEqual(self.ask("GET", f"{self.path}/diagnostics")[0], 403)
        self.assertEqual(self.ask("GET", f"{self.path}/diagnostics", who="admin", minor=48)[0], 200)
        self.assertEqual(
            self.ask("GET", f"{self.path}/migrations", who="admin", minor=23), (200, {"migrations": []})
        )
