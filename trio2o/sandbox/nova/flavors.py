"""
``/flavors``.
"""

from __future__ import annotations

import re
import uuid

from attrs import define, evolve

from trio2o.sandbox.answers import Answer, Fault, bad_request, conflict, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.checks import (
    body_object,
    boolean,
    invalid,
    next_link,
    only,
    page,
    required,
    string_map,
    text,
    whole_number,
)
from trio2o.sandbox.nova.flavor import Flavor
from trio2o.sandbox.nova.store import NovaStore, admin_only, since

#: What an extra spec may be called.
_SPEC = r"[a-zA-Z0-9-_:. ]{1,255}"


@define
class Flavors:
    """
    Flavors, their extra specs and who may use them.
    """

    store: NovaStore

    @route("GET", "/flavors")
    def index(self, call: Call) -> Answer:
        found, links = self._listed(call, "/flavors")
        return Answer(
            body={"flavors": [each.summary(call) for each in found], **links}, depends_on=self.store.catalog
        )

    @route("GET", "/flavors/detail")
    def detail(self, call: Call) -> Answer:
        found, links = self._listed(call, "/flavors/detail")
        return Answer(
            body={"flavors": [each.shown(call) for each in found], **links}, depends_on=self.store.catalog
        )

    @route("GET", "/flavors/<flavor_id>")
    def show(self, call: Call, flavor_id: str) -> Answer:
        flavor = self.store.flavor(flavor_id, call)
        return Answer(body={"flavor": flavor.shown(call)}, depends_on=self.store.catalog)

    @route("POST", "/flavors")
    def create(self, call: Call) -> Answer:
        admin_only(call, "os-flavor-manage:create")
        wanted = body_object(call, "flavor")
        required(wanted, ("name", "ram", "vcpus", "disk"), "flavor")
        flavor_id = wanted.get("id")
        if isinstance(flavor_id, str):
            text(wanted, "id", empty=False)
        flavor = Flavor(
            id=str(uuid.uuid4()) if flavor_id is None else str(flavor_id),
            name=text(wanted, "name", empty=False) or "",
            ram=whole_number(wanted, "ram", 0, minimum=1),
            vcpus=whole_number(wanted, "vcpus", 0, minimum=1),
            disk=whole_number(wanted, "disk", 0),
            ephemeral=whole_number(wanted, "OS-FLV-EXT-DATA:ephemeral", 0),
            swap=whole_number(wanted, "swap", 0),
            rxtx_factor=float(wanted.get("rxtx_factor", 1.0)),
            is_public=boolean(wanted, "os-flavor-access:is_public")
            if "os-flavor-access:is_public" in wanted
            else True,
            description=text(wanted, "description", longest=65535) if call.minor >= 55 else None,
        )
        if flavor.id in self.store.flavors:
            raise conflict(f"Flavor with ID {flavor.id} already exists.")
        if any(each.name == flavor.name for each in self.store.flavors.values()):
            raise conflict(f"Flavor with name {flavor.name} already exists.")
        self._keep(flavor)
        return Answer(body={"flavor": flavor.shown(call)})

    @route("PUT", "/flavors/<flavor_id>")
    def update(self, call: Call, flavor_id: str) -> Answer:
        since(call, 55)
        admin_only(call, "os-flavor-manage:update")
        wanted = body_object(call, "flavor")
        only(wanted, {"description"}, "flavor")
        flavor = evolve(
            self.store.flavor(flavor_id, call), description=text(wanted, "description", longest=65535)
        )
        self._keep(flavor)
        return Answer(body={"flavor": flavor.shown(call)})

    @route("DELETE", "/flavors/<flavor_id>")
    def delete(self, call: Call, flavor_id: str) -> Answer:
        admin_only(call, "os-flavor-manage:delete")
        del self.store.flavors[self.store.flavor(flavor_id, call).id]
        self.store.catalog.bump()
        return Answer(status=202)

    @route("GET", "/flavors/<flavor_id>/os-extra_specs")
    def list_specs(self, call: Call, flavor_id: str) -> Answer:
        return Answer(body={"extra_specs": dict(self.store.flavor(flavor_id, call).extra_specs)})

    @route("POST", "/flavors/<flavor_id>/os-extra_specs")
    def add_specs(self, call: Call, flavor_id: str) -> Answer:
        admin_only(call, "os-flavor-extra-specs:create")
        specs = string_map(body_object(call, "extra_specs"), "extra_specs")
        for key in specs:
            if not re.fullmatch(_SPEC, key):
                wrong = f"{key!r} does not match any of the regexes: {f'^{_SPEC}$'!r}"
                raise invalid("extra_specs", specs, wrong)
        flavor = self.store.flavor(flavor_id, call)
        self._keep(evolve(flavor, extra_specs={**flavor.extra_specs, **specs}))
        return Answer(body={"extra_specs": specs})

    @route("GET", "/flavors/<flavor_id>/os-extra_specs/<key>")
    def show_spec(self, call: Call, flavor_id: str, key: str) -> Answer:
        return Answer(body={key: self._with_spec(flavor_id, key, call).extra_specs[key]})

    @route("PUT", "/flavors/<flavor_id>/os-extra_specs/<key>")
    def update_spec(self, call: Call, flavor_id: str, key: str) -> Answer:
        admin_only(call, "os-flavor-extra-specs:update")
        specs = string_map(call.json(), "body")
        if list(specs) != [key]:
            raise bad_request("Request body and URI mismatch")
        flavor = self.store.flavor(flavor_id, call)
        self._keep(evolve(flavor, extra_specs={**flavor.extra_specs, **specs}))
        return Answer(body=specs)

    @route("DELETE", "/flavors/<flavor_id>/os-extra_specs/<key>")
    def delete_spec(self, call: Call, flavor_id: str, key: str) -> Answer:
        admin_only(call, "os-flavor-extra-specs:delete")
        flavor = self._with_spec(flavor_id, key, call)
        specs = {name: value for name, value in flavor.extra_specs.items() if name != key}
        self._keep(evolve(flavor, extra_specs=specs))
        return Answer(status=200)

    @route("GET", "/flavors/<flavor_id>/os-flavor-access")
    def list_access(self, call: Call, flavor_id: str) -> Answer:
        admin_only(call, "os-flavor-access")
        flavor = self.store.flavor(flavor_id, call)
        if flavor.is_public:
            raise not_found("Access list not available for public flavors.")
        return Answer(body=_access(flavor))

    @route("POST", "/flavors/<flavor_id>/action")
    def change_access(self, call: Call, flavor_id: str) -> Answer:
        body = call.json()
        if not isinstance(body, dict) or len(body) != 1:
            raise bad_request("Malformed request body")
        (action,) = body
        words = {"addTenantAccess": "add_tenant_access", "removeTenantAccess": "remove_tenant_access"}
        if action not in words:
            raise bad_request(f"There is no such action: {action}")
        admin_only(call, f"os-flavor-access:{words[action]}")
        project = str(body_object(call, action).get("tenant"))
        flavor = self.store.flavor(flavor_id, call)
        if flavor.is_public:
            raise conflict("Can not add access to a public flavor.")
        if action == "addTenantAccess":
            if project in flavor.projects:
                raise conflict(f"Flavor access already exists for flavor {flavor_id} and project {project}.")
            flavor = evolve(flavor, projects=flavor.projects | {project})
        else:
            if project not in flavor.projects:
                raise not_found(f"Flavor access not found for {flavor_id} / {project} combination.")
            flavor = evolve(flavor, projects=flavor.projects - {project})
        self._keep(flavor)
        return Answer(body=_access(flavor))

    def _listed(self, call: Call, path: str) -> tuple[list[Flavor], dict[str, list[dict[str, str]]]]:
        flavors = sorted(
            (each for each in self.store.flavors.values() if self._wanted(each, call)),
            key=lambda flavor: flavor.id,
        )
        found, more = page(flavors, call, lambda flavor: flavor.id, "marker [{}] not found")
        return found, {"flavors_links": next_link(call, path, found[-1].id)} if more else {}

    def _wanted(self, flavor: Flavor, call: Call) -> bool:
        if call.caller.is_admin and (public := call.arg("is_public")) is not None:
            if public.lower() in ("none", ""):
                return self._big_enough(flavor, call)
            return flavor.is_public == (public.lower() in ("1", "t", "true", "on", "y", "yes"))
        if call.caller.is_admin:
            return flavor.is_public and self._big_enough(flavor, call)
        return flavor.visible_to(call) and self._big_enough(flavor, call)

    def _big_enough(self, flavor: Flavor, call: Call) -> bool:
        for name, held in (("minRam", flavor.ram), ("minDisk", flavor.disk)):
            least = call.arg(name)
            if least is None:
                continue
            if not least.isdecimal():
                raise bad_request(f"Invalid {name} filter [{least}]")
            if held < int(least):
                return False
        return True

    def _with_spec(self, flavor_id: str, key: str, call: Call) -> Flavor:
        flavor = self.store.flavor(flavor_id, call)
        if key not in flavor.extra_specs:
            raise Fault(404, f"Flavor {flavor_id} has no extra specs with key {key}.")
        return flavor

    def _keep(self, flavor: Flavor) -> None:
        self.store.flavors[flavor.id] = flavor
        self.store.catalog.bump()


def _access(flavor: Flavor) -> dict[str, list[dict[str, str]]]:
    return {
        "flavor_access": [
            {"flavor_id": flavor.id, "tenant_id": project} for project in sorted(flavor.projects)
        ]
    }
