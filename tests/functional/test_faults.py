"""
Pods, and the database, that fail: what clients read, and that nothing else suffers (I5, I8, I15).
"""

from __future__ import annotations

import time

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol

from tests.functional.cloud import (
    NOTHING,
    THREE_PODS,
    TWO_PODS,
    Cloud,
    CloudCase,
    PodPlan,
    Reply,
    a_server,
    a_volume,
    pause,
    reactor,
    settled,
)
from tests.interface.waiting import until

#: Servers of a pod are shown within so many seconds, or not at all.
QUICK = {"pod_defaults": {"answer_timeout_seconds": 0.4, "breaker": {"failures": 1000}}}


class FaultCase(CloudCase):
    """
    What these tests share.
    """

    async def created_until(self, cloud: Cloud, pod: str) -> list[str]:
        """
        Create servers until one is in a pod, since changes reach a daemon a moment later; the pods of all of them.
        """
        names: list[str] = []
        for _ in range(60):
            made = await cloud.demo.compute.post("/v2.1/servers", a_server())
            if made.status == 202:
                names.append(cloud.pod_of(made.json["server"]["id"]))
            if pod in names or len(names) > 6:
                break
            await pause(0.1)
        return names


class PodFaultTests(CloudCase):
    """
    A known server whose pod fails.
    """

    async def with_server(self, **more: object) -> tuple[Cloud, str]:
        """
        A cloud with a server in Pod1.
        """
        cloud = await self.cloud(TWO_PODS, settings=QUICK, **more)
        return cloud, await cloud.demo.create_server()

    async def shown(self, cloud: Cloud, server: str) -> Reply:
        """
        What demo reads of it, which has to come soon.
        """
        began = time.monotonic()
        answer = await cloud.demo.compute.get(f"/v2.1/servers/{server}")
        self.assertLess(time.monotonic() - began, 3)
        return answer

    async def test_down(self) -> None:
        """
        Nobody listens: 503 with Retry-After.
        """
        cloud, server = await self.with_server()
        await cloud.pod("Pod1").fake.go_down()

        answer = await self.shown(cloud, server)

        self.refused(answer, 503, "serviceUnavailable")
        self.assertIsNotNone(answer.header("Retry-After"))

    async def test_hang(self) -> None:
        """
        No answer in time: 504.
        """
        cloud, server = await self.with_server()
        cloud.pod("Pod1").nova.behave("hang", path="/servers/")

        answer = await self.shown(cloud, server)

        self.refused(answer, 504, "computeFault")

    async def test_reset(self) -> None:
        """
        The connection breaks: 502.
        """
        cloud, server = await self.with_server()
        cloud.pod("Pod1").nova.behave("reset", path="/servers/")

        answer = await self.shown(cloud, server)

        self.refused(answer, 502, "computeFault")

    async def test_pods_500(self) -> None:
        """
        A pod's own 500 is passed on, in its own words.
        """
        cloud, server = await self.with_server()
        body = {"computeFault": {"code": 500, "message": "Unexpected API Error."}}
        cloud.pod("Pod1").nova.behave("status", path="/servers/", status=500, body=body)

        answer = await self.shown(cloud, server)

        self.assertEqual((500, body), (answer.status, answer.json))

    async def test_truncated(self) -> None:
        """
        A body that is cut short is 502, never half an answer under a 200.
        """
        cloud, server = await self.with_server()
        cloud.pod("Pod1").nova.behave("truncate", path="/servers/")

        answer = await self.shown(cloud, server)

        self.refused(answer, 502, "computeFault")

    async def test_not_http(self) -> None:
        """
        What is no HTTP is 502.
        """
        cloud, server = await self.with_server()
        port = cloud.pod("Pod1").fake.ports["nova"]
        await cloud.pod("Pod1").fake.go_down()

        class Babbler(Protocol):
            def dataReceived(self, data: bytes) -> None:
                self.transport.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
                self.transport.loseConnection()

        babbling = await TCP4ServerEndpoint(reactor, port, interface="127.0.0.1").listen(
            Factory.forProtocol(Babbler)
        )
        self.addCleanup(babbling.stopListening)

        answer = await self.shown(cloud, server)

        self.refused(answer, 502, "computeFault")

    async def test_volume_shape(self) -> None:
        """
        The errors of the volume surface are Cinder's.
        """
        cloud = await self.cloud(TWO_PODS, settings=QUICK)
        volume = await cloud.demo.create_volume()
        await cloud.pod("Pod1").fake.go_down()

        answer = await cloud.demo.volume.get(f"/v3/{{project}}/volumes/{volume}")

        self.refused(answer, 503, "serviceUnavailable")

    async def test_users_read_of_no_pod(self) -> None:
        """
        Users never read a pod's name or address in an error (I5).
        """
        cloud, server = await self.with_server()
        pod = cloud.pod("Pod1")
        answers = []
        for kind in ("hang", "reset", "truncate"):
            pod.nova.behave(kind, path="/servers/")
            answers.append(await self.shown(cloud, server))
            pod.nova.behave_well()
        await pod.fake.go_down()
        answers.append(await self.shown(cloud, server))
        answers.append(await cloud.demo.compute.get(f"/v2.1/servers/{NOTHING}"))

        told = b"".join(answer.body for answer in answers).decode()

        self.assertNotIn("Pod", told)
        self.assertNotIn(str(pod.fake.ports["nova"]), told)
        self.assertNotIn("127.0.0.1", told)

    async def test_admins_read_which_pod(self) -> None:
        """
        Admins read which pod it was and what it did.
        """
        cloud, server = await self.with_server()
        cloud.pod("Pod1").nova.behave("hang", path="/servers/")

        answer = await cloud.admin.compute.get(f"/v2.1/servers/{server}")

        self.refused(answer, 504, "computeFault", "Pod1", "no answer within 0.4 s")

    async def test_others_are_untouched(self) -> None:
        """
        While one pod hangs, others answer as quickly as ever.
        """
        cloud = await self.cloud()
        first = await cloud.demo.create_server(availability_zone="az1")
        second = await cloud.demo.create_server(availability_zone="az2")
        cloud.pod("Pod1").nova.behave("hang", path="/servers/", times=20)
        hanging = [
            Deferred.fromCoroutine(cloud.demo.compute.get(f"/v2.1/servers/{first}")) for _ in range(20)
        ]
        await until(lambda: len(cloud.pod("Pod1").nova.requests(path=first)) == 20)
        began = time.monotonic()

        answers = await settled(*(cloud.demo.compute.get(f"/v2.1/servers/{second}") for _ in range(20)))

        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual({200}, {answer.status for answer in answers})
        self.assertFalse(any(each.called for each in hanging))
        await cloud.pod("Pod1").fake.go_down()
        for each in hanging:
            await each

    async def test_pod_that_comes_back(self) -> None:
        """
        A pod that was down serves again as soon as it is back.
        """
        cloud, server = await self.with_server()
        await cloud.pod("Pod1").fake.go_down()
        before = await self.shown(cloud, server)
        await cloud.pod("Pod1").fake.start()

        after = await self.shown(cloud, server)

        self.assertEqual([503, 200], [before.status, after.status])

    async def test_delete_is_sent_once(self) -> None:
        """
        A delete whose connection breaks is not repeated: only reads may be.
        """
        cloud, server = await self.with_server()
        cloud.pod("Pod1").nova.behave("reset", method="DELETE")

        answer = await cloud.demo.compute.delete(f"/v2.1/servers/{server}")

        self.assertEqual(502, answer.status)
        self.assertEqual(1, len(cloud.pod("Pod1").nova.requests("DELETE")))

    async def test_large_answer(self) -> None:
        """
        An answer of several megabytes comes whole.
        """
        cloud, server = await self.with_server()
        body = {"events": ["x" * 1000] * 4000}
        cloud.pod("Pod1").nova.behave("status", path="os-instance-actions", status=200, body=body)

        answer = await cloud.demo.compute.get(f"/v2.1/servers/{server}/os-instance-actions")

        self.assertEqual(body, answer.json)

    async def test_large_request(self) -> None:
        """
        A body of several megabytes that nobody has to read is streamed to the pod, which refuses it in its own words.
        """
        cloud, server = await self.with_server()

        answer = await cloud.demo.compute.put(f"/v2.1/servers/{server}/metadata", data=b"x" * 4_000_000)

        (got,) = cloud.pod("Pod1").nova.requests("PUT")
        self.assertEqual(4_000_000, got["body_size"])
        self.assertEqual(413, answer.status)


