"""
The strategy ``join``: the lists of all pods put together, one pod's after the other's.

For what is neither ordered nor found by a route: hypervisors, services, hosts, pools. Where one cloud has cells it lists
them so too, cell by cell, and takes up a page where the cell of its marker ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from attrs import define, evolve, field, frozen
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.errors import BadRequest, GatewayError, PodFailure, PodUnreachable, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IState, IStrategy
from trio2o.merging.fields import SortField
from trio2o.merging.integers import number_item, own_integer
from trio2o.merging.links import next_links
from trio2o.merging.order import Order, SortPart
from trio2o.merging.pages import Ask, MarkerLost, Start, WalkTooLong
from trio2o.merging.walk import MergeWalk
from trio2o.model import Pod, PodState, RequestContext
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.forwarding import Forwarder, told
from trio2o.strategies.listing import PodPage

_log = Logger()

#: The most pages that one pod is asked for.
_MAX_PAGES = 100

#: Where Nova puts what is no compute host; no zone of users.
_INTERNAL = "internal"

Query = Sequence[tuple[str, str]]


@frozen(kw_only=True)
class JoinOptions:
    """
    How the lists of one operation are joined: the options of its row by their names.
    """

    #: The keys of the body that hold lists.
    keys: tuple[str, ...]
    #: The field of an item that tells it from others: of items with one value the first pod's is kept. Empty keeps all.
    distinct: str = ""
    #: Where an item holds numbers that each pod counts for itself: ``id``, ``service.id``.
    integers: tuple[str, ...] = ()
    #: The field of an item that names a zone, and the query's parameter of that name.
    zone: str = ""
    #: The microversion from which on there are pages by ``limit`` and ``marker``; ``None`` for never.
    pages_from: tuple[int, int] | None = None
    #: The field of an item that is taken as marker.
    marker: str = "id"
    #: The field by which pages are ordered, the largest first; empty for the pods' order.
    newest_by: str = ""
    #: True for pages by ``limit`` and ``offset``.
    offset: bool = False


@define(kw_only=True)
class _Parts:
    """
    What the pods have said so far.
    """

    #: Pod and usable answer, in the order of the pods.
    given: list[tuple[Pod, PodPage]] = field(factory=list)
    refused: dict[str, tuple[Pod, PodPage]] = field(factory=dict)
    failures: dict[str, tuple[Pod, PodFailure]] = field(factory=dict)

    @property
    def missing(self) -> tuple[Pod, ...]:
        """
        The pods that are left out; one that says 404 has nothing of what was asked for.
        """
        left_out = {pod.id: pod for pod, _ in self.failures.values()}
        left_out.update((pod.id, pod) for pod, page in self.refused.values() if page.status != 404)
        return tuple(sorted(left_out.values(), key=lambda pod: pod.serial))


@implementer(IStrategy)
@define(kw_only=True)
class JoinStrategy:
    """
    Asks all pods at once and puts their lists one after the other.
    """

    _forwarder: Forwarder
    _state: IState
    #: Seconds that each pod has.
    _budget: float
    _max_page: int

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`.
        """
        pods = [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]
        joined = _Join(
            inbound=inbound,
            context=context,
            options=JoinOptions(**inbound.operation.options),
            pods=pods,
            query=parsed_query(inbound),
            forwarder=self._forwarder,
            budget=self._budget,
            max_page=self._max_page,
        )
        return await joined.answer()


