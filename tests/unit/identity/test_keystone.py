"""
The requests that Keystone gets, and what its answers become.
"""

from __future__ import annotations

import json
from collections.abc import Coroutine
from typing import Any, cast

from treq.client import HTTPClient
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseFailed

from tests.unit.identity.stub import EPOCH, OWN_PROJECT, World, a_client, a_clock, description, status
from trio2o.errors import Unavailable
from trio2o.identity.keystone import KeystoneClient, NotPermitted, OwnTokenRefused, SubjectUnknown
from trio2o.identity.plugins import BadCredentials, Replay
from trio2o.identity.transport import keystone_http, keystone_pool


class FailingHttp:
    """
    An HTTP client whose every request fails.
    """

    def __init__(self, reason: Exception) -> None:
        self.reason = reason

    def request(self, *args: object, **options: object) -> Deferred[Any]:
        """
        Fail.
        """
        return fail(self.reason)


class ClientCase(SynchronousTestCase):
    """
    A client and a stub Keystone.
    """

    def setUp(self) -> None:
        self.world = World()
        self.keystone, self.client, self.clock = self.world.keystone, self.world.client, self.world.clock

    def start(self, work: Coroutine[Any, Any, Any]) -> Deferred[Any]:
        """
        Begin a call.
        """
        return Deferred.fromCoroutine(work)

    def assertAway(self, work: Coroutine[Any, Any, Any]) -> Unavailable:
        """
        The call ends as "Keystone cannot be asked", with a time to try again.
        """
        failure = self.failureResultOf(self.start(work), Unavailable)
        self.assertEqual([name for name, _ in failure.value.headers], [b"Retry-After"])
        return failure.value


class AuthenticateTests(ClientCase):
    """
    Getting the daemon's own token.
    """

    def test_grant(self) -> None:
        """
        The token comes from the header, its lifetime from both its times, so that a wrong clock does not matter.
        """
        self.clock.advance(100_000)
        grant = self.successResultOf(self.start(self.client.authenticate()))
        self.assertEqual((grant.token, grant.lifetime), (b"own-1", 3600.0))
        self.assertEqual(grant.access.project_id, OWN_PROJECT)
        self.assertNotIn("own-1", repr(grant))
        (seen,) = self.keystone.seen
        self.assertEqual((seen.method, seen.path), ("POST", "/v3/auth/tokens"))
        self.assertEqual(seen.headers["content-type"], "application/json")
        self.assertEqual(json.loads(seen.body)["auth"]["identity"]["methods"], ["password"])

    def test_refused(self) -> None:
        """
        Wrong credentials are the daemon's problem: users are told to try again, and the log tells no secret.
        """
        self.keystone.fault = status(401, b'{"error": {"message": "secret-of-gateway"}}')
        problem = self.assertAway(self.client.authenticate())
        self.assertNotIn("secret", problem.admin_detail + problem.message)
        self.assertIn("401", problem.admin_detail)

    def test_not_understood(self) -> None:
        """
        Answers that are no JSON, no object or lack the token are no token.
        """
        for body in (
            b"<html>",
            b"[]",
            b"{}",
            b'{"token": {}}',
            b'{"token": {"expires_at": "soon"}}',
            b'{"token": {"issued_at": "2026-01-01T00:00:00Z"}}',
        ):
            with self.subTest(body=body):
                self.keystone.fault = status(201, body)
                self.assertAway(self.client.authenticate())

    def test_endless(self) -> None:
        """
        A plugin that wants one answer after the other is stopped.
        """

        class Endless:
            auth_url = "http://keystone.example:5000/v3"

            def get_auth_ref(self, session: Replay) -> None:
                for step in range(1_000):
                    session.get(f"{self.auth_url}/{step}", raise_exc=False)

        client = KeystoneClient(self.keystone.http, self.clock, cast("Any", Endless()))
        self.assertAway(client.authenticate())
        self.assertEqual(len(self.keystone.seen), 8)

    def test_server_error(self) -> None:
        """
        A 500 of Keystone is "try again".
        """
        self.keystone.fault = status(500)
        self.assertAway(self.client.authenticate())


