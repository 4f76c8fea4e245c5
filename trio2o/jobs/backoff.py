"""
How long a job waits that failed.
"""

from __future__ import annotations

from random import Random

#: Seconds after the first attempt, doubled with each.
FIRST = 1.0

#: What a handler may ask for at the least, in seconds: one that asks again and again keeps nobody busy.
SHORTEST = 0.5


def backoff(attempts: int, longest: float, random: Random) -> float:
    """
    Seconds to the next attempt: twice as long after each, up to the longest, and less by up to a half, so that jobs that failed
    together do not come back together.

    :param attempts: how often it was tried, 1 or more.
    """
    # beyond that a float could not hold it, and nobody wants to wait
    doubled = FIRST * 2.0 ** min(attempts - 1, 30)
    return min(longest, doubled) * random.uniform(0.5, 1.0)
