"""
The strategy ``ask``: what no route leads to belongs to the pod that does not say 404.

For things that are rarely asked for and whose ids say nothing of their pod: services, hypervisors and hosts by name or
uuid, console tokens, the network proxies of old microversions.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from attrs import define, evolve, frozen
from zope.interface import implementer

from trio2o.errors import NotFound, PodFailure, PodUnreachable, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IPodAnswer, IState, IStrategy
from trio2o.merging.integers import number_item, own_integer
from trio2o.merging.zones import is_pods_zone
from trio2o.model import Pod, PodState, RequestContext
from trio2o.rewriting.zones import pod_zone
from trio2o.strategies.concurrently import Shield, gathered
from trio2o.strategies.deadline import Deadline
from trio2o.strategies.forwarding import Forwarder, is_json, told
from trio2o.strategies.numbers import with_number
from trio2o.strategies.pages import object_in

_READS = frozenset({b"GET", b"HEAD"})


@frozen(kw_only=True)
class AskOptions:
    """
    How a pod is found for one operation, and what its answer holds: the options of its row by their names.
    """

    #: Nova's words where nobody has the number that stands for ``{id}``; empty where ids are never numbers.
    missing: str = ""
    #: The microversion from which on ids are uuids alone; ``None`` where they always are numbers.
    numbers_below: tuple[int, int] | None = None
    #: Where an answer holds numbers that each pod counts for itself: ``hypervisor.id``.
    integers: tuple[str, ...] = ()
    #: The key of the object in an answer whose field ``zone`` names a zone; empty for none.
    zone_of: str = ""
    #: The key of an object, in request and answer, whose ``availability_zone`` is to be translated; empty for none. Only
    #: pods of a top zone that it names are asked.
    zoned: str = ""
    #: The statuses by which a pod says that it does not have what is asked for.
    elsewhere: tuple[int, ...] = (404,)


@implementer(IStrategy)
@define(kw_only=True)
class AskStrategy:
    """
    Asks all pods at once where nothing can change, and one after the other where something may.
    """

    _forwarder: Forwarder
    _shield: Shield
    _state: IState
    #: Seconds in which the answer to a read is there.
    _budget: float
    #: The largest request body that is read, in bytes.
    _body_limit: int

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`.
        """
        if inbound.method in _READS:
            return await self._asked(inbound, context, b"")
        body = await inbound.body.read(self._body_limit)
        return await self._shield.run(self._asked(inbound, context, body))

    async def _asked(self, inbound: Inbound, context: RequestContext, body: bytes) -> Answer:
        options = AskOptions(**inbound.operation.options)
        pods = [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]
        sent = inbound
        number = _number(inbound) if options.missing and _has_numbers(inbound, options) else None
        if number is not None:
            serial, own = number
            mine = [pod for pod in pods if pod.serial == serial]
            if not mine:
                return await self._of_nobody(inbound, context, pods[:1], body, options)
            pods, sent = mine, with_number(inbound, "id", str(own))
        deadline = None
        if inbound.method in _READS:
            deadline = self._forwarder.deadline(self._budget)
            pod, answer = await self._read(sent, context, pods, options)
        else:
            zone = _zone_in(body, options.zoned) if options.zoned else None
            mine = [pod for pod in pods if pod.az_name == zone]
            pod, answer = await self._write(sent, context, mine or pods, options, body, zoned=bool(mine))
        if number is not None and answer.status == 404 and is_json(answer):
            # the pod would name its own number
            answer.discard()
            raise NotFound(options.missing.replace("{id}", inbound.ids["id"]))
        return await self._made_top(inbound, context, pod, answer, options, deadline)

    async def _of_nobody(
        self,
        inbound: Inbound,
        context: RequestContext,
        pods: Sequence[Pod],
        body: bytes,
        options: AskOptions,
    ) -> Answer:
        """
        A number that no pod has. Whether the caller may ask at all is still a pod's to say, of a number that it never has.

        :raises NotFound: if it may.
        """
        if not pods:
            raise _no_pods()
        pod = pods[0]
        try:
            answer = await self._forwarder.send(
                with_number(inbound, "id", "0"), context, pod, body=body or None, budget=self._budget
            )
        except PodFailure as failure:
            raise told(failure) from failure
        if answer.status == 404 and is_json(answer):
            answer.discard()
            raise NotFound(options.missing.replace("{id}", inbound.ids["id"]))
        return self._forwarder.answer(inbound, context, pod, answer)

    async def _read(
        self, inbound: Inbound, context: RequestContext, pods: Sequence[Pod], options: AskOptions
    ) -> tuple[Pod, IPodAnswer]:
        """
        The answer of the first pod that has it, else of the first.

        :raises GatewayError: if nobody has it and a pod is silent.
        """
        answers = await gathered(
            [self._forwarder.send(inbound, context, pod, body=None, budget=self._budget) for pod in pods],
            (PodFailure,),
            unwanted=lambda answer: answer.discard(),
        )
        said = [
            (pod, answer)
            for pod, answer in zip(pods, answers, strict=True)
            if not isinstance(answer, Exception)
        ]
        failures = [answer for answer in answers if isinstance(answer, PodFailure)]
        have = [(pod, answer) for pod, answer in said if not _is_elsewhere(answer, options)]
        # a refusal says less than what is there, and a pod's own trouble less than a refusal
        have.sort(key=lambda pair: pair[1].status // 100)
        chosen = have[0] if have else None
        if chosen is None and said and not failures:
            chosen = said[0]
        for _, answer in said:
            if chosen is None or answer is not chosen[1]:
                answer.discard()
        if chosen is None:
            raise told(failures[0]) if failures else _no_pods()
        return chosen

    async def _write(
        self,
        inbound: Inbound,
        context: RequestContext,
        pods: Sequence[Pod],
        options: AskOptions,
        body: bytes,
        *,
        zoned: bool,
    ) -> tuple[Pod, IPodAnswer]:
        """
        On to the next pod only where the one before has changed nothing: it said so, or was never reached.

        :raises GatewayError: if nobody has it and a pod was not reached, or a pod did not answer to the end.
        """
        first: tuple[Pod, IPodAnswer] | None = None
        unreached: PodFailure | None = None
        for pod in pods:
            sent = pod_zone(body, options.zoned, pod.pod_az_name) if zoned else body
            try:
                answer = await self._forwarder.send(inbound, context, pod, body=sent or None)
            except PodFailure as failure:
                if isinstance(failure, PodUnreachable) and not failure.sent:
                    unreached = unreached or failure
                    continue
                if first is not None:
                    first[1].discard()
                raise told(failure) from failure
            if not _is_elsewhere(answer, options):
                if first is not None:
                    first[1].discard()
                return pod, answer
            if first is None:
                first = pod, answer
            else:
                answer.discard()
        if unreached is not None:
            if first is not None:
                first[1].discard()
            raise told(unreached) from unreached
        if first is None:
            raise _no_pods()
        return first

    async def _made_top(
        self,
        inbound: Inbound,
        context: RequestContext,
        pod: Pod,
        answer: IPodAnswer,
        options: AskOptions,
        deadline: Deadline | None,
    ) -> Answer:
        """
        The answer for the client; one whose body has to be read is there by the deadline.

        :raises GatewayError: if it is cut short, too large or late.
        """
        if options.zoned:
            return await self._forwarder.whole_answer(inbound, context, pod, answer)
        if not (options.integers or options.zone_of) or answer.status != 200 or not is_json(answer):
            return self._forwarder.answer(inbound, context, pod, answer)
        raw = await self._forwarder.read(answer, deadline)
        whole = self._forwarder.finished(inbound, context, pod, answer, raw, zones=False)
        assert isinstance(whole.body, bytes)
        body = object_in(whole.body)
        if body is None:
            return whole
        number_item(body, options.integers, pod.serial)
        shown = body.get(options.zone_of)
        if (
            isinstance(shown, dict)
            and isinstance(shown.get("zone"), str)
            and is_pods_zone(shown["zone"], pod, self._forwarder.own_zones())
        ):
            shown["zone"] = pod.az_name
        return evolve(whole, body=orjson.dumps(body))


def _zone_in(body: bytes, key: str) -> str | None:
    """
    The zone that a request names, if it is well-formed.
    """
    named = (object_in(body) or {}).get(key)
    zone = named.get("availability_zone") if isinstance(named, dict) else None
    return zone if isinstance(zone, str) else None


def _is_elsewhere(answer: IPodAnswer, options: AskOptions) -> bool:
    return answer.status in options.elsewhere


def _has_numbers(inbound: Inbound, options: AskOptions) -> bool:
    return options.numbers_below is None or (inbound.microversion or (0, 0)) < options.numbers_below


def _number(inbound: Inbound) -> tuple[int, int] | None:
    """
    The pod and its own number that ``{id}`` stands for; ``(0, 0)`` for a number of no pod, ``None`` for no number.
    """
    text = inbound.ids["id"]
    if not (text.isascii() and text.isdecimal()):
        return None
    return own_integer(text) or (0, 0)


def _no_pods() -> Unavailable:
    return Unavailable(
        "The service is not available at the moment.",
        admin_detail="no pod is enabled",
        headers=[(b"Retry-After", b"10")],
    )
