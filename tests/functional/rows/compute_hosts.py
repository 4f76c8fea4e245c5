"""
Cases of the compute surface: what administrators ask about the machines behind the pods, and reports of what is used.
"""

from __future__ import annotations

from functools import partial

from tests.functional.rows.case import Ask, Case, Scene, Step, Told
from tests.functional.rows.making import PODS, a_server, in_each
from tests.functional.rows.patterns import asked, held, listed, went

_asked = partial(asked, "compute", admin=True)
_held = partial(held, "compute", admin=True, stranger=403)
_listed = partial(listed, "compute", admin=True)

#: The hosts' names.
_HOSTS = ("pod1-compute", "pod2-compute", "pod3-compute")
_LEFT, _GONE = ("pod1-compute", "pod3-compute"), ("pod2-compute",)
_hosts = partial(_listed, shows=_HOSTS, left=_LEFT, gone=_GONE)

#: Ids are numbers below it, and uuids from it on.
_UUIDS = "2.53"


async def _hypervisor(scene: Scene) -> None:
    """
    Pod2's hypervisor by its number at the top, ``{number}``, and by its uuid.
    """
    for name, version in (("number", None), ("uuid", _UUIDS)):
        ask = Ask(method="GET", path="/os-hypervisors", version=version)
        listed_there = (await scene.ask(scene.owner, ask)).json["hypervisors"]
        (scene.things[name],) = [
            str(each["id"]) for each in listed_there if each["hypervisor_hostname"] == "pod2-compute"
        ]


async def _service(scene: Scene) -> None:
    """
    Pod2's service nova-scheduler by its number at the top, ``{number}``, and nova-conductor by its uuid.
    """
    for pod in PODS:
        scene.cloud.pod(pod).fake.state.servers.deleted_services.clear()  # type: ignore[union-attr]
    for name, version, binary in (("number", None, "nova-scheduler"), ("uuid", _UUIDS, "nova-conductor")):
        ask = Ask(method="GET", path="/os-services", version=version)
        listed_there = (await scene.ask(scene.owner, ask)).json["services"]
        (scene.things[name],) = [
            str(each["id"])
            for each in listed_there
            if each["host"] == "pod2-compute" and each["binary"] == binary
        ]


async def _migration(scene: Scene) -> None:
    """
    A running migration of a server in Pod2 by its number at the top, ``{number}``; Pod1 and Pod3 have one of that number, too.
    """
    for pod in PODS:
        server = await a_server(scene, pod)
        store = scene.cloud.pod(pod).fake.state.servers
        made = store.add_migration(store.servers[server])  # type: ignore[union-attr]
        scene.things[pod] = made.uuid
        scene.things[f"server_{pod}"], scene.things[f"own_{pod}"] = server, str(made.id)
    scene.things["server"] = scene.things["server_Pod2"]
    await scene.known("/servers/{server}")
    ask = Ask(method="GET", path="/os-migrations", version="2.59")
    (scene.things["number"],) = [
        str(each["id"])
        for each in (await scene.ask(scene.owner, ask)).json["migrations"]
        if each["uuid"] == scene.things["Pod2"]
    ]


def _by_id(row: str, path: str) -> Case:
    """
    A hypervisor by its number, and by its uuid: the number says whose it is, the uuid does not.
    """
    below = path.partition("{number}")[2]
    by_uuid = f"/os-hypervisors/{{uuid}}{below}"
    return _held(
        row,
        "GET",
        path,
        make=_hypervisor,
        values={"hypervisor.hypervisor_hostname": "pod2-compute"},
        got=f"GET /os-hypervisors/1{below}",
        also=(
            Step(
                ask=Ask(method="GET", path=by_uuid, version=_UUIDS),
                told=Told(status=200, values={"hypervisor.hypervisor_hostname": "pod2-compute"}),
                got=went(PODS, f"GET {by_uuid}"),
            ),
        ),
    )


def _pages(path: str) -> tuple[Step, ...]:
    """
    The page after the first pod's only item begins with the second's.
    """
    ask = Ask(method="GET", path=f"{path}?limit=1", version="2.33")
    told = Told(status=200, shows=("pod1-compute", "hypervisors_links"), hides=("pod2-compute",))
    return (Step(ask=ask, told=told, got=went(PODS, f"GET {path}")),)


def _served(method: str, path: str, **more: object) -> Step:
    """
    One more request about what Pod2 has.
    """
    pods = PODS if method == "GET" else PODS[:2]
    return Step(
        ask=Ask(method=method, path=path, body=more.get("body")),
        told=Told(status=200, shows=("pod2-compute",)),
        got=went(pods, f"{method} {path}"),
    )


_SERVICE = {"host": "pod2-compute", "binary": "nova-compute"}