@define(kw_only=True)
class _Join:
    """
    One list under way.
    """

    inbound: Inbound
    context: RequestContext
    options: JoinOptions
    pods: Sequence[Pod]
    query: Query
    forwarder: Forwarder
    budget: float
    max_page: int
    parts: _Parts = field(factory=_Parts, init=False)

    async def answer(self) -> Answer:
        limit = self._limit()
        since = self.options.pages_from
        paged = since is not None and (self.inbound.microversion or (0, 0)) >= since
        if limit is None or not (paged or self.options.offset):
            await self._ask([(pod, self.query) for pod in self.pods])
            return self._joined(None)
        if self.options.offset:
            return await self._by_offset(limit)
        if self.options.newest_by:
            return await self._by_order(limit)
        return await self._by_marker(limit)

    async def _by_marker(self, limit: int) -> Answer:
        """
        A page in the order of the pods: after the marker in its pod, then the pods behind that one.
        """
        marker = self._parameter("marker")
        pods = self.pods
        if marker:
            at = await self._marker_place(marker)
            if at is None:
                return self._nobody()
            pods = self.pods[at + 1 :]
        elif not limit:
            # whether the caller may ask at all is the pods' to say
            pods = self.pods[:1]
        if not marker or self._count() < limit:
            await self._ask([(pod, self._without("marker")) for pod in pods])
        return self._joined(limit)

    async def _marker_place(self, marker: str) -> int | None:
        """
        The place of the pod that has the marker and has given what comes after it; ``None`` if every pod refuses.

        :raises GatewayError: if nobody knows the marker, or a pod that may know it is silent.
        """
        asked: Sequence[tuple[Pod, str]] = [(pod, marker) for pod in self.pods]
        number = None
        if self.options.integers and marker.isdecimal():
            number = own_integer(marker) or (0, 0)
            own = [(pod, str(number[1])) for pod in self.pods if pod.serial == number[0]]
            # without a pod that has the number, the first one says whether the caller may ask at all
            asked = own or [(pod, "0") for pod in self.pods[:1]]
        await self._ask([(pod, [*self._without("marker"), ("marker", text)]) for pod, text in asked])
        if self.parts.given:
            found = self.parts.given[0][0]
            del self.parts.given[1:]
            # the others have said that the marker is not theirs
            self.parts.refused.clear()
            self.parts.failures.clear()
            return list(self.pods).index(found)
        if self.parts.failures:
            _, failure = next(iter(self.parts.failures.values()))
            raise Unavailable(
                "The service is not available at the moment. Please try again later.",
                admin_detail=str(failure),
                headers=[(b"Retry-After", b"10")],
            )
        if number is not None and any(page.status == 400 for _, page in self.parts.refused.values()):
            raise BadRequest(f"marker [{marker}] not found")
        return None

    async def _by_offset(self, limit: int) -> Answer:
        """
        A slice of the joined list: each pod gives as many items as the slice may need of it, page by page.
        """
        text = self._parameter("offset")
        offset = _number(text or "0", 10**9)
        if offset is None:
            await self._ask([(pod, self.query) for pod in self.pods])
            return self._joined(None)
        # a limit of nothing is none, as Nova's slices have it
        limit = limit or self.max_page
        needed = offset + limit
        query = self._without("limit", "offset")
        going, done = list(self.pods), 0
        items: dict[str, list[Any]] = {pod.id: [] for pod in self.pods}
        first: dict[str, tuple[Pod, PodPage]] = {}
        key = self.options.keys[0]
        for _ in range(_MAX_PAGES):
            size = min(self.max_page, needed - done)
            if not going or size <= 0:
                break
            await self._ask([(pod, [*query, ("limit", str(size)), ("offset", str(done))]) for pod in going])
            given, self.parts.given = self.parts.given, []
            going = []
            for pod, page in given:
                assert page.body is not None
                first.setdefault(pod.id, (pod, page))
                items[pod.id] += page.body[key]
                if len(page.body[key]) >= size:
                    going.append(pod)
            done += size
        self.parts.given = [
            (pod, evolve(page, body={**(page.body or {}), key: items[pod.id]}))
            for pod, page in (first[pod.id] for pod in self.pods if pod.id in first)
        ]
        return self._joined(limit, offset=offset, links=False)

    async def _by_order(self, limit: int) -> Answer:
        """
        A page of one ordered list. Without a place for the marker in the other pods, the merge is repeated up to it.

        :raises BadRequest: in Nova's words, if no pod lists the marker.
        """
        marker = self._parameter("marker")
        by_name = {pod.name: pod for pod in self.pods}
        walk = MergeWalk(
            order=_newest(self.options.newest_by),
            pods=list(by_name),
            limit=limit,
            start=Start(marker=marker, pod=next(iter(by_name), "")) if marker else None,
            max_limit=self.max_page,
            max_pages=_MAX_PAGES,
        )
        first: tuple[Pod, PodPage] | None = None
        try:
            while not walk.done:
                asks = walk.asks()
                await self._ask([(by_name[ask.pod], self._page_query(ask)) for ask in asks])
                given, self.parts.given = self.parts.given, []
                first = first or next(iter(given), None)
                self._feed(walk, asks, {pod.name: page for pod, page in given})
        except MarkerLost as lost:
            if self.parts.failures:
                raise told(next(iter(self.parts.failures.values()))[1]) from lost
            if self.parts.refused:
                return self._nobody()
            raise BadRequest(f"Marker {marker} could not be found.") from lost
        except WalkTooLong as too_long:
            raise Unavailable(
                "The list is too long to go on from this marker.", admin_detail=str(too_long)
            ) from too_long
        if not limit:
            await self._ask([(pod, self.query) for pod in self.pods[:1]])
            return self._joined(None)
        if first is None:
            return self._nobody()
        self.parts.given = [first]
        page = walk.page()
        body = dict(self.parts.given[0][1].body or {})
        key = self.options.keys[0]
        body.pop(f"{key}_links", None)
        body[key] = [
            self._made_top(dict(item["whole"]), by_name[name])
            for item, name in zip(page.items, page.pods, strict=True)
        ]
        if page.more:
            body[f"{key}_links"] = self._links(str(page.items[-1]["id"]))
        return self._told(body)

    def _page_query(self, ask: Ask) -> Query:
        after = [] if ask.marker is None else [("marker", ask.marker)]
        return [*self._without("limit", "marker"), ("limit", str(ask.limit)), *after]

    def _feed(self, walk: MergeWalk, asks: Sequence[Ask], given: Mapping[str, PodPage]) -> None:
        key, marker, newest = self.options.keys[0], self.options.marker, self.options.newest_by
        for ask in asks:
            body = given[ask.pod].body if ask.pod in given else None
            if body is None:
                walk.leave_out(ask.pod)
                continue
            items = [
                {"id": item.get(marker), newest: item.get(newest), "whole": item}
                for item in body[key]
                if isinstance(item, dict)
            ]
            walk.feed(ask.pod, items, more=True if body.get(f"{key}_links") else None)

    async def _ask(self, asked: Sequence[tuple[Pod, Query]]) -> None:
        """
        Ask pods at once, and note what they say.
        """
        answers = await gathered([self._page(pod, query) for pod, query in asked], (PodFailure, GatewayError))
        for (pod, _), said in zip(asked, answers, strict=True):
            if isinstance(said, Exception):
                failure = said if isinstance(said, PodFailure) else PodFailure(pod.name, str(said), sent=True)
            elif said.body is not None:
                self.parts.given.append((pod, said))
                continue
            elif 400 <= said.status < 500:
                self.parts.refused[pod.id] = (pod, said)
                continue
            else:
                failure = PodFailure(pod.name, f"it answered {said.status} to a list", sent=True)
            self.parts.failures[pod.id] = (pod, failure)
            _log.info("a list goes on without {pod}: {reason}", pod=pod.name, reason=failure.reason)

    async def _page(self, pod: Pod, query: Query) -> PodPage:
        """
        One pod's answer, its links made the top region's.

        :raises PodFailure: if there is no whole answer in time.
        """
        inbound = self.inbound
        sent = [
            (name, pod.pod_az_name) if self._names_zone(name, value, pod) else (name, value)
            for name, value in query
        ]
        told_query = inbound.query if sent == list(self.query) else urlencode(sent).encode("ascii")
        target = inbound.path + (b"?" + told_query if told_query else b"")
        answer = await self.forwarder.send(
            inbound, self.context, pod, target=target, body=None, budget=self.budget
        )
        whole = await self.forwarder.whole_answer(inbound, self.context, pod, answer, zones=False)
        assert isinstance(whole.body, bytes)
        return PodPage(status=whole.status, headers=whole.headers, raw=whole.body, body=self._usable(whole))

    def _usable(self, answer: Answer) -> dict[str, Any] | None:
        if answer.status != 200:
            return None
        try:
            body = orjson.loads(answer.body)  # type: ignore[arg-type]
        except orjson.JSONDecodeError:
            return None
        usable = isinstance(body, dict) and all(isinstance(body.get(key), list) for key in self.options.keys)
        return body if usable else None

    def _joined(self, limit: int | None, *, offset: int = 0, links: bool = True) -> Answer:
        """
        What was given, in one body; its other keys are the first pod's.
        """
        if not self.parts.given:
            return self._nobody()
        body = dict(self.parts.given[0][1].body or {})
        for key in self.options.keys:
            items = []
            seen: set[str] = set()
            for pod, page in self.parts.given:
                assert page.body is not None
                for item in page.body[key]:
                    if self._is_new(item, seen):
                        items.append(self._made_top(item, pod))
            if limit is not None:
                items = items[offset : offset + limit]
                body.pop(f"{key}_links", None)
                if links and limit and len(items) == limit and isinstance(items[-1], dict):
                    body[f"{key}_links"] = self._links(str(items[-1].get(self.options.marker)))
            body[key] = items
        return self._told(body)

    def _told(self, body: dict[str, Any]) -> Answer:
        return Answer(
            status=200,
            headers=self.parts.given[0][1].headers,
            body=orjson.dumps(body),
            missing=self.parts.missing,
            pods=tuple(pod.name for pod in self.pods),
        )

    def _nobody(self) -> Answer:
        """
        The first refusal, which is the client's fault; a pod that is silent may have what the others do not.

        :raises GatewayError: if there is none, or only that something is not there and a pod did not answer.
        """
        refusals = [self.parts.refused[pod.id] for pod in self.pods if pod.id in self.parts.refused]
        failures = [failure for _, failure in self.parts.failures.values()]
        if not refusals or (failures and all(page.status == 404 for _, page in refusals)):
            raise told(
                failures[0] if failures else PodUnreachable("every pod", "none is enabled", sent=False)
            )
        pod, page = refusals[0]
        return Answer(
            status=page.status, headers=page.headers, body=page.raw, pods=(pod.name,), passed_on=True
        )

    def _made_top(self, item: Any, pod: Pod) -> Any:
        if not isinstance(item, dict):
            return item
        number_item(item, self.options.integers, pod.serial)
        zone = self.options.zone
        if zone and isinstance(item.get(zone), str) and is_pods_zone(item[zone], pod):
            item[zone] = pod.az_name
        return item

    def _is_new(self, item: Any, seen: set[str]) -> bool:
        name = self.options.distinct
        if not name or not isinstance(item, dict) or name not in item:
            return True
        value = str(item[name])
        if value in seen:
            return False
        seen.add(value)
        return True

    def _names_zone(self, name: str, value: str, pod: Pod) -> bool:
        return bool(name and name == self.options.zone and value == pod.az_name and pod.pod_az_name)

    def _links(self, marker: str) -> list[dict[str, str]]:
        url = (self.inbound.public_root + self.inbound.path).decode("latin-1")
        return next_links(self.context.surface, url, self.query, marker)

    def _count(self) -> int:
        return sum(len((page.body or {}).get(self.options.keys[0], ())) for _, page in self.parts.given)

    def _limit(self) -> int | None:
        """
        How many items at most; ``None`` for what is no number, which the pods refuse in their words.
        """
        text = self._parameter("limit")
        if text is None:
            return self.max_page
        return _number(text, self.max_page)

    def _parameter(self, name: str) -> str | None:
        values = [value for key, value in self.query if key == name]
        return values[-1] if values else None

    def _without(self, *names: str) -> Query:
        return [pair for pair in self.query if pair[0] not in names]


def is_pods_zone(zone: str, pod: Pod) -> bool:
    """
    True for the zone in which the pod's hosts are for users; Nova's ``internal`` is none.
    """
    return zone == pod.pod_az_name if pod.pod_az_name else zone != _INTERNAL


def _number(text: str, most: int) -> int | None:
    """
    A number of digits, at most ``most``; ``None`` for what is none. int() refuses thousands of digits.
    """
    if not text.isdecimal() or not text.isascii():
        return None
    return min(int(text), most) if len(text) < 20 else most


def _newest(name: str) -> Order:
    """
    The largest first. As other pods' items cannot be compared with a marker that is not shown alone, it is not exact.
    """
    shown = SortField(read=lambda item: item[name], faithful=False)
    return Order(parts=(SortPart(field=shown, descending=True),))


def parsed_query(inbound: Inbound) -> Query:
    """
    The query's parameters.

    :raises BadRequest: if it is no UTF-8.
    """
    try:
        return parse_qsl(
            (inbound.query or b"").decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict"
        )
    except UnicodeDecodeError as error:
        raise BadRequest("Query string is not UTF-8 encoded") from error
