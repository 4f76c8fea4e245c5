"""
The bodies about pods as JSON Schema.
"""

from __future__ import annotations

from collections.abc import Mapping

from trio2o.model import Kind
from trio2o.scheduling.capacity import RESOURCES
from trio2o.web.admin.schema_parts import (
    FLAG,
    LINE,
    NO_TIME,
    STATE,
    TAGS,
    TEXT,
    UUID,
    WEIGHT,
    WORDS,
    Schema,
    an_object,
    or_null,
    said,
)

_COUNT: Schema = {"type": "integer", "minimum": 0}
_TEXTS: Schema = {"type": "array", "items": TEXT}
_URL: Schema = {"type": "string", "format": "uri"}
_NO_TEXT: Schema = {"type": ["string", "null"]}
_NO_NUMBER: Schema = {"type": ["number", "null"], "exclusiveMinimum": 0}
#: How many of each resource, or which share.
_BY_RESOURCE: Mapping[str, Schema] = {name: {"type": "number", "minimum": 0} for name in RESOURCES}
_SETTINGS: Mapping[str, Schema] = {
    "cost": said({"type": "number", "minimum": 0}, "What a resource costs there; less is preferred."),
    "taints": said(_TEXTS, "Words that a request must tolerate, each of them."),
    "projects_allowed": said(_TEXTS, "The only projects that get new resources there; empty for all."),
    "projects_denied": said(_TEXTS, "Projects that get none."),
    "overcommit": said(
        an_object({}, {name: schema for name, schema in _BY_RESOURCE.items() if name != "volume_gb"}),
        "How many times what there is may be promised; what is absent is as configured.",
    ),
    "headroom": said(
        an_object({}, _BY_RESOURCE), "The share that is kept free; what is absent is as configured."
    ),
    "endpoints": said(
        an_object({}, dict.fromkeys(("compute", "volume", "network"), _URL)),
        "Root URLs of services; what is absent is taken from the Keystone catalog.",
    ),
    "ca_file": said(_NO_TEXT, "PEM file with the authorities that its certificates are checked against."),
    "connect_timeout_seconds": _NO_NUMBER,
    "answer_timeout_seconds": _NO_NUMBER,
    "concurrency": said({"type": ["integer", "null"], "minimum": 1}, "How many requests at once."),
}
#: What can be set beside the rest; null takes a setting back to its default.
_GIVEN_SETTINGS: Mapping[str, Schema] = {name: or_null(schema) for name, schema in _SETTINGS.items()}
_POD = an_object(
    {
        "pod_id": UUID,
        "pod_name": said(TEXT, "The Keystone region of the pod."),
        "az_name": said(TEXT, "The availability zone that users see; empty for the top region."),
        "pod_az_name": said(TEXT, "The zone's name inside the pod; empty where the pod chooses."),
        "dc_name": said(TEXT, "The data centre."),
        "state": said(STATE, "What an operator gave it."),
        "effective_state": said(STATE, "What counts now: outside of its window a pod is enabled."),
        "state_reason": said(TEXT, "Why it has that state; no user sees it."),
        "state_from": said(NO_TIME, "When the window begins; null for at once."),
        "state_until": said(NO_TIME, "When the window ends; null for never."),
        "state_changed_at": said(NO_TIME, "When it was given another state; null while it has its first."),
        "weight": WEIGHT,
        "affinity": {"type": "array", "items": TEXT},
        "ag_name": said(TEXT, "The name of the host aggregate that stands for the pod in its zone."),
        "declared": said(FLAG, "True for a pod of the configuration file."),
        "healthy": said(
            {"type": ["boolean", "null"]}, "False while calls to the pod fail; null for the top region."
        ),
        **_SETTINGS,
        "created_at": NO_TIME,
        "updated_at": NO_TIME,
    }
)
_DRAIN = an_object(
    {
        "pod_id": UUID,
        "pod_name": TEXT,
        "state": said(STATE, "What counts now."),
        "state_reason": TEXT,
        "since": said(NO_TIME, "Since when it has its state, or its window is open."),
        "bindings": said(_COUNT, "Projects whose new resources would go there, were it enabled."),
        "routes": said(
            {
                "type": "object",
                "propertyNames": {"enum": [kind.value for kind in Kind]},
                "additionalProperties": _COUNT,
            },
            "What it has, by kind.",
        ),
        "made_since": said(_COUNT, "How much of that was made since."),
        "counted_to": said(_COUNT, "A number that is this one is that many, or more."),
        "ended_bindings": said(_COUNT, "How many bindings this request has ended."),
        "done": said(FLAG, "True when nothing new comes and nothing is left: it can be removed."),
    }
)
_ROOM = an_object(
    {
        "total": said({"type": "number"}, "What there is, by the pod's own word."),
        "used": said({"type": "number"}, "What the pod has promised."),
        "limit": said({"type": "number"}, "What may be promised: overcommitment in, headroom out."),
        "claimed": said({"type": "number"}, "What was placed there since, by all processes."),
        "free": said({"type": "number"}, "What is left; negative where more is promised than may be."),
    }
)
_USAGE = an_object(
    {
        "pod_id": UUID,
        "pod_name": TEXT,
        "collected_at": said(NO_TIME, "When the pod was asked; null while it has not answered."),
        "servers": {"type": ["integer", "null"]},
        "projects": said({"type": ["integer", "null"]}, "How many projects were bound to it then."),
        "largest_volume_gb": said({"type": ["number", "null"]}, "The most that one pool takes."),
        "resources": an_object({name: or_null(_ROOM) for name in RESOURCES}),
    }
)

#: Given together with a state.
_BESIDE_STATE: Mapping[str, Schema] = {
    "state_reason": or_null(LINE),
    "state_from": NO_TIME,
    "state_until": NO_TIME,
}

POD_SCHEMAS: Mapping[str, Schema] = {
    "Pods": an_object({"pods": {"type": "array", "items": _POD}}),
    "Pod": an_object({"pod": _POD}),
    "NewPod": an_object(
        {
            "pod": an_object(
                {"pod_name": WORDS},
                {
                    "az_name": or_null(LINE),
                    "pod_az_name": or_null(LINE),
                    "dc_name": or_null(LINE),
                    "state": or_null(STATE),
                    **_BESIDE_STATE,
                    "weight": or_null(WEIGHT),
                    "affinity": or_null(TAGS),
                    **_GIVEN_SETTINGS,
                },
            )
        }
    ),
    "PodChanges": an_object(
        {
            "pod": an_object(
                {},
                {
                    "state": STATE,
                    **_BESIDE_STATE,
                    "weight": WEIGHT,
                    "affinity": TAGS,
                    **_GIVEN_SETTINGS,
                    "pod_az_name": LINE,
                    "dc_name": LINE,
                },
            )
        }
    ),
    "Drain": an_object(
        {"drain": an_object({}, {"reason": or_null(LINE), "end_bindings": FLAG})},
    ),
    "DrainProgress": an_object({"drain": _DRAIN}),
    "Usage": an_object({"usage": _USAGE}),
}
