"""
Bindings: make, show, end, and look into their history.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import define, frozen

from trio2o.administration.asking import canonical_id, database_asked
from trio2o.errors import AlreadyExists, BadRequest, Conflict, Missing, NotFound, Unprocessable
from trio2o.interfaces import IBindingStore, IPodStore, IState
from trio2o.model import Binding, Pod

#: How many bindings one answer has at most, and when nothing is said.
PAGE = 1000

#: The reason that an operator's end of a binding is kept with.
ENDED_BY_OPERATOR = "ended by an operator"


@frozen(kw_only=True)
class BindingQuery:
    """
    Which bindings are asked for; ``None`` for all.
    """

    tenant_id: str | None = None
    pod_id: str | None = None
    active: bool | None = None
    #: Those that were active at this moment.
    at: datetime | None = None
    limit: int | None = None
    #: The last id of the page before.
    marker: str | None = None


@frozen(kw_only=True)
class BindingPage:
    """
    Some bindings, newest first.
    """

    bindings: Sequence[Binding]
    #: The next page's marker; ``None`` when this is the last.
    next_marker: str | None


@define(eq=False)
class BindingAdministration:
    """
    The use cases about bindings.
    """

    _store: IBindingStore
    _pods: IPodStore
    #: Is told what was written, so that this process need not wait for its own notification.
    _state: IState

    async def find(self, query: BindingQuery) -> BindingPage:
        """
        The bindings that a query selects, a page of them.

        :raises BadRequest: if the marker is unknown.
        """
        limit = PAGE if query.limit is None else min(query.limit, PAGE)
        with database_asked():
            try:
                found = await self._store.find_bindings(
                    tenant_id=query.tenant_id,
                    pod_id=query.pod_id,
                    active=query.active,
                    at=query.at,
                    # One more tells whether there is another page.
                    limit=limit + 1,
                    marker=query.marker,
                )
            except Missing as why:
                raise BadRequest(f"The marker {query.marker} is unknown.") from why
        page = found[:limit]
        return BindingPage(bindings=page, next_marker=page[-1].id if len(found) > limit else None)

    async def show(self, binding_id: str) -> Binding:
        """
        One binding, active or ended.

        :raises NotFound: if there never was one.
        """
        with database_asked():
            try:
                return await self._store.get_binding(_known(binding_id))
            except Missing as why:
                raise _no_binding(binding_id) from why

    async def create(self, tenant_id: str, pod_id: str) -> Binding:
        """
        Bind a project to a pod, in the pod's zone and group; another active binding there ends.

        :raises Unprocessable: if the pod is unknown, or the top region.
        :raises Conflict: if that very binding is active.
        """
        with database_asked():
            try:
                pod = await self._bindable(pod_id)
                binding = await self._store.create_binding(tenant_id, pod.id)
            except Missing as why:
                raise Unprocessable(f"pod_id: there is no pod {pod_id}.") from why
            except AlreadyExists as why:
                raise Conflict(f"Project {tenant_id} is bound to pod {pod.name} already.") from why
        self._state.note_binding(binding)
        return binding

    async def end(self, binding_id: str) -> Binding:
        """
        End a binding; it stays in history. Ending an ended one changes nothing.

        :raises NotFound: if there never was one.
        """
        with database_asked():
            try:
                binding = await self._store.end_binding(_known(binding_id), ENDED_BY_OPERATOR)
            except Missing as why:
                raise _no_binding(binding_id) from why
        self._state.note_binding(binding)
        return binding

    async def _bindable(self, pod_id: str) -> Pod:
        known_id = canonical_id(pod_id)
        if known_id is None:
            raise Missing(pod_id)
        pod = await self._pods.get_pod(known_id)
        if pod.is_top:
            raise Unprocessable("pod_id: the top region cannot be bound.")
        return pod


def _known(binding_id: str) -> str:
    known_id = canonical_id(binding_id)
    if known_id is None:
        raise Missing(binding_id)
    return known_id


def _no_binding(binding_id: str) -> NotFound:
    return NotFound(f"Binding {binding_id} could not be found.")
