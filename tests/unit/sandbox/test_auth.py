"""
How the fake pods check tokens.
"""

from __future__ import annotations

from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.sandbox.asking import now
from trio2o.sandbox.auth import TokenVerifier
from trio2o.sandbox.frame import Fault
from trio2o.sandbox.keystone import FakeKeystone
from trio2o.sandbox.keystone_values import Scope

ASKED = "GET /v3/auth/tokens"


class NoKeystone:
    """
    A client that reaches nothing.
    """

    def get(self, url: str, **kwargs: object) -> Deferred[object]:
        return Deferred.fromCoroutine(self._refuse())

    async def _refuse(self) -> None:
        raise ConnectionRefusedError


class TokenVerifierTests(SynchronousTestCase):
    """
    Tokens are checked with themselves, and once.
    """

    def setUp(self) -> None:
        self.wall = Clock()
        self.keystone = FakeKeystone(self.wall)
        self.user = self.keystone.add_user("demo", "demopass", project="demo", roles=["member"])
        self.http = StubTreq(self.keystone.frame.resource())
        self.verifier = TokenVerifier("http://keystone.test/v3", self.http)

    def test_caller(self) -> None:
        """
        A good token gives user, project and all roles, and is known from then on.
        """
        token = self.keystone.issue("demo", "demo")
        self.assertIsNone(self.verifier.peek(token))
        caller = now(self.verifier.verify(token))
        self.assertEqual(self.user.id, caller.user_id)
        self.assertEqual("demo", caller.user_name)
        self.assertEqual(self.user.default_project_id, caller.project_id)
        self.assertEqual("demo", caller.project_name)
        self.assertEqual({"member", "reader"}, caller.roles)
        self.assertIs(caller, self.verifier.peek(token))

    def test_once(self) -> None:
        """
        A token is asked about once.
        """
        token = self.keystone.issue("demo", "demo")
        now(self.verifier.verify(token))
        now(self.verifier.verify(token))
        self.assertEqual(1, self.keystone.counts()[ASKED])

    def test_together(self) -> None:
        """
        Concurrent calls for one token share one request.
        """
        token = self.keystone.issue("demo", "demo")
        self.keystone.frame.behaviours.add({"kind": "latency", "seconds": 1})
        calls = [Deferred.fromCoroutine(self.verifier.verify(token)) for _ in range(3)]
        for call in calls:
            self.assertNoResult(call)
        self.wall.advance(1)
        self.http.flush()
        first, *others = [self.successResultOf(call) for call in calls]
        self.assertEqual([first, first], others)
        self.assertEqual(1, self.keystone.counts()[ASKED])

    def test_access_rules(self) -> None:
        """
        A token with access rules is taken: the gateway is what checks them.
        """
        credential = self.keystone.directory.add_application_credential(
            self.user.id,
            self.user.default_project_id or "",
            name="robot",
            secret="s",
            access_rules=[{"service": "compute", "method": "GET", "path": "/"}],
        )
        scope = Scope(project_id=credential.project_id)
        token = self.keystone.tokens.issue(self.user.id, scope, credential=credential)
        self.assertEqual(credential.project_id, now(self.verifier.verify(token.id)).project_id)

    def test_unscoped(self) -> None:
        """
        An unscoped token has no project and no roles.
        """
        token = self.keystone.tokens.issue(self.user.id, Scope())
        caller = now(self.verifier.verify(token.id))
        self.assertIsNone(caller.project_id)
        self.assertEqual(frozenset(), caller.roles)

    def test_bad_token(self) -> None:
        """
        A token that Keystone does not know is nobody's, and is asked about again.
        """
        self.assertIsNone(now(self.verifier.verify("nonsense")))
        self.assertIsNone(now(self.verifier.verify("nonsense")))
        self.assertEqual(2, self.keystone.counts()[ASKED])

    def test_keystone_fails(self) -> None:
        """
        An error of Keystone's own is 503, never "not valid", and does not stick.
        """
        token = self.keystone.issue("demo", "demo")
        self.keystone.frame.behaviours.add({"kind": "status", "status": 500, "times": 1})
        with self.assertRaises(Fault) as caught:
            now(self.verifier.verify(token))
        self.assertEqual(503, caught.exception.status)
        self.assertIsNotNone(now(self.verifier.verify(token)))

    def test_keystone_away(self) -> None:
        """
        No Keystone is 503 for all who wait.
        """
        verifier = TokenVerifier("http://keystone.test/v3", NoKeystone())  # type: ignore[arg-type]
        failure = self.failureResultOf(Deferred.fromCoroutine(verifier.verify("t")), Fault)
        self.assertIsInstance(failure, Failure)
        self.assertEqual(503, failure.value.status)
