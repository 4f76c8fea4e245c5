"""
Who is told of requests that changed what pods offer.
"""

from __future__ import annotations

from attrs import define
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.unit.strategies.case import TABLES
from trio2o.errors import Unavailable
from trio2o.exchange import Answer
from trio2o.interfaces import IStrategy
from trio2o.strategies.noting import NotingStrategy
from trio2o.surface.matching import Match


@implementer(IStrategy)
@define
class Inner:
    """
    A strategy with this answer.
    """

    answer: Answer | Exception

    async def carry_out(self, inbound: object, context: object) -> Answer:
        """
        Give it.
        """
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class _Inbound:
    def __init__(self, operation: object) -> None:
        self.operation = operation


class _Context:
    def __init__(self, is_admin: bool) -> None:
        self.is_admin = is_admin


class NotingTests(SynchronousTestCase):
    """
    Rows of the tables, carried out.
    """

    def told(
        self, method: str, path: str, answer: Answer | Exception, surface: str = "compute", admin: bool = True
    ) -> bool:
        """
        Whether a request has told of a change.
        """
        found = TABLES[surface].match(method, path.encode())
        assert isinstance(found, Match), path
        told: list[int] = []
        strategy = NotingStrategy(inner=Inner(answer), changed=lambda: told.append(1))
        verifyObject(IStrategy, strategy)
        given: Deferred[Answer] = Deferred.fromCoroutine(
            strategy.carry_out(_Inbound(found.operation), _Context(admin))  # type: ignore[arg-type]
        )
        if isinstance(answer, Exception):
            self.failureResultOf(given, type(answer))
        else:
            self.assertIs(answer, self.successResultOf(given))
        return bool(told)

    def test_writes(self) -> None:
        """
        Writes of flavors and volume types, and of what is below them, tell; others, and reads, do not.
        """
        done = Answer(status=200, headers=[], body=b"")
        for method, path, surface, told in (
            ("POST", "/flavors", "compute", True),
            ("PUT", "/flavors/1", "compute", True),
            ("DELETE", "/flavors/1", "compute", True),
            ("POST", "/flavors/1/os-extra_specs", "compute", True),
            ("PUT", "/flavors/1/os-extra_specs/key", "compute", True),
            ("POST", "/flavors/1/action", "compute", True),
            ("GET", "/flavors/1", "compute", False),
            ("POST", "/os-keypairs", "compute", False),
            ("POST", "/types", "volume", True),
            ("PUT", "/types/1", "volume", True),
            ("DELETE", "/types/1/extra_specs/key", "volume", True),
            ("GET", "/types/1", "volume", False),
            ("POST", "/qos-specs", "volume", False),
        ):
            self.assertEqual(told, self.told(method, path, done, surface), (method, path))

    def test_refused(self) -> None:
        """
        A refusal has changed nothing.
        """
        refused = Answer(status=403, headers=[], body=b"")
        self.assertFalse(self.told("POST", "/flavors", refused))

    def test_failed(self) -> None:
        """
        What failed on the way may have changed some pods, if the caller may change any.
        """
        self.assertTrue(self.told("POST", "/flavors", Unavailable("one pod is away")))
        self.assertFalse(self.told("POST", "/flavors", Unavailable("one pod is away"), admin=False))
        self.assertFalse(self.told("GET", "/flavors/1", Unavailable("one pod is away")))
