"""
The strategy ``aggregates``: host aggregates over all pods.

Name, metadata and zone are written to every pod, by the strategy ``replicate``. A host is added and removed in the pod that has
it, and an aggregate is shown with the hosts of all. What zones are called: :mod:`trio2o.rewriting.aggregates`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from attrs import define, evolve
from zope.interface import implementer

from trio2o.errors import BadRequest, Conflict, NotFound, PodFailure, PodUnreachable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IStrategy
from trio2o.merging.aggregates import all_joined, hosts_of, joined, of_pod, pod_aggregate_name
from trio2o.merging.integers import SPAN, top_integer
from trio2o.model import Pod, RequestContext
from trio2o.rewriting.aggregates import zone_asked
from trio2o.strategies.aggregate_hosts import AggregateHosts
from trio2o.strategies.aggregate_parts import AggregateParts, Member, Parts, answered, is_pods_own
from trio2o.strategies.concurrently import Shield
from trio2o.strategies.forwarding import told
from trio2o.strategies.pages import object_in
from trio2o.strategies.read_body import ReadBody

_READS = frozenset({b"GET", b"HEAD"})
_WITH_UUID = (2, 41)
_HOST_ACTIONS = ("add_host", "remove_host")

#: Why nothing can be changed of an aggregate that stands for a pod.
_FIXED = "It stands for a part of the cloud"
#: Nova's words for what it does not do to an aggregate.
_REFUSED = {
    "PUT": "Cannot update aggregate {id}. Reason: {why}.",
    "DELETE": "Cannot remove host from aggregate {id}. Reason: {why}.",
    "set_metadata": "Cannot update metadata of aggregate {id}. Reason: {why}.",
    "add_host": "Cannot add host to aggregate {id}. Reason: {why}.",
    "remove_host": "Cannot remove host {host} in aggregate {id}",
}


@implementer(IStrategy)
@define(kw_only=True)
class AggregatesStrategy:
    """
    Lists, shows and changes aggregates.
    """

    _parts: AggregateParts
    _hosts: AggregateHosts
    #: What writes to every pod.
    _replicate: IStrategy
    _shield: Shield
    #: The largest request body that is read, in bytes.
    _body_limit: int

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`. Once the body is read, a change runs to its end whoever still listens.
        """
        if inbound.method in _READS:
            if "id" in inbound.ids:
                return await self._shown(inbound, context)
            return await self._listed(inbound, context)
        body = await inbound.body.read(self._body_limit)
        return await self._shield.run(self._changed(inbound, context, body))

    async def _listed(self, inbound: Inbound, context: RequestContext) -> Answer:
        said = await self._parts.every(inbound, context)
        if said.refused is not None:
            return said.refused
        pods = self._parts.pods()
        if len(said.missing) == len(pods):
            raise told(said.failures[0] if said.failures else _no_pods())
        items = [self._parts.known(item) for item in all_joined(said.parts)]
        taken = {item.get("name") for item in items}
        items += [
            self._of_pod(inbound, pod)
            for pod in pods
            if not pod.is_top and pod_aggregate_name(pod) not in taken
        ]
        items.sort(key=lambda item: int(item["id"]))
        return answered({"aggregates": items}, said, pods)

    async def _shown(self, inbound: Inbound, context: RequestContext) -> Answer:
        top_id = inbound.ids["id"]
        members = self._parts.members(top_id)
        if not members:
            try:
                return await self._parts.of_nobody(inbound, context, b"")
            except NotFound:
                pod = self._stands_for(top_id)
                if pod is None:
                    raise
            return answered({"aggregate": self._of_pod(inbound, pod)}, Parts(), ())
        said = await self._parts.of(inbound, context, members, as_asked=True)
        if said.refused is not None:
            return said.refused
        if not said.parts:
            if said.failures:
                raise told(said.failures[0])
            raise NotFound(f"Aggregate {top_id} could not be found.")
        shown = self._parts.known(joined(said.parts))
        return answered({"aggregate": shown}, said, [member.pod for member in members])

    async def _changed(self, inbound: Inbound, context: RequestContext, body: bytes) -> Answer:
        top_id = inbound.ids.get("id")
        if top_id is None:
            return await self._created(inbound, context, body)
        action = _action(inbound, body)
        pod = self._stands_for(top_id)
        if pod is not None and context.is_admin:
            raise _fixed(top_id, action, body)
        members = self._parts.members(top_id)
        if action in _HOST_ACTIONS:
            return await self._hosts.changed(inbound, context, members, body, action)
        if not members:
            return await self._parts.of_nobody(inbound, context, body)
        if action == "images":
            return await self._hosts.images(inbound, context, members, body)
        if action == "DELETE":
            await self._check_empty(inbound, context, members)
        elif action in ("PUT", "set_metadata"):
            await self._check_zone(inbound, context, members, body, action)
        else:
            # there is no such action: the pod's to refuse
            return await self._parts.send(inbound, context, members[0], body)
        return await self._written(inbound, context, members, body)

    async def _created(self, inbound: Inbound, context: RequestContext, body: bytes) -> Answer:
        wanted = (object_in(body) or {}).get("aggregate")
        name = wanted.get("name") if isinstance(wanted, dict) else None
        if context.is_admin:
            self._check_zone_name(zone_asked(body))
            if any(name == pod_aggregate_name(pod) for pod in self._parts.pods()):
                raise Conflict(f"Aggregate {name} already exists.")
        return await self._numbered(await self._replicate.carry_out(_with(inbound, body), context))

    async def _written(
        self, inbound: Inbound, context: RequestContext, members: Sequence[Member], body: bytes
    ) -> Answer:
        """
        Write to all pods; one that none but its own pod is known to have, there alone. It is shown with all its hosts.
        """
        if self._parts.is_mapped(inbound.ids["id"]):
            answer = self._parts.told(await self._replicate.carry_out(_with(inbound, body), context))
        else:
            answer = await self._parts.send(inbound, context, members[0], body)
        return await self._hosts.with_all(inbound, context, members, answer)

    async def _check_empty(
        self, inbound: Inbound, context: RequestContext, members: Sequence[Member]
    ) -> None:
        """
        Refuse to delete what has hosts in any pod, before it is deleted in those where it has none.

        :raises BadRequest: then, in Nova's words.
        :raises GatewayError: if a pod that has it does not tell.
        """
        said = await self._parts.of(inbound, context, members)
        if hosts_of(said.parts):
            raise BadRequest(
                _REFUSED["DELETE"].format(id=inbound.ids["id"], why="Host aggregate is not empty")
            )
        _check_all_told(said)

    async def _check_zone(
        self,
        inbound: Inbound,
        context: RequestContext,
        members: Sequence[Member],
        body: bytes,
        action: str,
    ) -> None:
        """
        Refuse a zone that an aggregate cannot have with the hosts that it has in any pod.

        :raises BadRequest: then, in Nova's words.
        :raises GatewayError: if a pod that has it does not tell.
        """
        zone = zone_asked(body)
        if not zone or not context.is_admin:
            return
        self._check_zone_name(zone)
        said = await self._parts.of(inbound, context, members)
        why = await self._hosts.keep_from(inbound, context, said.parts, zone)
        if why:
            raise BadRequest(_REFUSED[action].format(id=inbound.ids["id"], why=why))
        _check_all_told(said)

    def _check_zone_name(self, zone: str | None) -> None:
        """
        Refuse the name by which a pod calls its own zone, and users none: hosts in it would be in another one for users.

        :raises BadRequest: then, in Nova's words for a zone that is none.
        """
        pods = self._parts.pods()
        if zone and all(pod.az_name != zone for pod in pods) and any(pod.pod_az_name == zone for pod in pods):
            raise BadRequest("The requested availability zone is not available")

    def _stands_for(self, top_id: str) -> Pod | None:
        """
        The pod that an aggregate of this number stands for.
        """
        return next((pod for pod in self._parts.pods() if is_pods_own(top_id, pod)), None)

    def _of_pod(self, inbound: Inbound, pod: Pod) -> dict[str, Any]:
        return of_pod(pod, with_uuid=(inbound.microversion or (0, 0)) >= _WITH_UUID)

    async def _numbered(self, answer: Answer) -> Answer:
        """
        The answer to a create with the number that users know: a create that was sent to one pod alone has that pod's own.

        :raises GatewayError: if the answer is cut short.
        """
        if answer.status != 200:
            return answer
        answer = await self._parts.whole(answer)
        assert isinstance(answer.body, bytes)
        body = object_in(answer.body) or {}
        shown = body.get("aggregate")
        number = shown.get("id") if isinstance(shown, dict) else None
        pod = next((pod for pod in self._parts.pods() if answer.pods[:1] == (pod.name,)), None)
        if not isinstance(number, int) or number >= SPAN or pod is None:
            return answer
        assert isinstance(shown, dict)
        shown["id"] = top_integer(pod.serial, number)
        return evolve(answer, body=orjson.dumps(body))


