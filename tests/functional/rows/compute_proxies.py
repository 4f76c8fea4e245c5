"""
Cases of the compute surface: Cinder's, Neutron's and Glance's things by Nova's old paths.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.functional.cloud import IMAGE
from tests.functional.rows.case import BROKEN, DOWN, PRIVATE, Ask, Case, Scene, Step, Told
from tests.functional.rows.making import PODS, a_network, a_snapshot, a_volume, in_each, volume
from tests.functional.rows.patterns import anywhere, asked, held, listed, went

_anywhere, _asked = partial(anywhere, "compute"), partial(asked, "compute")
_held, _listed = partial(held, "compute"), partial(listed, "compute")

#: What the gateway asks beside: where something of Cinder's is.
_ASKS = ("cinder: GET /volumes/*", "cinder: GET /snapshots/*")


async def _a_copied_volume(scene: Scene, pod: str) -> str:
    return await a_snapshot(scene, pod, await a_volume(scene, pod))


async def _snapshot(scene: Scene) -> None:
    """
    A snapshot of a volume in Pod2: ``{snapshot}`` and ``{volume}``.
    """
    scene.things["volume"] = await a_volume(scene, "Pod2")
    scene.things["snapshot"] = await a_snapshot(scene, "Pod2", scene.things["volume"])
    await scene.known("/os-snapshots/{snapshot}")


async def _volume(scene: Scene) -> None:
    """
    A volume in Pod2 that the gateway knows.
    """
    await volume(scene)
    await scene.known("/os-volumes/{volume}")


async def _a_group(scene: Scene, pod: str) -> str:
    body = {"security_group": {"name": PRIVATE, "description": PRIVATE}}
    made = await scene.at_pod(pod, "POST", "/os-security-groups", body)
    return str(made["security_group"]["id"])


async def _group(scene: Scene) -> None:
    """
    A security group with a rule in Pod2.
    """
    scene.things["group"] = await _a_group(scene, "Pod2")
    body = {"security_group_rule": {"parent_group_id": "{group}", "ip_protocol": "icmp", "cidr": "0.0.0.0/0"}}
    made = await scene.at_pod("Pod2", "POST", "/os-security-group-rules", body)
    scene.things["rule"] = made["security_group_rule"]["id"]


async def _an_address(scene: Scene, pod: str) -> str:
    made = await scene.at_pod(pod, "POST", "/os-floating-ips", {"pool": "public"})
    return str(made["floating_ip"]["id"])


async def _address(scene: Scene) -> None:
    """
    A floating address in Pod2.
    """
    scene.things["address"] = await _an_address(scene, "Pod2")


async def _pools(scene: Scene) -> None:
    """
    An external network of each pod's own, beside the one of which each has one.
    """
    for pod in PODS:
        scene.things[pod] = name = f"pool-{pod}"
        neutron: Any = scene.cloud.pod(pod).fake.state.network
        if all(network.name != name for network in neutron.networks.values()):
            neutron.add_network("0" * 32, name=name, external=True)


async def _network(scene: Scene) -> None:
    """
    A network in Pod2.
    """
    scene.things["network"] = await a_network(scene, "Pod2")


def _more(method: str, path: str, told: Told, pods: tuple[str, ...], **more: Any) -> Step:
    """
    One more request.
    """
    beside = more.pop("beside", ())
    return Step(
        ask=Ask(method=method, path=path, **more),
        told=told,
        got=went(pods, f"{method} {path}"),
        beside=beside,
    )


def _cinders(path: str, kind: str, create: Case, one: Any, make: Any) -> tuple[Case, ...]:
    """
    Volumes or snapshots.
    """
    item = f"{path}/{{{kind}}}"
    return (
        _listed(f"GET {path}", path, make=in_each(one)),
        _listed(f"GET {path}/detail", f"{path}/detail", make=in_each(one)),
        create,
        _held(
            f"DELETE,GET {path}/{{id}}",
            "GET",
            item,
            make=make,
            shows=(PRIVATE,),
            beside=_ASKS,
            also=(_more("DELETE", item, Told(status=202), ("Pod2",), beside=_ASKS),),
        ),
    )


def _strange_method(row: str, path: str, make: Any) -> Case:
    """
    A method that Nova does not have: its own 404, and not the gateway's 405.
    """
    return _anywhere(
        row,
        path,
        method="PATCH",
        body={},
        make=make,
        status=404,
        by_name=False,
        faults={DOWN: Told(status=503)},
    )


_IN_ZONE = {"volume": {"display_name": PRIVATE, "size": 1, "availability_zone": "az2"}}

CASES: tuple[Case, ...] = (
    *_cinders(
        "/os-volumes",
        "volume",
        Case(
            surface="compute",
            row="POST /os-volumes",
            steps=(
                Step(
                    ask=Ask(method="POST", path="/os-volumes", body=_IN_ZONE),
                    told=Told(status=200, values={"volume.availabilityZone": "az2"}),
                    got={"Pod3": ("POST /os-volumes",)},
                    # whose quota it takes of
                    beside=("cinder: GET /types/default",),
                ),
            ),
            # a volume of the stranger's own
            stranger=Told(status=200),
            strange=Ask(method="POST", path="/os-volumes", body={"volume": {"size": 1}}),
            fails="Pod3",
            faults={DOWN: Told(status=503), BROKEN: Told(status=500)},
        ),
        a_volume,
        _volume,
    ),
    *_cinders(
        "/os-snapshots",
        "snapshot",
        _held(
            "POST /os-snapshots",
            "POST",
            "/os-snapshots",
            body={"snapshot": {"volume_id": "{volume}", "display_name": PRIVATE}},
            make=_snapshot,
            values={"snapshot.volumeId": "{volume}"},
            beside=_ASKS,
        ),
        _a_copied_volume,
        _snapshot,
    ),
    _listed("GET /os-security-groups", "/os-security-groups", make=in_each(_a_group)),
    _anywhere(
        "DELETE,PATCH,POST,PUT /os-security-groups",
        "/os-security-groups",
        method="POST",
        body={"security_group": {"name": "open", "description": "to all"}},
        shows=('"open"',),
        by_name=False,
    ),
    _asked(
        "DELETE,GET,PUT /os-security-groups/{id}",
        "GET",
        "/os-security-groups/{group}",
        make=_group,
        shows=(PRIVATE,),
        also=(
            _more(
                "PUT",
                "/os-security-groups/{group}",
                Told(status=200, values={"security_group.name": "new"}),
                PODS[:2],
                body={"security_group": {"name": "new", "description": "new"}},
            ),
            _more("DELETE", "/os-security-groups/{group}", Told(status=202), PODS[:2]),
        ),
    ),
    _strange_method("PATCH,POST /os-security-groups/{id}", "/os-security-groups/{group}", _group),
    _asked(
        "POST /os-security-group-rules",
        "POST",
        "/os-security-group-rules",
        body={"security_group_rule": {"parent_group_id": "{group}", "ip_protocol": "icmp"}},
        make=_group,
        values={"security_group_rule.parent_group_id": "{group}"},
    ),
    _asked(
        "DELETE /os-security-group-rules/{id}",
        "DELETE",
        "/os-security-group-rules/{rule}",
        make=_group,
        status=202,
    ),
    _listed("GET /os-floating-ips", "/os-floating-ips", make=in_each(_an_address)),
    _anywhere(
        "DELETE,PATCH,POST,PUT /os-floating-ips",
        "/os-floating-ips",
        method="POST",
        body={"pool": "public"},
        shows=("public",),
        by_name=False,
    ),
    _asked(
        "DELETE,GET,PUT /os-floating-ips/{id}",
        "GET",
        "/os-floating-ips/{address}",
        make=_address,
        values={"floating_ip.id": "{address}"},
        also=(_more("DELETE", "/os-floating-ips/{address}", Told(status=202), PODS[:2]),),
    ),
    _strange_method("PATCH,POST /os-floating-ips/{id}", "/os-floating-ips/{address}", _address),
    _listed(
        "GET /os-floating-ip-pools",
        "/os-floating-ip-pools",
        make=_pools,
        # external networks are everybody's
        stranger=Told(status=200, shows=("pool-Pod1", "pool-Pod2", "pool-Pod3")),
    ),
    *(
        case
        for path in ("/os-networks", "/os-tenant-networks")
        for case in (
            _listed(f"GET {path}", path, make=in_each(a_network)),
            _anywhere(
                f"DELETE,PATCH,POST,PUT {path}",
                path,
                method="POST",
                body={"network": {"label": "net", "cidr": "10.0.0.0/24"}},
                # Nova has no networks of its own any more
                status=410,
                by_name=False,
            ),
            _asked(
                f"DELETE,GET,PUT {path}/{{id}}",
                "GET",
                f"{path}/{{network}}",
                make=_network,
                values={"network.label": PRIVATE},
                # Nova says that of every network
                also=(_more("DELETE", f"{path}/{{network}}", Told(status=410), ("Pod1",)),),
            ),
            _strange_method(f"PATCH,POST {path}/{{id}}", f"{path}/{{network}}", _network),
        )
    ),
    _anywhere("GET /images", "/images", shows=(IMAGE,)),
    _anywhere("GET /images/detail", "/images/detail", shows=(IMAGE,)),
    _anywhere("EVERY /images/{id}", f"/images/{IMAGE}", shows=(IMAGE,)),
    _anywhere("EVERY /images/{id}/**", f"/images/{IMAGE}/metadata", shows=("metadata",)),
    _anywhere("GET /extensions", "/extensions", shows=("os-keypairs",)),
    _anywhere("GET /extensions/{alias}", "/extensions/os-keypairs", shows=("os-keypairs",)),
)
