"""
Which header fields pass the gateway, in both directions. Pure; names are compared in lower case.

Sources: RFC 9110 sections 7.6.1 (Connection), 7.6.3 (Via) and 10.1.1 (Expect); the middleware documentation of
keystonemiddleware for the identity fields.
"""

from __future__ import annotations

from trio2o.exchange import HeaderList

#: Fields that concern one connection only.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)


def _identity_fields() -> frozenset[bytes]:
    """
    What keystonemiddleware tells the service behind it, for the user's token and for the service's.
    """
    told = (
        b"domain-id",
        b"domain-name",
        b"identity-status",
        b"project-domain-id",
        b"project-domain-name",
        b"project-id",
        b"project-name",
        b"roles",
        b"user-domain-id",
        b"user-domain-name",
        b"user-id",
        b"user-name",
    )
    return frozenset(
        {b"x-" + name for name in told}
        | {b"x-service-" + name for name in told}
        | {
            b"openstack-system-scope",
            b"x-is-admin-project",
            b"x-role",
            b"x-service-catalog",
            b"x-tenant",
            b"x-tenant-id",
            b"x-tenant-name",
            b"x-user",
        }
    )


#: Fields by which a client could pass for someone else at a service that trusts them.
IDENTITY = _identity_fields()

#: Tokens of the client; what a pod is to see of them is put in anew.
CREDENTIALS = frozenset({b"x-auth-token", b"x-service-token", b"x-storage-token"})

#: The framing, which whoever sends the body decides anew, and what the next hop is told by its own connection.
_FRAMING = frozenset({b"content-length", b"expect", b"host"})

#: A pod's answers are read and changed on their way: they must come unpacked.
_CODINGS = frozenset({b"accept-encoding"})

#: What a client asks of this gateway alone.
_FOR_THE_GATEWAY = frozenset({b"x-trio2o-explain"})

_REPLACED = frozenset({b"via", b"x-forwarded-for", b"x-openstack-request-id"})

_NOT_FORWARDED = HOP_BY_HOP | IDENTITY | CREDENTIALS | _FRAMING | _CODINGS | _FOR_THE_GATEWAY | _REPLACED

#: ``Server`` would tell one pod from another.
_NOT_RETURNED = HOP_BY_HOP | {b"content-length", b"server"}


def forwarded(
    headers: HeaderList,
    *,
    peer: bytes,
    scheme: bytes,
    host: bytes,
    pseudonym: bytes,
    request_id: bytes = b"",
    token: bytes | None = None,
    service_token: bytes | None = None,
) -> HeaderList:
    """
    The fields that go to a pod: the client's end-to-end ones in their order, then the gateway's.

    ``Via`` and ``X-Forwarded-For`` are extended; ``X-Forwarded-Proto`` and ``-Host`` are added where a proxy in front has
    not told them. ``Host`` and the framing are the pod client's to add, ``X-Auth-Token`` whoever knows the pod's token.

    :param peer: the address at the other end of the client's connection.
    :param scheme: ``http`` or ``https``, as the client's connection is.
    :param host: the ``Host`` that the client sent; empty for none.
    :param pseudonym: how this gateway calls itself in ``Via``.
    :param request_id: goes along as ``X-Openstack-Request-Id``, for the pod's log; empty for none.
    :param token: the token that the pod knows, where it is known already.
    :param service_token: the client's ``X-Service-Token``, where the pod may see it (I17).
    """
    kept: HeaderList = []
    via: list[bytes] = []
    ways: list[bytes] = []
    named: set[bytes] = set()
    proto_told = host_told = False
    for pair in headers:
        name = pair[0].lower()
        if name in _NOT_FORWARDED:
            if name == b"connection":
                named.update(_tokens(pair[1]))
            elif name == b"via":
                via.append(pair[1])
            elif name == b"x-forwarded-for":
                ways.append(pair[1])
            continue
        if b"_" in name and name.replace(b"_", b"-") in _NOT_FORWARDED:
            # CGI and WSGI know no difference between the two spellings.
            continue
        if name == b"x-forwarded-proto":
            proto_told = True
        elif name == b"x-forwarded-host":
            host_told = True
        kept.append(pair)
    if named - HOP_BY_HOP - _CONNECTION_OPTIONS:
        kept = [pair for pair in kept if pair[0].lower() not in named]
    via.append(b"1.1 " + pseudonym)
    kept.append((b"Via", b", ".join(via)))
    ways.append(peer)
    kept.append((b"X-Forwarded-For", b", ".join(ways)))
    if not proto_told:
        kept.append((b"X-Forwarded-Proto", scheme))
    if host and not host_told:
        kept.append((b"X-Forwarded-Host", host))
    if request_id:
        kept.append((b"X-Openstack-Request-Id", request_id))
    if token is not None:
        kept.append((b"X-Auth-Token", token))
    if service_token is not None:
        kept.append((b"X-Service-Token", service_token))
    return kept


def looped(headers: HeaderList, pseudonym: bytes) -> bool:
    """
    True when the request has been through this gateway before: its own name is in ``Via``.
    """
    own = pseudonym.lower()
    for name, value in headers:
        if name.lower() == b"via":
            for hop in value.split(b","):
                parts = hop.split(None, 2)
                if len(parts) > 1 and parts[1].lower() == own:
                    return True
    return False


def returned(headers: HeaderList) -> HeaderList:
    """
    The fields of a pod's answer that go to the client, in their order. ``Date`` is the pod's; the length is left to
    whoever writes the body.
    """
    kept = [pair for pair in headers if pair[0].lower() not in _NOT_RETURNED]
    if len(kept) != len(headers):
        named = {name for key, value in headers if key.lower() == b"connection" for name in _tokens(value)}
        if named - HOP_BY_HOP - _CONNECTION_OPTIONS:
            kept = [pair for pair in kept if pair[0].lower() not in named]
    return kept


#: What ``Connection`` says that is no field name.
_CONNECTION_OPTIONS = frozenset({b"close"})


def _tokens(value: bytes) -> list[bytes]:
    return [token.strip().lower() for token in value.split(b",")]
