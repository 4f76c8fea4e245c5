"""
The order of a list, as its query asks for it and as its items show it.

What a request's sort parameters mean was tried with Nova 34 and Cinder 29, oddities too: Nova adds the uuid, ascending, to
the keys before it fills up missing directions, so that the second of two keys with one direction is ascending; Cinder adds
``created_at`` and ``id`` in the direction of the first key. Mistakes in these parameters are left for the pods to refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Any

from attrs import frozen

from trio2o.merging.collation import text_key
from trio2o.merging.fields import (
    ATTACHMENTS,
    BACKUPS,
    GROUP_SNAPSHOTS,
    GROUPS,
    MESSAGES,
    SERVERS,
    SNAPSHOTS,
    TRANSFERS,
    VOLUMES,
    SortField,
)
from trio2o.merging.keys import Key, Reversed, comparable

#: A query's parameters, decoded, in the order in which they were sent.
Parameters = Sequence[tuple[str, str]]
Item = Mapping[str, Any]

#: Sort keys that Nova accepts and ignores; from microversion 2.73 on it sorts by ``locked``.
_NOVA_IGNORES = frozenset(
    [
        "architecture",
        "cell_name",
        "cleaned",
        "default_ephemeral_device",
        "default_swap_device",
        "deleted",
        "deleted_at",
        "disable_terminate",
        "ephemeral_gb",
        "ephemeral_key_uuid",
        "id",
        "key_data",
        "launched_on",
        "locked",
        "memory_mb",
        "os_type",
        "reservation_id",
        "root_gb",
        "shutdown_terminate",
        "user_data",
        "vcpus",
        "vm_mode",
    ]
)


@frozen(kw_only=True)
class SortPart:
    """
    One key of an order.
    """

    field: SortField
    descending: bool


@frozen(kw_only=True)
class Order:
    """
    How the items of pods are put together: by the keys whose values items show, up to the first that they do not show.
    Items equal in those stay in their pod's own order, one pod after the other.
    """

    parts: tuple[SortPart, ...] = ()

    @property
    def exact(self) -> bool:
        """
        True when pods surely have their items in this order; text is compared differently from database to database.
        """
        return all(part.field.faithful and not part.field.text for part in self.parts)

    @property
    def newest_first(self) -> bool:
        """
        True for the default order: by the time at which things were made, the newest first, and by their ids.
        """
        return (
            len(self.parts) == 2
            and self.parts[0].field.age
            and self.parts[0].descending
            and self.parts[1].field.unique
        )

    @property
    def lasts(self) -> bool:
        """
        True where an item never changes its place: by when it was made, by its id, or in each pod's own order.
        """
        return not self.parts or self.parts[0].field.age or self.parts[0].field.unique

    @property
    def needs_detail(self) -> bool:
        """
        True when the plain list, which has ids and names alone, does not show the keys.
        """
        return not all(part.field.in_plain for part in self.parts)

    @property
    def in_plain(self) -> Order:
        """
        As much of it as the plain list shows.
        """
        return Order(parts=tuple(takewhile(lambda part: part.field.in_plain, self.parts)))

    def key(self, item: Item) -> Key:
        """
        The item's place: ``None`` before everything, as MySQL has it, and the other way round in a descending key.

        Ends before the first key that the item does not show, because the caller's role or microversion hides it.
        """
        key: list[Any] = []
        for part in self.parts:
            try:
                value = part.field.read(item)
            except (KeyError, TypeError, AttributeError):
                break
            one = comparable(text_key(value) if part.field.text and isinstance(value, str) else value)
            key.append(Reversed(one) if part.descending else one)
        return tuple(key)


#: Each pod's own order, one pod after the other.
OWN_ORDER = Order()


def read_order(plural: str, parameters: Parameters, microversion: tuple[int, int] | None = None) -> Order:
    """
    The order of a list by the key that its items stand under, :data:`OWN_ORDER` for kinds whose order is not known.
    """
    reader = _READERS.get(plural)
    return OWN_ORDER if reader is None else reader(parameters, microversion or (0, 0))


def nova_order(parameters: Parameters, microversion: tuple[int, int]) -> Order:
    """
    The order of ``servers``: ``sort_key`` and ``sort_dir``, repeatable; without them the newest first.
    """
    keys = [value.strip() for name, value in parameters if name == "sort_key"] or ["created_at"]
    directions = [value.strip() for name, value in parameters if name == "sort_dir"] or ["desc"]
    for key in list(keys):
        if key in _NOVA_IGNORES and not (key == "locked" and microversion >= (2, 73)):
            at = keys.index(key)
            del keys[at], directions[at : at + 1]
    if not keys:
        keys, directions = ["created_at", "id"], ["desc", "desc"]
    if "uuid" not in keys:
        keys, directions = [*keys, "uuid"], [*directions, "asc"]
    return _order(keys, directions, SERVERS)


def cinder_order(parameters: Parameters, fields: Mapping[str, SortField]) -> Order:
    """
    The order of a list of Cinder's: ``sort`` with several keys, or one ``sort_key`` and ``sort_dir``; without them the
    newest first.
    """
    first = dict(reversed(parameters))
    if "sort" in first:
        pairs = [part.partition(":")[::2] for part in first["sort"].strip().split(",")]
    else:
        pairs = [(first.get("sort_key", "created_at"), first.get("sort_dir", "desc"))]
    keys = [key.strip() for key, _ in pairs]
    directions = [direction.strip() or "desc" for _, direction in pairs]
    keys += [key for key in ("created_at", "id") if key not in keys]
    return _order(keys, directions, fields)


def _order(keys: Sequence[str], directions: Sequence[str], fields: Mapping[str, SortField]) -> Order:
    """
    The order up to the first key that items do not show, or the first that is different in all of them.
    """
    parts: list[SortPart] = []
    default = directions[0] if directions else "asc"
    for at, key in enumerate(keys):
        shown = fields.get(key)
        if shown is None:
            break
        direction = directions[at] if at < len(directions) else default
        parts.append(SortPart(field=shown, descending=direction == "desc"))
        if shown.unique:
            break
    return Order(parts=tuple(parts))


def _of_cinder(
    fields: Mapping[str, SortField], *, since: tuple[int, int] = (0, 0), before: str = "desc"
) -> Callable[[Parameters, tuple[int, int]], Order]:
    """
    A list of Cinder's that takes sort parameters from a microversion on, and has an order of its own before.
    """
    own = [("sort_key", "created_at"), ("sort_dir", before)]
    return lambda parameters, asked: cinder_order(parameters if asked >= since else own, fields)


#: Later than any microversion.
_NEVER = (1 << 30, 0)


_READERS: Mapping[str, Callable[[Parameters, tuple[int, int]], Order]] = {
    "servers": nova_order,
    "attachments": _of_cinder(ATTACHMENTS),
    "backups": _of_cinder(BACKUPS),
    "cgsnapshots": _of_cinder(GROUP_SNAPSHOTS, since=_NEVER),
    "consistencygroups": _of_cinder(GROUPS),
    "group_snapshots": _of_cinder(GROUP_SNAPSHOTS, since=(3, 29)),
    "groups": _of_cinder(GROUPS),
    "messages": _of_cinder(MESSAGES, since=(3, 5)),
    "snapshots": _of_cinder(SNAPSHOTS),
    "transfers": _of_cinder(TRANSFERS, since=(3, 59), before="asc"),
    "volumes": _of_cinder(VOLUMES),
}
