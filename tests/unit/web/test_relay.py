"""
Answers on their way to the client.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IProtocol
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.unit.web.front import FrontCase
from trio2o.exchange import Answer, HeaderList
from trio2o.interfaces import IPodAnswer
from trio2o.web.relay import COLLECTED, STALL, relay


@implementer(IPodAnswer)
class ScriptedAnswer:
    """
    An answer of a pod whose body the test sends.
    """

    def __init__(
        self, length: int | None, *ready: bytes, ended: bool = False, headers: HeaderList | None = None
    ) -> None:
        self.status = 200
        self.headers: HeaderList = headers or []
        self.length = length
        self.pod_name = "Pod1"
        self.ready = ready
        self.ended = ended
        self.discarded = False
        self.dropped = False
        self.paused = False
        self.receiver: Any = None

    def header(self, name: bytes) -> bytes | None:
        return dict(self.headers).get(name)

    def read(self, limit: int) -> Deferred[bytes]:
        raise NotImplementedError

    def discard(self) -> None:
        self.discarded = True

    def stream(self, receiver: IProtocol) -> None:
        self.receiver = receiver
        receiver.makeConnection(self)  # type: ignore[arg-type]
        for data in self.ready:
            receiver.dataReceived(data)
        if self.ended:
            self.end()

    def sends(self, data: bytes) -> None:
        """
        More of the body comes.
        """
        self.receiver.dataReceived(data)

    def end(self) -> None:
        """
        The body came whole.
        """
        self.receiver.connectionLost(Failure(ResponseDone()))

    def cut(self) -> None:
        """
        The pod's connection ended too early.
        """
        self.receiver.connectionLost(Failure(ConnectionLost()))

    def pauseProducing(self) -> None:
        """
        No more for the moment.
        """
        self.paused = True

    def resumeProducing(self) -> None:
        """
        Go on.
        """
        self.paused = False

    def stopProducing(self) -> None:
        """
        Drop the connection; the receiver is told, as a real one is.
        """
        self.dropped = True
        self.cut()


class Doubling:
    """
    A transform that doubles each byte and ends with a mark.
    """

    def feed(self, chunk: bytes) -> bytes:
        """
        See ``IBodyTransform``.
        """
        return b"".join(bytes([byte, byte]) for byte in chunk)

    def flush(self) -> bytes:
        """
        See ``IBodyTransform``.
        """
        return b"."


LONG = COLLECTED + 1


class RelayCase(FrontCase):
    """
    A request that waits for its answer.
    """

    line = b"GET / HTTP/1.1"

    def setUp(self) -> None:
        super().setUp()
        self.request = self.get(self.line)

    def relay(self, body: bytes | ScriptedAnswer, **changes: Any) -> Deferred[tuple[int, bool]]:
        """
        Begin to write an answer.
        """
        return relay(self.request, Answer(**({"status": 200, "body": body} | changes)))

    @property
    def body(self) -> bytes:
        """
        What the client got after the head.
        """
        return self.written.partition(b"\r\n\r\n")[2]


class WholeTests(RelayCase):
    """
    Bodies that are written in one piece.
    """

    def test_double(self) -> None:
        """
        The double is what it stands for.
        """
        verifyObject(IPodAnswer, ScriptedAnswer(0))

    def test_bytes(self) -> None:
        """
        A body in memory has its length.
        """
        done = self.relay(b"hello", status=202, headers=[(b"X-A", b"1")])

        self.assertEqual(self.successResultOf(done), (5, True))
        self.assertTrue(self.written.startswith(b"HTTP/1.1 202 Accepted\r\nX-A: 1\r\n"))
        self.assertEqual(self.body, b"hello")

    def test_ready(self) -> None:
        """
        A body that is there already is one write, even when the pod sent it in chunks.
        """
        done = self.relay(ScriptedAnswer(None, b"he", b"llo", ended=True))

        self.assertEqual(self.successResultOf(done), (5, True))
        self.assertIn(b"Content-Length: 5\r\n", self.written)

    def test_short(self) -> None:
        """
        A short one is waited for.
        """
        answer = ScriptedAnswer(5, b"he")
        done = self.relay(answer)
        self.assertEqual(self.written, b"")
        answer.sends(b"llo")
        answer.end()

        self.assertEqual(self.successResultOf(done), (5, True))
        self.assertIn(b"Content-Length: 5\r\n", self.written)

    def test_transformed(self) -> None:
        """
        A short body that is transformed has its new length.
        """
        self.relay(ScriptedAnswer(2, b"ab", ended=True), transform=Doubling())

        self.assertIn(b"Content-Length: 5\r\n", self.written)
        self.assertEqual(self.body, b"aabb.")

    def test_no_body(self) -> None:
        """
        204 and 304 take nothing from the pod's body.
        """
        for status in (204, 304):
            self.setUp()
            answer = ScriptedAnswer(0)
            done = self.relay(answer, status=status)

            self.assertEqual(self.successResultOf(done), (0, True))
            self.assertTrue(answer.discarded)
            self.assertNotIn(b"chunked", self.written)


class HeadTests(RelayCase):
    """
    Answers to HEAD.
    """

    line = b"HEAD / HTTP/1.1"

    def test_length(self) -> None:
        """
        The length is the one that the pod tells.
        """
        answer = ScriptedAnswer(0, headers=[(b"content-length", b"77")])
        self.relay(answer)

        self.assertIn(b"Content-Length: 77\r\n", self.written)
        self.assertTrue(answer.discarded)

    def test_unknown(self) -> None:
        """
        Where it tells none, or where it would not be true, there is none.
        """
        for answer, transform in (
            (ScriptedAnswer(0), None),
            (ScriptedAnswer(0, headers=[(b"content-length", b"77")]), Doubling()),
            (ScriptedAnswer(0, headers=[(b"content-length", b"x")]), None),
        ):
            self.setUp()
            self.relay(answer, transform=transform)

            self.assertNotIn(b"Content-Length", self.written)

    def test_bytes(self) -> None:
        """
        A body in memory gives its length and is not written.
        """
        self.assertEqual(self.successResultOf(self.relay(b"hello")), (0, True))
        self.assertIn(b"Content-Length: 5\r\n", self.written)
        self.assertEqual(self.body, b"")


class StreamTests(RelayCase):
    """
    Bodies that are passed on while they come.
    """

    def test_long(self) -> None:
        """
        A long body begins at once, with its length.
        """
        answer = ScriptedAnswer(LONG, b"x" * 10)
        done = self.relay(answer)
        self.assertEqual(self.body, b"x" * 10)
        answer.sends(b"x" * (LONG - 10))
        answer.end()

        self.assertEqual(self.successResultOf(done), (LONG, True))
        self.assertIn(b"Content-Length: %d\r\n" % LONG, self.written)

    def test_unknown_length(self) -> None:
        """
        One of unknown length is chunked.
        """
        answer = ScriptedAnswer(None)
        self.relay(answer)
        answer.sends(b"hello")
        answer.end()

        self.assertIn(b"Transfer-Encoding: chunked\r\n", self.written)
        self.assertEqual(self.body, b"5\r\nhello\r\n0\r\n\r\n")

    def test_transformed(self) -> None:
        """
        One that is transformed has no length.
        """
        answer = ScriptedAnswer(LONG, b"a")
        self.relay(answer, transform=Doubling())
        answer.sends(b"b")
        answer.end()

        self.assertEqual(self.body, b"2\r\naa\r\n2\r\nbb\r\n1\r\n.\r\n0\r\n\r\n")

    def test_backpressure(self) -> None:
        """
        A client that is slow pauses the pod.
        """
        answer = ScriptedAnswer(LONG)
        self.relay(answer)

        self.channel.pauseProducing()
        self.assertTrue(answer.paused)
        self.channel.resumeProducing()

        self.assertFalse(answer.paused)

    def test_stalled(self) -> None:
        """
        One that takes nothing for too long is cut, and the pod's connection dropped.
        """
        answer = ScriptedAnswer(LONG)
        done = self.relay(answer)
        self.channel.pauseProducing()
        self.clock.advance(STALL - 1)
        self.channel.resumeProducing()
        self.channel.pauseProducing()
        self.clock.advance(STALL - 1)
        self.assertNoResult(done)

        self.clock.advance(1)

        self.assertEqual(self.successResultOf(done), (0, False))
        self.assertTrue(answer.dropped)
        self.assertTrue(self.transport.aborted)

    def test_next_request(self) -> None:
        """
        After a streamed answer the connection takes the next request.
        """
        answer = ScriptedAnswer(None)
        self.relay(answer)
        answer.end()

        self.get()

        self.assertEqual(len(self.resource.requests), 2)
        self.assertIsNone(self.channel._requestProducer)


class BrokenTests(RelayCase):
    """
    Either side breaks off.
    """

    def test_cut_short(self) -> None:
        """
        A body that is cut short cuts the client's connection, wherever it was.
        """
        for length in (5, LONG, None):
            self.setUp()
            answer = ScriptedAnswer(length, b"he")
            done = self.relay(answer)
            answer.cut()

            self.assertFalse(self.successResultOf(done)[1])
            self.assertTrue(self.transport.aborted)
            self.assertNotIn(b"0\r\n\r\n", self.body)

    def test_client_leaves(self) -> None:
        """
        A client that leaves drops the pod's connection, wherever the body was.
        """
        for length in (5, LONG, None):
            self.setUp()
            answer = ScriptedAnswer(length, b"he")
            done = self.relay(answer)
            self.leave()

            self.assertFalse(self.successResultOf(done)[1])
            self.assertTrue(answer.dropped)

    def test_client_has_left(self) -> None:
        """
        For a client that has left nothing is written, and the pod's body is dropped.
        """
        self.leave()
        answer = ScriptedAnswer(5)

        self.assertEqual(self.successResultOf(self.relay(answer)), (0, False))
        self.assertEqual(self.successResultOf(self.relay(b"hello")), (0, False))
        self.assertTrue(answer.discarded)

    def test_cancelled(self) -> None:
        """
        Cancelling cuts both, and leaves no timer.
        """
        answer = ScriptedAnswer(LONG)
        done = self.relay(answer)
        self.channel.pauseProducing()
        timers = len(self.clock.getDelayedCalls())

        done.cancel()

        self.failureResultOf(done, CancelledError)
        self.assertTrue(answer.dropped)
        self.assertTrue(self.transport.aborted)
        self.assertEqual(len(self.clock.getDelayedCalls()), timers - 1)
