"""
Every operation of the Admin API, on one screen: what routes, policy checks, metrics and the OpenAPI
document come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from trio2o.model import JobState
from trio2o.surface.operations import Operation

_TEXT: Mapping[str, Any] = {"type": "string"}
_UUID: Mapping[str, Any] = {"type": "string", "format": "uuid"}
_FLAG: Mapping[str, Any] = {"type": "boolean"}


@frozen(kw_only=True)
class Parameter:
    """
    One parameter of a query.
    """

    name: str
    description: str
    schema: Mapping[str, Any]


_LIMIT = Parameter(
    name="limit",
    description="How many at most; never more than 1,000.",
    schema={"type": "integer", "minimum": 1},
)
_MARKER = Parameter(name="marker", description="The last id of the page before.", schema=_UUID)


@frozen(kw_only=True)
class AdminOperation:
    """
    One row.
    """

    #: Unique, a verb and a noun.
    name: str
    method: str
    #: From the root on, parameters in braces.
    path: str
    #: The policy's rule; empty for what needs no token.
    rule: str
    summary: str
    query: tuple[Parameter, ...] = ()
    #: The schema of the request's body, by its name in :mod:`trio2o.web.admin.schemas`; empty for none.
    body: str = ""
    #: False where the body may be empty.
    body_required: bool = True
    #: The schema of the answer's body.
    answer: str
    #: The statuses of its own refusals, beside those that all operations have.
    errors: tuple[int, ...] = ()

    @property
    def operation(self) -> Operation:
        """
        The row as the wrapper, the metrics and the access log know operations.
        """
        return Operation(methods=frozenset({self.method}), path=self.path, strategy="local")


LIST_VERSIONS = AdminOperation(
    name="list_versions",
    method="GET",
    path="/",
    rule="trio2o:versions:list",
    summary="List the versions of the API.",
    answer="Versions",
)
SHOW_VERSION = AdminOperation(
    name="show_version",
    method="GET",
    path="/v1.0",
    rule="trio2o:versions:show",
    summary="Show the version and what it has.",
    answer="Version",
)
SHOW_OPENAPI = AdminOperation(
    name="show_openapi",
    method="GET",
    path="/openapi.json",
    rule="trio2o:openapi:show",
    summary="This description.",
    answer="OpenApi",
)
CHECK_HEALTH = AdminOperation(
    name="check_health",
    method="GET",
    path="/healthcheck",
    rule="",
    summary="Tell whether this process serves requests. Needs no token, but for the details.",
    query=(
        Parameter(
            name="details",
            description="Also tell the health of every component and pod; needs a token and trio2o:health:show.",
            schema=_FLAG,
        ),
    ),
    answer="Health",
    errors=(503,),
)
LIST_PODS = AdminOperation(
    name="list_pods",
    method="GET",
    path="/v1.0/pods",
    rule="trio2o:pods:list",
    summary="List all pods, the top region among them, in the order in which they were made.",
    answer="Pods",
)
CREATE_POD = AdminOperation(
    name="create_pod",
    method="POST",
    path="/v1.0/pods",
    rule="trio2o:pods:create",
    summary="Register a pod; without az_name the top region.",
    body="NewPod",
    answer="Pod",
    errors=(400, 409, 413, 422),
)
SHOW_POD = AdminOperation(
    name="show_pod",
    method="GET",
    path="/v1.0/pods/{pod_id}",
    rule="trio2o:pods:show",
    summary="Show a pod and its health.",
    answer="Pod",
    errors=(404,),
)
UPDATE_POD = AdminOperation(
    name="update_pod",
    method="PATCH",
    path="/v1.0/pods/{pod_id}",
    rule="trio2o:pods:update",
    summary="Change a pod; of one that the configuration file declares, its state, reason and window alone.",
    body="PodChanges",
    answer="Pod",
    errors=(400, 404, 409, 413, 422),
)
DELETE_POD = AdminOperation(
    name="delete_pod",
    method="DELETE",
    path="/v1.0/pods/{pod_id}",
    rule="trio2o:pods:delete",
    summary="Remove a pod that nothing uses; the answer shows it for the last time.",
    query=(
        Parameter(
            name="force",
            description="Also when routes or active bindings use it: they end. For a pod that is lost.",
            schema=_FLAG,
        ),
    ),
    answer="Pod",
    errors=(400, 404, 409),
)
DRAIN_POD = AdminOperation(
    name="drain_pod",
    method="POST",
    path="/v1.0/pods/{pod_id}/drain",
    rule="trio2o:pods:drain",
    summary="Let a pod take nothing new from now on, and tell how far it is from having nothing.",
    body="Drain",
    body_required=False,
    answer="DrainProgress",
    errors=(400, 404, 409, 413, 422),
)
SHOW_DRAIN = AdminOperation(
    name="show_drain",
    method="GET",
    path="/v1.0/pods/{pod_id}/drain",
    rule="trio2o:pods:show_drain",
    summary="Tell how far a pod is from having nothing.",
    answer="DrainProgress",
    errors=(404, 409),
)
SHOW_USAGE = AdminOperation(
    name="show_usage",
    method="GET",
    path="/v1.0/pods/{pod_id}/usage",
    rule="trio2o:pods:usage",
    summary="Show how full a pod is, as the scheduler reckons.",
    answer="Usage",
    errors=(404,),
)
EXPLAIN_SCHEDULE = AdminOperation(
    name="explain_schedule",
    method="POST",
    path="/v1.0/schedule",
    rule="trio2o:schedule:explain",
    summary="Tell where a new resource would go, and why; nothing is made and nothing is bound.",
    body="ScheduleRequest",
    answer="Schedule",
    errors=(400, 413, 422),
)
LIST_BINDINGS = AdminOperation(
    name="list_bindings",
    method="GET",
    path="/v1.0/bindings",
    rule="trio2o:bindings:list",
    summary="List bindings, active and ended, newest first, a page at a time.",
    query=(
        Parameter(name="tenant_id", description="Those of this project.", schema=_TEXT),
        Parameter(name="pod_id", description="Those to this pod.", schema=_UUID),
        Parameter(name="active", description="The active ones, or the ended ones.", schema=_FLAG),
        Parameter(
            name="at",
            description="Those that were active at this moment; without an offset it is UTC.",
            schema={"type": "string", "format": "date-time"},
        ),
        _LIMIT,
        _MARKER,
    ),
    answer="Bindings",
    errors=(400,),
)
CREATE_BINDING = AdminOperation(
    name="create_binding",
    method="POST",
    path="/v1.0/bindings",
    rule="trio2o:bindings:create",
    summary="Bind a project to a pod; its active binding in the same zone and group ends.",
    body="NewBinding",
    answer="Binding",
    errors=(400, 409, 413, 422),
)
SHOW_BINDING = AdminOperation(
    name="show_binding",
    method="GET",
    path="/v1.0/bindings/{binding_id}",
    rule="trio2o:bindings:show",
    summary="Show a binding, active or ended.",
    answer="Binding",
    errors=(404,),
)
DELETE_BINDING = AdminOperation(
    name="delete_binding",
    method="DELETE",
    path="/v1.0/bindings/{binding_id}",
    rule="trio2o:bindings:delete",
    summary="End a binding; it stays in history. The answer shows it.",
    answer="Binding",
    errors=(404,),
)
SHOW_ROUTES = AdminOperation(
    name="show_routes",
    method="GET",
    path="/v1.0/routes/{resource_id}",
    rule="trio2o:routes:show",
    summary="Show which pod has a resource, or had it.",
    answer="Routes",
    errors=(404,),
)
LIST_JOBS = AdminOperation(
    name="list_jobs",
    method="GET",
    path="/v1.0/jobs",
    rule="trio2o:jobs:list",
    summary="List the jobs of the queue, newest first, a page at a time.",
    query=(
        Parameter(
            name="state",
            description="Those in this state.",
            schema={"type": "string", "enum": [state.value for state in JobState]},
        ),
        Parameter(name="kind", description="Those of this kind.", schema=_TEXT),
        Parameter(name="pod_id", description="Those about this pod.", schema=_UUID),
        Parameter(name="project_id", description="Those about this project.", schema=_TEXT),
        _LIMIT,
        _MARKER,
    ),
    answer="Jobs",
    errors=(400,),
)
SHOW_JOB = AdminOperation(
    name="show_job",
    method="GET",
    path="/v1.0/jobs/{job_id}",
    rule="trio2o:jobs:show",
    summary="Show a job.",
    answer="Job",
    errors=(404,),
)
REDO_JOB = AdminOperation(
    name="redo_job",
    method="POST",
    path="/v1.0/jobs/{job_id}/redo",
    rule="trio2o:jobs:redo",
    summary="Have a job done at once that waits, is done, dead or cancelled.",
    answer="Job",
    errors=(404, 409),
)
CANCEL_JOB = AdminOperation(
    name="cancel_job",
    method="POST",
    path="/v1.0/jobs/{job_id}/cancel",
    rule="trio2o:jobs:cancel",
    summary="Have a job not done that waits, or ended that runs.",
    answer="Job",
    errors=(404, 409),
)
LIST_DRIFT = AdminOperation(
    name="list_drift",
    method="GET",
    path="/v1.0/drift",
    rule="trio2o:drift:list",
    summary="List how pods differ from what is wanted of all of them, as they were compared last.",
    answer="Drift",
)

OPERATIONS: tuple[AdminOperation, ...] = (
    LIST_VERSIONS,
    SHOW_VERSION,
    SHOW_OPENAPI,
    CHECK_HEALTH,
    LIST_PODS,
    CREATE_POD,
    SHOW_POD,
    UPDATE_POD,
    DELETE_POD,
    DRAIN_POD,
    SHOW_DRAIN,
    SHOW_USAGE,
    EXPLAIN_SCHEDULE,
    LIST_BINDINGS,
    CREATE_BINDING,
    SHOW_BINDING,
    DELETE_BINDING,
    SHOW_ROUTES,
    LIST_JOBS,
    SHOW_JOB,
    REDO_JOB,
    CANCEL_JOB,
    LIST_DRIFT,
)

#: ``GET /healthcheck?details=true``: the same row, with a token.
CHECK_HEALTH_DETAILS = evolve(CHECK_HEALTH, name="check_health_details", rule="trio2o:health:show")

#: What the access log and the metrics know a request by that is none of the above.
UNMATCHED = Operation(methods=frozenset(), path="unmatched", strategy="local")
