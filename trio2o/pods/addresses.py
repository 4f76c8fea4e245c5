"""
Where a service of a pod is: from the URL of a catalog or a configuration to what a connection and a request line need.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from attrs import frozen

#: A version at the end of a path, and perhaps a project id or its placeholder after it: ``/v2.1/%(project_id)s``.
_VERSION = re.compile(r"/v[0-9]+(?:\.[0-9]+)*(?:/[^/]*)?/*\Z")


def root_url(url: str) -> str:
    """
    The root of a service: its URL without version, project id, query and trailing slash.

    ``https://pod/compute/v2.1/%(project_id)s`` gives ``https://pod/compute``.
    """
    root = url.strip().partition("?")[0].partition("#")[0].rstrip("/")
    return _VERSION.sub("", root).rstrip("/")


@frozen(kw_only=True)
class Address:
    """
    The root of a service, parsed once.
    """

    secure: bool
    #: A name or an IP address, without brackets.
    host: str
    port: int
    #: The value of ``Host``: with the port where it is not the scheme's own.
    authority: bytes
    #: What comes before a target such as ``/v2.1/servers``; empty or beginning with a slash.
    prefix: bytes


def parse_root(root: str) -> Address:
    """
    Parse a root URL.

    :raises ValueError: if it is not an absolute http or https URL in ASCII, or carries a user or password.
    """
    if not root.isascii() or any(character <= " " for character in root):
        raise ValueError(f"{root!r} is not a URL")
    parts = urlsplit(root)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{root!r} is not an http or https URL")
    if "@" in parts.netloc:
        raise ValueError("a pod's URL carries no user or password")
    secure = parts.scheme == "https"
    usual = 443 if secure else 80
    port = parts.port or usual
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    authority = host if port == usual else f"{host}:{port}"
    return Address(
        secure=secure,
        host=parts.hostname,
        port=port,
        authority=authority.encode("ascii"),
        prefix=parts.path.rstrip("/").encode("ascii"),
    )
