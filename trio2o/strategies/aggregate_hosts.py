"""
The hosts of aggregates: each is added and removed in its own pod.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import orjson
from attrs import define, evolve

from trio2o.errors import Conflict, GatewayError, PodFailure, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.merging.aggregates import Part, hosts_in, joined
from trio2o.model import Pod, RequestContext
from trio2o.rewriting.aggregates import ZONE
from trio2o.strategies.aggregate_parts import AggregateParts, Member
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.forwarding import Forwarder, told
from trio2o.strategies.pages import object_in

#: Nova's words.
_IN_ANOTHER = "One or more hosts already in availability zone(s) {zones}"
_BUSY = "One or more hosts contain instances in this zone"


@define(kw_only=True)
class AggregateHosts:
    """
    Finds the pod that has a host, and asks it.
    """

    _parts: AggregateParts
    _forwarder: Forwarder
    #: Seconds in which the pods have told which hosts they have.
    _budget: float

    async def changed(
        self, inbound: Inbound, context: RequestContext, members: Sequence[Member], body: bytes, action: str
    ) -> Answer:
        """
        Add or remove one host.

        :raises GatewayError: if the pod that has it, or may have it, does not answer; or the host is in another zone.
        """
        wanted = (object_in(body) or {}).get(action)
        host = wanted.get("host") if isinstance(wanted, dict) else None
        silent: list[PodFailure] = []
        holder: Pod | None = None
        if isinstance(host, str) and host:
            holder, silent = await self._holder(inbound, context, host)
        mine = [member for member in members if holder is not None and member.pod.id == holder.id]
        if holder is None and silent:
            raise told(silent[0])
        if holder is not None and members and not mine:
            if self._parts.is_mapped(inbound.ids["id"]):
                # the pod gets the aggregate by and by
                raise Unavailable(
                    "The service is not available at the moment. Please try again later.",
                    admin_detail=f"{holder.name} does not have the aggregate yet",
                    headers=[(b"Retry-After", b"10")],
                )
            mine = list(members)
        if not mine:
            mine = list(members[:1])
        if not mine:
            return await self._parts.of_nobody(inbound, context, body, holder)
        if action == "add_host" and holder is not None:
            await self._check_zone(inbound, context, mine[0])
        answer = await self._parts.send(inbound, context, mine[0], body)
        return await self.with_all(inbound, context, members, answer)

    async def with_all(
        self, inbound: Inbound, context: RequestContext, members: Sequence[Member], answer: Answer
    ) -> Answer:
        """
        The answer to a change, with the hosts that the aggregate has in all pods.
        """
        body = object_in(answer.body) if isinstance(answer.body, bytes) and answer.status == 200 else None
        shown = body.get("aggregate") if body is not None else None
        if body is None or not isinstance(shown, dict):
            return answer
        said = await self._parts.of(inbound, context, members)
        if not said.parts:
            return evolve(answer, missing=(*answer.missing, *said.missing))
        whole = joined(said.parts)
        body["aggregate"] = self._parts.known({**shown, "id": whole["id"], "hosts": whole["hosts"]})
        missing = {pod.id: pod for pod in (*answer.missing, *said.missing)}
        return evolve(answer, body=orjson.dumps(body), missing=tuple(missing.values()))

    async def images(
        self, inbound: Inbound, context: RequestContext, members: Sequence[Member], body: bytes
    ) -> Answer:
        """
        Have the hosts of an aggregate fetch images: in each pod that has some of them. One pod is asked first, so that what it
        refuses is asked of no other.

        :raises GatewayError: if a pod does not answer.
        """
        said = await self._parts.of(inbound, context, members)
        with_hosts = {part.pod.id for part in said.parts if hosts_in(part.shown)}
        asked = [member for member in members if member.pod.id in with_hosts] or list(members[:1])
        answer = await self._parts.send(inbound, context, asked[0], body)
        if answer.status >= 400:
            return answer
        others = await gathered(
            [self._parts.send(inbound, context, member, body) for member in asked[1:]], (GatewayError,)
        )
        for other in others:
            if isinstance(other, Exception):
                raise other
            if other.status >= 400:
                return other
        pods = tuple(member.pod.name for member in asked)
        return evolve(answer, pods=pods, missing=said.missing)

    async def keep_from(
        self, inbound: Inbound, context: RequestContext, parts: Sequence[Part], zone: str
    ) -> str:
        """
        Why an aggregate cannot be given a zone, in Nova's words; empty where it can. Each pod would say so of its own hosts, and
        those without hosts would have the new zone by then.

        :raises GatewayError: if a pod that has hosts of it does not answer.
        """
        pods = self._parts.pods()
        with_hosts = [part for part in parts if hosts_in(part.shown) and part.shown.get(ZONE) != zone]
        for part in with_hosts:
            if part.pod.az_name != zone and any(pod.az_name == zone for pod in pods):
                return _IN_ANOTHER.format(zones=[part.pod.az_name])
        for part in with_hosts:
            others = await self._other_zones(inbound, context, part, zone)
            if others:
                return _IN_ANOTHER.format(zones=others)
            for host in hosts_in(part.shown):
                if await self._has_servers(inbound, context, part.pod, host):
                    return _BUSY
        return ""

    async def _check_zone(self, inbound: Inbound, context: RequestContext, member: Member) -> None:
        """
        Refuse a host of a pod that is in another zone: pods are in their zones with all their hosts.

        :raises Conflict: then, in Nova's words.
        """
        said = await self._parts.of(inbound, context, [member])
        zone = said.parts[0].shown.get(ZONE) if said.parts else None
        if not context.is_admin or not zone or zone == member.pod.az_name:
            return
        if any(pod.az_name == zone for pod in self._parts.pods()):
            why = _IN_ANOTHER.format(zones=[member.pod.az_name])
            raise Conflict(f"Cannot add host to aggregate {inbound.ids['id']}. Reason: {why}.")

    async def _holder(
        self, inbound: Inbound, context: RequestContext, host: str
    ) -> tuple[Pod | None, list[PodFailure]]:
        """
        The first pod that has a compute host of this name, and what came of asking the others. Pods that do not tell this caller
        are left to refuse what is asked of them.
        """
        pods = self._parts.pods()
        target = f"/v2.1/os-services?binary=nova-compute&host={quote(host, safe='')}".encode("ascii")
        answers = await gathered(
            [
                self._forwarder.ask(inbound, context, pod, "compute", target, budget=self._budget)
                for pod in pods
            ],
            (PodFailure,),
        )
        silent = [said for said in answers if isinstance(said, PodFailure)]
        for pod, said in zip(pods, answers, strict=True):
            if isinstance(said, Exception):
                continue
            status, raw = said
            services = (object_in(raw) or {}).get("services") if status == 200 else None
            if isinstance(services, list) and any(
                isinstance(each, dict) and each.get("host") == host for each in services
            ):
                return pod, silent
            if status >= 500:
                silent.append(PodFailure(pod.name, f"it answered {status}", sent=True))
        return None, silent

    async def _other_zones(
        self, inbound: Inbound, context: RequestContext, part: Part, zone: str
    ) -> list[str]:
        """
        The zones in which an aggregate's hosts are by other aggregates of their pod.
        """
        said = await self._parts.every_of(inbound, context, part.pod)
        if said.failures:
            raise told(said.failures[0])
        hosts = set(hosts_in(part.shown))
        return [
            other.shown[ZONE]
            for other in said.parts
            if other.own != part.own
            and hosts.intersection(hosts_in(other.shown))
            and other.shown.get(ZONE) not in (None, zone)
        ]

    async def _has_servers(self, inbound: Inbound, context: RequestContext, pod: Pod, host: str) -> bool:
        target = f"/v2.1/servers?all_tenants=1&limit=1&host={quote(host, safe='')}".encode("ascii")
        try:
            status, raw = await self._forwarder.ask(
                inbound, context, pod, "compute", target, budget=self._budget
            )
        except PodFailure as failure:
            raise told(failure) from failure
        servers = (object_in(raw) or {}).get("servers") if status == 200 else None
        return isinstance(servers, list) and bool(servers)
