"""
The strategy ``route``: a request about a resource goes to the pod that has it.
"""

from __future__ import annotations

from typing import Any

import orjson
from attrs import define
from zope.interface import implementer

from trio2o.errors import BadRequest, DatabaseUnavailable, NotFound, PodFailure, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IPodAnswer, IPodClient, IRouteStore, IState, IStrategy
from trio2o.model import Kind, Pod, PodState, RequestContext
from trio2o.rewriting.zones import pod_zone, zone_in_words
from trio2o.strategies.anywhere import preferred
from trio2o.strategies.belongings import Belongings
from trio2o.strategies.concurrently import Shield
from trio2o.strategies.forwarding import STREAMED, Forwarder, is_json, told
from trio2o.strategies.locating import Locator
from trio2o.strategies.numbers import of_pod
from trio2o.strategies.unknown import leaves, marked, shown, shows_unknown
from trio2o.surface.kinds import KINDS, canonical_id, names_missing
from trio2o.surface.surfaces import SURFACES

_READS = frozenset({b"GET", b"HEAD"})
#: How many ids of one field are looked for; the pod looks at the others.
_MOST_MATES = 64

#: Actions whose body may carry a zone; everything else is streamed without being read.
_ZONED_ACTIONS = (b'"unshelve"',)

#: What an update names the zone by, from microversion 2.104 on.
_PINNED = "pinned_availability_zone"


