"""
What a pod's answer says, and whether it is to be believed.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.adoption.case import a_route
from trio2o.adoption.questions import Said
from trio2o.adoption.verdict import Credit, Verdict, verdict
from trio2o.model import Kind
from trio2o.surface.kinds import KINDS, UNROUTED

ROUTE = a_route(1)


def not_found(message: str, **more: Any) -> dict[str, Any]:
    """
    The services' fault.
    """
    return {"itemNotFound": {"code": 404, "message": message, **more}}


class VerdictTests(SynchronousTestCase):
    """
    One answer.
    """

    def judged(self, status: int, body: Any) -> Verdict:
        """
        The verdict on the server.
        """
        return verdict(ROUTE, Said(status=status, body=body))

    def test_every_kind(self) -> None:
        """
        Every kind that has routes is known by its body, and its absence by its service's own words.
        """
        for kind in set(Kind) - UNROUTED:
            route = a_route(1, kind)
            shown = Said(status=200, body={KINDS[kind].single: {"id": route.resource_id.upper()}})
            words = KINDS[kind].missing.replace("{id}", route.resource_id)
            self.assertIs(Verdict.PRESENT, verdict(route, shown), kind)
            self.assertIs(Verdict.ABSENT, verdict(route, Said(status=404, body=not_found(words))), kind)

    def test_unclear(self) -> None:
        """
        Whatever is not one of the two says nothing: other statuses, other resources, other words, no JSON.
        """
        words = f"Instance {ROUTE.resource_id} could not be found."
        for status, body in (
            (200, None),
            (200, []),
            (200, {"server": {"id": a_route(2).resource_id}}),
            (200, {"volume": {"id": ROUTE.resource_id}}),
            (204, None),
            (300, not_found(words)),
            (400, not_found(words)),
            (401, not_found(words)),
            (403, not_found(words)),
            (410, not_found(words)),
            (500, not_found(words)),
            (503, not_found(words)),
            (404, None),
            (404, {}),
            (404, []),
            (404, "Not Found"),
            (404, {"error": {"code": 404, "message": words}}),
            (404, {"itemNotFound": words}),
            (404, not_found("The resource could not be found.")),
            (404, not_found(f"Instance {a_route(2).resource_id} could not be found.")),
            (404, not_found(words, code=400)),
            (404, {**not_found(words), "more": 1}),
        ):
            self.assertIs(Verdict.UNCLEAR, self.judged(status, body), (status, body))


class CreditTests(SynchronousTestCase):
    """
    Many answers.
    """

    def test_few(self) -> None:
        """
        A few absent ones are believed though they be all.
        """
        credit = Credit()
        for _ in range(9):
            credit.note(present=False)
        self.assertTrue(credit.good)
        credit.note(present=False)
        self.assertFalse(credit.good)

    def test_share(self) -> None:
        """
        Up to half of the latest may be absent; what was before them is forgotten.
        """
        credit = Credit()
        for _ in range(50):
            credit.note(present=False)
            credit.note(present=True)
        self.assertTrue(credit.good)
        credit.note(present=False)
        credit.note(present=False)
        self.assertFalse(credit.good)
        for _ in range(100):
            credit.note(present=True)
        self.assertTrue(credit.good)
