"""
The limits of projects in memory, fed by the change log.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from attrs import define, evolve, field
from zope.interface import implementer

from trio2o.interfaces import IFollower, IQuotaLimits, IQuotaLimitStore
from trio2o.model import DEFAULT_CLASS, QuotaOwner, QuotaScope
from trio2o.quota.limits import known, largest, resolved, smallest
from trio2o.quota.resources import is_counted
from trio2o.quota.unified import REGISTERED, REQUIRED, UNSET, kept

_NONE: Mapping[str, int] = {}


@implementer(IQuotaLimits)
@define(kw_only=True, eq=False)
class QuotaLimitBook:
    """
    All limits that were set, and the configuration's.
    """

    #: By service and resource.
    configured: Mapping[str, Mapping[str, int]] = field(factory=dict)
    #: The services whose limits are Keystone's; what was set of them here is not looked at.
    unified: frozenset[str] = frozenset()
    #: The ids of the pods whose own defaults count.
    _pods: Callable[[], Iterable[str]] = field(default=tuple)
    _limits: dict[QuotaScope, dict[QuotaOwner, Mapping[str, int]]] = field(
        factory=lambda: {scope: {} for scope in QuotaScope}, init=False
    )
    #: By service and project.
    _users: dict[tuple[str, str], set[QuotaOwner]] = field(factory=dict, init=False)
    _defaults: dict[str, Mapping[str, int]] = field(factory=dict, init=False)
    _default_pods: tuple[str, ...] = field(default=(), init=False)

    def effective(
        self, service: str, project_id: str, user_id: str, resources: Iterable[str]
    ) -> Mapping[str, int]:
        levels = self._levels(service, project_id, user_id)
        return resolved(resources, (*levels, REQUIRED) if service in self.unified else levels)

    def known(
        self, service: str, project_id: str, user_id: str, resources: Iterable[str]
    ) -> Mapping[str, int]:
        return known(resources, self._shown(service, self._levels(service, project_id, user_id)))

    def defaults(self, service: str, resources: Iterable[str]) -> Mapping[str, int]:
        return known(resources, self._shown(service, self._below_projects(service)))

    def set_defaults(self, service: str) -> Mapping[str, int]:
        if service in self.unified:
            return self.own(REGISTERED)
        return {**self.configured.get(service, _NONE), **self.own(_default_class(service))}

    def of_class(self, service: str, name: str, resources: Iterable[str]) -> Mapping[str, int]:
        if name == DEFAULT_CLASS or service in self.unified:
            return self.defaults(service, resources)
        return self.own(QuotaOwner(service=service, scope=QuotaScope.CLASS, scope_id=name))

    def own(self, owner: QuotaOwner) -> Mapping[str, int]:
        return self._limits[owner.scope].get(owner, _NONE)

    def users(self, service: str, project_id: str) -> Sequence[Mapping[str, int]]:
        return [self.own(owner) for owner in self._users.get((service, project_id), ())]

    def owners(self, scope: QuotaScope) -> list[QuotaOwner]:
        """
        Who has limits, of one scope.
        """
        return list(self._limits[scope])

    def replace(self, limits: Mapping[QuotaOwner, Mapping[str, int]]) -> None:
        """
        Know these limits and no others.
        """
        for of_scope in self._limits.values():
            of_scope.clear()
        self._users.clear()
        for owner, given in limits.items():
            self._limits[owner.scope][owner] = given
            self._note_user(owner)
        self._defaults.clear()

    def put(self, owners: Collection[QuotaOwner], limits: Mapping[QuotaOwner, Mapping[str, int]]) -> None:
        """
        Take over what these owners have now; who is not named in ``limits`` has none.
        """
        for owner in owners:
            if limits.get(owner):
                self._limits[owner.scope][owner] = limits[owner]
            else:
                self._limits[owner.scope].pop(owner, None)
            self._note_user(owner)
        self._defaults.clear()

    def _note_user(self, owner: QuotaOwner) -> None:
        """
        Remember whose limits there are in a project, so that nobody has to look through all.
        """
        if owner.scope is not QuotaScope.USER:
            return
        project = (owner.service, owner.scope_id)
        users = self._users.setdefault(project, set())
        if owner in self._limits[QuotaScope.USER]:
            users.add(owner)
        else:
            users.discard(owner)
        if not users:
            del self._users[project]

    def _levels(self, service: str, project_id: str, user_id: str) -> Sequence[Mapping[str, int]]:
        project = QuotaOwner(service=service, scope=QuotaScope.PROJECT, scope_id=project_id)
        below = (self.own(kept(project, self.unified)), *self._below_projects(service))
        if not user_id or service in self.unified:
            return below
        return (self.own(evolve(project, scope=QuotaScope.USER, user_id=user_id)), *below)

    def _below_projects(self, service: str) -> Sequence[Mapping[str, int]]:
        if service in self.unified:
            return (self.own(REGISTERED),)
        default = self.own(_default_class(service))
        return default, self.configured.get(service, _NONE), self._of_pods(service)

    def _shown(self, service: str, levels: Sequence[Mapping[str, int]]) -> Sequence[Mapping[str, int]]:
        return (*levels, UNSET) if service in self.unified else levels

    def _of_pods(self, service: str) -> Mapping[str, int]:
        """
        The default of the pods that there are, worked out anew when one of them changed: of what is counted over all of them
        the largest, of what holds for each single thing the smallest, which every pod takes.
        """
        pods = tuple(self._pods())
        if pods != self._default_pods:
            self._default_pods = pods
            self._defaults.clear()
        if service not in self._defaults:
            owners = [QuotaOwner(service=service, scope=QuotaScope.POD, scope_id=pod) for pod in pods]
            limits = [self.own(owner) for owner in owners]
            least = smallest(limits)
            self._defaults[service] = {
                name: limit if is_counted(service, name) else least[name]
                for name, limit in largest(limits).items()
            }
        return self._defaults[service]


def _default_class(service: str) -> QuotaOwner:
    return QuotaOwner(service=service, scope=QuotaScope.CLASS, scope_id=DEFAULT_CLASS)


@implementer(IFollower)
@define(kw_only=True, eq=False)
class QuotaLimitFollower:
    """
    Keeps a book equal to the database.
    """

    _store: IQuotaLimitStore
    _book: QuotaLimitBook
    table: str = field(default="quota_limits", init=False)

    async def load(self) -> None:
        self._book.replace(await self._store.all_limits())

    async def take_over(self, row_ids: Collection[str]) -> None:
        owners = [QuotaOwner.called(row_id) for row_id in row_ids]
        self._book.put(owners, await self._store.limits_of(owners))
