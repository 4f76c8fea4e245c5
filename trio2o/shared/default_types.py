"""
Default types: the volume types of projects' volumes whose create names none. A project has at most one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from zope.interface import implementer

from trio2o.errors import NotYet
from trio2o.interfaces import IPodAsk, IPodIds, ISharedKind
from trio2o.model.shared import Observed, SharedKey, SharedResource, SharedWrite, Step
from trio2o.shared.plain import SameIds
from trio2o.shared.reading import quoted, read_item, storable, unreadable
from trio2o.surface.mapped_ids import VOLUME_TYPE

KIND = "default_type"

_ROOT = "/v3/{project_id}/default-types"
_SINCE = "volume 3.62"


@implementer(ISharedKind)
class DefaultTypes(SameIds):
    """
    The adapter. What names one is its project, the same in every pod; the type that it names is not.
    """

    kind = KIND
    surface = "volume"
    owned = False
    lenient = False

    async def read_all(self, ask: IPodAsk, ids: IPodIds, owners: Collection[str]) -> Sequence[Observed]:
        status, body = await ask.get(_ROOT, version=_SINCE)
        items = body.get("default_types") if status == 200 and isinstance(body, dict) else None
        if not isinstance(items, list):
            raise unreadable(ask, _ROOT, status)
        return [self._observed(item, ids) for item in items if isinstance(item, dict)]

    async def read_one(self, ask: IPodAsk, ids: IPodIds, key: SharedKey, ref: str) -> Observed | None:
        item = await read_item(ask, f"{_ROOT}/{quoted(key.name)}", KIND, version=_SINCE)
        return None if item is None else self._observed(item, ids)

    def _observed(self, item: dict[str, Any], ids: IPodIds) -> Observed:
        project, own = str(item.get("project_id")), str(item.get("volume_type_id"))
        # one that is not shared has no name for other pods
        document = {"volume_type": ids.top(VOLUME_TYPE, own) or own}
        return Observed(key=SharedKey(KIND, project), ref=project, document=document)

    def steps(self, desired: SharedResource, observed: Observed | None, ids: IPodIds) -> Sequence[Step]:
        path = f"{_ROOT}/{{ref}}".replace("{ref}", quoted(desired.key.name))
        if desired.deleted:
            return [Step(method="DELETE", path=path, version=_SINCE)] if observed is not None else []
        wanted = str(desired.document.get("volume_type"))
        if observed is not None and observed.document.get("volume_type") == wanted:
            return []
        own = ids.own(VOLUME_TYPE, wanted)
        if own is None and not ids.wanted(VOLUME_TYPE, wanted):
            # deleted meanwhile: then nobody's default is
            return []
        if own is None:
            raise NotYet(f"it has no volume type {wanted} yet")
        body = {KIND: {"volume_type": own}}
        return [
            Step(method="PUT", path=path, body=body, version=_SINCE, ref_at=(KIND, "project_id")),
        ]

    def written(self, write: SharedWrite) -> SharedKey | None:
        project = write.ids.get("id", "")
        return SharedKey(KIND, project) if project and storable(project) else None
