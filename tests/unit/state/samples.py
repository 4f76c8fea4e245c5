"""
Values that the tests of the state are made of.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from trio2o.model import Binding, Kind, Pod, Route

THEN = datetime(2026, 1, 1, tzinfo=UTC)


def a_pod(name: str, serial: int = 1, **attributes: Any) -> Pod:
    """
    A pod in ``az1`` whose id is its name with ``-id``.
    """
    return Pod(**{"id": f"{name}-id", "name": name, "az_name": "az1", "serial": serial, **attributes})


def a_binding(binding_id: str, *, age: int = 0, **attributes: Any) -> Binding:
    """
    An active binding of ``p1`` in ``az1``; a larger ``age`` is older, in seconds.
    """
    known = {
        "tenant_id": "p1",
        "pod_id": "Pod1-id",
        "az_name": "az1",
        "is_binding": True,
        "created_at": THEN - timedelta(seconds=age),
    }
    return Binding(id=binding_id, **{**known, **attributes})


def a_route(resource_id: str, **attributes: Any) -> Route:
    """
    A server's route to ``Pod1``.
    """
    known = {"kind": Kind.SERVER, "pod_id": "Pod1-id", "project_id": "p1"}
    return Route(resource_id=resource_id, **{**known, **attributes})
