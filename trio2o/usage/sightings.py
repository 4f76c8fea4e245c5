"""
Asks one pod which servers of those that were made lately it counts, and which it has no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from attrs import define

from trio2o.model import Pod, Sighting
from trio2o.usage.asking import Asks, Said

#: How many servers others may have made since, and how many one list is asked for.
_OTHERS, _MOST = 20, 1000
#: How many servers are asked for one by one that the list does not show.
_ONE_BY_ONE = 20


@define(kw_only=True)
class ServerSightings:
    """
    With the daemon's own token, which takes the role admin.
    """

    _asks: Asks

    async def look(self, pod: Pod, project_id: str, server_ids: Sequence[str]) -> Sighting:
        """
        Look for servers that this pod has accepted, by one list, the newest first. One that is not in it may be in a cell that is
        down: only a 404 of its own says that it is gone.

        :raises PodFailure: if the pod does not answer.
        :raises GatewayError: if there is no token to ask with.
        """
        wanted = set(server_ids)
        limit = min(_MOST, 2 * len(wanted) + _OTHERS)
        query = urlencode({"all_tenants": "1", "project_id": project_id, "limit": str(limit)})
        said = await self._asks.get(pod, "compute", f"/v2.1/servers/detail?{query}")
        listed = said.body.get("servers") if said.status == 200 and isinstance(said.body, dict) else None
        if not isinstance(listed, list):
            return Sighting()
        servers = {str(each.get("id")): each for each in listed if isinstance(each, dict)}
        seen = {id_ for id_ in wanted & servers.keys() if is_counted(servers[id_])}
        gone = set()
        for id_ in sorted(wanted - servers.keys())[:_ONE_BY_ONE]:
            one = await self._asks.get(pod, "compute", f"/v2.1/servers/{id_}")
            if _is_missing(one, id_):
                gone.add(id_)
            elif (
                one.status == 200 and isinstance(one.body, dict) and isinstance(one.body.get("server"), dict)
            ):
                seen.update({id_} if is_counted(one.body["server"]) else ())
        return Sighting(seen=frozenset(seen), gone=frozenset(gone))


def is_counted(server: Mapping[str, Any]) -> bool:
    """
    Whether Nova counts a server that it shows: from when its scheduler has chosen, or has found no host. Before, what it shows
    is the request.
    """
    return server.get("status") != "BUILD" or server.get("OS-EXT-STS:task_state") not in (None, "scheduling")


def _is_missing(said: Said, server_id: str) -> bool:
    """
    Whether that is Nova's word on this server, and not of somebody on the way to it.
    """
    fault = said.body.get("itemNotFound") if said.status == 404 and isinstance(said.body, dict) else None
    return isinstance(fault, dict) and server_id in str(fault.get("message"))
