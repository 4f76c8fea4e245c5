"""
What becomes of resources that a pod has accepted: Nova and Cinder look for a host or a backend afterwards, and may find none.

It changes nothing of the create that met it, which has had its 202, and teaches about later ones (I13). It asks with the token of
whoever created, about one resource of a sort at a time. What it misses, as when the process ends, is learnt another time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from trio2o.errors import GatewayError, PodFailure
from trio2o.exchange import Inbound
from trio2o.model import Amounts, Kind, PlacementRequest, Pod, RequestContext
from trio2o.strategies.departures import Departures
from trio2o.strategies.experience import Experience
from trio2o.strategies.forwarding import Forwarder
from trio2o.surface.kinds import KINDS

_log = Logger()

#: Seconds from one look at a resource to the next; after the last one nobody looks any more.
_WAITS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)

#: How many are looked at at once; others are not.
_MOST = 200

#: The statuses of what is still being made.
_BEGUN = frozenset({"BUILD", "creating", "downloading"})
#: The statuses of what has found its place.
_THERE = frozenset({"ACTIVE", "available", "in-use"})
_FAILED = frozenset({"ERROR", "error"})

#: How the fault of a server begins for which Nova found no host (``NoValidHost``).
_NO_HOST = "No valid host was found"

#: Cinder tells a volume's owner of it by a message of the action "schedule allocate volume" and the detail "no backend
#: available" (Block Storage API v3, user messages); the microversion is that of their filters.
_NO_BACKEND = "_001_003"
_MESSAGES = "volume 3.5"

#: One at a time: pod, project, kind, and what is asked for.
_Sort = tuple[str, str, Kind, str, str | None, str | None, Amounts | None]


@define(kw_only=True, eq=False)
class Outcomes:
    """
    Looks after created servers and volumes, and nobody waits for it.
    """

    _forwarder: Forwarder
    _departures: Departures
    #: Told what became of them; ``None`` where nobody wants to know.
    _experience: Experience | None
    _clock: IReactorTime
    #: Seconds that a pod has to answer one question.
    _budget: float
    _watched: set[_Sort] = field(factory=set, init=False)

    def watch(
        self, request: PlacementRequest, pod: Pod, resource_id: str, inbound: Inbound, context: RequestContext
    ) -> None:
        """
        A pod has accepted to make this. Only what any host may take is of interest: whoever forces a host learns of that host.
        """
        known = self._experience
        if known is None or not known.exhausted_seconds or request.kind not in (Kind.SERVER, Kind.VOLUME):
            return
        sort = (
            pod.id,
            request.project_id,
            request.kind,
            request.pod_group,
            request.flavor,
            request.volume_type,
            request.needs,
        )
        if sort not in self._watched and len(self._watched) < _MOST:
            self._departures.begin(self._watch(known, sort, request, pod, resource_id, inbound, context))

    async def _watch(
        self,
        known: Experience,
        sort: _Sort,
        request: PlacementRequest,
        pod: Pod,
        resource_id: str,
        inbound: Inbound,
        context: RequestContext,
    ) -> None:
        self._watched.add(sort)
        try:
            for wait in _WAITS:
                await deferLater(self._clock, wait)
                try:
                    found_room = await self._found_room(request.kind, pod, resource_id, inbound, context)
                except (_NotYet, PodFailure, GatewayError):
                    continue
                if found_room is False:
                    _log.info("{pod} found no room for a {kind}", pod=pod.name, kind=request.kind.value)
                if found_room is not None:
                    known.came_to(request, pod, found_room=found_room)
                return
        finally:
            self._watched.discard(sort)

    async def _found_room(
        self, kind: Kind, pod: Pod, resource_id: str, inbound: Inbound, context: RequestContext
    ) -> bool | None:
        """
        Whether there was room for it; ``None`` where it says nothing of that.

        :raises _NotYet: while that is not decided.
        :raises PodFailure: if the pod does not answer.
        """
        facts = KINDS[kind]
        path = facts.path.replace("{id}", resource_id).replace("{project_id}", context.project_id)
        status, raw = await self._forwarder.ask(
            inbound, context, pod, facts.service, path.encode("ascii"), budget=self._budget
        )
        if status >= 500:
            raise _NotYet
        resource = _object(_object(raw).get(facts.single)) if status == 200 else {}
        state = resource.get("status")
        if state in _BEGUN:
            raise _NotYet
        if state in _THERE:
            return True
        if state not in _FAILED:
            return None
        if kind is Kind.SERVER:
            return False if str(_object(resource.get("fault")).get("message")).startswith(_NO_HOST) else None
        return await self._backend_found(pod, resource_id, inbound, context)

    async def _backend_found(
        self, pod: Pod, volume_id: str, inbound: Inbound, context: RequestContext
    ) -> bool | None:
        """
        False where Cinder tells of a volume in error that it found no backend for it.
        """
        path = f"/v3/{context.project_id}/messages?resource_uuid={volume_id}"
        status, raw = await self._forwarder.ask(
            inbound, context, pod, "volume", path.encode("ascii"), budget=self._budget, version=_MESSAGES
        )
        messages = _object(raw).get("messages") if status == 200 else None
        if messages == []:
            # the message is written after the status
            raise _NotYet
        for each in messages if isinstance(messages, list) else ():
            told = _object(each)
            if told.get("resource_uuid") == volume_id and str(told.get("event_id")).endswith(_NO_BACKEND):
                return False
        return None


class _NotYet(Exception):
    """
    Look again later.
    """


def _object(value: object) -> Mapping[str, Any]:
    if isinstance(value, bytes):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {}
    return value if isinstance(value, dict) else {}
