"""
Nova's own commands below ``/_sandbox``.

=================================  ==========================================================================
``GET /_sandbox/servers``          all servers of all projects, with the body that each was created from
``POST /_sandbox/servers``         ``{"count", "project_id", "user_id"?, "name"?}``: many active servers at once,
                                   as benchmarks and paging tests need them: 201 ``{"ids": […]}``, oldest first
=================================  ==========================================================================
"""

from __future__ import annotations

import uuid

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.lifecycle import RUNNING
from trio2o.sandbox.nova.server import Server
from trio2o.sandbox.nova.store import NovaStore

_MOST = 100_000


@define
class NovaControl:
    """
    Look at all servers, and make many.
    """

    store: NovaStore

    @route("GET", "/servers")
    def list_servers(self, call: Call) -> Answer:
        return Answer(
            body={
                "servers": [
                    {
                        "id": server.id,
                        "name": server.name,
                        "project_id": server.project_id,
                        "status": server.status,
                        "deleted": server.deleted,
                        "scheduler_hints": dict(server.hints),
                        "created_from": dict(server.created_from),
                    }
                    for server in self.store.servers.values()
                ]
            }
        )

    @route("POST", "/servers")
    def add_servers(self, call: Call) -> Answer:
        wanted = call.json()
        if not isinstance(wanted, dict) or not isinstance(wanted.get("project_id"), str):
            raise bad_request('The body is {"count": …, "project_id": …}.')
        count = wanted.get("count", 1)
        if not isinstance(count, int) or not 0 < count <= _MOST:
            raise bad_request(f"count is 1 to {_MOST}.")
        name = str(wanted.get("name", "seed"))
        now = self.store.now()
        ids = []
        for index in range(count):
            server = Server(
                number=self.store.next_number(),
                id=str(uuid.uuid4()),
                name=f"{name}-{index + 1}",
                project_id=wanted["project_id"],
                user_id=str(wanted.get("user_id", "sandbox")),
                flavor=next(iter(self.store.flavors.values())),
                image_id=str(uuid.UUID(int=1)),
                created=now,
                updated=now,
                launched=now,
                hostname=f"{name}-{index + 1}",
                reservation_id="r-sandbox0",
                host=self.store.host,
                zone=self.store.zones[0],
                vm_state="active",
                task_state=None,
                power_state=RUNNING,
            )
            self.store.add(server)
            ids.append(server.id)
        return Answer(status=201, body={"ids": ids})
