"""
The bodies of the Admin API as JSON Schema (draft 2020-12), for the OpenAPI document.

:mod:`trio2o.web.admin.bodies` is what checks requests; a test shows that both say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trio2o.model import Kind, PodState
from trio2o.scheduling.binding_move import Move
from trio2o.scheduling.capacity import RESOURCES
from trio2o.web.admin.bodies import MOST_TAGS, MOST_TEXT
from trio2o.web.admin.placements import KINDS

Schema = Mapping[str, Any]


def _object(
    required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None, **more: Any
) -> Schema:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


def _said(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


_TEXT: Schema = {"type": "string"}
_UUID: Schema = {"type": "string", "format": "uuid"}
_FLAG: Schema = {"type": "boolean"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_NO_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
_STATE: Schema = {"type": "string", "enum": [state.value for state in PodState]}
_WEIGHT: Schema = {"type": "number"}
_CONTROL = r"\u0000-\u001f\u007f-\u009f"
#: Text that is stored: its ends are trimmed; control characters are refused.
_LINE: Schema = {"type": "string", "maxLength": MOST_TEXT, "pattern": rf"^[^{_CONTROL}]*$"}
#: The same, with something beside blanks.
_WORDS: Schema = {**_LINE, "pattern": rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"}
_TAG: Schema = {**_LINE, "pattern": rf"^[^,{_CONTROL}]*[^,\s{_CONTROL}][^,{_CONTROL}]*$"}
_TAGS: Schema = {"type": "array", "maxItems": MOST_TAGS, "items": _TAG}
_LINKS: Schema = {
    "type": "array",
    "items": _object({"rel": _TEXT, "href": {"type": "string", "format": "uri"}}),
}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


_POD = _object(
    {
        "pod_id": _UUID,
        "pod_name": _said(_TEXT, "The Keystone region of the pod."),
        "az_name": _said(_TEXT, "The availability zone that users see; empty for the top region."),
        "pod_az_name": _said(_TEXT, "The zone's name inside the pod; empty where the pod chooses."),
        "dc_name": _said(_TEXT, "The data centre."),
        "state": _STATE,
        "weight": _WEIGHT,
        "affinity": {"type": "array", "items": _TEXT},
        "ag_name": _said(_TEXT, "The name of the host aggregate that stands for the pod in its zone."),
        "declared": _said(_FLAG, "True for a pod of the configuration file."),
        "healthy": _said(
            {"type": ["boolean", "null"]}, "False while calls to the pod fail; null for the top region."
        ),
        "created_at": _NO_TIME,
        "updated_at": _NO_TIME,
    }
)
_BINDING = _object(
    {
        "id": _UUID,
        "tenant_id": _TEXT,
        "pod_id": _UUID,
        "az_name": _TEXT,
        "pod_group": _said(_TEXT, "The affinity tags of the pod's group, joined by commas."),
        "is_binding": _said(_FLAG, "False once it has ended."),
        "created_at": _TIME,
        "updated_at": _NO_TIME,
        "ended_at": _NO_TIME,
        "reason": _said(_TEXT, "Why it began or, once ended, why it ended."),
    }
)
_ROUTE = _object(
    {
        "kind": {"type": "string", "enum": [kind.value for kind in Kind]},
        "resource_id": _UUID,
        "pod_id": _TEXT,
        "pod_name": {"type": ["string", "null"]},
        "project_id": _TEXT,
        "created_at": _NO_TIME,
        "deleted_at": _said(_NO_TIME, "Set when the resource is known to be gone."),
    }
)
_ROOM = _object(
    {
        "total": _said({"type": "number"}, "What there is, by the pod's own word."),
        "used": _said({"type": "number"}, "What the pod has promised."),
        "limit": _said({"type": "number"}, "What may be promised: overcommitment in, headroom out."),
        "claimed": _said({"type": "number"}, "What was placed there since, by all processes."),
        "free": _said({"type": "number"}, "What is left; negative where more is promised than may be."),
    }
)
_USAGE = _object(
    {
        "pod_id": _UUID,
        "pod_name": _TEXT,
        "collected_at": _said(_NO_TIME, "When the pod was asked; null while it has not answered."),
        "servers": {"type": ["integer", "null"]},
        "projects": _said({"type": ["integer", "null"]}, "How many projects were bound to it then."),
        "largest_volume_gb": _said({"type": ["number", "null"]}, "The most that one pool takes."),
        "resources": _object({name: _or_null(_ROOM) for name in RESOURCES}),
    }
)
_RANKED = _object(
    {
        "pod_id": _UUID,
        "pod_name": _TEXT,
        "total": {"type": "number"},
        "weights": {
            "type": "object",
            "additionalProperties": _object(
                {
                    "raw": _said({"type": "number"}, "The weigher's own number."),
                    "normal": _said({"type": "number"}, "Brought to 0..1."),
                    "weighted": _said({"type": "number"}, "Times the factor: what is added up."),
                }
            ),
        },
    }
)
_SCHEDULE = _object(
    {
        "tenant_id": _TEXT,
        "kind": {"type": "string", "enum": list(KINDS)},
        "availability_zone": _said({"type": ["string", "null"]}, "The zone that it gets; null for any."),
        "pod_group": _TEXT,
        "pods": _said({"type": "array", "items": _RANKED}, "In the order in which they would be tried."),
        "dropped": {
            "type": "array",
            "items": _object({"pod_id": _UUID, "pod_name": _TEXT, "filter": _TEXT, "reason": _TEXT}),
        },
        "binding": _or_null(_BINDING),
        "move": _said(
            {"type": "string", "enum": [move.value for move in Move]},
            "What the create would do to the binding.",
        ),
    }
)
_AMOUNT: Schema = {"type": "number", "minimum": 0}
_VERSION_FIELDS: Mapping[str, Schema] = {"id": _TEXT, "status": _TEXT, "updated": _TIME, "links": _LINKS}

SCHEMAS: Mapping[str, Schema] = {
    "Versions": _object({"versions": {"type": "array", "items": _object(_VERSION_FIELDS)}}),
    "Version": _object({"version": _TEXT, **_VERSION_FIELDS}),
    "OpenApi": {"type": "object", "required": ["openapi", "info", "paths"]},
    "Health": _object(
        {"status": _said(_TEXT, "ok, or why the process does not serve: starting, stopping.")},
        {
            "change": _said(
                {"type": "integer"}, "The last change of pods or bindings that this process knows."
            ),
            "components": {
                "type": "object",
                "additionalProperties": _object({"ok": _FLAG, "problem": _TEXT}),
            },
            "pods": {
                "type": "array",
                "items": _object({"pod_name": _TEXT, "state": _STATE, "healthy": _FLAG}),
            },
        },
    ),
    "Pods": _object({"pods": {"type": "array", "items": _POD}}),
    "Pod": _object({"pod": _POD}),
    "NewPod": _object(
        {
            "pod": _object(
                {"pod_name": _WORDS},
                {
                    "az_name": _or_null(_LINE),
                    "pod_az_name": _or_null(_LINE),
                    "dc_name": _or_null(_LINE),
                    "state": _or_null(_STATE),
                    "weight": _or_null(_WEIGHT),
                    "affinity": _or_null(_TAGS),
                },
            )
        }
    ),
    "PodChanges": _object(
        {
            "pod": _object(
                {},
                {
                    "state": _STATE,
                    "weight": _WEIGHT,
                    "affinity": _TAGS,
                    "pod_az_name": _LINE,
                    "dc_name": _LINE,
                },
            )
        }
    ),
    "Usage": _object({"usage": _USAGE}),
    "Schedule": _object({"schedule": _SCHEDULE}),
    "ScheduleRequest": _object(
        {
            "schedule": _object(
                {"tenant_id": _WORDS},
                {
                    "kind": {"type": "string", "enum": list(KINDS)},
                    "availability_zone": _or_null(_LINE),
                    "pod_group": _or_null(_LINE),
                    "flavor": _or_null(_LINE),
                    "image": _or_null(_LINE),
                    "volume_type": _or_null(_LINE),
                    "tolerations": _TAGS,
                    **dict.fromkeys(RESOURCES, _AMOUNT),
                },
            )
        }
    ),
    "Bindings": _object(
        {"pod_bindings": {"type": "array", "items": _BINDING}},
        {"pod_bindings_links": _said(_LINKS, "The next page, when there is one.")},
    ),
    "Binding": _object({"pod_binding": _BINDING}),
    "NewBinding": _object({"pod_binding": _object({"tenant_id": _WORDS, "pod_id": _WORDS})}),
    "Routes": _object({"routes": {"type": "array", "items": _ROUTE}}),
    "Error": _object(
        {"error": _object({"code": {"type": "integer"}, "title": _TEXT, "message": _TEXT})},
    ),
}
