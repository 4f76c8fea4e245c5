"""
Parts of the cloud fail, and users see what ``docs/operate.rst`` ("When parts fail") says.

``make test-cloud-faults`` runs these; without ``TRIO2O_CLOUD_FAULTS=1`` they are skipped.
"""

from __future__ import annotations

import signal
import time
from functools import partial

from cloud.services import DAEMON
from tests.cloud.faults_case import FaultCase
from tests.cloud.faults_users import Load, eventually, together

AZ1, AZ2 = "az1", "az2"
NOVA, CINDER = "pod1-nova-api", "pod1-cinder-api"


class ApiTests(FaultCase):
    """
    An API of one pod is down, or hangs.
    """

    def setUp(self) -> None:
        super().setUp()
        self.here, self.there = self.a_server(AZ1), self.a_server(AZ2)
        self.volume, self.volume_there = self.a_volume(AZ1), self.a_volume(AZ2)
        self.budgets = self.parts.settings["pod_defaults"]

    def goes_on(self) -> None:
        """
        Everything of the other pod works.
        """
        self.assertEqual(200, self.user.show(self.there).status)
        self.assertEqual(200, self.user.show_volume(self.volume_there).status)
        self.assertEqual(202, self.user.create("other", AZ2).status)
        self.assertEqual(202, self.user.create_volume("other", AZ2).status)

    def partial(self, service: str, kept: str, lost: str, *, within: float = 0.0) -> None:
        """
        Lists have what the other pod has, and tell the zone that is missing.
        """
        path = {"compute": "servers", "volume": "volumes"}[service]
        for target in (f"/{path}", f"/{path}/detail"):
            seen = self.user.ask(service, "GET", target)
            self.assertEqual(200, seen.status)
            found = [each["id"] for each in seen.json()[path]]
            self.assertIn(kept, found)
            self.assertNotIn(lost, found)
            self.assertEqual(AZ1, seen.field("X-Trio2o-Incomplete-Zones"))
            self.discreet(seen, within=within)

    def test_nova_stopped(self) -> None:
        """
        With a pod's Nova stopped its servers are 503, or UNKNOWN where Nova would say so; its volumes and the other pod go on.
        """
        self.parts.stop(NOVA)

        for _ in range(8):
            self.unavailable(self.user.show(self.here))
        breakers = self.gauges("trio2o_pod_breaker_state")
        self.assertLess(0, breakers['{pod="Pod1",service="compute"}'])
        self.assertEqual(0, breakers['{pod="Pod1",service="volume"}'])
        self.unavailable(self.user.ask("compute", "DELETE", f"/servers/{self.here}"))
        self.unavailable(self.user.create("new", AZ1))
        unknown = self.user.show(self.here, "2.69")
        self.assertEqual((200, "UNKNOWN"), (unknown.status, unknown.json()["server"]["status"]))
        self.partial("compute", self.there, self.here)
        listed = self.user.ask("compute", "GET", "/servers/detail", version="2.69").json()["servers"]
        self.assertEqual("UNKNOWN", {each["id"]: each["status"] for each in listed}[self.here])
        self.assertEqual(200, self.user.show_volume(self.volume).status)
        self.assertEqual(202, self.user.create_volume("beside", AZ1).status)
        self.goes_on()

        self.parts.start(NOVA)
        self.recovers(self.here, volumes=(self.volume,))
        self.nothing_lost()

    def test_nova_hangs(self) -> None:
        """
        With a pod's Nova hanging, what concerns its servers is 504 in the configured time, then 503 at once; a create that
        Nova takes up later is there then, once.
        """
        self.parts.freeze(NOVA)

        create, show, partial = together(
            lambda: self.user.create("lost sight of", AZ1),
            lambda: self.user.show(self.here),
            lambda: self.user.ask("compute", "GET", "/servers/detail"),
        )
        self.late(create, within=self.budgets["create_timeout_seconds"])
        self.late(show, within=self.budgets["answer_timeout_seconds"])
        self.assertEqual((200, AZ1), (partial.status, partial.field("X-Trio2o-Incomplete-Zones")))
        self.discreet(partial, within=self.budgets["list_timeout_seconds"])
        together(*[lambda: self.user.show(self.here)] * 5)
        self.unavailable(self.user.show(self.here), within=self.budgets["answer_timeout_seconds"])
        self.assertEqual(200, self.user.show_volume(self.volume).status)
        self.goes_on()

        self.parts.thaw()
        self.recovers(self.here, volumes=(self.volume,))
        eventually(lambda: "lost sight of" in self.user.names().values(), "the create came to its end")
        self.nothing_lost()

    def test_cinder_stopped(self) -> None:
        """
        With a pod's Cinder stopped its volumes are 503; its servers and the other pod go on.
        """
        self.parts.stop(CINDER)

        for _ in range(8):
            self.unavailable(self.user.show_volume(self.volume))
        self.unavailable(self.user.create_volume("new", AZ1))
        self.partial("volume", self.volume_there, self.volume)
        self.assertEqual(200, self.user.show(self.here).status)
        self.assertEqual(202, self.user.create("beside", AZ1).status)
        self.goes_on()

        self.parts.start(CINDER)
        self.recovers(self.here, volumes=(self.volume,))
        self.nothing_lost()

    def test_cinder_hangs(self) -> None:
        """
        With a pod's Cinder hanging, what concerns its volumes is 504 in the configured time, then 503 at once.
        """
        self.parts.freeze(CINDER)

        create, show, partial = together(
            lambda: self.user.create_volume("lost sight of", AZ1),
            lambda: self.user.show_volume(self.volume),
            lambda: self.user.ask("volume", "GET", "/volumes"),
        )
        self.late(create, within=self.budgets["create_timeout_seconds"])
        self.late(show, within=self.budgets["answer_timeout_seconds"])
        self.assertEqual((200, AZ1), (partial.status, partial.field("X-Trio2o-Incomplete-Zones")))
        together(*[lambda: self.user.show_volume(self.volume)] * 5)
        self.unavailable(self.user.show_volume(self.volume), within=self.budgets["answer_timeout_seconds"])
        self.assertEqual(200, self.user.show(self.here).status)
        self.goes_on()

        self.parts.thaw()
        self.recovers(self.here, volumes=(self.volume,))
        eventually(
            lambda: "lost sight of" in self.user.names("volume").values(), "the create came to its end"
        )
        self.nothing_lost()


