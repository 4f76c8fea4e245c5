"""
An explanation as one line of bounded length, for a header field. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from trio2o.scheduling.explaining import Explanation
from trio2o.scheduling.ranking import Dropped, Ranked


def briefly(explanation: Explanation, limit: int) -> str:
    """
    JSON in ASCII. What is too long is cut, whole pods at a time: the best ones stay, and some of those that were dropped; ``cut``
    says how many are left out of each.

    :param limit: characters at most; four thousand or more.
    """
    ranking, request = explanation.ranking, explanation.request
    current = explanation.current
    pods = [one.pod for one in ranking.ordered] + [one.pod for one in ranking.dropped]
    names = {pod.id: pod.name for pod in pods}
    head: dict[str, Any] = {
        "zone": _text(request.availability_zone),
        "group": _text(request.pod_group),
        "move": explanation.move.move.value,
        "binding": None if current is None else _text(names.get(current.pod_id, current.pod_id)),
    }
    if explanation.move.reason:
        head["reason"] = _text(explanation.move.reason)
    if explanation.failed:
        head["failed"] = [_text(pod.name) for pod in explanation.failed[:_MOST_FAILED]]
    # as if all were cut: that text is not to be too long either
    whole = {**head, "ranked": [], "dropped": {}, "cut": _cut(ranking.ordered, ranking.dropped)}
    left = limit - len(_json(whole))
    sizes = list(_sizes(ranking.dropped))
    ranked: list[dict[str, Any]] = []
    # where not all have room, half of it is for each
    room = max(left // 2, left - sum(sizes))
    for one in ranking.ordered:
        told = _ranked(one)
        room -= len(_json(told)) + 1
        if room < 0:
            break
        left -= len(_json(told)) + 1
        ranked.append(told)
    others = ranking.dropped[: _fitting(sizes, left)]
    said = {**head, "ranked": ranked, "dropped": _by_filter(others)}
    cut = _cut(ranking.ordered[len(ranked) :], ranking.dropped[len(others) :])
    return _json({**said, "cut": cut} if cut else said)


#: Each of them was asked: more than a few is rare.
_MOST_FAILED = 5

#: How much of a name or a reason is told.
_MOST_TEXT = 60


def _ranked(one: Ranked) -> dict[str, Any]:
    return {
        "pod": _text(one.pod.name),
        "total": _number(one.total),
        "weights": {
            _text(name): [_number(weight.raw), _number(weight.weighted)]
            for name, weight in one.weights.items()
        },
    }


def _by_filter(dropped: Iterable[Dropped]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in dropped:
        found.setdefault(str(_text(one.filter_name)), []).append(str(_text(one.pod.name)))
    return found


def _sizes(dropped: Iterable[Dropped]) -> Iterable[int]:
    """
    How many characters each of them takes at most, with the name of its filter where that is new.
    """
    known: set[str] = set()
    for one in dropped:
        size = len(_json(_text(one.pod.name))) + 1
        if one.filter_name not in known:
            known.add(one.filter_name)
            size += len(_json(_text(one.filter_name))) + 4
        yield size


def _cut(ranked: Sequence[Ranked], dropped: Sequence[Dropped]) -> dict[str, int]:
    counts = {"ranked": len(ranked), "dropped": len(dropped)}
    return {name: count for name, count in counts.items() if count}


def _fitting(sizes: Iterable[int], room: int) -> int:
    """
    How many of the first fit.
    """
    fitting = 0
    for size in sizes:
        room -= size
        if room < 0:
            break
        fitting += 1
    return fitting


def _text(words: str | None) -> str | None:
    return words if words is None or len(words) <= _MOST_TEXT else f"{words[: _MOST_TEXT - 1]}…"


def _number(number: float) -> float:
    return float(f"{number:.6g}")


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
