"""
Pods: register, show, change, remove.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import attrs
from attrs import define, field, frozen

from trio2o.administration.asking import database_asked, known_pod, no_pod
from trio2o.administration.settings import SettingsReader
from trio2o.administration.states import BESIDE_STATE, tell_change, whole_state
from trio2o.errors import AlreadyExists, BadRequest, Conflict, InUse, Missing, Unprocessable
from trio2o.interfaces import IPodStore
from trio2o.model import Pod, PodSettings, PodState

#: What may be changed of a pod. Its names and zone are in bindings, routes and users' heads: remove it and
#: make another.
CHANGEABLE = frozenset({"state", *BESIDE_STATE, "weight", "affinity", "pod_az_name", "dc_name"})

#: What an operator may change of a pod of the YAML pod list; a reload of the list does not take it back.
CHANGEABLE_OF_DECLARED = frozenset({"state", *BESIDE_STATE})

#: What may be changed of the top region, which no request is sent to.
CHANGEABLE_OF_TOP = frozenset({"dc_name"})

_ELSEWHERE = "is declared in the configuration file"


@frozen(kw_only=True)
class NewPod:
    """
    A pod to be registered; with an empty ``az_name`` the top region.
    """

    name: str
    az_name: str = ""
    pod_az_name: str = ""
    dc_name: str = ""
    state: PodState = PodState.ENABLED
    state_reason: str = ""
    state_from: datetime | None = None
    state_until: datetime | None = None
    weight: float = 1.0
    affinity: frozenset[str] = frozenset()
    #: Plain values by the names of options, not checked yet: see :data:`trio2o.administration.settings.SETTINGS`.
    settings: Mapping[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class PodReport:
    """
    A pod and how it is.
    """

    pod: Pod
    #: The state that counts now: outside of its window the pod is enabled.
    effective_state: PodState
    #: False while its breaker is open; ``None`` for the top region.
    healthy: bool | None

    @property
    def aggregate_name(self) -> str:
        """
        The name of the host aggregate that stands for the pod in its zone, as the original Trio2o made it;
        empty for the top region.
        """
        return "" if self.pod.is_top else f"ag_{self.pod.name}"


def _new_id() -> str:
    return str(uuid4())


@define(eq=False)
class PodAdministration:
    """
    The use cases about pods.
    """

    _store: IPodStore
    #: False while a pod's breaker is open: :meth:`trio2o.interfaces.IPodClient.healthy`.
    _healthy: Callable[[str], bool]
    #: What the time is, in UTC: windows are looked at by the process's own clock.
    _now: Callable[[], datetime]
    _read_settings: SettingsReader
    _new_id: Callable[[], str] = field(default=_new_id)

    async def list(self) -> Sequence[PodReport]:
        """
        All pods in the order in which they were made, the top region among them.
        """
        with database_asked():
            return [self._report(pod) for pod in await self._store.list_pods()]

    async def show(self, pod_id: str) -> PodReport:
        """
        One pod.

        :raises NotFound: if there is none.
        """
        return self._report(await known_pod(self._store, pod_id))

    async def create(self, new: NewPod, *, by: str) -> PodReport:
        """
        Register a pod, or the top region.

        :param by: the user that orders it, for the log.
        :raises Conflict: if the name is taken, also by the top region, or there is a top region already.
        :raises Unprocessable: if the top region is given what only pods have, or a setting or a window cannot be accepted.
        """
        stated = {name: getattr(new, name) for name in ("state", *BESIDE_STATE)}
        pod = Pod(
            id=self._new_id(),
            name=new.name,
            az_name=new.az_name,
            # The top region is no pod: the original empties this field too.
            pod_az_name=new.pod_az_name if new.az_name else "",
            dc_name=new.dc_name,
            weight=new.weight,
            affinity=new.affinity,
            settings=PodSettings(**self._read_settings(new.settings)),
            **whole_state(stated, self._now()),
        )
        if pod.is_top and attrs.evolve(new, pod_az_name="", dc_name="") != NewPod(name=new.name):
            raise Unprocessable(
                "The top region, which has no az_name, has no state, weight, affinity and settings."
            )
        with database_asked():
            for other in await self._store.list_pods():
                _fits(pod, other)
            try:
                made = await self._store.create_pod(pod)
            except AlreadyExists as why:
                # Another process was faster.
                raise Conflict(f"Pod {new.name} cannot be made: {why}.") from why
        if made.state is not PodState.ENABLED:
            tell_change(None, made, by)
        return self._report(made)

    async def change(
        self,
        pod_id: str,
        changes: Mapping[str, Any],
        settings: Mapping[str, Any] = MappingProxyType({}),
        *,
        by: str,
    ) -> PodReport:
        """
        Change the named attributes of :class:`Pod` and of its settings and keep the rest; values that it has already are no
        change. Whoever gives a state gives it whole: a reason or a window that is not named is empty then.

        :param settings: plain values by the names of options; ``None`` takes a setting back to its default.
        :param by: the user that orders it, for the log.
        :raises NotFound: if there is none.
        :raises BadRequest: if an attribute can never be changed.
        :raises Unprocessable: if a setting or a window cannot be accepted.
        :raises Conflict: if it cannot be changed of this pod: a declared one, or the top region.
        """
        unchangeable = {name: value for name, value in changes.items() if name not in CHANGEABLE}
        if unchangeable:
            raise BadRequest(f"{_listed(unchangeable)} of a pod cannot be changed.")
        stated, read = whole_state(changes, self._now()), self._read_settings(settings)
        pod = await known_pod(self._store, pod_id)
        wanted = {name: value for name, value in stated.items() if getattr(pod, name) != value}
        if wanted.keys() & CHANGEABLE_OF_DECLARED:
            # whole, so that what another process writes meanwhile is never mixed with it
            wanted |= {name: stated[name] for name in CHANGEABLE_OF_DECLARED}
        wanted |= {name: value for name, value in read.items() if getattr(pod.settings, name) != value}
        if pod.is_top and not wanted.keys() <= CHANGEABLE_OF_TOP:
            raise Conflict("Of the top region only dc_name can be changed.")
        if pod.declared and not wanted.keys() <= CHANGEABLE_OF_DECLARED:
            raise Conflict(
                f"Pod {pod.name} {_ELSEWHERE}: change it there. Only its state can be changed here, with its reason and window."
            )
        if not wanted:
            return self._report(pod)
        with database_asked():
            try:
                updated = await self._store.update_pod(pod.id, wanted)
            except Missing as why:
                raise no_pod(pod_id) from why
        tell_change(pod, updated, by)
        return self._report(updated)

    async def delete(self, pod_id: str, *, force: bool) -> PodReport:
        """
        Remove a pod.

        :param force: also when it is in use, for a pod that is lost: its bindings end, its routes are
            forgotten.
        :raises NotFound: if there is none.
        :raises Conflict: if it is in use, or declared in the configuration file.
        """
        pod = await known_pod(self._store, pod_id)
        if pod.declared:
            raise Conflict(f"Pod {pod.name} {_ELSEWHERE}: remove it there and reload.")
        with database_asked():
            try:
                return self._report(await self._store.delete_pod(pod.id, force=force))
            except Missing as why:
                raise no_pod(pod_id) from why
            except InUse as why:
                raise Conflict(
                    f"Pod {pod.name} is in use: {why.what}. For a pod that is lost for good there is ?force=true."
                ) from why

    def _report(self, pod: Pod) -> PodReport:
        return PodReport(
            pod=pod,
            effective_state=pod.state_at(self._now()),
            healthy=None if pod.is_top else self._healthy(pod.id),
        )


def _fits(pod: Pod, other: Pod) -> None:
    """
    Say why a new pod cannot stand beside another one.

    :raises Conflict: then.
    """
    if pod.is_top and other.is_top:
        raise Conflict(f"There is a top region already: {other.name}. A pod needs an az_name.")
    if pod.name == other.name:
        whose = "the top region" if other.is_top else "a pod"
        raise Conflict(f"The name {pod.name} is that of {whose} already.")


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names))
