"""
How pods differ from what is wanted of all of them, and how a terminal shows it.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, frozen

from trio2o.administration.asking import database_asked
from trio2o.administration.job_tables import plain
from trio2o.interfaces import IPodStore, ISharedStore
from trio2o.model.shared import Drift


@frozen(kw_only=True)
class NamedDrift:
    """
    One difference, and what its pod is called.
    """

    drift: Drift
    pod_name: str


@define(kw_only=True, eq=False)
class DriftAdministration:
    """
    The use case.
    """

    _store: ISharedStore
    _pods: IPodStore

    async def find(self) -> Sequence[NamedDrift]:
        """
        All differences that the last comparison has left, by kind, owner, name and pod.

        :raises Unavailable: if the database is away.
        """
        with database_asked():
            names = {pod.id: pod.name for pod in await self._pods.list_pods()}
            drifts = await self._store.drifts()
        return [NamedDrift(drift=drift, pod_name=names.get(drift.pod_id, drift.pod_id)) for drift in drifts]


def table(drifts: Sequence[NamedDrift], interval: float) -> str:
    """
    A line for each difference, or when that there is none was found out.

    :param interval: seconds from one comparison to the next; 0 where there is none.
    """
    if not drifts:
        often = f"every {interval:g} s" if interval else "never: shared.compare_seconds is 0"
        return f"the last comparison has left no differences (pods are compared {often})"
    rows = [["kind", "name", "owner", "pod", "difference", ""]]
    for named in drifts:
        drift = named.drift
        cells = (
            drift.key.kind,
            drift.key.name,
            drift.key.owner,
            named.pod_name,
            drift.difference.value,
            drift.detail,
        )
        rows.append([plain(cell) for cell in cells])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
