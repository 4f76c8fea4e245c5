"""
Every boundary of the daemon, one interface each. Providers say in their names how they do it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol
from twisted.web.iweb import IBodyProducer
from zope.interface import Attribute, Interface

from trio2o.model import (
    Binding,
    Candidate,
    Change,
    CollectedUsage,
    Identity,
    Kind,
    PlacementRequest,
    Pod,
    RequestContext,
    Route,
    Snapshot,
    Usage,
)

if TYPE_CHECKING:
    from trio2o.exchange import Answer, Inbound, PodCall

# mypy-zope reads the methods below; zope leaves out ``self``.
# ruff: noqa: N805


class IPodStore(Interface):
    """
    The pods that are registered, the top region among them.
    """

    async def list_pods() -> Sequence[Pod]:
        """
        All pods by serial.
        """

    async def get_pod(pod_id: str) -> Pod:
        """
        One pod.

        :raises Missing: if there is none.
        """

    async def create_pod(pod: Pod) -> Pod:
        """
        Store a pod; ``serial`` and the times are the store's to give, ``id`` is the caller's.

        :raises AlreadyExists: if the name is taken, or it is a second top region.
        """

    async def update_pod(pod_id: str, changes: Mapping[str, Any]) -> Pod:
        """
        Change the named attributes of :class:`Pod` and keep the rest.

        :raises Missing: if there is none.
        :raises AlreadyExists: if a new name is taken.
        """

    async def delete_pod(pod_id: str, *, force: bool = False) -> Pod:
        """
        Remove a pod; with ``force`` its bindings are ended and its routes forgotten.

        :raises Missing: if there is none.
        :raises InUse: if live routes or active bindings name it and ``force`` is false.
        """

    async def declare_pods(pods: Sequence[Pod]) -> Sequence[Pod]:
        """
        Make the declared pods be these: create or update by name (``id`` and ``serial`` of an existing pod stay, as
        does a state that an operator set after the same declaration), and give up what is no longer declared: removed
        where nothing uses it, else kept, undeclared and ``draining``. Gives all pods.
        """


class IBindingStore(Interface):
    """
    Bindings and their history.
    """

    async def bind(
        tenant_id: str,
        pod_id: str,
        *,
        az_name: str,
        pod_group: str,
        reason: str,
        replaces: str | None,
        first: bool = False,
    ) -> Binding:
        """
        Make the project's active binding in the zone and group name this pod, in one transaction (I10).

        ``replaces`` is the id of the binding that the caller believes active, or ``None`` for "there is none". When another
        process was faster the winner's active binding is returned unchanged: compare its ``pod_id``. When the active one
        names this pod already it is returned unchanged. With ``first`` the caller believes that the project has none at all:
        where it has got one meanwhile, in whatever zone, its newest is returned unchanged.

        :raises Missing: if the pod is gone.
        """

    async def create_binding(tenant_id: str, pod_id: str) -> Binding:
        """
        Bind by an operator's order, in the pod's own zone and group; another active binding there is ended as ``moved``.

        :raises Missing: if the pod is gone.
        :raises AlreadyExists: if that very binding is active.
        """

    async def end_binding(binding_id: str, reason: str) -> Binding:
        """
        End a binding; it stays in history. Ending an ended one changes nothing.

        :raises Missing: if there never was one.
        """

    async def get_binding(binding_id: str) -> Binding:
        """
        One binding, active or ended.

        :raises Missing: if there never was one.
        """

    async def get_bindings(binding_ids: Collection[str]) -> Sequence[Binding]:
        """
        Those of these bindings that there ever were, in no order.
        """

    async def find_bindings(
        *,
        tenant_id: str | None = None,
        pod_id: str | None = None,
        active: bool | None = None,
        at: datetime | None = None,
        limit: int | None = None,
        marker: str | None = None,
    ) -> Sequence[Binding]:
        """
        Bindings, newest first; ``at`` selects those that were active at that moment. ``marker`` is the last id of the
        page before.

        :raises Missing: if the marker is unknown.
        """


class IRouteStore(Interface):
    """
    Which pod has which resource.
    """

    async def find_route(kind: Kind, resource_id: str) -> Route | None:
        """
        The live route, if any.
        """

    async def record_routes(routes: Sequence[Route]) -> None:
        """
        Store routes: one for the same kind and id is replaced, a tombstone revived. A live route that names another pod which
        is registered stands: only its end frees the resource (I7). Recording one twice changes nothing.
        """

    async def end_route(kind: Kind, resource_id: str, at: datetime) -> None:
        """
        Turn a live route into a tombstone; an unknown one changes nothing.
        """

    async def routes_of_id(resource_id: str) -> Sequence[Route]:
        """
        All routes of an id, of any kind, tombstones too.
        """

    async def find_routes(kind: Kind, resource_ids: Collection[str]) -> Sequence[Route]:
        """
        Those of these resources that have live routes, in no order.
        """

    async def walk_routes(after: tuple[str, Kind] | None, limit: int) -> Sequence[Route]:
        """
        The next live routes, by id and kind; ``after`` is the place of the last one of the page before, ``None`` for the
        beginning. What is recorded meanwhile behind the walker is met the next time.
        """

    async def end_routes(routes: Collection[Route], at: datetime) -> int:
        """
        Turn those of these routes into tombstones that are live and still name the same pod; how many.
        """

    async def prune_tombstones(pod_id: str, before: datetime, limit: int) -> int:
        """
        Forget a pod's tombstones of before this moment, the oldest first, at most so many; how many.
        """

    async def routes_of_project(kind: Kind, project_id: str | None, pod_id: str) -> Sequence[Route]:
        """
        Live routes of a project (``None``: of all) in one pod, newest resource first, at most 1,000.
        """

    async def routes_before(
        kind: Kind,
        project_id: str | None,
        pod_ids: Collection[str],
        place: tuple[datetime, str],
        *,
        ids_descending: bool,
        ended: bool,
    ) -> Sequence[Route]:
        """
        For each of these pods the route that stands last before a place in a list of the newest first: a live one and, with
        ``ended``, a tombstone. In no order; of a project, or of all for ``None``.

        What a route says of its age may differ by less than a second from what its pod says now: services answer a create
        before their databases round the time. So a route stands before the place when it is at least a second newer, or
        was made at the same whole second and its id comes first.

        :param place: when the resource at the place was made, and its id.
        :param ids_descending: whether of resources made at one time the largest id comes first.
        """


class ICursorStore(Interface):
    """
    Where list pages ended, for whichever process gives the next one.
    """

    async def find_cursor(digest: bytes) -> str | None:
        """
        What was kept under a digest within the last day, if it still is.
        """

    async def keep_cursors(cursors: Mapping[bytes, str]) -> None:
        """
        Keep contents by their digests, in place of what was kept under these. Beyond 200,000 the oldest go.
        """


class ICursorBook(Interface):
    """
    Cursors as the strategies use them: nobody waits for the database's writing, and its absence only loses them.
    """

    async def find(digest: bytes) -> str | None:
        """
        What is kept under a digest; ``None`` too where the database does not tell soon. Never fails.
        """

    def keep(digest: bytes, content: str) -> None:
        """
        Keep a content. Written in the background, or lost.
        """


class IUsageStore(Interface):
    """
    What pods said last of how full they are.
    """

    async def record_usage(pod_id: str, usage: Usage, *, age: float) -> None:
        """
        Store a pod's usage in place of the one before, with how many projects are bound to it now; nothing for a pod that is
        gone.

        :param age: how many seconds ago the questions began.
        """

    async def list_usage() -> Sequence[CollectedUsage]:
        """
        The usage of all registered pods that have one, by pod id.
        """


class IChangeLog(Interface):
    """
    The growing log of changes to what processes cache whole (I14).
    """

    async def snapshot() -> Snapshot:
        """
        Everything, in one consistent read.
        """

    async def changes_since(number: int) -> Sequence[Change] | None:
        """
        Changes after a number, in order; ``None`` when the log no longer reaches back so far, or the number is ahead of
        the log: take a snapshot.
        """

    async def timeline() -> str:
        """
        See :attr:`Snapshot.timeline`.
        """

    async def listen(
        changed: Callable[[], None], connected: Callable[[], None], lost: Callable[[], None]
    ) -> None:
        """
        Call ``changed`` after every commit that grew the log. ``connected`` is called after each LISTEN is in force
        (so first the listener, then the read: nothing falls between), ``lost`` when the connection is gone. Never fails:
        what is down reconnects.
        """


class IElection(Interface):
    """
    Which of the processes that share a database does what one alone is to do.
    """

    leads = Attribute("True while this process is the one.")

    def start(won: Callable[[], None], lost: Callable[[], None]) -> None:
        """
        Stand for it. ``won`` is called when this process becomes the one, ``lost`` when it may be no more; both again and
        again. Never fails: with the database away nobody is the one.
        """

    def stop() -> None:
        """
        Stand no more; ``lost`` is called if this process was the one.
        """


class IState(Interface):
    """
    The in-memory state of a process: synchronous, and what the hot path asks (I1).
    """

    ready = Attribute("True once the first snapshot was read.")
    current = Attribute(
        "False while the change log cannot be followed: bindings may be outdated and must not be used (I14)."
    )

    def pods() -> Sequence[Pod]:
        """
        The pods without the top region, by serial.
        """

    def pod(pod_id: str) -> Pod | None:
        """
        A pod by id.
        """

    def pod_named(name: str) -> Pod | None:
        """
        A pod by region name.
        """

    def bindings_of(project_id: str) -> Sequence[Binding]:
        """
        The project's active bindings, newest first.
        """

    def binding(project_id: str, az_name: str, pod_group: str) -> Binding | None:
        """
        The active binding in one zone and group.
        """

    def note_pods(pods: Sequence[Pod]) -> None:
        """
        Take over all pods as the database has them, while the change log cannot be followed.
        """

    def note_binding(binding: Binding) -> None:
        """
        Take over what this process has just written, ahead of its notification.
        """

    def route(kind: Kind, resource_id: str) -> Route | None:
        """
        A recently used route.
        """

    def note_route(route: Route) -> None:
        """
        Remember a route; the least recently used one goes when the cache is full.
        """

    def forget_route(kind: Kind, resource_id: str) -> None:
        """
        Forget a route.
        """


class IRouteBook(Interface):
    """
    Routes as the strategies use them: memory, then database; writes that survive the database's absence (I15).
    """

    def remembered(kind: Kind, resource_id: str) -> Route | None:
        """
        From memory alone; synchronous.
        """

    async def find(kind: Kind, resource_id: str) -> Route | None:
        """
        From memory, then the database.

        :raises DatabaseUnavailable: if memory does not have it and the database does not answer.
        """

    def record(routes: Sequence[Route]) -> Deferred[None]:
        """
        Remember at once and write; the result fires when written, or at once when the database is away: the write
        is then kept and made when it is back. Never fails.
        """

    def end(kind: Kind, resource_id: str) -> Deferred[None]:
        """
        Forget at once and write the tombstone, as :meth:`record` does.
        """


class ITokenValidator(Interface):
    """
    Tells who a user's token stands for.
    """

    def peek(token: bytes) -> Identity | None:
        """
        From the cache alone, if it is there and fresh; synchronous, for the hot path.
        """

    async def validate(token: bytes, service_token: bytes | None = None, client: str = "") -> Identity:
        """
        From the cache, else from Keystone; concurrent calls for one token share one request. Clients that ask about many
        tokens wait behind those that ask about few; ``client`` is the asker's address.

        ``service_token`` is the ``X-Service-Token`` of the request: a valid one with the service role lets an expired
        user token pass.

        :raises Unauthorized: if Keystone does not accept the token.
        :raises Unavailable: if Keystone cannot be asked (I18).
        """

    async def vouches(service_token: bytes, client: str = "") -> bool:
        """
        True for a good token of a service: with it an expired user token passes, and access rules are not applied, since
        the request is one that the service makes in the course of another.

        :raises Unavailable: if Keystone cannot be asked.
        """


class IServiceToken(Interface):
    """
    The daemon's own token, which renews itself before it ends.
    """

    async def token() -> bytes:
        """
        A token that is good for at least another minute.

        :raises Unavailable: if Keystone gives none.
        """

    def invalidate(token: bytes) -> None:
        """
        Say that Keystone refused this token; the next call fetches another.
        """


class IPodTokens(Interface):
    """
    The step from the token a user has at the top to the one that is sent to a pod (the identity domain of the pod).
    """

    def peek(token: bytes, identity: Identity, pod: Pod) -> bytes | None:
        """
        The pod's token if it can be given without waiting.
        """

    async def pod_token(token: bytes, identity: Identity, pod: Pod) -> bytes:
        """
        The pod's token.

        :raises Unauthorized: if none can be had for this user.
        :raises Unavailable: if the pod's Keystone cannot be asked.
        """


class ICatalog(Interface):
    """
    Where the services of a region are.
    """

    def endpoint(region: str, service: str) -> str | None:
        """
        The root URL of a service (``compute``, ``volume``, ``network``) without version and project, so that
        ``root + "/v2.1/servers"`` is the full URL; ``None`` when the catalog has none. Synchronous.
        """

    def regions() -> Sequence[str]:
        """
        The region names that the catalog has.
        """

    async def refresh() -> None:
        """
        Read the catalog again with the daemon's own token.

        :raises Unavailable: if Keystone cannot be asked; what was known stays.
        """


class IPodAnswer(Interface):
    """
    The head of a pod's answer, its body still to come. Exactly one of ``read``, ``stream`` and ``discard`` must be called.
    """

    status = Attribute("The status code, an int.")
    headers = Attribute(
        "``list[tuple[bytes, bytes]]``: the fields as the pod sent them, names in lower case."
    )
    length = Attribute("The body's length in bytes; ``None`` when it is not known (chunked, or until close).")
    pod_name = Attribute("The pod that answered.")

    def header(name: bytes) -> bytes | None:
        """
        The last value of a field; the name in lower case.
        """

    def read(limit: int) -> Deferred[bytes]:
        """
        The whole body. Cancelling drops the connection.

        :raises PodBroken: if it is cut short, or larger than ``limit`` bytes.
        """

    def stream(receiver: IProtocol) -> None:
        """
        Deliver the body to a protocol whose ``transport`` is a push producer with ``stopProducing``;
        ``connectionLost`` has ``ResponseDone`` or ``PotentialDataLoss`` when it came whole.
        """

    def discard() -> None:
        """
        Drop the body; the connection is closed when more than a little is left.
        """


class IRequestBody(Interface):
    """
    The body of a client's request, not read yet. At most one of ``read`` and ``producer`` is called, once.
    """

    length = Attribute("The body's length in bytes; 0 for none, ``None`` when it is not known (chunked).")

    def read(limit: int) -> Deferred[bytes]:
        """
        The whole body.

        :raises BodyTooLarge: if it is larger than ``limit`` bytes; found from ``Content-Length`` before any is
            read where that was sent.
        """

    def producer() -> IBodyProducer | None:
        """
        The body as a stream with backpressure, for :attr:`PodCall.body`; ``None`` for none.
        """


class IBodyTransform(Interface):
    """
    Changes a body on its way, in bounded memory.
    """

    def feed(chunk: bytes) -> bytes:
        """
        Take the next bytes and give those that are settled.
        """

    def flush() -> bytes:
        """
        Give what was held back; nothing is fed after it.
        """


class IPodFactsBook(Interface):
    """
    What is known of pods by asking their version documents.
    """

    def link_prefixes(pod_id: str, service: str) -> Sequence[bytes]:
        """
        The roots that a pod's service puts before its links, without version, longest first: ``http://10.0.0.7:8774``.
        """

    def microversions(service: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """
        The range that all pods share, as (lowest, highest); ``None`` while no pod has been asked.
        """


class IPodClient(Interface):
    """
    Sends requests to pods: pooled connections, breaker, budgets, concurrency limits.
    """

    def call(pod: Pod, call: PodCall) -> Deferred[IPodAnswer]:
        """
        Send one request and give the answer's head, whatever its status. Cancelling it drops the pod's connection.
        Nothing is repeated but a GET or HEAD whose pooled connection turned out closed.

        :raises PodUnreachable: if nothing was sent.
        :raises PodTimeout: if the budget passed.
        :raises PodBroken: if the connection ended first.
        """

    def healthy(pod_id: str, service: str | None = None) -> bool:
        """
        False while the breaker of the pod's service is open; without a service, while any of its breakers is.
        """

    def endpoint(pod: Pod, service: str) -> str | None:
        """
        The root URL in use: the pod's own setting, else the catalog's.
        """


class IPodFilter(Interface):
    """
    Drops pods that cannot take a request. Pure: no I/O, no clock, no globals.
    """

    name = Attribute("How the configuration and explanations call it.")
    reason = Attribute("Why it drops a pod, for admins: ``not in the requested zone``.")

    def accepts(candidate: Candidate, request: PlacementRequest) -> bool:
        """
        True when the pod may take the request.
        """


class IPodWeigher(Interface):
    """
    Gives pods a number; larger is better. Pure.
    """

    name = Attribute("How the configuration and explanations call it.")

    def weigh(candidate: Candidate, request: PlacementRequest) -> float:
        """
        The raw weight, any finite number; the selection normalises over the candidates.
        """


class IScaledWeigher(IPodWeigher):
    """
    A weigher whose numbers say more than an order, so that they are not stretched over the whole of 0..1: a small difference
    between two pods then stays small.
    """

    scale = Attribute("``share`` or ``ratio``: see :func:`trio2o.scheduling.selection.normalised`.")


class IPolicy(Interface):
    """
    The rules of oslo.policy.
    """

    def authorize(rule: str, identity: Identity, target: Mapping[str, Any]) -> bool:
        """
        True when the rule lets this identity act on the target.
        """


class IStrategy(Interface):
    """
    A way of carrying operations out; the surface tables name one per operation.
    """

    async def carry_out(inbound: Inbound, context: RequestContext) -> Answer:
        """
        Take a matched request and give its answer.

        :raises GatewayError: what the client is to be told.
        """
