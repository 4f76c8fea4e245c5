"""
What a Keystone v3 does, as far as Trio2o counts on it: the same tests run on the fake and on a real one.

A Keystone for this has the users ``admin`` (``adminpass``, admin of the project ``admin`` and of the
system) and ``demo`` (``demopass``, member of its default project ``demo``), and a region ``Pod1`` with a
compute endpoint and a volumev3 endpoint whose template has the project id.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from tests.unit.sandbox.asking import Api, Reply

ADMIN_SCOPE = {"project": {"name": "admin", "domain": {"id": "default"}}}
UNAUTHENTICATED = {
    "error": {
        "code": 401,
        "message": "The request you have made requires authentication.",
        "title": "Unauthorized",
    }
}


def password(user: str, secret: str, scope: Any = None) -> dict[str, Any]:
    """
    The body of a token request.
    """
    details = {"user": {"name": user, "domain": {"id": "default"}, "password": secret}}
    auth: dict[str, Any] = {"identity": {"methods": ["password"], "password": details}}
    return {"auth": auth | ({} if scope is None else {"scope": scope})}


#: A real Keystone's threads may each believe what they have kept of a token a moment longer.
_LOOKS = 20


class KeystoneContract:
    """
    A mixin; the test case gives ``api`` (its URL ends in ``/v3``) and ``finish``.
    """

    api: Api

    def finish(self, check: Coroutine[Any, Any, None]) -> Any:
        """
        Run a check to its end, or give its Deferred.
        """
        raise NotImplementedError

    async def log_in(self, user: str, secret: str, scope: Any = None) -> tuple[str, Any]:
        """
        A token's id and its document.
        """
        reply = await self.api.ask("POST", "/auth/tokens", body=password(user, secret, scope))
        self.assert_status(reply, 201)
        token = reply.header("X-Subject-Token")
        assert token is not None
        return token, reply.json["token"]

    async def validate(self, asker: str, subject: str, query: str = "", **headers: str) -> Reply:
        """
        One validation.
        """
        fields = {
            "X-Subject-Token": subject,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return await self.api.ask("GET", f"/auth/tokens{query}", token=asker, headers=fields)

    def assert_status(self, reply: Reply, status: int) -> None:
        """
        Compare, and show the body where it differs.
        """
        assert reply.status == status, (reply.status, reply.content)

    def test_versions(self) -> Any:
        """
        The root gives the choices with 300, ``/v3`` the version, neither wants a token.
        """

        async def check() -> None:
            version = await self.api.ask("GET", "")
            self.assert_status(version, 200)
            assert version.json["version"]["id"] == "v3.14"
            root = self.api.above("/v3")
            choices = await root.ask("GET", "/")
            self.assert_status(choices, 300)
            assert choices.json["versions"]["values"] == [version.json["version"]]

        return self.finish(check())

    def test_default_project(self) -> Any:
        """
        A password without a scope gives a token for the user's default project, with implied roles and
        catalog.
        """

        async def check() -> None:
            _, token = await self.log_in("demo", "demopass")
            assert token["project"]["name"] == "demo"
            assert token["project"]["domain"] == {"id": "default", "name": "Default"}
            assert {role["name"] for role in token["roles"]} == {"member", "reader"}
            assert token["methods"] == ["password"]
            assert token["is_domain"] is False
            assert len(token["audit_ids"]) == 1
            assert token["expires_at"].endswith(".000000Z")

        return self.finish(check())

    def test_catalog(self) -> Any:
        """
        The catalog has services with endpoints by region and interface, templates filled with the project's
        id.
        """

        async def check() -> None:
            _, token = await self.log_in("demo", "demopass")
            by_type = {service["type"]: service["endpoints"] for service in token["catalog"]}
            volume = [each for each in by_type["volumev3"] if each["region"] == "Pod1"]
            assert {each["interface"] for each in volume} == {"public", "internal", "admin"}
            assert all(each["url"].endswith("/v3/" + token["project"]["id"]) for each in volume)
            assert all(each["region_id"] == "Pod1" for each in volume)

        return self.finish(check())

    def test_system_scope(self) -> Any:
        """
        A system token has no project, and its catalog leaves out endpoints whose URL wants one.
        """

        async def check() -> None:
            _, token = await self.log_in("admin", "adminpass", {"system": {"all": True}})
            assert token["system"] == {"all": True}
            assert "project" not in token
            by_type = {service["type"]: service["endpoints"] for service in token["catalog"]}
            assert by_type["volumev3"] == []
            assert by_type["compute"] != []

        return self.finish(check())

    def test_unscoped(self) -> Any:
        """
        An unscoped token has neither roles nor catalog, and cannot read a catalog.
        """

        async def check() -> None:
            token_id, token = await self.log_in("demo", "demopass", "unscoped")
            assert token.keys() == {"methods", "user", "audit_ids", "expires_at", "issued_at"}
            self.assert_status(await self.api.ask("GET", "/auth/catalog", token=token_id), 403)

        return self.finish(check())

    def test_wrong_password(self) -> Any:
        """
        A wrong password, an unknown user, and a project without a role are one and the same 401.
        """

        async def check() -> None:
            for body in (
                password("demo", "wrong"),
                password("nobody", "demopass"),
                password("demo", "demopass", ADMIN_SCOPE),
            ):
                reply = await self.api.ask("POST", "/auth/tokens", body=body)
                self.assert_status(reply, 401)
                assert reply.json == UNAUTHENTICATED
                assert reply.header("WWW-Authenticate") == f'Keystone uri="{self.api.url}"'

        return self.finish(check())

    def test_malformed(self) -> Any:
        """
        A body without ``auth``, bad JSON, an unknown method, and a name without domain are 400.
        """

        async def check() -> None:
            nameless: dict[str, Any] = {"name": "demo", "password": "demopass"}
            for body in (
                {},
                b'{"auth',
                {"auth": {"identity": {"methods": ["sorcery"]}}},
                {"auth": {"identity": {"methods": ["password"], "password": {"user": nameless}}}},
            ):
                reply = await self.api.ask("POST", "/auth/tokens", body=body)
                self.assert_status(reply, 400)
                assert reply.json["error"]["title"] == "Bad Request"

        return self.finish(check())

    def test_own_token(self) -> Any:
        """
        A user validates the own token with itself; ``nocatalog`` leaves the catalog out.
        """

        async def check() -> None:
            token_id, token = await self.log_in("demo", "demopass")
            full = await self.validate(token_id, token_id)
            self.assert_status(full, 200)
            assert full.json["token"] == token
            assert full.header("X-Subject-Token") == token_id
            assert full.header("Vary") == "X-Auth-Token"
            short = await self.validate(token_id, token_id, "?nocatalog")
            assert short.json["token"] == {name: token[name] for name in token if name != "catalog"}

        return self.finish(check())

    def test_head(self) -> Any:
        """
        HEAD tells the same without the body.
        """

        async def check() -> None:
            token_id, _ = await self.log_in("demo", "demopass")
            subject = {"X-Subject-Token": token_id}
            reply = await self.api.ask("HEAD", "/auth/tokens", token=token_id, headers=subject)
            self.assert_status(reply, 200)
            assert reply.content == b""
            subject = {"X-Subject-Token": "no such token"}
            reply = await self.api.ask("HEAD", "/auth/tokens", token=token_id, headers=subject)
            self.assert_status(reply, 404)

        return self.finish(check())

    def test_others_tokens(self) -> Any:
        """
        An admin validates any token; a member who asks about another's gets 403.
        """

        async def check() -> None:
            demo, _ = await self.log_in("demo", "demopass")
            admin, _ = await self.log_in("admin", "adminpass", ADMIN_SCOPE)
            self.assert_status(await self.validate(admin, demo), 200)
            self.assert_status(await self.validate(demo, admin), 403)

        return self.finish(check())

    def test_bad_subject_and_bad_asker(self) -> Any:
        """
        An unknown subject is 404, a bad or missing asker 401, a missing subject 403.
        """

        async def check() -> None:
            demo, _ = await self.log_in("demo", "demopass")
            self.assert_status(await self.validate(demo, "no such token"), 404)
            bad = await self.validate("no such token", demo)
            self.assert_status(bad, 401)
            assert bad.json == UNAUTHENTICATED
            self.assert_status(await self.api.ask("GET", "/auth/tokens"), 401)
            self.assert_status(await self.api.ask("GET", "/auth/tokens", token=demo), 403)

        return self.finish(check())

    def test_revoked(self) -> Any:
        """
        A revoked token is 404 as a subject and 401 as an asker.
        """

        async def check() -> None:
            demo, _ = await self.log_in("demo", "demopass")
            admin, _ = await self.log_in("admin", "adminpass", ADMIN_SCOPE)
            subject = {"X-Subject-Token": demo}
            gone = await self.api.ask("DELETE", "/auth/tokens", token=demo, headers=subject)
            self.assert_status(gone, 204)
            self.assert_status(await self.validate(admin, demo), 404)
            for _ in range(_LOOKS):
                asked = await self.validate(demo, demo)
                if asked.status == 401:
                    break
            self.assert_status(asked, 401)

        return self.finish(check())

    def test_token_from_token(self) -> Any:
        """
        A token made from another keeps its end, its method, and the first audit id.
        """

        async def check() -> None:
            token_id, first = await self.log_in("demo", "demopass")
            body = {
                "auth": {
                    "identity": {"methods": ["token"], "token": {"id": token_id}},
                    "scope": {"project": {"id": first["project"]["id"]}},
                }
            }
            reply = await self.api.ask("POST", "/auth/tokens", body=body)
            self.assert_status(reply, 201)
            second = reply.json["token"]
            assert second["expires_at"] == first["expires_at"]
            assert set(second["methods"]) == {"token", "password"}
            assert second["audit_ids"][1:] == first["audit_ids"]

        return self.finish(check())

    def test_access_rules(self) -> Any:
        """
        A token bound to access rules is shown only to who says that it respects them; it ends with its
        credential.
        """

        async def check() -> None:
            demo, token = await self.log_in("demo", "demopass")
            rule = {"path": "/v2.1/servers", "method": "GET", "service": "compute"}
            wanted = {"name": "contract", "secret": "s3cret", "access_rules": [rule]}
            path = f"/users/{token['user']['id']}/application_credentials"
            made = await self.api.ask("POST", path, token=demo, body={"application_credential": wanted})
            self.assert_status(made, 201)
            credential = made.json["application_credential"]
            try:
                details = {"id": credential["id"], "secret": "s3cret"}
                identity = {"methods": ["application_credential"], "application_credential": details}
                reply = await self.api.ask("POST", "/auth/tokens", body={"auth": {"identity": identity}})
                self.assert_status(reply, 201)
                robot = reply.header("X-Subject-Token") or ""
                self.assert_status(await self.validate(robot, robot), 404)
                shown = await self.validate(robot, robot, OpenStack_Identity_Access_Rules="1")
                self.assert_status(shown, 200)
                (shown_rule,) = shown.json["token"]["application_credential"]["access_rules"]
                assert {name: shown_rule[name] for name in rule} == rule
                assert shown.json["token"]["application_credential"]["restricted"] is True
                scoped = {"identity": identity, "scope": {"project": {"id": token["project"]["id"]}}}
                refused = await self.api.ask("POST", "/auth/tokens", body={"auth": scoped})
                self.assert_status(refused, 401)
            finally:
                await self.api.ask("DELETE", f"{path}/{credential['id']}", token=demo)
            gone = await self.validate(demo, robot, OpenStack_Identity_Access_Rules="1")
            self.assert_status(gone, 404)

        return self.finish(check())

    def test_reads(self) -> Any:
        """
        Everybody reads regions and the own project; services, endpoints and all projects are for admins.
        """

        async def check() -> None:
            demo, token = await self.log_in("demo", "demopass")
            admin, _ = await self.log_in("admin", "adminpass", ADMIN_SCOPE)
            regions = await self.api.ask("GET", "/regions", token=demo)
            pod = next(each for each in regions.json["regions"] if each["id"] == "Pod1")
            assert pod["parent_region_id"] == "RegionOne"
            one = await self.api.ask("GET", "/regions/Pod1", token=demo)
            assert one.json["region"] == pod
            missing = await self.api.ask("GET", "/regions/nowhere", token=demo)
            assert missing.json["error"]["message"] == "Could not find region: nowhere."
            project = token["project"]["id"]
            own = await self.api.ask("GET", f"/projects/{project}", token=demo)
            assert own.json["project"]["name"] == "demo"
            listed = await self.api.ask("GET", "/auth/projects", token=demo)
            assert [each["id"] for each in listed.json["projects"]] == [project]
            for path in ("/services", "/endpoints", "/projects", "/users"):
                refused = await self.api.ask("GET", path, token=demo)
                self.assert_status(refused, 403)
                allowed = await self.api.ask("GET", path, token=admin)
                self.assert_status(allowed, 200)
                assert allowed.json["links"]["self"] == self.api.url + path

        return self.finish(check())

    def test_endpoints_by_region(self) -> Any:
        """
        Endpoints show their templates as they are, and can be chosen by region, interface and service.
        """

        async def check() -> None:
            admin, _ = await self.log_in("admin", "adminpass", ADMIN_SCOPE)
            services = await self.api.ask("GET", "/services?type=volumev3", token=admin)
            (service,) = services.json["services"]
            query = f"?region_id=Pod1&interface=public&service_id={service['id']}"
            reply = await self.api.ask("GET", f"/endpoints{query}", token=admin)
            (endpoint,) = reply.json["endpoints"]
            assert endpoint["url"].endswith("/v3/%(project_id)s")

        return self.finish(check())

    def test_wrong_paths(self) -> Any:
        """
        An unknown path is 404, a wrong method 405.
        """

        async def check() -> None:
            demo, _ = await self.log_in("demo", "demopass")
            self.assert_status(await self.api.ask("GET", "/nonsense", token=demo), 404)
            self.assert_status(await self.api.ask("PUT", "/auth/tokens", token=demo), 405)

        return self.finish(check())
