"""
States with a reason and a window.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from twisted.logger import LogEvent, globalLogPublisher

from tests.unit.administration.doubles import AdministrationTestCase
from trio2o.administration.pods import NewPod
from trio2o.errors import Conflict, Unprocessable
from trio2o.model import Pod, PodState
from trio2o.storage.memory import MemoryPods


class StateTests(AdministrationTestCase):
    """
    What operators say of a pod, and what counts.
    """

    def setUp(self) -> None:
        """
        A pod, and what is logged.
        """
        super().setUp()
        self.known = self.pod()
        self.told: list[LogEvent] = []
        globalLogPublisher.addObserver(self.told.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.told.append)
        self.hour = timedelta(hours=1)

    def change(self, **changes: Any) -> Pod:
        """
        The pod with these changes.
        """
        return self.done(self.cloud.pods.change(self.known.id, changes, by="alice")).pod

    def counts(self) -> PodState:
        """
        The state that counts.
        """
        return self.done(self.cloud.pods.show(self.known.id)).effective_state

    def test_window(self) -> None:
        """
        The state that was given stays what it is; what counts goes by the clock.
        """
        begin = self.cloud.now() + self.hour
        pod = self.change(state=PodState.MAINTENANCE, state_from=begin, state_until=begin + self.hour)
        self.assertEqual((PodState.MAINTENANCE, PodState.ENABLED), (pod.state, self.counts()))
        self.cloud.clock.advance(3600)
        self.assertIs(PodState.MAINTENANCE, self.counts())
        self.cloud.clock.advance(3600)
        self.assertIs(PodState.ENABLED, self.counts())
        self.assertIs(PodState.MAINTENANCE, self.done(self.cloud.pods.show(pod.id)).pod.state)

    def test_open_windows(self) -> None:
        """
        A window may have a begin alone, also one that is past, or an end alone.
        """
        self.change(state=PodState.DRAINING, state_from=self.cloud.now() - self.hour)
        self.assertIs(PodState.DRAINING, self.counts())
        self.change(state=PodState.DRAINING, state_until=self.cloud.now() + self.hour)
        self.assertIs(PodState.DRAINING, self.counts())
        self.cloud.clock.advance(3600)
        self.assertIs(PodState.ENABLED, self.counts())

    def test_whole(self) -> None:
        """
        Who gives a state gives all of it: the reason and window of the one before are gone, even of the same one.
        """
        until = self.cloud.now() + self.hour
        self.change(state=PodState.DRAINING, state_reason="new switches", state_until=until)
        for state in (PodState.DRAINING, PodState.ENABLED):
            pod = self.change(state=state)
            self.assertEqual((state, "", None), (pod.state, pod.state_reason, pod.state_until))

    def test_other_changes(self) -> None:
        """
        What is changed beside the state leaves reason and window alone.
        """
        until = self.cloud.now() + self.hour
        self.change(state=PodState.DRAINING, state_reason="new switches", state_until=until)
        pod = self.change(weight=7.0)
        self.assertEqual((until, "new switches", 7.0), (pod.state_until, pod.state_reason, pod.weight))

    def test_race(self) -> None:
        """
        Of two states that are given at once one is there in the end, never parts of both.
        """
        cloud, until = self.cloud, self.cloud.now() + self.hour

        class Raced(MemoryPods):
            async def update_pod(self, pod_id: str, changes: Mapping[str, Any]) -> Pod:
                window = {"state_reason": "another", "state_from": cloud.now(), "state_until": until}
                await MemoryPods.update_pod(self, pod_id, {"state": PodState.MAINTENANCE, **window})
                return await MemoryPods.update_pod(self, pod_id, changes)

        self.change(state=PodState.DRAINING)
        cloud.pods._store = Raced(cloud.database)
        pod = self.change(state=PodState.ENABLED)
        self.assertEqual(
            (PodState.ENABLED, "", None, None),
            (pod.state, pod.state_reason, pod.state_from, pod.state_until),
        )

    def test_no_sense(self) -> None:
        """
        What makes no sense is refused by the name of the field, and nothing changes.
        """
        now = self.cloud.now()
        for field, changes in (
            ("state_reason", {"state_reason": "new switches"}),
            ("state_from", {"state_from": now}),
            ("state_until", {"state_until": now + self.hour, "weight": 3.0}),
            ("state_until", {"state": PodState.DRAINING, "state_from": now, "state_until": now}),
            (
                "state_until",
                {
                    "state": PodState.DRAINING,
                    "state_from": now + self.hour * 2,
                    "state_until": now + self.hour,
                },
            ),
            ("state_until", {"state": PodState.DRAINING, "state_until": now}),
            (
                "state_until",
                {
                    "state": PodState.MAINTENANCE,
                    "state_from": now - self.hour * 2,
                    "state_until": now - self.hour,
                },
            ),
            ("state_from", {"state": PodState.ENABLED, "state_from": now + self.hour}),
            ("state_until", {"state": PodState.DISABLED, "state_until": now + self.hour}),
        ):
            with self.subTest(changes=changes):
                error = self.refused(self.cloud.pods.change(self.known.id, changes, by="u1"), Unprocessable)
                self.assertTrue(error.message.startswith(f"{field}: "), error.message)
        self.assertEqual(self.known, self.done(self.cloud.pods.show(self.known.id)).pod)

    def test_new_pod(self) -> None:
        """
        A pod may begin its life in a window, and one that makes no sense is refused there too.
        """
        until = self.cloud.now() + self.hour
        new = NewPod(
            name="Pod2", az_name="az1", state=PodState.DRAINING, state_reason="new", state_until=until
        )
        pod = self.done(self.cloud.pods.create(new, by="alice")).pod
        self.assertEqual(("new", until), (pod.state_reason, pod.state_until))
        wrong = NewPod(name="Pod3", az_name="az1", state_until=until)
        self.refused(self.cloud.pods.create(wrong, by="alice"), Unprocessable)

    def test_declared(self) -> None:
        """
        A pod of the configuration file may get a window, and nothing beside.
        """
        pod = self.declared("Pod9")["Pod9"]
        changes = {
            "state": PodState.MAINTENANCE,
            "state_reason": "why",
            "state_until": self.cloud.now() + self.hour,
        }
        changed = self.done(self.cloud.pods.change(pod.id, changes, by="alice")).pod
        self.assertEqual((True, "why"), (changed.declared, changed.state_reason))
        self.refused(self.cloud.pods.change(pod.id, {}, {"cost": 2.0}, by="alice"), Conflict)

    def test_top_region(self) -> None:
        """
        The top region has no state to change, and no settings.
        """
        top = self.pod("RegionOne", "")
        self.refused(self.cloud.pods.change(top.id, {"state": PodState.DRAINING}, by="u1"), Conflict)
        self.refused(self.cloud.pods.change(top.id, {}, {"cost": 2.0}, by="u1"), Conflict)
        for new in (
            NewPod(name="R", state_reason="why"),
            NewPod(name="R", settings={"cost": 2.0}),
        ):
            self.refused(self.cloud.pods.create(new, by="u1"), Unprocessable)

    def test_told(self) -> None:
        """
        The log tells who gave a pod another state, reason or window; what changes nothing is not told.
        """
        until = self.cloud.now() + self.hour
        for _ in range(2):
            self.change(state=PodState.DRAINING, state_reason="new switches", state_until=until)
        self.change(weight=2.0)
        (event,) = self.told
        self.assertEqual(
            ("Pod1", "draining", "alice", "new switches", "enabled", until.isoformat()),
            tuple(event[name] for name in ("pod", "state", "user", "reason", "before", "end")),
        )


class SettingsTests(AdministrationTestCase):
    """
    Settings beside the state.
    """

    def test_changed(self) -> None:
        """
        What is named is changed and the rest stays; null takes the default back.
        """
        new = NewPod(name="Pod1", az_name="az1", settings={"cost": 2, "taints": ["gpu"], "concurrency": 7})
        pod = self.done(self.cloud.pods.create(new, by="u1")).pod
        self.assertEqual(
            (2.0, ("gpu",), 7), (pod.settings.cost, pod.settings.taints, pod.settings.concurrency)
        )
        given = {"cost": None, "concurrency": 9, "connect_timeout_seconds": 1.5}
        changed = self.done(self.cloud.pods.change(pod.id, {"weight": 2.0}, given, by="u1")).pod
        settings = changed.settings
        self.assertEqual((0.0, ("gpu",), 9), (settings.cost, settings.taints, settings.concurrency))
        self.assertEqual((1.5, 2.0), (settings.connect_timeout, changed.weight))

    def test_same(self) -> None:
        """
        Values that a pod has already are no change: nothing is announced.
        """
        new = NewPod(name="Pod1", az_name="az1", settings={"taints": ["gpu"], "headroom": {"vcpus": 0.2}})
        pod = self.done(self.cloud.pods.create(new, by="u1")).pod
        changes = self.cloud.database.last
        self.done(self.cloud.pods.change(pod.id, {}, dict(new.settings), by="u1"))
        self.assertEqual(changes, self.cloud.database.last)

    def test_refused(self) -> None:
        """
        A setting that cannot be accepted is told, and nothing is changed or made.
        """
        pod = self.pod()
        error = self.refused(
            self.cloud.pods.change(pod.id, {"weight": 2.0}, {"cost": -1}, by="u1"), Unprocessable
        )
        self.assertIn("cost: must be from 0", error.message)
        new = NewPod(name="Pod2", az_name="az1", settings={"headroom": {"vcpus": 2}})
        error = self.refused(self.cloud.pods.create(new, by="u1"), Unprocessable)
        self.assertIn("headroom.vcpus: must be from 0", error.message)
        self.assertEqual([pod], [each.pod for each in self.done(self.cloud.pods.list())])
