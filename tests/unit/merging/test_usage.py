"""
Reports of use, added up.
"""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.merging.usage import audit_log, tenant_usages, used_limits, used_quotas


def usage(project: str, *hours: float, start: str = "s", detailed: bool = True) -> dict[str, Any]:
    """
    What a pod tells of a project whose servers ran so long.
    """
    told: dict[str, Any] = {"tenant_id": project, "start": start, "stop": "e"}
    told["total_hours"] = sum(hours)
    told["total_memory_mb_usage"] = 512 * sum(hours)
    if detailed:
        told["server_usages"] = [{"hours": each} for each in hours]
    return told


def log(hosts: int, done: int, errors: int = 0, name: str = "h") -> dict[str, Any]:
    """
    An audit log as Nova gives it.
    """
    told = "ALL" if hosts == done else f"{done} of {hosts}"
    return {
        "period_beginning": "b",
        "num_hosts": hosts,
        "num_hosts_done": done,
        "hosts_not_run": [f"{name}{at}" for at in range(hosts - done)],
        "total_errors": errors,
        "overall_status": f"{told} hosts done. {errors} errors.",
        "log": {name: {"state": "DONE"}} if done else {},
    }


class UsageTests(SynchronousTestCase):
    """
    What projects have used.
    """

    def test_added(self) -> None:
        """
        Each project once, in the pods' order, with its totals added and its servers joined; times are the first pod's.
        """
        told = tenant_usages(
            [[usage("a", 1.5, start="1"), usage("b", 1)], [], [usage("c", 4), usage("a", 0.25, start="2")]]
        )

        self.assertEqual([usage("a", 1.5, 0.25, start="1"), usage("b", 1), usage("c", 4)], told)

    def test_without_servers(self) -> None:
        """
        What pods do not detail stays so.
        """
        told = tenant_usages([[usage("a", 1, detailed=False)], [usage("a", 2, detailed=False)]])

        self.assertEqual([usage("a", 3, detailed=False)], told)
        self.assertEqual([], tenant_usages([]))

    @given(st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1e6)), max_size=4), max_size=4))
    def test_nothing_is_lost(self, pods: list[list[tuple[str, float]]]) -> None:
        """
        The total of all projects is that of all servers, whatever pods have.
        """
        told = tenant_usages([[usage(project, hours) for project, hours in pod] for pod in pods])
        servers = [server["hours"] for each in told for server in each["server_usages"]]

        self.assertEqual(sorted(hours for pod in pods for _, hours in pod), sorted(servers))
        self.assertTrue(math.isclose(sum(servers), sum(each["total_hours"] for each in told), abs_tol=1e-6))
        self.assertEqual(len({each["tenant_id"] for each in told}), len(told))

    def test_parts_stay(self) -> None:
        """
        What pods have said is not changed.
        """
        part = usage("a", 1)

        tenant_usages([[part], [usage("a", 2)]])

        self.assertEqual(usage("a", 1), part)


class AuditTests(SynchronousTestCase):
    """
    The audit log.
    """

    def test_joined(self) -> None:
        """
        Hosts of all pods, counted, with Nova's summary of the whole.
        """
        told = audit_log([log(2, 1, 1, "a"), log(3, 3, 2, "b")])

        self.assertEqual("4 of 5 hosts done. 3 errors.", told["overall_status"])
        self.assertEqual(
            (5, 4, ["a0"], "b"),
            (told["num_hosts"], told["num_hosts_done"], told["hosts_not_run"], told["period_beginning"]),
        )
        self.assertEqual({"a", "b"}, set(told["log"]))

    def test_all_done(self) -> None:
        """
        All hosts are done when those of every pod are.
        """
        self.assertEqual("ALL hosts done. 0 errors.", audit_log([log(2, 2), log(1, 1)])["overall_status"])
        self.assertEqual(log(2, 1), audit_log([log(2, 1)]))


class LimitTests(SynchronousTestCase):
    """
    Limits and quotas.
    """

    def test_limits(self) -> None:
        """
        What is used is added up, also where only some pods have it; of what may be made the most counts.
        """
        parts: list[dict[str, Any]] = [
            {"rate": [], "absolute": {"maxTotalCores": 20, "totalCoresUsed": 1, "totalRAMUsed": 512}},
            {"rate": [], "absolute": {"maxTotalCores": 10, "totalCoresUsed": 2, "maxTotalRAMSize": 5}},
            {"rate": []},
        ]

        self.assertEqual(
            {
                "rate": [],
                "absolute": {
                    "maxTotalCores": 20,
                    "totalCoresUsed": 3,
                    "totalRAMUsed": 512,
                    "maxTotalRAMSize": 5,
                },
            },
            used_limits(parts),
        )
        self.assertEqual(1, parts[0]["absolute"]["totalCoresUsed"])
        self.assertEqual({"rate": []}, used_limits([{"rate": []}]))

    def test_each_thing(self) -> None:
        """
        What holds for a single thing, or is no project's, is the smallest; -1 is larger than everything.
        """
        for name, values, limit in (
            ("maxServerMeta", (128, 64), 64),
            ("maxServerMeta", (-1, 64), 64),
            ("maxServerMeta", (-1, -1), -1),
            ("maxTotalKeypairs", (100, 100), 100),
            ("maxTotalVolumes", (10, -1), -1),
            ("maxTotalVolumes", (10, "x"), 10),
        ):
            with self.subTest(name=name, values=values):
                told = used_limits([{"absolute": {name: value}} for value in values])
                self.assertEqual({"absolute": {name: limit}}, told)

    def test_quotas(self) -> None:
        """
        What is in use and reserved is added up; limits and plain numbers are the first pod's that has them.
        """
        parts: list[dict[str, Any]] = [
            {"id": "p", "ram": 5, "cores": {"limit": 20, "in_use": 1, "reserved": 0}},
            {"id": "p", "ram": 6, "cores": {"limit": 10, "in_use": 2, "reserved": 1}},
            {"id": "p", "volumes_fast": {"limit": 7, "in_use": 1}, "volumes_slow": -1},
            {"id": "p", "volumes_fast": {"limit": 9, "in_use": 2}},
        ]

        self.assertEqual(
            {
                "id": "p",
                "ram": 5,
                "cores": {"limit": 20, "in_use": 3, "reserved": 1},
                "volumes_fast": {"limit": 7, "in_use": 3},
                "volumes_slow": -1,
            },
            used_quotas(parts),
        )
