"""
What kinds have in common whose things have the same id in every pod.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trio2o.interfaces import IPodIds
from trio2o.model.shared import Observed, SharedWrite, UseQuestion


class SameIds:
    """
    The half of :class:`~trio2o.interfaces.ISharedKind` about ids, where none is translated.
    """

    mapped = False

    def wanted(self, observed: Observed, before: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """
        What the pod shows.
        """
        return observed.document

    def for_pod(self, write: SharedWrite, ids: IPodIds) -> SharedWrite | None:
        """
        The request as it is.
        """
        return write

    def in_use(self, write: SharedWrite, ref: str) -> UseQuestion | None:
        """
        None: what servers have of it they keep.
        """
        return None

    def for_client(self, body: bytes, ids: IPodIds) -> bytes:
        """
        The answer as it is.
        """
        return body

    def top_id(self, ref: str, ids: IPodIds) -> str:
        """
        The pod's own.
        """
        return ref

    def made(self, body: bytes) -> str:
        """
        Its name is known.
        """
        return ""
