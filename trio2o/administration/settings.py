"""
The settings of pods by the names that the configuration gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

#: Option of the pod list to attribute of :class:`trio2o.model.PodSettings`.
SETTINGS: Mapping[str, str] = {
    "cost": "cost",
    "taints": "taints",
    "projects_allowed": "projects_allowed",
    "projects_denied": "projects_denied",
    "overcommit": "overcommit",
    "headroom": "headroom",
    "endpoints": "endpoints",
    "ca_file": "ca_file",
    "connect_timeout_seconds": "connect_timeout",
    "answer_timeout_seconds": "answer_timeout",
    "concurrency": "concurrency",
}

#: Takes plain values by the names of options, ``None`` for an option's default, and gives attributes of
#: :class:`trio2o.model.PodSettings`. The configuration and the Admin API accept the same.
#: :raises trio2o.errors.Unprocessable: if one cannot be accepted; the message names each.
SettingsReader = Callable[[Mapping[str, Any]], Mapping[str, Any]]
