"""
What a Cinder does with volumes: create, show, list, update, delete.
"""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.cinder_contract import NOBODY, CinderContract


class CinderVolumeContract(CinderContract):
    """
    ``/volumes``.
    """

    def test_volume_life(self) -> Any:
        """
        A volume is accepted as creating, becomes available, is deleted, and is gone.
        """

        async def check() -> None:
            fields = {"size": 1, "name": "one", "description": "first", "metadata": {"a": "b"}}
            reply = await self.ask("POST", "/volumes", {"volume": fields})
            assert reply.status == 202
            made = reply.json["volume"]
            assert made["status"] == "creating"
            assert made["updated_at"] is None
            assert "os-vol-tenant-attr:tenant_id" not in made
            path = f"/volumes/{made['id']}"
            shown = await self.until(path, "available")
            assert {name: shown[name] for name in fields} == fields
            assert shown["availability_zone"] == "nova"
            assert shown["volume_type"] == "files"
            assert shown["bootable"] == "false"
            assert shown["attachments"] == []
            assert shown["os-vol-tenant-attr:tenant_id"] == self.demo.project
            assert shown["created_at"].endswith(".000000")
            assert shown["created_at"][:19] == made["created_at"][:19]
            gone = await self.ask("DELETE", path)
            assert (gone.status, gone.content) == (202, b"")
            assert (gone.header("X-Openstack-Request-Id") or "").startswith("req-")
            assert gone.header("X-Compute-Request-Id") is None
            await self.until(path, "gone")
            await self.refused(404, f"Volume {made['id']} could not be found.", "DELETE", path)

        return self.finish(check())

    def test_fields_by_version(self) -> Any:
        """
        The fields of a volume grow with the microversion; admins see more.
        """

        async def check() -> None:
            volume = await self.volume()
            base = {
                *(
                    "id",
                    "status",
                    "size",
                    "availability_zone",
                    "created_at",
                    "updated_at",
                    "name",
                    "description",
                ),
                *("volume_type", "snapshot_id", "source_volid", "metadata", "links", "user_id", "bootable"),
                *("encrypted", "replication_status", "consistencygroup_id", "multiattach", "attachments"),
                "os-vol-tenant-attr:tenant_id",
            }
            path = f"/volumes/{volume['id']}"
            oldest = (await self.good("GET", path, version="3.0"))["volume"]
            assert set(oldest) == base
            newest = set(volume)
            added = {"group_id", "shared_targets", "service_uuid", "volume_type_id", "consumes_quota"}
            assert newest == base | added
            admins = (await self.good("GET", path, who=self.admin))["volume"]
            assert set(admins) - newest == {
                *("migration_status", "provider_id", "cluster_name", "os-vol-host-attr:host"),
                *("os-vol-mig-status-attr:migstat", "os-vol-mig-status-attr:name_id"),
            }

        return self.finish(check())

    def test_create_refused(self) -> Any:
        """
        What a create may not say, in Cinder's words.
        """

        async def check() -> None:
            field = "Invalid input for field/attribute"
            schemas = "is not valid under any of the given schemas"
            missing = f"Snapshot {NOBODY} could not be found."
            extra = f"{field} volume. Value: {{'size': 1, 'foo': 1}}. Additional properties are not allowed"
            for status, message, volume in (
                (400, "Availability zone 'nope' is invalid.", {"size": 1, "availability_zone": "nope"}),
                (400, f"{field} size. Value: 0. 0 is less than the minimum of 1", {"size": 0}),
                (400, f"{field} size. Value: x. 'x' does not match '^[0-9]+$'", {"size": "x"}),
                (400, f"{extra} ('foo' was unexpected)", {"size": 1, "foo": 1}),
                (400, f"{field} a. Value: 1. 1 is not of type 'string'", {"size": 1, "metadata": {"a": 1}}),
                (404, "Volume type with name nope could not be found.", {"size": 1, "volume_type": "nope"}),
                (404, f"Snapshot {NOBODY} could not be found.", {"snapshot_id": NOBODY}),
                (404, f"Volume {NOBODY} could not be found.", {"source_volid": NOBODY}),
                (404, f"Backup {NOBODY} could not be found.", {"size": 1, "backup_id": NOBODY}),
                (404, f"Group {NOBODY} could not be found.", {"size": 1, "group_id": NOBODY}),
                (400, f"{field} snapshot_id. Value: x. 'x' {schemas}", {"size": 1, "snapshot_id": "x"}),
                (404, missing, {"source_volid": NOBODY, "snapshot_id": NOBODY}),
            ):
                await self.refused(status, message, "POST", "/volumes", {"volume": volume})
            await self.refused(400, "'volume' is a required property", "POST", "/volumes", {"x": {}})
            await self.refused(400, "Malformed request body", "POST", "/volumes", b'{"volume')
            long = {"size": 1, "name": "x" * 256}
            message = "Invalid input received: name has 256 characters, more than 255."
            await self.refused(400, message, "POST", "/volumes", {"volume": long})

        return self.finish(check())

    def test_extra_fields_before_3_53(self) -> Any:
        """
        Older microversions take fields that they do not know.
        """

        async def check() -> None:
            made = await self.ask("POST", "/volumes", {"volume": {"size": 1, "foo": 1}}, version="3.52")
            assert made.status == 202

        return self.finish(check())

    def test_strangers(self) -> Any:
        """
        A volume does not exist for another project; it does for admins.
        """

        async def check() -> None:
            volume = await self.volume()
            path = f"/volumes/{volume['id']}"
            message = f"Volume {volume['id']} could not be found."
            await self.refused(404, message, "GET", path, who=self.alt)
            await self.refused(404, message, "DELETE", path, who=self.alt)
            await self.refused(404, message, "POST", f"{path}/action", {"os-reserve": {}}, who=self.alt)
            assert (await self.good("GET", "/volumes", who=self.alt))["volumes"] == []
            assert (await self.good("GET", path, who=self.admin))["volume"]["id"] == volume["id"]

        return self.finish(check())

    def test_update(self) -> Any:
        """
        An update changes what it names.
        """

        async def check() -> None:
            volume = await self.volume(name="one", description="first")
            path = f"/volumes/{volume['id']}"
            answer = await self.good("PUT", path, {"volume": {"name": "two"}})
            assert answer["volume"]["name"] == "two"
            shown = (await self.good("GET", path))["volume"]
            assert (shown["name"], shown["description"]) == ("two", "first")
            message = "Invalid input for field/attribute volume. Value: {}. {} is not valid under any of the given schemas"
            await self.refused(400, message, "PUT", path, {"volume": {}})

        return self.finish(check())

    def test_metadata(self) -> Any:
        """
        Metadata is merged by POST, replaced by PUT, and read and deleted by key.
        """

        async def check() -> None:
            volume = await self.volume(metadata={"a": "b"})
            path = f"/volumes/{volume['id']}/metadata"
            assert await self.good("POST", path, {"metadata": {"x": "y"}}) == {
                "metadata": {"a": "b", "x": "y"}
            }
            assert await self.good("PUT", path, {"metadata": {"k": "v"}}) == {"metadata": {"k": "v"}}
            assert await self.good("GET", path) == {"metadata": {"k": "v"}}
            assert await self.good("PUT", f"{path}/k", {"meta": {"k": "w"}}) == {"meta": {"k": "w"}}
            assert await self.good("GET", f"{path}/k") == {"meta": {"k": "w"}}
            await self.refused(400, "Request body and URI mismatch", "PUT", f"{path}/k", {"meta": {"b": "c"}})
            gone = await self.ask("DELETE", f"{path}/k")
            assert (gone.status, gone.content) == (200, b"")
            message = f"Volume {volume['id']} has no metadata with key k."
            await self.refused(404, message, "GET", f"{path}/k")
            shown = await self.good("GET", f"/volumes/{volume['id']}")
            assert shown["volume"]["metadata"] == {}

        return self.finish(check())

    def test_pages(self) -> Any:
        """
        Newest first, then by id; pages by limit and marker; a full page has a link to the next.
        """

        async def check() -> None:
            made = [(await self.volume(name=f"v{number}")) for number in range(3)]
            order = sorted(made, key=lambda each: (each["created_at"], each["id"]), reverse=True)
            ids = [each["id"] for each in order]
            everything = await self.good("GET", "/volumes")
            assert [each["id"] for each in everything["volumes"]] == ids
            assert set(everything["volumes"][0]) == {"id", "name", "links"}
            assert "volumes_links" not in everything
            first = await self.good("GET", "/volumes/detail?limit=2")
            assert [each["id"] for each in first["volumes"]] == ids[:2]
            (link,) = first["volumes_links"]
            assert link == {
                "rel": "next",
                "href": f"{self.api.url}/volumes/detail?limit=2&marker={ids[1]}",
            }
            second = await self.good("GET", f"/volumes?limit=2&marker={ids[1]}")
            assert [each["id"] for each in second["volumes"]] == ids[2:]
            assert "volumes_links" not in second
            skipped = await self.good("GET", "/volumes?offset=1&limit=1&sort=created_at:desc,id")
            assert [each["id"] for each in skipped["volumes"]] == ids[1:2]
            query = "offset=1&limit=1&sort=created_at%3Adesc%2Cid"
            assert skipped["volumes_links"][0]["href"] == f"{self.api.url}/volumes?{query}&marker={ids[1]}"
            assert await self.good("GET", "/volumes?limit=0") == {"volumes": []}
            named = await self.good("GET", "/volumes?sort_key=name&sort_dir=asc")
            assert [each["name"] for each in named["volumes"]] == ["v0", "v1", "v2"]
            named = await self.good("GET", "/volumes?sort=name:desc")
            assert [each["name"] for each in named["volumes"]] == ["v2", "v1", "v0"]
            counted = await self.good("GET", "/volumes/detail?limit=1&with_count=true")
            assert counted["count"] == 3

        return self.finish(check())

    def test_pages_refused(self) -> Any:
        """
        What Cinder says to bad page parameters; an unknown marker is 404.
        """

        async def check() -> None:
            both = "The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the 'sort' parameter."
            direction = "Invalid input received: Unknown sort direction, must be 'desc' or 'asc'."
            for status, message, query in (
                (404, f"Volume {NOBODY} could not be found.", f"marker={NOBODY}"),
                (404, "Volume zz could not be found.", "marker=zz"),
                (400, "limit param must be positive", "limit=-1"),
                (400, "limit param must be an integer", "limit=a"),
                (400, "offset must be >= 0", "offset=-1"),
                (400, "Invalid input received: Invalid sort key", "sort=foo:desc"),
                (400, direction, "sort=created_at:up"),
                (400, both, "sort=name&sort_key=id"),
                (400, "Invalid filters foo are found in query options.", "foo=bar"),
            ):
                await self.refused(status, message, "GET", f"/volumes?{query}")

        return self.finish(check())

    def test_deleted_marker(self) -> Any:
        """
        The id of a volume that is gone is no marker.
        """

        async def check() -> None:
            volume = await self.volume()
            await self.ask("DELETE", f"/volumes/{volume['id']}")
            await self.until(f"/volumes/{volume['id']}", "gone")
            message = f"Volume {volume['id']} could not be found."
            await self.refused(404, message, "GET", f"/volumes?marker={volume['id']}")

        return self.finish(check())

    def test_filters(self) -> Any:
        """
        Lists are filtered by name, status and metadata; ``all_tenants`` is for admins.
        """

        async def check() -> None:
            one = await self.volume(name="one", metadata={"a": "b"})
            await self.volume(name="two")
            for query in ("name=one", "metadata=%7B'a':'b'%7D"):
                found = await self.good("GET", f"/volumes?{query}")
                assert [each["id"] for each in found["volumes"]] == [one["id"]], query
            assert await self.good("GET", "/volumes?status=error") == {"volumes": []}
            others = await self.good("GET", "/volumes?all_tenants=1", who=self.alt)
            assert others["volumes"] == []
            query = f"all_tenants=1&project_id={self.demo.project}&name=one"
            found = await self.good("GET", f"/volumes?{query}", who=self.admin)
            assert [each["id"] for each in found["volumes"]] == [one["id"]]
            own = await self.good("GET", "/volumes?name=one", who=self.admin)
            assert own["volumes"] == []

        return self.finish(check())

    def test_summary(self) -> Any:
        """
        The summary counts volumes, sizes and metadata; it begins at 3.12.
        """

        async def check() -> None:
            await self.volume(size=2, metadata={"a": "b"})
            await self.volume(metadata={"a": "c"})
            shown = (await self.good("GET", "/volumes/summary"))["volume-summary"]
            assert (shown["total_count"], shown["total_size"]) == (2, 3)
            assert set(shown["metadata"]["a"]) == {"b", "c"}
            old = await self.good("GET", "/volumes/summary", version="3.12")
            assert old["volume-summary"] == {"total_count": 2, "total_size": 3}
            await self.refused(
                404, "The resource could not be found.", "GET", "/volumes/summary", version="3.11"
            )

        return self.finish(check())

    def test_smaller_than_source(self) -> Any:
        """
        A volume cannot be smaller than what it is made from.
        """

        async def check() -> None:
            volume = await self.volume(size=2)
            message = (
                "Invalid input received: Volume size '1'GB cannot be smaller than original volume size  2GB. "
                "They must be >= original volume size."
            )
            body = {"volume": {"size": 1, "source_volid": volume["id"]}}
            await self.refused(400, message, "POST", "/volumes", body)
            clone = await self.good("POST", "/volumes", {"volume": {"source_volid": volume["id"]}})
            assert clone["volume"]["size"] == 2
            await self.until(f"/volumes/{clone['volume']['id']}", "available")

        return self.finish(check())

    def test_encryption(self) -> Any:
        """
        A plain volume has no key.
        """

        async def check() -> None:
            volume = await self.volume()
            shown = await self.good("GET", f"/volumes/{volume['id']}/encryption")
            assert shown["encryption_key_id"] is None

        return self.finish(check())
