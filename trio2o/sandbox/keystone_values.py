"""
The things a Keystone holds: domains, projects, users, roles, scopes and application credentials (Identity
API v3).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from attrs import field, frozen

DEFAULT_DOMAIN = "default"


def new_id() -> str:
    """
    An id as Keystone makes them: 32 hexadecimal digits.
    """
    return uuid.uuid4().hex


@frozen(kw_only=True)
class Domain:
    """
    A domain: the name space of users and projects.
    """

    id: str
    name: str
    description: str = ""


@frozen(kw_only=True)
class Project:
    """
    A project.
    """

    id: str
    name: str
    domain_id: str = DEFAULT_DOMAIN
    description: str = ""
    enabled: bool = True


@frozen(kw_only=True)
class User:
    """
    A user with a password.
    """

    id: str
    name: str
    password: str = field(repr=False)
    domain_id: str = DEFAULT_DOMAIN
    default_project_id: str | None = None
    enabled: bool = True


@frozen(kw_only=True)
class Role:
    """
    A role.
    """

    id: str
    name: str


@frozen(kw_only=True)
class Scope:
    """
    What a token or a role assignment is for: one project, one domain, or the system; nothing of these is
    unscoped.
    """

    project_id: str | None = None
    domain_id: str | None = None
    system: bool = False

    @property
    def unscoped(self) -> bool:
        """
        True for the scope of a token without roles and catalog.
        """
        return self.project_id is None and self.domain_id is None and not self.system


@frozen(kw_only=True)
class ApplicationCredential:
    """
    A secret that stands for a user in one project, perhaps only for some requests.
    """

    id: str
    name: str
    secret: str = field(repr=False)
    user_id: str
    project_id: str
    roles: tuple[str, ...]
    #: ``{"id", "service", "path", "method"}`` each; empty when every request is allowed.
    access_rules: tuple[Mapping[str, str], ...] = ()
    unrestricted: bool = False
    #: Seconds since the epoch.
    expires_at: float | None = None


class Unknown(Exception):
    """
    No such domain, project, user or role.

    :ivar what: ``project``, ``user``, …
    :ivar key: the id or name that was asked for.
    """

    def __init__(self, what: str, key: str) -> None:
        super().__init__(f"Could not find {what}: {key}.")
        self.what = what
        self.key = key
