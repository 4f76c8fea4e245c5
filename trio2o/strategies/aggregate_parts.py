"""
Where an aggregate is: the pods that have it, their own numbers, and what they show of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import orjson
from attrs import define, evolve, frozen

from trio2o.errors import GatewayError, NotFound, PodFailure, PodUnreachable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IPodClient, ISharedIds, IState
from trio2o.merging.aggregates import Part
from trio2o.merging.integers import own_integer, top_integer
from trio2o.model import Pod, PodState, RequestContext
from trio2o.rewriting.aggregates import aggregate_for_client, aggregate_shown
from trio2o.shared.aggregates import KIND, numbers
from trio2o.strategies.anywhere import preferred
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.forwarding import Forwarder, told
from trio2o.strategies.pages import object_in

_NUMBER = re.compile(r"-?[0-9]+")
#: Statuses that say something of the caller or of the question, and so hold for every pod.
OF_ALL = frozenset({400, 401, 403})


@frozen(kw_only=True)
class Member:
    """
    A pod that has an aggregate, and its own number of it.
    """

    pod: Pod
    own: int


@frozen(kw_only=True)
class Parts:
    """
    What the pods say of one aggregate, or of all.
    """

    parts: tuple[Part, ...] = ()
    #: A refusal that holds for all; ``None`` for none.
    refused: Answer | None = None
    missing: tuple[Pod, ...] = ()
    failures: tuple[PodFailure, ...] = ()


@define(kw_only=True)
class AggregateParts:
    """
    Asks pods about aggregates, with the caller's own token.
    """

    _forwarder: Forwarder
    _state: IState
    _pods: IPodClient
    _ids: ISharedIds
    #: Seconds in which pods have shown what they have.
    _budget: float
    #: Seconds that a pod has for a change, where its own settings say nothing else.
    _answer_budget: float

    def pods(self) -> list[Pod]:
        """
        The pods that are asked, by serial.
        """
        usable = [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]
        return sorted(usable, key=lambda pod: pod.serial)

    def members(self, top_id: str) -> list[Member]:
        """
        The pods that have what users know by this number; none for a number that nobody has.
        """
        if not _NUMBER.fullmatch(top_id):
            return []
        pods = self.pods()
        copies = self._ids.copies(KIND, top_id)
        known = [pod for pod in pods if pod.id in copies and copies[pod.id].pod_ref]
        if known or copies:
            return [Member(pod=pod, own=int(copies[pod.id].pod_ref)) for pod in known]
        serial, own = own_integer(top_id) or (0, 0)
        # a pod's own number means nothing where another one stands for it
        return [
            Member(pod=pod, own=own)
            for pod in pods
            if pod.serial == serial and self._ids.of(pod.id).top(KIND, str(own)) is None
        ]

    def is_mapped(self, top_id: str) -> bool:
        """
        True where it is written down which pods have what users know by this number.
        """
        return bool(self._ids.copies(KIND, top_id))

    def known(self, shown: dict[str, Any]) -> dict[str, Any]:
        """
        A joined aggregate with the uuid that users know, whichever pods have answered.
        """
        resource = self._ids.resource(KIND, str(shown.get("id")))
        kept = None if resource is None else resource.document.get("uuid")
        return {**shown, "uuid": kept} if kept and "uuid" in shown else shown

    def told(self, answer: Answer) -> Answer:
        """
        One pod's answer, with what users call numbers and zones; it may have some of that already.
        """
        pod = next((pod for pod in self.pods() if answer.pods[:1] == (pod.name,)), None)
        if pod is None or not isinstance(answer.body, bytes):
            return answer
        return evolve(answer, body=aggregate_for_client(answer.body, pod, numbers(self._ids.of(pod.id), pod)))

    async def whole(self, answer: Answer) -> Answer:
        """
        An answer whose body is here.

        :raises GatewayError: if it is cut short.
        """
        if isinstance(answer.body, bytes):
            return answer
        return evolve(answer, body=await self._forwarder.read(answer.body), transform=None)

    async def every(self, inbound: Inbound, context: RequestContext) -> Parts:
        """
        All aggregates of all pods, as the client asks for them.
        """
        return await self._all(inbound, context, self.pods(), None)

    async def every_of(self, inbound: Inbound, context: RequestContext, pod: Pod) -> Parts:
        """
        All aggregates of one pod.
        """
        asked = evolve(inbound, headers=_without_version(inbound))
        return await self._all(asked, context, [pod], self._root(inbound))

    async def _all(
        self, inbound: Inbound, context: RequestContext, pods: Sequence[Pod], target: bytes | None
    ) -> Parts:
        deadline = self._forwarder.deadline(self._budget)
        answers = await gathered(
            [
                self._forwarder.whole(
                    inbound, context, pod, deadline, method=b"GET", target=target, body=None
                )
                for pod in pods
            ],
            (PodFailure, GatewayError),
        )
        return self._sorted(pods, answers, "aggregates")

    async def of(
        self, inbound: Inbound, context: RequestContext, members: Sequence[Member], *, as_asked: bool = False
    ) -> Parts:
        """
        What some pods show of one aggregate.

        :param as_asked: with the client's microversion; a question of our own does without.
        """
        deadline = self._forwarder.deadline(self._budget)
        headers = inbound.headers if as_asked else _without_version(inbound)
        asked = evolve(inbound, headers=headers)
        answers = await gathered(
            [
                self._forwarder.whole(
                    asked,
                    context,
                    member.pod,
                    deadline,
                    method=b"GET",
                    target=self._root(inbound) + b"/" + str(member.own).encode("ascii"),
                    body=None,
                )
                for member in members
            ],
            (PodFailure, GatewayError),
        )
        return self._sorted([member.pod for member in members], answers, "aggregate")

    async def send(self, inbound: Inbound, context: RequestContext, member: Member, body: bytes) -> Answer:
        """
        Send a client's request to one pod with that pod's number; the answer is the top's.

        :raises GatewayError: if there is none.
        """
        target = self._target(inbound, str(member.own))
        return await self._sent(inbound, context, member.pod, target, body)

    async def of_nobody(
        self, inbound: Inbound, context: RequestContext, body: bytes, pod: Pod | None = None
    ) -> Answer:
        """
        What is said of a number that no pod has, or of what is none: whether the caller may ask at all, and what of it is
        malformed, is a pod's to say.

        :param pod: which one's; ``None`` for any.
        :raises NotFound: if the caller may.
        """
        wanted = inbound.ids["id"]
        pods = preferred(self._state, self._pods, context) if pod is None else [pod]
        if not pods:
            raise told(PodUnreachable("every pod", "none is enabled", sent=False))
        is_number = _NUMBER.fullmatch(wanted) is not None
        answer = await self._sent(
            inbound, context, pods[0], self._target(inbound, "0" if is_number else wanted), body
        )
        if not is_number or answer.status != 404:
            return answer
        assert isinstance(answer.body, bytes)
        fault = (object_in(answer.body) or {}).get("itemNotFound")
        words = fault.get("message") if isinstance(fault, dict) else None
        if not isinstance(words, str):
            return answer
        raise NotFound(re.sub(r"(?<=ggregate )0\b", wanted, words))

    async def _sent(
        self, inbound: Inbound, context: RequestContext, pod: Pod, target: bytes, body: bytes
    ) -> Answer:
        deadline = self._forwarder.deadline(pod.settings.answer_timeout or self._answer_budget)
        try:
            answer = await self._forwarder.whole(
                inbound, context, pod, deadline, target=target, body=body or None
            )
        except PodFailure as failure:
            raise told(failure) from failure
        assert isinstance(answer.body, bytes)
        top = numbers(self._ids.of(pod.id), pod)
        return evolve(answer, body=aggregate_for_client(answer.body, pod, top))

    def _sorted(self, pods: Sequence[Pod], answers: Sequence[Answer | Exception], key: str) -> Parts:
        parts: list[Part] = []
        missing: list[Pod] = []
        failures: list[PodFailure] = []
        for pod, said in zip(pods, answers, strict=True):
            if isinstance(said, Answer) and said.status in OF_ALL:
                return Parts(refused=said)
            if isinstance(said, Answer) and said.status == 404 and key == "aggregate":
                continue
            found = self._read(pod, said, key) if isinstance(said, Answer) and said.status == 200 else None
            if found is None:
                failure = said if isinstance(said, PodFailure) else None
                failures.append(failure or PodFailure(pod.name, "no usable answer", sent=True))
                missing.append(pod)
            else:
                parts += found
        return Parts(parts=tuple(parts), missing=tuple(missing), failures=tuple(failures))

    def _read(self, pod: Pod, said: Answer, key: str) -> list[Part] | None:
        """
        The aggregates of an answer; ``None`` where it is another.
        """
        shown = (object_in(said.body) or {}).get(key) if isinstance(said.body, bytes) else None
        top = numbers(self._ids.of(pod.id), pod)
        parts = []
        for item in shown if isinstance(shown, list) else [shown]:
            own = item.get("id") if isinstance(item, dict) else None
            if not isinstance(item, dict) or not isinstance(own, int) or isinstance(own, bool):
                return None
            aggregate_shown(item, pod, top)
            parts.append(Part(pod=pod, own=own, shown=item))
        return parts

    def _root(self, inbound: Inbound) -> bytes:
        """
        The path of all aggregates, as the client began it.
        """
        head, slash, _ = inbound.path.partition(b"/os-aggregates")
        return head + slash

    def _target(self, inbound: Inbound, number: str) -> bytes:
        """
        The client's path and query with another number in it.
        """
        root = self._root(inbound)
        below = inbound.path[len(root) + 1 :].partition(b"/")[2]
        path = root + b"/" + quote(number, safe="").encode("ascii") + (b"/" + below if below else b"")
        return path if inbound.query is None else path + b"?" + inbound.query


def answered(body: Any, said: Parts, pods: Sequence[Pod]) -> Answer:
    """
    An answer that is made of what several pods say.
    """
    return Answer(
        status=200,
        headers=[(b"Content-Type", b"application/json")],
        body=orjson.dumps(body),
        missing=said.missing,
        pods=tuple(pod.name for pod in pods),
    )


def is_pods_own(top_id: str, pod: Pod) -> bool:
    """
    True for the number of the aggregate that stands for a pod.
    """
    return top_id == str(top_integer(pod.serial, 0))


def _without_version(inbound: Inbound) -> list[tuple[bytes, bytes]]:
    named = (b"openstack-api-version", b"x-openstack-nova-api-version", b"content-type", b"content-length")
    return [pair for pair in inbound.headers if pair[0].lower() not in named]
