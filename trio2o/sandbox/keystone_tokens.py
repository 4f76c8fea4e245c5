"""
How the fake Keystone gives tokens, checks them and shows them (Identity API v3, ``/v3/auth/tokens``).

The rules are those of Keystone 30: roles are looked up when a token is shown, not when it is made, so a
role that is taken away is gone from tokens at once, and a token without any role left is no token.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from attrs import define, field, frozen

from trio2o.sandbox.keystone_catalog import Catalog
from trio2o.sandbox.keystone_state import Directory
from trio2o.sandbox.keystone_values import ApplicationCredential, Project, Role, Scope

#: How long after its end a token can still be validated with ``allow_expired=1``, in seconds (Keystone's
#: default).
ALLOW_EXPIRED_WINDOW = 48 * 3600


@frozen(kw_only=True)
class Token:
    """
    One token that was given out.
    """

    id: str = field(repr=False)
    methods: tuple[str, ...]
    user_id: str
    scope: Scope
    #: Its own audit id, and that of the first token of the chain when it was made from another.
    audit_ids: tuple[str, ...]
    #: Seconds since the epoch, whole ones: Fernet tokens have no fractions.
    issued_at: int
    expires_at: int
    application_credential_id: str | None = None


class Rejected(Exception):
    """
    The credentials are wrong, or give nothing in the scope that was asked for: Keystone's 401.

    :ivar message: what Keystone says, or empty for its general words.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class InvalidToken(Exception):
    """
    Unknown, ended, revoked, or of someone who is gone: Keystone's 404 for the subject, 401 for the asker.
    """


