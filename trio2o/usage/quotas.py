"""
Asks one pod what a project may still make there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from attrs import define, field
from twisted.logger import Logger

from trio2o.errors import PodBroken
from trio2o.model import Counts, Pod, QuotaLeft
from trio2o.quota.resources import is_counted
from trio2o.usage.asking import Asks
from trio2o.usage.hypervisors import number

_log = Logger()

#: By service: where a project's quotas are with what is used of them (Compute API v2.1, Block Storage API v3), and field of
#: :class:`QuotaLeft` to what they are called.
_QUESTIONS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "compute": (
        "/v2.1/os-quota-sets/{target}/detail",
        {"servers": "instances", "vcpus": "cores", "ram_mb": "ram"},
    ),
    "volume": (
        "/v3/{project_id}/os-quota-sets/{target}?usage=true",
        {"volumes": "volumes", "volume_gb": "gigabytes"},
    ),
}


#: What Nova answers of a project that Keystone does not have any more: it has nothing, and the pod tells of all others.
_NO_PROJECT = 400


@define(kw_only=True)
class QuotaQuestions:
    """
    With the daemon's own token, which takes the role admin.
    """

    _asks: Asks
    #: Pod id and service to what was told of it last, so that it is told once.
    _told: dict[tuple[str, str], str] = field(factory=dict, init=False)

    async def ask(self, pod: Pod, service: str, project_id: str) -> QuotaLeft:
        """
        What is left in one service; what it does not tell is unknown.

        :raises PodFailure: if it does not answer, or fails.
        :raises GatewayError: if there is no token to ask with.
        """
        path, names = _QUESTIONS[service]
        said = await self._asks.get(pod, service, path.replace("{target}", quote(project_id, safe="")))
        if said.status >= 500:
            raise PodBroken(pod.name, f"{service} answers {said.status}", sent=True)
        return quota_left(said.body, names) if said.status == 200 else QuotaLeft()

    async def used(self, pod: Pod, service: str, project_id: str, user_id: str = "") -> Counts:
        """
        What a project has in one service of a pod, or, of Nova's, a user in it. Nothing where the daemon is not told: what it can
        never learn to be gone must not count for ever.

        :raises PodFailure: if it does not answer, or fails.
        :raises GatewayError: if there is no token to ask with.
        """
        path, _ = _QUESTIONS[service]
        path = path.replace("{target}", quote(project_id, safe=""))
        if user_id:
            path = f"{path}?user_id={quote(user_id, safe='')}"
        said = await self._asks.get(pod, service, path)
        if said.status >= 500 or said.status == 429:
            raise PodBroken(pod.name, f"{service} answers {said.status}", sent=True)
        if said.status == _NO_PROJECT:
            return {}
        told = said.body.get("quota_set") if said.status == 200 and isinstance(said.body, dict) else None
        problem = "" if isinstance(told, dict) else f"{service} answers {said.status}"
        if self._told.get((pod.id, service), "") != problem:
            self._told[pod.id, service] = problem
            if problem:
                _log.warn(
                    "{pod} does not tell what projects have, so nothing in it counts: {problem}",
                    pod=pod.name,
                    problem=problem,
                )
        return quota_used(service, told) if isinstance(told, dict) else {}

    def untold(self, service: str) -> frozenset[str]:
        """
        The ids of the pods that did not tell what projects have when they were asked last.
        """
        return frozenset(pod_id for (pod_id, of), problem in self._told.items() if problem and of == service)


def quota_left(body: Any, names: Mapping[str, str]) -> QuotaLeft:
    """
    What is left by a quota set that tells limit, use and reservations. A limit below 0 is none.

    :param names: field of :class:`QuotaLeft` to what it is called there.
    """
    told = body.get("quota_set") if isinstance(body, dict) else None
    left: dict[str, float] = {}
    for own, name in names.items():
        entry = told.get(name) if isinstance(told, dict) else None
        if not isinstance(entry, dict):
            continue
        limit, used = number(entry.get("limit")), number(entry.get("in_use"))
        if limit is not None and used is not None and limit >= 0:
            left[own] = max(0.0, limit - used - (number(entry.get("reserved")) or 0.0))
    return QuotaLeft(**left)


def quota_used(service: str, told: Mapping[str, Any]) -> dict[str, int]:
    """
    What is used of what the top counts, by a quota set. What a service is about to take, as Cinder tells it, is as good as used:
    an extension that it has accepted is among it.
    """
    found: dict[str, int] = {}
    for name, entry in told.items():
        if not is_counted(service, name) or not isinstance(entry, dict):
            continue
        amount = (number(entry.get("in_use")) or 0) + (number(entry.get("reserved")) or 0)
        if amount > 0:
            found[name] = int(amount)
    return found
