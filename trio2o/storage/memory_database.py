"""
What the stores in memory have in common: the rows, the change log, and the knobs of tests.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import attrs
from attrs import define, field
from twisted.internet.interfaces import IReactorTime

from trio2o.errors import AlreadyExists, DatabaseUnavailable
from trio2o.model import Binding, Change, Kind, News, Pod, PodState, QuotaOwner, Route
from trio2o.storage.rules import COUNTED, in_use


@define(eq=False)
class Ear:
    """
    One listener.
    """

    changed: Callable[[], None]
    connected: Callable[[], None]
    lost: Callable[[], None]
    listening: bool = False


@define(eq=False)
class MemoryDatabase:
    """
    The rows of one database.
    """

    _clock: IReactorTime
    pods: dict[str, Pod] = field(factory=dict, init=False)
    declared_states: dict[str, PodState] = field(factory=dict, init=False)
    #: In the order they were made, ended ones too.
    bindings: dict[str, Binding] = field(factory=dict, init=False)
    routes: dict[tuple[str, Kind], Route] = field(factory=dict, init=False)
    #: Digest to the time of writing and the content, the oldest first.
    cursors: dict[bytes, tuple[float, str]] = field(factory=dict, init=False)
    changes: list[Change] = field(factory=list, init=False)
    last: int = field(default=0, init=False)
    pruned: int = field(default=0, init=False)
    timeline: str = field(default="first", init=False)
    available: bool = field(default=True, init=False)
    quota_limits: dict[QuotaOwner, dict[str, int]] = field(factory=dict, init=False)
    #: By the election's name, who stands, the winner first.
    elections: dict[str, list[Any]] = field(factory=dict, init=False)
    #: Who is told news.
    newsrooms: list[Callable[[News], None]] = field(factory=list, init=False)
    #: Who counts for volume types: told the old name of one and the new.
    type_renamed: list[Callable[[str, str], None]] = field(factory=list, init=False)
    _serial: int = field(default=0, init=False)
    _ears: list[Ear] = field(factory=list, init=False)

    def check(self) -> None:
        """
        Refuse while the database is away.

        :raises DatabaseUnavailable: then.
        """
        if not self.available:
            raise DatabaseUnavailable("taken away")

    def now(self) -> datetime:
        """
        The clock's time.
        """
        return datetime.fromtimestamp(self._clock.seconds(), UTC)

    def next_serial(self) -> int:
        """
        A number that was not given before.
        """
        self._serial += 1
        return self._serial

    def note(self, table: str, row_id: str) -> None:
        """
        Grow the change log by one and tell the listeners.
        """
        self.last += 1
        self.changes.append(Change(number=self.last, table=table, row_id=row_id))
        for ear in list(self._ears):
            if ear.listening:
                ear.changed()

    def put_pod(self, pod: Pod) -> Pod:
        """
        Write a pod's row.

        :raises AlreadyExists: as the database's unique indexes do.
        """
        for other in self.pods.values():
            if other.id != pod.id and other.name == pod.name:
                raise AlreadyExists("a pod of this name exists")
            if other.id != pod.id and other.is_top and pod.is_top:
                raise AlreadyExists("there is a top region already")
        self.pods[pod.id] = pod
        self.note("pods", pod.id)
        return pod

    def put_binding(self, binding: Binding) -> Binding:
        """
        Write a binding's row.
        """
        self.bindings[binding.id] = binding
        self.note("bindings", binding.id)
        return binding

    def end_binding(self, binding: Binding, reason: str) -> Binding:
        """
        Write a binding's row with its end.
        """
        now = self.now()
        ended = attrs.evolve(binding, is_binding=False, ended_at=now, updated_at=now, reason=reason)
        return self.put_binding(ended)

    def active(self, tenant_id: str, az_name: str, pod_group: str) -> Binding | None:
        """
        The active binding of a project in one zone and group.
        """
        place = (az_name, pod_group)
        for binding in self.active_of(tenant_id):
            if (binding.az_name, binding.pod_group) == place:
                return binding
        return None

    def active_of(self, tenant_id: str) -> list[Binding]:
        """
        The active bindings of a project, in the order they were made.
        """
        return [each for each in self.bindings.values() if each.is_binding and each.tenant_id == tenant_id]

    def used(self, pod_id: str) -> str:
        """
        What names a pod; empty for nothing.
        """
        routes = sum(route.pod_id == pod_id and route.deleted_at is None for route in self.routes.values())
        bindings = sum(binding.pod_id == pod_id and binding.is_binding for binding in self.bindings.values())
        return in_use(min(routes, COUNTED), min(bindings, COUNTED))

    def remove_pod(self, pod_id: str) -> None:
        """
        Drop a pod's row and its routes.
        """
        del self.pods[pod_id]
        self.declared_states.pop(pod_id, None)
        self.routes = {key: route for key, route in self.routes.items() if route.pod_id != pod_id}
        self.note("pods", pod_id)

    def add_listener(self, ear: Ear) -> None:
        """
        Take a listener on, connected when the database is there.
        """
        self._ears.append(ear)
        if self.available:
            ear.listening = True
            ear.connected()

    def lose_listeners(self) -> None:
        """
        End the connections that listen; they stay away until :meth:`restore_listeners`.
        """
        for ear in self._ears:
            if ear.listening:
                ear.listening = False
                ear.lost()

    def restore_listeners(self) -> None:
        """
        Let them connect again.
        """
        for ear in self._ears:
            if not ear.listening:
                ear.listening = True
                ear.connected()

    def prune(self, kept: int) -> None:
        """
        Forget all but the newest changes.
        """
        self.pruned = max(self.pruned, self.last - kept)
        self.changes = [change for change in self.changes if change.number > self.pruned]
