"""
Key pairs, each user's own: pods have the public half alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import parse_qsl

import orjson
from zope.interface import implementer

from trio2o.errors import Unreadable
from trio2o.interfaces import IPodAsk, IPodIds, ISharedKind
from trio2o.model.shared import KEY_PAIR, Observed, SharedKey, SharedResource, SharedWrite, Step
from trio2o.shared.plain import SameIds
from trio2o.shared.reading import quoted, read_item, read_list, storable

KIND = KEY_PAIR

_ROOT = "/v2.1/os-keypairs"

#: From these microversions on other users' key pairs can be asked for, and their list has pages.
_OF_USERS, _PAGED = (2, 10), "compute 2.35"
_VERSION = "compute 2.10"


@implementer(ISharedKind)
class KeyPairs(SameIds):
    """
    The adapter. One that a pod has generated is imported elsewhere by its public half.
    """

    kind = KIND
    surface = "compute"
    owned = True
    lenient = True

    async def read_all(self, ask: IPodAsk, ids: IPodIds, owners: Collection[str]) -> Sequence[Observed]:
        found: list[Observed] = []
        for owner in sorted(owners):
            items = await read_list(
                ask,
                f"{_ROOT}?user_id={quoted(owner)}",
                "keypairs",
                marker=("keypair", "name"),
                version=_PAGED,
            )
            found += [_observed(item.get("keypair"), owner, ask.pod.name) for item in items]
        return found

    async def read_one(self, ask: IPodAsk, ids: IPodIds, key: SharedKey, ref: str) -> Observed | None:
        path = f"{_ROOT}/{quoted(key.name)}?user_id={quoted(key.owner)}"
        item = await read_item(ask, path, "keypair", version=_VERSION)
        return None if item is None else _observed(item, key.owner, ask.pod.name)

    def steps(self, desired: SharedResource, observed: Observed | None, ids: IPodIds) -> Sequence[Step]:
        key = desired.key
        if desired.deleted:
            return [_delete(key)] if observed is not None else []
        if observed is not None and observed.document == desired.document:
            return []
        pair = {"name": key.name, "user_id": key.owner, **desired.document}
        create = Step(method="POST", path=_ROOT, body={"keypair": pair}, version=_VERSION)
        return [create] if observed is None else [_delete(key, replaces=True), create]

    def written(self, write: SharedWrite) -> SharedKey | None:
        others = write.microversion is not None and write.microversion >= _OF_USERS
        asked: Any = None
        if "id" in write.ids:
            name: Any = write.ids["id"]
            asked = dict(parse_qsl((write.query or b"").decode("latin-1"))).get("user_id")
        else:
            try:
                wanted = orjson.loads(write.body).get("keypair")
                name, asked = wanted.get("name"), wanted.get("user_id")
            except (orjson.JSONDecodeError, AttributeError):
                return None
        owner = asked if others and asked is not None else write.user_id
        if not (isinstance(name, str) and isinstance(owner, str) and name and owner):
            return None
        return SharedKey(KIND, name, owner) if storable(name + owner) else None


def _observed(item: Any, owner: str, pod_name: str) -> Observed:
    if not isinstance(item, dict) or not isinstance(item.get("public_key"), str):
        raise Unreadable(f"{pod_name} shows a key pair that is none")
    name = str(item.get("name"))
    document = {"public_key": item["public_key"], "type": item.get("type", "ssh")}
    return Observed(key=SharedKey(KIND, name, owner), ref=name, document=document)


def _delete(key: SharedKey, *, replaces: bool = False) -> Step:
    path = f"{_ROOT}/{{ref}}?user_id={quoted(key.owner)}"
    return Step(method="DELETE", path=path, version=_VERSION, done=frozenset({404}), replaces=replaces)