class BreakerTests(CloudCase):
    """
    A pod that fails again and again is left alone for a while.
    """

    SETTINGS = {
        "pod_defaults": {"answer_timeout_seconds": 0.2, "breaker": {"failures": 3, "open_seconds": 0.5}},
    }

    async def broken(self) -> tuple[Cloud, str]:
        """
        A cloud whose Pod1 has just opened its breaker by hanging three times.
        """
        cloud = await self.cloud(TWO_PODS, settings=self.SETTINGS)
        server = await cloud.demo.create_server()
        cloud.pod("Pod1").nova.behave("hang", path="/servers/")
        for _ in range(3):
            answer = await cloud.demo.compute.get(f"/v2.1/servers/{server}")
            self.assertEqual(504, answer.status)
        return cloud, server

    async def test_opens(self) -> None:
        """
        After so many failures in a row nothing is sent to the pod: 503 at once.
        """
        cloud, server = await self.broken()
        before = len(cloud.pod("Pod1").nova.requests())
        began = time.monotonic()

        answer = await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(503, answer.status)
        self.assertLess(time.monotonic() - began, 0.2)
        self.assertEqual(before, len(cloud.pod("Pod1").nova.requests()))

    async def test_creates_go_elsewhere(self) -> None:
        """
        A create does not go to a pod whose breaker is open, and moves the binding when it succeeded elsewhere.
        """
        cloud, _ = await self.broken()

        server = await cloud.demo.create_server()

        self.assertEqual("Pod2", cloud.pod_of(server))

    async def test_closes(self) -> None:
        """
        After its time one request is let through, and all again when it succeeds.
        """
        cloud, server = await self.broken()
        cloud.pod("Pod1").nova.behave_well()
        await pause(0.55)

        answers = [(await cloud.demo.compute.get(f"/v2.1/servers/{server}")).status for _ in range(3)]

        self.assertEqual([200] * 3, answers)

    async def test_monitor_closes(self) -> None:
        """
        The monitor's probes close the breaker of a pod that is back, without a request of a user.
        """
        settings = {
            "pod_defaults": {
                "breaker": {"failures": 1, "open_seconds": 3600},
                "probe_interval_seconds": 0.2,
            }
        }
        cloud = await self.cloud(TWO_PODS, settings=settings)
        server = await cloud.demo.create_server()
        await cloud.pod("Pod1").fake.go_down()
        down = await cloud.demo.compute.get(f"/v2.1/servers/{server}")
        await cloud.pod("Pod1").fake.start()

        status = 0
        for _ in range(100):
            status = (await cloud.demo.compute.get(f"/v2.1/servers/{server}")).status
            if status == 200:
                break
            await pause(0.05)

        self.assertEqual([503, 200], [down.status, status])

    async def test_statuses_do_not_open_it(self) -> None:
        """
        A pod that answers with 500 is reached, and stays in use.
        """
        cloud = await self.cloud(TWO_PODS, settings=self.SETTINGS)
        server = await cloud.demo.create_server()
        cloud.pod("Pod1").nova.behave("status", path="/servers/", status=500, body={})

        answers = [(await cloud.demo.compute.get(f"/v2.1/servers/{server}")).status for _ in range(6)]

        self.assertEqual([500] * 6, answers)

    async def test_too_many_at_once(self) -> None:
        """
        Beyond the pod's concurrency and queue, requests are refused at once and not sent.
        """
        settings = {"pod_defaults": {"concurrency": 1, "queue": 1, "answer_timeout_seconds": 1.0}}
        cloud = await self.cloud(TWO_PODS, settings=settings)
        server = await cloud.demo.create_server()
        cloud.pod("Pod1").nova.behave("latency", path="/servers/", seconds=0.2)

        answers = await settled(*(cloud.demo.compute.get(f"/v2.1/servers/{server}") for _ in range(4)))

        self.assertEqual([200, 200, 503, 503], sorted(answer.status for answer in answers))
        self.assertEqual(2, len(cloud.pod("Pod1").nova.requests("GET", server)))


