"""
Where a service of a pod is: from the root of its URL to what a connection and a request line need.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from attrs import frozen


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
