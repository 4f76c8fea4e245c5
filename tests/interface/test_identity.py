"""
Identity against a Keystone over real sockets: the fake one always, a real one where ``TRIO2O_TEST_KEYSTONE`` names a
JSON file ``{"auth_url": …, "username": …, "password": …, "project_name": …}`` of a user with the role ``admin`` on the
project and on the system (``keystone-manage bootstrap`` makes one).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import SkipTest, TestCase
from zope.interface.verify import verifyObject

from trio2o.errors import Unauthorized, Unavailable
from trio2o.identity.access_rules import allowed
from trio2o.identity.catalog import KeystoneCatalog
from trio2o.identity.keystone import KeystoneClient
from trio2o.identity.limits import KeystoneUnifiedLimits
from trio2o.identity.plugins import load_plugin, on_the_system
from trio2o.identity.service_token import ServiceToken
from trio2o.identity.transport import keystone_http, keystone_pool
from trio2o.identity.validation import KeystoneTokens
from trio2o.interfaces import IUnifiedLimits
from trio2o.model import AccessRule, QuotaOwner, QuotaScope
from trio2o.quota.unified import REGISTERED
from trio2o.sandbox.keystone import ADMIN_PASSWORD, FakeKeystone

#: Longer than a token may be kept when it is refused, shorter than the cache time.
A_WHILE = 10.0


class KeystoneFacts:
    """
    What holds for every Keystone. The validator's clock stands still unless a test moves it.
    """

    async def setUp(self: Any) -> None:
        self.options: Mapping[str, str] = {"default_domain_id": "default", **await self.credentials()}
        self.clock = Clock()
        self.clock.advance(time.time())
        self.pool = keystone_pool(reactor)
        self.addCleanup(self.pool.closeCachedConnections)
        self.http = keystone_http(reactor, self.pool)
        self.keystone = self.client("password", self.options)
        self.own = ServiceToken(self.keystone, self.clock)
        self.tokens = KeystoneTokens(self.keystone, self.own, self.clock)

    def client(self: Any, auth_type: str, options: Mapping[str, Any]) -> KeystoneClient:
        """
        A client with these credentials.
        """
        return KeystoneClient(self.http, cast("Any", reactor), load_plugin(auth_type, options))

    async def ask(self: Any, method: str, path: str, own: bytes, body: object = None, **fields: str) -> Any:
        """
        A request that the identity package itself has no use for.
        """
        headers = {
            "X-Auth-Token": own.decode(),
            **{key.replace("_", "-"): value for key, value in fields.items()},
        }
        data = {} if body is None else {"json": body}
        answer = await self.http.request(method, f"{self.keystone.root}/{path}", headers=headers, **data)
        content = await answer.content()
        if not 200 <= answer.code < 300:
            raise AssertionError(f"{method} {path}: {answer.code}")
        return json.loads(content) if content else answer

    async def revoke(self: Any, token: bytes) -> None:
        """
        End a token.
        """
        own = (await self.keystone.authenticate()).token
        await self.ask("DELETE", "auth/tokens", own, X_Subject_Token=token.decode())

    async def assertUnauthorized(self: Any, token: bytes) -> None:
        """
        The token is refused.
        """
        await self.assertFailure(Deferred.fromCoroutine(self.tokens.validate(token)), Unauthorized)

    async def test_project(self: Any) -> None:
        """
        A token stands for its user, project and roles.
        """
        grant = await self.keystone.authenticate()
        identity = await self.tokens.validate(grant.token)
        self.assertEqual(identity.user_name, self.options["username"])
        self.assertEqual(identity.project_name, self.options["project_name"])
        self.assertEqual(
            (identity.user_id, identity.project_id), (grant.access.user_id, grant.access.project_id)
        )
        self.assertEqual((identity.user_domain_id, identity.project_domain_id), ("default", "default"))
        self.assertTrue(identity.is_admin)
        self.assertIsNone(identity.access_rules)
        self.assertGreater(identity.expires_at, self.clock.seconds())
        self.assertIs(self.tokens.peek(grant.token), identity)

    async def test_other_scopes(self: Any) -> None:
        """
        Tokens without a project have none.
        """
        user = {
            key: value
            for key, value in self.options.items()
            if key not in ("project_name", "default_domain_id")
        }
        user["user_domain_id"] = "default"
        system = await self.client("password", {**user, "system_scope": "all"}).authenticate()
        domainless = await self.ask(
            "POST",
            "auth/tokens",
            b"",
            {
                "auth": {
                    "identity": {
                        "methods": ["password"],
                        "password": {
                            "user": {
                                "name": user["username"],
                                "domain": {"id": "default"},
                                "password": user["password"],
                            }
                        },
                    },
                    "scope": "unscoped",
                }
            },
        )
        self.assertNotIn("project", domainless["token"])
        identity = await self.tokens.validate(system.token)
        self.assertEqual((identity.project_id, identity.system_scope), (None, "all"))

    async def test_unknown(self: Any) -> None:
        """
        What Keystone does not know is refused, whatever it looks like.
        """
        for token in (b"nonsense", b"a" * 32, b"gAAAAABk" + b"a" * 180, b"%00"):
            await self.assertUnauthorized(token)

    async def test_revoked(self: Any) -> None:
        """
        A revoked token passes no longer than the cache time.
        """
        token = (await self.keystone.authenticate()).token
        await self.tokens.validate(token)
        await self.revoke(token)
        self.assertIsNotNone(self.tokens.peek(token))
        self.clock.advance(self.tokens.token_cache_seconds)
        self.assertIsNone(self.tokens.peek(token))
        await self.assertUnauthorized(token)

    async def test_at_once(self: Any) -> None:
        """
        Many who ask about one token at once get one identity.
        """
        token = (await self.keystone.authenticate()).token
        found = await gatherResults([Deferred.fromCoroutine(self.tokens.validate(token)) for _ in range(20)])
        self.assertEqual({id(each) for each in found}, {id(found[0])})

    async def test_own_token_revoked(self: Any) -> None:
        """
        When the daemon's own token is revoked, validation goes on with another one.

        A Keystone with a cache may still take the old one for a moment, hence the rounds.
        """
        own = await self.own.token()
        self.clock.advance(A_WHILE)
        await self.revoke(own)
        for _ in range(40):
            await self.tokens.validate((await self.keystone.authenticate()).token)
            if await self.own.token() != own:
                return
            await deferLater(cast("Any", reactor), 0.25)
        self.fail("the revoked token is still in use")

    async def test_token_from_token(self: Any) -> None:
        """
        The plugin ``token`` works, and its token ends with the one it is made from.
        """
        first = await self.keystone.authenticate()
        options = {
            "auth_url": self.options["auth_url"],
            "token": first.token.decode(),
            "project_name": self.options["project_name"],
            "project_domain_id": "default",
        }
        second = await self.client("token", options).authenticate()
        self.assertEqual(second.access.expires, first.access.expires)
        await self.tokens.validate(second.token)

    async def test_wrong_password(self: Any) -> None:
        """
        A daemon with a wrong password cannot ask, and says nothing about users' tokens.
        """
        client = self.client("password", {**self.options, "password": "wrong"})
        tokens = KeystoneTokens(client, ServiceToken(client, self.clock), self.clock)
        await self.assertFailure(Deferred.fromCoroutine(tokens.validate(b"nonsense")), Unavailable)

    async def test_nobody_there(self: Any) -> None:
        """
        Where nothing listens Keystone cannot be asked.
        """
        client = self.client("password", {**self.options, "auth_url": "http://127.0.0.1:1/v3"})
        await self.assertFailure(Deferred.fromCoroutine(client.authenticate()), Unavailable)

    async def test_access_rules(self: Any) -> None:
        """
        A token of an application credential comes with its access rules.
        """
        grant = await self.keystone.authenticate()
        path = f"users/{grant.access.user_id}/application_credentials"
        rule = {"service": "compute", "method": "GET", "path": "/v2.1/servers/*"}
        wanted = {"name": f"trio2o-{time.time_ns()}", "access_rules": [rule]}
        made = await self.ask("POST", path, grant.token, {"application_credential": wanted})
        credential = made["application_credential"]
        try:
            options = {
                "auth_url": self.options["auth_url"],
                "application_credential_id": credential["id"],
                "application_credential_secret": credential["secret"],
            }
            token = (await self.client("v3applicationcredential", options).authenticate()).token
            identity = await self.tokens.validate(token)
            self.assertEqual(identity.access_rules, (AccessRule(**rule),))
            self.assertTrue(allowed(identity.access_rules, "compute", "GET", "/v2.1/servers/s1?x=1"))
            self.assertFalse(allowed(identity.access_rules, "compute", "DELETE", "/v2.1/servers/s1"))
        finally:
            await self.ask("DELETE", f"{path}/{credential['id']}", grant.token)
        self.clock.advance(self.tokens.token_cache_seconds)
        await self.assertUnauthorized(token)

    async def test_catalog(self: Any) -> None:
        """
        The catalog gives the root of each service, Keystone's own among them.
        """
        for list_endpoints in (False, True):
            catalog = KeystoneCatalog(self.keystone, self.own, self.clock, list_endpoints=list_endpoints)
            await catalog.refresh()
            roots = {catalog.endpoint(region, "identity") for region in catalog.regions()}
            self.assertIn(self.keystone.root.removesuffix("/v3"), roots)
            for region, service, root in await self.pods():
                self.assertEqual(catalog.endpoint(region, service), root)

    async def test_unified_limits(self: Any) -> None:
        """
        Limits of a project are read with the registered ones; a region's own before those of none. A role on the system shows the
        same.
        """
        grant = await self.keystone.authenticate()
        compute = await self.compute_service(grant.token)
        made: list[tuple[str, str]] = []

        async def make(collection: str, **fields: Any) -> None:
            body = {collection: [{"service_id": compute, **fields}]}
            (item,) = (await self.ask("POST", collection, grant.token, body))[collection]
            made.insert(0, (collection, item["id"]))

        try:
            for name, limit in (("servers", 7), ("class:VCPU", 40), ("server_groups", 3), ("class:VGPU", 9)):
                await make("registered_limits", resource_name=name, default_limit=limit)
            await make(
                "registered_limits", resource_name="class:VCPU", default_limit=20, region_id="RegionOne"
            )
            project = {"project_id": grant.access.project_id}
            await make("limits", resource_name="servers", resource_limit=25, **project)
            await make("limits", resource_name="class:VCPU", resource_limit=-1, **project)
            limits = KeystoneUnifiedLimits(keystone=self.keystone, own=self.own, region="RegionOne")
            verifyObject(IUnifiedLimits, limits)
            registered = {"instances": 7, "cores": 20, "server_groups": 3}
            of_project = QuotaOwner(
                service="keystone", scope=QuotaScope.PROJECT, scope_id=project["project_id"]
            )
            self.assertEqual({REGISTERED: registered, of_project: {"instances": 25}}, await limits.read())
            await make(
                "limits", resource_name="class:VCPU", resource_limit=5, region_id="RegionOne", **project
            )
            self.assertEqual({"instances": 25, "cores": 5}, (await limits.read())[of_project])
            elsewhere = KeystoneUnifiedLimits(keystone=self.keystone, own=self.own, region="Elsewhere")
            self.assertEqual({"instances": 25, "cores": -1}, (await elsewhere.read())[of_project])
            on_system = self.client("password", on_the_system(self.options))
            limits = KeystoneUnifiedLimits(
                keystone=on_system, own=ServiceToken(on_system, self.clock), region="RegionOne"
            )
            self.assertEqual({"instances": 25, "cores": 5}, (await limits.read())[of_project])
        finally:
            for collection, item_id in made:
                await self.ask("DELETE", f"{collection}/{item_id}", grant.token)

    async def compute_service(self: Any, own: bytes) -> str:
        """
        The id of the catalog's compute service, which is made where there is none.
        """
        found: list[dict[str, Any]] = (await self.ask("GET", "services?type=compute", own))["services"]
        if not found:
            wanted = {"service": {"type": "compute", "name": "nova"}}
            found = [(await self.ask("POST", "services", own, wanted))["service"]]
            at = {"service_id": found[0]["id"], "interface": "public", "region_id": "RegionOne"}
            await self.ask("POST", "endpoints", own, {"endpoint": {**at, "url": "http://127.0.0.1:1/v2.1"}})
        return str(found[0]["id"])


class FakeKeystoneTests(KeystoneFacts, TestCase):
    """
    The fake Keystone behaves as identity expects.
    """

    async def credentials(self) -> Mapping[str, str]:
        """
        Start a fake Keystone.
        """
        self.fake = fake = FakeKeystone(cast("Any", reactor))
        fake.catalog.set_endpoint("Pod1", "compute", "http://127.0.0.1:18774/v2.1")
        fake.catalog.set_endpoint("Pod1", "volumev3", "http://127.0.0.1:18776/v3/%(project_id)s")
        await fake.start()
        self.addCleanup(lambda: Deferred.fromCoroutine(fake.stop()))
        return {
            "auth_url": fake.url,
            "username": "admin",
            "password": ADMIN_PASSWORD,
            "project_name": "admin",
        }

    async def test_expired(self) -> None:
        """
        A token that ended passes with a good token of a service, and only so.
        """
        self.fake.add_user("nova", "pw", project="service", roles=["service"])
        service = self.fake.issue("nova", "service").encode()
        ended = self.fake.issue("admin", "admin", lifetime=-60).encode()
        await self.assertUnauthorized(ended)
        identity = await self.tokens.validate(ended, service)
        self.assertEqual(identity.user_name, "admin")
        self.assertLess(identity.expires_at, self.clock.seconds())
        await self.assertUnauthorized(ended)

    async def test_others_limits(self) -> None:
        """
        Whom Keystone shows its own project's limits alone takes them for nothing; neither is a list that is cut short one.
        """
        self.fake.add_user("nobody", "pw", project="demo", roles=["member"])
        options = {**self.options, "username": "nobody", "password": "pw", "project_name": "demo"}
        client = self.client("password", options)
        limits = KeystoneUnifiedLimits(
            keystone=client, own=ServiceToken(client, self.clock), region="RegionOne"
        )
        failed = await self.assertFailure(Deferred.fromCoroutine(limits.read()), Unavailable)
        self.assertIn("the roles admin and service", failed.admin_detail)
        body = {"limits": [], "links": {}, "truncated": True}
        self.fake.frame.behaviours.add(
            {"kind": "status", "status": 200, "match": {"path": "/limits"}, "body": body}
        )
        limits = KeystoneUnifiedLimits(keystone=self.keystone, own=self.own, region="RegionOne")
        failed = await self.assertFailure(Deferred.fromCoroutine(limits.read()), Unavailable)
        self.assertIn("cut short", failed.admin_detail)
        self.flushLoggedErrors()

    async def pods(self) -> list[tuple[str, str, str]]:
        """
        Region, service and root of what the catalog has.
        """
        return [
            ("Pod1", "compute", "http://127.0.0.1:18774"),
            ("Pod1", "volume", "http://127.0.0.1:18776"),
        ]


class RealKeystoneTests(KeystoneFacts, TestCase):
    """
    So does a real one.
    """

    async def credentials(self) -> Mapping[str, str]:
        """
        The Keystone that the environment names.
        """
        named = os.environ.get("TRIO2O_TEST_KEYSTONE")
        if not named:
            raise SkipTest("TRIO2O_TEST_KEYSTONE names no JSON file with a Keystone's credentials")
        found: dict[str, str] = json.loads(Path(named).read_text(encoding="utf-8"))
        return found

    async def pods(self) -> list[tuple[str, str, str]]:
        """
        What else is in its catalog is not known.
        """
        return []
