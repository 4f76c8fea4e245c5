"""
Availability zones in answers and creates.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.rewriting.spans import members
from trio2o.rewriting.zones import ZONE_FIELDS, pod_zone, top_zones, zone_in_words

NOVA = "OS-EXT-AZ:availability_zone"
keys = st.sampled_from(
    [
        NOVA,
        "pinned_availability_zone",
        "availability_zone",
        "availabilityZone",
        "name",
        "server",
        'a"b',
        "a{b}",
        "}",
    ]
)
values = st.recursive(
    st.one_of(
        st.none(),
        st.integers(-(10**40), 10**40),
        st.floats(allow_nan=False),
        st.sampled_from(["", "nova", NOVA, "availability_zone", "{", "}", '"', "\\", "}}"]),
        st.text(max_size=4),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)
resources = st.dictionaries(keys, values, max_size=6)
answers = st.one_of(
    st.builds(lambda key, one: {key: one}, st.sampled_from(["server", "volume", "snapshot"]), resources),
    st.builds(
        lambda key, many: {key: many},
        st.sampled_from(["servers", "volumes", "x"]),
        st.lists(resources, max_size=3),
    ),
    st.dictionaries(st.sampled_from(["server", "volume", "servers", "x"]), values, max_size=3),
    values,
)
styles = st.sampled_from([{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}])


def expected(document: Any) -> Any:
    """
    The oracle: an answer with its zones replaced by ``top ä``, on parsed JSON.
    """
    if not isinstance(document, dict):
        return document
    changed = {}
    for key, value in document.items():
        fields = ZONE_FIELDS.get(key, ())
        if isinstance(value, list):
            changed[key] = [named(item, fields) for item in value]
        else:
            changed[key] = named(value, fields)
    return changed


def named(resource: Any, fields: tuple[str, ...]) -> Any:
    """
    One resource of the oracle.
    """
    if not isinstance(resource, dict):
        return resource
    return {
        key: "top ä" if key in fields and isinstance(value, str) and value else value
        for key, value in resource.items()
    }


class TopZonesTests(SynchronousTestCase):
    """
    What users see is the top name.
    """

    @given(answers, styles)
    def test_as_on_parsed_json(self, document: Any, style: dict[str, Any]) -> None:
        """
        The resource's own field is replaced, whatever its metadata, names and values look like; all else stays exact.
        """
        body = json.dumps(document, **style).encode()

        self.assertEqual(json.loads(top_zones(body, "top ä")), expected(document))

    def test_in_place(self) -> None:
        """
        Only the bytes of the name change.
        """
        body = b'{"server": {"metadata": {"a": "}"} , "OS-EXT-AZ:availability_zone":  "nova", "n": 1.50, "a": "\\u00e4"}}'

        self.assertEqual(top_zones(body, "az1"), body.replace(b'"nova"', b'"az1"'))

    def test_metadata_alone(self) -> None:
        """
        A user's metadata key of the field's name is left when the resource itself has no such field.
        """
        body = b'{"server": {"metadata": {"OS-EXT-AZ:availability_zone": "mine"}}}'

        self.assertEqual(top_zones(body, "az1"), body)

    def test_second_object(self) -> None:
        """
        A field beside the resource is not the resource's.
        """
        body = b'{"server": {}, "other": {"OS-EXT-AZ:availability_zone": "x"}}'

        self.assertEqual(top_zones(body, "az1"), body)

    def test_what_is_no_json(self) -> None:
        """
        Broken and foreign bodies come out as they went in.
        """
        for body in (b"", b"{", b"<html>", b"\xff", b'{"server": {"a": 1', b"[" * 100_000, b'{"servers": {}'):
            self.assertEqual(top_zones(body, "az1"), body)


class PodZoneTests(SynchronousTestCase):
    """
    What a pod gets is its own name.
    """

    @given(resources, st.sampled_from(["pod-az", ""]), styles, st.booleans())
    def test_as_on_parsed_json(
        self, resource: dict[str, Any], zone: str, style: dict[str, Any], hints: bool
    ) -> None:
        """
        The resource's own field is replaced or taken out; all else stays, numbers digit for digit.
        """
        document = {
            "volume": resource,
            **({"OS-SCH-HNT:scheduler_hints": {"availability_zone": "x"}} if hints else {}),
        }
        wanted = dict(resource)
        if "availability_zone" in wanted:
            wanted["availability_zone"] = zone
            if not zone:
                del wanted["availability_zone"]

        body = pod_zone(json.dumps(document, **style).encode(), "volume", zone)

        self.assertEqual(json.loads(body), {**document, "volume": wanted})

    def test_exact_bytes(self) -> None:
        """
        Big numbers, white space and escapes around the name stay byte for byte.
        """
        body = b'{ "server" :{"a": 1.10e400, "availability_zone" : "az1","b":123456789012345678901234567890 ,"c":"\\u00e4"}}'

        self.assertEqual(pod_zone(body, "server", "nova"), body.replace(b'"az1"', b'"nova"'))
        self.assertEqual(pod_zone(body, "server", ""), body.replace(b', "availability_zone" : "az1"', b""))

    def test_alone_first_last(self) -> None:
        """
        Taken out, it leaves no comma behind, wherever it stood and however often.
        """
        for body, wanted in (
            (b'{"server": {"availability_zone": "a"}}', b'{"server": {}}'),
            (b'{"server": {"availability_zone": "a", "n": 1}}', b'{"server": {"n": 1}}'),
            (b'{"server": {"n": 1, "availability_zone": "a"}}', b'{"server": {"n": 1}}'),
            (
                b'{"server": {"availability_zone": "a", "n": 1, "availability_zone": "b", "availability_zone": "c"}}',
                b'{"server": {"n": 1}}',
            ),
            (b'{"server": {"availability_zone": "a", "availability_zone": "b"}}', b'{"server": {}}'),
        ):
            self.assertEqual(pod_zone(body, "server", ""), wanted)

    def test_host_and_node(self) -> None:
        """
        Nova's zone:host:node keeps host and node, also where the pod has no zone name; a volume's zone has no host.
        """
        body = b'{"server": {"availability_zone": "az1:host:node"}}'

        self.assertEqual(
            pod_zone(body, "server", "nova"), b'{"server": {"availability_zone": "nova:host:node"}}'
        )
        self.assertEqual(pod_zone(body, "server", ""), b'{"server": {"availability_zone": ":host:node"}}')
        self.assertEqual(
            pod_zone(b'{"volume": {"availability_zone": "az1:x"}}', "volume", "nova"),
            b'{"volume": {"availability_zone": "nova"}}',
        )

    def test_malformed(self) -> None:
        """
        What the pod will refuse goes to it as it is.
        """
        for body in (
            b"",
            b"[]",
            b'{"server": []}',
            b'{"server": {"availability_zone": "a"',
            b"\xff",
            b"[" * 100_000,
        ):
            self.assertEqual(pod_zone(body, "server", "nova"), body)


class SpanTests(SynchronousTestCase):
    """
    The places of members.
    """

    @given(resources, styles)
    def test_places(self, resource: dict[str, Any], style: dict[str, Any]) -> None:
        """
        Each member's places cut its key and its value out of the text.
        """
        text = json.dumps(resource, **style)

        found = list(members(text, 0))

        self.assertEqual([member.key for member in found], list(resource))
        for member in found:
            self.assertEqual(json.loads(text[member.value_start : member.end]), resource[member.key])
            self.assertTrue(
                text[member.start :].startswith(
                    json.dumps(member.key, ensure_ascii=style.get("ensure_ascii", True))
                )
            )


class WordsTests(SynchronousTestCase):
    """
    Nova's refusal to pin a server to a zone that it is not in.
    """

    def test_refusal(self) -> None:
        """
        The server's zone gets the top's name, where it is the pod's or the pod has no one name; a text like it stays.
        """
        words = b"{\"message\": \"Server can only be pinned to its current availability zone '%s', but 'nova' was requested.\"}"
        for own, pod, shown in (
            (b"nova", "nova", b'a\\"z'),
            (b"nova", "", b'a\\"z'),
            (b"rack1", "nova", b"rack1"),
        ):
            with self.subTest(own=own, pod=pod):
                self.assertEqual(words % shown, zone_in_words(words % own, pod, 'a"z'))
        for body in (b"", b"{", b"current availability zone 'nova'"):
            self.assertEqual(body, zone_in_words(body, "nova", "az1"))
