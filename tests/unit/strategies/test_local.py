"""
The strategy ``local``: availability zones.
"""

from __future__ import annotations

from typing import Any

from tests.unit.strategies.case import LIST_BUDGET, P1, StrategyCase, a_context
from tests.unit.strategies.doubles import Broken, Hang, Reply, Unreachable
from trio2o.errors import BadRequest, Forbidden
from trio2o.model import PodState

ZONES = "/v2.1/os-availability-zone"
DETAIL = f"{ZONES}/detail"
ADMIN = a_context(roles="admin")
MERGED = {
    "az1": ["Pod1-host", "Pod2-host"],
    "az2": ["Pod3-host"],
    "internal": ["Pod1-conductor", "Pod2-conductor", "Pod3-conductor"],
}


def hosts(zone: str, *names: str) -> dict[str, Any]:
    """
    A zone as a pod's Nova shows it.
    """
    return {"zoneName": zone, "zoneState": {"available": True}, "hosts": {name: {} for name in names}}


class ZonesTests(StrategyCase):
    """
    The plain list.
    """

    def zones(self) -> dict[str, bool]:
        """
        The zones and whether they are available.
        """
        told = self.shown(self.asked("GET", ZONES))["availabilityZoneInfo"]
        return {zone["zoneName"]: zone["zoneState"]["available"] for zone in told}

    def test_compute(self) -> None:
        """
        The zones are the pods', by name, as Nova shows them; no pod is asked.
        """
        answer = self.asked("GET", ZONES)

        self.assertEqual(
            [
                {"zoneName": "az1", "zoneState": {"available": True}, "hosts": None},
                {"zoneName": "az2", "zoneState": {"available": True}, "hosts": None},
            ],
            self.shown(answer)["availabilityZoneInfo"],
        )
        self.assertEqual((200, [(b"Content-Type", b"application/json")]), (answer.status, answer.headers))
        self.assertEqual([], self.pods.calls)

    def test_volume(self) -> None:
        """
        Cinder's list has no hosts.
        """
        answer = self.asked("GET", f"/v3/{P1}/os-availability-zone", surface="volume")

        self.assertEqual(
            {"zoneName": "az1", "zoneState": {"available": True}},
            self.shown(answer)["availabilityZoneInfo"][0],
        )

    def test_available(self) -> None:
        """
        A zone is available while one of its pods takes new resources and answers.
        """
        self.pods.sick.add("Pod1-id")
        self.assertEqual({"az1": True, "az2": True}, self.zones())

        self.change_pod(self.pod2, state=PodState.DRAINING)
        self.assertEqual({"az1": False, "az2": True}, self.zones())

        self.change_pod(self.pod3, state=PodState.MAINTENANCE)
        self.assertEqual({"az1": False, "az2": False}, self.zones())

    def test_order(self) -> None:
        """
        Nova's list begins with what is available; Cinder's does not.
        """
        self.change_pod(self.pod1, state=PodState.DRAINING)
        self.change_pod(self.pod2, state=PodState.DRAINING)

        self.assertEqual(["az2", "az1"], list(self.zones()))
        volume = self.shown(self.asked("GET", f"/v3/{P1}/os-availability-zone", surface="volume"))
        self.assertEqual(
            [("az1", False), ("az2", True)],
            [(zone["zoneName"], zone["zoneState"]["available"]) for zone in volume["availabilityZoneInfo"]],
        )

    def test_sick(self) -> None:
        """
        With every pod away the zones are listed, and none is available.
        """
        self.pods.sick.update({"Pod1-id", "Pod2-id", "Pod3-id"})

        self.assertEqual({"az1": False, "az2": False}, self.zones())

    def test_parameters(self) -> None:
        """
        From 2.102 on Nova refuses parameters, before it looks at who asks; Cinder never does.
        """
        for path in (ZONES, DETAIL):
            refused = self.refused(BadRequest, "GET", f"{path}?b=1&a=2", version=(2, 102))
            self.assertEqual(
                "Additional properties are not allowed ('a', 'b' were unexpected)", refused.message
            )
        refused = self.refused(BadRequest, "GET", f"{ZONES}?a", version=(2, 102))
        self.assertEqual("Additional properties are not allowed ('a' was unexpected)", refused.message)
        self.assertEqual(200, self.asked("GET", f"{ZONES}?a=1", version=(2, 101)).status)
        self.assertEqual(200, self.asked("GET", f"{ZONES}?", version=(2, 102)).status)
        volume = self.asked("GET", f"/v3/{P1}/os-availability-zone?a=1", surface="volume", version=(3, 999))
        self.assertEqual(200, volume.status)

    def test_disabled(self) -> None:
        """
        A zone whose pods are all disabled is not listed.
        """
        self.change_pod(self.pod3, state=PodState.DISABLED)

        self.assertEqual({"az1": True}, self.zones())


