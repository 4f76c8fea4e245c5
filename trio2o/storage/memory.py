"""
The stores in memory: for tests, and the measure of what the database must do.

The four share one :class:`~trio2o.storage.memory_database.MemoryDatabase`, whose knobs take it away, lose its listeners and
forget its changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import attrs
from attrs import define
from zope.interface import implementer

from trio2o.errors import AlreadyExists, InUse, Missing
from trio2o.interfaces import IBindingStore, IChangeLog, IPodStore
from trio2o.model import Binding, Change, Pod, PodUses, Snapshot
from trio2o.storage.memory_cursors import MemoryCursors
from trio2o.storage.memory_database import Ear, MemoryDatabase
from trio2o.storage.memory_routes import MemoryRoutes
from trio2o.storage.rules import COUNTED, MOVED_BY_OPERATOR, POD_DELETED, changed, declare, stands

__all__ = [
    "MemoryBindings",
    "MemoryChanges",
    "MemoryCursors",
    "MemoryDatabase",
    "MemoryPods",
    "MemoryRoutes",
]

#: How many changes one question gives.
MOST = 1000


@implementer(IPodStore)
@define(eq=False)
class MemoryPods:
    """
    The pods in a dictionary.
    """

    _database: MemoryDatabase

    async def list_pods(self) -> Sequence[Pod]:
        self._database.check()
        return sorted(self._database.pods.values(), key=lambda pod: pod.serial)

    async def get_pod(self, pod_id: str) -> Pod:
        self._database.check()
        if pod_id not in self._database.pods:
            raise Missing(pod_id)
        return self._database.pods[pod_id]

    async def create_pod(self, pod: Pod) -> Pod:
        self._database.check()
        return self._create(pod)

    def _create(self, pod: Pod) -> Pod:
        database = self._database
        if pod.id in database.pods:
            raise AlreadyExists("a pod of this id exists")
        made = attrs.evolve(pod, serial=database.next_serial(), created_at=database.now(), updated_at=None)
        return database.put_pod(made)

    async def update_pod(self, pod_id: str, changes: Mapping[str, Any]) -> Pod:
        known = await self.get_pod(pod_id)
        wanted = changed(known, changes)
        return known if wanted == known else self._update(wanted)

    def _update(self, pod: Pod) -> Pod:
        now = self._database.now()
        before = self._database.pods[pod.id]
        since = before.state_changed_at if pod.state is before.state else now
        return self._database.put_pod(attrs.evolve(pod, updated_at=now, state_changed_at=since))

    async def count_uses(self, pod_id: str, since: datetime | None) -> PodUses:
        self._database.check()
        live = [
            route
            for route in self._database.routes.values()
            if route.pod_id == pod_id and route.deleted_at is None
        ]
        kinds = Counter(route.kind for route in live)
        made = sum(
            since is not None and route.created_at is not None and _as_utc(route.created_at) >= _as_utc(since)
            for route in live
        )
        bound = sum(each.is_binding and each.pod_id == pod_id for each in self._database.bindings.values())
        return PodUses(
            counted_to=COUNTED,
            bindings=min(bound, COUNTED),
            routes={kind: min(number, COUNTED) for kind, number in kinds.items()},
            made_since=min(made, COUNTED),
        )

    async def delete_pod(self, pod_id: str, *, force: bool = False) -> Pod:
        known = await self.get_pod(pod_id)
        database = self._database
        used = database.used(pod_id)
        if used and not force:
            raise InUse(used)
        for binding in list(database.bindings.values()):
            if binding.pod_id == pod_id and binding.is_binding:
                database.end_binding(binding, POD_DELETED)
        database.remove_pod(pod_id)
        return known

    async def declare_pods(self, pods: Sequence[Pod]) -> Sequence[Pod]:
        database = self._database
        stored = await self.list_pods()
        kept = (dict(database.pods), dict(database.declared_states), dict(database.routes))
        plan = declare(
            stored,
            pods,
            declared_states=database.declared_states,
            used={pod.id for pod in stored if database.used(pod.id)},
        )
        states = {pod.name: pod.state for pod in pods}
        try:
            for pod in plan.removed:
                database.remove_pod(pod.id)
            for pod in plan.given_up:
                database.declared_states.pop(pod.id, None)
                self._update(pod)
            for pod in plan.updated:
                database.declared_states[pod.id] = states[pod.name]
                self._update(pod)
            for pod in plan.created:
                database.declared_states[self._create(pod).id] = states[pod.name]
        except AlreadyExists:
            database.pods, database.declared_states, database.routes = kept
            raise
        return await self.list_pods()


@implementer(IBindingStore)
@define(eq=False)
class MemoryBindings:
    """
    The bindings in a dictionary.
    """

    _database: MemoryDatabase

    async def bind(
        self,
        tenant_id: str,
        pod_id: str,
        *,
        az_name: str,
        pod_group: str,
        reason: str,
        replaces: str | None,
        first: bool = False,
    ) -> Binding:
        database = self._database
        database.check()
        active = database.active(tenant_id, az_name, pod_group)
        if active is not None and stands(active, pod_id, replaces):
            return active
        if pod_id not in database.pods:
            raise Missing(pod_id)
        if active is not None:
            database.end_binding(active, reason)
        elif first:
            others = database.active_of(tenant_id)
            if others:
                return others[-1]
        return self._make(tenant_id, pod_id, az_name, pod_group, reason)

    async def create_binding(self, tenant_id: str, pod_id: str) -> Binding:
        database = self._database
        database.check()
        if pod_id not in database.pods:
            raise Missing(pod_id)
        pod = database.pods[pod_id]
        active = database.active(tenant_id, pod.az_name, pod.group)
        if active is not None:
            if active.pod_id == pod_id:
                raise AlreadyExists("the project is bound to this pod")
            database.end_binding(active, MOVED_BY_OPERATOR)
        return self._make(tenant_id, pod_id, pod.az_name, pod.group, "admin")

    def _make(self, tenant_id: str, pod_id: str, az_name: str, pod_group: str, reason: str) -> Binding:
        made = Binding(
            id=str(uuid4()),
            tenant_id=tenant_id,
            pod_id=pod_id,
            az_name=az_name,
            pod_group=pod_group,
            is_binding=True,
            created_at=self._database.now(),
            reason=reason,
        )
        return self._database.put_binding(made)

    async def end_binding(self, binding_id: str, reason: str) -> Binding:
        known = await self.get_binding(binding_id)
        return self._database.end_binding(known, reason) if known.is_binding else known

    async def end_bindings(self, pod_id: str, reason: str) -> int:
        self._database.check()
        bound = [
            each for each in self._database.bindings.values() if each.is_binding and each.pod_id == pod_id
        ]
        for each in bound:
            self._database.end_binding(each, reason)
        return len(bound)

    async def get_binding(self, binding_id: str) -> Binding:
        found = await self.get_bindings([binding_id])
        if not found:
            raise Missing(binding_id)
        return found[0]

    async def get_bindings(self, binding_ids: Collection[str]) -> Sequence[Binding]:
        self._database.check()
        known = self._database.bindings
        return [known[binding_id] for binding_id in dict.fromkeys(binding_ids) if binding_id in known]

    async def find_bindings(
        self,
        *,
        tenant_id: str | None = None,
        pod_id: str | None = None,
        active: bool | None = None,
        at: datetime | None = None,
        limit: int | None = None,
        marker: str | None = None,
    ) -> Sequence[Binding]:
        self._database.check()
        newest_first = list(reversed(self._database.bindings.values()))
        if marker is not None:
            if marker not in self._database.bindings:
                raise Missing(marker)
            newest_first = newest_first[[binding.id for binding in newest_first].index(marker) + 1 :]
        found = [
            binding
            for binding in newest_first
            if (tenant_id is None or binding.tenant_id == tenant_id)
            and (pod_id is None or binding.pod_id == pod_id)
            and (active is None or binding.is_binding is active)
            and (at is None or _active_at(binding, _as_utc(at)))
        ]
        return found if limit is None else found[:limit]


@implementer(IChangeLog)
@define(eq=False)
class MemoryChanges:
    """
    The change log as a list, and calls in place of notifications.
    """

    _database: MemoryDatabase

    async def snapshot(self) -> Snapshot:
        self._database.check()
        database = self._database
        return Snapshot(
            number=database.last,
            timeline=database.timeline,
            pods=tuple(sorted(database.pods.values(), key=lambda pod: pod.serial)),
            bindings=tuple(binding for binding in database.bindings.values() if binding.is_binding),
        )

    async def changes_since(self, number: int) -> Sequence[Change] | None:
        self._database.check()
        if not self._database.pruned <= number <= self._database.last:
            return None
        return [change for change in self._database.changes if change.number > number][:MOST]

    async def timeline(self) -> str:
        self._database.check()
        return self._database.timeline

    async def listen(
        self, changed: Callable[[], None], connected: Callable[[], None], lost: Callable[[], None]
    ) -> None:
        self._database.add_listener(Ear(changed, connected, lost))


def _as_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _active_at(binding: Binding, moment: datetime) -> bool:
    return binding.created_at <= moment and (binding.ended_at is None or moment < binding.ended_at)
