"""
``/os-aggregates``: named sets of hosts, and the availability zones that they make of them.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request, conflict, forbidden, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.checks import body_object, invalid, is_uuid, only, required, text
from trio2o.sandbox.nova.imaging import Images
from trio2o.sandbox.nova.store import Aggregate, NovaStore, admin_only, since

_ZONE = "availability_zone"
_HOST = re.compile(r"[a-zA-Z0-9-._]*")
_KEY = re.compile(r"[a-zA-Z0-9-_:. ]{1,255}")
_BUSY = (
    "The host cannot be {done} the aggregate as the availability zone of the host would change from '{old}' to '{new}' but "
    "the host already has {count} instance(s). Changing the AZ of an existing instance is not supported by this action. Move "
    "the instances away from this host then try again. If you need to move the instances between AZs then you can use "
    "shelve_offload and unshelve to achieve this."
)


@define
class Aggregates:
    """
    Aggregates of the one compute host.
    """

    store: NovaStore
    images: Images

    @route("GET", "/os-aggregates")
    def index(self, call: Call) -> Answer:
        _check_query(call)
        admin_only(call, "os-aggregates:index")
        return Answer(body={"aggregates": [_shown(each, call) for each in self.store.aggregates.values()]})

    @route("POST", "/os-aggregates")
    def create(self, call: Call) -> Answer:
        wanted = body_object(call, "aggregate")
        only(wanted, {"name", _ZONE}, "aggregate")
        required(wanted, ("name",), "aggregate")
        name, zone = text(wanted, "name", empty=False) or "", _zone_in(wanted)
        if name != name.strip():
            raise bad_request(
                "An invalid 'name' value was provided. The name must be: printable characters. Can not start or end with "
                "whitespace."
            )
        admin_only(call, "os-aggregates:create")
        self._check_name(name)
        self.store.last_aggregate += 1
        made = Aggregate(
            id=self.store.last_aggregate,
            uuid=str(uuid.uuid4()),
            name=name,
            created=self.store.now(),
            metadata={_ZONE: zone} if zone else {},
        )
        self.store.aggregates[made.id] = made
        shown = {
            name: value for name, value in _shown(made, call).items() if name not in ("hosts", "metadata")
        }
        return Answer(body={"aggregate": shown})

    @route("GET", "/os-aggregates/<aggregate_id>")
    def show(self, call: Call, aggregate_id: str) -> Answer:
        _check_query(call)
        admin_only(call, "os-aggregates:show")
        return self._answer(self._found(aggregate_id), call)

    @route("PUT", "/os-aggregates/<aggregate_id>")
    def update(self, call: Call, aggregate_id: str) -> Answer:
        wanted = body_object(call, "aggregate")
        only(wanted, {"name", _ZONE}, "aggregate")
        if not wanted:
            raise invalid("aggregate", wanted, f"{wanted!r} is not valid under any of the given schemas")
        name, zone = text(wanted, "name"), _zone_in(wanted)
        if name is not None and not name.strip():
            raise bad_request(
                "An invalid 'name' value was provided. The name must be: printable characters with at least one non space "
                "character"
            )
        admin_only(call, "os-aggregates:update")
        aggregate = self._found(aggregate_id)
        if name is not None and name.strip() != aggregate.name:
            self._check_name(name.strip())
            aggregate.name = name.strip()
            self._touch(aggregate)
        if _ZONE in wanted:
            self._check_zone(aggregate, zone, "update")
            assert zone is not None
            aggregate.metadata[_ZONE] = zone
            self._touch(aggregate)
        return self._answer(aggregate, call)

    @route("DELETE", "/os-aggregates/<aggregate_id>")
    def delete(self, call: Call, aggregate_id: str) -> Answer:
        admin_only(call, "os-aggregates:delete")
        aggregate = self._found(aggregate_id)
        if aggregate.hosts:
            raise bad_request(
                f"Cannot remove host from aggregate {aggregate_id}. Reason: Host aggregate is not empty."
            )
        del self.store.aggregates[aggregate.id]
        return Answer(status=200)

    @route("POST", "/os-aggregates/<aggregate_id>/action")
    def action(self, call: Call, aggregate_id: str) -> Answer:
        body = call.json()
        if not isinstance(body, dict) or len(body) != 1:
            raise bad_request("Malformed request body")
        (action,) = body
        if action == "set_metadata":
            return self._set_metadata(call, aggregate_id)
        if action not in ("add_host", "remove_host"):
            raise bad_request(f"There is no such action: {action}")
        wanted = body_object(call, action)
        only(wanted, {"host"}, action)
        required(wanted, ("host",), action)
        host = text(wanted, "host", empty=False) or ""
        if not _HOST.fullmatch(host):
            raise invalid("host", host, f"{host!r} does not match '^[a-zA-Z0-9-._]*$'")
        admin_only(call, f"os-aggregates:{action}")
        _check_id(aggregate_id)
        if action == "add_host":
            return self._add_host(call, aggregate_id, host)
        return self._remove_host(call, aggregate_id, host)

    @route("POST", "/os-aggregates/<aggregate_id>/images")
    async def cache(self, call: Call, aggregate_id: str) -> Answer:
        since(call, 81)
        body = call.json()
        if not isinstance(body, dict) or "cache" not in body:
            raise bad_request("'cache' is a required property")
        wanted = body["cache"]
        if not isinstance(wanted, list):
            raise invalid("cache", wanted, f"{wanted!r} is not of type 'array'")
        if not wanted:
            raise invalid("cache", wanted, f"{wanted!r} should be non-empty")
        for at, each in enumerate(wanted):
            required(each, ("id",), str(at))
            if not is_uuid(each["id"]):
                raise invalid("id", each["id"], f"{each['id']!r} is not a 'uuid'")
        if not call.caller.is_admin:
            raise forbidden("Policy doesn't allow compute:aggregates:images to be performed.")
        _check_id(aggregate_id)
        if len({each["id"] for each in wanted}) < len(wanted):
            raise bad_request("Duplicate images in request")
        aggregate = self._found(aggregate_id)
        for each in wanted:
            if not await self.images.has(each["id"], call):
                raise bad_request(f"Image {each['id']} could not be found.")
        aggregate.cached.update(each["id"] for each in wanted)
        return Answer(status=202)

    def _set_metadata(self, call: Call, aggregate_id: str) -> Answer:
        wanted = body_object(call, "set_metadata")
        only(wanted, {"metadata"}, "set_metadata")
        required(wanted, ("metadata",), "set_metadata")
        metadata = _metadata_in(wanted)
        admin_only(call, "os-aggregates:set_metadata")
        aggregate = self._found(aggregate_id)
        if _ZONE in metadata:
            self._check_zone(aggregate, metadata[_ZONE], "update metadata of")
        for key, value in metadata.items():
            if value is None:
                aggregate.metadata.pop(key, None)
            else:
                aggregate.metadata[key] = value
        self._touch(aggregate)
        return self._answer(aggregate, call)

    def _add_host(self, call: Call, aggregate_id: str, host: str) -> Answer:
        if host != self.store.host:
            raise not_found(f"Compute host {host} could not be found.")
        aggregate = self._found(aggregate_id)
        zone = aggregate.metadata.get(_ZONE)
        if zone is not None:
            others = [each for each in self._zones_of(host, but=aggregate) if each != zone]
            if others:
                raise conflict(
                    f"Cannot add host to aggregate {aggregate_id}. Reason: One or more hosts already in availability "
                    f"zone(s) {others}."
                )
            self._check_idle(aggregate, host, zone, adding=True)
        if host in aggregate.hosts:
            raise conflict(f"Aggregate {aggregate_id} already has host {host}.")
        aggregate.hosts.append(host)
        return self._answer(aggregate, call)

    def _remove_host(self, call: Call, aggregate_id: str, host: str) -> Answer:
        aggregate = self.store.aggregates.get(int(aggregate_id))
        if host != self.store.host or aggregate is None or host not in aggregate.hosts:
            raise not_found(f"Cannot remove host {host} in aggregate {aggregate_id}")
        zone = aggregate.metadata.get(_ZONE)
        if zone is not None:
            self._check_idle(aggregate, host, zone, adding=False)
        aggregate.hosts.remove(host)
        return self._answer(aggregate, call)

    def _check_idle(self, aggregate: Aggregate, host: str, zone: str, *, adding: bool) -> None:
        """
        Refuse what would move servers to another zone.

        :raises Fault: 409 then.
        """
        others = self._zones_of(host, but=None if adding else aggregate)
        other = others[0] if others else None
        count = sum(server.host is not None for server in self.store.live())
        if not count or other == zone:
            return
        what = "add host to" if adding else "remove host from"
        done = "added to" if adding else "removed from"
        old, new = (other, zone) if adding else (zone, other)
        told = _BUSY.format(done=done, old=old, new=new, count=count)
        raise conflict(f"Cannot {what} aggregate {aggregate.id}. Reason: {told}.")

    def _check_zone(self, aggregate: Aggregate, zone: str | None, doing: str) -> None:
        """
        Refuse a zone that an aggregate with its hosts cannot have.

        :raises Fault: 400 then.
        """
        why = ""
        if not zone:
            why = f"Aggregate {aggregate.name} does not support empty named availability zone"
        elif aggregate.hosts:
            others = [each for each in self._zones_of(self.store.host, but=aggregate) if each != zone]
            busy = any(server.host is not None for server in self.store.live())
            if others:
                why = f"One or more hosts already in availability zone(s) {others}"
            elif aggregate.metadata.get(_ZONE) != zone and busy:
                why = "One or more hosts contain instances in this zone"
        if why:
            raise bad_request(f"Cannot {doing} aggregate {aggregate.id}. Reason: {why}.")

    def _zones_of(self, host: str, *, but: Aggregate | None) -> list[str]:
        return [
            each.metadata[_ZONE]
            for each in self.store.aggregates.values()
            if host in each.hosts and _ZONE in each.metadata and each is not but
        ]

    def _check_name(self, name: str) -> None:
        if any(each.name == name for each in self.store.aggregates.values()):
            raise conflict(f"Aggregate {name} already exists.")

    def _found(self, aggregate_id: str) -> Aggregate:
        _check_id(aggregate_id)
        aggregate = self.store.aggregates.get(int(aggregate_id))
        if aggregate is None:
            raise not_found(f"Aggregate {aggregate_id} could not be found.")
        return aggregate

    def _touch(self, aggregate: Aggregate) -> None:
        aggregate.updated = self.store.now()

    def _answer(self, aggregate: Aggregate, call: Call) -> Answer:
        return Answer(body={"aggregate": _shown(aggregate, call)})


def _check_id(aggregate_id: str) -> None:
    if not re.fullmatch(r"-?[0-9]+", aggregate_id):
        raise bad_request("Invalid input received: id must be an integer")


def _check_query(call: Call) -> None:
    names = sorted({name for name, _ in call.query})
    if call.minor >= 102 and names:
        told = ", ".join(repr(name) for name in names)
        verb = "was" if len(names) == 1 else "were"
        raise bad_request(f"Additional properties are not allowed ({told} {verb} unexpected)")


def _zone_in(wanted: dict[str, Any]) -> str | None:
    zone = wanted.get(_ZONE)
    if zone is None:
        return None
    if not isinstance(zone, str) or not 0 < len(zone) <= 255 or ":" in zone or zone != zone.strip():
        raise invalid(_ZONE, zone, f"{zone!r} is not valid under any of the given schemas")
    return zone


def _metadata_in(wanted: dict[str, Any]) -> dict[str, str | None]:
    metadata = wanted["metadata"]
    if not isinstance(metadata, dict):
        raise invalid("metadata", metadata, f"{metadata!r} is not of type 'object'")
    for key, value in metadata.items():
        if not _KEY.fullmatch(key):
            why = f"{key!r} does not match any of the regexes: '^[a-zA-Z0-9-_:. ]{{1,255}}$'"
            raise invalid("metadata", metadata, why)
        if value is not None and not isinstance(value, str):
            raise invalid(key, value, f"{value!r} is not of type 'string', 'null'")
        if value is not None and len(value) > 255:
            raise invalid(key, value, f"{value!r} is too long")
    return dict(metadata)


def _shown(aggregate: Aggregate, call: Call) -> dict[str, Any]:
    updated = aggregate.updated
    return {
        "id": aggregate.id,
        **({"uuid": aggregate.uuid} if call.minor >= 41 else {}),
        "name": aggregate.name,
        "hosts": list(aggregate.hosts),
        "metadata": dict(aggregate.metadata),
        "created_at": aggregate.created.strftime("%Y-%m-%dT%H:%M:%S.%f"),
        "updated_at": updated and updated.strftime("%Y-%m-%dT%H:%M:%S.%f"),
        "deleted_at": None,
        "deleted": False,
        _ZONE: aggregate.metadata.get(_ZONE),
    }
