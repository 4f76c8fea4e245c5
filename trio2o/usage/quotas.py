"""
Asks one pod what a project may still make there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from attrs import define

from trio2o.errors import PodBroken
from trio2o.model import Pod, QuotaLeft
from trio2o.usage.asking import Asks
from trio2o.usage.hypervisors import number

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


@define(kw_only=True)
class QuotaQuestions:
    """
    With the daemon's own token, which takes the role admin.
    """

    _asks: Asks

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


def quota_left(body: Any, names: Mapping[str, str]) -> QuotaLeft:
    """
    What is left by a quota set that tells limit, use and reservations. A limit below 0 is none.

    :param names: field of :class:`QuotaLeft` to what it is called there.
    """
    told = body.get("quota_set") if isinstance(body, dict) else None
    left: dict[str, float] = {}
    for field, name in names.items():
        entry = told.get(name) if isinstance(told, dict) else None
        if not isinstance(entry, dict):
            continue
        limit, used = number(entry.get("limit")), number(entry.get("in_use"))
        if limit is not None and used is not None and limit >= 0:
            left[field] = max(0.0, limit - used - (number(entry.get("reserved")) or 0.0))
    return QuotaLeft(**left)
