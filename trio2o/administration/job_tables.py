"""
Jobs as a terminal shows them. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from trio2o.model import Job

#: How many characters of an error stand in a table.
_ERROR = 60


def table(jobs: Sequence[Job], pods: Mapping[str, str]) -> str:
    """
    A line for each job.

    :param pods: pod id to name.
    """
    if not jobs:
        return "no jobs"
    rows = [["id", "kind", "key", "pod", "state", "attempts", "due (UTC)", "error"]]
    for job in jobs:
        cells = [
            job.id,
            job.kind,
            job.key,
            pods.get(job.pod_id, job.pod_id),
            _state(job),
            str(job.attempts),
            _second(job.due_at) if not job.state.finished else "",
            job.error if len(job.error) <= _ERROR else f"{job.error[: _ERROR - 1]}…",
        ]
        rows.append([plain(cell) for cell in cells])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def card(job: Job, pods: Mapping[str, str]) -> str:
    """
    Everything about one job, a line for each thing.
    """
    lines = {
        "id": job.id,
        "kind": job.kind,
        "key": job.key,
        "pod": pods.get(job.pod_id, job.pod_id),
        "project": job.project_id,
        "state": _state(job),
        "attempts": str(job.attempts),
        "error": job.error,
        "progress": job.progress,
        "created": _second(job.created_at),
        "started": _second(job.started_at),
        "lease until" if job.state == "running" else "due": _second(job.due_at),
        "ended": _second(job.ended_at),
        "deadline": _second(job.deadline_at),
        "worker": job.worker,
        "payload": json.dumps(job.payload, ensure_ascii=True),
    }
    width = max(map(len, lines))
    return "\n".join(
        f"{name.ljust(width)}  {plain(value)}".rstrip() for name, value in lines.items() if value
    )


def plain(text: str) -> str:
    """
    What does nothing to a terminal but show: an error may quote whatever a pod has said.
    """
    return "".join(character if character.isprintable() else "�" for character in text)


def _state(job: Job) -> str:
    if job.cancelling:
        return "running, to be cancelled"
    return "running, then again" if job.again else job.state.value


def _second(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