class ShowTokenTests(ClientCase):
    """
    Asking about a token.
    """

    def show(self, **options: bool) -> Coroutine[Any, Any, Any]:
        """
        Ask about the token ``t1`` with the first own token.
        """
        return self.client.show_token(b"own-1", b"t1", **options)

    def test_request(self) -> None:
        """
        The request names both tokens, wants access rules shown and leaves the catalog out.
        """
        self.keystone.tokens["t1"] = description()
        info = self.successResultOf(self.start(self.show()))
        self.assertEqual((info.user_id, info.project_id, info.role_names), ("u1", "p1", ["member"]))
        (seen,) = self.keystone.seen
        self.assertEqual((seen.method, seen.path), ("GET", "/v3/auth/tokens?nocatalog=1"))
        self.assertEqual(seen.headers["x-auth-token"], "own-1")
        self.assertEqual(seen.headers["x-subject-token"], "t1")
        self.assertEqual(seen.headers["openstack-identity-access-rules"], "1.0")
        self.assertNotIn("cookie", seen.headers)

    def test_options(self) -> None:
        """
        Expired tokens and the catalog are asked for in the query.
        """
        self.keystone.tokens["t1"] = description()
        self.successResultOf(self.start(self.show(allow_expired=True)))
        self.successResultOf(self.start(self.show(catalog=True)))
        self.assertEqual(
            [seen.path for seen in self.keystone.seen],
            ["/v3/auth/tokens?nocatalog=1&allow_expired=1", "/v3/auth/tokens"],
        )

    def test_unknown(self) -> None:
        """
        404 is about the token that was asked about.
        """
        self.failureResultOf(self.start(self.show()), SubjectUnknown)

    def test_own_refused(self) -> None:
        """
        401 is about the daemon's own.
        """
        self.keystone.revoked.add("own-1")
        self.failureResultOf(self.start(self.show()), OwnTokenRefused)

    def test_other_statuses(self) -> None:
        """
        Whatever else Keystone answers, nobody is let in and nobody's token is called bad.
        """
        for code in (204, 300, 302, 400, 403, 429, 500, 502, 503):
            with self.subTest(code=code):
                self.keystone.fault = status(code, b'{"token": {}}')
                self.assertAway(self.show())

    def test_redirect_not_followed(self) -> None:
        """
        Tokens are sent nowhere else.
        """
        self.keystone.fault = status(307)
        self.assertAway(self.show())
        self.assertEqual(len(self.keystone.seen), 1)

    def test_not_understood(self) -> None:
        """
        A 200 without a token is no identity.
        """
        for body in (b"", b"<html>", b"[]", b"{}", b'{"token": []}'):
            with self.subTest(body=body):
                self.keystone.fault = status(200, body)
                self.assertAway(self.show())

    def test_large_answer(self) -> None:
        """
        An answer beyond the limit is dropped; one as large as the limit is read.
        """
        body = json.dumps(description()).encode()
        self.keystone.fault = status(200, body)
        within = a_client(self.keystone.http, self.clock, body_limit=len(body))
        self.successResultOf(self.start(within.show_token(b"own-1", b"t1")))
        below = a_client(self.keystone.http, self.clock, body_limit=len(body) - 1)
        problem = self.assertAway(below.show_token(b"own-1", b"t1"))
        self.assertIn("AnswerTooLarge", problem.admin_detail)

    def test_timeout(self) -> None:
        """
        A Keystone that is silent past the timeout cannot be asked, and no sooner.
        """
        self.keystone.hold = True
        answer = self.start(self.show())
        self.clock.advance(9.9)
        self.assertNoResult(answer)
        self.clock.advance(0.1)
        self.failureResultOf(answer, Unavailable)

    def test_transport(self) -> None:
        """
        Without a connection, or with one that breaks off, Keystone cannot be asked.
        """
        for reason in (ConnectionRefusedError(), ResponseFailed([])):
            with self.subTest(reason=reason):
                client = a_client(FailingHttp(reason), self.clock)
                self.assertAway(client.show_token(b"own-1", b"t1"))

    def test_problem(self) -> None:
        """
        What the last request met is kept for operators, and forgotten with the next answer of Keystone's own.
        """
        self.keystone.tokens["t1"] = description()
        self.assertEqual("", self.client.problem)
        self.keystone.hold = True
        answer = self.start(self.show())
        self.clock.advance(10)
        self.failureResultOf(answer, Unavailable)
        self.assertIn("no answer", self.client.problem)
        well, self.keystone.hold, self.keystone.fault = self.keystone.fault, False, status(503)
        self.assertAway(self.show())
        self.assertEqual("status 503", self.client.problem)
        self.keystone.fault = well
        self.successResultOf(self.start(self.show()))
        self.assertEqual("", self.client.problem)

    def test_bug_is_no_outage(self) -> None:
        """
        An unexpected exception stays what it is.
        """
        client = a_client(FailingHttp(ZeroDivisionError()), self.clock)
        self.failureResultOf(self.start(client.show_token(b"own-1", b"t1")), ZeroDivisionError)

    def test_keystones_words_stay(self) -> None:
        """
        Keystone quotes tokens in its errors: nothing of them goes on.
        """
        self.keystone.fault = status(500, b'{"error": {"message": "Could not find token: t1-secret"}}')
        problem = self.assertAway(self.show())
        self.assertNotIn("secret", problem.message + problem.admin_detail + repr(problem.headers))


