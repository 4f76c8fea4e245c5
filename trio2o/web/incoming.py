"""
What is read of a client's request, as values.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from twisted.web.server import Request

from trio2o.errors import BadRequest
from trio2o.exchange import HeaderList

#: What a ``Host`` may be (RFC 9110 section 7.2): it gets into links, so nothing that ends a JSON string or a URL.
_HOST = re.compile(rb"[A-Za-z0-9._~%-]{1,255}(?::[0-9]{0,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{0,5})?")


def header_list(request: Request) -> HeaderList:
    """
    All fields of the head; those of one name stay in their order.
    """
    return [(name, value) for name, values in request.requestHeaders.getAllRawHeaders() for value in values]


def last(request: Request, name: bytes) -> bytes:
    """
    The last value of a field, empty for none.
    """
    values = request.requestHeaders.getRawHeaders(name)
    return values[-1].strip() if values else b""


def peer(request: Request) -> str:
    """
    The address at the other end of the connection; empty for a UNIX socket.
    """
    return getattr(request.client, "host", "") or ""


def split_target(request: Request) -> tuple[bytes, bytes | None]:
    """
    Path and query as they were sent; an absolute-form target (RFC 9112 section 3.2.2) gives its path.
    """
    target = request.uri
    if not target.startswith(b"/"):
        _, found, rest = target.partition(b"://")
        target = b"/" + rest.partition(b"/")[2] if found else b"/" + target
    path, found, query = target.partition(b"?")
    return path, query if found else None


def derived_root(request: Request, *, trust_forwarded: bool) -> bytes:
    """
    What links begin with when no public URL is configured: how this client reached us.

    ``X-Forwarded-*`` is believed only where the configuration says that a proxy in front sets it.

    :raises BadRequest: if that is no name of a host.
    """
    scheme = b"https" if request.isSecure() else b"http"
    host = last(request, b"host")
    if trust_forwarded:
        scheme = last(request, b"x-forwarded-proto") or scheme
        host = last(request, b"x-forwarded-host") or host
    if host and _HOST.fullmatch(host) is None:
        raise BadRequest("The Host of the request is not the name of a host.")
    if not host:
        address = request.getHost()
        host = f"{getattr(address, 'host', 'localhost')}:{getattr(address, 'port', 80)}".encode("ascii")
    return scheme + b"://" + host


class Trust:
    """
    The balancers in front, whose ``X-Forwarded-*`` fields are believed.
    """

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ip_network(each, strict=False) for each in networks]

    def covers(self, address: str) -> bool:
        """
        True for the address of a trusted balancer. A socket for both families shows IPv4 addresses in IPv6 ones.

        :raises ValueError: if it is no address.
        """
        if not self._networks or not address:
            return False
        found = ip_address(address)
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in network for network in self._networks)

    def client(self, request: Request) -> str:
        """
        The address that the request came from, as far as it can be believed: the last one that no trusted balancer has.
        """
        address = peer(request)
        if not self.covers(address):
            return address
        told = request.requestHeaders.getRawHeaders(b"x-forwarded-for", [])
        for way in reversed(b",".join(told).decode("latin-1").split(",")):
            try:
                if not self.covers(way.strip()):
                    return way.strip() or address
            except ValueError:
                return address
        return address
