"""
The OpenAPI 3.1 document, made from the table of operations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from trio2o.web.admin.operations import OPERATIONS, AdminOperation
from trio2o.web.admin.schemas import SCHEMAS

#: What every operation with a token may answer.
_REFUSALS = (401, 403, 503)

_MEANINGS = {
    400: "The request cannot be understood.",
    401: "No valid token.",
    403: "The policy does not allow it.",
    404: "There is none.",
    409: "The state of things does not allow it.",
    413: "The body is too large.",
    422: "A field's value cannot be accepted.",
    503: "Not now: the database or Keystone cannot be reached, or the process starts or stops.",
}


def document(root: str) -> Mapping[str, Any]:
    """
    The whole document.

    :param root: where this surface is, as the client knows it.
    """
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        path = paths.setdefault(operation.path, {})
        path[operation.method.lower()] = _operation(operation)
        if "{" in operation.path:
            path["parameters"] = list(_path_parameters(operation.path))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Trio2o Admin API",
            "version": "1.0",
            "description": "Trio2o's pods, bindings and routes.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": root}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Auth-Token",
                    "description": "A Keystone token.",
                }
            },
        },
    }


def _operation(operation: AdminOperation) -> Mapping[str, Any]:
    statuses = sorted({*operation.errors, *(_REFUSALS if operation.rule else ())})
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {
            "200": {"description": "Done.", "content": _json(operation.answer)},
            **{
                str(status): {"description": _MEANINGS[status], "content": _json("Error")}
                for status in statuses
            },
        },
    }
    if operation.rule:
        described["description"] = f"Policy rule: `{operation.rule}`."
    else:
        # With a token or without.
        described["security"] = [{}, {"token": []}]
    if operation.query:
        described["parameters"] = [
            {
                "name": parameter.name,
                "in": "query",
                "description": parameter.description,
                "schema": dict(parameter.schema),
            }
            for parameter in operation.query
        ]
    if operation.body:
        described["requestBody"] = {"required": operation.body_required, "content": _json(operation.body)}
    return described


def _path_parameters(path: str) -> Iterator[Mapping[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}


def _json(schema: str) -> Mapping[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
