"""
Clients that send in unusual ways, or leave in the middle.
"""

from __future__ import annotations

import json

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory

from tests.functional.cloud import (
    NOTHING,
    TWO_PODS,
    Cloud,
    CloudCase,
    PodPlan,
    a_server,
    a_volume,
    pause,
    reactor,
)
from tests.functional.forwarding_rig import Wire
from tests.interface.waiting import until

#: Values of types that no field should have.
STRANGE = (1, None, [], {}, True, "", [[]], [{"uuid": 1}], [None], {"a": {}}, "ü" * 300, 1e300, -1)


class WireCase(CloudCase):
    """
    Tests that write the bytes themselves.
    """

    async def wire(self, cloud: Cloud) -> Wire:
        """
        A connection to the compute surface.
        """
        port = int(cloud.demo.compute.origin.rpartition(":")[2])
        wire = await TCP4ClientEndpoint(reactor, "127.0.0.1", port).connect(Factory.forProtocol(Wire))
        self.addCleanup(lambda: wire.ended is None and wire.abort())
        return wire

    def head(
        self, cloud: Cloud, *fields: bytes, target: bytes = b"POST /v2.1/servers", version: bytes = b"1.1"
    ) -> bytes:
        """
        A request's head with demo's token.
        """
        lines = [
            target + b" HTTP/" + version,
            b"Host: top",
            b"X-Auth-Token: " + cloud.demo.token.encode(),
            *fields,
        ]
        return b"\r\n".join(lines) + b"\r\n\r\n"


