"""
Paging parameters, next links and counts.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import BadRequest
from trio2o.merging.links import next_links
from trio2o.merging.paging import PageStyle, Paging, read_paging, styled


def pairs(query: str) -> list[tuple[str, str]]:
    """
    A query's parameters.
    """
    return parse_qsl(query, keep_blank_values=True)


class PagingTests(SynchronousTestCase):
    """
    Limit, marker and offset.
    """

    def test_nova(self) -> None:
        """
        The last of repeated ones counts, limits are capped, and an empty marker is none.
        """
        for query, wanted in (
            ("", Paging(limit=1000)),
            ("limit=5&marker=x", Paging(limit=5, marker="x")),
            ("limit=0", Paging(limit=0)),
            ("limit=1&limit=2", Paging(limit=2)),
            ("limit=5000", Paging(limit=1000)),
            ("limit=" + "9" * 5000, Paging(limit=1000)),
            ("marker=", Paging(limit=1000)),
            ("offset=3", Paging(limit=1000)),
        ):
            self.assertEqual(read_paging("compute", pairs(query), 1000), wanted)

    def test_nova_mistakes(self) -> None:
        """
        A limit that is no number gets Nova's words, also when a later one would count.
        """
        for query, words in (
            (
                "limit=-1",
                "Invalid input for query parameters limit. Value: -1. '-1' does not match '^[0-9]*$'",
            ),
            (
                "limit=x&limit=1",
                "Invalid input for query parameters limit. Value: x. 'x' does not match '^[0-9]*$'",
            ),
            ("limit=", "Invalid input for query parameters limit. Value: . '' should be non-empty"),
        ):
            self.assertEqual(
                self.assertRaises(BadRequest, read_paging, "compute", pairs(query), 1000).message, words
            )

    def test_cinder(self) -> None:
        """
        The first of repeated ones counts, limits are capped, and an empty marker is one.
        """
        for query, wanted in (
            ("", Paging(limit=1000)),
            ("limit=5&marker=x&offset=2", Paging(limit=5, marker="x", offset=2)),
            ("limit=0", Paging(limit=0)),
            ("limit=1&limit=2", Paging(limit=1)),
            ("limit=%205", Paging(limit=5)),
            ("limit=99999999999999999999", Paging(limit=1000)),
            ("marker=", Paging(limit=1000, marker="")),
            ("offset=2147483647", Paging(limit=1000, offset=2147483647)),
        ):
            self.assertEqual(read_paging("volume", pairs(query), 1000), wanted)

    def test_cinder_mistakes(self) -> None:
        """
        Each mistake gets Cinder's words.
        """
        for query, words in (
            ("limit=x", "limit param must be an integer"),
            ("limit=", "limit param must be an integer"),
            ("limit=-1", "limit param must be positive"),
            ("offset=x", "offset must be an integer"),
            ("offset=1.0", "offset must be an integer"),
            ("offset=-1", "offset must be >= 0"),
            ("offset=99999999999", "offset must be <= 2147483647"),
        ):
            self.assertEqual(
                self.assertRaises(BadRequest, read_paging, "volume", pairs(query), 1000).message, words
            )


class StyleTests(SynchronousTestCase):
    """
    The ways in which lists of Cinder's are cut into pages, as its code has them.
    """

    def check(self, style: PageStyle, query: str, wanted: Paging, *full: tuple[int, bool]) -> None:
        """
        What a list makes of a query, and whether pages of so many items have a link.
        """
        paging = styled(read_paging("volume", pairs(query), 1000), style, 1000)
        self.assertEqual(
            (wanted.limit, wanted.marker, wanted.offset), (paging.limit, paging.marker, paging.offset)
        )
        self.assertEqual(list(full), [(given, paging.is_full(given, None)) for given, _ in full])

    def test_marker(self) -> None:
        """
        By marker: as it is.
        """
        wanted = Paging(limit=2, marker="x", offset=1)
        self.check(PageStyle.MARKER, "limit=2&marker=x&offset=1", wanted, (2, True), (1, False), (0, False))

    def test_slice(self) -> None:
        """
        A slice knows no marker, and a limit of 0 is none; the items before it count for the link.
        """
        self.check(
            PageStyle.SLICE, "limit=2&marker=x&offset=1", Paging(limit=2, offset=1), (1, True), (0, False)
        )
        self.check(PageStyle.SLICE, "limit=3&offset=1", Paging(limit=3, offset=1), (2, True), (1, False))
        self.check(PageStyle.SLICE, "limit=0", Paging(limit=1000), (1, True), (0, False))
        self.check(PageStyle.SLICE, "", Paging(limit=1000), (999, False), (1000, True))

    def test_twice(self) -> None:
        """
        What is cut twice loses the offset from its end too.
        """
        self.check(
            PageStyle.TWICE,
            "limit=5&marker=x&offset=2",
            Paging(limit=3, marker="x", offset=4),
            (3, True),
            (2, False),
        )
        self.check(PageStyle.TWICE, "limit=2&offset=2", Paging(limit=0, offset=4), (0, False))

    def test_whole(self) -> None:
        """
        A list without pages gives everything, and a link all the same.
        """
        self.check(
            PageStyle.WHOLE, "limit=2&marker=x&offset=1", Paging(limit=2**31 - 1), (3, True), (1, False)
        )

    def test_count(self) -> None:
        """
        Where the client asks for the number of items, that is what the limit is compared with.
        """
        paging = read_paging("volume", pairs("limit=2"), 1000)
        self.assertEqual(
            [True, False, False], [paging.is_full(1, 5), paging.is_full(1, 1), paging.is_full(0, 5)]
        )


class NextLinkTests(SynchronousTestCase):
    """
    The link to the next page, as the services were seen to write it.
    """

    def check(self, service: str, query: str, wanted: str) -> None:
        """
        A query's next link has this query.
        """
        self.assertEqual(
            next_links(service, "http://top/v2.1/servers/detail", pairs(query), "M"),
            [{"rel": "next", "href": f"http://top/v2.1/servers/detail?{wanted}"}],
        )

    def test_nova(self) -> None:
        """
        Sorted by name, one of each, the marker last or in its place.
        """
        for query, wanted in (
            ("limit=1", "limit=1&marker=M"),
            (
                "limit=1&name=a&sort_key=display_name&sort_dir=asc",
                "limit=1&name=a&sort_dir=asc&sort_key=display_name&marker=M",
            ),
            ("limit=1&limit=2", "limit=2&marker=M"),
            ("sort_key=uuid&marker=X&limit=1&sort_dir=asc", "limit=1&marker=M&sort_dir=asc&sort_key=uuid"),
            ("limit=1&marker=X&name=%C3%A4&name=b", "limit=1&marker=M&name=%C3%A4"),
            ("", "marker=M"),
        ):
            self.check("compute", query, wanted)

    def test_nova_keeps_all_sort_keys(self) -> None:
        """
        Unlike Nova's own, the link walks on in the order that was asked for.
        """
        self.check(
            "compute",
            "sort_key=uuid&sort_key=display_name&sort_dir=asc&sort_dir=desc&limit=1",
            "limit=1&sort_dir=asc&sort_dir=desc&sort_key=uuid&sort_key=display_name&marker=M",
        )

    def test_cinder(self) -> None:
        """
        As the client sent them, the marker last.
        """
        for query, wanted in (
            ("limit=1&sort=name:asc&offset=1", "limit=1&sort=name%3Aasc&offset=1&marker=M"),
            ("marker=X&limit=1&limit=2", "limit=1&limit=2&marker=M"),
            ("with_count=true&limit=1", "with_count=true&limit=1&marker=M"),
        ):
            self.check("volume", query, wanted)
