"""
Credentials from ``clouds.yaml``, the file that OpenStack's own clients read (openstacksdk's documentation has
its format).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from attrs import field, frozen

from trio2o.identity.plugins import BadCredentials

#: Keys of a cloud that hold other services' settings and say nothing about authentication are passed over.
_UNUSABLE: Mapping[str, str] = {
    "profile": "vendor profiles are not known here; write the auth_url out",
    "cert": "a TLS client certificate cannot be used",
}


@frozen(kw_only=True)
class Cloud:
    """
    What one cloud of the file says about reaching its Keystone.
    """

    auth_type: str
    #: The plugin's options.
    auth: Mapping[str, Any] = field(repr=False)
    #: PEM file of the certificate authorities; empty for the system's.
    ca_file: str = ""
    #: ``public``, ``internal`` or ``admin``; empty where the file says nothing.
    interface: str = ""


def clouds_files(environ: Mapping[str, str], home: Path) -> list[Path]:
    """
    Where the file is looked for, in order.
    """
    places = [Path("clouds.yaml"), home / ".config/openstack/clouds.yaml", Path("/etc/openstack/clouds.yaml")]
    named = environ.get("OS_CLIENT_CONFIG_FILE")
    return [Path(named), *places] if named else places


def read_cloud(name: str, files: list[Path]) -> Cloud:
    """
    A cloud from the first of the files that exists; a ``secure.yaml`` beside it adds secrets. Reads the disk.

    :raises BadCredentials: if there is no file or no such cloud, or it asks for what is not supported.
    """
    for file in files:
        if file.is_file():
            secrets = file.with_name("secure.yaml")
            public = _read(file)
            return parse_cloud(name, public, _read(secrets) if secrets.is_file() else {}, where=str(file))
    raise BadCredentials("no clouds.yaml in " + ", ".join(str(file) for file in files))


def parse_cloud(name: str, document: Mapping[str, Any], secrets: Mapping[str, Any], *, where: str) -> Cloud:
    """
    A cloud of a parsed file; ``where`` is how errors call the file.

    :raises BadCredentials: if there is no such cloud, or it asks for what is not supported.
    """
    cloud = _section(document, "clouds", name)
    if not cloud:
        raise BadCredentials(f"{where}: no cloud {name}")
    secret = _section(secrets, "clouds", name)
    for key, why in _UNUSABLE.items():
        if cloud.get(key):
            raise BadCredentials(f"{where}: clouds.{name}.{key}: {why}")
    if cloud.get("verify") is False:
        raise BadCredentials(f"{where}: clouds.{name}.verify: certificates are checked; name them in cacert")
    return Cloud(
        auth_type=str(cloud.get("auth_type") or "password"),
        auth={**_section(cloud, "auth"), **_section(secret, "auth")},
        ca_file=str(Path(cloud["cacert"]).expanduser()) if cloud.get("cacert") else "",
        interface=str(cloud.get("interface") or "").removesuffix("URL"),
    )


def _section(document: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        inner = document.get(key)
        if not isinstance(inner, Mapping):
            return {}
        document = inner
    return document


def _read(file: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as problem:
        # The problem's own words may quote the file, secrets with it.
        mark = getattr(problem, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark is not None else ""
        raise BadCredentials(f"{file}: cannot be read{line}: {type(problem).__name__}") from None
    return document if isinstance(document, Mapping) else {}
