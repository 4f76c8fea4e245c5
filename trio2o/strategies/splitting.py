"""
The strategy ``split``: events for servers of several pods, in one request (``os-server-external-events``).

A pod acts on the events of its own servers alone and says 404 of the others one by one. So every pod that may have one of
the servers gets the client's body as it is: the body is judged as a whole, by each of them in the same way, and nothing
is found out beforehand with rights that the caller need not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from attrs import define, evolve
from zope.interface import implementer

from trio2o.errors import GatewayError, PodFailure, PodUnreachable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IState, IStrategy
from trio2o.model import Kind, Pod, PodState, RequestContext
from trio2o.strategies.concurrently import Shield, gathered
from trio2o.strategies.forwarding import Forwarder, told
from trio2o.strategies.locating import Locator
from trio2o.strategies.pages import object_in

_NOT_FOUND, _MULTI_STATUS = 404, 207
#: What an event gets that only a silent pod may know: trying again may help.
_SILENT = 503


@implementer(IStrategy)
@define(kw_only=True)
class SplitStrategy:
    """
    Sends to each pod what is its own, and joins what they say of each event.
    """

    _forwarder: Forwarder
    _shield: Shield
    _locator: Locator
    _state: IState
    #: Seconds in which the whole answer is there.
    _budget: float
    #: The largest request body that is read, in bytes.
    _body_limit: int

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`.
        """
        raw = await inbound.body.read(self._body_limit)
        return await self._shield.run(self._sent(inbound, context, raw))

    async def _sent(self, inbound: Inbound, context: RequestContext, raw: bytes) -> Answer:
        pods = self._concerned(_servers(raw))

        deadline = self._forwarder.deadline(self._budget)
        answers = await gathered(
            [self._forwarder.whole(inbound, context, pod, deadline, body=raw) for pod in pods],
            (PodFailure, GatewayError),
        )
        given = [answer for answer in answers if isinstance(answer, Answer)]
        missing = [pod for pod, answer in zip(pods, answers, strict=True) if not isinstance(answer, Answer)]
        parts = [events for events in map(_events, given) if events is not None]
        refused = [answer for answer in given if _events(answer) is None]
        # releases before 2023 say 404 of the whole where they know none of the servers
        told_off = [answer for answer in refused if answer.status != _NOT_FOUND]
        if told_off and not parts:
            return told_off[0]
        missing += [pod for pod in pods if any(pod.name in answer.pods for answer in told_off)]
        if not parts:
            if refused and not missing:
                return refused[0]
            failure = next((answer for answer in answers if isinstance(answer, PodFailure)), None)
            raise told(failure or PodUnreachable("every pod", "none is enabled", sent=False))
        first = next(answer for answer in given if _events(answer) is not None)
        events = [joined(said, silent=bool(missing)) for said in zip(*parts, strict=False)]
        accepted = all(event.get("code") == 200 for event in events)
        return evolve(
            first,
            status=200 if accepted else _MULTI_STATUS,
            body=orjson.dumps({"events": events}),
            missing=tuple(missing),
            pods=tuple(pod.name for pod in pods),
            passed_on=False,
        )

    def _concerned(self, servers: Sequence[str]) -> list[Pod]:
        """
        The pods of these servers; every pod where the pod of one is not known.
        """
        everybody = [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]
        known = [self._locator.at_hand(Kind.SERVER, server) for server in servers]
        if not servers or None in known:
            return everybody
        ids = {pod.id for pod in known if pod is not None}
        return [pod for pod in everybody if pod.id in ids]


def joined(said: Sequence[dict[str, Any]], *, silent: bool) -> dict[str, Any]:
    """
    What the pods have said of one event: that of the pod that knows its server.

    :param silent: whether a pod said nothing, which may know the server.
    """
    for event in said:
        if event.get("code") != _NOT_FOUND:
            return event
    return {**said[0], "code": _SILENT} if silent else said[0]


def _servers(raw: bytes) -> list[str]:
    """
    The servers that a body names, as far as it is well-formed.
    """
    try:
        events = orjson.loads(raw)["events"]
        return [str(event["server_uuid"]) for event in events]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return []


def _events(answer: Answer) -> list[dict[str, Any]] | None:
    """
    The events in a pod's answer; ``None`` where it has none.
    """
    if answer.status not in (200, _MULTI_STATUS) or not isinstance(answer.body, bytes):
        return None
    events = (object_in(answer.body) or {}).get("events")
    usable = isinstance(events, list) and all(isinstance(event, dict) for event in events)
    return events if usable else None
