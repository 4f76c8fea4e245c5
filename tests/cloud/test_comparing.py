"""
The comparison itself, which needs no cloud.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.cloud.caller import Step
from tests.cloud.differences import Expected
from tests.cloud.normal import Normaliser, differences
from tests.cloud.side_by_side import Difference, compared, judged
from tests.cloud.wire import Reply

ONE, OTHER = "5a0d6c34-9ee5-4a6c-8f5c-3d3a6f6b0c11", "7b1e7d45-0ff6-4b7d-9a6d-4e4b7a7c1d22"


def normaliser(zone: str = "nova") -> Normaliser:
    """
    One run at one place.
    """
    return Normaliser({"http://127.0.0.1:18774": "<compute>"}, {zone: "<zone>"})


class NormaliserTests(SynchronousTestCase):
    """
    Placeholders.
    """

    def test_ids_in_order(self) -> None:
        """
        Ids are numbered as they appear, and the same id has the same number.
        """
        normal = normaliser()

        self.assertEqual("<id 1> <id 2> <id 1>", normal.text(f"{ONE} {OTHER} {ONE.upper().lower()}"))
        self.assertEqual({"a": "<id 2>", "b": "<id 1>"}, normal.value({"b": ONE, "a": OTHER}))

    def test_order_of_keys(self) -> None:
        """
        Two objects that differ in the order of their keys alone are the same.
        """
        first, second = normaliser(), normaliser()

        self.assertEqual(first.value({"a": ONE, "b": OTHER}), second.value({"b": OTHER, "a": ONE}))

    def test_places(self) -> None:
        """
        Hosts and zones are named for what they are; a zone inside another word stays.
        """
        normal = normaliser()

        self.assertEqual("<compute>/v2.1", normal.text("http://127.0.0.1:18774/v2.1"))
        self.assertEqual(["<zone>", "novation"], normal.value(["nova", "novation"]))
        self.assertEqual("?availability_zone=<zone>&x=nova", normal.text("?availability_zone=nova&x=nova"))

    def test_invented(self) -> None:
        """
        Of secrets that a service makes up only the type is kept.
        """
        self.assertEqual({"adminPass": "<str>"}, normaliser().value({"adminPass": "x8sdf"}))

    def test_reply(self) -> None:
        """
        Fields are compared by lower-case names and without those of the connection; Vary has no order.
        """
        fields = (("Vary", "B"), ("Vary", "A"), ("Date", "today"), ("X-Openstack-Request-Id", f"req-{ONE}"))

        told = normaliser().reply(Reply(status=200, fields=fields, body=b"no JSON"))

        self.assertEqual(
            {
                "status": 200,
                "fields": {"vary": "A, B", "x-openstack-request-id": "<request>"},
                "body": "no JSON",
            },
            told,
        )


class DifferencesTests(SynchronousTestCase):
    """
    Where two values differ.
    """

    def test_paths(self) -> None:
        """
        Each difference is told with its path; absent is not null, true is not 1.
        """
        found = differences({"a": [1, {"b": 1}], "c": None, "d": 1}, {"a": [1, {"b": 2}], "d": True})

        self.assertEqual(
            [("a[1].b", "1", "2"), ("c", "None", "(absent)"), ("d", "1", "True")],
            found,
        )

    def test_lengths(self) -> None:
        """
        Lists of different lengths are one difference.
        """
        self.assertEqual([("a", "[1]", "[1, 2]")], differences({"a": [1]}, {"a": [1, 2]}))


class RunsTests(SynchronousTestCase):
    """
    Two runs of one scenario.
    """

    def test_other_request(self) -> None:
        """
        A run that made another request is told so, and nothing behind that is compared.
        """
        same, one, other = (
            Step(label="a", answer={}),
            Step(label="b", answer={}),
            Step(label="c", answer={"x": 1}),
        )

        (found,) = compared([same, one, one], [same, other, other])

        self.assertEqual(("label", "b", "c"), (found.path, found.pod, found.top))

    def test_shorter(self) -> None:
        """
        A run that ended early differs.
        """
        self.assertEqual(1, len(compared([Step(label="a", answer={})], [])))


class ExpectedTests(SynchronousTestCase):
    """
    The table of expected differences.
    """

    row = Expected(scenario="life", steps=("GET /x [*]",), paths=("body.*",), reason="so it is")
    met = Difference(step="GET /x [1]", path="body.a[0]", pod="1", top="2")
    other = Difference(step="GET /x [1]", path="status", pod="1", top="2")

    def test_unexpected(self) -> None:
        """
        A difference that no row covers is a failure, and brackets stand for themselves.
        """
        self.assertEqual(([self.other], []), judged("life", [self.met, self.other], [self.row]))

    def test_unseen(self) -> None:
        """
        A row that nothing shows any more is a failure of its own scenario alone.
        """
        self.assertEqual(([], [self.row]), judged("life", [], [self.row]))
        self.assertEqual(([], []), judged("death", [], [self.row]))
