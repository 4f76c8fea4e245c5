"""
What Nova and Cinder say of flavors and volume types.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import OfferedFlavor, OfferedType
from trio2o.usage.offered import flavor_of, type_of

KEYS = ("trio2o:affinity",)
#: As Nova 2.61 shows one.
FLAVOR = {
    "id": "7",
    "name": "m1.foo",
    "ram": 4096,
    "disk": 40,
    "swap": 1025,
    "OS-FLV-EXT-DATA:ephemeral": 10,
    "vcpus": 2,
    "os-flavor-access:is_public": True,
    "rxtx_factor": 1.0,
}


class FlavorTests(SynchronousTestCase):
    """
    Flavors.
    """

    def test_sizes(self) -> None:
        """
        Swap counts among the other disks, in whole GiB as Nova reckons.
        """
        expected = OfferedFlavor(id="7", vcpus=2, ram_mb=4096, root_gb=40, other_gb=12, group="gpu")
        self.assertEqual(expected, flavor_of(FLAVOR, {"trio2o:affinity": "gpu"}, KEYS))

    def test_no_swap(self) -> None:
        """
        Without swap Nova writes empty text below 2.75.
        """
        found = flavor_of({**FLAVOR, "swap": ""}, {}, KEYS)
        assert found is not None
        self.assertEqual((10, ""), (found.other_gb, found.group))

    def test_resources_of_specs(self) -> None:
        """
        What extra specs say a server takes goes before, as for bare metal.
        """
        specs = {"resources:VCPU": "0", "resources:MEMORY_MB": "0", "resources:DISK_GB": "5"}
        expected = OfferedFlavor(id="7", vcpus=0, ram_mb=0, root_gb=0, other_gb=5)
        self.assertEqual(expected, flavor_of(FLAVOR, specs, KEYS))

    def test_malformed(self) -> None:
        """
        A number that is none is unknown; what cannot be asked for or stored is left out.
        """
        broken: dict[str, Any] = {"id": "7", "vcpus": -1, "ram": "much", "disk": None, "swap": [1]}
        self.assertEqual(OfferedFlavor(id="7"), flavor_of(broken, {"resources:VCPU": "x"}, KEYS))
        for name in (None, "", 7, "a\0b", "\ud800", "x" * 256):
            self.assertIsNone(flavor_of({**FLAVOR, "id": name}, {}, KEYS), name)
        found = flavor_of(FLAVOR, {"trio2o:affinity": "a\0b"}, KEYS)
        assert found is not None
        self.assertEqual("", found.group)


class TypeTests(SynchronousTestCase):
    """
    Volume types.
    """

    def test_group(self) -> None:
        """
        The group is in the extra specs.
        """
        told = {
            "id": "t1",
            "name": "fast",
            "extra_specs": {"trio2o:affinity": "ssd", "volume_backend_name": "x"},
        }
        self.assertEqual(OfferedType(id="t1", name="fast", group="ssd"), type_of(told, KEYS))

    def test_malformed(self) -> None:
        """
        Specs that are none are no specs; a type without a name is left out.
        """
        for specs in (None, [], "x", {"trio2o:affinity": 1}):
            told = {"id": "t1", "name": "fast", "extra_specs": specs}
            self.assertEqual(OfferedType(id="t1", name="fast"), type_of(told, KEYS))
        self.assertIsNone(type_of({"id": "t1"}, KEYS))
        self.assertIsNone(type_of({"name": "fast"}, KEYS))
