"""
Host aggregates of several pods as one cloud's: one of each name, with the hosts of all.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import frozen

from trio2o.merging.integers import own_integer, top_integer
from trio2o.model import Pod

_ZONE = "availability_zone"
#: Stands before a pod's name in the name of the aggregate that stands for it, as the original Trio2o had it.
_PREFIX = "ag_"
#: What uuids of such aggregates are made in.
_NAMESPACE = uuid.UUID("7b0a4d5e-2f9c-5a3c-9c57-3f6f2a1d0a41")


@frozen(kw_only=True)
class Part:
    """
    An aggregate in one pod.
    """

    pod: Pod
    #: The pod's own number.
    own: int
    #: The aggregate as users see it: their number, and their name of its zone.
    shown: Mapping[str, Any]


def joined(parts: Sequence[Part]) -> dict[str, Any]:
    """
    One aggregate: as the pod shows it that has given the number, else the first one; with the hosts of all.

    :param parts: at least one, in the order of the pods.
    """
    # who has another's number was told so; who has its own may not have been told yet
    number = next((part.shown["id"] for part in parts if not _is_own(part)), parts[0].shown["id"])
    base = next((part for part in parts if (part.pod.serial, part.own) == own_integer(str(number))), parts[0])
    return {**base.shown, "id": number, "hosts": hosts_of(parts)}


def hosts_of(parts: Iterable[Part]) -> list[str]:
    """
    The hosts of all parts, each name once.
    """
    hosts = [host for part in parts for host in hosts_in(part.shown)]
    return list(dict.fromkeys(hosts))


def hosts_in(shown: Mapping[str, Any]) -> list[str]:
    """
    The hosts of one part; none where a pod shows none, or something else.
    """
    hosts = shown.get("hosts")
    return [host for host in hosts if isinstance(host, str)] if isinstance(hosts, list) else []


def all_joined(parts: Iterable[Part]) -> list[dict[str, Any]]:
    """
    The aggregates of all pods by their numbers. Of one name there is one: pods that have not been told yet that theirs are the
    same, or differ in them, show them once.
    """
    by_name: dict[str, list[Part]] = {}
    for part in parts:
        by_name.setdefault(str(part.shown.get("name")), []).append(part)
    return sorted((joined(same) for same in by_name.values()), key=lambda shown: int(shown["id"]))


def of_pod(pod: Pod, *, with_uuid: bool) -> dict[str, Any]:
    """
    The aggregate that stands for a pod in its zone. It has no hosts: what Nova's aggregates have is in no other zone, while the
    pod's hosts can be given a zone of their own.
    """
    name = pod_aggregate_name(pod)
    identity = {"uuid": str(uuid.uuid5(_NAMESPACE, f"{pod.id} {name}"))} if with_uuid else {}
    return {
        "id": top_integer(pod.serial, 0),
        **identity,
        "name": name,
        "hosts": [],
        "metadata": {_ZONE: pod.az_name},
        "created_at": _moment(pod.created_at) or "1970-01-01T00:00:00.000000",
        "updated_at": _moment(pod.updated_at),
        "deleted_at": None,
        "deleted": False,
        _ZONE: pod.az_name,
    }


def pod_aggregate_name(pod: Pod) -> str:
    """
    What the aggregate is called that stands for a pod.
    """
    return _PREFIX + pod.name


def _is_own(part: Part) -> bool:
    return bool(part.shown["id"] == top_integer(part.pod.serial, part.own))


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%f")
