"""
News of this process to the others, and of the others to this one.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

from attrs import define, evolve, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.errors import DatabaseUnavailable
from trio2o.interfaces import INews
from trio2o.model import News

_log = Logger()

#: Seconds from one telling to the next: what happens in between is told as one, whatever the number of requests.
INTERVAL = 0.2

#: Seconds to wait after the database could not be told.
_AWAY = 2.0


@define(kw_only=True, eq=False, slots=False)
class NewsService(Service):
    """
    Tells outside of every request's path, and nothing that was told by itself is taken over.
    """

    _clock: IReactorTime
    _news: INews
    #: Gives what is to be told since the last call; ``None`` for nothing.
    _fresh: Callable[[], News | None]
    #: Is given back what could not be told.
    _untold: Callable[[News], None]
    #: Is given what another process tells.
    _heard: Callable[[News], None]
    #: Counts: ``told``, ``heard``, ``lost``.
    _count: Callable[[str], None]
    _name: str = field(factory=lambda: uuid4().hex)
    _next: IDelayedCall | None = field(default=None, init=False)
    _telling: Deferred[None] = field(factory=lambda: succeed(None), init=False)

    def startService(self) -> None:
        super().startService()
        self._news.listen(self._take)
        self._wait(INTERVAL)

    def stopService(self) -> Deferred[None]:
        super().stopService()
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self._news.stop()
        # what was placed last is not in any collection either
        return self._telling.addCallback(lambda _: self._begin(self._tell()))

    def _wait(self, seconds: float) -> None:
        if self.running:
            self._next = self._clock.callLater(seconds, self._again)

    def _again(self) -> None:
        self._next = None
        self._telling = self._begin(self._round())

    async def _round(self) -> None:
        seconds = _AWAY
        try:
            seconds = await self._tell()
        finally:
            self._wait(seconds)

    async def _tell(self) -> float:
        """
        Tell what there is; how many seconds to wait then.
        """
        news = self._fresh()
        if news is None:
            return INTERVAL
        try:
            await self._news.tell(evolve(news, sender=self._name))
        except DatabaseUnavailable:
            self._untold(news)
            self._count("lost")
            return _AWAY
        self._count("told")
        return INTERVAL

    def _take(self, news: News) -> None:
        if news.sender != self._name:
            self._count("heard")
            self._heard(news)

    @staticmethod
    def _begin(task: Coroutine[Deferred[Any], Any, object]) -> Deferred[None]:
        def failed(failure: Failure) -> None:
            _log.failure("telling the other processes failed", failure=failure)

        return Deferred.fromCoroutine(task).addCallbacks(lambda _: None, failed)