class PodDatabaseTests(FaultCase):
    """
    A pod's own database fails: the pod answers as it does then, and the other pod goes on.
    """

    def setUp(self) -> None:
        super().setUp()
        self.here, self.there = self.a_server(AZ1), self.a_server(AZ2)
        self.volume = self.a_volume(AZ1)
        self.pod = self.parts.plan.pods[0]
        self.budgets = self.parts.settings["pod_defaults"]

    def test_refused(self) -> None:
        """
        With a pod's databases gone its own 500 is passed on; lists leave it out.
        """
        self.parts.refuse_database(self.pod)

        at_pod, show = self.pods[0].show(self.here), self.user.show(self.here)
        self.assertEqual(500, at_pod.status)
        self.assertEqual((500, at_pod.message), (show.status, show.message))
        self.discreet(self.user.show_volume(self.volume), within=self.budgets["answer_timeout_seconds"])
        for service, plural in (("compute", "servers"), ("volume", "volumes")):
            seen = self.user.ask(service, "GET", f"/{plural}/detail")
            self.assertEqual((200, AZ1), (seen.status, seen.field("X-Trio2o-Incomplete-Zones")))
            self.discreet(seen, within=self.budgets["list_timeout_seconds"])
        create = self.user.create("new", AZ1)
        self.assertEqual(500, create.status, create.reply.body)
        self.assertEqual(200, self.user.show(self.there).status)
        self.assertEqual(202, self.user.create("other", AZ2).status)

        self.parts.mend()
        self.recovers(self.here, self.there, volumes=(self.volume,))
        self.nothing_lost()

    def test_hangs(self) -> None:
        """
        With a pod's database hanging its servers are 504 in the configured time; lists leave it out in theirs.
        """
        self.parts.lock_database(self.pod, "nova.instances", "nova_api.build_requests")

        show, create, listed = together(
            lambda: self.user.show(self.here),
            lambda: self.user.create("lost sight of", AZ1),
            lambda: self.user.ask("compute", "GET", "/servers/detail"),
        )
        self.late(show, within=self.budgets["answer_timeout_seconds"])
        self.late(create, within=self.budgets["create_timeout_seconds"])
        self.assertEqual((200, AZ1), (listed.status, listed.field("X-Trio2o-Incomplete-Zones")))
        self.discreet(listed, within=self.budgets["list_timeout_seconds"])
        self.assertEqual([self.there], [each["id"] for each in listed.json()["servers"]])
        self.assertEqual(200, self.user.show_volume(self.volume).status)
        self.assertEqual(200, self.user.show(self.there).status)
        self.assertEqual(202, self.user.create("other", AZ2).status)

        self.parts.mend()
        self.recovers(self.here, self.there, volumes=(self.volume,))
        self.nothing_lost()


