"""
The strategy ``replicate``: writes of what every pod has the same: one desired state, one observed state for each pod.

The first pod in order that has everything, the judge, is asked first, with the client's own token and the request as it was sent:
what it refuses has reached no other. Then all others get the same at once. What the judge shows afterwards is what is wanted from
then on; pods that do not have it are behind, and a job goes on until they do. Before anything is sent a job is enqueued that
finishes the write should this process die within it.

Where the daemon's user may not administer the pods, nothing can be read or finished: the row's ``by`` carries it out then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import uuid4

from attrs import define, evolve, field
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.errors import DatabaseUnavailable, GatewayError, PodFailure, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import (
    IJobQueue,
    IPodAsk,
    IPodClient,
    ISharedIds,
    ISharedKind,
    ISharedStore,
    IState,
    IStrategy,
)
from trio2o.model import Pod, PodState, RequestContext
from trio2o.model.shared import SharedKey, SharedPolicy, SharedWrite
from trio2o.strategies.concurrently import Shield, gathered
from trio2o.strategies.converging import Converger
from trio2o.strategies.drafts import AlikeOptions, Draft
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.pending import PendingWrite
from trio2o.strategies.read_body import ReadBody
from trio2o.strategies.replicated import Replicated
from trio2o.strategies.sending import WriteSender
from trio2o.strategies.settling import Settler

_log = Logger()

#: The options of a row that are this strategy's; the others are those of the one that carries it out without the daemon's user.
OWN_OPTIONS = frozenset({"kind", "by"})


@implementer(IStrategy)
@define(kw_only=True)
class ReplicateStrategy:
    """
    Chooses the judge and has the write carried out.
    """

    #: The strategies that a row may be carried out by where the daemon may not administer pods.
    _inner: Mapping[str, IStrategy]
    _kinds: Mapping[str, ISharedKind]
    _forwarder: Forwarder
    _shield: Shield
    _state: IState
    _pods: IPodClient
    _store: ISharedStore
    _ids: ISharedIds
    _queue: IJobQueue
    _converger: Converger
    #: The way to one pod's service with the daemon's own token.
    _ask: Callable[[Pod, str], IPodAsk]
    _policy: SharedPolicy
    #: Seconds that a pod has, where its own settings say nothing else.
    _budget: float
    #: The largest request body that is read, in bytes.
    _body_limit: int
    #: Makes a name up.
    _new_name: Callable[[], str] = lambda: str(uuid4())
    #: What was told of pods that cannot be administered, so that it is told once.
    _told: dict[str, str] = field(factory=dict, init=False)

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`. Once the body is read, all of it runs to its end whoever still listens.

        :raises Unavailable: if no pod is there, or nothing can be written down.
        :raises GatewayError: if a pod does not answer that has to.
        """
        raw = await inbound.body.read(self._body_limit)
        return await self._shield.run(self._carried_out(inbound, context, raw))

    async def _carried_out(self, inbound: Inbound, context: RequestContext, raw: bytes) -> Answer:
        options = dict(inbound.operation.options)
        kind, by = self._kinds[options.pop("kind")], options.pop("by")
        served = [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]
        draft: Draft | None = None
        body = raw
        if by == "alike" and "id" not in inbound.ids:
            draft = Draft(AlikeOptions(**options))
            draft.read(raw, self._new_name)
            body = draft.body
        write = SharedWrite(
            method=inbound.method.decode("ascii"),
            path=inbound.path,
            query=inbound.query,
            ids=inbound.ids,
            body=body,
            user_id=context.identity.user_id,
            microversion=inbound.microversion,
        )
        named = self._named(kind, write)
        judges = self._judges(kind, served, "" if named is None else named[1])
        if named is not None and not judges:
            # sent all the same, it could reach a pod that is just back, and nobody would know
            raise _unavailable("no pod answers")
        if named is None or not judges or not await self._is_ours(kind, judges[0]):
            plain = evolve(inbound.operation, options=options)
            return await self._inner[by].carry_out(
                evolve(inbound, operation=plain, body=ReadBody(raw)), context
            )
        key, top_id = named
        judges = await self._users_first(kind, write, top_id, judges)
        pending = PendingWrite(
            kind=kind,
            key=key,
            top_id=top_id,
            write=write,
            deletes=write.method == "DELETE" and inbound.operation.path.endswith("{id}"),
            policy=self._policy,
            served=served,
            judges=judges,
        )
        sender = WriteSender(
            forwarder=self._forwarder,
            ids=self._ids,
            inbound=inbound,
            context=context,
            elsewhere=frozenset(options.get("elsewhere", ())),
            budget=self._budget,
        )
        replicated = Replicated(
            pending=pending,
            draft=draft,
            sender=sender,
            settler=Settler(store=self._store, ids=self._ids, converger=self._converger),
            store=self._store,
            ids=self._ids,
            queue=self._queue,
        )
        try:
            return await replicated.carried_out()
        except DatabaseUnavailable as error:
            raise _unavailable(f"what is wanted of all pods cannot be written down: {error}") from error

    def _judges(self, kind: ISharedKind, served: Sequence[Pod], top_id: str) -> list[Pod]:
        """
        The pods that answer, in the order in which they are asked: the same for every project and process that sees the same
        pods. Those that lack something, or the very thing, come last.
        """
        behind = self._ids.behind(kind.surface) | self._ids.lacking(kind.kind, top_id)
        healthy = [pod for pod in served if self._pods.healthy(pod.id, kind.surface)]
        return sorted(healthy, key=lambda pod: (pod.id in behind, pod.serial))

    async def _users_first(
        self, kind: ISharedKind, write: SharedWrite, top_id: str, judges: Sequence[Pod]
    ) -> list[Pod]:
        """
        The same pods, and before all others those whose users keep them from taking the write: where one of them refuses it, no
        other is asked, as in one cloud. Who does not say is taken to have none.
        """
        questions = []
        for pod in judges:
            ref = self._ids.of(pod.id).own(kind.kind, top_id) if top_id else None
            question = None if ref is None else kind.in_use(write, ref)
            if question is not None:
                questions.append((pod, question))
        asked = [self._ask(pod, kind.surface).get(each.path, version=each.version) for pod, each in questions]
        said = await gathered(asked, (PodFailure, GatewayError))
        used = {
            pod.id
            for (pod, question), told in zip(questions, said, strict=True)
            if isinstance(told, tuple)
            and told[0] == 200
            and isinstance(told[1], dict)
            and told[1].get(question.key)
        }
        return sorted(judges, key=lambda pod: pod.id not in used)

    def _named(self, kind: ISharedKind, write: SharedWrite) -> tuple[SharedKey, str] | None:
        """
        What a write is about, and the id that users know, empty for what is only made by it; ``None`` for what is nothing
        shared, or is not known to be.
        """
        if not kind.mapped or "id" not in write.ids:
            key = kind.written(write)
            return None if key is None else (key, "" if kind.mapped else key.plain_id)
        # in whichever case it is written; whether a pod finds it so is the judge's to say
        resource = self._ids.resource(kind.kind, write.ids["id"].lower())
        if resource is None or resource.deleted:
            return None
        return resource.key, resource.top_id

    async def _is_ours(self, kind: ISharedKind, judge: Pod) -> bool:
        """
        Whether the daemon's user may administer a pod's service; a pod that does not answer that will not answer the write.
        """
        try:
            obstacle = await self._ask(judge, kind.surface).obstacle()
        except PodFailure:
            return True
        if obstacle != self._told.get(kind.surface, ""):
            self._told[kind.surface] = obstacle
            if obstacle:
                _log.warn(
                    "what pods share of {surface} is written without being kept equal, since {pod} does not let it: {why}",
                    surface=kind.surface,
                    pod=judge.name,
                    why=obstacle,
                )
        return not obstacle


def _unavailable(why: str) -> Unavailable:
    return Unavailable(
        "The service is not available at the moment. Please try again later.",
        admin_detail=why,
        headers=[(b"Retry-After", b"10")],
    )
