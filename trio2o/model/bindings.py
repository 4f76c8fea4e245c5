"""
Which pod a project is bound to.
"""

from __future__ import annotations

from datetime import datetime

from attrs import frozen


@frozen(kw_only=True)
class Binding:
    """
    A project's binding to a pod inside one availability zone and pod group; ended bindings are history.
    """

    id: str
    tenant_id: str
    pod_id: str
    az_name: str
    pod_group: str = ""
    is_binding: bool
    created_at: datetime
    updated_at: datetime | None = None
    ended_at: datetime | None = None
    #: Why it began or, once ended, why it ended: ``created``, ``admin``, ``pod deleted``,
    #: ``moved: state dropped Pod1 (draining)``.
    reason: str = ""
