"""
The section ``identity``: Keystone, and who the daemon is there.
"""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from trio2o.config import checks
from trio2o.config.option import option
from trio2o.config.secret import Credentials


@frozen(kw_only=True)
class IdentitySection:
    """
    The Keystone that users' tokens come from, and the daemon's own credentials there. Needed: ``auth_url`` and ``auth``,
    or ``cloud``.
    """

    auth_url: str | None = option(
        "Keystone's URL, with or without /v3.",
        default=None,
        check=checks.url,
        example="http://127.0.0.1:5000/v3",
        usual=True,
    )
    auth_type: str = option(
        "The keystoneauth1 plugin that the daemon logs in with, such as password or v3applicationcredential.",
        default="password",
    )
    auth: Credentials = option(
        "The plugin's options. Each may be {file: PATH} or {env: NAME}, so that secrets stay out of this file.",
        factory=Credentials,
        usual=True,
        example={
            "username": "trio2o",
            "password": "change me",
            "project_name": "service",
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        },
    )
    cloud: str | None = option(
        "A cloud of clouds.yaml, in place of auth_url, auth_type and auth.",
        default=None,
        check=checks.name,
        example="trio2o",
    )
    clouds_file: Path | None = option(
        "The clouds.yaml to read; a secure.yaml beside it adds secrets. Without it the usual places are searched.",
        default=None,
        check=checks.readable,
        example="/etc/openstack/clouds.yaml",
    )
    interface: str | None = option(
        "Which endpoints of the catalog the daemon uses for pods: public, internal or admin; without it what "
        "clouds.yaml says, else public.",
        default=None,
        check=checks.one_of("public", "internal", "admin"),
        example="internal",
    )
    ca_file: Path | None = option(
        "PEM file with the authorities that Keystone's certificate is checked against; without it the system's.",
        default=None,
        check=checks.readable,
        example="/etc/trio2o/ca.pem",
    )
    token_cache_seconds: float = option(
        "How long a validated token is believed without asking Keystone again: a revoked token works at most so long.",
        default=60.0,
        check=checks.seconds(0, 3600),
    )
    token_cache_size: int = option(
        "How many validated tokens are kept.", default=10_000, check=checks.between(1, 10_000_000)
    )
    negative_cache_seconds: float = option(
        "How long a token that Keystone refused is refused without asking again.",
        default=5.0,
        check=checks.seconds(0, 300),
    )
    request_timeout_seconds: float = option(
        "How long Keystone has for an answer.", default=10.0, check=checks.seconds(0.1, 300)
    )
    catalog_refresh_seconds: float = option(
        "How often the catalog is read again for the pods' endpoints.",
        default=300.0,
        check=checks.seconds(1, 86_400),
    )
    service_token_roles: tuple[str, ...] = option(
        "Roles of which an X-Service-Token must have one, so that a user's token that ended meanwhile still passes.",
        default=("service",),
        check=checks.some,
    )
    www_authenticate_url: str | None = option(
        "The Keystone URL that a 401 names, as users reach it; without it the auth_url.",
        default=None,
        check=checks.url,
        example="https://cloud.example.org:5000",
    )
