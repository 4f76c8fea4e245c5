"""
Which operation a request is.
"""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import BaseConverter, Map, Rule

from trio2o.surface.matching import PROJECT_ID, Match, MethodMissing, Table, Target, klein_rules, split
from trio2o.surface.operations import Operation


def row(methods: str, path: str) -> Operation:
    """
    A row whose strategy is its path, so that tests can tell which one it is.
    """
    return Operation(methods=frozenset(methods.split()), path=path, strategy=path)


ROWS = (
    row("GET POST", "/servers"),
    row("GET", "/servers/detail"),
    row("GET PUT DELETE", "/servers/{id}"),
    row("POST", "/servers/{id}/action"),
    row("PUT", "/servers/{id}/os-volume_attachments/{volume_id}"),
    row("GET POST PUT", "/servers/{id}/**"),
    row("GET", "/flavors/detail"),
    row("GET DELETE", "/flavors/{id}"),
    row("GET", "/os-hosts/**"),
    row("GET", "/os-hosts/{name}/uptime"),
)
TABLE = Table(ROWS)


class ProjectConverter(BaseConverter):
    """
    What the web layer gives Klein for project ids.
    """

    regex = PROJECT_ID


def klein_says(method: str, path: str) -> tuple[str, dict[str, str]] | frozenset[str] | None:
    """
    The same question to werkzeug's matcher, which is Klein's, over the rules of the same rows.
    """
    rules = [Rule(rule, methods=row.methods, endpoint=row.path) for row in ROWS for rule in klein_rules(row)]
    for rule in rules:
        # werkzeug answers HEAD wherever GET is; Nova and Cinder do not
        rule.methods = set(rule.methods or ()) - {"HEAD"}
    urls = Map(rules, converters={"project": ProjectConverter}, merge_slashes=False).bind("x")
    try:
        endpoint, values = urls.match(path, method)
    except MethodNotAllowed as error:
        return frozenset(error.valid_methods or ()) - {"HEAD"}
    except NotFound:
        return None
    return endpoint, {name: value for name, value in values.items() if name not in ("project_id", "below")}


class MatchTests(SynchronousTestCase):
    """
    The compiled table.
    """

    def check(self, method: str, path: bytes, wanted: str | None, **ids: str) -> None:
        """
        A request is the row with this path, or none.
        """
        found = TABLE.match(method, path)
        if wanted is None:
            self.assertIsNone(found)
        else:
            assert isinstance(found, Match), found
            self.assertEqual((found.operation.path, dict(found.ids)), (wanted, ids))

    def test_literal_before_parameter(self) -> None:
        """
        A literal segment wins over a parameter, and both over a subtree.
        """
        self.check("GET", b"/servers/detail", "/servers/detail")
        self.check("GET", b"/servers/x", "/servers/{id}", id="x")
        self.check("POST", b"/servers/x/action", "/servers/{id}/action", id="x")
        self.check("POST", b"/servers/x/other", "/servers/{id}/**", id="x")
        self.check(
            "PUT",
            b"/servers/x/os-volume_attachments/v",
            "/servers/{id}/os-volume_attachments/{volume_id}",
            id="x",
            volume_id="v",
        )

    def test_method_decides(self) -> None:
        """
        A closer row without the method leaves the request to the next, as Nova takes DELETE /flavors/detail for a flavor.
        """
        self.check("DELETE", b"/flavors/detail", "/flavors/{id}", id="detail")
        self.check("GET", b"/servers/x/action", "/servers/{id}/**", id="x")
        self.assertEqual(TABLE.match("GET", b"/servers/x/action").passed, {"POST"})  # type: ignore[union-attr]

    def test_method_missing(self) -> None:
        """
        A path with rows for other methods alone tells which, and HEAD is a method like any other.
        """
        self.assertEqual(TABLE.match("PATCH", b"/servers"), MethodMissing(frozenset({"GET", "POST"})))
        self.assertEqual(
            TABLE.match("HEAD", b"/servers/detail"), MethodMissing(frozenset({"GET", "PUT", "DELETE"}))
        )

    def test_trailing_slash(self) -> None:
        """
        A trailing slash makes it another path.
        """
        self.check("GET", b"/servers/", None)
        self.check("GET", b"/servers/x/", None)
        self.check("GET", b"/servers/x/y/", "/servers/{id}/**", id="x")
        self.check("GET", b"/", None)
        self.check("GET", b"", None)

    def test_double_slash(self) -> None:
        """
        Slashes in a row are one.
        """
        self.check("GET", b"//servers", "/servers")
        self.check("GET", b"/servers///x", "/servers/{id}", id="x")

    def test_subtree_needs_a_segment(self) -> None:
        """
        A subtree does not begin before its first segment.
        """
        self.check("GET", b"/os-hosts", None)
        self.check("GET", b"/os-hosts/", None)
        self.check("GET", b"/os-hosts/a/b/c", "/os-hosts/**")
        self.check("GET", b"/os-hosts/a/uptime", "/os-hosts/{name}/uptime", name="a")

    def test_not_utf8(self) -> None:
        """
        An id that is not UTF-8 is no row's.
        """
        self.check("GET", b"/servers/\xff", None)
        self.check("GET", b"//servers/\xff", None)
        self.check("GET", "/servers/ä".encode(), "/servers/{id}", id="ä")

    def test_refused_tables(self) -> None:
        """
        Two rows for one request and a subtree in the middle are mistakes of the table.
        """
        self.assertRaises(ValueError, Table, [row("GET POST", "/a/{id}"), row("POST", "/a/{name}")])
        self.assertRaises(ValueError, Table, [row("GET", "/a/**/b")])

    def test_root_subtree(self) -> None:
        """
        A subtree at the root takes every path that no other row takes.
        """
        table = Table([*ROWS, row("GET PATCH", "/**")])

        for method, path, wanted in (
            ("GET", b"/nonsense", "/**"),
            ("GET", b"/servers/", "/**"),
            ("PATCH", b"/servers", "/**"),
            ("GET", b"/servers", "/servers"),
        ):
            self.assertEqual(table.match(method, path).operation.path, wanted)  # type: ignore[union-attr]

    @given(
        st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD"]),
        st.lists(
            st.sampled_from(
                ["servers", "detail", "flavors", "os-hosts", "x", "action", "uptime", "os-volume_attachments"]
            ),
            max_size=5,
        ),
        st.booleans(),
        st.sampled_from(["", "/0a-f"]),
    )
    @example("GET", ["servers", "servers"], False, "/0a-f")
    def test_klein_agrees(self, method: str, segments: list[str], slash: bool, project: str) -> None:
        """
        Klein's matcher finds the same row and ids by the rules that come from the same rows.
        """
        path = "".join(f"/{segment}" for segment in segments) + ("/" if slash else "")
        found = TABLE.match(method, path.encode())
        said = klein_says(method, project + path)

        if isinstance(found, Match):
            self.assertEqual(said, (found.operation.path, found.ids))
        elif isinstance(found, MethodMissing):
            self.assertEqual(said, found.allowed)
        else:
            self.assertIsNone(said)


