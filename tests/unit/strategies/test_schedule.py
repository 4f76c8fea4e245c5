"""
The strategy ``schedule``: one create, to the pod that its references or the scheduler choose.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred

from tests.unit.strategies.case import (
    CREATE_BUDGET,
    LIMIT,
    N1,
    NOW,
    P1,
    P2,
    ROOT,
    S1,
    S2,
    V1,
    V2,
    X1,
    StrategyCase,
    a_context,
    a_server,
    a_volume,
)
from tests.unit.strategies.doubles import Broken, Hang, MemoryBody, Reply, Unreachable
from trio2o.errors import (
    BadGateway,
    BadRequest,
    BodyTooLarge,
    GatewayTimeout,
    NotFound,
    NoValidPod,
    Unavailable,
)
from trio2o.exchange import Answer
from trio2o.model import Kind, PodState

SERVERS = "/v2.1/servers"
VOLUMES = f"/v3/{P1}/volumes"
SNAPSHOTS = f"/v3/{P1}/snapshots"

MADE = Reply(
    202,
    {
        "server": {
            "id": S1,
            "links": [{"rel": "self", "href": f"http://pod1.example:8774/v2.1/servers/{S1}"}],
            "adminPass": "secret",
        }
    },
)
QUOTA = Reply(
    403, {"forbidden": {"code": 403, "message": "Quota exceeded for instances: Requested 1, but ..."}}
)
CONFLICT = Reply(409, {"conflictingRequest": {"code": 409, "message": "Port is in use"}})


class ScheduleCase(StrategyCase):
    """
    Creates of servers and volumes.
    """

    def create(self, body: Any = b'{"server": {}}', **more: Any) -> Answer:
        """
        Create a server.
        """
        return self.asked("POST", SERVERS, body, **more)

    def create_volume(self, volume: Any, **more: Any) -> Answer:
        """
        Create a volume.
        """
        return self.asked("POST", VOLUMES, {"volume": volume}, surface="volume", **more)

    def creates(self, path: str = SERVERS) -> list[str]:
        """
        The pods that were asked to create.
        """
        return self.pods.asked("POST", path)


class BodyTests(ScheduleCase):
    """
    What of the client's body reaches the pod.
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods.on("*", "POST", SERVERS, MADE)

    def test_untouched(self) -> None:
        """
        A body that names no zone goes on byte by byte, with everything that the gateway does not know (I3).
        """
        for body in (
            b'{"server" : {"name":"\\u00e9", "x":  [1.0, 1e3], "from_the_future": {"availability_zone": "az1"}}}',
            b'{"server": {"name": "a", "name": "b"}, "os:scheduler_hints": {"foo": "bar"}}\n',
            b'{"server": {"availability_zone": null}}',
            b'{"server": {"availability_zone": ""}}',
            b'{"server": {"availability_zone": 7}}',
            b'{"server": []}',
            b'{"flavor": {"availability_zone": "az1"}}',
            b"[]",
        ):
            with self.subTest(body=body):
                self.create(body)
                self.assertEqual(body, self.pods.last.body)

    def test_zone(self) -> None:
        """
        The zone becomes the pod's own name for it, and every other byte stays.
        """
        self.create(
            b'{"server" : {"name":"az1" ,"availability_zone" : "az1",  "metadata": {"availability_zone": "az1"}}}'
        )

        self.assertEqual(
            b'{"server" : {"name":"az1" ,"availability_zone" : "nova",  "metadata": {"availability_zone": "az1"}}}',
            self.pods.last.body,
        )

    def test_pod_without_zone(self) -> None:
        """
        In a pod that has no zone of its own the name is taken out.
        """
        self.create(b'{"server": {"availability_zone": "az2", "name": "n"}}')

        self.assertEqual(("Pod3", b'{"server": {"name": "n"}}'), (self.pods.last.pod, self.pods.last.body))

    def test_host_in_zone(self) -> None:
        """
        Nova's ``zone:host:node`` chooses by the zone and keeps host and node.
        """
        self.create(b'{"server": {"availability_zone": "az1:h1:n1"}}')

        self.assertEqual(b'{"server": {"availability_zone": "nova:h1:n1"}}', self.pods.last.body)

    def test_colon_in_a_volume(self) -> None:
        """
        Cinder knows no host in a zone: such a zone does not exist.
        """
        error = self.refused(
            BadRequest, "POST", VOLUMES, {"volume": {"availability_zone": "az1:h1"}}, surface="volume"
        )

        self.assertEqual("Availability zone 'az1:h1' is invalid.", error.message)

    def test_unknown_zone(self) -> None:
        """
        A zone that does not exist is refused in the service's words; nobody is asked and nothing is bound.
        """
        for zone in ("nowhere", "nova"):
            error = self.refused(BadRequest, "POST", SERVERS, {"server": {"availability_zone": zone}})
            self.assertEqual("The requested availability zone is not available", error.message)
        error = self.refused(
            BadRequest, "POST", VOLUMES, {"volume": {"availability_zone": "nowhere"}}, surface="volume"
        )
        self.assertEqual("Availability zone 'nowhere' is invalid.", error.message)

        self.assertEqual(([], []), (self.pods.calls, self.bound_pods()))

    def test_zone_of_disabled_pods(self) -> None:
        """
        A zone whose pods are all disabled is not listed, and does not exist for creates either.
        """
        self.change_pod(self.pod3, state=PodState.DISABLED)

        self.refused(BadRequest, "POST", SERVERS, {"server": {"availability_zone": "az2"}})

    def test_malformed(self) -> None:
        """
        What is no JSON is a 400, and nobody is asked.
        """
        for body in (b"", b"{", b"\xff"):
            error = self.refused(BadRequest, "POST", SERVERS, body)
            self.assertEqual("Malformed request body", error.message)

        self.assertEqual([], self.pods.calls)

    def test_too_large(self) -> None:
        """
        A body over the limit is a 413, and nobody is asked (I2).
        """
        self.refused(BodyTooLarge, "POST", SERVERS, b"{}" + b" " * LIMIT)

        self.assertEqual([], self.pods.calls)

    def test_call(self) -> None:
        """
        A create has its own budget, a fresh connection, and the client's fields and query (I13).
        """
        self.asked("POST", SERVERS + "?x=1", b'{"server": {}}', headers=[(b"X-Future", b"1")])

        call = self.pods.last.call
        self.assertEqual((CREATE_BUDGET, True), (call.budget, call.fresh))
        self.assertEqual(f"{SERVERS}?x=1".encode(), call.target)
        self.assertIn((b"X-Future", b"1"), call.headers)

    def test_answer(self) -> None:
        """
        The pod's answer comes back with the top region's links, and everything else as it was.
        """
        answer = self.create()

        server = self.shown(answer)["server"]
        self.assertEqual((202, ("Pod1",)), (answer.status, answer.pods))
        self.assertEqual(f"{ROOT.decode()}/v2.1/servers/{S1}", server["links"][0]["href"])
        self.assertEqual("secret", server["adminPass"])

    def test_zone_in_the_answer(self) -> None:
        """
        The zone that a volume's create shows is the top one.
        """
        self.pods.on("*", "POST", VOLUMES, Reply(202, {"volume": a_volume(1)}))

        self.assertEqual("az1", self.shown(self.create_volume({"size": 1}))["volume"]["availability_zone"])

    def test_boot_from_volume(self) -> None:
        """
        The older path for booting from a volume is a create too.
        """
        self.pods.on("*", "POST", "/v2.1/os-volumes_boot", MADE)

        self.asked("POST", "/v2.1/os-volumes_boot", b'{"server": {"availability_zone": "az1"}}')

        self.assertEqual(b'{"server": {"availability_zone": "nova"}}', self.pods.last.body)
        self.assertIsNotNone(self.stored_route(S1))


