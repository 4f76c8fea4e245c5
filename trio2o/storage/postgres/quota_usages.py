"""
What projects have, in PostgreSQL.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from attrs import define
from zope.interface import implementer

from trio2o.errors import DatabaseUnavailable
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
)
from trio2o.quota.tallies import (
    COUNTED_LATER,
    KEPT,
    NAMELESS,
    first,
    given_back,
    is_recent,
    named,
    next_after,
    overs,
    plus,
    read_into,
    result_of,
    seen_as_of,
    shown,
    used,
)
from trio2o.storage.pool import Pool, Transaction
from trio2o.storage.postgres.quota_tallies import EPOCH, IN, NOW, locked, open_reservations, written
from trio2o.storage.postgres.rows import storable

#: How often a reservation is tried that was over a limit and, a moment later, is not.
_ATTEMPTS = 5


# The condition is looked at again for the row as it is once its lock is held, so two never take the same last one.
_RESERVE = (
    "with taken as (update quota_usages set reserved = quota_plus(reserved, %(amounts)s::jsonb), changes = changes + 1,"
    f" look_at = least(look_at, {IN.format('settles')})"
    " where service = %(service)s and project_id = %(project)s"
    " and quota_fits(used, reserved, %(amounts)s::jsonb, %(limits)s::jsonb) returning 1)"
    " insert into quota_reservations (id, service, project_id, kind, amounts, created_at, settles_at)"
    f" select %(id)s, %(service)s, %(project)s, %(kind)s, %(amounts)s::jsonb, {NOW}, {IN.format('settles')}"
    " from taken returning id"
)
_COMMIT = (
    "with done as (delete from quota_reservations where id = %(id)s returning service, project_id, amounts),"
    " counted as (update quota_usages as usages set reserved = quota_plus(usages.reserved, done.amounts, -1),"
    " used = quota_plus(usages.used, %(made)s::jsonb),"
    " pods = jsonb_set(usages.pods, array[%(pod)s],"
    " quota_plus(coalesce(usages.pods -> %(pod)s, '{}'::jsonb), %(made)s::jsonb)),"
    f" changes = changes + 1, changed_at = {NOW} from done"
    " where usages.service = done.service and usages.project_id = done.project_id returning 1),"
    " held as (insert into quota_holdings"
    " (kind, resource_id, service, project_id, pod_id, amounts, whole, added, added_at)"
    " select each ->> 'kind', each ->> 'id', done.service, done.project_id, %(pod)s, each -> 'amounts',"
    f" (each ->> 'whole')::boolean, each -> 'amounts', {NOW}"
    " from done, jsonb_array_elements(%(holdings)s::jsonb) as each"
    " on conflict (kind, resource_id) do update set service = excluded.service, project_id = excluded.project_id,"
    " pod_id = excluded.pod_id, amounts = quota_plus(quota_holdings.amounts, excluded.amounts),"
    " added = excluded.added, added_at = excluded.added_at)"
    " select 1 from done"
)
_GIVE_BACK = (
    "with done as (delete from quota_reservations where id = %s returning service, project_id, amounts)"
    " update quota_usages as usages set reserved = quota_plus(usages.reserved, done.amounts, -1), changes = changes + 1"
    " from done where usages.service = done.service and usages.project_id = done.project_id returning 1"
)
_LEAVE = (
    f"with late as (update quota_reservations set pod_id = %(pod)s, settles_at = {IN.format('settles')}"
    " where id = %(id)s returning service, project_id)"
    f" update quota_usages as usages set look_at = least(usages.look_at, {IN.format('settles')})"
    " from late where usages.service = late.service and usages.project_id = late.project_id"
)
_POSTPONE = (
    f"update quota_usages set look_at = {IN.format('after')}"
    " where service = %(service)s and project_id = %(project)s"
)
_HELD_KEYS = (
    " where service = %(service)s and project_id = %(project)s"
    " and (kind, resource_id) in (select * from unnest(%(kinds)s::text[], %(ids)s::text[]))"
)
_GONE = "delete from quota_holdings" + _HELD_KEYS
_SEEN = "update quota_holdings set added_at = least(added_at, to_timestamp(%(as_of)s))" + _HELD_KEYS
# What a project has reserved is looked at again once its row's lock is held, so nothing that begins now is lost.
_PRUNE = (
    "with idle as (select service, project_id from quota_usages where used = '{}' and reserved = '{}'"
    f" and changed_at < {NOW} - make_interval(secs => %(idle)s) limit %(limit)s for update skip locked),"
    " pruned as (delete from quota_usages as usages using idle where usages.service = idle.service"
    " and usages.project_id = idle.project_id and usages.used = '{}' and usages.reserved = '{}'"
    " returning usages.service, usages.project_id),"
    " freed as (delete from quota_holdings as held using pruned where held.service = pruned.service"
    " and held.project_id = pruned.project_id)"
    " select 1 from pruned"
)


@implementer(IQuotaStore)
@define(eq=False)
class PostgresQuotaUsages:
    """
    What projects have, a row for each in each service.
    """

    _pool: Pool

    async def reserve(
        self, reservation: Reservation, limits: Mapping[str, int], *, settles_after: float
    ) -> Reserved:
        amounts = reservation.amounts
        values = {
            "id": reservation.id,
            "service": reservation.service,
            "project": reservation.project_id,
            "kind": reservation.kind,
            "amounts": json.dumps(dict(amounts)),
            "limits": json.dumps({name: limits[name] for name in amounts if name in limits}),
            "settles": settles_after,
        }
        for _ in range(_ATTEMPTS):
            if await self._pool.run_query(_RESERVE, values):
                return Reserved(done=True)
            rows = await self._pool.run_query(
                "select used, reserved from quota_usages where service = %(service)s and project_id = %(project)s",
                values,
                read_only=True,
            )
            if not rows:
                return Reserved(done=False, known=False)
            taken = plus(*rows[0])
            if overs(taken, amounts, limits):
                return Reserved(done=False, taken=taken)
            # something was given back in between
        raise DatabaseUnavailable("what a project has went up and down again and again")

    async def commit_reservation(self, reservation_id: str, pod_id: str, made: Sequence[Holding]) -> bool:
        holdings = [
            {
                "kind": each.kind,
                "id": each.resource_id,
                "amounts": dict(each.amounts),
                "whole": each.whole,
            }
            for each in made
        ]
        rows = await self._pool.run_query(
            _COMMIT,
            {
                "id": reservation_id,
                "pod": pod_id,
                "made": json.dumps(plus(*(each.amounts for each in made))),
                "holdings": json.dumps(holdings),
            },
        )
        return bool(rows)

    async def give_back_reservation(self, reservation_id: str) -> bool:
        return bool(await self._pool.run_query(_GIVE_BACK, (reservation_id,)))

    async def leave_reservation(self, reservation_id: str, pod_id: str, *, settles_after: float) -> None:
        await self._pool.run_query(_LEAVE, {"id": reservation_id, "pod": pod_id, "settles": settles_after})

    async def release(self, kind: str, resource_id: str, *, sent_for: float | None) -> bool:
        async def work(transaction: Transaction) -> bool:
            # locked in the order in which commits lock: the project, then what it holds
            named = await transaction.query(
                "select service, project_id from quota_holdings where kind = %s and resource_id = %s",
                (kind, resource_id),
            )
            found = await locked(transaction, *named[0]) if named else None
            if found is None:
                return False
            (service, project_id), (tally, now) = named[0], found
            rows = await transaction.query(
                "delete from quota_holdings where kind = %s and resource_id = %s and service = %s and project_id = %s"
                " returning pod_id, amounts, whole",
                (kind, resource_id, service, project_id),
            )
            if not rows:
                return False
            ((pod_id, amounts, whole),) = rows
            holding = Holding(kind=kind, resource_id=resource_id, amounts=amounts, whole=whole)
            sent_at = None if sent_for is None else now - sent_for
            after, sure = given_back(tally, pod_id, holding, sent_at, now)
            await written(transaction, service, project_id, after, None if sure else 0.0)
            return sure

        return await self._pool.run_interaction(work)

    async def name_held(self, kind: str, nameless_id: str, resource_ids: Sequence[str], each: Counts) -> None:
        async def work(transaction: Transaction) -> None:
            rows = await transaction.query(
                "select amounts from quota_holdings where kind = %s and resource_id = %s for update",
                (kind, nameless_id),
            )
            if not rows:
                return
            held = {
                id_
                for (id_,) in await transaction.query(
                    "select resource_id from quota_holdings where kind = %s and resource_id = any(%s)",
                    (kind, list(resource_ids)),
                )
            }
            found, rest = named(rows[0][0], each, [id_ for id_ in resource_ids if id_ not in held])
            values = {
                "kind": kind,
                "nameless": nameless_id,
                "found": list(found),
                "each": json.dumps(dict(each)),
                "rest": json.dumps(rest),
            }
            # the old row goes in the statement in which the new ones come, so that a reading sees one or the other
            await transaction.query(
                "with nameless as (select * from quota_holdings where kind = %(kind)s and resource_id = %(nameless)s),"
                " less as (update quota_holdings set amounts = %(rest)s::jsonb, added = %(rest)s::jsonb"
                " where kind = %(kind)s and resource_id = %(nameless)s)"
                " insert into quota_holdings"
                " (kind, resource_id, service, project_id, pod_id, amounts, whole, added, added_at)"
                " select kind, named, service, project_id, pod_id, %(each)s::jsonb, whole, %(each)s::jsonb, added_at"
                " from nameless, unnest(%(found)s::text[]) as named on conflict do nothing",
                values,
            )
            await transaction.query(
                "delete from quota_holdings where kind = %(kind)s and resource_id = %(nameless)s and amounts = '{}'",
                values,
            )

        await self._pool.run_interaction(work)

    async def unseen(
        self, service: str, project_id: str, *, grace: float, limit: int
    ) -> Sequence[tuple[HeldKey, str]]:
        rows = await self._pool.run_query(
            "select kind, resource_id, pod_id from quota_holdings where service = %s and project_id = %s"
            f" and added_at > {NOW} - make_interval(secs => %s) and kind = any(%s)"
            " and resource_id not like %s order by added_at desc limit %s",
            (service, project_id, grace, sorted(COUNTED_LATER), f"{NAMELESS}%", limit),
            read_only=True,
        )
        return [((kind, resource_id), pod_id) for kind, resource_id, pod_id in rows]

    async def usage(self, service: str, project_id: str) -> Mapping[str, QuotaUse] | None:
        if not storable(project_id):
            return None
        rows = await self._pool.run_query(
            "select used, reserved from quota_usages where service = %s and project_id = %s",
            (service, project_id),
            read_only=True,
        )
        return shown(*rows[0]) if rows else None

    async def database_time(self) -> float:
        ((now,),) = await self._pool.run_query(f"select {EPOCH.format(NOW)}", read_only=True)
        return float(now)

    async def first_reading(self, service: str, project_id: str, reading: Reading, *, again: float) -> None:
        tally = first(reading)
        await self._pool.run_query(
            "insert into quota_usages (service, project_id, used, pods, read, changed_at, look_at) values"
            " (%(service)s, %(project)s, %(used)s::jsonb, %(pods)s::jsonb, %(read)s::jsonb,"
            f" to_timestamp(%(changed)s), {IN.format('after')}) on conflict do nothing",
            {
                "service": service,
                "project": project_id,
                "used": json.dumps(used(tally)),
                "pods": json.dumps(dict(tally.pods)),
                "read": json.dumps(dict(tally.read)),
                "changed": tally.changed_at,
                "after": again if reading.told.keys() >= reading.needed else 0.0,
            },
        )

    async def read(
        self, service: str, project_id: str, reading: Reading, *, grace: float, again: float, soon: float
    ) -> ReadResult:
        async def work(transaction: Transaction) -> ReadResult:
            found = await locked(transaction, service, project_id)
            if found is None:
                return ReadResult(exact=False)
            before, _ = found
            for statement, keys in ((_GONE, reading.gone), (_SEEN, reading.seen)):
                if keys:
                    kinds, ids = zip(*sorted(keys), strict=True)
                    values = {"kinds": list(kinds), "ids": list(ids), "as_of": seen_as_of(reading, grace)}
                    await transaction.query(statement, {**values, "service": service, "project": project_id})
            recent: dict[str, Counts] = {}
            for kind, resource_id, pod_id, added, added_at in await transaction.query(
                f"select kind, resource_id, pod_id, added, {EPOCH.format('added_at')} from quota_holdings"
                " where service = %s and project_id = %s and added_at > to_timestamp(%s)",
                (service, project_id, reading.begun - grace),
            ):
                if is_recent((kind, resource_id), added_at, reading, grace):
                    recent[pod_id] = plus(recent.get(pod_id, {}), added)
            own = await open_reservations(transaction, service, project_id, reading.begun)
            taken = read_into(before, reading, recent, own)
            if taken.closed:
                await transaction.query(
                    "delete from quota_reservations where id = any(%s)", ([each.id for each in taken.closed],)
                )
            await written(transaction, service, project_id, taken.tally, None)
            if taken.exact:
                # nothing of these is new any more, and nobody gives them back, or seldom
                await transaction.query(
                    "delete from quota_holdings where service = %s and project_id = %s"
                    f" and (resource_id like %s or added_at < {NOW} - make_interval(secs => %s))",
                    (service, project_id, f"{NAMELESS}%", KEPT),
                )
            wait = next_after(taken.tally, reading, again) if taken.exact else soon
            await transaction.query(_POSTPONE, {"service": service, "project": project_id, "after": wait})
            return result_of(before, taken)

        return await self._pool.run_interaction(work)

    async def read_soon(self, service: str, project_id: str, after: float) -> None:
        await self._pool.run_query(
            f"update quota_usages set look_at = {IN.format('after')}"
            f" where service = %(service)s and project_id = %(project)s and look_at > {IN.format('after')}",
            {"service": service, "project": project_id, "after": after},
        )

    async def postpone(self, service: str, project_id: str, after: float) -> None:
        await self._pool.run_query(_POSTPONE, {"service": service, "project": project_id, "after": after})

    async def due(self, limit: int) -> Sequence[tuple[str, str]]:
        rows = await self._pool.run_query(
            f"select service, project_id from quota_usages where look_at <= {NOW} order by look_at limit %s",
            (limit,),
            read_only=True,
        )
        return [(service, project_id) for service, project_id in rows]

    async def prune(self, idle_seconds: float, limit: int) -> int:
        rows = await self._pool.run_query(_PRUNE, {"idle": idle_seconds, "limit": limit})
        return len(rows)

    async def open_reservations(self) -> Mapping[str, int]:
        rows = await self._pool.run_query(
            "select service, count(*) from quota_reservations group by service", read_only=True
        )
        return {service: int(count) for service, count in rows}
