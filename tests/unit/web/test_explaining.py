"""
Creates that tell why they went where they went.
"""

from __future__ import annotations

import json

from tests.unit.web.gateway import ADMIN_TOKEN, GatewayCase
from trio2o.errors import NoValidPod
from trio2o.exchange import Answer
from trio2o.model import Candidate, Kind, PlacementRequest, Pod
from trio2o.scheduling.explaining import explained
from trio2o.scheduling.registry import make_filters
from trio2o.scheduling.selection import Selection

ASKED = (b"X-Trio2o-Explain", b"true")
FIELD = b"x-trio2o-explanation"
SERVER = PlacementRequest(project_id="p", kind=Kind.SERVER)


class ExplainingTests(GatewayCase):
    """
    The two fields.
    """

    def setUp(self) -> None:
        super().setUp()
        pods = [Pod(id="1", name="Pod1 \r\nX: y", az_name="az1"), Pod(id="2", name="Pod2", az_name="az1")]
        ranking = Selection(filters=make_filters(["health"]), weighers=()).rank(
            [Candidate(pod=pods[0]), Candidate(pod=pods[1], healthy=False)], SERVER
        )
        self.strategies["schedule"].answer = Answer(status=202, body=b"{}")
        self.strategies["schedule"].explanation = explained(SERVER, ranking, ())

    def test_told(self) -> None:
        """
        One who may know is told, in one line that no pod's name breaks.
        """
        answer = self.ask("POST", "/v2.1/servers", ASKED, body=b"{}", token=ADMIN_TOKEN)

        told = json.loads(answer.value(FIELD) or b"")
        self.assertEqual((202, "create"), (answer.status, told["move"]))
        self.assertEqual(["Pod1 \r\nX: y"], [one["pod"] for one in told["ranked"]])
        self.assertEqual({"health": ["Pod2"]}, told["dropped"])
        self.assertIsNone(answer.value(b"x"))

    def test_errors(self) -> None:
        """
        An error has it as well.
        """
        self.strategies["schedule"].answer = NoValidPod("No room.", reasons={})
        answer = self.ask("POST", "/v2.1/servers", ASKED, body=b"{}", token=ADMIN_TOKEN)

        self.assertEqual(503, answer.status)
        self.assertEqual("create", json.loads(answer.value(FIELD) or b"")["move"])

        self.strategies["schedule"].answer = RuntimeError("a bug")
        answer = self.ask("POST", "/v2.1/servers", ASKED, body=b"{}", token=ADMIN_TOKEN)
        self.assertEqual(500, answer.status)
        self.assertIn(b"Pod2", answer.value(FIELD) or b"")
        self.assertEqual(1, len(self.flushLoggedErrors(RuntimeError)))

    def test_nobody_asked(self) -> None:
        """
        Without the field, or with ``false``, nothing is told, and nothing is made for it.
        """
        for fields in ((), ((ASKED[0], b"False"),)):
            answer = self.ask("POST", "/v2.1/servers", *fields, body=b"{}", token=ADMIN_TOKEN)
            self.assertEqual((202, None), (answer.status, answer.value(FIELD)))
            self.assertIsNone(self.strategies["schedule"].calls[-1][0].explain)

    def test_others(self) -> None:
        """
        Who may not know gets the same create, and is not told.
        """
        answer = self.ask("POST", "/v2.1/servers", ASKED, body=b"{}")

        self.assertEqual((202, None), (answer.status, answer.value(FIELD)))

    def test_slip(self) -> None:
        """
        Another value is refused before anything is made.
        """
        answer = self.ask("POST", "/v2.1/servers", (ASKED[0], b"yes"), body=b"{}", token=ADMIN_TOKEN)

        self.assertEqual(400, answer.status)
        self.assertEqual([], self.strategies["schedule"].calls)

    def test_kept_here(self) -> None:
        """
        The field does not go on to a pod.
        """
        self.ask("POST", "/v2.1/servers", ASKED, body=b"{}", token=ADMIN_TOKEN)

        inbound, _ = self.strategies["schedule"].calls[-1]
        self.assertIsNone(inbound.header(b"x-trio2o-explain"))

    def test_other_requests(self) -> None:
        """
        A request that chooses no pod has nothing to tell.
        """
        answer = self.ask("GET", "/v2.1/servers/detail", ASKED, token=ADMIN_TOKEN)

        self.assertEqual((200, None), (answer.status, answer.value(FIELD)))
