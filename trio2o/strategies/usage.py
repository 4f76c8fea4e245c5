"""
The strategy ``usage``: what projects have used, over all pods (``os-simple-tenant-usage``).

From microversion 2.40 on Nova gives this by pages, counted in servers and not in projects. As Nova does with its cells, a
page goes on in the next pod where the one before ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
from attrs import define, evolve, field, frozen
from zope.interface import implementer

from trio2o.errors import GatewayError, PodFailure, PodUnreachable, Unavailable
from trio2o.exchange import Answer, HeaderList, Inbound
from trio2o.interfaces import IState, IStrategy
from trio2o.merging.links import next_links
from trio2o.merging.paging import nova_paging
from trio2o.merging.usage import tenant_usages
from trio2o.model import Pod, PodState, RequestContext
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.deadline import Deadline
from trio2o.strategies.forwarding import Forwarder, told
from trio2o.strategies.joint import parsed_query
from trio2o.strategies.pages import page_of

_PAGES_FROM = (2, 40)

Query = Sequence[tuple[str, str]]


@frozen(kw_only=True)
class _Report:
    """
    One pod's answer.
    """

    pod: Pod
    status: int
    headers: HeaderList
    raw: bytes
    #: What was asked for.
    query: Query
    #: A usage for each project; ``None`` where the answer is no report.
    usages: list[dict[str, Any]] | None = None
    #: The last server of a page that is full.
    marker: str | None = None

    @property
    def servers(self) -> int:
        """
        How many servers it is about.
        """
        return sum(len(usage.get("server_usages", ())) for usage in self.usages or ())


@implementer(IStrategy)
@define(kw_only=True)
class UsageStrategy:
    """
    Adds up, project by project.
    """

    _forwarder: Forwarder
    _state: IState
    #: Seconds for each of at most three rounds: the marker, the pods behind it, the page's end.
    _budget: float
    _max_page: int

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`. A pod that refuses the caller decides for all; a silent one is left out (I8).

        :raises GatewayError: if no pod answers, or one that may know the marker is silent.
        """
        query = parsed_query(inbound)
        asking = _Asking(
            forwarder=self._forwarder,
            inbound=inbound,
            context=context,
            budget=self._budget,
            pods=[pod for pod in self._state.pods() if pod.state is not PodState.DISABLED],
        )
        if (inbound.microversion or (0, 0)) < _PAGES_FROM:
            reports = await asking.all_of(asking.pods, query)
            return self._told(inbound, context, asking, reports, None)
        paging = nova_paging(query, self._max_page)
        rest = [pair for pair in query if pair[0] not in ("marker", "detailed")]
        if inbound.operation.options["key"] == "tenant_usages":
            # the servers are counted; who did not ask for them does not get them
            rest.append(("detailed", "1"))
        pods, reports = asking.pods, []
        if paging.marker is not None:
            reports = await asking.all_of(asking.pods, [*rest, ("marker", paging.marker)])
            found = next((report for report in reports if report.usages is not None), None)
            if found is None:
                return self._nobody(asking, reports)
            reports = [found]
            asking.failures.clear()
            pods = pods[pods.index(found.pod) + 1 :]
        if not reports or reports[0].servers < paging.limit:
            reports += await asking.all_of(pods, rest)
        reports = await self._cut(asking, reports, paging.limit)
        return self._told(inbound, context, asking, reports, paging.limit)

    async def _cut(self, asking: _Asking, reports: list[_Report], limit: int) -> list[_Report]:
        """
        The reports up to so many servers: the one in which the page ends is asked for again, up to there. Its link tells
        where the next page begins. Where it does not come, or has less by then, the page ends in a later one.
        """
        kept: list[_Report] = []
        room = limit
        for report in reports:
            if not room and report.usages is not None:
                kept.append(evolve(report, usages=[]))
                continue
            parts = [report]
            if report.servers > room or (room and report.servers == room and report.marker is None):
                shorter = [*(pair for pair in report.query if pair[0] != "limit"), ("limit", str(room))]
                parts = await asking.all_of([report.pod], shorter)
            kept += parts
            room = max(0, room - sum(part.servers for part in parts))
        return kept

    def _told(
        self,
        inbound: Inbound,
        context: RequestContext,
        asking: _Asking,
        reports: Sequence[_Report],
        limit: int | None,
    ) -> Answer:
        refusal = next((report for report in reports if 400 <= report.status < 500), None)
        good = [report for report in reports if report.usages is not None]
        if refusal is not None or not good:
            return self._nobody(asking, reports)
        key = inbound.operation.options["key"]
        usages = tenant_usages([report.usages or [] for report in good])
        body: dict[str, Any] = {}
        if key == "tenant_usages":
            if limit is not None and ("detailed", "1") not in parsed_query(inbound):
                for usage in usages:
                    usage.pop("server_usages", None)
            body[key] = usages
        else:
            body[key] = usages[0] if usages else {}
        marker = next((report.marker for report in reversed(good) if report.servers), None)
        if limit and sum(report.servers for report in good) == limit and marker is not None:
            url = (inbound.public_root + inbound.path).decode("latin-1")
            body[f"{key}_links"] = next_links(context.surface, url, parsed_query(inbound), marker)
        return Answer(
            status=200,
            headers=good[0].headers,
            body=orjson.dumps(body),
            missing=tuple(pod for pod in asking.pods if pod.id in asking.failures),
            pods=tuple(pod.name for pod in asking.pods),
        )

    @staticmethod
    def _nobody(asking: _Asking, reports: Sequence[_Report]) -> Answer:
        """
        The first refusal.

        :raises GatewayError: if no pod has refused, or a silent one may know the marker that the others do not.
        """
        refusal = next((report for report in reports if 400 <= report.status < 500), None)
        failure = next(iter(asking.failures.values()), None)
        if refusal is None:
            raise told(failure or PodUnreachable("every pod", "none is enabled", sent=False))
        if failure is not None and refusal.status == 400:
            raise Unavailable(
                "The service is not available at the moment. Please try again later.",
                admin_detail=str(failure),
                headers=[(b"Retry-After", b"10")],
            )
        return Answer(
            status=refusal.status,
            headers=refusal.headers,
            body=refusal.raw,
            pods=(refusal.pod.name,),
            passed_on=True,
        )


