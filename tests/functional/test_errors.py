"""
What bad input gets, and what every answer has.
"""

from __future__ import annotations

import json

from tests.functional.cloud import NOTHING, TWO_PODS, CloudCase, PodPlan, a_server, a_volume


class BadBodyTests(CloudCase):
    """
    Bodies that are none.
    """

    async def test_bad_json(self) -> None:
        """
        A create that is no JSON is 400 in the services' words, and no pod is asked.
        """
        cloud = await self.cloud(TWO_PODS)

        for client, path in ((cloud.demo.compute, "/v2.1/servers"), (cloud.demo.volume, "/v3/volumes")):
            answer = await client.post(path, data=b'{"server": ')
            self.refused(answer, 400, "badRequest", "Malformed request body")

        self.assertEqual([], cloud.pods_with_creates())
        self.assertEqual([(0,)], cloud.sql("select count(*) from bindings"))

    async def test_no_body(self) -> None:
        """
        A create without a body is 400.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.post("/v2.1/servers")

        self.refused(answer, 400, "badRequest")

    async def test_not_an_object(self) -> None:
        """
        JSON that is no create is refused by a pod, in its own words.
        """
        cloud = await self.cloud(TWO_PODS)

        answers = [
            await cloud.demo.compute.post("/v2.1/servers", data=data)
            for data in (b"[]", b"null", b'"x"', b"{}", b'{"server": []}', b'{"server": {"name": 1}}')
        ]

        self.assertEqual({400}, {answer.status for answer in answers})
        self.assertEqual({"badRequest"}, {answer.fault[0] for answer in answers})

    async def test_strange_fields(self) -> None:
        """
        Fields of strange types where the gateway looks are refused by a pod, and never a 500.
        """
        cloud = await self.cloud(TWO_PODS)
        strange = (1, None, [], {}, True, "", [[]], [{"uuid": 1}], {"a": {}}, "ü" * 300)
        for field in (
            "availability_zone",
            "networks",
            "block_device_mapping_v2",
            "block_device_mapping",
            "security_groups",
            "flavorRef",
        ):
            for value in strange:
                answer = await cloud.demo.compute.post("/v2.1/servers", a_server(**{field: value}))
                self.assertIn(answer.status, (202, 400, 403), (field, value, answer.body))

    async def test_bad_json_below_a_server(self) -> None:
        """
        An action that is no JSON reaches the pod, which refuses it.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()

        answer = await cloud.demo.compute.post(f"/v2.1/servers/{server}/action", data=b"{")

        self.refused(answer, 400, "badRequest")

    async def test_oversized(self) -> None:
        """
        A create above the limit is 413 in the service's shape, and no pod is asked.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.post("/v2.1/servers", a_server(user_data="x" * 200_000))

        self.refused(answer, 413, "overLimit", "114688")
        self.assertEqual([], cloud.pods_with_creates())

    async def test_limit_is_configured(self) -> None:
        """
        The limit is the configuration's.
        """
        cloud = await self.cloud(TWO_PODS, settings={"limits": {"read_body_bytes": 2000}})

        bodies = [a_server(metadata={f"key{at}": "x" * 100 for at in range(count)}) for count in (10, 20)]

        answers = [await cloud.demo.compute.post("/v2.1/servers", body) for body in bodies]

        self.assertEqual([202, 413], [answer.status for answer in answers])


class PathTests(CloudCase):
    """
    Paths and methods that are none.
    """

    async def test_wrong_method(self) -> None:
        """
        A known path with another method is 405 and tells which methods there are.
        """
        cloud = await self.cloud(TWO_PODS)

        server = await cloud.demo.compute.ask("PATCH", "/v2.1/servers")
        volume = await cloud.demo.volume.ask("DELETE", "/v3/{project}/volumes")

        self.refused(server, 405, "badMethod")
        self.assertEqual("GET, POST", server.header("Allow"))
        self.assertEqual(405, volume.status)
        self.assertEqual("GET, POST", volume.header("Allow"))

    async def test_wrong_method_of_one_server(self) -> None:
        """
        POST to a server itself is 405.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.post(f"/v2.1/servers/{NOTHING}", {})

        self.assertEqual(405, answer.status, answer.body)
        self.assertIn("DELETE", answer.header("Allow") or "")

    async def test_path_without_version(self) -> None:
        """
        A path of no version is 404 in JSON.
        """
        cloud = await self.cloud(TWO_PODS)

        for path in ("/servers", "/v9/servers", "/v2.1servers"):
            answer = await cloud.demo.compute.get(path)
            self.refused(answer, 404, "itemNotFound")

    async def test_other_surfaces_version(self) -> None:
        """
        The volume surface has no /v2.1.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.volume.get("/v2.1/servers")

        self.assertEqual(404, answer.status)

    async def test_escaped_path(self) -> None:
        """
        Escapes in a path hide nothing: a server's path is known in every spelling, and no other service is reached.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()

        spelled = await cloud.demo.compute.get(f"/v2.1/%73ervers/{server}")
        outside = await cloud.demo.compute.get(f"/v2.1/servers/{server}/../../../_sandbox/requests")
        escaped = await cloud.demo.compute.get(
            f"/v2.1/servers/{server}/%2e%2e/%2e%2e/%2e%2e/_sandbox/requests"
        )

        self.assertEqual(200, spelled.status)
        self.assertNotIn(b'"requests"', outside.body)
        self.assertNotIn(b'"requests"', escaped.body)

    async def test_trailing_slash(self) -> None:
        """
        A slash at the end is no other path than Nova's.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.get("/v2.1/")

        self.assertEqual("v2.1", answer.json["version"]["id"])


class VersionTests(CloudCase):
    """
    Microversions over pods of different releases.
    """

    RELEASES = (
        PodPlan(name="Pod1", fake={"nova_versions": ("2.1", "2.90"), "cinder_versions": ("3.0", "3.60")}),
        PodPlan(name="Pod2", fake={"nova_versions": ("2.1", "2.96"), "cinder_versions": ("3.5", "3.71")}),
    )

    async def test_shared_range_of_compute(self) -> None:
        """
        The version document tells what all pods speak.
        """
        cloud = await self.cloud(self.RELEASES)

        root = await cloud.demo.compute.with_token(None).get("/")
        own = await cloud.demo.compute.with_token(None).get("/v2.1")

        current = next(each for each in root.json["versions"] if each["status"] == "CURRENT")
        self.assertEqual((200, "2.1", "2.90"), (root.status, current["min_version"], current["version"]))
        self.assertEqual("2.90", own.json["version"]["version"])

    async def test_shared_range_of_volume(self) -> None:
        """
        As Cinder does, with 300 at the root.
        """
        cloud = await self.cloud(self.RELEASES)

        root = await cloud.demo.volume.with_token(None).get("/")
        own = await cloud.demo.volume.with_token(None).get("/v3/")

        self.assertEqual(300, root.status)
        (version,) = own.json["versions"]
        self.assertEqual(("3.5", "3.60"), (version["min_version"], version["version"]))

    async def test_document_links(self) -> None:
        """
        The links of a version document are the top's.
        """
        cloud = await self.cloud(TWO_PODS)

        document = await cloud.demo.compute.with_token(None).get("/v2.1/")

        origin = cloud.demo.compute.origin
        self.assertEqual(f"{origin}/v2.1/", document.json["version"]["links"][0]["href"])

    async def test_latest(self) -> None:
        """
        ``latest`` reaches every pod as the shared maximum.
        """
        cloud = await self.cloud(self.RELEASES)
        server = await cloud.demo.create_server()

        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}", version="latest")

        self.assertEqual("compute 2.90", shown.header("OpenStack-API-Version"))
        (got,) = cloud.pod("Pod1").nova.requests("GET", f"{server}$")
        self.assertEqual(["compute 2.90"], got["headers"]["openstack-api-version"])

    async def test_version_passes(self) -> None:
        """
        A version in the range reaches the pod as it is, in the older header too.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()

        old = await cloud.demo.compute.get(
            f"/v2.1/servers/{server}", headers={"X-OpenStack-Nova-API-Version": "2.26"}
        )

        self.assertEqual("2.26", old.header("X-OpenStack-Nova-API-Version"))
        self.assertIn("tags", old.json["server"])

    async def test_above(self) -> None:
        """
        A version that one pod does not speak is 406 with the range, whatever pod would be asked.
        """
        cloud = await self.cloud(self.RELEASES)

        answer = await cloud.demo.compute.get("/v2.1/flavors", version="2.91")

        self.assertEqual(406, answer.status)
        told = "Version 2.91 is not supported by the API. Minimum is 2.1 and maximum is 2.90."
        self.assertEqual(told, answer.fault[1])
        self.assertEqual("compute 2.91", answer.header("OpenStack-API-Version"))

    async def test_below(self) -> None:
        """
        A version below what one pod speaks is 406.
        """
        cloud = await self.cloud(self.RELEASES)

        answer = await cloud.demo.volume.get("/v3/types", version="3.1")

        self.assertEqual(406, answer.status)

    async def test_malformed(self) -> None:
        """
        What is no version is 400.
        """
        cloud = await self.cloud(TWO_PODS)

        for version in ("2", "2.01", "x.y", "2.1.1", "-1.0"):
            answer = await cloud.demo.compute.get("/v2.1/flavors", version=version)
            self.refused(answer, 400, "badRequest", version)

    async def test_vary(self) -> None:
        """
        Answers of pods and errors of the gateway say what they vary with.
        """
        cloud = await self.cloud(TWO_PODS)

        found = await cloud.demo.compute.get("/v2.1/flavors")
        missing = await cloud.demo.compute.get("/v2.1/servers/x", version="2.60")

        for answer in (found, missing):
            self.assertIn("OpenStack-API-Version", answer.header("Vary") or "")
        self.assertEqual("compute 2.60", missing.header("OpenStack-API-Version"))

    async def test_pod_that_is_down_counts(self) -> None:
        """
        A pod that is down counts with the range that it last told.
        """
        cloud = await self.cloud(self.RELEASES, settings={"pod_defaults": {"probe_interval_seconds": 0.2}})
        await cloud.pod("Pod1").fake.go_down()

        answer = await cloud.demo.compute.get("/v2.1/flavors", version="2.91")

        self.assertEqual(406, answer.status)


