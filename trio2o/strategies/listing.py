"""
One list as it is asked of pods: which pods, with which query, and what their answers are.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from attrs import define, field

from trio2o.errors import BadRequest
from trio2o.exchange import Inbound
from trio2o.merging.order import Order, Parameters, read_order
from trio2o.merging.pages import Ask, WalkTooLong
from trio2o.merging.paging import PageStyle, Paging, read_paging, styled
from trio2o.model import Kind, Pod, PodState, RequestContext
from trio2o.strategies.cursors import list_identity
from trio2o.strategies.deadline import MOST_ROUNDS, Deadline
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.pages import PodPage, page_of

#: Parameters that are the gateway's business, not the pods'.
_PAGING = frozenset({"limit", "marker", "offset"})

#: From this microversion on Nova lets everybody filter by zone; before, it ignores it for all but admins.
_ZONE_FILTER_FOR_ALL = (2, 83)

_PAGES_AND_SORTS = frozenset({"limit", "marker", "sort_key", "sort_dir"})

#: The filters that Nova takes of users who are no admins, and the microversion from which on; it ignores others, such as
#: the ``deleted`` that ``openstack server list`` always sends.
_FILTERS_FOR_ALL = {
    (2, 1): ("reservation_id", "name", "status", "image", "flavor", "ip", "changes-since", "all_tenants"),
    (2, 5): ("ip6",),
    (2, 26): ("tags", "tags-any", "not-tags", "not-tags-any"),
    (2, 66): ("changes-before",),
    (2, 73): ("locked",),
    _ZONE_FILTER_FOR_ALL: (
        *("availability_zone", "config_drive", "key_name", "created_at", "launched_at", "terminated_at"),
        *("power_state", "task_state", "vm_state", "progress", "user_id"),
    ),
    (2, 90): ("hostname",),
}


@define(kw_only=True)
class Listing:
    """
    A client's list.
    """

    inbound: Inbound
    context: RequestContext
    parameters: Parameters
    paging: Paging
    order: Order
    pods: tuple[Pod, ...]
    #: The path that pods are asked for: the detailed list where the plain one does not show the order.
    path: bytes
    #: True where the pods get the client's own query: they make of it what the gateway has no part in.
    verbatim: bool = False
    _filters: tuple[tuple[str, str], ...] = field(init=False)
    _deadline: Deadline | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._filters = tuple((name, value) for name, value in self.parameters if name not in _PAGING)

    @property
    def plural(self) -> str:
        """
        The key that the items stand under.
        """
        return self.inbound.operation.plural

    @property
    def links_key(self) -> str:
        """
        The key that the link to the next page stands under; empty where the list has none.
        """
        key: str = self.inbound.operation.options.get("links", f"{self.plural}_links")
        return key

    @property
    def linked_url(self) -> str:
        """
        What the link to the next page begins with: the list itself, or the one that the service names instead.
        """
        path = self.inbound.path
        own, other = (
            self.inbound.operation.path.encode(),
            self.inbound.operation.options.get("linked", "").encode(),
        )
        if other and path.endswith(own):
            path = path.removesuffix(own) + other
        return (self.inbound.public_root + path).decode("latin-1")

    @property
    def kind(self) -> Kind:
        """
        What is listed.
        """
        kind = self.inbound.operation.kind
        assert kind is not None, f"the table gives no kind for {self.inbound.operation.path}"
        return kind

    @property
    def identity(self) -> bytes:
        """
        What tells this list from others, whatever the page.
        """
        return list_identity(
            self.inbound, self.context, self._filters, path=self.path, keys=len(self.order.parts)
        )

    @property
    def unfiltered(self) -> bool:
        """
        True for a list that asks for nothing but, maybe, all projects: what Nova ignores does not count.
        """
        names = {name for name, _ in self.parameters}
        if names & _PAGES_AND_SORTS:
            return False
        if not self.context.is_admin:
            asked = self.inbound.microversion or (2, 1)
            names = {
                name for since, taken in _FILTERS_FOR_ALL.items() if since <= asked for name in taken
            } & names
        return names <= {"all_tenants"}

    @property
    def all_projects(self) -> bool:
        """
        True when an admin asks for the resources of every project.
        """
        return self.context.is_admin and any(
            name == "all_tenants" and value.lower() not in ("0", "false", "f", "no")
            for name, value in self.parameters
        )

    def query(self, ask: Ask, pod: Pod) -> bytes:
        """
        The query of one ask: the client's filters, the zone in the pod's words, and the pod's own marker.
        """
        if self.verbatim:
            return urlencode(self.parameters).encode("ascii")
        sent: list[tuple[str, str]] = []
        for name, value in self._filters:
            if name == "availability_zone" and value == pod.az_name:
                if pod.pod_az_name:
                    sent.append((name, pod.pod_az_name))
            else:
                sent.append((name, value))
        sent.append(("limit", str(ask.limit)))
        if ask.marker is not None:
            sent.append(("marker", ask.marker))
        return urlencode(sent).encode("ascii")

    async def ask(self, forwarder: Forwarder, pod: Pod, ask: Ask, *, budget: float) -> PodPage:
        """
        Ask one pod for one page, its links made the top region's. All pages together have a few budgets.

        :raises PodFailure: if there is no whole answer in time.
        :raises WalkTooLong: if the time for all pages has passed.
        """
        if self._deadline is None:
            self._deadline = forwarder.deadline(budget, rounds=MOST_ROUNDS)
        if not self._deadline.left:
            raise WalkTooLong(f"it took {MOST_ROUNDS} times {budget:g} s")
        return await page_of(
            pod,
            self.path + b"?" + self.query(ask, pod),
            forwarder=forwarder,
            inbound=self.inbound,
            context=self.context,
            deadline=self._deadline.round(),
            usable=self._is_list,
        )

    def _is_list(self, body: dict[str, Any]) -> bool:
        items = body.get(self.plural)
        return isinstance(items, list) and all(isinstance(item, dict) for item in items)


def read_listing(
    inbound: Inbound,
    context: RequestContext,
    pods: Sequence[Pod],
    max_page: int,
    own_zones: Collection[str] = (),
) -> Listing:
    """
    What a request asks for.

    :param own_zones: the zones that are no pod's own, and may be in each.
    :raises BadRequest: in the service's words, if its paging is malformed, or its query is no UTF-8.
    """
    try:
        parameters = parse_qsl(
            (inbound.query or b"").decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict"
        )
    except UnicodeDecodeError as error:
        raise BadRequest("Query string is not UTF-8 encoded") from error
    plural = inbound.operation.plural
    order = read_order(plural, parameters, inbound.microversion)
    asked = [pod for pod in pods if pod.state is not PodState.DISABLED]
    zones = {value for name, value in parameters if name == "availability_zone"}
    if zones and _filters_by_zone(inbound, context):
        asked = [pod for pod in asked if pod.az_name in zones or not zones.isdisjoint(own_zones)]
    path = inbound.path
    style = _style(inbound)
    # a user who asks for all projects is refused by the policy of the list that was asked for
    refused = not context.is_admin and any(name == "all_tenants" for name, _ in parameters)
    # access rules that allow the plain list need not allow the other, and the pods look at them too
    plain = refused or context.identity.access_rules is not None
    if "read" in inbound.operation.options and len(asked) > 1 and order.needs_detail:
        if plain:
            order = order.in_plain
        else:
            path = path.rstrip(b"/") + b"/detail"
    return Listing(
        inbound=inbound,
        context=context,
        parameters=parameters,
        paging=styled(read_paging(context.surface, parameters, max_page), style, max_page),
        verbatim=style is PageStyle.VERBATIM,
        order=order,
        pods=tuple(asked),
        path=path,
    )


def _style(inbound: Inbound) -> PageStyle:
    asked = inbound.microversion or (0, 0)
    style = PageStyle.MARKER
    for since, pages in inbound.operation.options.get("pages", ()):
        if since <= asked:
            style = PageStyle(pages)
    return style


def _filters_by_zone(inbound: Inbound, context: RequestContext) -> bool:
    if context.surface != "compute":
        return inbound.operation.plural == "volumes"
    if context.is_admin:
        return True
    return inbound.microversion is not None and inbound.microversion >= _ZONE_FILTER_FOR_ALL
