"""
Giving pods the limits that hold at the top: what is to be asked and sent, and which jobs do it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from attrs import frozen

from trio2o.model import NewJob, QuotaOwner, QuotaScope
from trio2o.quota.limits import larger
from trio2o.quota.resources import is_counted
from trio2o.quota.views import limits_in

#: The kind of the jobs.
POD_QUOTA = "pod_quota"

#: With which microversion quotas are asked and set: Nova's last with files that are injected, without the network's.
VERSIONS = {"compute": "compute 2.56", "volume": ""}

_ROOTS = {"compute": "/v2.1", "volume": "/v3/{project_id}"}


@frozen(kw_only=True)
class QuotaCall:
    """
    A request that makes a pod have limits.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None


def owner_job(owner: QuotaOwner, *, delay: float = 0.0) -> NewJob:
    """
    The job that makes every pod have an owner's limits.
    """
    named = (owner.service, owner.scope.value, owner.scope_id, *filter(None, [owner.user_id]))
    return NewJob(
        kind=POD_QUOTA,
        key=":".join(named),
        payload={"owner": owner.row_id},
        project_id=owner.scope_id if owner.scope in (QuotaScope.PROJECT, QuotaScope.USER) else "",
        delay=delay,
    )


def pod_job(pod_id: str, *, delay: float = 0.0) -> NewJob:
    """
    The job that makes a pod have everybody's limits.
    """
    return NewJob(kind=POD_QUOTA, key=f"pod:{pod_id}", payload={"pod": pod_id}, pod_id=pod_id, delay=delay)


def limits_path(owner: QuotaOwner) -> str:
    """
    Where a pod shows and takes an owner's limits.
    """
    kind = "os-quota-class-sets" if owner.scope is QuotaScope.CLASS else "os-quota-sets"
    user = f"?user_id={quote(owner.user_id, safe='')}" if owner.user_id else ""
    return f"{_ROOTS[owner.service]}/{kind}/{quote(owner.scope_id, safe='')}{user}"


def key_of(owner: QuotaOwner) -> str:
    """
    The key that limits stand under.
    """
    return "quota_class_set" if owner.scope is QuotaScope.CLASS else "quota_set"


def calls(
    owner: QuotaOwner,
    wanted: Mapping[str, int],
    observed: Mapping[str, Any],
    defaults: Mapping[str, int],
) -> list[QuotaCall]:
    """
    What makes a pod have an owner's limits and no others.

    A project's and a user's are sent again where the pod shows them already: it may only do so by its default class. What is
    wanted for names that it does not have (volume types that it lacks) is left out.

    :param observed: the quota set that it shows.
    :param defaults: of its own default class, as far as they are known: where it shows a project's other limits to be none of
        these, it was given them once, and forgets them with all that the project was given.
    """
    path = limits_path(owner)
    if not wanted:
        return [] if owner.scope is QuotaScope.CLASS else [QuotaCall(method="DELETE", path=path)]
    shown = limits_in(observed)
    of_class = owner.scope is QuotaScope.CLASS
    fields: dict[str, Any] = {
        name: limit
        for name, limit in wanted.items()
        if name in shown and not (of_class and shown[name] == limit)
    }
    given = [name for name in shown if name not in wanted and shown[name] != defaults.get(name, shown[name])]
    made = []
    if given and owner.scope is QuotaScope.PROJECT:
        made.append(QuotaCall(method="DELETE", path=path))
    if fields:
        if owner.service == "compute" and not of_class:
            fields["force"] = True
        made.append(QuotaCall(method="PUT", path=path, body={key_of(owner): fields}))
    return made


def default_class(
    service: str, own: Mapping[str, int], configured: Mapping[str, int], shown: Mapping[str, int]
) -> dict[str, int]:
    """
    What a pod's own default class is to say: what the default class at the top says; of the rest what is configured, as far as
    the pod allows less, or each pod checks it by itself.
    """
    higher = too_low(configured, shown)
    raised = {
        name: limit for name, limit in configured.items() if name in higher or not is_counted(service, name)
    }
    return raised | dict(own)


def too_low(wanted: Mapping[str, int], shown: Mapping[str, int]) -> dict[str, int]:
    """
    The limits that are wanted and are higher than those that a pod shows.
    """
    return {
        name: limit
        for name, limit in wanted.items()
        if name in shown and shown[name] != limit and larger(limit, shown[name]) == limit
    }
