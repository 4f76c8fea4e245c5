"""
What processes of the model of what is shared wait for: pods, and the database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import define
from twisted.internet.defer import Deferred

from tests.unit.model.chronicle import Write
from tests.unit.model.flavor_pods import FlavorPod
from trio2o.errors import DatabaseUnavailable, PodBroken, PodUnreachable

if TYPE_CHECKING:
    from tests.unit.model.sharing import Sharing
    from tests.unit.model.sharing_process import SharingProcess


@define(eq=False)
class Letter:
    """
    A request on its way to a pod, or its answer on the way back.
    """

    world: Sharing
    process: SharingProcess
    pod: FlavorPod
    method: str
    path: str
    body: Any
    answered: Deferred[tuple[int, Any]]
    write: Write | None
    #: By the clock.
    sent_at: float
    #: What the pod said, once it has.
    said: tuple[int, Any] | None = None
    #: When it arrives, where nobody waits for it any more.
    late: float | None = None

    def happen(self, how: int) -> None:
        """
        0: it arrives, and is answered. 1: it arrives, the answer is on its way. 2: the answer is lost. 3: nobody waits any more,
        and it arrives later. 4: it is lost. 5: the pod could not be reached.
        """
        name = self.pod.pod.name
        if self.said is None and (how == 5 or not self.pod.up):
            self._fail(PodUnreachable(name, "no connection", sent=False))
            return
        if how in (3, 4) and self.said is None:
            if how == 3:
                self.world.come_late(self)
            self._fail(PodBroken(name, "silent", sent=True))
        else:
            arrives = self.said is None
            if self.said is None:
                self.said = self.pod.answer(self.method, self.path, self.body)
            if how == 2:
                self._fail(PodBroken(name, "the answer was lost", sent=True))
            elif how == 1 and arrives:
                self.world.pending.append(self)
            elif self.process.alive:
                self.answered.callback(self.said)

    def arrive_late(self) -> None:
        """
        The pod does it, and tells nobody.
        """
        if self.pod.up:
            self.pod.answer(self.method, self.path, self.body)

    def _fail(self, failure: PodUnreachable | PodBroken) -> None:
        if self.process.alive:
            if self.write is not None and not failure.sent:
                self.write.away.add(self.pod.pod.id)
            self.answered.errback(failure)


@define(eq=False)
class Question:
    """
    A call of the database.
    """

    process: SharingProcess
    do: Callable[[], Any]
    answered: Deferred[Any]
    write: Write | None

    def happen(self, how: int) -> None:
        """
        It is done; from 4 on not, or nobody hears of it.
        """
        results: list[Any] = []
        if how != 4:
            Deferred.fromCoroutine(self.do()).addBoth(results.append)
        if not self.process.alive:
            return
        if how >= 4:
            self.answered.errback(DatabaseUnavailable("away"))
        else:
            self.answered.callback(results[0])
