"""
What a process keeps in memory, and writes behind.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from trio2o.model import Binding, Kind, Pod, Route

# mypy-zope reads the methods below; zope leaves out ``self``.
# ruff: noqa: N805


class IState(Interface):
    """
    The in-memory state of a process: synchronous, and what the hot path asks (I1).
    """

    ready = Attribute("True once the first snapshot was read.")
    current = Attribute(
        "False while the change log cannot be followed: bindings may be outdated and must not be used (I14)."
    )
    behind = Attribute("True while something was announced that is not taken over yet.")
    change = Attribute("The number of the last change that was taken over from the database, an int.")

    def pods() -> Sequence[Pod]:
        """
        The pods without the top region, by serial, each in the state that counts now: outside of its window a pod is
        ``enabled``. The same object as long as nothing of them has changed, and then another.
        """

    def pod(pod_id: str) -> Pod | None:
        """
        A pod by id.
        """

    def pod_named(name: str) -> Pod | None:
        """
        A pod by region name.
        """

    def bindings_of(project_id: str) -> Sequence[Binding]:
        """
        The project's active bindings, newest first.
        """

    def binding(project_id: str, az_name: str, pod_group: str) -> Binding | None:
        """
        The active binding in one zone and group.
        """

    def note_pods(pods: Sequence[Pod]) -> None:
        """
        Take over all pods as the database has them, while the change log cannot be followed.
        """

    def note_binding(binding: Binding) -> None:
        """
        Take over what this process has just written, ahead of its notification.
        """

    def route(kind: Kind, resource_id: str) -> Route | None:
        """
        A recently used route.
        """

    def note_route(route: Route) -> None:
        """
        Remember a route; the least recently used one goes when the cache is full.
        """

    def forget_route(kind: Kind, resource_id: str) -> None:
        """
        Forget a route.
        """


class IRouteBook(Interface):
    """
    Routes as the strategies use them: memory, then database; writes that survive the database's absence (I15).
    """

    def remembered(kind: Kind, resource_id: str) -> Route | None:
        """
        From memory alone; synchronous.
        """

    async def find(kind: Kind, resource_id: str) -> Route | None:
        """
        From memory, then the database.

        :raises DatabaseUnavailable: if memory does not have it and the database does not answer.
        """

    def record(routes: Sequence[Route]) -> Deferred[None]:
        """
        Remember at once and write; the result fires when written, or at once when the database is away: the write
        is then kept and made when it is back. Never fails.
        """

    def end(kind: Kind, resource_id: str) -> Deferred[None]:
        """
        Forget at once and write the tombstone, as :meth:`record` does.
        """


class ICursorBook(Interface):
    """
    Cursors as the strategies use them: nobody waits for the database's writing, and its absence only loses them.
    """

    async def find(digest: bytes) -> str | None:
        """
        What is kept under a digest; ``None`` too where the database does not tell soon. Never fails.
        """

    def keep(digest: bytes, content: str) -> None:
        """
        Keep a content. Written in the background, or lost.
        """


class IFollower(Interface):
    """
    What a process keeps in memory of a table that the change log tells of, besides pods and bindings.
    """

    table = Attribute("The name of the table, a str.")

    async def load() -> None:
        """
        Read all of it.

        :raises DatabaseUnavailable: if it cannot be read; what was known stays.
        """

    async def take_over(row_ids: Collection[str]) -> None:
        """
        Read the rows that changed as they are now; they may be no more. The ids are those of the change log.

        :raises DatabaseUnavailable: as :meth:`load`.
        """
