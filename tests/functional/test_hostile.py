"""
Requests that nobody sends by mistake.
"""

from __future__ import annotations

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
