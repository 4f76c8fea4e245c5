"""
Text compared as the databases of Nova and Cinder compare it.

Both are set up with MySQL's or MariaDB's ``utf8_general_ci``: each character counts as its base letter in upper case, and
spaces at the end do not count. That is followed here as far as Python's Unicode 3.2 tables go; against MariaDB 10.11,
160 of the 63,487 characters of the basic plane compare differently, all of them rare: combining marks, archaic letters and
ones that were added later. Databases with another collation order punctuation and accents otherwise, which is why lists
sorted by text are never taken to be in exactly this order (:attr:`trio2o.merging.order.Order.exact`).
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# The collation is older than most of Unicode; later characters have no case in it.
_OLD = unicodedata.ucd_3_2_0


def text_key(text: str) -> str:
    """
    What of a text counts when it is compared; two texts with equal keys are equal to the database.
    """
    stripped = text.rstrip(" ")
    if stripped.isascii():
        return stripped.upper()
    return "".join(map(_weight, stripped))


@lru_cache(maxsize=4096)
def _weight(character: str) -> str:
    if character == "ß":
        return "S"
    if character > "\uffff":
        # beyond the basic plane all characters are equal
        return "\ufffd"
    base = _base(character)
    upper = base.upper()
    if len(upper) != 1 or _OLD.category(upper) == "Cn":
        return base
    return _base(upper)


def _base(character: str) -> str:
    """
    A letter of a European script without its accents.
    """
    while character < "\u0530" or "\u1e00" <= character < "\u2000":
        parts = _OLD.decomposition(character).split()
        if len(parts) < 2 or parts[0].startswith("<") or character in "Йй":
            break
        character = chr(int(parts[0], 16))
    return character
