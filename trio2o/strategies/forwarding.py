"""
Sending a client's request to one pod and making the pod's answer the top region's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, evolve, field
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.interfaces import IReactorTime
from twisted.web.iweb import IBodyProducer

from trio2o.errors import (
    BadGateway,
    GatewayError,
    GatewayTimeout,
    PodFailure,
    PodTimeout,
    PodUnreachable,
    Unavailable,
)
from trio2o.exchange import Answer, HeaderList, Inbound, PodCall
from trio2o.interfaces import IBodyTransform, IPodAnswer, IPodClient, IPodFactsBook, IPodTokens
from trio2o.model import Pod, RequestContext
from trio2o.rewriting.links import LinkRewriter, LinkStream
from trio2o.rewriting.location import rewrite_location
from trio2o.rewriting.zones import top_zones
from trio2o.strategies.deadline import Deadline
from trio2o.strategies.mapped import MappedAnswer, MappedCall, MappedIdentity, WholeBody

#: What a caller passes for "the client's own body, streamed".
STREAMED = object()


def told(failure: PodFailure) -> GatewayError:
    """
    What a client is told when the pod that has its resource gives no answer.
    """
    detail = str(failure)
    if isinstance(failure, PodTimeout):
        return GatewayTimeout("The service did not answer in time.", admin_detail=detail)
    if isinstance(failure, PodUnreachable):
        return Unavailable(
            "The service is not available at the moment. Please try again later.",
            admin_detail=detail,
            headers=[(b"Retry-After", b"10")],
        )
    return BadGateway("The service broke off while it answered.", admin_detail=detail)


@define(kw_only=True)
class Forwarder:
    """
    The way to the pods that every strategy shares.
    """

    _pods: IPodClient
    _pod_tokens: IPodTokens
    _facts: IPodFactsBook
    _clock: IReactorTime
    #: The largest answer that is read whole, in bytes.
    _answer_limit: int
    #: Exchanges ids that each pod gives of its own; ``None`` where no pod has any that the top does not have.
    _mapped: MappedIdentity | None = None
    #: The names of zones that are no pod's own, and the same in pods and for users.
    own_zones: Callable[[], frozenset[str]] = frozenset
    _rewriters: dict[tuple[tuple[bytes, ...], bytes], LinkRewriter] = field(factory=dict, init=False)

    async def send(
        self,
        inbound: Inbound,
        context: RequestContext,
        pod: Pod,
        *,
        method: bytes | None = None,
        target: bytes | None = None,
        service: str | None = None,
        body: object = STREAMED,
        budget: float | None = None,
        fresh: bool = False,
    ) -> IPodAnswer:
        """
        Send the request, or a question of our own on the client's behalf, with the token that the pod knows.

        :raises PodFailure: if there is no answer.
        """
        token = self._pod_tokens.peek(context.token, context.identity, pod)
        if token is None:
            token = await self._pod_tokens.pod_token(context.token, context.identity, pod)
        headers: HeaderList = [*inbound.headers, (b"X-Auth-Token", token)]
        if target is None:
            target = inbound.path if inbound.query is None else inbound.path + b"?" + inbound.query
        mapped = None if self._mapped is None else self._mapped.of(inbound, pod)
        if mapped is not None:
            target = mapped.target(target)
            body = await self._own_ids(mapped, inbound, body)
        sent: bytes | IBodyProducer | None
        sent = inbound.body.producer() if body is STREAMED else body  # type: ignore[assignment]
        call = PodCall(
            service=service or context.surface,
            method=method or inbound.method,
            target=target,
            headers=headers,
            body=sent,
            budget=budget,
            fresh=fresh,
        )
        answer = await self._pods.call(pod, call)
        return answer if mapped is None or not is_json(answer) else mapped.answer(answer)

    async def _own_ids(self, mapped: MappedCall, inbound: Inbound, body: object) -> object:
        """
        The body to send with the pod's own ids; one that may have some is read.

        :raises BodyTooLarge: if it is too large for that.
        """
        if body is STREAMED and mapped.reads_body:
            body = await inbound.body.read(self._answer_limit)
        return mapped.body(body) or None if isinstance(body, bytes) else body

    def mapped(self, inbound: Inbound, pod: Pod) -> MappedCall | None:
        """
        What gives items of a pod's parsed list the ids that users know; ``None`` where they have those.
        """
        return None if self._mapped is None else self._mapped.of(inbound, pod)

    def named(self, resource: Mapping[str, Any]) -> Mapping[str, Any]:
        """
        What a create says, with the names of the types whose ids it has: what is known of pods goes by names.
        """
        return resource if self._mapped is None else self._mapped.named(resource)

    def type_name(self, reference: str) -> str:
        """
        The name of a volume type that is named by its id, or by its name.
        """
        return reference if self._mapped is None else self._mapped.type_name(reference)

    async def ask(
        self,
        inbound: Inbound,
        context: RequestContext,
        pod: Pod,
        service: str,
        target: bytes,
        *,
        budget: float | None = None,
        version: str = "",
    ) -> tuple[int, bytes]:
        """
        GET something from a pod with the caller's own token and without the client's microversion; status and body.

        :param version: the microversion to ask with, as ``OpenStack-API-Version`` has it; empty for none.
        :raises PodFailure: if there is no whole answer.
        """
        headers = [pair for pair in inbound.headers if pair[0].lower() in _ASKED_WITH]
        if version:
            headers.append((b"OpenStack-API-Version", version.encode("ascii")))
        plain = evolve(inbound, headers=headers)
        deadline = None if budget is None else self.deadline(budget)
        answer = await self.send(
            plain, context, pod, method=b"GET", target=target, service=service, body=None, budget=budget
        )
        return answer.status, await self.read_by(deadline, answer)

    def deadline(self, budget: float, *, rounds: int = 1) -> Deadline:
        """
        The deadline of an answer that is begun now.
        """
        return Deadline.begun(self._clock, budget, rounds=rounds)

    async def whole(
        self,
        inbound: Inbound,
        context: RequestContext,
        pod: Pod,
        deadline: Deadline,
        *,
        method: bytes | None = None,
        target: bytes | None = None,
        body: bytes | None,
        fresh: bool = False,
    ) -> Answer:
        """
        Send, and read the whole answer, its links made the top region's: head and body by one deadline.

        :param fresh: as :attr:`PodCall.fresh`.
        :raises PodFailure: if there is no whole answer in time.
        """
        answer = await self.send(
            inbound,
            context,
            pod,
            method=method,
            target=target,
            body=body,
            budget=deadline.left,
            fresh=fresh,
        )
        return self.finished(inbound, context, pod, answer, await self.read_by(deadline, answer), zones=False)

    async def read_by(self, deadline: Deadline | None, answer: IPodAnswer) -> bytes:
        """
        The whole body of an answer; what is not there in time is dropped. Without a deadline it may take as long as it
        does not stand still.

        :raises PodFailure: if it is cut short, too large or late.
        """
        reading = answer.read(self._answer_limit)
        if deadline is None:
            return await reading
        if not reading.called:
            reading.addTimeout(deadline.left, self._clock)
        try:
            return await reading
        except TimedOut:
            reason = f"no whole answer within {deadline.budget:g} s"
            raise PodTimeout(answer.pod_name, reason, sent=True) from None

    def answer(self, inbound: Inbound, context: RequestContext, pod: Pod, answer: IPodAnswer) -> Answer:
        """
        The pod's answer as the top region's: links and Location rewritten while the body streams.
        """
        rewriter = self.rewriter(inbound, pod, context.surface)
        transform: IBodyTransform | None = None
        if rewriter is not None and is_json(answer):
            transform = LinkStream(rewriter)
        headers = self._headers(answer, inbound, pod, context.surface)
        if isinstance(answer, MappedAnswer):
            transform = WholeBody(rewrites=answer.rewrites, then=transform)
            answer = answer.inner
        return Answer(
            status=answer.status,
            headers=headers,
            body=answer,
            transform=transform,
            pods=(pod.name,),
            passed_on=True,
        )

    async def whole_answer(
        self, inbound: Inbound, context: RequestContext, pod: Pod, answer: IPodAnswer, *, zones: bool = True
    ) -> Answer:
        """
        As :meth:`answer`, with the body read and its zone fields rewritten too. For answers about one resource.

        :raises BadGateway: if the body is cut short or too large.
        """
        return self.finished(inbound, context, pod, answer, await self.read(answer), zones=zones)

    def finished(
        self,
        inbound: Inbound,
        context: RequestContext,
        pod: Pod,
        answer: IPodAnswer,
        body: bytes,
        *,
        zones: bool = True,
    ) -> Answer:
        """
        As :meth:`whole_answer`, for a body that was read before.
        """
        if body and is_json(answer):
            rewriter = self.rewriter(inbound, pod, context.surface)
            if rewriter is not None:
                body = rewriter.rewrite(body)
            if zones:
                kept = self.own_zones() if context.surface == "compute" else frozenset[str]()
                body = top_zones(body, pod.az_name, kept)
        return Answer(
            status=answer.status,
            headers=self._headers(answer, inbound, pod, context.surface),
            body=body,
            pods=(pod.name,),
            passed_on=True,
        )

    async def read(self, answer: IPodAnswer, deadline: Deadline | None = None) -> bytes:
        """
        The whole body of an answer.

        :raises GatewayError: if it is cut short, too large or late.
        """
        try:
            return await self.read_by(deadline, answer)
        except PodFailure as failure:
            raise told(failure) from failure

    def rewriter(self, inbound: Inbound, pod: Pod, service: str) -> LinkRewriter | None:
        """
        What makes this pod's links the top region's; ``None`` when nothing needs to be changed.
        """
        prefixes = tuple(self._facts.link_prefixes(pod.id, service))
        key = (prefixes, inbound.public_root)
        rewriter = self._rewriters.get(key)
        if rewriter is None:
            if not prefixes:
                return None
            if len(self._rewriters) > 1000:
                self._rewriters.clear()
            rewriter = self._rewriters[key] = LinkRewriter(prefixes, inbound.public_root)
        return rewriter

    def _headers(self, answer: IPodAnswer, inbound: Inbound, pod: Pod, service: str) -> HeaderList:
        headers = answer.headers
        for at, (name, value) in enumerate(headers):
            if name == b"location":
                headers = list(headers)
                headers[at] = (
                    name,
                    rewrite_location(value, self._facts.link_prefixes(pod.id, service), inbound.public_root),
                )
        return headers


def is_json(answer: IPodAnswer) -> bool:
    """
    True when a pod says that its body is JSON and sends it plain.
    """
    return (answer.header(b"content-type") or b"").startswith(b"application/json") and answer.header(
        b"content-encoding"
    ) in (None, b"identity")


#: What goes along with a question of our own: who asks, and for which request.
_ASKED_WITH = frozenset(
    {b"accept", b"via", b"x-openstack-request-id", b"x-service-token", b"x-forwarded-for", b"user-agent"}
)
