"""
Users of the top region, who see what a fault does, and a load of creates and shows to have faults under.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from attrs import define, field, frozen
from twisted.python import log

from tests.cloud.making import FLAVOR
from tests.cloud.places import Account, Place
from tests.cloud.wire import Reply, send

T = TypeVar("T")


@frozen(kw_only=True)
class Seen:
    """
    An answer and how long it took, seconds.
    """

    reply: Reply
    seconds: float

    @property
    def status(self) -> int:
        """
        Its status.
        """
        return self.reply.status

    @property
    def message(self) -> str:
        """
        The words of its fault.
        """
        (fault,) = self.reply.json().values()
        return str(fault["message"])

    def field(self, name: str) -> str | None:
        """
        The first value of a header field.
        """
        return self.reply.field(name)

    def json(self) -> Any:
        """
        Its body.
        """
        return self.reply.json()


@frozen(kw_only=True)
class User:
    """
    A project's user at one place.
    """

    place: Place
    account: Account
    image: str

    def ask(
        self, service: str, method: str, path: str, body: Any = None, version: str = "", token: str = ""
    ) -> Seen:
        """
        Send one request.

        :param version: a microversion.
        :param token: in place of the account's.
        """
        project = f"/{self.account.project_id}" if service == "volume" else ""
        root = {"compute": "/v2.1", "volume": f"/v3{project}", "network": "/v2.0"}[service]
        fields = {"X-Auth-Token": token or self.account.token, "Accept": "application/json"}
        if body is not None:
            fields["Content-Type"] = "application/json"
        if version:
            fields["OpenStack-API-Version"] = f"{service} {version}"
        began = time.monotonic()
        raw = None if body is None else json.dumps(body).encode()
        reply = send(self.place.roots[service], method, f"{root}{path}", fields.items(), raw)
        seconds = time.monotonic() - began
        shown = {name: value for name, value in reply.fields if name.lower() in _TELLING}
        log.msg(
            f"{self.place.name}: {method} {service} {path} {version}: {reply.status} after {seconds:.1f} s "
            f"{shown} {reply.body[:250]!r}"
        )
        return Seen(reply=reply, seconds=seconds)

    def show(self, server: str, version: str = "") -> Seen:
        """
        Show a server.
        """
        return self.ask("compute", "GET", f"/servers/{server}", version=version)

    def show_volume(self, volume: str) -> Seen:
        """
        Show a volume.
        """
        return self.ask("volume", "GET", f"/volumes/{volume}")

    def create(self, name: str, zone: str | None = None, **more: Any) -> Seen:
        """
        Create a server without a network.
        """
        server = {"name": name, "flavorRef": FLAVOR, "imageRef": self.image, "networks": "none", **more}
        if zone is not None:
            server["availability_zone"] = zone
        return self.ask("compute", "POST", "/servers", {"server": server}, version="2.37")

    def create_volume(self, name: str, zone: str | None = None, **more: Any) -> Seen:
        """
        Create a volume of 1 GiB.
        """
        volume = {"name": name, "size": 1, **more}
        if zone is not None:
            volume["availability_zone"] = zone
        return self.ask("volume", "POST", "/volumes", {"volume": volume})

    def state(self, server: str) -> str:
        """
        A server's status.
        """
        return str(self.show(server).json().get("server", {}).get("status"))

    def names(self, service: str = "compute") -> dict[str, str]:
        """
        Id to name of all servers, or of all volumes.
        """
        plural = {"compute": "servers", "volume": "volumes"}[service]
        return {each["id"]: each["name"] for each in self.ask(service, "GET", f"/{plural}").json()[plural]}


_TELLING = frozenset({"retry-after", "x-trio2o-incomplete-zones", "x-trio2o-missing-pods"})


def together(*calls: Callable[[], T]) -> list[T]:
    """
    Make calls at once, and wait for all.
    """
    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(call) for call in calls]]


def eventually(happened: Callable[[], bool], what: str, patience: float = 120.0) -> None:
    """
    Wait for what comes by itself.

    :raises AssertionError: if it does not.
    """
    deadline = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {what}"
        time.sleep(1.0)


@define(kw_only=True)
class Load:
    """
    Users who create servers and volumes in both zones, and show what there is, until they are told to stop.
    """

    user: User
    zones: Sequence[str]
    #: Servers and volumes that are there already.
    server: str
    volume: str
    #: Each create's name, kind and answer; ``None`` where the connection ended without one.
    made: list[tuple[str, str, Seen | None]] = field(factory=list, init=False)
    shown: list[Seen | None] = field(factory=list, init=False)
    _over: threading.Event = field(factory=threading.Event, init=False)
    _threads: list[threading.Thread] = field(factory=list, init=False)

    def __enter__(self) -> Load:
        for number, zone in enumerate(self.zones):
            self._go(partial(self._create, "compute", number, zone))
            self._go(partial(self._create, "volume", number, zone))
        self._go(self._show)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def count(self, *statuses: int) -> int:
        """
        How many creates had one of these answers.
        """
        return sum(1 for _, _, seen in list(self.made) if seen is not None and seen.status in statuses)

    def accepted(self, kind: str) -> dict[str, str]:
        """
        Id to name of what was accepted.
        """
        single = {"compute": "server", "volume": "volume"}[kind]
        return {
            seen.json()[single]["id"]: name
            for name, of, seen in self.made
            if of == kind and seen is not None and seen.status == 202
        }

    def summary(self) -> str:
        """
        What became of the requests, for the log.
        """

        def counted(seen: Sequence[Seen | None]) -> dict[str, int]:
            words = [str(each.status) if each is not None else "no answer" for each in seen]
            return {word: words.count(word) for word in sorted(set(words))}

        longest = max((each.seconds for _, _, each in self.made if each is not None), default=0.0)
        slowest = max((each.seconds for each in self.shown if each is not None), default=0.0)
        return (
            f"creates {counted([seen for _, _, seen in self.made])}, longest {longest:.1f} s; "
            f"shows {counted(self.shown)}, longest {slowest:.1f} s"
        )

    def _go(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _create(self, kind: str, number: int, zone: str) -> None:
        make = self.user.create if kind == "compute" else self.user.create_volume
        count = 0
        while not self._over.is_set():
            count += 1
            name = f"load-{kind}-{number}-{count}"
            self.made.append((name, kind, _tried(partial(make, name, zone))))
            # a pod of one worker builds a server in about as long
            self._over.wait(1.5)

    def _show(self) -> None:
        while not self._over.is_set():
            self.shown.append(_tried(lambda: self.user.show(self.server)))
            self.shown.append(_tried(lambda: self.user.show_volume(self.volume)))
            self._over.wait(0.3)


def _tried(call: Callable[[], Seen]) -> Seen | None:
    try:
        return call()
    except OSError as broken:
        log.msg(f"no answer: {broken!r}")
        return None
    except Exception as broken:  # noqa: BLE001 - http.client's own are no OSErrors
        log.msg(f"no answer: {broken!r}")
        return None
