"""
Listing, showing, updating and deleting servers.
"""

from __future__ import annotations

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.checks import MAX_LIMIT, address, body_object, limit_of, next_link, only, text
from trio2o.sandbox.nova.creating import host_name
from trio2o.sandbox.nova.lifecycle import Lifecycle, check_lock
from trio2o.sandbox.nova.list_order import in_order
from trio2o.sandbox.nova.listing import ServerQuery, parse_query
from trio2o.sandbox.nova.server import Server
from trio2o.sandbox.nova.server_view import shown, summary
from trio2o.sandbox.nova.store import NovaStore, project_only


@define
class Servers:
    """
    The servers themselves. ``/os-volumes_boot`` is Nova's other name for them; its links have the usual one.
    """

    store: NovaStore
    lifecycle: Lifecycle

    @route("GET", "/servers")
    @route("GET", "/os-volumes_boot")
    def index(self, call: Call) -> Answer:
        return self._listed(call, "index", "/servers")

    @route("GET", "/servers/detail")
    @route("GET", "/os-volumes_boot/detail")
    def detail(self, call: Call) -> Answer:
        return self._listed(call, "detail", "/servers/detail")

    @route("GET", "/servers/<server_id>")
    @route("GET", "/os-volumes_boot/<server_id>")
    def show(self, call: Call, server_id: str) -> Answer:
        server = self.store.get(server_id, call)
        body = {"server": shown(server, call, groups=self.store.groups_of(server))}
        return Answer(body=body, depends_on=server.revision)

    @route("PUT", "/servers/<server_id>")
    @route("PUT", "/os-volumes_boot/<server_id>")
    def update(self, call: Call, server_id: str) -> Answer:
        wanted = body_object(call, "server")
        allowed = {"name", "OS-DCF:diskConfig", "accessIPv4", "accessIPv6"}
        allowed |= {"description"} if call.minor >= 19 else set()
        allowed |= {"hostname"} if call.minor >= 90 else set()
        only(wanted, allowed, "server")
        server = self.store.get(server_id, call)
        name = text(wanted, "name", empty=False)
        if name is not None:
            server.name = name.strip()
        if "description" in wanted:
            server.description = text(wanted, "description")
        if "accessIPv4" in wanted:
            server.access_ipv4 = address(wanted, "accessIPv4", 4)
        if "accessIPv6" in wanted:
            server.access_ipv6 = address(wanted, "accessIPv6", 6)
        if "OS-DCF:diskConfig" in wanted:
            server.disk_config = text(wanted, "OS-DCF:diskConfig") or "MANUAL"
        if "hostname" in wanted:
            server.hostname = text(wanted, "hostname") or host_name(server.name)
        self.store.changed(server)
        groups = self.store.groups_of(server)
        return Answer(body={"server": shown(server, call, extended=False, groups=groups)})

    @route("DELETE", "/servers/<server_id>")
    @route("DELETE", "/os-volumes_boot/<server_id>")
    def delete(self, call: Call, server_id: str) -> Answer:
        server = self.store.get(server_id, call)
        check_lock(server, call.caller)
        self.lifecycle.delete(server, call)
        return Answer(status=204)

    def _listed(self, call: Call, operation: str, path: str) -> Answer:
        project_only(call, f"servers:{operation}")
        query = parse_query(call, operation)
        limit = limit_of(call)
        size = MAX_LIMIT if limit is None else min(limit, MAX_LIMIT)
        chosen = query.chosen(self._candidates(query, call))
        marker = call.arg("marker")
        if marker is not None:
            chosen = self._after(marker, chosen, query, call)
        found = chosen[:size]
        if operation == "detail":
            body = {"servers": [shown(server, call) for server in found]}
        else:
            body = {"servers": [summary(server, call) for server in found]}
        if found and len(found) == size:
            body["servers_links"] = next_link(call, path, found[-1].id)
        return Answer(body=body, depends_on=self.store.revision)

    def _candidates(self, query: ServerQuery, call: Call) -> list[Server]:
        if query.deleted is not False:
            return list(self.store.servers.values())
        return list(self.store.live(None if query.all_projects else call.project_id))

    def _after(self, marker: str, chosen: list[Server], query: ServerQuery, call: Call) -> list[Server]:
        """
        What follows the marker, which need not be in the list itself: a deleted server may be one, and one
        that the filters leave out.
        """
        server = self.store.servers.get(marker)
        if server is None or (server.project_id != call.project_id and not call.caller.is_admin):
            raise bad_request(f"marker [{marker}] not found")
        ordered = chosen if server in chosen else in_order([*chosen, server], query.order)
        return ordered[ordered.index(server) + 1 :]
