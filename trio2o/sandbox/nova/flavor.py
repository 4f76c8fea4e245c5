"""
Flavors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from trio2o.sandbox.call import Call


@frozen(kw_only=True)
class Flavor:
    """
    One flavor; ``ram`` and ``swap`` in MiB, ``disk`` and ``ephemeral`` in GiB. ``projects`` may use a flavor
    that is not public.
    """

    id: str
    name: str
    ram: int
    vcpus: int
    disk: int
    ephemeral: int = 0
    swap: int = 0
    rxtx_factor: float = 1.0
    is_public: bool = True
    description: str | None = None
    extra_specs: Mapping[str, str] = field(factory=dict)
    projects: frozenset[str] = frozenset()

    def visible_to(self, call: Call) -> bool:
        """
        Whether the caller may use it.
        """
        return self.is_public or call.caller.is_admin or call.project_id in self.projects

    def summary(self, call: Call) -> dict[str, Any]:
        """
        The form in ``GET /flavors``.
        """
        shown: dict[str, Any] = {"id": self.id, "name": self.name, "links": flavor_links(self.id, call)}
        if call.minor >= 55:
            shown["description"] = self.description
        return shown

    def shown(self, call: Call, *, with_specs: bool = True) -> dict[str, Any]:
        """
        The form in ``GET /flavors/ID``; 2.55 adds the description, 2.61 the extra specs, 2.75 changes some
        fields.
        """
        new = call.minor >= 75
        shown: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "ram": self.ram,
            "disk": self.disk,
            "swap": self.swap if self.swap or new else "",
            "OS-FLV-EXT-DATA:ephemeral": self.ephemeral,
        }
        if not new:
            shown["OS-FLV-DISABLED:disabled"] = False
        shown |= {"vcpus": self.vcpus, "os-flavor-access:is_public": self.is_public}
        if not new:
            shown["rxtx_factor"] = self.rxtx_factor
        shown["links"] = flavor_links(self.id, call)
        if call.minor >= 55:
            shown["description"] = self.description
        if call.minor >= 61 and with_specs:
            shown["extra_specs"] = dict(self.extra_specs)
        return shown

    def embedded(self) -> dict[str, Any]:
        """
        The form inside of a server from 2.47 on.
        """
        return {
            "vcpus": self.vcpus,
            "ram": self.ram,
            "disk": self.disk,
            "ephemeral": self.ephemeral,
            "swap": self.swap,
            "original_name": self.name,
            "extra_specs": dict(self.extra_specs),
        }


def flavor_links(flavor_id: str, call: Call) -> list[dict[str, str]]:
    """
    The self and bookmark links of a flavor.
    """
    return [
        {"rel": "self", "href": f"{call.base}/flavors/{flavor_id}"},
        {"rel": "bookmark", "href": bookmark(call, f"/flavors/{flavor_id}")},
    ]


def bookmark(call: Call, path: str) -> str:
    """
    A link without the version, with the project id if the URL had it.
    """
    return call.origin + (f"/{call.url_project}" if call.url_project else "") + path


DEFAULT_FLAVORS = (
    Flavor(id="1", name="m1.tiny", ram=512, vcpus=1, disk=1),
    Flavor(id="2", name="m1.small", ram=2048, vcpus=1, disk=20),
    Flavor(id="3", name="m1.medium", ram=4096, vcpus=2, disk=40),
    Flavor(id="42", name="m1.nano", ram=128, vcpus=1, disk=1),
    Flavor(id="84", name="m1.micro", ram=192, vcpus=1, disk=1),
)
