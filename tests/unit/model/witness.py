"""
Where the model looks on: what creates do on their way, told before or as it happens.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field, frozen

from tests.unit.model.lives import Attempt, Create
from tests.unit.model.wire import UNDER_WAY
from trio2o.model import Binding, News, PlacementRequest, Pod
from trio2o.scheduling.ranking import Ranking
from trio2o.strategies.candidates import Candidates
from trio2o.strategies.claims import Claim
from trio2o.strategies.experience import Experience


class Witness:
    """
    Who is told what creates do; the invariants.
    """

    def sending(self, create: Create, attempt: Attempt) -> None:
        """
        A create leaves for a pod.
        """

    def arrived(self, create: Create, attempt: Attempt) -> None:
        """
        A pod has decided on a create.
        """

    def binding(self, create: Create, pod_id: str, replaces: str | None) -> None:
        """
        A bind leaves for the database.
        """

    def bound(self, create: Create, binding: Binding, replaces: str | None) -> None:
        """
        The database has done it.
        """

    def ranked(self, create: Create, pods: list[str], bindings: Sequence[Binding], hints: bool) -> None:
        """
        The process has ranked the pods for a create of a project that has these bindings, with or without what pods have refused.
        """

    def claiming(self, create: Create, pod_id: str) -> None:
        """
        The process is about to claim a create's room in a pod.
        """

    def over(self, create: Create) -> None:
        """
        The client was answered.
        """


@define(kw_only=True, eq=False)
class WatchedCandidates(Candidates):
    """
    The product's, with a witness.
    """

    witness: Witness

    def rank(self, request: PlacementRequest, bindings: Sequence[Binding], *, hints: bool = True) -> Ranking:
        """
        See :meth:`Candidates.rank`.
        """
        ranking = super().rank(request, bindings, hints=hints)
        create = UNDER_WAY.get()
        if create is not None:
            self.witness.ranked(create, [pod.id for pod in ranking.pods], bindings, hints)
        return ranking


@define(kw_only=True, eq=False)
class WatchedExperience(Experience):
    """
    The product's, with a witness.
    """

    witness: Witness

    def claim(self, request: PlacementRequest, pod: Pod) -> Claim:
        """
        See :meth:`Experience.claim`.
        """
        create = UNDER_WAY.get()
        if create is not None:
            self.witness.claiming(create, pod.id)
        return super().claim(request, pod)


@frozen(kw_only=True)
class WatchedNews(News):
    """
    The product's, with what it is about.
    """

    creates: Sequence[Create]


@define(eq=False)
class Newsroom:
    """
    What a process tells the others of, and hears of from them.
    """

    #: All creates of the process.
    creates: Sequence[Create]
    #: What creates of others it has heard of, each time with when that was, by its clock.
    heard: list[tuple[float, Sequence[Create]]] = field(factory=list, init=False)
    _told_at: float = field(default=0.0, init=False)

    def watched(self, news: News | None, now: float) -> News | None:
        """
        News that are about to be told: they are about the creates that are under way, or were since the last news.
        """
        since, self._told_at = self._told_at, now
        if news is None:
            return None
        recent = [
            create
            for create in self.creates
            if not create.over or any(attempt.ended_at >= since for attempt in create.attempts)
        ]
        return WatchedNews(
            sender=news.sender,
            placed=news.placed,
            marked=news.marked,
            cleared=news.cleared,
            freed=news.freed,
            creates=recent,
        )

    def hear(self, news: News, now: float) -> None:
        """
        News have arrived.
        """
        assert isinstance(news, WatchedNews)
        self.heard.append((now, news.creates))

    def heard_of(self, pod_id: str, since: float) -> list[Create]:
        """
        The creates that news were about which arrived since some time, as far as they had to do with a pod.
        """
        found = {id(create): create for at, creates in self.heard if at >= since for create in creates}
        return [
            create
            for create in found.values()
            if create.claimed_in == pod_id or any(attempt.pod_id == pod_id for attempt in create.attempts)
        ]