class DetailTests(StrategyCase):
    """
    The list with hosts.
    """

    def setUp(self) -> None:
        super().setUp()
        for name in ("Pod1", "Pod2", "Pod3"):
            zones = [hosts("internal", f"{name}-conductor"), hosts("nova", f"{name}-host")]
            self.pods.on(name, "GET", DETAIL, Reply(200, {"availabilityZoneInfo": zones}))

    def hosts(self) -> dict[str, list[str]]:
        """
        The hosts of each zone.
        """
        told = self.shown(self.asked("GET", DETAIL, context=ADMIN))["availabilityZoneInfo"]
        return {zone["zoneName"]: sorted(zone["hosts"]) for zone in told}

    def test_merged(self) -> None:
        """
        Each zone has the hosts of its pods, and ``internal`` what is no compute host.
        """
        self.assertEqual(MERGED, self.hosts())

    def test_all_silent(self) -> None:
        """
        With every pod away an admin is told that no zone is available, and of no hosts; anybody else is no admin.
        """
        for name in ("Pod1", "Pod2", "Pod3"):
            self.pods.on(name, "GET", DETAIL, Unreachable())
            self.pods.sick.add(f"{name}-id")

        answer = self.asked("GET", DETAIL, context=ADMIN)
        self.assertEqual(
            [{"zoneName": zone, "zoneState": {"available": False}, "hosts": None} for zone in ("az1", "az2")],
            self.shown(answer)["availabilityZoneInfo"],
        )
        self.assertEqual((self.pod1, self.pod2, self.pod3), answer.missing)
        refused = self.refused(Forbidden, "GET", DETAIL)
        self.assertEqual(
            "Policy doesn't allow os_compute_api:os-availability-zone:detail to be performed.",
            refused.message,
        )

    def test_maintained(self) -> None:
        """
        The hosts of a pod in maintenance are shown, in a zone that is not available and so stands behind.
        """
        self.change_pod(self.pod1, state=PodState.MAINTENANCE)
        self.change_pod(self.pod2, state=PodState.DRAINING)

        told = self.shown(self.asked("GET", DETAIL, context=ADMIN))["availabilityZoneInfo"]

        self.assertEqual(
            [("az2", True), ("internal", True), ("az1", False)],
            [(zone["zoneName"], zone["zoneState"]["available"]) for zone in told],
        )
        self.assertEqual(["Pod1-host", "Pod2-host"], sorted(told[2]["hosts"]))

    def test_side_by_side(self) -> None:
        """
        The pods are asked at once, and one that hangs is left out after its budget (I8).
        """
        self.pods.on("Pod2", "GET", DETAIL, Hang())

        started = self.started("GET", DETAIL, context=ADMIN)
        self.assertEqual(["Pod1", "Pod2", "Pod3"], self.pods.asked())
        self.clock.advance(LIST_BUDGET)

        answer = self.answered(started)
        self.assertEqual((self.pod2,), answer.missing)
        self.assertIn(b"Pod1-host", answer.body)  # type: ignore[arg-type]

    def test_unusable(self) -> None:
        """
        So is one that gives no usable answer.
        """
        for script in (
            Unreachable(),
            Broken(),
            Reply(500),
            Reply(404, b"<html>"),
            Reply(429, {}),
            Reply(200, None),
            Reply(200, b"<html>"),
            Reply(200, []),
            Reply(200, {}),
            Reply(200, {"availabilityZoneInfo": [1]}),
            Reply(200, {"availabilityZoneInfo": [{"zoneName": "nova", "hosts": []}]}),
        ):
            self.pods.on("Pod2", "GET", DETAIL, script)
            with self.subTest(script=script):
                self.assertEqual(
                    {
                        "az1": ["Pod1-host"],
                        "az2": ["Pod3-host"],
                        "internal": ["Pod1-conductor", "Pod3-conductor"],
                    },
                    self.hosts(),
                )

    def test_no_hosts(self) -> None:
        """
        A zone without hosts has none.
        """
        self.pods.on(
            "Pod2", "GET", DETAIL, Reply(200, {"availabilityZoneInfo": [{"zoneName": "nova", "hosts": None}]})
        )

        self.assertEqual(["Pod1-host"], self.hosts()["az1"])

    def test_refused(self) -> None:
        """
        A pod that refuses the caller decides for all.
        """
        self.pods.on("Pod2", "GET", DETAIL, Reply(403, {"forbidden": {"code": 403}}))

        answer = self.asked("GET", DETAIL)

        self.assertEqual((403, {"forbidden": {"code": 403}}), (answer.status, self.shown(answer)))
