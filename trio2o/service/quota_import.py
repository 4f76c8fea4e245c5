"""
``trio2o quotas import``, wired: what it needs of the daemon, for as long as it takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TextIO
from urllib.parse import urlsplit

from attrs import evolve, frozen

from trio2o.config.schema import Config
from trio2o.errors import Unavailable
from trio2o.identity.keystone import NotPermitted
from trio2o.identity.service_token import with_own_token
from trio2o.quota.importing import LARGEST
from trio2o.quota.resources import RESOURCES
from trio2o.service.adopting import CannotAdopt, chosen
from trio2o.service.command_pods import command_pods
from trio2o.service.database import opened_pool
from trio2o.service.identity import IdentityParts
from trio2o.storage.postgres import PostgresPods
from trio2o.storage.postgres.jobs import PostgresJobs
from trio2o.storage.postgres.quotas import PostgresQuotaLimits
from trio2o.usage.quota_import import Project, QuotaImport, report

#: The largest page of projects that is read, in bytes, and how many pages.
_PAGE_BYTES = 32 * 1024 * 1024
_MOST_PAGES = 10_000
#: After how many projects of a service it is told how far it is.
_TELL = 200


@frozen(kw_only=True)
class ImportWishes:
    """
    What an operator asked for.
    """

    rule: str = LARGEST
    #: Ids; empty for all that Keystone has.
    projects: Sequence[str] = ()
    dry_run: bool = False


async def import_quotas(
    reactor: Any, config: Config, dsn: str, wishes: ImportWishes, out: TextIO
) -> tuple[str, bool]:
    """
    Take the pods' limits over, and give the table and whether all of them were read.

    :param out: where progress goes.
    :raises CannotAdopt: if there is nothing to begin with.
    :raises DatabaseUnavailable: if the database is away.
    :raises trio2o.storage.migrate.SchemaError: if the schema is not this release's.
    """

    def progress(projects: int) -> None:
        if projects % _TELL == 0:
            out.write(f"{projects} projects\n")
            out.flush()

    async with opened_pool(reactor, config.database, dsn, size=2) as pool:
        pods = chosen([pod for pod in await PostgresPods(pool).list_pods() if not pod.is_top], ())
        async with command_pods(reactor, config, budget=config.pod_defaults.list_timeout_seconds) as reached:
            done = QuotaImport(
                asks=reached.asks,
                store=PostgresQuotaLimits(pool),
                jobs=PostgresJobs(pool),
                services=[
                    service
                    for service in RESOURCES
                    if not (service == "compute" and config.quotas.source == "keystone")
                ],
                rule=wishes.rule,
                dry_run=wishes.dry_run,
                told=progress,
            )
            try:
                await reached.identity.catalog.refresh()
                projects = [Project(id=each) for each in dict.fromkeys(wishes.projects)]
                projects = projects or await _projects(reached.identity)
            except Unavailable as error:
                raise CannotAdopt(error.admin_detail or error.message) from error
            await done.run(pods, projects)
    told = report(done, pods, projects, dry_run=wishes.dry_run)
    if config.quotas.source == "keystone":
        told += "\nNova's limits are Keystone's (quotas.source): Cinder's alone were looked at"
    return told, not done.problems


async def _projects(identity: IdentityParts) -> list[Project]:
    """
    All projects that Keystone has.

    :raises CannotAdopt: if it does not tell.
    """
    keystone = evolve(identity.keystone, body_limit=_PAGE_BYTES)
    found: list[Project] = []
    query = ""
    for _ in range(_MOST_PAGES):
        path = f"projects{query}"

        async def ask(own: bytes, path: str = path) -> Mapping[str, Any]:
            return await keystone.read(own, path)

        try:
            page = await with_own_token(identity.own, ask)
        except NotPermitted:
            raise CannotAdopt(
                "the daemon's user may not list Keystone's projects: name them with --project"
            ) from None
        listed = page.get("projects")
        if not isinstance(listed, list) or page.get("truncated"):
            raise CannotAdopt("Keystone does not list all projects: name them with --project")
        found += [
            Project(id=str(each["id"]), name=str(each.get("name") or ""))
            for each in listed
            if isinstance(each, dict) and each.get("id")
        ]
        links = page.get("links")
        following = links.get("next") if isinstance(links, dict) else None
        if not listed or not isinstance(following, str):
            return found
        query = f"?{urlsplit(following).query}"
    raise CannotAdopt("Keystone's list of projects does not end")
