"""
All cases, by surface.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.functional.rows import (
    compute_aggregates,
    compute_hosts,
    compute_proxies,
    compute_rest,
    compute_servers,
    compute_shared,
    volume_cases,
)
from tests.functional.rows.case import Case

CASES: Mapping[str, tuple[Case, ...]] = {
    "compute": (
        *compute_servers.CASES,
        *compute_hosts.CASES,
        *compute_proxies.CASES,
        *compute_rest.CASES,
        *compute_shared.CASES,
        *compute_aggregates.CASES,
    ),
    "volume": volume_cases.CASES,
}
