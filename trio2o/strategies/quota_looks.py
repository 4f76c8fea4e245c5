"""
Looks at the pods that several wait for at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

_log = Logger()

#: A service and a project.
Project = tuple[str, str]
_Waiting = list["Deferred[None]"]


@define(kw_only=True, eq=False)
class Looks:
    """
    Looks at each project one at a time and not too often. A look goes on whoever of those that wait for it gives up; what it
    raises all of them get.
    """

    _clock: IReactorTime
    _look: Callable[[Project], Coroutine[Deferred[Any], Any, object]]
    #: Seconds from the end of a look at a project to the beginning of the next.
    _between: float
    #: Of how many projects it is remembered when the last look ended.
    _most: int = 10_000
    #: Who waits for the look that is under way, and for the one after it.
    _running: dict[Project, _Waiting] = field(factory=dict, init=False)
    _next: dict[Project, _Waiting] = field(factory=dict, init=False)
    _ended: OrderedDict[Project, float] = field(factory=OrderedDict, init=False)

    def anew(self, project: Project) -> Deferred[None]:
        """
        The end of a look that begins from now on: who asks before it has begun shares it.
        """
        mine: Deferred[None] = Deferred()
        waiting = self._next.get(project)
        if waiting is not None:
            waiting.append(mine)
            return mine
        self._next[project] = [mine]
        if project not in self._running:
            self._plan(project)
        return mine

    def _plan(self, project: Project) -> None:
        pause = self._ended.get(project, float("-inf")) + self._between - self._clock.seconds()
        if pause > 0:
            self._clock.callLater(pause, self._begin, project)
        else:
            self._begin(project)

    def _begin(self, project: Project) -> None:
        self._running[project] = self._next.pop(project)
        Deferred.fromCoroutine(self._look(project)).addBoth(self._end, project)

    def _end(self, result: object, project: Project) -> None:
        self._ended[project] = self._clock.seconds()
        self._ended.move_to_end(project)
        while len(self._ended) > self._most:
            self._ended.popitem(last=False)
        waiting = [each for each in self._running.pop(project) if not each.called]
        if project in self._next:
            self._plan(project)
        if isinstance(result, Failure) and not waiting:
            _log.info("a look that nobody waits for has failed: {why}", why=result.getErrorMessage())
        for each in waiting:
            if isinstance(result, Failure):
                each.errback(result)
            else:
                each.callback(None)
