"""
Host aggregates: name, metadata and zone, which all pods have the same.

Their hosts are no part of it: each is one pod's, is added there, and stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson
from attrs import define, evolve
from zope.interface import implementer

from trio2o.errors import NotYet, Unreadable
from trio2o.interfaces import IPodAsk, IPodIds, ISharedKind
from trio2o.merging.integers import SPAN, top_integer
from trio2o.model import Pod
from trio2o.model.shared import Observed, SharedKey, SharedResource, SharedWrite, Step, UseQuestion
from trio2o.rewriting.aggregates import ZONE, aggregate_for_client, aggregate_for_pod, zone_at, zone_of
from trio2o.shared.reading import read_item, storable, unreadable

KIND = "aggregate"

#: From this microversion on aggregates show their uuid.
_WITH_UUID = "compute 2.41"
_ROOT = "/v2.1/os-aggregates"
_ONE = f"{_ROOT}/{{ref}}"


@implementer(ISharedKind)
@define(eq=False)
class Aggregates:
    """
    The adapter. Zones are called what users call them in documents, and what the pod calls them in steps.
    """

    kind = KIND
    surface = "compute"
    mapped = True
    owned = False
    lenient = False
    #: A pod by its id; ``None`` for one that is gone.
    _pod: Callable[[str], Pod | None]

    async def read_all(self, ask: IPodAsk, ids: IPodIds, owners: Collection[str]) -> Sequence[Observed]:
        """
        See :class:`ISharedKind`. Nova's list has no pages.
        """
        status, body = await ask.get(_ROOT, version=_WITH_UUID)
        if status != 200:
            # 406, or whatever a pod says to a microversion that it does not know
            status, body = await ask.get(_ROOT)
        items = body.get("aggregates") if status == 200 and isinstance(body, dict) else None
        if not isinstance(items, list):
            raise unreadable(ask, _ROOT, status)
        return [observed_aggregate(item, ask.pod) for item in items]

    async def read_one(self, ask: IPodAsk, ids: IPodIds, key: SharedKey, ref: str) -> Observed | None:
        """
        See :class:`ISharedKind`.
        """
        if ref:
            path = f"{_ROOT}/{quote(ref, safe='')}"
            try:
                item = await read_item(ask, path, "aggregate", version=_WITH_UUID)
            except Unreadable:
                item = await read_item(ask, path, "aggregate")
            if item is not None:
                return observed_aggregate(item, ask.pod)
        return next((one for one in await self.read_all(ask, ids, ()) if one.key.name == key.name), None)

    def wanted(self, observed: Observed, before: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """
        See :class:`ISharedKind`: what the pod shows, and the uuid that users know, which is the first judge's.
        """
        kept = (before or {}).get("uuid") or observed.facts.get("uuid")
        return {**observed.document, "uuid": kept} if kept else observed.document

    def steps(self, desired: SharedResource, observed: Observed | None, ids: IPodIds) -> Sequence[Step]:
        """
        See :class:`ISharedKind`. What Nova refuses is tried, such as to delete an aggregate that has hosts: the pod's words are
        for operators.
        """
        if desired.deleted:
            return [Step(method="DELETE", path=_ONE, done=frozenset({404}))] if observed is not None else []
        pod = self._known(ids)
        name, metadata = desired.key.name, dict(desired.document.get("metadata", {}))
        has: Mapping[str, Any] = {} if observed is None else observed.document.get("metadata", {})
        steps = []
        if observed is None:
            fields = {"name": name}
            if ZONE in metadata:
                fields[ZONE] = zone_at(pod, metadata[ZONE])
                has = {ZONE: metadata[ZONE]}
            create = {"aggregate": fields}
            steps.append(Step(method="POST", path=_ROOT, body=create, ref_at=("aggregate", "id")))
        elif observed.key.name != name:
            steps.append(Step(method="PUT", path=_ONE, body={"aggregate": {"name": name}}))
        changes: dict[str, str | None] = {key: None for key in has if key not in metadata}
        changes |= {key: value for key, value in metadata.items() if has.get(key) != value}
        if changes:
            if isinstance(changes.get(ZONE), str):
                changes[ZONE] = zone_at(pod, str(changes[ZONE]))
            body = {"set_metadata": {"metadata": dict(sorted(changes.items()))}}
            steps.append(Step(method="POST", path=f"{_ONE}/action", body=body))
        return steps

    def written(self, write: SharedWrite) -> SharedKey | None:
        """
        See :class:`ISharedKind`.
        """
        if "id" in write.ids:
            return SharedKey(KIND, "")
        try:
            name = orjson.loads(write.body)["aggregate"]["name"]
        except (orjson.JSONDecodeError, LookupError, TypeError):
            return None
        return SharedKey(KIND, name) if isinstance(name, str) and name and storable(name) else None

    def for_pod(self, write: SharedWrite, ids: IPodIds) -> SharedWrite | None:
        """
        See :class:`ISharedKind`.
        """
        pod = self._pod(ids.pod_id)
        if pod is None:
            return None
        sent = evolve(write, body=aggregate_for_pod(write.body, pod))
        wanted = write.ids.get("id")
        if wanted is None:
            return sent
        own = ids.own(KIND, wanted)
        if own is None:
            return None
        head, slash, tail = write.path.partition(b"/os-aggregates/" + quote(wanted, safe="").encode("ascii"))
        if not slash:
            return None
        return evolve(sent, path=head + b"/os-aggregates/" + own.encode("ascii") + tail)

    def in_use(self, write: SharedWrite, ref: str) -> UseQuestion | None:
        """
        See :class:`ISharedKind`: none, what Nova refuses is tried.
        """
        return None

    def for_client(self, body: bytes, ids: IPodIds) -> bytes:
        """
        See :class:`ISharedKind`.
        """
        pod = self._pod(ids.pod_id)
        return body if pod is None else aggregate_for_client(body, pod, numbers(ids, pod))

    def top_id(self, ref: str, ids: IPodIds) -> str:
        """
        See :class:`ISharedKind`: the pod's serial stands before its number, as with hypervisors.
        """
        return str(top_integer(self._known(ids).serial, int(ref)))

    def made(self, body: bytes) -> str:
        """
        See :class:`ISharedKind`.
        """
        try:
            number = orjson.loads(body)["aggregate"]["id"]
        except (orjson.JSONDecodeError, LookupError, TypeError):
            return ""
        return str(number) if isinstance(number, int) and not isinstance(number, bool) else ""

    def _known(self, ids: IPodIds) -> Pod:
        pod = self._pod(ids.pod_id)
        if pod is None:
            raise NotYet("the pod is gone")
        return pod


def numbers(ids: IPodIds, pod: Pod) -> Callable[[int], int]:
    """
    What users call a pod's numbers: what is known of them, else the pod's own made unique.
    """

    def top(own: int) -> int:
        if own >= SPAN:
            # it is users' already
            return own
        known = ids.top(KIND, str(own))
        return top_integer(pod.serial, own) if known is None else int(known)

    return top


def observed_aggregate(item: Any, pod: Pod) -> Observed:
    """
    An aggregate as a pod's answer has it.

    :raises Unreadable: if it is none.
    """
    number = item.get("id") if isinstance(item, dict) else None
    metadata = item.get("metadata") if isinstance(item, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or not isinstance(metadata, dict | None):
        raise Unreadable(f"{pod.name} shows an aggregate that is none")
    told = {str(key): str(value) for key, value in (metadata or {}).items()}
    if ZONE in told:
        told[ZONE] = zone_of(pod, told[ZONE])
    hosts = item.get("hosts")
    return Observed(
        key=SharedKey(KIND, str(item.get("name"))),
        ref=str(number),
        document={"metadata": told},
        facts={"hosts": hosts if isinstance(hosts, list) else [], "uuid": item.get("uuid")},
    )
