"""
Keystone's unified limits: the Identity API's ``registered_limits`` and ``limits``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from attrs import define
from keystoneauth1.access import AccessInfoV3
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.identity.keystone import KeystoneClient, NotPermitted, OwnTokenRefused, SubjectUnknown, away
from trio2o.identity.service_token import with_own_token
from trio2o.interfaces import IServiceToken, IUnifiedLimits
from trio2o.model import QuotaOwner
from trio2o.quota.unified import OF_PROJECTS, KeystoneLimits, by_owner

#: Whom Keystone shows the limits of all projects; another is shown its own project's, without a word.
_SEES_ALL = frozenset({"admin", "service"})

#: Service types that Nova's entry in the catalog may have.
_TYPES = ("compute",)


@implementer(IUnifiedLimits)
@define(kw_only=True)
class KeystoneUnifiedLimits:
    """
    Reads all that Keystone has of one region's Nova, with the daemon's own token: a request for the registered limits, and one
    for each resource that projects have limits of.
    """

    _keystone: KeystoneClient
    _own: IServiceToken
    #: The top region.
    _region: str
    _log = Logger()

    async def read(self) -> Mapping[QuotaOwner, Mapping[str, int]]:
        return await with_own_token(self._own, self._read)

    async def _read(self, own: bytes) -> Mapping[QuotaOwner, Mapping[str, int]]:
        try:
            service_id = self._service(await self._keystone.show_token(own, own, catalog=True))
            registered = await self._listed(own, "registered_limits", service_id=service_id)
            limits: list[Mapping[str, Any]] = []
            for name in OF_PROJECTS:
                limits += await self._listed(own, "limits", service_id=service_id, resource_name=name)
        except SubjectUnknown:
            # It ended between the check of the asker and that of the subject: they are one.
            raise OwnTokenRefused from None
        except NotPermitted:
            raise away("the daemon's user may not read limits") from None
        return by_owner(KeystoneLimits(registered=registered, limits=limits), self._region)

    def _service(self, info: AccessInfoV3) -> str:
        """
        The id of the region's Nova.

        :raises Unavailable: if there is none, or the daemon would not be shown everything.
        """
        if not info.system_scoped and not _SEES_ALL & set(info.role_names or ()):
            raise away("all projects' limits are shown to the roles admin and service alone")
        catalog: list[Any] = list(info.service_catalog.catalog) if info.has_service_catalog() else []
        found = [each for each in catalog if isinstance(each, Mapping) and each.get("type") in _TYPES]
        here = [
            each
            for each in found
            if any(place.get("region_id") == self._region for place in each.get("endpoints") or ())
        ]
        for each in here or found:
            if isinstance(each.get("id"), str):
                return str(each["id"])
        raise away("the catalog has no compute service")

    async def _listed(self, own: bytes, what: str, **filters: str) -> list[Mapping[str, Any]]:
        """
        A whole list.

        :raises Unavailable: if Keystone does not give all of it.
        """
        body = await self._keystone.read(own, f"{what}?{urlencode(filters)}")
        items = body.get(what)
        if not isinstance(items, list) or not all(isinstance(each, Mapping) for each in items):
            raise away(f"a list that is not understood from {what}")
        if body.get("truncated"):
            self._log.error(
                "Keystone cuts its list of {what} short ([DEFAULT] list_limit): no limits are taken over from it",
                what=what,
            )
            raise away(f"its list of {what} is cut short")
        return items
