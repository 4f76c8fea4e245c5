"""
Pods' offers as they are stored: pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import attrs

from trio2o.model import OfferedFlavor, OfferedType, PodOffers

#: Seconds after which what a pod has counts as having been there always; no list is as old.
_LONG_AGO = 86_400.0

Entry = TypeVar("Entry", OfferedFlavor, OfferedType)


def dated(offers: PodOffers, before: PodOffers | None, moment: float) -> PodOffers:
    """
    The offers, each entry with when the pod was first seen to have it. What stands in a pod's first list was there always.

    :param before: what is stored.
    :param moment: when these were asked for, seconds since the epoch.
    """
    known = before or PodOffers()
    return PodOffers(
        flavors=_dated(offers.flavors, known.flavors, moment),
        volume_types=_dated(offers.volume_types, known.volume_types, moment),
    )


def _dated(
    entries: Sequence[Entry] | None, before: Sequence[Entry] | None, moment: float
) -> tuple[Entry, ...] | None:
    if entries is None:
        return None
    if before is None:
        return tuple(entries)
    first = {entry.id: entry.since for entry in before}
    return tuple(
        attrs.evolve(
            entry, since=since if (since := first.get(entry.id, moment)) > moment - _LONG_AGO else 0.0
        )
        for entry in entries
    )


def document_of(offers: PodOffers) -> tuple[str, str]:
    """
    The offers as a document, and its digest.
    """
    document = json.dumps(attrs.asdict(offers), sort_keys=True)
    return document, hashlib.sha256(document.encode()).hexdigest()


def offers_of(document: Mapping[str, Any]) -> PodOffers:
    """
    The offers of a document; what another release has in it beside is left out.
    """
    return PodOffers(
        flavors=_entries(OfferedFlavor, document.get("flavors")),
        volume_types=_entries(OfferedType, document.get("volume_types")),
    )


def _entries(kind: type[Entry], rows: Sequence[Mapping[str, Any]] | None) -> tuple[Entry, ...] | None:
    if rows is None:
        return None
    fields = [attribute.name for attribute in attrs.fields(kind)]
    return tuple(kind(**{name: row[name] for name in fields if name in row}) for row in rows)
