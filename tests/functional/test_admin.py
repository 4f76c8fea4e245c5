"""
The Admin API on a whole cloud: what operators do, and what users notice of it.
"""

from __future__ import annotations

from typing import Any

from tests.functional.cloud import NOTHING, TWO_PODS, Cloud, CloudCase, Reply, a_server, pause
from tests.interface.waiting import until


class AdminCase(CloudCase):
    """
    What these tests share.
    """

    async def pods_of(self, cloud: Cloud) -> dict[str, Any]:
        """
        The registered pods by name.
        """
        listed = await cloud.admin.admin.get("/v1.0/pods")
        self.assertEqual(200, listed.status, listed.body)
        return {pod["pod_name"]: pod for pod in listed.json["pods"]}

    async def register(self, cloud: Cloud, name: str = "Pod2", az: str = "az1", **more: Any) -> Reply:
        """
        Register a pod.
        """
        return await cloud.admin.admin.post("/v1.0/pods", {"pod": {"pod_name": name, "az_name": az, **more}})

    def told(self, reply: Reply, status: int, *words: str) -> None:
        """
        Insist on an error in the Admin API's shape.
        """
        self.assertEqual(status, reply.status, reply.body)
        self.assertEqual(status, reply.json["error"]["code"])
        for word in words:
            self.assertIn(word, reply.json["error"]["message"])


