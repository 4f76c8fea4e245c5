"""
What a Cinder tells about itself: versions, types, quotas, operators' matters.
"""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.cinder_contract import NOBODY, CinderContract


class CinderSurfaceContract(CinderContract):
    """
    What is no volume.
    """

    def test_versions(self) -> Any:
        """
        The root gives the versions with 300 and no token; ``/v3/`` wants one and gives 200.
        """

        async def check() -> None:
            root = self.api.above("/v3")
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
            for field, status in (
                ("compute 2.10", 400),
                ("", 400),
                ("volume", 500),
                ("a 1.1, volume 3.10", 200),
            ):
                headers = {"OpenStack-API-Version": field}
                reply = await self.api.ask("GET", "/volumes", token=self.demo.token, headers=headers)
                assert reply.status == status, field
            assert (await self.ask("GET", "/nothing", version="3.999")).status == 404

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
                words = (
                    "Quota volumes limit must be equal or greater than existing resources. Current usage is 1 and the "
                    "requested limit is 0."
                )
                await self.refused(400, words, "PUT", path, {"quota_set": {"volumes": 0}}, who=self.admin)
                words = "Invalid input received: Bad key(s) in quota set: nosuch"
                await self.refused(400, words, "PUT", path, {"quota_set": {"nosuch": 1}}, who=self.admin)
                bad = {"quota_set": {"volumes": -2}}
                await self.refused(400, "volumes must be >= -1", "PUT", path, bad, who=self.admin)
            finally:
                await self.ask("DELETE", path, who=self.admin)
            assert (await self.good("GET", path))["quota_set"] == before
            assert (await self.good("GET", f"{path}/defaults"))["quota_set"]["volumes"] == 10

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
                ("/groups", "groups"),
                ("/groups/detail", "groups"),
                ("/group_snapshots", "group_snapshots"),
                ("/consistencygroups", "consistencygroups"),
                ("/volume-transfers", "transfers"),
                ("/attachments/detail", "attachments"),
            ):
                assert await self.good("GET", path, who=self.alt) == {name: []}, path
            # what went wrong for others of the same process is told here too
            assert list(await self.good("GET", "/messages", who=self.alt)) == ["messages"]
            for path, version in (("/messages", "3.2"), ("/groups", "3.12"), ("/resource_filters", "3.32")):
                await self.refused(404, "The resource could not be found.", "GET", path, version=version)
            filters = (await self.good("GET", "/resource_filters"))["resource_filters"]
            assert {"resource": "backup", "filters": ["name", "status", "volume_id"]} in filters
            extensions = (await self.good("GET", "/extensions"))["extensions"]
            assert {"name", "alias", "description", "updated", "links"} == set(extensions[0])

        return self.finish(check())
