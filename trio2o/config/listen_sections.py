"""
The section ``listen``: where the surfaces are served.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from trio2o.config import checks
from trio2o.config.option import option


def _endpoints(port: int) -> Any:
    """
    Make the option for where a surface listens.
    """
    return option(
        "Twisted endpoint strings to listen at (tcp:…, ssl:…, unix:…, systemd:…); an empty list does not serve the surface.",
        default=(f"tcp:{port}:interface=127.0.0.1",),
        each=checks.endpoint,
    )


def _public_url(port: int) -> Any:
    """
    Make the option for where users reach a surface.
    """
    return option(
        "What links point at, as users reach the surface: scheme, host, port and any prefix, without the version. "
        "Without it the Host field of each request decides.",
        default=None,
        check=checks.root_url,
        example=f"https://cloud.example.org:{port}",
    )


@frozen(kw_only=True)
class ComputeListen:
    """
    The compute surface: Nova's API.
    """

    endpoints: tuple[str, ...] = _endpoints(19998)
    public_url: str | None = _public_url(8774)


@frozen(kw_only=True)
class VolumeListen:
    """
    The volume surface: Cinder's API.
    """

    endpoints: tuple[str, ...] = _endpoints(19997)
    public_url: str | None = _public_url(8776)


@frozen(kw_only=True)
class AdminListen:
    """
    The admin surface: pods, bindings, routes, metrics.
    """

    endpoints: tuple[str, ...] = _endpoints(19996)
    public_url: str | None = _public_url(19996)


@frozen(kw_only=True)
class ListenSections:
    """
    Where the surfaces are served. The defaults are for this host alone, since plain HTTP shows tokens to the network:
    open them to it with TLS (``ssl:``) or behind a balancer that ends TLS.
    """

    compute: ComputeListen = option("", factory=ComputeListen)
    volume: VolumeListen = option("", factory=VolumeListen)
    admin: AdminListen = option("", factory=AdminListen)