CASES: tuple[Case, ...] = (
    _hosts("GET /os-hypervisors", "/os-hypervisors", also=_pages("/os-hypervisors")),
    _hosts("GET /os-hypervisors/detail", "/os-hypervisors/detail", also=_pages("/os-hypervisors/detail")),
    _hosts("GET /os-hypervisors/{id}/search", "/os-hypervisors/compute/search"),
    _hosts(
        "GET /os-hypervisors/{id}/servers",
        "/os-hypervisors/compute/servers",
        make=in_each(a_server),
        shows=("{Pod1}", "{Pod2}", "{Pod3}"),
        left=("{Pod1}", "{Pod3}"),
        gone=("{Pod2}",),
    ),
    _by_id("GET /os-hypervisors/{id}", "/os-hypervisors/{number}"),
    _by_id("GET /os-hypervisors/{id}/uptime", "/os-hypervisors/{number}/uptime"),
    _listed(
        "GET /os-hypervisors/statistics",
        "/os-hypervisors/statistics",
        shows=(),
        values={"hypervisor_statistics.count": 3, "hypervisor_statistics.vcpus": 3000},
        left=('"count":2',),
        gone=(),
    ),
    _hosts("GET /os-services", "/os-services"),
    _asked(
        "PUT /os-services/{id}",
        "PUT",
        "/os-services/disable",
        body=_SERVICE,
        values={"service.host": "pod2-compute", "service.status": "disabled"},
    ),
    _held(
        "DELETE /os-services/{id}",
        "DELETE",
        "/os-services/{number}",
        make=_service,
        status=204,
        got="DELETE /os-services/2",
        also=(
            Step(
                ask=Ask(method="DELETE", path="/os-services/{uuid}", version=_UUIDS),
                told=Told(status=204),
                got=went(PODS[:2], "DELETE /os-services/{uuid}"),
            ),
        ),
    ),
    _hosts("GET /os-hosts", "/os-hosts"),
    _asked(
        "GET,PUT /os-hosts/{id}",
        "GET",
        "/os-hosts/pod2-compute",
        shows=("pod2-compute",),
        also=(_served("PUT", "/os-hosts/pod2-compute", body={"status": "enable"}),),
    ),
    _asked(
        "GET /os-hosts/{id}/{action}",
        "GET",
        "/os-hosts/pod2-compute/reboot",
        values={"host": "pod2-compute", "power_action": "reboot"},
    ),
    _listed("GET /os-migrations", "/os-migrations", make=_migration, version="2.59"),
    _held(
        "EVERY /servers/{id}/migrations/{migration_id}",
        "GET",
        "/servers/{server}/migrations/{number}",
        make=_migration,
        version="2.59",
        values={"migration.uuid": "{Pod2}"},
        got="GET /servers/{server}/migrations/{own_Pod2}",
        stranger=404,
    ),
    _held(
        "EVERY /servers/{id}/migrations/{migration_id}/action",
        "POST",
        "/servers/{server}/migrations/{number}/action",
        body={"force_complete": None},
        make=_migration,
        version="2.22",
        status=202,
        got="POST /servers/{server}/migrations/{own_Pod2}/action",
        stranger=404,
    ),
    _listed(
        "GET /os-instance_usage_audit_log",
        "/os-instance_usage_audit_log",
        shows=_HOSTS,
        values={"instance_usage_audit_logs.num_hosts": 3},
        left=_LEFT,
        gone=_GONE,
    ),
    _listed(
        "GET /os-instance_usage_audit_log/{before}",
        "/os-instance_usage_audit_log/2026-02-03%2004:05:06",
        shows=(*_HOSTS, "2026-01-01 00:00:00"),
        values={"instance_usage_audit_log.num_hosts_not_run": 3},
        left=_LEFT,
        gone=_GONE,
    ),
    _listed(
        "GET /os-simple-tenant-usage",
        "/os-simple-tenant-usage?detailed=1",
        make=in_each(a_server),
        got="GET /os-simple-tenant-usage",
    ),
    listed(
        "compute",
        "GET /os-simple-tenant-usage/{project}",
        "/os-simple-tenant-usage/{project_id}",
        make=in_each(a_server),
        stranger=Told(status=403),
    ),
    listed(
        "compute",
        "GET /limits",
        "/limits",
        make=in_each(a_server),
        shows=(),
        values={"limits.absolute.totalInstancesUsed": 3},
        left=('"totalInstancesUsed":2',),
        gone=(),
        stranger=Told(status=200, values={"limits.absolute.totalInstancesUsed": 0}),
    ),
    listed(
        "compute",
        "GET /os-quota-sets/{project}/detail",
        "/os-quota-sets/{project_id}/detail",
        make=in_each(a_server),
        shows=(),
        values={"quota_set.instances.in_use": 3},
        left=('"in_use":2',),
        gone=(),
        stranger=Told(status=403),
    ),
)
