"""
The states that operators give to pods: what can be said of one, and the record of who said it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from twisted.logger import Logger

from trio2o.errors import Unprocessable
from trio2o.model import Pod, PodState

_log = Logger()

#: What belongs to a state and is given together with it: what is not given is empty.
BESIDE_STATE: Mapping[str, Any] = {"state_reason": "", "state_from": None, "state_until": None}

#: The states that may have a window: what the pod has stays reachable in them, so that nothing vanishes by the clock.
WITH_WINDOW = frozenset({PodState.DRAINING, PodState.MAINTENANCE})


def whole_state(changes: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """
    The changes with all that belongs to the state that they give, if they give one.

    :raises Unprocessable: if a reason or a window comes without a state, or the window makes no sense.
    """
    beside = sorted(changes.keys() & BESIDE_STATE.keys())
    if "state" not in changes:
        if beside:
            raise Unprocessable(f"{beside[0]}: is given together with state.")
        return changes
    whole = {**BESIDE_STATE, **changes}
    begin, end = whole["state_from"], whole["state_until"]
    windowed = "state_from" if begin is not None else "state_until" if end is not None else ""
    if windowed and whole["state"] not in WITH_WINDOW:
        states = " and ".join(sorted(WITH_WINDOW))
        raise Unprocessable(f"{windowed}: only {states} can have a window; outside of it a pod is enabled.")
    if begin is not None and end is not None and begin >= end:
        raise Unprocessable("state_until: must be after state_from.")
    if end is not None and end <= now:
        raise Unprocessable("state_until: is over already.")
    return whole


def tell_change(before: Pod | None, after: Pod, by: str) -> None:
    """
    Write down that a pod was given another state, and by whom.

    :param before: the pod as it was; ``None`` for a new one.
    :param by: the user's id.
    """
    if before is not None and _state(before) == _state(after):
        return
    _log.info(
        "pod {pod} is {state} by order of user {user}, from {begin} until {end}, for this reason: {reason}; before: {before}",
        pod=after.name,
        state=after.state.value,
        user=by,
        begin="now" if after.state_from is None else after.state_from.isoformat(),
        end="further notice" if after.state_until is None else after.state_until.isoformat(),
        reason=after.state_reason or "none given",
        before="none" if before is None else before.state.value,
    )


def _state(pod: Pod) -> tuple[PodState, str, datetime | None, datetime | None]:
    return pod.state, pod.state_reason, pod.state_from, pod.state_until