class WorkerTests(FaultCase):
    """
    What stands behind a pod's APIs fails: creates are accepted and go no further, as at the pod.
    """

    def stays(self, *names: str) -> None:
        """
        With these processes down a create stays in BUILD, or gets what the pod says; afterwards it goes on by itself.
        """
        there = self.a_server(AZ2)
        self.parts.stop(*names)

        here = self.user.create("waits", AZ1)
        self.assertEqual(202, here.status, here.reply.body)
        identifier = here.json()["server"]["id"]
        self.assertEqual("BUILD", self.user.state(identifier))
        self.assertEqual(self.pods[0].state(identifier), self.user.state(identifier))
        listed = self.user.ask("compute", "GET", "/servers/detail")
        self.assertIsNone(listed.field("X-Trio2o-Incomplete-Zones"))
        self.assertEqual({identifier, there}, {each["id"] for each in listed.json()["servers"]})
        self.assertEqual("ACTIVE", self.user.state(self.a_server(AZ2, "other")))

        self.parts.start(*names)
        eventually(lambda: self.user.state(identifier) == "ACTIVE", "it is built")
        self.nothing_lost()

    def test_conductor(self) -> None:
        """
        nova-conductor.
        """
        self.stays("pod1-nova-conductor")

    def test_scheduler(self) -> None:
        """
        nova-scheduler.
        """
        self.stays("pod1-nova-scheduler")

    def test_compute(self) -> None:
        """
        nova-compute.
        """
        self.stays("pod1-nova-compute")

    def test_queue(self) -> None:
        """
        The pod's message queue: reads go on, the other pod too, and what the user sees is what the pod says in its time.
        """
        here, there = self.a_server(AZ1), self.a_server(AZ2)
        self.parts.close_queue(self.parts.plan.pods[0])

        create, show, other = together(
            lambda: self.user.create("new", AZ1),
            lambda: self.user.show(here),
            lambda: self.user.create("other", AZ2),
        )
        self.assertIn(create.status, (500, 504), create.reply.body)
        self.discreet(create, within=self.parts.settings["pod_defaults"]["create_timeout_seconds"])
        self.assertEqual((200, 202), (show.status, other.status))
        self.assertEqual(200, self.user.show(there).status)

        self.parts.mend()
        self.recovers(here, there)
        again: list[int] = []

        def made() -> bool:
            again.append(self.user.create("again", AZ1).status)
            return again[-1] == 202

        eventually(made, "creates work again")
        self.nothing_lost()


