"""
What pods have the same: one adapter for each kind, and what is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from zope.interface import Attribute, Interface

from trio2o.model.shared import (
    Drift,
    Observed,
    OpenWrite,
    SharedCopy,
    SharedKey,
    SharedResource,
    SharedState,
    SharedWrite,
    Step,
    UseQuestion,
)

# mypy-zope reads the methods below; zope leaves out ``self``.
# ruff: noqa: N805


class IPodAsk(Interface):
    """
    Questions to one pod's service with the daemon's own token.
    """

    pod = Attribute("The pod.")

    async def get(path: str, *, version: str = "") -> tuple[int, Any]:
        """
        GET something; the status, and the JSON value of the body, ``None`` where it is none.

        :param path: as :attr:`Step.path`, without ``{ref}``.
        :param version: the microversion, as ``OpenStack-API-Version`` has it; empty for none.
        :raises PodFailure: if there is no whole answer in time.
        :raises GatewayError: if there is no token to ask with.
        """

    async def send(step: Step, ref: str) -> tuple[int, Any]:
        """
        Make a step; the status, and the JSON value of the body.

        :param ref: the pod's own id of the thing, as far as it is known.
        :raises PodFailure: as :meth:`get`; unless nothing was sent, it may be done all the same.
        :raises GatewayError: as :meth:`get`.
        """

    async def obstacle() -> str:
        """
        Why the daemon's user may not administer the service; empty where it may.

        :raises PodFailure: as :meth:`get`.
        :raises GatewayError: as :meth:`get`.
        """


class IPodIds(Interface):
    """
    What one pod calls the things that pods give ids of their own.
    """

    pod_id = Attribute("The pod's id.")

    def own(kind: str, top_id: str) -> str | None:
        """
        The pod's own id of what has this id at the top; ``None`` where the pod is not known to have it.
        """

    def top(kind: str, own_id: str) -> str | None:
        """
        The other way round; ``None`` for what is not known.
        """

    def differ(kinds: Collection[str]) -> bool:
        """
        Whether the pod has anything of these kinds whose id at the top is another one; mostly not where it judges what is made.
        """

    def wanted(kind: str, top_id: str) -> bool:
        """
        Whether the pod is to have it at all; False for what is not known, or deleted.
        """


class ISharedIds(Interface):
    """
    The ids of all pods, in memory, and which pods lack something (I1: synchronous).
    """

    def of(pod_id: str) -> IPodIds:
        """
        One pod's ids.
        """

    def behind(service: str) -> frozenset[str]:
        """
        The ids of the pods whose service, ``compute`` or ``volume``, lacks something that is everybody's; the same object until
        that changes.
        """

    def incomplete() -> frozenset[str]:
        """
        The ids of the pods that lack anything, be it one user's.
        """

    def lacking(kind: str, top_id: str) -> frozenset[str]:
        """
        The ids of the pods that lack one thing, or still have it after it was deleted.
        """

    def resource(kind: str, top_id: str) -> SharedResource | None:
        """
        What is wanted, of the kinds whose ids are mapped.
        """

    def resources(kind: str) -> Sequence[SharedResource]:
        """
        All that is wanted of a kind whose ids are mapped; the same object until that changes.
        """

    def copies(kind: str, top_id: str) -> Mapping[str, SharedCopy]:
        """
        Pod id to the copy, of the kinds whose ids are mapped; empty for what is not known.
        """

    def note(state: SharedState) -> None:
        """
        Take over what this process has just written, ahead of its notification.
        """


class ISharedKind(Interface):
    """
    One kind of thing that pods have the same. All but ``read_all`` and ``read_one`` are pure.
    """

    kind = Attribute("Its name, a singular: ``flavor``.")
    surface = Attribute("``compute`` or ``volume``.")
    mapped = Attribute("True where each pod gives ids of its own; else the top id is the pod's own too.")
    owned = Attribute(
        "True where each thing is one user's; then a pod is asked for the things of known users only."
    )
    lenient = Attribute("True where one pod that has it is enough for the client, whatever the policy says.")

    async def read_all(ask: IPodAsk, ids: IPodIds, owners: Collection[str]) -> Sequence[Observed]:
        """
        All that a pod has, with all that belongs to it (extra specs, access).

        :param owners: the users whose things are wanted, where things are ``owned``.
        :raises trio2o.errors.PodFailure: as :meth:`IPodAsk.get`.
        :raises trio2o.errors.Unreadable: if the pod does not show it.
        """

    async def read_one(ask: IPodAsk, ids: IPodIds, key: SharedKey, ref: str) -> Observed | None:
        """
        One of them: by the pod's own id where that is known and still there, else by its name. ``None`` where the pod does not
        have it.

        :raises: as :meth:`read_all`.
        """

    def wanted(observed: Observed, before: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """
        What every pod is to have now that the pod which judged a write shows this; mostly what it shows.

        :param before: what was wanted until now; ``None`` for nothing.
        """

    def steps(desired: SharedResource, observed: Observed | None, ids: IPodIds) -> Sequence[Step]:
        """
        The calls that make what a pod shows into what is wanted, in their order; none where it is that already. They can be made
        again after a part of them. What the pod cannot have yet, because it lacks another thing that this one names, is left out
        of them by raising.

        :raises trio2o.errors.NotYet: then.
        """

    def written(write: SharedWrite) -> SharedKey | None:
        """
        What a client's write is about. For kinds with mapped ids, and a path that has ``id``, the name is left empty: the id
        says it. ``None`` where the request is malformed: then the judge refuses it.
        """

    def for_pod(write: SharedWrite, ids: IPodIds) -> SharedWrite | None:
        """
        The request with the pod's own ids, all else as the client sent it (I3); ``None`` where the pod does not have what it is
        about, so that it cannot be sent there.
        """

    def in_use(write: SharedWrite, ref: str) -> UseQuestion | None:
        """
        What tells whether users of a pod keep it from taking a write: then that pod judges it, and in one cloud it is refused.
        ``None`` for writes that no use keeps a pod from.

        :param ref: the pod's own id.
        """

    def for_client(body: bytes, ids: IPodIds) -> bytes:
        """
        A pod's answer with top ids.
        """

    def top_id(ref: str, ids: IPodIds) -> str:
        """
        The id by which users know a thing that this pod has judged the create of, or had first: mostly the pod's own; numbers, of
        which each pod counts its own, are made unique.
        """

    def made(body: bytes) -> str:
        """
        The id of what the judge has just made, from its answer; empty where it is not in it.
        """


class ISharedStore(Interface):
    """
    What is wanted and what pods have, in the database.

    Every registered pod has a copy in what is read: one that nothing is written of is behind, and so is one whose version is
    older. Of a deleted thing only the copies are there that were written.
    """

    async def begin_write(key: SharedKey, judge_id: str, *, deletes: bool = False) -> int:
        """
        Note that a write is about to be sent, by which pod it is judged, and whether it deletes the thing; its number.
        """

    async def end_write(write_id: int, *, sure: bool = True) -> bool:
        """
        Note that its end is known. True where no other write of the same thing was open at any moment meanwhile: it is forgotten
        then. Else it stays, for a job to look at what pods have; every later write meets it.

        :param sure: False where a job has to look whatever was met.
        """

    async def open_writes(key: SharedKey) -> Sequence[OpenWrite]:
        """
        Writes of one thing that are not forgotten, the oldest first.
        """

    async def forget_writes(write_ids: Collection[int]) -> None:
        """
        Forget writes: pods were looked at since.
        """

    async def find(key: SharedKey, top_id: str = "") -> Sequence[SharedState]:
        """
        What is wanted under a name, with the deleted things that had it, and the thing with an id; those that are deleted come
        first, since they make room.
        """

    async def settle(
        resource: SharedResource, copies: Collection[SharedCopy], *, expected: int
    ) -> SharedResource | None:
        """
        Write what is wanted and how pods stand to it. Its version is one more than before where anything of it is new, and a copy
        whose version is 0 is of this version. A pod whose own id another, deleted thing had is taken to have that no more. The
        limits of a volume type that gets another name are called by that from then on, as Cinder does with its own.

        :param expected: the version that the thing with this id has, deleted or not; 0 for "there is none".
        :return: as it is now; ``None``, with nothing written, where the version is another, or the name is another thing's.
        """

    async def note_copies(key: SharedKey, top_id: str, version: int, copies: Collection[SharedCopy]) -> bool:
        """
        Write how pods stand; False, with nothing written, where the version is another by now.
        """

    async def lacking(pod_id: str, limit: int, after: SharedResource | None = None) -> Sequence[SharedState]:
        """
        What a pod is behind with or has refused: what is everybody's before what is one user's, deleted things first, then by
        kind, owner and name.

        :param after: the last one of the page before.
        """

    async def everything(kind: str) -> Sequence[SharedState]:
        """
        All that is wanted of one kind, and what is deleted and may still be somewhere.
        """

    async def cached(kinds: Collection[str]) -> Sequence[SharedState]:
        """
        What processes keep in memory: everything of these kinds, and of the others what a pod is behind with.
        """

    async def cached_rows(row_ids: Collection[str]) -> Sequence[SharedState]:
        """
        The rows with these ids of the change log.
        """

    async def prune(seconds: float) -> int:
        """
        Forget what was deleted so long ago and no pod may have any more; how many.
        """

    async def report(kind: str, drifts: Collection[Drift], *, unseen: Collection[str] = ()) -> None:
        """
        Replace what is known of a kind's differences.

        :param unseen: the ids of pods of which nothing is known now, so that what was stays.
        """

    async def drifts() -> Sequence[Drift]:
        """
        All differences, by kind, name and pod.
        """
