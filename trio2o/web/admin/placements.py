"""
The body of ``POST /schedule``, made into a request to the scheduler.
"""

from __future__ import annotations

import math
from typing import Any

from trio2o.errors import Unprocessable
from trio2o.model import Amounts, Kind, PlacementRequest
from trio2o.scheduling.capacity import RESOURCES
from trio2o.web.admin import bodies

#: What can be asked about.
KINDS = (Kind.SERVER.value, Kind.VOLUME.value)

_TEXTS = frozenset({"availability_zone", "pod_group", "flavor", "image", "volume_type"})
_FIELDS = frozenset({"tenant_id", "kind", "tolerations", *_TEXTS, *RESOURCES})


def placement_request(content: bytes) -> PlacementRequest:
    """
    Read it. Without any amount it is a typical resource of its kind; with some, it needs nothing else.

    :raises BadRequest: if it has not the right shape.
    :raises Unprocessable: if a value cannot be accepted.
    """
    asked = bodies.read_object(content, "schedule")
    bodies.known(asked, _FIELDS)
    amounts = {name: _amount(asked, name) for name in RESOURCES if name in asked}
    return PlacementRequest(
        project_id=bodies.words(asked, "tenant_id"),
        kind=_kind(asked),
        availability_zone=_text(asked, "availability_zone"),
        # a group is its sorted tags
        pod_group=",".join(sorted((_text(asked, "pod_group") or "").split(","))),
        flavor=_text(asked, "flavor"),
        image=_text(asked, "image"),
        volume_type=_text(asked, "volume_type"),
        needs=Amounts(**amounts) if amounts else None,
        tolerations=bodies.tags(asked, "tolerations") if "tolerations" in asked else frozenset(),
    )


def _text(asked: bodies.Body, name: str) -> str | None:
    """
    Text; ``None`` where it is absent, null or empty.
    """
    return bodies.line(asked, name) or None if asked.get(name) is not None else None


def _kind(asked: bodies.Body) -> Kind:
    value: Any = asked.get("kind", Kind.SERVER.value)
    if value not in KINDS:
        raise Unprocessable(f"kind: must be one of {', '.join(KINDS)}.")
    return Kind(value)


def _amount(asked: bodies.Body, name: str) -> float:
    value = asked[name]
    # in Python a boolean is a number
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0:
        raise Unprocessable(f"{name}: must be a number, 0 or more.")
    return float(value)
