"""
Times as the Admin API takes and shows them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


def moment(text: str) -> datetime:
    """
    A time of ISO 8601, in UTC; without an offset it is UTC already.

    :raises ValueError: if it is none; the message completes "this value …".
    """
    try:
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be a time of ISO 8601, such as 2026-01-31T12:00:00Z") from None


@overload
def shown(time: datetime) -> str: ...
@overload
def shown(time: datetime | None) -> str | None: ...
def shown(time: datetime | None) -> str | None:
    """
    UTC with all its digits, so that ``at=`` finds what began at that very moment.
    """
    return None if time is None else time.astimezone(UTC).isoformat().replace("+00:00", "Z")
