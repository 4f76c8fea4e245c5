"""
What projects have, in memory; see :mod:`trio2o.storage.memory`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import define, evolve, field
from zope.interface import implementer

from trio2o.interfaces import IQuotaStore
from trio2o.model import (
    Counts,
    HeldKey,
    Holding,
    QuotaUse,
    Reading,
    ReadResult,
    Reservation,
    Reserved,
    Tally,
)
from trio2o.quota.resources import of_type
from trio2o.quota.tallies import (
    COUNTED_LATER,
    KEPT,
    first,
    given_back,
    is_nameless,
    is_recent,
    minus,
    named,
    next_after,
    overs,
    plus,
    read_into,
    result_of,
    seen_as_of,
    shown,
    used,
    with_made,
)
from trio2o.storage.memory_database import MemoryDatabase

_Project = tuple[str, str]


@define
class _Row:
    tally: Tally
    look_at: float


@define
class _Held:
    project: _Project
    pod_id: str
    holding: Holding
    added: Counts
    added_at: float


@implementer(IQuotaStore)
@define(eq=False)
class MemoryQuotaUsages:
    """
    What projects have, in dictionaries.
    """

    _database: MemoryDatabase
    _rows: dict[_Project, _Row] = field(factory=dict, init=False)
    _reservations: dict[str, Reservation] = field(factory=dict, init=False)
    _held: dict[tuple[str, str], _Held] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._database.type_renamed.append(self._type_renamed)

    async def reserve(
        self, reservation: Reservation, limits: Mapping[str, int], *, settles_after: float
    ) -> Reserved:
        now = self._now()
        row = self._rows.get((reservation.service, reservation.project_id))
        if row is None:
            return Reserved(done=False, known=False)
        taken = plus(used(row.tally), row.tally.reserved)
        if overs(taken, reservation.amounts, limits):
            return Reserved(done=False, taken=taken)
        row.tally = evolve(row.tally, reserved=plus(row.tally.reserved, reservation.amounts))
        self._reservations[reservation.id] = evolve(reservation, settles_at=now + settles_after)
        row.look_at = min(row.look_at, now + settles_after)
        return Reserved(done=True)

    async def commit_reservation(self, reservation_id: str, pod_id: str, made: Sequence[Holding]) -> bool:
        now = self._now()
        reservation = self._reservations.pop(reservation_id, None)
        if reservation is None:
            return False
        project = (reservation.service, reservation.project_id)
        row = self._rows[project]
        amounts = plus(*(each.amounts for each in made))
        row.tally = with_made(row.tally, reservation.amounts, pod_id, amounts, now)
        for each in made:
            key = (each.kind, each.resource_id)
            held = self._held.get(key)
            holding = each
            if held is not None:
                holding = evolve(held.holding, amounts=plus(held.holding.amounts, each.amounts))
            self._held[key] = _Held(project, pod_id, holding, each.amounts, now)
        return True

    async def give_back_reservation(self, reservation_id: str) -> bool:
        self._now()
        reservation = self._reservations.pop(reservation_id, None)
        if reservation is None:
            return False
        row = self._rows[reservation.service, reservation.project_id]
        row.tally = evolve(row.tally, reserved=minus(row.tally.reserved, reservation.amounts))
        return True

    async def leave_reservation(self, reservation_id: str, pod_id: str, *, settles_after: float) -> None:
        now = self._now()
        reservation = self._reservations.get(reservation_id)
        if reservation is not None:
            self._reservations[reservation_id] = evolve(
                reservation, pod_id=pod_id, settles_at=now + settles_after
            )
            row = self._rows[reservation.service, reservation.project_id]
            row.look_at = min(row.look_at, now + settles_after)

    async def release(self, kind: str, resource_id: str, *, sent_for: float | None) -> bool:
        now = self._now()
        held = self._held.pop((kind, resource_id), None)
        if held is None:
            return False
        row = self._rows[held.project]
        sent_at = None if sent_for is None else now - sent_for
        row.tally, sure = given_back(row.tally, held.pod_id, held.holding, sent_at, now)
        if not sure:
            row.look_at = min(row.look_at, now)
        return sure

    async def name_held(self, kind: str, nameless_id: str, resource_ids: Sequence[str], each: Counts) -> None:
        self._now()
        held = self._held.get((kind, nameless_id))
        if held is None:
            return
        fresh = [resource_id for resource_id in resource_ids if (kind, resource_id) not in self._held]
        found, rest = named(held.holding.amounts, each, fresh)
        for resource_id in found:
            holding = evolve(held.holding, resource_id=resource_id, amounts=each)
            self._held[kind, resource_id] = evolve(held, holding=holding, added=each)
        held.holding, held.added = evolve(held.holding, amounts=rest), rest
        if not rest:
            del self._held[kind, nameless_id]

    async def unseen(
        self, service: str, project_id: str, *, grace: float, limit: int
    ) -> Sequence[tuple[HeldKey, str]]:
        since = self._now() - grace
        found = [
            (held.added_at, (key, held.pod_id))
            for key, held in self._held.items()
            if held.project == (service, project_id)
            and key[0] in COUNTED_LATER
            and held.added_at > since
            and not is_nameless(key[1])
        ]
        return [each for _, each in sorted(found, reverse=True)[:limit]]

    async def usage(self, service: str, project_id: str) -> Mapping[str, QuotaUse] | None:
        self._now()
        row = self._rows.get((service, project_id))
        return None if row is None else shown(used(row.tally), row.tally.reserved)

    async def database_time(self) -> float:
        return self._now()

    async def first_reading(self, service: str, project_id: str, reading: Reading, *, again: float) -> None:
        now = self._now()
        row = _Row(first(reading), now + (again if reading.told.keys() >= reading.needed else 0.0))
        self._rows.setdefault((service, project_id), row)

    async def read(
        self, service: str, project_id: str, reading: Reading, *, grace: float, again: float, soon: float
    ) -> ReadResult:
        now = self._now()
        project = (service, project_id)
        row = self._rows.get(project)
        if row is None:
            return ReadResult(exact=False)
        recent: dict[str, Counts] = {}
        for key in reading.gone:
            if key in self._held and self._held[key].project == project:
                del self._held[key]
        for key in reading.seen:
            if key in self._held and self._held[key].project == project:
                self._held[key].added_at = min(self._held[key].added_at, seen_as_of(reading, grace))
        for key, held in self._held.items():
            if held.project == project and is_recent(key, held.added_at, reading, grace):
                recent[held.pod_id] = plus(recent.get(held.pod_id, {}), held.added)
        own = [each for each in self._reservations.values() if (each.service, each.project_id) == project]
        before = row.tally
        taken = read_into(before, reading, recent, own)
        row.tally = taken.tally
        for each in taken.closed:
            del self._reservations[each.id]
        row.look_at = now + (next_after(row.tally, reading, again) if taken.exact else soon)
        if taken.exact:
            for key in [key for key, held in self._held.items() if held.project == project]:
                if is_nameless(key[1]) or self._held[key].added_at < now - KEPT:
                    del self._held[key]
        return result_of(before, taken)

    async def read_soon(self, service: str, project_id: str, after: float) -> None:
        now = self._now()
        row = self._rows.get((service, project_id))
        if row is not None:
            row.look_at = min(row.look_at, now + after)

    async def postpone(self, service: str, project_id: str, after: float) -> None:
        now = self._now()
        row = self._rows.get((service, project_id))
        if row is not None:
            row.look_at = now + after

    async def due(self, limit: int) -> Sequence[tuple[str, str]]:
        now = self._now()
        waiting = [(row.look_at, project) for project, row in self._rows.items() if row.look_at <= now]
        return [project for _, project in sorted(waiting)[:limit]]

    async def prune(self, idle_seconds: float, limit: int) -> int:
        now = self._now()
        idle = [
            project
            for project, row in self._rows.items()
            if not used(row.tally) and not row.tally.reserved and row.tally.changed_at < now - idle_seconds
        ][:limit]
        for project in idle:
            del self._rows[project]
        for key in [key for key, held in self._held.items() if held.project in idle]:
            del self._held[key]
        return len(idle)

    async def open_reservations(self) -> Mapping[str, int]:
        self._now()
        return Counter(each.service for each in self._reservations.values())

    def _type_renamed(self, old: str, new: str) -> None:
        now = self._now()
        names = dict(zip(of_type(old), of_type(new), strict=True))

        def renamed(counts: Counts) -> Counts:
            return {names.get(name, name): amount for name, amount in counts.items()}

        for (service, _), row in self._rows.items():
            tally = row.tally
            if service == "volume" and names.keys() & (used(tally).keys() | tally.reserved.keys()):
                pods = {pod_id: renamed(counts) for pod_id, counts in tally.pods.items()}
                row.tally = evolve(tally, pods=pods, reserved=renamed(tally.reserved))
                row.look_at = now
        for id_, each in self._reservations.items():
            if each.service == "volume":
                self._reservations[id_] = evolve(each, amounts=renamed(each.amounts))
        for held in self._held.values():
            if held.project[0] == "volume":
                held.holding = evolve(held.holding, amounts=renamed(held.holding.amounts))
                held.added = renamed(held.added)

    def _now(self) -> float:
        self._database.check()
        return self._database.now().timestamp()
