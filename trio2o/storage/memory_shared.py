"""
What pods are to have the same, in memory; see :mod:`trio2o.storage.memory`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from attrs import define, evolve, field
from zope.interface import implementer

from trio2o.interfaces import ISharedStore
from trio2o.model.shared import (
    CopyState,
    Drift,
    OpenWrite,
    SharedCopy,
    SharedKey,
    SharedResource,
    SharedState,
)
from trio2o.storage.memory_database import MemoryDatabase
from trio2o.storage.memory_quotas import rename_type
from trio2o.storage.rules import shared_row
from trio2o.surface.mapped_ids import VOLUME_TYPE


@define
class _Row:
    resource: SharedResource
    changed_at: float
    copies: dict[str, SharedCopy] = field(factory=dict)


@define
class _Write:
    key: SharedKey
    judge_id: str
    began_at: float
    overlapped: bool
    deletes: bool
    ended: bool = False


@implementer(ISharedStore)
@define(eq=False)
class MemoryShared:
    """
    Desired states, copies, writes and differences in dictionaries.
    """

    _database: MemoryDatabase
    _rows: dict[str, _Row] = field(factory=dict, init=False)
    _writes: dict[int, _Write] = field(factory=dict, init=False)
    _drifts: list[Drift] = field(factory=list, init=False)

    async def begin_write(self, key: SharedKey, judge_id: str, *, deletes: bool = False) -> int:
        now = self._now()
        others = [write for write in self._writes.values() if write.key == key]
        for other in others:
            other.overlapped = True
        number = self._database.next_serial()
        self._writes[number] = _Write(key, judge_id, now, bool(others), deletes)
        return number

    async def end_write(self, write_id: int, *, sure: bool = True) -> bool:
        self._now()
        write = self._writes.get(write_id)
        if write is None:
            return False
        if write.overlapped or not sure:
            write.ended = True
            return False
        del self._writes[write_id]
        return True

    async def forget_writes(self, write_ids: Collection[int]) -> None:
        self._now()
        for write_id in write_ids:
            self._writes.pop(write_id, None)

    async def open_writes(self, key: SharedKey) -> Sequence[OpenWrite]:
        now = self._now()
        return [
            OpenWrite(
                number=number,
                judge_id=write.judge_id,
                age=now - write.began_at,
                deletes=write.deletes,
                ended=write.ended,
            )
            for number, write in sorted(self._writes.items())
            if write.key == key
        ]

    async def find(self, key: SharedKey, top_id: str = "") -> Sequence[SharedState]:
        row_id = shared_row(key.kind, top_id)
        return self._states(
            [each for name, each in self._rows.items() if each.resource.key == key or name == row_id]
        )

    async def settle(
        self, resource: SharedResource, copies: Collection[SharedCopy], *, expected: int
    ) -> SharedResource | None:
        now = self._now()
        row_id = shared_row(resource.key.kind, resource.top_id)
        row = self._rows.get(row_id)
        version = row.resource.version if row is not None else 0
        taken = not resource.deleted and any(
            other.resource.key == resource.key and not other.resource.deleted
            for name, other in self._rows.items()
            if name != row_id
        )
        if version != expected or taken:
            return None
        same = row is not None and evolve(resource, version=version) == row.resource
        written = evolve(resource, version=version if same else version + 1)
        if row is not None and resource.key.kind == VOLUME_TYPE and resource.key != row.resource.key:
            rename_type(self._database, row.resource.key.name, resource.key.name)
            for renamed in self._database.type_renamed:
                renamed(row.resource.key.name, resource.key.name)
        if row is None:
            row = self._rows[row_id] = _Row(written, now)
        row.resource = written
        row.changed_at = row.changed_at if same else now
        self._note(row_id, row, copies)
        return written

    async def note_copies(
        self, key: SharedKey, top_id: str, version: int, copies: Collection[SharedCopy]
    ) -> bool:
        self._now()
        row_id = shared_row(key.kind, top_id)
        row = self._rows.get(row_id)
        if row is None or row.resource.version != version:
            return False
        self._note(row_id, row, copies)
        return True

    async def lacking(
        self, pod_id: str, limit: int, after: SharedResource | None = None
    ) -> Sequence[SharedState]:
        found = [
            state
            for state in self._states(self._rows.values())
            if pod_id in state.copies and state.copies[pod_id].state is not CopyState.CURRENT
        ]
        if after is not None:
            found = [state for state in found if _own_last(state.resource) > _own_last(after)]
        return sorted(found, key=lambda state: _own_last(state.resource))[:limit]

    async def everything(self, kind: str) -> Sequence[SharedState]:
        return self._states([row for row in self._rows.values() if row.resource.key.kind == kind])

    async def cached(self, kinds: Collection[str]) -> Sequence[SharedState]:
        found: list[SharedState] = []
        for state in self._states(self._rows.values()):
            behind = {pod_id: copy for pod_id, copy in state.copies.items() if copy.state is CopyState.BEHIND}
            if state.resource.key.kind in kinds:
                found.append(state)
            elif behind:
                found.append(evolve(state, copies=behind))
        return found

    async def cached_rows(self, row_ids: Collection[str]) -> Sequence[SharedState]:
        return self._states([self._rows[each] for each in row_ids if each in self._rows])

    async def prune(self, seconds: float) -> int:
        now = self._now()
        over = [
            row_id
            for row_id, row in self._rows.items()
            if row.resource.deleted
            and row.changed_at < now - seconds
            and all(copy.state is CopyState.CURRENT for copy in self._copies(row).values())
        ]
        for row_id in over:
            del self._rows[row_id]
            self._database.note("shared_resources", row_id)
        return len(over)

    async def report(self, kind: str, drifts: Collection[Drift], *, unseen: Collection[str] = ()) -> None:
        self._now()
        now = self._database.now()
        self._drifts = [drift for drift in self._drifts if drift.key.kind != kind or drift.pod_id in unseen]
        self._drifts += [evolve(drift, seen_at=now) for drift in drifts]

    async def drifts(self) -> Sequence[Drift]:
        self._now()
        pods = self._database.pods
        return sorted(
            (drift for drift in self._drifts if drift.pod_id in pods),
            key=lambda drift: (drift.key.kind, drift.key.owner, drift.key.name, pods[drift.pod_id].serial),
        )

    def _now(self) -> float:
        self._database.check()
        return self._database.now().timestamp()

    def _note(self, row_id: str, row: _Row, copies: Collection[SharedCopy]) -> None:
        now = self._database.now()
        for copy in copies:
            if copy.pod_id not in self._database.pods:
                continue
            version = copy.version or row.resource.version
            row.copies[copy.pod_id] = evolve(copy, version=version, seen_at=now)
            for other in self._rows.values():
                had = other.copies.get(copy.pod_id)
                if other is row or had is None or not copy.pod_ref or had.pod_ref != copy.pod_ref:
                    continue
                if other.resource.deleted and other.resource.key.kind == row.resource.key.kind:
                    other.copies[copy.pod_id] = evolve(
                        had,
                        pod_ref="",
                        state=CopyState.CURRENT,
                        version=other.resource.version,
                        error="",
                    )
        self._database.note("shared_resources", row_id)

    def _states(self, rows: Collection[_Row]) -> Sequence[SharedState]:
        self._now()
        ordered = sorted(rows, key=lambda row: _order(row.resource))
        return [SharedState(resource=row.resource, copies=self._copies(row)) for row in ordered]

    def _copies(self, row: _Row) -> dict[str, SharedCopy]:
        """
        How each registered pod stands.
        """
        found: dict[str, SharedCopy] = {}
        for pod in sorted(self._database.pods.values(), key=lambda pod: pod.serial):
            copy = row.copies.get(pod.id)
            if pod.is_top or (copy is None and row.resource.deleted):
                continue
            copy = copy or SharedCopy(pod_id=pod.id)
            late = copy.version < row.resource.version
            found[pod.id] = evolve(copy, state=CopyState.BEHIND) if late else copy
        return found


def _own_last(resource: SharedResource) -> tuple[Any, ...]:
    return (bool(resource.key.owner), *_order(resource))


def _order(resource: SharedResource) -> tuple[bool, str, str, str, str]:
    key = resource.key
    return (not resource.deleted, key.kind, key.owner, key.name, shared_row(key.kind, resource.top_id))
