"""
Everything between the database and the ports: built in one place.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from trio2o.config.schema import Config
from trio2o.identity.pod_tokens import SharedKeystone
from trio2o.identity.policy import OsloPolicy
from trio2o.model import Kind
from trio2o.model.shared import KEY_PAIR
from trio2o.ops.access_log import AccessLog
from trio2o.ops.metrics import Metrics
from trio2o.service.admin import OwnMetrics, ShownMetrics, make_admin
from trio2o.service.counting import make_quota_counting
from trio2o.service.database import Database
from trio2o.service.graph import Graph
from trio2o.service.identity import make_identity
from trio2o.service.job_queue import make_job_queue
from trio2o.service.jobs import make_jobs
from trio2o.service.news import make_news
from trio2o.service.observed import ObservedTokens
from trio2o.service.observing import Observer, watch
from trio2o.service.parts import Common
from trio2o.service.placement import make_placement
from trio2o.service.quotas import QuotaParts, make_quota_defaults, make_quota_limits, make_unified_limits
from trio2o.service.reaching import reach_pods
from trio2o.service.shared import make_shared, make_shared_memory
from trio2o.service.surfaces import make_surface
from trio2o.service.usage import make_usage
from trio2o.state.cache import MemoryState
from trio2o.state.cursors import CursorBook
from trio2o.state.feed import StateFeed
from trio2o.state.outbox import Outbox
from trio2o.state.quota_limits import QuotaLimitFollower
from trio2o.state.routes import RouteBook
from trio2o.strategies.departures import Departures
from trio2o.strategies.locating import Locator
from trio2o.strategies.own_zones import OwnZones
from trio2o.strategies.quotas import QuotaBook
from trio2o.surface.surfaces import COMPUTE, VOLUME
from trio2o.usage.quotas import QuotaQuestions
from trio2o.usage.sightings import ServerSightings
from trio2o.usage.transfers import TransferQuestions

#: Seconds that a pod has to tell whether it has a resource.
_LOCATE_SECONDS = 10.0


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
    policy = OsloPolicy()
    policy.use(policy.load(None if config.policy_file is None else str(config.policy_file)))
    own_zones = OwnZones(ids=shared_memory.book, state=state)
    reached = reach_pods(
        reactor,
        config,
        identity=identity,
        state=state,
        ids=shared_memory.book,
        own_zones=own_zones,
        metrics=metrics,
    )
    pods, forwarder, asks = reached.client, reached.forwarder, reached.asks
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
        without_key=partial(shared_memory.book.lacking, KEY_PAIR),
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
        sightings=ServerSightings(asks=asks),
        transfers=TransferQuestions(asks=asks),
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
        pods=reached.observed,
        asks=asks,
        queue=job_queue,
        metrics=metrics,
    )
    quota_parts = QuotaParts(
        book=quota_limits,
        store=database.quota_limits,
        jobs=job_queue.queue,
        catch_up=feed.caught_up,
        usage=counted.reader if counted.enabled else None,
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
        pods=reached.observed,
        pod_tokens=SharedKeystone(),
        metrics=metrics,
        answer_limit=config.limits.answer_body_bytes,
        beside=[
            *shared.elected,
            job_queue.upkeep,
            *([counted.reconciler] if counted.enabled else []),
            *make_unified_limits(reactor, config, quota_parts, identity, metrics),
        ],
    )
    usage = make_usage(
        reactor,
        config.usage,
        election=database.election("usage"),
        store=database.usage,
        offer_store=database.offers,
        state=state,
        asks=asks,
        pods=reached.observed,
        experience=chosen.experience,
        offers=chosen.offers,
        affinity_keys=config.scheduling.affinity_specs,
        rules=config.scheduling.rules().capacity,
        quota_defaults=make_quota_defaults(
            config.quotas, quota_parts, job_queue.handlers, state=state, asks=asks, metrics=metrics
        ).collect,
        metrics=metrics,
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
        facts=reached.monitor,
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
        asks=asks,
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
        news=make_news(reactor, database.news, chosen.experience, quotas, metrics),
        jobs=jobs,
        shared=shared,
        feed=feed,
        routes=routes,
        cursors=cursors,
        identity=identity,
        monitor=reached.monitor,
        pods=pods,
        policy=policy,
        database=database,
    )
