"""
Where a page of a merged list begins in every pod.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

import orjson
from attrs import define, evolve, field

from trio2o.errors import BadRequest, DatabaseUnavailable, GatewayError, NotFound, PodFailure
from trio2o.interfaces import IRouteStore, IState
from trio2o.merging.keys import Key
from trio2o.merging.pages import Start
from trio2o.model import Pod, PodState, Route
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.cursors import Cursor, Cursors
from trio2o.strategies.forwarding import Forwarder, told
from trio2o.strategies.listing import Listing
from trio2o.strategies.locating import Locator
from trio2o.strategies.places import Places
from trio2o.surface.kinds import KINDS


@define(kw_only=True)
class Beginning:
    """
    One page's beginning.
    """

    _listing: Listing
    _places: Places
    #: ``None`` for the list's beginning.
    start: Start | None = None
    #: Pods that were found silent on the way.
    failures: dict[str, PodFailure] = field(factory=dict)
    #: Pod to ids that stand before the place and were not used yet, for pods that were looked up.
    _spare: dict[str, list[str]] = field(factory=dict, init=False)

    async def fill(self) -> None:
        """
        Find where to go on in pods of which the page before left nothing.
        """
        if self.start is None:
            return
        pods = [
            pod
            for pod in self._listing.pods
            if pod.name != self.start.pod and pod.name not in self.start.cursors
        ]
        await self._look_up(pods)
        found = {pod.name: self._next(pod.name) for pod in pods if pod.name in self._spare}
        self.start = evolve(self.start, cursors={**self.start.cursors, **found})

    async def instead(self, pod: str) -> str | None:
        """
        Where else to go on in a pod that does not know the id which it was asked for; ``None`` for its beginning.
        """
        if self.start is None or pod == self.start.pod:
            return None
        if pod not in self._spare:
            await self._look_up([known for known in self._listing.pods if known.name == pod])
        return self._next(pod)

    async def _look_up(self, pods: Sequence[Pod]) -> None:
        assert self.start is not None
        self._spare.update(await self._places.before(self._listing, self.start, pods))

    def _next(self, pod: str) -> str | None:
        spare = self._spare.get(pod)
        return spare.pop(0) if spare else None


@define(kw_only=True)
class PageStarts:
    """
    Finds the place after a client's marker: from the cursor that the page before left, or from the marker's own values.
    """

    _forwarder: Forwarder
    _locator: Locator
    _state: IState
    _routes: IRouteStore
    _cursors: Cursors
    #: Seconds that the marker's pod has to show it.
    _budget: float
    _places: Places = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._places = Places(routes=self._routes)

    async def find(self, listing: Listing) -> Beginning:
        """
        Where the page begins.

        :raises GatewayError: if nobody knows the marker, or a pod that may have it is silent.
        """
        beginning = Beginning(listing=listing, places=self._places)
        marker = listing.paging.marker
        if marker is None:
            return beginning
        kept = await self._cursors.find(listing.identity, marker)
        if kept is not None:
            cursors = await self._unmoved(listing, kept, beginning.failures)
            beginning.start = Start(marker=marker, pod=kept.pod, key=kept.key, cursors=cursors)
        else:
            beginning.start = await self._by_values(listing, marker, beginning.failures)
        await beginning.fill()
        return beginning

    def no_marker(self, listing: Listing) -> GatewayError:
        """
        The service's words for an unknown marker.
        """
        marker = listing.paging.marker or ""
        if listing.context.surface == "compute":
            return BadRequest(f"marker [{marker}] not found")
        return self._locator.missing(listing.kind, marker)

    async def _unmoved(
        self, listing: Listing, kept: Cursor, failures: dict[str, PodFailure]
    ) -> Mapping[str, str | None]:
        """
        The cursors but those of items that stand behind the marker by now, since what the list is ordered by has changed: what
        their pods have between the two places would be passed over. In orders that are not exact values do not tell.

        :param failures: pods that are found silent are added.
        """
        if listing.order.lasts or not listing.order.exact:
            return kept.cursors
        asked = [
            (pod, passed)
            for pod in listing.pods
            if pod.name != kept.pod and (passed := kept.cursors.get(pod.name)) is not None
        ]
        shown = await gathered(
            [self._shown(listing, pod, passed) for pod, passed in asked], (PodFailure, GatewayError)
        )
        cursors = dict(kept.cursors)
        for (pod, _), item in zip(asked, shown, strict=True):
            if isinstance(item, Exception):
                failures[pod.name] = failed(pod.name, item)
            elif item is not None and kept.key < listing.order.key(item):
                del cursors[pod.name]
        return cursors

    async def _by_values(self, listing: Listing, marker: str, failures: dict[str, PodFailure]) -> Start:
        try:
            pod, route = await self._locator.owner(listing.kind, marker, listing.inbound, listing.context)
        except NotFound as error:
            pod, route = await self._tombstone(listing, marker, error)
        key = _routes_key(listing, route)
        # a route authorises nothing: of another project's marker its pod alone may tell anything
        owned = listing.context.owns(route.project_id)
        try:
            item = None if pod.state is PodState.DISABLED else await self._shown(listing, pod, marker)
        except (PodFailure, GatewayError) as error:
            failure = failed(pod.name, error)
            if key is None or pod not in listing.pods or not owned:
                raise told(failure) from error
            failures[pod.name] = failure
            return Start(marker=marker, pod=pod.name, key=key)
        if item is not None:
            key = listing.order.key(item)
        elif not owned and (pod not in listing.pods or pod.state is PodState.DISABLED):
            # else the pod itself is asked with it next: Nova refuses it, Cinder takes it
            raise self.no_marker(listing)
        return Start(marker=marker, pod=pod.name, key=key)

    async def _tombstone(self, listing: Listing, marker: str, absent: NotFound) -> tuple[Pod, Route]:
        """
        Where a marker was that is deleted. Whether it still is good is its pod's to say: Nova takes it until it is purged.

        :raises GatewayError: the service's words for an unknown marker, if nothing is known of it.
        """
        try:
            routes = await self._routes.routes_of_id(marker.lower())
        except DatabaseUnavailable:
            routes = []
        for route in routes:
            pod = self._state.pod(route.pod_id)
            if route.kind is listing.kind and pod is not None and pod in listing.pods:
                return pod, route
        raise self.no_marker(listing) from absent

    async def _shown(self, listing: Listing, pod: Pod, marker: str) -> dict[str, Any] | None:
        """
        The marker's own item, for its sort values; ``None`` when the pod does not show it (any more).

        :raises PodFailure: if the pod is silent.
        :raises GatewayError: if its answer breaks off.
        """
        facts = KINDS[listing.kind]
        target = facts.path.replace("{id}", marker).replace("{project_id}", listing.context.project_id)
        answer = await self._forwarder.send(
            listing.inbound,
            listing.context,
            pod,
            target=target.encode("utf-8"),
            body=None,
            budget=self._budget,
        )
        body = await self._forwarder.read(answer)
        if answer.status != 200:
            return None
        try:
            item = orjson.loads(body).get(facts.single)
        except (orjson.JSONDecodeError, AttributeError):
            return None
        return item if isinstance(item, dict) else None


def failed(pod: str, error: Exception) -> PodFailure:
    """
    Why a pod has no part in a list.
    """
    return error if isinstance(error, PodFailure) else PodFailure(pod, str(error), sent=True)


def _routes_key(listing: Listing, route: Route) -> Key | None:
    """
    A resource's place as far as its route tells; ``None`` for orders that take more than that, and for a time that its service
    told before its database rounded it: others made in that second would be given twice, or not at all.
    """
    if route.created_at is None or route.created_at.microsecond:
        return None
    created = route.created_at.astimezone(UTC).replace(tzinfo=None).isoformat()
    key = listing.order.key({KINDS[listing.kind].created_key: created, "id": route.resource_id})
    return key if len(key) == len(listing.order.parts) else None
