"""
Requests' bodies, checked and made into values, in one place.

What is not the right shape is a 400; a field whose value cannot be accepted is a 422 that names it.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from trio2o.administration.pods import CHANGEABLE, NewPod
from trio2o.errors import BadRequest, Unprocessable
from trio2o.model import PodState

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


def new_pod(content: bytes) -> NewPod:
    """
    The body of ``POST /pods``.

    :raises BadRequest: if it has not the right shape.
    :raises Unprocessable: if a value cannot be accepted.
    """
    pod = read_object(content, "pod")
    known(pod, {"pod_name", "az_name", *CHANGEABLE})
    # What is null is not said: the original's clients send it so.
    given = {name: value for name, value in pod.items() if value is not None}
    return NewPod(
        name=words(given, "pod_name"),
        az_name=line(given, "az_name"),
        **{name: _POD_FIELDS[name](given, name) for name in CHANGEABLE & given.keys()},
    )


def pod_changes(content: bytes) -> Mapping[str, Any]:
    """
    The body of ``PATCH /pods/{pod_id}``: attributes of :class:`Pod` by name.

    :raises BadRequest: if it has not the right shape, or names what cannot be changed.
    :raises Unprocessable: if a value cannot be accepted.
    """
    pod = read_object(content, "pod")
    known(pod, CHANGEABLE)
    return {name: _POD_FIELDS[name](pod, name) for name in pod}


def new_binding(content: bytes) -> tuple[str, str]:
    """
    The body of ``POST /bindings``: the project's id and the pod's.

    :raises BadRequest: if it has not the right shape.
    :raises Unprocessable: if a value cannot be accepted.
    """
    binding = read_object(content, "pod_binding")
    known(binding, {"tenant_id", "pod_id"})
    return words(binding, "tenant_id"), words(binding, "pod_id")


def known(body: Body, names: frozenset[str] | set[str]) -> None:
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


def _state(body: Body, name: str) -> PodState:
    value = body[name]
    known = [state.value for state in PodState]
    if value not in known:
        raise Unprocessable(f"{name}: must be one of {', '.join(known)}.")
    return PodState(value)


def _weight(body: Body, name: str) -> float:
    value = body[name]
    # In Python a boolean is a number.
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unprocessable(f"{name}: must be a number.")
    return float(value)


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


_POD_FIELDS: Mapping[str, Callable[[Body, str], Any]] = {
    "state": _state,
    "weight": _weight,
    "affinity": tags,
    "pod_az_name": line,
    "dc_name": line,
}
