"""
From a DSN to the servers that can be connected to without libpq looking any name up.

libpq resolves host names synchronously even for an asynchronous connection, so names become ``hostaddr``
here, in a thread; ``host`` stays beside it, since TLS certificates are checked against the name.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from typing import Any

import psycopg2
from psycopg2.extensions import parse_dsn
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool

from trio2o.errors import DatabaseUnavailable

#: What notices a peer that vanished; the DSN may set each otherwise. Seconds, and milliseconds for the last.
_LIVENESS = {
    "keepalives_idle": "10",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}


def parameters_of(dsn: str) -> dict[str, str]:
    """
    The connection parameters that a DSN names, as a URL or as ``key=value`` pairs.

    :raises ValueError: if it is neither; the message repeats nothing of it, since it may hold a password.
    """
    try:
        parsed: dict[str, str] = parse_dsn(dsn)
    except psycopg2.ProgrammingError:
        forms = "postgresql://user@host/database or host=… dbname=…"
        raise ValueError(f"not a PostgreSQL DSN ({forms})") from None
    return parsed


def described(dsn: str) -> str:
    """
    A DSN for logs: without password and options.
    """
    shown = parameters_of(dsn)
    keys = ("host", "hostaddr", "port", "user", "dbname")
    return " ".join(f"{key}={shown[key]}" for key in keys if shown.get(key))


def _split(parameters: dict[str, str]) -> list[dict[str, str]]:
    """
    One set of parameters per server of a DSN that lists several, paired up as libpq does.
    """
    hosts = parameters.get("host", "").split(",")
    addresses = parameters.get("hostaddr", "").split(",")
    ports = parameters.get("port", "").split(",")
    count = max(len(hosts), len(addresses))
    servers = []
    for index in range(count):
        own = {"host": hosts, "hostaddr": addresses, "port": ports}
        server = dict(parameters)
        for key, values in own.items():
            value = values[0] if len(values) == 1 else values[index] if index < len(values) else ""
            server.pop(key, None)
            if value:
                server[key] = value
        servers.append(server)
    return servers


def _needs_lookup(server: dict[str, str]) -> bool:
    host = server.get("host", "")
    if not host or server.get("hostaddr") or host[0] in "/@":
        return False
    return not (isIPAddress(host) or isIPv6Address(host))


def _looked_up(reactor: Any, host: str) -> Deferred[Any]:
    pool = reactor.getThreadPool()
    return deferToThreadPool(reactor, pool, socket.getaddrinfo, host, None, 0, socket.SOCK_STREAM)


async def servers_of(reactor: Any, dsn: str) -> Sequence[dict[str, str]]:
    """
    Parameters for each server (and each address of its name) that the DSN allows, in the order to try them.

    :raises DatabaseUnavailable: if no name could be resolved.
    :raises ValueError: if it is no DSN.
    """
    parameters = parameters_of(dsn)
    if "host" not in parameters and "hostaddr" not in parameters and os.environ.get("PGHOST"):
        parameters["host"] = os.environ["PGHOST"]
    parameters = {**_LIVENESS, "client_encoding": "UTF8", "application_name": "trio2o", **parameters}
    found: list[dict[str, str]] = []
    unknown = []
    for server in _split(parameters):
        if not _needs_lookup(server):
            found.append(server)
            continue
        try:
            answers = await _looked_up(reactor, server["host"])
        except OSError:
            unknown.append(server["host"])
            continue
        addresses = dict.fromkeys(str(answer[4][0]) for answer in answers)
        found.extend({**server, "hostaddr": address} for address in addresses)
    if not found:
        raise DatabaseUnavailable(f"no address for the database host {', '.join(unknown)}")
    return found
