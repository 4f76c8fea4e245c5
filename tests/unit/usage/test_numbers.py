"""
What Nova and Cinder say, read.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import Stock
from trio2o.usage.hypervisors import compute_usage, number
from trio2o.usage.pools import volume_usage

#: As a Nova of 2026 answers.
STATISTICS = {
    "count": 1,
    "current_workload": 0,
    "disk_available_least": 0,
    "free_disk_gb": 599988,
    "free_ram_mb": 797568,
    "local_gb": 600000,
    "local_gb_used": 12,
    "memory_mb": 800000,
    "memory_mb_used": 2432,
    "running_vms": 12,
    "vcpus": 1000,
    "vcpus_used": 12,
}

#: As a Cinder of 2026 answers.
THIN = {
    "pool_name": "files",
    "total_capacity_gb": 1000,
    "free_capacity_gb": 67,
    "provisioned_capacity_gb": 300,
    "reserved_percentage": 10,
    "max_over_subscription_ratio": "20.0",
    "thin_provisioning_support": True,
    "allocated_capacity_gb": 45,
}
THICK = {**THIN, "thin_provisioning_support": False}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*THIN, *STATISTICS, "pools", "capabilities", "hypervisor_statistics"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


def pools(*capabilities: Any) -> dict[str, Any]:
    """
    A list of pools.
    """
    return {"pools": [{"name": "host@files#files", "capabilities": each} for each in capabilities]}


class ComputeTests(SynchronousTestCase):
    """
    Nova's statistics.
    """

    def test_real(self) -> None:
        """
        A real answer.
        """
        self.assertEqual(
            compute_usage({"hypervisor_statistics": STATISTICS}),
            {
                "vcpus": Stock(total=1000, used=12),
                "ram_mb": Stock(total=800000, used=2432),
                "disk_gb": Stock(total=600000, used=12),
                "servers": 12,
            },
        )

    def test_unknown(self) -> None:
        """
        What is absent, null or 0 in all is unknown; the rest is not.
        """
        told = {**STATISTICS, "vcpus": 0, "memory_mb": None, "running_vms": None}
        del told["local_gb_used"]
        self.assertEqual(compute_usage({"hypervisor_statistics": told}), {})
        told = {**STATISTICS, "vcpus": 0}
        self.assertEqual(
            set(compute_usage({"hypervisor_statistics": told})), {"ram_mb", "disk_gb", "servers"}
        )

    def test_numbers(self) -> None:
        """
        Numbers may be text; what is not finite is none.
        """
        self.assertEqual([number(3), number("2.5"), number(-1.5)], [3.0, 2.5, -1.5])
        for other in (None, True, "much", "inf", float("nan"), [], 10**400):
            self.assertIsNone(number(other))


class VolumeTests(SynchronousTestCase):
    """
    Cinder's pools.
    """

    def test_thin(self) -> None:
        """
        A thin pool promises its unreserved part as often as it may, and has promised what is provisioned.
        """
        self.assertEqual(
            volume_usage(pools(THIN)),
            {"volume_gb": Stock(total=18000.0, used=300.0), "largest_volume_gb": 17700.0},
        )

    def test_thick(self) -> None:
        """
        A thick pool gives what it has unreserved, and never more than is free.
        """
        found = volume_usage(pools(THICK, {**THICK, "free_capacity_gb": 800}))
        self.assertEqual(found["volume_gb"], Stock(total=1800.0, used=1800.0 - 67 - 600))
        self.assertEqual(found["largest_volume_gb"], 600.0)

    def test_not_provisioned(self) -> None:
        """
        A pool that does not say what is provisioned has provisioned what Cinder allocated.
        """
        told = {key: value for key, value in THIN.items() if key != "provisioned_capacity_gb"}
        self.assertEqual(volume_usage(pools(told))["volume_gb"].used, 45.0)

    def test_automatic_ratio(self) -> None:
        """
        With an automatic ratio, 1 and what is provisioned for each GiB that is used; 20 while nothing is.
        """
        told = {**THIN, "max_over_subscription_ratio": "auto", "reserved_percentage": 0}
        used = {**told, "free_capacity_gb": 901, "provisioned_capacity_gb": 200}
        self.assertEqual(volume_usage(pools(used))["volume_gb"].total, 3000.0)
        fresh = {**told, "provisioned_capacity_gb": 0}
        self.assertEqual(volume_usage(pools(fresh))["volume_gb"].total, 20000.0)

    def test_plenty(self) -> None:
        """
        One pool without an end, or that does not say, is plenty for all; no pool at all is unknown.
        """
        for plenty in (
            {**THIN, "total_capacity_gb": "infinite"},
            {**THIN, "free_capacity_gb": "unknown"},
            {},
            None,
        ):
            with self.subTest(plenty=plenty):
                self.assertEqual(volume_usage(pools(THIN, plenty)), {})
        self.assertEqual(volume_usage({"pools": []}), {})
        self.assertEqual(volume_usage({"pools": [{"name": "without detail"}]}), {})

    def test_below_nothing(self) -> None:
        """
        What a pool says to be below nothing is nothing.
        """
        found = volume_usage(pools({**THIN, "provisioned_capacity_gb": -1, "reserved_percentage": -5}))
        self.assertEqual(found["volume_gb"].used, 0.0)
        self.assertEqual(
            found["volume_gb"].total,
            volume_usage(pools({**THIN, "reserved_percentage": 0}))["volume_gb"].total,
        )

    def test_empty_pool(self) -> None:
        """
        A pool with nothing takes nothing.
        """
        found = volume_usage(pools({**THIN, "total_capacity_gb": 0}))
        self.assertEqual(found, {"volume_gb": Stock(total=0.0, used=0.0), "largest_volume_gb": 0.0})

    @given(st.dictionaries(st.sampled_from(sorted(THIN)), st.floats(-10, 1e6) | st.booleans(), max_size=8))
    def test_sound(self, capabilities: dict[str, Any]) -> None:
        """
        Whatever a pool says, no more is free than there is, and neither is below nothing.
        """
        found = volume_usage(pools({**THIN, **capabilities}))
        if found:
            stock = found["volume_gb"]
            self.assertTrue(0.0 <= stock.total - stock.used <= stock.total)


class AnythingTests(SynchronousTestCase):
    """
    Bodies that are not what they should be.
    """

    @given(anything)
    def test_no_error(self, body: Any) -> None:
        """
        They are unknown, and no error.
        """
        for read in (compute_usage, volume_usage):
            self.assertIsInstance(read(body), dict)
            self.assertIsInstance(read({"pools": body, "hypervisor_statistics": body}), dict)
