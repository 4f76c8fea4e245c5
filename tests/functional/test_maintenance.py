"""
Taking a pod out of service on a whole cloud of two daemons.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.functional.cloud import TWO_PODS, Cloud, CloudCase, PodPlan, Reply, a_server, pause

#: Projects are bound to the first pod, as long as it takes them.
PLANS = (PodPlan(name="Pod1", section={"weight": 9.0}), TWO_PODS[1])
SETTINGS = {"scheduling": {"weighers": {"operator_weight": 1.0}}}


def at(seconds: float) -> str:
    """
    So many seconds from now, as the Admin API takes times.
    """
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


class MaintenanceTests(CloudCase):
    """
    What operators order at one daemon, and what happens at both.
    """

    async def two_daemons(self) -> Cloud:
        """
        A cloud whose projects go to ``Pod1``.
        """
        return await self.cloud(PLANS, daemons=2, settings=SETTINGS)

    async def pod_id(self, cloud: Cloud, name: str) -> str:
        """
        A pod's id.
        """
        listed = (await cloud.admin.admin.get("/v1.0/pods")).json["pods"]
        return next(str(pod["pod_id"]) for pod in listed if pod["pod_name"] == name)

    async def order(self, cloud: Cloud, name: str, **fields: Any) -> dict[str, Any]:
        """
        Change a pod at the first daemon.
        """
        path = f"/v1.0/pods/{await self.pod_id(cloud, name)}"
        changed: Reply = await cloud.admin.admin.ask("PATCH", path, {"pod": fields})
        self.assertEqual(200, changed.status, changed.body)
        shown: dict[str, Any] = changed.json["pod"]
        return shown

    async def everywhere(self, cloud: Cloud, name: str, state: str) -> None:
        """
        Wait until every daemon sees a pod in a state.
        """
        for number in range(len(cloud.daemons)):
            seen = ""
            while seen != state:
                report = (await cloud.admin.at(number).admin.get("/healthcheck?details=true")).json
                seen = next((pod["state"] for pod in report["pods"] if pod["pod_name"] == name), "")
                await pause(0.02)

    async def history(self, cloud: Cloud, **query: str) -> list[dict[str, Any]]:
        """
        The project's bindings, newest first.
        """
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        path = f"/v1.0/bindings?tenant_id={cloud.demo.project_id}&{asked}"
        listed: list[dict[str, Any]] = (await cloud.admin.admin.get(path)).json["pod_bindings"]
        return listed

    async def test_drain(self) -> None:
        """
        A pod that is drained at one daemon gets nothing new by another; what it has answers, and is told until it is gone.
        The binding's history says why it was moved.
        """
        cloud = await self.two_daemons()
        first = await cloud.demo.create_server("first")
        pod_id = await self.pod_id(cloud, "Pod1")
        path = f"/v1.0/pods/{pod_id}/drain"

        begun = await cloud.admin.admin.post(path, {"drain": {"reason": "new switches"}})
        await self.everywhere(cloud, "Pod1", "draining")
        other = cloud.demo.at(1)
        second = await other.create_server("second")
        shown = await other.compute.get(f"/v2.1/servers/{first}")
        told = (await cloud.admin.at(1).admin.get(path)).json["drain"]

        self.assertEqual(200, begun.status, begun.body)
        self.assertEqual(("Pod1", "Pod2"), (cloud.pod_of(first), cloud.pod_of(second)))
        self.assertEqual(200, shown.status)
        # the move was made by the create at the other daemon
        self.assertEqual({"server": 1}, told["routes"])
        self.assertEqual(
            (0, 0, False, "new switches"),
            tuple(told[name] for name in ("bindings", "made_since", "done", "state_reason")),
        )
        new, old = await self.history(cloud)
        why = "moved: state dropped Pod1 (draining)"
        self.assertEqual(
            (True, why, False, why), (new["is_binding"], new["reason"], old["is_binding"], old["reason"])
        )
        self.assertEqual((pod_id, new["created_at"] >= old["ended_at"]), (old["pod_id"], True))
        at_begin = await self.history(cloud, at=old["created_at"])
        self.assertEqual([old["id"]], [each["id"] for each in at_begin])

        await other.compute.delete(f"/v2.1/servers/{first}")
        done = False
        while not done:
            done = (await cloud.admin.admin.get(path)).json["drain"]["done"]
            await pause(0.02)

    async def test_bindings_end(self) -> None:
        """
        Bindings that end with the order are made anew by the next create, elsewhere.
        """
        cloud = await self.two_daemons()
        await cloud.demo.create_server("first")
        path = f"/v1.0/pods/{await self.pod_id(cloud, 'Pod1')}/drain"

        ended = (await cloud.admin.admin.post(path, {"drain": {"end_bindings": True}})).json["drain"]
        await self.everywhere(cloud, "Pod1", "draining")
        second = await cloud.demo.at(1).create_server("second")

        self.assertEqual((1, 0), (ended["ended_bindings"], ended["bindings"]))
        self.assertEqual("Pod2", cloud.pod_of(second))
        new, old = await self.history(cloud)
        self.assertEqual(
            ("created", "ended: Pod1 is draining"),
            (new["reason"], old["reason"]),
        )

    async def test_all_drained(self) -> None:
        """
        With every pod of the zone out of service a create is refused, and its user is told of neither pods nor reasons.
        """
        cloud = await self.two_daemons()
        for name in ("Pod1", "Pod2"):
            await self.order(cloud, name, state="maintenance", state_reason="new switches")
            await self.everywhere(cloud, name, "maintenance")

        refused = await cloud.demo.at(1).compute.post("/v2.1/servers", a_server())

        self.assertGreaterEqual(refused.status, 400)
        for secret in (b"Pod1", b"switches", b"maintenance"):
            self.assertNotIn(secret, refused.body)

    async def test_window(self) -> None:
        """
        A window begins and ends on both daemons by the clock alone: nothing is written, and nobody is told.
        """
        cloud = await self.two_daemons()
        last = cloud.sql("select max(number) from changes")
        ordered = await self.order(
            cloud,
            "Pod1",
            state="maintenance",
            state_reason="new switches",
            state_from=at(2.0),
            state_until=at(3600),
        )
        await self.everywhere(cloud, "Pod1", "maintenance")
        within = await cloud.demo.at(1).create_server("within")
        shown = (await cloud.admin.at(1).admin.get(f"/v1.0/pods/{ordered['pod_id']}")).json["pod"]

        self.assertEqual(("maintenance", "maintenance"), (shown["state"], shown["effective_state"]))
        self.assertEqual("Pod2", cloud.pod_of(within))
        # the order and the project's binding
        self.assertEqual([(last[0][0] + 2,)], cloud.sql("select max(number) from changes"))

        await self.order(cloud, "Pod1", state="maintenance", state_until=at(2.0))
        await self.everywhere(cloud, "Pod1", "enabled")
        after = await cloud.alt_demo.at(1).create_server("after")
        self.assertEqual("Pod1", cloud.pod_of(after))

    async def test_settings(self) -> None:
        """
        Settings that the Admin API gives a pod count: it would be preferred, and a project that it is denied to goes elsewhere.
        """
        cloud = await self.cloud(PLANS, daemons=0)
        await cloud.add_daemon(PLANS[1:], SETTINGS)
        denied = [cloud.demo.project_id]
        pod = {"pod_name": "Pod1", "az_name": "az1", "weight": 9, "projects_denied": denied}
        made = await cloud.admin.admin.post("/v1.0/pods", {"pod": pod})
        self.assertEqual(200, made.status, made.body)
        await self.everywhere(cloud, "Pod1", "enabled")

        servers = [await person.create_server() for person in (cloud.demo, cloud.alt_demo)]

        self.assertEqual(["Pod2", "Pod1"], [cloud.pod_of(server) for server in servers])
