"""
Requests about one resource: where they go, what is learnt, and who may see what (I6, I7).
"""

from __future__ import annotations

import hashlib

from tests.functional.cloud import (
    NOTHING,
    TWO_PODS,
    Cloud,
    CloudCase,
    PodPlan,
    a_server,
    a_volume,
    available,
    pause,
)
from tests.interface.waiting import until


def asked(cloud: Cloud, server: str) -> list[str]:
    """
    The names of the pods that were asked about a server.
    """
    return [name for name, pod in cloud.pods.items() if pod.nova.requests(path=server)]


def forget_requests(cloud: Cloud) -> None:
    """
    Empty the journals.
    """
    for pod in cloud.pods.values():
        for frame in pod.fake.frames.values():
            frame.journal.clear()


class KnownTests(CloudCase):
    """
    A resource whose route is known.
    """

    async def test_one_pod_is_asked(self) -> None:
        """
        A show goes to the server's pod, once, and to no other.
        """
        cloud = await self.cloud()
        server = await cloud.demo.create_server(availability_zone="az2")
        forget_requests(cloud)

        await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(["Pod3"], asked(cloud, server))
        self.assertEqual(1, len(cloud.pod("Pod3").nova.requests()))

    async def test_no_database_query(self) -> None:
        """
        The hot path reads no table (I1).
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        count = (
            "select sum(xact_commit + xact_rollback) from pg_stat_database where datname = current_database()"
        )
        cloud.sql("select pg_stat_force_next_flush()")
        before = cloud.sql(count)[0][0]

        for _ in range(200):
            await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        await pause(0.1)
        self.assertLess(cloud.sql(count)[0][0] - before, 50)

    async def test_with_project_in_the_path(self) -> None:
        """
        The same server is at /v2.1, /v2.1/PROJECT and /v2.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()

        found = [
            (await cloud.demo.compute.get(f"/{prefix}/servers/{server}")).json["server"]["id"]
            for prefix in ("v2.1", "v2.1/{project}", "v2", "v2/{project}")
        ]

        self.assertEqual([server] * 4, found)

    async def test_volume_without_project_in_the_path(self) -> None:
        """
        The same volume is at /v3 and /v3/PROJECT.
        """
        cloud = await self.cloud(TWO_PODS)
        volume = await cloud.demo.create_volume()

        found = [
            (await cloud.demo.volume.get(f"/{prefix}/volumes/{volume}")).json["volume"]["id"]
            for prefix in ("v3", "v3/{project}")
        ]

        self.assertEqual([volume] * 2, found)

    async def test_upper_case_id(self) -> None:
        """
        An id in capitals is looked for where the server is, as the client wrote it.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()

        await cloud.demo.compute.get(f"/v2.1/servers/{server.upper()}")

        self.assertEqual(["Pod1"], asked(cloud, server.upper()))

    async def test_update(self) -> None:
        """
        A change reaches the server.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()

        answer = await cloud.demo.compute.put(f"/v2.1/servers/{server}", {"server": {"name": "two"}})

        self.assertEqual(200, answer.status, answer.body)
        self.assertEqual("two", cloud.pod("Pod1").servers()[server].name)

    async def test_action(self) -> None:
        """
        An action reaches the server with the body that the client sent.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        await until(lambda: cloud.pod("Pod1").servers()[server].vm_state == "active")

        sent = b'{ "reboot" : {"type":\t"SOFT"} }'

        answer = await cloud.demo.compute.post(f"/v2.1/servers/{server}/action", data=sent)

        self.assertEqual(202, answer.status, answer.body)
        (got,) = cloud.pod("Pod1").nova.requests("POST", "/action$")
        self.assertEqual(hashlib.sha256(sent).hexdigest(), got["body_sha256"])

    async def test_subtree(self) -> None:
        """
        What is below a server goes to its pod, with every method: metadata, tags, actions, ports, volumes.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server(metadata={"a": "1"})
        await until(lambda: cloud.pod("Pod1").servers()[server].vm_state == "active")
        client, path = cloud.demo.compute, f"/v2.1/servers/{server}"

        answers = [
            await client.get(f"{path}/metadata"),
            await client.put(f"{path}/metadata/b", {"meta": {"b": "2"}}),
            await client.delete(f"{path}/metadata/a"),
            await client.put(f"{path}/tags/t", version="2.26"),
            await client.get(f"{path}/os-instance-actions"),
            await client.get(f"{path}/os-interface"),
            await client.get(f"{path}/os-volume_attachments"),
            await client.get(f"{path}/ips"),
        ]

        self.assertEqual([200, 200, 204, 201, 200, 200, 200, 200], [answer.status for answer in answers])
        self.assertEqual({"b": "2"}, cloud.pod("Pod1").servers()[server].metadata)

    async def test_head(self) -> None:
        """
        HEAD gives the head of GET where the pod has it, or the pod's own refusal.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()

        answer = await cloud.demo.compute.ask("HEAD", f"/v2.1/servers/{server}")

        self.assertEqual(b"", answer.body)
        self.assertEqual(1, len(cloud.pod("Pod1").nova.requests("HEAD")))

    async def test_delete_ends_the_route(self) -> None:
        """
        A server that was deleted is gone, and once the pod has said so its route is.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        await until(lambda: cloud.pod("Pod1").servers()[server].vm_state == "active")
        deleted = await cloud.demo.compute.delete(f"/v2.1/servers/{server}")
        await until(lambda: server not in cloud.pod("Pod1").servers())

        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(204, deleted.status)
        self.refused(shown, 404, "itemNotFound", f"Instance {server} could not be found")
        ended = "select 1 from routes where resource_id = %s and deleted_at is not null"
        await until(lambda: cloud.sql(ended, server))

    async def test_second_daemon_reads_the_route(self) -> None:
        """
        A daemon that has not seen the create finds the server in the database, without asking other pods.
        """
        cloud = await self.cloud(daemons=2)
        server = await cloud.demo.at(0).create_server(availability_zone="az2")
        forget_requests(cloud)

        shown = await cloud.demo.at(1).compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(200, shown.status)
        self.assertEqual(["Pod3"], asked(cloud, server))

    async def test_draining_pod_serves_what_it_has(self) -> None:
        """
        A pod that takes nothing new still serves its servers (I11).
        """
        cloud = await self.cloud([PodPlan(name="Pod1", section={"state": "draining"}), PodPlan(name="Pod2")])
        (server,) = cloud.pod("Pod1").make_servers(cloud.demo.project_id)

        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(200, shown.status)


