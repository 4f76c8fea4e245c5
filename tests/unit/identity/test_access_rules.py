"""
The access rules of application credentials.
"""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from trio2o.identity.access_rules import allowed, path_matches
from trio2o.model import AccessRule

SERVERS = "/v2.1/servers"


def rule(path: str, *, method: str = "GET", service: str = "compute") -> AccessRule:
    """
    One rule.
    """
    return AccessRule(service=service, method=method, path=path)


class PatternTests(SynchronousTestCase):
    """
    What a path pattern matches.
    """

    def test_table(self) -> None:
        """
        Each wildcard matches what the Identity API documents, and no more.
        """
        table = [
            ("/v2.1/servers", "/v2.1/servers", True),
            ("/v2.1/servers", "/v2.1/servers/", False),
            ("/v2.1/servers", "/v2.1/server", False),
            ("/v2.1/servers", "/v201/servers", False),
            ("/v2.1/servers/*", "/v2.1/servers/s1", True),
            ("/v2.1/servers/*", "/v2.1/servers/", False),
            ("/v2.1/servers/*", "/v2.1/servers", False),
            ("/v2.1/servers/*", "/v2.1/servers/s1/action", False),
            ("/v2.1/servers/{server_id}", "/v2.1/servers/s1", True),
            ("/v2.1/servers/{server_id}", "/v2.1/servers/s1/ips", False),
            ("/v2.1/servers/{server_id}/ips/{network}", "/v2.1/servers/s1/ips/n1", True),
            ("/v2.1/servers/{}/action", "/v2.1/servers/s1/action", True),
            ("/v2.1/servers/**", "/v2.1/servers/s1/ips/n1", True),
            ("/v2.1/servers/**", "/v2.1/servers/", True),
            ("/v2.1/servers/**", "/v2.1/servers", False),
            ("/v2.1/servers**", "/v2.1/servers", True),
            ("**", "", True),
            ("**", "/anything/at/all", True),
            ("**/detail", "/v2.1/servers/detail", True),
            ("**/detail", "/v2.1/servers/details", False),
            ("/**/action", "/v2.1/servers/s1/action", True),
            ("/v3/*/volumes/vol-*-a", "/v3/p1/volumes/vol-1-a", True),
            ("/v3/*/volumes/vol-*-a", "/v3/p1/volumes/vol--a", False),
            ("/v3/*/volumes/vol-*-a", "/v3/p1/volumes/vol-1/x-a", False),
            ("/***", "/a/b", True),
            ("/***", "/", False),
            ("/{open", "/{open", True),
            ("", "", True),
            ("", "/", False),
        ]
        for pattern, path, expected in table:
            with self.subTest(pattern=pattern, path=path):
                self.assertIs(path_matches(pattern, path), expected)

    @given(
        some.lists(some.sampled_from(["*", "**", "{x}", "a", "b", "/", "/a"]), max_size=8),
        some.text(alphabet="ab/", max_size=12),
    )
    def test_like_expression(self, parts: list[str], path: str) -> None:
        """
        The answer is that of the regular expression which says the same.
        """
        pattern = "".join(parts)
        expression = re.sub(
            r"\*\*|\*|\{[^}]*\}|.",
            lambda token: {"**": ".*", "*": "[^/]+", "{x}": "[^/]+"}.get(token[0], re.escape(token[0])),
            pattern,
        )
        self.assertEqual(path_matches(pattern, path), re.fullmatch(expression, path) is not None)

    def test_hostile_pattern(self) -> None:
        """
        A pattern full of wildcards on a long path, which takes a backtracking matcher years, has an answer.
        """
        self.assertFalse(path_matches("/" + "**a" * 74 + "b", "/" + "a" * 8000))


class RuleTests(SynchronousTestCase):
    """
    Which requests a list of rules lets through.
    """

    def test_no_rules(self) -> None:
        """
        A token without rules may be used for everything.
        """
        self.assertTrue(allowed(None, "compute", "DELETE", "/v2.1/servers/s1"))

    def test_empty_list(self) -> None:
        """
        A token with an empty list may be used for nothing.
        """
        self.assertFalse(allowed((), "compute", "GET", SERVERS))

    def test_service_method_and_path(self) -> None:
        """
        Service, method and path must all agree, in one rule.
        """
        rules = (rule(SERVERS), rule("/v2.1/flavors", method="POST"))
        self.assertTrue(allowed(rules, "compute", "GET", SERVERS))
        self.assertFalse(allowed(rules, "compute", "POST", SERVERS))
        self.assertFalse(allowed(rules, "compute", "HEAD", SERVERS))
        self.assertFalse(allowed(rules, "volume", "GET", SERVERS))
        self.assertFalse(allowed(rules, "compute", "GET", "/v2.1/flavors"))

    def test_volume_names(self) -> None:
        """
        Each service type that stands for Block Storage in a catalog is the volume surface.
        """
        for name in ("volume", "volumev3", "block-storage"):
            with self.subTest(name=name):
                self.assertTrue(allowed((rule("/v3/**", service=name),), "volume", "GET", "/v3/p1/volumes"))

    def test_query(self) -> None:
        """
        The query is no part of what is compared.
        """
        self.assertTrue(allowed((rule(SERVERS),), "compute", "GET", SERVERS + "?limit=1&x=/../"))

    def test_escaped_slash(self) -> None:
        """
        An escaped slash is a slash: it does not hide a deeper path behind one ``*``.
        """
        rules = (rule("/v2.1/servers/*"),)
        self.assertFalse(allowed(rules, "compute", "GET", "/v2.1/servers/s1%2Fips"))
        self.assertTrue(allowed(rules, "compute", "GET", "/v2.1/servers/%73%31"))

    def test_escaped_letters(self) -> None:
        """
        A path with needless escapes is the path without them; what needs an escape is compared with it.
        """
        self.assertTrue(allowed((rule(SERVERS),), "compute", "GET", "/v2.1/%73ervers"))
        self.assertTrue(allowed((rule("/v2.1/a%20b"),), "compute", "GET", "/v2.1/a%20b"))

    def test_dot_segments(self) -> None:
        """
        A path with ``.`` or ``..`` segments is no path that a rule allows, escaped or not.
        """
        rules = (rule("/v2.1/servers/**"),)
        for path in ("/v2.1/servers/../flavors", "/v2.1/servers/%2e%2e/flavors", "/v2.1/servers/./s1"):
            with self.subTest(path=path):
                self.assertFalse(allowed(rules, "compute", "GET", path))
        self.assertTrue(allowed(rules, "compute", "GET", "/v2.1/servers/..s1"))
