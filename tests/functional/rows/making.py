"""
What cases need, made at the pods themselves, and made known to the gateway where a request should find it at hand.
"""

from __future__ import annotations

import time
from typing import Any

from tests.functional.cloud import IMAGE, NOTHING, pause
from tests.functional.rows.case import PRIVATE, Maker, Scene

PODS = ("Pod1", "Pod2", "Pod3")
#: The microversions by which the makers ask.
_ATTACHMENT, _MESSAGE = "3.27", "3.3"


async def settled(scene: Scene, pod: str, path: str, status: str, service: str) -> None:
    """
    Wait until a pod shows a thing with a status.
    """
    ends = time.monotonic() + 10
    while True:
        shown: Any = await scene.at_pod(pod, "GET", path, service=service)
        (thing,) = shown.values()
        if thing["status"] == status:
            return
        assert time.monotonic() < ends, thing
        await pause(0.005)


async def a_server(scene: Scene, pod: str, **more: Any) -> str:
    """
    A running server; its id.
    """
    wanted = {"name": PRIVATE, "imageRef": IMAGE, "flavorRef": "1", **more}
    made = await scene.at_pod(pod, "POST", "/servers", {"server": wanted}, service="compute")
    server = str(made["server"]["id"])
    await settled(scene, pod, f"/servers/{server}", "ACTIVE", "compute")
    return server


async def a_volume(scene: Scene, pod: str, **more: Any) -> str:
    """
    A volume; its id.
    """
    wanted = {"name": PRIVATE, "size": 1, **more}
    made = await scene.at_pod(pod, "POST", "/volumes", {"volume": wanted}, service="volume")
    volume = str(made["volume"]["id"])
    await settled(scene, pod, f"/volumes/{volume}", "available", "volume")
    return volume


async def a_snapshot(scene: Scene, pod: str, volume: str = "") -> str:
    """
    A snapshot, of a new volume where none is given; its id.
    """
    wanted = {"name": PRIVATE, "volume_id": volume or await a_volume(scene, pod)}
    made = await scene.at_pod(pod, "POST", "/snapshots", {"snapshot": wanted}, service="volume")
    snapshot = str(made["snapshot"]["id"])
    await settled(scene, pod, f"/snapshots/{snapshot}", "available", "volume")
    return snapshot


async def a_backup(scene: Scene, pod: str) -> str:
    """
    A backup of a new volume; its id.
    """
    wanted = {"name": PRIVATE, "volume_id": await a_volume(scene, pod)}
    made = await scene.at_pod(pod, "POST", "/backups", {"backup": wanted}, service="volume")
    backup = str(made["backup"]["id"])
    await settled(scene, pod, f"/backups/{backup}", "available", "volume")
    return backup


async def an_attachment(scene: Scene, pod: str) -> str:
    """
    A new volume that is reserved for a server; the attachment's id.
    """
    wanted = {"volume_uuid": await a_volume(scene, pod), "instance_uuid": NOTHING}
    made = await scene.at_pod(pod, "POST", "/attachments", {"attachment": wanted}, version=_ATTACHMENT)
    return str(made["attachment"]["id"])


async def a_transfer(scene: Scene, pod: str) -> str:
    """
    A new volume that is offered to whoever has ``{key}``; the transfer's id.
    """
    wanted = {"volume_id": await a_volume(scene, pod), "name": PRIVATE}
    made = await scene.at_pod(pod, "POST", "/os-volume-transfer", {"transfer": wanted})
    scene.things["key"] = str(made["transfer"]["auth_key"])
    return str(made["transfer"]["id"])


async def a_message(scene: Scene, pod: str) -> str:
    """
    What the owner is told of a volume that could not be made; its id.
    """
    cinder = scene.cloud.pod(pod).cinder
    cinder.behave("no_valid_host", method="POST", times=1)
    await scene.at_pod(pod, "POST", "/volumes", {"volume": {"name": PRIVATE, "size": 1}})
    told = await scene.at_pod(pod, "GET", "/messages", version=_MESSAGE)
    return str(told["messages"][0]["id"])


async def a_port(scene: Scene, pod: str) -> str:
    """
    A port in a network of the owner's; its id.
    """
    network = await a_network(scene, pod)
    made = await scene.at_pod(pod, "POST", "/ports", {"port": {"network_id": network}}, service="network")
    return str(made["port"]["id"])


async def a_network(scene: Scene, pod: str) -> str:
    """
    A network with a subnet; its id.
    """
    made = await scene.at_pod(pod, "POST", "/networks", {"network": {"name": PRIVATE}}, service="network")
    network = str(made["network"]["id"])
    subnet = {"network_id": network, "ip_version": 4, "cidr": "10.9.0.0/24"}
    await scene.at_pod(pod, "POST", "/subnets", {"subnet": subnet}, service="network")
    return network


async def server(scene: Scene) -> None:
    """
    A server in Pod2 that the gateway knows: ``{server}``.
    """
    scene.things["server"] = made = await a_server(scene, "Pod2")
    if scene.surface == "compute":
        await scene.known(f"/servers/{made}")


async def volume(scene: Scene) -> None:
    """
    A volume in Pod2 that the gateway knows: ``{volume}``.
    """
    scene.things["volume"] = made = await a_volume(scene, "Pod2")
    if scene.surface == "volume":
        await scene.known(f"/volumes/{made}")


def in_each(what: Any) -> Maker:
    """
    One in each pod: ``{Pod1}``, ``{Pod2}``, ``{Pod3}``.
    """

    async def make(scene: Scene) -> None:
        for pod in PODS:
            scene.things[pod] = await what(scene, pod)

    return make
