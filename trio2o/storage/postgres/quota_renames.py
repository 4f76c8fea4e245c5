"""
What is counted for a volume type, when that is renamed.
"""

from __future__ import annotations

from trio2o.quota.resources import of_type
from trio2o.storage.pool import Transaction

#: Counts with the old names replaced.
_COUNTS = (
    "(select coalesce(jsonb_object_agg(coalesce(names.renamed, each.key), each.value), '{{}}')"
    " from jsonb_each({}) as each"
    " left join unnest(%(old)s::text[], %(new)s::text[]) as names (old, renamed) on names.old = each.key)"
)
_PODS = (
    f"(select coalesce(jsonb_object_agg(pod.key, {_COUNTS.format('pod.value')}), '{{}}')"
    " from jsonb_each(pods) as pod)"
)
#: In the order in which commits lock.
_STATEMENTS = (
    f"update quota_reservations set amounts = {_COUNTS.format('amounts')}"
    " where service = 'volume' and amounts ?| %(old)s returning 1",
    f"update quota_usages set used = {_COUNTS.format('used')}, reserved = {_COUNTS.format('reserved')},"
    f" pods = {_PODS}, changes = changes + 1, look_at = clock_timestamp()"
    " where service = 'volume' and (used ?| %(old)s or reserved ?| %(old)s) returning 1",
    f"update quota_holdings set amounts = {_COUNTS.format('amounts')}, added = {_COUNTS.format('added')}"
    " where service = 'volume' and amounts ?| %(old)s returning 1",
)


async def rename_counts(transaction: Transaction, old: str, new: str) -> None:
    """
    Call what is counted for a volume type by its new name, and have the pods read of all who have some.
    """
    names = {"old": list(of_type(old)), "new": list(of_type(new))}
    for statement in _STATEMENTS:
        await transaction.query(statement, names)
