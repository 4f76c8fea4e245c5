"""
What refusals teach about later creates, on a whole cloud.
"""

from __future__ import annotations

from typing import Any

from tests.functional.cloud import TWO_PODS, Cloud, CloudCase, a_server, a_volume, pause

PROXY = "No server is available to handle this request."


class LearningCase(CloudCase):
    """
    Two pods in one zone.
    """

    async def marked(self, cloud: Cloud, lack: str, daemon: int = 0) -> None:
        """
        Wait until a daemon has learnt of what Pod1 lacks.
        """
        line = f'trio2o_pod_marks{{lack="{lack}",pod="Pod1"}} 1.0'
        for _ in range(300):
            if line in (await cloud.admin.at(daemon).admin.get("/metrics")).body.decode():
                return
            await pause(0.05)
        self.fail(f"daemon {daemon} does not know")

    async def unmarked(self, cloud: Cloud) -> None:
        """
        Wait until a daemon knows of nothing that Pod1 lacks.
        """
        for _ in range(300):
            if "trio2o_pod_marks{" not in (await cloud.admin.admin.get("/metrics")).body.decode():
                return
            await pause(0.05)
        self.fail("the daemon has forgotten nothing")

    def asked(self, cloud: Cloud, service: str = "nova") -> dict[str, int]:
        """
        How many creates each pod got since this was last asked.
        """
        counts = {}
        for name in ("Pod1", "Pod2"):
            frame = getattr(cloud.pod(name), service)
            counts[name] = len(frame.creates())
            frame.frame.journal.clear()
        return counts


