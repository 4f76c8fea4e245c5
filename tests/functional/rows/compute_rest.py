"""
Cases of the compute surface: zones, server groups, what other services ask of Nova, and all that no row names.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from tests.functional.rows.case import BROKEN, DOWN, PRIVATE, SILENT, Ask, Case, Scene, Step, Told
from tests.functional.rows.making import PODS, a_server, a_volume, in_each, server
from tests.functional.rows.patterns import anywhere, asked, held, listed, went

_anywhere, _asked = partial(anywhere, "compute"), partial(asked, "compute")
_held, _listed = partial(held, "compute"), partial(listed, "compute")


async def _a_server_group(scene: Scene, pod: str) -> str:
    body = {"server_group": {"name": PRIVATE, "policies": ["affinity"]}}
    made = await scene.at_pod(pod, "POST", "/os-server-groups", body)
    return str(made["server_group"]["id"])


async def _server_group(scene: Scene) -> None:
    """
    A server group in Pod2 that the gateway knows.
    """
    scene.things["group"] = await _a_server_group(scene, "Pod2")
    await scene.known("/os-server-groups/{group}")


async def _servers(scene: Scene) -> None:
    """
    Servers in Pod2 and Pod3 that the gateway knows.
    """
    await server(scene)
    scene.things["far"] = await a_server(scene, "Pod3")
    await scene.known("/servers/{far}")


async def _console(scene: Scene) -> None:
    """
    A console of a server in Pod2, and its token.
    """
    await server(scene)
    body = {"remote_console": {"protocol": "vnc", "type": "novnc"}}
    made = await scene.at_pod("Pod2", "POST", "/servers/{server}/remote-consoles", body, version="2.6")
    scene.things["token"] = made["remote_console"]["url"][-36:]


async def _attached(scene: Scene) -> None:
    """
    A volume on a server, in Pod2.
    """
    await server(scene)
    scene.things["volume"] = await a_volume(scene, "Pod2")
    body = {"volumeAttachment": {"volumeId": "{volume}"}}
    await scene.at_pod("Pod2", "POST", "/servers/{server}/os-volume_attachments", body)
    scene.things["info"] = json.dumps({"volume_id": scene.things["volume"]}).replace(" ", "")


def _event(name: str) -> dict[str, Any]:
    return {"name": "network-changed", "server_uuid": f"{{{name}}}"}


_DETAILED_ZONES = Step(
    ask=Ask(method="GET", path="/os-availability-zone/detail"),
    told=Told(
        status=200,
        shows=("pod1-compute", "pod2-compute", "pod3-compute", "az1", "az2", "internal", "nova-conductor"),
    ),
    got=went(PODS, "GET /os-availability-zone/detail"),
)

CASES: tuple[Case, ...] = (
    Case(
        surface="compute",
        row="GET /os-availability-zone",
        steps=(
            Step(
                ask=Ask(method="GET", path="/os-availability-zone"),
                told=Told(status=200, shows=('"az1"', '"az2"'), hides=('"nova"',)),
                got={},
            ),
        ),
        stranger=Told(status=200, shows=('"az1"', '"az2"')),
        fails="Pod2",
        # az1 has another pod
        faults=dict.fromkeys((DOWN, BROKEN), Told(status=200, shows=('"az1"', '"az2"'))),
    ),
    Case(
        surface="compute",
        row="GET /os-availability-zone/detail",
        admin=True,
        steps=(_DETAILED_ZONES,),
        stranger=Told(status=403),
        fails="Pod2",
        faults=dict.fromkeys(
            (DOWN, BROKEN, SILENT), Told(status=200, shows=("az1",), hides=("pod2-compute",), incomplete=True)
        ),
    ),
    _listed(
        "GET /os-server-groups",
        "/os-server-groups",
        make=in_each(_a_server_group),
        also=(
            Step(
                ask=Ask(method="GET", path="/os-server-groups?limit=1&offset=1"),
                told=Told(status=200, shows=("{Pod2}",), hides=("{Pod1}", "{Pod3}")),
                got=went(PODS, "GET /os-server-groups?limit=2&offset=0"),
            ),
        ),
    ),
    Case(
        surface="compute",
        row="POST /os-server-groups",
        make=server,
        steps=(
            Step(
                ask=Ask(
                    method="POST",
                    path="/os-server-groups",
                    body={"server_group": {"name": PRIVATE, "policies": ["affinity"]}},
                ),
                told=Told(status=200, shows=(PRIVATE,)),
                got={"Pod1": ("POST /os-server-groups",)},
            ),
        ),
        stranger=Told(status=200),
        strange=Ask(
            method="POST",
            path="/os-server-groups",
            body={"server_group": {"name": "theirs", "policies": ["affinity"]}},
        ),
        fails="Pod1",
        # the other pod of the zone takes it
        faults={DOWN: Told(status=200), BROKEN: Told(status=500)},
    ),
    _held(
        "DELETE,GET /os-server-groups/{id}",
        "GET",
        "/os-server-groups/{group}",
        make=_server_group,
        shows=(PRIVATE,),
        also=(
            Step(
                ask=Ask(method="DELETE", path="/os-server-groups/{group}"),
                told=Told(status=204),
                got={"Pod2": ("DELETE /os-server-groups/{group}",)},
            ),
        ),
    ),
    Case(
        surface="compute",
        row="POST /os-server-external-events",
        make=_servers,
        admin=True,
        steps=(
            Step(
                ask=Ask(
                    method="POST",
                    path="/os-server-external-events",
                    body={"events": [_event("server"), _event("far")]},
                ),
                told=Told(status=200, values={"events.0.code": 200, "events.1.code": 200}),
                got=went(PODS[1:], "POST /os-server-external-events"),
            ),
        ),
        stranger=Told(status=403),
        fails="Pod2",
        faults=dict.fromkeys(
            (DOWN, BROKEN, SILENT), Told(status=207, values={"events.0.code": 503, "events.1.code": 200})
        ),
    ),
    _asked(
        "GET /os-console-auth-tokens/{token}",
        "GET",
        "/os-console-auth-tokens/{token}",
        version="2.31",
        make=_console,
        admin=True,
        values={"console.instance_uuid": "{server}"},
    ),
    _held(
        "POST /os-assisted-volume-snapshots",
        "POST",
        "/os-assisted-volume-snapshots",
        body={
            "snapshot": {
                "volume_id": "{volume}",
                "create_info": {"snapshot_id": "{volume}", "type": "qcow2", "new_file": "new"},
            }
        },
        make=_attached,
        admin=True,
        stranger=403,
        values={"snapshot.volumeId": "{volume}"},
        beside=("cinder: GET /volumes/*",),
    ),
    _asked(
        "DELETE /os-assisted-volume-snapshots/{id}",
        "DELETE",
        "/os-assisted-volume-snapshots/{volume}?delete_info={info}",
        make=_attached,
        admin=True,
        status=204,
    ),
    _anywhere("EVERY /**", "/os-nothing", status=404, by_name=False),
)
