"""
Says when a pod becomes nearly full, and when it is so no more.
"""

from __future__ import annotations

from attrs import define, field
from twisted.logger import Logger

from trio2o.model import Candidate, Pod, Usage
from trio2o.scheduling.capacity import RESOURCES, CapacityRules

_log = Logger()


@define(kw_only=True)
class Thresholds:
    """
    One event for each crossing, in the process that collects.
    """

    _rules: CapacityRules
    #: The share of what may be promised, below which a resource is nearly used up.
    _free_share: float
    #: (pod id, resource) of what is nearly used up.
    _low: set[tuple[str, str]] = field(factory=set, init=False)

    def collected(self, pod: Pod, usage: Usage) -> None:
        """
        Take note of a pod's numbers.
        """
        candidate = Candidate(pod=pod, usage=usage)
        for resource in RESOURCES:
            room = self._rules.room(candidate, resource)
            if room is None:
                self._low.discard((pod.id, resource))
                continue
            free, whole = room
            share = max(0.0, free / whole) if whole > 0 else 0.0
            low, was = share < self._free_share, (pod.id, resource) in self._low
            if low and not was:
                self._low.add((pod.id, resource))
                _log.warn(
                    "{pod} is nearly full: {share:.0%} of {resource} is free",
                    pod=pod.name,
                    share=share,
                    resource=resource,
                )
            elif was and not low:
                self._low.discard((pod.id, resource))
                _log.info(
                    "{pod} has room again: {share:.0%} of {resource} is free",
                    pod=pod.name,
                    share=share,
                    resource=resource,
                )