def _check_all_told(said: Parts) -> None:
    """
    Refuse what depends on the hosts of all pods while one of them does not tell its own. A job could not finish it there when
    the pod is back: Nova refuses it, and to take the hosts out of the aggregate is nobody's wish.

    :raises GatewayError: then.
    """
    if said.refused is None and said.failures:
        raise told(said.failures[0])


def _action(inbound: Inbound, body: bytes) -> str:
    """
    What is to be done: the method, or the action's name; empty for a malformed action.
    """
    if inbound.method != b"POST":
        return inbound.method.decode("ascii")
    if inbound.operation.path.endswith("/images"):
        return "images"
    actions = object_in(body) or {}
    return next(iter(actions)) if len(actions) == 1 else ""


def _fixed(top_id: str, action: str, body: bytes) -> BadRequest | Conflict | NotFound:
    """
    The refusal to change an aggregate that stands for a pod.
    """
    if action == "remove_host":
        wanted = (object_in(body) or {}).get(action)
        host = wanted.get("host") if isinstance(wanted, dict) else ""
        return NotFound(_REFUSED[action].format(id=top_id, host=host))
    words = _REFUSED.get(action, _REFUSED["PUT"]).format(id=top_id, why=_FIXED)
    return Conflict(words) if action == "add_host" else BadRequest(words)


def _with(inbound: Inbound, body: bytes) -> Inbound:
    return evolve(inbound, body=ReadBody(body))


def _no_pods() -> PodFailure:
    return PodUnreachable("every pod", "none is enabled", sent=False)
