"""
What is wanted of a thing whose writes nobody has told the end of, or that met each other: what their judge has.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

from attrs import define

from trio2o.adoption.replication_parts import ReplicationParts
from trio2o.errors import GatewayError, JobRetry, PodFailure, Unreadable
from trio2o.interfaces import ISharedKind
from trio2o.model import Pod
from trio2o.model.shared import CopyState, Observed, SharedCopy, SharedKey, SharedResource, SharedState
from trio2o.strategies.settling import alive, is_late


@define(kw_only=True, eq=False)
class Judgement(ReplicationParts):
    """
    Asks a judge, with the daemon's own token, and writes down what it has.
    """

    async def _judged(
        self, kind: ISharedKind, key: SharedKey, top_id: str, judges: Set[str], *, deletes: bool
    ) -> str | None:
        """
        Want what a judge has; where none of them answers, the first other pod that does. The id of the pod that was believed,
        empty where none was; ``None`` where somebody else has written meanwhile what is wanted: it is to be read once more.

        :raises JobRetry: if none tells.
        """
        behind = self._ids.behind(kind.surface) | self._ids.lacking(kind.kind, top_id or key.plain_id)
        healthy = self._healthy(kind)
        if not healthy:
            raise JobRetry("no pod answers")
        before = await self._store.find(key, top_id)
        known = alive(before)
        late = {pod.id for pod in healthy if is_late(before, pod)}

        def last_asked(pod: Pod) -> Any:
            # who is late for what was written since does not say what is wanted, whatever it judged
            return pod.id in late, pod.id not in judges, pod.id in behind, pod.serial

        order = sorted(healthy, key=last_asked)
        asked = {pod.id for pod in healthy}
        judge, observed = order[0], await self._shown(kind, order[0], key, known)
        for other in order[1:]:
            if observed is not None or deletes or other.id in late or other.id not in judges:
                break
            # a write that another pod judged may have made it
            judge, observed = other, await self._shown(kind, other, key, known)
        if observed is None:
            if not deletes:
                if known is None and judges & {pod.id for pod in self._served()} and not judges & asked:
                    # who may have made it does not answer, and nobody else knows of it
                    raise JobRetry("the pod that judged it does not answer")
                return ""
            return judge.id if await self._deleted(kind, judge, key, top_id, before) else None
        if known is not None:
            top, document = known.resource.top_id, known.resource.document
            wanted = kind.wanted(observed, document)
        else:
            top = kind.top_id(observed.ref, self._ids.of(judge.id)) if kind.mapped else key.plain_id
            wanted = kind.wanted(observed, None)
        row = next((state for state in before if state.resource.top_id == top), None)
        settled_key = SharedKey(key.kind, observed.key.name, key.owner)
        settled = await self._store.settle(
            SharedResource(key=settled_key, top_id=top, document=wanted),
            [SharedCopy(pod_id=judge.id, pod_ref=observed.ref, state=CopyState.CURRENT)],
            expected=0 if row is None else row.resource.version,
        )
        return judge.id if settled is not None else None

    async def _shown(
        self, kind: ISharedKind, pod: Pod, key: SharedKey, known: SharedState | None
    ) -> Observed | None:
        """
        What a pod has.

        :raises JobRetry: if it does not tell.
        """
        copy = known.copies.get(pod.id) if known is not None else None
        ref = copy.pod_ref if copy is not None else ""
        try:
            return await self._converger.observe(kind, pod, key, ref or ("" if kind.mapped else key.name))
        except (PodFailure, Unreadable) as failure:
            raise JobRetry(str(failure)) from failure
        except GatewayError as error:
            raise JobRetry(error.admin_detail or error.message) from error

    async def _deleted(
        self, kind: ISharedKind, judge: Pod, key: SharedKey, top_id: str, before: Sequence[SharedState]
    ) -> bool:
        """
        Want that no pod has it: whoever deleted it did not come to tell all of them. False where that is not so any more.
        """
        known = alive(before)
        if known is None and (before or kind.mapped or not top_id):
            return True
        had = {} if known is None else known.copies
        copies = []
        for pod_id in {*had, *(pod.id for pod in self._served())}:
            ref = had[pod_id].pod_ref if pod_id in had else ""
            state = CopyState.CURRENT if pod_id == judge.id else CopyState.BEHIND
            ref = ref or ("" if kind.mapped else key.name)
            copies.append(SharedCopy(pod_id=pod_id, pod_ref=ref, state=state))
        resource = SharedResource(
            key=key, top_id=top_id if known is None else known.resource.top_id, deleted=True
        )
        expected = 0 if known is None else known.resource.version
        return await self._store.settle(resource, copies, expected=expected) is not None
