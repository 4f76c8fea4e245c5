"""
The client that every request to a pod goes through.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IConsumer
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseDone
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.unit.pods.memory import MemoryCatalog, Network, a_pod, ok, some_pods
from trio2o.errors import PodBroken, PodTimeout, PodUnreachable
from trio2o.exchange import PodCall
from trio2o.interfaces import IPodAnswer, IPodClient
from trio2o.pods.breaker import BreakerState
from trio2o.pods.client import TreqPods
from trio2o.pods.connection import PodConnection
from trio2o.pods.lean import LeanConnection


def a_call(**changes: Any) -> PodCall:
    """
    A call of one server.
    """
    return evolve(
        PodCall(service="compute", method=b"GET", target=b"/v2.1/servers/s1", headers=[]), **changes
    )


@implementer(IBodyProducer)
class Body:
    """
    A body that the test sends.
    """

    def __init__(self, length: Any = UNKNOWN_LENGTH) -> None:
        self.length = length
        self.consumer: IConsumer | None = None
        self.done: Deferred[None] = Deferred()
        self.stopped = False

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self.consumer = consumer
        return self.done

    def write(self, data: bytes) -> None:
        """
        Send.
        """
        assert self.consumer is not None
        self.consumer.write(data)

    def pauseProducing(self) -> None:
        pass

    def resumeProducing(self) -> None:
        pass

    def stopProducing(self) -> None:
        self.stopped = True


class Receiver(Protocol):
    """
    Takes a body.
    """

    def __init__(self) -> None:
        self.data = b""
        self.reason: Failure | None = None

    def dataReceived(self, data: bytes) -> None:
        self.data += data

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self.reason = reason


class ClientCase(SynchronousTestCase):
    """
    One pod behind a network in memory.
    """

    protocol: Any = PodConnection

    def some_pods(self, **defaults: Any) -> TreqPods:
        """
        The client under test.
        """
        return some_pods(self.network, self.catalog, connection=self.protocol, **defaults)

    def setUp(self) -> None:
        self.network = Network()
        self.catalog = MemoryCatalog()
        self.pods = self.some_pods()
        self.pod = a_pod()

    def call(self, **changes: Any) -> Deferred[IPodAnswer]:
        """
        Call the pod.
        """
        return self.pods.call(self.pod, a_call(**changes))

    def connected(self, **changes: Any) -> tuple[Deferred[IPodAnswer], Any]:
        """
        Call the pod on a new connection.
        """
        calling = self.call(**changes)
        return calling, self.network.accept()

    def answered(self, answer: bytes = ok(), **changes: Any) -> tuple[IPodAnswer, Any]:
        """
        A call and its answer.
        """
        calling, transport = self.connected(**changes)
        transport.protocol.dataReceived(answer)
        return self.successResultOf(calling), transport


class InterfaceTests(ClientCase):
    """
    The interfaces.
    """

    def test_client(self) -> None:
        """
        The client is an ``IPodClient``.
        """
        verifyObject(IPodClient, self.pods)

    def test_answer(self) -> None:
        """
        What it gives is an ``IPodAnswer``.
        """
        verifyObject(IPodAnswer, self.answered()[0])


class BudgetTests(ClientCase):
    """
    How long a call may take.
    """

    def test_silent_pod(self) -> None:
        """
        A pod that is silent past its budget is a timeout, and no sooner; its connection is dropped.
        """
        calling, transport = self.connected(budget=30.0)

        self.network.advance(29.9)
        self.assertNoResult(calling)
        self.network.advance(0.1)

        self.assertTrue(self.failureResultOf(calling, PodTimeout).value.sent)
        self.assertTrue(transport.ended)

    def test_default(self) -> None:
        """
        Without a budget the pod's own answer timeout holds, or the configured one.
        """
        for settings, seconds in (({"answer_timeout": 7.0}, 7.0), ({}, 60.0)):
            self.setUp()
            self.pod = a_pod(**settings)
            calling, _ = self.connected()

            self.network.advance(seconds - 0.1)
            self.assertNoResult(calling)
            self.network.advance(0.1)

            self.failureResultOf(calling, PodTimeout)

    def test_in_the_queue(self) -> None:
        """
        A call whose budget passes while it waits for its place has surely sent nothing.
        """
        self.pod = a_pod(concurrency=1)
        self.connected()
        calling = self.call(budget=1.0)

        self.network.advance(1.0)

        self.assertFalse(self.failureResultOf(calling, PodTimeout).value.sent)

    def test_upload(self) -> None:
        """
        The budget begins anew with the last byte of an upload, and lasts while bytes go out.
        """
        body = Body()
        calling, _ = self.connected(method=b"PUT", body=body, budget=10.0)
        for _ in range(5):
            self.network.advance(8.0)
            body.write(b"x")
        body.done.callback(None)

        self.network.advance(9.9)
        self.assertNoResult(calling)
        self.network.advance(0.1)

        self.failureResultOf(calling, PodTimeout)

    def test_blocked_upload(self) -> None:
        """
        An upload that the pod does not take is a timeout.
        """
        body = Body()
        calling, transport = self.connected(method=b"PUT", body=body, budget=10.0)
        transport.producer.pauseProducing()

        self.network.pump([10.0, 10.0])

        self.failureResultOf(calling, PodTimeout)
        self.network.advance(0)
        self.assertTrue(body.stopped)

    def test_connecting(self) -> None:
        """
        A connection that is not there within the connect timeout is an unreachable pod, to which nothing was sent.
        """
        self.pod = a_pod(connect_timeout=2.0)
        calling = self.call()

        self.network.advance(2.0)

        self.assertFalse(self.failureResultOf(calling, PodUnreachable).value.sent)


class ReachTests(ClientCase):
    """
    Where a pod is, and whether it can be reached.
    """

    def test_own_endpoint(self) -> None:
        """
        The pod's own endpoint goes before the catalog's; version and project are left out.
        """
        self.catalog.urls["Pod1", "compute"] = "http://198.51.100.1:8774"

        self.assertEqual(self.pods.endpoint(self.pod, "compute"), "http://192.0.2.1:8774")
        self.call()
        self.assertEqual(self.network.tcpClients[0][:2], ("192.0.2.1", 8774))

    def test_catalog(self) -> None:
        """
        What the pod's settings do not have comes from the catalog, which is asked each time.
        """
        self.pod = a_pod(endpoints={})
        self.catalog.urls["Pod1", "compute"] = "http://198.51.100.1:8774"
        _, old = self.answered()

        self.catalog.urls["Pod1", "compute"] = "http://198.51.100.2:8774"
        self.call()

        self.assertEqual([client[0] for client in self.network.tcpClients], ["198.51.100.1", "198.51.100.2"])
        self.assertTrue(old.ended)

    def test_no_endpoint(self) -> None:
        """
        A service without endpoint is unreachable, and no word about the pod's health.
        """
        self.pods = self.some_pods(breaker_threshold=1)

        failure = self.failureResultOf(self.call(service="volume"), PodUnreachable)

        self.assertFalse(failure.value.sent)
        self.assertTrue(self.pods.healthy("p1"))

    def test_bad_authority_file(self) -> None:
        """
        A CA file that cannot be read makes the pod unreachable; the reason names it.
        """
        self.pod = a_pod(endpoints={"compute": "https://192.0.2.1"}, ca_file="/nonexistent/ca.pem")

        failure = self.failureResultOf(self.call(), PodUnreachable)

        self.assertIn("/nonexistent/ca.pem", str(failure.value))

    def test_refused(self) -> None:
        """
        A refused connection is an unreachable pod, to which nothing was sent.
        """
        calling = self.call()

        self.network.refuse(ConnectionRefusedError())

        self.assertFalse(self.failureResultOf(calling, PodUnreachable).value.sent)

    def test_forgotten(self) -> None:
        """
        A pod that is gone loses its idle connections.
        """
        _, transport = self.answered()

        self.pods.retain(["p1"])
        self.assertFalse(transport.ended)
        self.pods.retain([])

        self.assertTrue(transport.ended)

    def test_busy_when_closed(self) -> None:
        """
        A connection that is busy when the client is closed ends with its answer.
        """
        calling, transport = self.connected()

        self.pods.close()
        self.assertFalse(transport.ended)
        transport.protocol.dataReceived(ok())

        self.successResultOf(calling)
        self.assertTrue(transport.ended)


class PoolTests(ClientCase):
    """
    Which connection a call uses.
    """

    def test_idle_timeout(self) -> None:
        """
        A connection that has been idle for the timeout is closed, and used until then.
        """
        _, transport = self.answered()
        self.network.advance(3.9)
        again = self.call()
        transport.protocol.dataReceived(ok())
        self.successResultOf(again)

        self.network.advance(4.0)

        self.assertTrue(transport.ended)
        self.assertEqual(len(self.network.tcpClients), 1)

    def test_fresh(self) -> None:
        """
        A create uses a connection that has been idle for less than a second, else a new one.
        """
        _, transport = self.answered()
        self.network.advance(0.5)
        first = self.call(method=b"POST", fresh=True)
        transport.protocol.dataReceived(ok())
        self.successResultOf(first)
        self.network.advance(1.0)

        self.call(method=b"POST", fresh=True)

        self.assertEqual(len(self.network.tcpClients), 2)

    def test_newest_first(self) -> None:
        """
        Of several idle connections the one that was used last is used.
        """
        calls = [self.connected() for _ in range(2)]
        for calling, transport in reversed(calls):
            transport.protocol.dataReceived(ok())
            self.successResultOf(calling)
        for _, transport in calls:
            transport.clear()

        self.call()

        self.assertEqual([bool(transport.value()) for _, transport in calls], [True, False])

    def test_size(self) -> None:
        """
        No more connections are kept than may be used at once.
        """
        self.pods = self.some_pods(concurrency=2)
        calls = [self.connected() for _ in range(2)]
        self.pod = a_pod(concurrency=3)
        for calling, transport in calls:
            transport.protocol.dataReceived(ok())
            self.successResultOf(calling)

        self.assertEqual(len([transport for _, transport in calls if not transport.ended]), 2)

    def test_repeated_once(self) -> None:
        """
        A GET whose pooled connection turns out closed is sent once more; a second failure is told, as sent.
        """
        _, transport = self.answered()
        calling = self.call()
        transport.break_off()
        self.network.advance(0)
        self.assertNoResult(calling)

        self.network.refuse(ConnectionRefusedError())

        self.assertTrue(self.failureResultOf(calling, PodUnreachable).value.sent)
        self.assertEqual(len(self.network.tcpClients), 2)

    def test_not_repeated(self) -> None:
        """
        A GET on a new connection, one whose answer has begun, and one with a body are not sent again.
        """
        calling, transport = self.connected()
        transport.break_off()
        self.network.advance(0)
        self.failureResultOf(calling, PodBroken)

        _, transport = self.answered()
        calling = self.call()
        transport.protocol.dataReceived(b"HTTP/1.1 200")
        transport.break_off()
        self.network.advance(0)
        self.failureResultOf(calling, PodBroken)

        _, transport = self.answered()
        calling = self.call(body=b"{}")
        transport.break_off()
        self.network.advance(0)
        self.failureResultOf(calling, PodBroken)
        self.assertEqual(len(self.network.tcpClients), 3)


class CancelTests(ClientCase):
    """
    A caller that does not wait.
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods = self.some_pods(breaker_threshold=1, concurrency=1)

    def cancel(self, calling: Deferred[IPodAnswer]) -> None:
        """
        Cancel; the place is free again and the pod's health as it was.
        """
        calling.cancel()
        self.network.advance(0)
        self.failureResultOf(calling, CancelledError)
        self.assertTrue(self.pods.healthy("p1"))
        self.answered()

    def test_connecting(self) -> None:
        """
        While the connection is made.
        """
        self.cancel(self.call())

    def test_sent(self) -> None:
        """
        While the pod works: its connection is dropped.
        """
        calling, transport = self.connected()
        self.cancel(calling)
        self.assertTrue(transport.ended)

    def test_uploading(self) -> None:
        """
        In the middle of an upload, which is stopped.
        """
        body = Body(100)
        calling, transport = self.connected(method=b"PUT", body=body)
        body.write(b"x" * 10)
        self.cancel(calling)
        self.assertTrue(transport.ended)
        self.assertTrue(body.stopped)

    def test_waiting(self) -> None:
        """
        While it waits for its place, which it then does not take.
        """
        first, transport = self.connected()
        second = self.call()
        second.cancel()
        self.failureResultOf(second, CancelledError)
        transport.protocol.dataReceived(ok())
        self.successResultOf(first)

        self.assertEqual(transport.value().count(b"GET "), 1)


