"""
``/os-migrations`` and a server's own ``/migrations``.
"""

from __future__ import annotations

from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.checks import next_link, page
from trio2o.sandbox.nova.server_view import long_timestamp
from trio2o.sandbox.nova.store import Migration, NovaStore, admin_only, since

_GOING = ("queued", "preparing", "running", "post-migrating")
_LIVE = "live-migration"


@define
class Migrations:
    """
    What was noted with `NovaStore.add_migration`.
    """

    store: NovaStore

    @route("GET", "/os-migrations")
    def index(self, call: Call) -> Answer:
        admin_only(call, "os-migrations:index")
        found = sorted(self.store.migrations.values(), key=lambda each: each.id)
        for name, value in (("status", "status"), ("migration_type", "type")):
            if call.arg(name) is not None:
                found = [each for each in found if getattr(each, value) == call.arg(name)]
        if call.arg("instance_uuid") is not None:
            found = [each for each in found if each.server.id == call.arg("instance_uuid")]
        more = False
        if call.minor >= 59:
            found.reverse()
            found, more = page(found, call, lambda each: each.uuid, "Marker {} could not be found.")
        body: dict[str, Any] = {"migrations": [self._listed(each, call) for each in found]}
        if more:
            body["migrations_links"] = next_link(call, "/os-migrations", found[-1].uuid)
        return Answer(body=body)

    @route("GET", "/servers/<server_id>/migrations")
    def of_server(self, call: Call, server_id: str) -> Answer:
        since(call, 23)
        self.store.get(server_id, call)
        admin_only(call, "servers:migrations:index")
        found = [
            each
            for each in self.store.migrations.values()
            if each.server.id == server_id and each.type == _LIVE and each.status in _GOING
        ]
        return Answer(body={"migrations": [self._shown(each, call) for each in found]})

    @route("GET", "/servers/<server_id>/migrations/<migration_id>")
    def show(self, call: Call, server_id: str, migration_id: str) -> Answer:
        since(call, 23)
        self.store.get(server_id, call)
        admin_only(call, "servers:migrations:show")
        found = self._find(server_id, migration_id)
        if found is None:
            raise not_found(f"In-progress live migration {migration_id} is not found for server {server_id}.")
        if found.type != _LIVE:
            raise not_found(f"Migration {migration_id} for server {server_id} is not live-migration.")
        if found.status not in _GOING:
            raise not_found(f"Live migration {migration_id} for server {server_id} is not in progress.")
        return Answer(body={"migration": self._shown(found, call)})

    @route("POST", "/servers/<server_id>/migrations/<migration_id>/action")
    def force_complete(self, call: Call, server_id: str, migration_id: str) -> Answer:
        since(call, 22)
        wanted = call.json()
        if not isinstance(wanted, dict) or list(wanted) != ["force_complete"]:
            raise bad_request("There is no such action.")
        self.store.get(server_id, call)
        admin_only(call, "servers:migrations:force_complete")
        found = self._find(server_id, migration_id)
        if found is None:
            raise bad_request(f"Migration {migration_id} not found for instance {server_id}.")
        found.status = "completed"
        return Answer(status=202)

    @route("DELETE", "/servers/<server_id>/migrations/<migration_id>")
    def abort(self, call: Call, server_id: str, migration_id: str) -> Answer:
        since(call, 24)
        self.store.get(server_id, call)
        admin_only(call, "servers:migrations:delete")
        found = self._find(server_id, migration_id)
        if found is None:
            raise not_found(f"Migration {migration_id} not found for instance {server_id}.")
        found.status = "cancelled"
        return Answer(status=202)

    def _find(self, server_id: str, migration_id: str) -> Migration | None:
        found = self.store.migrations.get(int(migration_id) if migration_id.isdecimal() else 0)
        return found if found is not None and found.server.id == server_id else None

    def _both(self, each: Migration, call: Call) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "created_at": long_timestamp(each.created),
            "dest_compute": f"{self.store.host}-other",
            "dest_host": "127.0.0.2",
            "dest_node": f"{self.store.host}-other",
            "id": each.id,
            "source_compute": self.store.host,
            "source_node": self.store.host,
            "status": each.status,
            "updated_at": None,
        }
        if call.minor >= 59:
            shown["uuid"] = each.uuid
        if call.minor >= 80:
            shown |= {"user_id": each.server.user_id, "project_id": each.server.project_id}
        return shown

    def _listed(self, each: Migration, call: Call) -> dict[str, Any]:
        shown = self._both(each, call) | {
            "instance_uuid": each.server.id,
            "new_instance_type_id": None,
            "old_instance_type_id": None,
        }
        if call.minor >= 23:
            shown["migration_type"] = each.type
            if each.type == _LIVE and each.status in _GOING:
                path = f"/servers/{each.server.id}/migrations/{each.id}"
                shown["links"] = [
                    {"rel": "self", "href": call.base + path},
                    {"rel": "bookmark", "href": f"{call.origin}{path}"},
                ]
        return shown

    def _shown(self, each: Migration, call: Call) -> dict[str, Any]:
        sizes = {
            f"{what}_{state}_bytes": 0
            for what in ("disk", "memory")
            for state in ("processed", "remaining", "total")
        }
        return self._both(each, call) | sizes | {"server_uuid": each.server.id}