class AdoptionTests(CloudCase):
    """
    What exists without a route is found and kept (I7).
    """

    async def test_show(self) -> None:
        """
        A server that was made directly at a pod is shown.
        """
        cloud = await self.cloud()
        (server,) = cloud.pod("Pod2").make_servers(cloud.demo.project_id, name="direct")

        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(200, shown.status, shown.body)
        self.assertEqual("direct-1", shown.json["server"]["name"])
        self.assertEqual("az1", shown.json["server"]["OS-EXT-AZ:availability_zone"])

    async def test_route_is_recorded(self) -> None:
        """
        Its route is stored with the project that the server names, and no pod is asked again.
        """
        cloud = await self.cloud()
        (server,) = cloud.pod("Pod2").make_servers(cloud.demo.project_id)
        await cloud.admin.compute.get(f"/v2.1/servers/{server}")
        row = (
            "select p.name, r.project_id from routes r join pods p on p.id = r.pod_id where resource_id = %s"
        )
        await until(lambda: cloud.sql(row, server))
        forget_requests(cloud)

        await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        self.assertEqual([("Pod2", cloud.demo.project_id)], cloud.sql(row, server))
        self.assertEqual(["Pod2"], asked(cloud, server))

    async def test_change(self) -> None:
        """
        The first thing that the top hears of a server may be a change of it.
        """
        cloud = await self.cloud()
        (server,) = cloud.pod("Pod3").make_servers(cloud.demo.project_id)

        answer = await cloud.demo.compute.put(f"/v2.1/servers/{server}", {"server": {"name": "new"}})

        self.assertEqual(200, answer.status)
        self.assertEqual("new", cloud.pod("Pod3").servers()[server].name)

    async def test_delete(self) -> None:
        """
        Or its deletion.
        """
        cloud = await self.cloud()
        (server,) = cloud.pod("Pod3").make_servers(cloud.demo.project_id)

        answer = await cloud.demo.compute.delete(f"/v2.1/servers/{server}")

        self.assertEqual(204, answer.status)
        await until(lambda: server not in cloud.pod("Pod3").servers())

    async def test_volume(self) -> None:
        """
        A volume that was made directly at a pod is shown, changed and deleted.
        """
        cloud = await self.cloud(TWO_PODS)
        cinder = cloud.demo.at_pod("Pod2", "volume")
        path = "/v3/{project}/volumes"
        volume = (await cinder.post(path, a_volume())).json["volume"]["id"]
        await available(cinder, f"{path}/{volume}")

        statuses = [
            (await cloud.demo.volume.get(f"{path}/{volume}")).status,
            (await cloud.demo.volume.put(f"{path}/{volume}", {"volume": {"name": "n"}})).status,
            (await cloud.demo.volume.delete(f"{path}/{volume}")).status,
        ]

        self.assertEqual([200, 200, 202], statuses)

    async def test_forgotten_route_heals(self) -> None:
        """
        A route that was lost from the database and from memory is found again.
        """
        cloud = await self.cloud(TWO_PODS, daemons=2)
        server = await cloud.demo.at(0).create_server()
        cloud.sql("delete from routes")

        shown = await cloud.demo.at(1).compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(200, shown.status)
        await until(lambda: cloud.sql("select 1 from routes where resource_id = %s", server))

    async def test_action_is_sent_once(self) -> None:
        """
        Looking for a server asks with GET; the action itself is sent once.
        """
        cloud = await self.cloud()
        (server,) = cloud.pod("Pod2").make_servers(cloud.demo.project_id)

        answer = await cloud.demo.compute.post(f"/v2.1/servers/{server}/action", {"reboot": {"type": "SOFT"}})

        self.assertEqual(202, answer.status, answer.body)
        posts = {name: len(pod.nova.requests("POST")) for name, pod in cloud.pods.items()}
        self.assertEqual({"Pod1": 0, "Pod2": 1, "Pod3": 0}, posts)

    async def test_found_with_the_callers_token(self) -> None:
        """
        Pods are asked as the caller: what the caller may not see is not found for them.
        """
        cloud = await self.cloud()
        (server,) = cloud.pod("Pod2").make_servers(cloud.demo.project_id)

        shown = await cloud.alt_demo.compute.get(f"/v2.1/servers/{server}")

        self.refused(shown, 404, "itemNotFound", server)
        self.assertEqual([], cloud.sql("select 1 from routes"))
        projects = {request["project"] for request in cloud.pod("Pod2").nova.requests(path=server)}
        self.assertEqual({cloud.alt_demo.project_id}, projects)

    async def test_one_pod_down_is_no_hindrance(self) -> None:
        """
        A server is found while another pod is down.
        """
        cloud = await self.cloud()
        (server,) = cloud.pod("Pod2").make_servers(cloud.demo.project_id)
        await cloud.pod("Pod1").fake.go_down()

        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(200, shown.status)


