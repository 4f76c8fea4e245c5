"""
Who asks.
"""

from __future__ import annotations

from attrs import field, frozen


@frozen(kw_only=True)
class AccessRule:
    """
    One access rule of an application credential (Identity API v3): service type, method, path pattern.
    """

    service: str
    method: str
    path: str


@frozen(kw_only=True)
class Identity:
    """
    Who a validated token stands for.
    """

    user_id: str
    project_id: str | None
    roles: frozenset[str]
    #: When the token ends, seconds since the epoch.
    expires_at: float
    user_name: str = ""
    user_domain_id: str | None = None
    project_name: str | None = None
    project_domain_id: str | None = None
    domain_id: str | None = None
    system_scope: str | None = None
    #: ``None`` where the token is not bound to access rules; an empty tuple forbids everything.
    access_rules: tuple[AccessRule, ...] | None = None

    @property
    def is_admin(self) -> bool:
        """
        True for a holder of the role ``admin``: may see all projects and read which pod an error came from.
        """
        return "admin" in self.roles


@frozen(kw_only=True)
class RequestContext:
    """
    What every layer may know of the request under way. Its ``repr`` never shows the token (I17).
    """

    #: ``req-<uuid>``, sent back as ``X-Openstack-Request-Id``.
    request_id: str
    #: The client's ``X-Openstack-Request-Id``, handed on to the pod; empty where there was none.
    global_request_id: str
    surface: str
    identity: Identity
    token: bytes = field(repr=False)
    #: The project that the request is about; the token's.
    project_id: str

    @property
    def is_admin(self) -> bool:
        """
        True when the caller holds the role ``admin``.
        """
        return self.identity.is_admin

    def owns(self, project_id: str) -> bool:
        """
        True for admins and for the project of a resource. A token without a project owns nothing.
        """
        return self.is_admin or bool(self.project_id and self.project_id == project_id)