class RecordTests(ScheduleCase):
    """
    What is kept of a resource that was made.
    """

    def test_server(self) -> None:
        """
        The route has the pod, the project, and what a list shows of the server when its pod is silent.
        """
        self.pods.on("*", "POST", SERVERS, MADE)

        self.create({"server": {"flavorRef": "7", "imageRef": "i1"}})

        for route in (self.state.route(Kind.SERVER, S1), self.stored_route(S1)):
            assert route is not None
            self.assertEqual(("Pod1-id", P1), (route.pod_id, route.project_id))
            self.assertEqual(
                {
                    "user_id": "u1",
                    "az": "az1",
                    "noted_at": int(NOW),
                    "flavor": {"id": "7"},
                    "image": {"id": "i1"},
                },
                route.details,
            )

    def test_volume(self) -> None:
        """
        A volume's route has the time and the project that its body tells.
        """
        made = a_volume(1, **{"os-vol-tenant-attr:tenant_id": P2})
        self.pods.on("*", "POST", VOLUMES, Reply(202, {"volume": made}))

        self.create_volume({"size": 1})

        route = self.stored_route(made["id"], Kind.VOLUME)
        assert route is not None
        self.assertEqual(
            (P2, datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)), (route.project_id, route.created_at)
        )

    def test_absence_ends(self) -> None:
        """
        Nobody who was told that the id does not exist believes it any longer.
        """
        self.pods.on("*", "GET", f"{SERVERS}/{S1}", Reply(404))
        self.refused(NotFound, "GET", f"{SERVERS}/{S1}")
        self.pods.on("*", "POST", SERVERS, MADE)
        self.create()
        self.pods.on("Pod1", "GET", f"{SERVERS}/{S1}", Reply(200, {"server": a_server(1)}))

        self.assertEqual(200, self.asked("GET", f"{SERVERS}/{S1}").status)

    def test_what_cannot_be_read(self) -> None:
        """
        An answer that tells no id is passed on; the resource is found later by asking.
        """
        self.everybody_says(500, "/v2.1/servers/detail")
        for body in (
            b"",
            b"{",
            b"[]",
            b"{}",
            b'{"server": 1}',
            b'{"server": {}}',
            b'{"reservation_id": "r-1"}',
        ):
            self.pods.on("*", "POST", SERVERS, Reply(202, body))
            with self.subTest(body=body):
                self.assertEqual((202, body), (self.create().status, self.create().body))

        self.assertEqual({}, self.database.routes)

    def test_refused(self) -> None:
        """
        What was refused leaves no route.
        """
        self.pods.on("*", "POST", SERVERS, Reply(400, {"badRequest": {"code": 400}, "server": {"id": S1}}))

        self.assertEqual(400, self.create().status)

        self.assertEqual({}, self.database.routes)

    def test_database_goes_away_meanwhile(self) -> None:
        """
        A resource that the pod has made is always reported, and its route is written when the database is back (I15).
        """

        def made(_: object) -> Reply:
            self.database.available = False
            return MADE

        self.is_bound(self.pod2)
        self.change_pod(self.pod2, state=PodState.DRAINING)
        self.pods.on("*", "POST", SERVERS, made)

        self.assertEqual(202, self.create().status)

        self.database.available = True
        self.clock.advance(60)
        self.assertIsNotNone(self.stored_route(S1))
        self.assertEqual(["Pod2"], self.bound_pods())

    def test_pod_is_deleted_meanwhile(self) -> None:
        """
        A resource is reported too when its pod's entry was deleted while it was made.
        """

        def made(_: object) -> Reply:
            del self.database.pods["Pod1-id"]
            return MADE

        self.is_bound(self.pod2)
        self.change_pod(self.pod2, state=PodState.DRAINING)
        self.pods.on("*", "POST", SERVERS, made)

        self.assertEqual(202, self.create().status)


