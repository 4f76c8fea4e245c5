"""
Health: can this process serve, and what is wrong around it?
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import define, frozen

from trio2o.interfaces import IState


@frozen(kw_only=True)
class PodHealth:
    """
    One pod as this process sees it.
    """

    name: str
    state: str
    #: False while its breaker is open.
    healthy: bool


@frozen(kw_only=True)
class HealthReport:
    """
    Everything that an operator wants to know at a glance.
    """

    #: Why the process cannot serve; empty when it can.
    problem: str
    #: The number of the last change of the database that the process has taken over.
    change: int
    #: Component to what is wrong with it, empty when nothing is: ``database``, ``identity``, …
    components: Mapping[str, str]
    pods: Sequence[PodHealth]


@define(eq=False)
class Health:
    """
    The use cases about health. From memory alone: a check every second must cost nothing.
    """

    _state: IState
    #: False while a pod's breaker is open: :meth:`trio2o.interfaces.IPodClient.healthy`.
    _healthy: Callable[[str], bool]
    #: True once the process is on its way out.
    _draining: Callable[[], bool]
    #: Component to what says what is wrong with it; the process serves on without it (I15, I18).
    _components: Mapping[str, Callable[[], str]]

    def problem(self) -> str:
        """
        Why a balancer is not to send requests here; empty when it may.

        The absence of the database, of Keystone or of a pod is no reason: every process has it alike, and
        known resources are served.
        """
        if self._draining():
            return "stopping"
        if not self._state.ready:
            return "starting"
        return ""

    def report(self) -> HealthReport:
        """
        The details.
        """
        components = {name: check() for name, check in self._components.items()}
        components["state"] = "" if self._state.current else "the database's changes cannot be followed"
        return HealthReport(
            problem=self.problem(),
            change=self._state.change,
            components=components,
            pods=[
                PodHealth(name=pod.name, state=pod.state.value, healthy=self._healthy(pod.id))
                for pod in self._state.pods()
            ],
        )
