"""
A request's body after it was read: whoever comes next reads or sends it as if it came from the client just now.
"""

from __future__ import annotations

from attrs import frozen
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from trio2o.interfaces import IRequestBody


@implementer(IRequestBody)
@frozen
class ReadBody:
    """
    A body that was read already.
    """

    content: bytes

    @property
    def length(self) -> int:
        """
        See :class:`IRequestBody`.
        """
        return len(self.content)

    def read(self, limit: int) -> Deferred[bytes]:
        """
        See :class:`IRequestBody`; the limit was looked at when it was read.
        """
        return succeed(self.content)

    def producer(self) -> IBodyProducer | None:
        """
        See :class:`IRequestBody`.
        """
        return _Whole(self.content) if self.content else None


@implementer(IBodyProducer)
@frozen
class _Whole:
    """
    A body that is given in one piece.
    """

    content: bytes

    @property
    def length(self) -> int:
        """
        See :class:`IBodyProducer`.
        """
        return len(self.content)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """
        See :class:`IBodyProducer`.
        """
        consumer.write(self.content)
        return succeed(None)

    def pauseProducing(self) -> None:
        """
        See :class:`IBodyProducer`: nothing is left to give.
        """

    def resumeProducing(self) -> None:
        """
        See :class:`IBodyProducer`: nothing is left to give.
        """

    def stopProducing(self) -> None:
        """
        See :class:`IBodyProducer`: nothing is left to give.
        """
