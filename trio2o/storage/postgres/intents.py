"""
Intents in PostgreSQL.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from attrs import define
from zope.interface import implementer

from trio2o.errors import DatabaseUnavailable
from trio2o.intents import Intent, KeptAnswer, Scope
from trio2o.interfaces import IIntentStore
from trio2o.model import Kind
from trio2o.storage.connection import Row
from trio2o.storage.pool import Pool

#: How often a key is asked for that comes and goes meanwhile.
_ATTEMPTS = 5

_COLUMNS = (
    "id, project_id, user_id, operation, key, digest, kind, marked, request, pod_id,"
    " coalesce(extract(epoch from clock_timestamp() - tried_at)::float8, 0), answer_status, answer_headers, answer_body,"
    " resource_id, extract(epoch from clock_timestamp() - created_at)::float8"
)
_IN = "clock_timestamp() + make_interval(secs => %({})s)"
_SCOPE = (
    "project_id = %(project)s and user_id = %(user)s and operation = %(operation)s and key = %(key)s"
    " and expires_at > clock_timestamp()"
)
# An intent whose time is over makes room for the next of its scope, whoever prunes it when.
_BEGIN = (
    "insert into intents (id, project_id, user_id, operation, key, digest, kind, marked, request, created_at, expires_at,"
    " look_at) values (%(id)s, %(project)s, %(user)s, %(operation)s, %(key)s, %(digest)s, %(kind)s, %(marked)s,"
    f" %(request)s::jsonb, clock_timestamp(), {_IN.format('kept')}, {_IN.format('look')})"
    " on conflict on constraint intents_scope do update set id = excluded.id, digest = excluded.digest,"
    " kind = excluded.kind, marked = excluded.marked, request = excluded.request, pod_id = '', tried_at = null,"
    " answer_status = null, answer_headers = null, answer_body = null, resource_id = '',"
    " created_at = excluded.created_at, expires_at = excluded.expires_at, look_at = excluded.look_at"
    " where intents.expires_at <= clock_timestamp() returning id"
)


@implementer(IIntentStore)
@define(eq=False)
class PostgresIntents:
    """
    The intents as rows.
    """

    _pool: Pool

    async def begin_intent(self, intent: Intent, *, kept: float, look_after: float) -> Intent:
        scope = intent.scope
        values = {
            "id": intent.id,
            "project": scope.project_id,
            "user": scope.user_id,
            "operation": scope.operation,
            "key": scope.key,
            "digest": intent.digest,
            "kind": intent.kind.value,
            "marked": intent.marked,
            "request": json.dumps(dict(intent.request)),
            "kept": kept,
            "look": look_after,
        }
        for _ in range(_ATTEMPTS):
            if await self._pool.run_query(_BEGIN, values):
                return intent
            rows = await self._pool.run_query(
                f"select {_COLUMNS} from intents where {_SCOPE}", values, read_only=True
            )
            if rows:
                return _intent_of(rows[0])
            # freed, or over, since the attempt to insert
        raise DatabaseUnavailable("a key came and went again and again")

    async def try_intent(self, intent_id: str, pod_id: str, *, look_after: float) -> bool:
        rows = await self._pool.run_query(
            f"update intents set pod_id = %(pod)s, tried_at = clock_timestamp(), look_at = {_IN.format('look')}"
            " where id = %(id)s and answer_status is null and expires_at > clock_timestamp() returning id",
            {"id": intent_id, "pod": pod_id, "look": look_after},
        )
        return bool(rows)

    async def make_intent(
        self,
        intent_id: str,
        answer: KeptAnswer,
        *,
        resource_id: str,
        look_after: float | None,
        found: bool = False,
    ) -> bool:
        rows = await self._pool.run_query(
            "update intents set answer_status = %(status)s, answer_headers = %(headers)s::jsonb,"
            f" answer_body = %(body)s, resource_id = %(resource)s, look_at = {_IN.format('look')}"
            " where id = %(id)s and (answer_status is null or not %(found)s) returning id",
            {
                "id": intent_id,
                "status": answer.status,
                "headers": json.dumps(answer.headers),
                "body": answer.body,
                "resource": resource_id,
                "look": look_after,
                "found": found,
            },
        )
        return bool(rows)

    async def free_intent(self, intent_id: str, pod_id: str | None = None) -> bool:
        rows = await self._pool.run_query(
            "delete from intents where id = %(id)s"
            " and (%(pod)s::text is null or (pod_id = %(pod)s and answer_status is null)) returning id",
            {"id": intent_id, "pod": pod_id},
        )
        return bool(rows)

    async def look_at_intent(self, intent_id: str, after: float | None) -> None:
        await self._pool.run_query(
            f"update intents set look_at = {_IN.format('look')} where id = %(id)s",
            {"id": intent_id, "look": after},
        )

    async def due_intents(self, limit: int) -> Sequence[Intent]:
        rows = await self._pool.run_query(
            f"select {_COLUMNS} from intents where look_at <= clock_timestamp() and expires_at > clock_timestamp()"
            " order by look_at limit %s",
            (limit,),
            read_only=True,
        )
        return [_intent_of(row) for row in rows]

    async def prune_intents(self, limit: int) -> int:
        rows = await self._pool.run_query(
            "with over as (select id from intents where expires_at <= clock_timestamp() order by expires_at limit %s"
            " for update skip locked)"
            " delete from intents using over where intents.id = over.id returning intents.id",
            (limit,),
        )
        return len(rows)


def _intent_of(row: Row) -> Intent:
    """
    An intent from :data:`_COLUMNS`.
    """
    (id_, project, user, operation, key, digest, kind, marked, request, pod, tried_for, *told, age) = row
    status, headers, body, resource = told
    return Intent(
        id=id_,
        scope=Scope(project_id=project, user_id=user, operation=operation, key=key),
        digest=bytes(digest),
        kind=Kind(kind),
        marked=marked,
        request=request,
        pod_id=pod,
        tried_for=tried_for,
        answer=None if status is None else _answer(status, headers, body),
        resource_id=resource,
        age=age,
    )


def _answer(status: int, headers: Any, body: Any) -> KeptAnswer:
    return KeptAnswer(
        status=status,
        headers=tuple((name, value) for name, value in headers),
        body=None if body is None else bytes(body),
    )
