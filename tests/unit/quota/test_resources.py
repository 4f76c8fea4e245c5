"""
The resources that have limits.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.quota.resources import PER_TYPE, RESOURCES, counted, is_counted, of_type, type_of


class ResourceTests(SynchronousTestCase):
    """
    What is counted at the top.
    """

    def test_counted(self) -> None:
        """
        What projects have over all pods is counted; what each pod checks for each request is not.
        """
        self.assertEqual(("instances", "cores", "ram", "server_groups"), counted("compute"))
        self.assertEqual(
            ("volumes", "snapshots", "gigabytes", "backups", "backup_gigabytes", "groups"), counted("volume")
        )
        for service, name in (
            ("compute", "key_pairs"),
            ("compute", "metadata_items"),
            ("volume", "per_volume_gigabytes"),
        ):
            self.assertFalse(is_counted(service, name), name)

    def test_names(self) -> None:
        """
        No two resources of a service are called the same, nor are they in ``limits``.
        """
        for service, resources in RESOURCES.items():
            shown = [
                name for each in resources.values() for name in (each.limit_name, each.used_name) if name
            ]
            self.assertEqual(len(shown), len(set(shown)), service)

    @given(st.sampled_from(PER_TYPE), st.text(min_size=1))
    def test_of_a_type(self, resource: str, volume_type: str) -> None:
        """
        The name of a type's resource tells both, whatever the type is called; it is counted.
        """
        (name,) = of_type(volume_type, [resource])

        self.assertEqual((resource, volume_type), type_of("volume", name))
        self.assertTrue(is_counted("volume", name))
        self.assertIsNone(type_of("compute", name))

    def test_of_no_type(self) -> None:
        """
        A resource itself, one that Cinder does not count for types, and an unknown name are of none.
        """
        for name in (
            "volumes",
            "per_volume_gigabytes",
            "backups_fast",
            "backup_gigabytes",
            "volumes_",
            "x",
            "",
        ):
            self.assertIsNone(type_of("volume", name), name)
