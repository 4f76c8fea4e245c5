"""
What the schemas of bodies are put together from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trio2o.model import PodState
from trio2o.web.admin.bodies import MOST_TAGS, MOST_TEXT

Schema = Mapping[str, Any]


def an_object(
    required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None, **more: Any
) -> Schema:
    """
    An object with these fields and no others.
    """
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


def said(schema: Schema, description: str) -> Schema:
    """
    A schema with words about it.
    """
    return {**schema, "description": description}


def or_null(schema: Schema) -> Schema:
    """
    What a schema takes, or null.
    """
    return {"anyOf": [schema, {"type": "null"}]}


TEXT: Schema = {"type": "string"}
UUID: Schema = {"type": "string", "format": "uuid"}
FLAG: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time"}
NO_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
STATE: Schema = {"type": "string", "enum": [state.value for state in PodState]}
WEIGHT: Schema = {"type": "number"}
_CONTROL = r"\u0000-\u001f\u007f-\u009f"
#: Text that is stored: its ends are trimmed; control characters are refused.
LINE: Schema = {"type": "string", "maxLength": MOST_TEXT, "pattern": rf"^[^{_CONTROL}]*$"}
#: The same, with something beside blanks.
WORDS: Schema = {**LINE, "pattern": rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"}
TAG: Schema = {**LINE, "pattern": rf"^[^,{_CONTROL}]*[^,\s{_CONTROL}][^,{_CONTROL}]*$"}
TAGS: Schema = {"type": "array", "maxItems": MOST_TAGS, "items": TAG}
LINKS: Schema = {
    "type": "array",
    "items": an_object({"rel": TEXT, "href": {"type": "string", "format": "uri"}}),
}
