"""
The strategy ``quota_write``: limits that administrators set, for all pods together.

One pod judges the request: the first that is healthy, by serial, so that it is the same one for all. What it accepts is stored,
which decides, and then given to the other pods with the client's own request. A job that was enqueued before anything was sent
makes every pod have what is stored; it is withdrawn where all have it already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from attrs import define, evolve, frozen
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.errors import BadRequest, DatabaseUnavailable, Missing, PodFailure, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IJobQueue, IQuotaLimits, IQuotaLimitStore, IStrategy
from trio2o.model import Job, Pod, QuotaOwner, QuotaScope, QuotaUse, RequestContext
from trio2o.quota.changes import (
    accepted_limits,
    cinder_refusal,
    is_forced,
    nova_refusal,
    nova_user_refusal,
    wanted_limits,
)
from trio2o.quota.handing import owner_job
from trio2o.quota.views import quota_set
from trio2o.strategies.concurrently import Shield, gathered
from trio2o.strategies.forwarding import told
from trio2o.strategies.pages import object_in
from trio2o.strategies.quota_judge import QuotaJudge
from trio2o.strategies.quota_use import ProjectUse
from trio2o.strategies.quota_views import FreshLimits, limits_shown, user_asked

_log = Logger()

#: Seconds after which the job looks after a request that did not come to its end.
_SAFETY_SECONDS = 180.0

#: Seconds after which it looks what became of a request that was not answered.
_UNKNOWN_SECONDS = 5.0

#: The longest id of a project, a user or a class.
_LONGEST = 255


@frozen(kw_only=True)
class QuotaWriteOptions:
    """
    What one operation sets: the options of its row by their names.
    """

    #: ``project`` or ``class``.
    scope: str
    #: The key that the limits stand under, in the request and in the answer.
    key: str


@implementer(IStrategy)
@define(kw_only=True)
class QuotaWriteStrategy:
    """
    Sets and deletes limits.
    """

    _judge: QuotaJudge
    _shield: Shield
    _fresh: FreshLimits
    _store: IQuotaLimitStore
    _use: ProjectUse
    _jobs: IJobQueue
    #: The largest request body that is read, in bytes.
    _body_limit: int

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`. Once the body is read, all of it runs to its end whoever still listens.

        :raises Unavailable: if no pod is there, or the database is not.
        """
        raw = await inbound.body.read(self._body_limit)
        return await self._shield.run(self._written(inbound, context, raw))

    async def _written(self, inbound: Inbound, context: RequestContext, raw: bytes) -> Answer:
        options = QuotaWriteOptions(**inbound.operation.options)
        judge, others = self._judge.chosen(context.surface)
        owner = owner_in(options, inbound, context)
        await self._fresh.wait()
        fields = (object_in(raw) or {}).get(options.key)
        wanted = wanted_limits(context.surface, fields) if isinstance(fields, dict) else None
        if wanted and isinstance(fields, dict) and options.scope == "project":
            refused = await self._refused(inbound, context, judge, owner, fields, wanted)
            if refused is not None:
                return refused
        job = await self._promised(owner)
        answer = await self._judge.sent(inbound, context, judge, raw)
        if isinstance(answer, PodFailure):
            # whatever becomes of it there: the judge is to have what is stored
            await (
                self._finish(owner, [judge], delay=_UNKNOWN_SECONDS) if answer.sent else self._withdraw(job)
            )
            raise told(answer) from answer
        if answer.status >= 400:
            # after a 500 it is not known what the judge has taken over
            await (
                self._finish(owner, [judge], delay=_UNKNOWN_SECONDS)
                if answer.status >= 500
                else self._withdraw(job)
            )
            return answer
        accepted = accepted_limits(context.surface, fields) if isinstance(fields, dict) else {}
        await self._stored(inbound, owner, accepted)
        said = await gathered([self._judge.sent(inbound, context, pod, raw) for pod in others], ())
        lacking = [pod for pod, each in zip(others, said, strict=True) if not _has_done(each)]
        if lacking or not await self._withdraw(job):
            await self._finish(owner, lacking)
        await self._fresh.wait()
        done = tuple(pod.name for pod in (judge, *others) if pod not in lacking)
        return evolve(shown_now(self._fresh.limits, options, context, owner, answer), pods=done)

    async def _refused(
        self,
        inbound: Inbound,
        context: RequestContext,
        judge: Pod,
        owner: QuotaOwner,
        fields: Mapping[str, Any],
        wanted: Mapping[str, int],
    ) -> Answer | None:
        """
        A pod's refusal of limits that the top refuses; ``None`` for limits that hold what is used.

        :raises BadRequest: in the service's words, if the pod would have no other objection.
        """
        if context.surface == "compute" and is_forced(fields):
            return None
        # who hardly may set it does not make anybody count either
        refusal = None if context.is_admin else await self._probed(inbound, context, judge)
        if refusal is not None:
            return refusal
        uses = await self._use.of_change(inbound, context, owner.scope_id, owner.user_id)
        words = None if isinstance(uses, Answer) else self._words(owner, wanted, uses)
        if words is None:
            return None
        refusal = await self._probed(inbound, context, judge) if context.is_admin else None
        if refusal is not None:
            return refusal
        raise BadRequest(words)

    async def _probed(self, inbound: Inbound, context: RequestContext, judge: Pod) -> Answer | None:
        """
        The judge's refusal of a change of nothing.

        :raises GatewayError: if it does not answer.
        """
        answer = await self._judge.probed(inbound, context, judge)
        if isinstance(answer, PodFailure):
            raise told(answer) from answer
        return answer if answer.status >= 400 else None

    def _words(
        self, owner: QuotaOwner, wanted: Mapping[str, int], uses: Mapping[str, QuotaUse]
    ) -> str | None:
        limits = self._fresh.limits
        if owner.service == "volume":
            return cinder_refusal(wanted, uses, limits.own(owner))
        project = limits.known(owner.service, owner.scope_id, "", wanted)
        users = limits.users(owner.service, owner.scope_id)
        if owner.user_id:
            return nova_user_refusal(wanted, uses, project, limits.own(owner), users)
        return nova_refusal(wanted, uses, project, users)

    async def _promised(self, owner: QuotaOwner) -> Job:
        """
        The job that looks after the change.

        :raises Unavailable: if the database is away: then nothing was sent.
        """
        try:
            return await self._jobs.enqueue(owner_job(owner, delay=_SAFETY_SECONDS))
        except DatabaseUnavailable as error:
            raise no_database(error) from error

    async def _withdraw(self, job: Job) -> bool:
        """
        Whether nobody has enqueued the job since; with the database away it stays, and does no harm.
        """
        try:
            return await self._jobs.withdraw(job.kind, job.key, job.generation)
        except DatabaseUnavailable:
            return True

    async def _stored(self, inbound: Inbound, owner: QuotaOwner, limits: Mapping[str, int]) -> None:
        """
        Store what a pod has accepted.

        :raises Unavailable: if the database is away: the job makes the pod have what was before.
        """
        try:
            if inbound.method == b"DELETE":
                await self._store.delete_limits(owner)
            elif limits:
                await self._store.set_limits(owner, limits)
        except DatabaseUnavailable as error:
            raise no_database(error) from error
        except Missing as error:
            raise _no_owner(owner.scope_id) from error

    async def _finish(self, owner: QuotaOwner, lacking: Sequence[Pod], *, delay: float = 0.0) -> None:
        """
        Have the job look soon: a pod lacks the limits, or somebody else has set some at the same time.
        """
        if lacking:
            names = ", ".join(pod.name for pod in lacking)
            _log.info(
                "limits of {owner} are given by a job to {pods}", owner=owner_job(owner).key, pods=names
            )
        try:
            await self._jobs.enqueue(owner_job(owner, delay=delay))
        except DatabaseUnavailable:
            _log.info("limits of {owner} are given to pods by the job of before", owner=owner_job(owner).key)


