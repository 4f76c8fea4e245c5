"""
Telling a pod's "no room" from its other refusals (I13). Pure.

Only answers after which surely nothing was accepted let a create go on to the next pod. What they say of later creates is a
:class:`trio2o.model.Mark`.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from trio2o.model import NOTHING, Kind, Lack, Mark, PlacementRequest
from trio2o.surface.faults import fault_message

#: What Cinder's over-limit answers name when it is room, not the rate of requests, that is short.
_VOLUME_ROOM = ("volumes", "snapshots", "gigabytes", "backups")

#: How Nova begins to say which of a project's quotas are too small for a server; a full server group is another matter.
_NOVA_QUOTA = "Quota exceeded for "
#: What Nova's quota of servers is called among them.
_NOVA_SERVERS = "instances"
#: What Cinder says when a project has as many volumes as it may have, whatever their size and type.
_CINDER_VOLUMES = ("Maximum number of volumes allowed", "'volumes'")

#: The longest that is kept of a pod's words, in characters.
_WORDS = 200


@frozen(kw_only=True)
class Refused503:
    """
    A 503 after which nothing was accepted, as an operator knows it of the proxies before the pods.
    """

    #: The name of a field that the answer must have, in lower case; ``None`` for none.
    header: bytes | None = None
    #: What that field must contain.
    value: bytes = b""
    #: What the body must contain.
    body: bytes = b""

    def matches(self, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> bool:
        """
        True where the answer is of this sort.
        """
        if self.header is not None and not any(
            name.lower() == self.header and self.value in value for name, value in headers
        ):
            return False
        return self.body in body


@frozen(kw_only=True)
class Refusal:
    """
    A pod has not accepted a create, surely, for want of something that another pod may have.
    """

    lack: Lack
    #: The pod's own words, for admins.
    words: str
    #: True where the size of what was asked for does not matter.
    any_size: bool = False
    #: False where it says nothing of other creates.
    lasts: bool = True


def refusal(
    service: str,
    status: int,
    headers: Sequence[tuple[bytes, bytes]],
    body: bytes,
    rules: Sequence[Refused503] = (),
) -> Refusal | None:
    """
    What Nova's 403 "Quota exceeded", Cinder's 413 that names volumes, snapshots, gigabytes or backups, and a 503 that one of the
    rules knows say; ``None`` for every other answer.
    """
    if service == "compute" and status == 403:
        said = fault_message(body, "forbidden")
        if "Quota exceeded" not in said:
            return None
        named = said.partition(_NOVA_QUOTA)[2].partition(":")[0]
        return Refusal(
            lack=Lack.QUOTA,
            words=in_words(said),
            any_size=_NOVA_SERVERS in named,
            lasts=bool(named),
        )
    if service == "volume" and status == 413:
        said = fault_message(body, "overLimit")
        if not any(word in said for word in _VOLUME_ROOM):
            return None
        full = all(word in said for word in _CINDER_VOLUMES)
        return Refusal(lack=Lack.QUOTA, words=in_words(said), any_size=full)
    if status == 503 and any(rule.matches(headers, body) for rule in rules):
        return Refusal(lack=Lack.SERVICE, words="503, nothing accepted", any_size=True)
    return None


def mark_of(lack: Lack, pod_id: str, request: PlacementRequest, *, any_size: bool = False) -> Mark | None:
    """
    What a create that a pod has refused says of later ones; ``None`` where it says nothing.

    :param any_size: whether a smaller one would have been refused as well.
    """
    if request.kind not in (Kind.SERVER, Kind.VOLUME):
        return None
    if not any_size and request.needs in (None, NOTHING):
        # what was too large for every pod was asked for without its size
        return None
    return Mark(
        pod_id=pod_id,
        kind=request.kind,
        lack=lack,
        project_id=request.project_id if lack is Lack.QUOTA else None,
        met_by=request.project_id if lack is Lack.HOST else "",
        image=request.image if lack is Lack.HOST else None,
        needs=None if any_size else request.needs,
        asked=None if any_size else (request.pod_group, request.flavor, request.volume_type),
    )


def in_words(said: str) -> str:
    """
    What was said as a header can have it: plain, and not long.
    """
    plain = "".join(each if " " <= each <= "~" else "?" for each in said)
    return plain if len(plain) <= _WORDS else plain[: _WORDS - 3] + "..."
