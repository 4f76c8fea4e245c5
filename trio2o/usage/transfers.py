"""
Asks pods how much a volume transfer hands over: whoever accepts it is not shown it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define

from trio2o.model import Holding, Kind, Pod
from trio2o.quota.counting import of_snapshots, of_volumes, text, whole
from trio2o.surface.kinds import canonical_id
from trio2o.usage.asking import Asks

#: From 3.57 on a transfer tells whether snapshots go along; with an older Cinder they always do. And what that says of it.
_VERSION, _TOO_NEW = "volume 3.57", 406


@define(kw_only=True)
class TransferQuestions:
    """
    With the daemon's own token, which takes the role admin.
    """

    _asks: Asks

    async def offered(self, pod: Pod, transfer_id: str) -> Sequence[Holding]:
        """
        The volume first, then its snapshots where they go along; empty where the pod does not tell.

        :raises PodFailure: if it does not answer.
        :raises GatewayError: if there is no token to ask with.
        """
        transfer = await self._one(pod, f"os-volume-transfer/{transfer_id}", "transfer")
        volume_id = canonical_id(str(transfer.get("volume_id")))
        if volume_id is None:
            return []
        volume = await self._one(pod, f"volumes/{volume_id}", "volume")
        size, volume_type = whole(volume.get("size")), text(volume.get("volume_type"))
        if size is None:
            return []
        amounts = of_volumes(1, size, volume_type)
        found = [Holding(kind=Kind.VOLUME.value, resource_id=volume_id, amounts=amounts)]
        if transfer.get("no_snapshots") is True:
            return found
        said = await self._asks.get(
            pod, "volume", f"/v3/{{project_id}}/snapshots/detail?all_tenants=1&volume_id={volume_id}"
        )
        listed = said.body.get("snapshots") if said.status == 200 and isinstance(said.body, dict) else None
        for each in listed if isinstance(listed, list) else ():
            snapshot_id = canonical_id(str(each.get("id"))) if isinstance(each, dict) else None
            if snapshot_id is not None:
                amounts = of_snapshots(1, whole(each.get("size")) or 0, volume_type)
                found.append(Holding(kind=Kind.SNAPSHOT.value, resource_id=snapshot_id, amounts=amounts))
        return found

    async def _one(self, pod: Pod, path: str, key: str) -> dict[str, Any]:
        said = await self._asks.get(pod, "volume", f"/v3/{{project_id}}/{path}", version=_VERSION)
        if said.status == _TOO_NEW:
            said = await self._asks.get(pod, "volume", f"/v3/{{project_id}}/{path}")
        shown = said.body.get(key) if said.status == 200 and isinstance(said.body, dict) else None
        return shown if isinstance(shown, dict) else {}
