"""
Tombstones do not stay for ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from attrs import define, field

from trio2o.adoption.endless import EndlessService
from trio2o.interfaces import IRouteStore, IState
from trio2o.model import Pod

#: How many one statement removes, the seconds from one to the next, and from one round to the next.
_BATCH, _BETWEEN, _ROUND = 500, 1.0, 3600.0


@define(kw_only=True, eq=False, slots=False)
class TombstonePruner(EndlessService):
    """
    Removes tombstones that are older than so many days, a few at a time.
    """

    what = "the removal of old tombstones"
    _routes: IRouteStore
    _state: IState
    _days: float
    #: Told how many of a pod's were removed.
    _pruned: Callable[[str, int], None] = lambda pod, count: None
    #: The pods that are still to be looked at in this round.
    _left: deque[Pod] = field(factory=deque, init=False)

    async def _step(self) -> float:
        """
        Remove a few; seconds until the next step.
        """
        if not self._left:
            self._left.extend(self._state.pods())
        if self._left:
            pod = self._left[0]
            before = datetime.fromtimestamp(self._clock.seconds(), UTC) - timedelta(days=self._days)
            count = await self._routes.prune_tombstones(pod.id, before, _BATCH)
            if count:
                self._pruned(pod.name, count)
            if count < _BATCH:
                self._left.popleft()
        return _BETWEEN if self._left else _ROUND
