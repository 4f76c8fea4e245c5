"""
Which pods something has become known of, so that what was made of it before is made again.
"""

from __future__ import annotations

from attrs import define, field

#: How many touches are remembered; who looks less often takes all pods for touched.
_MOST = 8192


@define(eq=False)
class Touched:
    """
    The pods in the order they were touched. Whoever changes what a candidate shows of a pod touches it.

    What ends by the clock alone needs no touch: who makes candidates is told until when each holds.
    """

    #: Grows with each touch.
    number: int = field(default=0, init=False)
    _last: list[str] = field(factory=list, init=False)

    def touch(self, pod_id: str) -> None:
        """
        Something of this pod has changed.
        """
        self._last.append(pod_id)
        self.number += 1
        if len(self._last) > 2 * _MOST:
            del self._last[:-_MOST]

    def since(self, number: int) -> set[str] | None:
        """
        The pods touched since a number; ``None`` where that is not known any more.
        """
        behind = self.number - number
        if not behind:
            return set()
        return None if behind > len(self._last) else set(self._last[-behind:])
