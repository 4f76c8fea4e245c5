"""
The projects' bindings as the choice of pods needs them: none is used that is known to be old (I14).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from attrs import define

from trio2o.errors import DatabaseUnavailable, Unavailable
from trio2o.interfaces import IBindingStore, IPodStore, IState
from trio2o.model import Binding, PlacementRequest, Pod
from trio2o.scheduling.binding_move import BindingMove


@define(kw_only=True)
class Bindings:
    """
    Reads them from memory, or from the database while memory may be outdated, and writes them.
    """

    _state: IState
    _store: IBindingStore
    _pod_store: IPodStore
    #: Takes over what the database has now, once for all who ask at the same time; ``None`` where nothing follows it.
    _catch_up: Callable[[], Awaitable[None]] | None = None

    async def up_to_date(self) -> None:
        """
        Use nothing that is known to be old: wait for what was announced and is not here yet (I14). While the change log cannot
        be followed, take over the pods that the database has: one may be draining by now (I11).

        :raises Unavailable: if the database is away.
        """
        if self._state.current and not self._state.behind:
            return
        if self._catch_up is not None:
            await self._catch_up()
        if self._state.current:
            return
        try:
            pods = await self._pod_store.list_pods()
        except DatabaseUnavailable as error:
            raise _away(error) from error
        if not self._state.current:
            self._state.note_pods(pods)

    async def active(self, project_id: str) -> Sequence[Binding]:
        """
        The project's active ones, newest first.

        :raises Unavailable: if they are not known and the database is away (I15).
        """
        if self._state.current:
            return self._state.bindings_of(project_id)
        try:
            return await self._store.find_bindings(tenant_id=project_id, active=True)
        except DatabaseUnavailable as error:
            raise _away(error) from error

    async def bind(
        self, request: PlacementRequest, pod: Pod, decided: BindingMove, *, first: bool = False
    ) -> Binding:
        """
        Write what was decided; see :meth:`IBindingStore.bind`.

        :raises Missing: if the pod is gone.
        :raises Unavailable: if the database is away (I15).
        """
        try:
            binding = await self._store.bind(
                request.project_id,
                pod.id,
                az_name=pod.az_name,
                pod_group=pod.group,
                reason=decided.reason,
                replaces=decided.replaces,
                first=first,
            )
        except DatabaseUnavailable as error:
            raise _away(error) from error
        self._state.note_binding(binding)
        return binding


def _away(why: DatabaseUnavailable) -> Unavailable:
    return Unavailable(
        "New resources cannot be made at the moment. Please try again later.",
        admin_detail=str(why),
        headers=[(b"Retry-After", b"5")],
    )
