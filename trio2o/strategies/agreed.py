"""
The strategy ``agreed``: lists of what every pod should have the same.

All pods are asked side by side. Where they agree, as they mostly do, the answer is what one of them says, byte for byte but
for the links: the project's bound pod. Where they differ, the lists are united and the log says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
from attrs import define, evolve, field, frozen
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.errors import BadRequest
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IPodClient, IState, IStrategy
from trio2o.merging.alike import at_path, order_of, same_contents, same_things, united
from trio2o.merging.links import next_links
from trio2o.merging.paging import Paging, read_paging
from trio2o.model import Pod, RequestContext
from trio2o.strategies.anywhere import preferred
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.joint import JoinOptions, Joint, Query, parsed_query, too_long
from trio2o.strategies.pages import PodPage

_log = Logger()

#: The most pages that one pod is asked for where pods differ.
_MAX_PAGES = 20

#: Seconds for which a list that differs is not told of again.
_QUIET = 600.0

#: How many names are told of.
_NAMED = 10


@frozen(kw_only=True)
class AgreedOptions:
    """
    How the lists of one operation are compared and united: the options of its row by their names.
    """

    #: The key of the body that holds the list.
    key: str
    #: Where an item has what names it in every pod: ``id``, ``keypair.name``.
    named: str = "id"
    #: Where it has what is taken as marker.
    marker: str = "id"
    #: The key of the link to the next page; empty where there is none.
    links: str = ""
    #: The microversion from which on there are pages.
    pages_from: tuple[int, int] = (0, 0)
    #: What the path ends with that shows more of each item, for orders that the list itself does not show.
    detailed: str = ""
    #: The fields of an item of the plain list.
    keep: tuple[str, ...] = ()


@implementer(IStrategy)
@define(kw_only=True)
class AgreedStrategy:
    """
    Asks all pods and gives one list.
    """

    _forwarder: Forwarder
    _state: IState
    _pods: IPodClient
    _clock: IReactorTime
    #: Seconds in which the whole answer is there; a few times that where pods differ.
    _budget: float
    _max_page: int
    #: When a list was told of last, by its path.
    _told: dict[str, float] = field(factory=dict, init=False)

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`. A pod that gives no usable answer is left out (I8).
        """
        options = AgreedOptions(**inbound.operation.options)
        joint = Joint(
            inbound=inbound,
            context=context,
            options=JoinOptions(keys=(options.key,)),
            pods=preferred(self._state, self._pods, context),
            query=parsed_query(inbound),
            forwarder=self._forwarder,
            budget=self._budget,
            max_page=self._max_page,
        )
        await joint.ask([(pod, joint.query) for pod in joint.pods])
        given = joint.parts.given
        if not given:
            return joint.nobody()
        # a pod that does not have the marker tells nothing of what comes after it
        strangers = _is_refused(joint.parameter("marker"), joint)
        lists = [_items(page, options) for _, page in given]
        whole = not any(options.links and page.body and options.links in page.body for _, page in given)
        if not strangers and same_things(lists, options.named, whole=whole and not _cuts(joint)):
            if not same_contents(lists, options.named):
                self._tell(joint, options, "the same things are not the same everywhere")
            return self._one(joint)
        return await self._united(joint, options)

    @staticmethod
    def _one(joint: Joint) -> Answer:
        """
        What the first pod says.
        """
        pod, page = joint.parts.given[0]
        return Answer(
            status=page.status,
            headers=page.headers,
            body=page.raw,
            missing=joint.parts.missing,
            pods=(pod.name, *(other.name for other in joint.pods if other.id != pod.id)),
            passed_on=True,
        )

    async def _united(self, joint: Joint, options: AgreedOptions) -> Answer:
        """
        The list over all pods, whatever page of it is asked for.

        :raises BadRequest: if no pod has the marker, where the service refuses such ones.
        """
        inbound, context = joint.inbound, joint.context
        paged = (inbound.microversion or (0, 0)) >= options.pages_from
        paging = (
            read_paging(context.surface, joint.query, self._max_page)
            if paged
            else Paging(limit=self._max_page)
        )
        detailed = bool(options.detailed) and context.identity.access_rules is None
        path = inbound.path.rstrip(b"/") + options.detailed.encode("ascii") if detailed else inbound.path
        query = joint.without("limit", "marker", "offset")
        whole = Joint(
            inbound=evolve(inbound, path=path, query=urlencode(query).encode("ascii") or None),
            context=context,
            options=joint.options,
            pods=[pod for pod in joint.pods if pod.id not in joint.parts.failures],
            query=query,
            forwarder=self._forwarder,
            budget=self._budget,
            max_page=self._max_page,
        )
        lists = await self._whole_lists(whole, options)
        if not lists:
            return whole.nobody()
        whole.parts.failures.update(joint.parts.failures)
        all_of_them = united(
            list(lists.values()),
            order_of(options.key, joint.query),
            name=options.named,
            marker=options.marker,
        )
        self._tell(joint, options, _difference(lists, options))
        items: Sequence[Any] = all_of_them.items
        if paging.marker is not None:
            after = all_of_them.after(paging.marker, options.named)
            if after is not None:
                items = after
            elif context.surface == "compute" or _is_refused(paging.marker, joint):
                raise BadRequest(f"marker [{paging.marker}] not found")
        items = items[paging.offset : paging.offset + paging.limit] if paged else items
        _, page = joint.parts.given[0]
        body = {key: value for key, value in (page.body or {}).items() if key != options.links}
        body[options.key] = [_plain(item, options) for item in items] if detailed else list(items)
        if options.links and paged and items and len(items) == paging.limit:
            url = (inbound.public_root + inbound.path).decode("latin-1")
            last = at_path(items[-1], options.marker)
            body[options.links] = next_links(context.surface, url, joint.query, last)
        return Answer(
            status=200,
            headers=page.headers,
            body=orjson.dumps(body),
            missing=whole.parts.missing,
            pods=tuple(pod.name for pod in joint.pods),
        )

    async def _whole_lists(self, whole: Joint, options: AgreedOptions) -> dict[str, list[Any]]:
        """
        What each pod has, page by page, all pods side by side.

        :raises Unavailable: if it is too much.
        """
        lists: dict[str, list[Any]] = {}
        going: list[tuple[Pod, Query]] = [(pod, whole.query) for pod in whole.pods]
        for _ in range(_MAX_PAGES):
            await whole.ask(going)
            given, whole.parts.given = whole.parts.given, []
            going = []
            for pod, page in given:
                items = _items(page, options)
                lists.setdefault(pod.name, []).extend(items)
                if items and page.body and options.links and options.links in page.body:
                    marker = at_path(items[-1], options.marker)
                    going.append((pod, [*whole.query, ("marker", marker)]))
            if not going:
                return lists
        raise too_long(f"{_MAX_PAGES} pages of {', '.join(pod.name for pod, _ in going)} are not all")

    def _tell(self, joint: Joint, options: AgreedOptions, what: str) -> None:
        """
        Say that pods differ, and not again for a while.
        """
        now, path = self._clock.seconds(), joint.inbound.operation.path
        if what and now >= self._told.get(path, 0.0):
            self._told[path] = now + _QUIET
            _log.warn("pods differ in {key}: {what}", key=options.key, what=what)