@implementer(IStrategy)
@define(kw_only=True)
class RouteStrategy:
    """
    Forwards to the pod of the resource that ``{id}`` names.
    """

    _forwarder: Forwarder
    _shield: Shield
    _locator: Locator
    _state: IState
    _pods: IPodClient
    _belongings: Belongings
    #: Asked for the tombstones of what no pod shows any more.
    _routes: IRouteStore
    #: The largest request body that is read whole, in bytes.
    _body_limit: int

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`. A read ends with its client; whatever may change something runs to its end.
        """
        if inbound.method in _READS:
            return await self._forward(inbound, context)
        return await self._shield.run(self._forward(inbound, context))

    async def _forward(self, inbound: Inbound, context: RequestContext) -> Answer:
        operation = inbound.operation
        kind = operation.kind
        assert kind is not None, f"the table gives no kind for {operation.path}"
        resource_id = inbound.ids["id"]
        pod = self._locator.at_hand(kind, resource_id)
        if pod is None:
            try:
                pod, _ = await self._locator.owner(kind, resource_id, inbound, context)
            except NotFound as absent:
                return await self._of_nobody(inbound, context, absent)
        if pod.state is PodState.DISABLED:
            raise Unavailable(
                "The service is not available at the moment.", admin_detail=f"{pod.name} is disabled"
            )
        options = operation.options
        body: object = STREAMED
        if "mates" in options:
            body = await inbound.body.read(self._body_limit)
            await self._check_mates(inbound, context, pod, resource_id, body)
        elif "acts" in options:
            body = await self._action(inbound, pod)
        elif kind is Kind.SERVER and "itself" in options and inbound.method == b"PUT":
            body = await self._update(inbound, pod)
        sent = of_pod(inbound, options["number"], pod) if "number" in options else inbound
        try:
            answer = await self._forwarder.send(sent, context, pod, body=body)
        except PodFailure as failure:
            return self._silent(inbound, context, kind, resource_id, failure)
        # Nova has no HEAD, and what is not JSON comes from something in front of the service
        if "itself" in options and answer.status == 404 and inbound.method != b"HEAD" and is_json(answer):
            raw = await self._forwarder.read(answer)
            if names_missing(raw, resource_id):
                self._note_missing(kind, resource_id, context)
            return self._forwarder.finished(inbound, context, pod, answer, raw)
        if answer.status == 409 and isinstance(body, bytes) and is_json(answer):
            raw = zone_in_words(await self._forwarder.read(answer), pod.pod_az_name, pod.az_name)
            return self._forwarder.finished(inbound, context, pod, answer, raw)
        if kind is Kind.SERVER and 200 <= answer.status < 300:
            self._note_leaving(inbound, resource_id, body)
            self._follow(inbound, context, pod, resource_id.lower(), body)
        return await self._passed_on(inbound, context, pod, answer)

    async def _of_nobody(self, inbound: Inbound, context: RequestContext, absent: NotFound) -> Answer:
        """
        What one cloud says of a request about what it does not have.

        The services look at path, microversion and body before they look for the resource, and only a pod knows their
        words. So one of the pods that do not have it gets the request as it is, the one that had it first; it finds nothing
        that it could change.

        :raises NotFound: for a plain show, whose words are the same everywhere, and where no pod can be asked.
        """
        itself = "itself" in inbound.operation.options and inbound.method == b"GET" and not inbound.query
        # the services read the UTF-8 of other ids as Latin-1
        if itself and inbound.ids["id"].isascii():
            raise absent
        pod = await self._had(inbound) or next(iter(preferred(self._state, self._pods, context)), None)
        if pod is None:
            raise absent
        try:
            answer = await self._forwarder.send(inbound, context, pod)
        except PodFailure as failure:
            raise absent from failure
        return await self._passed_on(inbound, context, pod, answer)

    async def _had(self, inbound: Inbound) -> Pod | None:
        """
        The pod that had the resource, which may still tell of it: Nova shows what was done with a deleted server.
        """
        wanted = canonical_id(inbound.ids["id"])
        if wanted is None:
            return None
        try:
            routes = await self._routes.routes_of_id(wanted)
        except DatabaseUnavailable:
            return None
        pods = [self._state.pod(route.pod_id) for route in routes if route.kind is inbound.operation.kind]
        return next((pod for pod in pods if pod is not None and pod.state is not PodState.DISABLED), None)

    async def _passed_on(
        self, inbound: Inbound, context: RequestContext, pod: Pod, answer: IPodAnswer
    ) -> Answer:
        options = inbound.operation.options
        if "zones" in options and answer.status != 204 and inbound.method != b"HEAD":
            return await self._forwarder.whole_answer(inbound, context, pod, answer)
        return self._forwarder.answer(inbound, context, pod, answer)

    def _silent(
        self, inbound: Inbound, context: RequestContext, kind: Kind, resource_id: str, failure: PodFailure
    ) -> Answer:
        """
        The owner sees a server of a silent pod as UNKNOWN where Nova would show it so (I8).

        :raises GatewayError: everywhere else.
        """
        route = self._state.route(kind, resource_id.lower())
        asked = (
            "itself" in inbound.operation.options
            and inbound.method == b"GET"
            and shows_unknown(inbound, context)
        )
        if not asked or route is None or not context.owns(route.project_id):
            raise told(failure) from failure
        if leaves(route):
            raise self._locator.missing(kind, resource_id) from failure
        pod = self._state.pod(route.pod_id)
        return Answer(
            status=200,
            headers=[(b"Content-Type", b"application/json")],
            body=orjson.dumps(shown(route, inbound)),
            missing=() if pod is None else (pod,),
        )

    def _note_missing(self, kind: Kind, resource_id: str, context: RequestContext) -> None:
        """
        End the route when it was the owner who was told 404; a stranger's 404 says nothing (I7).
        """
        route = self._state.route(kind, resource_id.lower())
        if route is not None and context.owns(route.project_id):
            self._locator.gone(kind, resource_id)

    def _note_leaving(self, inbound: Inbound, resource_id: str, body: object) -> None:
        """
        Remember a delete that the pod has accepted, and its revocation: by any other action, above all ``restore``.
        """
        options = inbound.operation.options
        leaving = inbound.method == b"DELETE" and "itself" in options
        if not leaving and "acts" not in options:
            return
        if "acts" in options and isinstance(body, bytes):
            leaving = b'"forceDelete"' in body
        route = self._state.route(Kind.SERVER, resource_id.lower())
        if route is not None and leaves(route) is not leaving:
            self._locator.learn([marked(route, leaving=leaving)])

    def _follow(
        self, inbound: Inbound, context: RequestContext, pod: Pod, server_id: str, body: object
    ) -> None:
        """
        See to what the pod does beside at Cinder: what goes with a server, and of what an image is made.
        """
        options = inbound.operation.options
        acts = body if "acts" in options and isinstance(body, bytes) else b""
        if (inbound.method == b"DELETE" and "itself" in options) or b'"forceDelete"' in acts:
            self._belongings.deleted(server_id, pod, inbound, context)
        elif b'"createImage"' in acts:
            self._belongings.imaged(server_id, pod, inbound, context)

    async def _action(self, inbound: Inbound, pod: Pod) -> object:
        """
        The body of an action, with the zone that it names, if any, made the pod's own.

        One that is known to be larger than what is read is streamed: none of those that name zones is.

        :raises BodyTooLarge: if one turns out to be, whose length was not told.
        """
        if inbound.body.length is not None and inbound.body.length > self._body_limit:
            return STREAMED
        raw = await inbound.body.read(self._body_limit)
        if not any(word in raw for word in _ZONED_ACTIONS) or b"availability_zone" not in raw:
            return raw
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return raw
        wanted = body.get("unshelve") if isinstance(body, dict) else None
        zone = wanted.get("availability_zone") if isinstance(wanted, dict) else None
        if not isinstance(zone, str):
            return raw
        named = zone.split(":", 1)[0]
        if named in self._forwarder.own_zones():
            # the pod calls it the same, and says whether it has it
            return raw
        if named != pod.az_name:
            raise BadRequest(SURFACES["compute"].unknown_zone.replace("{zone}", zone))
        return pod_zone(raw, "unshelve", pod.pod_az_name)

    async def _update(self, inbound: Inbound, pod: Pod) -> object:
        """
        The body of a server's update, with the zone that the server is to be pinned to, if any, made the pod's own.

        Any other zone is left for Nova, which pins a server to the one that it is in.

        :raises BodyTooLarge: as :meth:`_action`.
        """
        if inbound.body.length is not None and inbound.body.length > self._body_limit:
            return STREAMED
        raw = await inbound.body.read(self._body_limit)
        if _PINNED.encode() not in raw or not pod.pod_az_name:
            return raw
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return raw
        server = body.get("server") if isinstance(body, dict) else None
        if not isinstance(server, dict) or server.get(_PINNED) != pod.az_name:
            return raw
        return pod_zone(raw, "server", pod.pod_az_name, _PINNED)

    async def _check_mates(
        self, inbound: Inbound, context: RequestContext, pod: Pod, resource_id: str, raw: object
    ) -> None:
        """
        Refuse to join a resource with one that only another pod has (I6). Where its own pod has not said, that one decides.
        """
        try:
            body: Any = orjson.loads(raw)  # type: ignore[arg-type]
        except orjson.JSONDecodeError:
            return
        kind = inbound.operation.kind
        assert kind is not None
        for key, name, mate_kind in inbound.operation.options["mates"]:
            part = body.get(key) if isinstance(body, dict) else None
            named = part.get(name) if isinstance(part, dict) else None
            # several ids of one field stand in one text
            for mate in named.split(",")[:_MOST_MATES] if isinstance(named, str) else ():
                found = await self._locator.whereabouts(mate_kind, mate, inbound, context)
                if found.pods and pod.id not in {other.id for other in (*found.pods, *found.silent)}:
                    raise BadRequest(
                        f"{KINDS[kind].noun.capitalize()} {resource_id} and {KINDS[mate_kind].noun} {mate} "
                        "are in different parts of the cloud and cannot be used together.",
                        admin_detail=f"{pod.name} and {', '.join(other.name for other in found.pods)}",
                    )
