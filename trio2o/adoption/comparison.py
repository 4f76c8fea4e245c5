"""
The comparison of pods with what is wanted, in the elected process: what all pods have becomes wanted, what differs is told, and
what an operator has chosen is done about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from attrs import define, evolve, field
from twisted.logger import Logger

from trio2o.adoption.differences import Found, compared
from trio2o.adoption.endless import EndlessService
from trio2o.adoption.sync_pods import sync_of
from trio2o.errors import GatewayError, PodFailure, Unreadable
from trio2o.interfaces import (
    IJobQueue,
    IPodAsk,
    IPodClient,
    ISharedIds,
    ISharedKind,
    ISharedStore,
    IState,
)
from trio2o.model import Pod, PodState
from trio2o.model.shared import (
    CopyState,
    Difference,
    Drift,
    DriftPolicy,
    Observed,
    SharedCopy,
    SharedKey,
    SharedResource,
)
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.converging import ANOTHER_ONE, OTHERWISE

_log = Logger()

#: Seconds for which a deleted thing is remembered when no pod has it any more.
_REMEMBERED = 3600.0


@define(kw_only=True, eq=False, slots=False)
class SharedComparison(EndlessService):
    """
    Reads all that pods have of each kind, side by side, and compares.

    What pods lack comes by their jobs ``sync_pod``, of which each pod has one: two jobs that made the same volume type in one pod
    would make it twice, since Cinder's names are not unique to its database.
    """

    what = "the comparison of what pods share"
    _store: ISharedStore
    _kinds: Mapping[str, ISharedKind]
    _ids: ISharedIds
    _state: IState
    _pods: IPodClient
    _queue: IJobQueue
    #: The way to one pod's service.
    _ask: Callable[[Pod, str], IPodAsk]
    #: What is done about differences of a kind.
    _on_drift: Callable[[str], DriftPolicy]
    #: Seconds from one comparison to the next.
    _interval: float
    #: Kind and pod's name to how many differences there are.
    counts: Mapping[tuple[str, str], int] = field(factory=dict, init=False)
    #: What was told of a pod that cannot be read, by kind and pod, so that it is told once.
    _told: dict[tuple[str, str], str] = field(factory=dict, init=False)

    def stopService(self) -> None:
        super().stopService()
        self.counts = {}

    async def _step(self) -> float:
        """
        Compare everything; the seconds until the next time.
        """
        for kind in self._kinds.values():
            await self._kind(kind)
        names = {pod.id: pod.name for pod in self._state.pods()}
        self.counts = Counter(
            (drift.key.kind, names[drift.pod_id])
            for drift in await self._store.drifts()
            if drift.pod_id in names
        )
        await self._store.prune(_REMEMBERED)
        return self._interval

    async def _kind(self, kind: ISharedKind) -> None:
        """
        Compare one kind, and report what is left of its differences. Of a pod that does not show it the last report stays.
        """
        served = [
            pod
            for pod in self._state.pods()
            if pod.state is not PodState.DISABLED and self._pods.endpoint(pod, kind.surface) is not None
        ]
        before = await self._store.everything(kind.kind)
        owners = {state.resource.key.owner for state in before} - {""}
        shown: dict[str, Sequence[Observed]] = {}
        answers = await gathered(
            [self._shown(kind, pod, owners) for pod in served], (PodFailure, Unreadable, GatewayError)
        )
        for pod, answer in zip(served, answers, strict=True):
            self._tell(kind, pod, str(answer) if isinstance(answer, Exception) else "")
            if not isinstance(answer, Exception):
                shown[pod.id] = answer
        if not shown:
            return
        # what was written meanwhile is no difference
        states = await self._store.everything(kind.kind)
        versions = {state.resource.top_id: state.resource.version for state in before}
        result = compared(kind, states, shown, self._ids.of)
        for state, copy in result.mended:
            resource = state.resource
            if versions.get(resource.top_id) == resource.version:
                await self._store.note_copies(resource.key, resource.top_id, resource.version, [copy])
        drifts: list[Drift] = []
        for found in result.found:
            resource = found.state.resource
            if versions.get(resource.top_id) == resource.version and not await self._put_right(kind, found):
                drifts.append(found.drift)
        rows = {state.resource.key for state in states}
        for key, items in result.extra.items():
            if key in rows or await self._store.open_writes(key):
                continue
            drifts += await self._unwanted(kind, key, items, served, shown)
        unseen = [pod.id for pod in served if pod.id not in shown]
        await self._store.report(kind.kind, drifts, unseen=unseen)

    async def _shown(self, kind: ISharedKind, pod: Pod, owners: set[str]) -> Sequence[Observed]:
        """
        All that a pod has.

        :raises Unreadable: if the daemon's user is not shown everything.
        """
        if not self._pods.healthy(pod.id, kind.surface):
            raise Unreadable(f"{pod.name} does not answer")
        ask = self._ask(pod, kind.surface)
        obstacle = await ask.obstacle()
        if obstacle:
            raise Unreadable(f"{pod.name}: {obstacle}")
        try:
            return await kind.read_all(ask, self._ids.of(pod.id), owners)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # one pod that shows nonsense keeps no other from being compared
            raise Unreadable(f"{pod.name} shows what is no {kind.kind}: {error!r}") from error

    async def _put_right(self, kind: ISharedKind, found: Found) -> bool:
        """
        Have a pod made equal where an operator has chosen so; whether that is begun.
        """
        policy = self._on_drift(kind.kind)
        missing = found.drift.difference is Difference.MISSING
        if policy is DriftPolicy.IGNORE or (policy is DriftPolicy.ADOPT and not missing):
            return False
        if found.copy.state is CopyState.REFUSED and found.copy.error not in (OTHERWISE, ANOTHER_ONE):
            # that is for an operator to end: the dead letter tells
            return False
        resource = found.state.resource
        behind = evolve(
            found.copy, state=CopyState.BEHIND, version=resource.version, error=found.drift.detail
        )
        if not await self._store.note_copies(resource.key, resource.top_id, resource.version, [behind]):
            return False
        pod = self._state.pod(found.copy.pod_id)
        if pod is not None:
            await self._queue.enqueue(sync_of(pod))
        return True

    async def _unwanted(
        self,
        kind: ISharedKind,
        key: SharedKey,
        items: Mapping[str, Observed],
        served: Sequence[Pod],
        shown: Mapping[str, Sequence[Observed]],
    ) -> Sequence[Drift]:
        """
        Deal with what nothing wants: what every pod has the same is wanted from now on. The differences that are left.
        """
        first = next(pod for pod in served if pod.id in items)
        pattern = items[first.id]
        same = {pod_id for pod_id, item in items.items() if item.document == pattern.document}
        everywhere = len(same) == len(served) == len(shown)
        left = [Drift(key=key, pod_id=pod_id, difference=Difference.EXTRA) for pod_id in items]
        if not everywhere and self._on_drift(kind.kind) is not DriftPolicy.ADOPT:
            return left
        top_id = kind.top_id(pattern.ref, self._ids.of(first.id)) if kind.mapped else key.plain_id
        resource = SharedResource(key=key, top_id=top_id, document=kind.wanted(pattern, None))
        copies = [
            SharedCopy(pod_id=pod_id, pod_ref=item.ref, state=CopyState.CURRENT)
            if pod_id in same
            else SharedCopy(
                # users know it by the id of the top all the same, where pods give ids
                pod_id=pod_id,
                pod_ref=item.ref if kind.mapped else "",
                state=CopyState.REFUSED,
                error=OTHERWISE,
            )
            for pod_id, item in items.items()
        ]
        settled = await self._store.settle(resource, copies, expected=0)
        if settled is None:
            return left
        if not everywhere:
            _log.info("{key} is wanted of all pods now, as {pod} has it", key=str(key), pod=first.name)
            for pod in served:
                if pod.id in shown and pod.id not in items:
                    await self._queue.enqueue(sync_of(pod))
        return [
            Drift(key=key, pod_id=pod_id, difference=Difference.DIFFERENT, detail=OTHERWISE)
            for pod_id in items
            if pod_id not in same
        ]

    def _tell(self, kind: ISharedKind, pod: Pod, problem: str) -> None:
        """
        Log what keeps a pod from being compared, once.
        """
        place = (kind.kind, pod.id)
        if problem and problem != self._told.get(place, ""):
            _log.info(
                "{pod} is not compared in {kind}: {problem}", pod=pod.name, kind=kind.kind, problem=problem
            )
        self._told[place] = problem