def shown_now(
    limits: IQuotaLimits,
    options: QuotaWriteOptions,
    context: RequestContext,
    owner: QuotaOwner,
    answer: Answer,
) -> Answer:
    """
    A judge's answer with the limits that hold now.
    """
    body = object_in(answer.body) if isinstance(answer.body, bytes) else None
    template = None if body is None else body.get(options.key)
    if body is None or not isinstance(template, dict):
        return answer
    view = "class" if options.scope == "class" else "set"
    known = limits_shown(limits, context.surface, view, owner.scope_id, owner.user_id, template)
    body[options.key] = quota_set(context.surface, template, known, None)
    return evolve(answer, body=orjson.dumps(body))


def owner_in(options: QuotaWriteOptions, inbound: Inbound, context: RequestContext) -> QuotaOwner:
    """
    Whose limits a request is about.

    :raises BadRequest: if nobody can be called so.
    """
    (named,) = inbound.ids.values()
    user_id = user_asked(inbound) if options.scope == "project" and context.surface == "compute" else ""
    for text in (named, user_id):
        if len(text) > _LONGEST or not text.isprintable():
            raise _no_owner(named)
    scope = QuotaScope.USER if user_id else QuotaScope(options.scope)
    return QuotaOwner(service=context.surface, scope=scope, scope_id=named, user_id=user_id)


def _no_owner(named: str) -> BadRequest:
    return BadRequest(f"Project ID {named} is not a valid project.")


def no_database(error: DatabaseUnavailable) -> Unavailable:
    """
    The error for what cannot be written down.
    """
    return Unavailable(
        "The service is not available at the moment. Please try again later.",
        admin_detail=f"the database: {error}",
        headers=[(b"Retry-After", b"10")],
    )


def _has_done(said: Answer | PodFailure | Exception) -> bool:
    return isinstance(said, Answer) and said.status < 400