class BodyTests(WireCase):
    """
    Bodies of creates as they come over the wire.
    """

    async def test_chunked(self) -> None:
        """
        A create in chunks is a create.
        """
        cloud = await self.cloud(TWO_PODS)
        wire = await self.wire(cloud)
        body = json.dumps(a_server()).encode()

        wire.send(self.head(cloud, b"Transfer-Encoding: chunked"))
        for at in range(0, len(body), 20):
            part = body[at : at + 20]
            wire.send(b"%x\r\n%s\r\n" % (len(part), part))
        wire.send(b"0\r\n\r\n")
        head, _ = await wire.message()

        self.assertTrue(head.startswith(b"HTTP/1.1 202"), head)
        (got,) = cloud.pod("Pod1").nova.creates()
        self.assertEqual(a_server(), got["body"])

    async def test_chunked_without_end(self) -> None:
        """
        Chunks beyond the limit are 413 before they end.
        """
        cloud = await self.cloud(TWO_PODS)
        wire = await self.wire(cloud)

        wire.send(self.head(cloud, b"Transfer-Encoding: chunked"))
        for _ in range(13):
            wire.send(b"2710\r\n" + b"x" * 10_000 + b"\r\n")
        head = await wire.head()

        self.assertTrue(head.startswith(b"HTTP/1.1 413"), head)
        self.assertEqual([], cloud.pods_with_creates())

    async def test_expectation(self) -> None:
        """
        A client that waits for leave to send gets it.
        """
        cloud = await self.cloud(TWO_PODS)
        wire = await self.wire(cloud)
        body = json.dumps(a_server()).encode()

        wire.send(self.head(cloud, b"Content-Length: %d" % len(body), b"Expect: 100-continue"))
        leave = await wire.head()
        wire.send(body)
        head, _ = await wire.message()

        self.assertTrue(leave.startswith(b"HTTP/1.1 100"), leave)
        self.assertTrue(head.startswith(b"HTTP/1.1 202"), head)

    async def test_client_leaves_in_its_body(self) -> None:
        """
        A client that hangs up in the middle of a create has created nothing, and nothing is logged as a bug.
        """
        cloud = await self.cloud(TWO_PODS)
        wire = await self.wire(cloud)

        wire.send(self.head(cloud, b"Content-Length: 500") + b'{"server": {"name"')
        await pause(0.05)
        wire.abort()
        await pause(0.1)

        self.assertEqual([], cloud.pods_with_creates())
        self.assertEqual(202, (await cloud.demo.compute.post("/v2.1/servers", a_server())).status)

    async def test_client_leaves_in_a_streamed_body(self) -> None:
        """
        The same of a body that is streamed to the pod: the pod sees it broken off, and is not blamed.
        """
        cloud = await self.cloud(TWO_PODS, settings={"pod_defaults": {"breaker": {"failures": 1}}})
        server = await cloud.demo.create_server()
        wire = await self.wire(cloud)

        target = f"PUT /v2.1/servers/{server}/metadata".encode()
        wire.send(self.head(cloud, b"Content-Length: 500", target=target) + b'{"metadata"')
        await pause(0.05)
        wire.abort()
        await pause(0.1)
        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(200, shown.status)

    async def test_old_client(self) -> None:
        """
        A client of HTTP/1.0 is answered, and the connection closed.
        """
        cloud = await self.cloud(TWO_PODS)
        wire = await self.wire(cloud)

        wire.send(self.head(cloud, target=b"GET /v2.1/flavors", version=b"1.0"))
        answer = await wire.closed()

        self.assertIn(b" 200 OK\r\n", answer)
        self.assertTrue(answer.endswith(b"]}"), answer[-40:])

    async def test_requests_in_a_row(self) -> None:
        """
        Requests that are sent without waiting are answered in their order.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.demo.compute.get("/v2.1/flavors")
        wire = await self.wire(cloud)

        wire.send(b"".join(self.head(cloud, target=b"GET /v2.1/flavors/%d" % number) for number in (3, 1, 2)))
        found = [json.loads((await wire.message())[1])["flavor"]["id"] for _ in range(3)]

        self.assertEqual(["3", "1", "2"], found)


class StrangeFieldTests(CloudCase):
    """
    Fields of types that they should not have, where the gateway looks: refused by a pod, never by a failure of ours.
    """

    async def test_servers(self) -> None:
        """
        In the body of a server, and beside it.
        """
        cloud = await self.cloud(TWO_PODS)
        for value in STRANGE:
            bodies = [
                {**a_server(), "os:scheduler_hints": value},
                {**a_server(), "os:scheduler_hints": {"same_host": value, "different_host": value}},
                a_server(block_device_mapping_v2=[value]),
                a_server(
                    block_device_mapping_v2=[
                        {"uuid": value, "source_type": "volume", "destination_type": "volume"}
                    ]
                ),
                a_server(networks=[{"uuid": value, "port": value}]),
                a_server(security_groups=[{"name": value}]),
                {"server": value},
                value,
            ]
            for body in bodies:
                answer = await cloud.demo.compute.post("/v2.1/servers", body)
                self.assertIn(answer.status, (202, 400, 403), (body, answer.body))

    async def test_volumes(self) -> None:
        """
        In the body of a volume or snapshot.
        """
        cloud = await self.cloud(TWO_PODS)
        for value in STRANGE:
            bodies = [
                a_volume(**{field: value})
                for field in (
                    "availability_zone",
                    "snapshot_id",
                    "source_volid",
                    "backup_id",
                    "group_id",
                    "scheduler_hints",
                )
            ]
            bodies += [{**a_volume(), "OS-SCH-HNT:scheduler_hints": value}, {"volume": value}, value]
            for body in bodies:
                answer = await cloud.demo.volume.post("/v3/{project}/volumes", body)
                self.assertIn(answer.status, (202, 400, 404, 413), (body, answer.body))
            answer = await cloud.demo.volume.post(
                "/v3/{project}/snapshots", {"snapshot": {"volume_id": value}}
            )
            self.assertIn(answer.status, (400, 404), (value, answer.body))

    async def test_actions(self) -> None:
        """
        In actions and attachments of a server.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        await until(lambda: cloud.pod("Pod1").servers()[server].vm_state == "active")
        path = f"/v2.1/servers/{server}"
        for value in STRANGE:
            for tail, body in (
                ("action", {"unshelve": value}),
                ("action", {"unshelve": {"availability_zone": value}}),
                ("action", value),
                ("os-volume_attachments", {"volumeAttachment": value}),
                ("os-volume_attachments", {"volumeAttachment": {"volumeId": value}}),
                ("os-interface", {"interfaceAttachment": {"port_id": value, "net_id": value}}),
            ):
                answer = await cloud.demo.compute.post(f"{path}/{tail}", body, version="2.77")
                self.assertIn(answer.status, (200, 202, 400, 404, 409), (tail, body, answer.body))

    async def test_deep_nesting(self) -> None:
        """
        JSON that is nested thousands deep is 400.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.post(
            "/v2.1/servers", data=b'{"server":' * 5000 + b"1" + b"}" * 5000
        )

        self.refused(answer, 400, "badRequest")

    async def test_not_utf8(self) -> None:
        """
        A create that is not UTF-8 is 400.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.post("/v2.1/servers", data=b'{"server": {"name": "\xff"}}')

        self.refused(answer, 400, "badRequest")


