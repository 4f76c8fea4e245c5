"""
The strategy ``merge``: every pod is asked at once, and the client gets one list as one cloud would give it (I8, I9).
"""

from __future__ import annotations

from typing import Any

import orjson
from attrs import define, field
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.errors import DatabaseUnavailable, GatewayError, PodFailure, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IRouteStore, IState, IStrategy
from trio2o.merging.counts import total_count
from trio2o.merging.links import next_links
from trio2o.merging.pages import Ask, MarkerLost, Page, WalkTooLong, item_id
from trio2o.merging.walk import MergeWalk
from trio2o.model import Kind, Pod, RequestContext
from trio2o.rewriting.zones import name_zone
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.cursors import Cursor, Cursors
from trio2o.strategies.forwarding import Forwarder, told
from trio2o.strategies.listing import Listing, read_listing
from trio2o.strategies.locating import Locator
from trio2o.strategies.pages import PodPage, says_no_marker
from trio2o.strategies.starting import Beginning, PageStarts, failed
from trio2o.strategies.unknown import leaves, listed, shows_unknown
from trio2o.surface.kinds import KINDS, read_project, read_time, route_from_body

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
    _cursors: Cursors
    _starts: PageStarts = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._starts = PageStarts(
            forwarder=self._forwarder,
            locator=self._locator,
            state=self._state,
            routes=self._routes,
            cursors=self._cursors,
            budget=self._budget,
        )

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`.
        """
        own_zones = self._forwarder.own_zones()
        listing = read_listing(inbound, context, self._state.pods(), self._max_page, own_zones)
        progress = _Progress()
        try:
            beginning = await self._starts.find(listing)
            progress.failures.update(beginning.failures)
            walk = MergeWalk(
                order=listing.order,
                pods=[pod.name for pod in listing.pods],
                limit=listing.paging.limit,
                offset=listing.paging.offset,
                start=beginning.start,
                max_limit=self._max_page,
                max_pages=_MAX_PAGES,
                owner=self._owner(listing),
            )
            for pod in progress.failures:
                walk.leave_out(pod)
            await self._walked(listing, walk, progress, beginning)
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
            failure = progress.failures.get(lost.pod)
            if failure is not None:
                raise told(failure) from lost
            raise self._starts.no_marker(listing) from lost
        except WalkTooLong as too_long:
            raise Unavailable(
                "The list is too long to go on from this marker.", admin_detail=str(too_long)
            ) from too_long
        if progress.first is None and listing.pods and listing.paging.limit:
            return self._nobody_answered(listing, progress)
        return await self._merged(listing, walk.page(), progress)

    async def _walked(
        self, listing: Listing, walk: MergeWalk, progress: _Progress, beginning: Beginning
    ) -> None:
        pods = {pod.name: pod for pod in listing.pods}
        while not walk.done:
            asks = walk.asks()
            asked = [listing.ask(self._forwarder, pods[ask.pod], ask, budget=self._budget) for ask in asks]
            for ask, said in zip(asks, await gathered(asked, (PodFailure, GatewayError)), strict=True):
                if _knows_no_marker(ask, said):
                    assert isinstance(said, PodPage)
                    progress.refused[ask.pod] = said
                    walk.marker_gone(ask.pod, instead=await beginning.instead(ask.pod))
                else:
                    self._take(listing, walk, ask, said, progress)

    def _take(
        self, listing: Listing, walk: MergeWalk, ask: Ask, said: PodPage | Exception, progress: _Progress
    ) -> None:
        if isinstance(said, Exception):
            failure = progress.failures[ask.pod] = failed(ask.pod, said)
            _log.info("a list goes on without {pod}: {reason}", pod=ask.pod, reason=failure.reason)
            walk.leave_out(ask.pod)
        elif said.body is not None:
            progress.first = progress.first or said
            progress.bodies.setdefault(ask.pod, said.body)
            links = said.body.get(listing.links_key)
            more = False if listing.verbatim else True if links else None
            walk.feed(ask.pod, said.body[listing.plural], more=more)
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
        # the pods' own, which nobody reads any more: copies would cost a third of what parsing did
        items: list[dict[str, Any]] = list(page.items)  # type: ignore[arg-type]
        self._adopt(listing, items, page, by_name)
        # before the zones get their top names: the next page compares what pods show
        if page.items:
            self._keep_cursor(listing, page)
        kept = self._forwarder.own_zones() if listing.context.surface == "compute" else frozenset[str]()
        mapped = {name: self._forwarder.mapped(listing.inbound, by_name[name]) for name in set(page.pods)}
        for item, name in zip(items, page.pods, strict=True):
            name_zone(item, listing.plural, by_name[name].az_name, kept)
            if (call := mapped[name]) is not None:
                call.item(item, listing.plural)
        missing = tuple(by_name[name] for name in page.missing)
        detailed = listing.inbound.path.rstrip(b"/").endswith(b"/detail")
        silent = tuple(pod for pod in missing if pod.name in progress.failures)
        if silent and listing.unfiltered and shows_unknown(listing.inbound, listing.context):
            shown = {item_id(item) for item in items}
            unknown = await self._unknown(listing, silent, detailed=detailed)
            # a pod that fell silent later had given some, and another may have what a route says is there
            items = [*(item for item in unknown if item_id(item) not in shown), *items]
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
        kind = listing.kind
        learnt = []
        for item, name in zip(items, page.pods, strict=True):
            known = self._state.route(kind, item_id(item).lower())
            made = read_time(item.get(KINDS[kind].created_key))
            if (
                # the answer to a create tells the time before the database has rounded it
                (known is not None and (made in (None, known.created_at) or leaves(known)))
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

    def _keep_cursor(self, listing: Listing, page: Page) -> None:
        """
        Remember where the page ended; for other processes too, unless nobody goes on there or routes tell the place.
        """
        last = page.items[-1]
        cursor = Cursor(pod=page.pods[-1], key=listing.order.key(last), cursors=page.cursors)
        lasting = (
            page.more
            and len(listing.pods) > 1
            and listing.paging.full_at is None
            and not (listing.order.newest_first and self._all_routed(listing, page))
        )
        self._cursors.keep(listing.identity, item_id(last), cursor, lasting=lasting)

    def _all_routed(self, listing: Listing, page: Page) -> bool:
        """
        True where the routes of all items of a page are known, with their age and in the pods that have shown them.
        """
        for item, name in zip(page.items, page.pods, strict=True):
            route = self._state.route(listing.kind, item_id(item).lower())
            pod = None if route is None else self._state.pod(route.pod_id)
            if route is None or route.created_at is None or pod is None or pod.name != name:
                return False
        return True

    def _owner(self, listing: Listing) -> Any:
        kind = listing.kind

        def owner(resource_id: str) -> str | None:
            route = self._state.route(kind, resource_id.lower())
            pod = None if route is None else self._state.pod(route.pod_id)
            return None if pod is None else pod.name

        return owner


def _knows_no_marker(ask: Ask, said: PodPage | Exception) -> bool:
    """
    True for a pod that says of its marker that nothing has that id.
    """
    return isinstance(said, PodPage) and ask.marker is not None and says_no_marker(said, ask.marker)
