"""
Quotas and limits of the top region are those of one cloud.
"""

from __future__ import annotations

import openstack

from tests.cloud import limits_computing, limits_storage
from tests.cloud.side_by_side import SideBySide
from tests.cloud.volume_groups import a_group_type


class ComputeLimitTests(SideBySide):
    """
    Nova's.
    """

    def test_servers(self) -> None:
        """
        Servers past the limits.
        """
        self.compare(limits_computing.server_quotas)

    def test_zones(self) -> None:
        """
        Servers of all zones count together.
        """
        self.compare(limits_computing.quotas_over_zones, "server_quotas_over_zones")

    def test_items(self) -> None:
        """
        What a request may carry, groups and key pairs.
        """
        self.compare(limits_computing.items_of_servers)

    def test_sets(self) -> None:
        """
        Limits that an administrator sets.
        """
        self.compare(limits_computing.quota_sets)

    def test_used(self) -> None:
        """
        Limits below what is used.
        """
        self.compare(limits_computing.used_limits)

    def test_classes(self) -> None:
        """
        Classes.
        """
        self.compare(limits_computing.quota_classes)


class VolumeLimitTests(SideBySide):
    """
    Cinder's.
    """

    def test_volumes(self) -> None:
        """
        Volumes past the limits.
        """
        self.compare(limits_storage.volume_quotas)

    def test_zones(self) -> None:
        """
        Volumes of all zones count together.
        """
        self.compare(limits_storage.quotas_over_zones, "volume_quotas_over_zones")

    def test_copies(self) -> None:
        """
        Snapshots and backups past the limits.
        """
        self.compare(limits_storage.copy_quotas)

    def test_transfers(self) -> None:
        """
        Volumes that are taken past the limits.
        """
        self.compare(limits_storage.transfer_quotas)

    def test_groups(self) -> None:
        """
        Groups past the limits.
        """
        with a_group_type(openstack.connect(cloud="pod1")), a_group_type(openstack.connect(cloud="pod2")):
            self.compare(limits_storage.group_quotas)

    def test_sets(self) -> None:
        """
        Limits that an administrator sets.
        """
        self.compare(limits_storage.volume_quota_sets)

    def test_classes(self) -> None:
        """
        Classes.
        """
        self.compare(limits_storage.volume_quota_classes)
