"""
Version documents.
"""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.pods.versions import ServiceFacts, microversion, parse_versions


def entry(name: str, lowest: str, highest: str, href: str) -> dict[str, Any]:
    """
    One version, as Nova and Cinder tell it.
    """
    links = [{"rel": "describedby", "href": "http://docs/"}, {"rel": "self", "href": href}]
    return {"id": name, "status": "CURRENT", "min_version": lowest, "version": highest, "links": links}


KEYS = st.sampled_from(["version", "versions", "id", "links", "rel", "href"])
DOCUMENTS = st.recursive(
    st.none() | st.integers(0, 9) | st.text(), lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner)
)


class ParseTests(SynchronousTestCase):
    """
    What is taken from a document.
    """

    def test_nova_list(self) -> None:
        """
        Of Nova's list the version with microversions counts.
        """
        versions = [
            entry("v2.0", "", "", "http://10.0.0.7:8774/v2/"),
            entry("v2.1", "2.1", "2.104", "http://10.0.0.7:8774/v2.1/"),
        ]

        self.assertEqual(
            parse_versions("compute", orjson.dumps({"versions": versions})),
            ServiceFacts(
                microversion_min=(2, 1), microversion_max=(2, 104), link_prefixes=(b"http://10.0.0.7:8774",)
            ),
        )

    def test_nova_single(self) -> None:
        """
        The document of one version does as well.
        """
        document = {"version": entry("v2.1", "2.1", "2.96", "https://pod/compute/v2.1/")}

        facts = parse_versions("compute", orjson.dumps(document))

        assert facts is not None
        self.assertEqual((facts.microversion_max, facts.link_prefixes), ((2, 96), (b"https://pod/compute",)))

    def test_cinder(self) -> None:
        """
        Of Cinder's list version 3 counts.
        """
        document = {"versions": [entry("v3.0", "3.0", "3.71", "http://c:8776/v3/")]}

        facts = parse_versions("volume", orjson.dumps(document))

        assert facts is not None
        self.assertEqual((facts.microversion_min, facts.microversion_max), ((3, 0), (3, 71)))

    def test_nothing(self) -> None:
        """
        What is no version document of the service gives nothing.
        """
        for document in (
            b"",
            b"<html>",
            b"[]",
            b"{}",
            b'{"versions": null}',
            b'{"versions": [1, {"id": 3}]}',
            orjson.dumps({"versions": [entry("v3.0", "3.0", "3.71", "http://c/v3/")]}),
            orjson.dumps({"versions": [entry("v2.1", "2.1", "", "http://c/v2.1/")]}),
            orjson.dumps({"versions": [entry("v2.1", "2.1", "2.9", "/v2.1/")]}),
            orjson.dumps({"versions": [entry("v2.1", "2.1", "2.9", "http://c/v2.1/") | {"links": "none"}]}),
        ):
            self.assertIsNone(parse_versions("compute", document), document)

    @given(DOCUMENTS)
    def test_any_document(self, document: object) -> None:
        """
        No document raises.
        """
        parse_versions("compute", orjson.dumps(document))

    def test_microversion(self) -> None:
        """
        A microversion is two numbers, 2.10 more than 2.9.
        """
        self.assertEqual(
            [microversion(text) for text in ("2.10", "2", "2.x", None, "2.1.1")],
            [(2, 10), None, None, None, None],
        )
