"""
What a create's body is taken for before it is placed, for :func:`trio2o.strategies.schedule.parsed`.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import BadRequest
from trio2o.exchange import Inbound
from trio2o.strategies.wanted import Wanted, parsed
from trio2o.surface.matching import Match, Table
from trio2o.surface.surfaces import COMPUTE


class CreateBodyTests(SynchronousTestCase):
    """
    Bodies that two readers of JSON do not agree about.
    """

    def parsed(self, raw: bytes) -> Wanted:
        """
        Read one body of a server create.
        """
        match = Table(COMPUTE.operations).match("POST", b"/servers")
        assert isinstance(match, Match)
        no_body: Any = None
        return parsed(
            raw,
            Inbound(
                operation=match.operation,
                method=b"POST",
                path=b"/v2.1/servers",
                query=None,
                headers=[],
                ids={},
                body=no_body,
                public_root=b"https://cloud.example",
                microversion=None,
            ),
        )

    def test_python_json(self) -> None:
        """
        NaN is left for the pod to refuse in its own words: the services' reader takes it. So is a byte order mark.
        """
        self.assertEqual("az1", self.parsed(b'{"server": {"name": NaN, "availability_zone": "az1"}}').zone)
        self.assertEqual(b'\xef\xbb\xbf{"server": {}}', self.parsed(b'\xef\xbb\xbf{"server": {}}').raw)

    def test_no_json(self) -> None:
        """
        What no reader takes is malformed in the services' words.
        """
        for raw in (
            b"",
            b"{",
            b"hello",
            b'{"server": {}} x',
            b'{"server": {"name": "\xe9"}}',
            b"[" * 100_000,
        ):
            with self.subTest(raw=raw[:30]):
                refused = self.assertRaises(BadRequest, self.parsed, raw)
                self.assertEqual("Malformed request body", refused.message)

    def test_half_a_character(self) -> None:
        """
        Half of a surrogate pair, which nothing can be written in UTF-8 of, is malformed.
        """
        self.assertRaises(BadRequest, self.parsed, b'{"server": {"availability_zone": "\\ud800"}}')
