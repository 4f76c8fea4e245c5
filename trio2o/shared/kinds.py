"""
The kinds that pods have the same, in the order in which a pod is brought up to date: what others name comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from attrs import frozen

from trio2o.interfaces import ISharedKind
from trio2o.model import Pod
from trio2o.shared.aggregates import Aggregates
from trio2o.shared.default_types import DefaultTypes
from trio2o.shared.flavors import Flavors
from trio2o.shared.group_types import GroupTypes
from trio2o.shared.key_pairs import KeyPairs
from trio2o.shared.qos_specs import QosSpecs
from trio2o.shared.volume_types import VolumeTypes

#: Those that are read alike of every pod.
SHARED_KINDS: tuple[ISharedKind, ...] = (
    Flavors(),
    KeyPairs(),
    VolumeTypes(),
    QosSpecs(),
    GroupTypes(),
    DefaultTypes(),
)


@frozen
class SharedKinds(Mapping[str, ISharedKind]):
    """
    The kinds by their names, in their order.
    """

    _kinds: Sequence[ISharedKind] = SHARED_KINDS

    def __getitem__(self, name: str) -> ISharedKind:
        for kind in self._kinds:
            if kind.kind == name:
                return kind
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter([kind.kind for kind in self._kinds])

    def __len__(self) -> int:
        return len(self._kinds)

    @classmethod
    def over(cls, pod: Callable[[str], Pod | None]) -> SharedKinds:
        """
        All that there are, with those that go by what pods are.

        :param pod: gives a pod by its id.
        """
        return cls((*SHARED_KINDS, Aggregates(pod)))
