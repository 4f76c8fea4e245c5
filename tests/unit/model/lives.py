"""
What became of each create: written by the model's doubles, read by its invariants.
"""

from __future__ import annotations

import enum
from typing import Any

from attrs import define, field

from trio2o.exchange import Answer
from trio2o.model import Amounts, Binding, Kind


class End(enum.Enum):
    """
    How a pod's part in a create ended, as far as its process was told.
    """

    #: Nothing was sent, or the pod said that it has no room: it surely has not accepted.
    SURE_REFUSAL = "sure refusal"
    ACCEPTED = "accepted"
    #: The pod said something else, such as a conflict.
    REFUSED = "refused"
    #: The pod said 503.
    FAILED = "failed"
    #: Nobody can know.
    AMBIGUOUS = "ambiguous"


@define(eq=False)
class Attempt:
    """
    One pod that a create was sent to.
    """

    pod_id: str
    #: What the pod made of it, whether or not anybody was told.
    made: str | None = None
    #: ``None`` while it lasts.
    end: End | None = None
    ended_at: float = 0.0

    @property
    def may_have_made(self) -> bool:
        """
        Whether its process has to take it that the pod has made something.
        """
        return self.end in (End.ACCEPTED, End.FAILED, End.AMBIGUOUS)


@define(eq=False, kw_only=True, repr=False)
class Create:
    """
    One create from its first byte to its answer.
    """

    number: int
    #: The process that carries it out.
    process: Any
    project: str
    kind: Kind
    #: The zone that its body names.
    zone: str | None
    needs: Amounts
    #: The volume that its body names, and the pod that has it.
    volume: tuple[str, str] | None = None
    #: Its ``Idempotency-Key``.
    key: str | None = None
    #: The project's bindings as its process was told by the database, newest first; else as they were weighed.
    bindings: tuple[Binding, ...] | None = None
    #: The zone that was decided on where it names none.
    decided_zone: str | None = None
    #: True once they were weighed.
    ranked: bool = False
    #: The pod that comes first where the request fits it: the project is bound to it by the database's latest word.
    preferred: str | None = None
    #: The pods to try, in order, once they were ranked.
    order: list[str] = field(factory=list)
    #: The pod in which its room is claimed.
    claimed_in: str | None = None
    #: When the database last told it of the pods.
    asked_for_pods: float | None = None
    #: True once a question of it to the database has failed.
    database_failed: bool = False
    #: Pods that were found to be gone.
    excluded: set[str] = field(factory=set)
    attempts: list[Attempt] = field(factory=list)
    outcome: Answer | Exception | None = None

    def __repr__(self) -> str:
        return f"create {self.number} at {self.process.name}"

    @property
    def over(self) -> bool:
        """
        True once the client was answered.
        """
        return self.outcome is not None

    @property
    def made(self) -> list[str]:
        """
        The ids of all that pods made of it.
        """
        return [attempt.made for attempt in self.attempts if attempt.made is not None]

    @property
    def settled_pod(self) -> str | None:
        """
        The pod whose acceptance the process was told of.
        """
        for attempt in self.attempts:
            if attempt.end is End.ACCEPTED:
                return attempt.pod_id
        return None

    def heard(self, asked_zone: str, binding: Binding) -> None:
        """
        Its process was told of the binding that the project now has, having asked for one in a zone.
        """
        if self.attempts:
            return
        place = (binding.az_name, binding.pod_group)
        others = [each for each in self.bindings or () if (each.az_name, each.pod_group) != place]
        self.bindings = (binding, *others)
        if binding.az_name != asked_zone:
            self.decided_zone = binding.az_name
        self.preferred = binding.pod_id
