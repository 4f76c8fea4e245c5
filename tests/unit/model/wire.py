"""
The network as the model has it: whatever a process waits for happens when the test lets it, or is lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from zope.interface import implementer

from tests.unit.model.lives import Create
from trio2o.errors import DatabaseUnavailable, Missing
from trio2o.interfaces import IBindingStore, IChangeLog, INews, IPodStore
from trio2o.model import Binding, Change, News, Pod, PodUses, Snapshot

#: The create that the code which runs now belongs to; ``None`` for what a process does by itself.
UNDER_WAY: ContextVar[Create | None] = ContextVar("UNDER_WAY", default=None)


class Lost(Exception):
    """
    What was on the wire did not arrive.
    """


@define(eq=False)
class Step:
    """
    Something that may happen next.
    """

    what: str
    #: True for what happens beyond the process: it may although the process stands still, or is no more.
    beyond: bool
    create: Create | None
    _going: Deferred[None]

    def go(self) -> None:
        """
        It happens.
        """
        self._going.callback(None)

    def lose(self) -> None:
        """
        It is lost.
        """
        self._going.errback(Lost(self.what))


@define(eq=False)
class Wire:
    """
    All that one process waits for.
    """

    #: False once the process is dead: nothing reaches it any more.
    alive: bool = True
    steps: list[Step] = field(factory=list)
    #: What the connection that listens has to say, in its order.
    notices: deque[Callable[[], None]] = field(factory=deque)

    def wait(self, what: str, *, beyond: bool = False) -> Deferred[None]:
        """
        Wait until the test lets it happen.
        """

        def cancelled(_: Deferred[None]) -> None:
            self.steps.remove(step)

        going: Deferred[None] = Deferred(cancelled)
        step = Step(what, beyond, UNDER_WAY.get(), going)
        if self.alive:
            self.steps.append(step)
        return going

    def take(self, step: Step, *, lost: bool = False) -> None:
        """
        Let a step happen, or lose it.
        """
        self.steps.remove(step)
        if lost:
            step.lose()
        else:
            step.go()

    def note(self, told: Callable[[], None]) -> None:
        """
        The database announces something.
        """
        if self.alive:
            self.notices.append(told)

    def take_notice(self) -> None:
        """
        Let the next word of the connection that listens arrive.
        """
        self.notices.popleft()()

    def cut(self) -> None:
        """
        The process is dead: what is on its way from it goes on, nothing comes back.
        """
        self.alive = False
        self.notices.clear()
        self.steps = [step for step in self.steps if step.beyond]

    async def carried(self, what: str, do: Callable[[], Any]) -> Any:
        """
        A question to the database: it may be lost on its way, when it has done nothing, or its answer may be.

        :raises DatabaseUnavailable: then.
        """
        try:
            await self.wait(f"{what}: question", beyond=True)
            result = await do()
            await self.wait(f"{what}: answer")
        except DatabaseUnavailable:
            create = UNDER_WAY.get()
            if create is not None:
                create.database_failed = True
            raise
        except Lost as lost:
            if not self.alive:
                await Deferred()
            create = UNDER_WAY.get()
            if create is not None:
                create.database_failed = True
            raise DatabaseUnavailable(str(lost)) from lost
        return result


@implementer(IPodStore)
@define(eq=False)
class WiredPods:
    """
    The pods in a database across the wire.
    """

    _wire: Wire
    _store: IPodStore
    #: The time at the database.
    _now: Callable[[], float]

    async def list_pods(self) -> Sequence[Pod]:
        create = UNDER_WAY.get()

        async def list_pods() -> Sequence[Pod]:
            if create is not None:
                create.asked_for_pods = self._now()
            return await self._store.list_pods()

        found: Sequence[Pod] = await self._wire.carried("pods", list_pods)
        return found

    async def get_pod(self, pod_id: str) -> Pod:
        found: Pod = await self._wire.carried("pod", lambda: self._store.get_pod(pod_id))
        return found

    async def create_pod(self, pod: Pod) -> Pod:
        made: Pod = await self._wire.carried("create pod", lambda: self._store.create_pod(pod))
        return made

    async def update_pod(self, pod_id: str, changes: Mapping[str, Any]) -> Pod:
        changed: Pod = await self._wire.carried("update pod", lambda: self._store.update_pod(pod_id, changes))
        return changed

    async def delete_pod(self, pod_id: str, *, force: bool = False) -> Pod:
        gone: Pod = await self._wire.carried(
            "delete pod", lambda: self._store.delete_pod(pod_id, force=force)
        )
        return gone

    async def count_uses(self, pod_id: str, since: datetime | None) -> PodUses:
        found: PodUses = await self._wire.carried("uses", lambda: self._store.count_uses(pod_id, since))
        return found

    async def declare_pods(self, pods: Sequence[Pod]) -> Sequence[Pod]:
        declared: Sequence[Pod] = await self._wire.carried(
            "declare pods", lambda: self._store.declare_pods(pods)
        )
        return declared


@implementer(IChangeLog)
@define(eq=False)
class WiredChanges:
    """
    The change log across the wire; what it announces is late as the test likes.
    """

    _wire: Wire
    _log: IChangeLog

    async def snapshot(self) -> Snapshot:
        found: Snapshot = await self._wire.carried("snapshot", self._log.snapshot)
        return found

    async def changes_since(self, number: int) -> Sequence[Change] | None:
        found: Sequence[Change] | None = await self._wire.carried(
            "changes", lambda: self._log.changes_since(number)
        )
        return found

    async def timeline(self) -> str:
        found: str = await self._wire.carried("timeline", self._log.timeline)
        return found

    async def listen(
        self, changed: Callable[[], None], connected: Callable[[], None], lost: Callable[[], None]
    ) -> None:
        def later(told: Callable[[], None]) -> Callable[[], None]:
            return lambda: self._wire.note(told)

        await self._log.listen(later(changed), later(connected), later(lost))


@implementer(INews)
@define(eq=False)
class WiredNews:
    """
    News across the wire.
    """

    _wire: Wire
    _news: INews

    async def tell(self, news: News) -> None:
        await self._wire.carried("news", lambda: self._news.tell(news))

    def listen(self, heard: Callable[[News], None]) -> None:
        self._news.listen(lambda news: self._wire.note(lambda: heard(news)))

    def stop(self) -> None:
        self._news.stop()


@implementer(IBindingStore)
@define(eq=False)
class WiredBindings:
    """
    The bindings in a database across the wire. What creates do there is noted in their lives.
    """

    _wire: Wire
    _store: IBindingStore
    #: Told before a create's bind leaves the process, and after the database has done it.
    _binding: Callable[[Create, str, str | None], None]
    _bound: Callable[[Create, Binding, str | None], None]

    async def bind(
        self,
        tenant_id: str,
        pod_id: str,
        *,
        az_name: str,
        pod_group: str,
        reason: str,
        replaces: str | None,
        first: bool = False,
    ) -> Binding:
        create = UNDER_WAY.get()
        assert create is not None, "only creates bind"
        self._binding(create, pod_id, replaces)

        async def bind() -> Binding:
            made = await self._store.bind(
                tenant_id,
                pod_id,
                az_name=az_name,
                pod_group=pod_group,
                reason=reason,
                replaces=replaces,
                first=first,
            )
            self._bound(create, made, replaces)
            return made

        try:
            binding: Binding = await self._wire.carried("bind", bind)
        except Missing:
            create.excluded.add(pod_id)
            raise
        create.heard(az_name, binding)
        return binding

    async def create_binding(self, tenant_id: str, pod_id: str) -> Binding:
        made: Binding = await self._wire.carried(
            "create binding", lambda: self._store.create_binding(tenant_id, pod_id)
        )
        return made

    async def end_binding(self, binding_id: str, reason: str) -> Binding:
        ended: Binding = await self._wire.carried(
            "end binding", lambda: self._store.end_binding(binding_id, reason)
        )
        return ended

    async def end_bindings(self, pod_id: str, reason: str) -> int:
        ended: int = await self._wire.carried(
            "end bindings", lambda: self._store.end_bindings(pod_id, reason)
        )
        return ended

    async def get_binding(self, binding_id: str) -> Binding:
        found: Binding = await self._wire.carried("binding", lambda: self._store.get_binding(binding_id))
        return found

    async def get_bindings(self, binding_ids: Collection[str]) -> Sequence[Binding]:
        found: Sequence[Binding] = await self._wire.carried(
            "bindings by id", lambda: self._store.get_bindings(binding_ids)
        )
        return found

    async def find_bindings(
        self,
        *,
        tenant_id: str | None = None,
        pod_id: str | None = None,
        active: bool | None = None,
        at: datetime | None = None,
        limit: int | None = None,
        marker: str | None = None,
    ) -> Sequence[Binding]:
        found: Sequence[Binding] = await self._wire.carried(
            "bindings",
            lambda: self._store.find_bindings(
                tenant_id=tenant_id, pod_id=pod_id, active=active, at=at, limit=limit, marker=marker
            ),
        )
        create = UNDER_WAY.get()
        if create is not None:
            create.bindings = tuple(found)
        return found
