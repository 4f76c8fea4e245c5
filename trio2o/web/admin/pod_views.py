"""
Pods as the Admin API shows them: what they are, how full, and how far from being taken out of service.
"""

from __future__ import annotations

import attrs

from trio2o.administration.draining import DrainReport
from trio2o.administration.pods import PodReport
from trio2o.administration.settings import SETTINGS
from trio2o.administration.usage import UsageReport
from trio2o.model import PodSettings
from trio2o.web.admin.times import shown
from trio2o.web.admin.views import View


def pod(report: PodReport) -> View:
    """
    A pod: the original's fields, then ours.
    """
    of = report.pod
    return {
        "pod_id": of.id,
        "pod_name": of.name,
        "az_name": of.az_name,
        "pod_az_name": of.pod_az_name,
        "dc_name": of.dc_name,
        "state": of.state.value,
        "effective_state": report.effective_state.value,
        "state_reason": of.state_reason,
        "state_from": shown(of.state_from),
        "state_until": shown(of.state_until),
        "state_changed_at": shown(of.state_changed_at),
        "weight": of.weight,
        "affinity": sorted(of.affinity),
        "ag_name": report.aggregate_name,
        "declared": of.declared,
        "healthy": report.healthy,
        **settings(of.settings),
        "created_at": shown(of.created_at),
        "updated_at": shown(of.updated_at),
    }


def settings(of: PodSettings) -> View:
    """
    A pod's settings by the names of their options; null is the configured default.
    """
    views = {name: getattr(of, attribute) for name, attribute in SETTINGS.items()}
    return {**views, "ca_file": of.ca_file or None}


def drain(report: DrainReport) -> View:
    """
    How far a pod is.
    """
    return {
        "pod_id": report.pod.id,
        "pod_name": report.pod.name,
        "state": report.effective_state.value,
        "state_reason": report.pod.state_reason,
        "since": shown(report.since),
        "bindings": report.uses.bindings,
        "routes": {kind.value: number for kind, number in sorted(report.uses.routes.items())},
        "made_since": report.uses.made_since,
        "counted_to": report.uses.counted_to,
        "ended_bindings": report.ended,
        "done": report.done,
    }


def usage(report: UsageReport) -> View:
    """
    A pod's usage.
    """
    return {
        "pod_id": report.pod.id,
        "pod_name": report.pod.name,
        "collected_at": shown(report.collected_at),
        "servers": report.usage.servers,
        "projects": report.usage.projects,
        "largest_volume_gb": report.usage.largest_volume_gb,
        "resources": {
            name: None if room is None else attrs.asdict(room) for name, room in report.rooms.items()
        },
    }