def _items(page: PodPage, options: AgreedOptions) -> list[Any]:
    listed = (page.body or {}).get(options.key, ())
    return [item for item in listed if isinstance(item, dict)]


def _is_refused(marker: str | None, joint: Joint) -> bool:
    """
    True where a pod does not know the marker and says so. Of types Cinder gives what it gives without one.
    """
    return bool(marker) and any(page.status in (400, 404) for _, page in joint.parts.refused.values())


def _cuts(joint: Joint) -> bool:
    """
    True for a query that may ask for a part of the list.
    """
    return any(name in ("limit", "marker", "offset") for name, _ in joint.query)


def _plain(item: dict[str, Any], options: AgreedOptions) -> dict[str, Any]:
    return {key: item[key] for key in options.keep if key in item}


def _difference(lists: dict[str, list[Any]], options: AgreedOptions) -> str:
    """
    Which pods lack what, in one line; empty where none lacks anything.
    """
    names = {pod: {at_path(item, options.named) for item in items} for pod, items in lists.items()}
    every = sorted(set().union(*names.values()))
    lacking = {pod: [name for name in every if name not in have] for pod, have in names.items()}
    return "; ".join(
        f"{pod} lacks {', '.join(absent[:_NAMED])}" + (" and others" if len(absent) > _NAMED else "")
        for pod, absent in lacking.items()
        if absent
    )
