"""
One line for each request.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from trio2o.ops.access_log import FLUSH_BYTES, FLUSH_SECONDS, AccessLog
from trio2o.ops.logfile import LogFile


class DiskFile(LogFile):
    """
    A file on a disk that may be full.
    """

    full = False

    def write(self, lines: bytes) -> None:
        """
        Write, or fail.
        """
        if self.full:
            raise OSError(28, "No space left on device")
        super().write(lines)


class AccessLogTests(SynchronousTestCase):
    """
    Lines, and when they are written.
    """

    def setUp(self) -> None:
        """
        A log whose clock stands at a known moment.
        """
        self.path = self.mktemp()
        self.file = DiskFile(self.path)
        self.addCleanup(lambda: self.file.close())
        self.clock = Clock()
        self.clock.advance(1_700_000_000.5)
        self.log = AccessLog(self.file, self.clock)

    def record(self, **changes: Any) -> None:
        """
        Record a usual request, with changes.
        """
        request: dict[str, Any] = {
            "request_id": "req-1",
            "global_request_id": "req-2",
            "pod_request_id": "req-3",
            "client": "203.0.113.5",
            "project_id": "p1",
            "user_id": "u1",
            "surface": "compute",
            "method": "GET",
            "target": b"/v2.1/servers/s1",
            "status": 200,
            "sent": 2055,
            "seconds": 0.0123456,
            "pods": ("Pod1",),
            "pod_seconds": 0.011,
            "outcome": "ok",
        }
        self.log.record(**{**request, **changes})

    def written(self) -> bytes:
        """
        What is in the file.
        """
        return Path(self.path).read_bytes()

    def test_json(self) -> None:
        """
        A line has everything that is known of the request.
        """
        self.record()
        self.log.flush()
        self.assertEqual(
            orjson.loads(self.written()),
            {
                "time": "2023-11-14T22:13:20.500Z",
                "request_id": "req-1",
                "global_request_id": "req-2",
                "pod_request_id": "req-3",
                "client": "203.0.113.5",
                "project_id": "p1",
                "user_id": "u1",
                "surface": "compute",
                "method": "GET",
                "path": "/v2.1/servers/s1",
                "status": 200,
                "bytes": 2055,
                "ms": 12.346,
                "pods": ["Pod1"],
                "pod_ms": 11.0,
                "outcome": "ok",
            },
        )

    def test_text(self) -> None:
        """
        The text form has the same on one line, with a dash for what is empty.
        """
        self.log.json = False
        self.record(global_request_id="", pod_request_id="", pods=(), user_id="", client="")
        self.log.flush()
        self.assertEqual(
            self.written(),
            b"2023-11-14T22:13:20.500Z - compute GET /v2.1/servers/s1 200 2055 12.346"
            b" pods=- pod_ms=11.000 user=- project=p1 request=req-1 global=- pod_request=- ok\n",
        )

    def test_no_forged_lines(self) -> None:
        """
        What a client sends cannot begin a line of its own.
        """
        for self.log.json in (True, False):
            self.record(target=b"/a\r\nforged", method="G\nET", global_request_id="x\ny\x1b[2J")
        self.log.flush()
        self.assertEqual(self.written().count(b"\n"), 2)
        self.assertNotIn(b"\x1b", self.written())

    def test_secrets(self) -> None:
        """
        A token in the query is not written.
        """
        self.record(target=b"/v2.1/servers?token=s3cret")
        self.log.flush()
        self.assertNotIn(b"s3cret", self.written())

    def test_odd_text(self) -> None:
        """
        Text that is not Unicode is written all the same.
        """
        for self.log.json in (True, False):
            self.record(pods=("Pod\ud8001",))
        self.log.flush()
        self.assertEqual(self.written().count(b"\n"), 2)

    def test_each_second(self) -> None:
        """
        A line waits for a second at most, together with those that come meanwhile.
        """
        self.record()
        self.clock.advance(FLUSH_SECONDS - 0.1)
        self.record()
        self.assertEqual(self.written(), b"")
        self.clock.advance(0.1)
        self.assertEqual(self.written().count(b"\n"), 2)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.record()
        self.clock.advance(FLUSH_SECONDS)
        self.assertEqual(self.written().count(b"\n"), 3)

    def test_much(self) -> None:
        """
        Much is written at once, so that memory stays small.
        """
        lines = 0
        while not self.written():
            self.record(target=b"/" + b"a" * 1000)
            lines += 1
        self.assertLess(lines, FLUSH_BYTES // 1000 + 1)
        self.assertGreater(lines, FLUSH_BYTES // 2000)

    def test_stop(self) -> None:
        """
        Stopping writes what is left and leaves no timer.
        """
        self.record()
        self.log.stop()
        self.assertEqual(self.written().count(b"\n"), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.log.stop()

    def test_rotation(self) -> None:
        """
        Lines from before the rotation are in the old file, later ones in the new.
        """
        self.record(request_id="req-old")
        Path(self.path).rename(self.path + ".1")
        self.log.reopen()
        self.record(request_id="req-new")
        self.log.flush()
        self.assertIn(b"req-old", Path(self.path + ".1").read_bytes())
        self.assertIn(b"req-new", self.written())
        self.assertNotIn(b"req-old", self.written())

    def test_full_disk(self) -> None:
        """
        Lines that cannot be written are dropped and counted; when there is room again it goes on.
        """
        self.file.full = True
        for _ in range(3):
            self.record()
        self.log.flush()
        self.record()
        self.log.flush()
        self.assertEqual(self.log.lost, 4)
        self.file.full = False
        self.record(request_id="req-again")
        self.log.flush()
        self.assertEqual(self.written().count(b"\n"), 1)
