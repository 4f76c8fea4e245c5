"""
Resources on their way out: asked after until their pod no longer has them, so that their routes end though nobody asks.

A delete of Cinder's is accepted at once and done later, and may take other resources along that nobody names. What is
forgotten when the process ends, or is too much at once, keeps its route until its owner is told 404.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from attrs import define, evolve, field
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.errors import GatewayError, PodFailure
from trio2o.exchange import Inbound
from trio2o.interfaces import IState
from trio2o.model import Kind, Pod, RequestContext
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.locating import Locator
from trio2o.surface.kinds import KINDS, names_missing

_log = Logger()

#: Seconds from one question to the next; after the last one nobody asks any more.
_WAITS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 60.0)


@define(kw_only=True, eq=False, slots=False)
class Departures(Service):
    """
    Asks with the token of whoever deleted. Stopping it forgets all.
    """

    _forwarder: Forwarder
    _state: IState
    _locator: Locator
    _clock: IReactorTime
    #: Seconds that a pod has to answer one question.
    _budget: float
    #: How many resources may be on their way at once; more are not asked after.
    _most: int = 1000
    _under_way: dict[Deferred[None], int] = field(factory=dict, init=False)

    def stopService(self) -> None:
        """
        See :class:`IService`.
        """
        super().stopService()
        for asking in list(self._under_way):
            asking.cancel()

    def watch(
        self, left: Mapping[Kind, Sequence[str]], pod: Pod, inbound: Inbound, context: RequestContext
    ) -> None:
        """
        Begin to ask after resources whose deletion their pod has accepted.
        """
        count = sum(map(len, left.values()))
        if count:
            # the client's body is none of these questions' business, and its connection may be gone by then
            plain = evolve(inbound, query=None)
            self.begin(self._asked_after(left, pod, plain, context), count)

    def begin(self, task: Coroutine[Deferred[Any], Any, None], count: int = 1) -> None:
        """
        Begin something that nobody waits for, about so many resources.
        """
        if sum(self._under_way.values()) + count > self._most:
            task.close()
            return
        asking = Deferred.fromCoroutine(task)
        self._under_way[asking] = count
        asking.addErrback(self._failed)
        asking.addBoth(lambda _: self._under_way.pop(asking, None))

    async def _asked_after(
        self, left: Mapping[Kind, Sequence[str]], pod: Pod, inbound: Inbound, context: RequestContext
    ) -> None:
        going = [(kind, resource_id) for kind, ids in left.items() for resource_id in ids]
        for wait in _WAITS:
            await deferLater(self._clock, wait)
            try:
                going = [each for each in going if not await self._is_gone(*each, pod, inbound, context)]
            except (PodFailure, GatewayError):
                continue
            if not going:
                return

    async def _is_gone(
        self, kind: Kind, resource_id: str, pod: Pod, inbound: Inbound, context: RequestContext
    ) -> bool:
        """
        True once there is nothing left to ask; the route is ended where the pod has said that it has it no more.
        """
        route = self._state.route(kind, resource_id)
        if route is not None and route.pod_id != pod.id:
            return True
        facts = KINDS[kind]
        project = f"/{context.project_id}" if context.project_id else ""
        target = facts.path.replace("{id}", resource_id).replace("/{project_id}", project)
        status, raw = await self._forwarder.ask(
            inbound,
            context,
            pod,
            facts.service,
            target.encode("ascii"),
            budget=self._budget,
            version=facts.version,
        )
        if status == 404 and names_missing(raw, resource_id):
            self._locator.gone(kind, resource_id)
            return True
        return status in (401, 403)

    @staticmethod
    def _failed(failure: Failure) -> None:
        if not failure.check(CancelledError):
            _log.failure("asking after deleted resources failed", failure=failure)
