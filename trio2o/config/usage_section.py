"""
The section ``usage``: how full pods are.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from trio2o.config import checks
from trio2o.config.option import option

_SOURCE = checks.one_of("nova", "placement")


def _sources(by_pod: Mapping[str, str]) -> Mapping[str, str]:
    return {pod: _SOURCE(source) for pod, source in by_pod.items()}


@frozen(kw_only=True)
class UsageSection:
    """
    How pods are asked how full they are, by one daemon of those that share a database. It needs a user of the daemon's with
    the role admin in the pods; what is not known is plenty.
    """

    interval_seconds: float = option(
        "How often each pod is asked; 0 for never.", default=300.0, check=checks.seconds(0, 604_800)
    )
    stale_seconds: float = option(
        "How old an answer may be before it counts as unknown; more than the interval.",
        default=3600.0,
        check=checks.seconds(10, 2_592_000),
    )
    source: str = option(
        "Who is asked what a pod's hypervisors have: nova, or the pod's placement, which knows each host's allocation ratio and "
        "reserve, at the cost of two questions for each host.",
        default="nova",
        check=_SOURCE,
    )
    sources: Mapping[str, str] = option(
        "Pod name to who is asked there instead.",
        factory=dict,
        check=_sources,
        example={"Pod1": "placement"},
    )
    warning_share: float = option(
        "The share of a resource, 0 to 1, below which what is free is told in the log; 0 for never.",
        default=0.1,
        check=checks.between(0, 1),
    )
