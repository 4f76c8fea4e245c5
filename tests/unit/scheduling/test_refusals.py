"""
Telling a pod's "no room" from its other refusals (I13).
"""

from __future__ import annotations

import orjson
from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import NOTHING, Amounts, Kind, Lack, Mark, PlacementRequest
from trio2o.scheduling.refusals import Refusal, Refused503, in_words, mark_of, refusal


def fault(name: str, message: object) -> bytes:
    """
    An error as Nova and Cinder write it.
    """
    return orjson.dumps({name: {"code": 0, "message": message}})


def lacks_room(service: str, status: int, body: bytes) -> bool:
    """
    Whether it is a refusal at all.
    """
    return refusal(service, status, [], body) is not None


class RoomTests(SynchronousTestCase):
    """
    Which answers are about room.
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


class MeaningTests(SynchronousTestCase):
    """
    What a refusal says of later creates.
    """

    def refusal(self, service: str, status: int, message: str) -> Refusal:
        """
        One that is one.
        """
        found = refusal(service, status, [], fault({403: "forbidden", 413: "overLimit"}[status], message))
        assert found is not None
        return found

    def test_any_size(self) -> None:
        """
        Who may have no more servers, or volumes, gets none of any size; who is short of cores or gigabytes gets smaller ones.
        """
        for service, status, message, any_size in (
            ("compute", 403, "Quota exceeded for instances: Requested 1, but already used 10 of 10", True),
            ("compute", 403, "Quota exceeded for cores, instances: Requested 4, 1, but already", True),
            (
                "compute",
                403,
                "Quota exceeded for cores, ram: Requested 4, 8, but already used 10 of 10",
                False,
            ),
            ("volume", 413, "Maximum number of volumes allowed (10) exceeded for quota 'volumes'.", True),
            (
                "volume",
                413,
                "Maximum number of volumes allowed (10) exceeded for quota 'volumes_lvm'.",
                False,
            ),
            ("volume", 413, "Requested volume or snapshot exceeds allowed gigabytes quota.", False),
        ):
            found = self.refusal(service, status, message)
            self.assertEqual((Lack.QUOTA, any_size, True), (found.lack, found.any_size, found.lasts), message)

    def test_server_group(self) -> None:
        """
        A full server group says nothing of other servers.
        """
        self.assertFalse(self.refusal("compute", 403, "Quota exceeded, too many servers in group").lasts)

    def test_words(self) -> None:
        """
        The pod's words fit in one header.
        """
        found = self.refusal("compute", 403, "Quota exceeded for cores: \r\nX-Evil: é " + "x" * 300)
        self.assertTrue(found.words.isascii() and found.words.isprintable(), found.words)
        self.assertEqual(200, len(found.words))
        self.assertEqual("short", in_words("short"))

    def test_503(self) -> None:
        """
        A 503 is a refusal where a rule knows it: by a header, or by a text of its body.
        """
        rules = (
            Refused503(body=b"No server is available"),
            Refused503(header=b"x-rejected", value=b"backend"),
        )
        html = b"<html>No server is available to handle this request.</html>"
        for service, status, headers, body, known in (
            ("compute", 503, [], html, True),
            ("volume", 503, [], html, True),
            ("compute", 502, [], html, False),
            ("compute", 503, [], b"", False),
            ("volume", 503, [(b"X-Rejected", b"no-backend")], b"", True),
            ("volume", 503, [(b"x-rejected", b"policy")], b"", False),
            ("volume", 503, [(b"x-other", b"no-backend")], b"", False),
        ):
            found = refusal(service, status, headers, body, rules)
            self.assertEqual(known, found is not None, (service, status, headers, body))
            if found is not None:
                self.assertEqual((Lack.SERVICE, True), (found.lack, found.any_size))
        self.assertIsNone(refusal("compute", 503, [], html))

    def test_marks(self) -> None:
        """
        A quota is the project's own, a missing host everybody's; what says nothing of its size, or is no server and no volume,
        leaves no mark.
        """
        request = PlacementRequest(
            project_id="p", kind=Kind.SERVER, needs=Amounts(vcpus=2.0), flavor="2", pod_group="gpu", image="i"
        )
        asked = ("gpu", "2", None)
        self.assertEqual(
            Mark(
                pod_id="1",
                kind=Kind.SERVER,
                lack=Lack.QUOTA,
                project_id="p",
                needs=request.needs,
                asked=asked,
            ),
            mark_of(Lack.QUOTA, "1", request),
        )
        self.assertEqual(
            Mark(
                pod_id="1",
                kind=Kind.SERVER,
                lack=Lack.HOST,
                met_by="p",
                image="i",
                needs=request.needs,
                asked=asked,
            ),
            mark_of(Lack.HOST, "1", request),
        )
        self.assertEqual(
            Mark(pod_id="1", kind=Kind.SERVER, lack=Lack.SERVICE),
            mark_of(Lack.SERVICE, "1", request, any_size=True),
        )
        for changes in ({"needs": NOTHING}, {"needs": None}, {"kind": Kind.SNAPSHOT}):
            self.assertIsNone(mark_of(Lack.QUOTA, "1", evolve(request, **changes)))
