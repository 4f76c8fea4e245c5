"""
What pods offer, in PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define
from zope.interface import implementer

from trio2o.interfaces import IOfferStore
from trio2o.model import CollectedOffers, PodOffers
from trio2o.storage.offer_documents import dated, document_of, offers_of
from trio2o.storage.pool import Pool
from trio2o.storage.postgres.rows import storable

_BEFORE = (
    "select extract(epoch from clock_timestamp())::float8 - %(age)s,"
    " (select document from pod_offers where pod_id = %(pod)s)"
)

_RECORD = (
    "with gone as (delete from pod_offers where not exists (select from pods where pods.id = pod_offers.pod_id))"
    " insert into pod_offers (pod_id, collected_at, digest, document)"
    " select pods.id, to_timestamp(%(moment)s), %(digest)s, %(document)s::jsonb from pods where pods.id = %(pod)s"
    " on conflict (pod_id) do update set collected_at = excluded.collected_at, digest = excluded.digest,"
    " document = excluded.document"
)


@implementer(IOfferStore)
@define(eq=False)
class PostgresOffers:
    """
    Offers as rows with a JSON document each. Two who record for one pod at once are both right.
    """

    _pool: Pool

    async def record_offers(self, pod_id: str, offers: PodOffers, *, age: float) -> None:
        if not storable(pod_id):
            return
        ((moment, before),) = await self._pool.run_query(_BEFORE, {"pod": pod_id, "age": age}, read_only=True)
        document, digest = document_of(dated(offers, None if before is None else offers_of(before), moment))
        await self._pool.run_query(
            _RECORD, {"pod": pod_id, "moment": moment, "digest": digest, "document": document}
        )

    async def list_offers(self, known: Mapping[str, str]) -> Sequence[CollectedOffers]:
        rows = await self._pool.run_query(
            "select pod_id, digest, case when known.id is null then document end, collected_at,"
            " extract(epoch from clock_timestamp() - collected_at)::float8"
            " from pod_offers join pods on pods.id = pod_offers.pod_id"
            " left join unnest(%(ids)s::text[], %(digests)s::text[]) as known (id, of)"
            " on known.id = pod_id and known.of = digest order by pod_id",
            {"ids": list(known), "digests": list(known.values())},
            read_only=True,
        )
        return [
            CollectedOffers(
                pod_id=pod_id,
                digest=digest,
                offers=None if document is None else offers_of(document),
                collected_at=at,
                age=age,
            )
            for pod_id, digest, document, at, age in rows
        ]
