"""
The strategy ``any``: every pod can answer, the project's bound pod first.

What should be in every pod, and is not in the first one that answers, is looked for in the others (a row's ``elsewhere``). It
is also the default for paths that no row of a table names yet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import define, evolve, field
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.errors import PodFailure, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IPodAnswer, IPodClient, IState, IStrategy
from trio2o.model import Pod, PodState, RequestContext
from trio2o.strategies.concurrently import Shield, gathered
from trio2o.strategies.forwarding import Forwarder, told

_log = Logger()
_READS = frozenset({b"GET", b"HEAD"})
#: Segments that are ids, for the log.
_IDS = re.compile(r"(?<=/)(?:[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-f]{32}|\d+)(?=/|$)")


@implementer(IStrategy)
@define(kw_only=True)
class AnyStrategy:
    """
    Forwards to one pod; a read goes on to the next pod when one cannot be reached.

    A row's ``elsewhere`` are the statuses by which a pod says that it does not have what is read.
    """

    _forwarder: Forwarder
    _shield: Shield
    _state: IState
    _pods: IPodClient
    #: Seconds in which a pod says whether it has what every pod should have, and the others after it.
    _budget: float
    #: Unnamed paths that were logged; bounded, since clients make paths up.
    _logged: set[tuple[str, str]] = field(factory=set, init=False)

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`.
        """
        if "default" in inbound.operation.options:
            self._log_once(inbound, context)
        if inbound.method in _READS:
            return await self._read(inbound, context)
        return await self._shield.run(self._write(inbound, context))

    async def _read(self, inbound: Inbound, context: RequestContext) -> Answer:
        pods = preferred(self._state, self._pods, context)
        if "elsewhere" in inbound.operation.options:
            return await self._found(inbound, context, pods)
        unreached: PodFailure | None = None
        for pod in pods:
            try:
                answer = await self._forwarder.send(inbound, context, pod, body=None)
            except PodFailure as failure:
                unreached = unreached or failure
                continue
            return self._forwarder.answer(inbound, context, pod, answer)
        if unreached is None:
            raise _no_pods()
        raise told(unreached) from unreached

    async def _found(self, inbound: Inbound, context: RequestContext, pods: Sequence[Pod]) -> Answer:
        """
        The answer of the first pod, or, where that lacks what is read or does not answer, of the first other one that has it.

        That nobody has it is the first one's to say, also with a pod silent: what every pod should have is not there if it is
        not in all.

        :raises GatewayError: if no pod answers.
        """
        said = await self._heads(inbound, context, pods[:1])
        if not said:
            raise _no_pods()
        first = said[0]
        if isinstance(first, Exception) or first.status in inbound.operation.options["elsewhere"]:
            try:
                said += await self._heads(inbound, context, pods[1:])
            except BaseException:
                # the client has left: unread, the answer would hold its connection
                if not isinstance(first, Exception):
                    first.discard()
                raise
        given = [
            (pod, answer)
            for pod, answer in zip(pods, said, strict=False)
            if not isinstance(answer, Exception)
        ]
        if not given:
            assert isinstance(first, PodFailure)
            raise told(first) from first
        chosen = next((pair for pair in given if pair[1].status < 300), given[0])
        for _, answer in given:
            if answer is not chosen[1]:
                answer.discard()
        shown = self._forwarder.answer(inbound, context, *chosen)
        if shown.status < 300:
            return shown
        silent = [pod for pod, answer in zip(pods, said, strict=False) if isinstance(answer, Exception)]
        return evolve(shown, missing=tuple(silent))

    async def _heads(
        self, inbound: Inbound, context: RequestContext, pods: Sequence[Pod]
    ) -> list[IPodAnswer | Exception]:
        return await gathered(
            [self._forwarder.send(inbound, context, pod, body=None, budget=self._budget) for pod in pods],
            (PodFailure,),
            unwanted=lambda answer: answer.discard(),
        )

    async def _write(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        To the first pod alone: what is written must be found again, so it never goes to whichever pod happens to be up.
        """
        pods = preferred(self._state, self._pods, context)
        if not pods:
            raise _no_pods()
        try:
            answer = await self._forwarder.send(inbound, context, pods[0])
        except PodFailure as failure:
            raise told(failure) from failure
        return self._forwarder.answer(inbound, context, pods[0], answer)

    def _log_once(self, inbound: Inbound, context: RequestContext) -> None:
        shape = _IDS.sub("{id}", inbound.path.decode("latin-1"))
        key = (inbound.method.decode("latin-1"), shape)
        if key not in self._logged and len(self._logged) < 1000:
            self._logged.add(key)
            _log.info(
                "{surface}: no row names {method} {path}; forwarded to one pod",
                surface=context.surface,
                method=key[0],
                path=shape,
            )


def preferred(state: IState, pods: IPodClient, context: RequestContext) -> list[Pod]:
    """
    The pods to ask, in this order: healthy ones first, among them those that the project is bound to, then by serial.
    """
    bound = {binding.pod_id: at for at, binding in enumerate(state.bindings_of(context.project_id))}
    usable = [pod for pod in state.pods() if pod.state is not PodState.DISABLED]
    return sorted(
        usable,
        key=lambda pod: (
            not pods.healthy(pod.id, context.surface),
            bound.get(pod.id, len(bound)),
            pod.serial,
        ),
    )


def _no_pods() -> Unavailable:
    return Unavailable(
        "The service is not available at the moment.",
        admin_detail="no pod is enabled and healthy",
        headers=[(b"Retry-After", b"10")],
    )
