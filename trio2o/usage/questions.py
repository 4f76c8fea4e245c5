"""
Asks one pod how full it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, field
from twisted.logger import Logger

from trio2o.errors import PodBroken
from trio2o.model import Pod, Usage
from trio2o.usage.asking import Asks
from trio2o.usage.hypervisors import compute_usage
from trio2o.usage.placement import PlacementQuestions
from trio2o.usage.pools import volume_usage

_log = Logger()


#: By service: where the numbers are, asked at which microversion, and how they are read. Nova has hers until 2.87, and the
#: lowest gives the same; ``{project_id}`` is what a Cinder before the release Zed needs in its paths.
_QUESTIONS: tuple[tuple[str, str, str, Callable[[Any], dict[str, Any]]], ...] = (
    ("compute", "/v2.1/os-hypervisors/statistics", "compute 2.1", compute_usage),
    ("volume", "/v3/{project_id}/scheduler-stats/get_pools?detail=true", "", volume_usage),
)


@define(kw_only=True)
class UsageQuestions:
    """
    Puts a pod's numbers together. What a service refuses to tell is unknown, and told once in the log.
    """

    _asks: Asks
    #: The root URL of a pod's service; ``None`` where it has none.
    _endpoint: Callable[[Pod, str], str | None]
    #: True for a pod whose Placement service is asked about its hypervisors, in place of Nova.
    _placement: Callable[[Pod], bool] = lambda pod: False
    #: Pod id and service to the status by which it refused last.
    _refused: dict[tuple[str, str], int] = field(factory=dict, init=False)

    async def ask(self, pod: Pod) -> Usage:
        """
        Ask all services of a pod.

        :raises PodFailure: if one does not answer, or fails: half of the numbers would make plenty of the other half.
        :raises GatewayError: if there is no token to ask with.
        """
        found: dict[str, Any] = {}
        by_placement = self._placement(pod) and self._endpoint(pod, "placement") is not None
        if by_placement:
            said, hosts = await PlacementQuestions(asks=self._asks).ask(pod)
            found |= hosts
            self._note(pod, "placement", said.status)
        for service, path, version, read in _QUESTIONS:
            if self._endpoint(pod, service) is None or (by_placement and service == "compute"):
                continue
            said = await self._asks.get(pod, service, path, version=version)
            if said.status >= 500:
                raise PodBroken(pod.name, f"{service} answers {said.status}", sent=True)
            if said.status == 200:
                found |= read(said.body)
            self._note(pod, service, said.status)
        return Usage(**found)

    def _note(self, pod: Pod, service: str, status: int) -> None:
        key = (pod.id, service)
        if status == 200:
            self._refused.pop(key, None)
        elif self._refused.get(key) != status:
            self._refused[key] = status
            _log.warn(
                "{pod} answers {status} when {service} is asked for its usage, so there is plenty; the daemon's user needs the "
                "role admin there",
                pod=pod.name,
                service=service,
                status=status,
            )
