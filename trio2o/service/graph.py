"""
Everything between the database and the ports: started and stopped in one order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from attrs import define
from twisted.internet.defer import maybeDeferred
from twisted.logger import Logger

from trio2o.config.schema import Config
from trio2o.errors import Unavailable
from trio2o.identity.policy import OsloPolicy
from trio2o.model import PodState
from trio2o.ops.reload import Reloader
from trio2o.pods.client import TreqPods
from trio2o.pods.monitor import PodMonitor
from trio2o.service.database import Database
from trio2o.service.identity import IdentityParts
from trio2o.service.job_queue import JobQueueParts
from trio2o.service.jobs import Jobs
from trio2o.service.shared import SharedService
from trio2o.service.surfaces import ServedSurface
from trio2o.service.usage import UsageService
from trio2o.state.cache import MemoryState
from trio2o.state.cursors import CursorBook
from trio2o.state.feed import StateFeed
from trio2o.state.news import NewsService
from trio2o.state.routes import RouteBook
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.departures import Departures
from trio2o.strategies.quotas import QuotaBook

_log = Logger()


@define(kw_only=True)
class Graph:
    """
    The parts that live between the database's start and its stop.
    """

    state: MemoryState
    surfaces: Sequence[ServedSurface]
    job_queue: JobQueueParts
    _feed: StateFeed
    _routes: RouteBook
    _cursors: CursorBook
    _identity: IdentityParts
    _monitor: PodMonitor
    _departures: Departures
    _usage: UsageService
    _quotas: QuotaBook
    _news: NewsService
    _jobs: Jobs
    _shared: SharedService
    _pods: TreqPods
    _policy: OsloPolicy
    _database: Database

    async def start(self) -> None:
        """
        Start; returns when the state is loaded and every pod was looked at once, or did not answer in time.
        """
        self._identity.service.startService()
        self._feed.startService()
        await self._feed.started()
        self._routes.startService()
        self._cursors.startService()
        try:
            await self._identity.catalog.refresh()
        except Unavailable:
            _log.warn("Keystone is away; pods are reached once it is back")
        served = [pod for pod in self.state.pods() if pod.state is not PodState.DISABLED]
        await gathered([self._monitor.probe(pod) for pod in served], ())
        self._monitor.startService()
        self._departures.startService()
        self._news.startService()
        self._usage.startService()
        await self._usage.started()
        self._jobs.startService()
        self.job_queue.worker.startService()
        self._shared.startService()

    async def give_jobs_back(self) -> None:
        """
        Claim no more jobs, and leave those under way to the other processes.
        """
        await maybeDeferred(self._shared.stopService)
        await maybeDeferred(self.job_queue.worker.stopService)

    async def stop(self) -> None:
        """
        Stop, in the reverse order; what is still to be written is written, bounded.
        """
        await self.give_jobs_back()
        upper = (self._jobs, self._usage, self._news, self._departures, self._monitor)
        for service in (*upper, self._cursors, self._routes, self._feed, self._identity.service):
            await maybeDeferred(service.stopService)
        self._quotas.stop()
        self._pods.close()

    def add_reloading(self, reloader: Reloader[Config]) -> None:
        """
        Name what a new configuration changes while the daemon runs: the pod list and the policy.
        """

        def pods(config: Config) -> Callable[[], Awaitable[None]]:
            declared = config.pods_declared()

            async def commit() -> None:
                await self._database.pods.declare_pods(declared)

            return commit

        def policy(config: Config) -> Callable[[], Awaitable[None]]:
            rules = self._policy.load(None if config.policy_file is None else str(config.policy_file))

            async def commit() -> None:
                self._policy.use(rules)

            return commit

        reloader.add("pods", pods)
        reloader.add("policy", policy)
