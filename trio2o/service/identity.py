"""
Keystone: tokens, the daemon's own token and the catalog, as the configuration has them.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve, frozen

from trio2o.config.schema import Config, IdentitySection
from trio2o.identity.catalog import KeystoneCatalog
from trio2o.identity.keystone import KeystoneClient
from trio2o.identity.limits import KeystoneUnifiedLimits
from trio2o.identity.plugins import load_plugin, on_the_system
from trio2o.identity.service import IdentityService
from trio2o.identity.service_token import ServiceToken
from trio2o.identity.transport import keystone_http, keystone_pool
from trio2o.identity.validation import KeystoneTokens
from trio2o.startup import own_credentials

#: The largest list of limits that is read, in bytes: of some ten thousand projects.
_LIMITS_BYTES = 16 * 1024 * 1024


@frozen(kw_only=True)
class IdentityParts:
    """
    What the rest of the daemon needs of Keystone.
    """

    keystone: KeystoneClient
    tokens: KeystoneTokens
    catalog: KeystoneCatalog
    #: The daemon's own token.
    own: ServiceToken
    service: IdentityService
    #: The value of ``WWW-Authenticate``.
    www_authenticate: bytes

    def problem(self) -> str:
        """
        What is wrong with Keystone as far as the daemon has met it; empty when nothing is.
        """
        if not self.catalog.loaded:
            return "Keystone has not given a catalog yet"
        return self.keystone.problem and f"Keystone's last answer: {self.keystone.problem}"


def make_unified_limits_client(
    reactor: Any, config: Config, identity: IdentityParts
) -> KeystoneUnifiedLimits:
    """
    What reads Keystone's limits, with the daemon's token or one of its user's on the system.
    """
    keystone = evolve(identity.keystone, body_limit=_LIMITS_BYTES)
    own = identity.own
    if config.quotas.keystone_scope == "system":
        credentials = own_credentials(config.identity)
        plugin = load_plugin(credentials.auth_type, on_the_system(credentials.auth))
        keystone = evolve(keystone, plugin=plugin)
        own = ServiceToken(keystone=keystone, clock=reactor)
    return KeystoneUnifiedLimits(keystone=keystone, own=own, region=config.region)


def make_identity(reactor: Any, section: IdentitySection) -> IdentityParts:
    """
    Build the identity parts; nothing is sent before the service starts.
    """
    credentials = own_credentials(section)
    pool = keystone_pool(reactor)
    http = keystone_http(reactor, pool, ca_file=credentials.ca_file)
    plugin = load_plugin(credentials.auth_type, credentials.auth)
    keystone = KeystoneClient(
        http=http, clock=reactor, plugin=plugin, timeout=section.request_timeout_seconds
    )
    own = ServiceToken(keystone=keystone, clock=reactor)
    tokens = KeystoneTokens(
        keystone=keystone,
        own=own,
        clock=reactor,
        token_cache_seconds=section.token_cache_seconds,
        token_cache_size=section.token_cache_size,
        negative_cache_seconds=section.negative_cache_seconds,
        service_token_roles=frozenset(section.service_token_roles),
    )
    catalog = KeystoneCatalog(
        keystone=keystone,
        own=own,
        clock=reactor,
        interfaces=(credentials.interface,),
        refresh_seconds=section.catalog_refresh_seconds,
    )
    uri = section.www_authenticate_url or str(credentials.auth["auth_url"])
    return IdentityParts(
        keystone=keystone,
        tokens=tokens,
        catalog=catalog,
        own=own,
        service=IdentityService(own, catalog, pool),
        www_authenticate=f'Keystone uri="{uri}"'.encode(),
    )
