"""
Does the jobs that give pods the limits that hold at the top.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import define, field
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.errors import GatewayError, JobHopeless, JobRetry, PodBroken, PodFailure
from trio2o.interfaces import IJobHandler, IQuotaLimitStore, TellProgress
from trio2o.model import DEFAULT_CLASS, Job, Pod, PodState, QuotaOwner, QuotaScope
from trio2o.quota.handing import POD_QUOTA, VERSIONS, QuotaCall, calls, default_class, key_of, limits_path
from trio2o.quota.unified import kept, shown_as
from trio2o.quota.views import limits_in
from trio2o.usage.asking import Said, Sends

_log = Logger()

#: After how many owners it is told how far a job is.
_TELL = 100

#: How many refusals a dead letter tells.
_MOST_REFUSALS = 20

#: In which order a pod gets limits: what a user may have is a part of what the project may.
_ORDER = (QuotaScope.CLASS, QuotaScope.PROJECT, QuotaScope.USER)


@implementer(IJobHandler)
@define(kw_only=True)
class PodQuotaHandler:
    """
    Makes pods have what is stored, with the daemon's own token, which takes the role admin. One that is away keeps no other from
    having it.
    """

    _asks: Sends
    _store: IQuotaLimitStore
    _pods: Callable[[], Sequence[Pod]]
    #: By service.
    _configured: Mapping[str, Mapping[str, int]]
    #: Whether the pods' default classes are given what is configured, or registered at Keystone.
    _raises: bool
    #: The services whose limits are Keystone's.
    _unified: frozenset[str] = frozenset()
    kind: str = field(default=POD_QUOTA, init=False)

    async def work(self, job: Job, tell: TellProgress) -> None:
        """
        See :class:`IJobHandler`.
        """
        pods = [pod for pod in self._pods() if pod.state is not PodState.DISABLED]
        stored = await self._store.all_limits() if "pod" in job.payload else {}
        if "pod" in job.payload:
            pods = [pod for pod in pods if pod.id == job.payload["pod"]]
            holding = {shown_as(owner, self._unified) for owner in stored if owner.scope in _ORDER}
            owners = sorted(
                (owner for owner in holding if owner is not None),
                key=lambda owner: (_ORDER.index(owner.scope), owner.row_id),
            )
        else:
            owners = [QuotaOwner.called(job.payload["owner"])]
        round_ = _Round(
            asks=self._asks,
            store=self._store,
            configured=self._configured if self._raises else {},
            raises=self._raises,
            unified=self._unified,
        )
        for at, owner in enumerate(owners, 1):
            await round_.give(owner, pods)
            if at % _TELL == 0:
                await tell(f"{at} of {len(owners)}")
        if round_.away:
            raise JobRetry("; ".join(sorted(round_.away.values())))
        if round_.refused:
            raise JobHopeless("; ".join(round_.refused))


@define(kw_only=True)
class _Round:
    """
    One attempt.
    """

    asks: Sends
    store: IQuotaLimitStore
    configured: Mapping[str, Mapping[str, int]]
    raises: bool
    unified: frozenset[str]
    #: Pod and service to why nothing more is asked there in this attempt.
    away: dict[tuple[str, str], str] = field(factory=dict, init=False)
    #: Where the daemon's user may not do it, whosever limits they are.
    closed: set[tuple[str, str]] = field(factory=set, init=False)
    #: The first refusals of each pod and service.
    refused: list[str] = field(factory=list, init=False)

    async def give(self, owner: QuotaOwner, pods: Sequence[Pod]) -> None:
        """
        Make pods have an owner's limits.
        """
        for pod in pods:
            place = (pod.id, owner.service)
            if place in self.away or place in self.closed:
                continue
            try:
                await self._give(owner, pod)
            except (PodFailure, GatewayError) as failure:
                reason = (
                    failure.admin_detail or str(failure)
                    if isinstance(failure, GatewayError)
                    else str(failure)
                )
                self.away[place] = reason

    async def _give(self, owner: QuotaOwner, pod: Pod) -> None:
        by_pod = QuotaOwner(service=owner.service, scope=QuotaScope.POD, scope_id=pod.id)
        source = kept(owner, self.unified)
        stored = await self.store.limits_of([source, by_pod])
        wanted, defaults = stored.get(source, {}), stored.get(by_pod, {})
        observed: Mapping[str, object] = {}
        if wanted or owner.scope is QuotaScope.CLASS:
            said = await self.asks.get(
                pod, owner.service, limits_path(owner), version=VERSIONS[owner.service]
            )
            if said.status in (400, 404):
                # no such project any more, or no such thing as classes
                return
            if not self._taken(owner, pod, said):
                return
            body = said.body if isinstance(said.body, dict) else {}
            shown = body.get(key_of(owner))
            observed = shown if isinstance(shown, dict) else {}
        if owner.scope is QuotaScope.CLASS and owner.scope_id == DEFAULT_CLASS:
            configured = self.configured.get(owner.service, {})
            if owner.service in self.unified:
                # what a pod's own Nova reads of Keystone is no less, and is not taken from it
                wanted, configured = {}, wanted if self.raises else {}
            wanted = default_class(owner.service, wanted, configured, limits_in(observed))
        for call in calls(owner, wanted, observed, defaults):
            said = await self.asks.send(
                call.method,
                pod,
                owner.service,
                call.path,
                body=call.body,
                version=VERSIONS[owner.service],
            )
            if said.status == 400 and _is_shown(call, observed):
                # Cinder refuses a limit below what is used, also one that it has already
                return
            if not self._taken(owner, pod, said):
                return
            if call.method == "DELETE" and wanted:
                await self._give_users(owner, pod)

    async def _give_users(self, project: QuotaOwner, pod: Pod) -> None:
        """
        Give a pod that forgot a project's limits those of its users again.
        """
        for stored in await self.store.all_limits():
            owner = shown_as(stored, self.unified)
            if owner is None or owner.scope is not QuotaScope.USER:
                continue
            if (owner.service, owner.scope_id) == (project.service, project.scope_id):
                await self._give(owner, pod)

    def _taken(self, owner: QuotaOwner, pod: Pod, said: Said) -> bool:
        """
        Whether a pod has done, or told, what it was asked.

        :raises PodBroken: if it may at another time.
        """
        if said.status < 400:
            return True
        if said.status >= 500 or said.status in (408, 413, 429):
            raise PodBroken(pod.name, f"{owner.service} answers {said.status}", sent=True)
        if said.status in (401, 403):
            self.closed.add((pod.id, owner.service))
        told = f"{pod.name} refuses {owner.service} limits of {_named(owner)} with {said.status}: {said.body}"
        _log.warn("{told}", told=told)
        if len(self.refused) < _MOST_REFUSALS:
            self.refused.append(told)
        return False


def _is_shown(call: QuotaCall, observed: Mapping[str, object]) -> bool:
    """
    Whether a pod shows already what it is given.
    """
    if call.method != "PUT" or call.body is None:
        return False
    (fields,) = call.body.values()
    return all(observed.get(name) == limit for name, limit in fields.items() if name != "force")


def _named(owner: QuotaOwner) -> str:
    """
    Whose limits they are, in words.
    """
    user = f" for the user {owner.user_id}" if owner.user_id else ""
    return f"{owner.scope.value if not user else 'project'} {owner.scope_id}{user}"
