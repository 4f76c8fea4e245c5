"""
Pods of the model of what is shared: they have flavors and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from attrs import define, field

from trio2o.model import Pod

#: What there is of a flavor: its memory and its extra specs in order; ``None`` for nothing.
Document = tuple[int, tuple[tuple[str, str], ...]] | None


@define(eq=False)
class FlavorPod:
    """
    A pod that has flavors and nothing else.
    """

    pod: Pod
    #: The number of what happens now.
    now: Callable[[], int]
    flavors: dict[str, dict[str, Any]] = field(factory=dict)
    #: It refuses whatever would change it.
    refuses: bool = False
    up: bool = True
    #: Flavor to what it had of it, each with when that began; before the first nothing.
    history: dict[str, list[tuple[int, Document]]] = field(factory=dict)

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """
        Do what is asked.
        """
        parts = [unquote(part) for part in path.partition("?")[0].split("/")[3:]]
        assert all(parts), path
        if method == "GET":
            return self._answer(method, parts, body)
        if self.refuses:
            return 403, {"forbidden": {"message": "no"}}
        said = self._answer(method, parts, body)
        name = parts[0] if parts else str(body["flavor"]["id"])
        self.history.setdefault(name, []).append((self.now(), self.document(name)))
        return said

    def document(self, name: str) -> Document:
        """
        What it has of a flavor.
        """
        flavor = self.flavors.get(name)
        return None if flavor is None else (flavor["ram"], tuple(sorted(flavor["extra_specs"].items())))

    def since(self, name: str, moment: int) -> list[Document]:
        """
        All that it had of a flavor at some time since a moment.
        """
        history = self.history.get(name, [])
        before = [document for began, document in history if began <= moment]
        return [before[-1] if before else None, *(each for began, each in history if began > moment)]

    def _answer(self, method: str, parts: list[str], body: Any) -> tuple[int, Any]:
        if not parts:
            wanted = body["flavor"]
            if wanted["id"] in self.flavors:
                return 409, {"conflictingRequest": {"message": "there"}}
            self.flavors[wanted["id"]] = {
                **wanted,
                "extra_specs": {},
                "os-flavor-access:is_public": True,
            }
            return 200, {"flavor": wanted}
        flavor = self.flavors.get(parts[0])
        if flavor is None:
            return 404, {"itemNotFound": {"message": "none"}}
        if len(parts) == 1 and method == "GET":
            return 200, {"flavor": {**flavor, "extra_specs": dict(flavor["extra_specs"])}}
        if len(parts) == 1:
            del self.flavors[parts[0]]
            return 202, None
        if method == "POST":
            flavor["extra_specs"].update(body["extra_specs"])
            return 200, body
        if parts[2] not in flavor["extra_specs"]:
            return 404, {"itemNotFound": {"message": "no such spec"}}
        del flavor["extra_specs"][parts[2]]
        return 200, None
