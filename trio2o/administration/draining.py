"""
Draining: take a pod out of service, and see how far that is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from attrs import define, frozen

from trio2o.administration.asking import database_asked, known_pod, no_pod
from trio2o.administration.states import tell_change
from trio2o.errors import Conflict, Missing
from trio2o.interfaces import IBindingStore, IPodStore
from trio2o.model import Pod, PodState, PodUses
from trio2o.scheduling.binding_move import bounded


@frozen(kw_only=True)
class DrainReport:
    """
    What still keeps a pod from being taken away.
    """

    pod: Pod
    #: The state that counts now.
    effective_state: PodState
    #: Since when it has its state, or its window is open; ``None`` where it never had another.
    since: datetime | None
    uses: PodUses
    #: How many bindings this very order has ended.
    ended: int

    @property
    def done(self) -> bool:
        """
        True when nothing new comes and nothing names the pod any more: it can be removed.
        """
        used = self.uses.bindings or self.uses.routes
        return self.effective_state is not PodState.ENABLED and not used


@define(eq=False)
class DrainAdministration:
    """
    The use cases about draining.
    """

    _pods: IPodStore
    _bindings: IBindingStore
    #: What the time is, in UTC.
    _now: Callable[[], datetime]

    async def show(self, pod_id: str) -> DrainReport:
        """
        How far a pod is.

        :raises NotFound: if there is none.
        :raises Conflict: if it is the top region.
        """
        return await self._report(await self._drainable(pod_id), ended=0)

    async def begin(
        self, pod_id: str, *, reason: str | None = None, end_bindings: bool = False, by: str
    ) -> DrainReport:
        """
        Drain a pod from now on, without an end. Doing it again changes nothing, and tells how far it is.

        :param reason: ``None`` for the one that it drains for already, if it does.
        :param end_bindings: also end its active bindings, so that each project is bound anew by its next create. They would
            otherwise be moved one by one, as their projects create something.
        :param by: the user that orders it, for the log.
        :raises NotFound: if there is none.
        :raises Conflict: if it is the top region, or disabled.
        """
        pod = await self._drainable(pod_id)
        if pod.state is PodState.DISABLED:
            raise Conflict(
                f"Pod {pod.name} is disabled: it serves nothing that could be left. Give it another state first."
            )
        kept = pod.state_reason if pod.state_at(self._now()) is PodState.DRAINING else ""
        wanted = {
            "state": PodState.DRAINING,
            "state_reason": kept if reason is None else reason,
            "state_from": None,
            "state_until": None,
        }
        with database_asked():
            try:
                drained = await self._pods.update_pod(pod.id, wanted)
            except Missing as why:
                raise no_pod(pod_id) from why
            tell_change(pod, drained, by)
            ended = await self._bindings.end_bindings(pod.id, _why(drained)) if end_bindings else 0
        return await self._report(drained, ended=ended)

    async def _drainable(self, pod_id: str) -> Pod:
        pod = await known_pod(self._pods, pod_id)
        if pod.is_top:
            raise Conflict("The top region has no resources of its own, and cannot be drained.")
        return pod

    async def _report(self, pod: Pod, *, ended: int) -> DrainReport:
        since = max(filter(None, (pod.state_changed_at or pod.created_at, pod.state_from)), default=None)
        with database_asked():
            uses = await self._pods.count_uses(pod.id, since)
        return DrainReport(
            pod=pod, effective_state=pod.state_at(self._now()), since=since, uses=uses, ended=ended
        )


def _why(pod: Pod) -> str:
    reason = f" ({pod.state_reason})" if pod.state_reason else ""
    return bounded(f"ended: {pod.name} is draining{reason}")
