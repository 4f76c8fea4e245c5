"""
Flavors as pods show them, and the steps to what is wanted.
"""

from __future__ import annotations

from typing import Any

import orjson
from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.shared.asks import NoIds, ScriptedAsk
from trio2o.errors import Unreadable
from trio2o.interfaces import ISharedKind
from trio2o.model.shared import SharedKey, SharedResource, SharedWrite
from trio2o.shared.flavors import Flavors

SHOWN = {
    "id": "7",
    "name": "f",
    "ram": 512,
    "vcpus": 1,
    "disk": 0,
    "swap": "",
    "OS-FLV-EXT-DATA:ephemeral": 0,
    "rxtx_factor": 1.0,
    "os-flavor-access:is_public": False,
    "description": None,
    "extra_specs": {"hw:x": "1"},
}
DOCUMENT = {
    "name": "f",
    "ram": 512,
    "vcpus": 1,
    "disk": 0,
    "ephemeral": 0,
    "swap": 0,
    "rxtx_factor": 1.0,
    "is_public": False,
    "description": None,
    "extra_specs": {"hw:x": "1"},
    "projects": ["p1", "p2"],
}
KEY = SharedKey("flavor", "7")
ACCESS = {"flavor_access": [{"flavor_id": "7", "tenant_id": name} for name in ("p2", "p1")]}


