"""
Integer ids that are unique within one pod, made unique over all of them.

Below microversion 2.53 Nova tells hypervisors and services apart by a number that each pod counts from 1. At the top the
pod's serial stands in front: number 7 of the pod with serial 3 is 30000000007. Serials are never given twice, so that a
number means the same for ever; and it stays below 2**53, which every JSON reader holds exactly.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

#: More than any number of a pod: Nova's columns hold 31 bits.
SPAN = 10**10

_NUMBER = re.compile(r"[0-9]{1,19}")


def top_integer(serial: int, number: int) -> int:
    """
    A pod's number as users see it.
    """
    return serial * SPAN + number


def own_integer(text: str) -> tuple[int, int] | None:
    """
    The pod's serial and its own number; ``None`` for what is no number that :func:`top_integer` gives.
    """
    if not _NUMBER.fullmatch(text):
        return None
    serial, number = divmod(int(text), SPAN)
    return (serial, number) if serial and number else None


def number_item(item: dict[str, Any], paths: Sequence[str], serial: int) -> None:
    """
    Make the numbers at these paths (``id``, ``service.id``) those that users see, in place. Ids that are text stay.
    """
    for path in paths:
        *way, last = path.split(".")
        holder: Any = item
        for name in way:
            holder = holder.get(name) if isinstance(holder, dict) else None
        if not isinstance(holder, dict):
            continue
        value = holder.get(last)
        if isinstance(value, int) and not isinstance(value, bool):
            holder[last] = top_integer(serial, value)
