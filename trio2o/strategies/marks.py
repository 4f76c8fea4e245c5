"""
Which pods have lately refused what, by the answers that creates got.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Collection, Mapping

from attrs import define, field
from twisted.internet.interfaces import IReactorTime

from trio2o.model import Kind, Lack, Mark, PlacementRequest
from trio2o.scheduling.exhausted import as_much

#: How many marks are kept, and how many of one pod, kind and project. The oldest go first.
_MOST = 10_000
_MOST_OF_ONE = 32

#: How many are kept for the others while they cannot be told.
_MOST_UNTOLD = 1000

#: Project, or ``None`` for all, and kind.
_Whose = tuple[str | None, Kind]


@define(kw_only=True, eq=False)
class Marks:
    """
    Marks of this process and, as they tell them, of the others. All hold for as long, so that the oldest ends first.
    """

    _clock: IReactorTime
    #: How long one holds; 0 for not at all.
    seconds: float = 300.0
    #: When each ends.
    _ends: OrderedDict[Mark, float] = field(factory=OrderedDict, init=False)
    _pods: dict[_Whose, dict[str, list[Mark]]] = field(factory=dict, init=False)
    #: What the others are to be told: True for a mark that was made, False for one that was cleared.
    _news: OrderedDict[Mark, bool] = field(factory=OrderedDict, init=False)

    def counts(self) -> Mapping[tuple[str, Lack], int]:
        """
        How many there are, by pod id and lack.
        """
        self._drop_ended()
        return Counter((mark.pod_id, mark.lack) for mark in self._ends)

    def of(self, project_id: str, kind: Kind) -> Mapping[str, tuple[Mark, ...]]:
        """
        Pod id to its marks for creates of a project and of all, where there are any.
        """
        if not self._ends:
            return {}
        self._drop_ended()
        own, common = self._pods.get((project_id, kind), {}), self._pods.get((None, kind), {})
        return {
            pod_id: (*own.get(pod_id, ()), *common.get(pod_id, ())) for pod_id in own.keys() | common.keys()
        }

    def make(self, mark: Mark) -> None:
        """
        A pod has refused a create; a mark that there is already holds as long as a new one.
        """
        if self.seconds:
            self._put(mark)
            self._tell(mark, True)

    def clear(self, pod_id: str, request: PlacementRequest, lacks: Collection[Lack]) -> None:
        """
        A pod has taken this: what would have kept it away is not true any more.
        """
        for whose in ((request.project_id, request.kind), (None, request.kind)):
            for mark in list(self._pods.get(whose, {}).get(pod_id, ())):
                if mark.lack in lacks and as_much(mark, request):
                    self._remove(mark)
                    self._tell(mark, False)

    def freed(self, kind: Kind, project_id: str) -> set[str]:
        """
        Something of a project is gone: whether its quotas are still used up is not known any more. The ids of the pods that had
        refused for want of one.
        """
        marks = [mark for marks in self._pods.get((project_id, kind), {}).values() for mark in marks]
        of_quota = [mark for mark in marks if mark.lack is Lack.QUOTA]
        for mark in of_quota:
            self._remove(mark)
            self._tell(mark, False)
        return {mark.pod_id for mark in of_quota}

    def heard(self, made: Collection[Mark], cleared: Collection[Mark]) -> None:
        """
        Take over what another process tells.
        """
        for mark in cleared:
            self._remove(mark)
        if self.seconds:
            for mark in made:
                self._put(mark)

    def news(self) -> tuple[tuple[Mark, ...], tuple[Mark, ...]]:
        """
        What was made and what was cleared since this was last asked.
        """
        news, self._news = self._news, OrderedDict()
        return (
            tuple(mark for mark, made in news.items() if made),
            tuple(mark for mark, made in news.items() if not made),
        )

    def untold(self, made: Collection[Mark], cleared: Collection[Mark]) -> None:
        """
        The others were not told this; what has happened since counts.
        """
        later, self._news = self._news, OrderedDict()
        for mark in made:
            self._tell(mark, True)
        for mark in cleared:
            self._tell(mark, False)
        for mark, each in later.items():
            self._tell(mark, each)

    def _put(self, mark: Mark) -> None:
        if mark not in self._ends:
            of_one = self._pods.setdefault((mark.project_id, mark.kind), {}).setdefault(mark.pod_id, [])
            of_one.append(mark)
            if len(of_one) > _MOST_OF_ONE:
                self._remove(of_one[0])
        self._ends[mark] = self._clock.seconds() + self.seconds
        self._ends.move_to_end(mark)
        while len(self._ends) > _MOST:
            self._remove(next(iter(self._ends)))

    def _remove(self, mark: Mark) -> None:
        if self._ends.pop(mark, None) is None:
            return
        whose = (mark.project_id, mark.kind)
        pods = self._pods[whose]
        pods[mark.pod_id].remove(mark)
        if not pods[mark.pod_id]:
            del pods[mark.pod_id]
        if not pods:
            del self._pods[whose]

    def _drop_ended(self) -> None:
        now = self._clock.seconds()
        while self._ends:
            mark, ends = next(iter(self._ends.items()))
            if ends > now:
                return
            self._remove(mark)

    def _tell(self, mark: Mark, made: bool) -> None:
        self._news[mark] = made
        self._news.move_to_end(mark)
        if len(self._news) > _MOST_UNTOLD:
            self._news.popitem(last=False)
