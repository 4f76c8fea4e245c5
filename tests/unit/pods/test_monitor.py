"""
The monitor: when it asks, and what it learns.
"""

from __future__ import annotations

from random import Random
from typing import Any

import orjson
from attrs import evolve
from twisted.internet.error import ConnectionRefusedError
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.pods.memory import Network, a_pod, ok, some_pods
from trio2o.interfaces import IPodFactsBook
from trio2o.model import Pod, PodState
from trio2o.pods.monitor import PodMonitor

COMPUTE_URL = "http://192.0.2.1:8774"


def nova(highest: str = "2.104", href: str = "http://inside:8774/v2.1/", lowest: str = "2.1") -> bytes:
    """
    Nova's answer.
    """
    versions = [
        {"id": "v2.1", "min_version": lowest, "version": highest, "links": [{"rel": "self", "href": href}]}
    ]
    return ok(orjson.dumps({"versions": versions}))


class MonitorCase(SynchronousTestCase):
    """
    A monitor of pods behind a network in memory.
    """

    def setUp(self) -> None:
        self.network = Network()
        self.client = some_pods(self.network, breaker_threshold=1, idle_timeout=1.0)
        self.pods: list[Pod] = [a_pod(endpoints={"compute": COMPUTE_URL})]
        self.monitor = PodMonitor(
            clock=self.network,
            client=self.client,
            pods=lambda: self.pods,
            random=Random(1),
            interval=15.0,
            spread=0.5,
            budget=10.0,
        )

    def start(self) -> None:
        """
        Start, and let the first round begin.
        """
        self.monitor.startService()
        self.network.advance(0)

    def answer(self, answer: bytes) -> Any:
        """
        The pod's answer on its newest connection.
        """
        transport = self.network.accept()
        transport.protocol.dataReceived(answer)
        return transport


class RoundTests(MonitorCase):
    """
    When pods are asked.
    """

    def test_at_once(self) -> None:
        """
        Every pod is asked when the service starts.
        """
        self.pods.append(evolve(self.pods[0], id="p2", name="Pod2"))

        self.start()

        self.assertEqual(len(self.network.tcpClients), 2)

    def test_again(self) -> None:
        """
        And once in each interval, within its first part.
        """
        self.start()
        self.answer(nova())

        self.network.advance(14.9)
        self.assertEqual(len(self.network.tcpClients), 1)
        self.network.pump([0.2, 7.5])

        self.assertEqual(len(self.network.tcpClients), 2)

    def test_not_twice(self) -> None:
        """
        A pod that still works on a probe gets no second one.
        """
        self.start()
        self.network.accept()

        self.network.pump([5.0, 4.9])

        self.assertEqual(len(self.network.tcpClients), 1)

    def test_disabled(self) -> None:
        """
        A disabled pod and the top region are not asked.
        """
        self.pods = [evolve(self.pods[0], state=PodState.DISABLED), evolve(self.pods[0], id="p2", az_name="")]

        self.start()

        self.assertEqual(self.network.tcpClients, [])

    def test_stopped(self) -> None:
        """
        Stopping ends what runs and leaves no timer of the monitor behind.
        """
        self.start()
        transport = self.network.accept()

        stopped = self.monitor.stopService()
        self.network.advance(0)

        self.successResultOf(stopped)
        self.assertTrue(transport.ended)
        self.assertEqual(self.network.getDelayedCalls(), [])


class FactsTests(MonitorCase):
    """
    What is learnt.
    """

    def test_interface(self) -> None:
        """
        The monitor is an ``IPodFactsBook``.
        """
        verifyObject(IPodFactsBook, self.monitor)

    def test_learnt(self) -> None:
        """
        Range and link prefix are taken from the version document, not from the address.
        """
        self.start()
        self.answer(nova())

        facts = self.monitor.facts("p1")
        assert facts is not None
        self.assertEqual(facts.services["compute"].microversion_max, (2, 104))
        self.assertEqual(self.monitor.link_prefixes("p1", "compute"), (b"http://inside:8774",))
        self.assertEqual(self.monitor.microversions("compute"), ((2, 1), (2, 104)))

    def test_second_document(self) -> None:
        """
        Where the root says nothing of use, the version's own document is asked.
        """
        self.start()
        transport = self.answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        transport.protocol.dataReceived(nova(highest="2.90"))

        self.assertEqual(self.monitor.microversions("compute"), ((2, 1), (2, 90)))
        self.assertIn(b"GET /v2.1/ HTTP/1.1", transport.value())

    def test_unknown(self) -> None:
        """
        Before a pod has said anything, the prefix is its address; of an unknown pod there is none.
        """
        self.assertIsNone(self.monitor.facts("p1"))
        self.assertEqual(self.monitor.link_prefixes("p1", "compute"), (COMPUTE_URL.encode(),))
        self.assertEqual(self.monitor.link_prefixes("p1", "volume"), ())
        self.assertEqual(self.monitor.link_prefixes("p9", "compute"), ())
        self.assertIsNone(self.monitor.microversions("compute"))

    def test_down(self) -> None:
        """
        A pod that is down keeps what it said last, and its breaker learns of it.
        """
        self.start()
        self.answer(nova())
        self.network.pump([15.0, 7.5])

        self.network.refuse(ConnectionRefusedError())

        self.assertEqual(self.monitor.link_prefixes("p1", "compute"), (b"http://inside:8774",))
        self.assertFalse(self.client.healthy("p1"))

    def test_back(self) -> None:
        """
        A pod that is back is used again after its next probe.
        """
        self.test_down()
        self.network.pump([15.0, 7.5])

        self.answer(nova())

        self.assertTrue(self.client.healthy("p1"))

    def test_common_range(self) -> None:
        """
        The range of a service is what all pods share.
        """
        self.pods.append(evolve(self.pods[0], id="p2", name="Pod2"))
        self.start()
        self.network.accept(0).protocol.dataReceived(nova(highest="2.104"))
        self.network.accept(1).protocol.dataReceived(nova(highest="2.90", lowest="2.10"))

        self.assertEqual(self.monitor.microversions("compute"), ((2, 10), (2, 90)))

    def test_gone(self) -> None:
        """
        A pod that is no longer registered is forgotten.
        """
        self.start()
        self.answer(nova())
        self.pods = []

        self.network.advance(15.0)

        self.assertIsNone(self.monitor.facts("p1"))
