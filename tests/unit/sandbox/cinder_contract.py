"""
What a Cinder v3 does, as far as Trio2o counts on it: the same tests run on the fake and on a real Cinder 29.

The Cinder has the availability zone ``nova``, the volume type ``files`` as its default and no volumes of the
project; ``demo`` and ``alt`` are members of two projects, ``admin`` is an admin of a third.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from attrs import frozen

from tests.unit.sandbox.asking import Api, Reply

NOBODY = "5aa119a8-d25b-45a7-8d1b-88e127885635"
MAXIMUM = "3.71"


@frozen
class Who:
    """
    A token and its project.
    """

    token: str
    project: str


class CinderContract:
    """
    A mixin; the test case gives the API (its URL ends in ``/v3``), the three callers, ``finish`` and
    ``wait``.
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

    async def wait(self) -> None:
        """
        Let some of Cinder's time pass.
        """
        raise NotImplementedError

    async def ask(
        self, method: str, path: str, body: Any = None, *, who: Who | None = None, version: str = MAXIMUM
    ) -> Reply:
        """
        Ask as ``demo``, or as another.
        """
        headers = {"OpenStack-API-Version": f"volume {version}"}
        token = (who or self.demo).token
        return await self.api.ask(method, path, token=token, body=body, headers=headers)

    async def good(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """
        The JSON of an answer that is no error.
        """
        reply = await self.ask(method, path, body, **more)
        assert reply.status < 300, (reply.status, reply.content)
        return reply.json if reply.content else None

    async def refused(
        self, status: int, message: str, method: str, path: str, body: Any = None, **more: Any
    ) -> None:
        """
        Check an error's status, shape and words.
        """
        reply = await self.ask(method, path, body, **more)
        assert reply.status == status, (reply.status, reply.content)
        ((_, fault),) = reply.json.items()
        assert fault["code"] == status
        assert fault["message"] == message, fault["message"]

    async def until(self, path: str, status: str, **more: Any) -> Any:
        """
        Wait until the thing at the path has a status, or until it is gone.
        """
        for _ in range(60):
            reply = await self.ask("GET", path, **more)
            if reply.status == 404 and status == "gone":
                return None
            ((_, thing),) = reply.json.items()
            if thing.get("status") == status:
                return thing
            await self.wait()
        raise AssertionError(f"{path} never became {status}: {reply.content!r}")

    async def volume(self, **fields: Any) -> Any:
        """
        A new volume that is available.
        """
        made = await self.good("POST", "/volumes", {"volume": {"size": 1, **fields}})
        return await self.until(f"/volumes/{made['volume']['id']}", "available")

    async def snapshot(self, volume_id: str) -> Any:
        """
        A new snapshot that is available.
        """
        made = await self.good("POST", "/snapshots", {"snapshot": {"volume_id": volume_id}})
        return await self.until(f"/snapshots/{made['snapshot']['id']}", "available")

    def test_versions(self) -> Any:
        """
        The root gives the versions with 300 and no token; ``/v3/`` wants one and gives 200.
        """

        async def check() -> None:
            root = Api(self.api.http, self.api.url.removesuffix("/v3"))
            choices = await root.ask("GET", "/")
            assert choices.status == 300
            (version,) = choices.json["versions"]
            assert (version["min_version"], version["version"]) == ("3.0", "3.71")
            assert version["links"][1] == {"rel": "self", "href": self.api.url + "/"}
            assert (await root.ask("GET", "/v3/")).status == 401
            own = await self.ask("GET", "/")
            assert own.status == 200
            assert own.json == choices.json

        return self.finish(check())

    def test_unauthenticated(self) -> Any:
        """
        Without a good token there is keystonemiddleware's 401.
        """

        async def check() -> None:
            for token in (None, "nonsense"):
                reply = await self.api.ask("GET", "/volumes", token=token)
                assert reply.status == 401
                assert reply.json["error"]["code"] == 401
                assert (reply.header("WWW-Authenticate") or "").startswith("Keystone uri=")

        return self.finish(check())

    def test_headers(self) -> Any:
        """
        Answers and faults carry the microversion, ``Vary`` and one request id under two names.
        """

        async def check() -> None:
            for path, asked, shown in (
                ("/volumes", "3.50", "volume 3.50"),
                ("/volumes", "latest", "volume 3.71"),
                (f"/volumes/{NOBODY}", "3.1", "volume 3.1"),
            ):
                reply = await self.ask("GET", path, version=asked)
                assert reply.header("OpenStack-API-Version") == shown
                assert reply.header("Vary") == "OpenStack-API-Version"
                assert reply.header("X-Compute-Request-Id") == reply.header("X-Openstack-Request-Id")
                assert (reply.header("X-Compute-Request-Id") or "").startswith("req-")
            plain = await self.api.ask("GET", "/volumes", token=self.demo.token)
            assert plain.header("OpenStack-API-Version") == "volume 3.0"

        return self.finish(check())

    def test_microversions_refused(self) -> Any:
        """
        A version above the range is 406, one that is none is 400.
        """

        async def check() -> None:
            high = await self.ask("GET", "/volumes", version="3.999")
            assert high.status == 406
            message = "Version 3.999 is not supported by the API. Minimum is 3.0 and maximum is 3.71."
            assert high.json == {"computeFault": {"code": 406, "message": message}}
            await self.refused(
                400,
                "API Version String abc is of invalid format. Must be of format MajorNum.MinorNum.",
                "GET",
                "/volumes",
                version="abc",
            )

        return self.finish(check())

    def test_project_in_path(self) -> Any:
        """
        The own project may stand in the path, and then in links; another one is 400, for admins too.
        """

        async def check() -> None:
            made = await self.good("POST", f"/{self.demo.project}/volumes", {"volume": {"size": 1}})
            links = made["volume"]["links"]
            volume_id = made["volume"]["id"]
            base = self.api.url.removesuffix("/v3")
            assert links[0]["href"] == f"{base}/v3/{self.demo.project}/volumes/{volume_id}"
            assert links[1]["href"] == f"{base}/{self.demo.project}/volumes/{volume_id}"
            shown = await self.good("GET", f"/volumes/{volume_id}")
            assert shown["volume"]["links"][0]["href"] == f"{base}/v3/volumes/{volume_id}"
            await self.refused(400, "Malformed request url", "GET", f"/{self.alt.project}/volumes")
            await self.refused(
                400, "Malformed request url", "GET", f"/{self.demo.project}/volumes", who=self.admin
            )

        return self.finish(check())

    def test_unknown_paths(self) -> Any:
        """
        Unknown paths, wrong methods and a slash at the end are webob's 404.
        """

        async def check() -> None:
            for method, path in (("GET", "/nonsense"), ("PATCH", "/volumes"), ("GET", "/volumes/")):
                reply = await self.ask(method, path)
                assert reply.status == 404, (method, path, reply.status)
                assert reply.header("OpenStack-API-Version") is None

        return self.finish(check())

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
            for bad in ({}, {"os-reserve": {}, "os-unreserve": {}}):
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

    def test_volume_types(self) -> Any:
        """
        Everybody reads types; admins make, change and delete them.
        """

        async def check() -> None:
            types = (await self.good("GET", "/types"))["volume_types"]
            files = next(each for each in types if each["name"] == "files")
            fields = {
                "id",
                "name",
                "is_public",
                "description",
                "extra_specs",
                "os-volume-type-access:is_public",
            }
            assert set(files) == fields
            admins = (await self.good("GET", f"/types/{files['id']}", who=self.admin))["volume_type"]
            assert set(admins) - fields == {"qos_specs_id"}
            default = (await self.good("GET", "/types/default"))["volume_type"]
            assert default["id"] == files["id"]
            rule = "volume_extension:type_create"
            wanted = {"volume_type": {"name": "contract", "extra_specs": {"a": "b"}}}
            await self.refused(403, f"Policy doesn't allow {rule} to be performed.", "POST", "/types", wanted)
            made = (await self.good("POST", "/types", wanted, who=self.admin))["volume_type"]
            path = f"/types/{made['id']}"
            await self.refused(
                409, "Volume Type contract already exists.", "POST", "/types", wanted, who=self.admin
            )
            specs = f"{path}/extra_specs"
            assert await self.good("GET", specs) == {"extra_specs": {}}
            answer = await self.good("POST", specs, {"extra_specs": {"x": "y"}}, who=self.admin)
            assert answer == {"extra_specs": {"x": "y"}}
            assert await self.good("PUT", f"{specs}/x", {"x": "z"}, who=self.admin) == {"x": "z"}
            assert await self.good("GET", f"{specs}/x", who=self.admin) == {"x": "z"}
            assert (await self.ask("DELETE", f"{specs}/x", who=self.admin)).status == 202
            assert (await self.ask("DELETE", path, who=self.admin)).status == 202
            await self.refused(404, f"Volume type {made['id']} could not be found.", "GET", path)

        return self.finish(check())

    def test_private_types(self) -> Any:
        """
        A private type exists for admins and for the projects that were given access.
        """

        async def check() -> None:
            wanted = {"volume_type": {"name": "private", "os-volume-type-access:is_public": False}}
            made = (await self.good("POST", "/types", wanted, who=self.admin))["volume_type"]
            path = f"/types/{made['id']}"
            missing = f"Volume type {made['id']} could not be found."
            await self.refused(404, missing, "GET", path)
            body = {"addProjectAccess": {"project": self.demo.project}}
            assert (await self.ask("POST", f"{path}/action", body, who=self.admin)).status == 202
            access = await self.good("GET", f"{path}/os-volume-type-access", who=self.admin)
            assert access["volume_type_access"] == [
                {"volume_type_id": made["id"], "project_id": self.demo.project}
            ]
            assert (await self.good("GET", path))["volume_type"]["is_public"] is False
            await self.refused(404, missing, "GET", path, who=self.alt)
            assert (await self.ask("DELETE", path, who=self.admin)).status == 202

        return self.finish(check())

    def test_quotas(self) -> Any:
        """
        Limits are shown and changed, and hold: the words that tell of each.
        """

        async def check() -> None:
            volume = await self.volume()
            path = f"/os-quota-sets/{self.demo.project}"
            before = (await self.good("GET", path))["quota_set"]
            assert (before["volumes"], before["gigabytes"], before["id"]) == (10, 1000, self.demo.project)
            usage = (await self.good("GET", f"{path}?usage=True"))["quota_set"]
            assert usage["volumes"] == {"limit": 10, "in_use": 1, "reserved": 0}
            limits = (await self.good("GET", "/limits"))["limits"]["absolute"]
            assert (limits["totalVolumesUsed"], limits["maxTotalVolumes"]) == (1, 10)
            rule = "volume_extension:quotas:"
            wanted = {"quota_set": {"volumes": 1, "snapshots": 0, "backups": 0, "gigabytes": 5}}
            await self.refused(
                403, f"Policy doesn't allow {rule}update to be performed.", "PUT", path, wanted
            )
            other = f"/os-quota-sets/{self.alt.project}"
            await self.refused(403, f"Policy doesn't allow {rule}show to be performed.", "GET", other)
            try:
                changed = await self.good("PUT", path, wanted, who=self.admin)
                assert (changed["quota_set"]["volumes"], "id" in changed["quota_set"]) == (1, False)
                reply = await self.ask("POST", "/volumes", {"volume": {"size": 1}})
                assert reply.status == 413
                assert reply.header("Retry-After") == "0"
                message = (
                    "VolumeLimitExceeded: Maximum number of volumes allowed (1) exceeded for quota 'volumes'."
                )
                assert reply.json == {"overLimit": {"code": 413, "message": message, "retryAfter": "0"}}
                large = (
                    "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes "
                    "quota. Requested 9G, quota is 5G and 1G has been consumed."
                )
                await self.refused(413, large, "POST", "/volumes", {"volume": {"size": 9}})
                await self.refused(
                    413,
                    "SnapshotLimitExceeded: Maximum number of snapshots allowed (0) exceeded",
                    "POST",
                    "/snapshots",
                    {"snapshot": {"volume_id": volume["id"]}},
                )
                await self.refused(
                    413,
                    "BackupLimitExceeded: Maximum number of backups allowed (0) exceeded",
                    "POST",
                    "/backups",
                    {"backup": {"volume_id": volume["id"]}},
                )
                bad = {"quota_set": {"volumes": -2}}
                await self.refused(400, "volumes must be >= -1", "PUT", path, bad, who=self.admin)
            finally:
                await self.ask("DELETE", path, who=self.admin)
            assert (await self.good("GET", path))["quota_set"] == before
            assert (await self.good("GET", f"{path}/defaults"))["quota_set"]["volumes"] == 10

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

    def test_operators(self) -> Any:
        """
        Zones are for everybody; services, pools and hosts for admins.
        """

        async def check() -> None:
            zones = await self.good("GET", "/os-availability-zone")
            assert zones == {"availabilityZoneInfo": [{"zoneName": "nova", "zoneState": {"available": True}}]}
            for path, rule in (
                ("/os-services", "volume_extension:services:index"),
                ("/scheduler-stats/get_pools", "scheduler_extension:scheduler_stats:get_pools"),
                ("/os-hosts", "volume_extension:hosts"),
                ("/qos-specs", "volume_extension:qos_specs_manage:get_all"),
            ):
                await self.refused(403, f"Policy doesn't allow {rule} to be performed.", "GET", path)
                await self.good("GET", path, who=self.admin)
            services = (await self.good("GET", "/os-services", who=self.admin))["services"]
            assert {each["binary"] for each in services} == {
                "cinder-backup",
                "cinder-volume",
                "cinder-scheduler",
            }
            assert all(each["state"] == "up" for each in services)
            pools = await self.good("GET", "/scheduler-stats/get_pools?detail=true", who=self.admin)
            (pool,) = pools["pools"]
            assert "@files#files" in pool["name"]
            assert pool["capabilities"]["total_capacity_gb"] == 1000

        return self.finish(check())

    def test_empty_lists(self) -> Any:
        """
        What nobody made is an empty list, from the microversion on that has it.
        """

        async def check() -> None:
            for path, name in (
                ("/messages", "messages"),
                ("/groups", "groups"),
                ("/groups/detail", "groups"),
                ("/group_snapshots", "group_snapshots"),
                ("/consistencygroups", "consistencygroups"),
                ("/volume-transfers", "transfers"),
                ("/attachments/detail", "attachments"),
            ):
                assert await self.good("GET", path) == {name: []}, path
            for path, version in (("/messages", "3.2"), ("/groups", "3.12"), ("/resource_filters", "3.32")):
                await self.refused(404, "The resource could not be found.", "GET", path, version=version)
            filters = (await self.good("GET", "/resource_filters"))["resource_filters"]
            assert {"resource": "backup", "filters": ["name", "status", "volume_id"]} in filters
            extensions = (await self.good("GET", "/extensions"))["extensions"]
            assert {"name", "alias", "description", "updated", "links"} == set(extensions[0])

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
