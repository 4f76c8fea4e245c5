"""
Lists of things in both pods look like those of one cloud.
"""

from __future__ import annotations

import openstack

from tests.cloud import spread, spread_storage
from tests.cloud.side_by_side import SideBySide


class SpreadTests(SideBySide):
    """
    One test for each kind of thing.
    """

    def test_servers(self) -> None:
        """
        Servers.
        """
        self.compare(spread.servers, "spread servers")

    def test_volumes(self) -> None:
        """
        Volumes and snapshots.
        """
        self.compare(spread.volumes, "spread volumes")


class StorageTests(SideBySide):
    """
    What hangs on volumes.
    """

    def test_snapshots(self) -> None:
        """
        Snapshots.
        """
        self.compare(spread_storage.snapshots, "spread snapshots")

    def test_backups(self) -> None:
        """
        Backups.
        """
        self.compare(spread_storage.backups, "spread backups")

    def test_transfers(self) -> None:
        """
        Transfers.
        """
        self.compare(spread_storage.transfers, "spread transfers")

    def test_attachments(self) -> None:
        """
        Attachments.
        """
        self.compare(spread_storage.attachments, "spread attachments")

    def test_groups(self) -> None:
        """
        Groups and their snapshots, and the snapshots that those are made of.
        """
        with spread_storage.group_types() as types:
            self.compare(spread_storage.groups_with(types), "spread groups")

    def test_messages(self) -> None:
        """
        Messages of what went wrong later.
        """
        pods = [openstack.connect(cloud=pod) for pod in ("pod1", "pod2")]
        self.compare(spread_storage.messages_with(pods), "spread messages")
