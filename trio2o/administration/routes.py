"""
Routes: where is this resource, and since when?
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, frozen

from trio2o.administration.asking import canonical_id, database_asked
from trio2o.errors import NotFound
from trio2o.interfaces import IRouteStore, IState
from trio2o.model import Route


@frozen(kw_only=True)
class RouteReport:
    """
    A route, live or a tombstone, with its pod's name.
    """

    route: Route
    #: ``None`` when the pod is no longer known.
    pod_name: str | None


@define(eq=False)
class RouteAdministration:
    """
    The use case about routes.
    """

    _store: IRouteStore
    _state: IState

    async def show(self, resource_id: str) -> Sequence[RouteReport]:
        """
        All routes of an id: one, unless resources of two kinds have the same id.

        :raises NotFound: if there is none; the resource may exist all the same, in a pod, never asked for
            through here.
        """
        known_id = canonical_id(resource_id)
        routes: Sequence[Route] = ()
        if known_id is not None:
            with database_asked():
                routes = await self._store.routes_of_id(known_id)
        if not routes:
            raise NotFound(f"There is no route to resource {resource_id}.")
        return [RouteReport(route=route, pod_name=self._name(route.pod_id)) for route in routes]

    def _name(self, pod_id: str) -> str | None:
        pod = self._state.pod(pod_id)
        return None if pod is None else pod.name
