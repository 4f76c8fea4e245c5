"""
What servers bring to life and take with them: volumes and snapshots that Nova makes and deletes at Cinder by itself.

A server that boots from a new volume has one that no request names; an image of it is made of snapshots; what is marked
``delete_on_termination`` goes with it. Their routes come and end here, with the token of whoever asked. What is missed, such
as when the process ends, is adopted, or ends, when its owner asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from attrs import define
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from trio2o.errors import GatewayError, PodFailure
from trio2o.exchange import Inbound
from trio2o.model import Kind, Pod, RequestContext, Route
from trio2o.strategies.departures import Departures
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.locating import Locator
from trio2o.strategies.unknown import marked
from trio2o.surface.kinds import KINDS, canonical_id, route_from_body

_log = Logger()

#: Seconds from one look at a server that is being built to the next.
_WAITS = (2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 60.0)
_VOLUMES = "os-extended-volumes:volumes_attached"
#: The microversion from which on a server tells which volumes go with it.
_TELLS_WHAT_GOES = "compute 2.3"


def makes_volumes(server: Mapping[str, Any]) -> bool:
    """
    True for the body of a create that may make volumes.
    """
    devices = server.get("block_device_mapping_v2")
    for device in devices if isinstance(devices, list) else ():
        if (
            isinstance(device, dict)
            and device.get("destination_type") == "volume"
            and device.get("source_type") != "volume"
        ):
            return True
    older = server.get("block_device_mapping")
    return isinstance(older, list) and any(
        isinstance(device, dict) and device.get("snapshot_id") for device in older
    )


@define(kw_only=True)
class Belongings:
    """
    Follows servers, and nobody waits for it.
    """

    _forwarder: Forwarder
    _locator: Locator
    _departures: Departures
    _clock: IReactorTime
    #: Seconds that a pod has to answer one question.
    _budget: float

    def made(self, server_id: str, pod: Pod, inbound: Inbound, context: RequestContext) -> None:
        """
        A server is being built whose create may make volumes.
        """
        self._departures.begin(self._made(server_id, pod, inbound, context))

    def deleted(self, server_id: str, pod: Pod, inbound: Inbound, context: RequestContext) -> None:
        """
        A pod has accepted the delete of a server.
        """
        self._departures.begin(self._deleted(server_id, pod, inbound, context))

    def imaged(self, server_id: str, pod: Pod, inbound: Inbound, context: RequestContext) -> None:
        """
        A pod has accepted to make an image of a server.
        """
        self._departures.begin(self._imaged(server_id, pod, inbound, context))

    async def _made(self, server_id: str, pod: Pod, inbound: Inbound, context: RequestContext) -> None:
        for wait in _WAITS:
            await deferLater(self._clock, wait)
            try:
                server = await self._server(server_id, pod, inbound, context)
            except (PodFailure, GatewayError):
                continue
            if server is None:
                return
            project = str(server.get("tenant_id") or "")
            if project:
                await self._learn(
                    [
                        Route(kind=Kind.VOLUME, resource_id=volume, pod_id=pod.id, project_id=project)
                        for volume in _attached(server)
                    ]
                )
            if server.get("status") != "BUILD":
                return

    async def _deleted(self, server_id: str, pod: Pod, inbound: Inbound, context: RequestContext) -> None:
        leaving = {Kind.SERVER: [server_id]}
        try:
            server = await self._server(server_id, pod, inbound, context, version=_TELLS_WHAT_GOES)
        except (PodFailure, GatewayError):
            server = None
        if server is not None:
            await self._note_age(server_id, server, pod)
            leaving[Kind.VOLUME] = _attached(server, leaving=True)
        self._departures.watch(leaving, pod, inbound, context)

    async def _note_age(self, server_id: str, server: Mapping[str, Any], pod: Pod) -> None:
        """
        Keep when a server was created: Nova takes a deleted one for a marker, and its tombstone tells its place then.
        """
        route = route_from_body(Kind.SERVER, {**server, "OS-EXT-AZ:availability_zone": pod.az_name}, pod.id)
        known = self._locator.at_hand(Kind.SERVER, server_id)
        if route is not None and route.project_id and known is not None and known.id == pod.id:
            await self._locator.learn([marked(route, leaving=True)])

    async def _imaged(self, server_id: str, pod: Pod, inbound: Inbound, context: RequestContext) -> None:
        try:
            server = await self._server(server_id, pod, inbound, context)
            for volume in _attached(server or {}):
                await self._learn(await self._snapshots(volume, pod, inbound, context))
        except (PodFailure, GatewayError) as error:
            _log.info("the snapshots of an image are not known yet: {reason}", reason=str(error))

    async def _server(
        self, server_id: str, pod: Pod, inbound: Inbound, context: RequestContext, *, version: str = ""
    ) -> dict[str, Any] | None:
        """
        A server as its pod shows it; ``None`` when it does not (any more).

        :raises PodFailure: if it does not answer.
        """
        target = KINDS[Kind.SERVER].path.replace("{id}", server_id).encode("ascii")
        status, raw = await self._forwarder.ask(
            inbound, context, pod, "compute", target, budget=self._budget, version=version
        )
        shown = _object(raw).get("server") if status == 200 else None
        return shown if isinstance(shown, dict) else None

    async def _snapshots(
        self, volume: str, pod: Pod, inbound: Inbound, context: RequestContext
    ) -> list[Route]:
        project = f"/{context.project_id}" if context.project_id else ""
        target = f"/v3{project}/snapshots/detail?volume_id={volume}".encode("ascii")
        status, raw = await self._forwarder.ask(inbound, context, pod, "volume", target, budget=self._budget)
        listed = _object(raw).get("snapshots") if status == 200 else None
        routes = [
            route_from_body(Kind.SNAPSHOT, each, pod.id)
            for each in (listed if isinstance(listed, list) else ())
            if isinstance(each, dict)
        ]
        return [route for route in routes if route is not None and route.project_id]

    async def _learn(self, routes: Sequence[Route]) -> None:
        """
        Record those that are not known better.
        """
        fresh = [route for route in routes if self._locator.at_hand(route.kind, route.resource_id) is None]
        if fresh:
            await self._locator.learn(fresh)


def _attached(server: Mapping[str, Any], *, leaving: bool = False) -> list[str]:
    """
    The volumes of a server; with ``leaving`` only those that are deleted with it.
    """
    volumes = server.get(_VOLUMES)
    found = []
    for each in volumes if isinstance(volumes, list) else ():
        volume = canonical_id(str(each.get("id"))) if isinstance(each, dict) else None
        if volume is not None and (not leaving or each.get("delete_on_termination") is True):
            found.append(volume)
    return found


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
