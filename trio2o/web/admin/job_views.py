"""
Jobs as the Admin API shows and describes them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from trio2o.administration.jobs import JobPage
from trio2o.model import Job, JobState
from trio2o.web.admin.operations import LIST_JOBS
from trio2o.web.admin.schema_parts import (
    FLAG,
    LINKS,
    NO_TIME,
    TEXT,
    TIME,
    UUID,
    Schema,
    an_object,
    or_null,
    said,
)
from trio2o.web.admin.times import shown

View = Mapping[str, Any]

_JOB = an_object(
    {
        "id": UUID,
        "kind": said(TEXT, "What sort of work it is."),
        "key": said(TEXT, "One job of a kind and key is unfinished at the most."),
        "payload": said({"type": "object"}, "What its kind of work is given."),
        "pod_id": or_null(TEXT),
        "project_id": or_null(TEXT),
        "state": {"type": "string", "enum": [state.value for state in JobState]},
        "attempts": said({"type": "integer", "minimum": 0}, "How often it was begun."),
        "error": said(TEXT, "Why the last attempt failed; empty after none, or one that did not."),
        "progress": said(TEXT, "How far the attempt is, or was."),
        "worker": said(TEXT, "The process that works at it, or did last."),
        "cancelling": said(FLAG, "It runs, and its process is to end it."),
        "again": said(FLAG, "It runs, and was wanted again meanwhile: it waits anew when it ends."),
        "created_at": TIME,
        "due_at": said(NO_TIME, "When it is to be begun; of one that runs, when others may take it over."),
        "started_at": said(NO_TIME, "When it was begun last."),
        "ended_at": NO_TIME,
        "deadline_at": said(NO_TIME, "When it is given up."),
    }
)

JOB_SCHEMAS: Mapping[str, Schema] = {
    "Jobs": an_object(
        {"jobs": {"type": "array", "items": _JOB}},
        {"jobs_links": said(LINKS, "The next page, when there is one.")},
    ),
    "Job": an_object({"job": _JOB}),
}


def job(of: Job) -> View:
    """
    One job.
    """
    return {
        "id": of.id,
        "kind": of.kind,
        "key": of.key,
        "payload": _showable(of.payload),
        "pod_id": of.pod_id or None,
        "project_id": of.project_id or None,
        "state": of.state.value,
        "attempts": of.attempts,
        "error": of.error,
        "progress": of.progress,
        "worker": of.worker,
        "cancelling": of.cancelling,
        "again": of.again,
        "created_at": shown(of.created_at),
        "due_at": shown(of.due_at),
        "started_at": shown(of.started_at),
        "ended_at": shown(of.ended_at),
        "deadline_at": shown(of.deadline_at),
    }


def jobs(page: JobPage, root: str, asked: Mapping[str, str]) -> View:
    """
    A page of jobs, with the link to the next that keeps what was asked.
    """
    view: dict[str, Any] = {"jobs": [job(one) for one in page.jobs]}
    if page.next_marker is not None:
        query = urlencode({**asked, "marker": page.next_marker})
        view["jobs_links"] = [{"rel": "next", "href": f"{root}{LIST_JOBS.path}?{query}"}]
    return view


def _showable(payload: View) -> View:
    """
    A payload, or, where strings or numbers of it are beyond what this API writes, its text.
    """
    try:
        orjson.dumps(payload)
    except TypeError:
        return {"text": json.dumps(payload)}
    return payload
