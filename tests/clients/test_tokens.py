"""
Tokens of a real Keystone: whose are believed, for what, and for how long.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from tests.clients.cloud import NOTHING, TOKEN_CACHE_SECONDS, UserCase, a_name, until


class TokenCase(UserCase):
    """
    A user who asks for the list of servers with one token or another.
    """

    def asked(self, token: str, path: str = "/servers", method: str = "GET", **more: Any) -> int:
        """
        The status of a request at the compute surface.
        """
        return int(self.user.ask(self.cloud.compute + path, method, token=token, **more).status_code)

    def fresh_token(self) -> str:
        """
        A token that nobody has shown to the daemon.
        """
        self.user.session.invalidate()
        return self.user.token

    def revoke(self, token: str) -> None:
        """
        End a token.
        """
        url = f"{self.cloud.layout.auth_url}/auth/tokens"
        answer = self.cloud.admin.ask(url, "DELETE", headers={"X-Subject-Token": token})
        self.assertEqual(204, answer.status_code)

    def limited(self, rules: Sequence[Mapping[str, str]] | None = None, lifetime: float | None = None) -> str:
        """
        A token of an application credential with access rules, or one that ends after some seconds.
        """
        wanted: dict[str, Any] = {"name": a_name("credential")}
        if rules is not None:
            wanted["access_rules"] = rules
        if lifetime is not None:
            end = datetime.now(UTC) + timedelta(seconds=lifetime)
            wanted["expires_at"] = end.strftime("%Y-%m-%dT%H:%M:%S.%f")
        layout, user_id = self.cloud.layout, self.user.session.get_user_id()
        answer = self.user.ask(
            f"{layout.auth_url}/users/{user_id}/application_credentials",
            "POST",
            json={"application_credential": wanted},
        )
        self.assertEqual(201, answer.status_code, answer.text)
        made = answer.json()["application_credential"]
        auth = v3.ApplicationCredential(
            layout.auth_url,
            application_credential_id=made["id"],
            application_credential_secret=made["secret"],
        )
        return str(Session(auth=auth).get_token())


class RefusedTests(TokenCase):
    """
    Who is not let in.
    """

    def test_none(self) -> None:
        """
        Without a token, or with one that Keystone does not know, a client is told where Keystone is.
        """
        for surface in (self.cloud.compute + "/servers", f"{self.cloud.volume}/{NOTHING}/volumes"):
            for headers in ({}, {"X-Auth-Token": "nonsense"}):
                answer = Session().request(
                    surface, "GET", headers=headers, authenticated=False, raise_exc=False
                )
                self.assertEqual(401, answer.status_code)
                self.assertIn(
                    self.cloud.layout.auth_url.removesuffix("/v3"), answer.headers["WWW-Authenticate"]
                )

    def test_revoked(self) -> None:
        """
        A revoked token passes no longer than the cache time.
        """
        token = self.fresh_token()
        self.assertEqual(200, self.asked(token))
        self.revoke(token)
        began = time.monotonic()
        until(lambda: self.asked(token) == 401)
        self.assertLess(time.monotonic() - began, TOKEN_CACHE_SECONDS + 1.5)
        self.assertEqual(200, self.asked(self.fresh_token()))

    def test_expired(self) -> None:
        """
        A token ends when it says so, also while it is in the cache.
        """
        token = self.limited(lifetime=3)
        self.assertEqual(200, self.asked(token))
        began = time.monotonic()
        until(lambda: self.asked(token) == 401)
        self.assertLess(time.monotonic() - began, 4.5)

    def test_disabled_user(self) -> None:
        """
        A user who is disabled is out within the cache time.
        """
        token = self.fresh_token()
        self.assertEqual(200, self.asked(token))
        url = f"{self.cloud.layout.auth_url}/users/{self.user.session.get_user_id()}"
        answer = self.cloud.admin.ask(url, "PATCH", json={"user": {"enabled": False}})
        self.assertEqual(200, answer.status_code)
        until(lambda: self.asked(token) == 401, TOKEN_CACHE_SECONDS + 2)


class ScopeTests(TokenCase):
    """
    What a token is for.
    """

    def test_access_rules(self) -> None:
        """
        A token with access rules opens the paths that they name, and no others.
        """
        rules = [
            {"service": "compute", "method": "GET", "path": "/v2.1/servers"},
            {"service": "compute", "method": "GET", "path": "/v2.1/flavors/**"},
        ]
        token = self.limited(rules)
        self.assertEqual(200, self.asked(token))
        self.assertEqual(200, self.asked(token, "/servers?limit=1"))
        self.assertEqual(200, self.asked(token, "/flavors/1/os-extra_specs"))
        for path, method in (
            ("/servers/detail", "GET"),
            ("/servers", "POST"),
            (f"/servers/{NOTHING}", "DELETE"),
            ("/os-availability-zone", "GET"),
        ):
            self.assertEqual(401, self.asked(token, path, method), (method, path))
        volumes = f"{self.cloud.volume}/{self.user.project_id}/volumes"
        self.assertEqual(401, self.user.ask(volumes, token=token).status_code)

    def test_access_rules_for_volumes(self) -> None:
        """
        Access rules of the volume service are its catalog type's.
        """
        path = f"/v3/{self.user.project_id}/volumes"
        token = self.limited([{"service": "volumev3", "method": "GET", "path": path}])
        url = f"{self.cloud.volume}/{self.user.project_id}/volumes"
        self.assertEqual(200, self.user.ask(url, token=token).status_code)
        self.assertEqual(401, self.user.ask(f"{url}/detail", token=token).status_code)
        self.assertEqual(401, self.asked(token))

    def test_application_credential(self) -> None:
        """
        An application credential without rules is as good as its user.
        """
        self.assertEqual(200, self.asked(self.limited()))

    def test_other_project(self) -> None:
        """
        Another project's server and volume are not found with its neighbour's token.
        """
        sdk = self.user.sdk
        server = sdk.compute.create_server(
            name="mine",
            flavor_id=sdk.compute.find_flavor("m1.tiny").id,
            image_id=sdk.image.find_image("cirros").id,
            networks="none",
        )
        volume = sdk.block_storage.create_volume(name="mine", size=1)
        stranger = self.cloud.new_person()
        for method in ("GET", "DELETE"):
            self.assertEqual(404, self.asked(stranger.token, f"/servers/{server.id}", method))
            url = f"{self.cloud.volume}/{stranger.project_id}/volumes/{volume.id}"
            self.assertEqual(404, stranger.ask(url, method).status_code)
        self.assertEqual(200, self.asked(self.user.token, f"/servers/{server.id}"))

    def test_other_project_in_url(self) -> None:
        """
        A URL with another project's id than the token's is malformed, for admins too.
        """
        stranger = self.cloud.new_person()
        for person in (stranger, self.cloud.admin):
            for url in (
                f"{self.cloud.compute}/{self.user.project_id}/servers",
                f"{self.cloud.volume}/{self.user.project_id}/volumes",
            ):
                answer = person.ask(url)
                self.assertEqual(400, answer.status_code, answer.text)
                self.assertEqual(400, answer.json()["badRequest"]["code"])
        self.assertEqual(200, self.asked(self.user.token, f"/{self.user.project_id}/servers"))

    def test_unscoped(self) -> None:
        """
        A token without a project has no servers and makes none.
        """
        auth = v3.Password(
            self.cloud.layout.auth_url,
            username=self.user.name,
            password="password",
            user_domain_id="default",
            unscoped=True,
        )
        token = str(Session(auth=auth).get_token())
        self.assertEqual(403, self.asked(token))
        self.assertEqual(403, self.asked(token, "/servers/detail"))
        body = {"server": {"name": "one", "flavorRef": "1", "imageRef": NOTHING}}
        self.assertEqual(403, self.asked(token, "/servers", "POST", json=body))
        self.assertEqual(404, self.asked(token, f"/servers/{NOTHING}"))
        volumes = self.user.ask(f"{self.cloud.volume}/{self.user.project_id}/volumes", token=token)
        self.assertEqual(400, volumes.status_code)
        self.assertEqual(403, self.user.ask(f"{self.cloud.volume}/volumes", token=token).status_code)
        self.assertEqual([], self.cloud.sandbox.admin_get("/bindings?tenant_id=")["pod_bindings"])


class KeystoneAwayTests(TokenCase):
    """
    Keystone dies and comes back.
    """

    def test_away(self) -> None:
        """
        A token from the cache goes on for the cache time, others get 503; after that all is well again.
        """
        known, unknown = self.fresh_token(), self.fresh_token()
        self.assertNotEqual(known, unknown)
        process = self.cloud.sandbox.keystone.process
        self.assertEqual(200, self.asked(known))
        with self.cloud.without_keystone():
            self.assertFalse(process.alive())
            self.assertEqual(200, self.asked(known))
            answer = self.user.ask(self.cloud.compute + "/servers", token=unknown)
            self.assertEqual(503, answer.status_code)
            self.assertNotIn(unknown, answer.text)
            until(lambda: self.asked(known) == 503, TOKEN_CACHE_SECONDS + 2)
        # The keys are files, so that tokens outlive a Keystone; the daemon's own among them.
        until(lambda: self.asked(unknown) == 200, 15)
        self.assertEqual(200, self.asked(known))
        self.assertEqual(200, self.asked(self.fresh_token()))
        url = f"{self.cloud.volume}/{self.user.project_id}/volumes"
        self.assertEqual(200, self.user.ask(url).status_code)
        self.assertEqual(200, self.cloud.admin.ask(f"{self.cloud.layout.admin_url}/pods").status_code)