class UnknownTests(CloudCase):
    """
    Ids that nothing has.
    """

    async def test_unknown_server(self) -> None:
        """
        An unknown server is Nova's 404.
        """
        cloud = await self.cloud()

        shown = await cloud.demo.compute.get(f"/v2.1/servers/{NOTHING}")

        self.refused(shown, 404, "itemNotFound")
        self.assertEqual(f"Instance {NOTHING} could not be found.", shown.fault[1])

    async def test_unknown_volume(self) -> None:
        """
        An unknown volume is Cinder's 404.
        """
        cloud = await self.cloud()

        shown = await cloud.demo.volume.get(f"/v3/{{project}}/volumes/{NOTHING}")

        self.refused(shown, 404, "itemNotFound")
        self.assertEqual(f"Volume {NOTHING} could not be found.", shown.fault[1])

    async def test_every_pod_was_asked(self) -> None:
        """
        Before that every pod has said 404.
        """
        cloud = await self.cloud()

        await cloud.demo.compute.get(f"/v2.1/servers/{NOTHING}")

        self.assertEqual(["Pod1", "Pod2", "Pod3"], asked(cloud, NOTHING))

    async def test_not_a_uuid(self) -> None:
        """
        What cannot be an id is 404 and no pod is asked.
        """
        cloud = await self.cloud()
        forget_requests(cloud)

        shown = await cloud.demo.compute.get("/v2.1/servers/not-an-id")

        self.refused(shown, 404, "itemNotFound", "not-an-id")
        self.assertEqual([], asked(cloud, "not-an-id"))

    async def test_below_what_nobody_has(self) -> None:
        """
        What the path or the body of a request about an unknown server has wrong is told in a pod's words.
        """
        cloud = await self.cloud(TWO_PODS)
        forget_requests(cloud)

        for method, path, body in (
            ("POST", "action", {"nothing": None}),
            ("POST", "action", {"os-start": None}),
            ("GET", "x/y/z", None),
        ):
            target = f"/v2.1/servers/{NOTHING}/{path}"
            at_pod = await cloud.demo.at_pod("Pod2", "compute").ask(method, target, body)
            at_top = await cloud.demo.compute.ask(method, target, body)
            with self.subTest(method=method, path=path):
                self.assertEqual((at_pod.status, at_pod.body), (at_top.status, at_top.body))
        self.assertEqual(2, len(cloud.pod("Pod1").nova.requests("POST")))

    async def test_silent_pod(self) -> None:
        """
        While a pod is silent nobody knows: 503 with Retry-After.
        """
        cloud = await self.cloud()
        await cloud.pod("Pod3").fake.go_down()

        shown = await cloud.demo.compute.get(f"/v2.1/servers/{NOTHING}")

        self.refused(shown, 503, "serviceUnavailable")
        self.assertIsNotNone(shown.header("Retry-After"))
        self.assertNotIn("Pod3", shown.fault[1])

    async def test_not_found_is_remembered(self) -> None:
        """
        For a while the pods are not asked again.
        """
        cloud = await self.cloud(settings={"limits": {"negative_routes_seconds": 60.0}})
        for _ in range(3):
            await cloud.demo.compute.get(f"/v2.1/servers/{NOTHING}")

        self.assertEqual(1, len(cloud.pod("Pod1").nova.requests(path=NOTHING)))

    async def test_not_found_is_remembered_for_the_asker(self) -> None:
        """
        A stranger's 404 hides nothing from the owner.
        """
        cloud = await self.cloud(settings={"limits": {"negative_routes_seconds": 60.0}})
        (server,) = cloud.pod("Pod2").make_servers(cloud.demo.project_id)
        await cloud.alt_demo.compute.get(f"/v2.1/servers/{server}")

        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(200, shown.status)

    async def test_silence_is_not_remembered(self) -> None:
        """
        After a 503 the pods are asked again, and what the silent one has is found once it is back.
        """
        settings = {
            "limits": {"negative_routes_seconds": 60.0},
            "pod_defaults": {"breaker": {"open_seconds": 0.1}},
        }
        cloud = await self.cloud(TWO_PODS, settings=settings)
        (server,) = cloud.pod("Pod2").make_servers(cloud.demo.project_id)
        await cloud.pod("Pod2").fake.go_down()
        silent = await cloud.demo.compute.get(f"/v2.1/servers/{server}")
        await cloud.pod("Pod2").fake.start()

        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        self.assertEqual([503, 200], [silent.status, shown.status])


