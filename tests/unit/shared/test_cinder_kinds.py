"""
Volume types, QoS specs, group types and default types: read from the fake Cinder, and made there what is wanted.
"""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from treq.testing import StubTreq
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from tests.unit.sandbox.asking import Api
from tests.unit.shared.case import PROJECT, FakeAsk, KindCase
from trio2o.errors import NotYet
from trio2o.interfaces import ISharedKind
from trio2o.model import Pod
from trio2o.model.shared import SharedKey, SharedWrite
from trio2o.sandbox.call import Caller
from trio2o.sandbox.cinder import make_cinder
from trio2o.sandbox.clock import PodClock
from trio2o.sandbox.frame import StaticTokens
from trio2o.sandbox.pod_state import PodState
from trio2o.shared.default_types import DefaultTypes
from trio2o.shared.group_types import GroupTypes
from trio2o.shared.qos_specs import QosSpecs
from trio2o.shared.volume_types import VolumeTypes

LUKS = {"provider": "luks", "cipher": "aes", "key_size": 256, "control_location": "front-end"}
TYPE = {"description": "", "is_public": True, "extra_specs": {}, "projects": [], "encryption": None}
QOS = {"consumer": "back-end", "specs": {}, "types": []}
GROUP = {"description": "", "is_public": True, "group_specs": {}}


def a_cinder(pod: Pod | None = None) -> FakeAsk:
    """
    A way to a fake Cinder of its own.

    :param pod: who it is said to be.
    """
    wall = Clock()
    state = PodState(name="Pod1", clock=PodClock(wall, manual=True))
    admin = Caller(user_id="admin", project_id=PROJECT, roles=frozenset({"admin"}))
    frame = make_cinder(state, StaticTokens({"admin-token": admin}), wall)
    api = Api(StubTreq(frame.resource()), "http://pod1.test/v3")
    return FakeAsk(api, "/v3", **({} if pod is None else {"pod": pod}))


class CinderKindCase(KindCase):
    """
    One pod's Cinder.
    """

    def pod(self) -> FakeAsk:
        return a_cinder()

    def made(self, kind: Any, name: str, document: dict[str, Any]) -> str:
        """
        Make another thing, known to the top as ``top-<name>``; the pod's own id.
        """
        own, self.kind = self.kind, kind
        try:
            seen = self.converge(self.resource(name, document))
        finally:
            self.kind = own
        assert seen is not None
        self.ids.owns[kind.kind, f"top-{name}"] = seen.ref
        return seen.ref


specs = st.dictionaries(st.sampled_from(["a", "b:c", "name", "d.e"]), st.text("xyz ", max_size=3), max_size=3)
encryptions = st.none() | st.builds(
    lambda size, place: {**LUKS, "key_size": size, "control_location": place},
    st.none() | st.integers(0, 512),
    st.sampled_from(["front-end", "back-end"]),
)
types = st.builds(
    lambda description, public, extra, projects, encryption: {
        "description": description,
        "is_public": public,
        "extra_specs": extra,
        "projects": [] if public else sorted(projects),
        "encryption": encryption,
    },
    st.sampled_from(["", "d", "other"]),
    st.booleans(),
    specs,
    st.sets(st.sampled_from(["p1", "p2", "p3"])),
    encryptions,
)
_quick = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


