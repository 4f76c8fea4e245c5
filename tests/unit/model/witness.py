"""
Where the model looks on: what creates do on their way, told before or as it happens.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define

from tests.unit.model.lives import Attempt, Create
from tests.unit.model.wire import UNDER_WAY
from trio2o.model import Binding, PlacementRequest, Pod
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
