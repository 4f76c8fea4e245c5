"""
The strategy ``quota``: what is shown of quotas and limits.

A pod's own answer is the template, so that its form, and whom it refuses, are the service's. The numbers put in its place are
those that hold over all pods.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from attrs import define, evolve, frozen
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from trio2o.errors import PodFailure, Unavailable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IPodClient, IQuotaLimits, IState, IStrategy
from trio2o.model import RequestContext
from trio2o.quota.resources import RESOURCES
from trio2o.quota.views import absolute_limits, quota_set
from trio2o.strategies.anywhere import preferred
from trio2o.strategies.forwarding import Forwarder, told
from trio2o.strategies.pages import object_in
from trio2o.strategies.quota_use import ProjectUse

#: Seconds that a change of limits, which another process has made, is waited for.
_CATCH_UP = 1.0

#: From which microversion on Cinder shows administrators the limits of other projects.
_OTHERS_FROM = (3, 39)


@frozen(kw_only=True)
class QuotaViewOptions:
    """
    What one operation shows: the options of its row by their names.
    """

    #: ``set``, ``defaults``, ``class`` or ``limits``.
    view: str
    #: The key of the object in the answer.
    key: str
    #: True where what is used is shown.
    used: bool = False
    #: True where pods may have names that others lack, those of their volume types.
    united: bool = False
    #: How the answers of all pods are added up.
    combine: str = "quotas"


@define(kw_only=True)
class FreshLimits:
    """
    The limits as they are now, as far as the database tells soon.
    """

    limits: IQuotaLimits
    _catch_up: Callable[[], Awaitable[None]]
    _state: IState
    _clock: IReactorTime

    async def wait(self) -> None:
        """
        Return when what others have set before is known, or the database does not tell.
        """
        if not self._state.current:
            return

        async def caught_up() -> None:
            await self._catch_up()

        try:
            await Deferred.fromCoroutine(caught_up()).addTimeout(_CATCH_UP, self._clock)
        except TimedOut:
            return


@implementer(IStrategy)
@define(kw_only=True)
class QuotaViewStrategy:
    """
    Shows quotas.
    """

    _forwarder: Forwarder
    _state: IState
    _pods: IPodClient
    _fresh: FreshLimits
    _use: ProjectUse
    #: Seconds in which one pod answers.
    _budget: float

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`. What is refused is refused in a pod's words.
        """
        options = QuotaViewOptions(**inbound.operation.options)
        await self._fresh.wait()
        project_id, user_id = _whose(options, inbound, context)
        # whom the pods tell nothing of another project does not make anybody count it
        trusted = context.is_admin or project_id == context.project_id
        early = options.used and trusted and not options.united
        uses = await self._use.counted(context.surface, project_id, user_id) if early else None
        if options.united or (early and uses is None):
            template = await self._use.summed(inbound, context)
        else:
            template = await self._first(inbound, context)
        if not early and template.status == 200 and _tells_use(options, template):
            uses = await self._use.counted(context.surface, project_id, user_id)
            if uses is None and not options.united:
                template = await self._use.summed(inbound, context)
        body = object_in(template.body) if isinstance(template.body, bytes) else None
        shown = None if body is None else body.get(options.key)
        if template.status != 200 or body is None or not isinstance(shown, dict):
            return template
        if options.view == "limits":
            absolute = shown.get("absolute")
            if isinstance(absolute, dict):
                limits = self._fresh.limits.known(context.surface, project_id, "", RESOURCES[context.surface])
                shown["absolute"] = absolute_limits(context.surface, absolute, limits, uses)
        else:
            limits = limits_shown(
                self._fresh.limits, context.surface, options.view, project_id, user_id, shown
            )
            body[options.key] = quota_set(context.surface, shown, limits, uses)
        return evolve(template, body=orjson.dumps(body))

    async def _first(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        The answer of the first pod that gives one.

        :raises GatewayError: if none does.
        """
        unreached: PodFailure | None = None
        failed: Answer | None = None
        for pod in preferred(self._state, self._pods, context):
            deadline = self._forwarder.deadline(self._budget)
            try:
                answer = await self._forwarder.whole(inbound, context, pod, deadline, body=None)
            except PodFailure as failure:
                unreached = unreached or failure
                continue
            if answer.status < 500:
                return answer
            failed = failed or answer
        if failed is not None:
            return failed
        if unreached is None:
            raise Unavailable(
                "The service is not available at the moment.",
                admin_detail="no pod is enabled",
                headers=[(b"Retry-After", b"10")],
            )
        raise told(unreached) from unreached


def _tells_use(options: QuotaViewOptions, template: Answer) -> bool:
    """
    Whether an answer has what is used in it: Cinder's where the client wants it.
    """
    if not options.united:
        return options.used
    body = object_in(template.body) if isinstance(template.body, bytes) else None
    shown = (body or {}).get(options.key)
    return isinstance(shown, dict) and any(isinstance(value, dict) for value in shown.values())


def limits_shown(
    limits: IQuotaLimits,
    service: str,
    view: str,
    named: str,
    user_id: str,
    template: Mapping[str, Any],
) -> Mapping[str, int]:
    """
    The limits that are put in the place of a pod's.

    :param named: the project or the class.
    """
    if view == "class":
        return limits.of_class(service, named, template)
    if view == "defaults":
        return limits.defaults(service, template)
    return limits.known(service, named, user_id, template)


def user_asked(inbound: Inbound, *, last: bool = False) -> str:
    """
    The user whose quota within a project a request to Nova is about; empty for none.

    :param last: Nova takes the last of several, and an empty one, where it shows what is used; elsewhere the first that says
        something.
    """
    query = parse_qsl((inbound.query or b"").decode("latin-1"), keep_blank_values=last)
    asked = [value for name, value in query if name == "user_id"]
    return asked[-1 if last else 0] if asked else ""


def _whose(options: QuotaViewOptions, inbound: Inbound, context: RequestContext) -> tuple[str, str]:
    """
    The project, or the class, and the user that an answer is about.
    """
    if options.view != "limits":
        (named,) = inbound.ids.values()
        of_user = context.surface == "compute" and options.view == "set"
        return named, user_asked(inbound, last=options.used) if of_user else ""
    query = dict(parse_qsl((inbound.query or b"").decode("latin-1"), keep_blank_values=True))
    if context.surface == "compute":
        # whom Nova does not allow it, it refuses
        return query.get("tenant_id", context.project_id), ""
    asked = query.get("project_id", query.get("tenant_id", context.project_id))
    others = context.is_admin and (inbound.microversion or (0, 0)) >= _OTHERS_FROM
    return asked if others else context.project_id, ""