class FlavorTests(SynchronousTestCase):
    """
    One pod with one flavor.
    """

    def setUp(self) -> None:
        self.kind = Flavors()
        self.ask = ScriptedAsk()
        self.ask.answers["GET", "/v2.1/flavors/7"] = (200, {"flavor": SHOWN})
        self.ask.answers["GET", "/v2.1/flavors/7/os-flavor-access"] = (200, ACCESS)

    def read(self) -> Any:
        """
        What the pod shows.
        """
        return self.successResultOf(Deferred.fromCoroutine(self.kind.read_one(self.ask, NoIds(), KEY, "7")))

    def steps(self, **changes: Any) -> list[tuple[str, str, Any]]:
        """
        The calls to the document with changes.
        """
        wanted = SharedResource(key=KEY, top_id="7", document={**DOCUMENT, **changes})
        return [(step.method, step.path, step.body) for step in self.kind.steps(wanted, self.read(), NoIds())]

    def test_interface(self) -> None:
        """
        The adapter provides the whole interface.
        """
        verifyObject(ISharedKind, self.kind)

    def test_read(self) -> None:
        """
        A flavor is read with its extra specs and the projects that may use it; what no pod has is nothing.
        """
        observed = self.read()
        self.assertEqual((KEY, "7", DOCUMENT), (observed.key, observed.ref, observed.document))
        self.assertEqual("compute 2.61", self.ask.asked[0][3])
        self.ask.answers.clear()
        self.assertIsNone(self.read())

    def test_old_pod(self) -> None:
        """
        A pod that does not know the microversion is asked without it, and for the extra specs besides; it has no description.
        """
        old = {name: value for name, value in SHOWN.items() if name not in ("description", "extra_specs")}
        self.ask.answers["GET", "/v2.1/flavors/7"] = lambda version: (
            (406, None) if version else (200, {"flavor": old})
        )
        self.ask.answers["GET", "/v2.1/flavors/7/os-extra_specs"] = (200, {"extra_specs": {"hw:x": "1"}})
        without = {name: value for name, value in DOCUMENT.items() if name != "description"}
        self.assertEqual(without, self.read().document)
        self.assertEqual([], self.steps(description="d"))

    def test_list(self) -> None:
        """
        All are read, page by page, until a page brings nothing new.
        """
        public = {**SHOWN, "os-flavor-access:is_public": True}
        first = (200, {"flavors": [SHOWN, {**public, "id": "a b"}]})
        self.ask.answers["GET", "/v2.1/flavors/detail"] = (200, {"flavors": []})
        self.ask.answers["GET", "/v2.1/flavors/detail?is_public=None&limit=1000"] = first
        reading = self.kind.read_all(self.ask, NoIds(), ())
        found = self.successResultOf(Deferred.fromCoroutine(reading))
        self.assertEqual(["7", "a b"], [one.key.name for one in found])
        self.assertEqual([["p1", "p2"], []], [one.document["projects"] for one in found])
        self.assertIn("marker=a%20b", next(path for _, path, _, _ in self.ask.asked if "marker" in path))

    def test_unreadable(self) -> None:
        """
        What is no flavor, or a refusal, is told, and taken for nothing.
        """
        for answer in (
            (403, None),
            (200, None),
            (200, {"flavor": []}),
            (200, {"flavor": {"ram": "x", "extra_specs": {}}}),
        ):
            self.ask.answers["GET", "/v2.1/flavors/7"] = answer
            reading = Deferred.fromCoroutine(self.kind.read_one(self.ask, NoIds(), KEY, "7"))
            self.failureResultOf(reading, Unreadable)

    def test_same(self) -> None:
        """
        Where a pod has what is wanted there is nothing to do.
        """
        self.assertEqual([], self.steps())

    def test_details(self) -> None:
        """
        Extra specs, access and description are changed one by one.
        """
        self.assertEqual(
            [
                ("PUT", "/v2.1/flavors/{ref}", {"flavor": {"description": "d"}}),
                ("DELETE", "/v2.1/flavors/{ref}/os-extra_specs/hw%3Ax", None),
                ("POST", "/v2.1/flavors/{ref}/os-extra_specs", {"extra_specs": {"y": "2"}}),
                ("POST", "/v2.1/flavors/{ref}/action", {"addTenantAccess": {"tenant": "p3"}}),
                ("POST", "/v2.1/flavors/{ref}/action", {"removeTenantAccess": {"tenant": "p1"}}),
            ],
            self.steps(description="d", extra_specs={"y": "2"}, projects=["p2", "p3"]),
        )

    def test_another_one(self) -> None:
        """
        What no call changes takes another flavor in the place of this one, and the step says so.
        """
        self.assertEqual(
            [("DELETE", "/v2.1/flavors/{ref}"), ("POST", "/v2.1/flavors")],
            [step[:2] for step in self.steps(ram=1, extra_specs={}, projects=[])],
        )
        wanted = SharedResource(key=KEY, top_id="7", document={**DOCUMENT, "ram": 1})
        replaces = [step.replaces for step in self.kind.steps(wanted, self.read(), NoIds())]
        self.assertEqual(True, replaces[0])
        self.assertEqual({False}, set(replaces[1:]))

    def test_missing(self) -> None:
        """
        Where a pod lacks it, it is made whole, under its id.
        """
        wanted = SharedResource(key=KEY, top_id="7", document={**DOCUMENT, "description": "d"})
        create, specs, *access = self.kind.steps(wanted, None, NoIds())
        self.assertEqual(
            {
                **{name: SHOWN[name] for name in ("id", "name", "ram", "vcpus", "disk", "rxtx_factor")},
                "swap": 0,
                "OS-FLV-EXT-DATA:ephemeral": 0,
                "os-flavor-access:is_public": False,
                "description": "d",
            },
            (create.body or {})["flavor"],
        )
        self.assertEqual("compute 2.55", create.version)
        self.assertEqual({"extra_specs": {"hw:x": "1"}}, specs.body)
        self.assertEqual(2, len(access))

    def test_deleted(self) -> None:
        """
        What is deleted is deleted where it is, and that it is gone already is as good.
        """
        gone = SharedResource(key=KEY, top_id="7", deleted=True)
        (step,) = self.kind.steps(gone, self.read(), NoIds())
        self.assertEqual(("DELETE", frozenset({404})), (step.method, step.done))
        self.assertEqual([], self.kind.steps(gone, None, NoIds()))

    def test_written(self) -> None:
        """
        A write is about the flavor of its path or body; a body that names none is about nothing.
        """
        write = SharedWrite(method="POST", path=b"/v2.1/flavors")
        for identity, body in (
            ("7", {"flavor": {"id": "7"}}),
            ("7", {"flavor": {"id": 7}}),
            (None, {"flavor": {"id": None}}),
            (None, {"flavor": {"id": "a\0"}}),
            (None, {"flavor": {"id": []}}),
            (None, {"flavor": []}),
            (None, []),
        ):
            key = self.kind.written(evolve(write, body=orjson.dumps(body)))
            self.assertEqual(None if identity is None else KEY, key, body)
        self.assertIsNone(self.kind.written(evolve(write, body=b"x")))
        self.assertEqual(KEY, self.kind.written(evolve(write, ids={"id": "7"}, body=b"x")))
