"""
Taking a pod out of service.
"""

from __future__ import annotations

from datetime import timedelta

from twisted.logger import LogEvent, globalLogPublisher

from tests.unit.administration.doubles import NOBODY, AdministrationTestCase
from trio2o.administration.draining import DrainReport
from trio2o.errors import Conflict, NotFound, Unavailable
from trio2o.model import Kind, Pod, PodState, Route


class DrainTests(AdministrationTestCase):
    """
    The order and its progress.
    """

    def setUp(self) -> None:
        """
        A pod with a server and two projects.
        """
        super().setUp()
        self.known = self.pod()
        self.route("s1")
        self.bound = [self.done(self.cloud.bindings.create(name, self.known.id)) for name in ("p1", "p2")]
        self.cloud.clock.advance(60)

    def route(self, resource_id: str, kind: Kind = Kind.SERVER) -> None:
        """
        A resource of the pod that is made now.
        """
        route = Route(
            kind=kind,
            resource_id=resource_id,
            pod_id=self.known.id,
            project_id="p1",
            created_at=self.cloud.now(),
        )
        self.done(self.cloud.route_store.record_routes([route]))

    def drain(self, reason: str | None = None, *, end_bindings: bool = False) -> DrainReport:
        """
        Order it.
        """
        return self.done(
            self.cloud.drain.begin(self.known.id, reason=reason, end_bindings=end_bindings, by="alice")
        )

    def show(self) -> DrainReport:
        """
        Ask how far it is.
        """
        return self.done(self.cloud.drain.show(self.known.id))

    def stored(self) -> Pod:
        """
        The pod's row.
        """
        return self.cloud.database.pods[self.known.id]

    def test_begins(self) -> None:
        """
        The pod drains from now on, and what it still has is told by kind.
        """
        self.route("v1", Kind.VOLUME)
        self.cloud.clock.advance(5)
        report = self.drain("new switches")
        self.assertEqual(
            (PodState.DRAINING, "new switches"), (self.stored().state, self.stored().state_reason)
        )
        self.assertEqual((PodState.DRAINING, self.cloud.now()), (report.effective_state, report.since))
        self.assertEqual(2, report.uses.bindings)
        self.assertEqual({Kind.SERVER: 1, Kind.VOLUME: 1}, report.uses.routes)
        self.assertEqual((0, 0, False), (report.uses.made_since, report.ended, report.done))

    def test_progress(self) -> None:
        """
        It is done when nothing names the pod any more; what comes nevertheless is counted.
        """
        self.drain()
        self.cloud.clock.advance(1)
        self.route("s2")
        report = self.show()
        self.assertEqual(({Kind.SERVER: 2}, 1), (report.uses.routes, report.uses.made_since))
        for resource in ("s1", "s2"):
            self.done(self.cloud.route_store.end_route(Kind.SERVER, resource, self.cloud.now()))
        self.assertFalse(self.show().done)
        for binding in self.bound:
            self.done(self.cloud.bindings.end(binding.id))
        self.assertTrue(self.show().done)
        self.done(self.cloud.pods.delete(self.known.id, force=False))

    def test_empty_but_enabled(self) -> None:
        """
        A pod that may get something at any moment is not done, whatever it has.
        """
        pod = self.pod("Pod2")
        report = self.done(self.cloud.drain.show(pod.id))
        self.assertEqual(({}, 0, False), (report.uses.routes, report.uses.bindings, report.done))

    def test_again(self) -> None:
        """
        The same order changes nothing; another reason is taken over, and since when it drains stays.
        """
        first = self.drain("new switches")
        self.cloud.clock.advance(60)
        changes = self.cloud.database.last
        for reason in (None, "new switches"):
            self.assertEqual(first, self.drain(reason))
        self.assertEqual(changes, self.cloud.database.last)
        again = self.drain("old switches")
        self.assertEqual((first.since, "old switches"), (again.since, again.pod.state_reason))

    def test_end_bindings(self) -> None:
        """
        Its bindings end at once where that is asked, with the reason; they stay in history.
        """
        report = self.drain("new switches", end_bindings=True)
        self.assertEqual((2, 0), (report.ended, report.uses.bindings))
        for binding in self.bound:
            ended = self.done(self.cloud.bindings.show(binding.id))
            self.assertEqual(
                (False, "ended: Pod1 is draining (new switches)"), (ended.is_binding, ended.reason)
            )
        self.assertEqual(0, self.drain(end_bindings=True).ended)

    def test_end_without_reason(self) -> None:
        """
        Without a reason of the operator's the bindings' history says what there is to say.
        """
        self.drain(end_bindings=True)
        self.assertEqual(
            "ended: Pod1 is draining", self.done(self.cloud.bindings.show(self.bound[0].id)).reason
        )

    def test_window(self) -> None:
        """
        The order ends a window: it holds until further notice.
        """
        begin = self.cloud.now() + timedelta(hours=1)
        changes = {"state": PodState.DRAINING, "state_reason": "later", "state_from": begin}
        self.done(self.cloud.pods.change(self.known.id, changes, by="u1"))
        self.assertIs(PodState.ENABLED, self.show().effective_state)
        report = self.drain()
        self.assertIs(PodState.DRAINING, report.effective_state)
        self.assertEqual(
            (None, None, ""), (self.stored().state_from, self.stored().state_until, report.pod.state_reason)
        )

    def test_since_a_window(self) -> None:
        """
        In a window it drains since the window's begin.
        """
        begin = self.cloud.now() + timedelta(hours=1)
        changes = {"state": PodState.DRAINING, "state_from": begin}
        self.done(self.cloud.pods.change(self.known.id, changes, by="u1"))
        self.cloud.clock.advance(1800)
        self.route("s2")
        self.cloud.clock.advance(3600)
        self.route("s3")
        report = self.show()
        self.assertEqual((begin, 1), (report.since, report.uses.made_since))

    def test_maintenance(self) -> None:
        """
        A pod in maintenance may be drained; the reason of the maintenance is not that of the draining.
        """
        changes = {"state": PodState.MAINTENANCE, "state_reason": "new switches"}
        self.done(self.cloud.pods.change(self.known.id, changes, by="u1"))
        report = self.drain()
        self.assertEqual((PodState.DRAINING, ""), (report.effective_state, report.pod.state_reason))

    def test_declared(self) -> None:
        """
        A pod of the configuration file may be drained.
        """
        pod = self.declared("Pod9")["Pod9"]
        report = self.done(self.cloud.drain.begin(pod.id, by="alice"))
        self.assertTrue(report.pod.declared)
        self.assertTrue(report.done)

    def test_refused(self) -> None:
        """
        The top region and a disabled pod cannot be drained; an unknown pod is not found.
        """
        top = self.pod("RegionOne", "")
        self.refused(self.cloud.drain.begin(top.id, by="u1"), Conflict)
        self.refused(self.cloud.drain.show(top.id), Conflict)
        off = self.pod("Pod2", state=PodState.DISABLED)
        self.refused(self.cloud.drain.begin(off.id, by="u1"), Conflict)
        self.assertTrue(self.done(self.cloud.drain.show(off.id)).done)
        for unknown in (NOBODY, "Pod1", ""):
            self.refused(self.cloud.drain.begin(unknown, by="u1"), NotFound)
            self.refused(self.cloud.drain.show(unknown), NotFound)

    def test_no_database(self) -> None:
        """
        Without the database it is worth trying again.
        """
        self.cloud.database.available = False
        self.refused(self.cloud.drain.begin(self.known.id, by="u1"), Unavailable)
        self.refused(self.cloud.drain.show(self.known.id), Unavailable)

    def test_told(self) -> None:
        """
        The log tells who ordered it, once.
        """
        told: list[LogEvent] = []
        globalLogPublisher.addObserver(told.append)
        self.addCleanup(globalLogPublisher.removeObserver, told.append)
        self.drain("new switches")
        self.drain()
        (event,) = told
        self.assertEqual(
            ("Pod1", "draining", "alice", "new switches"),
            tuple(event[name] for name in ("pod", "state", "user", "reason")),
        )
