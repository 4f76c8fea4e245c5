"""
Flavors, with extra specs, access and description. The id that the API shows is the same in every pod, and names them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from zope.interface import implementer

from trio2o.errors import Unreadable
from trio2o.interfaces import IPodAsk, IPodIds, ISharedKind
from trio2o.model.shared import Observed, SharedKey, SharedResource, SharedWrite, Step
from trio2o.shared.plain import SameIds
from trio2o.shared.reading import quoted, read_item, read_list, storable, unreadable

KIND = "flavor"

_ROOT = "/v2.1/flavors"
_ONE = f"{_ROOT}/{{ref}}"

#: From these microversions on flavors show their extra specs, and have a description.
_WITH_SPECS, _DESCRIBED = "compute 2.61", "compute 2.55"

#: The fields that no call changes, by their names in the API: another value is another flavor.
_FIXED = {
    "name": "name",
    "ram": "ram",
    "vcpus": "vcpus",
    "disk": "disk",
    "ephemeral": "OS-FLV-EXT-DATA:ephemeral",
    "swap": "swap",
    "rxtx_factor": "rxtx_factor",
    "is_public": "os-flavor-access:is_public",
}
_NUMBERS = ("ram", "vcpus", "disk", "ephemeral", "swap")


@implementer(ISharedKind)
class Flavors(SameIds):
    """
    The adapter.
    """

    kind = KIND
    surface = "compute"
    owned = False
    lenient = False

    async def read_all(self, ask: IPodAsk, ids: IPodIds, owners: Collection[str]) -> Sequence[Observed]:
        path = f"{_ROOT}/detail?is_public=None"
        try:
            items = await read_list(ask, path, "flavors", version=_WITH_SPECS)
        except Unreadable:
            # 406, or whatever a pod says to a microversion that it does not know
            items = await read_list(ask, path, "flavors")
        found = [await self._whole(ask, item) for item in items]
        return [one for one in found if one is not None]

    async def read_one(self, ask: IPodAsk, ids: IPodIds, key: SharedKey, ref: str) -> Observed | None:
        path = f"{_ROOT}/{quoted(key.name)}"
        try:
            item = await read_item(ask, path, "flavor", version=_WITH_SPECS)
        except Unreadable:
            item = await read_item(ask, path, "flavor")
        return None if item is None else await self._whole(ask, item)

    async def _whole(self, ask: IPodAsk, item: dict[str, Any]) -> Observed | None:
        """
        A flavor with what its own answer leaves out; ``None`` where it is gone meanwhile.
        """
        path = f"{_ROOT}/{quoted(str(item.get('id')))}"
        specs: Any = item.get("extra_specs")
        if specs is None:
            specs = await read_item(ask, f"{path}/os-extra_specs", "extra_specs")
        if specs is None:
            return None
        projects: list[str] = []
        if item.get(_FIXED["is_public"]) is False:
            status, body = await ask.get(f"{path}/os-flavor-access")
            listed = body.get("flavor_access") if status == 200 and isinstance(body, dict) else None
            if status == 404:
                return None
            if not isinstance(listed, list):
                raise unreadable(ask, path, status)
            projects = sorted(str(each.get("tenant_id")) for each in listed if isinstance(each, dict))
        return observed_flavor(item, specs, projects, ask.pod.name)

    def steps(self, desired: SharedResource, observed: Observed | None, ids: IPodIds) -> Sequence[Step]:
        if desired.deleted:
            return [_delete()] if observed is not None else []
        wanted = desired.document
        if observed is None:
            return _creation(desired.key.name, wanted)
        has = observed.document
        if any(wanted.get(name) != has.get(name) for name in _FIXED):
            return [_delete(replaces=True), *_creation(desired.key.name, wanted)]
        steps: list[Step] = []
        if "description" in wanted and "description" in has and wanted["description"] != has["description"]:
            body = {"flavor": {"description": wanted["description"]}}
            steps.append(Step(method="PUT", path=_ONE, body=body, version=_DESCRIBED))
        return [*steps, *_specs(wanted, has), *_access(wanted, has)]

    def written(self, write: SharedWrite) -> SharedKey | None:
        name = write.ids.get("id")
        if name is None:
            name = _id_in(write.body)
        return SharedKey(KIND, name) if name and storable(name) else None


def observed_flavor(
    item: Mapping[str, Any], specs: Mapping[str, Any], projects: Sequence[str], pod_name: str
) -> Observed:
    """
    A flavor as an answer has it.

    :raises Unreadable: if it is none.
    """
    document: dict[str, Any] = {name: item.get(field) for name, field in _FIXED.items()}
    try:
        for name in _NUMBERS:
            # no swap is written as nothing before 2.75
            document[name] = int(document[name] or 0)
        document["rxtx_factor"] = float(document["rxtx_factor"] or 1.0)
    except (TypeError, ValueError):
        raise Unreadable(f"{pod_name} shows a flavor that is none: {item.get('id')}") from None
    document["is_public"] = document["is_public"] is not False
    if "description" in item:
        document["description"] = item["description"]
    document["extra_specs"] = {str(name): str(value) for name, value in specs.items()}
    document["projects"] = list(projects)
    name = str(item.get("id"))
    return Observed(key=SharedKey(KIND, name), ref=name, document=document)


def _creation(name: str, wanted: Mapping[str, Any]) -> list[Step]:
    flavor = {field: wanted[key] for key, field in _FIXED.items() if key in wanted}
    version = ""
    if wanted.get("description") is not None:
        flavor["description"] = wanted["description"]
        version = _DESCRIBED
    create = Step(
        method="POST",
        path=_ROOT,
        body={"flavor": {**flavor, "id": name}},
        version=version,
        ref_at=("flavor", "id"),
    )
    return [create, *_specs(wanted, {}), *_access(wanted, {})]


def _specs(wanted: Mapping[str, Any], has: Mapping[str, Any]) -> list[Step]:
    want, had = wanted.get("extra_specs", {}), has.get("extra_specs", {})
    steps = [
        Step(method="DELETE", path=f"{_ONE}/os-extra_specs/{quoted(name)}", done=frozenset({404}))
        for name in sorted(had)
        if name not in want
    ]
    fresh = {name: value for name, value in want.items() if had.get(name) != value}
    if fresh:
        steps.append(Step(method="POST", path=f"{_ONE}/os-extra_specs", body={"extra_specs": fresh}))
    return steps


def _access(wanted: Mapping[str, Any], has: Mapping[str, Any]) -> list[Step]:
    want, had = set(wanted.get("projects", ())), set(has.get("projects", ()))
    steps = [
        Step(
            method="POST",
            path=f"{_ONE}/action",
            body={"addTenantAccess": {"tenant": project}},
            done=frozenset({409}),
        )
        for project in sorted(want - had)
    ]
    return steps + [
        Step(
            method="POST",
            path=f"{_ONE}/action",
            body={"removeTenantAccess": {"tenant": project}},
            done=frozenset({404}),
        )
        for project in sorted(had - want)
    ]


def _delete(*, replaces: bool = False) -> Step:
    return Step(method="DELETE", path=_ONE, done=frozenset({404}), replaces=replaces)


def _id_in(body: bytes) -> str | None:
    """
    The id in the body of a create.
    """
    try:
        wanted = orjson.loads(body).get("flavor")
        given = wanted.get("id")
    except (orjson.JSONDecodeError, AttributeError):
        return None
    return None if given is None or isinstance(given, dict | list) else str(given)
