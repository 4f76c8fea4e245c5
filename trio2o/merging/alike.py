"""
Lists of what every pod should have the same: flavors, key pairs, volume types.

Where pods agree, one of them speaks for all. Where they do not, their lists are united here: each thing once, in the order
that was asked for, cut into pages as one service would cut them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import frozen

from trio2o.merging.fields import SortField
from trio2o.merging.order import OWN_ORDER, Item, Order, Parameters, SortPart, cinder_order

#: Fields that every pod has values of its own for.
_OWN = ("id", "links", "created_at", "updated_at")


def at_path(item: Any, path: str) -> str:
    """
    The text at a path such as ``keypair.name``; empty where there is none.
    """
    for name in path.split("."):
        item = item.get(name) if isinstance(item, Mapping) else None
    return "" if item is None else str(item)


def same_things(lists: Sequence[Sequence[Item]], name: str, *, whole: bool) -> bool:
    """
    Whether all lists have the same things by the field that names them.

    :param whole: whether nothing is cut off, so that the order in which they stand does not matter.
    """
    named = [[at_path(item, name) for item in items] for items in lists]
    if whole:
        named = [sorted(names) for names in named]
    return all(names == named[0] for names in named)


def same_contents(lists: Sequence[Sequence[Item]], name: str) -> bool:
    """
    Whether things of one name are the same wherever they are, but for what pods give numbers and times of their own.
    """
    known: dict[str, Any] = {}
    return all(
        known.setdefault(at_path(item, name), _told(item)) == _told(item) for items in lists for item in items
    )


@frozen
class United:
    """
    Several lists as one.
    """

    items: list[Item]
    #: By what a client may send as a marker, in whatever list it stood: the name of the thing.
    names: Mapping[str, str]

    def after(self, marker: str, name: str) -> list[Item] | None:
        """
        What comes after a marker; ``None`` where no list has it.
        """
        wanted = self.names.get(marker)
        if wanted is None:
            return None
        at = next(at for at, item in enumerate(self.items) if at_path(item, name) == wanted)
        return self.items[at + 1 :]


def united(lists: Sequence[Sequence[Item]], order: Order, *, name: str, marker: str) -> United:
    """
    Each thing once, as the first list has it; in this order, or the lists' own, one after the other.
    """
    items: dict[str, Item] = {}
    names: dict[str, str] = {}
    for each in lists:
        for item in each:
            items.setdefault(at_path(item, name), item)
            names.setdefault(at_path(item, marker), at_path(item, name))
    found = list(items.values())
    if order.parts and all(len(order.key(item)) == len(order.parts) for item in found):
        found.sort(key=order.key)
    return United(found, names)


def order_of(plural: str, parameters: Parameters) -> Order:
    """
    The order of one of these lists, by the key that it stands under.
    """
    reader = _READERS.get(plural)
    return OWN_ORDER if reader is None else reader(parameters)


def _flavors(parameters: Parameters) -> Order:
    """
    One key; Nova's own is ``flavorid``.
    """
    asked = dict(parameters)
    shown = _FLAVORS.get(asked.get("sort_key") or "flavorid")
    if shown is None:
        return OWN_ORDER
    return Order(parts=(SortPart(field=shown, descending=asked.get("sort_dir") == "desc"),))


def _shown(name: str, *, text: bool = False) -> SortField:
    return SortField(read=lambda item: item[name], text=text)


_FLAVORS: Mapping[str, SortField] = {
    "description": _shown("description", text=True),
    "disabled": _shown("OS-FLV-DISABLED:disabled"),
    "ephemeral_gb": _shown("OS-FLV-EXT-DATA:ephemeral"),
    "flavorid": _shown("id", text=True),
    "is_public": _shown("os-flavor-access:is_public"),
    "memory_mb": _shown("ram"),
    "name": _shown("name", text=True),
    "root_gb": _shown("disk"),
    "rxtx_factor": _shown("rxtx_factor"),
    # what is none is written as an empty text below 2.75
    "swap": SortField(read=lambda item: item["swap"] or 0),
    "vcpus": _shown("vcpus"),
}

_KEY_NAME = SortField(read=lambda item: item["keypair"]["name"], text=True)
_TYPES: Mapping[str, SortField] = {
    "description": _shown("description", text=True),
    "id": _shown("id"),
    "is_public": _shown("is_public"),
    "name": _shown("name", text=True),
}

_READERS: Mapping[str, Callable[[Parameters], Order]] = {
    "flavors": _flavors,
    "keypairs": lambda _: Order(parts=(SortPart(field=_KEY_NAME, descending=False),)),
    "group_types": lambda parameters: cinder_order(parameters, _TYPES),
    "qos_specs": lambda parameters: cinder_order(parameters, _TYPES),
    "volume_types": lambda parameters: cinder_order(parameters, _TYPES),
}


def _told(item: Item) -> Any:
    return {key: value for key, value in item.items() if key not in _OWN and not key.endswith("_id")}
