"""
The placement as the configuration has it: for the daemon, and for ``trio2o schedule``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from trio2o.config.schema import Config
from trio2o.interfaces import IBindingStore, IPodStore, IState
from trio2o.scheduling.registry import FILTERS_GROUP, WEIGHERS_GROUP, installed, make_filters, make_weighers
from trio2o.scheduling.selection import Selection
from trio2o.strategies.bindings import Bindings
from trio2o.strategies.candidates import Candidates
from trio2o.strategies.experience import Experience
from trio2o.strategies.offers import OfferBook
from trio2o.strategies.placing import Placement
from trio2o.strategies.quotas import QuotaBook
from trio2o.strategies.ranks import Ranks


@frozen(kw_only=True)
class PlacementParts:
    """
    Who chooses pods, and what it goes by.
    """

    placement: Placement
    experience: Experience
    offers: OfferBook


def make_placement(
    clock: IReactorTime,
    config: Config,
    *,
    state: IState,
    bindings: IBindingStore,
    pod_store: IPodStore,
    unhealthy: Callable[[str], Collection[str]],
    catch_up: Callable[[], Awaitable[None]] | None = None,
    quotas: QuotaBook | None = None,
    behind: Callable[[str], Collection[str]] = lambda service: (),
    without_key: Callable[[str], Collection[str]] = lambda key_pair: (),
) -> PlacementParts:
    """
    Wire it.

    :param unhealthy: gives the ids of the pods whose service, ``compute`` or ``volume``, does not answer.
    :param catch_up: takes over what the database has now; ``None`` where the state is read once.
    :param behind: gives the ids of the pods whose service lacks what pods are to have the same for everybody.
    :param without_key: the same of one user's key pair, by its id.
    :param quotas: what projects may still make in pods; ``None`` where nobody asks.
    """
    scheduling = config.scheduling
    rules = scheduling.rules()
    experience = Experience(
        clock=clock,
        rules=rules.capacity,
        failure_seconds=scheduling.failure_seconds,
        stale_seconds=config.usage.stale_seconds,
        exhausted_seconds=scheduling.exhausted_seconds,
    )
    offers = OfferBook(clock=clock, stale_seconds=config.usage.stale_seconds, touched=experience.touched)
    placement = Placement(
        state=state,
        ranks=Ranks(
            candidates=Candidates(
                clock=clock,
                state=state,
                unhealthy=unhealthy,
                selection=Selection(
                    filters=make_filters(scheduling.filters, installed(FILTERS_GROUP), rules),
                    weighers=make_weighers(scheduling.weighers, installed(WEIGHERS_GROUP), rules),
                ),
                experience=experience,
                offers=offers,
                quotas=quotas,
                behind=behind,
                without_key=without_key,
            ),
            pod=state.pod,
            offers=offers,
            capacity=rules.capacity,
        ),
        bindings=Bindings(state=state, store=bindings, pod_store=pod_store, catch_up=catch_up),
        default_zone=scheduling.default_availability_zone,
        experience=experience,
        offers=offers,
        quotas=quotas,
        tolerations={project: frozenset(words) for project, words in scheduling.tolerations.items()},
        typical=rules.capacity.typical,
    )
    return PlacementParts(placement=placement, experience=experience, offers=offers)
