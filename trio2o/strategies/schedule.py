"""
The strategy ``schedule``: a create goes to the pod that its references or the scheduler choose, and its route is recorded.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from attrs import define, evolve
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from trio2o.errors import BadRequest, PodFailure, PodUnreachable, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.intents import idempotency_key
from trio2o.interfaces import IPodAnswer, IStrategy
from trio2o.model import Amounts, Kind, PlacementRequest, Pod, RequestContext, Route
from trio2o.rewriting.zones import pod_zone
from trio2o.scheduling.asked import Offered, placement_request
from trio2o.scheduling.explaining import explained
from trio2o.scheduling.refusals import Refused503, refusal
from trio2o.strategies.belongings import Belongings, makes_volumes
from trio2o.strategies.concurrently import Shield
from trio2o.strategies.counting import Counting
from trio2o.strategies.forwarding import Forwarder, told
from trio2o.strategies.keyed import KeyedCreates
from trio2o.strategies.locating import Locator
from trio2o.strategies.outcomes import Outcomes
from trio2o.strategies.own_zones import OwnZones, asking
from trio2o.strategies.placing import Explains, Place, Placement
from trio2o.strategies.referring import pods_having
from trio2o.strategies.reserving import Hold
from trio2o.strategies.siblings import question, siblings
from trio2o.strategies.wanted import Wanted, parsed, request_key
from trio2o.surface.kinds import route_from_body
from trio2o.surface.surfaces import SURFACES

#: Seconds that choosing a pod may take. It waits for creates of the same project and for the database alone.
_PLACE_SECONDS = 15.0


@implementer(IStrategy)
@define(kw_only=True)
class ScheduleStrategy:
    """
    Places, sends, falls back where the pod surely did not accept (I13), and records.
    """

    _forwarder: Forwarder
    _shield: Shield
    _locator: Locator
    _placement: Placement
    _belongings: Belongings
    _keyed: KeyedCreates
    _outcomes: Outcomes
    _clock: IReactorTime
    #: The largest request body that is read, in bytes.
    _body_limit: int
    #: Seconds that a pod has for a create.
    _budget: float
    #: What is known of flavors and volume types.
    _offered: Offered
    #: What a server or volume counts for whose size is not known.
    _typical: Amounts
    _own_zones: OwnZones
    #: Seconds that pods have to tell in which of those they have hosts.
    _zone_budget: float
    #: What creates take of quotas; ``None`` where the pods alone look at them.
    _counting: Counting | None = None
    #: The taints that a create may say do not keep it away.
    _tolerable: frozenset[str] = frozenset()
    #: The 503s after which nothing was accepted.
    _refused_503: tuple[Refused503, ...] = ()

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`. Once the body is read, the create runs to its end whoever still listens.
        """
        key = idempotency_key(inbound.headers)
        wanted = parsed(await inbound.body.read(self._body_limit), inbound)
        if key is None:
            return await self._shield.run(self._create(inbound, context, wanted))
        return await self._shield.run(self._keyed.carry_out(key, inbound, context, wanted, self._create))

    async def _create(self, inbound: Inbound, context: RequestContext, wanted: Wanted) -> Answer:
        kind = inbound.operation.kind
        assert kind is not None, f"the table gives no kind for {inbound.operation.path}"
        zone = wanted.zone if wanted.zone in self._placement.zones() else None
        if zone is None and "any_zone" in inbound.operation.options:
            # what the service takes and fails at later
            wanted = evolve(wanted, zone=None)
        within = await pods_having(self._locator, inbound, context, wanted.references, zone)
        if kind is Kind.SERVER and wanted.zone in self._own_zones.names():
            within = await self._within_own(wanted.zone, within, inbound, context)
            # the pods call it the same
            wanted = evolve(wanted, zone=None)
        # what belongs to another resource binds nothing, though nobody may have that one; a token without a project has
        # nothing that could be bound. What they may make is the pod's to say.
        pinned = within is not None or "pinned" in inbound.operation.options or not context.project_id
        request = placement_request(
            kind,
            self._forwarder.named(wanted.resource),
            project_id=context.project_id,
            user_id=context.identity.user_id,
            zone=wanted.zone,
            within=within,
            tolerations=wanted.tolerated & self._tolerable,
            offered=self._offered,
            typical=self._typical,
        )
        words = inbound.operation.options.get("unknown_zone", SURFACES[context.surface].unknown_zone)
        hold, wanted = await self._held(inbound, context, wanted)
        try:
            place = await self._place(request, pinned=pinned, unknown_zone=words, explain=inbound.explain)
            place, answer, body = await self._try(inbound, context, wanted, place)
        except BaseException:
            if hold is not None:
                await hold.end()
            raise
        if hold is not None and not 200 <= answer.status < 300:
            await hold.end(answer.status)
        if place.failed and inbound.explain is not None:
            known = explained(place.request, place.ranking, place.bindings, pinned=True)
            inbound.explain(evolve(known, failed=place.failed))
        if 200 <= answer.status < 300 and inbound.operation.options.get("records", True):
            counted = None
            if hold is not None and self._counting is not None:
                # beside the route, which is waited for a second at most
                counted = Deferred.fromCoroutine(self._counting.made(hold, inbound, context, wanted, body))
            route = await self._record(inbound, context, wanted, place.pod, body, hold, counted)
            await self._placement.settle(place)
            if counted is not None:
                await counted
            if route is not None and wanted.any_host and not place.pinned:
                self._outcomes.watch(place.request, place.pod, route.resource_id, inbound, context)
        finished = self._forwarder.finished(inbound, context, place.pod, answer, body)
        if place.reasons and context.is_admin:
            header = (b"X-Trio2o-Refusals", "; ".join(place.reasons).encode("ascii", "replace"))
            finished = evolve(finished, headers=[*finished.headers, header])
        return finished

    async def _held(
        self, inbound: Inbound, context: RequestContext, wanted: Wanted
    ) -> tuple[Hold | None, Wanted]:
        """
        What the create takes of the project's quota, and what is to be sent, which tells the hold of each pod.
        """
        if self._counting is None:
            return None, wanted
        hold, wanted = await self._counting.hold(inbound, context, wanted)
        if hold is None:
            return None, wanted
        outer = wanted

        async def trying(pod: Pod) -> None:
            await outer.trying(pod)
            hold.trying(pod)

        def declined() -> None:
            outer.declined()
            hold.declined()

        return hold, evolve(wanted, trying=trying, declined=declined)

    async def _within_own(
        self, zone: str, within: frozenset[str] | None, inbound: Inbound, context: RequestContext
    ) -> frozenset[str]:
        """
        The ids of the pods that have hosts in a zone that is no pod's own, of those that have what the body names.

        :raises BadRequest: if there is none.
        :raises GatewayError: if a pod that may have some does not answer.
        """
        ask = asking(self._forwarder, inbound, context, self._zone_budget)
        pods = await self._own_zones.pods_with(zone, ask)
        pods = pods if within is None else pods & within
        if not pods:
            raise BadRequest(SURFACES[context.surface].unknown_zone.replace("{zone}", zone))
        return pods

    async def _place(
        self, request: PlacementRequest, *, pinned: bool, unknown_zone: str, explain: Explains | None
    ) -> Place:
        placing = Deferred.fromCoroutine(
            self._placement.place(request, pinned=pinned, unknown_zone=unknown_zone, explain=explain)
        )
        try:
            return await placing.addTimeout(_PLACE_SECONDS, self._clock)
        except TimeoutError as error:
            raise Unavailable(
                "New resources cannot be made at the moment. Please try again later.",
                admin_detail=f"no pod was chosen within {_PLACE_SECONDS:g} s: the database is slow",
                headers=[(b"Retry-After", b"5")],
            ) from error

    async def _try(
        self, inbound: Inbound, context: RequestContext, wanted: Wanted, place: Place
    ) -> tuple[Place, IPodAnswer, bytes]:
        """
        Send to the best pod, and to the next only where the one before surely did not accept. The place is given whose pod
        answered; its claim is settled by what became of the create.
        """
        refused: tuple[Place, IPodAnswer, bytes] | None = None
        unreached: PodFailure | None = None
        tried: Place | None = place
        while tried is not None:
            place = tried
            try:
                await wanted.trying(place.pod)
            except BaseException:
                place.claim.give_back()
                raise
            try:
                answer, body = await self._sent(inbound, context, wanted, place.pod)
            except PodFailure as failure:
                if not failure.sent:
                    wanted.declined()
                if not isinstance(failure, PodUnreachable) or failure.sent:
                    place.claim.keep()
                    raise told(failure) from failure
                place, unreached = self._placement.failed(place, failure), failure
            except BaseException:
                place.claim.keep()
                raise
            else:
                why = refusal(context.surface, answer.status, answer.headers, body, self._refused_503)
                if why is None:
                    if 400 <= answer.status < 500:
                        place.claim.give_back()
                    else:
                        # after a 500 it is not known what the pod has made
                        place.claim.keep()
                    return place, answer, body
                wanted.declined()
                place = self._placement.failed(place, why)
                refused = refused or (place, answer, body)
            tried = await self._placement.after(place)
        if refused is not None:
            first, answer, body = refused
            return evolve(first, failed=place.failed, reasons=place.reasons), answer, body
        assert unreached is not None, "a place has at least one pod"
        error = told(unreached)
        error.admin_detail = "; ".join(place.reasons)
        raise error from unreached

    async def _sent(
        self, inbound: Inbound, context: RequestContext, wanted: Wanted, pod: Pod
    ) -> tuple[IPodAnswer, bytes]:
        """
        One pod's answer to the create, with its body.

        :raises PodFailure: if there is none.
        :raises GatewayError: if it breaks off.
        """
        sent = wanted.raw
        if wanted.zone is not None:
            sent = pod_zone(wanted.raw, request_key(inbound), pod.pod_az_name)
        answer = await self._forwarder.send(inbound, context, pod, body=sent, budget=self._budget, fresh=True)
        return answer, await self._forwarder.read(answer)

    async def _record(
        self,
        inbound: Inbound,
        context: RequestContext,
        wanted: Wanted,
        pod: Pod,
        body: bytes,
        hold: Hold | None,
        counted: Deferred[None] | None,
    ) -> Route | None:
        """
        Write the route of what the pod has made, and give it. What cannot be read is found by asking the pods later (I7).
        """
        kind = inbound.operation.kind
        assert kind is not None
        try:
            made = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        resource = made.get(inbound.operation.single) if isinstance(made, dict) else None
        route = None
        if isinstance(resource, dict):
            route = route_from_body(kind, resource, pod.id, project_id=context.project_id)
        if route is not None:
            await self._locator.learn([self._detailed(route, context, wanted, pod)])
            self._follow(inbound, context, wanted, pod, [route])
        if kind is Kind.SERVER and question(wanted.resource, made) is not None:
            # nobody waits for it: until then the pods are asked for the others
            self._shield.run(self._learn_siblings(inbound, context, wanted, pod, made, hold, counted))
        return route

    async def _learn_siblings(
        self,
        inbound: Inbound,
        context: RequestContext,
        wanted: Wanted,
        pod: Pod,
        made: object,
        hold: Hold | None,
        counted: Deferred[None] | None,
    ) -> None:
        found = await siblings(self._forwarder, inbound, context, pod, wanted.resource, made)
        if not found:
            return
        routes = [route for route, _ in found]
        await self._locator.learn(routes)
        self._follow(inbound, context, wanted, pod, routes)
        if hold is not None and counted is not None and self._counting is not None:
            await counted
            sure = isinstance(made, dict) and "reservation_id" in made
            await self._counting.named(hold, wanted, [shown for _, shown in found], sure=sure)

    def _follow(
        self,
        inbound: Inbound,
        context: RequestContext,
        wanted: Wanted,
        pod: Pod,
        routes: Sequence[Route],
    ) -> None:
        """
        See to the volumes that a pod makes for servers.
        """
        if makes_volumes(wanted.resource):
            for route in routes:
                if route.kind is Kind.SERVER:
                    self._belongings.made(route.resource_id, pod, inbound, context)

    def _detailed(self, route: Route, context: RequestContext, wanted: Wanted, pod: Pod) -> Route:
        """
        The route with what a list shows of the resource while its pod is silent.
        """
        details = {
            "user_id": context.identity.user_id,
            "az": pod.az_name,
            "noted_at": int(self._clock.seconds()),
        }
        for name, key in (("flavor", "flavorRef"), ("image", "imageRef")):
            if isinstance(wanted.resource.get(key), str) and wanted.resource[key]:
                details[name] = {"id": wanted.resource[key]}
        return evolve(route, details={**details, **route.details})
