"""
Reads pods' own default classes: what nobody has set at the top is the largest of them, and they are not to stop a project below
what holds there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import define, field
from twisted.logger import Logger

from trio2o.errors import PodBroken
from trio2o.interfaces import IJobQueue, IQuotaLimits, IQuotaLimitStore
from trio2o.model import DEFAULT_CLASS, Pod, QuotaOwner, QuotaScope
from trio2o.quota.handing import VERSIONS, key_of, limits_path, owner_job, pod_job, too_low
from trio2o.quota.resources import RESOURCES
from trio2o.quota.views import limits_in
from trio2o.usage.asking import Asks

_log = Logger()

#: Seconds until a pod that is new gets everybody's limits: what it says itself is stored by then.
_SOON = 2.0


@define(kw_only=True)
class QuotaDefaults:
    """
    Asks one pod after the other, in the elected process. It takes a user of the daemon's with the role admin in the pods.
    """

    _asks: Asks
    _store: IQuotaLimitStore
    _limits: IQuotaLimits
    _jobs: IJobQueue
    #: ``raise``, ``check`` or ``leave``.
    _policy: str
    #: All registered pods.
    _pods: Callable[[], Sequence[Pod]]
    #: Of which pods there are default classes stored.
    _stored: Callable[[], Iterable[QuotaOwner]]
    #: Pod name and service to the names of the limits that are lower there than at the top.
    _drift: dict[tuple[str, str], tuple[str, ...]] = field(factory=dict, init=False)

    async def collect(self, pod: Pod) -> None:
        """
        Ask one pod, store what it says, and compare it with what holds at the top.

        :raises PodFailure: if it does not answer, or fails.
        :raises GatewayError: if there is no token to ask with.
        :raises DatabaseUnavailable: if the database is away.
        """
        for service in RESOURCES:
            owner = QuotaOwner(service=service, scope=QuotaScope.CLASS, scope_id=DEFAULT_CLASS)
            said = await self._asks.get(pod, service, limits_path(owner), version=VERSIONS[service])
            if said.status >= 500:
                raise PodBroken(pod.name, f"{service} answers {said.status}", sent=True)
            body = said.body if isinstance(said.body, dict) else {}
            shown = body.get(key_of(owner))
            if said.status != 200 or not isinstance(shown, dict):
                continue
            limits = limits_in(shown)
            by_pod = QuotaOwner(service=service, scope=QuotaScope.POD, scope_id=pod.id)
            before = self._limits.own(by_pod)
            if limits and not before:
                # it may have come after limits were set; before it is stored that the pod is known, so that nothing gets lost
                await self._jobs.enqueue(pod_job(pod.id, delay=_SOON))
            if dict(before) != limits:
                await self._store.replace_limits(by_pod, limits)
            await self._compare(pod, owner, limits)
        registered = {each.id for each in self._pods()}
        for owner in self._stored():
            if owner.scope_id not in registered:
                await self._store.delete_limits(owner)

    def drift(self) -> dict[tuple[str, ...], float]:
        """
        How many limits of each pod's default class are lower than at the top, by pod and service.
        """
        registered = {pod.name for pod in self._pods()}
        return {place: float(len(names)) for place, names in self._drift.items() if place[0] in registered}

    async def _compare(self, pod: Pod, owner: QuotaOwner, shown: Mapping[str, int]) -> None:
        if self._policy == "leave":
            return
        # also what another pod's default class makes the default of all, which is told, and nobody's to raise
        low = too_low(self._limits.defaults(owner.service, shown), shown)
        place = (pod.name, owner.service)
        if tuple(low) != self._drift.get(place, ()):
            _log.info(
                "{pod} allows a project less {service} than the default class at the top: {names}",
                pod=pod.name,
                service=owner.service,
                names=", ".join(f"{name} {shown[name]} instead of {limit}" for name, limit in low.items())
                or "nothing any more",
            )
        self._drift[place] = tuple(low)
        if self._policy == "raise" and low.keys() & self._limits.set_defaults(owner.service).keys():
            await self._jobs.enqueue(owner_job(owner))
