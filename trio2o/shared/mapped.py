"""
What kinds have in common to whose things each pod gives ids of its own, and whose fields a PUT changes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from trio2o.interfaces import IPodAsk, IPodIds
from trio2o.model.shared import Observed, SharedKey, SharedWrite, Step, UseQuestion
from trio2o.rewriting.ids import in_body
from trio2o.shared.reading import quoted, read_item, storable
from trio2o.surface.mapped_ids import MappedIds

GONE = frozenset({404})
THERE = frozenset({409})


class MappedKind:
    """
    The half of :class:`~trio2o.interfaces.ISharedKind` about ids, for things that are everybody's.
    """

    kind: str
    surface = "volume"
    mapped = True
    owned = False
    lenient = False
    #: The key of one in a body, and the path of one below version and project.
    single: str
    path: str
    #: Where its answers have ids.
    places: MappedIds
    #: The microversion with which pods are asked; empty for none.
    version = ""

    async def observed(
        self, ask: IPodAsk, ids: IPodIds, items: Sequence[Mapping[str, Any]]
    ) -> list[Observed]:
        """
        Items of a pod's list, with all that belongs to them; those that are gone meanwhile are left out.
        """
        raise NotImplementedError

    async def listed(self, ask: IPodAsk) -> Sequence[dict[str, Any]]:
        """
        All items that a pod has, without what belongs to them.
        """
        raise NotImplementedError

    async def read_all(self, ask: IPodAsk, ids: IPodIds, owners: Collection[str]) -> Sequence[Observed]:
        """
        See :class:`~trio2o.interfaces.ISharedKind`.
        """
        return await self.observed(ask, ids, await self.listed(ask))

    async def read_one(self, ask: IPodAsk, ids: IPodIds, key: SharedKey, ref: str) -> Observed | None:
        """
        See :class:`~trio2o.interfaces.ISharedKind`.
        """
        item: Mapping[str, Any] | None = None
        if ref:
            one = "/v3/{project_id}" + self.path.replace("{id}", quoted(ref))
            item = await read_item(ask, one, self.single, version=self.version)
        if item is None and key.name:
            item = next((each for each in await self.listed(ask) if each.get("name") == key.name), None)
        found = [] if item is None else await self.observed(ask, ids, [item])
        return found[0] if found else None

    def wanted(self, observed: Observed, before: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """
        What the pod shows.
        """
        return observed.document

    def written(self, write: SharedWrite) -> SharedKey | None:
        """
        See :class:`~trio2o.interfaces.ISharedKind`.
        """
        if "id" in write.ids:
            return SharedKey(self.kind, "")
        name = text_at(write.body, self.single, "name")
        return SharedKey(self.kind, self.named(name)) if name and storable(name) else None

    def named(self, name: str) -> str:
        """
        The name of what a create makes; mostly what it says.
        """
        return name

    def for_pod(self, write: SharedWrite, ids: IPodIds) -> SharedWrite | None:
        """
        See :class:`~trio2o.interfaces.ISharedKind`: ids are exchanged on the way to the pod, as the row says.
        """
        wanted = write.ids.get("id", "").lower()
        return None if wanted and ids.own(self.kind, wanted) is None else write

    def in_use(self, write: SharedWrite, ref: str) -> UseQuestion | None:
        """
        See :class:`~trio2o.interfaces.ISharedKind`.
        """
        return None

    def for_client(self, body: bytes, ids: IPodIds) -> bytes:
        """
        See :class:`~trio2o.interfaces.ISharedKind`: the id of what was just made, which nobody knew on the way back.
        """

        def top(kind: str, told: str) -> str | None:
            return None if ids.own(kind, told) is not None else ids.top(kind, told)

        return in_body(body, self.places.told, top)

    def top_id(self, ref: str, ids: IPodIds) -> str:
        """
        The pod's own: no two pods give the same.
        """
        return ref

    def made(self, body: bytes) -> str:
        """
        See :class:`~trio2o.interfaces.ISharedKind`.
        """
        return text_at(body, self.single, "id")

    def below(self, write: SharedWrite) -> str:
        """
        What the path of a write about one has behind its id: ``/extra_specs/color``; empty for nothing.
        """
        one = self.path.replace("{id}", write.ids["id"])
        return write.path.decode("latin-1").partition(one)[2].rstrip("/")

    def delete(self, query: str = "") -> Step:
        """
        The step that ends one.
        """
        return self.step("DELETE", query, done=GONE)

    def step(self, method: str, below: str = "", body: Mapping[str, Any] | None = None, **more: Any) -> Step:
        """
        A step about one that is there.
        """
        one = "/v3/{project_id}" + self.path.replace("{id}", "{ref}")
        return Step(method=method, path=one + below, body=body, version=self.version, **more)

    def creation(self, fields: Mapping[str, Any]) -> Step:
        """
        The step that makes one.
        """
        return Step(
            method="POST",
            path="/v3/{project_id}" + self.path.removesuffix("/{id}"),
            body={self.single: dict(fields)},
            version=self.version,
            ref_at=(self.single, "id"),
        )

    def specs(self, below: str, wanted: Mapping[str, Any], has: Mapping[str, Any]) -> list[Step]:
        """
        The steps that change specs: one for all that are new, one for each that goes.

        :param below: their path and their key in a body: ``extra_specs``.
        """
        gone = [
            self.step("DELETE", f"/{below}/{quoted(name)}", done=GONE)
            for name in sorted(has)
            if name not in wanted
        ]
        fresh = {name: value for name, value in wanted.items() if name not in has or has[name] != value}
        return [*gone, *([self.step("POST", f"/{below}", {below: fresh})] if fresh else [])]


def renamed(name: str, wanted: Mapping[str, Any], observed: Observed) -> dict[str, Any]:
    """
    What a PUT changes of name, description and publicity, as far as they differ.
    """
    changes = {
        field: wanted[field]
        for field in ("description", "is_public")
        if wanted.get(field) != observed.document.get(field)
    }
    return changes if observed.key.name == name else {"name": name, **changes}


def text_at(raw: bytes, single: str, name: str) -> str:
    """
    A text of the object under a key of a body; empty where it is anything else.
    """
    try:
        value = orjson.loads(raw)[single][name]
    except (orjson.JSONDecodeError, LookupError, TypeError):
        return ""
    return value if isinstance(value, str) else ""
