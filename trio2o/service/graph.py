"""
Everything between the database and the ports: built in one place, started and stopped in one order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

from attrs import define, evolve
from twisted.internet.defer import maybeDeferred
from twisted.logger import Logger

from trio2o.adoption.questions import PodQuestions
from trio2o.config.schema import Config
from trio2o.errors import Unavailable
from trio2o.identity.pod_tokens import SharedKeystone
from trio2o.identity.policy import OsloPolicy
from trio2o.model import Kind, News, PodState
from trio2o.ops.access_log import AccessLog
from trio2o.ops.metrics import Metrics
from trio2o.ops.reload import Reloader
from trio2o.pods.client import PodDefaults, TreqPods
from trio2o.pods.connection import PodConnection
from trio2o.pods.lean import LeanConnection
from trio2o.pods.monitor import PodMonitor
from trio2o.service.admin import OwnMetrics, ShownMetrics, make_admin
from trio2o.service.counting import make_quota_counting
from trio2o.service.database import Database
from trio2o.service.identity import IdentityParts, make_identity
from trio2o.service.job_queue import JobQueueParts, make_job_queue
from trio2o.service.jobs import Jobs, make_jobs
from trio2o.service.observed import ObservedPods, ObservedTokens
from trio2o.service.observing import Observer, watch
from trio2o.service.placement import make_placement
from trio2o.service.quotas import QuotaParts, make_quota_defaults, make_quota_limits
from trio2o.service.shared import SharedService, make_shared, make_shared_memory
from trio2o.service.surfaces import Common, ServedSurface, make_surface
from trio2o.service.usage import UsageService, make_usage
from trio2o.state.cache import MemoryState
from trio2o.state.cursors import CursorBook
from trio2o.state.feed import StateFeed
from trio2o.state.news import NewsService
from trio2o.state.outbox import Outbox
from trio2o.state.quota_limits import QuotaLimitFollower
from trio2o.state.routes import RouteBook
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.departures import Departures
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.locating import Locator
from trio2o.strategies.mapped import MappedIdentity
from trio2o.strategies.own_zones import OwnZones
from trio2o.strategies.quotas import QuotaBook
from trio2o.surface.surfaces import COMPUTE, VOLUME
from trio2o.usage.quotas import QuotaQuestions

_log = Logger()

#: Seconds that a pod has to tell whether it has a resource.
_LOCATE_SECONDS = 10.0


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


def make_graph(
    reactor: Any,
    config: Config,
    database: Database,
    access: AccessLog | None,
    shown: ShownMetrics | None = None,
) -> Graph:
    """
    Wire everything; nothing is sent and nothing listens yet.
    """
    metrics = Metrics()
    identity = make_identity(reactor, config.identity)
    state = MemoryState(reactor, route_limit=config.limits.routes_cached)
    followed = database.followed
    quota_limits = make_quota_limits(config.quotas, state)
    shared_memory = make_shared_memory(followed.shared, state.pod)
    feed = StateFeed(
        reactor,
        followed.changes,
        followed.pods,
        followed.bindings,
        state,
        followers=[
            QuotaLimitFollower(store=followed.quota_limits, book=quota_limits),
            *shared_memory.followers,
        ],
    )
    routes = RouteBook(state, database.routes, Outbox(reactor, database.routes))
    cursors = CursorBook(reactor, database.cursors)
    pods = TreqPods(
        reactor=reactor,
        catalog=identity.catalog,
        defaults=pod_defaults(config),
        connection=LeanConnection if config.pod_defaults.lean_connections else PodConnection,
    )
    monitor = PodMonitor(
        clock=reactor,
        client=pods,
        pods=state.pods,
        random=Random(),
        interval=config.pod_defaults.probe_interval_seconds,
    )
    policy = OsloPolicy()
    policy.use(policy.load(None if config.policy_file is None else str(config.policy_file)))
    observed = ObservedPods(pods, metrics, reactor)
    own_zones = OwnZones(ids=shared_memory.book, state=state)
    forwarder = Forwarder(
        pods=observed,
        pod_tokens=SharedKeystone(),
        facts=monitor,
        clock=reactor,
        answer_limit=config.limits.answer_body_bytes,
        mapped=MappedIdentity(ids=shared_memory.book),
        own_zones=own_zones.names,
    )
    asks = PodQuestions(
        pods=observed,
        own=identity.own,
        tokens=identity.tokens,
        pod_tokens=SharedKeystone(),
        answer_limit=config.limits.answer_body_bytes,
        budget=config.pod_defaults.list_timeout_seconds,
    )
    quota_questions = QuotaQuestions(asks=asks)
    quotas = QuotaBook(clock=reactor, ask=quota_questions.ask, keep_seconds=config.scheduling.quota_seconds)
    chosen = make_placement(
        reactor,
        config,
        state=state,
        bindings=database.bindings,
        pod_store=database.pods,
        unhealthy=pods.unhealthy,
        catch_up=feed.caught_up,
        quotas=quotas,
        behind=shared_memory.book.behind,
    )
    shared_memory.touch = chosen.experience.touched.touch

    def freed(kind: Kind, project_id: str) -> None:
        quotas.freed(kind, project_id)
        chosen.experience.freed(kind, project_id)

    locator = Locator(
        state=state,
        routes=routes,
        forwarder=forwarder,
        clock=reactor,
        found=metrics.counter("trio2o_route_lookups"),
        absent_seconds=config.limits.negative_routes_seconds,
        budget=min(_LOCATE_SECONDS, config.pod_defaults.list_timeout_seconds),
        freed=freed,
        ended=lambda kind, resource_id, project_id: counted.ended(kind, resource_id, project_id),
    )
    departures = Departures(
        forwarder=forwarder,
        state=state,
        locator=locator,
        clock=reactor,
        budget=config.pod_defaults.list_timeout_seconds,
    )
    settle_seconds = config.pod_defaults.create_timeout_seconds + config.idempotency.settle_seconds
    counted = make_quota_counting(
        reactor,
        config.quotas,
        store=database.quota_usages,
        limits=quota_limits,
        state=state,
        questions=quota_questions,
        departures=departures,
        settle_seconds=settle_seconds,
        waited=config.pod_defaults.list_timeout_seconds,
        metrics=metrics,
    )
    job_queue = make_job_queue(reactor, config.job_queue, database.jobs, metrics)
    shared = make_shared(
        reactor,
        config,
        shared_memory,
        store=database.shared,
        state=state,
        pods=observed,
        asks=asks,
        queue=job_queue,
        metrics=metrics,
    )
    jobs = make_jobs(
        reactor,
        config.jobs,
        election=database.election("jobs"),
        routes=database.routes,
        intents=database.intents,
        settle_seconds=settle_seconds,
        state=state,
        identity=identity,
        pods=observed,
        pod_tokens=SharedKeystone(),
        metrics=metrics,
        answer_limit=config.limits.answer_body_bytes,
        beside=[*shared.elected, job_queue.upkeep, *([counted.reconciler] if counted.enabled else [])],
    )
    quota_parts = QuotaParts(
        book=quota_limits,
        store=database.quota_limits,
        jobs=job_queue.queue,
        catch_up=feed.caught_up,
        usage=counted.reader if counted.enabled else None,
    )
    usage = make_usage(
        reactor,
        config.usage,
        election=database.election("usage"),
        store=database.usage,
        offer_store=database.offers,
        state=state,
        asks=asks,
        pods=observed,
        experience=chosen.experience,
        offers=chosen.offers,
        affinity_keys=config.scheduling.affinity_specs,
        rules=config.scheduling.rules().capacity,
        quota_defaults=make_quota_defaults(
            config.quotas, quota_parts, job_queue.handlers, state=state, asks=asks, metrics=metrics
        ).collect,
        metrics=metrics,
    )
    experience = chosen.experience

    def fresh() -> News | None:
        told, freed = experience.news(), quotas.news()
        return evolve(told or News(), freed=freed) if freed else told

    def untold(news: News) -> None:
        experience.untold(news)
        quotas.untold(news.freed)

    def heard(news: News) -> None:
        experience.heard(news)
        quotas.heard(news.freed)

    news = NewsService(
        clock=reactor,
        news=database.news,
        fresh=fresh,
        untold=untold,
        heard=heard,
        count=metrics.counter("trio2o_news"),
    )
    common = Common(
        reactor=reactor,
        config=config,
        identity=identity,
        policy=policy,
        tokens=ObservedTokens(identity.tokens, metrics.counter("trio2o_token_lookups")),
        state=state,
        routes=routes,
        pods=pods,
        facts=monitor,
        forwarder=forwarder,
        locator=locator,
        placement=chosen.placement,
        offers=chosen.offers,
        offers_changed=usage.refresher.changed,
        experience=chosen.experience,
        departures=departures,
        observer=Observer(metrics=metrics, access=access),
        metrics=metrics,
        route_store=database.routes,
        cursors=cursors,
        intents=database.intents,
        quotas=quota_parts,
        shared=shared,
        job_queue=job_queue.queue,
        counted=counted,
        own_zones=own_zones,
    )
    listen = config.listen
    surfaces = [
        make_surface(common, COMPUTE, listen.compute.endpoints, listen.compute.public_url),
        make_surface(common, VOLUME, listen.volume.endpoints, listen.volume.public_url),
        make_admin(
            common,
            database,
            metrics,
            policy,
            chosen.experience,
            shown or OwnMetrics(),
            job_queue.worker.wake,
        ),
    ]
    watch(
        metrics,
        state=state,
        pool=database.pool,
        routes=routes,
        identity=identity,
        pods=pods,
        access=access,
        surfaces=surfaces,
    )
    return Graph(
        state=state,
        surfaces=surfaces,
        job_queue=job_queue,
        departures=departures,
        usage=usage,
        quotas=quotas,
        news=news,
        jobs=jobs,
        shared=shared,
        feed=feed,
        routes=routes,
        cursors=cursors,
        identity=identity,
        monitor=monitor,
        pods=pods,
        policy=policy,
        database=database,
    )


def pod_defaults(config: Config) -> PodDefaults:
    """
    How pods are reached, as the configuration has it.
    """
    defaults = config.pod_defaults
    return PodDefaults(
        connect_timeout=defaults.connect_timeout_seconds,
        answer_timeout=defaults.answer_timeout_seconds,
        body_timeout=defaults.answer_timeout_seconds,
        concurrency=defaults.concurrency,
        queue=defaults.queue,
        idle_timeout=defaults.idle_connection_seconds,
        breaker_threshold=defaults.breaker.failures,
        breaker_cool_down=defaults.breaker.open_seconds,
    )
