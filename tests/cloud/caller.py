"""
What a scenario is given: a client at one place that records what it is told.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field, frozen

from tests.cloud.normal import Normaliser
from tests.cloud.places import Account, Place
from tests.cloud.wire import Reply, send

VERSIONS = {"compute": "/v2.1", "volume": "/v3", "network": "/v2.0", "image": "/v2"}
_MICROVERSION = {"compute": "compute", "volume": "volume"}
#: Seconds until a resource has the state that a scenario waits for.
PATIENCE = 120.0
#: Seconds between two looks; one worker of a pod's API answers some dozen requests a second.
INTERVAL = 0.5


@frozen(kw_only=True)
class Step:
    """
    One recorded request and its answer, normalised.
    """

    label: str
    answer: dict[str, Any]
    #: The answer as it came, where there is one.
    reply: Reply | None = None


class NotReached(Exception):
    """
    A resource did not get to the state that a scenario waits for.
    """


@define(kw_only=True)
class Caller:
    """
    A project's client at one place.

    Every request is recorded unless ``quiet``. ``path`` stands below the version; the volume surface's gets the project
    id in front, as clients send it.
    """

    place: Place
    account: Account
    #: Someone else, for what is not one's own.
    stranger: Account
    normal: Normaliser
    #: What is recorded; several callers of one scenario may share it.
    steps: list[Step] = field(factory=list)
    #: What is undone in the end, which callers may share, too.
    undone: list[Callable[[], object]] = field(factory=list)

    def call(
        self,
        service: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        version: str | None = None,
        fields: Mapping[str, str] | None = None,
        token: str | None = "",
        bare: bool = False,
        quiet: bool = False,
        note: str = "",
    ) -> Reply:
        """
        Send one request and record the answer.

        :param body: sent as JSON; ``raw`` is sent as it is.
        :param version: a microversion.
        :param fields: header fields, in place of the usual ones of the same names.
        :param token: ``None`` sends none; empty is the account's own.
        :param bare: the path stands below the root, not below the version.
        :param note: told in the label, where the same request is made more than once.
        """
        sent: dict[str, str] = {"Accept": "application/json"}
        if raw is None and body is not None:
            raw = json.dumps(body).encode()
        if raw is not None:
            sent["Content-Type"] = "application/json"
        if token is not None:
            sent["X-Auth-Token"] = token or self.account.token
        if version is not None:
            sent["OpenStack-API-Version"] = f"{_MICROVERSION[service]} {version}"
        sent.update(fields or {})
        target = path
        if not bare:
            owner = f"/{self.account.project_id}" if service == "volume" else ""
            target = f"{VERSIONS[service]}{owner}{path}"
        reply = send(self.place.roots[service], method, target, sent.items(), raw)
        if not quiet:
            said = self.normal.reply(reply)
            label = self.normal.text(f"{method} {path}{f' ({note})' if note else ''}")
            self.steps.append(Step(label=label, answer=said, reply=reply))
        return reply

    def note(self, label: str, said: Any) -> None:
        """
        Record what a client said.
        """
        self.steps.append(Step(label=self.normal.text(label), answer={"said": self.normal.value(said)}))

    def compute(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        """
        A request to the compute surface.
        """
        return self.call("compute", method, path, body, **options)

    def volume(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        """
        A request to the volume surface.
        """
        return self.call("volume", method, path, body, **options)

    def until(self, service: str, path: str, key: str, *states: str) -> Any:
        """
        Wait until a resource has one of these states, and give it.

        :raises NotReached: if it does not get there, or gets into an error that is not waited for.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            reply = self.call(service, "GET", path, quiet=True)
            resource = reply.json().get(key, {})
            state = str(resource.get("status", "")).lower()
            if state in states and not resource.get("OS-EXT-STS:task_state"):
                return resource
            # a machine that is busy with a whole cloud may be too slow once
            busy = reply.status in (503, 504)
            if state.startswith("error") or time.monotonic() > deadline or (reply.status != 200 and not busy):
                raise NotReached(
                    f"{self.place.name}: {path} is {state!r}, not {states}: {reply.body[:600]!r}"
                )
            time.sleep(INTERVAL)

    def until_gone(self, service: str, path: str, *, version: str | None = None) -> None:
        """
        Wait until there is no such resource.

        :raises NotReached: if it stays.
        """
        deadline = time.monotonic() + PATIENCE
        while self.call(service, "GET", path, version=version, quiet=True).status != 404:
            if time.monotonic() > deadline:
                raise NotReached(f"{self.place.name}: {path} stays")
            time.sleep(INTERVAL)

    def until_listed(
        self, service: str, path: str, plural: str, *, version: str | None = None
    ) -> list[dict[str, Any]]:
        """
        Wait until a list has an item, and give what it has.

        :raises NotReached: if it stays empty.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            items: list[dict[str, Any]] = self.call(service, "GET", path, version=version, quiet=True).json()[
                plural
            ]
            if items:
                return items
            if time.monotonic() > deadline:
                raise NotReached(f"{self.place.name}: {path} stays empty")
            time.sleep(INTERVAL)

    def afterwards(self, service: str, path: str) -> None:
        """
        Delete something, and wait until it is gone, when the scenario is over.
        """

        def delete() -> None:
            if self.call(service, "DELETE", path, quiet=True).status not in (404, 400, 409):
                self.until_gone(service, path)

        self.undone.append(delete)

    def clean_up(self) -> list[str]:
        """
        Delete what the scenario left, the newest first; what could not be deleted.
        """
        failed = []
        while self.undone:
            undo = self.undone.pop()
            try:
                undo()
            except (NotReached, OSError, AssertionError) as error:
                failed.append(str(error))
        return failed
