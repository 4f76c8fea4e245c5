"""
Taking over the limits that projects were given in pods: which of them are a project's own, and what it is to have over all pods.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from trio2o.model import UNLIMITED, QuotaOwner
from trio2o.quota.limits import larger
from trio2o.quota.resources import MOST, is_counted

#: How the limits of several pods become one: as each is a limit of the whole, or as they were before there was one.
LARGEST, SUM = "largest", "sum"
RULES = (LARGEST, SUM)


@frozen(kw_only=True)
class PodLimits:
    """
    What a pod shows of a project.
    """

    shown: Mapping[str, int]
    #: Of its default class.
    defaults: Mapping[str, int]

    def is_own(self, name: str) -> bool:
        """
        Whether the project was given it. One that equals the default cannot be told from it, and stays that.
        """
        return name in self.shown and self.shown[name] != self.defaults.get(name, self.shown[name])


@frozen(kw_only=True)
class Proposal:
    """
    A limit for a project over all pods.
    """

    owner: QuotaOwner
    resource: str
    limit: int
    #: Pod name to what it shows, and whether that is the project's own.
    pods: Mapping[str, tuple[int, bool]]


def proposals(
    owner: QuotaOwner, said: Mapping[str, PodLimits], given: Mapping[str, int], rule: str
) -> list[Proposal]:
    """
    The limits that pods have given a project and the top has not.

    :param said: by the names of all pods.
    :param given: what the project has at the top already, which stays.
    :param rule: one of :data:`RULES`; what is not counted over pods is the largest in either case.
    """
    found = []
    names = dict.fromkeys(name for limits in said.values() for name in limits.shown)
    for name in names:
        pods = {
            pod: (limits.shown[name], limits.is_own(name))
            for pod, limits in said.items()
            if name in limits.shown
        }
        if name in given or not any(own for _, own in pods.values()):
            continue
        limit = _joined(owner.service, name, [limit for limit, _ in pods.values()], rule)
        found.append(Proposal(owner=owner, resource=name, limit=limit, pods=pods))
    return found


def _joined(service: str, name: str, limits: list[int], rule: str) -> int:
    if rule == SUM and is_counted(service, name):
        return UNLIMITED if UNLIMITED in limits else min(sum(limits), MOST)
    limit, *others = limits
    for other in others:
        limit = larger(limit, other)
    return limit
