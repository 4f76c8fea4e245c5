"""
Clients that take a whole answer or none (I8).
"""

from __future__ import annotations

from tests.unit.strategies.doubles import MemoryAnswer
from tests.unit.web.gateway import ADMIN_TOKEN, P1, GatewayCase, VolumeCase
from trio2o.exchange import Answer
from trio2o.model import Pod

ID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
PODS = tuple(Pod(id=name, name=name, az_name=zone) for name, zone in (("Pod3", "az2"), ("Pod2", "az1")))
REFUSE = (b"X-Trio2o-Incomplete", b"refuse")

#: A path of each strategy whose answers may lack a pod's part.
READS = {
    "merge": "/v2.1/servers/detail",
    "join": "/v2.1/os-hypervisors",
    "sum": "/v2.1/os-hypervisors/statistics",
    "usage": "/v2.1/os-simple-tenant-usage",
    "agreed": "/v2.1/flavors",
    "local": "/v2.1/os-availability-zone/detail",
    "route": f"/v2.1/servers/{ID}",
}


class WholeOrNothingTests(GatewayCase):
    """
    Reads of Compute.
    """

    def lacks(self, strategy: str, **more: object) -> None:
        """
        The strategy's answer lacks two pods' parts.
        """
        known = {"status": 200, "missing": PODS, "pods": ("Pod1",), "body": b"{}"}
        self.strategies[strategy].answer = Answer(**{**known, **more})  # type: ignore[arg-type]

    def test_refused(self) -> None:
        """
        Whatever is asked for, an answer that lacks a part is refused: 503 in Nova's shape with the zones and when to try again.
        """
        for strategy, path in READS.items():
            with self.subTest(strategy=strategy):
                self.lacks(strategy)

                answer = self.ask("GET", path, REFUSE)

                self.assertEqual((503, b"10"), (answer.status, answer.value(b"retry-after")))
                self.assertEqual(503, answer.json["serviceUnavailable"]["code"])
                self.assertNotIn("Pod", answer.json["serviceUnavailable"]["message"])
                self.assertEqual(b"az1, az2", answer.value(b"x-trio2o-incomplete-zones"))
                self.assertIsNone(answer.value(b"x-trio2o-missing-pods"))
                self.assertEqual([strategy], [record.strategy for record in self.records])
                self.assertEqual(("Pod3", "Pod2"), self.record.missing)
                self.assertIn("Pod2, Pod3", self.record.detail)
                self.records.clear()

    def test_admins(self) -> None:
        """
        Admins read which pods are missing.
        """
        self.lacks("merge")

        answer = self.ask("GET", READS["merge"], REFUSE, token=ADMIN_TOKEN)

        self.assertEqual(b"Pod2, Pod3", answer.value(b"x-trio2o-missing-pods"))
        self.assertIn("missing: Pod2, Pod3", answer.json["serviceUnavailable"]["message"])

    def test_whole(self) -> None:
        """
        A whole answer is given.
        """
        self.strategies["merge"].answer = Answer(status=200, body=b"{}")

        self.assertEqual(200, self.ask("GET", READS["merge"], REFUSE).status)

    def test_accepted(self) -> None:
        """
        Who says nothing, or says so, gets what there is.
        """
        self.lacks("merge")
        for fields in ((), ((b"X-Trio2o-Incomplete", b"accept"),), ((b"x-trio2o-incomplete", b""),)):
            answer = self.ask("GET", READS["merge"], *fields)
            self.assertEqual(
                (200, b"az1, az2"), (answer.status, answer.value(b"x-trio2o-incomplete-zones")), fields
            )

    def test_spelling(self) -> None:
        """
        Neither the field nor its value has a case.
        """
        self.lacks("merge")

        self.assertEqual(503, self.ask("GET", READS["merge"], (b"X-TRIO2O-INCOMPLETE", b" Refuse ")).status)

    def test_slip(self) -> None:
        """
        A value that means nothing is 400, and nobody is asked.
        """
        answer = self.ask("GET", READS["merge"], (b"X-Trio2o-Incomplete", b"refused"))

        self.assertEqual(400, answer.status)
        self.assertIn("'refuse'", answer.json["badRequest"]["message"])
        self.assertEqual([], self.strategies["merge"].calls)

    def test_error(self) -> None:
        """
        An error stays what it is.
        """
        self.lacks("merge", status=400)

        self.assertEqual(400, self.ask("GET", READS["merge"], REFUSE).status)

    def test_change(self) -> None:
        """
        A request that changes something is answered with what came of it.
        """
        self.lacks("split")

        answer = self.ask("POST", "/v2.1/os-server-external-events", REFUSE)

        self.assertEqual((200, b"az1, az2"), (answer.status, answer.value(b"x-trio2o-incomplete-zones")))

    def test_streamed(self) -> None:
        """
        A body that is still at its pod is dropped.
        """
        body = MemoryAnswer(200, [], b"{}", "Pod1")
        self.lacks("merge", body=body)

        self.assertEqual(503, self.ask("GET", READS["merge"], REFUSE).status)
        self.assertEqual(["discarded"], body.used)


class VolumeTests(VolumeCase):
    """
    Reads of Block Storage.
    """

    def test_refused(self) -> None:
        """
        A list is refused in Cinder's shape.
        """
        self.strategies["merge"].answer = Answer(status=200, missing=PODS, body=b"{}")

        answer = self.ask("GET", f"/v3/{P1}/volumes", REFUSE)

        self.assertEqual((503, 503), (answer.status, answer.json["serviceUnavailable"]["code"]))
        self.assertEqual(b"az1, az2", answer.value(b"x-trio2o-incomplete-zones"))
