"""
The front end's server, without a network.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IConsumer
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web import http
from twisted.web.iweb import UNKNOWN_LENGTH
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.unit.web.front import ClientTransport, FrontCase
from trio2o.errors import BodyTooLarge
from trio2o.interfaces import IRequestBody
from trio2o.web.streaming import GatewayRequest

CHUNKED = b"PUT / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"


@implementer(IConsumer)
class Taking:
    """
    A consumer that keeps what it gets.
    """

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def registerProducer(self, producer: object, streaming: bool) -> None:
        pass

    def unregisterProducer(self) -> None:
        pass


class TwistedTests(SynchronousTestCase):
    """
    Private names of ``twisted.web.http`` that are overridden or read. When one of these fails after an update of
    Twisted, look at ``trio2o/web/channel.py`` before anything else.
    """

    def test_channel(self) -> None:
        """
        The channel's own state and hooks.
        """
        channel = http.HTTPChannel()
        kept = (
            "_handlingRequest",
            "_waitingForTransport",
            "_abortingCall",
            "_receivedHeaderSize",
            "_receivedHeaderCount",
        )
        hooks = ("allHeadersReceived", "allContentReceived", "requestDone", "_send100Continue")
        for name in kept:
            self.assertTrue(hasattr(channel, name), name)
        for name in (*hooks, "_respondToBadRequestAndDisconnect"):
            self.assertTrue(callable(getattr(channel, name)), name)

    def test_request(self) -> None:
        """
        The flag that tells that the client has gone.
        """
        self.assertIs(http.Request._disconnected, False)

    def test_what_the_channel_keeps(self) -> None:
        """
        The request line is kept under these names until the body is through.
        """
        seen: list[Any] = []

        class Channel(http.HTTPChannel):
            def allHeadersReceived(self) -> None:
                seen.append((self._command, self._path, self._version, self.length, self.requests))

        case = FrontCase()
        case.setUp()
        channel = Channel()
        channel.site, channel.requestFactory, channel.timeOut = case.site, GatewayRequest, None
        channel.makeConnection(ClientTransport())
        channel.dataReceived(b"PUT /x HTTP/1.1\r\nContent-Length: 3\r\n\r\n")

        self.assertEqual(seen[0][:4], (b"PUT", b"/x", b"HTTP/1.1", 3))


class BeginningTests(FrontCase):
    """
    When a request is handed on.
    """

    def test_head(self) -> None:
        """
        As soon as its head is there, with method, target and version as they came.
        """
        request = self.put(1000)

        self.assertEqual((request.method, request.uri, request.clientproto), (b"PUT", b"/", b"HTTP/1.1"))

    def test_with_its_body(self) -> None:
        """
        A body that comes with the head is there when the request is handed on.
        """
        self.resource.answer = lambda request: self.successResultOf(request.request_body().read(10))

        self.send(b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody")

        self.assertTrue(self.written.endswith(b"\r\n\r\nbody"))

    def test_arguments(self) -> None:
        """
        Arguments and path segments are there for resources that ask.
        """
        request = self.get(b"GET /a%20b/c?x=1&x=2&y= HTTP/1.1")

        self.assertEqual(request.args, {b"x": [b"1", b"2"], b"y": [b""]})
        self.assertEqual(request.postpath, [b"a b", b"c"])

    def test_interface(self) -> None:
        """
        The body is an ``IRequestBody``; of a request without one it is empty.
        """
        body = self.get().request_body()

        verifyObject(IRequestBody, body)
        self.assertEqual((body.length, body.producer()), (0, None))

    def test_pipelined(self) -> None:
        """
        The next request waits for the answer to the one before.
        """
        self.send(b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")
        self.assertEqual(len(self.resource.requests), 1)

        self.resource.requests[0].write_answer(200, [], b"")

        self.assertEqual([request.uri for request in self.resource.requests], [b"/1", b"/2"])

    def test_many_pipelined(self) -> None:
        """
        Thousands of them that are answered at once are no deep recursion, with bodies or without.
        """
        self.resource.answer = lambda request: request.write_answer(204, [], b"")

        self.send((b"GET / HTTP/1.1\r\n\r\n" + b"PUT / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx") * 3000)

        self.assertEqual(len(self.resource.requests), 6000)
        self.assertEqual(self.written.count(b"204 No Content"), 6000)

    def test_answered_in_another_turn(self) -> None:
        """
        So are those that had to wait.
        """
        self.resource.answer = None
        self.send(b"GET / HTTP/1.1\r\n\r\n" + b"PUT / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx" * 200)
        self.resource.answer = lambda request: request.write_answer(204, [], b"")

        self.resource.requests[0].write_answer(204, [], b"")

        self.assertEqual(self.written.count(b"204 No Content"), 201)


class ReadTests(FrontCase):
    """
    Bodies that are read whole.
    """

    def test_later(self) -> None:
        """
        What comes later is waited for.
        """
        reading = self.put(6, b"one").request_body().read(6)
        self.assertNoResult(reading)

        self.send(b"two")

        self.assertEqual(self.successResultOf(reading), b"onetwo")

    def test_too_large(self) -> None:
        """
        A length beyond the limit is refused before a byte of it is read.
        """
        reading = self.put(11, b"", b"Expect: 100-continue").request_body().read(10)

        self.failureResultOf(reading, BodyTooLarge)
        self.assertEqual(self.written, b"")

    def test_chunks_too_large(self) -> None:
        """
        Chunks beyond the limit are refused when they come.
        """
        self.send(CHUNKED + b"3\r\none\r\n")
        reading = self.resource.requests[0].request_body().read(5)
        self.assertNoResult(reading)

        self.send(b"3\r\ntwo\r\n")

        self.failureResultOf(reading, BodyTooLarge)

    def test_chunks(self) -> None:
        """
        Chunks are read to the last; the length is not known before.
        """
        self.send(CHUNKED + b"3\r\none\r\n")
        body = self.resource.requests[0].request_body()
        reading = body.read(100)
        self.send(b"3\r\ntwo\r\n0\r\n\r\n")

        self.assertIsNone(body.length)
        self.assertEqual(self.successResultOf(reading), b"onetwo")

    def test_client_leaves(self) -> None:
        """
        A client that leaves ends the reading, one that has left already too.
        """
        request = self.put(6, b"one")
        reading = request.request_body().read(6)
        self.leave()
        self.failureResultOf(reading, ConnectionDone)

        self.setUp()
        request = self.put(6, b"one")
        self.leave()
        self.failureResultOf(request.request_body().read(6), ConnectionDone)

    def test_once(self) -> None:
        """
        A body can be taken once.
        """
        body = self.put(3, b"one").request_body()
        body.read(3)

        self.assertRaises(RuntimeError, body.producer)


class ProducerTests(FrontCase):
    """
    Bodies that are streamed.
    """

    def producing(self, request: GatewayRequest) -> tuple[Any, Taking, Any]:
        """
        Begin to stream the body of a request.
        """
        producer = request.request_body().producer()
        assert producer is not None
        taking = Taking()
        return producer, taking, producer.startProducing(taking)

    def test_unwanted(self) -> None:
        """
        While nobody wants a body, no more of it is read.
        """
        self.put(1000, b"x")
        self.assertFalse(self.transport.reading)

    def test_nothing_yet(self) -> None:
        """
        While none of it has come the connection is read, so that a client that leaves is noticed.
        """
        self.put(1000)
        self.assertTrue(self.transport.reading)
        self.send(b"x")
        self.assertFalse(self.transport.reading)

    def test_streamed(self) -> None:
        """
        What came and what comes is handed on, to the end.
        """
        producer, taking, done = self.producing(self.put(9, b"one"))
        self.assertTrue(self.transport.reading)
        self.send(b"two", b"six")

        self.successResultOf(done)
        self.assertEqual((producer.length, taking.data), (9, b"onetwosix"))

    def test_whole_before(self) -> None:
        """
        A body that had come whole is handed on at once.
        """
        _, taking, done = self.producing(self.put(3, b"one"))

        self.successResultOf(done)
        self.assertEqual(taking.data, b"one")

    def test_unknown_length(self) -> None:
        """
        The length of a chunked body is not known.
        """
        self.send(CHUNKED)
        producer, _, _ = self.producing(self.resource.requests[0])

        self.assertIs(producer.length, UNKNOWN_LENGTH)

    def test_backpressure(self) -> None:
        """
        A consumer that is full stops the reading, and starts it again.
        """
        producer, _, _ = self.producing(self.put(1000, b"x"))

        producer.pauseProducing()
        self.assertFalse(self.transport.reading)
        self.channel.pauseProducing()
        self.channel.resumeProducing()
        self.assertFalse(self.transport.reading)
        producer.resumeProducing()

        self.assertTrue(self.transport.reading)

    def test_full_answer(self) -> None:
        """
        While the client takes no more of an early answer, its body is not read on either.
        """
        producer, _, _ = self.producing(self.put(1000, b"x"))
        producer.pauseProducing()
        self.channel.pauseProducing()

        producer.resumeProducing()
        self.assertFalse(self.transport.reading)
        self.channel.resumeProducing()

        self.assertTrue(self.transport.reading)

    def test_client_leaves(self) -> None:
        """
        A client that leaves fails the producer, so that the pod's request fails too.
        """
        _, _, done = self.producing(self.put(1000, b"x"))

        self.leave()

        self.failureResultOf(done, ConnectionDone)

    def test_stopped(self) -> None:
        """
        A consumer that is gone gets no more; the rest is read and dropped.
        """
        producer, taking, done = self.producing(self.put(1000, b"one"))
        producer.stopProducing()
        self.send(b"two")

        self.assertNoResult(done)
        self.assertEqual(taking.data, b"one")
        self.assertTrue(self.transport.reading)

    def test_connection_goes_on(self) -> None:
        """
        After a streamed body the connection takes the next request.
        """
        request = self.put(6, b"one")
        self.producing(request)
        self.send(b"twoGET /2 HTTP/1.1\r\n\r\n")

        request.write_answer(200, [], b"")

        self.assertEqual([one.uri for one in self.resource.requests], [b"/", b"/2"])
        self.assertNotIn(b"Connection: close", self.written)


class ContinueTests(FrontCase):
    """
    Clients that wait before they send.
    """

    EXPECT = b"Expect: 100-continue"

    def test_when_wanted(self) -> None:
        """
        They are told to go on when someone wants the body, not before.
        """
        request = self.put(3, b"", self.EXPECT)
        self.assertEqual(self.written, b"")

        request.request_body().read(3)

        self.assertEqual(self.written, b"HTTP/1.1 100 Continue\r\n\r\n")

    def test_did_not_wait(self) -> None:
        """
        One that has begun to send is not told.
        """
        self.put(3, b"o", self.EXPECT).request_body().read(3)

        self.assertEqual(self.written, b"")

    def test_never_wanted(self) -> None:
        """
        One whose body nobody wants gets its answer instead, and the connection ends.
        """
        self.put(3, b"", self.EXPECT).write_answer(401, [], b"")

        self.assertTrue(self.written.startswith(b"HTTP/1.1 401 "))
        self.assertIn(b"Connection: close\r\n", self.written)


class EarlyAnswerTests(FrontCase):
    """
    Answers before the body is through.
    """

    def test_connection_ends(self) -> None:
        """
        The client is told that the connection ends, and is read on for a moment so that it gets the answer.
        """
        self.put(1000, b"x").write_answer(413, [], b"no")

        self.assertIn(b"Connection: close\r\n", self.written)
        self.assertTrue(self.transport.half_closed)
        self.assertTrue(self.transport.reading)
        self.assertFalse(self.transport.disconnecting)
        self.send(b"y" * 2000, b"GET /2 HTTP/1.1\r\n\r\n")
        self.clock.advance(2.0)

        self.assertTrue(self.transport.disconnecting)
        self.assertEqual(len(self.resource.requests), 1)

    def test_client_closes(self) -> None:
        """
        A client that closes in that moment leaves no timer behind.
        """
        self.put(1000, b"x").write_answer(413, [], b"no")
        self.leave()

        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_body_ends_meanwhile(self) -> None:
        """
        When the body ends while the answer is still written, the connection ends with the answer.
        """
        request = self.put(3, b"o")
        request.request_body().read(3)
        request.write_head(200, [], None, b"part")
        self.send(b"ne")
        request.finish()

        self.assertTrue(self.transport.disconnecting)
        self.assertTrue(self.written.endswith(b"4\r\npart\r\n0\r\n\r\n"))


class AnswerTests(FrontCase):
    """
    Heads of answers.
    """

    def head(self, request: GatewayRequest) -> list[bytes]:
        """
        The lines of the answer.
        """
        return self.written.partition(b"\r\n\r\n")[0].split(b"\r\n")

    def test_fields(self) -> None:
        """
        Fields are written in their order, repeated ones too, with nothing that nobody said but the date and the length.
        """
        request = self.get()
        request.write_answer(
            200, [(b"x-b", b"1"), (b"etag", b"e"), (b"X-B", b"2"), (b"content-length", b"9")], b"ok"
        )

        lines = self.head(request)
        self.assertEqual(lines[:4], [b"HTTP/1.1 200 OK", b"X-B: 1", b"ETag: e", b"X-B: 2"])
        self.assertTrue(lines[4].startswith(b"Date: "))
        self.assertEqual(lines[5:], [b"Content-Length: 2"])

    def test_date(self) -> None:
        """
        A date that the answer has is kept, and the only one.
        """
        request = self.get()
        request.write_answer(200, [(b"date", b"then")], b"")

        self.assertEqual([line for line in self.head(request) if line.startswith(b"Date")], [b"Date: then"])

    def test_own_fields(self) -> None:
        """
        What is set on the request stands in for the answer's fields of the same name.
        """
        request = self.get()
        request.setHeader(b"X-Openstack-Request-Id", b"req-ours")
        request.write_answer(200, [(b"x-openstack-request-id", b"req-pods")], b"")

        self.assertIn(b"X-Openstack-Request-Id: req-ours", self.head(request))
        self.assertNotIn(b"req-pods", self.written)

    def test_line_breaks(self) -> None:
        """
        A field with a line break in it is never written.
        """
        request = self.get()

        self.assertRaises(ValueError, request.write_answer, 200, [(b"x", b"a\r\nSet-Cookie: b")], b"")
        self.assertEqual(self.written, b"")

    def test_bodiless(self) -> None:
        """
        HEAD, 204 and 304 write no body; a 204 has no length either.
        """
        for line, status, length in (
            (b"HEAD / HTTP/1.1", 200, b"Content-Length: 2"),
            (b"GET / HTTP/1.1", 304, b"Content-Length: 2"),
            (b"GET / HTTP/1.1", 204, None),
        ):
            self.setUp()
            self.get(line).write_answer(status, [], b"ok")

            self.assertTrue(self.written.endswith(b"\r\n\r\n"))
            found = [one for one in self.written.split(b"\r\n") if one.startswith(b"Content-Length")]
            self.assertEqual(found, [] if length is None else [length])

    def test_ordinary_writing(self) -> None:
        """
        Resources that write the ordinary way get the same head.
        """
        self.resource.answer = lambda request: b"hello"
        self.get()

        self.assertIn(b"\r\nContent-Length: 5\r\n\r\nhello", self.written)
        self.assertNotIn(b"Server:", self.written)
        self.assertNotIn(b"Content-Type:", self.written)

    def test_only_finished(self) -> None:
        """
        An answer that is finished without a word is an empty one.
        """
        request = self.get()
        request.setResponseCode(202)
        request.finish()

        self.assertTrue(self.written.startswith(b"HTTP/1.1 202 Accepted\r\n"))
        self.assertIn(b"Content-Length: 0\r\n", self.written)

    def test_old_client(self) -> None:
        """
        A client of HTTP/1.0 gets no chunks, and the connection ends.
        """
        request = self.get(b"GET / HTTP/1.0")
        request.write_head(200, [], None)
        request.write(b"body")
        request.finish()

        self.assertTrue(self.written.startswith(b"HTTP/1.0 200 OK\r\n"))
        self.assertTrue(self.written.endswith(b"\r\n\r\nbody"))
        self.assertTrue(self.transport.disconnecting)

    def test_close(self) -> None:
        """
        ``Connection: close`` in any spelling ends the connection with the answer.
        """
        for value in (b"close", b"Close", b"keep-alive, CLOSE"):
            self.setUp()
            self.get(b"GET / HTTP/1.1", b"Connection: " + value).write_answer(200, [], b"")

            self.assertIn(b"Connection: close\r\n", self.written)
            self.assertTrue(self.transport.disconnecting)

    def test_rendering_fails(self) -> None:
        """
        A resource that raises is a 500 without a detail, and a traceback in the log.
        """

        def broken(request: GatewayRequest) -> None:
            raise RuntimeError("secret detail")

        self.resource.answer = broken
        self.get()

        self.assertTrue(self.written.startswith(b"HTTP/1.1 500 "))
        self.assertNotIn(b"secret", self.written)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_gone(self) -> None:
        """
        A request whose client has left says so and tells whoever asked to be told.
        """
        request = self.get()
        told: list[str] = []
        request.when_lost = lambda: told.append("lost")
        failed = request.notifyFinish()

        self.leave()

        self.assertTrue(request.gone)
        self.assertEqual(told, ["lost"])
        self.failureResultOf(failed, ConnectionDone)
        request.write_answer(200, [], b"too late")
        self.assertEqual(self.written, b"")


class RefusedTests(FrontCase):
    """
    What is no request.
    """

    def assertRefused(self, status: int) -> None:
        """
        The client was told, nothing was handed on, and the connection ends.
        """
        self.assertTrue(self.written.startswith(b"HTTP/1.1 %d " % status), self.written[:80])
        self.assertTrue(self.written.endswith(b"Connection: close\r\nContent-Length: 0\r\n\r\n"))
        self.assertEqual(self.written.count(b"HTTP/1.1"), 1)
        self.clock.advance(2.0)
        self.assertTrue(self.transport.disconnecting)

    def test_malformed(self) -> None:
        """
        Lines that are no HTTP, and framing that can be read in two ways.
        """
        for head in (
            b"nonsense\r\n",
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
            b"GET / HTTP/1.1\r\nA b: c\r\n\r\n",
            b"PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            b"PUT / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"PUT / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
            b"PUT / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        ):
            self.setUp()
            self.send(head + b"GET /smuggled HTTP/1.1\r\n\r\n")
            self.assertEqual(self.resource.requests, [])
            self.assertRefused(400)

    def test_too_much(self) -> None:
        """
        Heads beyond the limits.
        """
        for status, head in (
            (414, b"GET /" + b"x" * 40_000),
            (431, b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000),
            (431, b"GET / HTTP/1.1\r\n" + b"X: %b\r\n" % (b"x" * 1000) * 70),
            (431, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 300 + b"\r\n"),
        ):
            self.setUp()
            self.send(head)
            self.assertRefused(status)

    def test_large_token(self) -> None:
        """
        A token of 20 kB is within them.
        """
        self.get(b"GET / HTTP/1.1", b"X-Auth-Token: " + b"t" * 20_000)

        self.assertEqual(len(self.resource.requests), 1)

    def test_bad_chunk(self) -> None:
        """
        A chunk that is none ends a request that was handed on: whoever works on it is told, and can write no more.
        """
        self.send(CHUNKED)
        request = self.resource.requests[0]
        failed = request.notifyFinish()
        reading = request.request_body().read(100)

        self.send(b"zz\r\n")

        self.failureResultOf(failed)
        self.failureResultOf(reading)
        self.assertTrue(request.gone)
        self.assertRefused(400)

    def test_bad_chunk_after_the_answer_began(self) -> None:
        """
        When the answer has begun the connection is cut.
        """
        self.send(CHUNKED)
        self.resource.requests[0].write_head(200, [], 10, b"part")

        self.send(b"zz\r\n")

        self.assertTrue(self.transport.aborted)
        self.assertTrue(self.written.endswith(b"part"))


class TimeTests(FrontCase):
    """
    Clients that take their time.
    """

    def test_idle(self) -> None:
        """
        An idle connection is closed without a word, and aborted when that takes too long.
        """
        self.clock.advance(59.0)
        self.assertFalse(self.transport.disconnecting)
        self.clock.advance(1.0)
        self.assertTrue(self.transport.disconnecting)
        self.assertEqual(self.written, b"")

        self.clock.advance(15.0)
        self.assertTrue(self.transport.aborted)

    def test_dripping_head(self) -> None:
        """
        A head has to come within the timeout, however its bytes drip.
        """
        self.send(b"GET / HTTP/1.1\r\n")
        for _ in range(6):
            self.clock.advance(10.0)
            self.send(b"X: y\r\n")

        self.assertTrue(self.written.startswith(b"HTTP/1.1 408 "))

    def test_late_head(self) -> None:
        """
        The time begins with its first byte, not with the idleness before.
        """
        self.clock.advance(59.0)
        self.send(b"GET / HT")
        self.clock.advance(59.0)
        self.send(b"TP/1.1\r\n\r\n")

        self.assertEqual(len(self.resource.requests), 1)

    def test_slow_handler(self) -> None:
        """
        While a request is worked on the client waits as long as it takes.
        """
        request = self.get()
        self.clock.advance(1000.0)
        request.write_answer(200, [], b"late")

        self.assertTrue(self.written.endswith(b"late"))

    def test_body_stands_still(self) -> None:
        """
        A client that stops in the middle of its body is ended with 408.
        """
        request = self.put(1000, b"x")
        reading = request.request_body().read(1000)
        self.clock.advance(60.0)

        self.failureResultOf(reading)
        self.assertTrue(self.written.startswith(b"HTTP/1.1 408 "))

    def test_slow_body(self) -> None:
        """
        One whose body goes on, however slowly, is not.
        """
        request = self.put(10, b"x")
        reading = request.request_body().read(10)
        for _ in range(9):
            self.clock.advance(59.0)
            self.send(b"x")

        self.assertEqual(self.successResultOf(reading), b"x" * 10)

    def test_paused_body(self) -> None:
        """
        The time that a body is held back by the pod is not the client's.
        """
        request = self.put(1000, b"x")
        producer = request.request_body().producer()
        assert producer is not None
        produced = producer.startProducing(Taking())
        producer.pauseProducing()
        self.clock.advance(1000.0)
        producer.resumeProducing()
        self.assertEqual(self.written, b"")

        self.clock.advance(60.0)

        self.failureResultOf(produced)
        self.assertTrue(self.written.startswith(b"HTTP/1.1 408 "))

    def test_next_request(self) -> None:
        """
        After a request the idle time counts again.
        """
        request = self.put(4, b"on")
        reading = request.request_body().read(4)
        self.send(b"ly")
        self.successResultOf(reading)
        request.write_answer(200, [], b"")

        self.clock.advance(60.0)

        self.assertTrue(self.transport.disconnecting)


class SiteTests(FrontCase):
    """
    The site.
    """

    def test_quiet(self) -> None:
        """
        It keeps no timer of its own, and speaks HTTP/1.1 alone.
        """
        self.site.startFactory()
        self.leave()

        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.site.acceptableProtocols(), [b"http/1.1"])
        self.site.stopFactory()

    def test_lost_failure(self) -> None:
        """
        A connection that ends with requests in every state tells each once.
        """
        request = self.put(10, b"x")
        failed = request.notifyFinish()
        self.channel.connectionLost(Failure(ConnectionDone()))

        self.failureResultOf(failed, ConnectionDone)
