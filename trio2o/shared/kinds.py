"""
The kinds that pods have the same, in the order in which a pod is brought up to date: what others name comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen

from trio2o.interfaces import ISharedKind
from trio2o.shared.default_types import DefaultTypes
from trio2o.shared.flavors import Flavors
from trio2o.shared.group_types import GroupTypes
from trio2o.shared.key_pairs import KeyPairs
from trio2o.shared.qos_specs import QosSpecs
from trio2o.shared.volume_types import VolumeTypes

#: All that there are.
SHARED_KINDS: tuple[ISharedKind, ...] = (
    Flavors(),
    KeyPairs(),
    VolumeTypes(),
    QosSpecs(),
    GroupTypes(),
    DefaultTypes(),
)


@frozen
class SharedKinds:
    """
    The kinds by their names.
    """

    _kinds: Sequence[ISharedKind] = SHARED_KINDS

    def __iter__(self) -> Iterator[ISharedKind]:
        return iter(self._kinds)

    def __contains__(self, name: object) -> bool:
        return any(kind.kind == name for kind in self._kinds)

    def __getitem__(self, name: str) -> ISharedKind:
        return next(kind for kind in self._kinds if kind.kind == name)

    @property
    def mapped(self) -> frozenset[str]:
        """
        The names of those whose ids pods give.
        """
        return frozenset(kind.kind for kind in self._kinds if kind.mapped)
