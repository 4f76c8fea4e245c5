"""
The strategy ``merge``: every pod is asked at once, and the client gets one list as one cloud would give it (I8, I9).
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

import orjson
from attrs import define, field
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.errors import BadRequest, DatabaseUnavailable, GatewayError, NotFound, PodFailure, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IRouteStore, IState, IStrategy
from trio2o.merging.counts import total_count
from trio2o.merging.links import next_links
from trio2o.merging.order import Key
from trio2o.merging.pages import Ask, MarkerLost, Page, Start, WalkTooLong
from trio2o.merging.walk import MergeWalk
from trio2o.model import Kind, Pod, PodState, RequestContext, Route
from trio2o.rewriting.zones import name_zone
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.cursors import Cursor, Cursors
from trio2o.strategies.forwarding import Forwarder, told
from trio2o.strategies.listing import Listing, read_listing
from trio2o.strategies.locating import Locator
from trio2o.strategies.pages import PodPage
from trio2o.strategies.unknown import leaves, listed, shows_unknown
from trio2o.surface.kinds import KINDS, read_project, route_from_body

_log = Logger()

#: The most pages that one pod is asked for when the page before is forgotten.
_MAX_PAGES = 100

#: Items that are on their way out, or gone, leave no route behind.
_ENDED = frozenset({"DELETED", "SOFT_DELETED", "deleting"})


@define(kw_only=True)
class _Progress:
    """
    What came of one list so far.
    """

    #: The first usable answer, which lends its headers.
    first: PodPage | None = None
    #: Pod to the body of its first usable answer.
    bodies: dict[str, dict[str, Any]] = field(factory=dict)
    #: Refusals by the pods' order, and silences.
    refused: dict[str, PodPage] = field(factory=dict)
    failures: dict[str, PodFailure] = field(factory=dict)


@implementer(IStrategy)
@define(kw_only=True)
class MergeStrategy:
    """
    Lists over pods.
    """

    _forwarder: Forwarder
    _locator: Locator
    _state: IState
    _routes: IRouteStore
    #: Seconds that each pod has for each of its pages.
    _budget: float
    _max_page: int
    _cursors: Cursors = field(factory=Cursors, init=False)

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`.
        """
        listing = read_listing(inbound, context, self._state.pods(), self._max_page)
        progress = _Progress()
        try:
            walk = MergeWalk(
                order=listing.order,
                pods=[pod.name for pod in listing.pods],
                limit=listing.paging.limit,
                offset=listing.paging.offset,
                start=await self._start(listing, progress),
                max_limit=self._max_page,
                max_pages=_MAX_PAGES,
                owner=self._owner(listing),
            )
            for pod in progress.failures:
                walk.leave_out(pod)
            await self._walked(listing, walk, progress)
        except MarkerLost as lost:
            answer = progress.refused.get(lost.pod)
            if answer is not None:
                return Answer(
                    status=answer.status,
                    headers=answer.headers,
                    body=answer.raw,
                    pods=(lost.pod,),
                    passed_on=True,
                )
            raise self._no_marker(listing) from lost
        except WalkTooLong as too_long:
            raise Unavailable(
                "The list is too long to go on from this marker.", admin_detail=str(too_long)
            ) from too_long
        if progress.first is None and listing.pods and listing.paging.limit:
            return self._nobody_answered(listing, progress)
        return await self._merged(listing, walk.page(), progress)

    async def _start(self, listing: Listing, progress: _Progress) -> Start | None:
        """
        Where the client's marker is, and what is known of its place.

        :raises GatewayError: if nobody knows it, or a pod that may have it is silent.
        """
        marker = listing.paging.marker
        if marker is None:
            return None
        kept = self._cursors.find(listing.identity, marker)
        if kept is not None:
            return Start(marker=marker, pod=kept.pod, key=kept.key, cursors=kept.cursors)
        kind = listing.inbound.operation.kind
        assert kind is not None, f"the table gives no kind for {listing.inbound.operation.path}"
        try:
            pod, route = await self._locator.owner(kind, marker, listing.inbound, listing.context)
        except NotFound as error:
            pod, route = await self._tombstone(listing, kind, marker, error)
        key = _routes_key(listing, kind, route)
        try:
            item = None if pod.state is PodState.DISABLED else await self._shown(listing, kind, pod, marker)
            if item is not None:
                key = listing.order.key(item)
        except (PodFailure, GatewayError) as error:
            failure = _failure(pod.name, error)
            if key is None or pod not in listing.pods:
                raise told(failure) from error
            progress.failures[pod.name] = failure
        return Start(marker=marker, pod=pod.name, key=key)

    async def _tombstone(
        self, listing: Listing, kind: Kind, marker: str, absent: NotFound
    ) -> tuple[Pod, Route]:
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
            if route.kind is kind and pod is not None and pod in listing.pods:
                return pod, route
        raise self._no_marker(listing) from absent

    async def _shown(self, listing: Listing, kind: Kind, pod: Pod, marker: str) -> dict[str, Any] | None:
        """
        The marker's own item, for its sort values; ``None`` when the pod does not show it (any more).

        :raises PodFailure: if the pod is silent.
        :raises GatewayError: if its answer breaks off.
        """
        facts = KINDS[kind]
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

    async def _walked(self, listing: Listing, walk: MergeWalk, progress: _Progress) -> None:
        pods = {pod.name: pod for pod in listing.pods}
        while not walk.done:
            asks = walk.asks()
            asked = [listing.ask(self._forwarder, pods[ask.pod], ask, budget=self._budget) for ask in asks]
            for ask, said in zip(asks, await gathered(asked, (PodFailure, GatewayError)), strict=True):
                self._take(listing, walk, ask, said, progress)

    def _take(
        self, listing: Listing, walk: MergeWalk, ask: Ask, said: PodPage | Exception, progress: _Progress
    ) -> None:
        if isinstance(said, Exception):
            failure = progress.failures[ask.pod] = _failure(ask.pod, said)
            _log.info("a list goes on without {pod}: {reason}", pod=ask.pod, reason=failure.reason)
            walk.leave_out(ask.pod)
        elif said.body is not None:
            progress.first = progress.first or said
            progress.bodies.setdefault(ask.pod, said.body)
            links = said.body.get(listing.links_key)
            more = False if listing.verbatim else True if links else None
            walk.feed(ask.pod, said.body[listing.plural], more=more)
        elif ask.marker is not None and said.status in (400, 404) and ask.marker.encode("utf-8") in said.raw:
            progress.refused[ask.pod] = said
            walk.marker_gone(ask.pod)
        else:
            if 400 <= said.status < 500:
                progress.refused[ask.pod] = said
            else:
                progress.failures[ask.pod] = PodFailure(
                    ask.pod, f"it answered {said.status} to a list", sent=True
                )
            _log.info("a list goes on without {pod}: it answered {status}", pod=ask.pod, status=said.status)
            walk.leave_out(ask.pod)

    def _nobody_answered(self, listing: Listing, progress: _Progress) -> Answer:
        """
        The first pod's refusal, which is the client's fault; without one, the cloud is away.
        """
        for pod in listing.pods:
            refusal = progress.refused.get(pod.name)
            if refusal is not None:
                return Answer(
                    status=refusal.status,
                    headers=refusal.headers,
                    body=refusal.raw,
                    pods=(pod.name,),
                    passed_on=True,
                )
        raise told(next(iter(progress.failures.values())))

    async def _merged(self, listing: Listing, page: Page, progress: _Progress) -> Answer:
        by_name = {pod.name: pod for pod in listing.pods}
        # before the zones get their top names: the next page compares what pods show
        if page.items:
            last = str(page.items[-1].get("id"))
            cursor = Cursor(pod=page.pods[-1], key=listing.order.key(page.items[-1]), cursors=page.cursors)
            self._cursors.keep(listing.identity, last, cursor)
        # the pods' own, which nobody reads any more: copies would cost a third of what parsing did
        items: list[dict[str, Any]] = list(page.items)  # type: ignore[arg-type]
        self._adopt(listing, items, page, by_name)
        for item, name in zip(items, page.pods, strict=True):
            name_zone(item, listing.plural, by_name[name].az_name)
        missing = tuple(by_name[name] for name in page.missing)
        detailed = listing.inbound.path.rstrip(b"/").endswith(b"/detail")
        silent = tuple(pod for pod in missing if pod.name in progress.failures)
        if silent and listing.unfiltered and shows_unknown(listing.inbound, listing.context):
            items = [*await self._unknown(listing, silent, detailed=detailed), *items]
        keep = listing.inbound.operation.options.get("keep")
        if keep and listing.path != listing.inbound.path:
            items = [
                {
                    key: item[key]
                    for key in dict.fromkeys((*keep, "status"))
                    if key in item and (key in keep or item[key] == "UNKNOWN")
                }
                for item in items
            ]
        body: dict[str, Any] = {listing.plural: items}
        count = total_count(progress.bodies.values())
        if listing.links_key and listing.paging.is_full(len(page.items), count):
            body[listing.links_key] = next_links(
                listing.context.surface,
                listing.linked_url,
                listing.parameters,
                str(page.items[-1].get("id")),
            )
        if count is not None:
            body["count"] = count
        headers = (
            list(progress.first.headers)
            if progress.first is not None
            else [(b"Content-Type", b"application/json")]
        )
        return Answer(
            status=200, headers=headers, body=orjson.dumps(body), missing=missing, pods=tuple(by_name)
        )

    async def _unknown(
        self, listing: Listing, silent: tuple[Pod, ...], *, detailed: bool
    ) -> list[dict[str, Any]]:
        """
        The servers of silent pods, from what routes keep; none while the database is away.
        """
        project = None if listing.all_projects else listing.context.project_id
        found: list[dict[str, Any]] = []
        for pod in silent:
            try:
                routes = await self._routes.routes_of_project(Kind.SERVER, project, pod.id)
            except DatabaseUnavailable:
                continue
            found += [
                listed(route, listing.inbound, detailed=detailed) for route in routes if not leaves(route)
            ]
        return found

    def _adopt(self, listing: Listing, items: list[dict[str, Any]], page: Page, pods: dict[str, Pod]) -> None:
        """
        Take over the routes of what a list shows and no route is remembered for (I7). Nobody waits for it.
        """
        kind = listing.inbound.operation.kind
        assert kind is not None
        learnt = []
        for item, name in zip(items, page.pods, strict=True):
            known = self._state.route(kind, str(item.get("id")).lower())
            if (
                (known is not None and (known.created_at is not None or leaves(known)))
                or not read_project(kind, item)
                or str(item.get("status")) in _ENDED
            ):
                continue
            route = route_from_body(
                kind, {**item, "OS-EXT-AZ:availability_zone": pods[name].az_name}, pods[name].id
            )
            if route is not None:
                learnt.append(route)
        if learnt:
            self._locator.learn(learnt)

    def _owner(self, listing: Listing) -> Any:
        kind = listing.inbound.operation.kind
        assert kind is not None

        def owner(resource_id: str) -> str | None:
            route = self._state.route(kind, resource_id.lower())
            pod = None if route is None else self._state.pod(route.pod_id)
            return None if pod is None else pod.name

        return owner

    def _no_marker(self, listing: Listing) -> GatewayError:
        marker = listing.paging.marker or ""
        if listing.context.surface == "compute":
            return BadRequest(f"marker [{marker}] not found")
        kind = listing.inbound.operation.kind
        assert kind is not None
        return self._locator.missing(kind, marker)


def _failure(pod: str, error: Exception) -> PodFailure:
    return error if isinstance(error, PodFailure) else PodFailure(pod, str(error), sent=True)


def _routes_key(listing: Listing, kind: Kind, route: Route) -> Key | None:
    """
    A resource's place as far as its route tells; ``None`` for orders that take more than that.
    """
    if route.created_at is None:
        return None
    created = route.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    key = listing.order.key({KINDS[kind].created_key: created, "id": route.resource_id})
    return key if len(key) == len(listing.order.parts) else None
