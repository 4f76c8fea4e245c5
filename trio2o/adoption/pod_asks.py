"""
One pod's service, as the adapters of shared things ask it.
"""

from __future__ import annotations

from typing import Any

from attrs import define
from zope.interface import implementer

from trio2o.adoption.questions import PodQuestions
from trio2o.interfaces import IPodAsk
from trio2o.model import Pod
from trio2o.model.shared import Step
from trio2o.shared.reading import quoted


@implementer(IPodAsk)
@define
class PodAsk:
    """
    Asks with the daemon's own token.
    """

    _questions: PodQuestions
    pod: Pod
    _service: str

    async def get(self, path: str, *, version: str = "") -> tuple[int, Any]:
        said = await self._questions.get(self.pod, self._service, path, version=version)
        return said.status, said.body

    async def send(self, step: Step, ref: str) -> tuple[int, Any]:
        said = await self._questions.send(
            step.method,
            self.pod,
            self._service,
            step.path.replace("{ref}", quoted(ref)),
            body=step.body,
            version=step.version,
        )
        return said.status, said.body

    async def obstacle(self) -> str:
        return await self._questions.obstacle(self.pod, self._service)
