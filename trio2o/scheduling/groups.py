"""
Which pod group a flavor's or volume type's extra specs ask for. Pure.

Keys have a scope of their own, such as ``trio2o:affinity``: the schedulers of Nova and Cinder pass over scopes that are not
theirs, and Nova's check of extra specs (2.86) takes what is in no scope that it knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: The extra spec of a configuration that says nothing.
AFFINITY = "trio2o:affinity"


def group_of(specs: Mapping[str, Any], keys: Iterable[str] = (AFFINITY,)) -> str:
    """
    The group, as :attr:`trio2o.model.Pod.group` has it; empty for the general one.

    :param keys: the extra specs whose values are tags, joined by commas.
    """
    words = [specs[key] for key in keys if isinstance(specs.get(key), str)]
    tags = {tag.strip() for each in words for tag in each.split(",")}
    return ",".join(sorted(tags - {""}))
