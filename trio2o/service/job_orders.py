"""
``trio2o jobs``: the jobs of the queue, from the database alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from attrs import evolve, frozen

from trio2o.administration.job_tables import card, table
from trio2o.administration.jobs import JobAdministration
from trio2o.config.schema import Config
from trio2o.errors import BadRequest, Conflict, DatabaseUnavailable, NotFound, Unavailable
from trio2o.model import JobQuery
from trio2o.service.database import opened_pool
from trio2o.storage.postgres import PostgresPods
from trio2o.storage.postgres.jobs import PostgresJobs


@frozen(kw_only=True)
class _Opened:
    """
    The use cases, and what pods are called.
    """

    jobs: JobAdministration
    #: By id.
    pods: dict[str, str]


async def listed(reactor: Any, config: Config, dsn: str, query: JobQuery, pod: str | None) -> str:
    """
    The table of the jobs that are asked for.

    :param pod: the name of the one that they are about; ``None`` for any.
    :raises ValueError: if the pod, or the job that the others are older than, is unknown.
    :raises DatabaseUnavailable: if the database is away.
    :raises trio2o.storage.migrate.SchemaError: if the schema is not this release's.
    """
    async with _opened(reactor, config, dsn) as opened:
        if pod is not None:
            ids = [pod_id for pod_id, name in opened.pods.items() if pod in (name, pod_id)]
            if not ids:
                raise ValueError(f"there is no pod {pod} (known: {', '.join(opened.pods.values())})")
            query = evolve(query, pod_id=ids[0])
        if query.marker is not None:
            # here as elsewhere: a job that is unknown is told as one
            await opened.jobs.show(query.marker)
        page = await opened.jobs.find(query)
        more = "" if page.next_marker is None else f"\n\nmore: --after {page.next_marker}"
        return f"{table(page.jobs, opened.pods)}{more}"


async def ordered(reactor: Any, config: Config, dsn: str, order: str, job_id: str) -> str:
    """
    One job, after it was shown, redone or cancelled.

    :param order: ``show``, ``redo`` or ``cancel``.
    :raises ValueError: if there is no such job, or its state does not allow it.
    :raises DatabaseUnavailable: as :func:`listed`.
    :raises trio2o.storage.migrate.SchemaError: as :func:`listed`.
    """
    async with _opened(reactor, config, dsn) as opened:
        orders = {"show": opened.jobs.show, "redo": opened.jobs.redo, "cancel": opened.jobs.cancel}
        return card(await orders[order](job_id), opened.pods)


@asynccontextmanager
async def _opened(reactor: Any, config: Config, dsn: str) -> AsyncIterator[_Opened]:
    async with opened_pool(reactor, config.database, dsn, size=1) as pool:
        pods = {pod.id: pod.name for pod in await PostgresPods(pool).list_pods()}
        try:
            yield _Opened(jobs=JobAdministration(store=PostgresJobs(pool)), pods=pods)
        except (BadRequest, Conflict, NotFound) as refused:
            raise ValueError(refused.message) from refused
        except Unavailable as away:
            raise DatabaseUnavailable(away.admin_detail) from away
