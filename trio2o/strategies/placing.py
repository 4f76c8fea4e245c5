"""
Where a new resource goes: candidates, ranking and the project's binding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import define, evolve, field, frozen

from trio2o.errors import BadRequest, Missing, NoValidPod, PodFailure, Unavailable
from trio2o.interfaces import IState
from trio2o.model import Amounts, Binding, PlacementRequest, Pod, PodState
from trio2o.scheduling.asked import completed
from trio2o.scheduling.binding_move import Move, binding_move
from trio2o.scheduling.capacity import USUAL
from trio2o.scheduling.explaining import Explanation, explained
from trio2o.scheduling.ranking import Ranking
from trio2o.scheduling.refusals import Refusal, in_words
from trio2o.strategies.bindings import Bindings
from trio2o.strategies.claims import Claim, no_claim
from trio2o.strategies.experience import Experience
from trio2o.strategies.offers import OfferBook
from trio2o.strategies.quotas import QuotaBook
from trio2o.strategies.ranks import Ranks
from trio2o.strategies.turns import Turns

#: Takes how pods were ranked.
Explains = Callable[[Explanation], None]
_Tells = Callable[[PlacementRequest, Ranking], None]


@frozen(kw_only=True)
class Place:
    """
    Where one create is to be tried: the best pod, and those after it.
    """

    pods: tuple[Pod, ...]
    request: PlacementRequest
    #: As it was before any pod was asked.
    ranking: Ranking
    #: True when the body's references chose: such a create never touches a binding.
    pinned: bool
    #: The project's active bindings when it was ranked.
    bindings: Sequence[Binding] = ()
    #: The room that it holds in the first pod. Whoever has a place keeps its claim or gives it back.
    claim: Claim = field(factory=no_claim)
    #: The pods that surely did not accept it, in the order in which they were asked.
    failed: tuple[Pod, ...] = ()
    #: Why each of them did not, in words for admins.
    reasons: tuple[str, ...] = ()

    @property
    def pod(self) -> Pod:
        """
        The pod to ask now.
        """
        return self.pods[0]


@define(kw_only=True)
class Placement:
    """
    Chooses pods and keeps bindings (I10).
    """

    _state: IState
    _bindings: Bindings
    _ranks: Ranks
    #: The zone of creates that name none; ``None`` for the zone of the project's newest binding, else any.
    _default_zone: str | None
    #: What is known of pods beside their health; ``None`` for nothing.
    _experience: Experience | None = None
    #: What pods offer; ``None`` for nothing known.
    _offers: OfferBook | None = None
    #: What projects may still make in pods; ``None`` for nothing known.
    _quotas: QuotaBook | None = None
    #: Project id to the taints that do not keep its resources away.
    _tolerations: Mapping[str, frozenset[str]] = field(factory=dict)
    #: What a resource counts for whose size is not known.
    _typical: Amounts = USUAL.typical
    #: By project: many first creates make one binding, not many attempts at one.
    _turns: Turns = field(factory=Turns, init=False)
    #: The pods that the zones were read from last, and those zones.
    _known_zones: tuple[Sequence[Pod], frozenset[str]] = field(default=((), frozenset()), init=False)

    def zones(self) -> frozenset[str]:
        """
        The names of the availability zones that pods are in; disabled pods do not count.
        """
        pods = self._state.pods()
        if pods is not self._known_zones[0]:
            zones = frozenset(pod.az_name for pod in pods if pod.state is not PodState.DISABLED)
            self._known_zones = (pods, zones)
        return self._known_zones[1]

    async def place(
        self,
        request: PlacementRequest,
        *,
        pinned: bool,
        unknown_zone: str,
        explain: Explains | None = None,
    ) -> Place:
        """
        Rank the pods for a request, claim its room in the best one (I12), and bind a project that has no binding yet to that.
        A pinned request is ranked by the project's bindings and changes none.

        :param explain: is told of each ranking, also of one that leaves no pod.
        :raises BadRequest: in the service's words, if the zone does not exist.
        :raises NoValidPod: if every pod is dropped.
        :raises Unavailable: if the bindings are not known, or one is needed, and the database is away (I15).
        """
        request = await self._checked(request, unknown_zone)
        if pinned:
            bindings = await self._bindings.active(request.project_id)
            tell = self._telling(explain, bindings, pinned=True)
            return self._claiming(self._ranked(request, bindings, pinned=True, tell=tell))
        return await self._turns.run(request.project_id, lambda: self._bound(request, explain))

    async def explain(
        self, request: PlacementRequest, *, unknown_zone: str, pinned: bool = False
    ) -> Explanation:
        """
        Rank the pods as :meth:`place` would, and change nothing.

        :raises BadRequest: as :meth:`place`.
        :raises Unavailable: as :meth:`place`.
        """
        request = await self._checked(request, unknown_zone)
        if self._offers is not None:
            request = completed(request, self._offers, self._typical)
        bindings = await self._bindings.active(request.project_id)
        if not pinned:
            request = self._in_a_zone(request, bindings)
        request, ranking = self._ranks.rank(request, bindings)
        return self._explained(request, ranking, bindings, pinned=pinned)

    async def after(self, place: Place) -> Place | None:
        """
        Where a create goes on whose pod surely did not accept it (I13): ranked by what is known now, with its room claimed there;
        ``None`` where no pod is left, or nobody knows what pods still take.
        """
        try:
            await self._bindings.up_to_date()
        except Unavailable:
            return None
        request = evolve(place.request, excluded=place.request.excluded | {place.pod.id})
        ranking = self._ranks.again(request, place.bindings)
        if not ranking.pods:
            return None
        return self._claiming(evolve(place, pods=ranking.pods, request=request))

    def failed(self, place: Place, why: PodFailure | Refusal) -> Place:
        """
        The place once its pod surely has not accepted the create: its room is given back, and what that says of later creates is
        remembered.
        """
        place.claim.give_back()
        if isinstance(why, Refusal) and self._experience is not None:
            self._experience.refused(place.request, place.pod, why)
        words = why.words if isinstance(why, Refusal) else in_words(why.reason)
        return evolve(
            place,
            failed=(*place.failed, place.pod),
            reasons=(*place.reasons, f"{place.pod.name}: {words}"),
        )

    async def settle(self, place: Place) -> None:
        """
        After a create succeeded: keep what it took, remember who had failed it, and move the binding where the ranking says so
        (I10). A move that fails is left for the next create.
        """
        place.claim.keep()
        if self._experience is not None:
            self._experience.settled(place.request, place.pod, place.failed)
        if self._quotas is not None:
            self._quotas.placed(place.request, place.pod)
        used = self._state.pod(place.pod.id)
        if place.pinned or place.failed or used is None or used.state is not PodState.ENABLED:
            return
        # what was bound meanwhile, such as by an operator, was not weighed: the database keeps it
        decided = binding_move(_in_place(place.bindings, used), used, place.request, place.ranking)
        if decided.move is not Move.MOVE:
            return
        try:
            await self._bindings.bind(place.request, used, decided)
        except (Unavailable, Missing):
            # the create succeeded, whatever became of the database or of the pod's entry in it meanwhile
            return

    async def _checked(self, request: PlacementRequest, unknown_zone: str) -> PlacementRequest:
        await self._bindings.up_to_date()
        named = request.availability_zone
        if named is not None and named not in self.zones():
            raise BadRequest(unknown_zone.replace("{zone}", named))
        tolerated = self._tolerations.get(request.project_id)
        if tolerated is None:
            return request
        return evolve(request, tolerations=request.tolerations | tolerated)

    def _in_a_zone(self, request: PlacementRequest, bindings: Sequence[Binding]) -> PlacementRequest:
        """
        The request with the zone that it gets where it names none.
        """
        zone = request.availability_zone or self._default_zone or (bindings[0].az_name if bindings else None)
        if zone is not None and zone in self.zones():
            return evolve(request, availability_zone=zone)
        return request

    def _let_in(self, pod: Pod, request: PlacementRequest) -> bool:
        """
        True for a pod that takes the request for what its body tolerates, and no other one of the project.
        """
        return not self._tolerations.get(request.project_id, frozenset()).issuperset(pod.settings.taints)

    def _ranked(
        self,
        request: PlacementRequest,
        bindings: Sequence[Binding],
        *,
        pinned: bool,
        tell: _Tells,
        preferred: str | None = None,
    ) -> Place:
        """
        The pods in order, but for the preferred one, which comes first if it is among them.
        """
        request, ranking = self._ranks.rank(request, bindings)
        tell(request, ranking)
        if not ranking.pods:
            raise NoValidPod(
                "No part of the cloud can take this resource at the moment.", reasons=ranking.reasons
            )
        pods = ranking.pods
        if self._quotas is not None:
            self._quotas.placing(request, pods)
        if preferred is not None:
            pods = tuple(sorted(pods, key=lambda pod: pod.id != preferred))
        return Place(pods=pods, request=request, ranking=ranking, pinned=pinned, bindings=bindings)

    def _telling(self, explain: Explains | None, bindings: Sequence[Binding], *, pinned: bool) -> _Tells:
        """
        What tells of rankings: what becomes of these bindings, which were there before the create made one.
        """
        if explain is None:
            return lambda request, ranking: None
        return lambda request, ranking: explain(self._explained(request, ranking, bindings, pinned=pinned))

    def _explained(
        self, request: PlacementRequest, ranking: Ranking, bindings: Sequence[Binding], *, pinned: bool
    ) -> Explanation:
        let_in = bool(ranking.pods) and self._let_in(ranking.pods[0], request)
        return explained(request, ranking, bindings, pinned=pinned or let_in)

    def _claiming(self, place: Place) -> Place:
        """
        The place with a claim on its first pod. Nothing may wait between the ranking and this.
        """
        if self._experience is None:
            return place
        return evolve(place, claim=self._experience.claim(place.request, place.pod))

    async def _bound(self, request: PlacementRequest, explain: Explains | None) -> Place:
        await self._bindings.up_to_date()
        bindings = await self._bindings.active(request.project_id)
        request = self._in_a_zone(request, bindings)
        tell = self._telling(explain, bindings, pinned=False)
        preferred: str | None = None
        while True:
            place = self._ranked(request, bindings, pinned=False, tell=tell, preferred=preferred)
            if preferred is not None and place.pod.az_name != bindings[0].az_name:
                # the zone is decided, though its pod was good for nothing
                request = evolve(request, availability_zone=bindings[0].az_name)
                continue
            place = self._claiming(place)
            best = place.pod
            if self._let_in(best, request):
                # where others of the project cannot follow says nothing about where it belongs
                return evolve(place, pinned=True)
            if _in_place(bindings, best) is not None:
                # a binding to another pod is moved only once the create has succeeded: see settle()
                return place
            try:
                anywhere = request.availability_zone is None and not bindings
                decided = binding_move(None, best, request, place.ranking)
                binding = await self._bindings.bind(request, best, decided, first=anywhere)
                await self._bindings.up_to_date()
            except Missing:
                # the pod was deleted, which this process has not heard of yet
                request = evolve(request, excluded=request.excluded | {best.id})
                continue
            finally:
                place.claim.give_back()
            # ranked again, by what was heard while the database was asked: the pod may take nothing any more, or another process
            # was faster, and its pod comes first where the request fits it
            bindings = [binding, *(each for each in bindings if not _same_place(each, binding))]
            preferred = binding.pod_id
            if preferred == best.id:
                tell = _unless_in(best, tell)
            if binding.az_name != best.az_name:
                # another process has just chosen the project's zone
                request = evolve(request, availability_zone=binding.az_name)


def _in_place(bindings: Sequence[Binding], pod: Pod) -> Binding | None:
    """
    The one of a project's active bindings that is in the pod's zone and group.
    """
    place = (pod.az_name, pod.group)
    return next((each for each in bindings if (each.az_name, each.pod_group) == place), None)


def _unless_in(pod: Pod, tell: _Tells) -> _Tells:
    """
    What tells of rankings that have not this pod. What chose it has been told: with the binding that was made by that, it would
    seem to have been bound before.
    """

    def told(request: PlacementRequest, ranking: Ranking) -> None:
        if all(each.id != pod.id for each in ranking.pods):
            tell(request, ranking)

    return told


def _same_place(one: Binding, other: Binding) -> bool:
    return (one.az_name, one.pod_group) == (other.az_name, other.pod_group)