class StrangerTests(CloudCase):
    """
    Other projects: what they ask changes nothing of the owner's.
    """

    async def test_show(self) -> None:
        """
        Another project's server is 404, in the pod's words.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()

        shown = await cloud.alt_demo.compute.get(f"/v2.1/servers/{server}")

        self.refused(shown, 404, "itemNotFound", server)

    async def test_show_ends_no_route(self) -> None:
        """
        After a stranger's 404 the owner's route is where it was.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        await cloud.alt_demo.compute.get(f"/v2.1/servers/{server}")
        await pause(0.05)
        forget_requests(cloud)

        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(200, shown.status)
        self.assertEqual(["Pod1"], asked(cloud, server))
        self.assertEqual([(None,)], cloud.sql("select deleted_at from routes where resource_id = %s", server))

    async def test_delete_changes_nothing(self) -> None:
        """
        A stranger's DELETE of a server is 404; server and route stay.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()

        deleted = await cloud.alt_demo.compute.delete(f"/v2.1/servers/{server}")

        await pause(0.05)
        self.assertEqual(404, deleted.status)
        self.assertIn(server, cloud.pod("Pod1").servers())
        self.assertEqual([(None,)], cloud.sql("select deleted_at from routes where resource_id = %s", server))

    async def test_delete_of_a_volume(self) -> None:
        """
        A stranger's DELETE of a volume is 404; volume and route stay.
        """
        cloud = await self.cloud(TWO_PODS)
        volume = await cloud.demo.create_volume()

        deleted = await cloud.alt_demo.volume.delete(f"/v3/{{project}}/volumes/{volume}")

        await pause(0.05)
        shown = await cloud.demo.volume.get(f"/v3/{{project}}/volumes/{volume}")
        self.assertEqual([404, 200], [deleted.status, shown.status])
        self.assertEqual([(None,)], cloud.sql("select deleted_at from routes where resource_id = %s", volume))

    async def test_admin_sees_all(self) -> None:
        """
        An admin is shown any project's server.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()

        shown = await cloud.admin.compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(cloud.demo.project_id, shown.json["server"]["tenant_id"])

    async def test_route_learnt_from_an_admin(self) -> None:
        """
        What an admin's request adopts belongs to its own project, not to the admin's.
        """
        cloud = await self.cloud(TWO_PODS)
        (server,) = cloud.pod("Pod1").make_servers(cloud.demo.project_id)
        await cloud.admin.compute.get(f"/v2.1/servers/{server}")
        await until(lambda: cloud.sql("select 1 from routes"))

        self.assertEqual([(cloud.demo.project_id,)], cloud.sql("select project_id from routes"))


