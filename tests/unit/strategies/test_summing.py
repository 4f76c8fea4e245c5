"""
The strategy ``sum``: numbers of all pods added up.
"""

from __future__ import annotations

from typing import Any

from tests.unit.strategies.case import LIST_BUDGET, P1, StrategyCase
from tests.unit.strategies.doubles import JSON, Broken, Hang, Reply, Unreachable
from trio2o.errors import BadGateway, GatewayTimeout, Unavailable
from trio2o.model import PodState

SUMMARY = f"/v3/{P1}/volumes/summary"


def summary(count: int, **more: Any) -> dict[str, Any]:
    """
    What a pod's Cinder gives.
    """
    return {"volume-summary": {"total_size": 10 * count, "total_count": count, **more}}


class SumTests(StrategyCase):
    """
    The summary of volumes.
    """

    def setUp(self) -> None:
        super().setUp()
        for number, name in enumerate(("Pod1", "Pod2", "Pod3"), 1):
            self.pods.on(name, "GET", SUMMARY, Reply(200, summary(number), [JSON, (b"x-pod", name.encode())]))

    def count(self) -> int:
        """
        The sum.
        """
        return int(self.shown(self.asked("GET", SUMMARY, surface="volume"))["volume-summary"]["total_count"])

    def test_added(self) -> None:
        """
        The numbers of all pods are added; query and fields are the client's, the answer's fields the first pod's.
        """
        answer = self.asked("GET", SUMMARY + "?all_tenants=1", surface="volume")

        self.assertEqual(summary(6), self.shown(answer))
        self.assertIn((b"x-pod", b"Pod1"), answer.headers)
        self.assertEqual({"all_tenants=1"}, {called.query for called in self.pods.calls})

    def test_metadata(self) -> None:
        """
        Metadata is united: each key with its values, none of them twice.
        """
        self.pods.on("Pod1", "GET", SUMMARY, Reply(200, summary(1, metadata={"a": ["1", "2"]})))
        self.pods.on("Pod2", "GET", SUMMARY, Reply(200, summary(1, metadata={"a": ["2", "3"], "b": ["x"]})))

        shown = self.shown(self.asked("GET", SUMMARY, surface="volume"))["volume-summary"]

        self.assertEqual({"a": ["1", "2", "3"], "b": ["x"]}, shown["metadata"])

    def test_silent(self) -> None:
        """
        A pod that gives no usable answer is left out, and the answer says so (I8).
        """
        for script in (
            Unreachable(),
            Broken(),
            Reply(500),
            Reply(200, None),
            Reply(200, b"x"),
            Reply(200, []),
            Reply(200, {}),
        ):
            self.pods.on("Pod2", "GET", SUMMARY, script)
            with self.subTest(script=script):
                self.assertEqual(4, self.count())
                self.assertEqual((self.pod2,), self.asked("GET", SUMMARY, surface="volume").missing)

    def test_side_by_side(self) -> None:
        """
        The pods are asked at once; one that hangs costs its budget.
        """
        self.pods.on("Pod2", "GET", SUMMARY, Hang())

        started = self.started("GET", SUMMARY, surface="volume")
        self.assertEqual(["Pod1", "Pod2", "Pod3"], self.pods.asked())
        self.clock.advance(LIST_BUDGET)

        self.assertEqual((self.pod2,), self.answered(started).missing)

    def test_disabled(self) -> None:
        """
        A disabled pod does not count, and is not missed.
        """
        self.change_pod(self.pod3, state=PodState.DISABLED)

        answer = self.asked("GET", SUMMARY, surface="volume")

        self.assertEqual((summary(3), ()), (self.shown(answer), answer.missing))

    def test_refused(self) -> None:
        """
        A pod that refuses the caller, or what is asked, decides for all.
        """
        for status in (400, 401, 403):
            self.pods.on("Pod2", "GET", SUMMARY, Reply(status, {"fault": {"code": status}}))
            with self.subTest(status=status):
                self.assertEqual(status, self.asked("GET", SUMMARY, surface="volume").status)

    def test_refused_by_one(self) -> None:
        """
        What one pod does not have, or is too busy for, leaves it out: that says nothing of the others' numbers.
        """
        for status, missing in ((404, ()), (409, (self.pod2,)), (413, (self.pod2,)), (429, (self.pod2,))):
            self.pods.on("Pod2", "GET", SUMMARY, Reply(status))
            with self.subTest(status=status):
                self.assertEqual(4, self.count())
                self.assertEqual(missing, self.asked("GET", SUMMARY, surface="volume").missing)

    def test_refused_by_all(self) -> None:
        """
        What no pod gives is refused in the first one's words; of one thing that is not there a silent pod may know.
        """
        audit = "/v2.1/os-instance_usage_audit_log"
        for path, surface in ((SUMMARY, "volume"), (f"{audit}/2026-01-01", "compute")):
            for pod in ("Pod1", "Pod2", "Pod3"):
                self.pods.on(pod, "GET", path, Reply(404, {"by": pod}))
            with self.subTest(path=path):
                answer = self.asked("GET", path, surface=surface)
                self.assertEqual((404, b'{"by":"Pod1"}'), (answer.status, answer.body))
        self.pods.on("Pod3", "GET", f"{audit}/2026-01-01", Unreachable())
        self.refused(Unavailable, "GET", f"{audit}/2026-01-01")

    def test_nobody_answers(self) -> None:
        """
        When no pod answers it is 503, 504 or 502.
        """
        for script, kind in (
            (Unreachable(), Unavailable),
            (Hang(), GatewayTimeout),
            (Broken(), BadGateway),
            (Reply(500), BadGateway),
        ):
            for name in ("Pod1", "Pod2", "Pod3"):
                self.pods.on(name, "GET", SUMMARY, script)
            started = self.started("GET", SUMMARY, surface="volume")
            self.clock.advance(LIST_BUDGET)
            with self.subTest(script=script):
                self.failureResultOf(started, kind)


