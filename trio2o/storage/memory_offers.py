"""
What pods offer, in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from attrs import define, field
from zope.interface import implementer

from trio2o.interfaces import IOfferStore
from trio2o.model import CollectedOffers, PodOffers
from trio2o.storage.memory_database import MemoryDatabase
from trio2o.storage.offer_documents import dated, document_of


@implementer(IOfferStore)
@define(eq=False)
class MemoryOffers:
    """
    Offers in a dictionary.
    """

    _database: MemoryDatabase
    _rows: dict[str, tuple[datetime, PodOffers]] = field(factory=dict, init=False)

    async def record_offers(self, pod_id: str, offers: PodOffers, *, age: float) -> None:
        database = self._database
        database.check()
        if pod_id in database.pods:
            at = database.now() - timedelta(seconds=age)
            _, before = self._rows.get(pod_id, (at, None))
            self._rows[pod_id] = (at, dated(offers, before, at.timestamp()))

    async def list_offers(self, known: Mapping[str, str]) -> Sequence[CollectedOffers]:
        database = self._database
        database.check()
        found = []
        for pod_id, (at, offers) in sorted(self._rows.items()):
            if pod_id in database.pods:
                _, digest = document_of(offers)
                found.append(
                    CollectedOffers(
                        pod_id=pod_id,
                        digest=digest,
                        offers=None if known.get(pod_id) == digest else offers,
                        collected_at=at,
                        age=(database.now() - at).total_seconds(),
                    )
                )
        return found