class AnyPodTests(CloudCase):
    """
    What every pod can answer.
    """

    async def test_bound_pod_first(self) -> None:
        """
        A flavor is read at the project's bound pod.
        """
        cloud = await self.cloud()
        await cloud.demo.create_server(availability_zone="az2")
        forget_requests(cloud)

        answer = await cloud.demo.compute.get("/v2.1/flavors/1")

        self.assertEqual(200, answer.status)
        self.assertEqual(1, len(cloud.pod("Pod3").nova.requests("GET", "/flavors")))
        self.assertEqual([], cloud.pod("Pod1").nova.requests("GET", "/flavors"))

    async def test_next_pod_when_it_is_down(self) -> None:
        """
        A flavor is read at another pod when the first is down.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.pod("Pod1").fake.go_down()

        answer = await cloud.demo.compute.get("/v2.1/flavors/1")

        self.assertEqual(200, answer.status)
        self.assertEqual("1", answer.json["flavor"]["id"])

    async def test_flavor_links(self) -> None:
        """
        A flavor's links are the top's.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.get("/v2.1/flavors/1")

        origin = cloud.demo.compute.origin
        links = [link["href"] for link in answer.json["flavor"]["links"]]
        self.assertEqual([f"{origin}/v2.1/flavors/1", f"{origin}/flavors/1"], links)

    async def test_path_that_no_row_names(self) -> None:
        """
        A path that no table names goes to one pod as it is.
        """
        cloud = await self.cloud(TWO_PODS)

        path = f"/v2.1/os-quota-sets/{cloud.demo.project_id}/defaults?x=3"
        answer = await cloud.demo.compute.get(path)

        self.assertEqual(200, answer.status)
        (got,) = cloud.pod("Pod1").nova.requests(path="os-quota-sets")
        self.assertEqual(path, got["path"])

    async def test_path_that_nobody_has(self) -> None:
        """
        A path that no release has is the pod's own 404.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.get("/v2.1/no-such-thing")

        self.assertEqual(404, answer.status)
        self.assertTrue((answer.header("X-Openstack-Request-Id") or "").startswith("req-"))

    async def test_volume_types(self) -> None:
        """
        Volume types are read at a pod.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.volume.get("/v3/{project}/types")

        self.assertEqual(200, answer.status)
        self.assertTrue(answer.json["volume_types"])

    async def test_volume_summary_adds_up(self) -> None:
        """
        The summary of volumes counts those of all pods.
        """
        cloud = await self.cloud()
        await cloud.demo.create_volume(availability_zone="az1", size=2)
        await cloud.demo.create_volume(availability_zone="az2", size=3)

        answer = await cloud.demo.volume.get("/v3/{project}/volumes/summary", version="3.12")

        self.assertEqual({"total_count": 2, "total_size": 5}, answer.json["volume-summary"])


