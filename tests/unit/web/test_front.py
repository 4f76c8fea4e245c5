"""
What is dispatched ahead of Klein, and Klein's own routes: they agree on every request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import globalLogPublisher
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from tests.unit.web.gateway import P1, GatewayCase, Response, VolumeCase
from trio2o.surface.matching import Match, Table, klein_rules, split
from trio2o.surface.operations import Operation
from trio2o.web.front import Front
from trio2o.web.streaming import GatewaySite

ID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ODD_METHODS = ("TRACE", "PROPFIND", "get")
PROJECTS = ("", f"/{P1}", "/-", "/Nobody", "/" + "b" * 32)

#: What a client may make of a path: the plain one first.
SHAPES = (
    lambda path: path,
    lambda path: path + "/",
    lambda path: path + "//",
    lambda path: path + "/more",
    lambda path: path + "/more/yet",
    lambda path: path + "?x=1",
    lambda path: path + "/%2F",
    lambda path: path + "%2Fmore",
    lambda path: path + "/a%20b+c",
    lambda path: path + "/%C3%A9",
    lambda path: path + "/%FF",
    lambda path: path + "/..",
    lambda path: path + "/%2e%2e/x",
    lambda path: path.replace("/", "//"),
    lambda path: path.replace("/", "%2F"),
    lambda path: path.upper(),
    lambda path: "http://cloud.example" + path,
)


def plain(operation: Operation, version: str, project: str, identity: str) -> str:
    """
    A row's path.
    """
    path = re.sub(r"\{\w+\}", identity, operation.path)
    return f"/{version}{project}{path.removesuffix('/**')}" + ("/below/it" if path.endswith("/**") else "")


class AgreementTests(GatewayCase):
    """
    The site as it is served, and one that leaves everything to Klein.
    """

    def setUp(self) -> None:
        super().setUp()
        self.served = self.site
        self.left_to_klein = GatewaySite(Front(self.app, Table(())), reactor=self.clock)  # type: ignore[arg-type]
        self.table = Table(self.surface.operations)

    def told(self, site: GatewaySite, method: str, path: str) -> Any:
        """
        What a site makes of a request: its operation, parameters and record, or its refusal.
        """
        self.site = site
        self.records.clear()
        for strategy in self.strategies.values():
            strategy.calls.clear()
        response = self.ask(method, path)
        calls = [call for strategy in self.strategies.values() for call in strategy.calls]
        (record,) = self.records
        return (
            [(inbound.operation, dict(inbound.ids), inbound.path, inbound.query) for inbound, _ in calls],
            (response.status, response.body, response.values(b"allow"), response.values(b"content-type")),
            (record.operation, record.strategy, record.status),
        )

    def requests(self) -> Iterator[tuple[str, str]]:
        """
        Every row with every method, with and without project id; and odd ones.
        """
        for operation in self.surface.operations:
            for version in self.surface.versions:
                for method in METHODS:
                    yield method, plain(operation, version, "", ID)
                # what stands before a row is the same for all its methods
                yield min(operation.methods), plain(operation, version, PROJECTS[1], ID)
        yield from self.odd_requests()

    def odd_requests(self) -> Iterator[tuple[str, str]]:
        """
        What clients make of paths and methods.
        """
        # a sample: there are many rows, and what is odd here is not about any of them
        for operation in self.surface.operations[::7]:
            for method in ODD_METHODS:
                yield method, plain(operation, self.surface.versions[0], "", ID)
            for project in PROJECTS[2:]:
                yield "GET", plain(operation, self.surface.versions[0], project, ID)
            for shape in SHAPES:
                for project in PROJECTS[:2]:
                    yield "GET", shape(plain(operation, self.surface.versions[0], project, ID))
            for identity in ("detail", "1", "a.b", "a:b", P1, "servers", "%E2%98%83"):
                yield "GET", plain(operation, self.surface.versions[0], "", identity)
        for path in (
            *("/", "//", "/v2.1", "/v2.1/", "/v2", "/v3", "/v3/", "/v3//", "/v1/servers", "/v2.10/servers"),
            *("/healthcheck", "/healthcheck/", "/x", "/%FF", "*", "/v2.1/%00", "/v3/%00", "/v2.1servers"),
            *(
                f"/v2.1/{P1}",
                f"/v2.1/{P1}/",
                f"/v3/{P1}",
                f"/v3/{P1}/",
                "/.",
                "/..",
                "/v2.1/.",
                "/v3/./volumes",
            ),
        ):
            for method in METHODS[:3]:
                yield method, path

    def test_the_same(self) -> None:
        """
        For every row, every method, with and without project id, both give the same operation or the same refusal.
        """
        compared = 0
        for method, path in self.requests():
            if self.told(self.served, method, path) != self.told(self.left_to_klein, method, path):
                self.assertEqual(
                    self.told(self.left_to_klein, method, path),
                    self.told(self.served, method, path),
                    f"{method} {path}",
                )
            compared += 1
        self.assertGreater(compared, 1000)
        self.assertEqual([], self.flushLoggedErrors())

    def test_kleins_own_routes(self) -> None:
        """
        For every row and each of its methods, with and without project id, Klein's matcher finds that very row.
        """
        routes = self.app.klein.url_map.bind("cloud.example")
        for operation in self.surface.operations:
            for version in self.surface.versions:
                for project in PROJECTS[:2]:
                    for method in operation.methods:
                        path = plain(operation, version, project, ID)
                        endpoint, values = routes.match(path, method=method)
                        target = split(path.encode())
                        assert target is not None
                        row = self.table.match(method, target.rest)
                        with self.subTest(method=method, path=path):
                            assert isinstance(row, Match)
                            self.assertIs(operation, row.operation)
                            rules = [
                                f"{version} {sorted(operation.methods)} {rule}"
                                for rule in klein_rules(operation)
                            ]
                            self.assertIn(endpoint, rules)
                            values.pop("below", None)
                            self.assertEqual(project.strip("/") or None, values.pop("project_id", None))
                            self.assertEqual(dict(row.ids), values)

    def test_no_redirections(self) -> None:
        """
        Nothing that reaches Klein makes it redirect.
        """
        routes = self.app.klein.url_map.bind("cloud.example")
        for method, path in self.requests():
            if "//" in path or not path.startswith("/"):
                continue
            try:
                routes.match(path.partition("?")[0], method=method)
            except RequestRedirect:
                self.fail(f"{method} {path} is redirected")
            except HTTPException:
                pass

    def test_answered(self) -> None:
        """
        Every odd request has one answer, one record, and the surface's shape; nothing is logged as a bug.
        """
        bugs: list[Any] = []

        def observe(event: Any) -> None:
            if event.get("log_failure") is not None:
                bugs.append(event)

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        self.site = self.served
        for method, path in self.odd_requests():
            self.records.clear()
            response = self.ask(method, path)
            with self.subTest(method=method, path=path):
                self.assertEqual([response.status], [record.status for record in self.records])
                if response.status >= 400 and response.body:
                    (name,) = response.json
                    self.assertIn(name, ("itemNotFound", "badMethod", "badRequest"))
        self.assertEqual([], bugs)


class VolumeAgreementTests(AgreementTests, VolumeCase):
    """
    The same of the volume surface.
    """


class DispatchTests(GatewayCase):
    """
    Which strategy a request reaches.
    """

    def reached(self, method: str, path: str) -> Response:
        """
        Ask, and forget who was asked.
        """
        for strategy in self.strategies.values():
            strategy.calls.clear()
        return self.ask(method, path)

    def test_strategies(self) -> None:
        """
        Each row reaches its own strategy, and no other one.
        """
        for operation in self.surface.operations:
            method = sorted(operation.methods)[0]
            self.reached(method, plain(operation, "v2.1", "", ID))
            with self.subTest(operation=operation):
                asked = [name for name, strategy in self.strategies.items() if strategy.calls]
                self.assertEqual([operation.strategy], asked)

    def test_wrong_method(self) -> None:
        """
        A path whose rows have other methods is a 405 that names them, never the default (with HEAD, which is not GET).
        """
        for method, path, allow in (
            ("DELETE", "/v2.1/servers", b"GET, POST"),
            ("HEAD", "/v2.1/servers", b"GET, POST"),
            ("PATCH", f"/v2.1/{P1}/servers/{ID}", b"DELETE, GET, HEAD, PUT"),
            ("POST", "/v2.1/os-availability-zone", b"GET"),
        ):
            response = self.reached(method, path)
            with self.subTest(method=method, path=path):
                self.assertEqual((405, allow), (response.status, response.value(b"allow")))
                if method != "HEAD":
                    self.assertEqual(["badMethod"], list(response.json))

    def test_unknown_path(self) -> None:
        """
        A path outside of the versions is a 404 in the surface's shape; one below them is some pod's to know.
        """
        for path in ("/x", "/v1/servers", "/v3/volumes", f"/v2.1/{P1}/../x"):
            response = self.reached("GET", path)
            self.assertEqual((404, ["itemNotFound"]), (response.status, list(response.json)))
        self.reached("GET", "/v2.1/os-made-up")
        self.assertEqual(1, len(self.strategies["any"].calls))

    def test_health(self) -> None:
        """
        Health is told without a token, at every surface.
        """
        for method in ("GET", "HEAD"):
            response = self.ask(method, "/healthcheck", token=None)
            self.assertEqual((200, b"OK" if method == "GET" else b""), (response.status, response.body))

    def test_client_leaves(self) -> None:
        """
        Whoever works for a client that leaves is told, ahead of Klein and behind it.
        """
        for path, name in ((f"/v2.1/servers/{ID}", "route"), ("/v2.1/servers", "merge")):
            cancelled: list[object] = []
            self.strategies[name].held = Deferred(cancelled.append)
            channel, _ = self.begin("GET", path)
            self.leave(channel)
            self.assertEqual(1, len(cancelled), name)
