"""
All that one fake Nova knows.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from attrs import define, field

from trio2o.sandbox.answers import Fault, Revision, not_found
from trio2o.sandbox.call import Call, Caller
from trio2o.sandbox.nova.flavor import DEFAULT_FLAVORS, Flavor
from trio2o.sandbox.nova.quotas import DEFAULT_QUOTAS
from trio2o.sandbox.nova.server import Server
from trio2o.sandbox.pod_state import PodState


@define(kw_only=True)
class KeyPair:
    """
    One key pair of one user.
    """

    number: int
    name: str
    user_id: str
    public_key: str
    fingerprint: str
    type: str
    created: datetime


@define(kw_only=True)
class ServerGroup:
    """
    One server group.
    """

    number: int
    id: str
    name: str
    project_id: str
    user_id: str
    policy: str
    rules: dict[str, Any] = field(factory=dict)
    members: list[str] = field(factory=list)


@define(kw_only=True, eq=False)
class Aggregate:
    """
    One host aggregate. ``cached`` are the images that its hosts were told to fetch.
    """

    id: int
    uuid: str
    name: str
    created: datetime
    updated: datetime | None = None
    metadata: dict[str, str] = field(factory=dict)
    hosts: list[str] = field(factory=list)
    cached: set[str] = field(factory=set)


@define(kw_only=True, eq=False)
class Migration:
    """
    A server's move, which here is only told of: there is no other host to go to.
    """

    id: int
    uuid: str
    server: Server
    created: datetime
    type: str = "live-migration"
    status: str = "running"


@define(eq=False)
class NovaStore:
    """
    The state of one pod's Nova. ``revision`` moves with every change of any server, ``catalog`` with every
    change of flavors. ``consoles`` are servers by the tokens of their consoles; services are told apart by their binary.
    """

    pod: PodState
    servers: dict[str, Server] = field(factory=dict, init=False)
    flavors: dict[str, Flavor] = field(init=False)
    keypairs: dict[tuple[str, str], KeyPair] = field(factory=dict, init=False)
    groups: dict[str, ServerGroup] = field(factory=dict, init=False)
    quotas: dict[str, dict[str, int]] = field(factory=dict, init=False)
    #: By project and user.
    user_quotas: dict[str, dict[str, dict[str, int]]] = field(factory=dict, init=False)
    quota_class: dict[str, int] = field(factory=lambda: dict(DEFAULT_QUOTAS), init=False)
    migrations: dict[int, Migration] = field(factory=dict, init=False)
    aggregates: dict[int, Aggregate] = field(factory=dict, init=False)
    last_aggregate: int = field(default=0, init=False)
    consoles: dict[str, str] = field(factory=dict, init=False)
    disabled_services: dict[str, str | None] = field(factory=dict, init=False)
    deleted_services: set[str] = field(factory=set, init=False)
    revision: Revision = field(factory=Revision, init=False)
    catalog: Revision = field(factory=Revision, init=False)
    _live: dict[str, dict[str, Server]] = field(factory=dict, init=False)
    _last_number: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.flavors = {flavor.id: flavor for flavor in DEFAULT_FLAVORS}

    @property
    def host(self) -> str:
        """
        The pod's only compute host.
        """
        return f"{self.pod.name.lower()}-compute"

    @property
    def zones(self) -> tuple[str, ...]:
        """
        The zones of the host, the first being where servers go that ask for none: an aggregate with a zone takes the host out
        of the default one.
        """
        for aggregate in self.aggregates.values():
            zone = aggregate.metadata.get("availability_zone")
            if zone is not None and self.host in aggregate.hosts:
                return (zone, *(other for other in self.pod.availability_zones[1:] if other != zone))
        return self.pod.availability_zones

    def now(self) -> datetime:
        """
        The pod's time, in the whole seconds that Nova's database keeps.
        """
        return self.pod.clock.now().replace(microsecond=0)

    def next_number(self) -> int:
        """
        A number that grows with each thing made.
        """
        self._last_number += 1
        return self._last_number

    def add(self, server: Server) -> None:
        """
        Keep a new server.
        """
        self.servers[server.id] = server
        self._live.setdefault(server.project_id, {})[server.id] = server
        self.revision.bump()

    def add_migration(
        self, server: Server, *, type: str = "live-migration", status: str = "running"
    ) -> Migration:
        """
        Note a server's move, as an operator's command would.
        """
        migration = Migration(
            id=len(self.migrations) + 1,
            uuid=str(uuid.uuid4()),
            server=server,
            created=self.now(),
            type=type,
            status=status,
        )
        self.migrations[migration.id] = migration
        return migration

    def changed(self, server: Server, *, touch: bool = True) -> None:
        """
        Note a change of a server, with its ``updated`` unless ``touch`` is False.
        """
        if touch:
            server.updated = self.now()
        server.revision.bump()
        self.revision.bump()

    def removed(self, server: Server) -> None:
        """
        Note a server's end: it stays as a deleted one, which lists show on request and markers may name.
        """
        server.deleted = True
        self._live[server.project_id].pop(server.id, None)
        for group in self.groups.values():
            if server.id in group.members:
                group.members.remove(server.id)
        self.changed(server)

    def live(self, project_id: str | None = None) -> Iterator[Server]:
        """
        The servers that are not deleted, of one project or of all.
        """
        if project_id is not None:
            yield from self._live.get(project_id, {}).values()
        else:
            for servers in self._live.values():
                yield from servers.values()

    def find(self, server_id: str, caller: Caller) -> Server | None:
        """
        A server that this caller may see: an own one, any for an admin.
        """
        server = self.servers.get(server_id)
        if server is None or server.deleted:
            return None
        if server.project_id != caller.project_id and not caller.is_admin:
            return None
        return server

    def get(self, server_id: str, call: Call, *, by_cell: bool = False) -> Server:
        """
        As `find`.

        :param by_cell: for the few operations in which Nova looks for the server's cell first, and says so of an id that
            never was.
        :raises Fault: 404 if there is none.
        """
        server = self.find(server_id, call.caller)
        if server is None:
            if by_cell and server_id not in self.servers:
                raise not_found(f"Instance {server_id} has no mapping to a cell.")
            raise not_found(f"Instance {server_id} could not be found.")
        return server

    def has_server(self, server_id: str, caller: Caller) -> bool:
        """
        What Cinder and Neutron ask.
        """
        return self.find(server_id, caller) is not None

    def flavor(self, flavor_id: str, call: Call) -> Flavor:
        """
        A flavor that the caller may see.

        :raises Fault: 404 if there is none.
        """
        flavor = self.flavors.get(flavor_id)
        if flavor is None or not flavor.visible_to(call):
            raise not_found(f"Flavor {flavor_id} could not be found.")
        return flavor

    def groups_of(self, server: Server) -> list[str]:
        """
        The ids of a server's groups.
        """
        return [group.id for group in self.groups.values() if server.id in group.members]

    def limits_of(self, project_id: str, user_id: str = "") -> dict[str, int]:
        """
        The quota limits of a project, or of a user in it, by resource; -1 is no limit.
        """
        of_user = self.user_quotas.get(project_id, {}).get(user_id, {})
        return {**self.quota_class, **self.quotas.get(project_id, {}), **of_user}

    def used_by(self, project_id: str, user_id: str = "") -> dict[str, int]:
        """
        What the servers and groups of a project, or of a user in it, use, by resource.
        """
        servers = [each for each in self.live(project_id) if user_id in ("", each.user_id)]
        groups = [each for each in self.groups.values() if each.project_id == project_id]
        return {
            "instances": len(servers),
            "cores": sum(server.flavor.vcpus for server in servers),
            "ram": sum(server.flavor.ram for server in servers),
            "server_groups": sum(user_id in ("", group.user_id) for group in groups),
        }


def admin_only(call: Call, policy: str) -> None:
    """
    Refuse anybody but admins, in the words of Nova's policy check.

    :raises Fault: 403.
    """
    if not call.caller.is_admin:
        raise Fault(403, f"Policy doesn't allow os_compute_api:{policy} to be performed.")


def project_only(call: Call, policy: str) -> None:
    """
    Refuse a token without a project, in the words of Nova's policy check. An unscoped one has no roles, either.

    :raises Fault: 403.
    """
    if call.caller.project_id is None:
        admin_only(call, policy)


def since(call: Call, minor: int) -> None:
    """
    Refuse an operation below the microversion that brought it.

    :raises Fault: 404.
    """
    if call.minor < minor:
        raise not_found("The resource could not be found.")


def until(call: Call, minor: int) -> None:
    """
    Refuse an operation above the last microversion that had it.

    :raises Fault: 404.
    """
    if call.minor > minor:
        raise not_found("The resource could not be found.")
