"""
The bodies of requests about pods.

Settings are taken as they are: the use cases have them judged by what judges the configuration.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from trio2o.administration.pods import CHANGEABLE, NewPod
from trio2o.administration.settings import SETTINGS
from trio2o.errors import Unprocessable
from trio2o.model import PodState
from trio2o.web.admin.bodies import Body, known, line, read_object, tags, words
from trio2o.web.admin.times import moment


@frozen(kw_only=True)
class DrainOrder:
    """
    The body of ``POST /pods/{pod_id}/drain``.
    """

    #: ``None`` where nothing is said.
    reason: str | None
    end_bindings: bool


def new_pod(content: bytes) -> NewPod:
    """
    The body of ``POST /pods``.

    :raises BadRequest: if it has not the right shape.
    :raises Unprocessable: if a value cannot be accepted.
    """
    pod = read_object(content, "pod")
    known(pod, {"pod_name", "az_name", *CHANGEABLE, *SETTINGS})
    # What is null is not said: the original's clients send it so.
    given = {name: value for name, value in pod.items() if value is not None}
    return NewPod(
        name=words(given, "pod_name"),
        az_name=line(given, "az_name"),
        settings={name: given[name] for name in SETTINGS.keys() & given.keys()},
        **{name: _FIELDS[name](given, name) for name in CHANGEABLE & given.keys()},
    )


def pod_changes(content: bytes) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """
    The body of ``PATCH /pods/{pod_id}``: attributes of :class:`trio2o.model.Pod` by name, and settings by their options.

    :raises BadRequest: if it has not the right shape, or names what cannot be changed.
    :raises Unprocessable: if a value cannot be accepted.
    """
    pod = read_object(content, "pod")
    known(pod, {*CHANGEABLE, *SETTINGS})
    settings = {name: pod[name] for name in SETTINGS.keys() & pod.keys()}
    return {name: _FIELDS[name](pod, name) for name in CHANGEABLE & pod.keys()}, settings


def drain_order(content: bytes) -> DrainOrder:
    """
    The body of ``POST /pods/{pod_id}/drain``, which may be empty.

    :raises BadRequest: if it has not the right shape.
    :raises Unprocessable: if a value cannot be accepted.
    """
    order = read_object(content, "drain") if content else {}
    known(order, {"reason", "end_bindings"})
    ends = order.get("end_bindings", False)
    if not isinstance(ends, bool):
        raise Unprocessable("end_bindings: must be true or false.")
    reason = None if order.get("reason") is None else line(order, "reason")
    return DrainOrder(reason=reason, end_bindings=ends)


def _state(body: Body, name: str) -> PodState:
    value = body[name]
    states = [state.value for state in PodState]
    if value not in states:
        raise Unprocessable(f"{name}: must be one of {', '.join(states)}.")
    return PodState(value)


def _weight(body: Body, name: str) -> float:
    value = body[name]
    # In Python a boolean is a number.
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unprocessable(f"{name}: must be a number.")
    return float(value)


def _reason(body: Body, name: str) -> str:
    return "" if body[name] is None else line(body, name)


def _time(body: Body, name: str) -> datetime | None:
    value = body[name]
    if value is None:
        return None
    try:
        return moment(value if isinstance(value, str) else "")
    except ValueError as why:
        raise Unprocessable(f"{name}: {why}.") from why


_FIELDS: Mapping[str, Callable[[Body, str], Any]] = {
    "state": _state,
    "state_reason": _reason,
    "state_from": _time,
    "state_until": _time,
    "weight": _weight,
    "affinity": tags,
    "pod_az_name": line,
    "dc_name": line,
}