class CombineTests(StrategyCase):
    """
    What needs more than adding.
    """

    def asked_for(self, path: str, *parts: dict[str, Any]) -> Any:
        """
        The body of the sum of what the pods say.
        """
        for name, part in zip(("Pod1", "Pod2", "Pod3"), parts, strict=True):
            self.pods.on(name, "GET", path, Reply(200, part))
        return self.shown(self.asked("GET", path))

    def test_limits(self) -> None:
        """
        Nova's limits have what is used in all pods and the largest of their maxima.
        """
        body = self.asked_for(
            "/v2.1/limits",
            *(
                {"limits": {"rate": [], "absolute": {"maxTotalCores": most, "totalCoresUsed": used}}}
                for most, used in ((20, 1), (10, 2), (30, 3))
            ),
        )

        self.assertEqual({"maxTotalCores": 30, "totalCoresUsed": 6}, body["limits"]["absolute"])

    def test_quotas(self) -> None:
        """
        A quota in detail has what is in use in all pods.
        """
        body = self.asked_for(
            f"/v2.1/os-quota-sets/{P1}/detail",
            *({"quota_set": {"cores": {"limit": 20, "in_use": used, "reserved": 0}}} for used in (1, 2, 3)),
        )

        self.assertEqual({"cores": {"limit": 20, "in_use": 6, "reserved": 0}}, body["quota_set"])

    def test_audit_log(self) -> None:
        """
        The audit log has the hosts of all pods, for the last period and for one before.
        """
        for path, key in (
            ("/v2.1/os-instance_usage_audit_log", "instance_usage_audit_logs"),
            ("/v2.1/os-instance_usage_audit_log/2026-01-01", "instance_usage_audit_log"),
        ):
            part = {"num_hosts": 1, "num_hosts_done": 0, "total_errors": 0, "overall_status": "x"}
            body = self.asked_for(path, {key: part}, {key: part}, {key: part})
            self.assertEqual("0 of 3 hosts done. 0 errors.", body[key]["overall_status"])

    def test_statistics(self) -> None:
        """
        Hypervisors of all pods are counted.
        """
        part = {"hypervisor_statistics": {"count": 1, "vcpus": 8, "disk_available_least": None}}

        body = self.asked_for("/v2.1/os-hypervisors/statistics", part, part, part)

        self.assertEqual(
            {"hypervisor_statistics": {"count": 3, "vcpus": 24, "disk_available_least": None}}, body
        )
