"""
``/v3/auth``: the fake Keystone's tokens over HTTP (Identity API v3, as Keystone 30 answers it).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define

from trio2o.sandbox.frame import Answer, Call, Fault, route
from trio2o.sandbox.keystone_login import Login, Malformed
from trio2o.sandbox.keystone_state import Directory
from trio2o.sandbox.keystone_style import answer, expecting, forbidden, unauthorized
from trio2o.sandbox.keystone_tokens import InvalidToken, Rejected, Token, Tokens
from trio2o.sandbox.keystone_values import Project, Scope

#: The request header by which a service says that it checks the access rules of application credentials
#: itself.
ACCESS_RULES_HEADER = "OpenStack-Identity-Access-Rules"


def asker(tokens: Tokens, call: Call) -> Token:
    """
    The token in ``X-Auth-Token``.

    :raises Fault: 401 if there is none or it is not good.
    """
    try:
        return tokens.find(call.header("X-Auth-Token") or "", access_rules=True)
    except InvalidToken:
        raise unauthorized(call) from None


def project_json(call: Call, project: Project) -> dict[str, Any]:
    """
    A project as Keystone shows it.
    """
    return {
        "id": project.id,
        "name": project.name,
        "domain_id": project.domain_id,
        "description": project.description,
        "enabled": project.enabled,
        "parent_id": project.domain_id,
        "is_domain": False,
        "tags": [],
        "options": {},
        "links": {"self": f"{call.origin}/v3/projects/{project.id}"},
    }


def listing(call: Call, name: str, items: list[dict[str, Any]]) -> Answer:
    """
    A list as Keystone shows it, whole: Keystone has no pages for these.
    """
    query = call.request.uri.partition(b"?")[2].decode("latin-1")
    link = f"{call.origin}{call.full_path}" + (f"?{query}" if query else "")
    return answer({name: items, "links": {"next": None, "self": link, "previous": None}})


@define
class TokenHandlers:
    """
    Tokens and what a token's holder may ask about itself.
    """

    tokens: Tokens
    directory: Directory

    @route("POST", "/auth/tokens")
    def create(self, call: Call) -> Answer:
        try:
            body = call.json()
        except Fault:
            raise expecting("valid JSON", "request body") from None
        auth = body.get("auth") if isinstance(body, Mapping) else None
        if not isinstance(auth, Mapping):
            raise expecting("auth", "request body")
        try:
            token = Login(self.directory, self.tokens).authenticate(auth)
        except Malformed as error:
            raise expecting(error.attribute, error.target) from error
        except Rejected as error:
            raise unauthorized(call, error.message) from error
        except InvalidToken as error:
            raise Fault(404, "Failed to validate token") from error
        return self._shown(call, token, status=201)

    @route("GET", "/auth/tokens")
    def validate(self, call: Call) -> Answer:
        own = asker(self.tokens, call)
        subject = self._subject(call, own, "identity:validate_token", {"admin", "service"})
        return self._shown(call, subject)

    @route("DELETE", "/auth/tokens")
    def revoke(self, call: Call) -> Answer:
        own = asker(self.tokens, call)
        if call.header("X-Subject-Token") is None:
            raise Fault(404, "No token in the request")
        subject = self._subject(call, own, "identity:revoke_token", {"admin"})
        self.tokens.revoke(subject.id)
        return answer(None, status=204)

    @route("GET", "/auth/catalog")
    def catalog(self, call: Call) -> Answer:
        own = asker(self.tokens, call)
        if own.scope.unscoped:
            raise Fault(403, "You are not authorized to perform the requested action.")
        rendered = self.tokens.catalog.rendered(user_id=own.user_id, project_id=own.scope.project_id)
        return answer({"catalog": rendered, "links": {"self": f"{call.origin}/v3/auth/catalog"}})

    @route("GET", "/auth/projects")
    def projects(self, call: Call) -> Answer:
        return self._projects_of(call, asker(self.tokens, call).user_id)

    @route("GET", "/users/<user_id>/projects")
    def projects_of_user(self, call: Call, user_id: str) -> Answer:
        own = asker(self.tokens, call)
        if own.user_id != user_id and "admin" not in self.tokens.role_names(own):
            raise forbidden("identity:list_user_projects")
        return self._projects_of(call, user_id)

    @route("GET", "/auth/domains")
    def domains(self, call: Call) -> Answer:
        own = asker(self.tokens, call)
        held = {scope.domain_id for user_id, scope in self.directory.assignments if user_id == own.user_id}
        shown = [
            {"id": domain.id, "name": domain.name, "description": domain.description, "enabled": True}
            for domain in self.directory.domains.values()
            if domain.id in held
        ]
        return listing(call, "domains", shown)

    @route("GET", "/auth/system")
    def system(self, call: Call) -> Answer:
        own = asker(self.tokens, call)
        held = [{"all": True}] if self.directory.roles_of(own.user_id, Scope(system=True)) else []
        return answer({"system": held, "links": {"self": f"{call.origin}/v3/auth/system"}})

    def _subject(self, call: Call, own: Token, action: str, allowed: set[str]) -> Token:
        """
        The token that the request is about; a user may ask about own tokens, others need a role.
        """
        subject_id = call.header("X-Subject-Token")
        if subject_id is None:
            raise forbidden(action)
        allow_expired = (call.arg("allow_expired") or "").lower() in ("1", "true", "t", "yes", "y", "on")
        try:
            subject = self.tokens.find(
                subject_id,
                allow_expired=allow_expired,
                access_rules=call.header(ACCESS_RULES_HEADER) is not None,
            )
        except InvalidToken:
            raise Fault(404, "Failed to validate token") from None
        roles = self.tokens.role_names(own)
        system_reader = own.scope.system and "reader" in roles and "service" in allowed
        if subject.user_id != own.user_id and not roles & allowed and not system_reader:
            raise forbidden(action)
        return subject

    def _shown(self, call: Call, token: Token, *, status: int = 200) -> Answer:
        body = self.tokens.rendered(token, with_catalog=call.arg("nocatalog") is None)
        return answer(body, status=status, headers=(("X-Subject-Token", token.id),))

    def _projects_of(self, call: Call, user_id: str) -> Answer:
        held = {
            scope.project_id
            for (each, scope), names in self.directory.assignments.items()
            if each == user_id and names
        }
        projects = sorted(self.directory.projects.values(), key=lambda project: project.id)
        return listing(call, "projects", [project_json(call, each) for each in projects if each.id in held])