class SplitTests(SynchronousTestCase):
    """
    Version, project id and the rest.
    """

    def test_parts(self) -> None:
        """
        Only a segment of lower-case hexadecimal digits and dashes that something follows is a project id.
        """
        for path, wanted in (
            (b"/v2.1/servers", Target("v2.1", None, b"/servers")),
            (b"/v2.1/0a-f/servers/x", Target("v2.1", "0a-f", b"/servers/x")),
            (b"/v3/12/volumes", Target("v3", "12", b"/volumes")),
            (b"/v2/0A/servers", Target("v2", None, b"/0A/servers")),
            (b"/v2.1/abc", Target("v2.1", None, b"/abc")),
            (b"/v2.1/abc/", Target("v2.1", "abc", b"/")),
            (b"/v2.1//abc//servers", Target("v2.1", "abc", b"//servers")),
            (b"/v2.1/", Target("v2.1", None, b"/")),
            (b"/v2.1", Target("v2.1", None, b"")),
            (b"/", None),
            (b"", None),
            (b"/servers", None),
            (b"/v2.1x/servers", None),
            (b"http://host/v2.1/servers", None),
        ):
            self.assertEqual(split(path), wanted)

    def test_decoded_once(self) -> None:
        """
        The path is decoded before it is cut, as WSGI servers do it, and only once.
        """
        self.assertEqual(split(b"/v2.1/%73ervers/a%2Fb"), Target("v2.1", None, b"/servers/a/b"))
        self.assertEqual(split(b"/v2.1/%61bc/servers"), Target("v2.1", "abc", b"/servers"))
        self.assertEqual(split(b"/v2.1/servers/%2561%0A"), Target("v2.1", None, b"/servers/%61\n"))

    def test_dot_segments(self) -> None:
        """
        A path with a segment that stands for another path is none, however it is written; dots within names are nothing.
        """
        for path in (
            b"/v2.1/./servers",
            b"/v2.1/servers/..",
            b"/v2.1/%2e%2E/x",
            b"/v2.1/a/..%2fb",
            b"/../v2.1/servers",
        ):
            self.assertIsNone(split(path), path)
        self.assertEqual(split(b"/v2.1/.a/b../..."), Target("v2.1", None, b"/.a/b../..."))
