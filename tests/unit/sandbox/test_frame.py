"""
The frame of the fake services.
"""

from __future__ import annotations

from typing import Any

from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from trio2o.sandbox.answers import Answer, Fault, Revision
from trio2o.sandbox.call import Call, Caller, route
from trio2o.sandbox.clock import PodClock
from trio2o.sandbox.frame import ServiceFrame, StaticTokens
from trio2o.sandbox.style import MicroversionRange, ServiceStyle

ALICE = Caller(user_id="alice", project_id="a1", roles=frozenset({"member"}))
ORIGIN = "http://pod.test"


class ThingStyle(ServiceStyle):
    """
    Nova's way of speaking, for a service of nothing but things.
    """

    prefixes = ("/v2.1",)
    service_type = "compute"
    legacy_header = "X-OpenStack-Nova-API-Version"
    project_in_path = True

    def document(self, call: Call) -> Answer | None:
        return Answer(body={"versions": []}) if call.full_path == "/" else None


class Things:
    """
    A few handlers.
    """

    def __init__(self) -> None:
        self.revision = Revision()
        self.shown = 0
        self.created: list[Any] = []
        self.waiting: Deferred[None] = Deferred()

    @route("GET", "/things/<thing_id>")
    def show(self, call: Call, thing_id: str) -> Answer:
        if thing_id == "none":
            raise Fault(404, "No thing.")
        self.shown += 1
        return Answer(body={"id": thing_id, "minor": call.minor, "base": call.base}, depends_on=self.revision)

    @route("POST", "/things")
    async def create(self, call: Call) -> Answer:
        if call.injected("quota"):
            raise Fault(403, "Quota exceeded")
        self.created.append(call.json())
        return Answer(status=202, body={"ok": True})

    @route("GET", "/slow")
    async def slow(self, call: Call) -> Answer:
        await self.waiting
        return Answer(body={})

    @route("GET", "/bug")
    def bug(self, call: Call) -> Answer:
        raise RuntimeError("a bug")


