"""
Keyed creates whose end nobody wrote down: what became of them is asked of the pods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, evolve, field
from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.logger import Logger

from trio2o.adoption.endless import EndlessService
from trio2o.adoption.first_answers import first_answer
from trio2o.adoption.marked import MarkedResources, Unclear
from trio2o.errors import DatabaseUnavailable, GatewayError, PodFailure
from trio2o.intents import Intent
from trio2o.interfaces import IIntentStore, IRouteStore, IState
from trio2o.model import Pod, PodState
from trio2o.surface.kinds import route_from_body

_log = Logger()

#: How many intents are looked at side by side, and the seconds from one look to the next.
_BATCH, _PAUSE = 16, 1.0
#: How many one statement prunes, and the seconds from one to the next while there is nothing more to prune.
_PRUNED, _PRUNE = 500, 60.0
#: The shortest and the longest time until an intent is looked at again: while its end is unknown, and for its item alone.
_SOON, _LATER, _ITEM_LATER = 2.0, 30.0, 600.0


@define(kw_only=True, eq=False, slots=False)
class IntentReconciler(EndlessService):
    """
    Looks at the intents that are due.

    One whose resource is found in the pod gets its route and its answer. One that surely made nothing is freed: it was never
    sent, or the pod, asked when the create was ``settle_seconds`` old, does not have it. While the pod is silent nothing is
    decided. Afterwards the metadata item is taken off.
    """

    what = "the look at keyed creates"
    _intents: IIntentStore
    _routes: IRouteStore
    _state: IState
    _marked: MarkedResources
    #: After how many seconds a create that a pod does not have is believed never to come.
    _settle_seconds: float
    #: Told of each intent that is settled: ``found`` or ``freed``.
    _settled: Callable[[str], None] = lambda result: None
    _pruned_at: float = field(default=float("-inf"), init=False)
    #: What was told of a pod, so that it is told once.
    _told: dict[str, str] = field(factory=dict, init=False)

    async def _step(self) -> float:
        """
        Look at those that are due; seconds until the next step.
        """
        due = await self._intents.due_intents(_BATCH)
        looks: list[Deferred[Any]] = [Deferred.fromCoroutine(self._look(intent)) for intent in due]
        for intent, (done, result) in zip(due, await DeferredList(looks, consumeErrors=True), strict=True):
            if done:
                continue
            if result.check(DatabaseUnavailable, CancelledError):
                result.raiseException()
            # one that cannot be dealt with must not keep the others waiting
            _log.failure("the look at {intent} met an error", failure=result, intent=intent.id)
            await self._again(intent)
        now = self._clock.seconds()
        if now >= self._pruned_at + _PRUNE and await self._intents.prune_intents(_PRUNED) < _PRUNED:
            self._pruned_at = now
        return _PAUSE

    async def _look(self, intent: Intent) -> None:
        if intent.answer is None and not intent.pod_id:
            if await self._intents.free_intent(intent.id, ""):
                self._settled("freed")
            return
        if not intent.marked:
            # nothing tells it from others: it stays unknown for as long as its key is kept
            await self._intents.look_at_intent(intent.id, None)
            return
        pod = self._state.pod(intent.pod_id)
        if pod is None or pod.state is PodState.DISABLED:
            await self._again(intent)
            return
        problem = ""
        try:
            if intent.answer is None:
                settled = await self._find(intent, pod)
            else:
                settled = await self._marked.unmark(intent, pod)
                if settled:
                    await self._intents.look_at_intent(intent.id, None)
        except (Unclear, PodFailure) as error:
            settled, problem = False, str(error)
        except GatewayError as error:
            settled, problem = False, error.admin_detail or error.message
        self._tell(pod, problem)
        if not settled:
            await self._again(intent)

    async def _find(self, intent: Intent, pod: Pod) -> bool:
        """
        Ask the pod; True when it is known how the create ended.
        """
        # how old it was before the question, not after
        old = intent.tried_for >= self._settle_seconds
        made = await self._marked.find(intent, pod)
        if not made:
            if not old:
                return False
            if await self._intents.free_intent(intent.id, pod.id):
                self._settled("freed")
            return True
        routes = [
            route_from_body(intent.kind, item, pod.id, project_id=intent.scope.project_id) for item in made
        ]
        await self._routes.record_routes(
            [
                evolve(route, details={**route.details, "az": pod.az_name})
                for route in routes
                if route is not None
            ]
        )
        answer = first_answer(intent.kind, intent.request, made, pod.az_name)
        resource_id = "" if len(made) > 1 or intent.request["several"] else str(made[0]["id"]).lower()
        if await self._intents.make_intent(
            intent.id, answer, resource_id=resource_id, look_after=0.0, found=True
        ):
            self._settled("found")
        return True

    async def _again(self, intent: Intent) -> None:
        longest = _LATER if intent.answer is None else _ITEM_LATER
        await self._intents.look_at_intent(intent.id, min(longest, max(_SOON, intent.tried_for / 2)))

    def _tell(self, pod: Pod, problem: str) -> None:
        """
        Log what keeps a pod from telling, once, and once that it does again.
        """
        if problem != self._told.get(pod.id, ""):
            if problem:
                _log.warn("{pod} does not tell of keyed creates: {problem}", pod=pod.name, problem=problem)
            else:
                _log.info("{pod} tells of keyed creates again", pod=pod.name)
            self._told[pod.id] = problem
