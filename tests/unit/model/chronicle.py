"""
What clients wrote of what is shared, when, and what must come of it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from contextvars import ContextVar

from attrs import define, field

from tests.unit.model.flavor_pods import Document


class Verb(enum.Enum):
    """
    What a write does to a flavor.
    """

    CREATE = enum.auto()
    DELETE = enum.auto()
    SET = enum.auto()
    UNSET = enum.auto()


@define(eq=False)
class Write:
    """
    One client's write.
    """

    flavor: str
    verb: Verb
    #: The extra spec, and what it is set to; of a create its memory. No two writes set the same.
    spec: str = ""
    value: str | int = ""
    #: Numbers of what happens: when it began, when it was answered, and the last moment when anything happened of it.
    began: int = 0
    answered: int | None = None
    last: int = 0
    #: The client was told that it is done.
    done: bool = False
    #: Its process has died.
    forgotten: bool = False
    #: The pods that its process took for away, or did not reach.
    away: set[str] = field(factory=set)

    def __str__(self) -> str:
        what = f"{self.verb.name} {self.flavor} {self.spec} {self.value}"
        return f"{what} ({self.began} to {self.answered}, {'done' if self.done else 'not done'}, last {self.last})"


#: The write that the code which runs now belongs to; ``None`` for jobs.
WRITING: ContextVar[Write | None] = ContextVar("WRITING", default=None)


@define(eq=False)
class Chronicle:
    """
    All writes.
    """

    writes: list[Write] = field(factory=list)
    #: What jobs did: flavor, and the first and the last moment.
    labours: list[tuple[str, int, int]] = field(factory=list)
    #: Whether all processes see the same pods all the time.
    alike: bool = True

    def of(self, flavor: str, *verbs: Verb) -> list[Write]:
        """
        The writes of a flavor.
        """
        return [write for write in self.writes if write.flavor == flavor and write.verb in verbs]

    def undone(self, flavor: str, document: Document) -> list[str]:
        """
        What was answered as done and is not so in the end, though nothing that could have changed it came to its end later than
        that began.

        Of writes that were under way at the same time either may be last. Where processes do not see the same pods, they may have
        been judged by different ones, and what is last is the whole of what one of them had. Jobs are writes in that sense, too.
        """
        creates, deletes = self.of(flavor, Verb.CREATE), self.of(flavor, Verb.DELETE)
        sets, unsets = self.of(flavor, Verb.SET), self.of(flavor, Verb.UNSET)
        # a create that another pod refused is taken back
        taken_back = [create for create in creates if not create.done]
        if document is None:
            causes = [*deletes, *taken_back]
            # who writes to what is deleted may be told so or not
            return self._later_than(causes, creates)
        ram, specs = document[0], dict(document[1])
        made = [create for create in creates if create.value == ram]
        if not made:
            return [f"nobody made {document}"]
        found = self._later_than(made, [*deletes, *(create for create in creates if create.value != ram)])
        for spec in sorted({*specs, *(write.spec for write in sets)}):
            of_it = [write for write in sets if write.spec == spec]
            against = [write for write in unsets if write.spec == spec]
            if spec in specs:
                wrote = [write for write in of_it if write.value == specs[spec]]
                if not wrote:
                    found.append(f"nobody set {spec} to {specs[spec]}")
                others = [write for write in of_it if write.value != specs[spec]]
                found += self._later_than(wrote, [*others, *against, *deletes])
            else:
                found += self._later_than([*against, *deletes, *creates], of_it)
        return found

    def _later_than(self, causes: Iterable[Write], others: Iterable[Write]) -> list[str]:
        """
        The writes that were done and began when each of the causes had come to its end.
        """
        last = max((cause.last for cause in causes), default=-1)
        return [
            str(write)
            for write in others
            if write.done and write.began > last and not self.crossed_elsewhere(write)
        ]

    def crossed_elsewhere(self, write: Write) -> bool:
        """
        Whether a job was under way at the same time, or another write when pods were not the same for all.
        """
        others = [(other.flavor, other.began, other.last) for other in self.writes if other is not write]
        return any(
            flavor == write.flavor and began <= write.last and write.began <= last
            for flavor, began, last in (*self.labours, *(() if self.alike else others))
        )
