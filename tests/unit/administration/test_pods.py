"""
Pods: register, show, change, remove.
"""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import evolve

from tests.unit.administration.doubles import NOBODY, AdministrationTestCase
from trio2o.administration.pods import NewPod
from trio2o.errors import AlreadyExists, BadRequest, Conflict, NotFound, Unavailable, Unprocessable
from trio2o.model import Kind, Pod, PodState, Route
from trio2o.storage.memory import MemoryPods


class CreateTests(AdministrationTestCase):
    """
    Registering.
    """

    def test_pod(self) -> None:
        """
        A pod gets an id of its own and keeps what was given.
        """
        new = NewPod(
            name="Pod1",
            az_name="az1",
            pod_az_name="nova",
            dc_name="dc",
            state=PodState.MAINTENANCE,
            weight=2.5,
            affinity=frozenset({"gpu"}),
        )
        report = self.done(self.cloud.pods.create(new, by="u1"))
        self.assertEqual(
            report.pod,
            Pod(
                id=report.pod.id,
                name="Pod1",
                az_name="az1",
                pod_az_name="nova",
                dc_name="dc",
                state=PodState.MAINTENANCE,
                weight=2.5,
                affinity=frozenset({"gpu"}),
                serial=1,
                created_at=datetime.fromtimestamp(1_700_000_000.25, UTC),
            ),
        )
        self.assertTrue(report.healthy)
        self.assertEqual(report.aggregate_name, "ag_Pod1")
        self.assertNotEqual(self.pod("Pod2").id, report.pod.id)

    def test_top_region(self) -> None:
        """
        Without a zone it is the top region, which has no pod AZ, no health and no aggregate.
        """
        report = self.done(self.cloud.pods.create(NewPod(name="RegionOne", pod_az_name="nova"), by="u1"))
        self.assertTrue(report.pod.is_top)
        self.assertEqual(report.pod.pod_az_name, "")
        self.assertIsNone(report.healthy)
        self.assertEqual(report.aggregate_name, "")

    def test_one_top_region(self) -> None:
        """
        A second top region is a conflict that says what is missing.
        """
        self.pod("RegionOne", "")
        error = self.refused(self.cloud.pods.create(NewPod(name="RegionTwo"), by="u1"), Conflict)
        self.assertIn("RegionOne", error.message)
        self.assertIn("az_name", error.message)

    def test_names(self) -> None:
        """
        A name is taken by a pod of any zone, and by the top region.
        """
        self.pod("RegionOne", "")
        self.pod("Pod1", "az1")
        error = self.refused(self.cloud.pods.create(NewPod(name="Pod1", az_name="az2"), by="u1"), Conflict)
        self.assertIn("a pod", error.message)
        error = self.refused(
            self.cloud.pods.create(NewPod(name="RegionOne", az_name="az1"), by="u1"), Conflict
        )
        self.assertIn("the top region", error.message)

    def test_race(self) -> None:
        """
        When another process makes the name between the look and the write, it is a conflict as well.
        """

        class Raced(MemoryPods):
            async def create_pod(self, pod: Pod) -> Pod:
                raise AlreadyExists("a pod of this name exists")

        self.cloud.pods._store = Raced(self.cloud.database)
        self.refused(self.cloud.pods.create(NewPod(name="Pod1", az_name="az1"), by="u1"), Conflict)

    def test_top_region_has_no_state(self) -> None:
        """
        The top region is not scheduled to: a state, weight or affinity for it is an error.
        """
        for new in (
            NewPod(name="R", state=PodState.DRAINING),
            NewPod(name="R", weight=2.0),
            NewPod(name="R", affinity=frozenset({"gpu"})),
        ):
            self.refused(self.cloud.pods.create(new, by="u1"), Unprocessable)
        self.assertEqual(self.done(self.cloud.pods.list()), [])

    def test_no_database(self) -> None:
        """
        Without the database it is worth trying again.
        """
        self.cloud.database.available = False
        error = self.refused(self.cloud.pods.create(NewPod(name="Pod1", az_name="az1"), by="u1"), Unavailable)
        self.assertEqual(error.headers, ((b"Retry-After", b"5"),))


class ReadTests(AdministrationTestCase):
    """
    Listing and showing.
    """

    def test_list(self) -> None:
        """
        All pods in their order, the top region too, each with its health.
        """
        self.pod("RegionOne", "")
        sick = self.pod("Pod2")
        self.pod("Pod1")
        self.cloud.sick.add(sick.id)
        reports = self.done(self.cloud.pods.list())
        self.assertEqual(
            [(report.pod.name, report.healthy) for report in reports],
            [("RegionOne", None), ("Pod2", False), ("Pod1", True)],
        )

    def test_show(self) -> None:
        """
        One pod by its id, in any case of letters.
        """
        pod = self.pod()
        self.assertEqual(self.done(self.cloud.pods.show(pod.id)).pod, pod)
        self.assertEqual(self.done(self.cloud.pods.show(pod.id.upper())).pod, pod)

    def test_unknown(self) -> None:
        """
        An id that nobody has, and what cannot be an id, are not found by any use case; the latter without a
        question.
        """
        for pod_id in (NOBODY, "Pod1", "", "a" * 5000, f"{{{NOBODY}}}", NOBODY.replace("-", ""), "\0"):
            self.cloud.database.available = pod_id == NOBODY
            self.refused(self.cloud.pods.show(pod_id), NotFound)
            self.refused(self.cloud.pods.change(pod_id, {"weight": 2.0}, by="u1"), NotFound)
            self.refused(self.cloud.pods.delete(pod_id, force=True), NotFound)

    def test_no_database(self) -> None:
        """
        Without the database nothing is shown.
        """
        pod = self.pod()
        self.cloud.database.available = False
        self.refused(self.cloud.pods.list(), Unavailable)
        self.refused(self.cloud.pods.show(pod.id), Unavailable)
        self.refused(self.cloud.pods.change(pod.id, {"weight": 2.0}, by="u1"), Unavailable)
        self.refused(self.cloud.pods.delete(pod.id, force=False), Unavailable)


