"""
One fake pod: a Nova, a Cinder and a Neutron on three ports, in one process and with one state.

In a test::

    pod = FakePod(reactor, "Pod1", keystone_url="http://127.0.0.1:5000/v3")
    await pod.start()
    pod.urls["compute"]      # what the catalog has for the region Pod1
    pod.origins["nova"]      # where its /_sandbox commands are
    await pod.go_down(); await pod.start()    # nobody listens; the same ports and the same state again
    await pod.stop()

By itself::

    python -m trio2o.sandbox.pod --name Pod1 --nova 18774 --cinder 18776 --neutron 19696 --keystone
    http://…/v3

When all three listen it prints one line of JSON: ``{"pod", "ports", "urls", "origins"}``. SIGUSR1 lets it go down: it
listens no more and breaks its connections; SIGUSR2 brings it back with all that it has. SIGTERM ends it.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from treq.client import HTTPClient
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import react
from twisted.web.client import Agent

from trio2o.sandbox.auth import TokenVerifier as KeystoneVerifier
from trio2o.sandbox.cinder import make_cinder
from trio2o.sandbox.clock import PodClock, StoppableTime
from trio2o.sandbox.frame import PodSite, ServiceFrame, TokenVerifier
from trio2o.sandbox.neutron import make_neutron
from trio2o.sandbox.nova.imaging import GlanceImages
from trio2o.sandbox.nova.service import make_nova
from trio2o.sandbox.pod_state import PodState
from trio2o.sandbox.style import MicroversionRange

SERVICES = ("nova", "cinder", "neutron")
_CATALOG = {
    "compute": ("nova", "/v2.1"),
    "volumev3": ("cinder", "/v3/%(project_id)s"),
    "network": ("neutron", ""),
}


class FakePod:
    """
    One pod. ``ports`` are the wished ports by service (0 or absent: any free one), kept over `go_down`;
    ``options`` are further arguments for ``make_nova``, ``make_cinder`` and ``make_neutron``, by service.

    ``verifier`` replaces the one that asks the Keystone at ``keystone_url``.
    """

    def __init__(
        self,
        reactor: Any,
        name: str,
        *,
        keystone_url: str = "http://127.0.0.1:5000/v3",
        verifier: TokenVerifier | None = None,
        host: str = "127.0.0.1",
        ports: Mapping[str, int] | None = None,
        manual_clock: bool = False,
        start_time: float | None = None,
        build_seconds: float = 0.5,
        availability_zones: Sequence[str] = ("nova",),
        nova_versions: tuple[str, str] = ("2.1", "2.104"),
        cinder_versions: tuple[str, str] = ("3.0", "3.71"),
        options: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self._reactor = reactor
        self._host = host
        self._wished = dict(ports or {})
        self._listening: list[IListeningPort] = []
        self._wall = StoppableTime(reactor)
        self.state = PodState(
            name=name,
            clock=PodClock(self._wall, manual=manual_clock, start=start_time),
            availability_zones=tuple(availability_zones),
            build_seconds=build_seconds,
        )
        if verifier is None:
            client: Any = HTTPClient(Agent(reactor, connectTimeout=10))
            verifier = KeystoneVerifier(keystone_url, client)
        more = options or {}
        shared: dict[str, Any] = {"auth_uri": keystone_url}
        wall = self._wall
        self.frames: Mapping[str, ServiceFrame] = {
            "neutron": make_neutron(self.state, verifier, wall, **shared, **more.get("neutron", {})),
            "cinder": make_cinder(
                self.state, verifier, wall, **shared, versions=cinder_versions, **more.get("cinder", {})
            ),
            "nova": make_nova(
                self.state,
                verifier,
                wall,
                **shared,
                versions=MicroversionRange.parse(*nova_versions),
                **more.get("nova", {}),
            ),
        }
        self._sites: dict[str, PodSite] = {service: self.frames[service].site() for service in SERVICES}

    @property
    def name(self) -> str:
        """
        The pod's name, which is its region's.
        """
        return self.state.name

    @property
    def ports(self) -> dict[str, int]:
        """
        The ports by service, once it has started.
        """
        return dict(self._wished)

    @property
    def origins(self) -> dict[str, str]:
        """
        Scheme and address by service: ``nova``, ``cinder``, ``neutron``.
        """
        return {service: f"http://{self._host}:{self._wished[service]}" for service in SERVICES}

    @property
    def urls(self) -> dict[str, str]:
        """
        The endpoint URLs as a catalog has them, by service type; ``%(project_id)s`` is Keystone's to fill.
        """
        return {kind: self.origins[service] + path for kind, (service, path) in _CATALOG.items()}

    @property
    def listening(self) -> bool:
        """
        Whether it is up.
        """
        return bool(self._listening)

    async def start(self) -> None:
        """
        Listen on all three ports.

        :raises CannotListenError: if a wished port is taken; nothing listens then.
        """
        try:
            for service in SERVICES:
                endpoint = TCP4ServerEndpoint(
                    self._reactor, self._wished.get(service, 0), interface=self._host, backlog=1024
                )
                port = await endpoint.listen(self._sites[service])
                self._listening.append(port)
                self._wished[service] = port.getHost().port
        except BaseException:
            await self.go_down()
            raise

    async def go_down(self) -> None:
        """
        Stop listening and break all connections. State and clock go on: `start` brings the pod back.
        """
        listening, self._listening = self._listening, []
        for port in listening:
            stopped = port.stopListening()
            if stopped is not None:
                await stopped
        for site in self._sites.values():
            site.drop_connections()

    async def stop(self) -> None:
        """
        Go down for good: nothing is scheduled any more.
        """
        await self.go_down()
        self._wall.cancel_all()

    def describe(self) -> dict[str, Any]:
        """
        What the command prints.
        """
        return {"pod": self.name, "ports": self.ports, "urls": self.urls, "origins": self.origins}


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """
    The command's arguments.
    """
    parser = argparse.ArgumentParser(prog="python -m trio2o.sandbox.pod", description="Run one fake pod.")
    parser.add_argument("--name", required=True, help="the pod's name (its Keystone region)")
    for service in SERVICES:
        parser.add_argument(f"--{service}", type=int, default=0, metavar="PORT", help="0: any free port")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--keystone", required=True, metavar="URL", help="Keystone's URL with /v3")
    parser.add_argument("--manual-clock", action="store_true", help="time moves only on command")
    parser.add_argument(
        "--start-time", type=_moment, metavar="TIME", help="the first moment of the clock (ISO 8601)"
    )
    parser.add_argument("--build-seconds", type=float, default=0.5, help="how long a server is built")
    parser.add_argument(
        "--action-seconds", type=float, default=0.1, help="how long other changes of a server take"
    )
    parser.add_argument("--zones", default="nova", help="availability zones, comma-separated")
    parser.add_argument("--nova-versions", type=_pair, default=("2.1", "2.104"), metavar="MIN:MAX")
    parser.add_argument("--cinder-versions", type=_pair, default=("3.0", "3.71"), metavar="MIN:MAX")
    parser.add_argument(
        "--instances", type=int, default=10, help="servers a project may have; -1: any number"
    )
    parser.add_argument("--volumes", type=int, default=10, help="volumes a project may have; -1: any number")
    parser.add_argument(
        "--image-endpoint",
        metavar="URL",
        help="the Glance that images of servers go to; without it they go nowhere",
    )
    return parser.parse_args(arguments)


def pod_from(arguments: argparse.Namespace, reactor: Any) -> FakePod:
    """
    The pod that the arguments describe.
    """
    unlimited = arguments.instances < 0
    nova: dict[str, Any] = {"action_seconds": arguments.action_seconds}
    if arguments.image_endpoint:
        images = GlanceImages(arguments.image_endpoint, HTTPClient(Agent(reactor, connectTimeout=10)))
        nova |= {"image_endpoint": arguments.image_endpoint, "images": images}
    nova_quota = {"instances": arguments.instances}
    if unlimited or arguments.instances > 10:
        nova_quota |= {"cores": -1, "ram": -1}
    cinder_quota = {"volumes": arguments.volumes}
    if arguments.volumes < 0 or arguments.volumes > 10:
        cinder_quota["gigabytes"] = -1
    return FakePod(
        reactor,
        arguments.name,
        keystone_url=arguments.keystone,
        host=arguments.host,
        ports={service: getattr(arguments, service) for service in SERVICES},
        manual_clock=arguments.manual_clock,
        start_time=arguments.start_time,
        build_seconds=arguments.build_seconds,
        availability_zones=arguments.zones.split(","),
        nova_versions=arguments.nova_versions,
        cinder_versions=arguments.cinder_versions,
        options={
            "nova": {**nova, "quota": nova_quota},
            "cinder": {"quota": cinder_quota},
        },
    )


def _moment(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _pair(text: str) -> tuple[str, str]:
    minimum, _, maximum = text.partition(":")
    MicroversionRange.parse(minimum, maximum)
    return minimum, maximum


def main(reactor: Any, *arguments: str) -> Deferred[None]:
    """
    Run a pod until a signal ends the process.
    """
    pod = pod_from(parse_arguments(arguments), reactor)

    turn = DeferredLock()

    def command(change: Callable[[], Coroutine[Deferred[None], Any, None]]) -> None:
        changed: Deferred[None] = turn.run(lambda: Deferred.fromCoroutine(change()))
        changed.addErrback(lambda failure: print(failure.getErrorMessage(), file=sys.stderr, flush=True))

    async def come_back() -> None:
        if not pod.listening:
            await pod.start()

    async def run() -> None:
        await pod.start()
        for number, change in ((signal.SIGUSR1, pod.go_down), (signal.SIGUSR2, come_back)):
            signal.signal(number, lambda *_, change=change: reactor.callFromThread(command, change))
        print(json.dumps(pod.describe()), flush=True)
        await Deferred()

    return Deferred.fromCoroutine(run())


if __name__ == "__main__":
    react(main, sys.argv[1:])
