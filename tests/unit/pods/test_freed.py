"""
What was read is freed at once: nothing of it waits for Python's garbage collector, which sees no size.
"""

from __future__ import annotations

import gc

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.pods.memory import MemoryTransport, Network
from tests.unit.pods.test_client import Receiver
from trio2o.pods.answer import PodAnswer
from trio2o.pods.lean import LeanConnection
from trio2o.pods.request import PodRequest

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n"


class FreedTests(SynchronousTestCase):
    """
    A response over the daemon's own connection.
    """

    def setUp(self) -> None:
        self.connection = LeanConnection(lambda _: None, secure=False)
        transport = MemoryTransport(Network())
        transport.protocol = self.connection
        self.connection.makeConnection(transport)
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)

    def answer(self, begun: bytes) -> PodAnswer:
        """
        The answer of which this much has come.
        """
        answered = self.connection.request(PodRequest(b"GET", b"/", b"h", [], None))
        self.connection.dataReceived(_HEAD + begun)
        return PodAnswer(self.successResultOf(answered), "Pod1", lambda _: None)

    def assertFreed(self) -> None:
        """
        No answer, and nobody who read one, is left.
        """
        kinds = (PodAnswer, Receiver)
        self.assertEqual([], [each for each in gc.get_objects() if isinstance(each, kinds)])

    def test_read(self) -> None:
        """
        A body that was read whole, in pieces or at once.
        """
        for begun in (b"", b"hello", b"hello world"):
            with self.subTest(begun=begun):
                body = self.answer(begun).read(100)
                if begun != b"hello world":
                    self.connection.dataReceived(b"hello world"[len(begun) :])
                self.assertEqual(b"hello world", self.successResultOf(body))
                del body
                self.assertFreed()

    def test_streamed(self) -> None:
        """
        A body that was handed on.
        """
        for begun in (b"hello", b"hello world"):
            with self.subTest(begun=begun):
                answer = self.answer(begun)
                receiver = Receiver()
                # as the web layer's, which knows what it sends
                receiver.answer = answer  # type: ignore[attr-defined]
                answer.stream(receiver)
                if begun != b"hello world":
                    self.connection.dataReceived(b" world")
                self.assertEqual(b"hello world", receiver.data)
                del answer, receiver
                self.assertFreed()
