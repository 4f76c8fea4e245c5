"""
What hostile requests, races and odd answers cannot do to the strategies.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred

from tests.unit.strategies.case import P1, S1, StrategyCase, a_context, a_server, an_id
from tests.unit.strategies.doubles import Hang, Reply
from trio2o.errors import BadRequest, Unavailable

SERVERS = "/v2.1/servers"
VOLUMES = f"/v3/{P1}/volumes"
CREATED = {"server": {"id": S1, "links": []}}


def create(**fields: object) -> dict[str, object]:
    """
    The body of a create.
    """
    return {"server": {"name": "one", "flavorRef": "1", "imageRef": "i", "networks": "none", **fields}}


class LeftTests(StrategyCase):
    """
    Clients that leave.
    """

    def test_answer_of_a_change_is_dropped(self) -> None:
        """
        The pod's answer to a change whose client has left is dropped: unread, it would hold its connection and its place.
        """
        self.has_route(S1, self.pod1)
        come: Deferred[Reply] = Deferred()
        self.pods.on("Pod1", "POST", f"{SERVERS}/{S1}/os-interface-x", lambda call: come)

        started = self.started("POST", f"{SERVERS}/{S1}/os-interface-x", {"a": 1})
        started.cancel()
        self.failureResultOf(started)
        come.callback(Reply(200, {"big": "x" * 1000}))

        (answer,) = self.pods.answers
        self.assertEqual(["discarded"], answer.used)

    def test_answers_of_a_search_are_dropped(self) -> None:
        """
        So are those that some pods have given to a client that leaves while others are still asked.
        """
        for path in ("/v2.1/flavors/x", "/v2.1/os-hosts/x"):
            with self.subTest(path=path):
                self.pods.on("Pod1", "GET", path, Reply(404))
                self.pods.on("Pod2", "GET", path, Reply(200, {}))
                self.pods.on("Pod3", "GET", path, Hang())
                started = self.started("GET", path)
                started.cancel()
                self.failureResultOf(started, CancelledError)
                self.assertEqual([["discarded"]] * 2, [answer.used for answer in self.pods.answers[-2:]])


class DeletedPodTests(StrategyCase):
    """
    Pods that are deleted while a create is under way.
    """

    def test_before_the_binding(self) -> None:
        """
        A pod that is gone from the database when the project is to be bound to it is passed over.
        """
        del self.database.pods[self.pod1.id]
        self.pods.on("Pod2", "POST", SERVERS, Reply(202, CREATED))

        answer = self.asked("POST", SERVERS, create(availability_zone="az1"))

        self.assertEqual(202, answer.status)
        self.assertEqual(["Pod2"], self.bound_pods())

    def test_after_the_create(self) -> None:
        """
        What the pod has made is reported and its route written, whatever the database says of the pod afterwards.
        """
        self.is_bound(self.pod1)
        self.change_pod(self.pod1, state="maintenance")

        def made(call: object) -> Reply:
            del self.database.pods[self.pod2.id]
            return Reply(202, CREATED)

        self.pods.on("Pod2", "POST", SERVERS, made)

        answer = self.asked("POST", SERVERS, create(availability_zone="az1"))

        self.assertEqual(202, answer.status)
        self.assertIsNotNone(self.stored_route(S1))


class ProjectlessTests(StrategyCase):
    """
    Tokens without a project.
    """

    def test_no_binding(self) -> None:
        """
        A create with a token that has no project reaches a pod, which decides, and binds nothing.
        """
        refusal = {"forbidden": {"code": 403, "message": "Policy doesn't allow this."}}
        self.pods.on("*", "POST", SERVERS, Reply(403, refusal))

        answer = self.asked("POST", SERVERS, create(), context=a_context(project=""))

        self.assertEqual((403, refusal), (answer.status, self.shown(answer)))
        self.assertEqual({}, self.database.bindings)


class SlowDatabaseTests(StrategyCase):
    """
    A database that neither answers nor refuses.
    """

    def test_waiting_is_bounded(self) -> None:
        """
        Many creates of one project at once all end, side by side, when the database does not answer for the first.
        """
        self.bindings.holding = True

        started = [self.started("POST", SERVERS, create()) for _ in range(20)]
        self.clock.advance(15.1)

        for one in started:
            error = self.failureResultOf(one, Unavailable).value
            self.assertIn((b"Retry-After", b"5"), error.headers)
        self.bindings.let_go()

    def test_another_project(self) -> None:
        """
        Creates of a bound project do not wait for those.
        """
        self.is_bound(self.pod1, project="b" * 32)
        self.pods.on("*", "POST", SERVERS, Reply(202, CREATED))
        self.bindings.holding = True
        first = self.started("POST", SERVERS, create())

        answer = self.asked(
            "POST", SERVERS, create(availability_zone="az1"), context=a_context(project="b" * 32)
        )

        self.assertEqual(202, answer.status)
        self.bindings.let_go()
        self.answered(first)


class ReferencesTests(StrategyCase):
    """
    Bodies that name very much.
    """

    def setUp(self) -> None:
        super().setUp()
        self.strategies["schedule"]._body_limit = 1_000_000  # type: ignore[attr-defined]

    def test_too_many(self) -> None:
        """
        A body that names hundreds of resources is refused, and no pod is asked about any.
        """
        body = create(networks=[{"port": an_id(number)} for number in range(300)])

        self.refused(BadRequest, "POST", SERVERS, body)

        self.assertEqual([], self.pods.calls)

    def test_some_at_a_time(self) -> None:
        """
        Pods are asked about few at once, and about none twice.
        """
        self.pods.on("*", "GET", "*", Hang())
        body = create(networks=[{"port": an_id(number % 40)} for number in range(80)])

        started = self.started("POST", SERVERS, body)

        self.assertEqual(16 * 3, len(self.pods.calls))
        self.clock.advance(10)
        self.clock.advance(10)
        self.clock.advance(10)
        self.assertEqual(40 * 3, len(self.pods.calls))
        self.failureResultOf(started, Unavailable)


class ZoneTests(StrategyCase):
    """
    Zones with something after a colon.
    """

    def test_volume(self) -> None:
        """
        Volumes have no ``zone:host``: such a zone does not exist.
        """
        error = self.refused(
            BadRequest,
            "POST",
            VOLUMES,
            {"volume": {"size": 1, "availability_zone": "az1:host"}},
            surface="volume",
        )

        self.assertEqual("Availability zone 'az1:host' is invalid.", error.message)

    def test_host_alone(self) -> None:
        """
        A server's ``:host`` names no zone and reaches the pod as it was sent.
        """
        self.pods.on("*", "POST", SERVERS, Reply(202, CREATED))

        answer = self.asked("POST", SERVERS, create(availability_zone=":host"))

        self.assertEqual(202, answer.status)
        self.assertIn(b'":host"', self.pods.last.body)


class OddAnswerTests(StrategyCase):
    """
    One pod's nonsense never spoils what the others say (I8).
    """

    ZONES = "/v2.1/os-availability-zone/detail"
    SUMMARY = f"/v3/{P1}/volumes/summary"

    def test_zones(self) -> None:
        """
        A pod whose list of zones is cut short, no JSON, or of another shape is left out.
        """
        fine = {
            "availabilityZoneInfo": [
                {"zoneName": "nova", "zoneState": {"available": True}, "hosts": {"h": {}}}
            ]
        }
        for odd in (None, b"{", b"[]", b"{}", {"availabilityZoneInfo": [1]}, {"availabilityZoneInfo": 5}):
            self.pods.on("*", "GET", self.ZONES, Reply(200, fine))
            self.pods.on("Pod3", "GET", self.ZONES, Reply(200, odd))
            answer = self.asked("GET", self.ZONES, context=a_context(roles="admin"))
            self.assertEqual((200, ["Pod3"]), (answer.status, [pod.name for pod in answer.missing]), odd)

    def test_lists(self) -> None:
        """
        Fields of strange types in one pod's items and counts spoil no list, and get no strange id a route.
        """
        for field in ("id", "status", "created", "tenant_id", "name"):
            for odd in (None, 5, [], {}, [1], True, 2**63, "\0", "x" * 300):
                items = [{**a_server(1), field: odd}]
                self.everybody_says(200, "/v2.1/servers/detail", {"servers": items, "count": odd})
                with self.subTest(field=field, odd=odd):
                    self.assertEqual(200, self.asked("GET", "/v2.1/servers/detail").status)

        self.assertEqual({S1}, {resource_id for resource_id, _ in self.database.routes})

    def test_sums(self) -> None:
        """
        A pod whose numbers are cut short is left out of a sum.
        """
        fine = {"volume-summary": {"total_size": 4, "total_count": 2}}
        self.pods.on("*", "GET", self.SUMMARY, Reply(200, fine))
        self.pods.on("Pod3", "GET", self.SUMMARY, Reply(200, None))

        answer = self.asked("GET", self.SUMMARY, surface="volume")

        self.assertEqual(4, self.shown(answer)["volume-summary"]["total_count"])
        self.assertEqual(["Pod3"], [pod.name for pod in answer.missing])
