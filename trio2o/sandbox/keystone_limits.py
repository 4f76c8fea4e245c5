"""
The fake Keystone's unified limits: ``/v3/registered_limits`` and ``/v3/limits`` (Identity API v3, as Keystone 30 answers it).

In a test::

    keystone.limits.register(keystone.catalog, "servers", 10)
    keystone.limits.give(keystone.catalog, project_id, "servers", 25)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field

from trio2o.sandbox.frame import Answer, Call, Fault, route
from trio2o.sandbox.keystone_auth import asker, listing
from trio2o.sandbox.keystone_catalog import Catalog
from trio2o.sandbox.keystone_reads import require_admin
from trio2o.sandbox.keystone_style import answer, expecting
from trio2o.sandbox.keystone_tokens import Tokens
from trio2o.sandbox.keystone_values import new_id

_FILTERS = {
    "registered_limits": ("service_id", "region_id", "resource_name"),
    "limits": ("service_id", "region_id", "resource_name", "project_id", "domain_id"),
}
#: Whom the limits of all projects are shown.
_SEES_ALL = frozenset({"admin", "service"})

Item = dict[str, Any]


@define
class Limits:
    """
    By collection and id, as they are shown.
    """

    items: dict[str, dict[str, Item]] = field(
        factory=lambda: {"registered_limits": {}, "limits": {}}, init=False
    )

    def register(self, catalog: Catalog, name: str, limit: int, *, region: str | None = None) -> None:
        """
        Set the registered limit of one of Nova's resources.
        """
        self._put("registered_limits", _place(catalog, name, region), "default_limit", limit)

    def give(
        self, catalog: Catalog, project_id: str, name: str, limit: int, *, region: str | None = None
    ) -> None:
        """
        Set a project's limit of one of Nova's resources.
        """
        place = {**_place(catalog, name, region), "project_id": project_id, "domain_id": None}
        self._put("limits", place, "resource_limit", limit)

    def withdraw(self, project_id: str) -> None:
        """
        Forget a project's limits.
        """
        limits = self.items["limits"]
        for gone in [each["id"] for each in limits.values() if each["project_id"] == project_id]:
            del limits[gone]

    def _put(self, collection: str, place: Mapping[str, Any], key: str, limit: int) -> None:
        for item in self.items[collection].values():
            if place.items() <= item.items():
                item[key] = limit
                return
        made = {"id": new_id(), **place, key: limit, "description": None}
        self.items[collection][made["id"]] = made


def _place(catalog: Catalog, name: str, region: str | None) -> Item:
    return {"service_id": catalog.add_service("compute").id, "region_id": region, "resource_name": name}


@define
class LimitHandlers:
    """
    Registered limits for everybody to read, projects' limits as Keystone shows them, both for admins to write.
    """

    tokens: Tokens
    limits: Limits

    @route("GET", "/registered_limits")
    def registered(self, call: Call) -> Answer:
        asker(self.tokens, call)
        return self._listed(call, "registered_limits", lambda item: True)

    @route("GET", "/limits")
    def of_projects(self, call: Call) -> Answer:
        token = asker(self.tokens, call)
        all_of_them = token.scope.system or _SEES_ALL & set(self.tokens.role_names(token))
        own = token.scope.project_id
        return self._listed(call, "limits", lambda item: bool(all_of_them) or item["project_id"] == own)

    @route("POST", "/registered_limits")
    def register(self, call: Call) -> Answer:
        require_admin(self.tokens, call, "identity:create_registered_limits")
        return self._made(call, "registered_limits", {"region_id": None, "description": None})

    @route("POST", "/limits")
    def give(self, call: Call) -> Answer:
        require_admin(self.tokens, call, "identity:create_limits")
        blank = {"region_id": None, "description": None, "project_id": None, "domain_id": None}
        return self._made(call, "limits", blank)

    @route("DELETE", "/registered_limits/<item_id>")
    def withdraw_registered(self, call: Call, item_id: str) -> Answer:
        require_admin(self.tokens, call, "identity:delete_registered_limit")
        return self._gone("registered_limits", item_id)

    @route("DELETE", "/limits/<item_id>")
    def withdraw(self, call: Call, item_id: str) -> Answer:
        require_admin(self.tokens, call, "identity:delete_limit")
        return self._gone("limits", item_id)

    def _listed(self, call: Call, collection: str, allowed: Callable[[Item], bool]) -> Answer:
        wanted = {name: call.arg(name) for name in _FILTERS[collection] if call.arg(name) is not None}
        chosen = [
            self._shown(call, collection, item)
            for item in self.limits.items[collection].values()
            if allowed(item) and wanted.items() <= item.items()
        ]
        return listing(call, collection, chosen)

    def _made(self, call: Call, collection: str, blank: Mapping[str, Any]) -> Answer:
        wanted = call.json().get(collection)
        if not isinstance(wanted, list) or not wanted:
            raise expecting(collection, "request body")
        made = [{"id": new_id(), **blank, **each} for each in wanted]
        if collection == "limits":
            for each in made:
                place = {name: each[name] for name in _FILTERS["registered_limits"]}
                if not any(
                    place.items() <= item.items() for item in self.limits.items["registered_limits"].values()
                ):
                    raise Fault(403, "Unable to create a limit that has no corresponding registered limit.")
        self.limits.items[collection].update({each["id"]: each for each in made})
        return answer({collection: [self._shown(call, collection, each) for each in made]}, status=201)

    def _gone(self, collection: str, item_id: str) -> Answer:
        if self.limits.items[collection].pop(item_id, None) is None:
            raise Fault(404, f"Could not find {collection[:-1].replace('_', ' ')}: {item_id}.")
        return Answer(status=204)

    def _shown(self, call: Call, collection: str, item: Item) -> Item:
        return {**item, "links": {"self": f"{call.origin}/v3/{collection}/{item['id']}"}}
