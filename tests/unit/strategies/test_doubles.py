"""
The doubles that the strategies are tested with.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.iweb import IBodyProducer
from zope.interface.verify import verifyObject

from tests.unit.strategies.case import StrategyCase
from tests.unit.strategies.doubles import (
    CountedRoutes,
    HeldBindings,
    MemoryAnswer,
    MemoryBody,
    MemoryFacts,
    MemoryProducer,
    OwnTokens,
    ScriptedPods,
)
from trio2o.interfaces import (
    IBindingStore,
    IPodAnswer,
    IPodClient,
    IPodFactsBook,
    IPodTokens,
    IRequestBody,
    IRouteBook,
    IRouteStore,
    IState,
    IStrategy,
)
from trio2o.storage.memory import MemoryBindings, MemoryDatabase, MemoryRoutes


class InterfaceTests(SynchronousTestCase):
    """
    Doubles and the interfaces that they stand for.
    """

    def test_doubles(self) -> None:
        """
        Each double provides its interface.
        """
        clock = Clock()
        database = MemoryDatabase(clock)
        for interface, double in (
            (IPodClient, ScriptedPods(clock)),
            (IPodAnswer, MemoryAnswer(200, [], b"", "Pod1")),
            (IRequestBody, MemoryBody()),
            (IBodyProducer, MemoryProducer(b"")),
            (IPodFactsBook, MemoryFacts()),
            (IPodTokens, OwnTokens()),
            (IBindingStore, HeldBindings(MemoryBindings(database))),
            (IRouteStore, CountedRoutes(MemoryRoutes(database))),
        ):
            with self.subTest(interface=interface):
                self.assertTrue(verifyObject(interface, double))


class ProviderTests(StrategyCase):
    """
    What the tests build around the strategies.
    """

    def test_state(self) -> None:
        """
        The state and the route book are the daemon's own.
        """
        self.assertTrue(verifyObject(IState, self.state))
        self.assertTrue(verifyObject(IRouteBook, self.routes))

    def test_strategies(self) -> None:
        """
        Every strategy provides the interface that the web layer calls.
        """
        for name, strategy in self.strategies.items():
            with self.subTest(strategy=name):
                self.assertTrue(verifyObject(IStrategy, strategy))
