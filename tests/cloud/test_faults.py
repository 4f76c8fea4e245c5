"""
Parts of pods fail, and users see what ``docs/operate.rst`` ("When parts fail") says.

``make test-cloud-faults`` runs these; without ``TRIO2O_CLOUD_FAULTS=1`` they are skipped.
"""

from __future__ import annotations

from tests.cloud.faults_case import AZ1, AZ2, FaultCase
from tests.cloud.faults_users import eventually, together

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
