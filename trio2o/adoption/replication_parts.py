"""
What the jobs that give pods what they lack have in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define

from trio2o.interfaces import IJobQueue, IPodClient, ISharedIds, ISharedKind, ISharedStore, IState
from trio2o.model import Pod, PodState
from trio2o.model.shared import SharedCopy, SharedKey
from trio2o.strategies.converging import Converger

#: Stand for the judge of what no client has written: a job that is at it, and what a pod may still do late of what one has sent.
NOBODY, LATE = "", "late"

#: Why a job waits that meets another one.
ANOTHERS_TURN = "another job is at it"

#: Seconds after which a job is waited for no longer that is at the same thing: its process may have died.
_TURN = 60.0

#: Up to this attempt what stands in a pod's way may still go by itself.
PATIENT = 4

#: How often a job looks anew where others write meanwhile.
ATTEMPTS = 5

#: How many refusals a dead letter names.
_NAMED = 10


@define(kw_only=True, eq=False)
class ReplicationParts:
    """
    What they go by.
    """

    _store: ISharedStore
    _kinds: Mapping[str, ISharedKind]
    _converger: Converger
    _ids: ISharedIds
    _state: IState
    _pods: IPodClient
    _queue: IJobQueue

    def _served(self) -> list[Pod]:
        """
        The pods that are to have everything.
        """
        return [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]

    def _healthy(self, kind: ISharedKind) -> list[Pod]:
        """
        Those of them that answer.
        """
        return [pod for pod in self._served() if self._pods.healthy(pod.id, kind.surface)]

    async def _left_open(self, key: SharedKey) -> None:
        """
        Note that a pod may do late what it was sent and has not answered, and undo what clients write until then: a write that
        nobody ends, so that what they write is looked at once more when it cannot be under way any longer.
        """
        await self._store.begin_write(key, LATE)

    async def _is_anothers_turn(self, key: SharedKey, own: int) -> bool:
        """
        Whether another job began before, and is at the same thing, which a pod would make twice: Cinder takes names as often as
        it is sent them.

        :param own: the number of this job's write, which stands by now: of two that see each other the younger waits.
        """
        return self._kinds[key.kind].mapped and any(
            write.judge_id == NOBODY and write.number < own and not write.ended and write.age < _TURN
            for write in await self._store.open_writes(key)
        )


def refusals(refused: Sequence[tuple[str, SharedCopy]]) -> str:
    """
    What was refused, in one line; empty for nothing.
    """
    told = [f"{name}: {copy.error}" for name, copy in refused[:_NAMED]]
    more = len(refused) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")
