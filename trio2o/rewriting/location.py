"""
The ``Location`` header.
"""

from __future__ import annotations

from collections.abc import Sequence


def rewrite_location(value: bytes, prefixes: Sequence[bytes], top: bytes) -> bytes:
    """
    The value with the pod's root replaced by the top region's; untouched where it names something else, such as Glance.

    As with links, the longest prefix counts that ends at a ``/`` or with the value.
    """
    for prefix in sorted((prefix.rstrip(b"/") for prefix in prefixes), key=len, reverse=True):
        if prefix and value.startswith(prefix) and value[len(prefix) : len(prefix) + 1] in (b"", b"/"):
            return top.rstrip(b"/") + value[len(prefix) :]
    return value
