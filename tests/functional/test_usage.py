"""
How full pods are, on a whole cloud: what they are asked, and what becomes of creates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.functional.cloud import TWO_PODS, Cloud, CloudCase, PodPlan, pause, within

#: A pod that keeps all of its virtual CPUs free.
KEPT_FREE = PodPlan(name="Pod1", section={"headroom": {"vcpus": 1.0}})


class UsageTests(CloudCase):
    """
    Two pods in one zone, which are asked all the time.
    """

    async def asked(self, plans: Sequence[PodPlan], *, roles: Sequence[str] = ("service", "admin")) -> Cloud:
        """
        The cloud, with these roles of the daemon's own user.
        """
        cloud = await self.cloud(plans, daemons=0)
        cloud.keystone.add_user("trio2o", "trio2o-password", project="service", roles=list(roles))
        await cloud.add_daemon(plans, {"usage": {"interval_seconds": 0.2}})
        return cloud

    async def known(self, cloud: Cloud, pod: str) -> None:
        """
        Wait until the scheduler knows how full a pod is.
        """
        while True:
            text = (await cloud.admin.admin.get("/metrics")).body.decode()
            if f'trio2o_pod_usage_age_seconds{{pod="{pod}"}}' in text:
                return
            await pause(0.02)

    async def usage(self, cloud: Cloud, name: str) -> dict[str, Any]:
        """
        The usage of a pod.
        """
        ((pod_id,),) = cloud.sql(f"select id from pods where name = '{name}'")
        reply = await cloud.admin.admin.get(f"/v1.0/pods/{pod_id}/usage")
        self.assertEqual(200, reply.status, reply.body)
        shown: dict[str, Any] = reply.json["usage"]
        return shown

    async def test_full_pod(self) -> None:
        """
        A pod without room is left out: what is made, and the binding, are in the next one.
        """
        cloud = await self.asked([KEPT_FREE, PodPlan(name="Pod2")])
        await within(15, self.known(cloud, "Pod1"))

        await cloud.demo.create_server("one")

        self.assertEqual([], cloud.pod("Pod1").nova.creates())
        self.assertEqual(1, len(cloud.pod("Pod2").nova.creates()))
        rows = cloud.sql("select p.name from bindings b join pods p on p.id = b.pod_id where b.is_binding")
        self.assertEqual([("Pod2",)], rows)

    async def test_emptiest(self) -> None:
        """
        With the weighers that are shipped the first project takes the first of two empty pods, the next one the emptier pod, and
        each stays in its own.
        """
        cloud = await self.asked([PodPlan(name="Pod1"), PodPlan(name="Pod2")])
        for pod in ("Pod1", "Pod2"):
            await within(15, self.known(cloud, pod))

        for person in (cloud.demo, cloud.alt_demo, cloud.alt_demo, cloud.alt_demo, cloud.demo):
            await person.create_server("one")

        made = {name: len(cloud.pod(name).nova.creates()) for name in ("Pod1", "Pod2")}
        self.assertEqual({"Pod1": 2, "Pod2": 3}, made)

    async def test_shown(self) -> None:
        """
        What both services of a pod say is shown.
        """
        cloud = await self.asked(TWO_PODS)
        await within(15, self.known(cloud, "Pod2"))

        shown = await self.usage(cloud, "Pod2")

        self.assertIsNotNone(shown["collected_at"])
        self.assertEqual([], [name for name, room in shown["resources"].items() if room is None])
        self.assertEqual(20_000.0, shown["resources"]["volume_gb"]["limit"])

    async def test_not_told(self) -> None:
        """
        A daemon whose user is no administrator is not told, and there is plenty.
        """
        cloud = await self.asked([KEPT_FREE, PodPlan(name="Pod2")], roles=["service"])
        await within(15, self.known(cloud, "Pod1"))

        await cloud.demo.create_server("one")

        self.assertEqual(1, len(cloud.pod("Pod1").nova.creates()))
        self.assertEqual({None}, set((await self.usage(cloud, "Pod1"))["resources"].values()))
