"""
The limits of projects in memory, fed by the change log.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from attrs import define, field
from zope.interface import implementer

from trio2o.interfaces import IQuotaLimits
from trio2o.model import DEFAULT_CLASS, QuotaOwner, QuotaScope
from trio2o.quota.limits import largest, resolved

_NONE: Mapping[str, int] = {}


@implementer(IQuotaLimits)
@define(kw_only=True, eq=False)
class QuotaLimitBook:
    """
    All limits that were set, and the configuration's.
    """

    #: By service and resource.
    configured: Mapping[str, Mapping[str, int]] = field(factory=dict)
    #: The ids of the pods whose own defaults count.
    _pods: Callable[[], Iterable[str]] = field(default=tuple)
    _limits: dict[QuotaOwner, Mapping[str, int]] = field(factory=dict, init=False)
    _defaults: dict[str, Mapping[str, int]] = field(factory=dict, init=False)
    _default_pods: tuple[str, ...] = field(default=(), init=False)

    def effective(
        self, service: str, project_id: str, user_id: str, resources: Iterable[str]
    ) -> Mapping[str, int]:
        project = self.own(QuotaOwner(service=service, scope=QuotaScope.PROJECT, scope_id=project_id))
        levels = [project, *self._below_projects(service)]
        if user_id:
            user = QuotaOwner(service=service, scope=QuotaScope.USER, scope_id=project_id, user_id=user_id)
            levels.insert(0, self.own(user))
        return resolved(resources, levels)

    def defaults(self, service: str, resources: Iterable[str]) -> Mapping[str, int]:
        """
        The limits of a project that has none of its own.
        """
        return resolved(resources, self._below_projects(service))

    def own(self, owner: QuotaOwner) -> Mapping[str, int]:
        """
        The limits that an owner was given.
        """
        return self._limits.get(owner, _NONE)

    def owners(self, scope: QuotaScope) -> list[QuotaOwner]:
        """
        Who has limits, of one scope.
        """
        return [owner for owner in self._limits if owner.scope is scope]

    def replace(self, limits: Mapping[QuotaOwner, Mapping[str, int]]) -> None:
        """
        Know these limits and no others.
        """
        self._limits = dict(limits)
        self._defaults.clear()

    def put(self, owners: Collection[QuotaOwner], limits: Mapping[QuotaOwner, Mapping[str, int]]) -> None:
        """
        Take over what these owners have now; who is not named in ``limits`` has none.
        """
        for owner in owners:
            if limits.get(owner):
                self._limits[owner] = limits[owner]
            else:
                self._limits.pop(owner, None)
        self._defaults.clear()

    def _below_projects(self, service: str) -> tuple[Mapping[str, int], Mapping[str, int], Mapping[str, int]]:
        default = QuotaOwner(service=service, scope=QuotaScope.CLASS, scope_id=DEFAULT_CLASS)
        return self.own(default), self.configured.get(service, _NONE), self._of_pods(service)

    def _of_pods(self, service: str) -> Mapping[str, int]:
        """
        The largest default of the pods that there are, worked out anew when one of them changed.
        """
        pods = tuple(self._pods())
        if pods != self._default_pods:
            self._default_pods = pods
            self._defaults.clear()
        if service not in self._defaults:
            owners = [QuotaOwner(service=service, scope=QuotaScope.POD, scope_id=pod) for pod in pods]
            self._defaults[service] = largest(self.own(owner) for owner in owners)
        return self._defaults[service]
