"""
What other services ask of Nova: events about servers, whose console a token is for, and snapshots made with a server's help.
"""

from __future__ import annotations

import json

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.checks import body_object, required
from trio2o.sandbox.nova.store import NovaStore, admin_only

#: Events that mean nothing without a tag.
_TAGGED = ("volume-extended", "accelerator-request-bound")


@define
class ServiceCalls:
    """
    For Neutron, Cinder and the console proxies. The fakes' policies give all of it to admins.
    """

    store: NovaStore

    @route("POST", "/os-server-external-events")
    def events(self, call: Call) -> Answer:
        admin_only(call, "os-server-external-events:create")
        wanted = call.json()
        if not isinstance(wanted, dict) or not isinstance(wanted.get("events"), list):
            raise bad_request("'events' is a required property")
        told = []
        for event in wanted["events"]:
            server = self.store.servers.get(str(event.get("server_uuid")))
            if server is None or server.deleted:
                code = 404
            elif event.get("name") in _TAGGED and event.get("tag") is None:
                code = 400
            else:
                code = 200 if server.host is not None else 422
            told.append({**event, "status": "completed" if code == 200 else "failed", "code": code})
        accepted = all(event["code"] == 200 for event in told)
        return Answer(status=200 if accepted else 207, body={"events": told})

    @route("GET", "/os-console-auth-tokens/<token>")
    def console(self, call: Call, token: str) -> Answer:
        if call.minor < 31:
            raise bad_request(
                "The server could not comply with the request since it is either malformed or otherwise incorrect."
            )
        admin_only(call, "os-console-auth-tokens")
        server = self.store.consoles.get(token)
        if server is None:
            raise not_found("Token not found")
        shown = {"instance_uuid": server, "host": "127.0.0.1", "port": 5900, "internal_access_path": None}
        return Answer(body={"console": shown})

    @route("POST", "/os-assisted-volume-snapshots")
    def snapshot(self, call: Call) -> Answer:
        admin_only(call, "os-assisted-volume-snapshots:create")
        wanted = body_object(call, "snapshot")
        required(wanted, ("volume_id", "create_info"), "snapshot")
        required(wanted["create_info"], ("snapshot_id", "type", "new_file"), "create_info")
        self._check_attached(wanted["volume_id"])
        made = {"id": wanted["create_info"]["snapshot_id"], "volumeId": wanted["volume_id"]}
        return Answer(body={"snapshot": made})

    @route("DELETE", "/os-assisted-volume-snapshots/<snapshot_id>")
    def delete_snapshot(self, call: Call, snapshot_id: str) -> Answer:
        admin_only(call, "os-assisted-volume-snapshots:delete")
        try:
            volume = json.loads(call.arg("delete_info") or "")["volume_id"]
        except (ValueError, KeyError, TypeError) as error:
            raise bad_request(str(error)) from error
        self._check_attached(volume)
        return Answer(status=204)

    def _check_attached(self, volume_id: str) -> None:
        if not any(server.attachment(volume_id) for server in self.store.live()):
            raise bad_request(f"No volume Block Device Mapping with id {volume_id}.")
