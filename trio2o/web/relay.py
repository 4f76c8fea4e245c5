"""
Writing an answer to the client, its body straight from the pod where it is still there. Callbacks: the hot path.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IPushProducer
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from zope.interface import implementer

from trio2o.exchange import Answer
from trio2o.interfaces import IPodAnswer
from trio2o.web.streaming import GatewayRequest

#: Up to this length a body is collected: it is sent in one piece, with its length even after a transformation.
COLLECTED = 65_536

#: Seconds for which a client may take nothing of what is ready for it.
STALL = 120.0

_BODILESS = frozenset({204, 304})


def relay(request: GatewayRequest, answer: Answer) -> Deferred[tuple[int, bool]]:
    """
    Write an answer; the bytes of body sent, and whether the client got it whole.

    A pod's body that is cut short cuts the client's connection, a client that leaves or stalls drops the pod's. Never
    fails; cancelling cuts both. ``answer.headers`` are end-to-end fields, see :func:`trio2o.rewriting.headers.returned`.
    """
    body = answer.body
    if isinstance(body, bytes):
        if request.gone:
            return succeed((0, False))
        request.write_answer(answer.status, answer.headers, body)
        return succeed((request.sentLength, True))
    if request.gone:
        body.discard()
        return succeed((0, False))
    if request.method == b"HEAD" or answer.status in _BODILESS:
        told = body.header(b"content-length") if answer.transform is None else None
        body.discard()
        request.write_head(answer.status, answer.headers, int(told) if told and told.isdigit() else None)
        request.finish()
        return succeed((0, True))
    return _Relay(request, answer, body).start()


@implementer(IPushProducer)
class _Relay(Protocol):
    """
    Takes a pod's body in and gives it to the client.

    What comes at once, while the body is asked for, is collected: a short answer is one write and needs no producer.
    """

    def __init__(self, request: GatewayRequest, answer: Answer, body: IPodAnswer) -> None:
        self._request = request
        self._answer = answer
        self._body = body
        self._transform = answer.transform
        #: Collect everything: it is short.
        self._collects = body.length is not None and body.length <= COLLECTED
        self._collected: list[bytes] | None = []
        self._ended: Failure | None = None
        self._producing = False
        self._stall: IDelayedCall | None = None
        self._over = False
        self._done: Deferred[tuple[int, bool]] = Deferred(lambda _: self._cut())

    def start(self) -> Deferred[tuple[int, bool]]:
        """
        Ask for the body.
        """
        self._request.when_lost = self._client_left
        self._body.stream(self)
        if self._ended is None and not self._collects and not self._over:
            self._open()
        return self._done

    def dataReceived(self, data: bytes) -> None:
        if self._over:
            return
        if self._collected is not None:
            self._collected.append(data)
            return
        if self._transform is not None:
            data = self._transform.feed(data)
        if data:
            self._request.write(data)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self._ended = reason
        if self._over:
            return
        if reason.check(ResponseDone, PotentialDataLoss) is None:
            self._cut()
            self._finished(whole=False)
        elif self._collected is not None:
            self._write_collected(self._collected)
        else:
            if self._transform is not None:
                rest = self._transform.flush()
                if rest:
                    self._request.write(rest)
            self._request.unregisterProducer()
            self._request.finish()
            self._finished(whole=True)

    def _write_collected(self, collected: list[bytes]) -> None:
        body = b"".join(collected)
        if self._transform is not None:
            body = self._transform.feed(body) + self._transform.flush()
        self._request.write_answer(self._answer.status, self._answer.headers, body)
        self._finished(whole=True)

    def _open(self) -> None:
        """
        The body is long, or nobody knows how long: write the head and what came, and go on with backpressure.
        """
        request, answer = self._request, self._answer
        first = b"".join(self._collected or ())
        self._collected = None
        length = self._body.length
        if self._transform is not None:
            first, length = self._transform.feed(first), None
        self._producing = True
        request.registerProducer(self, True)
        request.write_head(answer.status, answer.headers, length, first)

    def pauseProducing(self) -> None:
        if self._over or self._ended is not None:
            return
        self._pod().pauseProducing()
        if self._stall is None:
            self._stall = self._request.site.reactor.callLater(STALL, self._stalled)

    def resumeProducing(self) -> None:
        self._rest()
        if not self._over and self._ended is None:
            self._pod().resumeProducing()

    def stopProducing(self) -> None:
        self._client_left()

    def _pod(self) -> Any:
        return self.transport

    def _stalled(self) -> None:
        self._stall = None
        self._cut()
        self._finished(whole=False)

    def _client_left(self) -> None:
        if not self._over:
            self._over = True
            self._drop_pod()
            self._finished(whole=False)

    def _cut(self) -> None:
        """
        End both connections.
        """
        self._over = True
        self._rest()
        self._drop_pod()
        self._request.abort()

    def _drop_pod(self) -> None:
        if self._ended is None and self.transport is not None:
            self._pod().stopProducing()

    def _finished(self, *, whole: bool) -> None:
        self._over = True
        self._rest()
        self._request.when_lost = None
        if self._producing and not self._request.gone and not whole:
            self._request.unregisterProducer()
        if not self._done.called:
            self._done.callback((self._request.sentLength, whole))

    def _rest(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
