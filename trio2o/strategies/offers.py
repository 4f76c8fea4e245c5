"""
What this process knows of the flavors and volume types that pods offer.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Generic, TypeVar

from attrs import define, field, frozen
from twisted.internet.interfaces import IReactorTime

from trio2o.model import CollectedOffers, OfferedFlavor, OfferedType, Offers, PodOffers
from trio2o.strategies.touched import Touched

#: Seconds: something is made in all pods one after the other, so a list that was asked for so shortly after another pod was
#: first seen to have it says nothing about it yet.
SETTLING = 60.0

Entry = TypeVar("Entry", OfferedFlavor, OfferedType)


@frozen(kw_only=True)
class _Collected:
    offers: PodOffers
    digest: str
    #: When the questions began, by the database's clock, seconds since the epoch.
    collected_at: float
    #: The same by this process's clock.
    at: float


@define
class _Merge(Generic[Entry]):
    """
    One list of all pods, put together.
    """

    #: The entry of each name. Where pods differ, the first one that asks for a group.
    best: dict[str, Entry] = field(factory=dict, init=False)
    #: Name to when any pod was first seen to have it.
    _first: dict[str, float] = field(factory=dict, init=False)
    #: Name to the ids of the pods that have it.
    having: dict[str, list[str]] = field(factory=dict, init=False)

    def add(self, pod_id: str, entries: Iterable[Entry] | None) -> None:
        """
        Take a pod's list in.
        """
        for entry in entries or ():
            for name in entry.names:
                self.having.setdefault(name, []).append(pod_id)
                known = self.best.get(name)
                if known is None or (entry.group and not known.group):
                    self.best[name] = entry
                self._first[name] = min(entry.since, self._first.get(name, entry.since))

    def there(self, entries: Iterable[Entry] | None, moment: float) -> frozenset[str] | None:
        """
        The names that a pod has, or may have: its list is of that moment.
        """
        if entries is None:
            return None
        own = {name for entry in entries for name in entry.names}
        return frozenset(own.union(name for name, since in self._first.items() if since > moment - SETTLING))

    @property
    def settles(self) -> float:
        """
        The moment from which on lists say all about what any pod has.
        """
        return max(self._first.values(), default=0.0) + SETTLING


@define(kw_only=True)
class _Merged:
    """
    All lists that are not too old.
    """

    #: Until when it holds, by this process's clock: then the oldest list is too old.
    until: float
    #: See :attr:`_Merge.settles`.
    settles: float = 0.0
    by_pod: Mapping[str, Offers] = field(factory=dict)
    flavors: _Merge[OfferedFlavor] = field(factory=_Merge)
    types: _Merge[OfferedType] = field(factory=_Merge)


@define(kw_only=True, eq=False)
class OfferBook:
    """
    Told of pods' lists as they are collected; asked for each candidate, and for what a create names. In memory.

    A pod is said to lack something only where its list is newer than another pod's that has it: what was made in all pods a
    moment ago stands in the list of the one that was asked last, and must not draw creates to that one.
    """

    _clock: IReactorTime
    #: Seconds after which a list that no newer one took the place of is unknown again.
    _stale_seconds: float = 3600.0
    #: Told of each pod of which something else is known than before.
    touched: Touched = field(factory=Touched)
    _collected: dict[str, _Collected] = field(factory=dict, init=False)
    _merged: _Merged = field(factory=lambda: _Merged(until=math.inf), init=False)

    def offers(self, pod_id: str) -> Offers | None:
        """
        What a pod has, and what it may have; ``None`` where it is not known.
        """
        return self._all().by_pod.get(pod_id)

    def flavor(self, flavor_id: str) -> OfferedFlavor | None:
        """
        A flavor as any pod has it. Where pods differ in it, one that asks for a group counts.
        """
        return self._all().flavors.best.get(flavor_id)

    def volume_type(self, name: str) -> OfferedType | None:
        """
        A volume type by its name or id, as :meth:`flavor`.
        """
        return self._all().types.best.get(name)

    def having(self, field: str, name: str) -> Collection[str]:
        """
        The ids of the pods that are known to have what a field of a request names.
        """
        if field == "flavor":
            return self._all().flavors.having.get(name, ())
        return self._all().types.having.get(name, ()) if field == "volume_type" else ()

    def until(self) -> float:
        """
        The moment until which all of that stays as it is if nothing happens, by this process's clock.
        """
        return self._all().until

    def age(self, pod_id: str) -> float | None:
        """
        How many seconds ago a pod told; ``None`` where it is not known.
        """
        known = self._collected.get(pod_id)
        return None if known is None else self._clock.seconds() - known.at

    def digests(self) -> Mapping[str, str]:
        """
        Pod id to the digest of what is known of it.
        """
        return {pod_id: each.digest for pod_id, each in self._collected.items()}

    def note(self, found: Iterable[CollectedOffers]) -> None:
        """
        Take over all that the database has; other pods are forgotten.
        """
        before, now = self._collected, self._clock.seconds()
        self._collected = {}
        for each in found:
            known = before.get(each.pod_id)
            offers = each.offers if each.offers is not None or known is None else known.offers
            if offers is not None:
                self._collected[each.pod_id] = _Collected(
                    offers=offers,
                    digest=each.digest,
                    collected_at=each.collected_at.timestamp(),
                    at=now - each.age,
                )
        if before.keys() != self._collected.keys() or any(
            self._differs(pod_id, each) for pod_id, each in before.items()
        ):
            self._renew()

    def _differs(self, pod_id: str, before: _Collected) -> bool:
        """
        Whether a pod's list says something else than before. A new time alone does where the list was too old, or too old to
        say what the pod lacks.
        """
        after, merged = self._collected[pod_id], self._merged
        return after.digest != before.digest or (
            after.collected_at != before.collected_at
            and (pod_id not in merged.by_pod or before.collected_at < merged.settles)
        )

    def _all(self) -> _Merged:
        if self._clock.seconds() > self._merged.until:
            self._renew()
        return self._merged

    def _renew(self) -> None:
        before, self._merged = self._merged, self._put_together()
        for pod_id in before.by_pod.keys() | self._merged.by_pod.keys():
            if before.by_pod.get(pod_id) != self._merged.by_pod.get(pod_id):
                self.touched.touch(pod_id)

    def _put_together(self) -> _Merged:
        now, stale = self._clock.seconds(), self._stale_seconds
        # in a fixed order, so that every process has the same entry of those that differ
        lists = {pod_id: each for pod_id, each in sorted(self._collected.items()) if now - each.at <= stale}
        flavors, types = _Merge[OfferedFlavor](), _Merge[OfferedType]()
        for pod_id, each in lists.items():
            flavors.add(pod_id, each.offers.flavors)
            types.add(pod_id, each.offers.volume_types)
        shared: dict[Offers, Offers] = {}
        by_pod: dict[str, Offers] = {}
        for pod_id, each in lists.items():
            offers = Offers(
                flavors=flavors.there(each.offers.flavors, each.collected_at),
                volume_types=types.there(each.offers.volume_types, each.collected_at),
            )
            by_pod[pod_id] = shared.setdefault(offers, offers)
        return _Merged(
            until=min((each.at for each in lists.values()), default=math.inf) + stale,
            settles=max(flavors.settles, types.settles),
            by_pod=by_pod,
            flavors=flavors,
            types=types,
        )
