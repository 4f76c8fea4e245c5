"""
The fake Keystone: what a real one does too, and what only a fake one does.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from treq.testing import StubTreq
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.sandbox.asking import Api, Reply, now
from tests.unit.sandbox.keystone_contract import KeystoneContract
from trio2o.sandbox.clock import PodClock
from trio2o.sandbox.keystone import FakeKeystone
from trio2o.sandbox.keystone_catalog import filled
from trio2o.sandbox.keystone_load import BadDocument
from trio2o.sandbox.keystone_tokens import ALLOW_EXPIRED_WINDOW, Rejected
from trio2o.sandbox.keystone_values import Scope

ORIGIN = "http://keystone.test"
DOCUMENT = {
    "token_lifetime": 600,
    "projects": [{"name": "demo"}, {"name": "other", "id": "0" * 32}],
    "users": [
        {"name": "demo", "password": "demopass", "default_project": "demo", "roles": {"demo": ["member"]}},
        {"name": "gateway", "password": "servicepass", "roles": {"service": ["service"]}},
    ],
    "regions": [{"id": "Pod1", "parent": "RegionOne"}],
    "endpoints": [
        {"region": "Pod1", "service": "compute", "url": "http://pod1.test/v2.1"},
        {"region": "Pod1", "service": "volumev3", "url": "http://pod1.test/v3/%(project_id)s"},
    ],
}


class FakeKeystoneCase(SynchronousTestCase):
    """
    A fake Keystone on a clock that the test moves.
    """

    def setUp(self) -> None:
        self.wall = Clock()
        self.clock = PodClock(self.wall, manual=True)
        self.keystone = FakeKeystone(self.wall, self.clock)
        self.keystone.load(DOCUMENT)
        self.http = StubTreq(self.keystone.frame.resource())
        self.api = Api(self.http, f"{ORIGIN}/v3")

    def finish(self, check: Coroutine[Any, Any, None]) -> None:
        now(check)

    def shown(self, asker: str, subject: str, query: str = "") -> Reply:
        headers = {"X-Subject-Token": subject}
        reply: Reply = now(self.api.ask("GET", f"/auth/tokens{query}", token=asker, headers=headers))
        return reply


class ContractTests(FakeKeystoneCase, KeystoneContract):
    """
    The fake does what the real one does.
    """


class LifetimeTests(FakeKeystoneCase):
    """
    How tokens end.
    """

    def test_end(self) -> None:
        """
        A token is good until its last second and not in it.
        """
        token = self.keystone.issue("demo", "demo")
        self.clock.advance(599)
        self.assertEqual(200, self.shown(token, token).status)
        self.clock.advance(1)
        self.assertEqual(401, self.shown(token, token).status)

    def test_allow_expired(self) -> None:
        """
        Who asks with a good token and ``allow_expired`` sees an ended one for two more days.
        """
        token = self.keystone.issue("demo", "demo", lifetime=10)
        self.clock.advance(10)
        asker = self.keystone.issue("gateway", "service", lifetime=2 * ALLOW_EXPIRED_WINDOW)
        self.assertEqual(404, self.shown(asker, token).status)
        self.assertEqual(200, self.shown(asker, token, "?allow_expired=1").status)
        self.clock.advance(ALLOW_EXPIRED_WINDOW)
        self.assertEqual(404, self.shown(asker, token, "?allow_expired=1").status)

    def test_role_taken_away(self) -> None:
        """
        A token without any role left is no token.
        """
        token = self.keystone.issue("demo", "demo")
        user = self.keystone.directory.find_user({"name": "demo", "domain": {"id": "default"}})
        project = self.keystone.directory.find_project({"name": "demo", "domain": {"id": "default"}})
        self.assertEqual(200, self.shown(token, token).status)
        self.keystone.directory.withdraw(user.id, ["member"], Scope(project_id=project.id))
        self.assertEqual(401, self.shown(token, token).status)

    def test_no_role(self) -> None:
        """
        Nobody gets a token for a project without a role there.
        """
        self.assertRaises(Rejected, self.keystone.issue, "demo", "other")

    def test_user_removed(self) -> None:
        """
        A removed user's tokens end.
        """
        token = self.keystone.issue("demo", "demo")
        admin = self.keystone.issue("admin", "admin")
        user = self.keystone.directory.find_user({"name": "demo", "domain": {"id": "default"}})
        self.keystone.directory.remove_user(user.id)
        self.assertEqual(404, self.shown(admin, token).status)

    def test_catalog_changes(self) -> None:
        """
        A token that was shown before shows a new endpoint at once.
        """
        token = self.keystone.issue("demo", "demo")
        before = self.shown(token, token).json["token"]["catalog"]
        self.keystone.catalog.set_endpoint("Pod2", "compute", "http://pod2.test/v2.1")
        after = self.shown(token, token).json["token"]["catalog"]
        self.assertNotIn("http://pod2.test/v2.1", str(before))
        self.assertIn("http://pod2.test/v2.1", str(after))


class SandboxTests(FakeKeystoneCase):
    """
    What a test commands over HTTP.
    """

    def test_identity_added(self) -> None:
        """
        A document adds users who can log in at once.
        """
        document = {
            "projects": [{"name": "new"}],
            "users": [{"name": "nora", "password": "p", "roles": {"new": ["member"]}}],
        }
        control = Api(self.http, ORIGIN)
        self.assertEqual(204, now(control.ask("POST", "/_sandbox/identity", body=document)).status)
        self.assertTrue(self.keystone.issue("nora", "new"))

    def test_bad_document(self) -> None:
        """
        A document with an unknown key is refused with its place.
        """
        with self.assertRaises(BadDocument) as caught:
            self.keystone.load({"users": [{"name": "x", "password": "y", "rolls": {}}]})
        self.assertEqual("users[0]: unknown: rolls.", str(caught.exception))
        with self.assertRaises(BadDocument) as caught:
            self.keystone.load({"users": [{"name": "x", "password": "y", "roles": {"nowhere": ["member"]}}]})
        self.assertEqual("users[0]: Could not find project: nowhere.", str(caught.exception))
        control = Api(self.http, ORIGIN)
        self.assertEqual(400, now(control.ask("POST", "/_sandbox/identity", body={"x": 1})).status)

    def test_counts(self) -> None:
        """
        Requests are counted by method and path, without the query.
        """
        token = self.keystone.issue("demo", "demo")
        self.shown(token, token)
        self.shown(token, token, "?nocatalog")
        self.assertEqual({"GET /v3/auth/tokens": 2}, dict(self.keystone.counts()))
        shown = now(Api(self.http, ORIGIN).ask("GET", "/_sandbox/counts"))
        self.assertEqual({"counts": {"GET /v3/auth/tokens": 2}}, shown.json)

    def test_tokens_ended(self) -> None:
        """
        All tokens of one user end on command, those of others stay.
        """
        demo, admin = self.keystone.issue("demo", "demo"), self.keystone.issue("admin", "admin")
        now(Api(self.http, ORIGIN).ask("DELETE", "/_sandbox/tokens?user=demo"))
        self.assertEqual(404, self.shown(admin, demo).status)
        self.assertEqual(200, self.shown(admin, admin).status)

    def test_behaviour(self) -> None:
        """
        An injected status comes instead of the answer, as often as it was wanted.
        """
        token = self.keystone.issue("demo", "demo")
        self.keystone.frame.behaviours.add({"kind": "status", "status": 503, "times": 1})
        self.assertEqual(503, self.shown(token, token).status)
        self.assertEqual(200, self.shown(token, token).status)


class TemplateTests(SynchronousTestCase):
    """
    Endpoint templates.
    """

    def test_forms(self) -> None:
        """
        Both forms and the old name are filled; without a project there is no URL.
        """
        for template in ("u/%(project_id)s", "u/$(project_id)s", "u/%(tenant_id)s"):
            self.assertEqual("u/p", filled(template, user_id="x", project_id="p"))
            self.assertIsNone(filled(template, user_id="x", project_id=None))
        self.assertEqual("u/x", filled("u/%(user_id)s", user_id="x", project_id=None))
        self.assertEqual("u", filled("u", user_id="x", project_id=None))
