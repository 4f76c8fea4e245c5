"""
The strategy ``alike``: creates of what every pod has to have the same, under one name: flavors, key pairs.

The first pod judges the request: what it refuses has reached no other. Then all others make the same at once: with the id
that the gateway gave, with the public half of the key that the first pod generated. What a pod has already counts as made if
it is the same, so a create that was left half done is completed by sending it again. What one of them refuses is taken back
from those that made it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote, urlencode
from uuid import uuid4

from attrs import define, evolve, field
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.errors import GatewayError, PodFailure, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IPodClient, IState, IStrategy
from trio2o.model import Pod, RequestContext
from trio2o.strategies.anywhere import preferred
from trio2o.strategies.concurrently import Shield, gathered
from trio2o.strategies.drafts import AlikeOptions, Draft
from trio2o.strategies.forwarding import Forwarder, told

_log = Logger()

_CONFLICT = 409


@implementer(IStrategy)
@define(kw_only=True)
class AlikeStrategy:
    """
    Creates one thing in every pod.
    """

    _forwarder: Forwarder
    _shield: Shield
    _state: IState
    _pods: IPodClient
    #: Seconds that a pod has, where its own settings say nothing else.
    _budget: float
    #: The largest request body that is read, in bytes.
    _body_limit: int
    #: Makes a name up.
    _new_name: Callable[[], str] = lambda: str(uuid4())

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`. Once the body is read, all of it runs to its end whoever still listens.

        :raises Unavailable: if no pod is there, or one is not that has to be.
        """
        raw = await inbound.body.read(self._body_limit)
        pods = preferred(self._state, self._pods, context)
        options = AlikeOptions(**inbound.operation.options)
        away = [pod.name for pod in pods if not self._pods.healthy(pod.id, context.surface)]
        if not pods or (away and not options.lenient):
            raise Unavailable(
                "The service is not available at the moment. Please try again later.",
                admin_detail=f"no answer lately from {', '.join(away)}" if away else "no pod is enabled",
                headers=[(b"Retry-After", b"10")],
            )
        create = _Create(
            forwarder=self._forwarder, inbound=inbound, context=context, options=options, budget=self._budget
        )
        create.draft.read(raw, self._new_name)
        return await self._shield.run(create.carried_out(pods))


@define(kw_only=True)
class _Create:
    """
    One create under way.
    """

    forwarder: Forwarder
    inbound: Inbound
    context: RequestContext
    options: AlikeOptions
    #: Seconds that a pod has.
    budget: float
    draft: Draft = field(init=False)
    #: Pods by what became of it there.
    made: list[tuple[Pod, Answer]] = field(factory=list, init=False)
    had: list[tuple[Pod, Answer]] = field(factory=list, init=False)
    refused: list[Answer] = field(factory=list, init=False)
    silent: list[tuple[Pod, PodFailure]] = field(factory=list, init=False)

    @draft.default
    def _nothing_read(self) -> Draft:
        return Draft(self.options)

    async def carried_out(self, pods: Sequence[Pod]) -> Answer:
        """
        Make it everywhere, or nowhere.

        :raises GatewayError: if a pod does not answer that has to.
        """
        first, rest = await self._begin(pods)
        if first is not None:
            return self.draft.as_sent(first)
        await self._send_to(rest)
        if self.refused or (self.silent and not self.options.lenient) or not (self.made or self.had):
            await self._take_back()
            if self.refused:
                return self.draft.as_sent(self.refused[0])
            raise self._failed()
        pod, answer = (self.made or self.had)[0]
        done = (pod.name, *(other.name for other, _ in (*self.made, *self.had) if other.id != pod.id))
        return evolve(answer, pods=done, missing=tuple(pod for pod, _ in self.silent))

    async def _begin(self, pods: Sequence[Pod]) -> tuple[Answer | None, Sequence[Pod]]:
        """
        Ask one pod, and the next where that was surely not reached: a refusal, or the pods that are left.

        :raises GatewayError: if it is not known what the first pod did, or none is reached.
        """
        for at, pod in enumerate(pods):
            await self._send_to([pod])
            if self.refused:
                return self.refused[0], ()
            if self.silent and self.silent[-1][0].id == pod.id:
                sent = self.silent[-1][1].sent
                if not self.options.lenient or (sent and self.draft.unique):
                    raise self._failed()
                continue
            if self.made:
                self.draft.learn(self.made[0][1])
            return None, pods[at + 1 :]
        raise self._failed()

    async def _send_to(self, pods: Sequence[Pod]) -> None:
        answers = await gathered([self._sent(pod, "POST", self.draft.body) for pod in pods], (PodFailure,))
        for pod, said in zip(pods, answers, strict=True):
            if isinstance(said, PodFailure):
                self.silent.append((pod, said))
            elif isinstance(said, Answer):
                await self._take(pod, said)

    async def _take(self, pod: Pod, said: Answer) -> None:
        if said.status < 400:
            self.made.append((pod, said))
        elif said.status == _CONFLICT and not self.draft.unique and await self._is_same(pod):
            self.had.append((pod, said))
        else:
            self.refused.append(said)

    async def _is_same(self, pod: Pod) -> bool:
        """
        Whether what a pod has under this name is what is wanted.
        """
        if self.draft.name is None:
            return False
        try:
            shown = await self._sent(pod, "GET", None)
        except PodFailure:
            return False
        return self.draft.is_it(shown)

    async def _take_back(self) -> None:
        """
        Delete it where it was made just now.
        """
        pods = [pod for pod, _ in self.made] if self.draft.name is not None else []
        for pod, said in zip(
            pods,
            await gathered([self._sent(pod, "DELETE", None) for pod in pods], (PodFailure,)),
            strict=True,
        ):
            if isinstance(said, Exception) or said.status >= 400:
                _log.warn(
                    "{pod} keeps a {single} that not every pod has made: {name}",
                    pod=pod.name,
                    single=self.options.single,
                    name=str(self.draft.name),
                )

    async def _sent(self, pod: Pod, method: str, body: bytes | None) -> Answer:
        """
        Create, show or delete it in one pod.

        :raises PodFailure: if there is no whole answer in time.
        """
        path, query = self.inbound.path, self.inbound.query
        if method != "POST":
            path = path.rstrip(b"/") + b"/" + quote(str(self.draft.name), safe="").encode()
            owner = self.draft.wanted.get("user_id")
            query = urlencode({"user_id": owner}).encode() if isinstance(owner, str) else None
        return await self.forwarder.whole(
            self.inbound,
            self.context,
            pod,
            self.forwarder.deadline(pod.settings.answer_timeout or self.budget),
            method=method.encode("ascii"),
            target=path if query is None else path + b"?" + query,
            body=body,
        )

    def _failed(self) -> GatewayError:
        error = told(self.silent[0][1])
        error.admin_detail = "; ".join(str(failure) for _, failure in self.silent)
        return error