class RefusalTests(FaultCase):
    """
    A pod refuses: its own words reach the user.
    """

    def same(self, make: str, zone: str = AZ1, **more: object) -> int:
        """
        The same create at the pod and at the top region has the same status, body and fields.
        """
        at_pod = getattr(self.pods[0], make)("new", **more)
        at_top = getattr(self.user, make)("new", zone, **more)
        self.assertEqual((at_pod.status, at_pod.reply.body), (at_top.status, at_top.reply.body))
        fields = [{name.lower() for name, _ in seen.reply.fields} for seen in (at_pod, at_top)]
        differing = (fields[0] ^ fields[1]) - {"server", "connection", "x-compute-request-id"}
        self.assertEqual(set(), differing)
        return int(at_top.status)

    def has_state(self, server: str, state: str) -> bool:
        """
        True when the server is in this state.
        """
        return self.user.state(server) == state

    def is_gone(self, server: str) -> bool:
        """
        True when there is no such server.
        """
        return self.user.show(server).status == 404

    def test_nova_quota(self) -> None:
        """
        A full quota of servers is Nova's 403, word for word; the other zone has room.
        """
        self.quota(0, "compute", instances=1)
        here = self.a_server(AZ1)

        self.assertEqual(403, self.same("create"))
        self.assertEqual(202, self.user.create("other", AZ2).status)
        self.assertEqual(200, self.user.ask("compute", "GET", f"/servers/{here}").status)
        self.user.ask("compute", "DELETE", f"/servers/{here}")
        eventually(lambda: self.user.show(here).status == 404, "it is deleted")
        self.assertEqual(202, self.user.create("again", AZ1).status)
        self.nothing_lost()

    def test_cinder_quota(self) -> None:
        """
        Full quotas of volumes and of gigabytes are Cinder's 413, word for word.
        """
        self.a_volume(AZ1)
        for quota in ({"volumes": 1}, {"volumes": 10, "gigabytes": 1}):
            self.quota(0, "volume", **quota)
            self.assertEqual(413, self.same("create_volume"))
        self.assertEqual(202, self.user.create_volume("other", AZ2).status)
        self.nothing_lost()

    def test_no_valid_host(self) -> None:
        """
        A flavor that fits no host is accepted and ends as ERROR, with the fault that the pod tells, and can be deleted.
        """
        self.no_quota()
        admin = self.cloud.admin.session
        flavor = {
            "flavor": {"id": "faults-huge", "name": "faults-huge", "vcpus": 10_000, "ram": 1 << 28, "disk": 1}
        }
        for pod in self.parts.plan.pods:
            root = f"{pod.url('nova')}/v2.1/flavors"
            self.addCleanup(admin.delete, f"{root}/faults-huge", raise_exc=False)
            admin.post(root, json=flavor, raise_exc=False)

        made = [
            self.user.create("new", AZ1, flavorRef="faults-huge"),
            self.pods[0].create("new", flavorRef="faults-huge"),
        ]
        self.assertEqual([202, 202], [seen.status for seen in made])
        at_top, at_pod = [seen.json()["server"]["id"] for seen in made]
        for each in (at_top, at_pod):
            eventually(partial(self.has_state, each, "ERROR"), f"{each} is in ERROR")
        faults = [self.user.show(each).json()["server"]["fault"] for each in (at_top, at_pod)]
        self.assertEqual(
            [("No valid host was found. ", 500)] * 2,
            [(each["message"].split("There")[0], each["code"]) for each in faults],
        )
        self.assertEqual(faults[0]["message"], faults[1]["message"])
        self.assertEqual(202, self.user.create("fits", AZ1).status)
        self.nothing_lost()
        for each in (at_top, at_pod):
            self.assertEqual(204, self.user.ask("compute", "DELETE", f"/servers/{each}").status)
            eventually(partial(self.is_gone, each), "it is deleted")


