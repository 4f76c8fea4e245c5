"""
What the fake Keystone knows of people: who is there, and who has which role where.

Pure state, without HTTP. Names and rules are those of the Identity API v3 as Keystone 30 answers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import define, field

from trio2o.sandbox.keystone_values import (
    DEFAULT_DOMAIN,
    ApplicationCredential,
    Domain,
    Project,
    Role,
    Scope,
    Unknown,
    User,
    new_id,
)

#: A role implies the next one (Keystone's bootstrap): an admin is a manager, who is a member, who is a
#: reader.
IMPLIED_ROLES: Mapping[str, str] = {"admin": "manager", "manager": "member", "member": "reader"}


@define
class Directory:
    """
    People, projects and roles. Every change raises :attr:`version`, so that what was rendered from it can
    be kept.
    """

    domains: dict[str, Domain] = field(factory=dict)
    projects: dict[str, Project] = field(factory=dict)
    users: dict[str, User] = field(factory=dict)
    roles: dict[str, Role] = field(factory=dict)
    credentials: dict[str, ApplicationCredential] = field(factory=dict)
    #: (user id, scope) to the names of the roles that were given, without the implied ones.
    assignments: dict[tuple[str, Scope], set[str]] = field(factory=dict)
    version: int = 0

    @classmethod
    def bootstrapped(cls) -> Directory:
        """
        A directory as ``keystone-manage bootstrap`` leaves it, without the admin user: the domain
        ``Default``, the five roles, and the projects ``admin`` and ``service``.
        """
        directory = cls()
        directory.domains[DEFAULT_DOMAIN] = Domain(
            id=DEFAULT_DOMAIN, name="Default", description="The default domain"
        )
        for name in ("admin", "manager", "member", "reader", "service"):
            role = Role(id=new_id(), name=name)
            directory.roles[role.id] = role
        directory.add_project("admin")
        directory.add_project("service")
        return directory

    def add_domain(self, name: str, *, id: str | None = None) -> Domain:
        """
        Make a domain.
        """
        domain = Domain(id=id or new_id(), name=name)
        self.domains[domain.id] = domain
        self.version += 1
        return domain

    def add_project(
        self, name: str, *, id: str | None = None, domain_id: str = DEFAULT_DOMAIN, enabled: bool = True
    ) -> Project:
        """
        Make a project, or give the one that has the name already.
        """
        for project in self.projects.values():
            if (project.name, project.domain_id) == (name, domain_id):
                return project
        project = Project(id=id or new_id(), name=name, domain_id=domain_id, enabled=enabled)
        self.projects[project.id] = project
        self.version += 1
        return project

    def add_user(
        self,
        name: str,
        password: str,
        *,
        id: str | None = None,
        domain_id: str = DEFAULT_DOMAIN,
        default_project_id: str | None = None,
        enabled: bool = True,
    ) -> User:
        """
        Make a user, or replace the one with the same name (its id stays).
        """
        for user in self.users.values():
            if (user.name, user.domain_id) == (name, domain_id):
                id = user.id
        user = User(
            id=id or new_id(),
            name=name,
            password=password,
            domain_id=domain_id,
            default_project_id=default_project_id,
            enabled=enabled,
        )
        self.users[user.id] = user
        self.version += 1
        return user

    def remove_user(self, user_id: str) -> None:
        """
        Delete a user, with roles and application credentials; their tokens end.
        """
        self.users.pop(user_id, None)
        for key in [key for key in self.assignments if key[0] == user_id]:
            del self.assignments[key]
        for credential in [each for each in self.credentials.values() if each.user_id == user_id]:
            del self.credentials[credential.id]
        self.version += 1

    def role_named(self, name: str) -> Role:
        """
        A role by name; made when it is new.
        """
        for role in self.roles.values():
            if role.name == name:
                return role
        role = Role(id=new_id(), name=name)
        self.roles[role.id] = role
        self.version += 1
        return role

    def grant(self, user_id: str, roles: Iterable[str], scope: Scope) -> None:
        """
        Give a user roles, by name, in a scope.
        """
        names = set(roles)
        for name in names:
            self.role_named(name)
        self.assignments.setdefault((user_id, scope), set()).update(names)
        self.version += 1

    def withdraw(self, user_id: str, roles: Iterable[str], scope: Scope) -> None:
        """
        Take roles away; the user's tokens in that scope lose them at once, and end with the last one.
        """
        self.assignments.get((user_id, scope), set()).difference_update(roles)
        self.version += 1

    def roles_of(self, user_id: str, scope: Scope) -> Sequence[Role]:
        """
        The roles of a user in a scope, the implied ones too, by id as Keystone lists them.
        """
        return self.with_implied(self.assignments.get((user_id, scope), set()))

    def with_implied(self, names: Iterable[str]) -> Sequence[Role]:
        """
        The named roles and all that they imply, by id.
        """
        wanted: set[str] = set()
        for name in names:
            each: str | None = name
            while each is not None and each not in wanted:
                wanted.add(each)
                each = IMPLIED_ROLES.get(each)
        return sorted((role for role in self.roles.values() if role.name in wanted), key=lambda role: role.id)

    def add_application_credential(
        self,
        user_id: str,
        project_id: str,
        *,
        name: str,
        secret: str,
        id: str | None = None,
        roles: Iterable[str] | None = None,
        access_rules: Iterable[Mapping[str, str]] = (),
        unrestricted: bool = False,
        expires_at: float | None = None,
    ) -> ApplicationCredential:
        """
        Make an application credential; without ``roles`` it has all that the user has in the project.
        """
        scope = Scope(project_id=project_id)
        names = roles if roles is not None else (role.name for role in self.roles_of(user_id, scope))
        credential = ApplicationCredential(
            id=id or new_id(),
            name=name,
            secret=secret,
            user_id=user_id,
            project_id=project_id,
            roles=tuple(sorted(names)),
            access_rules=tuple(
                {
                    "id": rule.get("id") or new_id(),
                    "service": rule["service"],
                    "path": rule["path"],
                    "method": rule["method"],
                }
                for rule in access_rules
            ),
            unrestricted=unrestricted,
            expires_at=expires_at,
        )
        self.credentials[credential.id] = credential
        self.version += 1
        return credential

    def remove_application_credential(self, credential_id: str) -> None:
        """
        Delete an application credential; its tokens end.
        """
        self.credentials.pop(credential_id, None)
        self.version += 1

    def find_domain(self, reference: Mapping[str, Any]) -> Domain:
        """
        The domain that ``{"id": …}`` or ``{"name": …}`` means.

        :raises Unknown: if there is none.
        """
        for domain in self.domains.values():
            if domain.id == reference.get("id") or (
                "id" not in reference and domain.name == reference.get("name")
            ):
                return domain
        raise Unknown("domain", str(reference.get("id") or reference.get("name")))

    def find_project(self, reference: Mapping[str, Any]) -> Project:
        """
        The project that ``{"id": …}`` or ``{"name": …, "domain": …}`` means.

        :raises Unknown: if there is none.
        """
        if "id" in reference:
            found = self.projects.get(reference["id"])
        else:
            domain_id = self.find_domain(reference["domain"]).id
            wanted = (reference.get("name"), domain_id)
            found = next(
                (each for each in self.projects.values() if (each.name, each.domain_id) == wanted), None
            )
        if found is None:
            raise Unknown("project", str(reference.get("id") or reference.get("name")))
        return found

    def find_user(self, reference: Mapping[str, Any]) -> User:
        """
        The user that ``{"id": …}`` or ``{"name": …, "domain": …}`` means.

        :raises Unknown: if there is none.
        """
        if "id" in reference:
            found = self.users.get(reference["id"])
        else:
            domain_id = self.find_domain(reference["domain"]).id
            wanted = (reference.get("name"), domain_id)
            found = next(
                (each for each in self.users.values() if (each.name, each.domain_id) == wanted), None
            )
        if found is None:
            raise Unknown("user", str(reference.get("id") or reference.get("name")))
        return found
