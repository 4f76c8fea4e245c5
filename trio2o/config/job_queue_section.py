"""
The section ``job_queue``: work that outlives the request that wanted it.
"""

from __future__ import annotations

from attrs import frozen

from trio2o.config import checks
from trio2o.config.option import option


@frozen(kw_only=True)
class JobQueueSection:
    """
    How every daemon of those that share a database works at the jobs that wait in it, such as bringing a pod that was away up to
    date. It is another thing than `jobs`, which is what one of them does all the time.
    """

    at_once: int = option(
        "How many jobs a process works at side by side.", default=8, check=checks.between(1, 100)
    )
    lease_seconds: float = option(
        "How long after a process died, or lost the database, another one takes its jobs over.",
        default=30.0,
        check=checks.seconds(3, 3600),
    )
    attempt_seconds: float = option(
        "How long an attempt at a job may take. One that takes longer is ended and tried again.",
        default=3600.0,
        check=checks.seconds(10, 604_800),
    )
    longest_pause_seconds: float = option(
        "How long a job that failed waits at the most. It waits a second at first, and twice as long after each attempt.",
        default=300.0,
        check=checks.seconds(1, 86_400),
    )
    kept_days: float = option(
        "How long jobs that are done or cancelled can still be read; 0 forgets them within seconds.",
        default=7.0,
        check=checks.between(0, 3650),
    )
    dead_kept_days: float = option(
        "How long dead letters, jobs that were given up, are kept; 0 forgets them within seconds, so that nobody reads why.",
        default=90.0,
        check=checks.between(0, 3650),
    )
