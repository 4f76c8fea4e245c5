"""
What the sandbox registers in its Keystone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import define, field
from keystoneauth1.session import Session

#: The interfaces of an endpoint; ``admin`` has meant nothing since Identity v3.
_INTERFACES = ("public", "internal")


@define(kw_only=True)
class Registrar:
    """
    Makes things in Keystone that are not there yet. Each kind is listed once: a real Keystone takes its time.
    """

    session: Session
    url: str
    _listed: dict[str, list[dict[str, Any]]] = field(factory=dict, init=False)

    def region(self, name: str, parent: str | None) -> None:
        """
        A region below another.
        """
        if not self._find("regions", {"id": name}):
            self._make("regions", "region", {"id": name, "parent_region_id": parent})

    def endpoint(self, service_name: str, service_type: str, region: str, url: str) -> None:
        """
        The endpoints of one service in one region.
        """
        service = self._find("services", {"type": service_type}) or self._make(
            "services", "service", {"name": service_name, "type": service_type}
        )
        for interface in _INTERFACES:
            wanted = {"service_id": service["id"], "interface": interface, "region_id": region, "url": url}
            if not self._find("endpoints", wanted):
                self._make("endpoints", "endpoint", wanted)

    def project(self, name: str) -> str:
        """
        A project of the default domain; its id.
        """
        wanted = {"name": name, "domain_id": "default"}
        return str((self._find("projects", wanted) or self._make("projects", "project", wanted))["id"])

    def user(self, name: str, password: str, project_id: str, roles: Iterable[str]) -> str:
        """
        A user with roles in a project; its id.
        """
        wanted = {"name": name, "domain_id": "default"}
        made = self._find("users", wanted) or self._make(
            "users", "user", {**wanted, "password": password, "default_project_id": project_id}
        )
        for role_name in roles:
            role = self._find("roles", {"name": role_name}) or self._make(
                "roles", "role", {"name": role_name}
            )
            self.session.put(f"{self.url}/projects/{project_id}/users/{made['id']}/roles/{role['id']}")
        return str(made["id"])

    def _find(self, plural: str, wanted: Mapping[str, str]) -> dict[str, Any] | None:
        if plural not in self._listed:
            self._listed[plural] = self.session.get(f"{self.url}/{plural}").json()[plural]
        for item in self._listed[plural]:
            if all(item.get(name) == value for name, value in wanted.items()):
                return item
        return None

    def _make(self, plural: str, single: str, values: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.session.post(f"{self.url}/{plural}", json={single: dict(values)})
        made: dict[str, Any] = answer.json()[single]
        self._listed.setdefault(plural, []).append(made)
        return made
