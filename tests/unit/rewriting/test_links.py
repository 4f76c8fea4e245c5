"""
Links in JSON bodies.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from trio2o.interfaces import IBodyTransform
from trio2o.rewriting.links import MAX_LINK, LinkRewriter, LinkStream

POD = b"http://10.0.0.7:8774"
INNER = b"http://10.0.0.7:8774/compute"
OTHER = b"https://pod.example"
TOP = b"https://cloud.example:8774"
REWRITER = LinkRewriter([POD, INNER, OTHER + b"/"], TOP)

urls = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(
            [POD.decode(), INNER.decode(), OTHER.decode(), "http://10.0.0.7:87744", "http://glance"]
        ),
        st.sampled_from(
            ["", "/", "/v2.1/servers/1", "/servers/1?a=b", "x", '/"quoted"\\', "/compute", "/ä]}[{"]
        ),
    ),
)
texts = st.one_of(
    urls,
    st.text(max_size=6),
    st.builds('[{{"rel": "self", "href": "{}"}}]'.format, urls),
    st.sampled_from(['[{"rel', '{"href": "' + POD.decode(), "}, {", "\\", '"']),
)
links = st.one_of(
    st.builds(lambda rel, href: {"rel": rel, "href": href}, texts, urls),
    st.builds(lambda rel, href: {"href": href, "rel": rel}, texts, urls),
    st.builds(
        lambda rel, href: {"rel": rel, "href": href}, st.sampled_from(["self", "bookmark", "next"]), urls
    ),
)
near_links = st.one_of(
    st.builds(lambda rel, href: {"rel": rel, "href": href, "type": "x"}, texts, urls),
    st.builds(lambda href: {"href": href}, urls),
    st.builds(lambda href: {"rel": 1, "href": href}, urls),
    st.builds(lambda href: {"rel": "self", "href": [href]}, urls),
)
keys = st.sampled_from(["links", "servers_links", "metadata", "rel", "href", "id", POD.decode()])
documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), texts),
    lambda inner: st.one_of(
        links,
        st.lists(links, max_size=3),
        st.lists(st.one_of(inner, links, near_links), max_size=4),
        st.dictionaries(keys, st.one_of(inner, links, near_links), max_size=4),
    ),
    max_leaves=25,
)


def as_parsed(value: Any, in_list: bool = False) -> Any:
    """
    The oracle: what rewriting means, on parsed JSON.
    """
    if isinstance(value, list):
        return [
            as_parsed(item, in_list=number == 0 or isinstance(value[number - 1], dict))
            for number, item in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    if (
        in_list
        and set(list(value)[:2]) == {"rel", "href"}
        and isinstance(value["rel"], str)
        and isinstance(value["href"], str)
    ):
        return {key: rewritten(item) if key == "href" else item for key, item in value.items()}
    return {key: as_parsed(item) for key, item in value.items()}


def rewritten(href: str) -> str:
    """
    One URL with its prefix exchanged.
    """
    for prefix in (INNER.decode(), POD.decode(), OTHER.decode()):
        if href == prefix or href.startswith(prefix + "/"):
            return TOP.decode() + href[len(prefix) :]
    return href


def written(document: Any, *, indent: int | None, spaces: tuple[str, str], escaped: bool) -> bytes:
    """
    JSON in one of the ways that services write it.
    """
    text = json.dumps(document, indent=indent, separators=spaces, ensure_ascii=escaped)
    return (text.replace("/", "\\/") if escaped else text).encode()


styles = st.fixed_dictionaries(
    {
        "indent": st.sampled_from([None, 0, 3]),
        "spaces": st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " :\r\n")]),
        "escaped": st.booleans(),
    }
)


class PropertyTests(SynchronousTestCase):
    """
    What holds for every document, however it is written and cut.
    """

    @given(documents, styles)
    def test_as_on_parsed_json(self, document: Any, style: dict[str, Any]) -> None:
        """
        Rewriting the bytes gives what rewriting the parsed document gives, with hostile metadata and text in it.
        """
        self.assertEqual(json.loads(REWRITER.rewrite(written(document, **style))), as_parsed(document))

    @given(documents, styles)
    def test_nothing_else_changes(self, document: Any, style: dict[str, Any]) -> None:
        """
        A document without a link of the pod's comes out byte for byte.
        """
        body = written(document, **style)
        if as_parsed(document) == document:
            self.assertEqual(REWRITER.rewrite(body), body)

    @given(documents, styles, st.lists(st.integers(1, 400), max_size=12), st.integers(0, 3))
    def test_any_chunks(self, document: Any, style: dict[str, Any], sizes: list[int], padding: int) -> None:
        """
        A stream gives what the whole body gives, wherever it is cut, and also beyond what it holds back.
        """
        body = written([document, "x" * (MAX_LINK * padding), document], **style)
        stream = LinkStream(REWRITER)
        pieces = []
        rest = body
        for size in sizes:
            pieces.append(stream.feed(rest[:size]))
            rest = rest[size:]
        pieces.append(stream.feed(rest))
        pieces.append(stream.flush())

        self.assertEqual(b"".join(pieces), REWRITER.rewrite(body))


class LinkTests(SynchronousTestCase):
    """
    Single facts.
    """

    def test_self_and_bookmark(self) -> None:
        """
        Links with the version and bookmarks without it both get the top region's root, as Nova writes them.
        """
        body = (
            b'{"server": {"links": [{"rel": "self", "href": "http://10.0.0.7:8774/v2.1/servers/1"}, '
            b'{"rel": "bookmark", "href": "http://10.0.0.7:8774/servers/1"}]}}'
        )

        self.assertEqual(REWRITER.rewrite(body), body.replace(POD, TOP))

    def test_metadata(self) -> None:
        """
        A user's metadata with the keys rel and href is the user's.
        """
        body = b'{"metadata": {"rel": "self", "href": "http://10.0.0.7:8774/x"}}'

        self.assertEqual(REWRITER.rewrite(body), body)

    def test_longest_prefix(self) -> None:
        """
        Of two prefixes that fit the longer one is replaced.
        """
        body = b'[{"rel": "self", "href": "http://10.0.0.7:8774/compute/v2.1/servers/1"}]'

        self.assertEqual(REWRITER.rewrite(body), b'[{"rel": "self", "href": "%s/v2.1/servers/1"}]' % TOP)

    def test_nothing_after_the_longest_prefix(self) -> None:
        """
        Also where the value ends with the longer prefix, which the shorter one would take for a path.
        """
        body = b'[{"rel": "self", "href": "http://10.0.0.7:8774/compute"}]'

        self.assertEqual(REWRITER.rewrite(body), b'[{"rel": "self", "href": "%s"}]' % TOP)

    def test_long_url(self) -> None:
        """
        A link's URL may be longer than what is held back, as that of a next page with many filters.
        """
        body = b'[{"rel": "next", "href": "%s/%s"}]' % (POD, b"x" * MAX_LINK * 2)
        stream = LinkStream(REWRITER)
        pieces = [stream.feed(body[at : at + 1000]) for at in range(0, len(body), 1000)]

        self.assertEqual(REWRITER.rewrite(body), body.replace(POD, TOP))
        self.assertEqual(b"".join(pieces) + stream.flush(), body.replace(POD, TOP))

    def test_braces_in_rel(self) -> None:
        """
        A link whose rel holds braces is found wherever the stream happens to be cut.
        """
        others = b'{"n": 1}, ' * 2000
        link = b'{"rel": "%s", "href": "%s/x"}, ' % (b"}" * 3000, POD)
        body = b"[" + others + link + others + b"{}]"
        for size in (997, 1000, 4099):
            stream = LinkStream(REWRITER)
            pieces = [stream.feed(body[at : at + size]) for at in range(0, len(body), size)]
            self.assertEqual(b"".join(pieces) + stream.flush(), body.replace(POD, TOP))

    def test_top_below_a_prefix(self) -> None:
        """
        A top root that itself begins with a pod's prefix is put in once.
        """
        rewriter = LinkRewriter([POD, POD + b"/compute"], POD + b"/top")
        body = b'[{"rel": "self", "href": "%s/compute/x"}, {"rel": "bookmark", "href": "%s/y"}]' % (POD, POD)

        self.assertEqual(
            rewriter.rewrite(body),
            b'[{"rel": "self", "href": "%s/top/x"}, {"rel": "bookmark", "href": "%s/top/y"}]' % (POD, POD),
        )

    def test_escaped_slashes(self) -> None:
        """
        Where the pod escapes slashes, the top region's root has them escaped too.
        """
        body = rb'[{"rel":"self","href":"http:\/\/10.0.0.7:8774\/servers\/1"}]'

        self.assertEqual(
            REWRITER.rewrite(body), rb'[{"rel":"self","href":"https:\/\/cloud.example:8774\/servers\/1"}]'
        )

    def test_backslash_in_the_top_root(self) -> None:
        """
        Nothing in the top region's root is read as a reference to a group.
        """
        rewriter = LinkRewriter([POD], rb"http://a\1b")

        self.assertIn(rb"http://a\1b/x", rewriter.rewrite(b'[{"rel": "a", "href": "%s/x"}]' % POD))

    def test_too_long(self) -> None:
        """
        What is longer than a link may be is left, the same in a stream and at once.
        """
        body = b'[{"rel": "%s", "href": "%s/"}]' % (b"x" * MAX_LINK, POD)
        stream = LinkStream(REWRITER)

        self.assertEqual(REWRITER.rewrite(body), body)
        self.assertEqual(stream.feed(body) + stream.flush(), body)

    def test_no_prefixes(self) -> None:
        """
        Without prefixes nothing is a link of the pod's.
        """
        body = b'[{"rel": "self", "href": "/x"}]'
        stream = LinkStream(LinkRewriter([b""], TOP))

        self.assertEqual(LinkRewriter([], TOP).rewrite(body), body)
        self.assertEqual(stream.feed(body) + stream.flush(), body)

    def test_bounded_hold(self) -> None:
        """
        A stream holds back no more than one link's length, whatever it is fed.
        """
        stream = LinkStream(REWRITER)
        fed = sent = 0
        for _ in range(100):
            fed += 5000
            sent += len(stream.feed(b"{" * 5000))
            self.assertLessEqual(fed - sent, MAX_LINK)

    def test_provides_interface(self) -> None:
        """
        A stream is what the web layer puts between a pod's body and the client.
        """
        self.assertTrue(verifyObject(IBodyTransform, LinkStream(REWRITER)))
