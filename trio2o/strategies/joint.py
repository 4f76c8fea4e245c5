"""
One joined list: asking the pods for their lists, and making one answer of what they say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from attrs import Factory, define, field, frozen
from twisted.logger import Logger

from trio2o.errors import BadRequest, GatewayError, PodFailure, PodUnreachable, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.merging.integers import number_item
from trio2o.merging.links import next_links
from trio2o.merging.zones import is_pods_zone
from trio2o.model import Pod, RequestContext
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.deadline import MOST_ROUNDS, Deadline
from trio2o.strategies.forwarding import Forwarder, told
from trio2o.strategies.pages import PodPage, page_of

_log = Logger()

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
class Parts:
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


@define(kw_only=True)
class Joint:
    """
    One joined list under way: whom it asks, and what came of that so far.
    """

    inbound: Inbound
    context: RequestContext
    options: JoinOptions
    pods: Sequence[Pod]
    query: Query
    forwarder: Forwarder
    #: Seconds for each round of questions; all together have a few times that.
    budget: float
    max_page: int
    parts: Parts = field(factory=Parts, init=False)
    _deadline: Deadline = field(
        default=Factory(
            lambda joint: joint.forwarder.deadline(joint.budget, rounds=MOST_ROUNDS), takes_self=True
        ),
        init=False,
    )

    async def ask(self, asked: Sequence[tuple[Pod, Query]]) -> None:
        """
        Ask pods at once, and note what they say.

        :raises Unavailable: if the time for all rounds has passed.
        """
        if not self._deadline.left:
            raise too_long(f"it took {MOST_ROUNDS} times {self.budget:g} s")
        deadline = self._deadline.round()
        answers = await gathered(
            [self._page(pod, query, deadline) for pod, query in asked], (PodFailure, GatewayError)
        )
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

    async def _page(self, pod: Pod, query: Query, deadline: Deadline) -> PodPage:
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
        return await page_of(
            pod,
            inbound.path + (b"?" + told_query if told_query else b""),
            forwarder=self.forwarder,
            inbound=inbound,
            context=self.context,
            deadline=deadline,
            usable=self._is_usable,
        )

    def _is_usable(self, body: dict[str, Any]) -> bool:
        return all(isinstance(body.get(key), list) for key in self.options.keys)

    def joined(self, limit: int | None, *, offset: int = 0, links: bool = True) -> Answer:
        """
        What was given, in one body; its other keys are the first pod's.
        """
        if not self.parts.given:
            return self.nobody()
        body = dict(self.parts.given[0][1].body or {})
        for key in self.options.keys:
            items = []
            seen: set[str] = set()
            for pod, page in self.parts.given:
                assert page.body is not None
                for item in page.body[key]:
                    if self._is_new(item, seen):
                        items.append(self.made_top(item, pod))
            if limit is not None:
                items = items[offset : offset + limit]
                body.pop(f"{key}_links", None)
                if links and limit and len(items) == limit and isinstance(items[-1], dict):
                    body[f"{key}_links"] = self.links(str(items[-1].get(self.options.marker)))
            body[key] = items
        return self.told(body)

    def told(self, body: dict[str, Any]) -> Answer:
        return Answer(
            status=200,
            headers=self.parts.given[0][1].headers,
            body=orjson.dumps(body),
            missing=self.parts.missing,
            pods=tuple(pod.name for pod in self.pods),
        )

    def nobody(self) -> Answer:
        """
        The first refusal, which is the client's fault. A pod that is silent may have the one thing that others do not.

        :raises GatewayError: if there is none, or only that the thing which the path names is not there, and a pod did not
            answer.
        """
        refusals = [self.parts.refused[pod.id] for pod in self.pods if pod.id in self.parts.refused]
        failures = [failure for _, failure in self.parts.failures.values()]
        names_something = "{" in self.inbound.operation.path
        elsewhere = names_something and all(page.status == 404 for _, page in refusals)
        if not refusals or (failures and elsewhere):
            raise told(
                failures[0] if failures else PodUnreachable("every pod", "none is enabled", sent=False)
            )
        pod, page = refusals[0]
        return Answer(
            status=page.status, headers=page.headers, body=page.raw, pods=(pod.name,), passed_on=True
        )

    def made_top(self, item: Any, pod: Pod) -> Any:
        if not isinstance(item, dict):
            return item
        number_item(item, self.options.integers, pod.serial)
        zone = self.options.zone
        if (
            zone
            and isinstance(item.get(zone), str)
            and is_pods_zone(item[zone], pod, self.forwarder.own_zones())
        ):
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

    def links(self, marker: str) -> list[dict[str, str]]:
        url = (self.inbound.public_root + self.inbound.path).decode("latin-1")
        return next_links(self.context.surface, url, self.query, marker)

    def count(self) -> int:
        return sum(len((page.body or {}).get(self.options.keys[0], ())) for _, page in self.parts.given)

    def limit(self) -> int | None:
        """
        How many items at most; ``None`` for what is no number, which the pods refuse in their words.
        """
        text = self.parameter("limit")
        if text is None:
            return self.max_page
        return bounded_number(text, self.max_page)

    def parameter(self, name: str) -> str | None:
        values = [value for key, value in self.query if key == name]
        return values[-1] if values else None

    def without(self, *names: str) -> Query:
        return [pair for pair in self.query if pair[0] not in names]


def bounded_number(text: str, most: int) -> int | None:
    """
    A number of digits, at most ``most``; ``None`` for what is none. int() refuses thousands of digits.
    """
    if not text.isdecimal() or not text.isascii():
        return None
    return min(int(text), most) if len(text) < 20 else most


def too_long(detail: str) -> Unavailable:
    """
    The error for a list that cannot be gone on with from where the client wants to.
    """
    return Unavailable("The list is too long to go on from this place.", admin_detail=detail)


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
