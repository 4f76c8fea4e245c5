"""
Where the services of each region are, read from Keystone with the daemon's own token.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from attrs import define, field
from keystoneauth1.access import AccessInfoV3
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from trio2o.errors import Unavailable
from trio2o.identity.endpoints import Endpoints, catalog_of, resolve
from trio2o.identity.keystone import KeystoneClient, NotPermitted, OwnTokenRefused, SubjectUnknown, away
from trio2o.identity.service_token import with_own_token
from trio2o.identity.single_flight import SingleFlight
from trio2o.interfaces import ICatalog, IServiceToken

#: What a malformed document makes of its readers.
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError)


@implementer(ICatalog)
@define(eq=False)
class KeystoneCatalog:
    """
    The catalog of the daemon's own token, resolved once into a table.

    Keystone may show a project only a part of the endpoints (endpoint filters). Where the daemon's own
    project is kept from seeing the pods, ``list_endpoints`` lets it read Keystone's endpoint list too, which
    takes the role that Keystone asks for there (reader on the system, or admin), and fills in what the
    catalog lacks.
    """

    _keystone: KeystoneClient
    _own: IServiceToken
    _clock: IReactorTime
    #: Of the interfaces that a service has the first one that stands here: ``public``, ``internal``,
    #: ``admin``.
    interfaces: Sequence[str] = ("public",)
    list_endpoints: bool = False
    #: Seconds between two readings, give or take a tenth.
    refresh_seconds: float = 300.0
    #: Seconds that must pass before :meth:`refresh`, or an endpoint that is missing, has it read again.
    least_seconds: float = 10.0
    _chance: Callable[[], float] = random.random
    _log = Logger()
    _table: Endpoints = field(init=False, factory=dict)
    _regions: tuple[str, ...] = field(init=False, default=())
    _asked: float | None = field(init=False, default=None)
    _loaded: bool = field(init=False, default=False)
    _flight: SingleFlight[None] = field(init=False, factory=SingleFlight)
    _started: bool = field(init=False, default=False)
    _next: IDelayedCall | None = field(init=False, default=None)

    @property
    def loaded(self) -> bool:
        """
        True once the catalog was read.
        """
        return self._loaded

    def start(self) -> None:
        """
        Read the catalog now and from time to time. Never fails: what does not work is tried again.
        """
        self._started = True
        self._on_schedule()

    def stop(self) -> None:
        """
        Read it no more.
        """
        self._started = False
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self._flight.cancel()

    def endpoint(self, region: str, service: str) -> str | None:
        root = self._table.get((region, service))
        if root is None and self._started and not self._recent():
            self._read_in_background()
        return root

    def regions(self) -> Sequence[str]:
        return self._regions

    async def refresh(self) -> None:
        if self._loaded and self._recent():
            return
        await self._flight.join("", self._read)

    async def _read(self) -> None:
        self._asked = self._clock.seconds()
        info = await with_own_token(self._own, self._own_description)
        try:
            table = resolve(info.service_catalog, self.interfaces)
            if self.list_endpoints:
                table = {**await self._listed(), **table}
        except _MALFORMED as problem:
            kind = type(problem).__name__
            self._log.warn("Keystone's catalog is not understood: {kind}", kind=kind)
            raise away("its catalog is not understood") from None
        if table != self._table:
            self._log.info("the catalog names {count} endpoints", count=len(table))
        self._table = table
        self._regions = tuple(sorted({region for region, _ in table}))
        self._loaded = True

    async def _own_description(self, own: bytes) -> AccessInfoV3:
        try:
            return await self._keystone.show_token(own, own, catalog=True)
        except SubjectUnknown:
            # It ended between the check of the asker and that of the subject: they are one.
            raise OwnTokenRefused from None

    async def _listed(self) -> Endpoints:
        """
        The endpoints of Keystone's own list; none where the daemon may not read it.
        """
        try:
            services = await with_own_token(self._own, lambda own: self._keystone.read(own, "services"))
            endpoints = await with_own_token(self._own, lambda own: self._keystone.read(own, "endpoints"))
        except NotPermitted:
            self._log.warn(
                "the daemon's user may not read Keystone's endpoint list; the catalog alone is used"
            )
            return {}
        listed = resolve(catalog_of(services["services"], endpoints["endpoints"]), self.interfaces)
        self._log.info(
            "Keystone's endpoint list is used beside the catalog: {count} endpoints", count=len(listed)
        )
        return listed

    def _recent(self) -> bool:
        return self._asked is not None and 0 <= self._clock.seconds() - self._asked < self.least_seconds

    def _on_schedule(self) -> None:
        self._next = self._clock.callLater(
            self.refresh_seconds * (0.9 + 0.2 * self._chance()), self._on_schedule
        )
        self._read_in_background()

    def _read_in_background(self) -> None:
        self._flight.join("", self._read).addErrback(self._not_read)

    def _not_read(self, reason: Failure) -> None:
        if not self._started:
            return
        if not reason.check(Unavailable):
            self._log.failure("the catalog cannot be read", failure=reason)
        if self._next is not None:
            self._next.reset(self.least_seconds)
