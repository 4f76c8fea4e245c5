"""
What of a pod's page becomes routes.
"""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.strategies.case import P1, a_server, a_volume, an_id
from trio2o.adoption.plan import Conflict, compared, routes_of
from trio2o.model import Kind, Pod, Route

POD = Pod(id="pod-1", name="Pod1", az_name="az1", pod_az_name="nova")
LINK = [{"rel": "bookmark", "href": "http://pod1.example:8774/flavors/1"}]


class RoutesTests(SynchronousTestCase):
    """
    From resources to routes.
    """

    def test_server(self) -> None:
        """
        A server's route has its project, its age, and what is shown of it while its pod is silent: no links, the top's zone.
        """
        flavor, image = {"id": "1", "links": LINK}, {"id": "image1", "links": LINK}
        (route,) = routes_of(Kind.SERVER, [a_server(1, flavor=flavor, image=image)], POD, {})
        self.assertEqual(P1, route.project_id)
        self.assertEqual(POD.id, route.pod_id)
        assert route.created_at is not None
        self.assertEqual(
            {"user_id": "u1", "flavor": {"id": "1"}, "image": {"id": "image1"}, "az": "az1"}, route.details
        )

    def test_booted_from_volume(self) -> None:
        """
        A server without an image has ``""`` in its place, and its route none.
        """
        (route,) = routes_of(Kind.SERVER, [a_server(1, image="")], POD, {})
        self.assertNotIn("image", route.details)

    def test_left_out(self) -> None:
        """
        What has ended, and what has no id that could be asked for, has no route; what is listed twice has one.
        """
        items = [
            a_server(1, status="DELETED"),
            a_server(2, id="x"),
            {"name": "none"},
            a_server(3),
            a_server(3),
        ]
        self.assertEqual([an_id(3)], [route.resource_id for route in routes_of(Kind.SERVER, items, POD, {})])

    def test_attachments(self) -> None:
        """
        An attachment's project is its volume's; of an unknown volume nobody's, and never the asker's.
        """
        items = [{"id": an_id(1), "volume_id": an_id(8).upper()}, {"id": an_id(2), "volume_id": an_id(9)}]
        found = routes_of(Kind.ATTACHMENT, items, POD, {an_id(8): "p8"})
        self.assertEqual(["p8", ""], [route.project_id for route in found])


class ComparedTests(SynchronousTestCase):
    """
    From routes to what is to be done.
    """

    def wanted(self, *numbers: int) -> list[Route]:
        """
        What a page tells.
        """
        return routes_of(Kind.VOLUME, [a_volume(number) for number in numbers], POD, {})

    def test_missing_known_and_elsewhere(self) -> None:
        """
        What has no route is recorded; a live route to another pod stands, unless the pod is none any more.
        """
        one, two, three, four = self.wanted(1, 2, 3, 4)
        live = [two, evolve(three, pod_id="pod-2"), evolve(four, pod_id="gone")]

        plan = compared([one, two, three, four], live, {"pod-1", "pod-2"})

        self.assertEqual((one, four), plan.missing)
        self.assertEqual((1, ()), (plan.known, plan.completed))
        self.assertEqual(
            (Conflict(kind=Kind.VOLUME, resource_id=three.resource_id, routed_to="pod-2"),), plan.conflicts
        )

    def test_completed(self) -> None:
        """
        A route that lacks the project, the age or details gets them, and keeps what it has.
        """
        (shown,) = self.wanted(1)
        shown = evolve(shown, details={"az": "az1", "user_id": "u1"})
        bare = evolve(shown, project_id="", created_at=None, details={"az": "mine", "leaving": True})

        plan = compared([shown], [bare], {"pod-1"})

        self.assertEqual((), plan.missing)
        self.assertEqual(1, plan.known)
        self.assertEqual(
            (evolve(shown, details={"az": "mine", "leaving": True, "user_id": "u1"}),), plan.completed
        )
        old = datetime(2001, 1, 1, tzinfo=UTC)
        own = evolve(shown, project_id="own", created_at=old)
        self.assertEqual((), compared([shown], [own], {"pod-1"}).completed)

    @given(some.sets(some.integers(1, 30)), some.dictionaries(some.integers(1, 30), some.sampled_from("abx")))
    def test_twice(self, shown: set[int], before: dict[int, str]) -> None:
        """
        Whatever was there: each resource counts once, and what was carried out leaves nothing to do.
        """
        pods = {"pod-1", "a", "b"}
        names = {"a": "a", "b": "pod-1", "x": "gone"}
        wanted = self.wanted(*shown)
        stored = {route.resource_id: evolve(route, pod_id=names[before[n]]) for n, route in
                  ((n, self.wanted(n)[0]) for n in before)}  # fmt: skip

        plan = compared(wanted, stored.values(), pods)
        self.assertEqual(len(shown), len(plan.missing) + plan.known + len(plan.conflicts))

        stored.update({route.resource_id: route for route in (*plan.missing, *plan.completed)})
        again = compared(wanted, stored.values(), pods)
        self.assertEqual(((), ()), (again.missing, again.completed))
        self.assertEqual(plan.conflicts, again.conflicts)
