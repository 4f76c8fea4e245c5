"""
New limits: what a request wants, and what Nova and Cinder say of limits that do not hold what is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from trio2o.model import UNLIMITED, QuotaUse
from trio2o.quota.resources import MOST, RESOURCES, type_of

#: What stands beside the limits: Nova's order to check nothing, and what Cinder takes no notice of.
_BESIDE = {"compute": frozenset({"force"}), "volume": frozenset({"id", "tenant_id"})}
_NUMBER = re.compile(r"-?[0-9]{1,10}")
#: What oslo.utils takes for true, in lower case.
_TRUE = frozenset({"1", "t", "true", "on", "y", "yes"})


def wanted_limits(service: str, fields: Mapping[str, Any]) -> dict[str, int] | None:
    """
    The limits that a quota set in a request names, in its order; ``None`` where something is wrong with one, which the
    service says in its own words.
    """
    wanted = accepted_limits(service, fields)
    known = all(name in RESOURCES[service] or type_of(service, name) is not None for name in wanted)
    return wanted if known and len(wanted) == len(fields.keys() - _BESIDE[service]) else None


def accepted_limits(service: str, fields: Mapping[str, Any]) -> dict[str, int]:
    """
    The limits in a quota set that a pod has accepted: of resources, too, that only it knows.
    """
    accepted: dict[str, int] = {}
    for name, value in fields.items():
        # Nova takes numbers as text, Cinder does for quota classes
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = int(value)
        number = isinstance(value, int) and not isinstance(value, bool)
        if number and -1 <= value <= MOST and name not in _BESIDE[service]:
            accepted[name] = value
    return accepted


def is_forced(fields: Mapping[str, Any]) -> bool:
    """
    Whether a quota set in a request to Nova says that nothing is to be checked.
    """
    return str(fields.get("force", "")).strip().lower() in _TRUE


def nova_refusal(
    wanted: Mapping[str, int],
    uses: Mapping[str, QuotaUse],
    limits: Mapping[str, int],
    users: Iterable[Mapping[str, int]],
) -> str | None:
    """
    Nova's words for limits of a project that do not hold what is used, or the limits of its users; ``None`` if they do.

    :param limits: the project's now.
    :param users: those that users were given in it.
    """
    given = list(users)
    for name, limit in wanted.items():
        promised = sum(each.get(name, 0) for each in given)
        before = limits.get(name, UNLIMITED)
        # as Nova reckons: nothing is promised of a limit that is none, or is promised beyond itself
        least = promised if 0 <= promised <= before else 0
        least = max(least, uses.get(name, QuotaUse()).taken)
        if 0 <= limit < least:
            return _below(limit, name, least)
    return None


def nova_user_refusal(
    wanted: Mapping[str, int],
    uses: Mapping[str, QuotaUse],
    limits: Mapping[str, int],
    own: Mapping[str, int],
    users: Iterable[Mapping[str, int]],
) -> str | None:
    """
    As :func:`nova_refusal`, for limits of a user, which have to fit into what is left of the project's, too.

    :param uses: the user's.
    :param own: the limits that the user has been given before.
    """
    given = list(users)
    for name, limit in wanted.items():
        least = uses.get(name, QuotaUse()).taken
        if 0 <= limit < least:
            return _below(limit, name, least)
        left = limits.get(name, UNLIMITED) - sum(each.get(name, 0) for each in given)
        before = own.get(name, 0)
        most = UNLIMITED if UNLIMITED in (before, limits.get(name, UNLIMITED)) or left < 0 else left + before
        if most != UNLIMITED and not 0 <= limit <= most:
            return f"Quota limit {limit} for {name} must be less than or equal to {most}."
    return None


def cinder_refusal(
    wanted: Mapping[str, int], uses: Mapping[str, QuotaUse], own: Mapping[str, int]
) -> str | None:
    """
    Cinder's words for limits of a project that do not hold what is used; ``None`` if they do.

    :param own: what the project was given before: Cinder does not look at what else there is of it.
    """
    for name, limit in wanted.items():
        used = uses.get(name, QuotaUse()).taken if name in own else 0
        if name != "per_volume_gigabytes" and limit != UNLIMITED and limit < used:
            return (
                f"Quota {name} limit must be equal or greater than existing resources. Current usage is {used} and the "
                f"requested limit is {limit}."
            )
    return None


def _below(limit: int, name: str, least: int) -> str:
    return (
        f"Quota limit {limit} for {name} must be greater than or equal to already used and reserved {least}."
    )
