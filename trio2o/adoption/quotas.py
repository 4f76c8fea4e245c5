"""
What projects have, compared with the pods in the background.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.logger import Logger

from trio2o.adoption.endless import EndlessService
from trio2o.errors import DatabaseUnavailable
from trio2o.interfaces import IQuotaStore
from trio2o.strategies.quota_reading import QuotaReader

_log = Logger()

#: How many projects are read side by side, and the seconds from one look at those that are due to the next; where there are more.
_BATCH, _PAUSE, _NEXT = 8, 1.0, 0.1
#: Seconds until a project is read again that could not be.
_AGAIN = 30.0
#: Seconds between two countings of what is open.
_COUNT = 15.0
#: Seconds after which a project that has nothing is forgotten, how many by one statement, and seconds from one to the next.
_IDLE, _PRUNED, _PRUNE = 7 * 86_400.0, 1000, 3600.0


@define(kw_only=True, eq=False, slots=False)
class QuotaReconciler(EndlessService):
    """
    Reads the projects that are due: what was marked, what has unknown ends, and all others now and then.
    """

    what = "the look at what projects have"
    _store: IQuotaStore
    _reader: QuotaReader
    #: How many reservations are open, by service; nothing in a process that is not the elected one.
    open: Mapping[str, int] = field(factory=dict, init=False)
    _counted_at: float = field(default=float("-inf"), init=False)
    _pruned_at: float = field(default=float("-inf"), init=False)

    def stopService(self) -> None:
        super().stopService()
        self.open = {}

    async def _step(self) -> float:
        """
        Read those that are due; seconds until the next step.
        """
        now = self._clock.seconds()
        if now >= self._counted_at + _COUNT:
            self.open = await self._store.open_reservations()
            self._counted_at = now
        if now >= self._pruned_at + _PRUNE:
            pruned = await self._store.prune(_IDLE, _PRUNED)
            self._pruned_at = now if pruned < _PRUNED else float("-inf")
        due = await self._store.due(_BATCH)
        reads: list[Deferred[Any]] = [
            Deferred.fromCoroutine(self._reader.read(service, project_id)) for service, project_id in due
        ]
        for (service, project_id), (done, result) in zip(
            due, await DeferredList(reads, consumeErrors=True), strict=True
        ):
            if done:
                continue
            if result.check(DatabaseUnavailable, CancelledError):
                result.raiseException()
            # one that cannot be read must not keep the others waiting
            _log.failure("reading what {project} has met an error", failure=result, project=project_id)
            await self._store.postpone(service, project_id, _AGAIN)
        return _PAUSE if len(due) < _BATCH else _NEXT