class KeystoneTests(FaultCase):
    """
    Keystone is down, or hangs.
    """

    def setUp(self) -> None:
        super().setUp()
        self.here, self.there = self.a_server(AZ1), self.a_server(AZ2)
        self.stranger = self.cloud.account()
        self.addCleanup(self.cloud.forget, self.stranger)

    def goes_on(self, *, within: float) -> None:
        """
        A token that is known works on; one that is not is 503, never let in and never said to be wrong.
        """
        show, listed, refused = together(
            lambda: self.user.show(self.here),
            lambda: self.user.ask("compute", "GET", "/servers"),
            lambda: self.user.ask("compute", "GET", "/servers", token=self.stranger.token),
        )
        self.assertEqual((200, 200), (show.status, listed.status), (show.reply, listed.reply))
        self.unavailable(refused, within=within)

    def recovered(self) -> None:
        """
        Everybody is served again.
        """
        eventually(
            lambda: self.user.ask("compute", "GET", "/servers", token=self.stranger.token).status == 200,
            "the other token is known",
        )
        self.recovers(self.here, self.there)
        self.assertEqual(202, self.user.create("new", AZ1).status)
        self.nothing_lost()

    def test_stopped(self) -> None:
        """
        Keystone refuses connections.
        """
        self.user.show(self.here), self.user.show(self.there)
        self.parts.stop("keystone")
        self.goes_on(within=self.parts.settings["identity"]["request_timeout_seconds"])
        self.parts.start("keystone")
        self.recovered()

    def test_hangs(self) -> None:
        """
        Keystone answers nothing.
        """
        self.user.show(self.here), self.user.show(self.there)
        self.parts.freeze("keystone")
        self.goes_on(within=self.parts.settings["identity"]["request_timeout_seconds"])
        self.parts.thaw()
        self.recovered()


class GatewayTests(FaultCase):
    """
    The daemon or its database fails while users create and look.
    """

    def setUp(self) -> None:
        super().setUp()
        self.no_quota()
        self.here, self.volume = self.a_server(AZ1), self.a_volume(AZ1)
        # both zones have a binding, and what is looked at is remembered
        self.a_server(AZ2)
        self.load = Load(user=self.user, zones=(AZ1, AZ2), server=self.here, volume=self.volume)

    def accepted(self) -> None:
        """
        Wait for some more creates that are accepted.
        """
        before = self.load.count(202)
        eventually(lambda: self.load.count(202) >= before + 4, "creates are accepted")

    def over(self) -> None:
        """
        Creates were accepted or refused, nothing else; what is known was shown all the time; nothing is lost.
        """
        for name, _, seen in self.load.made:
            assert seen is not None, f"{name} had no answer"
            if seen.status != 202:
                self.unavailable(seen, within=self.parts.settings["pod_defaults"]["create_timeout_seconds"])
        self.assertEqual(
            [],
            [seen for seen in self.load.shown if seen is None or seen.status != 200],
            "what is known is shown",
        )
        self.nothing_lost(self.load)

    def test_postgres_restarted(self) -> None:
        """
        PostgreSQL is restarted.
        """
        with self.load:
            self.accepted()
            self.parts.signal_postgres(signal.SIGINT)
            self.accepted()
        self.over()

    def test_postgres_killed(self) -> None:
        """
        PostgreSQL is killed; the daemon starts its own again.
        """
        with self.load:
            self.accepted()
            before = self.parts.postgres
            self.parts.signal_postgres(signal.SIGKILL)
            eventually(lambda: self.parts.postgres != before, "PostgreSQL is started again")
            self.accepted()
        self.over()

    def test_postgres_hangs(self) -> None:
        """
        PostgreSQL hangs: creates are refused while the state cannot be current (I14), and accepted when it goes on.
        """
        with self.load:
            self.accepted()
            self.parts.freeze_postgres()
            eventually(lambda: self.load.count(503) >= 2, "creates are refused")
            self.assertEqual({"": 0.0}, self.gauges("trio2o_state_current"))
            self.parts.thaw()
            self.accepted()
        self.over()

    def test_daemon_killed(self) -> None:
        """
        The daemon is killed and started again: what had no answer is there once or not at all, and found by asking.
        """
        with self.load:
            self.accepted()
            self.parts.kill(DAEMON)
            time.sleep(2.0)
            self.parts.start(DAEMON)
            self.accepted()
        self.assertEqual(
            set(), {seen.status for _, _, seen in self.load.made if seen is not None} - {202, 503}
        )
        self.nothing_lost(self.load)
