"""
Values as the Admin API shows them; pods are in :mod:`trio2o.web.admin.pod_views`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import attrs
import orjson

from trio2o.administration.bindings import BindingPage
from trio2o.administration.health import HealthReport
from trio2o.administration.routes import RouteReport
from trio2o.exchange import Answer
from trio2o.model import Binding
from trio2o.scheduling.explaining import Explanation
from trio2o.web.admin.operations import LIST_BINDINGS, SHOW_VERSION
from trio2o.web.admin.times import shown

#: When the API was last changed; clients show it and compare nothing with it.
UPDATED = "2026-11-22T00:00:00Z"

#: What ``GET /v1.0`` links to.
COLLECTIONS = ("bindings", "jobs", "pods", "routes")

View = Mapping[str, Any]


def answer(view: View, *, status: int = 200) -> Answer:
    """
    A view as JSON.
    """
    return Answer(status=status, headers=[(b"Content-Type", b"application/json")], body=orjson.dumps(view))


def versions(root: str) -> View:
    """
    The list of versions, in the original's shape.
    """
    return {"versions": [_version(root, [{"rel": "self", "href": f"{root}{SHOW_VERSION.path}/"}])]}


def version(root: str) -> View:
    """
    One version and where its collections are, in the original's shape.
    """
    base = f"{root}{SHOW_VERSION.path}"
    links = [
        {"rel": "self", "href": base},
        *({"rel": name, "href": f"{base}/{name}"} for name in COLLECTIONS),
    ]
    return {"version": "1.0", **_version(root, links)}


def schedule(explanation: Explanation) -> View:
    """
    Where a request would go, and why.
    """
    ranking, request = explanation.ranking, explanation.request
    return {
        "tenant_id": request.project_id,
        "kind": request.kind.value,
        "availability_zone": request.availability_zone,
        "pod_group": request.pod_group,
        "pods": [
            {
                "pod_id": one.pod.id,
                "pod_name": one.pod.name,
                "total": one.total,
                "weights": {name: attrs.asdict(weight) for name, weight in one.weights.items()},
            }
            for one in ranking.ordered
        ],
        "dropped": [
            {
                "pod_id": one.pod.id,
                "pod_name": one.pod.name,
                "filter": one.filter_name,
                "reason": one.reason,
            }
            for one in ranking.dropped
        ],
        "binding": None if explanation.current is None else binding(explanation.current),
        "move": explanation.move.move.value,
        "move_reason": explanation.move.reason,
    }


def binding(of: Binding) -> View:
    """
    A binding: the original's fields, then ours.
    """
    return {
        "id": of.id,
        "tenant_id": of.tenant_id,
        "pod_id": of.pod_id,
        "is_binding": of.is_binding,
        "created_at": shown(of.created_at),
        "updated_at": shown(of.updated_at),
        "az_name": of.az_name,
        "pod_group": of.pod_group,
        "ended_at": shown(of.ended_at),
        "reason": of.reason,
    }


def bindings(page: BindingPage, root: str, asked: Mapping[str, str]) -> View:
    """
    A page of bindings, with the link to the next that keeps what was asked.
    """
    view: dict[str, Any] = {"pod_bindings": [binding(one) for one in page.bindings]}
    if page.next_marker is not None:
        query = urlencode({**asked, "marker": page.next_marker})
        view["pod_bindings_links"] = [{"rel": "next", "href": f"{root}{LIST_BINDINGS.path}?{query}"}]
    return view


def routes(reports: Sequence[RouteReport]) -> View:
    """
    The routes of one id.
    """
    return {
        "routes": [
            {
                "kind": report.route.kind.value,
                "resource_id": report.route.resource_id,
                "pod_id": report.route.pod_id,
                "pod_name": report.pod_name,
                "project_id": report.route.project_id,
                "created_at": shown(report.route.created_at),
                "deleted_at": shown(report.route.deleted_at),
            }
            for report in reports
        ]
    }


def health(report: HealthReport) -> View:
    """
    The health with its details.
    """
    return {
        "status": report.problem or "ok",
        "change": report.change,
        "components": {
            name: {"ok": not problem, "problem": problem} for name, problem in report.components.items()
        },
        "pods": [{"pod_name": one.name, "state": one.state, "healthy": one.healthy} for one in report.pods],
    }


def _version(root: str, links: Sequence[View]) -> View:
    return {"id": "v1.0", "status": "CURRENT", "updated": UPDATED, "links": list(links)}
