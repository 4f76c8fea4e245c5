"""
Where a create would go, zones of aggregates' own among those that it may name.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, evolve

from trio2o.errors import BadRequest
from trio2o.model import Kind, PlacementRequest
from trio2o.scheduling.explaining import Explanation
from trio2o.strategies.own_zones import AskZones, OwnZones
from trio2o.strategies.placing import Placement


@define(kw_only=True, eq=False)
class DryRun:
    """
    Ranks pods as the strategy ``schedule`` does, for whomever an operator names.
    """

    _placement: Placement
    _own_zones: OwnZones
    #: With the daemon's own token: what an operator asks for another project is nothing that the operator could do there.
    _ask: AskZones
    #: The name of a volume type by its id or name: what is known of pods goes by names.
    _type_name: Callable[[str], str]

    async def explain(self, request: PlacementRequest, *, unknown_zone: str) -> Explanation:
        """
        Rank the pods, and change nothing.

        :param unknown_zone: what is said of a zone that does not exist, with ``{zone}`` for its name.
        :raises BadRequest: if the zone does not exist, or none of its hosts does.
        :raises GatewayError: if that is not known, with a pod away; or where bindings are not known.
        """
        if request.volume_type is not None:
            request = evolve(request, volume_type=self._type_name(request.volume_type))
        zone = request.availability_zone
        if zone is None or request.kind is not Kind.SERVER or zone not in self._own_zones.names():
            return await self._placement.explain(request, unknown_zone=unknown_zone)
        within = await self._own_zones.pods_with(zone, self._ask)
        if not within:
            raise BadRequest(unknown_zone.replace("{zone}", zone))
        # as with every create that goes to certain pods: the zone says no more, and nothing is bound
        pinned = evolve(request, availability_zone=None, within=within)
        return await self._placement.explain(pinned, unknown_zone=unknown_zone, pinned=True)
