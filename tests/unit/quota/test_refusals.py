"""
What clients are told who want more than they may have: word for word what Nova and Cinder said when they were asked.
"""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import BadRequest, Forbidden, OverLimit
from trio2o.quota import refusals
from trio2o.quota.refusals import OverQuota


def over(wanted: Mapping[str, int], taken: Mapping[str, int], limits: Mapping[str, int]) -> OverQuota:
    """
    What is over its limit.
    """
    return OverQuota(wanted=wanted, taken=taken, limits=limits)


class NovaTests(SynchronousTestCase):
    """
    Nova's 403s.
    """

    def test_one(self) -> None:
        """
        One resource, with numbers of all pods together.
        """
        error = refusals.nova(
            over({"instances": 1, "cores": 1, "ram": 128}, {"instances": 2}, {"instances": 2, "cores": 20})
        )
        self.assertIsInstance(error, Forbidden)
        self.assertEqual(
            "Quota exceeded for instances: Requested 1, but already used 2 of 2 instances", error.message
        )

    def test_all(self) -> None:
        """
        Several stand in the order of their names.
        """
        error = refusals.nova(
            over(
                {"instances": 1, "ram": 2048, "cores": 1},
                {"instances": 2, "cores": 2, "ram": 256},
                {"instances": 2, "cores": 2, "ram": 256},
            )
        )
        self.assertEqual(
            "Quota exceeded for cores, instances, ram: Requested 1, 1, 2048, but already used 2, 2, 256 of 2, 2, 256 "
            "cores, instances, ram",
            error.message,
        )

    def test_several(self) -> None:
        """
        As many as fit are asked for by the least and the most.
        """
        error = refusals.nova(over({"instances": 5}, {}, {"instances": 0}), {"instances": "3-5"})
        self.assertEqual(
            "Quota exceeded for instances: Requested 3-5, but already used 0 of 0 instances", error.message
        )

    def test_groups(self) -> None:
        """
        Server groups have words of their own.
        """
        error = refusals.nova_groups(over({"server_groups": 1}, {}, {"server_groups": 0}))
        self.assertEqual("Quota exceeded, too many server groups.", error.message)


class CinderTests(SynchronousTestCase):
    """
    Cinder's 413s.
    """

    def assert_said(
        self, words: str, wanted: Mapping[str, int], taken: Mapping[str, int], limits: Mapping[str, int]
    ) -> None:
        """
        Assert what it says, and by which fields.
        """
        error = refusals.cinder(over(wanted, taken, limits))
        self.assertIsInstance(error, OverLimit)
        self.assertEqual((words, ((b"Retry-After", b"0"),)), (error.message, error.headers))

    def test_volumes(self) -> None:
        """
        Volumes are told with the quota's name, a type's too.
        """
        for name in ("volumes", "volumes_files"):
            self.assert_said(
                f"VolumeLimitExceeded: Maximum number of volumes allowed (1) exceeded for quota '{name}'.",
                {name: 1},
                {name: 1},
                {name: 1},
            )

    def test_gigabytes(self) -> None:
        """
        Room comes before numbers, and that of all types before a type's.
        """
        wanted = {"volumes": 1, "gigabytes": 2, "volumes_files": 1, "gigabytes_files": 2}
        taken = {"volumes": 1, "gigabytes": 1, "volumes_files": 1, "gigabytes_files": 1}
        words = (
            "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed {} quota. Requested 2G, "
            "quota is {}G and 1G has been consumed."
        )
        self.assert_said(words.format("gigabytes", 1), wanted, taken, dict.fromkeys(wanted, 1))
        self.assert_said(words.format("gigabytes_files", 2), wanted, taken, {"gigabytes_files": 2})

    def test_others(self) -> None:
        """
        Snapshots, backups and groups.
        """
        for name, words in (
            ("snapshots", "SnapshotLimitExceeded: Maximum number of snapshots allowed (0) exceeded"),
            ("snapshots_files", "SnapshotLimitExceeded: Maximum number of snapshots allowed (0) exceeded"),
            ("backups", "BackupLimitExceeded: Maximum number of backups allowed (0) exceeded"),
            ("groups", "GroupLimitExceeded: Maximum number of groups allowed (0) exceeded"),
        ):
            self.assert_said(words, {name: 1}, {}, {name: 0})

    def test_backup_gigabytes(self) -> None:
        """
        Backups' room comes before their number.
        """
        self.assert_said(
            "VolumeBackupSizeExceedsAvailableQuota: Requested backup exceeds allowed Backup gigabytes quota. Requested 2G, "
            "quota is 0G and 0G has been consumed.",
            {"backups": 1, "backup_gigabytes": 2},
            {},
            {"backups": 0, "backup_gigabytes": 0},
        )

    def test_elsewhere(self) -> None:
        """
        Restores and transfers leave the name of the exception out, growth tells of all types, and copies of groups are 400.
        """
        room = "Requested volume or snapshot exceeds allowed gigabytes quota. Requested 2G, quota is 5G and 4G has been consumed."
        full = over({"volumes": 1, "gigabytes": 2}, {"gigabytes": 4}, {"gigabytes": 5})
        many = over({"volumes": 1}, {"volumes": 1}, {"volumes": 1})
        number = "Maximum number of volumes allowed (1) exceeded for quota 'volumes'."
        self.assertEqual(room, refusals.cinder_bare(full).message)
        self.assertEqual(number, refusals.cinder_bare(many).message)
        self.assertEqual(room, refusals.cinder_accepting(full).message)
        self.assertEqual(f"VolumeLimitExceeded: {number}", refusals.cinder_accepting(many).message)
        copied = refusals.cinder_400(many)
        self.assertIsInstance(copied, BadRequest)
        self.assertEqual(number, copied.message)
        grown = over(
            {"gigabytes": 4, "gigabytes_files": 4},
            {"gigabytes": 1, "gigabytes_files": 1},
            {"gigabytes": 1000, "gigabytes_files": 2},
        )
        self.assertEqual(
            "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 4G, "
            "quota is 1000G and 1G has been consumed.",
            refusals.cinder_growing(grown).message,
        )

    @given(
        wanted=st.dictionaries(st.sampled_from(["volumes", "gigabytes"]), st.integers(0, 9)),
        taken=st.dictionaries(st.sampled_from(["volumes", "gigabytes"]), st.integers(0, 9)),
        limits=st.dictionaries(st.sampled_from(["volumes", "gigabytes"]), st.integers(-1, 9)),
    )
    def test_room(
        self, wanted: Mapping[str, int], taken: Mapping[str, int], limits: Mapping[str, int]
    ) -> None:
        """
        What is over its limit is exactly what there is no room for, and nothing that asks for none.
        """
        exceeded = over(wanted, taken, limits)
        for name, amount in wanted.items():
            room = exceeded.room(name)
            self.assertEqual(amount > 0 and room is not None and amount > room, name in exceeded.names)
