"""
Who does the jobs of which kind.
"""

from __future__ import annotations

from collections.abc import Collection

from attrs import define, field

from trio2o.interfaces import IJobHandler


@define(eq=False)
class JobHandlers:
    """
    The handlers of a process, each added once before the worker starts.
    """

    _by_kind: dict[str, IJobHandler] = field(factory=dict, init=False)

    @property
    def kinds(self) -> Collection[str]:
        """
        What this process can do.
        """
        return self._by_kind.keys()

    def add(self, handler: IJobHandler) -> None:
        """
        Let a handler do the jobs of its kind.

        :raises ValueError: if its kind has one.
        """
        if handler.kind in self._by_kind:
            raise ValueError(f"there is a handler of {handler.kind} jobs already")
        self._by_kind[handler.kind] = handler

    def handler(self, kind: str) -> IJobHandler:
        """
        The handler of a kind, one of :attr:`kinds`.
        """
        return self._by_kind[kind]
