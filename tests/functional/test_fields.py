"""
The header fields of answers: whose they are, and which are added.
"""

from __future__ import annotations

from tests.functional.cloud import TWO_PODS, CloudCase, Reply

_VERSION_FIELDS = ("OpenStack-API-Version", "X-OpenStack-Nova-API-Version", "Vary")


class VersionFieldTests(CloudCase):
    """
    Version fields, as they were seen at Nova 34 and Cinder 29.
    """

    def told(self, reply: Reply) -> list[str]:
        """
        The version fields of an answer.
        """
        return [name for name in _VERSION_FIELDS if reply.header(name) is not None]

    async def test_of_pods(self) -> None:
        """
        An answer of a pod that has none, such as webob's 404, is given none, nor a second request id.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.get("/v2.1/nothing")

        self.assertEqual((404, []), (answer.status, self.told(answer)))
        self.assertIsNotNone(answer.header("X-Openstack-Request-Id"))

    async def test_of_calls(self) -> None:
        """
        What the gateway answers itself has those of its surface.
        """
        cloud = await self.cloud(TWO_PODS)

        compute = await cloud.demo.compute.get("/v2.1/os-availability-zone")
        volume = await cloud.demo.volume.get("/v3/{project}/os-availability-zone")

        self.assertEqual(list(_VERSION_FIELDS), self.told(compute))
        self.assertEqual(["OpenStack-API-Version", "Vary"], self.told(volume))

    async def test_of_documents(self) -> None:
        """
        The document of one version has them, the list of versions does not.
        """
        cloud = await self.cloud(TWO_PODS)
        compute, volume = cloud.demo.compute, cloud.demo.volume

        self.assertEqual(list(_VERSION_FIELDS), self.told(await compute.get("/v2.1")))
        self.assertEqual(["OpenStack-API-Version", "Vary"], self.told(await volume.get("/v3/")))
        self.assertEqual([[], []], [self.told(await client.get("/")) for client in (compute, volume)])

    async def test_unauthorized(self) -> None:
        """
        A 401 has none: it comes from in front of what negotiates versions.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.with_token("wrong").get("/v2.1/servers")

        self.assertEqual((401, []), (answer.status, self.told(answer)))
        self.assertEqual("application/json", answer.header("Content-Type"))
