"""
Reading request bodies with the words of Cinder's schemas.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from trio2o.sandbox.answers import Fault, bad_request, not_found
from trio2o.sandbox.call import Call

_UUID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "off", "0"})


def since(call: Call, minor: int) -> None:
    """
    Hide an operation from older microversions.

    :raises Fault: 404.
    """
    if call.minor < minor:
        raise not_found("The resource could not be found.")


def require_admin(call: Call, rule: str) -> None:
    """
    Refuse everybody without the role ``admin``.

    :raises Fault: 403, naming the policy rule.
    """
    if not call.caller.is_admin:
        raise Fault(403, f"Policy doesn't allow {rule} to be performed.")


def require_project(call: Call, rule: str) -> None:
    """
    Refuse a token without a project, which has no roles, either.

    :raises Fault: 403, naming the policy rule.
    """
    if call.caller.project_id is None:
        require_admin(call, rule)


def invalid(name: str, value: object, why: str) -> Fault:
    """
    The 400 of a schema.
    """
    return bad_request(f"Invalid input for field/attribute {name}. Value: {value}. {why}")


def section(
    call: Call, name: str, *, required: Iterable[str] = (), allowed: Iterable[str] | None = None
) -> dict[str, Any]:
    """
    The object under the body's one key.

    :raises Fault: 400 if it is not there, lacks a key, or has one that is not ``allowed``.
    """
    body = call.json()
    if not isinstance(body, dict):
        raise bad_request("Malformed request body")
    if name not in body:
        raise bad_request(f"'{name}' is a required property")
    found = body[name]
    if not isinstance(found, dict):
        raise invalid(name, found, f"{found!r} is not of type 'object'")
    for key in required:
        if key not in found:
            raise invalid(name, found, f"{key!r} is a required property")
    unexpected = sorted(found.keys() - set(allowed)) if allowed is not None else []
    if unexpected:
        shown = ", ".join(repr(key) for key in unexpected)
        verb = "was" if len(unexpected) == 1 else "were"
        raise invalid(name, found, f"Additional properties are not allowed ({shown} {verb} unexpected)")
    return found


def whole(name: str, value: object, *, minimum: int) -> int:
    """
    An integer, perhaps as a string of digits.

    :raises Fault: 400.
    """
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]+", value):
        value = int(value)
    if isinstance(value, str):
        raise invalid(name, value, f"{value!r} does not match '^[0-9]+$'")
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid(name, value, f"{value!r} is not of type 'integer', 'string'")
    if value < minimum:
        raise invalid(name, value, f"{value} is less than the minimum of {minimum}")
    return value


def text(name: str, value: object) -> str | None:
    """
    A name or description: a string without outer blanks, or None.

    :raises Fault: 400.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise invalid(name, value, f"{value!r} is not of type 'string', 'null'")
    stripped = value.strip()
    if len(stripped) > 255:
        raise bad_request(f"Invalid input received: {name} has {len(stripped)} characters, more than 255.")
    return stripped


def uuid_or_none(name: str, value: object) -> str | None:
    """
    An id, or None.

    :raises Fault: 400.
    """
    if value is None:
        return None
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise invalid(name, value, f"{value!r} is not valid under any of the given schemas")
    return value


def looks_like_uuid(value: str) -> bool:
    """
    True for 32 hexadecimal digits, with or without hyphens.
    """
    return _UUID.fullmatch(value) is not None


def boolean(name: str, value: object) -> bool:
    """
    A boolean, perhaps as one of the words that OpenStack takes for one.

    :raises Fault: 400.
    """
    word = str(value).lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise invalid(
        name, value, f"{value!r} is not one of [True, 'True', 'TRUE', 'true', '1', False, 'False', '0']"
    )


def metadata(value: object) -> dict[str, str]:
    """
    Metadata: strings by name, none of them long.

    :raises Fault: 400.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid("metadata", value, f"{value!r} is not of type 'object'")
    for key, item in value.items():
        if not isinstance(item, str):
            raise invalid(key, item, f"{item!r} is not of type 'string'")
        if not 1 <= len(key) <= 255 or len(item) > 255:
            raise invalid("metadata", value, "a key or value is too long or empty")
    return dict(value)
