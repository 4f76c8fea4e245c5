"""
Pods that take creates, or fail them in all the ways that pods have.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

import orjson
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from tests.unit.model.lives import Attempt, Create, End
from tests.unit.model.wire import UNDER_WAY, Lost, Wire
from tests.unit.strategies.case import an_id
from tests.unit.strategies.doubles import JSON, MemoryAnswer
from trio2o.errors import PodBroken, PodFailure, PodTimeout, PodUnreachable
from trio2o.exchange import PodCall
from trio2o.interfaces import IPodAnswer, IPodClient
from trio2o.model import NOTHING, Amounts, Kind, Pod, Stock, Usage
from trio2o.scheduling.refusals import Refused503


class Mood(enum.Enum):
    """
    What a pod does with creates.
    """

    ACCEPTS = "accepts"
    #: The project's quota there is used up.
    QUOTA = "quota"
    #: 503, after which nobody knows what was accepted.
    OVERLOADED = "overloaded"
    #: 503 of a proxy that is known to have accepted nothing.
    CLOSED = "closed"
    CONFLICT = "conflict"
    #: The connection ends before an answer.
    BREAKS = "breaks"
    #: The connection ends before an answer, to a create that was accepted.
    ACCEPTS_AND_BREAKS = "accepts and breaks"
    #: No answer, to a create that was accepted.
    ACCEPTS_SILENTLY = "accepts silently"


#: What tells the 503 after which nothing was accepted.
REFUSED_503 = Refused503(header=b"x-proxy", value=b"refused")

#: How much a pod has.
TOTAL = Amounts(vcpus=4.0, volume_gb=8.0)


@define(eq=False)
class ModelPod:
    """
    One cloud as it really is.
    """

    pod_id: str
    mood: Mood = Mood.ACCEPTS
    total: Amounts = TOTAL
    #: What others use, past this gateway.
    others: Amounts = NOTHING
    #: The ids of what was made to the create that it was made for.
    made: dict[str, Create] = field(factory=dict)

    def usage(self) -> Usage:
        """
        What it says of itself.
        """
        used = self.others
        for create in self.made.values():
            used = used.plus(create.needs)
        return Usage(
            vcpus=Stock(total=self.total.vcpus, used=used.vcpus),
            volume_gb=Stock(total=self.total.volume_gb, used=used.volume_gb),
        )


@define(eq=False)
class Clouds:
    """
    All pods as they really are.
    """

    pods: dict[str, ModelPod] = field(factory=dict)
    _made: int = 0

    def accept(self, pod_id: str, create: Create) -> str:
        """
        Make what a create asks for.
        """
        self._made += 1
        made = an_id(self._made)
        self.pods[pod_id].made[made] = create
        return made


@implementer(IPodClient)
@define(eq=False)
class WiredPodClient:
    """
    One process's way to the pods.
    """

    _wire: Wire
    _clouds: Clouds
    _clock: Clock
    #: Told of each create before it leaves the process, and once its pod has decided.
    _sending: Callable[[Create, Attempt], None]
    _arrived: Callable[[Create, Attempt], None]
    #: Pods whose breaker is open.
    sick: set[str] = field(factory=set)

    def healthy(self, pod_id: str, service: str | None = None) -> bool:
        return pod_id not in self.sick

    def unhealthy(self, service: str) -> frozenset[str]:
        """
        As the placement is told of them.
        """
        return frozenset(self.sick)

    def endpoint(self, pod: Pod, service: str) -> str | None:
        return f"http://{pod.name.lower()}.example/{service}"

    def call(self, pod: Pod, call: PodCall) -> Deferred[IPodAnswer]:
        create = UNDER_WAY.get()
        assert create is not None, "only creates ask pods"
        if call.method != b"POST":
            return Deferred.fromCoroutine(self._ask(pod, call))
        attempt = Attempt(pod.id)
        self._sending(create, attempt)
        create.attempts.append(attempt)
        answered: Deferred[IPodAnswer] = Deferred()
        overdue = PodTimeout(pod.name, "no answer in time", sent=True)

        def ended(answer: IPodAnswer | None, failure: PodFailure | None, how: End) -> None:
            if attempt.end is not None or not self._wire.alive:
                return
            attempt.end = how
            attempt.ended_at = self._clock.seconds()
            if timer.active():
                timer.cancel()
            if failure is not None:
                answered.errback(failure)
            elif answer is not None:
                answered.callback(answer)

        timer = self._clock.callLater(call.budget or 60.0, lambda: ended(None, overdue, End.AMBIGUOUS))
        Deferred.fromCoroutine(self._exchange(create, attempt, pod, ended))
        return answered

    async def _exchange(
        self,
        create: Create,
        attempt: Attempt,
        pod: Pod,
        ended: Callable[[IPodAnswer | None, PodFailure | None, End], None],
    ) -> None:
        """
        One create goes to one pod. It may arrive after nobody waits for it any more.
        """
        try:
            await self._wire.wait(f"connection to {pod.name}")
        except Lost:
            unreachable = PodUnreachable(pod.name, "connection refused", sent=False)
            ended(None, unreachable, End.SURE_REFUSAL)
            return
        if attempt.end is not None:
            return
        broken = PodBroken(pod.name, "connection lost", sent=True)
        try:
            await self._wire.wait(f"create at {pod.name}", beyond=True)
        except Lost:
            ended(None, broken, End.AMBIGUOUS)
            return
        there = self._clouds.pods.get(pod.id)
        mood = Mood.BREAKS if there is None else there.mood
        if mood in (Mood.ACCEPTS, Mood.ACCEPTS_AND_BREAKS, Mood.ACCEPTS_SILENTLY):
            attempt.made = self._clouds.accept(pod.id, create)
        self._arrived(create, attempt)
        if mood is Mood.ACCEPTS_SILENTLY or not self._wire.alive:
            return
        try:
            await self._wire.wait(f"answer of {pod.name}")
        except Lost:
            mood = Mood.BREAKS
        if mood in (Mood.BREAKS, Mood.ACCEPTS_AND_BREAKS):
            ended(None, broken, End.AMBIGUOUS)
            return
        status, body, how = _said(mood, create, attempt.made)
        headers = [JSON, (b"x-proxy", b"refused")] if mood is Mood.CLOSED else [JSON]
        ended(MemoryAnswer(status, headers, orjson.dumps(body), pod.name), None, how)

    async def _ask(self, pod: Pod, call: PodCall) -> IPodAnswer:
        """
        "Have you got this?"
        """
        try:
            await self._wire.wait(f"question to {pod.name}")
        except Lost:
            raise PodUnreachable(pod.name, "connection refused", sent=False) from None
        wanted = call.target.decode().rpartition("/")[2]
        there = self._clouds.pods.get(pod.id)
        create = None if there is None else there.made.get(wanted)
        if create is None:
            fault = {"itemNotFound": {"code": 404, "message": "could not be found"}}
            return MemoryAnswer(404, [JSON], orjson.dumps(fault), pod.name)
        shown = {"id": wanted, "os-vol-tenant-attr:tenant_id": create.project, "tenant_id": create.project}
        return MemoryAnswer(200, [JSON], orjson.dumps({create.kind.value: shown}), pod.name)


def _said(mood: Mood, create: Create, made: str | None) -> tuple[int, dict[str, object], End]:
    """
    Status, body and what they mean.
    """
    server = create.kind is Kind.SERVER
    if mood is Mood.ACCEPTS:
        return 202, {create.kind.value: {"id": made}}, End.ACCEPTED
    if mood is Mood.QUOTA and server:
        return 403, {"forbidden": {"code": 403, "message": "Quota exceeded for instances"}}, End.SURE_REFUSAL
    if mood is Mood.QUOTA:
        words = "VolumeSizeExceedsAvailableQuota: Requested volume exceeds allowed gigabytes quota."
        return 413, {"overLimit": {"code": 413, "message": words}}, End.SURE_REFUSAL
    if mood is Mood.CONFLICT:
        return 409, {"conflictingRequest": {"code": 409, "message": "Port is in use"}}, End.REFUSED
    if mood is Mood.CLOSED:
        return 503, {}, End.SURE_REFUSAL
    return 503, {"serviceUnavailable": {"code": 503, "message": "try again"}}, End.FAILED
