"""
The database of the simulation: the product's own in memory, with what a year of bindings needs to stay quick.
"""

from __future__ import annotations

from collections import Counter

from attrs import define, field

from trio2o.model import Binding
from trio2o.storage.memory import MemoryDatabase


@define(eq=False)
class Ledger(MemoryDatabase):
    """
    Finds a project's active bindings without looking at all others', and keeps no change log, which nobody follows.
    """

    #: Pod id to how many projects are bound to it.
    bound: Counter[str] = field(factory=Counter, init=False)
    _active: dict[str, dict[str, Binding]] = field(factory=dict, init=False)

    def put_binding(self, binding: Binding) -> Binding:
        """
        See :meth:`MemoryDatabase.put_binding`.
        """
        of_project = self._active.setdefault(binding.tenant_id, {})
        known = of_project.pop(binding.id, None)
        if known is not None:
            self.bound[known.pod_id] -= 1
        if binding.is_binding:
            of_project[binding.id] = binding
            self.bound[binding.pod_id] += 1
        return super().put_binding(binding)

    def active_of(self, tenant_id: str) -> list[Binding]:
        """
        See :meth:`MemoryDatabase.active_of`.
        """
        return list(self._active.get(tenant_id, {}).values())

    def note(self, table: str, row_id: str) -> None:
        """
        Nobody listens.
        """
