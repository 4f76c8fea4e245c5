"""
Differences between pods as the Admin API shows and describes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trio2o.administration.drift import NamedDrift
from trio2o.model.shared import Difference
from trio2o.web.admin.schema_parts import NO_TIME, TEXT, Schema, an_object, said
from trio2o.web.admin.times import shown

_DRIFT = an_object(
    {
        "kind": said(TEXT, "What sort of thing it is: flavor, key_pair."),
        "name": said(TEXT, "What names it in every pod; of a flavor its id."),
        "owner": said(TEXT, "The id of the user whose it is; empty for what is everybody's."),
        "pod_id": TEXT,
        "pod_name": TEXT,
        "difference": said(
            {"type": "string", "enum": [one.value for one in Difference]},
            "Whether the pod lacks what is wanted, has it otherwise, or has what nothing wants.",
        ),
        "detail": said(TEXT, "Which fields differ, or what the pod refused."),
        "seen_at": NO_TIME,
    }
)

DRIFT_SCHEMAS: Mapping[str, Schema] = {
    "Drift": an_object({"drift": {"type": "array", "items": _DRIFT}}),
}


def drift(drifts: Sequence[NamedDrift]) -> Mapping[str, Any]:
    """
    ``GET /drift``.
    """
    return {
        "drift": [
            {
                "kind": named.drift.key.kind,
                "name": named.drift.key.name,
                "owner": named.drift.key.owner,
                "pod_id": named.drift.pod_id,
                "pod_name": named.pod_name,
                "difference": named.drift.difference.value,
                "detail": named.drift.detail,
                "seen_at": shown(named.drift.seen_at),
            }
            for named in drifts
        ]
    }
