"""
The shape of errors, for :mod:`trio2o.web.faults`; what is expected was seen at Nova 34 and Cinder 29.
"""

from __future__ import annotations

from typing import Any

import orjson
from twisted.trial.unittest import SynchronousTestCase

from trio2o import errors
from trio2o.errors import BodyTooLarge, GatewayError, NotFound, Unauthorized, Unavailable
from trio2o.exchange import Answer
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


#: The key of each error at Nova and Cinder.
NAMES = {
    "BadRequest": "badRequest",
    "Forbidden": "forbidden",
    "NotFound": "itemNotFound",
    "MethodNotAllowed": "badMethod",
    "NotAcceptable": "computeFault",
    "Conflict": "conflictingRequest",
    "BodyTooLarge": "overLimit",
    "Unprocessable": "computeFault",
    "BadGateway": "computeFault",
    "Unavailable": "serviceUnavailable",
    "GatewayTimeout": "computeFault",
    "NoValidPod": "serviceUnavailable",
}


def an_error(name: str) -> GatewayError:
    """
    One of the domain's errors.
    """
    made = getattr(errors, name)
    return (
        made("no", reasons={"Pod1": "full"})
        if name == "NoValidPod"
        else made("no", admin_detail="Pod1: full")
    )


class ShapeTests(SynchronousTestCase):
    """
    What the body of an error is.
    """

    def answer(self, surface: str, error: GatewayError, *, to_admin: bool = False) -> Answer:
        """
        An error as an answer.
        """
        return fault(surface, error, to_admin=to_admin, www_authenticate=b"Keystone")

    def body(self, surface: str, error: GatewayError, *, to_admin: bool = False) -> Any:
        """
        Its body.
        """
        answer = self.answer(surface, error, to_admin=to_admin)
        assert isinstance(answer.body, bytes)
        return orjson.loads(answer.body)

    def test_services(self) -> None:
        """
        Nova's and Cinder's errors have the key of their status, and the status in it.
        """
        for name, key in NAMES.items():
            error = an_error(name)
            for surface in ("compute", "volume"):
                with self.subTest(error=name, surface=surface):
                    self.assertEqual(
                        {key: {"code": error.status, "message": "no"}}, self.body(surface, error)
                    )
                    self.assertEqual(error.status, self.answer(surface, error).status)

    def test_every_error(self) -> None:
        """
        No error of the domain is left out here.
        """
        domain = {
            name
            for name, value in vars(errors).items()
            if isinstance(value, type) and issubclass(value, GatewayError) and value is not GatewayError
        }

        self.assertEqual(domain, {*NAMES, "OverLimit", "Unauthorized"})

    def test_over_limit(self) -> None:
        """
        Cinder's 413 says when to try again, in its header and in its body.
        """
        error = errors.OverLimit("no")

        self.assertEqual(
            {"overLimit": {"code": 413, "message": "no", "retryAfter": "0"}}, self.body("volume", error)
        )
        self.assertIn((b"Retry-After", b"0"), self.answer("volume", error).headers)

    def test_keystone(self) -> None:
        """
        A 401 has Keystone's shape on every surface, and says where to get a token.
        """
        for surface in ("compute", "volume", "admin"):
            body = {"error": {"code": 401, "title": "Unauthorized", "message": "no"}}
            self.assertEqual(body, self.body(surface, Unauthorized("no")))
            self.assertIn(
                (b"WWW-Authenticate", b"Keystone"), self.answer(surface, Unauthorized("no")).headers
            )

    def test_admin_surface(self) -> None:
        """
        The Admin API's errors have one shape.
        """
        for name in NAMES:
            (error,) = self.body("admin", an_error(name)).values()
            with self.subTest(error=name):
                self.assertEqual((an_error(name).status, "no"), (error["code"], error["message"]))
                self.assertNotEqual("Error", error["title"])

    def test_detail(self) -> None:
        """
        What may name a pod is told to admins alone (I5).
        """
        for name in NAMES:
            for surface in ("compute", "volume", "admin"):
                self.assertNotIn("Pod1", str(self.body(surface, an_error(name))))
                self.assertIn("(Pod1: full)", str(self.body(surface, an_error(name), to_admin=True)))
        self.assertNotIn("(", str(self.body("compute", NotFound("no"), to_admin=True)))

    def test_fields(self) -> None:
        """
        An error's own fields are there; over-limits repeat when to try again in their body, as Nova's do.
        """
        again = [(b"Retry-After", b"7")]

        self.assertIn(again[0], self.answer("compute", Unavailable("no", headers=again)).headers)
        self.assertNotIn(
            "retryAfter", self.body("compute", Unavailable("no", headers=again))["serviceUnavailable"]
        )
        self.assertEqual(
            "7", self.body("compute", BodyTooLarge("no", headers=again))["overLimit"]["retryAfter"]
        )
