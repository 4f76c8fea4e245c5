"""
Ids that pods give, exchanged for those that users know and back.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from attrs import define
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from trio2o.interfaces import IPodIds
from trio2o.rewriting.ids import (
    Lookup,
    asked_of,
    in_body,
    in_item,
    in_target,
    in_words,
    nobodys,
    told_by,
)
from trio2o.surface.mapped_ids import (
    A_VOLUME,
    BELOW_QOS,
    BELOW_TYPE,
    CONSISTENCY_GROUPS,
    DEFAULT_TYPES,
    GROUP_TYPE,
    GROUPS,
    QOS,
    QOS_SPECS,
    SERVER_CREATE,
    SNAPSHOTS,
    TYPES,
    VOLUME_ACTION,
    VOLUME_PROXY,
    VOLUME_TYPE,
    VOLUMES,
    MappedIds,
)


def an_id(number: int) -> str:
    """
    An id.
    """
    return str(UUID(int=number))


#: Three things of each kind: their ids at the top, and what the pod calls them.
OWN = {
    (kind, an_id(100 * at + number)): an_id(10_000 + 100 * at + number)
    for at, kind in enumerate((VOLUME_TYPE, QOS_SPECS, GROUP_TYPE), start=1)
    for number in range(3)
}
TOP = {(kind, own): top for (kind, top), own in OWN.items()}
T1, Q1, G1 = an_id(100), an_id(200), an_id(300)
T1_OWN, Q1_OWN, G1_OWN = an_id(10_100), an_id(10_200), an_id(10_300)

ALL_PLACES = (
    *(A_VOLUME, VOLUMES, VOLUME_ACTION, GROUPS, CONSISTENCY_GROUPS, SERVER_CREATE),
    *(TYPES, BELOW_TYPE, DEFAULT_TYPES, QOS, BELOW_QOS, SNAPSHOTS, VOLUME_PROXY),
)


def own(kind: str, told: str) -> str | None:
    """
    What the pod calls it.
    """
    return OWN.get((kind, told))


def top(kind: str, told: str) -> str | None:
    """
    What users call it.
    """
    return TOP.get((kind, told))


texts = st.one_of(
    st.sampled_from([key[1] for key in OWN]), st.text(max_size=12), st.sampled_from(["volume_type_id", "{}"])
)
keys = st.one_of(
    st.sampled_from(
        [
            *(
                "id",
                "volume",
                "volumes",
                "volume_type",
                "volume_type_id",
                "volume_types",
                "metadata",
                "qos_specs",
            ),
            *("qos_specs_id", "group", "group_type", "encryption", "href", "links", "volume_type_links"),
            *("os-retype", "new_type", "server", "block_device_mapping_v2", "default_type"),
        ]
    ),
    st.text(max_size=4),
)
documents = st.recursive(
    st.one_of(texts, st.integers(), st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=5)),
    max_leaves=20,
)
styles = st.sampled_from(
    [{}, {"separators": (",", ":")}, {"indent": 1}, {"ensure_ascii": False}, {"separators": (" , ", " : ")}]
)
places = st.sampled_from(ALL_PLACES)


def parsed(document: Any, shape: Any, lookup: Lookup) -> Any:
    """
    The same by way of parsing, where the document is an object.
    """
    copied = json.loads(json.dumps(document))
    if isinstance(copied, dict):
        in_item(copied, shape, lookup)
    return copied


@implementer(IPodIds)
@define
class Ids:
    """
    What the pod calls what users know.
    """

    owns: Mapping[tuple[str, str], str]
    pod_id: str = "Pod2-id"

    def own(self, kind: str, top_id: str) -> str | None:
        """
        See ``IPodIds``.
        """
        return self.owns.get((kind, top_id))

    def top(self, kind: str, own_id: str) -> str | None:
        """
        See ``IPodIds``.
        """
        return next((top for (of, top), own in self.owns.items() if (of, own) == (kind, own_id)), None)

    def differ(self, kinds: Collection[str]) -> bool:
        """
        See ``IPodIds``.
        """
        return True

    def wanted(self, kind: str, top_id: str) -> bool:
        """
        See ``IPodIds``.
        """
        return (kind, top_id) in self.owns


class LookupTests(SynchronousTestCase):
    """
    What becomes of an id on its way to a pod and back.
    """

    def setUp(self) -> None:
        ids = Ids(OWN)
        verifyObject(IPodIds, ids)
        self.own, self.top = asked_of(ids), told_by(ids)

    def test_known(self) -> None:
        """
        It is the pod's there and the top's here, in the case in which it was written.
        """
        self.assertEqual((T1_OWN, T1), (self.own(VOLUME_TYPE, T1), self.top(VOLUME_TYPE, T1_OWN)))
        told, its = "a" + T1[1:], "b" + T1_OWN[1:]
        letters = Ids({(VOLUME_TYPE, told): its})
        self.assertEqual(its.upper(), asked_of(letters)(VOLUME_TYPE, told.upper()))
        self.assertEqual(told.upper(), told_by(letters)(VOLUME_TYPE, its.upper()))

    def test_unknown(self) -> None:
        """
        What is none stays.
        """
        for told in (an_id(7), "gold", "", "GOLD"):
            self.assertIsNone(self.own(VOLUME_TYPE, told))
            self.assertIsNone(self.top(VOLUME_TYPE, told))

    def test_own_id(self) -> None:
        """
        A pod's own id is nothing that users know: it becomes one that nothing has, and is named as it was sent.
        """
        hidden = self.own(VOLUME_TYPE, T1_OWN)
        assert hidden is not None

        self.assertNotEqual(T1_OWN, hidden)
        self.assertNotIn(hidden, OWN.values())
        self.assertEqual(T1_OWN, self.top(VOLUME_TYPE, hidden))
        words = f"Volume type {hidden} could not be found."
        self.assertEqual(words.replace(hidden, T1_OWN).encode(), in_words(words.encode(), self.top))

    def test_same(self) -> None:
        """
        Of a pod whose id is the top's, that one is known.
        """
        self.assertEqual(T1, asked_of(Ids({(VOLUME_TYPE, T1): T1}))(VOLUME_TYPE, T1))

    @given(st.uuids(version=4))
    def test_nobodys(self, known: UUID) -> None:
        """
        What stands for an id that users do not know is none that a service makes, and leads back.
        """
        hidden = nobodys(str(known))
        self.assertEqual(str(known), nobodys(hidden))
        self.assertNotEqual(4, UUID(hidden).version)


class BodyTests(SynchronousTestCase):
    """
    Bodies.
    """

    @given(documents, styles, places)
    def test_as_on_parsed_json(self, document: Any, style: dict[str, Any], where: MappedIds) -> None:
        """
        What changes in the text is what changes in the parsed value, for requests and for answers.
        """
        if isinstance(document, list):
            document = {"volumes": document, "volume_types": document}
        body = json.dumps(document, **style).encode("utf-8", "surrogatepass")

        for shape, lookup in ((where.asked, own), (where.told, top)):
            self.assertEqual(json.loads(in_body(body, shape, lookup)), parsed(document, shape, lookup))

    @given(documents, styles, places)
    def test_there_and_back(self, document: Any, style: dict[str, Any], where: MappedIds) -> None:
        """
        A request that is made a pod's and the top's again is what the client sent, byte for byte.
        """
        body = json.dumps(document, **style).encode("utf-8", "surrogatepass")

        for shape in (where.asked, where.told):
            # escapes may be written otherwise, and only in links
            back = in_body(in_body(body, shape, own), shape, top)
            self.assertEqual(json.loads(body), json.loads(back))
            if body.isascii() and b"\\" not in body:
                self.assertEqual(body, back)

    @given(st.dictionaries(st.text(max_size=5) | st.just("volume_type_id"), texts, max_size=5), styles)
    def test_users_text(self, metadata: dict[str, str], style: dict[str, Any]) -> None:
        """
        Metadata stays, whatever its keys and values are, and so do names.
        """
        volume = {"name": T1_OWN, "metadata": metadata, "volume_type_id": T1_OWN}
        body = json.dumps({"volume": volume}, **style).encode()

        shown = json.loads(in_body(body, A_VOLUME.told, top, lone=A_VOLUME.lone))["volume"]

        self.assertEqual({**volume, "volume_type_id": T1}, shown)

    def test_volume(self) -> None:
        """
        A volume's type is its top id, and nothing else of it moves.
        """
        body = b'{"volume": {"id": "x",  "volume_type_id" : "%s", "size": 1.50}}' % T1_OWN.encode()

        told = in_body(body, A_VOLUME.told, top, lone=A_VOLUME.lone)

        self.assertEqual(body.replace(T1_OWN.encode(), T1.encode()), told)

    def test_requests(self) -> None:
        """
        Every request that names a type by its id gets the pod's; names and unknown ids stay.
        """
        for where, asked in (
            (A_VOLUME, {"volume": {"volume_type": "%s", "name": T1}}),
            (VOLUME_ACTION, {"os-retype": {"new_type": "%s", "migration_policy": "never"}}),
            (GROUPS, {"group": {"group_type": G1, "volume_types": ["%s", "name"], "name": T1}}),
            (CONSISTENCY_GROUPS, {"consistencygroup": {"volume_types": "fast,%s,other"}}),
            (DEFAULT_TYPES, {"default_type": {"volume_type": "%s"}}),
            (VOLUME_PROXY, {"volume": {"volume_type": "%s", "display_name": T1}}),
            (SERVER_CREATE, {"server": {"block_device_mapping_v2": [{"uuid": T1, "volume_type": "%s"}]}}),
        ):
            body = json.dumps(asked)
            for asked_for, wanted in ((T1, T1_OWN), ("fast", "fast"), (an_id(7), an_id(7))):
                expected = json.loads(body.replace("%s", wanted))
                if "group" in expected:
                    expected["group"]["group_type"] = G1_OWN
                sent = in_body(body.replace("%s", asked_for).encode(), where.asked, own)
                self.assertEqual(expected, json.loads(sent), asked)

    def test_kinds_are_apart(self) -> None:
        """
        An id is looked up among its own kind alone: a QoS id in a type's place stays.
        """
        body = json.dumps({"volume_type": {"id": Q1_OWN, "qos_specs_id": Q1_OWN}}).encode()

        shown = json.loads(in_body(body, TYPES.told, top))["volume_type"]

        self.assertEqual({"id": Q1_OWN, "qos_specs_id": Q1}, shown)

    def test_links(self) -> None:
        """
        Links name things by their top ids: a QoS's own, and the marker of the next page.
        """
        body = json.dumps(
            {
                "qos_specs": {"id": Q1_OWN, "specs": {"x": Q1_OWN}},
                "links": [{"rel": "self", "href": f"http://pod/v3/p/qos-specs/{Q1_OWN}"}],
                "qos_specs_links": [
                    {"rel": "next", "href": f"http://pod/v3/p/qos-specs?limit=1&marker={Q1_OWN}"}
                ],
            }
        ).encode()

        shown = json.loads(in_body(body, QOS.told, top))

        self.assertEqual({"x": Q1_OWN}, shown["qos_specs"]["specs"])
        self.assertEqual(f"http://pod/v3/p/qos-specs/{Q1}", shown["links"][0]["href"])
        self.assertTrue(shown["qos_specs_links"][0]["href"].endswith(f"marker={Q1}"))

    def test_encryption(self) -> None:
        """
        The show of how a type is encrypted has its fields without anything around them.
        """
        body = json.dumps({"volume_type_id": T1_OWN, "encryption_id": T1_OWN, "cipher": None}).encode()

        shown = json.loads(in_body(body, BELOW_TYPE.told, top))

        self.assertEqual({"volume_type_id": T1, "encryption_id": T1_OWN, "cipher": None}, shown)

    def test_uploaded_image(self) -> None:
        """
        The answer to an upload shows the volume's type with its id and that of its QoS specs.
        """
        volume_type = {"id": T1_OWN, "name": T1_OWN, "qos_specs_id": Q1_OWN}
        body = json.dumps({"os-volume_upload_image": {"id": T1_OWN, "volume_type": volume_type}}).encode()

        shown = json.loads(in_body(body, VOLUME_ACTION.told, top))["os-volume_upload_image"]

        self.assertEqual({"id": T1_OWN, "volume_type": {**volume_type, "id": T1, "qos_specs_id": Q1}}, shown)

    def test_what_is_no_json(self) -> None:
        """
        Broken and foreign bodies come out as they went in.
        """
        ended = T1.encode()
        for body in (b"", b"{", b"<html>" + ended, b"\xff" + ended, b'{"volume": {"volume_type": "' + ended):
            for where in ALL_PLACES:
                self.assertEqual(body, in_body(body, where.asked, own))
                self.assertEqual(body, in_body(body, where.told, top, lone=where.lone))
        deep = b'{"volume":' * 50_000 + b'"' + ended
        self.assertEqual(deep, in_body(deep, A_VOLUME.asked, own))

    def test_lists_are_not_decoded_for_nothing(self) -> None:
        """
        A body without any id is the same object.
        """
        body = b'{"volume_types": [{"id": "none", "name": "x"}]}' * 100

        self.assertIs(body, in_body(body, TYPES.told, top))


class WordsTests(SynchronousTestCase):
    """
    Errors.
    """

    def test_ids_in_words(self) -> None:
        """
        Ids of every kind are the top's, where they stand alone.
        """
        told = f"Type {T1_OWN} is already associated with another qos specs: {Q1_OWN}. x{T1_OWN}"
        expected = f"Type {T1} is already associated with another qos specs: {Q1}. x{T1_OWN}"

        self.assertEqual(expected.encode(), in_words(told.encode(), top))

    @given(st.binary(max_size=200))
    def test_anything(self, body: bytes) -> None:
        """
        What names nothing stays.
        """
        self.assertEqual(body, in_words(body, top))


class TargetTests(SynchronousTestCase):
    """
    Paths and queries.
    """

    def target(self, target: str, template: str, wanted: str, where: MappedIds) -> str:
        return in_target(target.encode(), template, wanted, where, own).decode()

    def test_path(self) -> None:
        """
        The id of the path is the pod's; what stands behind it is the user's.
        """
        self.assertEqual(
            f"/v3/p/types/{T1_OWN}/extra_specs/{T1}",
            self.target(f"/v3/p/types/{T1}/extra_specs/{T1}", "/types/{id}/extra_specs/{key}", T1, TYPES),
        )
        for wanted in ("default", an_id(7), "%2e", ""):
            target = f"/v3/p/types/{wanted}"
            self.assertEqual(target, self.target(target, "/types/{id}", wanted, TYPES), wanted)

    def test_query(self) -> None:
        """
        Parameters that take ids get the pod's, however they are quoted; others stay as they were sent.
        """
        self.assertEqual(
            f"/v3/p/types?name={T1}&limit=1&marker={T1_OWN}&x=%zz&marker",
            self.target(f"/v3/p/types?name={T1}&limit=1&marker={T1}&x=%zz&marker", "/types", "", TYPES),
        )
        quoted = T1.replace("-", "%2D")
        self.assertEqual(
            f"/v3/volumes/detail?volume_type_id={T1_OWN}",
            self.target(f"/v3/volumes/detail?volume_type_id={quoted}", "/volumes/detail", "", VOLUMES),
        )
        self.assertEqual(
            f"/v3/snapshots?volume_type_id={T1_OWN}&volume_id={T1}",
            self.target(f"/v3/snapshots?volume_type_id={T1}&volume_id={T1}", "/snapshots", "", SNAPSHOTS),
        )
        self.assertEqual(
            f"/v3/qos-specs/{Q1_OWN}/associate?vol_type_id={T1_OWN}",
            self.target(
                f"/v3/qos-specs/{Q1}/associate?vol_type_id={T1}", "/qos-specs/{id}/associate", Q1, BELOW_QOS
            ),
        )

    @given(st.text(max_size=60), st.text(max_size=20))
    def test_anything(self, target: str, wanted: str) -> None:
        """
        What names nothing known goes on as it is.
        """
        raw = target.encode("utf-8", "surrogatepass")

        self.assertEqual(raw, in_target(raw, "/types/{id}", wanted, TYPES, own))
