"""
Many bindings and routes, put into a database by its own statements.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2

#: Of each table the rows that there are to be; the projects are those of the bindings, over and over.
_BINDINGS = """
insert into bindings (id, tenant_id, pod_id, az_name, is_binding, created_at, reason)
select gen_random_uuid()::text, md5(n::text), pods.ids[1 + n %% array_length(pods.ids, 1)], 'az1', true,
       now() - n * interval '1 second', 'created'
  from generate_series(1, %s) n, (select array_agg(id order by serial) ids from pods where az_name <> '') pods
"""
_ROUTES = """
insert into routes (kind, resource_id, pod_id, project_id, created_at, details)
select case when n %% 2 = 0 then 'server' else 'volume' end, gen_random_uuid()::text,
       pods.ids[1 + n %% array_length(pods.ids, 1)], md5((1 + n %% %s)::text), now() - n * interval '1 second',
       '{"user_id": "0123456789abcdef0123456789abcdef", "az": "az1", "flavor": {"id": "1"}}'
  from generate_series(%s, %s) n, (select array_agg(id order by serial) ids from pods where az_name <> '') pods
"""
#: Rows of one statement, so that what it says of its progress comes now and then.
_STEP = 1_000_000


def fill(state: Path, *, bindings: int, routes: int) -> None:
    """
    Fill the embedded database of a daemon that runs on this state directory. Triggers and indexes are away meanwhile, so that
    no change is announced: who runs must be started again.
    """
    lines = (state / "postgresql" / "data" / "postmaster.pid").read_text().splitlines()
    connection = psycopg2.connect(host=lines[4], port=5432, user="trio2o", dbname="trio2o")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("set synchronous_commit = off; set maintenance_work_mem = '512MB'")
        cursor.execute("set statement_timeout = 0; alter table bindings disable trigger user")
        with _without_indexes(cursor, "bindings"):
            cursor.execute(_BINDINGS, (bindings,))
        cursor.execute("alter table bindings enable trigger user")
        with _without_indexes(cursor, "routes"):
            for first in range(1, routes + 1, _STEP):
                cursor.execute(_ROUTES, (bindings, first, min(first + _STEP - 1, routes)))
        cursor.execute("analyze bindings; analyze routes; checkpoint")
    connection.close()


def size(state: Path) -> int:
    """
    Bytes of such a database.
    """
    lines = (state / "postgresql" / "data" / "postmaster.pid").read_text().splitlines()
    connection = psycopg2.connect(host=lines[4], port=5432, user="trio2o", dbname="trio2o")
    with connection.cursor() as cursor:
        cursor.execute("select pg_database_size(current_database())")
        found = int(cursor.fetchone()[0])
    connection.close()
    return found


@contextmanager
def _without_indexes(cursor: Any, table: str) -> Iterator[None]:
    """
    Take a table's indexes away and make them anew: sorted once, which takes a fraction of the time.
    """
    cursor.execute(
        "select conname, pg_get_constraintdef(oid) from pg_constraint"
        " where conrelid = %s::regclass and contype in ('p', 'u')",
        (table,),
    )
    constraints = cursor.fetchall()
    for name, _ in constraints:
        cursor.execute(f"alter table {table} drop constraint {name}")
    cursor.execute("select indexname, indexdef from pg_indexes where tablename = %s", (table,))
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"drop index {name}")
    yield
    for name, definition in constraints:
        cursor.execute(f"alter table {table} add constraint {name} {definition}")
    for _, definition in indexes:
        cursor.execute(definition)
