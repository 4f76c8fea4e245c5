"""
Quality of service specs, with the volume types that have them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zope.interface import implementer

from trio2o.errors import NotYet
from trio2o.interfaces import IPodAsk, IPodIds, ISharedKind
from trio2o.model.shared import Observed, SharedKey, SharedResource, Step
from trio2o.shared.mapped import GONE, MappedKind
from trio2o.shared.reading import quoted, read_list, unreadable
from trio2o.surface.mapped_ids import QOS, QOS_SPECS, VOLUME_TYPE

#: What a create takes for the specs' own fields.
_FIELDS = ("name", "consumer")


@implementer(ISharedKind)
class QosSpecs(MappedKind):
    """
    The adapter.
    """

    kind = QOS_SPECS
    single = "qos_specs"
    path = "/qos-specs/{id}"
    places = QOS

    def named(self, name: str) -> str:
        """
        Cinder strips what it is given.
        """
        return name.strip()

    async def listed(self, ask: IPodAsk) -> Sequence[dict[str, Any]]:
        # an order is a filter of nothing, for the pages' sake
        return await read_list(ask, "/v3/{project_id}/qos-specs?sort=created_at:desc", "qos_specs")

    async def observed(
        self, ask: IPodAsk, ids: IPodIds, items: Sequence[Mapping[str, Any]]
    ) -> list[Observed]:
        if not items:
            return []
        types = await read_list(ask, "/v3/{project_id}/types?is_public=None", "volume_types")
        if not all("qos_specs_id" in each for each in types):
            raise unreadable(ask, "/types", 200)
        # one that is not shared, or not yet, has no other name: so pods differ, and nobody takes its absence for wanted
        holders = {
            ids.top(VOLUME_TYPE, str(each.get("id"))) or str(each.get("id")): str(each["qos_specs_id"])
            for each in types
            if each["qos_specs_id"]
        }
        found = []
        for item in items:
            ref = str(item.get("id"))
            if not isinstance(item.get("specs"), dict):
                raise unreadable(ask, "/qos-specs", 200)
            document = {
                "consumer": item.get("consumer"),
                "specs": dict(item["specs"]),
                "types": sorted(top for top, own in holders.items() if own == ref),
            }
            key = SharedKey(self.kind, str(item.get("name")))
            found.append(Observed(key=key, ref=ref, document=document, facts={"holders": holders}))
        return found

    def steps(self, desired: SharedResource, observed: Observed | None, ids: IPodIds) -> Sequence[Step]:
        if desired.deleted:
            return [self.delete("?force=True")] if observed is not None else []
        wanted = desired.document
        consumer, specs = wanted.get("consumer"), dict(wanted.get("specs", {}))
        if observed is None:
            given = {name: value for name, value in specs.items() if name not in _FIELDS}
            create = self.creation({"name": desired.key.name, "consumer": consumer, **given})
            rest = {name: value for name, value in specs.items() if name not in given}
            # which types have others is seen with the next look, and they can be joined then
            return [create, *([self.step("PUT", "", {self.single: rest})] if rest else [])]
        steps: list[Step] = []
        before = observed.document.get("specs", {})
        gone = sorted(set(before) - set(specs))
        if gone:
            steps.append(self.step("PUT", "/delete_keys", {"keys": gone}, done=GONE))
        fresh: dict[str, Any] = {name: value for name, value in specs.items() if before.get(name) != value}
        if consumer != observed.document.get("consumer"):
            fresh["consumer"] = consumer
        if fresh:
            steps.append(self.step("PUT", "", {self.single: fresh}))
        want, has = frozenset(wanted.get("types", ())), frozenset(observed.document.get("types", ()))
        return [*steps, *self._associations(want, has, observed.facts.get("holders", {}), ids)]

    def _associations(
        self, wanted: frozenset[str], has: frozenset[str], holders: Mapping[str, str], ids: IPodIds
    ) -> list[Step]:
        """
        :raises NotYet: if the pod lacks a type that is to have these specs; one that nobody wants any more is passed over.
        """
        steps = []
        for top in sorted(wanted ^ has):
            own = ids.own(VOLUME_TYPE, top)
            if own is None:
                if ids.wanted(VOLUME_TYPE, top):
                    raise NotYet(f"it has no volume type {top} yet")
                continue
            query = f"?vol_type_id={quoted(own)}"
            if top not in wanted:
                steps.append(self.step("GET", f"/disassociate{query}"))
                continue
            if top in holders:
                # a type that has others takes none
                other = f"/v3/{{project_id}}/qos-specs/{quoted(holders[top])}/disassociate{query}"
                steps.append(Step(method="GET", path=other, done=GONE))
            steps.append(self.step("GET", f"/associate{query}"))
        return steps