class ChangeTests(AdministrationTestCase):
    """
    Changing.
    """

    def test_change(self) -> None:
        """
        What is named is changed, the rest stays.
        """
        pod = self.pod(dc_name="dc")
        changes = {
            "state": PodState.DRAINING,
            "weight": 0.5,
            "affinity": frozenset({"gpu"}),
            "pod_az_name": "nova",
        }
        changed = self.done(self.cloud.pods.change(pod.id, changes, by="u1")).pod
        now = self.cloud.now()
        self.assertEqual(changed, evolve(pod, updated_at=now, state_changed_at=now, **changes))
        self.assertEqual(self.done(self.cloud.pods.show(pod.id)).pod, changed)

    def test_never_changed(self) -> None:
        """
        Names, zone, id and what the store gives are never changed.
        """
        pod = self.pod()
        for name in ("name", "az_name", "id", "serial", "declared", "settings", "created_at"):
            error = self.refused(
                self.cloud.pods.change(pod.id, {"weight": 2.0, name: "x"}, by="u1"), BadRequest
            )
            self.assertIn(name, error.message)
        self.assertEqual(self.done(self.cloud.pods.show(pod.id)).pod, pod)

    def test_no_change(self) -> None:
        """
        Values that the pod has already write nothing.
        """
        pod = self.pod()
        before = self.cloud.database.last
        for changes in ({}, {"weight": 1.0, "state": PodState.ENABLED}):
            self.assertEqual(self.done(self.cloud.pods.change(pod.id, changes, by="u1")).pod, pod)
        self.assertEqual(self.cloud.database.last, before)

    def test_declared(self) -> None:
        """
        Of a declared pod the state alone can be changed; naming the values that it has is no change.
        """
        pod = self.declared("Pod1")["Pod1"]
        error = self.refused(
            self.cloud.pods.change(pod.id, {"state": PodState.DRAINING, "weight": 2.0}, by="u1"), Conflict
        )
        self.assertIn("configuration file", error.message)
        self.assertEqual(self.done(self.cloud.pods.show(pod.id)).pod, pod)
        changed = self.done(
            self.cloud.pods.change(pod.id, {"state": PodState.DRAINING, "weight": 1.0}, by="u1")
        ).pod
        self.assertIs(changed.state, PodState.DRAINING)

    def test_top_region(self) -> None:
        """
        Of the top region the data centre alone can be changed.
        """
        top = self.pod("RegionOne", "")
        for changes in ({"state": PodState.DISABLED}, {"weight": 2.0}, {"pod_az_name": "nova"}):
            self.refused(self.cloud.pods.change(top.id, changes, by="u1"), Conflict)
        self.assertEqual(
            self.done(self.cloud.pods.change(top.id, {"dc_name": "dc"}, by="u1")).pod.dc_name, "dc"
        )


class DeleteTests(AdministrationTestCase):
    """
    Removing.
    """

    def test_delete(self) -> None:
        """
        A pod that nothing uses is removed; then it is not found.
        """
        pod = self.pod()
        self.assertEqual(self.done(self.cloud.pods.delete(pod.id, force=False)).pod, pod)
        self.refused(self.cloud.pods.delete(pod.id, force=False), NotFound)

    def test_in_use(self) -> None:
        """
        A pod with routes or active bindings stays, and the error says what uses it; force removes it.
        """
        pod = self.pod()
        self.done(self.cloud.bindings.create("p1", pod.id))
        route = Route(kind=Kind.SERVER, resource_id=NOBODY, pod_id=pod.id, project_id="p1")
        self.done(self.cloud.route_store.record_routes([route]))
        error = self.refused(self.cloud.pods.delete(pod.id, force=False), Conflict)
        self.assertIn("1 route, 1 active binding", error.message)
        self.assertIn("force=true", error.message)
        self.done(self.cloud.pods.delete(pod.id, force=True))
        self.assertEqual(self.done(self.cloud.pods.list()), [])

    def test_declared(self) -> None:
        """
        A declared pod is removed from the YAML, not here, force or not.
        """
        pod = self.declared("Pod1")["Pod1"]
        for force in (False, True):
            error = self.refused(self.cloud.pods.delete(pod.id, force=force), Conflict)
            self.assertIn("remove it there", error.message)
