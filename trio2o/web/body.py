"""
The body of a client's request, while it comes.
"""

from __future__ import annotations

import enum
from typing import Protocol

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IConsumer
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from trio2o.errors import BodyTooLarge
from trio2o.interfaces import IRequestBody


class IsBodySource(Protocol):
    """
    What a body needs of the connection that it comes from.
    """

    def pause_body(self) -> None:
        """
        Read no more for the moment.
        """

    def resume_body(self) -> None:
        """
        Read on.
        """

    def send_continue(self) -> None:
        """
        Tell the client, who waits for it, to send the body (RFC 9110 section 10.1.1).
        """


class _Mode(enum.Enum):
    """
    What happens to bytes that come.
    """

    #: Nobody has asked yet: keep what came and read no more.
    UNWANTED = enum.auto()
    READ = enum.auto()
    PRODUCED = enum.auto()
    DROPPED = enum.auto()


@implementer(IRequestBody)
class RequestBody:
    """
    Kept until someone reads it or streams it; no more of it is in memory than one read from the socket.
    """

    def __init__(self, source: IsBodySource | None, length: int | None, *, continues: bool = False) -> None:
        """
        :param source: ``None`` for a request without body.
        :param length: ``None`` for chunked.
        :param continues: whether the client waits for "100 Continue".
        """
        self.length = length
        self.ended = source is None
        self._source = source
        self._continues = continues
        self._mode = _Mode.UNWANTED
        self._kept: list[bytes] = []
        self._paused = False
        self._lost: Failure | None = None
        self._limit = 0
        self._size = 0
        self._reading: Deferred[bytes] | None = None
        self._producing: _BodyProducer | None = None

    def read(self, limit: int) -> Deferred[bytes]:
        """
        See :class:`IRequestBody`. Fails with the connection's end when the client leaves. Cancelling drops the rest.
        """
        self._claim()
        if self.length is not None and self.length > limit:
            self._mode = _Mode.DROPPED
            self._kept.clear()
            return fail(_too_large(limit))
        if self._lost is not None:
            return fail(self._lost)
        self._mode, self._limit = _Mode.READ, limit
        self._size = sum(map(len, self._kept))
        if self._size > limit:
            self._drop()
            return fail(_too_large(limit))
        if self.ended:
            return succeed(self._joined())
        self._reading = Deferred(lambda _: self._drop())
        self._wanted()
        return self._reading

    def producer(self) -> IBodyProducer | None:
        self._claim()
        if self.length == 0:
            return None
        self._mode = _Mode.PRODUCED
        self._producing = _BodyProducer(self)
        return self._producing

    def feed(self, data: bytes) -> None:
        """
        The next bytes.
        """
        if self._mode is _Mode.DROPPED:
            return
        if self._mode is _Mode.READ:
            self._size += len(data)
            if self._size > self._limit:
                reading, self._reading = self._reading, None
                self._drop()
                if reading is not None:
                    reading.errback(_too_large(self._limit))
                return
        elif self._producing is not None and self._producing.consumer is not None:
            self._producing.consumer.write(data)
            return
        self._kept.append(data)

    def settle(self) -> None:
        """
        Everything that had come was fed: stop reading while nobody wants it.
        """
        if self._kept and not self.ended and self._mode in (_Mode.UNWANTED, _Mode.PRODUCED):
            self.pause()

    def end(self) -> None:
        """
        That was all.
        """
        self.ended = True
        self._source = None
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.callback(self._joined())
        elif self._producing is not None:
            self._producing.finish()

    def lost(self, reason: Failure) -> None:
        """
        The client is gone.
        """
        if self.ended or self._lost is not None:
            return
        self._lost, self._source = reason, None
        self._kept.clear()
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.errback(reason)
        elif self._producing is not None:
            self._producing.fail(reason)

    def pause(self) -> None:
        """
        Stop reading from the client.
        """
        if not self._paused and self._source is not None:
            self._paused = True
            self._source.pause_body()

    def resume(self) -> None:
        """
        Read on.
        """
        if self._paused and self._source is not None:
            self._paused = False
            self._source.resume_body()

    def drop(self) -> None:
        """
        Nobody wants the rest; it is read and thrown away.
        """
        self._drop()

    def begin(self, producer: _BodyProducer, consumer: IConsumer) -> None:
        """
        Hand what is kept to a consumer, and then what comes.
        """
        kept, self._kept = self._kept, []
        for data in kept:
            consumer.write(data)
        if self._lost is not None:
            producer.fail(self._lost)
        elif self.ended:
            producer.finish()
        elif not producer.paused:
            self._wanted()

    def _claim(self) -> None:
        if self._mode is not _Mode.UNWANTED:
            raise RuntimeError("the body of a request can be taken once")

    def _wanted(self) -> None:
        if self._continues and not self._kept and self._source is not None:
            self._continues = False
            self._source.send_continue()
        self.resume()

    def _joined(self) -> bytes:
        kept, self._kept = self._kept, []
        return b"".join(kept)

    def _drop(self) -> None:
        self._mode = _Mode.DROPPED
        self._reading = None
        self._kept.clear()
        self.resume()


@implementer(IBodyProducer)
class _BodyProducer:
    """
    A body as treq and Twisted take it.
    """

    def __init__(self, body: RequestBody) -> None:
        self.length = UNKNOWN_LENGTH if body.length is None else body.length
        self.consumer: IConsumer | None = None
        self.paused = False
        self._body = body
        self._done: Deferred[None] = Deferred(lambda _: self.stopProducing())

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self.consumer = consumer
        self._body.begin(self, consumer)
        return self._done

    def finish(self) -> None:
        """
        The body is through, if it was begun.
        """
        if self.consumer is not None and not self._done.called:
            self._done.callback(None)

    def fail(self, reason: Failure) -> None:
        """
        The client left.
        """
        if self.consumer is not None and not self._done.called:
            self._done.errback(reason)

    def pauseProducing(self) -> None:
        self.paused = True
        self._body.pause()

    def resumeProducing(self) -> None:
        self.paused = False
        self._body.resume()

    def stopProducing(self) -> None:
        self.consumer = None
        self._body.drop()


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"Request is too large. Larger than {limit} bytes.")
