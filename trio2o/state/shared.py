"""
The ids that pods give shared things, and which pods lack something, in memory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import ClassVar

from attrs import define, field
from zope.interface import implementer

from trio2o.interfaces import IFollower, IPodIds, ISharedIds, ISharedKind, ISharedStore
from trio2o.model.shared import CopyState, SharedCopy, SharedResource, SharedState

#: A kind and the id that users know.
_Place = tuple[str, str]

#: What is known of a thing that no pod is behind with; of what is one user's, or of no known kind, the service is empty, too.
_NOBODY: tuple[str, frozenset[str]] = ("", frozenset())


@implementer(ISharedIds, IFollower)
@define(eq=False)
class SharedBook:
    """
    Kept equal to the table of shared things by the change log, as pods and bindings are.

    Things of the kinds whose ids are mapped are there whole, of others only what a pod is behind with.
    """

    table: ClassVar[str] = "shared_resources"
    _store: ISharedStore
    _kinds: Mapping[str, ISharedKind]
    #: Told which pods begin or cease to lack something that is everybody's.
    _changed: Callable[[frozenset[str]], None] = lambda pod_ids: None
    _resources: dict[_Place, SharedResource] = field(factory=dict, init=False)
    #: Kind to all that is wanted of it; taken away by every change.
    _by_kind: dict[str, Sequence[SharedResource]] = field(factory=dict, init=False)
    _copies: dict[_Place, dict[str, SharedCopy]] = field(factory=dict, init=False)
    #: Pod id, kind and the pod's own id to the id that users know.
    _tops: dict[tuple[str, str, str], str] = field(factory=dict, init=False)
    #: Pod id and kind to the pod's own ids that users know by others.
    _differing: dict[tuple[str, str], set[str]] = field(factory=dict, init=False)
    #: What pods are behind with: the service that it keeps from them, and the pods' ids.
    _late: dict[_Place, tuple[str, frozenset[str]]] = field(factory=dict, init=False)
    #: By such a service, pod id to how much it is behind with.
    _owed: dict[str, Counter[str]] = field(factory=lambda: defaultdict(Counter), init=False)
    _behind: dict[str, frozenset[str]] = field(factory=dict, init=False)
    #: The kinds whose ids are mapped.
    _mapped: frozenset[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._mapped = frozenset(name for name, kind in self._kinds.items() if kind.mapped)

    def of(self, pod_id: str) -> IPodIds:
        return _PodIds(self, pod_id)

    def behind(self, service: str) -> frozenset[str]:
        return self._behind.get(service, frozenset())

    def incomplete(self) -> frozenset[str]:
        return frozenset(pod_id for owed in self._owed.values() for pod_id in owed)

    def lacking(self, kind: str, top_id: str) -> frozenset[str]:
        return self._late.get((kind, top_id), _NOBODY)[1]

    def resource(self, kind: str, top_id: str) -> SharedResource | None:
        return self._resources.get((kind, top_id))

    def resources(self, kind: str) -> Sequence[SharedResource]:
        known = self._by_kind.get(kind)
        if known is None:
            known = self._by_kind[kind] = tuple(
                resource
                for (its, _), resource in self._resources.items()
                if its == kind and not resource.deleted
            )
        return known

    def copies(self, kind: str, top_id: str) -> Mapping[str, SharedCopy]:
        return self._copies.get((kind, top_id), {})

    def note(self, state: SharedState) -> None:
        resource = state.resource
        place = (resource.key.kind, resource.top_id)
        known = self._resources.get(place)
        if place[0] not in self._mapped or (known is not None and known.version > resource.version):
            # who is behind is the change log's to say: what is noted here can be older
            return
        if known is not None and known.version == resource.version:
            current = {
                pod_id: copy for pod_id, copy in state.copies.items() if copy.state is CopyState.CURRENT
            }
            state = SharedState(resource=resource, copies={**self._copies[place], **current})
        self._drop(place)
        self._take(state)
        self._count()

    def own(self, pod_id: str, kind: str, top_id: str) -> str | None:
        """
        See :meth:`IPodIds.own`.
        """
        if kind not in self._mapped:
            return top_id
        copy = self._copies.get((kind, top_id), {}).get(pod_id)
        return copy.pod_ref or None if copy is not None else None

    def top(self, pod_id: str, kind: str, own_id: str) -> str | None:
        """
        See :meth:`IPodIds.top`.
        """
        return self._tops.get((pod_id, kind, own_id)) if kind in self._mapped else own_id

    def differ(self, pod_id: str, kinds: Collection[str]) -> bool:
        """
        See :meth:`IPodIds.differ`.
        """
        return any(self._differing.get((pod_id, kind)) for kind in kinds)

    async def load(self) -> None:
        """
        Read all of it.

        :raises DatabaseUnavailable: if it cannot be read; what was known stays.
        """
        states = await self._store.cached(self._mapped)
        self._resources.clear()
        self._by_kind.clear()
        self._copies.clear()
        self._tops.clear()
        self._differing.clear()
        self._late.clear()
        self._owed.clear()
        for state in states:
            self._take(state)
        self._count()

    async def take_over(self, row_ids: Collection[str]) -> None:
        """
        Read the rows that changed as they are now.

        :raises DatabaseUnavailable: as :meth:`load`.
        """
        states = await self._store.cached_rows(row_ids)
        for row_id in row_ids:
            kind, _, top_id = row_id.partition(":")
            self._drop((kind, top_id))
        for state in states:
            self._take(state)
        self._count()

    def _drop(self, place: _Place) -> None:
        kind, top_id = place
        self._resources.pop(place, None)
        self._by_kind.pop(kind, None)
        for pod_id, copy in self._copies.pop(place, {}).items():
            # what took the place of a deleted thing may have its id in the pod by now
            if self._tops.get((pod_id, kind, copy.pod_ref)) == top_id:
                del self._tops[pod_id, kind, copy.pod_ref]
                self._differing.get((pod_id, kind), set()).discard(copy.pod_ref)
        service, late = self._late.pop(place, _NOBODY)
        owed = self._owed[service]
        for pod_id in late:
            owed[pod_id] -= 1
            if not owed[pod_id]:
                del owed[pod_id]

    def _take(self, state: SharedState) -> None:
        resource = state.resource
        kind, place = resource.key.kind, (resource.key.kind, resource.top_id)
        late = frozenset(pod_id for pod_id, copy in state.copies.items() if copy.state is CopyState.BEHIND)
        if late:
            service = "" if resource.key.owner or kind not in self._kinds else self._kinds[kind].surface
            self._late[place] = (service, late)
            self._owed[service].update(late)
        for pod_id, copy in state.copies.items():
            if kind in self._mapped and copy.pod_ref and not resource.deleted:
                self._tops[pod_id, kind, copy.pod_ref] = resource.top_id
                differing = self._differing.setdefault((pod_id, kind), set())
                if copy.pod_ref == resource.top_id:
                    differing.discard(copy.pod_ref)
                else:
                    differing.add(copy.pod_ref)
        if kind in self._mapped:
            self._resources[place] = resource
            self._by_kind.pop(kind, None)
            self._copies[place] = dict(state.copies)

    def _count(self) -> None:
        changed: set[str] = set()
        for service in self._owed.keys() | self._behind.keys():
            before, behind = self._behind.get(service, frozenset()), frozenset(self._owed[service])
            if service and behind != before:
                self._behind[service] = behind
                changed |= before ^ behind
        if changed:
            self._changed(frozenset(changed))


@implementer(IPodIds)
@define(eq=False)
class _PodIds:
    """
    One pod's part of a :class:`SharedBook`.
    """

    _book: SharedBook
    pod_id: str

    def own(self, kind: str, top_id: str) -> str | None:
        return self._book.own(self.pod_id, kind, top_id)

    def top(self, kind: str, own_id: str) -> str | None:
        return self._book.top(self.pod_id, kind, own_id)

    def differ(self, kinds: Collection[str]) -> bool:
        return self._book.differ(self.pod_id, kinds)

    def wanted(self, kind: str, top_id: str) -> bool:
        known = self._book.resource(kind, top_id)
        return known is not None and not known.deleted


@implementer(IFollower)
@define(eq=False)
class SharedOfPods:
    """
    Reads a :class:`SharedBook` anew when a pod was registered or removed: who is new lacks everything.
    """

    table: ClassVar[str] = "pods"
    _book: SharedBook

    async def load(self) -> None:
        """
        The book is read by itself.
        """

    async def take_over(self, row_ids: Collection[str]) -> None:
        """
        Read all of it.

        :raises DatabaseUnavailable: if it cannot be read; what was known stays.
        """
        await self._book.load()
