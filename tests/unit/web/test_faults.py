"""
The shape of errors, for :mod:`trio2o.web.faults`; what is expected was seen at Nova 34 and Cinder 29.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import GatewayError, NotFound, Unauthorized
from trio2o.web.faults import fault


def kind(surface: str, error: GatewayError) -> bytes:
    """
    The Content-Type of an error.
    """
    answer = fault(surface, error, to_admin=False, www_authenticate=b"Keystone")
    return dict(answer.headers)[b"Content-Type"]


class ContentTypeTests(SynchronousTestCase):
    """
    What the body of an error is said to be.
    """

    def test_compute(self) -> None:
        """
        Nova's faults name the character set.
        """
        self.assertEqual(b"application/json; charset=UTF-8", kind("compute", NotFound("no")))

    def test_others(self) -> None:
        """
        Cinder's do not, and the Admin API follows RFC 8259, which knows no such parameter.
        """
        self.assertEqual(
            [b"application/json"] * 2, [kind(name, NotFound("no")) for name in ("volume", "admin")]
        )

    def test_unauthorized(self) -> None:
        """
        A 401 is keystonemiddleware's on every surface.
        """
        self.assertEqual(
            [b"application/json"] * 2, [kind(name, Unauthorized("no")) for name in ("compute", "volume")]
        )
