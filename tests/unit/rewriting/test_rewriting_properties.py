"""
Two ways to one end: what works on bytes and what works on parsed JSON agree.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.rewriting.test_links import INNER, OTHER, POD, TOP, urls
from tests.unit.rewriting.test_zones import resources, styles
from trio2o.rewriting.links import LinkRewriter, LinkStream
from trio2o.rewriting.location import rewrite_location
from trio2o.rewriting.zones import ZONE_FIELDS, name_zone, top_zones

PREFIXES = [POD, INNER, OTHER + b"/"]
quick = settings(max_examples=80, derandomize=True)


class ZoneTests(SynchronousTestCase):
    """
    Zones of lists, which are parsed, and of single resources, which are not.
    """

    @quick
    @given(st.sampled_from(sorted(ZONE_FIELDS)), st.lists(resources, max_size=3), styles)
    def test_both_ways(self, key: str, items: list[dict[str, Any]], style: dict[str, Any]) -> None:
        """
        A parsed item gets the zone that its bytes get, alone or in a list.
        """
        document: Any = {key: items if key.endswith("s") else (items or [{}])[0]}
        written = json.dumps(document, **style).encode()
        for item in document[key] if isinstance(document[key], list) else [document[key]]:
            name_zone(item, key, "top ä")

        self.assertEqual(document, json.loads(top_zones(written, "top ä")))


class LinkTests(SynchronousTestCase):
    """
    Links and ``Location``.
    """

    @quick
    @given(urls)
    def test_location_is_as_a_link(self, url: str) -> None:
        """
        A URL in the header becomes what it becomes in a link.
        """
        body = json.dumps([{"rel": "self", "href": url}], ensure_ascii=False).encode()
        linked = json.loads(LinkRewriter(PREFIXES, TOP).rewrite(body))[0]["href"]

        self.assertEqual(linked.encode(), rewrite_location(url.encode(), PREFIXES, TOP))

    @quick
    @given(
        st.integers(1, 40),
        st.integers(1, 3000),
        st.sampled_from([POD, OTHER, b"http://glance:9292"]),
        st.sampled_from(["self", "bookmark", "next"]),
        st.sampled_from([(", ", ": "), (",", ":")]),
    )
    def test_long_lists_in_chunks(
        self, count: int, size: int, root: bytes, rel: str, separators: tuple[str, str]
    ) -> None:
        """
        A list of any length in chunks of one size has each of its links changed, and nothing else.
        """
        items = [
            {
                "n": number,
                "note": root.decode() + "/x",
                "links": [{"rel": rel, "href": f"{root.decode()}/{number}"}],
            }
            for number in range(count)
        ]
        body = json.dumps({"servers": items}, separators=separators).encode()
        stream = LinkStream(LinkRewriter(PREFIXES, TOP))

        told = b"".join([stream.feed(body[at : at + size]) for at in range(0, len(body), size)])
        told += stream.flush()

        ours = TOP if root in (POD, OTHER) else root
        for number, item in enumerate(items):
            item["links"] = [{"rel": rel, "href": f"{ours.decode()}/{number}"}]
        self.assertEqual(json.dumps({"servers": items}, separators=separators).encode(), told)
