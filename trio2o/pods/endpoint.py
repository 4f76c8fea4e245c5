"""
Connecting to a pod's service: TCP, and TLS with the pod's own authorities.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from OpenSSL.crypto import FILETYPE_PEM, load_certificate
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates

from trio2o.pods.addresses import Address

_END = "-----END CERTIFICATE-----"


def endpoint_for(
    reactor: IReactorTime, address: Address, ca_file: str, timeout: float
) -> IStreamClientEndpoint:
    """
    The endpoint of an address; it names the host in TLS and checks the certificate against ``ca_file``, or the system's
    authorities where that is empty.

    :raises ValueError: if the file cannot be read or holds no certificate.
    """
    plain: IStreamClientEndpoint
    if isIPAddress(address.host):
        plain = TCP4ClientEndpoint(reactor, address.host, address.port, timeout=timeout)
    elif isIPv6Address(address.host):
        plain = TCP6ClientEndpoint(reactor, address.host, address.port, timeout=timeout)
    else:
        # Looked up in a thread; both families side by side (RFC 8305).
        plain = HostnameEndpoint(reactor, address.host, address.port, timeout=timeout)
    if not address.secure:
        return plain
    trust: Any = trusted(ca_file) if ca_file else None
    return wrapClientTLS(optionsForClientTLS(address.host, trustRoot=trust), plain)


def trusted(ca_file: str) -> object:
    """
    The authorities of a PEM file.

    :raises ValueError: if it cannot be read or holds no certificate.
    """
    try:
        text = Path(ca_file).read_text(encoding="ascii")
        blocks = [block + _END for block in text.split(_END)[:-1]]
        found = [Certificate(load_certificate(FILETYPE_PEM, block.encode())) for block in blocks]
    except Exception as error:
        raise ValueError(f"{ca_file}: {type(error).__name__}: {error}") from error
    if not found:
        raise ValueError(f"{ca_file}: no certificate in it")
    return trustRootFromCertificates(found)