class VolumeTypeTests(CinderKindCase):
    """
    Volume types.
    """

    kind = VolumeTypes()

    def test_interface(self) -> None:
        """
        The adapters provide the whole interface.
        """
        for kind in (VolumeTypes(), QosSpecs(), GroupTypes(), DefaultTypes()):
            verifyObject(ISharedKind, kind)

    @_quick
    @given(types, types)
    def test_converges(self, first: dict[str, Any], second: dict[str, Any]) -> None:
        """
        Whatever a pod has of a type, the steps make it what is wanted, and then there are none.
        """
        self.fresh()
        seen = self.converge(self.resource("gold", first))
        assert seen is not None
        self.assertEqual(first, seen.document)
        seen = self.converge(self.resource("silver", second), seen.ref)
        assert seen is not None
        self.assertEqual((second, "silver"), (seen.document, seen.key.name))
        self.assertIsNone(self.observed("gold"))

    def test_deleted(self) -> None:
        """
        What nobody wants is deleted, and what is not there is left.
        """
        self.converge(self.resource("gold", TYPE))
        self.assertIsNone(self.converge(self.resource("gold", {}, deleted=True)))
        self.ask.sent.clear()
        self.assertIsNone(self.converge(self.resource("gold", {}, deleted=True)))
        self.assertEqual([], self.ask.sent)

    def test_all(self) -> None:
        """
        A list has private types too.
        """
        self.converge(self.resource("gold", {**TYPE, "is_public": False, "projects": ["p1"]}))
        found = self.now(self.kind.read_all(self.ask, self.ids, ()))
        self.assertEqual({"gold", "files", "__DEFAULT__"}, {one.key.name for one in found})

    def test_written(self) -> None:
        """
        A create is about the name in its body, anything else about the id of its path.
        """
        body = b'{"volume_type": {"name": "gold"}}'
        self.assertEqual(
            SharedKey("volume_type", "gold"),
            self.kind.written(SharedWrite(method="POST", path=b"/v3/p/types", body=body)),
        )
        write = SharedWrite(method="PUT", path=b"/v3/p/types/x", ids={"id": "x"}, body=b"{}")
        self.assertEqual(SharedKey("volume_type", ""), self.kind.written(write))
        for body in (b"", b"[]", b'{"volume_type": 1}', b'{"volume_type": {"name": 1}}', b"{"):
            create = SharedWrite(method="POST", path=b"/v3/p/types", body=body)
            self.assertIsNone(self.kind.written(create), body)

    def test_in_use(self) -> None:
        """
        A pod's volumes keep it from deleting their type, and from changing its extra specs and encryption; from nothing else.
        """
        write = SharedWrite(method="DELETE", path=b"/v3/p/types/t", ids={"id": "t"})
        question = self.kind.in_use(write, "own")
        assert question is not None
        self.assertEqual("volumes", question.key)
        self.assertTrue(question.path.endswith("&volume_type_id=own"))
        for method, below, asks in (
            ("POST", b"/extra_specs", True),
            ("DELETE", b"/extra_specs/x", True),
            ("PUT", b"/encryption/x", True),
            ("PUT", b"", False),
            ("POST", b"/action", False),
        ):
            write = SharedWrite(method=method, path=b"/v3/p/types/t" + below, ids={"id": "t"})
            self.assertEqual(asks, self.kind.in_use(write, "own") is not None, (method, below))

    def test_for_pod(self) -> None:
        """
        A request goes on as it is, since ids are exchanged on its way; a pod that lacks the type is not sent it.
        """
        top, own = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
        raw = b'{"extra_specs": {"x": "%s"}}' % top.encode()
        write = SharedWrite(
            method="POST", path=f"/v3/p/types/{top}/extra_specs".encode(), ids={"id": top}, body=raw
        )
        self.assertIsNone(self.kind.for_pod(write, self.ids))
        self.ids.owns["volume_type", top] = own
        for asked in (top, top.upper()):
            sent = evolve(write, ids={"id": asked})
            self.assertIs(sent, self.kind.for_pod(sent, self.ids))

    def test_for_client(self) -> None:
        """
        What was just made is shown by its top id; one that is a top id already stays, whatever else the pod calls so.
        """
        top, own = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
        self.ids.owns = {("volume_type", top): own, ("volume_type", "top-other"): top}
        for told_id in (own, top):
            told = json.dumps({"volume_type": {"id": told_id, "name": own}}).encode()
            shown = json.loads(self.kind.for_client(told, self.ids))
            self.assertEqual({"volume_type": {"id": top, "name": own}}, shown)
        told = json.dumps({"volume_type": {"id": own}}).encode()
        self.assertEqual(own, self.kind.made(told))
        self.assertEqual("", self.kind.made(b"{}"))


