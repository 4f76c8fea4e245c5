"""
What the fake Keystone tells of regions, services, endpoints, projects, users and roles (Identity API v3),
and its application credentials.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import define

from trio2o.sandbox.frame import Answer, Call, Fault, route
from trio2o.sandbox.keystone_auth import asker, listing, project_json
from trio2o.sandbox.keystone_catalog import Catalog, CatalogEndpoint, Region, Service
from trio2o.sandbox.keystone_state import Directory
from trio2o.sandbox.keystone_style import answer, expecting, forbidden
from trio2o.sandbox.keystone_tokens import Token, Tokens
from trio2o.sandbox.keystone_values import ApplicationCredential, Domain, Role, User, new_id


def require_admin(tokens: Tokens, call: Call, action: str) -> Token:
    """
    The asker's token, which must have the role ``admin``, or be a system reader's.

    :raises Fault: 401 or 403.
    """
    token = asker(tokens, call)
    roles = tokens.role_names(token)
    if "admin" not in roles and not (token.scope.system and "reader" in roles):
        raise forbidden(action)
    return token


def _linked(call: Call, collection: str, item: Mapping[str, Any]) -> dict[str, Any]:
    return {**item, "links": {"self": f"{call.origin}/v3/{collection}/{item['id']}"}}


def _filtered(call: Call, items: Iterable[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    """
    The items, by id, whose fields equal the query parameters of these names.
    """
    wanted = [(name, call.arg(name)) for name in names if call.arg(name) is not None]
    chosen = [item for item in items if all(item.get(name) == value for name, value in wanted)]
    return sorted(chosen, key=lambda item: str(item["id"]))


@define
class CatalogReads:
    """
    Regions for everybody, services and endpoints for admins.
    """

    tokens: Tokens
    known: Catalog

    @route("GET", "/regions")
    def regions(self, call: Call) -> Answer:
        asker(self.tokens, call)
        shown = (self._region(call, each) for each in self.known.regions.values())
        return listing(call, "regions", _filtered(call, shown, "parent_region_id"))

    @route("GET", "/regions/<region_id>")
    def region(self, call: Call, region_id: str) -> Answer:
        asker(self.tokens, call)
        if region_id not in self.known.regions:
            raise Fault(404, f"Could not find region: {region_id}.")
        return answer({"region": self._region(call, self.known.regions[region_id])})

    @route("GET", "/services")
    def services(self, call: Call) -> Answer:
        require_admin(self.tokens, call, "identity:list_services")
        shown = (self._service(call, each) for each in self.known.services.values())
        return listing(call, "services", _filtered(call, shown, "type", "name"))

    @route("GET", "/services/<service_id>")
    def service(self, call: Call, service_id: str) -> Answer:
        require_admin(self.tokens, call, "identity:get_service")
        if service_id not in self.known.services:
            raise Fault(404, f"Could not find service: {service_id}.")
        return answer({"service": self._service(call, self.known.services[service_id])})

    @route("GET", "/endpoints")
    def endpoints(self, call: Call) -> Answer:
        require_admin(self.tokens, call, "identity:list_endpoints")
        shown = (self._endpoint(call, each) for each in self.known.endpoints.values())
        return listing(call, "endpoints", _filtered(call, shown, "interface", "service_id", "region_id"))

    def _region(self, call: Call, region: Region) -> dict[str, Any]:
        shown = {
            "id": region.id,
            "description": region.description,
            "parent_region_id": region.parent_region_id,
        }
        return _linked(call, "regions", shown)

    def _service(self, call: Call, service: Service) -> dict[str, Any]:
        shown = {"name": service.name, "id": service.id, "type": service.type, "enabled": True}
        return _linked(call, "services", shown)

    def _endpoint(self, call: Call, endpoint: CatalogEndpoint) -> dict[str, Any]:
        shown = {
            "id": endpoint.id,
            "interface": endpoint.interface,
            "region_id": endpoint.region_id,
            "service_id": endpoint.service_id,
            "url": endpoint.url,
            "enabled": endpoint.enabled,
            "region": endpoint.region_id,
        }
        return _linked(call, "endpoints", shown)


@define
class IdentityReads:
    """
    Projects, users, domains and roles: all for admins, a user's own for the user.
    """

    tokens: Tokens
    directory: Directory

    @route("GET", "/projects")
    def projects(self, call: Call) -> Answer:
        require_admin(self.tokens, call, "identity:list_projects")
        shown = (project_json(call, each) for each in self.directory.projects.values())
        return listing(call, "projects", _filtered(call, shown, "name", "domain_id"))

    @route("GET", "/projects/<project_id>")
    def project(self, call: Call, project_id: str) -> Answer:
        if asker(self.tokens, call).scope.project_id != project_id:
            require_admin(self.tokens, call, "identity:get_project")
        if project_id not in self.directory.projects:
            raise Fault(404, f"Could not find project: {project_id}.")
        return answer({"project": project_json(call, self.directory.projects[project_id])})

    @route("GET", "/users")
    def users(self, call: Call) -> Answer:
        require_admin(self.tokens, call, "identity:list_users")
        shown = (self._user(call, each) for each in self.directory.users.values())
        return listing(call, "users", _filtered(call, shown, "name", "domain_id"))

    @route("GET", "/users/<user_id>")
    def user(self, call: Call, user_id: str) -> Answer:
        if asker(self.tokens, call).user_id != user_id:
            require_admin(self.tokens, call, "identity:get_user")
        if user_id not in self.directory.users:
            raise Fault(404, f"Could not find user: {user_id}.")
        return answer({"user": self._user(call, self.directory.users[user_id])})

    @route("GET", "/domains")
    def domains(self, call: Call) -> Answer:
        require_admin(self.tokens, call, "identity:list_domains")
        shown = (self._domain(call, each) for each in self.directory.domains.values())
        return listing(call, "domains", _filtered(call, shown, "name"))

    @route("GET", "/domains/<domain_id>")
    def domain(self, call: Call, domain_id: str) -> Answer:
        require_admin(self.tokens, call, "identity:get_domain")
        if domain_id not in self.directory.domains:
            raise Fault(404, f"Could not find domain: {domain_id}.")
        return answer({"domain": self._domain(call, self.directory.domains[domain_id])})

    @route("GET", "/roles")
    def roles(self, call: Call) -> Answer:
        require_admin(self.tokens, call, "identity:list_roles")
        shown = (self._role(call, each) for each in self.directory.roles.values())
        return listing(call, "roles", _filtered(call, shown, "name"))

    def _user(self, call: Call, user: User) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": user.id,
            "name": user.name,
            "domain_id": user.domain_id,
            "enabled": user.enabled,
        }
        if user.default_project_id is not None:
            shown["default_project_id"] = user.default_project_id
        return _linked(call, "users", shown | {"password_expires_at": None, "options": {}})

    def _domain(self, call: Call, domain: Domain) -> dict[str, Any]:
        shown = {"id": domain.id, "name": domain.name, "description": domain.description}
        return _linked(call, "domains", shown | {"enabled": True, "tags": [], "options": {}})

    def _role(self, call: Call, role: Role) -> dict[str, Any]:
        shown = {"id": role.id, "name": role.name, "domain_id": None, "description": None}
        return _linked(call, "roles", shown | {"options": {"immutable": True}})


@define
class CredentialHandlers:
    """
    A user's application credentials.
    """

    tokens: Tokens
    directory: Directory

    @route("POST", "/users/<user_id>/application_credentials")
    def create(self, call: Call, user_id: str) -> Answer:
        token = asker(self.tokens, call)
        project_id = token.scope.project_id
        if token.user_id != user_id or project_id is None:
            raise forbidden("identity:create_application_credential")
        body = call.json()
        wanted = body.get("application_credential") if isinstance(body, Mapping) else None
        if not isinstance(wanted, Mapping) or "name" not in wanted:
            raise expecting("name", "application_credential")
        expires_at = wanted.get("expires_at")
        credential = self.directory.add_application_credential(
            user_id,
            project_id,
            name=wanted["name"],
            secret=wanted.get("secret") or new_id(),
            roles=[role["name"] for role in wanted["roles"]] if wanted.get("roles") else None,
            access_rules=wanted.get("access_rules") or (),
            unrestricted=bool(wanted.get("unrestricted")),
            expires_at=_moment(expires_at) if expires_at else None,
        )
        shown = self._shown(call, credential) | {"secret": credential.secret}
        return answer({"application_credential": shown}, status=201)

    @route("GET", "/users/<user_id>/application_credentials/<credential_id>")
    def show(self, call: Call, user_id: str, credential_id: str) -> Answer:
        credential = self._own(call, user_id, credential_id, "identity:get_application_credential")
        return answer({"application_credential": self._shown(call, credential)})

    @route("DELETE", "/users/<user_id>/application_credentials/<credential_id>")
    def delete(self, call: Call, user_id: str, credential_id: str) -> Answer:
        self._own(call, user_id, credential_id, "identity:delete_application_credential")
        self.directory.remove_application_credential(credential_id)
        return answer(None, status=204)

    def _own(self, call: Call, user_id: str, credential_id: str, action: str) -> ApplicationCredential:
        if asker(self.tokens, call).user_id != user_id:
            require_admin(self.tokens, call, action)
        credential = self.directory.credentials.get(credential_id)
        if credential is None or credential.user_id != user_id:
            raise Fault(404, f"Could not find Application Credential: {credential_id}.")
        return credential

    def _shown(self, call: Call, credential: ApplicationCredential) -> dict[str, Any]:
        expires_at = credential.expires_at
        return {
            "id": credential.id,
            "name": credential.name,
            "description": None,
            "user_id": credential.user_id,
            "project_id": credential.project_id,
            "system": None,
            "expires_at": expires_at
            and f"{datetime.fromtimestamp(expires_at, UTC):%Y-%m-%dT%H:%M:%S.000000}",
            "unrestricted": credential.unrestricted,
            "roles": [
                {"id": role.id, "name": role.name, "domain_id": None, "description": None}
                for role in self.directory.with_implied(credential.roles)
            ],
            "access_rules": credential.access_rules,
            "links": {"self": f"{call.origin}/v3/application_credentials/{credential.id}"},
        }


def _moment(text: str) -> float:
    """
    Seconds since the epoch of an ISO 8601 moment; UTC where it names no zone.

    :raises Fault: 400 if it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise expecting("a moment", "expires_at") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