class FallbackTests(ScheduleCase):
    """
    Which failures let a create go on to the next pod (I13).
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods.on("*", "POST", SERVERS, MADE)
        self.pods.on("*", "POST", VOLUMES, Reply(202, {"volume": a_volume(1)}))

    def test_surely_not_accepted(self) -> None:
        """
        A pod that could not be reached, or says that it has no room, gives way to the next one.
        """
        no_room = [
            {"overLimit": {"code": 413, "message": f"exceeds allowed {word} quota"}}
            for word in ("volumes", "snapshots", "gigabytes", "backups")
        ]
        for path, script in (
            (SERVERS, Unreachable()),
            (SERVERS, QUOTA),
            (VOLUMES, Unreachable()),
            *((VOLUMES, Reply(413, body)) for body in no_room),
        ):
            self.pods.calls.clear()
            self.pods.on("Pod1", "POST", path, script)
            surface = "volume" if path == VOLUMES else "compute"
            with self.subTest(path=path, script=script):
                answer = self.asked("POST", path, {surface.replace("compute", "server"): {}}, surface=surface)
                self.assertEqual(202, answer.status)
                self.assertEqual(["Pod1", "Pod2"], self.creates(path))

    def test_accepted_or_the_clients_fault(self) -> None:
        """
        Any other answer is the client's, whatever other pods might say.
        """
        for script in (
            CONFLICT,
            Reply(400),
            Reply(401),
            Reply(403, {"forbidden": {"code": 403, "message": "Policy doesn't allow it"}}),
            Reply(404),
            Reply(413, {"overLimit": {"code": 413, "message": "This request was rate-limited."}}),
            Reply(500),
            Reply(502),
            Reply(503),
        ):
            self.pods.calls.clear()
            self.pods.on("Pod1", "POST", SERVERS, script)
            with self.subTest(script=script):
                self.assertEqual(script.status, self.create().status)
                self.assertEqual(["Pod1"], self.creates())

    def test_ambiguous(self) -> None:
        """
        After a time-out or a broken connection nobody knows whether the pod has begun: no other one is tried.
        """
        cut = Reply(202, None)
        for script, kind in ((Hang(), GatewayTimeout), (Broken(), BadGateway), (cut, BadGateway)):
            self.pods.calls.clear()
            self.pods.on("Pod1", "POST", SERVERS, script)
            started = self.started("POST", SERVERS, b'{"server": {}}')
            self.clock.advance(CREATE_BUDGET)
            with self.subTest(script=script):
                self.failureResultOf(started, kind)
                self.assertEqual(["Pod1"], self.creates())

    def test_all_refuse(self) -> None:
        """
        When no pod has room the client sees the first one's refusal.
        """
        for pod in ("Pod1", "Pod2", "Pod3"):
            self.pods.on(
                pod, "POST", SERVERS, Reply(403, {"forbidden": {"message": f"Quota exceeded ({pod})"}})
            )

        answer = self.create()

        self.assertEqual(["Pod1", "Pod2", "Pod3"], self.creates())
        self.assertEqual((403, ("Pod1",)), (answer.status, answer.pods))
        self.assertIn(b"(Pod1)", answer.body)  # type: ignore[arg-type]

    def test_refusal_before_silence(self) -> None:
        """
        A refusal tells the client more than a pod that could not be reached.
        """
        for first, second in ((QUOTA, Unreachable()), (Unreachable(), QUOTA)):
            self.pods.on("Pod1", "POST", SERVERS, first)
            self.pods.on("*", "POST", SERVERS, second)
            self.assertEqual(403, self.create().status)

    def test_nobody_is_reached(self) -> None:
        """
        When none can be reached it is 503 with Retry-After.
        """
        self.pods.on("*", "POST", SERVERS, Unreachable())

        error = self.refused(Unavailable, "POST", SERVERS, b'{"server": {}}')

        self.assertEqual(["Pod1", "Pod2", "Pod3"], self.creates())
        self.assertIn((b"Retry-After", b"10"), error.headers)

    def test_refusal_then_ambiguous_end(self) -> None:
        """
        After an ambiguous end the refusal of another pod is not the truth.
        """
        self.pods.on("Pod1", "POST", SERVERS, QUOTA)
        self.pods.on("Pod2", "POST", SERVERS, Broken())

        self.refused(BadGateway, "POST", SERVERS, b'{"server": {}}')

    def test_zone_is_kept(self) -> None:
        """
        A create that names a zone stays in it, and each pod gets its own name for it.
        """
        self.change_pod(self.pod2, pod_az_name="zone2")
        self.pods.on("*", "POST", SERVERS, QUOTA)

        self.create(b'{"server": {"availability_zone": "az1"}}')

        self.assertEqual(
            [
                ("Pod1", b'{"server": {"availability_zone": "nova"}}'),
                ("Pod2", b'{"server": {"availability_zone": "zone2"}}'),
            ],
            [(called.pod, called.body) for called in self.pods.calls],
        )

    def test_route_of_the_second(self) -> None:
        """
        The route names the pod that made it in the end.
        """
        self.pods.on("Pod1", "POST", SERVERS, QUOTA)

        self.create()

        route = self.stored_route(S1)
        assert route is not None
        self.assertEqual("Pod2-id", route.pod_id)


class BindingTests(ScheduleCase):
    """
    What a create does to the project's binding (I10).
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods.on("*", "POST", SERVERS, MADE)

    def test_first(self) -> None:
        """
        The first create binds the project before anything is sent.
        """
        bound: list[list[str]] = []

        def made(_: object) -> Reply:
            bound.append(self.bound_pods())
            return MADE

        self.pods.on("*", "POST", SERVERS, made)

        self.create()

        self.assertEqual([["Pod1"]], bound)
        self.assertEqual(["Pod1"], self.bound_pods())

    def test_bound(self) -> None:
        """
        A bound project goes to its pod, and nothing is written.
        """
        self.is_bound(self.pod2)

        self.create()

        self.assertEqual(["Pod2"], self.creates())
        self.assertEqual([], self.bindings.calls)

    def test_moved_after_success(self) -> None:
        """
        A binding whose pod takes nothing new is moved, and only once the create has succeeded (I11).
        """
        for state in (PodState.DRAINING, PodState.MAINTENANCE):
            self.database.bindings.clear()
            old = self.is_bound(self.pod2)
            self.has_pods(self.pod1, self.change_pod(self.pod2, state=state), self.pod3)
            bound: list[list[str]] = []

            def made(_: object, bound: list[list[str]] = bound) -> Reply:
                bound.append(self.bound_pods())
                return MADE

            self.pods.on("*", "POST", SERVERS, made)
            with self.subTest(state=state):
                self.create()
                self.assertEqual([["Pod2"]], bound)
                self.assertEqual(["Pod1"], self.bound_pods())
                self.assertFalse(self.database.bindings[old.id].is_binding)
                self.assertEqual(
                    f"moved: state dropped Pod2 ({state})", self.database.bindings[old.id].reason
                )

    def test_not_moved_after_failure(self) -> None:
        """
        A create that failed moves nothing.
        """
        self.is_bound(self.pod2)
        self.change_pod(self.pod2, state=PodState.DRAINING)
        for script in (Reply(400), CONFLICT, Reply(500), QUOTA):
            self.pods.on("*", "POST", SERVERS, script)
            self.create()
        self.pods.on("*", "POST", SERVERS, Broken())
        self.refused(BadGateway, "POST", SERVERS, b'{"server": {}}')

        self.assertEqual(["Pod2"], self.bound_pods())

    def test_not_moved_after_fallback(self) -> None:
        """
        A create that fell back once leaves the binding where it is.
        """
        self.is_bound(self.pod1)
        for script in (QUOTA, Unreachable()):
            self.pods.on("Pod1", "POST", SERVERS, script)
            self.create()

        self.assertEqual(["Pod1", "Pod2", "Pod1", "Pod2"], self.creates())
        self.assertEqual(["Pod1"], self.bound_pods())

    def test_first_create_falls_back(self) -> None:
        """
        A first create that falls back stays bound to the pod that ranks first.
        """
        self.pods.on("Pod1", "POST", SERVERS, QUOTA)

        self.create()

        self.assertEqual(["Pod1"], self.bound_pods())

    def test_sick_pod(self) -> None:
        """
        A bound project whose pod does not answer is served elsewhere, and its binding moves.
        """
        self.is_bound(self.pod1)
        self.pods.sick.add("Pod1-id")

        self.create()

        self.assertEqual((["Pod2"], ["Pod2"]), (self.creates(), self.bound_pods()))

    def test_sick_service(self) -> None:
        """
        A pod whose Nova does not answer still takes volumes.
        """
        self.is_bound(self.pod1)
        self.pods.sick.add("Pod1-id/compute")
        self.pods.on("*", "POST", VOLUMES, Reply(202, {"volume": a_volume(1)}))

        self.create_volume({"size": 1})

        self.assertEqual(["Pod1"], self.creates(VOLUMES))

    def test_one_in_each_zone(self) -> None:
        """
        A project has one binding in each zone.
        """
        for zone in ("az1", "az2", "az1"):
            self.create({"server": {"availability_zone": zone}})

        self.assertEqual(["Pod1", "Pod3", "Pod1"], self.creates())
        self.assertEqual(["Pod1", "Pod3"], self.bound_pods())

    def test_servers_and_volumes(self) -> None:
        """
        Servers and volumes of a project share its binding.
        """
        self.is_bound(self.pod2)
        self.pods.on("*", "POST", VOLUMES, Reply(202, {"volume": a_volume(1)}))

        self.create_volume({"size": 1})

        self.assertEqual(["Pod2"], self.creates(VOLUMES))

    def test_newest_bindings_zone(self) -> None:
        """
        A create without zone goes to the zone of the project's newest binding.
        """
        self.is_bound(self.pod1, age=20)
        self.is_bound(self.pod3, age=10)

        self.create()

        self.assertEqual(["Pod3"], self.creates())

    def test_default_zone(self) -> None:
        """
        Where a default zone is configured that one counts, and its name is not written into the body.
        """
        self.default_zone = "az2"
        self.make()
        self.is_bound(self.pod1)

        self.create()

        self.assertEqual(("Pod3", b'{"server": {}}'), (self.pods.last.pod, self.pods.last.body))

    def test_default_zone_without_pods(self) -> None:
        """
        A default zone that no pod is in does not count.
        """
        self.default_zone = "az9"
        self.make()

        self.create()

        self.assertEqual(["Pod1"], self.creates())

    def test_groups(self) -> None:
        """
        A pod of a special group takes no ordinary create.
        """
        self.change_pod(self.pod1, affinity=frozenset({"gpu"}))

        self.create()

        self.assertEqual(["Pod2"], self.creates())

    def test_no_pod(self) -> None:
        """
        When every pod is dropped it is 503, with a reason for each pod that only admins read.
        """
        for pod in (self.pod1, self.pod2, self.pod3):
            self.change_pod(pod, state=PodState.DRAINING)

        error = self.refused(NoValidPod, "POST", SERVERS, b'{"server": {}}')

        self.assertEqual({"Pod1", "Pod2", "Pod3"}, set(error.reasons))
        self.assertNotIn("Pod", error.message)
        self.assertEqual(([], []), (self.pods.calls, self.bound_pods()))

    def test_no_project(self) -> None:
        """
        A token without a project is bound to nothing: what it may create is the pod's to say.
        """
        self.pods.on("*", "POST", SERVERS, Reply(403, {"forbidden": {"message": "Policy"}}))

        self.assertEqual(403, self.create(context=a_context(project="")).status)

        self.assertEqual({}, self.database.bindings)

    def test_database_away(self) -> None:
        """
        A create that needs to be bound is 503 with Retry-After, before anything is sent (I15).
        """
        self.database.available = False

        error = self.refused(Unavailable, "POST", SERVERS, b'{"server": {}}')

        self.assertIn((b"Retry-After", b"5"), error.headers)
        self.assertEqual([], self.pods.calls)

    def test_state_is_outdated(self) -> None:
        """
        While memory may be outdated bindings come from the database (I14).
        """
        self.is_bound(self.pod2)
        self.state.doubt()
        (known,) = self.database.bindings.values()
        self.database.end_binding(known, "moved")
        self.is_bound(self.pod3, in_memory=False)

        self.create()

        self.assertEqual(["Pod3"], self.creates())
        self.assertEqual(["find_bindings"], self.bindings.calls)

    def test_pods_are_outdated(self) -> None:
        """
        So do the pods: one that an operator has begun to drain meanwhile gets nothing new (I11, I14).
        """
        self.database.pods = {**self.database.pods, self.pod1.id: evolve(self.pod1, state=PodState.DRAINING)}
        self.state.doubt()

        self.create()

        self.assertEqual(["Pod2"], self.creates())

    def test_state_is_outdated_and_the_database_away(self) -> None:
        """
        Then there is nothing to go by: 503, before anything is sent.
        """
        self.is_bound(self.pod2)
        self.state.doubt()
        self.database.available = False

        self.refused(Unavailable, "POST", SERVERS, b'{"server": {}}')

        self.assertEqual([], self.pods.calls)


