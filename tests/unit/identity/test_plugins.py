"""
keystoneauth1's plugins without their I/O.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from keystoneauth1 import exceptions
from keystoneauth1.access import AccessInfoV3
from keystoneauth1.identity.v3.base import BaseAuth
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.identity.stub import OPTIONS, description
from trio2o.identity.plugins import (
    BadCredentials,
    PluginAnswer,
    PluginRequest,
    Replay,
    Wanted,
    identity_root,
    load_plugin,
    on_the_system,
    run_plugin,
)


def wanted_by(plugin: BaseAuth, answers: dict[PluginRequest, PluginAnswer] | None = None) -> PluginRequest:
    """
    The request that a plugin stops at.
    """
    try:
        run_plugin(plugin, answers or {})
    except Wanted as wanted:
        return wanted.request
    raise AssertionError("the plugin wants nothing")


def token_answer(token: str = "t1") -> PluginAnswer:
    """
    The answer that has a token.
    """
    return PluginAnswer(
        status_code=201, content=json.dumps(description()).encode(), headers={"X-Subject-Token": token}
    )


class LoadTests(SynchronousTestCase):
    """
    From a name and options to a plugin.
    """

    def auth(self, auth_type: str, **options: Any) -> Any:
        """
        The ``auth`` object of the request that a plugin makes.
        """
        request = wanted_by(load_plugin(auth_type, {"auth_url": "http://k/v3", **options}))
        self.assertEqual((request.method, request.url), ("POST", "http://k/v3/auth/tokens"))
        return json.loads(request.body)["auth"]

    def test_password(self) -> None:
        """
        ``password`` is the v3 plugin, without a discovery.
        """
        auth = self.auth("password", **{**OPTIONS, "auth_url": "http://k/v3"})
        self.assertEqual(
            auth,
            {
                "identity": {
                    "methods": ["password"],
                    "password": {
                        "user": {
                            "name": "gateway",
                            "domain": {"id": "default"},
                            "password": "secret-of-gateway",
                        }
                    },
                },
                "scope": {"project": {"name": "service", "domain": {"id": "default"}}},
            },
        )

    def test_token(self) -> None:
        """
        ``token`` too.
        """
        self.assertEqual(
            self.auth("token", token="t0")["identity"], {"methods": ["token"], "token": {"id": "t0"}}
        )

    def test_application_credential(self) -> None:
        """
        An application credential names itself and no scope.
        """
        auth = self.auth(
            "v3applicationcredential", application_credential_id="c1", application_credential_secret="s1"
        )
        self.assertEqual(auth["identity"]["application_credential"], {"id": "c1", "secret": "s1"})
        self.assertNotIn("scope", auth)

    def test_dashes(self) -> None:
        """
        Options may be written with dashes, as OpenStack's command line does.
        """
        auth = self.auth("v3password", **{"user-id": "u1", "password": "x", "project-id": "p1"})
        self.assertEqual(auth["scope"], {"project": {"id": "p1"}})

    def test_default_domain(self) -> None:
        """
        A default domain, or a domain beside a project, is the user's and the project's where those are not given.
        """
        for given in ({"default_domain_id": "d1"}, {"domain_id": "d1"}):
            with self.subTest(given=given):
                auth = self.auth("password", username="u", password="x", project_name="p", **given)
                self.assertEqual(auth["identity"]["password"]["user"]["domain"], {"id": "d1"})
                self.assertEqual(auth["scope"]["project"]["domain"], {"id": "d1"})

    def test_on_the_system(self) -> None:
        """
        A user with a project or a domain is the same user with the system's scope.
        """
        user = {"auth_url": "http://k", "username": "u", "password": "p"}
        for scope in (
            {"project_name": "p", "user_domain_id": "d", "project_domain_id": "e"},
            {"tenant-name": "p", "default_domain_id": "d"},
            {"project_id": "p", "domain-id": "d"},
        ):
            wanted = {**user, "user_domain_id": "d", "system_scope": "all"}
            self.assertEqual(wanted, on_the_system({**user, **scope}))
            load_plugin("password", on_the_system({**user, **scope}))

    def test_domain_scope(self) -> None:
        """
        A domain without a project is the scope.
        """
        auth = self.auth("password", user_id="u", password="x", domain_id="d1")
        self.assertEqual(auth["scope"], {"domain": {"id": "d1"}})

    def test_refusals(self) -> None:
        """
        What cannot be used is refused with its reason, and the reason holds no value.
        """
        table = [
            ("nonsense", {}, "no such auth_type"),
            ("v3websso", {}, "needs a person"),
            ("v2password", {"username": "u", "password": "hidden"}, "not for the Identity API v3"),
            ("none", {"endpoint": "http://k"}, "not for the Identity API v3"),
            ("password", {"pasword": "hidden"}, "does not know pasword"),
            ("v3applicationcredential", {"application_credential_id": "c1"}, "auth secret"),
        ]
        for auth_type, options, reason in table:
            with self.subTest(auth_type=auth_type):
                auth_url = {} if auth_type == "none" else {"auth_url": "http://k"}
                problem = self.assertRaises(BadCredentials, load_plugin, auth_type, {**auth_url, **options})
                self.assertIn(reason, str(problem))
                self.assertNotIn("hidden", str(problem))

    def test_missing_option(self) -> None:
        """
        What is missing is told by name.
        """
        problem = self.assertRaises(BadCredentials, load_plugin, "password", {"user_id": "u"})
        self.assertIn("needs auth_url", str(problem))

    def test_identity_root(self) -> None:
        """
        Every way to write an ``auth_url`` gives the root of v3.
        """
        for url in ("http://k/id", "http://k/id/", "http://k/id/v3", "http://k/id/v3/", "http://k/id/v2.0"):
            with self.subTest(url=url):
                self.assertEqual(identity_root(url), "http://k/id/v3")


class RunTests(SynchronousTestCase):
    """
    A plugin that is run until it needs no more answers.
    """

    def test_answer(self) -> None:
        """
        With the answer to its request the plugin gives the token.
        """
        plugin = load_plugin("password", OPTIONS)
        info = run_plugin(plugin, {wanted_by(plugin): token_answer()})
        self.assertIsInstance(info, AccessInfoV3)
        self.assertEqual((info.auth_token, info.project_id), ("t1", "p1"))

    def test_refusal(self) -> None:
        """
        An answer with an error is the exception that the plugin expects of a session.
        """
        plugin = load_plugin("password", OPTIONS)
        answer = PluginAnswer(status_code=401, content=b"{}", headers={"Content-Type": "application/json"})
        self.assertRaises(exceptions.Unauthorized, run_plugin, plugin, {wanted_by(plugin): answer})

    def test_several_steps(self) -> None:
        """
        OpenID Connect goes through discovery, access token, unscoped and scoped token; when it is run again it begins
        where its memory lets it.
        """
        plugin = load_plugin(
            "v3oidcpassword",
            {
                "auth_url": "http://k/v3",
                "identity_provider": "idp",
                "protocol": "openid",
                "client_id": "c",
                "client_secret": "cs",
                "discovery_endpoint": "http://idp/.well-known",
                "username": "u",
                "password": "x",
                "project_id": "p1",
            },
        )
        answers: dict[PluginRequest, PluginAnswer] = {}
        given = [
            PluginAnswer(status_code=200, content=b'{"token_endpoint": "http://idp/token"}', headers={}),
            PluginAnswer(status_code=200, content=b'{"access_token": "at"}', headers={}),
            token_answer("unscoped"),
            token_answer("scoped"),
        ]
        urls = []
        for answer in given:
            request = wanted_by(plugin, answers)
            urls.append(request.url)
            answers[request] = answer

        self.assertEqual(run_plugin(plugin, answers).auth_token, "scoped")
        self.assertEqual(
            urls,
            [
                "http://idp/.well-known",
                "http://idp/token",
                "http://k/v3/OS-FEDERATION/identity_providers/idp/protocols/openid/auth",
                "http://k/v3/auth/tokens",
            ],
        )
        token_request = next(request for request in answers if request.url == "http://idp/token")
        self.assertEqual(parse_qs(token_request.body.decode())["username"], ["u"])
        self.assertEqual(dict(token_request.headers)["Authorization"], "Basic Yzpjcw==")

    def test_other_authentication(self) -> None:
        """
        A plugin that hands the HTTP library something to authenticate with is refused, not sent without it.
        """
        replay = Replay({})
        self.assertRaises(exceptions.AuthorizationFailure, replay.get, "http://k", requests_auth=object())

    def test_bodies(self) -> None:
        """
        Forms, text and bytes are sent as they are; what is ``None`` in a form is left out.
        """
        for data, body in (({"a": "1 2", "b": None}, b"a=1+2"), ("text", b"text"), (b"bytes", b"bytes")):
            with self.subTest(data=data):
                wanted = self.assertRaises(Wanted, Replay({}).post, "http://k", data=data)
                self.assertEqual(wanted.request.body, body)

    def test_no_secret_in_repr(self) -> None:
        """
        What a request or an answer looks like in a log holds no secret.
        """
        plugin = load_plugin("password", OPTIONS)
        shown = repr(wanted_by(plugin)) + repr(token_answer("t-secret"))
        self.assertNotIn("secret", shown)
