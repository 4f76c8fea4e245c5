"""
Places in the lists of several pods, as routes and their tombstones tell them (I9).
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define
from twisted.logger import Logger

from trio2o.errors import DatabaseUnavailable
from trio2o.interfaces import IRouteStore
from trio2o.merging.keys import first_value
from trio2o.merging.pages import Start
from trio2o.model import Kind, Pod
from trio2o.strategies.listing import Listing
from trio2o.surface.kinds import KINDS, read_time

_log = Logger()

#: Kinds whose service goes on after a marker that is deleted: Nova, until it is purged.
_DELETED_MARKERS = frozenset({Kind.SERVER})


@define(kw_only=True)
class Places:
    """
    Finds ids that stand before a place, in lists of the newest first.

    They need not be the last ones before it: what a pod lists after such an id and still before the place is passed over by its
    values (:class:`~trio2o.merging.stream.Floor`). So resources without routes are neither lost nor given twice. A route
    that names the wrong pod gives an id which that pod refuses. What must hold is that a route's time is not later than
    what its pod shows: pods never make a resource older than they have shown it, beyond the rounding that
    :meth:`IRouteStore.routes_before` allows for.
    """

    _routes: IRouteStore

    async def before(self, listing: Listing, start: Start, pods: Sequence[Pod]) -> dict[str, list[str]]:
        """
        Pod to ids that stand before the marker's place, the nearest first: none or some for each pod, or no pod at all for
        lists in another order, for markers of unknown age, and while the database is away.
        """
        kind, order = listing.kind, listing.order
        if not KINDS[kind].created_key or not order.newest_first or not pods:
            return {}
        made = read_time(first_value(start.key)) if start.key is not None else None
        if made is None:
            return {}
        try:
            routes = await self._routes.routes_before(
                kind,
                None if listing.all_projects else listing.context.project_id,
                [pod.id for pod in pods],
                (made, start.marker.lower()),
                ids_descending=order.parts[1].descending,
                ended=kind in _DELETED_MARKERS,
            )
        except DatabaseUnavailable as error:
            _log.info("a list goes on without routes: {reason}", reason=str(error))
            return {}
        # the oldest of the newer ones is nearest; of those made at one time a live one is surely good
        nearest = sorted(routes, key=lambda route: (route.created_at or made, route.deleted_at is not None))
        return {pod.name: [route.resource_id for route in nearest if route.pod_id == pod.id] for pod in pods}
