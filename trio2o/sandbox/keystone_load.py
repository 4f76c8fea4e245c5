"""
The JSON document that fills a fake Keystone: its configuration file, and the body of ``POST
/_sandbox/identity``.

::

    {
      "token_lifetime": 3600,
      "projects": [{"name": "demo", "id": "1ceb…"}],
      "users": [{"name": "demo", "password": "demopass", "default_project": "demo",
                 "roles": {"demo": ["member"]}, "system_roles": ["reader"]}],
      "regions": [{"id": "Pod1", "parent": "RegionOne"}],
      "endpoints": [{"region": "Pod1", "service": "compute", "url": "http://127.0.0.1:18774/v2.1"}],
      "application_credentials": [{"user": "demo", "project": "demo", "name": "robot", "secret": "s3cret",
                                   "access_rules": [
                                     {"service": "compute", "method": "GET", "path": "/v2.1/servers"}]}]
    }

Everything is optional and adds to what is there; a user, region or endpoint that exists is replaced. ``id``
may be given for projects, users and credentials. Names are looked up in the domain ``default``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trio2o.sandbox.keystone_catalog import Catalog
from trio2o.sandbox.keystone_state import Directory
from trio2o.sandbox.keystone_tokens import Tokens
from trio2o.sandbox.keystone_values import DEFAULT_DOMAIN, Scope, Unknown

_FIELDS: Mapping[str, frozenset[str]] = {
    "projects": frozenset({"name", "id", "enabled"}),
    "users": frozenset({"name", "password", "id", "default_project", "enabled", "roles", "system_roles"}),
    "regions": frozenset({"id", "description", "parent"}),
    "endpoints": frozenset({"region", "service", "url", "interfaces"}),
    "application_credentials": frozenset(
        {"user", "project", "name", "secret", "id", "roles", "access_rules", "unrestricted", "expires_at"}
    ),
}


class BadDocument(ValueError):
    """
    The document cannot be taken; the message names the place.
    """


def load(document: object, *, directory: Directory, catalog: Catalog, tokens: Tokens) -> None:
    """
    Take over everything that a document says.

    :raises BadDocument: if it has an unknown key, lacks a field, or names what is not there; what stood
        before the bad entry has been taken then.
    """
    if not isinstance(document, Mapping):
        raise BadDocument("The document is an object.")
    unknown = sorted(document.keys() - _FIELDS.keys() - {"token_lifetime"})
    if unknown:
        raise BadDocument(f"Unknown: {', '.join(unknown)}.")
    if "token_lifetime" in document:
        tokens.lifetime = float(document["token_lifetime"])
    takers: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
        "projects": lambda entry: directory.add_project(**entry),
        "users": lambda entry: _add_user(directory, entry),
        "regions": lambda entry: catalog.add_region(**entry),
        "endpoints": lambda entry: _set_endpoint(catalog, entry),
        "application_credentials": lambda entry: _add_credential(directory, entry),
    }
    for section, take in takers.items():
        for place, entry in _entries(document, section):
            try:
                take(entry)
            except (Unknown, KeyError, TypeError) as error:
                raise BadDocument(f"{place}: {error}") from error


def _entries(document: Mapping[str, Any], section: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    entries = document.get(section, [])
    if not isinstance(entries, list):
        raise BadDocument(f"{section} is a list.")
    for number, entry in enumerate(entries):
        place = f"{section}[{number}]"
        if not isinstance(entry, Mapping):
            raise BadDocument(f"{place} is an object.")
        unknown = sorted(entry.keys() - _FIELDS[section])
        if unknown:
            raise BadDocument(f"{place}: unknown: {', '.join(unknown)}.")
        yield place, entry


def _by_name(name: str) -> Mapping[str, Any]:
    return {"name": name, "domain": {"id": DEFAULT_DOMAIN}}


def _add_user(directory: Directory, entry: Mapping[str, Any]) -> None:
    default = entry.get("default_project")
    user = directory.add_user(
        entry["name"],
        entry["password"],
        id=entry.get("id"),
        default_project_id=directory.find_project(_by_name(default)).id if default else None,
        enabled=entry.get("enabled", True),
    )
    for project, roles in entry.get("roles", {}).items():
        project_id = directory.find_project(_by_name(project)).id
        directory.grant(user.id, roles, Scope(project_id=project_id))
    if "system_roles" in entry:
        directory.grant(user.id, entry["system_roles"], Scope(system=True))


def _set_endpoint(catalog: Catalog, entry: Mapping[str, Any]) -> None:
    chosen = {"interfaces": entry["interfaces"]} if "interfaces" in entry else {}
    catalog.set_endpoint(entry["region"], entry["service"], entry["url"], **chosen)


def _add_credential(directory: Directory, entry: Mapping[str, Any]) -> None:
    rest = {name: value for name, value in entry.items() if name not in ("user", "project")}
    user = directory.find_user(_by_name(entry["user"]))
    project = directory.find_project(_by_name(entry["project"]))
    directory.add_application_credential(user.id, project.id, **rest)