@define(kw_only=True)
class _Asking:
    """
    The pods that are asked for one report, and which of them were silent.
    """

    forwarder: Forwarder
    inbound: Inbound
    context: RequestContext
    budget: float
    pods: list[Pod]
    failures: dict[str, PodFailure] = field(factory=dict)

    async def all_of(self, pods: Sequence[Pod], query: Query) -> list[_Report]:
        """
        The answers of those that give one.
        """
        deadline = self.forwarder.deadline(self.budget)
        answers = await gathered(
            [self._ask(pod, query, deadline) for pod in pods], (PodFailure, GatewayError)
        )
        reports = []
        for pod, said in zip(pods, answers, strict=True):
            if isinstance(said, Exception):
                failure = said if isinstance(said, PodFailure) else PodFailure(pod.name, str(said), sent=True)
                self.failures[pod.id] = failure
            elif said.usages is None and not 400 <= said.status < 500:
                self.failures[pod.id] = PodFailure(pod.name, f"it answered {said.status}", sent=True)
            else:
                reports.append(said)
        return reports

    async def _ask(self, pod: Pod, query: Query, deadline: Deadline) -> _Report:
        key = self.inbound.operation.options["key"]
        page = await page_of(
            pod,
            self.inbound.path + (b"?" + urlencode(query).encode("ascii") if query else b""),
            forwarder=self.forwarder,
            inbound=self.inbound,
            context=self.context,
            deadline=deadline,
            usable=lambda body: _usages(body, key) is not None,
        )
        return _Report(
            pod=pod,
            status=page.status,
            headers=page.headers,
            raw=page.raw,
            query=query,
            usages=None if page.body is None else _usages(page.body, key),
            marker=None if page.body is None else _marker(page.body, key),
        )


def _usages(body: Mapping[str, Any], key: str) -> list[dict[str, Any]] | None:
    """
    The usages in an answer: a list, or the only one, which is empty where nothing was used.
    """
    usages = body.get(key)
    if isinstance(usages, dict):
        usages = [usages] if usages else []
    usable = isinstance(usages, list) and all(isinstance(usage, dict) for usage in usages)
    return usages if usable else None


def _marker(body: Mapping[str, Any], key: str) -> str | None:
    """
    The marker in the link to the next page.
    """
    links = body.get(f"{key}_links")
    link = links[0] if isinstance(links, list) and links else None
    href = link.get("href") if isinstance(link, dict) else None
    return parse_qs(urlsplit(href).query).get("marker", [None])[0] if isinstance(href, str) else None
