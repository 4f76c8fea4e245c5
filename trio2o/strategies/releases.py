"""
What is gone is given back to its project's quota.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from trio2o.errors import DatabaseUnavailable
from trio2o.interfaces import IQuotaStore
from trio2o.model import Kind
from trio2o.surface.kinds import KINDS

_log = Logger()

#: How many deletes are remembered until they are done.
_MOST = 10_000


@define(kw_only=True, eq=False)
class Releases:
    """
    Told of deletes as they are sent, and of what is gone. What it cannot write is found by the next reading of the pods.
    """

    _store: IQuotaStore
    _clock: IReactorTime
    #: Begins something that nobody waits for.
    _begin: Callable[[Coroutine[Deferred[Any], Any, None]], None]
    #: When the delete of each was sent, by this process's clock.
    _sent: OrderedDict[tuple[Kind, str], float] = field(factory=OrderedDict, init=False)

    def sent(self, kind: Kind, resource_id: str) -> None:
        """
        A delete is about to be sent. The first of several counts: it may be the one that did it.
        """
        self._sent.setdefault((kind, resource_id.lower()), self._clock.seconds())
        while len(self._sent) > _MOST:
            self._sent.popitem(last=False)

    def gone(self, kind: Kind, resource_id: str, project_id: str) -> None:
        """
        A pod no longer has a resource.
        """
        sent_at = self._sent.pop((kind, resource_id), None)
        sent_for = None if sent_at is None else self._clock.seconds() - sent_at
        self._begin(self._released(kind, resource_id, project_id, sent_for))

    async def deleted(self, kind: Kind, resource_id: str, project_id: str) -> None:
        """
        A pod has deleted a resource that is gone with its answer: it is given back before the client hears of it.
        """
        sent_at = self._sent.pop((kind, resource_id.lower()), None)
        sent_for = None if sent_at is None else self._clock.seconds() - sent_at
        await self._released(kind, resource_id.lower(), project_id, sent_for)

    async def _released(self, kind: Kind, resource_id: str, project_id: str, sent_for: float | None) -> None:
        try:
            if not await self._store.release(kind.value, resource_id, sent_for=sent_for) and project_id:
                await self._store.read_soon(KINDS[kind].service, project_id, 0.0)
        except DatabaseUnavailable as error:
            _log.debug("what is gone is not given back yet: {error}", error=str(error))
