"""
Jobs: work that outlives the request, and the process, that wanted it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

#: The longest key in bytes: it is in an index, whose entries PostgreSQL bounds.
LONGEST_KEY = 2000

#: The longest error or progress that is kept, in characters.
LONGEST_WORDS = 2000


class JobState(enum.StrEnum):
    """
    What is being done about a job. The first two are unfinished.
    """

    #: For its time, be it the first or after an attempt that failed.
    WAITING = "waiting"
    #: A process works at it, or did until it died and its lease ends.
    RUNNING = "running"
    DONE = "done"
    #: A dead letter: given up, until somebody wants it to be tried once more.
    DEAD = "dead"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        """
        Whether nobody will work at it any more.
        """
        return self not in (JobState.WAITING, JobState.RUNNING)


@frozen(kw_only=True)
class NewJob:
    """
    What is to be done.

    :raises ValueError: if it cannot be stored: kind and key have 1 to :data:`LONGEST_KEY` bytes each, and texts no NUL.
    """

    #: Whose work it is: the ``kind`` of an :class:`~trio2o.interfaces.IJobHandler`.
    kind: str
    #: Within the kind. There is one unfinished job of a kind and key at the most.
    key: str
    #: What the handler is given: a JSON object. No secrets: operators read it.
    payload: Mapping[str, Any] = field(factory=dict)
    #: What it is about, for those who look for it.
    pod_id: str = ""
    project_id: str = ""
    #: Seconds to wait before it is begun.
    delay: float = 0.0
    #: Seconds until it is given up; ``None`` for never.
    deadline: float | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("kind", "key", "pod_id", "project_id"):
            value = getattr(self, name)
            if "\0" in value or kept_words(value) != value:
                raise ValueError(f"the {name} of a job cannot be stored")
        if not all(0 < len(value.encode()) <= LONGEST_KEY for value in (self.kind, self.key)):
            raise ValueError(f"kind and key of a job have 1 to {LONGEST_KEY} bytes each")


@frozen(kw_only=True)
class Job:
    """
    A job as it is stored. Times and seconds are by the database's clock.
    """

    id: str
    kind: str
    key: str
    payload: Mapping[str, Any] = field(factory=dict)
    pod_id: str = ""
    project_id: str = ""
    state: JobState = JobState.WAITING
    #: Grows each time it is enqueued, over all jobs: who enqueues one knows by it whether somebody has done so since.
    generation: int = 0
    #: How often it was begun since it was wanted first, succeeded or was redone.
    attempts: int = 0
    #: Which claim of the job this is: one that is not the last has no say any more.
    claim: int = 0
    #: Who works at it, or did last.
    worker: str = ""
    #: Why the last attempt failed; empty after one that did not.
    error: str = ""
    #: What its handler told last of how far it is.
    progress: str = ""
    #: It runs and is to end: its worker gives it up as soon as it hears of that.
    cancelling: bool = False
    #: It runs and was enqueued again meanwhile, so that it waits anew when it ends.
    again: bool = False
    created_at: datetime
    #: When it is to be begun, or, of one that runs, when its lease ends.
    due_at: datetime | None = None
    #: The last time that it was begun.
    started_at: datetime | None = None
    ended_at: datetime | None = None
    deadline_at: datetime | None = None
    #: Seconds to its deadline, at the time of the answer; ``None`` without one.
    left: float | None = None


@frozen(kw_only=True)
class JobQuery:
    """
    Which jobs are wanted; ``None`` is no condition.
    """

    state: JobState | None = None
    kind: str | None = None
    pod_id: str | None = None
    project_id: str | None = None
    #: The last id of the page before.
    marker: str | None = None
    limit: int = 1000


@frozen(kw_only=True)
class JobCensus:
    """
    How many jobs there are that somebody may have to look at.
    """

    #: By kind and state, without those that are done or cancelled.
    counts: Mapping[tuple[str, JobState], int] = field(factory=dict)
    #: For how many seconds the oldest waiting job has been wanted, by kind.
    oldest: Mapping[str, float] = field(factory=dict)


def kept_words(words: str) -> str:
    """
    What can be stored of an error or a progress, which may quote anything.
    """
    return words[:LONGEST_WORDS].replace("\0", "").encode("utf-8", "replace").decode("utf-8")
