"""
Requests' bodies, checked and made into values; those about pods are in :mod:`trio2o.web.admin.pod_bodies`.

What is not the right shape is a 400; a field whose value cannot be accepted is a 422 that names it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Set
from typing import Any

import orjson

from trio2o.errors import BadRequest, Unprocessable

#: Characters of a name, as Keystone bounds region names.
MOST_TEXT = 255

#: Affinity tags of one pod.
MOST_TAGS = 64

Body = Mapping[str, Any]


def read_object(content: bytes, key: str) -> Body:
    """
    The one object that a body holds under its key.

    :raises BadRequest: if it is not JSON, or not of that shape.
    """
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError as why:
        raise BadRequest(f"The body is not JSON: {why}.") from why
    if not isinstance(body, dict) or not isinstance(body.get(key), dict):
        raise BadRequest(f'The body must be an object with an object "{key}".')
    known(body, {key})
    inner: Body = body[key]
    return inner


def new_binding(content: bytes) -> tuple[str, str]:
    """
    The body of ``POST /bindings``: the project's id and the pod's.

    :raises BadRequest: if it has not the right shape.
    :raises Unprocessable: if a value cannot be accepted.
    """
    binding = read_object(content, "pod_binding")
    known(binding, {"tenant_id", "pod_id"})
    return words(binding, "tenant_id"), words(binding, "pod_id")


def known(body: Body, names: Set[str]) -> None:
    """
    Insist that there are no other fields.
    """
    unknown = sorted(body.keys() - names)
    if unknown:
        raise BadRequest(f"{unknown[0]}: unknown, or cannot be set; known are {', '.join(sorted(names))}.")


def line(body: Body, name: str) -> str:
    """
    Text, trimmed as the original does; empty when it is absent.
    """
    value = body.get(name, "")
    if not isinstance(value, str):
        raise Unprocessable(f"{name}: must be text.")
    # Names get into header fields, metrics and logs; and PostgreSQL keeps no NUL.
    if any(unicodedata.category(letter) == "Cc" for letter in value):
        raise Unprocessable(f"{name}: must not have control characters.")
    if len(value) > MOST_TEXT:
        raise Unprocessable(f"{name}: must have at most {MOST_TEXT} characters.")
    return value.strip()


def words(body: Body, name: str) -> str:
    """
    Text that is not empty.
    """
    value = line(body, name)
    if not value:
        raise Unprocessable(f"{name}: must not be missing or empty.")
    return value


def tags(body: Body, name: str) -> frozenset[str]:
    """
    A list of words without commas.
    """
    value = body[name]
    if not isinstance(value, list):
        raise Unprocessable(f"{name}: must be a list of texts.")
    if len(value) > MOST_TAGS:
        raise Unprocessable(f"{name}: must have at most {MOST_TAGS} tags.")
    tags = frozenset(
        words({f"{name}[{number}]": tag}, f"{name}[{number}]") for number, tag in enumerate(value)
    )
    if any("," in tag for tag in tags):
        # A pod's group is its tags joined by commas.
        raise Unprocessable(f"{name}: a tag must not have a comma.")
    return tags
