"""
The HTTP client that Keystone is asked with, and answers of bounded size.
"""

from __future__ import annotations

import re
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, cast

from treq.client import HTTPClient
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorCore
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import Certificate, platformTrust, trustRootFromCertificates
from twisted.python.failure import Failure
from twisted.web.client import (
    Agent,
    BrowserLikePolicyForHTTPS,
    HTTPConnectionPool,
    ResponseDone,
    _HTTP11ClientFactory,
)
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IResponse

from trio2o.identity.plugins import BadCredentials

#: Seconds that an idle connection is kept. Servers close theirs after two seconds (gunicorn) or five
#: (Apache), and a request that meets the close fails.
_IDLE = 1.5

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class AnswerTooLarge(Exception):
    """
    A body is longer than its limit.
    """


class _QuietFactory(_HTTP11ClientFactory):
    """
    Does not log each connection that is made and closed. There is no public way to say so.
    """

    noisy = False


def keystone_pool(reactor: IReactorCore, *, connections: int = 32) -> HTTPConnectionPool:
    """
    The connections to Keystone, kept for the next request; ``closeCachedConnections`` ends them.
    """
    pool = HTTPConnectionPool(reactor)
    pool._factory = _QuietFactory
    pool.maxPersistentPerHost = connections
    # Any number does, whatever the class says.
    pool.cachedConnectionTimeout = cast("int", _IDLE)
    return pool


def keystone_http(
    reactor: IReactorCore, pool: HTTPConnectionPool, *, ca_file: str = "", connect_timeout: float = 5.0
) -> HTTPClient:
    """
    A client for Keystone: a pool of its own, no cookies.

    ``ca_file`` is a PEM file of certificate authorities, empty for the system's; it is read once.
    ``connect_timeout`` is in seconds.

    :raises BadCredentials: if the file has no certificate or cannot be read.
    """
    if ca_file:
        try:
            found = _CERTIFICATE.findall(Path(ca_file).read_bytes())
        except OSError as problem:
            raise BadCredentials(f"{ca_file}: cannot be read: {problem.strerror}") from None
        if not found:
            raise BadCredentials(f"{ca_file}: no certificate in it")
        trust = trustRootFromCertificates([Certificate.loadPEM(each) for each in found])
    else:
        trust = platformTrust()
    agent = Agent(reactor, BrowserLikePolicyForHTTPS(trust), connectTimeout=connect_timeout, pool=pool)
    no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    # treq only names its own subclass because of what it deprecates there.
    return HTTPClient(agent, cast("Any", no_cookies))


def read_body(response: IResponse, limit: int) -> Deferred[bytes]:
    """
    The body of an answer. Cancelling drops the connection.

    :raises AnswerTooLarge: if it is longer than ``limit`` bytes.
    """
    collector = _Collector(limit)
    if isinstance(response.length, int) and response.length > limit:
        collector.fail(Failure(AnswerTooLarge(response.length)))
    response.deliverBody(collector)
    return collector.whole


class _Collector(Protocol):
    def __init__(self, limit: int) -> None:
        self._left = limit
        self._parts: list[bytes] = []
        self._failed = False
        self.whole: Deferred[bytes] = Deferred(lambda _: self._drop())

    def connectionMade(self) -> None:
        if self._failed:
            self._drop()

    def dataReceived(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            self.fail(Failure(AnswerTooLarge()))
            self._drop()
        elif not self._failed:
            self._parts.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.whole.called:
            return
        if reason.check(ResponseDone, PotentialDataLoss):
            self.whole.callback(b"".join(self._parts))
        else:
            self.fail(reason)

    def fail(self, reason: Failure) -> None:
        """
        Give up; what still comes is dropped.
        """
        self._failed = True
        self._parts.clear()
        if not self.whole.called:
            self.whole.errback(reason)

    def _drop(self) -> None:
        self._failed = True
        if self.transport is not None:
            self.transport.loseConnection()
