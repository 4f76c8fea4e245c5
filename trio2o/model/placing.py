"""
What the scheduler is asked, and what it goes by.
"""

from __future__ import annotations

from attrs import frozen

from trio2o.model.amounts import NOTHING, Amounts
from trio2o.model.news import Mark
from trio2o.model.offers import Offers
from trio2o.model.pods import Pod
from trio2o.model.resources import Kind
from trio2o.model.usage import QuotaLeft, Usage


@frozen(kw_only=True)
class PlacementRequest:
    """
    What the scheduler is asked: where may this project's new resource go?
    """

    project_id: str
    kind: Kind
    #: The top name of the zone; ``None`` for any.
    availability_zone: str | None = None
    #: The pod group that the flavor or volume type asks for; empty for the general group.
    pod_group: str = ""
    #: True where no pod that has what the body names is in that group: they go before it (I6).
    any_group: bool = False
    #: Pod ids that the body's references allow (I6); ``None`` for all.
    within: frozenset[str] | None = None
    #: Pod ids that already failed this request (I13).
    excluded: frozenset[str] = frozenset()
    #: What it will take, as far as that is known; ``None`` for not at all, which counts as a typical resource of its kind.
    needs: Amounts | None = None
    #: Ids or names of what must be there; ``None`` where the request names none or it is not known.
    flavor: str | None = None
    image: str | None = None
    volume_type: str | None = None
    #: The id by which the user's key pair is shared that it names (:attr:`SharedKey.plain_id`).
    key_pair: str | None = None
    #: True for a server whose create makes volumes.
    makes_volumes: bool = False
    #: Those of these fields whose things no pod in reach is known to have, so that they keep it from none.
    unlisted: frozenset[str] = frozenset()
    #: Taints that do not keep it away.
    tolerations: frozenset[str] = frozenset()


@frozen(kw_only=True)
class Candidate:
    """
    A pod as the filters and weighers see it at one moment.
    """

    pod: Pod
    #: False while the pod's breaker is open.
    healthy: bool = True
    #: True when the project's active binding in the pod's zone and group names this pod.
    bound: bool = False
    #: The last collected usage; ``None`` is unknown and means plenty (I12).
    usage: Usage | None = None
    #: What was placed there since that usage was collected.
    claimed: Amounts = NOTHING
    #: What the project may still make there.
    quota: QuotaLeft | None = None
    offers: Offers | None = None
    #: False while it lacks something that pods are to have the same: what is everybody's, or the request's key pair.
    up_to_date: bool = True
    #: How often creates of this kind for this project have lately failed there and succeeded elsewhere.
    failures: int = 0
    #: What it has lately refused of this kind, of the project or of all.
    exhausted: tuple[Mark, ...] = ()
    #: How many other pods the project is bound to outside of this one's zone and group.
    bound_elsewhere: int = 0