class RaceTests(ScheduleCase):
    """
    Creates of one project at the same time.
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods.on("*", "POST", SERVERS, MADE)

    def test_sixteen_first_creates(self) -> None:
        """
        Sixteen first creates at once make one binding, with one write, and all go to its pod.
        """
        for current in (True, False):
            self.database.bindings.clear()
            self.state.replace(list(self.database.pods.values()), {})
            self.bindings.calls.clear()
            self.pods.calls.clear()
            if not current:
                self.state.doubt()
            self.bindings.holding = True
            started = [self.started("POST", SERVERS, b'{"server": {}}') for _ in range(16)]
            self.assertEqual([], self.pods.calls)
            self.bindings.let_go()
            with self.subTest(current=current):
                self.assertEqual([202] * 16, [self.answered(each).status for each in started])
                self.assertEqual(["Pod1"] * 16, self.creates())
                self.assertEqual(1, self.bindings.calls.count("bind"))
                self.assertEqual(["Pod1"], self.bound_pods())

    def test_announced_before(self) -> None:
        """
        What was announced before a create is taken over before the pod is chosen (I14).
        """
        self.is_bound(self.pod1)
        taken_over: Deferred[None] = Deferred()
        self.placement._bindings._catch_up = lambda: taken_over
        self.state.behind = True

        waiting = self.started("POST", SERVERS, b'{"server": {}}')

        self.assertEqual([], self.creates())
        self.database.bindings.clear()
        self.is_bound(self.pod2)
        taken_over.callback(None)
        self.answered(waiting)
        self.assertEqual(["Pod2"], self.creates())

    def test_not_taken_over(self) -> None:
        """
        Where it cannot be taken over the database is asked.
        """
        self.is_bound(self.pod1, in_memory=True)
        self.database.bindings.clear()
        self.is_bound(self.pod2, in_memory=False)

        async def fails() -> None:
            self.state.doubt()

        self.placement._bindings._catch_up = fails
        self.state.behind = True

        self.create()

        self.assertEqual(["Pod2"], self.creates())

    def test_closed_while_it_is_bound(self) -> None:
        """
        A pod that is known to drain when the database has bound the project to it gets nothing (I11).
        """
        self.bindings.holding = True
        waiting = self.started("POST", SERVERS, b'{"server": {}}')
        self.change_pod(self.pod1, state=PodState.DRAINING)
        self.bindings.let_go()

        self.answered(waiting)

        self.assertEqual((["Pod2"], ["Pod2"]), (self.creates(), self.bound_pods()))

    def test_bound_zone_is_kept(self) -> None:
        """
        A create without a zone, whose pod closes while the project is bound to it, stays in its zone or is refused (I10).
        """
        self.bindings.holding = True
        waiting = self.started("POST", SERVERS, b'{"server": {}}')
        self.has_pods(evolve(self.pod1, state=PodState.DRAINING), self.pod3)
        self.bindings.let_go()

        self.failureResultOf(waiting, NoValidPod)

        self.assertEqual(([], ["Pod1"]), (self.creates(), self.bound_pods()))

    def test_bound_elsewhere_meanwhile(self) -> None:
        """
        A create whose pod outweighs the bound one leaves alone what an operator bound while it was under way (I10).
        """
        self.is_bound(self.pod1)
        self.pods.sick.add("Pod1-id")
        answer: Deferred[Reply] = Deferred()
        self.pods.on("Pod2", "POST", SERVERS, lambda _: answer)
        waiting = self.started("POST", SERVERS, b'{"server": {}}')
        fourth = evolve(self.pod1, id="Pod4-id", name="Pod4", serial=4)
        self.has_pods(self.pod1, self.pod2, self.pod3, fourth)
        self.database.end_binding(next(iter(self.database.bindings.values())), "moved: by an operator")
        self.is_bound(fourth)

        answer.callback(MADE)
        self.answered(waiting)

        self.assertEqual((["Pod2"], ["Pod4"]), (self.creates(), self.bound_pods()))

    def test_closed_while_it_is_made(self) -> None:
        """
        No binding moves to a pod that takes nothing new by the time it has accepted.
        """
        self.is_bound(self.pod1)
        self.pods.sick.add("Pod1-id")
        answer: Deferred[Reply] = Deferred()
        self.pods.on("Pod2", "POST", SERVERS, lambda _: answer)
        waiting = self.started("POST", SERVERS, b'{"server": {}}')
        self.change_pod(self.pod2, state=PodState.DRAINING)

        answer.callback(MADE)
        self.answered(waiting)

        self.assertEqual(["Pod1"], self.bound_pods())

    def test_closed_unheard_while_it_falls_back(self) -> None:
        """
        A process that cannot follow the database asks it for the pods again before it goes on to the next one (I11).
        """

        def refused(_: object) -> Reply:
            self.state.doubt()
            drained = evolve(self.pod2, state=PodState.DRAINING)
            self.database.pods = {**self.database.pods, drained.id: drained}
            return QUOTA

        self.pods.on("Pod1", "POST", SERVERS, refused)

        self.create()

        self.assertEqual(["Pod1", "Pod3"], self.creates())

    def test_database_away_while_it_falls_back(self) -> None:
        """
        Where nobody knows what the other pods take, the first one's refusal is the answer.
        """

        def refused(_: object) -> Reply:
            self.state.doubt()
            self.database.available = False
            return QUOTA

        self.pods.on("Pod1", "POST", SERVERS, refused)

        self.assertEqual(403, self.create().status)
        self.assertEqual(["Pod1"], self.creates())

    def test_projects_do_not_wait_for_each_other(self) -> None:
        """
        The lock is the project's: another project's create goes on.
        """
        self.is_bound(self.pod2, project=P2)
        self.bindings.holding = True

        waiting = self.started("POST", SERVERS, b'{"server": {}}')
        self.create(context=a_context(project=P2))

        self.assertNoResult(waiting)
        self.bindings.let_go()
        self.answered(waiting)

    def test_lost_race(self) -> None:
        """
        Another process was faster: its pod is used, and its binding stays.
        """
        self.is_bound(self.pod2, in_memory=False)

        self.create()

        self.assertEqual((["Pod2"], ["Pod2"]), (self.creates(), self.bound_pods()))
        binding = self.state.binding(P1, "az1", "")
        assert binding is not None
        self.assertEqual("Pod2-id", binding.pod_id)

    def test_lost_race_for_the_zone(self) -> None:
        """
        Another process has just chosen another zone for the project: a create that names none goes there, and binds nothing
        more (I10). One that names its zone gets it.
        """
        self.is_bound(self.pod3, in_memory=False)

        self.create()

        self.assertEqual((["Pod3"], ["Pod3"]), (self.creates(), self.bound_pods()))
        self.state.replace(list(self.database.pods.values()), {})
        self.create(b'{"server": {"availability_zone": "az1"}}')
        self.assertEqual(["Pod3", "Pod1"], self.creates())
        self.assertEqual(["Pod1", "Pod3"], sorted(self.bound_pods()))

    def test_lost_race_against_a_pod_that_does_not_fit(self) -> None:
        """
        Where the winner's pod does not fit this request the next best one is used.
        """
        self.is_bound(self.pod2, in_memory=False)
        self.pods.sick.add("Pod2-id")

        self.create()

        self.assertEqual(["Pod1"], self.creates())

    def test_lock_is_released_on_errors(self) -> None:
        """
        A create that fails while it is placed keeps no other one of its project waiting.
        """
        for problem in (self.database_problem, self.pod_problem):
            undo = problem()
            self.failureResultOf(self.started("POST", SERVERS, b'{"server": {}}'), Unavailable, NoValidPod)
            undo()
            self.assertEqual(202, self.create().status)
            self.database.bindings.clear()
            self.state.replace(list(self.database.pods.values()), {})

    def database_problem(self) -> Callable[[], None]:
        """
        Take the database away.
        """
        self.database.available = False
        return lambda: setattr(self.database, "available", True)

    def pod_problem(self) -> Callable[[], None]:
        """
        Make every pod sick.
        """
        self.pods.sick.update(["Pod1-id", "Pod2-id", "Pod3-id"])
        return self.pods.sick.clear

    def test_no_lock_is_left(self) -> None:
        """
        When all creates of a project are through, nothing of it is kept.
        """
        self.bindings.holding = True
        started = [self.started("POST", SERVERS, b'{"server": {}}') for _ in range(3)]
        self.bindings.let_go()
        for each in started:
            self.answered(each)

        self.assertEqual(0, self.placement._turns.keys)

    def test_pod_deleted_elsewhere(self) -> None:
        """
        A pod that another process has just deleted is passed over.
        """
        del self.database.pods["Pod1-id"]

        self.create()

        self.assertEqual((["Pod2"], ["Pod2"]), (self.creates(), self.bound_pods()))


class ReferencesTests(ScheduleCase):
    """
    What the body names decides where the create goes (I6).
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods.on("*", "POST", SERVERS, MADE)
        self.pods.on("*", "POST", VOLUMES, Reply(202, {"volume": a_volume(1)}))

    def on_volume(self, volume: str = V1) -> dict[str, Any]:
        """
        A server that boots from a volume.
        """
        return {
            "server": {
                "block_device_mapping_v2": [{"source_type": "volume", "uuid": volume, "boot_index": 0}]
            }
        }

    def on_network(self) -> dict[str, Any]:
        """
        A server on a network.
        """
        return {"server": {"networks": [{"uuid": N1}]}}

    def has_network(self, *pods: str, network: str = N1) -> None:
        """
        Only these pods have the network.
        """
        path = f"/v2.0/networks/{network}"
        self.pods.on("*", "GET", path, Reply(404))
        for pod in pods:
            self.pods.on(pod, "GET", path, Reply(200, {"network": {"id": network}}))

    def test_pinned(self) -> None:
        """
        A create goes to the pod that has what it names, whatever the binding says.
        """
        self.is_bound(self.pod1)
        self.has_route(V1, self.pod2, kind=Kind.VOLUME)
        self.has_route(V2, self.pod3, kind=Kind.SNAPSHOT)
        for body, pod in (
            (self.on_volume(), "Pod2"),
            ({"server": {"block_device_mapping_v2": [{"source_type": "snapshot", "uuid": V2}]}}, "Pod3"),
        ):
            self.create(body)
            self.assertEqual(pod, self.pods.last.pod)

    def test_hint(self) -> None:
        """
        A hint's server pins too.
        """
        self.has_route(S2, self.pod3)

        self.create({"server": {}, "os:scheduler_hints": {"same_host": [S2]}})

        self.assertEqual(["Pod3"], self.creates())

    def test_volume_of_a_snapshot(self) -> None:
        """
        A volume goes where its snapshot, source or backup is.
        """
        for key, kind in (
            ("snapshot_id", Kind.SNAPSHOT),
            ("source_volid", Kind.VOLUME),
            ("backup_id", Kind.BACKUP),
        ):
            self.has_route(X1, self.pod3, kind=kind)
            with self.subTest(key=key):
                self.create_volume({key: X1})
                self.assertEqual("Pod3", self.pods.last.pod)

    def test_pinned_creates_and_bindings(self) -> None:
        """
        A pinned create makes no binding and moves none (I10).
        """
        self.has_route(V1, self.pod2, kind=Kind.VOLUME)
        self.create(self.on_volume())
        self.assertEqual([], self.bound_pods())

        self.is_bound(self.pod1)
        self.create(self.on_volume())
        self.assertEqual(["Pod1"], self.bound_pods())
        self.assertNotIn("bind", self.bindings.calls)

    def test_pinned_to_one(self) -> None:
        """
        A pinned create does not go on to a pod that does not have what it names.
        """
        self.has_route(V1, self.pod2, kind=Kind.VOLUME)
        self.pods.on("Pod2", "POST", SERVERS, QUOTA)

        self.assertEqual(403, self.create(self.on_volume()).status)
        self.assertEqual(["Pod2"], self.creates())

    def test_pinned_pod_takes_nothing(self) -> None:
        """
        A pinned create to a pod that takes nothing new is refused (I11).
        """
        self.has_route(V1, self.pod2, kind=Kind.VOLUME)
        self.change_pod(self.pod2, state=PodState.MAINTENANCE)

        self.refused(NoValidPod, "POST", SERVERS, self.on_volume())

    def test_narrowed(self) -> None:
        """
        What several pods have narrows the choice, and the next one of them may be tried.
        """
        self.has_network("Pod2", "Pod3")
        self.pods.on("Pod2", "POST", SERVERS, QUOTA)

        self.create(self.on_network())

        self.assertEqual(["Pod2", "Pod3"], self.creates())

    def test_narrowed_to_the_bound_pod(self) -> None:
        """
        Among the pods that are left the bound one comes first.
        """
        self.has_network("Pod1", "Pod2")
        self.is_bound(self.pod2)

        self.create(self.on_network())

        self.assertEqual(["Pod2"], self.creates())

    def test_narrowing_by_two(self) -> None:
        """
        Two references leave the pods that have both.
        """
        self.has_network("Pod1", "Pod3")
        self.has_network("Pod2", "Pod3", network=X1)

        self.create({"server": {"networks": [{"uuid": N1}, {"uuid": X1}]}})

        self.assertEqual(["Pod3"], self.creates())

    def test_no_common_pod(self) -> None:
        """
        Two that share no pod are a 400 that names both, and nothing is sent.
        """
        self.has_route(V1, self.pod1, kind=Kind.VOLUME)
        self.has_route(V2, self.pod2, kind=Kind.VOLUME)
        body = self.on_volume()
        body["server"]["block_device_mapping_v2"].append({"source_type": "volume", "uuid": V2})

        error = self.refused(BadRequest, "POST", SERVERS, body)

        self.assertEqual(
            f"Volume {V1} and volume {V2} are in different parts of the cloud and cannot be used together.",
            error.message,
        )
        self.assertEqual([], self.creates())

    def test_common_pod_is_silent(self) -> None:
        """
        While the pod that may have both is silent about one nobody can say that they share none: 503.
        """
        self.has_route(V1, self.pod1, kind=Kind.VOLUME)
        self.has_network("Pod2")
        self.pods.on("Pod1", "GET", f"/v2.0/networks/{N1}", Unreachable())
        body = self.on_volume()
        body["server"]["networks"] = [{"uuid": N1}]

        self.refused(Unavailable, "POST", SERVERS, body)

        self.assertEqual([], self.creates())

    def test_common_pod_was_silent(self) -> None:
        """
        It is the same where the pod was silent about the one that is named first.
        """
        self.has_network("Pod2")
        self.pods.on("Pod1", "GET", f"/v2.0/networks/{N1}", Unreachable())
        self.has_network("Pod1", network=X1)

        self.refused(Unavailable, "POST", SERVERS, {"server": {"networks": [{"uuid": N1}, {"uuid": X1}]}})

    def test_unknown(self) -> None:
        """
        A reference that no pod has narrows nothing: the pod's own words are the right answer.
        """
        self.everybody_says(404, f"/v3/{P1}/volumes/{V1}")
        self.pods.on("*", "POST", SERVERS, Reply(400, {"badRequest": {"message": "Volume not found"}}))

        self.assertEqual(400, self.create(self.on_volume()).status)
        self.assertEqual(["Pod1"], self.creates())

    def test_silent_pod(self) -> None:
        """
        A reference that only a silent pod may have is a 503, and nothing is sent.
        """
        self.everybody_says(404, f"/v3/{P1}/volumes/{V1}")
        self.has_network()
        for path, body in (
            (f"/v3/{P1}/volumes/{V1}", self.on_volume()),
            (f"/v2.0/networks/{N1}", self.on_network()),
        ):
            self.pods.on("Pod3", "GET", path, Unreachable())
            with self.subTest(path=path):
                error = self.refused(Unavailable, "POST", SERVERS, body)
                self.assertIn((b"Retry-After", b"10"), error.headers)
                self.assertIn("Pod3", error.admin_detail)

        self.assertEqual([], self.creates())

    def test_asked_at_once(self) -> None:
        """
        Several unknown references are looked for side by side, each in every pod (I8).
        """
        for volume in (V1, V2):
            self.pods.on("*", "GET", f"/v3/{P1}/volumes/{volume}", Hang())
        body = self.on_volume()
        body["server"]["block_device_mapping_v2"].append({"source_type": "volume", "uuid": V2})

        started = self.started("POST", SERVERS, body)

        self.assertEqual(6, len(self.pods.asked("GET")))
        self.clock.advance(10)
        self.failureResultOf(started, Unavailable)

    def test_zone_of_another_pod(self) -> None:
        """
        A reference outside of the zone that the body asks for is the client's mistake.
        """
        self.has_route(V1, self.pod3, kind=Kind.VOLUME)
        body = self.on_volume()
        body["server"]["availability_zone"] = "az1"

        error = self.refused(BadRequest, "POST", SERVERS, body)

        self.assertEqual(f"Volume {V1} is not in the availability zone az1.", error.message)

    def test_zone_of_a_silent_pod(self) -> None:
        """
        A network may be in the zone that is asked for while a pod of that zone is silent: 503.
        """
        self.has_network("Pod3")
        self.pods.on("Pod2", "GET", f"/v2.0/networks/{N1}", Unreachable())
        body = self.on_network()
        body["server"]["availability_zone"] = "az1"

        self.refused(Unavailable, "POST", SERVERS, body)

    def test_unknown_zone(self) -> None:
        """
        A zone that does not exist is told as that, whatever the references.
        """
        self.has_route(V1, self.pod3, kind=Kind.VOLUME)
        body = self.on_volume()
        body["server"]["availability_zone"] = "nowhere"

        error = self.refused(BadRequest, "POST", SERVERS, body)

        self.assertEqual("The requested availability zone is not available", error.message)

    def test_named_twice(self) -> None:
        """
        What is named twice is looked for once.
        """
        self.has_network("Pod2")

        self.create({"server": {"networks": [{"uuid": N1}, {"uuid": N1}]}})

        self.assertEqual(3, len(self.pods.asked("GET")))

    def test_database_away(self) -> None:
        """
        A pinned create needs its route written: with the database gone it is 503 before anything is sent (I15).
        """
        self.has_route(V1, self.pod2, kind=Kind.VOLUME)
        self.database.available = False
        self.state.doubt()

        self.refused(Unavailable, "POST", SERVERS, self.on_volume())

        self.assertEqual([], self.creates())