class BoundTests(ClientCase):
    """
    How many requests there can be.
    """

    def show(self, client: KeystoneClient) -> Deferred[Any]:
        """
        Ask about the token ``t1``.
        """
        return self.start(client.show_token(b"own-1", b"t1"))

    def test_concurrency(self) -> None:
        """
        Beyond the limit requests wait, and go when one is done.
        """
        self.keystone.tokens["t1"] = description()
        client = a_client(self.keystone.http, self.clock, concurrency=1)
        self.keystone.hold = True
        first, second = self.show(client), self.show(client)
        self.assertEqual(len(self.keystone.seen), 1)
        self.keystone.release()
        for each in (first, second):
            self.successResultOf(each)

    def test_wait_is_in_the_timeout(self) -> None:
        """
        The wait for a place counts; what timed out leaves its place to others.
        """
        self.keystone.tokens["t1"] = description()
        client = a_client(self.keystone.http, self.clock, concurrency=1)
        self.keystone.hold = True
        answers = [self.show(client), self.show(client)]
        self.clock.advance(10)
        for each in answers:
            self.failureResultOf(each, Unavailable)
        self.keystone.hold = False
        self.successResultOf(self.show(client))

    def test_queue(self) -> None:
        """
        When too many wait, the next one is told at once.
        """
        client = a_client(self.keystone.http, self.clock, concurrency=1)
        self.keystone.hold = True
        waiting = [self.show(client) for _ in range(17)]
        self.failureResultOf(self.show(client), Unavailable)
        for each in waiting:
            self.assertNoResult(each)
        # ended here: the garbage collector would end them later, in the midst of another test
        self.clock.advance(10)
        for each in waiting:
            self.failureResultOf(each, Unavailable)


class ReadTests(ClientCase):
    """
    Reading Keystone's lists.
    """

    def test_read(self) -> None:
        """
        A list is read with the daemon's token.
        """
        self.keystone.lists["services"] = [{"id": "s1"}]
        document = self.successResultOf(self.start(self.client.read(b"own-1", "services")))
        self.assertEqual(document, {"services": [{"id": "s1"}]})

    def test_not_permitted(self) -> None:
        """
        403 says that the daemon's user may not.
        """
        self.failureResultOf(self.start(self.client.read(b"own-1", "endpoints")), NotPermitted)


class HttpTests(SynchronousTestCase):
    """
    The HTTP client for Keystone.
    """

    def test_no_cookies(self) -> None:
        """
        A cookie that Keystone's front end sets is not kept.
        """
        reactor = MemoryReactorClock()
        client = keystone_http(reactor, keystone_pool(reactor))
        self.assertIsInstance(client, HTTPClient)
        self.assertTrue(client._cookiejar._policy.is_not_allowed("keystone.example"))

    def test_bad_authority(self) -> None:
        """
        A file of certificate authorities that is missing or holds none is refused at once.
        """
        reactor = MemoryReactorClock()
        empty = self.mktemp()
        with open(empty, "w", encoding="ascii") as file:
            file.write("nothing\n")
        for path, reason in ((empty, "no certificate"), ("/nowhere/ca.pem", "cannot be read")):
            with self.subTest(path=path):
                problem = self.assertRaises(
                    BadCredentials, keystone_http, reactor, keystone_pool(reactor), ca_file=path
                )
                self.assertIn(reason, str(problem))

    def test_root(self) -> None:
        """
        The root is where users find Keystone.
        """
        clock = a_clock()
        self.assertEqual(clock.seconds(), EPOCH)
        self.assertEqual(a_client(None, clock).root, "http://keystone.example:5000/v3")
