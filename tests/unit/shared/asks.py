"""
A pod's service of the sandbox as adapters ask it, in memory.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from attrs import define, field
from zope.interface import implementer

from trio2o.interfaces import IPodAsk, IPodIds
from trio2o.model import Pod
from trio2o.model.shared import Step
from trio2o.shared.reading import quoted

#: What a script gives for a request.
Answer = tuple[int, Any]


@implementer(IPodAsk)
@define
class ScriptedAsk:
    """
    Answers from a table of method and path; the query is looked at where the table has one. Everything else is a 404.
    """

    pod: Pod = field(factory=lambda: Pod(id="Pod1-id", name="Pod1", az_name="az1"))
    answers: dict[tuple[str, str], Any] = field(factory=dict)
    #: Method, path, body and version of what was asked.
    asked: list[tuple[str, str, Any, str]] = field(factory=list)
    #: Why the daemon's user may not administer the service.
    obstacle_there: str = ""

    async def get(self, path: str, *, version: str = "") -> Answer:
        """
        See ``IPodAsk``.
        """
        return self._answer("GET", path, None, version)

    async def send(self, step: Step, ref: str) -> Answer:
        """
        See ``IPodAsk``.
        """
        return self._answer(step.method, step.path.replace("{ref}", quoted(ref)), step.body, step.version)

    async def obstacle(self) -> str:
        """
        See ``IPodAsk``.
        """
        return self.obstacle_there

    def _answer(self, method: str, path: str, body: Any, version: str) -> Answer:
        self.asked.append((method, path, body, version))
        plain = path.partition("?")[0]
        given = self.answers.get((method, path), self.answers.get((method, plain), (404, None)))
        answer: Answer = given(version) if callable(given) else given
        return answer


@implementer(IPodIds)
@define
class NoIds:
    """
    The ids of a pod that are those of the top.
    """

    pod_id: str = "Pod1-id"

    def own(self, kind: str, top_id: str) -> str | None:
        """
        The same.
        """
        return top_id

    def top(self, kind: str, own_id: str) -> str | None:
        """
        The same.
        """
        return own_id

    def differ(self, kinds: Collection[str]) -> bool:
        """
        None does.
        """
        return False

    def wanted(self, kind: str, top_id: str) -> bool:
        """
        Everything is.
        """
        return True