@define
class Tokens:
    """
    The tokens that were given out.

    :ivar now: the time in seconds since the epoch.
    :ivar lifetime: how long a new token lives, in seconds.
    """

    directory: Directory
    catalog: Catalog
    now: Callable[[], float]
    lifetime: float = 3600.0
    _tokens: dict[str, Token] = field(factory=dict)
    _rendered: dict[tuple[str, bool], tuple[tuple[int, int], bytes]] = field(factory=dict)

    def issue(
        self,
        user_id: str,
        scope: Scope,
        *,
        methods: Sequence[str] = ("password",),
        parent: Token | None = None,
        credential: ApplicationCredential | None = None,
        lifetime: float | None = None,
    ) -> Token:
        """
        Make a token without asking for credentials; also the short way for tests.

        :raises Rejected: if the user has no role in the scope.
        """
        now = int(self.now())
        expires = now + int(self.lifetime if lifetime is None else lifetime)
        all_methods = list(methods)
        audit_ids = [_url_safe(12)]
        if parent is not None:
            expires = min(expires, parent.expires_at)
            all_methods += [each for each in parent.methods if each not in all_methods]
            audit_ids.append(parent.audit_ids[-1])
        credential_id = credential.id if credential is not None else None
        if parent is not None and credential_id is None:
            credential_id = parent.application_credential_id
        token = Token(
            id="gAAAAAB" + _url_safe(135),
            methods=tuple(all_methods),
            user_id=user_id,
            scope=scope,
            audit_ids=tuple(audit_ids),
            issued_at=now,
            expires_at=expires,
            application_credential_id=credential_id,
        )
        if not self._stands(token):
            raise Rejected
        self._tokens[token.id] = token
        return token

    def find(self, token_id: str, *, allow_expired: bool = False, access_rules: bool = False) -> Token:
        """
        A token that is good now.

        :raises InvalidToken: if it is not; also for a token with access rules unless the asker says, with
            ``access_rules``, that it will respect them.
        """
        token = self._tokens.get(token_id)
        if token is None:
            raise InvalidToken
        end = token.expires_at + (ALLOW_EXPIRED_WINDOW if allow_expired else 0)
        if self.now() >= end or not self._stands(token):
            raise InvalidToken
        credential = self._credential(token)
        if credential is not None and credential.access_rules and not access_rules:
            raise InvalidToken
        return token

    def revoke(self, token_id: str) -> None:
        """
        End one token; tokens that were made from it stay.
        """
        self._tokens.pop(token_id, None)
        for with_catalog in (True, False):
            self._rendered.pop((token_id, with_catalog), None)

    def revoke_all_of(self, user_id: str) -> None:
        """
        End all tokens of a user.
        """
        for token in [each for each in self._tokens.values() if each.user_id == user_id]:
            self.revoke(token.id)

    def role_names(self, token: Token) -> frozenset[str]:
        """
        The names of the token's roles now.
        """
        return frozenset(role.name for role in self._roles(token))

    def rendered(self, token: Token, *, with_catalog: bool) -> bytes:
        """
        The JSON document of a token; kept until directory or catalog change.
        """
        versions = (self.directory.version, self.catalog.version)
        kept = self._rendered.get((token.id, with_catalog))
        if kept is not None and kept[0] == versions:
            return kept[1]
        body = json.dumps({"token": self._document(token, with_catalog)}).encode("ascii")
        self._rendered[token.id, with_catalog] = (versions, body)
        return body

    def _credential(self, token: Token) -> ApplicationCredential | None:
        return self.directory.credentials.get(token.application_credential_id or "")

    def _roles(self, token: Token) -> Sequence[Role]:
        held = self.directory.roles_of(token.user_id, token.scope)
        credential = self._credential(token)
        if credential is None:
            return held
        allowed = {role.id for role in self.directory.with_implied(credential.roles)}
        return [role for role in held if role.id in allowed]

    def _stands(self, token: Token) -> bool:
        """
        True while user, project and credential are there and some role is left.
        """
        user = self.directory.users.get(token.user_id)
        if user is None or not user.enabled:
            return False
        if token.application_credential_id is not None:
            credential = self._credential(token)
            if credential is None or (
                credential.expires_at is not None and self.now() >= credential.expires_at
            ):
                return False
        if token.scope.project_id is not None:
            project = self.directory.projects.get(token.scope.project_id)
            if project is None or not project.enabled:
                return False
        return token.scope.unscoped or bool(self._roles(token))

    def _document(self, token: Token, with_catalog: bool) -> Mapping[str, Any]:
        directory = self.directory
        user = directory.users[token.user_id]
        document: dict[str, Any] = {
            "methods": token.methods,
            "user": {
                "domain": self._domain(user.domain_id),
                "id": user.id,
                "name": user.name,
                "password_expires_at": None,
            },
            "audit_ids": token.audit_ids,
            "expires_at": _timestamp(token.expires_at),
            "issued_at": _timestamp(token.issued_at),
        }
        roles = [{"id": role.id, "name": role.name} for role in self._roles(token)]
        if token.scope.system:
            document |= {"roles": roles, "system": {"all": True}}
        elif token.scope.domain_id is not None:
            document |= {"domain": self._domain(token.scope.domain_id), "roles": roles}
        elif token.scope.project_id is not None:
            project: Project = directory.projects[token.scope.project_id]
            document |= {
                "project": {
                    "domain": self._domain(project.domain_id),
                    "id": project.id,
                    "name": project.name,
                },
                "is_domain": False,
                "roles": roles,
            }
        if with_catalog and not token.scope.unscoped:
            document["catalog"] = self.catalog.rendered(user_id=user.id, project_id=token.scope.project_id)
        credential = self._credential(token)
        if credential is not None:
            shown = {"id": credential.id, "name": credential.name, "restricted": not credential.unrestricted}
            rules = {"access_rules": credential.access_rules} if credential.access_rules else {}
            document["application_credential"] = shown | rules
        return document

    def _domain(self, domain_id: str) -> Mapping[str, str]:
        domain = self.directory.domains[domain_id]
        return {"id": domain.id, "name": domain.name}


def _timestamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def _url_safe(length: int) -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(length)).decode().rstrip("=")