class RightsTests(AdminCase):
    """
    Who may use it.
    """

    async def test_users_may_not(self) -> None:
        """
        Without the role admin every operation is 403, and nothing changes.
        """
        cloud = await self.cloud(TWO_PODS)
        admin = cloud.demo.admin

        answers = [
            await admin.get("/v1.0/pods"),
            await admin.post("/v1.0/pods", {"pod": {"pod_name": "x", "az_name": "az1"}}),
            await admin.delete(f"/v1.0/pods/{NOTHING}"),
            await admin.get("/v1.0/bindings"),
            await admin.get(f"/v1.0/routes/{NOTHING}"),
            await admin.get("/healthcheck?details=true"),
        ]

        self.assertEqual([403] * 6, [answer.status for answer in answers])
        self.assertEqual([(2,)], cloud.sql("select count(*) from pods"))

    async def test_policy_file(self) -> None:
        """
        A policy file gives rights to others.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        policy = cloud.folder / "policy.yaml"
        policy.write_text('"trio2o:pods:list": "role:member"\n')
        await cloud.add_daemon(TWO_PODS, {"policy_file": str(policy)})

        listed = await cloud.demo.admin.get("/v1.0/pods")
        bindings = await cloud.demo.admin.get("/v1.0/bindings")

        self.assertEqual([200, 403], [listed.status, bindings.status])


class PodTests(AdminCase):
    """
    Pods.
    """

    async def test_declared_pods(self) -> None:
        """
        The pods of the configuration are there, and cannot be deleted here.
        """
        cloud = await self.cloud(TWO_PODS)
        pods = await self.pods_of(cloud)

        deleted = await cloud.admin.admin.delete(f"/v1.0/pods/{pods['Pod1']['pod_id']}")

        self.assertEqual({"Pod1", "Pod2"}, set(pods))
        self.assertEqual(
            ("az1", True, "enabled"), tuple(pods["Pod1"][key] for key in ("az_name", "declared", "state"))
        )
        self.told(deleted, 409, "Pod1")

    async def test_registered_pod_is_used(self) -> None:
        """
        A pod that is registered while the daemon runs gets servers at once, at the endpoints of the catalog.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        await cloud.add_daemon(TWO_PODS[:1], {})

        made = await self.register(cloud, "Pod2", "az5", dc_name="dc1")
        server = ""
        for _ in range(50):
            reply = await cloud.demo.compute.post("/v2.1/servers", a_server(availability_zone="az5"))
            if reply.status == 202:
                server = reply.json["server"]["id"]
                break
            await pause(0.05)

        self.assertEqual(200, made.status, made.body)
        self.assertEqual("ag_Pod2", made.json["pod"]["ag_name"])
        self.assertEqual("Pod2", cloud.pod_of(server))

    async def test_every_daemon_hears_of_it(self) -> None:
        """
        A pod that was registered at one daemon is used by another.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        await cloud.add_daemon(TWO_PODS[:1], {})
        await cloud.add_daemon(TWO_PODS[:1], {})
        await self.register(cloud, "Pod2", "az5")

        zones: list[str] = []
        for _ in range(50):
            listed = (await cloud.demo.at(1).compute.get("/v2.1/os-availability-zone")).json
            zones = [zone["zoneName"] for zone in listed["availabilityZoneInfo"]]
            if "az5" in zones:
                break
            await pause(0.05)

        self.assertEqual(["az1", "az5"], zones)

    async def test_refusals(self) -> None:
        """
        What cannot be a pod is refused as the API's first version does.
        """
        cloud = await self.cloud(TWO_PODS)
        admin = cloud.admin.admin

        self.told(await self.register(cloud, "Pod1"), 409, "Pod1")
        self.told(await self.register(cloud, ""), 422, "pod_name")
        self.told(await admin.post("/v1.0/pods", {"pod": {"az_name": "az1"}}), 422, "pod_name")
        self.told(await admin.post("/v1.0/pods", {}), 400, "pod")
        self.told(await admin.post("/v1.0/pods", data=b"{"), 400, "JSON")
        self.told(await admin.get(f"/v1.0/pods/{NOTHING}"), 404)
        self.told(await admin.get("/v1.0/pods/x"), 404)
        self.told(await admin.ask("PUT", "/v1.0/pods"), 405)
        self.told(await admin.get("/v1.0/nothing"), 404)

    async def test_top_region(self) -> None:
        """
        A pod without zone is the top region, of which there is one, and which gets no servers.
        """
        cloud = await self.cloud(TWO_PODS)
        first = await self.register(cloud, "RegionOne", "")

        second = await self.register(cloud, "RegionTwo", "")
        server = await cloud.demo.create_server()
        listed = await cloud.demo.compute.get("/v2.1/servers")

        self.assertEqual(200, first.status, first.body)
        self.told(second, 409, "RegionOne")
        self.assertEqual("Pod1", cloud.pod_of(server))
        self.assertIsNone(listed.header("X-Trio2o-Incomplete-Zones"))

    async def test_draining(self) -> None:
        """
        A pod that an operator drains gets no new server, and serves what it has.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        pods = await self.pods_of(cloud)

        changed = await cloud.admin.admin.ask(
            "PATCH", f"/v1.0/pods/{pods['Pod1']['pod_id']}", {"pod": {"state": "draining"}}
        )
        await pause(0.2)
        other = await cloud.alt_demo.create_server()
        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        self.assertEqual("draining", changed.json["pod"]["state"])
        self.assertEqual("Pod2", cloud.pod_of(other))
        self.assertEqual(200, shown.status)

    async def test_delete_in_use(self) -> None:
        """
        A pod that routes or bindings use is not deleted: 409, and its servers are served on.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        await cloud.add_daemon(TWO_PODS[:1], {})
        await self.register(cloud, "Pod2", "az5")
        await pause(0.2)
        server = await cloud.demo.create_server(availability_zone="az5")
        pod_id = (await self.pods_of(cloud))["Pod2"]["pod_id"]

        deleted = await cloud.admin.admin.delete(f"/v1.0/pods/{pod_id}")
        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        self.told(deleted, 409, "in use")
        self.assertEqual(200, shown.status)

    async def test_delete_by_force(self) -> None:
        """
        A pod that is lost is deleted by force: its servers are gone, the rest goes on.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        await cloud.add_daemon(TWO_PODS[:1], {})
        await self.register(cloud, "Pod2", "az5")
        await pause(0.2)
        server = await cloud.demo.create_server(availability_zone="az5")
        pod_id = (await self.pods_of(cloud))["Pod2"]["pod_id"]
        await cloud.pod("Pod2").fake.go_down()

        deleted = await cloud.admin.admin.delete(f"/v1.0/pods/{pod_id}?force=true")
        await pause(0.2)
        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")
        made = await cloud.demo.create_server(availability_zone="az1")

        self.assertEqual(200, deleted.status, deleted.body)
        self.assertEqual(404, shown.status)
        self.assertEqual("Pod1", cloud.pod_of(made))

    async def test_unused_pod(self) -> None:
        """
        A pod that nothing uses is deleted.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        await cloud.add_daemon(TWO_PODS[:1], {})
        made = await self.register(cloud, "Pod2", "az5")

        deleted = await cloud.admin.admin.delete(f"/v1.0/pods/{made.json['pod']['pod_id']}")

        self.assertEqual(200, deleted.status)
        self.assertEqual({"Pod1"}, set(await self.pods_of(cloud)))


class BindingTests(AdminCase):
    """
    Bindings.
    """

    async def test_listed(self) -> None:
        """
        The binding that a create made is listed and shown.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.demo.create_server()

        (binding,) = (await cloud.admin.admin.get("/v1.0/bindings")).json["pod_bindings"]
        shown = await cloud.admin.admin.get(f"/v1.0/bindings/{binding['id']}")

        self.assertEqual(
            (cloud.demo.project_id, True, "az1"),
            tuple(binding[key] for key in ("tenant_id", "is_binding", "az_name")),
        )
        self.assertEqual(binding, shown.json["pod_binding"])

    async def test_made_by_an_operator(self) -> None:
        """
        A project that an operator bound to a pod has its servers made there.
        """
        cloud = await self.cloud(TWO_PODS)
        pod_id = (await self.pods_of(cloud))["Pod2"]["pod_id"]
        body = {"pod_binding": {"tenant_id": cloud.demo.project_id, "pod_id": pod_id}}

        made = await cloud.admin.admin.post("/v1.0/bindings", body)
        again = await cloud.admin.admin.post("/v1.0/bindings", body)
        server = await cloud.demo.create_server()

        self.assertEqual(200, made.status, made.body)
        self.told(again, 409)
        self.assertEqual("Pod2", cloud.pod_of(server))

    async def test_ended_by_an_operator(self) -> None:
        """
        A binding that an operator ended is history; the next create binds anew.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.demo.create_server()
        (binding,) = (await cloud.admin.admin.get("/v1.0/bindings?active=true")).json["pod_bindings"]

        ended = await cloud.admin.admin.delete(f"/v1.0/bindings/{binding['id']}")
        await cloud.demo.create_server()
        history = (await cloud.admin.admin.get("/v1.0/bindings")).json["pod_bindings"]

        self.assertFalse(ended.json["pod_binding"]["is_binding"])
        self.assertEqual([True, False], [each["is_binding"] for each in history])

    async def test_refusals(self) -> None:
        """
        What cannot be bound is refused.
        """
        cloud = await self.cloud(TWO_PODS)
        admin = cloud.admin.admin

        async def bind(**body: str) -> Reply:
            return await admin.post("/v1.0/bindings", {"pod_binding": body})

        self.told(await bind(tenant_id="p", pod_id=NOTHING), 422, NOTHING)
        self.told(await bind(tenant_id="", pod_id=NOTHING), 422, "tenant_id")
        self.told(await bind(tenant_id="p"), 422, "pod_id")
        self.told(await admin.post("/v1.0/bindings", {}), 400)
        self.told(await admin.get(f"/v1.0/bindings/{NOTHING}"), 404)


class RouteTests(AdminCase):
    """
    Routes, health and metrics.
    """

    async def test_route(self) -> None:
        """
        An operator reads which pod has a resource.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()

        shown = await cloud.admin.admin.get(f"/v1.0/routes/{server}")
        missing = await cloud.admin.admin.get(f"/v1.0/routes/{NOTHING}")

        (route,) = shown.json["routes"]
        found = tuple(route[key] for key in ("kind", "pod_name", "project_id"))
        self.assertEqual(("server", "Pod1", cloud.demo.project_id), found)
        self.told(missing, 404)

    async def test_health_details(self) -> None:
        """
        The details tell of every component and pod, also of one that fails.
        """
        cloud = await self.cloud(TWO_PODS, settings={"pod_defaults": {"breaker": {"failures": 1}}})
        server = await cloud.demo.create_server()
        await cloud.pod("Pod1").fake.go_down()
        await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        report = (await cloud.admin.admin.get("/healthcheck?details=true")).json

        self.assertEqual("ok", report["status"])
        self.assertTrue(all(part["ok"] for part in report["components"].values()), report)
        self.assertEqual(
            {"Pod1": False, "Pod2": True}, {pod["pod_name"]: pod["healthy"] for pod in report["pods"]}
        )

    async def test_health_without_database(self) -> None:
        """
        Without its database the process serves on, and the details say what is missing.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.admin.admin.get("/v1.0/pods")
        cloud.database_down()
        await pause(0.1)

        plain = await cloud.admin.admin.with_token(None).get("/healthcheck")
        report = (await cloud.admin.admin.get("/healthcheck?details=true")).json
        pods = await cloud.admin.admin.get("/v1.0/pods")

        self.assertEqual(200, plain.status)
        self.assertFalse(report["components"]["database"]["ok"])
        self.told(pods, 503)

    async def test_metrics(self) -> None:
        """
        Prometheus reads of requests, pods, caches and breakers; no id, token or project in any of it.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        await cloud.demo.compute.get(f"/v2.1/servers/{server}")
        await cloud.demo.compute.get("/v2.1/servers/x")

        text = (await cloud.admin.admin.with_token(None).get("/metrics")).body.decode()

        for line in (
            'trio2o_requests_total{method="GET",operation="/servers/{id}",status="2xx",surface="compute"} 1.0',
            'trio2o_requests_total{method="GET",operation="/servers/{id}",status="4xx",surface="compute"} 1.0',
            'trio2o_requests_total{method="POST",operation="/servers",status="2xx",surface="compute"} 1.0',
            'trio2o_pod_state{pod="Pod1",state="enabled"} 1.0',
            'trio2o_pod_state{pod="Pod1",state="draining"} 0.0',
            "trio2o_database_up 1.0",
            "trio2o_state_current 1.0",
        ):
            self.assertIn(line, text)
        for secret in (cloud.demo.token, cloud.demo.project_id, server):
            self.assertNotIn(secret, text)

    async def test_metrics_of_made_up_requests(self) -> None:
        """
        Clients that make paths and methods up do not make the metrics grow.
        """
        cloud = await self.cloud(TWO_PODS)
        for number in range(30):
            await cloud.demo.compute.get(f"/nowhere/{number}")
            await cloud.demo.compute.ask(f"M{number}", "/v2.1/servers")

        text = (await cloud.admin.admin.with_token(None).get("/metrics")).body.decode()

        counted = [line for line in text.splitlines() if line.startswith("trio2o_requests_total{")]
        self.assertLess(len(counted), 10, counted)

    async def test_outbox_is_seen(self) -> None:
        """
        Routes that wait for the database are counted.
        """
        cloud = await self.cloud(TWO_PODS)
        cloud.pod("Pod1").make_servers(cloud.demo.project_id, 3)
        cloud.database_down()
        await cloud.demo.compute.get("/v2.1/servers")
        await pause(0.1)

        text = (await cloud.admin.admin.with_token(None).get("/metrics")).body.decode()
        cloud.database_up()

        self.assertIn("trio2o_outbox_writes 3.0", text)
        self.assertIn("trio2o_database_up 0.0", text)
        await until(lambda: cloud.sql("select count(*) from routes") == [(3,)])
