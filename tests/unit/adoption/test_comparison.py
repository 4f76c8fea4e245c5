"""
Pods compared with what is wanted, over three fake ones.
"""

from __future__ import annotations

from typing import Any

import orjson

from tests.unit.strategies.stub_pods import ReplicateCase, StubPod, a_flavor
from trio2o.adoption.comparison import SharedComparison
from trio2o.model.shared import CopyState, DriftPolicy, SharedCopy
from trio2o.shared.kinds import SharedKinds

SPECS = "/flavors/f/os-extra_specs"


class ComparisonCase(ReplicateCase):
    """
    One process that compares when the test says so.
    """

    on_drift = DriftPolicy.IGNORE

    def setUp(self) -> None:
        super().setUp()
        self.comparison = SharedComparison(
            clock=self.clock,
            store=self.store,
            kinds=SharedKinds(),
            ids=self.book,
            state=self.state,
            pods=self.pods,
            queue=self.jobs,
            ask=self.pods.ask,
            on_drift=lambda kind: self.on_drift,
            interval=60.0,
        )

    def compare(self) -> list[tuple[str, str, str]]:
        """
        Compare once; the differences that are left: name, pod, and how it differs.
        """
        self.fed()
        self.now(self.comparison._step())
        self.fed()
        names = {pod.id: pod.name for pod in self.state.pods()}
        return [
            (drift.key.name, names[drift.pod_id], drift.difference.value)
            for drift in self.now(self.store.drifts())
            if drift.key.kind in ("flavor", "volume_type") and drift.key.name in ("f", "g", "gold")
        ]

    def by_hand(
        self, stub: StubPod, method: str, path: str, body: Any = None, *, surface: str = "compute"
    ) -> Any:
        """
        Have somebody change a pod behind the daemon's back.
        """
        raw = None if body is None else orjson.dumps(body)
        root = "/v2.1" if surface == "compute" else f"/v3/{'a' * 32}"
        status, told = self.now(stub.answer(surface, method, root + path, raw, ""))
        assert status < 300, (status, told)
        return orjson.loads(told) if told else None


class ReportTests(ComparisonCase):
    """
    What is told.
    """

    def test_silent_pod(self) -> None:
        """
        What was told of a pod stays while it does not answer, and is counted; what it has come to is told when it is back.
        """
        self.new_flavor()
        self.by_hand(self.three, "DELETE", "/flavors/f")
        told = [("f", "Pod3", "missing")]
        self.assertEqual(told, self.compare())

        self.pods.sick.add("Pod3-id")
        self.assertEqual(told, self.compare())
        self.assertEqual(1, self.comparison.counts["flavor", "Pod3"])
        for stub in self.pods.stubs.values():
            stub.down = True
        self.assertEqual(told, self.compare())

        self.pods.sick.clear()
        for stub in self.pods.stubs.values():
            stub.down = False
        self.by_hand(self.three, "POST", "/flavors", a_flavor("f"))
        self.assertEqual([], self.compare())
        self.assertEqual(0, self.comparison.counts["flavor", "Pod3"])

    def test_nonsense(self) -> None:
        """
        A pod that shows nonsense is not compared; the others are.
        """
        self.new_flavor()
        self.by_hand(self.three, "DELETE", "/flavors/f")
        listed = (200, {"flavors": [{"id": "x", "extra_specs": "none"}]})
        self.two.instead["GET"] = [listed, listed]
        self.now(self.comparison._kind(SharedKinds()["flavor"]))

        self.assertEqual([], self.two.instead["GET"])
        drifts = self.now(self.store.drifts())
        self.assertEqual([], [drift for drift in drifts if drift.pod_id == "Pod2-id"])
        self.assertEqual(["Pod3-id"], [drift.pod_id for drift in drifts if drift.key.name == "f"])

    def test_put_right_by_hand(self) -> None:
        """
        A pod that had refused a flavor and has it by now is known to have it.
        """
        self.new_flavor()
        refusal = SharedCopy(pod_id="Pod3-id", state=CopyState.REFUSED, error="no")
        key = self.wanted("flavor", "f").resource.key
        self.now(self.store.note_copies(key, "f", 1, [refusal]))

        self.assertEqual([], self.compare())

        copy = self.wanted("flavor", "f").copies["Pod3-id"]
        self.assertEqual((CopyState.CURRENT, "f", ""), (copy.state, copy.pod_ref, copy.error))


class AdoptTests(ComparisonCase):
    """
    The choice ``adopt``.
    """

    on_drift = DriftPolicy.ADOPT

    def test_flavor(self) -> None:
        """
        What one pod has alone is made in the others.
        """
        self.by_hand(self.two, "POST", "/flavors", a_flavor("f"))
        self.compare()
        self.assertEqual([], self.work())
        self.assertEqual([{}, {}, {}], self.specs())
        self.assertEqual([], self.compare())

    def test_other_type(self) -> None:
        """
        A type that a pod has otherwise stays so, and is known there by the id of the top.
        """
        own = []
        for stub, text in ((self.one, "a"), (self.two, "b")):
            body = {"volume_type": {"name": "gold", "description": text}}
            made = self.by_hand(stub, "POST", "/types", body, surface="volume")
            own.append(made["volume_type"]["id"])

        self.assertEqual([("gold", "Pod2", "different")], self.compare())

        self.assertEqual(own[1], self.book.of("Pod2-id").own("volume_type", own[0]))
        self.assertEqual(own[0], self.book.of("Pod2-id").top("volume_type", own[1]))
        self.assertEqual([], self.work())
        self.assertEqual(frozenset(), self.book.incomplete())
        self.assertIsNotNone(self.book.of("Pod3-id").own("volume_type", own[0]))
        self.assertEqual([("gold", "Pod2", "different")], self.compare())


class OverwriteTests(ComparisonCase):
    """
    The choice ``overwrite``.
    """

    on_drift = DriftPolicy.OVERWRITE

    def test_flavor(self) -> None:
        """
        A flavor that somebody has replaced in a pod is made as it is wanted.
        """
        self.new_flavor()
        self.by_hand(self.three, "DELETE", "/flavors/f")
        self.by_hand(self.three, "POST", "/flavors", a_flavor("f", ram=128))
        self.by_hand(self.two, "POST", SPECS, {"extra_specs": {"x": "1"}})
        self.assertEqual([], self.compare())
        self.assertEqual(frozenset({"Pod2-id", "Pod3-id"}), self.book.behind("compute"))
        self.assertEqual([], self.work())
        self.assertEqual(64, self.in_pod(self.three, "/flavors/f")["flavor"]["ram"])
        self.assertEqual([{}, {}, {}], self.specs())
        self.assertEqual([], self.compare())
