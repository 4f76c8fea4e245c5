"""
What pods have the same: kept so by jobs where a pod was away, refuses, or is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.functional.cloud import Cloud, CloudCase, PodPlan, a_server, merged, pause, within

FLAVORS = "/v2.1/flavors"
KEYS = "/v2.1/os-keypairs"
FLAVOR = {"name": "f", "ram": 64, "vcpus": 1, "disk": 1, "id": "own"}
MISSING = "X-Trio2o-Incomplete-Zones"
#: A pod that is down is known to be soon.
QUICK = {"pod_defaults": {"probe_interval_seconds": 0.2, "breaker": {"failures": 2, "open_seconds": 0.2}}}
#: A pod of a zone of its own.
PODS = (PodPlan(name="Pod1"), PodPlan(name="Pod2", zone="az2"))


class SharedCase(CloudCase):
    """
    Two pods that are looked after often.
    """

    async def shared(self, plans: Sequence[PodPlan] = PODS, **settings: Any) -> Cloud:
        """
        A cloud whose pods the daemon may administer.
        """
        cloud = await self.cloud(plans, settings=merged(QUICK, settings), daemons=0)
        cloud.keystone.add_user("trio2o", "trio2o-password", project="service", roles=["service", "admin"])
        await cloud.add_daemon(plans, merged(QUICK, settings))
        return cloud

    async def known_away(self, cloud: Cloud, name: str) -> None:
        """
        Stop a pod, and wait until the daemon knows.
        """
        await cloud.pod(name).fake.go_down()
        await self.until(cloud, name, healthy=False)

    async def until(self, cloud: Cloud, name: str, *, healthy: bool) -> None:
        """
        Wait until the daemon sees a pod so.
        """

        async def seen() -> None:
            while True:
                shown = (await cloud.admin.admin.get("/v1.0/pods")).json["pods"]
                if [pod["healthy"] for pod in shown if pod["pod_name"] == name] == [healthy]:
                    return
                await pause(0.05)

        await within(20, seen())

    async def jobs(self, cloud: Cloud, **wanted: Any) -> list[dict[str, Any]]:
        """
        The jobs that are so.
        """
        jobs = (await cloud.admin.admin.get("/v1.0/jobs")).json["jobs"]
        return [job for job in jobs if all(job[key] == value for key, value in wanted.items())]

    async def nothing_left(self, cloud: Cloud) -> None:
        """
        Wait until no job is unfinished.
        """

        async def done() -> None:
            while any(job["state"] in ("waiting", "running") for job in await self.jobs(cloud)):
                await pause(0.05)

        await within(30, done())


class FlavorTests(SharedCase):
    """
    Flavors.
    """

    async def test_pod_away(self) -> None:
        """
        A pod that is down while a flavor is made has it, with its extra specs, after its return and before it gets a server.
        """
        cloud = await self.shared()
        await self.known_away(cloud, "Pod2")
        made = await cloud.admin.compute.post(FLAVORS, {"flavor": FLAVOR})
        specs = await cloud.admin.compute.post(f"{FLAVORS}/own/os-extra_specs", {"extra_specs": {"k": "v"}})
        self.assertEqual((200, 200), (made.status, specs.status), made.body)
        self.assertEqual("az2", made.header(MISSING))

        await cloud.pod("Pod2").fake.start()

        async def served() -> str:
            while True:
                body = a_server(flavorRef="own", availability_zone="az2")
                created = await cloud.demo.compute.post("/v2.1/servers", body)
                if created.status == 202:
                    return str(created.json["server"]["id"])
                self.assertEqual(503, created.status, created.body)
                await pause(0.1)

        await within(30, served())
        shown = await cloud.admin.at_pod("Pod2", "compute").get(f"{FLAVORS}/own", version="2.61")
        self.assertEqual({"k": "v"}, shown.json["flavor"]["extra_specs"])
        await self.nothing_left(cloud)
        asked = [request["path"] for request in cloud.pod("Pod2").nova.requests("POST")]
        self.assertLess(
            asked.index("/v2.1/flavors/own/os-extra_specs"),
            next(at for at, path in enumerate(asked) if path.endswith("/servers")),
        )
        self.assertEqual([], await self.jobs(cloud, state="dead"))
