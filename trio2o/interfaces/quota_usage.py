"""
What is kept of what projects have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zope.interface import Interface

from trio2o.model import Counts, HeldKey, Holding, QuotaUse, Reading, ReadResult, Reservation, Reserved

# mypy-zope reads the methods below; zope leaves out ``self``.
# ruff: noqa: N805


class IQuotaStore(Interface):
    """
    Reservations of projects and what they have, each project and service by itself (:mod:`trio2o.quota.tallies`).

    Every method raises :class:`DatabaseUnavailable` where the database is away.
    """

    async def reserve(
        reservation: Reservation, limits: Mapping[str, int], *, settles_after: float
    ) -> Reserved:
        """
        Reserve where all of it is within these limits, in one statement, so that no two of many processes take the last one. What
        has no limit here is not looked at.

        :param settles_after: in how many seconds it is sure that a pod makes nothing of it any more.
        """

    async def commit_reservation(reservation_id: str, pod_id: str, made: Sequence[Holding]) -> bool:
        """
        A pod has made it: what was reserved is reserved no more, and what these take is in the pod. What is held already takes so
        much more from now on. False where the reservation was closed meanwhile; then pods are to be read.
        """

    async def give_back_reservation(reservation_id: str) -> bool:
        """
        Surely nothing is made of it. False where it was closed already.
        """

    async def leave_reservation(reservation_id: str, pod_id: str, *, settles_after: float) -> None:
        """
        Nobody knows what this pod makes of it: it stays until a reading closes it.
        """

    async def release(kind: str, resource_id: str, *, sent_for: float | None) -> bool:
        """
        Take over that a pod no longer has a resource. True where it is counted; otherwise, and where nobody knows when the delete
        was sent, the project is to be read soon. A resource that is not held changes nothing.

        :param sent_for: how many seconds ago the delete was sent; ``None`` where nobody knows.
        """

    async def name_held(kind: str, nameless_id: str, resource_ids: Sequence[str], each: Counts) -> None:
        """
        Have what is held under the id of a reservation held under these, each with so much, as far as it goes: those that are
        held already are left out.
        """

    async def unseen(
        service: str, project_id: str, *, grace: float, limit: int
    ) -> Sequence[tuple[HeldKey, str]]:
        """
        What was made within the grace, has an id, and was not seen to be counted by its pod, the newest first; with the pod's id.
        """

    async def usage(service: str, project_id: str) -> Mapping[str, QuotaUse] | None:
        """
        What a project has, by resource; ``None`` where nothing is known of it.
        """

    async def database_time() -> float:
        """
        The database's clock, seconds since the epoch.
        """

    async def first_reading(service: str, project_id: str, reading: Reading, *, again: float) -> None:
        """
        Take over what pods said of a project of which nothing is known yet; any other is left as it is. It is to be read next in
        so many seconds, and at once where a pod did not tell.
        """

    async def read(
        service: str, project_id: str, reading: Reading, *, grace: float, again: float, soon: float
    ) -> ReadResult:
        """
        Take over what pods said (:func:`trio2o.quota.tallies.read_into`), and with it what was seen and what is gone. What an
        exact reading counts is held no longer than a week.

        :param grace: for how many seconds a pod may not tell of what it has accepted.
        :param again: in how many seconds the project is to be read next; ``soon`` where the reading was not exact.
        """

    async def read_soon(service: str, project_id: str, after: float) -> None:
        """
        Have :meth:`due` give a project in so many seconds at the latest.
        """

    async def postpone(service: str, project_id: str, after: float) -> None:
        """
        Have :meth:`due` give a project in so many seconds, and not before.
        """

    async def due(limit: int) -> Sequence[tuple[str, str]]:
        """
        The services and projects that are to be read now, those first that wait for the longest time.
        """

    async def prune(idle_seconds: float, limit: int) -> int:
        """
        Forget so many projects that have nothing and had nothing for so long; how many they were. Who makes something again is
        read again.
        """

    async def open_reservations() -> Mapping[str, int]:
        """
        How many are open, by service.
        """
