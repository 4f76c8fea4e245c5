"""
What a pod's answer says of one resource, and whether the pod is to be believed. Pure.
"""

from __future__ import annotations

import enum
from collections import deque

from attrs import define, field

from trio2o.adoption.questions import Said
from trio2o.model import Route
from trio2o.surface.kinds import KINDS


class Verdict(enum.StrEnum):
    """
    What is known after a pod was asked for a resource.
    """

    PRESENT = "present"
    ABSENT = "absent"
    #: Anything else: no answer, a refusal, a fault, what no Nova or Cinder says.
    UNCLEAR = "unclear"


def verdict(route: Route, said: Said) -> Verdict:
    """
    Read the answer to a question for one resource.

    Absent is only the service's own 404 about this very resource, ``{"itemNotFound": {"code": 404, "message": …}}`` with its
    id in the message (Compute API and Block Storage API, "Faults"): a proxy's or a web server's is none.
    """
    body = said.body if isinstance(said.body, dict) else {}
    if said.status == 200:
        shown = body.get(KINDS[route.kind].single)
        found = isinstance(shown, dict) and str(shown.get("id")).lower() == route.resource_id
        return Verdict.PRESENT if found else Verdict.UNCLEAR
    fault = body.get("itemNotFound")
    if (
        said.status == 404
        and len(body) == 1
        and isinstance(fault, dict)
        and fault.get("code") == 404
        and route.resource_id in str(fault.get("message")).lower()
    ):
        return Verdict.ABSENT
    return Verdict.UNCLEAR


@define
class Credit:
    """
    Whether what a pod's service says to be absent is absent: not when most of what it was asked for is, as where it was
    wiped, or another cloud answers at its address.
    """

    #: How many of the latest answers count.
    _span: int = 100
    #: So few absent ones are believed whatever their share.
    _few: int = 10
    _latest: deque[bool] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._latest = deque(maxlen=self._span)

    def note(self, *, present: bool) -> None:
        """
        Count one answer.
        """
        self._latest.append(present)

    @property
    def good(self) -> bool:
        """
        False while the pod is not to be believed.
        """
        absent = self._latest.count(False)
        return absent < self._few or 2 * absent <= len(self._latest)
