"""
What is kept in the database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from zope.interface import Attribute, Interface

from trio2o.model import (
    Binding,
    Change,
    Kind,
    Pod,
    PodUses,
    Route,
    Snapshot,
)

# mypy-zope reads the methods below; zope leaves out ``self``.
# ruff: noqa: N805


class IPodStore(Interface):
    """
    The pods that are registered, the top region among them.
    """

    async def list_pods() -> Sequence[Pod]:
        """
        All pods by serial.
        """

    async def get_pod(pod_id: str) -> Pod:
        """
        One pod.

        :raises Missing: if there is none.
        """

    async def create_pod(pod: Pod) -> Pod:
        """
        Store a pod; ``serial`` and the times are the store's to give, ``id`` is the caller's.

        :raises AlreadyExists: if the name is taken, or it is a second top region.
        """

    async def update_pod(pod_id: str, changes: Mapping[str, Any]) -> Pod:
        """
        Change the named attributes of :class:`Pod`, or of its settings, and keep the rest; where the state becomes another
        one, its time is the store's to give.

        :raises Missing: if there is none.
        :raises AlreadyExists: if a new name is taken.
        """

    async def count_uses(pod_id: str, since: datetime | None) -> PodUses:
        """
        What names a pod, each number counted to 1,000 at most; ``since`` as in :attr:`PodUses.made_since`, which is 0 for
        ``None``. Nothing names an unknown pod.
        """

    async def delete_pod(pod_id: str, *, force: bool = False) -> Pod:
        """
        Remove a pod; with ``force`` its bindings are ended and its routes forgotten.

        :raises Missing: if there is none.
        :raises InUse: if live routes or active bindings name it and ``force`` is false.
        """

    async def declare_pods(pods: Sequence[Pod]) -> Sequence[Pod]:
        """
        Make the declared pods be these: create or update by name (``id`` and ``serial`` of an existing pod stay, as
        does a state that an operator set after the same declaration), and give up what is no longer declared: removed
        where nothing uses it, else kept, undeclared and ``draining``. An operator's state keeps its reason and its window.
        Gives all pods.
        """


class IBindingStore(Interface):
    """
    Bindings and their history.
    """

    async def bind(
        tenant_id: str,
        pod_id: str,
        *,
        az_name: str,
        pod_group: str,
        reason: str,
        replaces: str | None,
        first: bool = False,
    ) -> Binding:
        """
        Make the project's active binding in the zone and group name this pod, in one transaction (I10).

        ``replaces`` is the id of the binding that the caller believes active, or ``None`` for "there is none"; it ends with the
        ``reason`` that the new one begins with. When another
        process was faster the winner's active binding is returned unchanged: compare its ``pod_id``. When the active one
        names this pod already it is returned unchanged. With ``first`` the caller believes that the project has none at all:
        where it has got one meanwhile, in whatever zone, its newest is returned unchanged.

        :raises Missing: if the pod is gone.
        """

    async def create_binding(tenant_id: str, pod_id: str) -> Binding:
        """
        Bind by an operator's order, in the pod's own zone and group; another active binding there is ended as
        ``moved: by an operator``.

        :raises Missing: if the pod is gone.
        :raises AlreadyExists: if that very binding is active.
        """

    async def end_binding(binding_id: str, reason: str) -> Binding:
        """
        End a binding; it stays in history. Ending an ended one changes nothing.

        :raises Missing: if there never was one.
        """

    async def end_bindings(pod_id: str, reason: str) -> int:
        """
        End all active bindings to a pod, some at a time; they stay in history. Gives how many.
        """

    async def get_binding(binding_id: str) -> Binding:
        """
        One binding, active or ended.

        :raises Missing: if there never was one.
        """

    async def get_bindings(binding_ids: Collection[str]) -> Sequence[Binding]:
        """
        Those of these bindings that there ever were, in no order.
        """

    async def find_bindings(
        *,
        tenant_id: str | None = None,
        pod_id: str | None = None,
        active: bool | None = None,
        at: datetime | None = None,
        limit: int | None = None,
        marker: str | None = None,
    ) -> Sequence[Binding]:
        """
        Bindings, newest first; ``at`` selects those that were active at that moment. ``marker`` is the last id of the
        page before.

        :raises Missing: if the marker is unknown.
        """


class IRouteStore(Interface):
    """
    Which pod has which resource.
    """

    async def find_route(kind: Kind, resource_id: str) -> Route | None:
        """
        The live route, if any.
        """

    async def record_routes(routes: Sequence[Route]) -> None:
        """
        Store routes: one for the same kind and id is replaced, a tombstone revived. A live route that names another pod which
        is registered stands: only its end frees the resource (I7). Recording one twice changes nothing.
        """

    async def end_route(kind: Kind, resource_id: str, at: datetime) -> None:
        """
        Turn a live route into a tombstone; an unknown one changes nothing.
        """

    async def routes_of_id(resource_id: str) -> Sequence[Route]:
        """
        All routes of an id, of any kind, tombstones too.
        """

    async def find_routes(kind: Kind, resource_ids: Collection[str]) -> Sequence[Route]:
        """
        Those of these resources that have live routes, in no order.
        """

    async def walk_routes(after: tuple[str, Kind] | None, limit: int) -> Sequence[Route]:
        """
        The next live routes, by id and kind; ``after`` is the place of the last one of the page before, ``None`` for the
        beginning. What is recorded meanwhile behind the walker is met the next time.
        """

    async def end_routes(routes: Collection[Route], at: datetime) -> int:
        """
        Turn those of these routes into tombstones that are live and still name the same pod; how many.
        """

    async def prune_tombstones(pod_id: str, before: datetime, limit: int) -> int:
        """
        Forget a pod's tombstones of before this moment, the oldest first, at most so many; how many.
        """

    async def routes_of_project(kind: Kind, project_id: str | None, pod_id: str) -> Sequence[Route]:
        """
        Live routes of a project (``None``: of all) in one pod, newest resource first, at most 1,000.
        """

    async def routes_before(
        kind: Kind,
        project_id: str | None,
        pod_ids: Collection[str],
        place: tuple[datetime, str],
        *,
        ids_descending: bool,
        ended: bool,
    ) -> Sequence[Route]:
        """
        For each of these pods the route that stands last before a place in a list of the newest first: a live one and, with
        ``ended``, a tombstone. In no order; of a project, or of all for ``None``.

        What a route says of its age may differ by less than a second from what its pod says now: services answer a create
        before their databases round the time. So a route stands before the place when it is at least a second newer, or
        was made at the same whole second and its id comes first.

        :param place: when the resource at the place was made, and its id.
        :param ids_descending: whether of resources made at one time the largest id comes first.
        """


class ICursorStore(Interface):
    """
    Where list pages ended, for whichever process gives the next one.
    """

    async def find_cursor(digest: bytes) -> str | None:
        """
        What was kept under a digest within the last day, if it still is.
        """

    async def keep_cursors(cursors: Mapping[bytes, str]) -> None:
        """
        Keep contents by their digests, in place of what was kept under these. Beyond 200,000 the oldest go.
        """


class IChangeLog(Interface):
    """
    The growing log of changes to what processes cache whole (I14).
    """

    async def snapshot() -> Snapshot:
        """
        Everything, in one consistent read.
        """

    async def changes_since(number: int) -> Sequence[Change] | None:
        """
        Changes after a number, in order; ``None`` when the log no longer reaches back so far, or the number is ahead of
        the log: take a snapshot.
        """

    async def timeline() -> str:
        """
        See :attr:`Snapshot.timeline`.
        """

    async def listen(
        changed: Callable[[], None], connected: Callable[[], None], lost: Callable[[], None]
    ) -> None:
        """
        Call ``changed`` after every commit that grew the log. ``connected`` is called after each LISTEN is in force
        (so first the listener, then the read: nothing falls between), ``lost`` when the connection is gone. Never fails:
        what is down reconnects.
        """


class IElection(Interface):
    """
    Which of the processes that share a database does what one alone is to do.
    """

    leads = Attribute("True while this process is the one.")

    def start(won: Callable[[], None], lost: Callable[[], None]) -> None:
        """
        Stand for it. ``won`` is called when this process becomes the one, ``lost`` when it may be no more; both again and
        again. Never fails: with the database away nobody is the one.
        """

    def stop() -> None:
        """
        Stand no more; ``lost`` is called if this process was the one.
        """
