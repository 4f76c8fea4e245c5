"""
A write of what pods have the same, as all that deal with it see it.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from trio2o.interfaces import ISharedKind
from trio2o.model import NewJob, Pod
from trio2o.model.shared import SharedKey, SharedPolicy, SharedWrite

#: The kind of the jobs that finish writes.
REPLICATE = "replicate"


@frozen(kw_only=True)
class PendingWrite:
    """
    What is written, and of which pods.
    """

    kind: ISharedKind
    key: SharedKey
    #: The id that users know; empty for what is only made, where pods give the ids.
    top_id: str
    write: SharedWrite
    #: Whether it deletes the thing itself.
    deletes: bool
    policy: SharedPolicy
    #: All pods that are enabled.
    served: Sequence[Pod]
    #: Those that answer, in the order in which they may judge.
    judges: Sequence[Pod]

    @property
    def makes(self) -> bool:
        """
        True for a create of the thing itself.
        """
        return "id" not in self.write.ids

    def with_body(self, body: bytes) -> PendingWrite:
        """
        The same with another body.
        """
        return evolve(self, write=evolve(self.write, body=body))


def replication(key: SharedKey, top_id: str, *, delay: float = 0.0) -> NewJob:
    """
    The job that finishes the writes of a thing: those that are noted as open, or as met by others, and what pods lack of it.

    :param top_id: empty where that is not known.
    :param delay: seconds.
    """
    payload = {"kind": key.kind, "name": key.name, "owner": key.owner, "id": top_id}
    return NewJob(kind=REPLICATE, key=str(key), payload=payload, delay=delay)
