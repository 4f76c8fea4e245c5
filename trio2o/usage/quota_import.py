"""
Reads the limits that projects were given in pods, and stores them as limits over all pods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from attrs import define, field, frozen

from trio2o.administration.job_tables import plain
from trio2o.errors import GatewayError, PodFailure
from trio2o.interfaces import IJobQueue, IQuotaLimitStore
from trio2o.model import DEFAULT_CLASS, Pod, QuotaOwner, QuotaScope
from trio2o.quota.handing import VERSIONS, key_of, limits_path, owner_job
from trio2o.quota.importing import PodLimits, Proposal, proposals
from trio2o.quota.views import limits_in
from trio2o.strategies.concurrently import gathered
from trio2o.usage.asking import Asks

#: How many projects are asked for at a time, in each pod.
_AT_ONCE = 8

#: Seconds after which a job looks after limits that were about to be stored.
_SAFETY_SECONDS = 60.0


@frozen(kw_only=True)
class Project:
    """
    A project by its id, and its name where that is known.
    """

    id: str
    name: str = ""


class Untold(Exception):
    """
    A pod does not tell; the message says why.
    """


@define(kw_only=True)
class QuotaImport:
    """
    Asks with the daemon's own token, which takes the role admin in the pods. A service of which one pod does not tell everything
    is left alone: its limits may be the ones that count.
    """

    _asks: Asks
    _store: IQuotaLimitStore
    _jobs: IJobQueue
    _services: Sequence[str]
    #: See :func:`trio2o.quota.importing.proposals`.
    _rule: str
    _dry_run: bool
    _told: Callable[[int], None] = lambda projects: None
    #: What was stored, or would be, in order.
    proposals: list[Proposal] = field(factory=list, init=False)
    #: Pod name and service to why it does not tell.
    problems: dict[tuple[str, str], str] = field(factory=dict, init=False)

    async def run(self, pods: Sequence[Pod], projects: Sequence[Project]) -> None:
        """
        Go through all of them.

        :raises DatabaseUnavailable: if the database is away: what was stored stays.
        """
        for service in self._services:
            defaults = await gathered([self._limits(pod, _default(service)) for pod in pods], (Untold,))
            classes = dict(zip([pod.name for pod in pods], defaults, strict=True))
            self._note(service, classes.items())
            known = {name: limits for name, limits in classes.items() if isinstance(limits, dict)}
            for begin in range(0, len(projects), _AT_ONCE):
                if any(place[1] == service for place in self.problems):
                    break
                owners = [
                    QuotaOwner(service=service, scope=QuotaScope.PROJECT, scope_id=project.id)
                    for project in projects[begin : begin + _AT_ONCE]
                ]
                await gathered([self._project(owner, pods, known) for owner in owners], ())
                self._told(begin + len(owners))

    async def _project(
        self, owner: QuotaOwner, pods: Sequence[Pod], defaults: dict[str, dict[str, int]]
    ) -> None:
        said = await gathered([self._limits(pod, owner) for pod in pods], (Untold,))
        names = [pod.name for pod in pods]
        if self._note(owner.service, zip(names, said, strict=True)):
            return
        limits = {
            name: PodLimits(shown=shown, defaults=defaults[name])
            for name, shown in zip(names, said, strict=True)
            if isinstance(shown, dict)
        }
        given = (await self._store.limits_of([owner])).get(owner, {})
        found = proposals(owner, limits, given, self._rule)
        if found and not self._dry_run:
            await self._jobs.enqueue(owner_job(owner, delay=_SAFETY_SECONDS))
            await self._store.add_limits(owner, {each.resource: each.limit for each in found})
            await self._jobs.enqueue(owner_job(owner))
        self.proposals.extend(found)

    async def _limits(self, pod: Pod, owner: QuotaOwner) -> dict[str, int]:
        """
        What a pod shows of an owner.

        :raises Untold: if it does not.
        """
        try:
            said = await self._asks.get(
                pod, owner.service, limits_path(owner), version=VERSIONS[owner.service]
            )
        except (PodFailure, GatewayError) as failure:
            reason = failure.admin_detail if isinstance(failure, GatewayError) else ""
            raise Untold(reason or str(failure)) from failure
        if said.status == 403:
            raise Untold("the daemon's user needs the role admin there")
        shown = said.body.get(key_of(owner)) if isinstance(said.body, dict) else None
        if said.status in (400, 404) and owner.scope is QuotaScope.PROJECT:
            # it knows no such project
            return {}
        if said.status != 200 or not isinstance(shown, dict):
            raise Untold(f"it answers {said.status}")
        return limits_in(shown)

    def _note(self, service: str, said: Iterable[tuple[str, object]]) -> bool:
        """
        Remember who does not tell, and say whether there is anybody.
        """
        untold = {(name, service): str(each) for name, each in said if isinstance(each, Untold)}
        self.problems |= untold
        return bool(untold)


def _default(service: str) -> QuotaOwner:
    return QuotaOwner(service=service, scope=QuotaScope.CLASS, scope_id=DEFAULT_CLASS)


def report(done: QuotaImport, pods: Sequence[Pod], projects: Sequence[Project], *, dry_run: bool) -> str:
    """
    A line for each limit, and what came of it.
    """
    names = {project.id: project.name for project in projects}
    rows = [["project", "name", "service", "resource", *(pod.name for pod in pods), "all pods"]]
    for each in sorted(
        done.proposals, key=lambda each: (each.owner.scope_id, each.owner.service, each.resource)
    ):
        told = [each.pods.get(pod.name) for pod in pods]
        cells = ["" if limit is None else f"{limit[0]}{'*' if limit[1] else ''}" for limit in told]
        project = each.owner.scope_id
        rows.append(
            [project, names.get(project, ""), each.owner.service, each.resource, *cells, str(each.limit)]
        )
    rows = [[plain(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    if not done.proposals:
        lines = []
    of = len({each.owner.scope_id for each in done.proposals})
    verb = "would set" if dry_run else "set"
    lines.append(f"{verb} {len(done.proposals)} limits of {of} projects; * is what a pod has given a project")
    for (pod, service), problem in sorted(done.problems.items()):
        lines.append(
            plain(f"{pod} does not tell its {service} limits, so no further ones are taken over: {problem}")
        )
    return "\n".join(lines)
