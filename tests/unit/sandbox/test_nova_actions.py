"""
Actions on servers and what hangs on them, at the fake Nova: what depends on its clock, its behaviours and its insides.
"""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.nova_pod import NovaTestCase


class ActionTests(NovaTestCase):
    """
    ``POST /servers/ID/action``.
    """

    def refusal(self, server_id: str, action: Any, **keywords: Any) -> tuple[int, str]:
        """
        Status and words of a refused action.
        """
        return self.fault("POST", f"/servers/{server_id}/action", action, **keywords)

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

    def test_resize_quota(self) -> None:
        """
        The behaviour ``quota`` refuses a resize as if the quota of cores were used up.
        """
        server_id = self.active()
        self.behave(kind="quota", times=1)
        status, words = self.refusal(server_id, {"resize": {"flavorRef": "2"}})
        self.assertEqual(status, 403)
        self.assertIn("Quota exceeded for cores", words)

    def test_crash_dump(self) -> None:
        """
        A crash dump, which a hypervisor may not have, is taken from 2.17 on.
        """
        server_id = self.active()
        self.assertEqual(self.act(server_id, {"trigger_crash_dump": None}, minor=17)[0], 202)


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
