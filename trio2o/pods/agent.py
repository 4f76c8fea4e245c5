"""
treq as a proxy's client: one agent per service of a pod, and a treq client that goes straight to it.
"""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

from attrs import define
from treq.client import HTTPClient
from treq.cookies import IndexableCookieJar
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from twisted.web._newclient import (
    RequestNotSent,
    RequestTransmissionFailed,
    ResponseNeverReceived,
    _WrapperException,
)
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer
from zope.interface import implementer

from trio2o.exchange import HeaderList
from trio2o.pods.addresses import Address
from trio2o.pods.pool import ConnectionPool, IsConnection, NotConnected
from trio2o.pods.request import PodRequest
from trio2o.pods.response import PodResponse

#: What is sent again when a pooled connection turns out to be closed: safe, and without a body.
_REPEATED = frozenset({b"GET", b"HEAD"})

#: Seconds that a connection may have been idle to be used for a create (I13).
FRESH = 1.0


@implementer(IAgent)
@define(kw_only=True, eq=False)
class PodAgent:
    """
    Sends requests to one service of one pod.
    """

    _address: Address
    _pool: ConnectionPool[Any]

    def forward(
        self,
        method: bytes,
        target: bytes,
        headers: HeaderList,
        body: bytes | IBodyProducer | None,
        *,
        fresh: bool = False,
    ) -> Deferred[PodResponse]:
        """
        Send a request, its bytes as they are; the head of its response. Cancelling drops the connection.

        :raises NotConnected: if there is no connection.
        :raises Unsendable: if the request cannot be written as HTTP.
        """
        address = self._address
        request = PodRequest(method, address.prefix + target, address.authority, headers, body)
        connection: IsConnection | None = self._pool.take(FRESH if fresh else None)
        if connection is None:
            return self._pool.connect().addCallback(_sent_on, request)
        answered = connection.request(request)
        if body is None and not fresh and method in _REPEATED:
            answered.addErrback(self._again, request)
        return answered

    def request(  # type: ignore[override]  # Deferred is invariant; PodResponse is an IResponse
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[PodResponse]:
        """
        Twisted's and treq's way in. Only path and query of the URL count; they stand below the service's root already.
        """
        parts = urlsplit(uri)
        target = (parts.path or b"/") + (b"?" + parts.query if parts.query else b"")
        fields = [
            (name, value)
            for name, values in (headers or Headers()).getAllRawHeaders()
            for value in values
            if name.lower() != b"host"
        ]
        return self.forward(method, target.removeprefix(self._address.prefix), fields, bodyProducer)

    def close(self) -> None:
        """
        Close what is idle, and what is busy as soon as it is done.
        """
        self._pool.close()

    def _again(self, failure: Failure, request: PodRequest) -> Failure | Deferred[PodResponse]:
        if not failure.check(RequestNotSent, RequestTransmissionFailed, ResponseNeverReceived):
            return failure
        if isinstance(failure.value, _WrapperException) and any(
            reason.check(CancelledError) for reason in failure.value.reasons
        ):
            return failure
        return self._pool.connect().addCallbacks(_sent_on, _sent_before, callbackArgs=(request,))


def _sent_on(connection: IsConnection, request: PodRequest) -> Deferred[PodResponse]:
    return connection.request(request)


def _sent_before(failure: Failure) -> Failure:
    if isinstance(failure.value, NotConnected):
        failure.value.sent = True
    return failure


class ForwardingClient(HTTPClient):
    """
    treq's client with a way past what a proxy must not do: cookies of its own, redirects, decoding, buffering and
    parsing URLs anew.
    """

    _agent: PodAgent

    def __init__(self, agent: PodAgent) -> None:
        # The ordinary methods work too, and keep no cookies: one jar would mix up the users.
        super().__init__(agent, cookiejar=IndexableCookieJar(policy=DefaultCookiePolicy(allowed_domains=[])))

    def forward(
        self,
        method: bytes,
        target: bytes,
        headers: HeaderList,
        body: bytes | IBodyProducer | None,
        *,
        fresh: bool = False,
    ) -> Deferred[PodResponse]:
        """
        See :meth:`PodAgent.forward`.
        """
        return self._agent.forward(method, target, headers, body, fresh=fresh)

    def close(self) -> None:
        """
        See :meth:`PodAgent.close`.
        """
        self._agent.close()
