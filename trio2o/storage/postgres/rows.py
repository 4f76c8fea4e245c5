"""
From rows to values and back; what a column holds is told by the migrations.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from sys import intern
from typing import Any

import attrs

from trio2o.model import Binding, Kind, Pod, PodSettings, PodState, Route
from trio2o.storage.connection import Row

POD_COLUMNS = (
    "id, name, az_name, pod_az_name, dc_name, state, weight, affinity, declared, serial, settings,"
    " created_at, updated_at, state_reason, state_from, state_until, state_changed_at"
)
BINDING_COLUMNS = (
    "id, tenant_id, pod_id, az_name, pod_group, is_binding, created_at, updated_at, ended_at, reason"
)
ROUTE_COLUMNS = "kind, resource_id, pod_id, project_id, created_at, details, deleted_at"

#: Ends so many active bindings of a pod, any of them: reason, pod id, how many (``None`` for all).
END_BINDINGS = (
    "update bindings set is_binding = false, reason = %s, updated_at = clock_timestamp(),"
    " ended_at = greatest(clock_timestamp(), created_at)"
    " where id = any(array(select id from bindings where pod_id = %s and is_binding limit %s)) returning 1"
)

#: How many rows one statement of an order about everything that a pod has writes, so that none runs long.
BATCH = 5000

#: First thing in every transaction that writes pods or bindings: one writer at a time, to commit.
LOCK_CHANGES = "select last from change_counter for update"

_SETTINGS = frozenset(attribute.name for attribute in attrs.fields(PodSettings))


def storable(*texts: str | None) -> bool:
    """
    False for texts that PostgreSQL cannot hold (NUL, lone surrogates), so no row can be found by them.
    """
    for text in texts:
        if text is not None and not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                return False
        if text is not None and "\0" in text:
            return False
    return True


def as_utc(moment: datetime | None) -> datetime | None:
    """
    The moment with its zone; one without (as Cinder writes them) is UTC.
    """
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def pod_of(row: Row) -> Pod:
    """
    A pod from :data:`POD_COLUMNS`.
    """
    (id_, name, az, pod_az, dc, state, weight, affinity, declared, serial, settings, created, updated) = row[
        :13
    ]
    reason, begin, end, changed = row[13:]
    known = {key: value for key, value in settings.items() if key in _SETTINGS}
    return Pod(
        id=id_,
        name=name,
        az_name=az,
        pod_az_name=pod_az,
        dc_name=dc,
        state=PodState(state),
        state_reason=reason,
        state_from=begin,
        state_until=end,
        state_changed_at=changed,
        weight=weight,
        affinity=frozenset(affinity),
        declared=declared,
        serial=serial,
        settings=PodSettings(**known),
        created_at=created,
        updated_at=updated,
    )


def pod_values(pod: Pod) -> dict[str, Any]:
    """
    Column to value of what a caller may set.
    """
    return {
        "name": pod.name,
        "az_name": pod.az_name,
        "pod_az_name": pod.pod_az_name,
        "dc_name": pod.dc_name,
        "state": pod.state.value,
        "state_reason": pod.state_reason,
        "state_from": as_utc(pod.state_from),
        "state_until": as_utc(pod.state_until),
        "weight": pod.weight,
        "affinity": json.dumps(sorted(pod.affinity)),
        "settings": json.dumps(attrs.asdict(pod.settings)),
        "declared": pod.declared,
    }


def binding_of(row: Row) -> Binding:
    """
    A binding from :data:`BINDING_COLUMNS`.
    """
    id_, tenant, pod_id, az, group, active, created, updated, ended, reason = row
    return Binding(
        id=id_,
        tenant_id=tenant,
        # A million bindings name a few pods: one copy of each name.
        pod_id=intern(pod_id),
        az_name=intern(az),
        pod_group=intern(group),
        is_binding=active,
        created_at=created,
        updated_at=updated,
        ended_at=ended,
        reason=intern(reason),
    )


def route_of(row: Row) -> Route:
    """
    A route from :data:`ROUTE_COLUMNS`.
    """
    kind, resource_id, pod_id, project_id, created, details, deleted = row
    return Route(
        kind=Kind(kind),
        resource_id=resource_id,
        pod_id=pod_id,
        project_id=project_id,
        created_at=created,
        details=details,
        deleted_at=deleted,
    )


def route_values(route: Route) -> tuple[Any, ...]:
    """
    The values for :data:`ROUTE_COLUMNS`.
    """
    return (
        route.kind.value,
        route.resource_id,
        route.pod_id,
        route.project_id,
        as_utc(route.created_at),
        json.dumps(dict(route.details)),
        as_utc(route.deleted_at),
    )
