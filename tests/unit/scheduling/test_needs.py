"""
How much room a create's body asks for.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import NOTHING, Amounts, Kind
from trio2o.scheduling.needs import needs_of

TYPICAL = Amounts(vcpus=2.0, ram_mb=512.0, disk_gb=5.0, volume_gb=7.0)

_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


class NeedsTests(SynchronousTestCase):
    """
    :func:`needs_of`.
    """

    def server(self, **body: Any) -> Amounts:
        return needs_of(Kind.SERVER, {"imageRef": "an image", **body}, TYPICAL)

    def volume(self, **body: Any) -> Amounts:
        return needs_of(Kind.VOLUME, body, TYPICAL)

    def test_volume(self) -> None:
        """
        A volume needs its size, written as a number or as text.
        """
        self.assertEqual(Amounts(volume_gb=10_000.0), self.volume(size=10_000))
        self.assertEqual(Amounts(volume_gb=3.0), self.volume(size="3"))

    def test_volume_of_unknown_size(self) -> None:
        """
        Where no size is given, as for a copy, or one that the pod will refuse, a typical one counts.
        """
        for body in (
            {},
            {"size": None},
            {"size": -1},
            {"size": "much"},
            {"size": True},
            {"size": "9" * 30},
            {"size": 2**31},
            {"size": 10**400},
        ):
            with self.subTest(body=body):
                self.assertEqual(Amounts(volume_gb=7.0), self.volume(**body))

    def test_server(self) -> None:
        """
        A server counts as a typical one.
        """
        self.assertEqual(Amounts(vcpus=2.0, ram_mb=512.0, disk_gb=5.0), self.server())

    def test_several(self) -> None:
        """
        Each of several servers counts; Nova makes as many as ``max_count`` says, else ``min_count``.
        """
        three = Amounts(vcpus=6.0, ram_mb=1536.0, disk_gb=15.0)
        for body in ({"max_count": 3, "min_count": 1}, {"max_count": "3"}, {"min_count": 3}):
            with self.subTest(body=body):
                self.assertEqual(three, self.server(**body))

    def test_root_volume(self) -> None:
        """
        A server whose root disk is a volume needs no disk of the hypervisors.
        """
        root = {"boot_index": 0, "source_type": "image", "destination_type": "volume"}
        for body in (
            {"imageRef": ""},
            {"imageRef": None, "block_device_mapping": [{"volume_id": "v", "device_name": "vda"}]},
            {"block_device_mapping_v2": [root]},
            {"block_device_mapping_v2": [{**root, "boot_index": "0"}]},
            {"block_device_mapping_v2": [{"boot_index": 0, "source_type": "volume", "uuid": "v"}]},
        ):
            with self.subTest(body=body):
                self.assertEqual(0.0, self.server(**body).disk_gb)

    def test_further_volume(self) -> None:
        """
        A volume beside the root disk, and a root disk that is local, change nothing.
        """
        for device in (
            {"boot_index": -1, "source_type": "volume", "destination_type": "volume"},
            {"boot_index": 0, "source_type": "image", "destination_type": "local"},
        ):
            with self.subTest(device=device):
                self.assertEqual(5.0, self.server(block_device_mapping_v2=[device]).disk_gb)

    def test_other_kinds(self) -> None:
        """
        What takes no room that is counted needs nothing.
        """
        self.assertEqual(NOTHING, needs_of(Kind.SNAPSHOT, {"size": 4}, TYPICAL))

    @settings(derandomize=True, max_examples=100)
    @given(
        kind=st.sampled_from([Kind.SERVER, Kind.VOLUME]),
        body=st.dictionaries(
            st.sampled_from(
                [
                    "size",
                    "max_count",
                    "min_count",
                    "imageRef",
                    "block_device_mapping_v2",
                    "block_device_mapping",
                ]
            ),
            _ANYTHING,
        ),
    )
    def test_any_body(self, kind: Kind, body: dict[str, Any]) -> None:
        """
        Whatever a client sends is read without an error, and nothing needs less than nothing.
        """
        needs = needs_of(kind, body, TYPICAL)

        self.assertTrue(min(needs.vcpus, needs.ram_mb, needs.disk_gb, needs.volume_gb) >= 0.0)
