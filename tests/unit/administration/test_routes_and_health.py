"""
Where a resource is, and how the process is.
"""

from __future__ import annotations

from tests.unit.administration.doubles import NOBODY, AdministrationTestCase
from trio2o.administration.health import PodHealth
from trio2o.errors import NotFound, Unavailable
from trio2o.model import Kind, Route


class RouteTests(AdministrationTestCase):
    """
    Routes by the resource's id.
    """

    def test_show(self) -> None:
        """
        All routes of the id with their pods' names; a pod that is gone has none.
        """
        pod = self.pod()
        known = Route(kind=Kind.SERVER, resource_id=NOBODY, pod_id=pod.id, project_id="p1")
        lost = Route(kind=Kind.VOLUME, resource_id=NOBODY, pod_id="gone", project_id="p1")
        self.done(self.cloud.route_store.record_routes([lost, known]))
        reports = self.done(self.cloud.routes.show(NOBODY.upper()))
        self.assertEqual(
            [(report.route, report.pod_name) for report in reports], [(known, "Pod1"), (lost, None)]
        )

    def test_unknown(self) -> None:
        """
        An id without a route, and what cannot be an id, are not found.
        """
        self.refused(self.cloud.routes.show(NOBODY), NotFound)
        self.cloud.database.available = False
        self.refused(self.cloud.routes.show("my-server"), NotFound)

    def test_no_database(self) -> None:
        """
        Without the database nobody knows.
        """
        self.cloud.database.available = False
        self.refused(self.cloud.routes.show(NOBODY), Unavailable)


class HealthTests(AdministrationTestCase):
    """
    Whether requests may come, and the details.
    """

    def test_serving(self) -> None:
        """
        A process serves from its first snapshot until it stops, whatever else is missing.
        """
        health = self.cloud.health
        self.assertEqual(health.problem(), "")
        self.cloud.state.current = False
        self.cloud.database_problem = "away"
        self.assertEqual(health.problem(), "")
        self.cloud.state.ready = False
        self.assertEqual(health.problem(), "starting")
        self.cloud.state.ready = True
        self.cloud.draining = True
        self.assertEqual(health.problem(), "stopping")

    def test_report(self) -> None:
        """
        The details name what is wrong, and each pod but the top region.
        """
        self.pod("RegionOne", "")
        sick = self.pod("Pod1")
        self.pod("Pod2")
        self.cloud.sick.add(sick.id)
        self.cloud.database_problem = "no answer for 12 s"
        self.cloud.state.current = False
        self.cloud.state.change = 7
        report = self.cloud.health.report()
        self.assertEqual(report.change, 7)
        self.assertEqual(report.problem, "")
        self.assertEqual(report.components["database"], "no answer for 12 s")
        self.assertNotEqual(report.components["state"], "")
        self.assertEqual(
            list(report.pods),
            [
                PodHealth(name="Pod1", state="enabled", healthy=False),
                PodHealth(name="Pod2", state="enabled", healthy=True),
            ],
        )
        self.cloud.state.current = True
        self.assertEqual(self.cloud.health.report().components["state"], "")
