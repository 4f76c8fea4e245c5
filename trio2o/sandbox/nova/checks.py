"""
Checks of request bodies, in the words of Nova's schema validation.
"""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from trio2o.sandbox.answers import Fault, bad_request
from trio2o.sandbox.call import Call

_TRUE = (True, "True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes")
_FALSE = (False, "False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no")


def is_uuid(text: object) -> bool:
    """
    Whether this is a UUID as Nova takes it, with or without dashes.
    """
    try:
        uuid.UUID(str(text))
    except ValueError:
        return False
    return True


def invalid(field: str, value: object, why: str) -> Fault:
    """
    A 400 about one field of the body.
    """
    return bad_request(f"Invalid input for field/attribute {field}. Value: {value}. {why}")


def body_object(call: Call, key: str) -> dict[str, Any]:
    """
    The object below ``key`` of the body.

    :raises Fault: 400 if there is none.
    """
    body = call.json()
    if not isinstance(body, dict):
        raise bad_request(f"{body!r} is not of type 'object'")
    if key not in body:
        raise bad_request(f"'{key}' is a required property")
    inner = body[key]
    if not isinstance(inner, dict):
        raise invalid(key, inner, f"{inner!r} is not of type 'object'")
    return inner


def only(value: Mapping[str, Any], allowed: Collection[str], field: str) -> None:
    """
    Refuse properties beyond ``allowed``.

    :raises Fault: 400.
    """
    extra = [name for name in value if name not in allowed]
    if extra:
        names = ", ".join(repr(name) for name in extra)
        verb = "was" if len(extra) == 1 else "were"
        raise invalid(field, value, f"Additional properties are not allowed ({names} {verb} unexpected)")


def required(value: Mapping[str, Any], names: Iterable[str], field: str) -> None:
    """
    Refuse an object without these properties.

    :raises Fault: 400.
    """
    for name in names:
        if name not in value:
            raise invalid(field, value, f"'{name}' is a required property")


def text(value: Mapping[str, Any], name: str, *, longest: int = 255, empty: bool = True) -> str | None:
    """
    A property that is a string; None without it.

    :raises Fault: 400 if it is none, or empty where it may not be, or too long.
    """
    found = value.get(name)
    if found is None:
        return None
    if not isinstance(found, str):
        raise invalid(name, found, f"{found!r} is not of type 'string'")
    if not empty and not found:
        raise invalid(name, found, f"{found!r} should be non-empty")
    if len(found) > longest:
        raise invalid(name, found, f"{found!r} is too long")
    return found


def address(value: Mapping[str, Any], name: str, version: int) -> str:
    """
    A property that is an IP address of this version; empty without it, or where it is empty.

    :raises Fault: 400 if it is something else.
    """
    found = text(value, name) or ""
    try:
        if found and ipaddress.ip_address(found).version != version:
            raise ValueError(found)
    except ValueError as error:
        raise invalid(name, found, f"{found!r} is not a 'ipv{version}'") from error
    return found


def boolean(value: Mapping[str, Any], name: str) -> bool:
    """
    A property that is true, false or one of the words for them; False without it.

    :raises Fault: 400 if it is something else.
    """
    found = value.get(name)
    if found is None or found == "":
        return False
    if not isinstance(found, (int, float)) or isinstance(found, bool):  # 1 and 0 equal True and False
        if found in _TRUE:
            return True
        if found in _FALSE:
            return False
    raise invalid(name, found, f"{found!r} is not one of {list(_TRUE + _FALSE)!r}")


def whole_number(
    value: Mapping[str, Any], name: str, default: int, *, minimum: int = 0, pattern: str = "^[0-9]*$"
) -> int:
    """
    A property that is an integer or digits. ``pattern`` is the schema's, for the words of a refusal.

    :raises Fault: 400 if it is something else or too small.
    """
    found = value.get(name, default)
    if isinstance(found, bool) or not isinstance(found, (int, str)):
        raise invalid(name, found, f"{found!r} is not of type 'integer', 'string'")
    if isinstance(found, str) and not re.fullmatch(pattern[1:-1].replace("*", "+"), found):
        raise invalid(name, found, f"{found!r} does not match {pattern!r}")
    number = int(found)
    if number < minimum:
        raise invalid(name, found, f"{found!r} is less than the minimum of {minimum}")
    return number


def string_map(value: object, field: str) -> dict[str, str]:
    """
    An object whose values are strings of at most 255 characters (metadata, extra specs).

    :raises Fault: 400 if it is something else.
    """
    if not isinstance(value, dict):
        raise invalid(field, value, f"{value!r} is not of type 'object'")
    for key, item in value.items():
        if not 0 < len(key) <= 255:
            raise invalid(field, value, f"{key!r} does not match any of the regexes")
        if not isinstance(item, str):
            raise invalid(key, item, f"{item!r} is not of type 'string'")
        if len(item) > 255:
            raise invalid(key, item, f"{item!r} is too long")
    return dict(value)


def tag_list(value: object) -> set[str]:
    """
    A server's tags: at most 50, each of 1 to 60 characters without slash and comma.

    :raises Fault: 400 if they are something else.
    """
    if not isinstance(value, list):
        raise invalid("tags", value, f"{value!r} is not of type 'array'")
    if len(value) > 50:
        raise invalid("tags", value, f"{value!r} is too long")
    for each in value:
        if not isinstance(each, str):
            raise invalid("tags", each, f"{each!r} is not of type 'string'")
        check_tag(each)
    return set(value)


def check_tag(tag: str) -> None:
    """
    Refuse what cannot be a tag.

    :raises Fault: 400.
    """
    if not 0 < len(tag) <= 60:
        raise invalid("tag", tag, f"{tag!r} is too long" if tag else f"{tag!r} should be non-empty")
    if "/" in tag or "," in tag:
        raise invalid("tag", tag, f"{tag!r} does not match '^[^,/]*$'")


def page(items: list[Any], call: Call, key_of: Any, missing: str) -> tuple[list[Any], bool]:
    """
    One page of a list by ``limit`` and ``marker``, and whether a next link belongs to it.

    ``missing`` has the words for an unknown marker, with ``{}`` for it.

    :raises Fault: 400 for a bad limit or marker.
    """
    limit = limit_of(call)
    marker = call.arg("marker")
    if marker is not None:
        keys = [key_of(item) for item in items]
        if marker not in keys:
            raise bad_request(missing.format(marker))
        items = items[keys.index(marker) + 1 :]
    size = MAX_LIMIT if limit is None else min(limit, MAX_LIMIT)
    return items[:size], size > 0 and len(items) >= size


MAX_LIMIT = 1000


def limit_of(call: Call) -> int | None:
    """
    The query's ``limit``; None without one.

    :raises Fault: 400 if it is no whole number.
    """
    asked = call.arg("limit")
    if asked is None or asked == "":
        return None
    if not asked.isdecimal():
        raise bad_request(
            f"Invalid input for query parameters limit. Value: {asked}. {asked!r} does not match '^[0-9]*$'"
        )
    return int(asked)


def next_link(call: Call, path: str, marker: str) -> list[dict[str, str]]:
    """
    The ``*_links`` of a page that may have a successor: the query in the order of its names, of equal ones the greatest
    value alone, and the marker in its place or at the end.
    """
    pairs = dict(sorted(call.query)) | {"marker": marker}
    return [{"rel": "next", "href": f"{call.base}{path}?{urlencode(pairs)}"}]
