"""
Requests that nobody sends by mistake.
"""

from __future__ import annotations

import socket

from twisted.internet.threads import deferToThread

from tests.functional.cloud import NOTHING, TWO_PODS, CloudCase


class PathTests(CloudCase):
    """
    Paths that mean one thing here and another at a pod.
    """

    async def test_dot_segments(self) -> None:
        """
        A path with dot segments, escaped or not, is 404, and no pod sees it: it could lead beside the API there.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        for pod in cloud.pods.values():
            pod.nova.frame.journal.clear()

        for path in (
            "/v2.1/../flavors",
            "/v2.1/flavors/%2e%2e/%2e%2e/%2e%2e/identity/v3/users",
            f"/v2.1/servers/{server}/../{NOTHING}",
            f"/v2.1/servers/{server}/%2E%2E/{NOTHING}",
            f"/v2.1/servers/{server}/..%2f{NOTHING}",
            f"/v2.1/servers/{server}/.",
        ):
            answer = await cloud.demo.compute.get(path)
            self.assertEqual(404, answer.status, path)

        self.assertEqual([], [asked for pod in cloud.pods.values() for asked in pod.nova.requests()])

    async def test_not_utf8(self) -> None:
        """
        A path that is not UTF-8 is 404 in the service's shape with a request id, and nothing is logged as a bug.
        """
        cloud = await self.cloud(TWO_PODS)

        for client, paths in (
            (cloud.demo.compute, ("/v2.1/%ff", "/v2.1/servers/%ff", "/%ff")),
            (cloud.demo.volume, ("/v3/%ff",)),
        ):
            for path in paths:
                answer = await client.get(path)
                self.refused(answer, 404, "itemNotFound")
                self.assertIsNotNone(answer.header("X-Openstack-Request-Id"))

    async def test_slashes(self) -> None:
        """
        Several slashes are one, as for the services.
        """
        cloud = await self.cloud(TWO_PODS)

        answers = [
            await cloud.demo.compute.get(path)
            for path in ("//v2.1//os-availability-zone", "/v2.1//os-availability-zone")
        ]

        self.assertEqual([200, 200], [answer.status for answer in answers], answers)

    async def test_absolute_form(self) -> None:
        """
        A whole URL as the target of a request, as clients of proxies send it, is taken for its path.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        host, port = cloud.demo.compute.origin.removeprefix("http://").split(":")

        for path in ("/v2.1/flavors", f"/v2.1/servers/{server}", "/"):
            said = await deferToThread(self._said, host, int(port), path, cloud.demo.token)
            self.assertIn(b" 200 ", said.partition(b"\r\n")[0], path)

    @staticmethod
    def _said(host: str, port: int, path: str, token: str) -> bytes:
        with socket.create_connection((host, port), timeout=10) as connection:
            head = (
                f"GET http://cloud.example{path} HTTP/1.1\r\nHost: cloud.example\r\nX-Auth-Token: {token}\r\n"
            )
            connection.sendall(head.encode() + b"Connection: close\r\n\r\n")
            said = b""
            while part := connection.recv(65536):
                said += part
            return said

    async def test_query_not_utf8(self) -> None:
        """
        A list whose query is not UTF-8 is 400, in the words of Nova.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.get("/v2.1/servers?name=%ff")

        self.refused(answer, 400, "badRequest", "Query string is not UTF-8 encoded")


class HeaderTests(CloudCase):
    """
    Header fields of odd content.
    """

    async def test_long_microversion(self) -> None:
        """
        A microversion of thousands of digits is 400, not a failure of the gateway.
        """
        cloud = await self.cloud(TWO_PODS)

        for client, service, path in (
            (cloud.demo.compute, "compute 2.", "/v2.1/flavors"),
            (cloud.demo.volume, "volume 3.", "/v3/volumes"),
        ):
            answer = await client.get(path, headers={"OpenStack-API-Version": service + "9" * 5000})
            self.refused(answer, 400, "badRequest")
            self.assertIsNotNone(answer.header("X-Openstack-Request-Id"))