class UntouchedTests(CloudCase):
    """
    What users wrote stays as it is (I4).
    """

    async def test_metadata(self) -> None:
        """
        Metadata with addresses of the pod and names of its zones comes back as it was.
        """
        plans = [PodPlan(name="Pod1", section={"pod_az": "nova"})]
        cloud = await self.cloud(plans)
        inner = cloud.pod("Pod1").fake.origins["nova"]
        metadata = {"href": f"{inner}/v2.1/servers/1", "zone": "nova", "availability_zone": "nova"}
        server = await cloud.demo.create_server(inner, metadata=metadata)

        shown = (await cloud.demo.compute.get(f"/v2.1/servers/{server}")).json["server"]
        alone = (await cloud.demo.compute.get(f"/v2.1/servers/{server}/metadata")).json["metadata"]

        self.assertEqual((inner, metadata, metadata), (shown["name"], shown["metadata"], alone))

    async def test_question_and_query(self) -> None:
        """
        Path and query reach the pod as the client wrote them.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()

        await cloud.demo.compute.get(
            f"/v2.1/servers/{server}/os-instance-actions?changes-since=2026%2D01-01T00:00:00Z"
        )

        (got,) = cloud.pod("Pod1").nova.requests(path="os-instance-actions")
        expected = f"/v2.1/servers/{server}/os-instance-actions?changes-since=2026%2D01-01T00:00:00Z"
        self.assertEqual(expected, got["path"])

    async def test_creates_body_is_not_searched(self) -> None:
        """
        A name that looks like a reference pins nothing.
        """
        cloud = await self.cloud(TWO_PODS)
        volume = (await cloud.demo.at_pod("Pod2", "volume").post("/v3/{project}/volumes", a_volume())).json
        wanted = a_server(volume["volume"]["id"], metadata={"volume_id": volume["volume"]["id"]})

        made = await cloud.demo.compute.post("/v2.1/servers", wanted)

        self.assertEqual("Pod1", cloud.pod_of(made.json["server"]["id"]))