class StateTests(FaultCase):
    """
    Pods that operators have taken out (I11).
    """

    async def states(self, first: str, second: str = "enabled") -> Cloud:
        """
        A cloud whose pods are in these states.
        """
        return await self.cloud(
            [PodPlan(name="Pod1", section={"state": first}), PodPlan(name="Pod2", section={"state": second})]
        )

    async def test_draining(self) -> None:
        """
        A draining pod gets no new resource.
        """
        cloud = await self.states("draining")

        server = await cloud.demo.create_server()

        self.assertEqual("Pod2", cloud.pod_of(server))

    async def test_maintenance(self) -> None:
        """
        A pod in maintenance gets no new resource.
        """
        cloud = await self.states("maintenance")

        server = await cloud.demo.create_server()

        self.assertEqual("Pod2", cloud.pod_of(server))

    async def test_maintenance_serves(self) -> None:
        """
        What a pod in maintenance has is shown, changed and deleted.
        """
        cloud = await self.states("maintenance")
        (server,) = cloud.pod("Pod1").make_servers(cloud.demo.project_id)
        path = f"/v2.1/servers/{server}"

        statuses = [
            (await cloud.demo.compute.get(path)).status,
            (await cloud.demo.compute.put(path, {"server": {"name": "n"}})).status,
            (await cloud.demo.compute.delete(path)).status,
        ]

        self.assertEqual([200, 200, 204], statuses)

    async def test_no_pod_is_left(self) -> None:
        """
        When no pod takes anything new, a create is refused in the service's shape, and admins read why of each pod.
        """
        cloud = await self.states("draining", "maintenance")

        user = await cloud.demo.compute.post("/v2.1/servers", a_server())
        admin = await cloud.admin.volume.post("/v3/{project}/volumes", a_volume())

        self.refused(user, 503, "serviceUnavailable")
        self.assertNotIn("Pod", user.fault[1])
        self.refused(admin, 503, "serviceUnavailable", "Pod1: its state takes no new", "Pod2: its state")

    async def test_binding_moves(self) -> None:
        """
        A project whose pod drains is bound to the next pod by its next create, and the old binding is history.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.demo.create_server()
        daemon = cloud.daemons[0]
        daemon.write(pods=[{"name": "Pod1", "az": "az1", "state": "draining"}, {"name": "Pod2", "az": "az1"}])
        await daemon.gateway.reloader.reload()  # type: ignore[union-attr]

        await self.created_until(cloud, "Pod2")
        names = [cloud.pod_of(await cloud.demo.create_server())]

        rows = cloud.sql(
            "select p.name, b.is_binding from bindings b join pods p on p.id = b.pod_id order by b.serial"
        )
        self.assertEqual(["Pod2"], names)
        self.assertEqual([("Pod1", False), ("Pod2", True)], rows)

    async def test_disabled(self) -> None:
        """
        A disabled pod is left out of everything: its zone is not listed, its servers are unavailable.
        """
        cloud = await self.cloud(
            [PodPlan(name="Pod1"), PodPlan(name="Pod2", zone="az2", section={"state": "disabled"})]
        )
        (server,) = cloud.pod("Pod2").make_servers(cloud.demo.project_id)

        zones = (await cloud.demo.compute.get("/v2.1/os-availability-zone")).json["availabilityZoneInfo"]
        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(["az1"], [zone["zoneName"] for zone in zones])
        self.assertEqual(404, shown.status)
        self.assertEqual([], cloud.pod("Pod2").nova.requests())

    async def test_weight(self) -> None:
        """
        The operator's weight decides between pods of one zone.
        """
        cloud = await self.cloud([PodPlan(name="Pod1"), PodPlan(name="Pod2", section={"weight": 5})])

        server = await cloud.demo.create_server()

        self.assertEqual("Pod2", cloud.pod_of(server))


class DatabaseGoneTests(FaultCase):
    """
    The database is away (I15).
    """

    async def test_known_server(self) -> None:
        """
        Everything about a known server goes on.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        await until(lambda: cloud.pod("Pod1").servers()[server].vm_state == "active")
        path = f"/v2.1/servers/{server}"
        cloud.database_down()

        statuses = [
            (await cloud.demo.compute.get(path)).status,
            (await cloud.demo.compute.put(path, {"server": {"name": "n"}})).status,
            (await cloud.demo.compute.post(f"{path}/action", {"reboot": {"type": "SOFT"}})).status,
            (await cloud.demo.compute.delete(path)).status,
        ]

        self.assertEqual([200, 200, 202, 204], statuses)

    async def test_create(self) -> None:
        """
        A create is 503 with Retry-After, and no pod makes anything.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.demo.create_server()
        cloud.database_down()
        await pause(0.1)

        for person in (cloud.demo, cloud.alt_demo):
            answer = await person.compute.post("/v2.1/servers", a_server())
            self.refused(answer, 503, "serviceUnavailable")
            self.assertIsNotNone(answer.header("Retry-After"))

        self.assertEqual(1, len(cloud.pod("Pod1").nova.creates()))
        self.assertEqual([], cloud.pod("Pod2").nova.creates())

    async def test_unknown_server(self) -> None:
        """
        A server that memory does not know is found at the pods.
        """
        cloud = await self.cloud(TWO_PODS, daemons=2)
        server = await cloud.demo.at(0).create_server()
        cloud.database_down()

        shown = await cloud.demo.at(1).compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(200, shown.status)

    async def test_list(self) -> None:
        """
        Lists go on.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        cloud.database_down()

        answer = await cloud.demo.compute.get("/v2.1/servers")

        self.assertEqual(200, answer.status, answer.body)
        self.assertEqual([server], [each["id"] for each in answer.json["servers"]])

    async def test_away_under_a_create(self) -> None:
        """
        A server that a pod has made is reported though its route cannot be written, and the route is when it can.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.demo.create_server("bound")
        cloud.pod("Pod1").nova.behave("latency_after", method="POST", path="/servers$", seconds=0.3, times=1)
        creating = Deferred.fromCoroutine(cloud.demo.compute.post("/v2.1/servers", a_server("under")))
        await until(lambda: len(cloud.pod("Pod1").servers()) == 2)
        cloud.database_down()

        made = await creating
        server = made.json["server"]["id"]
        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")
        cloud.database_up()

        self.assertEqual([202, 200], [made.status, shown.status])
        await until(lambda: cloud.sql("select 1 from routes where resource_id = %s", server))

    async def test_comes_back(self) -> None:
        """
        Creates go on when the database is back.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.demo.create_server()
        cloud.database_down()
        await pause(0.1)
        cloud.database_up()

        status = 0
        for _ in range(100):
            status = (await cloud.demo.compute.post("/v2.1/servers", a_server())).status
            if status == 202:
                break
            await pause(0.1)

        self.assertEqual(202, status)

    async def test_changes_meanwhile(self) -> None:
        """
        What changed while a daemon was cut off is known to it afterwards: no outdated binding is served (I14).
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.demo.create_server()
        cloud.database_down()
        await pause(0.1)
        cloud.database_up()
        cloud.sql("update pods set state = 'draining' where name = 'Pod1'")

        self.assertEqual("Pod2", (await self.created_until(cloud, "Pod2"))[-1])

    async def test_start_without_database(self) -> None:
        """
        A daemon that starts before its database waits for it.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        cloud.database_down()
        starting = Deferred.fromCoroutine(cloud.add_daemon(TWO_PODS, {}))
        await pause(0.3)
        waited = not starting.called
        cloud.database_up()
        await starting

        answer = await cloud.demo.compute.get("/v2.1/os-availability-zone")

        self.assertTrue(waited)
        self.assertEqual(200, answer.status)

    async def test_stop_while_it_waits(self) -> None:
        """
        A daemon that is stopped while it waits for its database ends.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        cloud.database_down()
        daemon = cloud.prepared(TWO_PODS, {})
        starting = Deferred.fromCoroutine(daemon.start())
        starting.addErrback(lambda _: None)
        await pause(0.2)

        await daemon.stop()

        self.assertEqual((), tuple(daemon.gateway.ports("compute")))


class NewDaemonTests(CloudCase):
    """
    A daemon that knows nothing of what others did, or did not come to write (I7).
    """

    async def test_every_server_is_found(self) -> None:
        """
        A new daemon finds every server that a pod has made, recorded or not, and lists it.
        """
        cloud = await self.cloud(THREE_PODS)
        known = await cloud.demo.create_server("known")
        lost = cloud.pod("Pod1").make_servers(cloud.demo.project_id, 5, name="lost")
        daemon = await cloud.add_daemon(THREE_PODS, {})
        self.assertTrue(daemon.running)

        shown = [
            (await cloud.demo.at(1).compute.get(f"/v2.1/servers/{server}")).status
            for server in (known, *lost)
        ]
        listed = (await cloud.demo.at(1).compute.get("/v2.1/servers")).json["servers"]

        self.assertEqual([200] * 6, shown)
        self.assertEqual({known, *lost}, {each["id"] for each in listed})