class QosSpecsTests(CinderKindCase):
    """
    QoS specs.
    """

    kind = QosSpecs()

    @_quick
    @given(
        *(st.tuples(st.sampled_from(["front-end", "both"]), specs, st.sets(st.sampled_from("ab"))),) * 2,
    )
    def test_converges(self, first: Any, second: Any) -> None:
        """
        Whatever a pod has, the steps make consumer, specs and types what is wanted.
        """
        self.fresh()
        for name in "ab":
            self.made(VolumeTypes(), name, TYPE)
        for consumer, given_specs, names in (first, second):
            held = sorted(f"top-{name}" for name in names)
            document = {"consumer": consumer, "specs": given_specs, "types": held}
            seen = self.converge(self.resource("fast", document))
            assert seen is not None
            self.assertEqual(document, seen.document)

    def test_taken_type(self) -> None:
        """
        A type that has other specs in this pod leaves them first.
        """
        self.made(VolumeTypes(), "a", TYPE)
        self.converge(self.resource("slow", {**QOS, "types": ["top-a"]}))
        self.converge(self.resource("fast", {**QOS, "types": ["top-a"]}))
        slow = self.observed("slow")
        assert slow is not None
        self.assertEqual([], slow.document["types"])

    def test_lacking_type(self) -> None:
        """
        A type that the pod is to have and lacks is waited for; one that nobody wants any more is not.
        """
        desired = self.resource("fast", {**QOS, "types": ["top-a"]})
        with self.assertRaises(NotYet):
            self.converge(desired)
        self.ids.gone.add("top-a")
        self.assertIsNotNone(self.converge(desired))

    def test_type_of_one_pod(self) -> None:
        """
        A type that is not shared is told of by the pod's own id, so that no two pods show the same; nothing is done about it.
        """
        own = self.made(VolumeTypes(), "a", TYPE)
        self.converge(self.resource("fast", {**QOS, "types": ["top-a"]}))
        self.ids.owns.clear()
        self.ids.gone.add(own)
        seen = self.observed("fast")
        assert seen is not None
        self.assertEqual([own], seen.document["types"])
        self.assertEqual([], self.kind.steps(self.resource("fast", QOS), seen, self.ids))

    def test_deleted(self) -> None:
        """
        Specs are deleted with the types having them.
        """
        self.made(VolumeTypes(), "a", TYPE)
        self.converge(self.resource("fast", {**QOS, "types": ["top-a"]}))
        self.assertIsNone(self.converge(self.resource("fast", {}, deleted=True)))


class GroupTypeTests(CinderKindCase):
    """
    Group types.
    """

    kind = GroupTypes()

    @_quick
    @given(*(st.tuples(st.sampled_from(["", "d"]), st.booleans(), specs),) * 2)
    def test_converges(self, first: Any, second: Any) -> None:
        """
        Whatever a pod has, the steps make it what is wanted.
        """
        self.fresh()
        ref = ""
        for name, (description, public, given_specs) in (("one", first), ("two", second)):
            document = {"description": description, "is_public": public, "group_specs": given_specs}
            seen = self.converge(self.resource(name, document), ref)
            assert seen is not None
            self.assertEqual((document, name), (seen.document, seen.key.name))
            ref = seen.ref
        self.assertIsNone(self.converge(self.resource("two", {}, deleted=True), ref))

    def test_in_use(self) -> None:
        """
        A pod's groups keep it from deleting their type.
        """
        write = SharedWrite(method="DELETE", path=b"/v3/p/group_types/t", ids={"id": "t"})
        question = self.kind.in_use(write, "own")
        assert question is not None
        self.assertEqual("groups", question.key)
        self.assertIsNone(self.kind.in_use(evolve(write, method="PUT"), "own"))

    def test_defaults(self) -> None:
        """
        The type that every Cinder has is read as any other.
        """
        seen = self.observed("default_cgsnapshot_type")
        assert seen is not None
        self.assertEqual(set(GROUP), set(seen.document))


class DefaultTypeTests(CinderKindCase):
    """
    Projects' default types.
    """

    kind = DefaultTypes()

    def test_converges(self) -> None:
        """
        A project's default is set, changed and unset, by the pod's own ids.
        """
        own = {name: self.made(VolumeTypes(), name, TYPE) for name in "ab"}
        for name in "ab":
            seen = self.converge(self.resource("p1", {"volume_type": f"top-{name}"}))
            assert seen is not None
            self.assertEqual({"volume_type": f"top-{name}"}, seen.document)
        _, body = self.now(self.ask.get("/v3/{project_id}/default-types", version="volume 3.62"))
        self.assertEqual([{"project_id": "p1", "volume_type_id": own["b"]}], body["default_types"])
        found = self.now(self.kind.read_all(self.ask, self.ids, ()))
        self.assertEqual([SharedKey("default_type", "p1")], [one.key for one in found])
        self.assertIsNone(self.converge(self.resource("p1", {}, deleted=True)))

    def test_lacking_type(self) -> None:
        """
        A type that the pod is to have and lacks is waited for.
        """
        desired = self.resource("p1", {"volume_type": "top-a"})
        with self.assertRaises(NotYet):
            self.kind.steps(desired, None, self.ids)
        self.ids.gone.add("top-a")
        self.assertEqual([], self.kind.steps(desired, None, self.ids))

    def test_written(self) -> None:
        """
        What is written is the default of the path's project.
        """
        write = SharedWrite(method="PUT", path=b"/v3/p/default-types/p1", ids={"id": "p1"})
        self.assertEqual(SharedKey("default_type", "p1"), self.kind.written(write))
