"""
Adapters over a fake service of the sandbox, whose pod they bring to what is wanted.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.unit.sandbox.asking import Api
from trio2o.interfaces import IPodAsk, IPodIds
from trio2o.model import Pod
from trio2o.model.shared import Observed, SharedKey, SharedResource, Step
from trio2o.shared.reading import quoted

PROJECT = "0" * 32
#: Whose things are made that are somebody's.
OWNER = "u1"


@implementer(IPodIds)
@define
class Ids:
    """
    What a test says; the ids of the top begin with ``top-``.
    """

    pod_id: str = "Pod1-id"
    owns: dict[tuple[str, str], str] = field(factory=dict)
    gone: set[str] = field(factory=set)

    def own(self, kind: str, top_id: str) -> str | None:
        return self.owns.get((kind, top_id))

    def top(self, kind: str, own_id: str) -> str | None:
        return next((top for (of, top), own in self.owns.items() if (of, own) == (kind, own_id)), None)

    def differ(self, kinds: Collection[str]) -> bool:
        return bool(self.owns)

    def wanted(self, kind: str, top_id: str) -> bool:
        return top_id not in self.gone


@implementer(IPodAsk)
@define
class FakeAsk:
    """
    Asks a fake service as an admin.
    """

    api: Api
    #: What stands before the paths below the service's address.
    root: str
    pod: Pod = field(factory=lambda: Pod(id="Pod1-id", name="Pod1", az_name="az1"))
    sent: list[str] = field(factory=list)
    #: What the path of a step ends with that the pod refuses; empty for none.
    refuses: str = ""

    async def get(self, path: str, *, version: str = "") -> tuple[int, Any]:
        return await self._asked("GET", path, None, version)

    async def send(self, step: Step, ref: str) -> tuple[int, Any]:
        path = step.path.replace("{ref}", quoted(ref))
        self.sent.append(f"{step.method} {path}")
        if self.refuses and path.endswith(self.refuses):
            return 403, {"forbidden": {"message": "no"}}
        return await self._asked(step.method, path, step.body, step.version)

    async def obstacle(self) -> str:
        return ""

    async def _asked(self, method: str, path: str, body: Any, version: str) -> tuple[int, Any]:
        headers = {"OpenStack-API-Version": version} if version else {}
        below = path.replace("{project_id}", PROJECT).removeprefix(self.root)
        reply = await self.api.ask(method, below, token="admin-token", body=body, headers=headers)
        return reply.status, reply.json if reply.content[:1] in (b"{", b"[") else None


class KindCase(SynchronousTestCase):
    """
    One pod.
    """

    kind: Any

    def setUp(self) -> None:
        self.fresh()

    def fresh(self) -> None:
        """
        Begin with an empty pod.
        """
        self.ask = self.pod()
        self.ids = Ids()

    def pod(self) -> FakeAsk:
        """
        An empty pod.
        """
        raise NotImplementedError

    def now(self, waiting: Any) -> Any:
        return self.successResultOf(Deferred.fromCoroutine(waiting))

    def key(self, name: str) -> SharedKey:
        """
        What names a thing.
        """
        return SharedKey(self.kind.kind, name, OWNER if self.kind.owned else "")

    def observed(self, name: str, ref: str = "") -> Observed | None:
        """
        What the pod has under a name, or by its own id.
        """
        found: Observed | None = self.now(self.kind.read_one(self.ask, self.ids, self.key(name), ref))
        return found

    def resource(self, name: str, document: dict[str, Any], *, deleted: bool = False) -> SharedResource:
        return SharedResource(key=self.key(name), top_id=f"top-{name}", document=document, deleted=deleted)

    def converge(self, desired: SharedResource, ref: str = "") -> Observed | None:
        """
        Make steps until none are left, as often as the daemon looks.
        """
        for _ in range(4):
            seen = self.observed(desired.key.name, ref)
            steps = self.kind.steps(desired, seen, self.ids)
            if not steps:
                return seen
            ref = seen.ref if seen is not None else ""
            for step in steps:
                status, body = self.now(self.ask.send(step, ref))
                self.assertTrue(status < 400 or status in step.done, (step, status, body))
                for name in step.ref_at:
                    body = body[name]
                ref = body if step.ref_at else ref
        raise AssertionError(f"steps without end: {steps}")
