"""
How the fake Keystone takes credentials: the ``auth`` object of ``POST /v3/auth/tokens`` (Identity API v3).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define

from trio2o.sandbox.keystone_state import Directory
from trio2o.sandbox.keystone_tokens import Rejected, Token, Tokens
from trio2o.sandbox.keystone_values import ApplicationCredential, Scope, Unknown, User


class Malformed(Exception):
    """
    The body of a token request lacks something: Keystone's 400.

    :ivar attribute: what is expected.
    :ivar target: where.
    """

    def __init__(self, attribute: str, target: str) -> None:
        super().__init__(f"Expecting to find {attribute} in {target}.")
        self.attribute = attribute
        self.target = target


@define
class Login:
    """
    Turns credentials into tokens.
    """

    directory: Directory
    tokens: Tokens

    def authenticate(self, auth: Mapping[str, Any]) -> Token:
        """
        Make a token for the ``auth`` object of a request.

        :raises Malformed: if something is missing.
        :raises Rejected: if the credentials or the scope are not good.
        :raises InvalidToken: if the method is ``token`` and the token is not good.
        """
        identity = auth.get("identity")
        if not isinstance(identity, Mapping) or not isinstance(identity.get("methods"), Sequence):
            raise Malformed("identity", "auth")
        methods = tuple(identity["methods"])
        parent: Token | None = None
        credential: ApplicationCredential | None = None
        user: User | None = None
        for method in methods:
            details = identity.get(method)
            if method not in ("password", "token", "application_credential") or not isinstance(
                details, Mapping
            ):
                raise Malformed(str(method), "identity")
            if method == "password":
                user = self._by_password(details)
            elif method == "token":
                parent = self.tokens.find(str(details.get("id", "")))
                user = self.directory.users[parent.user_id]
            else:
                credential = self._by_credential(details)
                user = self.directory.users[credential.user_id]
        if user is None or not user.enabled:
            raise Rejected
        if credential is not None:
            if "scope" in auth:
                raise Rejected(
                    "Error authenticating with application credential: "
                    "Application credentials cannot request a scope."
                )
            scope = Scope(project_id=credential.project_id)
        else:
            scope = self._scope(auth, user, parent)
        return self.tokens.issue(user.id, scope, methods=methods, parent=parent, credential=credential)

    def _by_password(self, details: Mapping[str, Any]) -> User:
        reference = details.get("user")
        if not isinstance(reference, Mapping):
            raise Malformed("user", "password")
        user = self._user(reference)
        if not secrets.compare_digest(user.password.encode(), str(reference.get("password", "")).encode()):
            raise Rejected
        return user

    def _by_credential(self, details: Mapping[str, Any]) -> ApplicationCredential:
        credentials = self.directory.credentials
        found: ApplicationCredential | None
        if "id" in details:
            found = credentials.get(str(details["id"]))
        else:
            user = self._user(details.get("user", {}))
            wanted = (user.id, details.get("name"))
            found = next((each for each in credentials.values() if (each.user_id, each.name) == wanted), None)
        if found is None or found.secret != details.get("secret"):
            raise Rejected
        return found

    def _user(self, reference: Mapping[str, Any]) -> User:
        if "id" not in reference and "name" not in reference:
            raise Malformed("id or name", "user")
        if "id" not in reference and "domain" not in reference:
            raise Malformed("domain", "user")
        try:
            return self.directory.find_user(reference)
        except Unknown:
            raise Rejected from None

    def _scope(self, auth: Mapping[str, Any], user: User, parent: Token | None) -> Scope:
        """
        The scope that is asked for; without one, a password gives the user's default project if it can.
        """
        wanted = auth.get("scope")
        if wanted == "unscoped":
            return Scope()
        if wanted is None:
            default = Scope(project_id=user.default_project_id)
            if parent is None and user.default_project_id and self.directory.roles_of(user.id, default):
                return default
            return Scope()
        if not isinstance(wanted, Mapping):
            raise Malformed("scope", "auth")
        try:
            if "project" in wanted:
                if "id" not in wanted["project"] and "domain" not in wanted["project"]:
                    raise Malformed("domain", "project")
                return Scope(project_id=self.directory.find_project(wanted["project"]).id)
            if "domain" in wanted:
                return Scope(domain_id=self.directory.find_domain(wanted["domain"]).id)
        except Unknown:
            raise Rejected from None
        return Scope(system="system" in wanted)
