"""
What a Cinder does to volumes, and what it makes of them.
"""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.cinder_contract import NOBODY, CinderContract


class CinderChangeContract(CinderContract):
    """
    Actions, snapshots, attachments, transfers, backups.
    """

    def test_actions(self) -> Any:
        """
        Bootable, read-only, image metadata, and what is no action.
        """

        async def check() -> None:
            volume = await self.volume()
            path = f"/volumes/{volume['id']}"
            act = f"{path}/action"
            assert (await self.ask("POST", act, {"os-set_bootable": {"bootable": True}})).status == 200
            assert (
                await self.ask("POST", act, {"os-update_readonly_flag": {"readonly": True}})
            ).status == 202
            shown = (await self.good("GET", path))["volume"]
            assert (shown["bootable"], shown["metadata"]) == ("true", {"readonly": "True"})
            wanted = {"os-set_image_metadata": {"metadata": {"a": "b"}}}
            assert await self.good("POST", act, wanted) == {"metadata": {"a": "b"}}
            shown = (await self.good("GET", path))["volume"]
            assert shown["volume_image_metadata"] == {"a": "b"}
            assert await self.good("POST", act, {"os-show_image_metadata": {}}) == {"metadata": {"a": "b"}}
            unset = {"os-unset_image_metadata": {"key": "a"}}
            assert (await self.ask("POST", act, unset)).status == 200
            message = f"Glance metadata for volume/snapshot {volume['id']} cannot be found."
            await self.refused(404, message, "POST", act, unset)
            message = "There is no such action: os-foo. Verify the request body and Content-Type header and try again."
            await self.refused(400, message, "POST", act, {"os-foo": {}})
            both: dict[str, Any] = {"os-reserve": {}, "os-unreserve": {}}
            for bad in ({}, both):
                await self.refused(400, "Malformed request body", "POST", act, bad)

        return self.finish(check())

    def test_extend(self) -> Any:
        """
        A volume grows, and never shrinks.
        """

        async def check() -> None:
            volume = await self.volume()
            path = f"/volumes/{volume['id']}"
            assert (await self.ask("POST", f"{path}/action", {"os-extend": {"new_size": 2}})).status == 202
            await self.wait()
            shown = await self.until(path, "available")
            assert shown["size"] == 2
            smaller = (
                "Invalid input received: New size for extend must be greater than current size. "
                "(current: 2, extended: 1)."
            )
            await self.refused(400, smaller, "POST", f"{path}/action", {"os-extend": {"new_size": 1}})

        return self.finish(check())

    def test_reserved(self) -> Any:
        """
        A reserved volume is attaching: it can be neither reserved again nor deleted until it is given back.
        """

        async def check() -> None:
            volume = await self.volume()
            path = f"/volumes/{volume['id']}"
            act = f"{path}/action"
            assert (await self.ask("POST", act, {"os-reserve": {}})).status == 202
            message = (
                "Invalid volume: Volume status must be available to reserve, but the status is attaching."
            )
            await self.refused(400, message, "POST", act, {"os-reserve": {}})
            assert (await self.ask("DELETE", path)).status == 400
            assert (await self.ask("POST", act, {"os-unreserve": {}})).status == 202
            await self.until(path, "available")
            message = (
                "Invalid volume: Unable to detach volume. Volume status must be 'in-use' and attach_status must "
                "be 'attached' to detach."
            )
            await self.refused(400, message, "POST", act, {"os-begin_detaching": {}})

        return self.finish(check())

    def test_admin_actions(self) -> Any:
        """
        Resetting a status, deleting by force, migrating and unmanaging are for admins.
        """

        async def check() -> None:
            volume = await self.volume()
            path = f"/volumes/{volume['id']}"
            act = f"{path}/action"
            prefix = "volume_extension:volume_admin_actions:"
            for body, rule in (
                ({"os-reset_status": {"status": "error"}}, prefix + "reset_status"),
                ({"os-force_delete": {}}, prefix + "force_delete"),
                ({"os-migrate_volume": {"host": "x"}}, prefix + "migrate_volume"),
                ({"os-unmanage": {}}, "volume_extension:volume_unmanage"),
            ):
                await self.refused(403, f"Policy doesn't allow {rule} to be performed.", "POST", act, body)
            reset = await self.ask("POST", act, {"os-reset_status": {"status": "error"}}, who=self.admin)
            assert reset.status == 202
            await self.until(path, "error")
            forced = await self.ask("POST", act, {"os-force_delete": {}}, who=self.admin)
            assert forced.status == 202
            await self.until(path, "gone")

        return self.finish(check())

    def test_snapshots(self) -> Any:
        """
        A snapshot keeps its volume from being deleted, makes volumes, and goes.
        """

        async def check() -> None:
            volume = await self.volume()
            wanted = {"volume_id": volume["id"], "name": "s", "metadata": {"m": "n"}}
            reply = await self.ask("POST", "/snapshots", {"snapshot": wanted})
            assert reply.status == 202
            made = reply.json["snapshot"]
            assert made["status"] == "creating"
            path = f"/snapshots/{made['id']}"
            shown = await self.until(path, "available")
            assert shown["os-extended-snapshot-attributes:project_id"] == self.demo.project
            assert (shown["size"], shown["metadata"], shown["volume_id"]) == (1, {"m": "n"}, volume["id"])
            oldest = (await self.good("GET", path, version="3.0"))["snapshot"]
            assert set(shown) - set(oldest) == {"group_snapshot_id", "user_id", "consumes_quota"}
            listed = await self.good("GET", "/snapshots/detail?limit=1")
            assert [each["id"] for each in listed["snapshots"]] == [made["id"]]
            assert listed["snapshots_links"][0]["rel"] == "next"
            refused = await self.ask("DELETE", f"/volumes/{volume['id']}")
            assert refused.status == 400
            several = (
                "Invalid input received: May specify only one of backup, imageRef, snapshot, source volume"
            )
            both = {"volume": {"snapshot_id": made["id"], "source_volid": volume["id"]}}
            await self.refused(400, several, "POST", "/volumes", both)
            clone = await self.good("POST", "/volumes", {"volume": {"snapshot_id": made["id"]}})
            assert (clone["volume"]["size"], clone["volume"]["snapshot_id"]) == (1, made["id"])
            await self.until(f"/volumes/{clone['volume']['id']}", "available")
            await self.refused(404, f"Snapshot {made['id']} could not be found.", "GET", path, who=self.alt)
            assert (await self.ask("DELETE", path)).status == 202
            await self.until(path, "gone")

        return self.finish(check())

    def test_cascade(self) -> Any:
        """
        A cascading delete takes the snapshots along.
        """

        async def check() -> None:
            volume = await self.volume()
            snapshot = await self.snapshot(volume["id"])
            reply = await self.ask("DELETE", f"/volumes/{volume['id']}?cascade=true")
            assert reply.status == 202
            await self.until(f"/volumes/{volume['id']}", "gone")
            await self.until(f"/snapshots/{snapshot['id']}", "gone")

        return self.finish(check())

    def test_revert(self) -> Any:
        """
        A volume goes back to its latest snapshot, from 3.40 on.
        """

        async def check() -> None:
            volume = await self.volume()
            path = f"/volumes/{volume['id']}"
            body = {"revert": {"snapshot_id": NOBODY}}
            message = f"Volume {volume['id']} doesn't have any snapshots."
            await self.refused(400, message, "POST", f"{path}/action", body)
            await self.refused(
                404, "The resource could not be found.", "POST", f"{path}/action", body, version="3.39"
            )
            snapshot = await self.snapshot(volume["id"])
            body = {"revert": {"snapshot_id": snapshot["id"]}}
            assert (await self.ask("POST", f"{path}/action", body)).status == 202
            await self.until(path, "available")

        return self.finish(check())

    def test_attachments(self) -> Any:
        """
        An attachment reserves its volume, is completed, shows on the volume, and gives it back.
        """

        async def check() -> None:
            volume = await self.volume()
            path = f"/volumes/{volume['id']}"
            wanted = {"volume_uuid": volume["id"], "instance_uuid": NOBODY}
            reply = await self.ask("POST", "/attachments", {"attachment": wanted})
            assert reply.status == 200
            made = reply.json["attachment"]
            assert made == {
                "id": made["id"],
                "status": "reserved",
                "instance": NOBODY,
                "volume_id": volume["id"],
                "attached_at": "",
                "detached_at": "",
                "attach_mode": "null",
                "connection_info": {},
            }
            shown = await self.until(path, "reserved")
            assert shown["attachments"] == []
            one = f"/attachments/{made['id']}"
            assert (await self.good("GET", one))["attachment"]["id"] == made["id"]
            listed = await self.good("GET", "/attachments")
            assert [each["id"] for each in listed["attachments"]] == [made["id"]]
            assert set(listed["attachments"][0]) == {"id", "status", "instance", "volume_id"}
            connector = {
                "host": "h",
                "initiator": "iqn.x",
                "ip": "192.0.2.1",
                "os_type": "linux2",
                "platform": "x86_64",
                "multipath": False,
                "mountpoint": "/dev/vdb",
            }
            updated = await self.good("PUT", one, {"attachment": {"connector": connector}})
            assert updated["attachment"]["connection_info"]["attachment_id"] == made["id"]
            assert (await self.ask("POST", f"{one}/action", {"os-complete": {}})).status == 204
            shown = await self.until(path, "in-use")
            (attached,) = shown["attachments"]
            assert attached["server_id"] == NOBODY
            assert (attached["attachment_id"], attached["device"]) == (made["id"], "/dev/vdb")
            assert attached["host_name"] is None
            admins = (await self.good("GET", path, who=self.admin))["volume"]["attachments"]
            assert admins[0]["host_name"] == "h"
            assert (await self.ask("DELETE", path)).status == 400
            assert await self.good("DELETE", one) == {"attachments": []}
            await self.until(path, "available")
            message = f"Volume attachment could not be found with filter: attachment_id = {made['id']}."
            await self.refused(404, message, "GET", one)
            await self.refused(404, "The resource could not be found.", "GET", "/attachments", version="3.26")

        return self.finish(check())

    def test_transfers(self) -> Any:
        """
        A volume changes its project by a key.
        """

        async def check() -> None:
            volume = await self.volume()
            path = f"/volumes/{volume['id']}"
            wanted = {"transfer": {"volume_id": volume["id"], "name": "t"}}
            reply = await self.ask("POST", "/volume-transfers", wanted)
            assert reply.status == 202
            made = reply.json["transfer"]
            assert made["links"][0]["href"] == f"{self.api.url}/os-volume-transfer/{made['id']}"
            await self.until(path, "awaiting-transfer")
            shown = (await self.good("GET", f"/volume-transfers/{made['id']}"))["transfer"]
            assert set(made) - set(shown) == {"auth_key"}
            old = (await self.good("GET", f"/os-volume-transfer/{made['id']}", version="3.0"))["transfer"]
            assert set(old) == {"id", "created_at", "name", "volume_id", "links"}
            accept = f"/volume-transfers/{made['id']}/accept"
            message = f"Invalid auth key: Attempt to transfer {made['id']} with invalid auth key."
            await self.refused(400, message, "POST", accept, {"accept": {"auth_key": "x"}}, who=self.alt)
            body = {"accept": {"auth_key": made["auth_key"]}}
            assert (await self.ask("POST", accept, body, who=self.alt)).status == 202
            moved = await self.until(path, "available", who=self.alt)
            assert moved["os-vol-tenant-attr:tenant_id"] == self.alt.project
            assert (await self.ask("GET", path)).status == 404
            assert (await self.ask("DELETE", path, who=self.alt)).status == 202
            await self.until(path, "gone", who=self.alt)

        return self.finish(check())

    def test_transfer_cancelled(self) -> Any:
        """
        A cancelled transfer leaves the volume where it was.
        """

        async def check() -> None:
            volume = await self.volume()
            wanted = {"transfer": {"volume_id": volume["id"]}}
            made = (await self.good("POST", "/os-volume-transfer", wanted))["transfer"]
            message = "Invalid volume: status must be available"
            await self.refused(400, message, "POST", "/os-volume-transfer", wanted)
            path = f"/os-volume-transfer/{made['id']}"
            assert (await self.ask("DELETE", path)).status == 202
            await self.refused(404, f"Transfer {made['id']} could not be found.", "GET", path)
            await self.until(f"/volumes/{volume['id']}", "available")

        return self.finish(check())

    def test_backups(self) -> Any:
        """
        A backup is made and restored to a new volume whose id the answer tells.
        """

        async def check() -> None:
            volume = await self.volume()
            reply = await self.ask("POST", "/backups", {"backup": {"volume_id": volume["id"], "name": "b"}})
            assert reply.status == 202
            made = reply.json["backup"]
            assert set(made) == {"id", "name", "links"}
            path = f"/backups/{made['id']}"
            busy = "Invalid backup: Backup status must be available"
            await self.refused(400, busy, "POST", f"{path}/restore", {"restore": {"name": "r"}})
            shown = await self.until(path, "available")
            assert set(shown) == {
                *("id", "status", "size", "object_count", "availability_zone", "container", "created_at"),
                *("updated_at", "name", "description", "fail_reason", "volume_id", "links", "is_incremental"),
                *("has_dependent_backups", "snapshot_id", "data_timestamp", "metadata"),
            }
            admins = (await self.good("GET", path, who=self.admin))["backup"]
            assert admins["os-backup-project-attr:project_id"] == self.demo.project
            listed = await self.good("GET", "/backups/detail?limit=1")
            assert listed["backups"][0]["id"] == made["id"]
            assert listed["backups_links"][0]["rel"] == "next"
            await self.until(f"/volumes/{volume['id']}", "available")
            restored = await self.ask("POST", f"{path}/restore", {"restore": {"name": "r"}})
            assert restored.status == 202
            answer = restored.json["restore"]
            assert (answer["backup_id"], answer["volume_name"]) == (made["id"], "r")
            await self.until(f"/volumes/{answer['volume_id']}", "available")
            await self.until(path, "available")
            await self.refused(404, f"Backup {made['id']} could not be found.", "GET", path, who=self.alt)
            assert (await self.ask("DELETE", path)).status == 202
            await self.until(path, "gone")

        return self.finish(check())
