"""
Rows of what projects have, as tallies.
"""

from __future__ import annotations

import json
from math import inf
from typing import Any

from trio2o.model import Reservation, Tally
from trio2o.quota.tallies import used
from trio2o.storage.pool import Transaction

#: The database's clock now and in so many seconds, and a time as seconds since the epoch.
NOW = "clock_timestamp()"
IN = "clock_timestamp() + make_interval(secs => %({})s)"
EPOCH = "extract(epoch from {})::float8"


async def locked(transaction: Transaction, service: str, project_id: str) -> tuple[Tally, float] | None:
    """
    A project's tally, held to the end of the transaction, and the time then; ``None`` where there is none.
    """
    rows: list[Any] = await transaction.query(
        f"select pods, reserved, read, {EPOCH.format('changed_at')} from quota_usages"
        " where service = %s and project_id = %s for update",
        (service, project_id),
    )
    if not rows:
        return None
    ((pods, reserved, read, changed_at),) = rows
    ((now,),) = await transaction.query(f"select {EPOCH.format(NOW)}")
    return Tally(pods=pods, reserved=reserved, read=read, changed_at=changed_at), float(now)


async def open_reservations(
    transaction: Transaction, service: str, project_id: str, before: float
) -> list[Reservation]:
    """
    What a project's open reservations are. Those that were to be settled by then are held to the end of the transaction, and one
    that is just being closed counts as too young for it.
    """
    ours = {
        id_
        for (id_,) in await transaction.query(
            "select id from quota_reservations where service = %s and project_id = %s"
            " and settles_at <= to_timestamp(%s) for update skip locked",
            (service, project_id, before),
        )
    }
    return [
        Reservation(
            id=id_,
            service=service,
            project_id=project_id,
            kind=kind,
            amounts=amounts,
            pod_id=pod_id,
            settles_at=settles_at if id_ in ours else inf,
        )
        for id_, kind, amounts, pod_id, settles_at in await transaction.query(
            f"select id, kind, amounts, pod_id, {EPOCH.format('settles_at')} from quota_reservations"
            " where service = %s and project_id = %s",
            (service, project_id),
        )
    ]


async def written(
    transaction: Transaction, service: str, project_id: str, tally: Tally, look_after: float | None
) -> None:
    """
    Write a tally whose row is held; it is to be read in so many seconds, or when it was to be.
    """
    await transaction.query(
        "update quota_usages set used = %(used)s::jsonb, reserved = %(reserved)s::jsonb, pods = %(pods)s::jsonb,"
        " read = %(read)s::jsonb, changes = changes + 1, changed_at = to_timestamp(%(changed)s),"
        f" look_at = least(look_at, {IN.format('after')})"
        " where service = %(service)s and project_id = %(project)s",
        {
            "service": service,
            "project": project_id,
            "used": json.dumps(used(tally)),
            "reserved": json.dumps(dict(tally.reserved)),
            "pods": json.dumps(dict(tally.pods)),
            "read": json.dumps(dict(tally.read)),
            "changed": tally.changed_at,
            "after": look_after,
        },
    )
