"""
Volumes and all that is made of them look the same at the top region as at a pod.
"""

from __future__ import annotations

from tests.cloud import (
    volume_attaching,
    volume_backups,
    volume_creates,
    volume_groups,
    volume_images,
    volume_lists,
    volume_lives,
    volume_managed,
    volume_reads,
    volume_snapshots,
    volume_transfers,
)
from tests.cloud.side_by_side import SideBySide


class VolumeTests(SideBySide):
    """
    Volumes themselves.
    """

    def test_life(self) -> None:
        """
        A plain volume from create to delete.
        """
        self.compare(volume_lives.volume_life)

    def test_fields(self) -> None:
        """
        Every field that Cinder takes.
        """
        self.compare(volume_creates.volume_fields)

    def test_sources(self) -> None:
        """
        What volumes are made of.
        """
        self.compare(volume_creates.volume_sources)

    def test_refusals(self) -> None:
        """
        Creates that Cinder refuses.
        """
        self.compare(volume_creates.volume_refusals)

    def test_quota(self) -> None:
        """
        A full quota.
        """
        self.compare(volume_creates.volume_quota)

    def test_lists(self) -> None:
        """
        Filters, orders and pages, also by microversion.
        """
        self.compare(volume_lists.volume_lists)

    def test_urls(self) -> None:
        """
        Project ids in URLs, right, wrong and left out.
        """
        self.compare(volume_reads.volume_urls)


class ImageTests(SideBySide):
    """
    Volumes and images.
    """

    def test_uploads(self) -> None:
        """
        Images of volumes.
        """
        self.compare(volume_images.volume_uploads)

    def test_image_metadata(self) -> None:
        """
        What volumes keep of images.
        """
        self.compare(volume_images.volume_image_metadata)


class AttachingTests(SideBySide):
    """
    Volumes that something has.
    """

    def test_by_hand(self) -> None:
        """
        The actions that Nova used once.
        """
        self.compare(volume_attaching.volume_by_hand)

    def test_in_use(self) -> None:
        """
        A volume at a server.
        """
        self.compare(volume_attaching.volume_in_use)

    def test_attachments(self) -> None:
        """
        Attachments.
        """
        self.compare(volume_attaching.volume_attachments)


class CopyTests(SideBySide):
    """
    Snapshots, backups and groups.
    """

    def test_snapshot_life(self) -> None:
        """
        A snapshot from create to delete.
        """
        self.compare(volume_snapshots.snapshot_life)

    def test_snapshot_lists(self) -> None:
        """
        Filters, orders and pages of snapshots.
        """
        self.compare(volume_snapshots.snapshot_lists)

    def test_revert(self) -> None:
        """
        A volume as it was.
        """
        self.compare(volume_snapshots.volume_revert)

    def test_backups(self) -> None:
        """
        Backups and what is restored of them.
        """
        self.compare(volume_backups.backup_life)

    def test_groups(self) -> None:
        """
        Groups and their snapshots.
        """
        with volume_groups.a_group_type(self.cloud.admin):
            self.compare(volume_groups.group_life)


class GivingTests(SideBySide):
    """
    Volumes that go to another project.
    """

    def test_transfers(self) -> None:
        """
        By the path of today, with snapshots.
        """
        self.compare(volume_transfers.transfers_of("/volume-transfers", "3.55"), "volume_transfers")

    def test_older_transfers(self) -> None:
        """
        By the older path.
        """
        self.compare(volume_transfers.transfers_of("/os-volume-transfer", None), "older_transfers")

    def test_withdrawn(self) -> None:
        """
        Transfers that are taken back.
        """
        self.compare(volume_transfers.transfer_withdrawn)


class ReadTests(SideBySide):
    """
    What belongs to nobody in particular.
    """

    def test_catalog(self) -> None:
        """
        Types, quotas, limits and the like.
        """
        self.compare(volume_reads.volume_catalog)

    def test_administration(self) -> None:
        """
        What ordinary users may not do.
        """
        self.compare(volume_reads.volume_administration)

    def test_managed(self) -> None:
        """
        Volumes that an administrator lets go and takes again.
        """
        self.compare(volume_managed.volume_managed)

    def test_messages(self) -> None:
        """
        Messages of what went wrong later.
        """
        self.compare(volume_groups.messages_with(self.cloud.admin), "messages")