class ZoneSpellingTests(CloudCase):
    """
    The zone of a create in unusual spellings: the pod must never read a zone that the gateway did not.
    """

    PLANS = (
        PodPlan(name="Pod1", section={"pod_az": "one"}, fake={"availability_zones": ["one"]}),
        PodPlan(name="Pod2", zone="az2", section={"pod_az": "two"}, fake={"availability_zones": ["two"]}),
    )

    async def zone_read(self, data: bytes) -> tuple[str, str | None]:
        """
        The pod that a body goes to, and the zone that it reads there.
        """
        cloud = await self.cloud(self.PLANS)
        answer = await cloud.demo.compute.post("/v2.1/servers", data=data)
        self.assertEqual(202, answer.status, answer.body)
        (name,) = cloud.pods_with_creates()
        (got,) = cloud.pod(name).nova.creates()
        return name, got["body"]["server"].get("availability_zone")

    def body(self, zone: bytes) -> bytes:
        """
        A create with a piece of text that names a zone.
        """
        return json.dumps(a_server()).encode().replace(b'{"server": {', b'{"server": {' + zone + b", ")

    async def test_twice(self) -> None:
        """
        Of a key that comes twice the last counts, for both.
        """
        found = await self.zone_read(self.body(b'"availability_zone": "az1", "availability_zone": "az2"'))

        self.assertEqual(("Pod2", "two"), found)

    async def test_escaped_key(self) -> None:
        """
        Escapes in the key hide nothing.
        """
        found = await self.zone_read(self.body(b'"availability\\u005fzone": "az2"'))

        self.assertEqual(("Pod2", "two"), found)

    async def test_escaped_value(self) -> None:
        """
        Nor do escapes in the value.
        """
        found = await self.zone_read(self.body(b'"availability_zone": "\\u0061z2"'))

        self.assertEqual(("Pod2", "two"), found)

    async def test_two_servers(self) -> None:
        """
        Of two objects under one key the last counts, for both.
        """
        second = json.dumps(a_server(availability_zone="az2")).encode()
        found = await self.zone_read(b'{"server": {"availability_zone": "az1"}, ' + second[1:])

        self.assertEqual(("Pod2", "two"), found)

    async def test_null(self) -> None:
        """
        A zone that is null is none.
        """
        found = await self.zone_read(self.body(b'"availability_zone": null'))

        self.assertEqual(("Pod1", None), found)

    async def test_empty(self) -> None:
        """
        A zone that is empty is left to the pod, which refuses it.
        """
        cloud = await self.cloud(self.PLANS)
        answer = await cloud.demo.compute.post("/v2.1/servers", data=self.body(b'"availability_zone": ""'))

        self.refused(answer, 400, "badRequest", "'' should be non-empty")


class UnknownListTests(CloudCase):
    """
    Lists with odd queries.
    """

    async def test_never_a_failure(self) -> None:
        """
        Whatever the query, the answer is a list or the client's error.
        """
        cloud = await self.cloud(TWO_PODS)
        cloud.pod("Pod1").make_servers(cloud.demo.project_id, 2)
        for query in (
            "limit=&marker=",
            "limit=1&limit=2",
            "limit=99999999999999999999",
            "limit=%31",
            "marker=%00",
            f"marker={NOTHING}&marker={NOTHING}",
            "sort_key=&sort_dir=",
            "sort_key=created_at&sort_key=created_at",
            "name=%ff",
            "name=%E2%98%83",
            "&&&=&=x",
            "?",
            "changes-since=yesterday",
            "a" * 5000,
            "availability_zone=az1&availability_zone=az9",
            "availability_zone=",
        ):
            for surface in (cloud.demo.compute, cloud.demo.volume):
                path = "/v2.1/servers" if surface.surface == "compute" else "/v3/{project}/volumes"
                answer = await surface.get(f"{path}?{query}")
                self.assertIn(answer.status, (200, 400, 404), (query, answer.status, answer.body))
