"""
The whole daemon's graph, on stores in memory and a reactor whose connections and time are the test's.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twisted.internet.error import ConnectionRefusedError
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from trio2o.config.schema import Config
from trio2o.service.graph import Graph
from trio2o.service.wiring import make_graph
from trio2o.startup import read_config
from trio2o.storage.memory import (
    MemoryBindings,
    MemoryChanges,
    MemoryCursors,
    MemoryDatabase,
    MemoryPods,
    MemoryRoutes,
)
from trio2o.storage.memory_election import MemoryElection
from trio2o.storage.memory_intents import MemoryIntents
from trio2o.storage.memory_jobs import MemoryJobs
from trio2o.storage.memory_news import MemoryNews
from trio2o.storage.memory_offers import MemoryOffers
from trio2o.storage.memory_quota_usages import MemoryQuotaUsages
from trio2o.storage.memory_quotas import MemoryQuotaLimits
from trio2o.storage.memory_shared import MemoryShared
from trio2o.storage.memory_usage import MemoryUsage

MINIMAL = """
identity:
  auth_url: http://192.0.2.9:5000/v3
  auth: {username: trio2o, password: s3cret, project_name: service, user_domain_id: default, project_domain_id: default}
logging: {access: false}
pods:
- {name: Pod1, az: az1, endpoints: {compute: "http://192.0.2.1:8774", volume: "http://192.0.2.1:8776"}}
- {name: Pod2, az: az2, state: disabled, endpoints: {compute: "http://192.0.2.2:8774"}}
"""


class MemoryPool:
    """
    What metrics and health look at of a pool.
    """

    alive = 2
    busy = 1


class MemoryStores:
    """
    A started database.
    """

    def __init__(self, reactor: MemoryReactorClock) -> None:
        self.memory = MemoryDatabase(reactor)
        self.pool = MemoryPool()
        self.pods = MemoryPods(self.memory)
        self.bindings = MemoryBindings(self.memory)
        self.routes = MemoryRoutes(self.memory)
        self.cursors = MemoryCursors(self.memory)
        self.quota_limits = MemoryQuotaLimits(self.memory)
        self.shared = MemoryShared(self.memory)
        self.quota_usages = MemoryQuotaUsages(self.memory)
        self.followed = SimpleNamespace(
            changes=MemoryChanges(self.memory),
            pods=self.pods,
            bindings=self.bindings,
            quota_limits=self.quota_limits,
            shared=self.shared,
        )
        self.usage = MemoryUsage(self.memory)
        self.intents = MemoryIntents(self.memory)
        self.jobs = MemoryJobs(self.memory)
        self.news = MemoryNews(self.memory)
        self.offers = MemoryOffers(self.memory)

    def election(self, name: str) -> MemoryElection:
        """
        See ``Database``.
        """
        return MemoryElection(self.memory, name)


class GraphCase(SynchronousTestCase):
    """
    A graph that was made, and not started.
    """

    more = ""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.path = self.folder / "trio2o.yaml"
        self.reactor = MemoryReactorClock()
        self.reactor.advance(1_780_000_000.0)
        self.database = MemoryStores(self.reactor)
        self.config = self.configured(self.more)
        self.graph = self.made()

    def configured(self, more: str = "") -> Config:
        """
        A configuration, from a file.
        """
        self.path.write_text(MINIMAL + more)
        return read_config(self.path)

    def made(self) -> Graph:
        """
        The graph of the configuration.
        """
        stores: Any = self.database
        return make_graph(self.reactor, self.config, stores, None)

    def refuse(self) -> None:
        """
        Let every connection that is being made fail.
        """
        while self.reactor.tcpClients:
            for client in self.reactor.tcpClients[:]:
                self.reactor.tcpClients.remove(client)
                client[2].clientConnectionFailed(None, Failure(ConnectionRefusedError()))

    def strategy(self, surface: str, name: str) -> Any:
        """
        One of a surface's strategies.
        """
        (served,) = (served for served in self.graph.surfaces if served.name == surface)
        front: Any = served.site.resource
        return front._app._strategies[name]
