"""
The identity branch of the daemon's service tree.
"""

from __future__ import annotations

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.web.client import HTTPConnectionPool

from trio2o.identity.catalog import KeystoneCatalog
from trio2o.identity.service_token import ServiceToken


class IdentityService(Service):
    """
    Keeps the daemon's own token and the catalog fresh while it runs. Starting waits for nothing: a Keystone
    that is away is tried again.
    """

    def __init__(self, own: ServiceToken, catalog: KeystoneCatalog, pool: HTTPConnectionPool) -> None:
        self.setName("identity")
        self._own = own
        self._catalog = catalog
        self._pool = pool

    def startService(self) -> None:
        super().startService()
        self._own.start()
        self._catalog.start()

    def stopService(self) -> Deferred[None]:
        super().stopService()
        self._catalog.stop()
        self._own.stop()
        closed: Deferred[None] = self._pool.closeCachedConnections()
        return closed
