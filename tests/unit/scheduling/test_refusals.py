"""
Telling a pod's "no room" from its other refusals (I13).
"""

from __future__ import annotations

import orjson
from twisted.trial.unittest import SynchronousTestCase

from trio2o.scheduling.refusals import lacks_room


def fault(name: str, message: object) -> bytes:
    """
    An error as Nova and Cinder write it.
    """
    return orjson.dumps({name: {"code": 0, "message": message}})


class RoomTests(SynchronousTestCase):
    """
    `lacks_room`.
    """

    def test_nova(self) -> None:
        """
        Nova's 403 with "Quota exceeded" is about room.
        """
        for message in (
            "Quota exceeded for instances: Requested 1, but already used 10 of 10 instances",
            "Quota exceeded for cores, ram: Requested 4, 8192, but already used 18, 49152 of 20, 51200 cores, ram",
        ):
            self.assertTrue(lacks_room("compute", 403, fault("forbidden", message)))

    def test_cinder(self) -> None:
        """
        Cinder's over-limit is about room where it names what is short.
        """
        for message in (
            "VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota 'volumes'.",
            "SnapshotLimitExceeded: Maximum number of snapshots allowed (10) exceeded",
            "Requested volume or snapshot exceeds allowed gigabytes quota. Requested 9G, quota is 10G",
            "BackupLimitExceeded: Maximum number of backups allowed (10) exceeded",
        ):
            self.assertTrue(lacks_room("volume", 413, fault("overLimit", message)), message)

    def test_other_refusals(self) -> None:
        """
        Every other refusal is the client's: policy, rate, conflict, another service's words or another status.
        """
        quota, room = "Quota exceeded for instances", "volumes allowed (10) exceeded"
        for service, status, body in (
            ("compute", 403, fault("forbidden", "Policy doesn't allow os_compute_api:servers:create")),
            ("compute", 403, fault("badRequest", quota)),
            ("compute", 409, fault("forbidden", quota)),
            ("compute", 500, fault("forbidden", quota)),
            ("compute", 202, fault("forbidden", quota)),
            ("compute", 413, fault("overLimit", room)),
            ("volume", 413, fault("overLimit", "This request was rate-limited.")),
            ("volume", 413, fault("forbidden", room)),
            ("volume", 403, fault("forbidden", quota)),
            ("volume", 503, fault("overLimit", room)),
            ("network", 403, fault("forbidden", quota)),
        ):
            with self.subTest(service=service, status=status, body=body):
                self.assertFalse(lacks_room(service, status, body))

    def test_what_cannot_be_read(self) -> None:
        """
        A refusal that is not what it should be is no reason to go on.
        """
        for body in (
            b"",
            b"Quota exceeded",
            b"[]",
            b"null",
            b'{"forbidden": "Quota exceeded"}',
            fault("forbidden", 7),
        ):
            with self.subTest(body=body):
                self.assertFalse(lacks_room("compute", 403, body))