class FrameTests(SynchronousTestCase):
    """
    What every fake service does around its handlers.
    """

    def setUp(self) -> None:
        self.wall = Clock()
        self.things = Things()
        self.frame = ServiceFrame(
            style=ThingStyle(versions=MicroversionRange.parse("2.1", "2.79")),
            verifier=StaticTokens({"T": ALICE}),
            clock=PodClock(self.wall, manual=True),
            wall=self.wall,
            hints={"quota"},
        )
        self.frame.mount(self.things)
        self.http: Any = StubTreq(self.frame.resource())

    def ask(self, method: str, path: str, token: str | None = "T", **keywords: Any) -> Any:
        headers = keywords.pop("headers", {})
        if token is not None:
            headers["X-Auth-Token"] = token
        return self.http.request(method, ORIGIN + path, headers=headers, **keywords)

    def answer(self, method: str, path: str, token: str | None = "T", **keywords: Any) -> tuple[Any, Any]:
        response = self.successResultOf(self.ask(method, path, token, **keywords))
        return response, self.successResultOf(response.content())

    def json(self, method: str, path: str, token: str | None = "T", **keywords: Any) -> tuple[int, Any]:
        response = self.successResultOf(self.ask(method, path, token, **keywords))
        return response.code, self.successResultOf(response.json())

    def behave(self, **behaviour: Any) -> None:
        self.assertEqual(self.json("POST", "/_sandbox/behaviours", None, json=behaviour)[0], 201)

    def test_answer(self) -> None:
        """
        A handler's answer comes with the request id and the version headers.
        """
        response, body = self.answer("GET", "/v2.1/things/t")

        self.assertEqual(response.code, 200)
        self.assertEqual(body, b'{"id": "t", "minor": 1, "base": "http://pod.test/v2.1"}')
        header = response.headers.getRawHeaders
        self.assertEqual(header("OpenStack-API-Version"), ["compute 2.1"])
        self.assertEqual(header("X-OpenStack-Nova-API-Version"), ["2.1"])
        self.assertEqual(header("Vary"), ["OpenStack-API-Version", "X-OpenStack-Nova-API-Version"])
        self.assertTrue(header("X-Openstack-Request-Id")[0].startswith("req-"))

    def test_project_in_path(self) -> None:
        """
        The caller's project id in the URL is taken off and appears in links; another's is a 400.
        """
        _, own = self.json("GET", "/v2.1/a1/things/t")
        status, fault = self.json("GET", "/v2.1/b2/things/t")

        self.assertEqual(own["base"], "http://pod.test/v2.1/a1")
        self.assertEqual(status, 400)
        self.assertIn("'b2' doesn't match Context's project_id 'a1'", fault["badRequest"]["message"])

    def test_no_token(self) -> None:
        """
        Without a valid token the answer is 401 with keystonemiddleware's header, for unknown paths too.
        """
        for token in (None, "bad"):
            response, _ = self.answer("GET", "/v2.1/nosuch", token)
            self.assertEqual(response.code, 401)
            self.assertEqual(
                response.headers.getRawHeaders("WWW-Authenticate"),
                ['Keystone uri="http://127.0.0.1:5000/v3"'],
            )

    def test_document_without_token(self) -> None:
        """
        Version documents need no token.
        """
        self.assertEqual(self.json("GET", "/", None), (200, {"versions": []}))

    def test_unknown_path_and_method(self) -> None:
        """
        What no handler has is webob's 404, as Nova and Cinder send it, in the form that the client accepts.
        """
        for method, path in (("GET", "/v2.1/nosuch"), ("PUT", "/v2.1/things/t"), ("GET", "/v2.1/things/t/")):
            for accept, start in (
                ("*/*", b"<html>"),
                ("application/json", b'{"message"'),
                (None, b"404 Not"),
            ):
                response, body = self.answer(method, path, headers={"Accept": accept} if accept else {})
                self.assertEqual(response.code, 404)
                self.assertTrue(body.startswith(start), body)

    def test_fault(self) -> None:
        """
        A fault has the service's shape and the version headers.
        """
        response, body = self.answer("GET", "/v2.1/things/none")

        self.assertEqual(response.code, 404)
        self.assertEqual(body, b'{"itemNotFound": {"code": 404, "message": "No thing."}}')
        self.assertTrue(response.headers.hasHeader("OpenStack-API-Version"))

    def test_malformed_body(self) -> None:
        """
        A body that is no JSON is a 400.
        """
        status, fault = self.json("POST", "/v2.1/things", data=b"{bad")

        self.assertEqual((status, fault["badRequest"]["message"]), (400, "Malformed request body"))

    def test_huge_body(self) -> None:
        """
        A body above the limit is a 413 and reaches no handler.
        """
        response, _ = self.answer("POST", "/v2.1/things", data=b'"' + b"x" * 114688 + b'"')

        self.assertEqual(response.code, 413)
        self.assertEqual(self.things.created, [])

    def test_bug(self) -> None:
        """
        A bug of the fake is a 500 and is logged.
        """
        status, _ = self.json("GET", "/v2.1/bug")

        self.assertEqual(status, 500)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_microversions(self) -> None:
        """
        The version asked for is spoken; ``latest`` is the maximum; outside of the range is 406, no version
        400.
        """
        for asked, minor in (("compute 2.79", 79), ("compute latest", 79), ("volume 3.5", 1)):
            _, body = self.json("GET", "/v2.1/things/t", headers={"OpenStack-API-Version": asked})
            self.assertEqual(body["minor"], minor)
        _, body = self.json("GET", "/v2.1/things/t", headers={"X-OpenStack-Nova-API-Version": "2.7"})
        self.assertEqual(body["minor"], 7)

        response, text = self.answer(
            "GET", "/v2.1/things/t", headers={"OpenStack-API-Version": "compute 2.80"}
        )
        self.assertEqual(response.code, 406)
        self.assertIn(b"Minimum is 2.1 and maximum is 2.79.", text)
        self.assertEqual(response.headers.getRawHeaders("OpenStack-API-Version"), ["compute 2.80"])

        response, _ = self.answer("GET", "/v2.1/things/t", headers={"OpenStack-API-Version": "compute foo"})
        self.assertEqual(response.code, 400)
        self.assertFalse(response.headers.hasHeader("OpenStack-API-Version"))

    def test_kept_answer(self) -> None:
        """
        A kept answer is sent again, each time with its own request id, until its revision moves.
        """
        first, body = self.answer("GET", "/v2.1/things/t")
        second, again = self.answer("GET", "/v2.1/things/t")
        self.assertEqual((body, self.things.shown), (again, 1))
        self.assertEqual(
            first.headers.getRawHeaders("Vary"),
            second.headers.getRawHeaders("Vary"),
        )
        self.assertNotEqual(
            first.headers.getRawHeaders("X-Openstack-Request-Id"),
            second.headers.getRawHeaders("X-Openstack-Request-Id"),
        )

        self.things.revision.bump()
        self.answer("GET", "/v2.1/things/t")
        self.assertEqual(self.things.shown, 2)

    def test_kept_for_its_request_only(self) -> None:
        """
        A kept answer serves no other version and no other token.
        """
        self.answer("GET", "/v2.1/things/t")

        _, other = self.json("GET", "/v2.1/things/t", headers={"OpenStack-API-Version": "compute 2.5"})
        response, _ = self.answer("GET", "/v2.1/things/t", "bad")

        self.assertEqual((other["minor"], response.code), (5, 401))

    def test_journal(self) -> None:
        """
        The journal shows method, whole path, headers without tokens, body, project and status.
        """
        self.answer("POST", "/v2.1/things?a=%20b", json={"x": 1}, headers={"X-Strange": "yes"})
        self.answer("GET", "/v2.1/things/t")

        _, listed = self.json("GET", "/_sandbox/requests?method=post", None)

        (request,) = listed["requests"]
        self.assertEqual(
            (request["path"], request["body"], request["project"], request["status"]),
            ("/v2.1/things?a=%20b", {"x": 1}, "a1", 202),
        )
        self.assertEqual(request["headers"]["x-strange"], ["yes"])
        self.assertNotIn("x-auth-token", request["headers"])

        self.answer("DELETE", "/_sandbox/requests", None)
        self.assertEqual(self.json("GET", "/_sandbox/requests", None)[1], {"requests": []})

    def test_status(self) -> None:
        """
        ``status`` answers instead of the handler, as often as it was told, for what it matches.
        """
        self.behave(kind="status", status=503, body={"e": 1}, times=1, match={"method": "POST"})

        self.assertEqual(self.json("GET", "/v2.1/things/t")[0], 200)
        self.assertEqual(self.json("POST", "/v2.1/things", json={}), (503, {"e": 1}))
        self.assertEqual(self.things.created, [])
        self.assertEqual(self.json("POST", "/v2.1/things", json={})[0], 202)

    def test_status_after(self) -> None:
        """
        ``status_after`` does the work and hides its answer.
        """
        self.behave(kind="status_after", status=504)

        self.assertEqual(self.answer("POST", "/v2.1/things", json={"x": 1})[0].code, 504)
        self.assertEqual(self.things.created, [{"x": 1}])

    def test_matches_project(self) -> None:
        """
        A behaviour for another project does not concern the caller.
        """
        self.behave(kind="status", match={"project": "b2"})
        self.assertEqual(self.json("GET", "/v2.1/things/t")[0], 200)

    def test_latency(self) -> None:
        """
        ``latency`` waits before the work, ``latency_after`` after it.
        """
        self.behave(kind="latency", seconds=2, match={"method": "POST"}, times=1)
        waiting = self.ask("POST", "/v2.1/things", json={})
        self.wall.advance(1.9)
        self.assertNoResult(waiting)
        self.assertEqual(self.things.created, [])
        self.wall.advance(0.1)
        self.http.flush()
        self.assertEqual(self.successResultOf(waiting).code, 202)

        self.behave(kind="latency_after", seconds=2)
        waiting = self.ask("POST", "/v2.1/things", json={})
        self.assertEqual(len(self.things.created), 2)
        self.assertNoResult(waiting)
        self.wall.advance(2)
        self.http.flush()
        self.assertEqual(self.successResultOf(waiting).code, 202)

    def test_hang(self) -> None:
        """
        ``hang`` does nothing, ``hang_after`` does the work; neither answers.
        """
        self.behave(kind="hang", times=1)
        self.behave(kind="hang_after")
        first = self.ask("POST", "/v2.1/things", json={"n": 1})
        second = self.ask("POST", "/v2.1/things", json={"n": 2})
        self.wall.advance(1000)
        self.assertNoResult(first)
        self.assertNoResult(second)
        self.assertEqual(self.things.created, [{"n": 2}])

    def test_reset(self) -> None:
        """
        ``reset`` and ``reset_after`` end the connection; only the latter did the work.
        """
        self.behave(kind="reset", times=1)
        self.failureResultOf(self.ask("POST", "/v2.1/things", json={"n": 1}))
        self.assertEqual(self.things.created, [])

        self.behave(kind="reset_after", times=1)
        self.failureResultOf(self.ask("POST", "/v2.1/things", json={"n": 2}))
        self.assertEqual(self.things.created, [{"n": 2}])

    def test_truncate(self) -> None:
        """
        ``truncate`` sends half of a body whose length is told in full.
        """
        self.behave(kind="truncate")
        response = self.successResultOf(self.ask("GET", "/v2.1/things/t"))
        self.assertEqual(response.length, 55)
        self.failureResultOf(response.content())

    def test_hang_within(self) -> None:
        """
        ``hang_within`` sends half of a body, and the rest never comes.
        """
        self.behave(kind="hang_within")
        response = self.successResultOf(self.ask("GET", "/v2.1/things/t"))
        self.assertEqual(response.length, 55)
        self.assertNoResult(response.content())

    def test_wrong_json(self) -> None:
        """
        ``wrong_json`` sends no JSON under the real status.
        """
        self.behave(kind="wrong_json")
        response, body = self.answer("GET", "/v2.1/things/t")
        self.assertEqual((response.code, body), (200, b'{"servers": [{"id": '))

    def test_hint(self) -> None:
        """
        A service's own behaviour is used up only by the handler that asks for it.
        """
        self.behave(kind="quota", times=1)
        self.assertEqual(self.json("GET", "/v2.1/things/t")[0], 200)
        self.assertEqual(self.json("POST", "/v2.1/things", json={})[0], 403)
        self.assertEqual(self.json("POST", "/v2.1/things", json={})[0], 202)

    def test_remove_behaviours(self) -> None:
        """
        Behaviours are listed and removed, one or all.
        """
        self.behave(kind="hang", match={"path": "^/x"})
        self.behave(kind="reset", match={"path": "^/x"})
        _, listed = self.json("GET", "/_sandbox/behaviours", None)
        self.assertEqual([each["kind"] for each in listed["behaviours"]], ["hang", "reset"])

        self.assertEqual(self.answer("DELETE", "/_sandbox/behaviours/1", None)[0].code, 204)
        self.assertEqual(self.answer("DELETE", "/_sandbox/behaviours/1", None)[0].code, 404)
        self.answer("DELETE", "/_sandbox/behaviours", None)
        self.assertEqual(self.json("GET", "/_sandbox/behaviours", None)[1]["behaviours"], [])

    def test_bad_behaviours(self) -> None:
        """
        A behaviour that cannot be is a 400 that says why.
        """
        for wanted, words in (
            ({"kind": "nonsense"}, "kind is one of"),
            ({"kind": "hang", "mach": {}}, "Unknown: mach"),
            ({"kind": "hang", "match": {"path": "("}}, "path:"),
            ({"kind": "hang", "times": 0}, "at least 1"),
            ({"kind": "hang", "seconds": "2"}, "wrong type"),
            ([], "object"),
        ):
            status, error = self.json("POST", "/_sandbox/behaviours", None, json=wanted)
            self.assertEqual(status, 400)
            self.assertIn(words, error["error"])

    def test_clock(self) -> None:
        """
        A manual clock is moved and set over HTTP, and runs what is due.
        """
        done: list[int] = []
        self.frame.clock.callLater(5, done.append, 1)

        _, shown = self.json(
            "POST", "/_sandbox/clock", None, json={"set": "2026-03-01T00:00:00Z", "advance": 5}
        )

        self.assertEqual(done, [1])
        self.assertEqual(shown["clock"]["now"], "2026-03-01T00:00:05+00:00")
        self.assertEqual(self.json("POST", "/_sandbox/clock", None, json={"advance": -1})[0], 400)
        self.assertEqual(self.json("POST", "/_sandbox/clock", None, json={"set": "soon"})[0], 400)

    def test_automatic_clock(self) -> None:
        """
        A clock that runs by itself cannot be advanced.
        """
        frame = ServiceFrame(style=ThingStyle(), verifier=None, clock=PodClock(self.wall), wall=self.wall)
        self.http = StubTreq(frame.resource())
        self.assertEqual(self.json("POST", "/_sandbox/clock", None, json={"advance": 1})[0], 409)

    def test_late_answer(self) -> None:
        """
        A handler may answer later.
        """
        waiting = self.ask("GET", "/v2.1/slow")
        self.assertNoResult(waiting)
        self.things.waiting.callback(None)
        self.http.flush()
        self.assertEqual(self.successResultOf(waiting).code, 200)
