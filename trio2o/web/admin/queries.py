"""
Requests' queries, checked and made into values.

A parameter that is unknown is a 400: with one misspelt, a filter would silently give everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl

from trio2o.administration.asking import canonical_id
from trio2o.administration.bindings import BindingQuery
from trio2o.administration.jobs import PAGE
from trio2o.errors import BadRequest
from trio2o.model import JobQuery, JobState
from trio2o.web.admin.operations import AdminOperation
from trio2o.web.admin.times import moment

_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def parameters(query: bytes | None, operation: AdminOperation) -> Mapping[str, str]:
    """
    The query's parameters, each once.

    :raises BadRequest: if one is not the operation's, comes twice, or is no UTF-8.
    """
    known = {parameter.name for parameter in operation.query}
    try:
        pairs = parse_qsl((query or b"").decode("ascii"), keep_blank_values=True, errors="strict")
    except UnicodeError as why:
        raise BadRequest("The query is not UTF-8.") from why
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            others = f"known are {', '.join(sorted(known))}" if known else "this operation takes none"
            raise BadRequest(f"{name}: unknown query parameter; {others}.")
        if name in found:
            raise BadRequest(f"{name}: given twice.")
        found[name] = value
    return found


def flag(given: Mapping[str, str], name: str) -> bool | None:
    """
    A parameter that is true or false; ``None`` when it is absent.

    :raises BadRequest: if it is something else.
    """
    if name not in given:
        return None
    value = _FLAGS.get(given[name].lower())
    if value is None:
        raise BadRequest(f"{name}: must be true or false.")
    return value


def binding_query(given: Mapping[str, str]) -> BindingQuery:
    """
    The parameters of ``GET /bindings``.

    :raises BadRequest: if one cannot be understood.
    """
    return BindingQuery(
        tenant_id=given.get("tenant_id"),
        pod_id=_id(given, "pod_id"),
        active=flag(given, "active"),
        at=_moment(given, "at"),
        limit=_count(given, "limit"),
        marker=_id(given, "marker"),
    )


def job_query(given: Mapping[str, str]) -> JobQuery:
    """
    The parameters of ``GET /jobs``.

    :raises BadRequest: if one cannot be understood.
    """
    state: JobState | None = None
    if "state" in given:
        try:
            state = JobState(given["state"])
        except ValueError as why:
            raise BadRequest(f"state: must be one of {', '.join(JobState)}.") from why
    return JobQuery(
        state=state,
        kind=given.get("kind"),
        pod_id=_id(given, "pod_id"),
        project_id=given.get("project_id"),
        marker=_id(given, "marker"),
        limit=_count(given, "limit") or PAGE,
    )


def _id(given: Mapping[str, str], name: str) -> str | None:
    if name not in given:
        return None
    known_id = canonical_id(given[name])
    if known_id is None:
        raise BadRequest(f"{name}: must be an id.")
    return known_id


def _count(given: Mapping[str, str], name: str) -> int | None:
    if name not in given:
        return None
    value = given[name]
    # int() takes signs, blanks, underlines and other scripts' digits.
    if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value) > 0):
        raise BadRequest(f"{name}: must be a positive number.")
    return int(value)


def _moment(given: Mapping[str, str], name: str) -> datetime | None:
    if name not in given:
        return None
    try:
        return moment(given[name])
    except ValueError as why:
        raise BadRequest(f"{name}: {why}; a + in a query is written %2B.") from why