class EveryAnswerTests(CloudCase):
    """
    What all answers have.
    """

    async def test_request_id(self) -> None:
        """
        Every answer, whatever became of its request, has a request id of its own.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        compute, volume = cloud.demo.compute, cloud.demo.volume

        answers = [
            await compute.get("/"),
            await compute.get("/v2.1/"),
            await compute.get(f"/v2.1/servers/{server}"),
            await compute.get("/v2.1/servers"),
            await compute.get("/v2.1/flavors"),
            await compute.get("/v2.1/os-availability-zone"),
            await compute.get("/v2.1/servers/x"),
            await compute.get("/nowhere"),
            await compute.ask("PATCH", "/v2.1/servers"),
            await compute.post("/v2.1/servers", data=b"{"),
            await compute.with_token(None).get("/v2.1/servers"),
            await compute.get("/v2.1/servers", version="9.9"),
            await volume.get("/v3/volumes"),
            await volume.post("/v3/volumes", a_volume()),
            await cloud.demo.admin.get("/v1.0/pods"),
            await compute.get("/healthcheck"),
        ]

        ids = [answer.header("X-Openstack-Request-Id") or "" for answer in answers]
        self.assertEqual(len(answers), len({each for each in ids if each.startswith("req-")}), ids)

    async def test_one_request_id(self) -> None:
        """
        An answer that is passed on has the pod's request id alone.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.get("/v2.1/flavors")

        values = answer.headers.getRawHeaders("X-Openstack-Request-Id")
        self.assertEqual(1, len(values or ()))
        self.assertEqual(values, answer.headers.getRawHeaders("X-Compute-Request-Id"))
        (got,) = cloud.pod("Pod1").nova.requests(path="/flavors")
        self.assertNotEqual(values, got["headers"]["x-openstack-request-id"])

    async def test_global_request_id(self) -> None:
        """
        The client's request id reaches the pod, for its log.
        """
        cloud = await self.cloud(TWO_PODS)
        given = "req-11111111-2222-4333-8444-555555555555"

        await cloud.demo.compute.get("/v2.1/flavors", headers={"X-Openstack-Request-Id": given})

        (got,) = cloud.pod("Pod1").nova.requests(path="/flavors")
        self.assertEqual([given], got["headers"]["x-openstack-request-id"])

    async def test_own_request_id_reaches_the_pod(self) -> None:
        """
        Without one the gateway's own goes along, so that the logs can be joined.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.get("/v2.1/servers")

        (got,) = cloud.pod("Pod1").nova.requests(path="/servers/detail")
        self.assertEqual([answer.header("X-Openstack-Request-Id")], got["headers"]["x-openstack-request-id"])

    async def test_strange_request_id(self) -> None:
        """
        A client cannot write into the pods' logs by its request id.
        """
        cloud = await self.cloud(TWO_PODS)

        await cloud.demo.compute.get(
            "/v2.1/flavors", headers={"X-Openstack-Request-Id": "no req \x1b[31m id" * 100}
        )

        (got,) = cloud.pod("Pod1").nova.requests(path="/flavors")
        (sent,) = got["headers"]["x-openstack-request-id"]
        self.assertTrue(sent.startswith("req-"), sent)

    async def test_errors_are_json(self) -> None:
        """
        Every error of the gateway is JSON with its own status in it.
        """
        cloud = await self.cloud(TWO_PODS)
        compute = cloud.demo.compute

        for answer in (
            await compute.get("/nowhere"),
            await compute.ask("PATCH", "/v2.1/servers"),
            await compute.get("/v2.1/servers/x"),
            await compute.get("/v2.1/servers", version="9.9"),
        ):
            self.assertIn("application/json", answer.header("Content-Type") or "")
            ((_, told),) = json.loads(answer.body).items()
            self.assertEqual(answer.status, told["code"])

    async def test_healthcheck(self) -> None:
        """
        Each surface answers the health check without a token.
        """
        cloud = await self.cloud(TWO_PODS)

        for client in (cloud.demo.compute, cloud.demo.volume, cloud.demo.admin):
            answer = await client.with_token(None).get("/healthcheck")
            self.assertEqual(200, answer.status, client.surface)


class LoopTests(CloudCase):
    """
    A request that comes back.
    """

    async def test_via(self) -> None:
        """
        A request that has passed this gateway before is refused, and no pod is asked.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.get("/v2.1/flavors", headers={"Via": "1.1 proxy, 1.1 trio2o"})

        self.assertEqual(400, answer.status)
        self.assertEqual([], cloud.pod("Pod1").nova.requests(path="/flavors"))

    async def test_via_of_others(self) -> None:
        """
        Other proxies in between are no loop; the pod reads of all of them.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.get("/v2.1/flavors", headers={"Via": "1.1 balancer"})

        self.assertEqual(200, answer.status)
        (got,) = cloud.pod("Pod1").nova.requests(path="/flavors")
        self.assertEqual(["1.1 balancer, 1.1 trio2o"], got["headers"]["via"])
        self.assertEqual(["127.0.0.1"], got["headers"]["x-forwarded-for"])

    async def test_pod_that_is_the_gateway(self) -> None:
        """
        A pod whose endpoint is the gateway itself makes no endless loop: the request ends with an error.
        """
        cloud = await self.cloud(TWO_PODS)
        cloud.keystone.catalog.set_endpoint("Pod1", "compute", cloud.demo.compute.origin + "/v2.1")
        plans = [PodPlan(name="Pod1")]
        await cloud.add_daemon(plans, {"proxy": {"via_name": "trio2o"}})

        answer = await cloud.admin.at(1).compute.get("/v2.1/flavors")

        self.assertEqual(400, answer.status, answer.body)
