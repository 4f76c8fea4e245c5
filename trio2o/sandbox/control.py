"""
``/_sandbox``: how tests and users command a fake service. No token, JSON in and out.

==================================  ==============================================================
``POST /_sandbox/behaviours``       add one (`trio2o.sandbox.behaviours`): 201 ``{"behaviour": …}``
``GET /_sandbox/behaviours``        ``{"behaviours": […], "kinds": […]}``
``DELETE /_sandbox/behaviours``     remove all: 204; with ``/ID`` one
``GET /_sandbox/requests``          ``{"requests": […]}``, oldest first; ``?method=`` and ``?path=``
                                    (a regular expression) choose
``DELETE /_sandbox/requests``       forget them: 204
``GET /_sandbox/clock``             ``{"clock": {"manual", "now", "pending"}}``
``POST /_sandbox/clock``            ``{"advance": seconds}`` (manual clocks only), or
                                    ``{"set": "2026-01-01T00:00:00Z"}``, or both (set first)
==================================  ==============================================================
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, Fault, bad_request, conflict, not_found
from trio2o.sandbox.behaviours import BehaviourBook, BehaviourError
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.clock import AutomaticClockError, PodClock
from trio2o.sandbox.journal import Journal
from trio2o.sandbox.style import ServiceStyle

PREFIX = "/_sandbox"


@define(kw_only=True)
class ControlStyle(ServiceStyle):
    """
    Plain JSON errors.
    """

    def fault(self, fault: Fault) -> Answer:
        return Answer(status=fault.status, body={"error": fault.message})

    def unknown_path(self, call: Call) -> Answer:
        return self.fault(not_found(f"{call.method} {call.full_path} is no command of the sandbox."))


@define(kw_only=True)
class SandboxControl:
    """
    The commands that every service has.
    """

    behaviours: BehaviourBook
    journal: Journal
    clock: PodClock

    @route("POST", "/behaviours")
    def add_behaviour(self, call: Call) -> Answer:
        try:
            added = self.behaviours.add(call.json())
        except BehaviourError as error:
            raise bad_request(str(error)) from error
        return Answer(status=201, body={"behaviour": added.as_json()})

    @route("GET", "/behaviours")
    def list_behaviours(self, call: Call) -> Answer:
        return Answer(
            body={
                "behaviours": [each.as_json() for each in self.behaviours],
                "kinds": sorted(self.behaviours.kinds),
            }
        )

    @route("DELETE", "/behaviours")
    def clear_behaviours(self, call: Call) -> Answer:
        self.behaviours.clear()
        return Answer(status=204)

    @route("DELETE", "/behaviours/<int:behaviour_id>")
    def remove_behaviour(self, call: Call, behaviour_id: int) -> Answer:
        if not self.behaviours.remove(behaviour_id):
            raise not_found(f"There is no behaviour {behaviour_id}.")
        return Answer(status=204)

    @route("GET", "/requests")
    def list_requests(self, call: Call) -> Answer:
        try:
            return Answer(body={"requests": self.journal.listed(call.arg("method"), call.arg("path"))})
        except re.error as error:
            raise bad_request(f"path: {error}") from error

    @route("DELETE", "/requests")
    def clear_requests(self, call: Call) -> Answer:
        self.journal.clear()
        return Answer(status=204)

    @route("GET", "/clock")
    def show_clock(self, call: Call) -> Answer:
        return Answer(body={"clock": self._clock()})

    @route("POST", "/clock")
    def move_clock(self, call: Call) -> Answer:
        wanted = call.json()
        if not isinstance(wanted, dict) or not wanted or wanted.keys() - {"advance", "set"}:
            raise bad_request('The body is {"advance": seconds} or {"set": moment}, or both.')
        if "set" in wanted:
            self.clock.set_now(_moment(wanted["set"]))
        if "advance" in wanted:
            seconds = wanted["advance"]
            if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or seconds < 0:
                raise bad_request("advance is a number of seconds.")
            try:
                self.clock.advance(seconds)
            except AutomaticClockError as error:
                raise conflict(str(error)) from error
        return Answer(body={"clock": self._clock()})

    def _clock(self) -> dict[str, Any]:
        pending = len(self.clock.getDelayedCalls()) if self.clock.manual else None
        return {"manual": self.clock.manual, "now": self.clock.now().isoformat(), "pending": pending}


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise bad_request(f"set: {error}") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
