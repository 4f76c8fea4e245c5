"""
What pods have the same: what is wanted, what each pod has of it, and what makes the one of the other.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen


class SharedPolicy(enum.StrEnum):
    """
    How many pods must have taken a write before its client is told so; the others get it by a job.

    ``all``: every pod that answers, those aside that are known to be away; ``majority``: more than half of all enabled pods;
    ``any``: one.
    """

    ALL = "all"
    MAJORITY = "majority"
    ANY = "any"


class DriftPolicy(enum.StrEnum):
    """
    What is done about what a comparison finds. ``ignore``: it is told; ``adopt``: what nothing wants is wanted from now on, as
    the first pod by its number has it, and made where it is missing; ``overwrite``: what is wanted is made so in every pod.
    """

    IGNORE = "ignore"
    ADOPT = "adopt"
    OVERWRITE = "overwrite"


#: The kind of users' key pairs.
KEY_PAIR = "key_pair"


@frozen(order=True)
class SharedKey:
    """
    What names a thing in every pod.
    """

    #: The kind's name: ``flavor``, ``key_pair``, ``volume_type``, …
    kind: str
    #: For a flavor its id, for most others the name that an administrator gave.
    name: str
    #: Whose it is, a user's id; empty for what is everybody's.
    owner: str = ""

    @property
    def plain_id(self) -> str:
        """
        The id of a thing whose name is its id in every pod.
        """
        return f"{self.owner}/{self.name}" if self.owner else self.name

    def __str__(self) -> str:
        return f"{self.kind}:{self.owner}:{self.name}"


@frozen(kw_only=True)
class SharedResource:
    """
    The desired state of one thing.
    """

    key: SharedKey
    #: What users call it by. Where pods give ids of their own: that of the pod that judged the create.
    top_id: str
    #: What every pod is to have, in the form that the kind's adapter gives it; empty for a deleted thing.
    document: Mapping[str, Any] = field(factory=dict)
    #: Grows with each change of key, document or ``deleted``; 0 is never stored.
    version: int = 0
    #: No pod is to have it. The row stays for as long as a pod may still have it.
    deleted: bool = False


class CopyState(enum.StrEnum):
    """
    How a pod stands to the desired state of one thing.

    ``behind`` keeps the pod from new work; ``refused`` does not: nothing but an operator can change it.
    """

    CURRENT = "current"
    BEHIND = "behind"
    REFUSED = "refused"


@frozen(kw_only=True)
class SharedCopy:
    """
    One thing in one pod.
    """

    pod_id: str
    #: The pod's own id of it; empty while that is not known.
    pod_ref: str = ""
    state: CopyState = CopyState.BEHIND
    #: The version of the desired state that the pod was seen to have, or refused; 0 for none.
    version: int = 0
    #: What the pod said last, for operators; empty where all is well.
    error: str = ""
    #: When that was written, by the database's clock.
    seen_at: datetime | None = None


@frozen(kw_only=True)
class SharedState:
    """
    What is wanted of one thing, and how each registered pod stands to it.
    """

    resource: SharedResource
    #: Pod id to the copy.
    copies: Mapping[str, SharedCopy] = field(factory=dict)


@frozen(kw_only=True)
class Observed:
    """
    One thing as a pod shows it.
    """

    key: SharedKey
    #: The pod's own id.
    ref: str
    #: Normalised: two pods that have the same show equal documents. Ids that pods give are top ids or names in it.
    document: Mapping[str, Any]
    #: What the adapter's steps go by besides, and nobody compares: which hosts a pod has, ids of parts.
    facts: Mapping[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Step:
    """
    One call that brings a pod nearer to what is wanted.
    """

    method: str
    #: Below the pod's root: ``/v2.1/flavors/{ref}/os-extra_specs``, ``/v3/{project_id}/types``. ``{ref}`` is the pod's own id of
    #: the thing, quoted, also one that a step before has learnt; ``{project_id}`` the project of the daemon's user.
    path: str
    body: Mapping[str, Any] | None = None
    #: The microversion, as ``OpenStack-API-Version`` has it; empty for none.
    version: str = ""
    #: Statuses besides those below 400 by which the pod says that this is so already: 404 of a delete.
    done: frozenset[int] = frozenset()
    #: Where the answer has the pod's own id of what was made: ``("volume_type", "id")``; empty for a step that makes nothing.
    ref_at: tuple[str, ...] = ()
    #: It ends what the pod has, so that another one can take its place: never done to what the pod had before it was shared.
    replaces: bool = False


@frozen(kw_only=True)
class SharedWrite:
    """
    A client's request that changes something shared.
    """

    method: str
    #: As the client sent it, with version and project.
    path: bytes
    query: bytes | None = None
    #: The variable parts of the path by their names: ``id``.
    ids: Mapping[str, str] = field(factory=dict)
    #: Empty for none.
    body: bytes = b""
    #: Whoever sends it.
    user_id: str = ""
    #: ``None`` where none was asked for.
    microversion: tuple[int, int] | None = None


@frozen(kw_only=True)
class UseQuestion:
    """
    A list that is not empty where a pod's users have what is to be changed, so that the pod refuses the change.
    """

    #: As :attr:`Step.path`.
    path: str
    #: What the list stands under.
    key: str
    #: The microversion, as ``OpenStack-API-Version`` has it; empty for none.
    version: str = ""


@frozen(kw_only=True)
class OpenWrite:
    """
    A client's write whose end nobody has told, or that met another one, so that it is not known what pods have.
    """

    number: int
    #: The pod that judges it.
    judge_id: str
    #: Seconds since it began, by the database's clock.
    age: float
    #: It deletes the thing.
    deletes: bool = False
    #: False where it is under way, as far as anybody knows.
    ended: bool = False


class Difference(enum.StrEnum):
    """
    How a pod differs from what is wanted.

    ``missing``: it lacks what is wanted; ``different``: it has it otherwise; ``extra``: it has what nothing wants.
    """

    MISSING = "missing"
    DIFFERENT = "different"
    EXTRA = "extra"


@frozen(kw_only=True)
class Drift:
    """
    One difference, as the last comparison found it.
    """

    key: SharedKey
    pod_id: str
    difference: Difference
    #: What differs, for operators: the names of fields, or what the pod refused.
    detail: str = ""
    seen_at: datetime | None = None
