"""
The admin surface, wired.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from twisted.web.resource import Resource

from trio2o.administration.bindings import BindingAdministration
from trio2o.administration.draining import DrainAdministration
from trio2o.administration.drift import DriftAdministration
from trio2o.administration.health import Health
from trio2o.administration.jobs import JobAdministration
from trio2o.administration.pods import PodAdministration
from trio2o.administration.routes import RouteAdministration
from trio2o.administration.usage import UsageAdministration
from trio2o.identity.policy import OsloPolicy
from trio2o.model import Pod
from trio2o.ops.drain import Drain
from trio2o.ops.metrics import Metrics, MetricsResource
from trio2o.service.database import Database
from trio2o.service.parts import Common
from trio2o.service.pod_settings import read_settings
from trio2o.service.surfaces import Counter, ServedSurface, TrackedSite, make_wrapper
from trio2o.strategies.concurrently import Shield
from trio2o.strategies.dry_run import DryRun
from trio2o.strategies.experience import Experience
from trio2o.strategies.own_zones import ZONES
from trio2o.web.admin.app import AdminApi


class ShownMetrics(Protocol):
    """
    What Prometheus is shown.
    """

    def resource(self, metrics: Metrics) -> Resource:
        """
        ``GET /metrics``, given those of this process.
        """


class OwnMetrics:
    """
    Those of this process, which is all there is.
    """

    def resource(self, metrics: Metrics) -> Resource:
        return MetricsResource(metrics)


def make_admin(
    common: Common,
    database: Database,
    metrics: Metrics,
    policy: OsloPolicy,
    experience: Experience,
    shown: ShownMetrics,
    jobs_due: Callable[[], None],
) -> ServedSurface:
    """
    Wire the Admin API.

    :param jobs_due: told that somebody has ordered a job to be done.
    """
    listen = common.config.listen.admin
    counter = Counter()
    healthy, clock = common.pods.healthy, common.reactor

    def now() -> datetime:
        return datetime.fromtimestamp(clock.seconds(), UTC)

    async def zones(pod: Pod) -> dict[str, Any] | None:
        said = await common.asks.get(pod, "compute", ZONES)
        return said.body if said.status == 200 and isinstance(said.body, dict) else None

    api = AdminApi(
        pods=PodAdministration(database.pods, healthy, now, read_settings),
        drain=DrainAdministration(database.pods, database.bindings, now),
        bindings=BindingAdministration(database.bindings, database.pods, common.state),
        routes=RouteAdministration(database.routes, common.state),
        usage=UsageAdministration(
            database.pods,
            database.usage,
            common.config.scheduling.rules().capacity,
            experience.claimed,
        ),
        drift_report=DriftAdministration(store=database.shared, pods=database.pods),
        jobs=JobAdministration(store=database.jobs, due=jobs_due),
        explain=DryRun(
            placement=common.placement,
            own_zones=common.own_zones,
            ask=zones,
            type_name=common.forwarder.type_name,
        ).explain,
        health=Health(
            common.state,
            healthy,
            lambda: counter.draining,
            {
                "database": lambda: "" if database.pool.alive else "no connection",
                "identity": common.identity.problem,
            },
        ),
        policy=policy,
        wrapped=make_wrapper(common, None, None, counter, listen.public_url).wrapped,
        shield=Shield(began=counter.began, ended=counter.ended),
        metrics=shown.resource(metrics) if common.config.metrics.enabled else None,
    )
    site = TrackedSite(api.resource(), reactor=common.reactor)
    counter.drain = Drain(site, common.reactor)
    return ServedSurface(name="admin", endpoints=listen.endpoints, site=site, drain=counter.drain)
