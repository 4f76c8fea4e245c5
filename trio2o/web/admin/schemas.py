"""
The bodies of the Admin API as JSON Schema (draft 2020-12), for the OpenAPI document.

:mod:`trio2o.web.admin.bodies` and its neighbours are what checks requests; a test shows that both say the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from trio2o.model import Kind
from trio2o.scheduling.binding_move import Move
from trio2o.scheduling.capacity import RESOURCES
from trio2o.web.admin.drift_views import DRIFT_SCHEMAS
from trio2o.web.admin.job_views import JOB_SCHEMAS
from trio2o.web.admin.placements import KINDS
from trio2o.web.admin.pod_schemas import POD_SCHEMAS
from trio2o.web.admin.schema_parts import (
    FLAG,
    LINE,
    LINKS,
    NO_TIME,
    STATE,
    TAGS,
    TEXT,
    TIME,
    UUID,
    WORDS,
    Schema,
    an_object,
    or_null,
    said,
)

_BINDING = an_object(
    {
        "id": UUID,
        "tenant_id": TEXT,
        "pod_id": UUID,
        "az_name": TEXT,
        "pod_group": said(TEXT, "The affinity tags of the pod's group, joined by commas."),
        "is_binding": said(FLAG, "False once it has ended."),
        "created_at": TIME,
        "updated_at": NO_TIME,
        "ended_at": NO_TIME,
        "reason": said(TEXT, "Why it began or, once ended, why it ended."),
    }
)
_ROUTE = an_object(
    {
        "kind": {"type": "string", "enum": [kind.value for kind in Kind]},
        "resource_id": UUID,
        "pod_id": TEXT,
        "pod_name": {"type": ["string", "null"]},
        "project_id": TEXT,
        "created_at": NO_TIME,
        "deleted_at": said(NO_TIME, "Set when the resource is known to be gone."),
    }
)
_RANKED = an_object(
    {
        "pod_id": UUID,
        "pod_name": TEXT,
        "total": {"type": "number"},
        "weights": {
            "type": "object",
            "additionalProperties": an_object(
                {
                    "raw": said({"type": "number"}, "The weigher's own number."),
                    "normal": said({"type": "number"}, "Brought to 0..1."),
                    "weighted": said({"type": "number"}, "Times the factor: what is added up."),
                }
            ),
        },
    }
)
_SCHEDULE = an_object(
    {
        "tenant_id": TEXT,
        "kind": {"type": "string", "enum": list(KINDS)},
        "availability_zone": said({"type": ["string", "null"]}, "The zone that it gets; null for any."),
        "pod_group": TEXT,
        "pods": said({"type": "array", "items": _RANKED}, "In the order in which they would be tried."),
        "dropped": {
            "type": "array",
            "items": an_object({"pod_id": UUID, "pod_name": TEXT, "filter": TEXT, "reason": TEXT}),
        },
        "binding": or_null(_BINDING),
        "move": said(
            {"type": "string", "enum": [move.value for move in Move]},
            "What the create would do to the binding.",
        ),
        "move_reason": said(TEXT, "Why, as the binding would tell; empty where nothing is to be done."),
    }
)
_AMOUNT: Schema = {"type": "number", "minimum": 0}
_VERSION_FIELDS: Mapping[str, Schema] = {"id": TEXT, "status": TEXT, "updated": TIME, "links": LINKS}

SCHEMAS: Mapping[str, Schema] = {
    "Versions": an_object({"versions": {"type": "array", "items": an_object(_VERSION_FIELDS)}}),
    "Version": an_object({"version": TEXT, **_VERSION_FIELDS}),
    "OpenApi": {"type": "object", "required": ["openapi", "info", "paths"]},
    "Health": an_object(
        {"status": said(TEXT, "ok, or why the process does not serve: starting, stopping.")},
        {
            "change": said(
                {"type": "integer"}, "The last change of pods or bindings that this process knows."
            ),
            "components": {
                "type": "object",
                "additionalProperties": an_object({"ok": FLAG, "problem": TEXT}),
            },
            "pods": {
                "type": "array",
                "items": an_object({"pod_name": TEXT, "state": STATE, "healthy": FLAG}),
            },
        },
    ),
    **POD_SCHEMAS,
    **DRIFT_SCHEMAS,
    **JOB_SCHEMAS,
    "Schedule": an_object({"schedule": _SCHEDULE}),
    "ScheduleRequest": an_object(
        {
            "schedule": an_object(
                {"tenant_id": WORDS},
                {
                    "kind": {"type": "string", "enum": list(KINDS)},
                    "availability_zone": or_null(LINE),
                    "pod_group": or_null(LINE),
                    "flavor": or_null(LINE),
                    "image": or_null(LINE),
                    "volume_type": or_null(LINE),
                    "tolerations": TAGS,
                    **dict.fromkeys(RESOURCES, _AMOUNT),
                },
            )
        }
    ),
    "Bindings": an_object(
        {"pod_bindings": {"type": "array", "items": _BINDING}},
        {"pod_bindings_links": said(LINKS, "The next page, when there is one.")},
    ),
    "Binding": an_object({"pod_binding": _BINDING}),
    "NewBinding": an_object({"pod_binding": an_object({"tenant_id": WORDS, "pod_id": WORDS})}),
    "Routes": an_object({"routes": {"type": "array", "items": _ROUTE}}),
    "Error": an_object(
        {"error": an_object({"code": {"type": "integer"}, "title": TEXT, "message": TEXT})},
    ),
}
