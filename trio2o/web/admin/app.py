"""
The Klein app of the Admin API: each handler parses, calls one use case, renders.

Ids, authentication, errors and records are the wrapper's; the policy is asked before a handler begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from attrs import define
from klein import Klein
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest
from twisted.web.resource import IResource
from werkzeug.exceptions import HTTPException

from trio2o.administration.bindings import BindingAdministration
from trio2o.administration.draining import DrainAdministration
from trio2o.administration.drift import DriftAdministration
from trio2o.administration.health import Health
from trio2o.administration.jobs import JobAdministration
from trio2o.administration.pods import PodAdministration
from trio2o.administration.routes import RouteAdministration
from trio2o.administration.usage import UsageAdministration
from trio2o.errors import Forbidden, GatewayError, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IPolicy
from trio2o.model import RequestContext
from trio2o.strategies.concurrently import Shield
from trio2o.web.admin import bodies, drift_views, job_views, operations, pod_bodies, pod_views, queries, views
from trio2o.web.admin.openapi import document
from trio2o.web.admin.operations import AdminOperation
from trio2o.web.admin.placements import placement_request
from trio2o.web.admin.serving import BODY_LIMIT, Explains, Method, Wrapped, app, serves
from trio2o.web.admin.unmatched import Refusal, Root, no_path, of_klein


@define(kw_only=True, eq=False, slots=False)
class AdminApi:
    """
    The Admin API v1.0 of one process.
    """

    pods: PodAdministration
    drain: DrainAdministration
    bindings: BindingAdministration
    routes: RouteAdministration
    usage: UsageAdministration
    jobs: JobAdministration
    drift_report: DriftAdministration
    explain: Explains
    health: Health
    policy: IPolicy
    wrapped: Wrapped
    #: Brings to its end what changes something, whether or not its client still listens.
    shield: Shield
    #: What ``/metrics`` is served by, without a token; ``None`` for not at all.
    metrics: IResource | None = None
    app: ClassVar[Klein] = app

    def resource(self) -> IResource:
        """
        The root of the admin surface's site.
        """
        return Root(self, self.app.resource())

    def serve(
        self, operation: AdminOperation, method: Method, request: IRequest, ids: Mapping[str, str]
    ) -> Deferred[None]:
        """
        Carry one operation out through the wrapper.
        """

        async def handler(inbound: Inbound, context: RequestContext) -> Answer:
            if operation.rule and not self.policy.authorize(operation.rule, context.identity, {}):
                raise Forbidden(f"The policy does not allow {operation.rule}.")
            if operation.method == "GET":
                return await method(self, inbound, context)
            return await self.shield.run(method(self, inbound, context))

        return self.wrapped(
            request, handler, operation=operation.operation, ids=ids, needs_token=bool(operation.rule)
        )

    @serves(operations.LIST_VERSIONS)
    async def list_versions(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``GET /``.
        """
        return views.answer(views.versions(_root(inbound)))

    @serves(operations.SHOW_VERSION)
    async def show_version(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``GET /v1.0``.
        """
        return views.answer(views.version(_root(inbound)))

    @serves(operations.SHOW_OPENAPI)
    async def show_openapi(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``GET /openapi.json``.
        """
        return views.answer(document(_root(inbound)))

    @serves(operations.LIST_PODS)
    async def list_pods(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``GET /pods``.
        """
        queries.parameters(inbound.query, operations.LIST_PODS)
        return views.answer({"pods": [pod_views.pod(report) for report in await self.pods.list()]})

    @serves(operations.CREATE_POD)
    async def create_pod(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``POST /pods``.
        """
        new = pod_bodies.new_pod(await inbound.body.read(BODY_LIMIT))
        report = await self.pods.create(new, by=context.identity.user_id)
        return views.answer({"pod": pod_views.pod(report)})

    @serves(operations.SHOW_POD)
    async def show_pod(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``GET /pods/{pod_id}``.
        """
        return views.answer({"pod": pod_views.pod(await self.pods.show(inbound.ids["pod_id"]))})

    @serves(operations.UPDATE_POD)
    async def update_pod(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``PATCH /pods/{pod_id}``.
        """
        changes, settings = pod_bodies.pod_changes(await inbound.body.read(BODY_LIMIT))
        report = await self.pods.change(inbound.ids["pod_id"], changes, settings, by=context.identity.user_id)
        return views.answer({"pod": pod_views.pod(report)})

    @serves(operations.DELETE_POD)
    async def delete_pod(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``DELETE /pods/{pod_id}``.
        """
        given = queries.parameters(inbound.query, operations.DELETE_POD)
        force = queries.flag(given, "force") or False
        return views.answer(
            {"pod": pod_views.pod(await self.pods.delete(inbound.ids["pod_id"], force=force))}
        )

    @serves(operations.DRAIN_POD)
    async def drain_pod(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``POST /pods/{pod_id}/drain``.
        """
        order = pod_bodies.drain_order(await inbound.body.read(BODY_LIMIT))
        report = await self.drain.begin(
            inbound.ids["pod_id"],
            reason=order.reason,
            end_bindings=order.end_bindings,
            by=context.identity.user_id,
        )
        return views.answer({"drain": pod_views.drain(report)})

    @serves(operations.SHOW_DRAIN)
    async def show_drain(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``GET /pods/{pod_id}/drain``.
        """
        return views.answer({"drain": pod_views.drain(await self.drain.show(inbound.ids["pod_id"]))})

    @serves(operations.SHOW_USAGE)
    async def show_usage(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``GET /pods/{pod_id}/usage``.
        """
        return views.answer({"usage": pod_views.usage(await self.usage.show(inbound.ids["pod_id"]))})

    @serves(operations.EXPLAIN_SCHEDULE)
    async def explain_schedule(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``POST /schedule``.
        """
        wanted = placement_request(await inbound.body.read(BODY_LIMIT))
        explanation = await self.explain(wanted, unknown_zone="There is no availability zone {zone}.")
        return views.answer({"schedule": views.schedule(explanation)})

    @serves(operations.LIST_BINDINGS)
    async def list_bindings(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``GET /bindings``.
        """
        given = queries.parameters(inbound.query, operations.LIST_BINDINGS)
        page = await self.bindings.find(queries.binding_query(given))
        return views.answer(views.bindings(page, _root(inbound), given))

    @serves(operations.CREATE_BINDING)
    async def create_binding(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``POST /bindings``.
        """
        tenant_id, pod_id = bodies.new_binding(await inbound.body.read(BODY_LIMIT))
        return views.answer({"pod_binding": views.binding(await self.bindings.create(tenant_id, pod_id))})

    @serves(operations.SHOW_BINDING)
    async def show_binding(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``GET /bindings/{binding_id}``.
        """
        return views.answer(
            {"pod_binding": views.binding(await self.bindings.show(inbound.ids["binding_id"]))}
        )

    @serves(operations.DELETE_BINDING)
    async def delete_binding(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``DELETE /bindings/{binding_id}``.
        """
        return views.answer(
            {"pod_binding": views.binding(await self.bindings.end(inbound.ids["binding_id"]))}
        )

    @serves(operations.SHOW_ROUTES)
    async def show_routes(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``GET /routes/{resource_id}``.
        """
        return views.answer(views.routes(await self.routes.show(inbound.ids["resource_id"])))

    @serves(operations.LIST_JOBS)
    async def list_jobs(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``GET /jobs``.
        """
        given = queries.parameters(inbound.query, operations.LIST_JOBS)
        page = await self.jobs.find(queries.job_query(given))
        return views.answer(job_views.jobs(page, _root(inbound), given))

    @serves(operations.SHOW_JOB)
    async def show_job(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``GET /jobs/{job_id}``.
        """
        return views.answer({"job": job_views.job(await self.jobs.show(inbound.ids["job_id"]))})

    @serves(operations.REDO_JOB)
    async def redo_job(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``POST /jobs/{job_id}/redo``.
        """
        return views.answer({"job": job_views.job(await self.jobs.redo(inbound.ids["job_id"]))})

    @serves(operations.CANCEL_JOB)
    async def cancel_job(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``POST /jobs/{job_id}/cancel``.
        """
        return views.answer({"job": job_views.job(await self.jobs.cancel(inbound.ids["job_id"]))})

    @serves(operations.LIST_DRIFT)
    async def list_drift(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        ``GET /drift``.
        """
        queries.parameters(inbound.query, operations.LIST_DRIFT)
        return views.answer(drift_views.drift(await self.drift_report.find()))

    @app.route(operations.CHECK_HEALTH.path, methods=["GET"])
    def check_health(self, request: IRequest) -> Deferred[None]:
        """
        ``GET /healthcheck``: without a token unless its query asks for anything.
        """
        operation = operations.CHECK_HEALTH_DETAILS if b"?" in request.uri else operations.CHECK_HEALTH
        return self.serve(operation, AdminApi._health, request, {})

    async def _health(self, inbound: Inbound, context: RequestContext) -> Answer:
        given = queries.parameters(inbound.query, operations.CHECK_HEALTH)
        if queries.flag(given, "details"):
            report = self.health.report()
            return views.answer(views.health(report), status=503 if report.problem else 200)
        problem = self.health.problem()
        if problem:
            raise Unavailable(f"The service is {problem}.")
        return views.answer({"status": "ok"})

    @app.route("/metrics", methods=["GET"])
    def show_metrics(self, request: IRequest) -> IResource:
        """
        ``GET /metrics``.
        """
        return Refusal(self, no_path(request)) if self.metrics is None else self.metrics

    @app.handle_errors(HTTPException)
    def unmatched(self, request: IRequest, failure: Failure) -> IResource:
        """
        What Klein has no handler for: another path, or another method.
        """
        return Refusal(self, of_klein(request, failure))

    def refuse(self, request: IRequest, error: GatewayError) -> Deferred[None]:
        """
        Answer an error that was found before any operation was.
        """

        async def handler(inbound: Inbound, context: RequestContext) -> Answer:
            raise error

        return self.wrapped(request, handler, operation=operations.UNMATCHED, needs_token=False)


def _root(inbound: Inbound) -> str:
    return inbound.public_root.decode("latin-1")
