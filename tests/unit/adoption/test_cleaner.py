"""
From routes to pods.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from attrs import evolve

from tests.unit.adoption.case import CINDER_SERVICES, NOVA_SERVICES, OWN, AdoptionCase, a_route
from tests.unit.strategies.case import NOW, an_id
from tests.unit.strategies.doubles import Broken, Hang, Reply, Unreachable
from trio2o.adoption.cleaner import RouteCleaner
from trio2o.model import Kind, PodState, Route

MISSING = 600.0


def gone(route: Route, noun: str = "Instance") -> Reply:
    """
    The pod does not have it.
    """
    message = f"{noun} {route.resource_id} could not be found."
    return Reply(404, {"itemNotFound": {"code": 404, "message": message}})


class CleanerCase(AdoptionCase):
    """
    A cleaner that asks once a second.
    """

    def setUp(self) -> None:
        super().setUp()
        self.checked: list[tuple[str, str]] = []
        self.ended: list[str] = []
        self.cleaner = self.made()

    def made(self, **more: Any) -> RouteCleaner:
        """
        One that is not started.
        """
        known: dict[str, Any] = {
            "routes": self.routes,
            "state": self.state,
            "questions": self.questions,
            "pods": self.pods,
            "clock": self.clock,
            "rate": 1.0,
            "missing_seconds": MISSING,
            "checked": lambda pod, result: self.checked.append((pod, result)),
            "ended": self.ended.append,
        }
        cleaner = RouteCleaner(**{**known, **more})
        self.addCleanup(cleaner.stopService)
        return cleaner

    def has(self, *routes: Route) -> None:
        """
        Let these have routes, and let their pods have them.
        """
        self.record(*routes)
        for route in routes:
            self.pods.on(
                _name(route), "GET", _path(route), Reply(body={route.kind.value: {"id": route.resource_id}})
            )

    def loses(self, *routes: Route) -> None:
        """
        Let these have routes, and let their pods not have them (any more).
        """
        self.record(*routes)
        for route in routes:
            self.pods.on(_name(route), "GET", _path(route), gone(route))

    def says(self, route: Route, *scripts: Any) -> None:
        """
        Let this have a route, and let its pod answer so.
        """
        self.record(route)
        self.pods.on(_name(route), "GET", _path(route), *scripts)

    def passes(self, seconds: float) -> None:
        """
        Let time go by in small steps.
        """
        for _ in range(int(seconds)):
            self.clock.advance(1.0)

    def questions_about(self, route: Route) -> int:
        """
        How often a pod was asked for it.
        """
        return sum(call.path == _path(route) for call in self.pods.calls)

    def lives(self, route: Route) -> bool:
        """
        True while it has its route.
        """
        return self.route(route.resource_id, route.kind) is not None


class EndingTests(CleanerCase):
    """
    What ends a route, and what does not.
    """

    def test_absent(self) -> None:
        """
        A route ends when its pod has said twice, the time apart, that it does not have the resource; the tombstone has its time.
        """
        there, lost = a_route(1), a_route(2)
        self.has(there)
        self.loses(lost)
        self.state.note_route(lost)

        self.cleaner.startService()
        self.passes(MISSING - 5)
        self.assertTrue(self.lives(lost))
        self.assertEqual(1, self.questions_about(lost))
        self.passes(10)

        self.assertFalse(self.lives(lost))
        self.assertEqual(2, self.questions_about(lost))
        self.assertTrue(self.lives(there))
        self.assertIsNone(self.state.route(Kind.SERVER, lost.resource_id))
        self.assertEqual(["Pod1"], self.ended)
        self.assertIn(("Pod1", "present"), self.checked)
        self.assertEqual(2, self.checked.count(("Pod1", "absent")))
        (tombstone,) = self.now(self.routes.routes_of_id(lost.resource_id))
        assert tombstone.deleted_at is not None
        self.assertTrue(NOW + MISSING <= tombstone.deleted_at.timestamp() <= NOW + MISSING + 5)

    def test_asked_with(self) -> None:
        """
        Each kind is asked for at its own path and microversion, in the project of the daemon's user.
        """
        attachment = a_route(1, Kind.ATTACHMENT, project_id="p9")
        self.has(attachment)
        self.cleaner.startService()
        (asked,) = [call for call in self.pods.calls if call.path == _path(attachment)]
        self.assertEqual(f"/v3/{OWN}/attachments/{attachment.resource_id}", asked.path)
        self.assertEqual(b"volume 3.27", asked.header(b"openstack-api-version"))

    def test_back_again(self) -> None:
        """
        What is there at the second question keeps its route.
        """
        route = a_route(1)
        self.says(route, gone(route), Reply(body={"server": {"id": route.resource_id}}))
        self.cleaner.startService()
        self.passes(MISSING + 5)
        self.assertTrue(self.lives(route))
        self.assertEqual([], self.ended)

    def test_everything_else(self) -> None:
        """
        No refusal, fault, silence or stranger's 404 ends a route, however often it comes.
        """
        words = {"itemNotFound": {"code": 404, "message": "The resource could not be found."}}
        answers = [
            *(Reply(status, {"fault": {"code": status, "message": an_id(1)}}) for status in (400, 401, 403, 500, 503)),
            *(Reply(404, body) for body in (b"<html>Not Found</html>", b"", words, {"error": {"code": 404}})),
            *(Broken(), Unreachable(), Hang(), Reply(200, None), Reply(200, b"<html>"), Reply(410, {})),
        ]  # fmt: skip
        for answer in answers:
            route = a_route(1)
            self.says(route, answer)
            cleaner = self.made()
            cleaner.startService()
            self.passes(3 * MISSING)
            self.assertTrue(self.lives(route), answer)
            self.assertTrue(self.questions_about(route) >= 2, answer)
            cleaner.stopService()
            self.pods.calls.clear()
        self.assertEqual({("Pod1", "unclear")}, set(self.checked))

    def test_no_admin(self) -> None:
        """
        Where the daemon's user is not shown everything a 404 says nothing, and nobody is asked for anything.
        """
        server, volume = a_route(1), a_route(2, Kind.VOLUME)
        self.loses(server, volume)
        self.pods.on("Pod1", "GET", NOVA_SERVICES, Reply(403, {}))
        self.pods.on("Pod1", "GET", CINDER_SERVICES, Reply(403, {}))
        self.cleaner.startService()
        self.passes(3 * MISSING)
        self.assertTrue(self.lives(server) and self.lives(volume))
        self.assertEqual(0, self.questions_about(server) + self.questions_about(volume))

    def test_moved(self) -> None:
        """
        A route that leads elsewhere by the time of its end stays.
        """
        route = a_route(1)
        self.loses(route)
        self.cleaner.startService()
        self.passes(MISSING - 10)
        moved = evolve(route, pod_id="Pod2-id")
        self.database.routes[route.resource_id, route.kind] = moved
        self.state.note_route(moved)
        self.pods.on("Pod2", "GET", _path(route), Reply(body={"server": {"id": route.resource_id}}))
        self.passes(20)
        self.assertEqual("Pod2-id", getattr(self.route(route.resource_id), "pod_id", None))
        self.assertEqual(moved, self.state.route(Kind.SERVER, route.resource_id))
        self.assertEqual([], self.ended)

    def test_wiped_pod(self) -> None:
        """
        A pod that says of most that they are not there ends nothing; another pod's routes end as ever, and when it is well
        again it is believed again.
        """
        lost = [a_route(number) for number in range(1, 41)]
        other = a_route(50, pod="Pod2-id")
        self.loses(*lost, other)
        self.cleaner.startService()
        self.passes(3 * MISSING)

        self.assertTrue(all(self.lives(route) for route in lost))
        self.assertFalse(self.lives(other))
        self.assertEqual([("Pod1-id", "compute")], list(self.cleaner.distrusted()))

        self.has(*lost[1:])
        self.passes(6 * MISSING)
        self.assertEqual([], list(self.cleaner.distrusted()))
        self.assertEqual([lost[0]], [route for route in lost if not self.lives(route)])


class LeftAloneTests(CleanerCase):
    """
    What is not asked for.
    """

    def assert_not_asked(self, route: Route) -> None:
        """
        Walk twice, and find that nobody was asked for it, and that it stays.
        """
        self.cleaner.startService()
        self.passes(2 * MISSING + 5)
        self.assertEqual(0, self.questions_about(route))
        self.assertTrue(self.lives(route))

    def test_pods_out_of_service(self) -> None:
        """
        Pods in maintenance or disabled, and those whose breaker is open, are not asked.
        """
        for state, sick in (
            (PodState.MAINTENANCE, ()),
            (PodState.DISABLED, ()),
            (PodState.ENABLED, ("Pod1-id/compute",)),
        ):
            self.has_pods(evolve(self.pod1, state=state), self.pod2)
            self.pods.sick = set(sick)
            route = a_route(1)
            self.loses(route)
            self.assert_not_asked(route)
            self.cleaner.stopService()

    def test_draining(self) -> None:
        """
        A pod that is draining is asked.
        """
        self.has_pods(evolve(self.pod1, state=PodState.DRAINING), self.pod2)
        route = a_route(1)
        self.loses(route)
        self.cleaner.startService()
        self.passes(MISSING + 5)
        self.assertFalse(self.lives(route))

    def test_unregistered_pod(self) -> None:
        """
        A route to a pod that nobody knows stays.
        """
        route = a_route(1, pod="gone")
        self.record(route)
        self.assert_not_asked(route)

    def test_young(self) -> None:
        """
        What was made just now is not asked for before it is as old as a resource must be missing.
        """
        route = a_route(1, created_at=datetime.fromtimestamp(NOW + 100, UTC))
        self.loses(route)
        self.cleaner.startService()
        self.passes(MISSING + 90)
        self.assertEqual(0, self.questions_about(route))
        self.passes(3 * MISSING)
        self.assertFalse(self.lives(route))

    def test_unwell_service(self) -> None:
        """
        A service that does not answer is left alone for a minute; the pod's other service is asked meanwhile.
        """
        servers = [a_route(number) for number in range(1, 40)]
        volumes = [a_route(number, Kind.VOLUME) for number in range(1, 40)]
        self.has(*volumes)
        for route in servers:
            self.says(route, Unreachable())
        self.cleaner.startService()
        self.passes(55)
        self.assertEqual(1, sum(self.questions_about(route) for route in servers))
        self.assertEqual(39, sum(self.questions_about(route) for route in volumes))


class PaceTests(CleanerCase):
    """
    How fast it goes.
    """

    def test_rate(self) -> None:
        """
        So many questions a second, whatever the number of routes, and each once in a walk.
        """
        routes = [a_route(number) for number in range(1, 501)]
        self.has(*routes)
        cleaner = self.made(rate=2.0)
        cleaner.startService()
        self.clock.pump([0.5] * 199)
        self.assertEqual(200, len(self.checked))
        self.clock.pump([0.5] * 400)
        self.assertEqual({1}, {self.questions_about(route) for route in routes})

    def test_walks(self) -> None:
        """
        A walk begins no sooner than the time after the one before began.
        """
        route = a_route(1)
        self.has(route)
        self.cleaner.startService()
        self.passes(MISSING - 1)
        self.assertEqual(1, self.questions_about(route))
        self.passes(3)
        self.assertEqual(2, self.questions_about(route))
        self.assertTrue(len([call for call, _ in self.routes.calls if call == "walk_routes"]) <= 4)

    def test_nothing(self) -> None:
        """
        Without routes the database is asked once in a while.
        """
        self.cleaner.startService()
        self.passes(MISSING - 1)
        self.assertEqual([("walk_routes", None)], self.routes.calls)

    def test_place_kept(self) -> None:
        """
        One that is stopped goes on where it was, and asks nothing meanwhile.
        """
        routes = [a_route(number) for number in range(1, 10)]
        self.has(*routes)
        self.cleaner.startService()
        self.passes(4)
        self.cleaner.stopService()
        self.passes(100)
        self.assertEqual(5, len(self.checked))
        self.cleaner.startService()
        self.passes(10)
        self.assertEqual({1}, {self.questions_about(route) for route in routes})

    def test_database_away(self) -> None:
        """
        Without the database it waits, and goes on when it is back.
        """
        route = a_route(1)
        self.loses(route)
        self.database.available = False
        self.cleaner.startService()
        self.passes(25)
        self.assertEqual([], self.checked)
        self.database.available = True
        self.passes(MISSING + 30)
        self.assertFalse(self.lives(route))

    def test_bounded(self) -> None:
        """
        So many wait for their second question at most; the others end later.
        """
        routes = [a_route(number) for number in range(1, 9)]
        self.loses(*routes)
        self.has(*[a_route(number) for number in range(20, 60)])
        cleaner = self.made(most=3)
        cleaner.startService()
        self.passes(MISSING + 20)
        self.assertEqual(3, len(self.ended))
        self.passes(3 * MISSING)
        self.assertEqual(8, len(self.ended))


def _name(route: Route) -> str:
    return route.pod_id.removesuffix("-id")


def _path(route: Route) -> str:
    if route.kind is Kind.SERVER:
        return f"/v2.1/servers/{route.resource_id}"
    return f"/v3/{OWN}/{route.kind.value}s/{route.resource_id}"
