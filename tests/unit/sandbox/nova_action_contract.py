"""
What a Nova does with actions on servers.
"""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.nova_contract import FLAVOR, LARGER, NOWHERE, NovaContract

#: Actions one after another on one server, and the state and status that each leads to.
MOVES: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"reboot": {"type": "SOFT"}}, "active", "ACTIVE"),
    ({"os-stop": None}, "stopped", "SHUTOFF"),
    ({"rebuild": {"imageRef": ""}}, "stopped", "SHUTOFF"),
    ({"os-start": None}, "active", "ACTIVE"),
    ({"pause": None}, "paused", "PAUSED"),
    ({"unpause": None}, "active", "ACTIVE"),
    ({"suspend": None}, "suspended", "SUSPENDED"),
    ({"resume": None}, "active", "ACTIVE"),
    ({"rescue": None}, "rescued", "RESCUE"),
    ({"unrescue": None}, "active", "ACTIVE"),
    ({"os-stop": None}, "stopped", "SHUTOFF"),
    ({"reboot": {"type": "HARD"}}, "active", "ACTIVE"),
    ({"shelve": None}, "shelved_offloaded", "SHELVED_OFFLOADED"),
    ({"unshelve": None}, "active", "ACTIVE"),
)


class NovaActionContract(NovaContract):
    """
    ``POST /servers/ID/action``.
    """

    def refusal(self, server_id: str, action: Any, **keywords: Any) -> tuple[int, str]:
        """
        Status and words of a refused action.
        """
        return self.fault("POST", f"/servers/{server_id}/action", action, **keywords)

    def does(self, server_id: str, action: Any, status: str) -> Any:
        """
        The server after an action that leads to this status.
        """
        answered, body = self.act(server_id, action)
        self.assertIn(answered, (200, 202, 204), (action, body))
        return self.until(server_id, status)

    def test_moves(self) -> None:
        """
        Each action moves a server from its state to the next.
        """
        server_id = self.active()
        for action, state, status in MOVES:
            if "rebuild" in action:
                action = {"rebuild": {"imageRef": self.image}}
            server = self.does(server_id, action, status)
            self.assertEqual(server["OS-EXT-STS:vm_state"], state, action)
            zone = "" if state == "shelved_offloaded" else "nova"
            self.assertEqual(server["OS-EXT-AZ:availability_zone"], zone, action)

    def test_wrong_states(self) -> None:
        """
        An action in a wrong state is a 409 in Nova's words.
        """
        server_id = self.active()
        words = f"Cannot '{{}}' instance {server_id} while it is in vm_state {{}}"
        for action in (
            "os-start",
            "unpause",
            "resume",
            "confirmResize",
            "revertResize",
            "unrescue",
            "unshelve",
        ):
            expected = (409, words.format(action.removeprefix("os-"), "active"))
            self.assertEqual(self.refusal(server_id, {action: None}), expected)
        self.assertEqual(self.refusal(server_id, {"restore": None}), (409, words.format("restore", "active")))
        self.does(server_id, {"os-stop": None}, "SHUTOFF")
        for action, argument in (("os-stop", None), ("pause", None), ("suspend", None), ("reboot", "SOFT")):
            body = {action: argument and {"type": argument}}
            expected = (409, words.format(action.removeprefix("os-"), "stopped"))
            self.assertEqual(self.refusal(server_id, body), expected)

    def test_lock(self) -> None:
        """
        A locked server is changed by admins alone; the lock and its reason show.
        """
        server_id = self.active()
        self.assertEqual(self.act(server_id, {"lock": {"locked_reason": "why"}}, minor=73)[0], 202)
        server = self.show(server_id)
        self.assertEqual((server["locked"], server["locked_reason"]), (True, "why"))
        self.assertEqual(self.act(server_id, {"lock": {"locked_reason": "else"}}, minor=73)[0], 202)
        self.assertEqual(self.show(server_id)["locked_reason"], "why")
        words = (409, f"Instance {server_id} is locked")
        self.assertEqual(self.refusal(server_id, {"os-stop": None}), words)
        self.assertEqual(self.fault("DELETE", f"/servers/{server_id}"), words)
        metadata = {"metadata": {"a": "b"}}
        self.assertEqual(self.fault("POST", f"/servers/{server_id}/metadata", metadata), words)
        self.assertEqual(self.act(server_id, {"os-stop": None}, who="admin")[0], 202)
        self.until(server_id, "SHUTOFF")
        self.assertEqual(self.act(server_id, {"unlock": None})[0], 202)
        self.assertFalse(self.show(server_id)["locked"])

    def test_bad_actions(self) -> None:
        """
        What is no action, or not one action, or a wrong argument, is a 400.
        """
        server_id = self.active()
        field = "Invalid input for field/attribute"
        kinds = "['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft']"
        for action, words in (
            ({}, "Malformed request body"),
            ({"os-start": None, "os-stop": None}, "Malformed request body"),
            ({"nope": None}, "There is no such action: nope"),
            ({"reboot": {"type": "x"}}, f"{field} type. Value: x. 'x' is not one of {kinds}"),
            ({"reboot": {}}, f"{field} reboot. Value: {{}}. 'type' is a required property"),
            ({"resize": {"flavorRef": FLAVOR}}, "When resizing, instances must change flavor!"),
            ({"resize": {"flavorRef": "zz"}}, "Flavor zz could not be found."),
            ({"createImage": {}}, f"{field} createImage. Value: {{}}. 'name' is a required property"),
            ({"rebuild": {"imageRef": NOWHERE}}, "Cannot find image for rebuild"),
        ):
            self.assertEqual(self.refusal(server_id, action), (400, words), action)

    def test_unknown_server(self) -> None:
        """
        An action on a server that is not there is a 404 in the words of a show, but for two; what is no action is a 400
        before that.
        """
        words = (404, f"Instance {NOWHERE} could not be found.")
        for action in ({"pause": None}, {"reboot": {"type": "SOFT"}}, {"createImage": {"name": "i"}}):
            self.assertEqual(self.refusal(NOWHERE, action), words)
        words = (404, f"Instance {NOWHERE} has no mapping to a cell.")
        for action in ({"os-start": None}, {"os-stop": None}):
            self.assertEqual(self.refusal(NOWHERE, action), words)
        self.assertEqual(self.refusal(NOWHERE, {"nope": None}), (400, "There is no such action: nope"))

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
            words = f"Policy doesn't allow os_compute_api:{policy} to be performed."
            self.assertEqual(self.refusal(server_id, action), (403, words))
        self.assertEqual(self.act(server_id, {"os-resetState": {"state": "error"}}, who="admin")[0], 202)
        self.assertEqual(self.show(server_id)["status"], "ERROR")
        self.assertEqual(self.act(server_id, {"os-resetState": {"state": "active"}}, who="admin")[0], 202)
        self.assertEqual(self.show(server_id)["status"], "ACTIVE")

    def test_resize(self) -> None:
        """
        The new flavor shows once resized; a revert brings the old one back, a confirm keeps the new one.
        """
        server_id = self.active()
        resize = {"resize": {"flavorRef": LARGER}}
        self.assertEqual(self.does(server_id, resize, "VERIFY_RESIZE")["flavor"]["original_name"], "m1.micro")
        back = self.does(server_id, {"revertResize": None}, "ACTIVE")
        self.assertEqual(back["flavor"]["original_name"], "m1.nano")
        self.does(server_id, resize, "VERIFY_RESIZE")
        self.assertEqual(self.act(server_id, {"confirmResize": None})[0], 204)
        kept = self.until(server_id, "ACTIVE")
        self.assertEqual(kept["flavor"]["original_name"], "m1.micro")

    def test_create_image(self) -> None:
        """
        An image's place is in the Location below 2.45, in the Glance of all pods; its id in the body from
        there on.
        """
        server_id = self.active()
        path, body = f"/servers/{server_id}/action", {"createImage": {"name": "i", "metadata": {"a": "b"}}}
        reply = self.response("POST", path, body)
        self.assertEqual((reply.status, reply.content), (202, b""))
        place, _, image_id = (reply.header("Location") or "").rpartition("/images/")
        self.assertEqual(place, self.service("image", "").url)
        image = self.other("image", "GET", f"/v2/images/{image_id}")
        self.assertEqual((image["name"], image["a"], image["image_type"]), ("i", "b", "snapshot"))
        self.until(server_id, "ACTIVE")
        status, answer = self.ask("POST", path, body, minor=45)
        self.assertEqual((status, set(answer)), (202, {"image_id"}))
        self.until(server_id, "ACTIVE")

    def test_rebuild(self) -> None:
        """
        A rebuild answers with the server and a new password.
        """
        server_id = self.active()
        status, body = self.act(server_id, {"rebuild": {"imageRef": self.image, "name": "again"}})
        self.assertEqual((status, body["server"]["name"]), (202, "again"))
        self.assertEqual((body["server"]["status"], body["server"]["image"]["id"]), ("REBUILD", self.image))
        self.assertTrue(body["server"]["adminPass"])
        self.until(server_id, "ACTIVE")

    def test_consoles(self) -> None:
        """
        Console output is cut to the length; consoles have URLs that are not the API's, by the action below 2.6 and by
        their own resource from there on.
        """
        server_id = self.active()
        _, body = self.act(server_id, {"os-getConsoleOutput": {"length": 3}})
        self.assertEqual(body["output"].count("\n"), 2)
        _, body = self.act(server_id, {"os-getVNCConsole": {"type": "novnc"}})
        self.assertFalse(body["console"]["url"].startswith(self.api.url))
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
        self.assertEqual(self.refusal(server_id, {"os-getVNCConsole": {"type": "novnc"}}, minor=6), missing)
        self.assertEqual(self.refusal(server_id, {"resetNetwork": None}, who="admin")[0], 410)

    def test_events(self) -> None:
        """
        The instance actions tell what was done, newest first, with the request's id.
        """
        server_id = self.active()
        path = f"/servers/{server_id}"
        self.a_moment()
        reply = self.response("POST", f"{path}/action", {"os-stop": None})
        request_id = reply.header("X-Compute-Request-Id")
        self.until(server_id, "SHUTOFF")
        _, body = self.ask("GET", f"{path}/os-instance-actions")
        self.assertEqual([each["action"] for each in body["instanceActions"]], ["stop", "create"])
        self.assertEqual(body["instanceActions"][0]["request_id"], request_id)
        _, body = self.ask("GET", f"{path}/os-instance-actions/{request_id}")
        self.assertEqual(body["instanceAction"]["action"], "stop")