_BOTH = {"compute": "http://192.0.2.1:8774", "volume": "http://192.0.2.1:8776"}


class BreakerTests(ClientCase):
    """
    What counts against a pod.
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods = self.some_pods(breaker_threshold=1)

    def test_refused(self) -> None:
        """
        A connection that is refused opens it: calls fail at once, and nothing is sent.
        """
        calling = self.call()
        self.network.refuse(ConnectionRefusedError())
        self.failureResultOf(calling, PodUnreachable)

        failure = self.failureResultOf(self.call(), PodUnreachable)

        self.assertFalse(self.pods.healthy("p1"))
        self.assertFalse(failure.value.sent)
        self.assertIn("refused", failure.value.reason)
        self.assertEqual(len(self.network.tcpClients), 1)

    def test_timeout(self) -> None:
        """
        So does a timeout.
        """
        calling, _ = self.connected(budget=1.0)
        self.network.advance(1.0)
        self.failureResultOf(calling, PodTimeout)

        self.assertFalse(self.pods.healthy("p1"))

    def test_status(self) -> None:
        """
        An answer does not, whatever its status.
        """
        self.answered(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

        self.assertTrue(self.pods.healthy("p1"))

    def test_broken_upload(self) -> None:
        """
        A body that breaks off on the client's side does not.
        """
        body = Body(100)
        calling, _ = self.connected(method=b"PUT", body=body)
        body.done.errback(RuntimeError("the client left"))

        self.failureResultOf(calling, PodBroken)
        self.assertTrue(self.pods.healthy("p1"))

    def test_crowd(self) -> None:
        """
        A queue that is full does not.
        """
        self.pods = self.some_pods(breaker_threshold=1, concurrency=1, queue=0)
        self.connected()

        self.failureResultOf(self.call(), PodUnreachable)

        self.assertTrue(self.pods.healthy("p1"))

    def test_probe(self) -> None:
        """
        A probe goes through an open breaker, and closes it when the pod answers.
        """
        self.test_timeout()
        probe = self.pods.probe(self.pod, a_call())
        self.network.accept().protocol.dataReceived(ok())
        self.successResultOf(probe)

        self.assertTrue(self.pods.healthy("p1"))

    def test_service(self) -> None:
        """
        A service that is down says nothing about the pod's others: they are called and healthy, the pod as a whole is not.
        """
        self.pod = a_pod(endpoints=_BOTH)
        self.test_timeout()
        self.answered(service="volume")

        self.assertFalse(self.pods.healthy("p1", "compute"))
        self.assertTrue(self.pods.healthy("p1", "volume"))
        self.assertTrue(self.pods.healthy("p1", "network"))
        self.assertFalse(self.pods.healthy("p1"))
        self.assertEqual(
            self.pods.breakers(),
            {("Pod1", "compute"): BreakerState.OPEN, ("Pod1", "volume"): BreakerState.CLOSED},
        )

    def test_unhealthy(self) -> None:
        """
        The pods whose breaker for a service is open are told together, until a probe is due, and not once the pod answers again.
        """
        self.pod = a_pod(endpoints=_BOTH)
        self.assertEqual(self.pods.unhealthy("compute"), frozenset())
        self.test_timeout()

        self.assertEqual(self.pods.unhealthy("compute"), {"p1"})
        self.assertEqual(self.pods.unhealthy("volume"), frozenset())
        self.network.advance(5.0)
        self.assertTrue(self.pods.healthy("p1", "compute"))
        self.assertEqual(self.pods.unhealthy("compute"), frozenset())
        probe = self.pods.probe(self.pod, a_call())
        self.assertEqual(self.pods.unhealthy("compute"), {"p1"})
        self.network.accept().protocol.dataReceived(ok())
        self.successResultOf(probe)
        self.assertEqual(self.pods.unhealthy("compute"), frozenset())

    def test_unhealthy_and_gone(self) -> None:
        """
        A pod that is gone is not told, whatever a call of it comes to afterwards.
        """
        self.test_timeout()
        self.pods.retain(())
        self.assertEqual(self.pods.unhealthy("compute"), frozenset())
        hanging, _ = self.connected(budget=1.0)
        self.pods.retain(())
        self.network.advance(1.0)
        self.failureResultOf(hanging, PodTimeout)
        self.assertEqual(self.pods.unhealthy("compute"), frozenset())

    def test_mixed(self) -> None:
        """
        Answers of one service do not keep the breaker of another closed.
        """
        self.pods, self.pod = self.some_pods(breaker_threshold=2), a_pod(endpoints=_BOTH)
        for _ in range(2):
            self.answered(service="volume", fresh=True)
            hanging, _ = self.connected(budget=1.0)
            self.network.advance(1.0)
            self.failureResultOf(hanging, PodTimeout)

        self.assertFalse(self.pods.healthy("p1", "compute"))

    def test_unknown(self) -> None:
        """
        A pod that was never called is healthy.
        """
        self.assertTrue(self.pods.healthy("other"))


class AnswerTests(ClientCase):
    """
    The body of an answer.
    """

    LONG = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-b: 2\r\nX-A: 3\r\nContent-Length: 10\r\n\r\nhello"

    def test_head(self) -> None:
        """
        Names are in lower case, values in their order, the last one is a field's.
        """
        answer, _ = self.answered(self.LONG)

        self.assertEqual((answer.status, answer.length, answer.pod_name), (200, 10, "Pod1"))
        self.assertEqual([value for name, value in answer.headers if name == b"x-a"], [b"1", b"3"])
        self.assertEqual((answer.header(b"x-a"), answer.header(b"x-c")), (b"3", None))

    def test_read(self) -> None:
        """
        The whole body, when it has come.
        """
        answer, transport = self.answered(self.LONG)
        reading = answer.read(10)
        self.assertNoResult(reading)

        transport.protocol.dataReceived(b"world")

        self.assertEqual(self.successResultOf(reading), b"helloworld")

    def test_too_large(self) -> None:
        """
        A body larger than the limit breaks the answer, known length or not, and its connection is dropped.
        """
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello!\r\n"
        for answer_bytes in (self.LONG, chunked):
            answer, transport = self.answered(answer_bytes)

            self.failureResultOf(answer.read(5), PodBroken)

            self.assertTrue(transport.ended)

    def test_cut_short(self) -> None:
        """
        A body that is cut short breaks the answer.
        """
        answer, transport = self.answered(self.LONG)
        reading = answer.read(100)

        transport.break_off()
        self.network.advance(0)

        self.failureResultOf(reading, PodBroken)

    def test_cancelled_reading(self) -> None:
        """
        Who stops reading drops the connection.
        """
        answer, transport = self.answered(self.LONG)
        reading = answer.read(100)

        reading.cancel()

        self.failureResultOf(reading, CancelledError)
        self.assertTrue(transport.ended)

    def test_until_close(self) -> None:
        """
        A body that only the connection's end can end came whole with it.
        """
        answer, transport = self.answered(b"HTTP/1.1 200 OK\r\n\r\nhello")
        self.assertIsNone(answer.length)
        reading = answer.read(100)

        transport.break_off()
        self.network.advance(0)

        self.assertEqual(self.successResultOf(reading), b"hello")

    def test_discarded(self) -> None:
        """
        The rest of a short body is read, so that the connection can be used again; a long one's connection is dropped.
        """
        short, transport = self.answered(self.LONG)
        short.discard()
        transport.protocol.dataReceived(b"world")
        self.call()
        self.assertEqual(len(self.network.tcpClients), 1)

        long, transport = self.answered(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        long.discard()
        self.assertTrue(transport.ended)

    def test_discarded_without_end(self) -> None:
        """
        A body without known length is dropped when it turns out long.
        """
        answer, transport = self.answered(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        answer.discard()
        self.assertFalse(transport.ended)

        transport.protocol.dataReceived(b"8000\r\n" + b"x" * 0x8000)

        self.assertTrue(transport.ended)

    def test_place(self) -> None:
        """
        A call keeps its place at the pod until its body has ended.
        """
        self.pods = self.some_pods(concurrency=1)
        answer, transport = self.answered(self.LONG)
        second = self.call()
        receiver = Receiver()
        answer.stream(receiver)
        self.assertNotIn(b"GET", transport.value()[10:])

        transport.protocol.dataReceived(b"world")
        transport.protocol.dataReceived(ok())

        assert receiver.reason is not None
        self.assertEqual((receiver.data, receiver.reason.check(ResponseDone)), (b"helloworld", ResponseDone))
        self.successResultOf(second)

    def test_standing_still(self) -> None:
        """
        A body that stands still for the timeout is dropped before half as long again, also when nobody asks for it.
        """
        for asked in (True, False):
            self.pods = self.some_pods(body_timeout=10.0)
            answer, transport = self.answered(self.LONG)
            if asked:
                answer.stream(Receiver())

            self.network.pump([1.0] * 9)
            self.assertFalse(transport.ended)
            self.network.pump([1.0] * 7)

            self.assertTrue(transport.ended)

    def test_moving_or_unwanted(self) -> None:
        """
        A body that moves slowly, or that its receiver has paused, is not dropped.
        """
        self.pods = self.some_pods(body_timeout=10.0)
        answer, transport = self.answered(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        receiver = Receiver()
        answer.stream(receiver)

        for _ in range(20):
            transport.protocol.dataReceived(b"x")
            self.network.pump([1.0] * 4)
        receiver.transport.pauseProducing()
        self.network.pump([1.0] * 60)

        self.assertFalse(transport.ended)

    def test_dropped_late(self) -> None:
        """
        Dropping an answer whose connection serves another by now does that one no harm.
        """
        done, transport = self.answered(ok(b"hello"))
        self.call()

        done.discard()

        self.assertFalse(transport.ended)


class LeanBudgetTests(BudgetTests):
    """
    The same over lean connections.
    """

    protocol = LeanConnection


class LeanReachTests(ReachTests):
    """
    The same over lean connections.
    """

    protocol = LeanConnection


class LeanPoolTests(PoolTests):
    """
    The same over lean connections.
    """

    protocol = LeanConnection


class LeanCancelTests(CancelTests):
    """
    The same over lean connections.
    """

    protocol = LeanConnection


class LeanBreakerTests(BreakerTests):
    """
    The same over lean connections.
    """

    protocol = LeanConnection


class LeanAnswerTests(AnswerTests):
    """
    The same over lean connections.
    """

    protocol = LeanConnection
