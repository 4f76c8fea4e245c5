"""
Host aggregates as pods show them, and the steps to what is wanted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.unit.shared.asks import ScriptedAsk
from trio2o.errors import NotYet, Unreadable
from trio2o.interfaces import IPodIds, ISharedKind
from trio2o.model import Pod
from trio2o.model.shared import Observed, SharedKey, SharedResource, SharedWrite, Step
from trio2o.shared.aggregates import Aggregates, observed_aggregate

POD = Pod(id="p2", name="Pod2", az_name="az1", pod_az_name="nova", serial=2)
TOP = "10000000003"
KEY = SharedKey("aggregate", "a")
ROOT = "/v2.1/os-aggregates"


def shown(number: int = 7, name: str = "a", **metadata: str) -> dict[str, Any]:
    """
    An aggregate as Nova shows it.
    """
    return {
        "id": number,
        "name": name,
        "hosts": ["h1"],
        "metadata": metadata,
        "availability_zone": metadata.get("availability_zone"),
    }


def wanted(name: str = "a", *, deleted: bool = False, **metadata: str) -> SharedResource:
    """
    What is wanted.
    """
    return SharedResource(
        key=SharedKey("aggregate", name), top_id=TOP, document={"metadata": metadata}, deleted=deleted
    )


@implementer(IPodIds)
@define
class Ids:
    """
    A pod's ids.
    """

    pod_id: str = "p2"
    known: dict[str, str] = field(factory=lambda: {TOP: "7"})

    def own(self, kind: str, top_id: str) -> str | None:
        """
        See ``IPodIds``.
        """
        return self.known.get(top_id)

    def top(self, kind: str, own_id: str) -> str | None:
        """
        See ``IPodIds``.
        """
        return next((top for top, own in self.known.items() if own == own_id), None)

    def differ(self, kinds: Collection[str]) -> bool:
        """
        See ``IPodIds``.
        """
        return True

    def wanted(self, kind: str, top_id: str) -> bool:
        """
        Everything is.
        """
        return True


def plain(steps: Sequence[Step]) -> list[tuple[str, str, Any]]:
    """
    The calls.
    """
    return [(step.method, step.path, step.body) for step in steps]


class AggregateTests(SynchronousTestCase):
    """
    One pod with one aggregate.
    """

    def setUp(self) -> None:
        self.kind = Aggregates({"p2": POD}.get)
        self.ids = Ids()
        self.ask = ScriptedAsk(POD)
        self.serve(shown(availability_zone="nova", ssd="true"))

    def serve(self, *items: Any) -> None:
        """
        Let the pod have these.
        """
        self.ask.answers.clear()
        self.ask.answers["GET", ROOT] = (200, {"aggregates": list(items)})
        for item in items:
            if isinstance(item, dict):
                self.ask.answers["GET", f"{ROOT}/{item.get('id')}"] = (200, {"aggregate": item})

    def read(self, key: SharedKey = KEY, ref: str = "7") -> Observed | None:
        """
        What the pod shows.
        """
        reading = self.kind.read_one(self.ask, self.ids, key, ref)
        observed: Observed | None = self.successResultOf(Deferred.fromCoroutine(reading))
        return observed

    def steps(self, resource: SharedResource) -> list[tuple[str, str, Any]]:
        """
        The calls to what is wanted.
        """
        return plain(self.kind.steps(resource, self.read(), self.ids))

    def test_interface(self) -> None:
        """
        The adapter provides the whole interface.
        """
        verifyObject(ISharedKind, self.kind)

    def test_read(self) -> None:
        """
        Documents have the top's zones; hosts are beside them.
        """
        observed = self.read()
        assert observed is not None
        self.assertEqual((KEY, "7"), (observed.key, observed.ref))
        self.assertEqual({"metadata": {"availability_zone": "az1", "ssd": "true"}}, observed.document)
        self.assertEqual({"hosts": ["h1"], "uuid": None}, observed.facts)
        self.assertIsNone(self.read(SharedKey("aggregate", "b"), "8"))

    def test_uuid(self) -> None:
        """
        The uuid that was wanted first is wanted for ever, and takes no step.
        """
        self.serve({**shown(), "uuid": "u7"})
        observed = self.read()
        assert observed is not None
        self.assertEqual({"metadata": {}, "uuid": "u7"}, self.kind.wanted(observed, None))
        self.assertEqual({"metadata": {}, "uuid": "u1"}, self.kind.wanted(observed, {"uuid": "u1"}))
        resource = SharedResource(key=KEY, top_id=TOP, document={"metadata": {}, "uuid": "u1"})
        self.assertEqual([], self.steps(resource))
        self.assertEqual("compute 2.41", self.ask.asked[0][3])

    def test_old_pod(self) -> None:
        """
        A pod that does not know the microversion is asked without one.
        """
        item = shown()

        def told(version: str) -> tuple[int, Any]:
            return (406, None) if version else (200, {"aggregate": item})

        self.ask.answers = {("GET", f"{ROOT}/7"): told}
        observed = self.read()
        assert observed is not None
        self.assertEqual("7", observed.ref)

    def test_read_by_name(self) -> None:
        """
        What is no more, or not known, under its number is looked for by its name.
        """
        self.serve(shown(3, "b"), shown(9))
        for ref in ("", "7"):
            observed = self.read(ref=ref)
            assert observed is not None
            self.assertEqual("9", observed.ref)

    def test_unreadable(self) -> None:
        """
        What shows no aggregates is no pod without them.
        """
        for body in (None, [], {}, {"aggregates": 5}, {"aggregates": [{"id": "7", "name": "a"}]}):
            self.ask.answers = {("GET", ROOT): (200, body)}
            self.failureResultOf(
                Deferred.fromCoroutine(self.kind.read_all(self.ask, self.ids, ())), Unreadable
            )
        self.ask.answers = {("GET", ROOT): (403, None)}
        self.failureResultOf(Deferred.fromCoroutine(self.kind.read_all(self.ask, self.ids, ())), Unreadable)

    def test_none(self) -> None:
        """
        What is as it should be takes no step, whatever hosts it has.
        """
        self.assertEqual([], self.steps(wanted(availability_zone="az1", ssd="true")))

    def test_create(self) -> None:
        """
        It is made with its zone, as the pod calls that, and then gets the rest of its metadata.
        """
        self.serve()
        self.assertEqual(
            [
                ("POST", ROOT, {"aggregate": {"name": "a", "availability_zone": "nova"}}),
                ("POST", f"{ROOT}/{{ref}}/action", {"set_metadata": {"metadata": {"ssd": "true"}}}),
            ],
            self.steps(wanted(availability_zone="az1", ssd="true")),
        )
        self.assertEqual([("POST", ROOT, {"aggregate": {"name": "a"}})], self.steps(wanted()))
        (create,) = self.kind.steps(wanted(), None, self.ids)
        self.assertEqual(("aggregate", "id"), create.ref_at)

    def test_change(self) -> None:
        """
        Name, zone and metadata are changed, and what is wanted no more is taken away.
        """
        self.assertEqual(
            [
                ("PUT", f"{ROOT}/{{ref}}", {"aggregate": {"name": "b"}}),
                (
                    "POST",
                    f"{ROOT}/{{ref}}/action",
                    {"set_metadata": {"metadata": {"availability_zone": "az9", "new": "1", "ssd": None}}},
                ),
            ],
            self.steps(wanted("b", availability_zone="az9", new="1")),
        )

    def test_delete(self) -> None:
        """
        What is deleted is deleted, and what is gone stays so; hosts are left in it, so that Nova refuses.
        """
        self.assertEqual([("DELETE", f"{ROOT}/{{ref}}", None)], self.steps(wanted(deleted=True)))
        self.serve()
        self.assertEqual([], self.steps(wanted(deleted=True)))

    def test_gone(self) -> None:
        """
        A pod that is gone gets nothing.
        """
        with self.assertRaises(NotYet):
            self.kind.steps(wanted(), None, Ids("p9"))
        with self.assertRaises(NotYet):
            self.kind.top_id("7", Ids("p9"))
        self.assertIsNone(
            self.kind.for_pod(SharedWrite(method="POST", path=b"/v2.1/os-aggregates"), Ids("p9"))
        )

    def test_numbers(self) -> None:
        """
        The top's number is the pod's with its serial in front.
        """
        self.assertEqual("20000000007", self.kind.top_id("7", self.ids))
        self.assertEqual("7", self.kind.made(b'{"aggregate": {"id": 7}}'))
        for body in (
            b"",
            b"{}",
            b'{"aggregate": 5}',
            b'{"aggregate": {"id": "7"}}',
            b"[]",
            b'{"aggregate": {"id": true}}',
        ):
            self.assertEqual("", self.kind.made(body))

    def test_written(self) -> None:
        """
        A create is about a name, all else about an id.
        """

        def about(body: Any, **ids: str) -> SharedKey | None:
            raw = body if isinstance(body, bytes) else orjson.dumps(body)
            return self.kind.written(SharedWrite(method="POST", path=b"/", ids=ids, body=raw))

        self.assertEqual(KEY, about({"aggregate": {"name": "a"}}))
        self.assertEqual(SharedKey("aggregate", ""), about(b"", id="7"))
        for body in (
            b"",
            b"[]",
            {},
            {"aggregate": 5},
            {"aggregate": {"name": 5}},
            {"aggregate": {"name": ""}},
        ):
            self.assertIsNone(about(body))

    def test_for_pod(self) -> None:
        """
        A request has the pod's number and zone, and is none for a pod that does not have it.
        """
        body = b'{"aggregate": {"availability_zone":"az1"}}'
        write = SharedWrite(
            method="PUT", path=f"/v2.1/p1/os-aggregates/{TOP}".encode(), ids={"id": TOP}, body=body
        )
        sent = self.kind.for_pod(write, self.ids)
        assert sent is not None
        self.assertEqual(b"/v2.1/p1/os-aggregates/7", sent.path)
        self.assertEqual(b'{"aggregate": {"availability_zone":"nova"}}', sent.body)
        self.ids.known.clear()
        self.assertIsNone(self.kind.for_pod(write, self.ids))
        action = SharedWrite(
            method="POST", path=f"/v2.1/os-aggregates/{TOP}/action".encode(), ids={"id": TOP}
        )
        self.ids.known[TOP] = "7"
        sent = self.kind.for_pod(action, self.ids)
        assert sent is not None
        self.assertEqual(b"/v2.1/os-aggregates/7/action", sent.path)

    def test_for_client(self) -> None:
        """
        An answer has the top's number, also one that is not known.
        """
        body = orjson.dumps({"aggregate": shown(availability_zone="nova")})
        told = orjson.loads(self.kind.for_client(body, self.ids))["aggregate"]
        self.assertEqual((int(TOP), "az1"), (told["id"], told["availability_zone"]))
        self.ids.known.clear()
        told = orjson.loads(self.kind.for_client(body, self.ids))["aggregate"]
        self.assertEqual(20000000007, told["id"])


_METADATA = st.dictionaries(st.sampled_from(["a", "b", "availability_zone"]), st.sampled_from(["az1", "x"]))


class ConvergenceTests(SynchronousTestCase):
    """
    Steps, carried out as Nova does.
    """

    @given(want=_METADATA, has=st.none() | st.tuples(st.sampled_from("ab"), _METADATA))
    def test_one_pass(self, want: dict[str, str], has: tuple[str, dict[str, str]] | None) -> None:
        """
        Whatever a pod has, its steps make it what is wanted; but no aggregate gets rid of a zone.
        """
        kind, ids = Aggregates({"p2": POD}.get), Ids()
        item = None if has is None else shown(7, has[0], **has[1])
        observed = None if item is None else observed_aggregate(item, POD)

        for step in kind.steps(wanted("a", **want), observed, ids):
            item = _after(item, step)
        assert item is not None
        left = kind.steps(wanted("a", **want), observed_aggregate(item, POD), ids)

        if has is not None and "availability_zone" in has[1] and "availability_zone" not in want:
            self.assertIn(None, left[-1].body["set_metadata"]["metadata"].values())
        else:
            self.assertEqual([], left)


def _after(item: dict[str, Any] | None, step: Step) -> dict[str, Any] | None:
    """
    What a pod has after a step.
    """
    assert isinstance(step.body, Mapping)
    if step.path == ROOT:
        assert item is None
        fields = step.body["aggregate"]
        zone = fields.get("availability_zone")
        return shown(7, fields["name"], **({"availability_zone": zone} if zone else {}))
    assert item is not None
    if step.method == "PUT":
        return {**item, "name": step.body["aggregate"]["name"]}
    changes = step.body["set_metadata"]["metadata"]
    if changes.get("availability_zone", "") is None:
        return item
    metadata = {**item["metadata"], **changes}
    return {**item, "metadata": {key: value for key, value in metadata.items() if value is not None}}
