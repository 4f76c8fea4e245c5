"""
What happens to pods: they fail for hours, and are taken out of service for days.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from random import Random

from attrs import frozen

from simulation.fleet import DAY, PodPlan

HOUR = 3_600.0

#: How often each happens to a pod in a year, with the median duration in seconds and the width (sigma) of its lognormal
#: distribution: most outages are short and some are long.
_A_YEAR = 365 * DAY


class Trouble(enum.Enum):
    """
    The kinds, as (times a year, median seconds, sigma).
    """

    OUTAGE = (4.0, 2 * HOUR, 1.0)
    MAINTENANCE = (2.0, 1.5 * DAY, 0.5)


@frozen(kw_only=True)
class Incident:
    """
    One of them.
    """

    at: float
    until: float
    pod: str
    trouble: Trouble


def drawn(plans: Sequence[PodPlan], days: int, random: Random) -> list[Incident]:
    """
    Those of all pods, in order of time. A pod has one trouble at a time; one that would come during another is none.
    """
    found: list[Incident] = []
    for plan in plans:
        of_pod: list[Incident] = []
        for trouble in Trouble:
            a_year, median, sigma = trouble.value
            at = plan.opens
            while (at := at + random.expovariate(a_year / _A_YEAR)) < days * DAY:
                until = at + random.lognormvariate(math.log(median), sigma)
                of_pod.append(Incident(at=at, until=until, pod=plan.name, trouble=trouble))
        of_pod.sort(key=lambda incident: incident.at)
        free_from = 0.0
        for incident in of_pod:
            if incident.at >= free_from:
                found.append(incident)
                free_from = incident.until
    found.sort(key=lambda incident: (incident.at, incident.pod))
    return found