class QuotaTests(LearningCase):
    """
    Quotas that are used up.
    """

    async def test_servers(self) -> None:
        """
        The create that meets it goes on to the next pod, and the project's next one, at whatever daemon, does not ask the first.
        Another project's does.
        """
        cloud = await self.cloud(TWO_PODS, daemons=2)
        await cloud.demo.create_server("bound")
        self.asked(cloud)
        cloud.pod("Pod1").nova.behave("quota", times=1)

        await cloud.demo.create_server("one")
        self.assertEqual({"Pod1": 1, "Pod2": 1}, self.asked(cloud))
        await cloud.demo.create_server("two")
        self.assertEqual({"Pod1": 0, "Pod2": 1}, self.asked(cloud))
        await self.marked(cloud, "quota", daemon=1)
        await cloud.demo.at(1).create_server("three")
        self.assertEqual({"Pod1": 0, "Pod2": 1}, self.asked(cloud))

        await cloud.alt_demo.at(1).create_server("other")
        self.assertEqual({"Pod1": 1, "Pod2": 0}, self.asked(cloud))

    async def test_volumes(self) -> None:
        """
        Cinder's over-limit as well; what is made of it moves with the binding.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.demo.create_volume("bound")
        cloud.pod("Pod1").cinder.behave("quota", times=1)
        for name in ("one", "two"):
            await cloud.demo.create_volume(name)

        self.assertEqual({"Pod1": 2, "Pod2": 2}, self.asked(cloud, "cinder"))
        rows = cloud.sql("select p.name from bindings b join pods p on p.id = b.pod_id where b.is_binding")
        self.assertEqual([("Pod2",)], rows)

    async def test_freed(self) -> None:
        """
        Once something of the project is gone, the pod that it is bound to is asked again, at whatever daemon.
        """
        cloud = await self.cloud(TWO_PODS, daemons=2)
        bound = await cloud.demo.create_server("bound")
        cloud.pod("Pod1").nova.behave("quota", times=1)
        await cloud.demo.create_server("beside")
        await self.marked(cloud, "quota", daemon=1)
        self.asked(cloud)

        self.assertEqual(204, (await cloud.demo.at(1).compute.delete(f"/v2.1/servers/{bound}")).status)
        await self.unmarked(cloud)

        await cloud.demo.create_server("again")
        self.assertEqual({"Pod1": 1, "Pod2": 0}, self.asked(cloud))

    async def test_everywhere(self) -> None:
        """
        Where every pod refuses, the answer is a pod's own, each time; an admin reads what each has said.
        """
        cloud = await self.cloud(TWO_PODS)
        for name in ("Pod1", "Pod2"):
            cloud.pod(name).nova.behave("quota")

        replies = [await cloud.admin.compute.post("/v2.1/servers", a_server()) for _ in range(2)]

        for reply in replies:
            self.assertEqual((403, "forbidden"), (reply.status, reply.fault[0]))
            told = reply.header("X-Trio2o-Refusals") or ""
            self.assertIn("Pod1: Quota exceeded for instances", told)
            self.assertIn("Pod2: Quota exceeded for instances", told)
        user = await cloud.demo.compute.post("/v2.1/servers", a_server())
        self.assertIsNone(user.header("X-Trio2o-Refusals"))
        self.assertEqual({"Pod1": 3, "Pod2": 3}, self.asked(cloud))

    async def test_off(self) -> None:
        """
        Where nothing is to be remembered the first pod is asked each time.
        """
        cloud = await self.cloud(TWO_PODS, settings={"scheduling": {"exhausted_seconds": 0, "weighers": {}}})
        cloud.pod("Pod1").nova.behave("quota")
        for name in ("one", "two"):
            await cloud.demo.create_server(name)
        self.assertEqual({"Pod1": 2, "Pod2": 2}, self.asked(cloud))


class HostTests(LearningCase):
    """
    No host, or backend, for what was accepted.
    """

    async def test_server(self) -> None:
        """
        A server that ends in ERROR for want of a host stays as it is, and the next ones, of all projects at all daemons, go to
        the other pod.
        """
        cloud = await self.cloud(TWO_PODS, daemons=2)
        cloud.pod("Pod1").nova.behave("no_valid_host", times=1)
        made = await cloud.demo.create_server("one")
        for daemon in (0, 1):
            await self.marked(cloud, "host", daemon)
        self.asked(cloud)

        await cloud.alt_demo.create_server("two")
        await cloud.demo.at(1).create_server("three")

        self.assertEqual({"Pod1": 0, "Pod2": 2}, self.asked(cloud))
        shown: Any = (await cloud.demo.compute.get(f"/v2.1/servers/{made}")).json["server"]
        self.assertEqual(
            ("ERROR", "No valid host was found."), (shown["status"], shown["fault"]["message"][:24])
        )

    async def test_volume(self) -> None:
        """
        A volume that ends in error for want of a backend, as Cinder's message tells, keeps volumes that are as large away, and
        not smaller ones.
        """
        cloud = await self.cloud(TWO_PODS)
        cloud.pod("Pod1").cinder.behave("no_valid_host", times=1)
        await cloud.demo.create_volume("one", size=50)
        await self.marked(cloud, "host")
        self.asked(cloud, "cinder")

        small = await cloud.alt_demo.volume.post("/v3/{project}/volumes", a_volume("two", size=49))
        large = await cloud.demo.volume.post("/v3/{project}/volumes", a_volume("three", size=50))

        self.assertEqual((202, 202), (small.status, large.status))
        self.assertEqual({"Pod1": 1, "Pod2": 1}, self.asked(cloud, "cinder"))


class ServiceTests(LearningCase):
    """
    A proxy before a pod whose service is away.
    """

    async def test_known(self) -> None:
        """
        A 503 that the configuration knows goes on to the next pod; no other does.
        """
        settings = {"scheduling": {"refusal_texts": [PROXY]}}
        cloud = await self.cloud(TWO_PODS, settings=settings)
        nova = cloud.pod("Pod1").nova
        nova.behave("status", method="POST", path="/servers$", status=503, body="Busy.", times=1)
        nova.behave("status", method="POST", path="/servers$", status=503, body=PROXY)

        unknown = await cloud.demo.compute.post("/v2.1/servers", a_server("unknown"))
        known = await cloud.demo.compute.post("/v2.1/servers", a_server("known"))
        again = await cloud.alt_demo.compute.post("/v2.1/servers", a_server("again"))

        self.assertEqual([503, 202, 202], [each.status for each in (unknown, known, again)])
        self.assertEqual({"Pod1": 2, "Pod2": 2}, self.asked(cloud))