class SnapshotTests(ScheduleCase):
    """
    Creates that always belong to another resource.
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods.on(
            "*",
            "POST",
            SNAPSHOTS,
            Reply(202, {"snapshot": {"id": X1, "created_at": "2026-01-01T00:00:00.000000"}}),
        )

    def snapshot(self) -> Answer:
        """
        Make a snapshot of the volume.
        """
        return self.asked("POST", SNAPSHOTS, {"snapshot": {"volume_id": V1}}, surface="volume")

    def test_volumes_pod(self) -> None:
        """
        A snapshot is made in its volume's pod, and its route has the caller's project.
        """
        self.has_route(V1, self.pod3, kind=Kind.VOLUME)

        self.assertEqual(202, self.snapshot().status)

        route = self.stored_route(X1, Kind.SNAPSHOT)
        assert route is not None
        self.assertEqual(("Pod3-id", P1), (route.pod_id, route.project_id))
        self.assertEqual([], self.bound_pods())

    def test_unknown_volume(self) -> None:
        """
        A snapshot of a volume that nobody has binds the project to nothing: a pod says what is wrong.
        """
        self.everybody_says(404, f"/v3/{P1}/volumes/{V1}")
        self.pods.on("*", "POST", SNAPSHOTS, Reply(404, {"itemNotFound": {"code": 404}}))

        self.assertEqual(404, self.snapshot().status)
        self.assertEqual([], self.bound_pods())

    def test_binding_of_a_draining_pod(self) -> None:
        """
        Nor does one that a pod makes all the same move a binding, which an ordinary create would.
        """
        self.everybody_says(404, f"/v3/{P1}/volumes/{V1}")
        self.is_bound(self.pod1)
        self.change_pod(self.pod1, state=PodState.DRAINING)

        self.assertEqual(202, self.snapshot().status)
        self.assertEqual((["Pod2"], ["Pod1"]), (self.pods.asked("POST"), self.bound_pods()))


class ShieldTests(ScheduleCase):
    """
    The client leaves.
    """

    def test_after_the_body(self) -> None:
        """
        A create that a pod may have begun runs to its end, and its route is recorded.
        """
        answer: Deferred[Reply] = Deferred()
        self.pods.on("*", "POST", SERVERS, lambda _: answer)
        started = self.started("POST", SERVERS, b'{"server": {}}')

        started.cancel()
        self.failureResultOf(started, CancelledError)
        self.assertEqual([1], self.running)
        answer.callback(MADE)

        self.assertIsNotNone(self.stored_route(S1))
        self.assertEqual([], self.running)

    def test_while_it_is_placed(self) -> None:
        """
        So does one that waits for its binding: what follows finds the project's lock free.
        """
        self.pods.on("*", "POST", SERVERS, MADE)
        self.bindings.holding = True
        started = self.started("POST", SERVERS, b'{"server": {}}')
        started.cancel()
        self.failureResultOf(started, CancelledError)

        self.bindings.let_go()

        self.assertEqual(202, self.create().status)
        self.assertEqual(["Pod1", "Pod1"], self.creates())

    def test_before_the_body(self) -> None:
        """
        A client that leaves within its body has asked for nothing.
        """
        body = MemoryBody(b"", held=Deferred())
        started = self.started("POST", SERVERS, memory_body=body)

        started.cancel()

        self.failureResultOf(started, CancelledError)
        self.assertEqual(([], []), (self.pods.calls, self.running))
