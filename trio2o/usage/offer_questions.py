"""
Asks one pod for its flavors and volume types.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from attrs import define, field
from twisted.logger import Logger

from trio2o.errors import PodBroken
from trio2o.model import OfferedFlavor, OfferedType, Pod, PodOffers
from trio2o.usage.asking import Asks, Said
from trio2o.usage.offered import flavor_of, type_of

_log = Logger()

_FLAVORS = "/v2.1/flavors/detail"
_TYPES = "/v3/{project_id}/types"

#: From this microversion on flavors come with their extra specs; pods that do not have it are asked for those of each flavor.
_WITH_SPECS = "compute 2.61"

#: What only administrators are shown: others are given what is public in place of all, without a word.
_ADMINS_ONLY = {
    "compute": "/v2.1/os-services?binary=nova-conductor",
    "volume": "/v3/{project_id}/os-services?binary=cinder-scheduler",
}

#: Items of a page, and pages of a list.
_PAGE = 1000
_MOST_PAGES = 20


T = TypeVar("T")


class _Refused(Exception):
    """
    The service does not tell; the message says why.
    """


@define(kw_only=True)
class OfferQuestions:
    """
    Puts a pod's lists together. What a service refuses to tell is unknown, and told once in the log.
    """

    _asks: Asks
    #: The root URL of a pod's service; ``None`` where it has none.
    _endpoint: Callable[[Pod, str], str | None]
    #: The extra specs that name pod groups.
    _keys: Sequence[str]
    #: Pod id and service to why it told nothing last.
    _refused: dict[tuple[str, str], str] = field(factory=dict, init=False)

    async def ask(self, pod: Pod) -> PodOffers:
        """
        Ask all services of a pod.

        :raises PodFailure: if one does not answer, or fails.
        :raises GatewayError: if there is no token to ask with.
        """
        return PodOffers(
            flavors=await self._told(pod, "compute", self._flavors),
            volume_types=await self._told(pod, "volume", self._types),
        )

    async def _told(self, pod: Pod, service: str, ask: Callable[[Pod], Awaitable[T]]) -> T | None:
        """
        A service's list; ``None`` where it is not told, or there may be more than is told.
        """
        if self._endpoint(pod, service) is None:
            return None
        try:
            found = await ask(pod)
            shown = await self._got(pod, service, _ADMINS_ONLY[service])
            if shown.status != 200:
                raise _Refused("the daemon's user needs the role admin there")
        except _Refused as refused:
            self._note(pod, service, str(refused))
            return None
        self._refused.pop((pod.id, service), None)
        return found

    async def _got(self, pod: Pod, service: str, path: str, version: str = "") -> Said:
        """
        An answer.

        :raises PodBroken: if the service fails.
        """
        said = await self._asks.get(pod, service, path, version=version)
        if said.status >= 500:
            raise PodBroken(pod.name, f"{service} answers {said.status}", sent=True)
        return said

    async def _flavors(self, pod: Pod) -> tuple[OfferedFlavor, ...]:
        try:
            items, with_specs = await self._listed(pod, "compute", _FLAVORS, "flavors", _WITH_SPECS), True
        except _Refused:
            # 406, or whatever a service says to a microversion that it does not know
            items, with_specs = await self._listed(pod, "compute", _FLAVORS, "flavors", "compute 2.1"), False
        found = []
        for item in items:
            specs = item.get("extra_specs") if with_specs else await self._specs(pod, item)
            found.append(flavor_of(item, specs if isinstance(specs, dict) else {}, self._keys))
        return tuple(flavor for flavor in found if flavor is not None)

    async def _specs(self, pod: Pod, flavor: dict[str, Any]) -> Any:
        path = f"/v2.1/flavors/{quote(str(flavor.get('id')), safe='')}/os-extra_specs"
        said = await self._got(pod, "compute", path, "compute 2.1")
        # it may be gone meanwhile
        return said.body.get("extra_specs") if said.status == 200 and isinstance(said.body, dict) else None

    async def _types(self, pod: Pod) -> tuple[OfferedType, ...]:
        items = await self._listed(pod, "volume", _TYPES, "volume_types", "")
        found = [type_of(item, self._keys) for item in items]
        return tuple(one for one in found if one is not None)

    async def _listed(
        self, pod: Pod, service: str, path: str, plural: str, version: str
    ) -> list[dict[str, Any]]:
        """
        A list, whole: its end is a page that brings nothing new.

        :raises PodBroken: if the service fails, or its list has no end.
        """
        found: dict[str, dict[str, Any]] = {}
        for _ in range(_MOST_PAGES):
            last = f"&marker={quote(next(reversed(found)), safe='')}" if found else ""
            query = f"?is_public=None&limit={_PAGE}{last}"
            said = await self._got(pod, service, path + query, version)
            if found and said.status != 200:
                raise PodBroken(pod.name, f"{service} answers {said.status}", sent=True)
            if said.status != 200:
                raise _Refused(f"it answers {said.status}")
            items = said.body.get(plural) if isinstance(said.body, dict) else None
            if not isinstance(items, list):
                raise _Refused(f"it gives no list of {plural}")
            fresh = {str(item.get("id")): item for item in items if isinstance(item, dict)}
            if fresh.keys() <= found.keys():
                return list(found.values())
            # the last one of the page is the next one's marker
            found |= fresh
        raise PodBroken(pod.name, f"{service} gives a list of {plural} without end", sent=True)

    def _note(self, pod: Pod, service: str, why: str) -> None:
        if self._refused.get((pod.id, service)) != why:
            self._refused[pod.id, service] = why
            _log.warn(
                "{pod} does not tell what {service} offers, so anything may be there: {why}",
                pod=pod.name,
                service=service,
                why=why,
            )
