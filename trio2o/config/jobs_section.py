"""
The section ``jobs``: what the daemon does when nobody asks.
"""

from __future__ import annotations

from attrs import frozen

from trio2o.config import checks
from trio2o.config.option import option


@frozen(kw_only=True)
class JobsSection:
    """
    What one daemon of those that share a database does when nobody asks: compare routes with the pods, and forget old ones.
    It needs a user of the daemon's who sees all projects' resources in the pods (the role admin).
    """

    route_checks_per_second: float = option(
        "How many routes are checked each second, all pods together: is the resource still there? 0 checks none.",
        default=5.0,
        check=checks.between(0, 500),
    )
    route_missing_seconds: float = option(
        "How long a pod must have said that it does not have a resource before its route ends. So long, too, does the "
        "check of all routes take at the least before it begins anew.",
        default=600.0,
        check=checks.seconds(0, 86_400),
    )
    tombstone_days: float = option(
        "How long it is remembered where an ended resource stood in lists, for clients that page from it; as long as the "
        "pods keep deleted servers before they purge them. 0 keeps it for ever.",
        default=90.0,
        check=checks.between(0, 36_500),
    )
