"""
Cases of the compute surface: servers and what stands below them.
"""

from __future__ import annotations

from functools import partial

from tests.functional.cloud import IMAGE
from tests.functional.rows.case import DOWN, PRIVATE, Ask, Case, Scene, Step, Told
from tests.functional.rows.making import a_network, a_port, a_server, a_volume, in_each, server
from tests.functional.rows.patterns import held, listed

_held, _listed = partial(held, "compute"), partial(listed, "compute")

_ELSEWHERE = Told(status=400, shows=("in different parts of the cloud",))
#: What the gateway asks beside: where what a body names is.
_ASKS_CINDER = ("cinder: GET /volumes/*",)
_ASKS_NEUTRON = ("neutron: GET /ports/*", "neutron: GET /networks/*")


async def _server_and_volumes(scene: Scene) -> None:
    """
    A server in Pod2, volumes in Pod2 and Pod3.
    """
    await server(scene)
    scene.things["mate"] = await a_volume(scene, "Pod2")
    scene.things["far"] = await a_volume(scene, "Pod3")


async def _attached(scene: Scene) -> None:
    """
    A server in Pod2 with a volume, another volume there, and one in Pod3.
    """
    await _server_and_volumes(scene)
    scene.things["attached"] = attached = await a_volume(scene, "Pod2")
    body = {"volumeAttachment": {"volumeId": attached}}
    await scene.at_pod("Pod2", "POST", "/servers/{server}/os-volume_attachments", body)


async def _server_and_ports(scene: Scene) -> None:
    """
    A server in Pod2, ports in Pod2 and Pod3, a network in Pod3.
    """
    await server(scene)
    scene.things["port"] = await a_port(scene, "Pod2")
    scene.things["far_port"] = await a_port(scene, "Pod3")
    scene.things["far_network"] = await a_network(scene, "Pod3")


def _create(path: str) -> Case:
    """
    A create in a zone, and one without: the second goes to the zone of the first.
    """
    wanted = {"name": PRIVATE, "imageRef": IMAGE, "flavorRef": "1"}
    made = Told(status=202, shows=('"id"',))
    pinned = {"server": {**wanted, "availability_zone": "az2"}}
    return Case(
        surface="compute",
        row=f"POST {path}",
        steps=tuple(
            Step(
                ask=Ask(method="POST", path=path, body=body),
                told=made,
                got={"Pod3": (f"POST {path}",)},
                # how much of the quota it takes
                beside=("GET /flavors/1",),
            )
            for body in (pinned, {"server": wanted})
        ),
        stranger=made,
        fails="Pod3",
        # az2 has no other pod
        faults={DOWN: Told(status=503)},
    )


def _boots(path: str) -> tuple[Case, ...]:
    """
    Servers by one of their two paths.
    """
    one = f"{path}/{{server}}"
    gone = Step(
        ask=Ask(method="DELETE", path=one),
        told=Told(status=204),
        got={"Pod2": (f"DELETE {one}",)},
        # how old it is and what goes with it
        beside=("GET /servers/*",),
    )
    return (
        _listed(f"GET {path}", path, make=in_each(a_server), got=f"GET {path}/detail"),
        _create(path),
        _listed(f"GET {path}/detail", f"{path}/detail", make=in_each(a_server), version="2.69"),
        _held(
            f"DELETE,GET,HEAD,PUT {path}/{{id}}",
            "GET",
            one,
            make=server,
            shows=("{server}", PRIVATE),
            also=(
                Step(
                    ask=Ask(method="PUT", path=one, body={"server": {"name": "other"}}),
                    told=Told(status=200, values={"server.name": "other"}),
                    got={"Pod2": (f"PUT {one}",)},
                ),
                gone,
            ),
        ),
        _held(
            f"POST {path}/{{id}}/action",
            "POST",
            f"{one}/action",
            body={"lock": None},
            make=server,
            status=202,
            # a zone of another pod is refused here already
            also=(
                Step(
                    ask=Ask(
                        method="POST",
                        path=f"{one}/action",
                        body={"unshelve": {"availability_zone": "az2"}},
                        version="2.77",
                    ),
                    told=Told(status=400, shows=("The requested availability zone is not available",)),
                    got={},
                ),
            ),
        ),
    )


CASES: tuple[Case, ...] = (
    *_boots("/servers"),
    *_boots("/os-volumes_boot"),
    _held(
        "EVERY /servers/{id}/**",
        "GET",
        "/servers/{server}/metadata",
        make=server,
        shows=("metadata",),
        also=(
            Step(
                ask=Ask(
                    method="PUT", path="/servers/{server}/metadata/word", body={"meta": {"word": "said"}}
                ),
                told=Told(status=200, values={"meta.word": "said"}),
                got={"Pod2": ("PUT /servers/{server}/metadata/word",)},
            ),
        ),
    ),
    _held(
        "POST /servers/{id}/os-volume_attachments",
        "POST",
        "/servers/{server}/os-volume_attachments",
        body={"volumeAttachment": {"volumeId": "{mate}"}},
        make=_server_and_volumes,
        values={"volumeAttachment.volumeId": "{mate}"},
        beside=_ASKS_CINDER,
        also=(
            Step(
                ask=Ask(
                    method="POST",
                    path="/servers/{server}/os-volume_attachments",
                    body={"volumeAttachment": {"volumeId": "{far}"}},
                ),
                told=_ELSEWHERE,
                got={},
                beside=_ASKS_CINDER,
            ),
        ),
    ),
    _held(
        "PUT /servers/{id}/os-volume_attachments/{volume_id}",
        "PUT",
        "/servers/{server}/os-volume_attachments/{attached}",
        body={"volumeAttachment": {"volumeId": "{mate}"}},
        make=_attached,
        status=202,
        beside=_ASKS_CINDER,
        admin=True,
        also=(
            Step(
                ask=Ask(
                    method="PUT",
                    path="/servers/{server}/os-volume_attachments/{attached}",
                    body={"volumeAttachment": {"volumeId": "{far}"}},
                ),
                told=_ELSEWHERE,
                got={},
                beside=_ASKS_CINDER,
            ),
        ),
    ),
    _held(
        "POST /servers/{id}/os-interface",
        "POST",
        "/servers/{server}/os-interface",
        body={"interfaceAttachment": {"port_id": "{port}"}},
        make=_server_and_ports,
        values={"interfaceAttachment.port_id": "{port}"},
        beside=_ASKS_NEUTRON,
        also=tuple(
            Step(
                ask=Ask(
                    method="POST", path="/servers/{server}/os-interface", body={"interfaceAttachment": far}
                ),
                told=_ELSEWHERE,
                got={},
                beside=_ASKS_NEUTRON,
            )
            for far in ({"port_id": "{far_port}"}, {"net_id": "{far_network}"})
        ),
    ),
)
