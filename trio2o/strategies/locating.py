"""
Finding the pod that has a resource: memory, database, and then the pods themselves (I7).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from trio2o.errors import (
    DatabaseUnavailable,
    Forbidden,
    GatewayError,
    NotFound,
    PodFailure,
    Unauthorized,
    Unavailable,
)
from trio2o.exchange import Inbound
from trio2o.interfaces import IRouteBook, IState
from trio2o.model import Kind, Pod, PodState, RequestContext, Route
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.forwarding import Forwarder
from trio2o.surface.kinds import KINDS, UNROUTED, canonical_id, route_from_body


@frozen(kw_only=True)
class Whereabouts:
    """
    What the pods said of one resource.
    """

    #: The pods that have it; several only for what may live in several pods at once.
    pods: tuple[Pod, ...]
    #: The pods that gave no usable answer.
    silent: tuple[Pod, ...]
    #: A pod said 401: the token ended.
    unauthorized: bool = False
    #: A pod said 403: it has the resource or not, and the caller may not look.
    forbidden: bool = False


@define(kw_only=True)
class Locator:
    """
    Answers "which pod has this?", and remembers both the answer and, briefly, that nobody has it.
    """

    _state: IState
    _routes: IRouteBook
    _forwarder: Forwarder
    _clock: IReactorTime
    #: Seconds that "nobody has it" is believed.
    _absent_seconds: float
    #: Seconds that a pod has to answer.
    _budget: float
    _absent_size: int = 10_000
    #: Told the kind and project of what is found to be gone, where memory knows it.
    _freed: Callable[[Kind, str], None] = lambda kind, project_id: None
    #: Told the kind, id and project of what is found to be gone; the project is empty where memory does not know it.
    _ended: Callable[[Kind, str, str], None] = lambda kind, resource_id, project_id: None
    #: Told where each look-up ended: ``memory``, ``database``, ``pods`` or ``nowhere``.
    _found: Callable[[str], None] = lambda source: None
    #: (kind, id) to (project, roles) to the end of the belief.
    _absent: dict[tuple[Kind, str], dict[tuple[str, frozenset[str]], float]] = field(factory=dict, init=False)

    def at_hand(self, kind: Kind, resource_id: str) -> Pod | None:
        """
        The pod, when memory knows the route: the hot path.
        """
        route = self._routes.remembered(kind, resource_id.lower())
        pod = None if route is None else self._state.pod(route.pod_id)
        if pod is not None:
            self._found("memory")
        return pod

    async def owner(
        self, kind: Kind, resource_id: str, inbound: Inbound, context: RequestContext
    ) -> tuple[Pod, Route]:
        """
        The pod and route of a resource, adopting it when only the pods knew (I7).

        :raises NotFound: if no pod has it for this caller.
        :raises Forbidden: if nobody shows it and a pod does not let the caller look.
        :raises Unavailable: if a pod that may have it is silent.
        """
        wanted = canonical_id(resource_id)
        if wanted is None:
            raise self.missing(kind, resource_id)
        source = "database" if self._routes.remembered(kind, wanted) is None else "memory"
        try:
            route = await self._routes.find(kind, wanted)
            if route is not None and self._state.pod(route.pod_id) is None:
                # memory may still have the route of a pod that was removed
                self._state.forget_route(kind, wanted)
                source, route = "database", await self._routes.find(kind, wanted)
        except DatabaseUnavailable:
            route = None
        pod = None if route is None else self._state.pod(route.pod_id)
        if route is not None and pod is not None:
            self._found(source)
            return pod, route
        # a stored route to a pod that is not known here names one that another process has just been told of
        return await self._adopt(kind, wanted, resource_id, inbound, context, everybody=route is None)

    async def whereabouts(
        self, kind: Kind, resource_id: str, inbound: Inbound, context: RequestContext
    ) -> Whereabouts:
        """
        The pods that have a resource which a body names; an unknown one is in no pod and is no error here.

        A route authorises nothing: of another project's resource the pods are asked, and mostly deny it.
        """
        wanted = canonical_id(resource_id)
        if wanted is None:
            return Whereabouts(pods=(), silent=())
        if kind not in UNROUTED:
            try:
                pod, route = await self.owner(kind, wanted, inbound, context)
            except (NotFound, Forbidden):
                return Whereabouts(pods=(), silent=())
            if context.owns(route.project_id):
                return Whereabouts(pods=(pod,), silent=())
        found, _ = await self._ask_all(kind, wanted, inbound, context)
        return found

    def learn(self, routes: Sequence[Route]) -> Deferred[None]:
        """
        Record what a pod has just made or shown. Never fails (I15).
        """
        for route in routes:
            self._absent.pop((route.kind, route.resource_id), None)
        return self._routes.record(routes)

    def gone(self, kind: Kind, resource_id: str) -> None:
        """
        Take over that the owner's pod no longer has a resource.
        """
        known = self._state.route(kind, resource_id.lower())
        if known is not None:
            self._freed(kind, known.project_id)
        self._ended(kind, resource_id.lower(), "" if known is None else known.project_id)
        self._routes.end(kind, resource_id.lower())

    @staticmethod
    def missing(kind: Kind, resource_id: str) -> NotFound:
        """
        The error that the kind's service gives for an id that it does not have.
        """
        return NotFound(KINDS[kind].missing.replace("{id}", resource_id))

    async def _adopt(
        self,
        kind: Kind,
        wanted: str,
        spelled: str,
        inbound: Inbound,
        context: RequestContext,
        *,
        everybody: bool,
    ) -> tuple[Pod, Route]:
        """
        Ask the pods, and keep what they say; ``everybody`` is false where a pod has it that cannot be asked.
        """
        asker = (context.project_id, context.identity.roles)
        if self._clock.seconds() < self._absent.get((kind, wanted), {}).get(asker, 0.0):
            raise self.missing(kind, spelled)
        found, bodies = await self._ask_all(kind, wanted, inbound, context)
        if found.pods:
            pod = found.pods[0]
            route = route_from_body(kind, bodies[pod.id], pod.id)
            assert route is not None, "what is shown has the id that was asked for"
            await self.learn([route])
            self._found("pods")
            return pod, route
        if found.unauthorized:
            raise Unauthorized("The request you have made requires authentication.")
        if found.silent or not everybody:
            names = ", ".join(pod.name for pod in found.silent) or "a pod that is not known yet"
            raise Unavailable(
                "The service is not available at the moment. Please try again later.",
                admin_detail=f"no answer from {names}",
                headers=[(b"Retry-After", b"10")],
            )
        if found.forbidden:
            raise Forbidden("You are not authorized to perform the requested action.")
        self._found("nowhere")
        while len(self._absent) >= self._absent_size:
            del self._absent[next(iter(self._absent))]
        self._absent.setdefault((kind, wanted), {})[asker] = self._clock.seconds() + self._absent_seconds
        raise self.missing(kind, spelled)

    async def _ask_all(
        self, kind: Kind, wanted: str, inbound: Inbound, context: RequestContext
    ) -> tuple[Whereabouts, dict[str, Any]]:
        facts = KINDS[kind]
        project = f"/{context.project_id}" if context.project_id else ""
        target = facts.path.replace("{id}", wanted).replace("/{project_id}", project).encode("ascii")
        pods = [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]

        async def ask(pod: Pod) -> tuple[int, bytes]:
            return await self._forwarder.ask(
                inbound, context, pod, facts.service, target, budget=self._budget, version=facts.version
            )

        bodies: dict[str, Any] = {}
        silent: list[Pod] = []
        unauthorized = forbidden = False
        for pod, answer in zip(
            pods, await gathered([ask(pod) for pod in pods], (PodFailure, GatewayError)), strict=True
        ):
            status, raw = (0, b"") if isinstance(answer, Exception) else answer
            shown = _shown(raw, facts.single, wanted) if status == 200 else None
            if shown is not None:
                bodies[pod.id] = shown
            elif status == 401:
                unauthorized = True
            elif status == 403:
                forbidden = True
            elif status not in facts.absent:
                silent.append(pod)
        have = tuple(pod for pod in pods if pod.id in bodies)
        told = Whereabouts(pods=have, silent=tuple(silent), unauthorized=unauthorized, forbidden=forbidden)
        return told, bodies


def _shown(raw: bytes, single: str, wanted: str) -> dict[str, Any] | None:
    """
    The resource in the body of a show; ``None`` when the body is not what it should be, or shows another one: no pod gets
    a route that nobody asked it about.
    """
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    shown = body.get(single) if isinstance(body, dict) else None
    return shown if isinstance(shown, dict) and str(shown.get("id")).lower() == wanted else None
