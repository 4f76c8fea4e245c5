"""
One number of a create's body, with every other byte left as it was.
"""

from __future__ import annotations

from trio2o.rewriting.spans import members, skip_space


def with_number(body: bytes, single: str, field: str, number: int) -> bytes:
    """
    A body in which a field of the resource under a key has another number; unchanged where there is no such field.
    """
    try:
        text = body.decode()
        spans = [
            (member.value_start, member.end)
            for outer in members(text, skip_space(text, 0))
            if outer.key == single and isinstance(outer.value, dict)
            for member in members(text, outer.value_start)
            if member.key == field
        ]
    except (ValueError, RecursionError):
        return body
    for start, end in reversed(spans):
        text = text[:start] + str(number) + text[end:]
    return text.encode() if spans else body
