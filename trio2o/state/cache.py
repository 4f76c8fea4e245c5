"""
The state of one process: plain dictionaries, asked on the hot path (I1), written by the feed and the route book.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from attrs import define, evolve, field
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.interfaces import IState
from trio2o.model import Binding, Kind, Pod, PodState, Route

_log = Logger()

#: How many ended bindings are remembered, so that a late note revives none.
_ENDED = 10_000


def by_project(bindings: Iterable[Binding], into: dict[str, tuple[Binding, ...]]) -> None:
    """
    Add active bindings to a table of project to bindings, newest first.
    """
    for binding in bindings:
        known = into.get(binding.tenant_id)
        into[binding.tenant_id] = (binding,) if known is None else _newest_first((binding, *known))


def _in_force(pod: Pod, now: datetime) -> Pod:
    """
    The pod in the state that counts now.
    """
    state = pod.state_at(now)
    return pod if state is pod.state else evolve(pod, state=state)


def _newest_first(bindings: Iterable[Binding]) -> tuple[Binding, ...]:
    return tuple(sorted(bindings, key=lambda binding: binding.created_at, reverse=True))


@implementer(IState)
@define(eq=False)
class MemoryState:
    """
    Pods and active bindings whole, and the routes used last.

    :meth:`pod` and :meth:`pod_named` know the top region too; :meth:`pods` leaves it out. All give pods in the state that counts
    by this process's clock: nobody announces that a window begins or ends, so it is looked at whenever a pod is asked for.
    """

    _clock: IReactorTime
    #: How many routes are remembered.
    route_limit: int = field(default=100_000, kw_only=True)
    ready: bool = field(default=False, init=False)
    #: The number of the last change that was taken over from the database; the feed's.
    change: int = field(default=0, init=False)
    #: True from an announcement until what it announced is taken over; the feed's.
    behind: bool = field(default=False, init=False)
    #: Ids of bindings that this process wrote and has not read back; the feed does.
    unconfirmed: set[str] = field(factory=set, init=False)
    _confirmed_until: float = field(default=float("-inf"), init=False)
    #: As the database has them; what follows has them in the state that counts.
    _stored: tuple[Pod, ...] = field(default=(), init=False)
    #: When the next window begins or ends, in seconds since the epoch; ``None`` for never.
    _turn: float | None = field(default=None, init=False)
    _pods: tuple[Pod, ...] = field(default=(), init=False)
    _pods_by_id: dict[str, Pod] = field(factory=dict, init=False)
    _pods_by_name: dict[str, Pod] = field(factory=dict, init=False)
    _bindings: dict[str, tuple[Binding, ...]] = field(factory=dict, init=False)
    _ended: OrderedDict[str, None] = field(factory=OrderedDict, init=False)
    _routes: OrderedDict[tuple[str, Kind], Route] = field(factory=OrderedDict, init=False)

    @property
    def current(self) -> bool:
        """
        True while the feed has lately made sure that nothing is missing; false by itself when the process was paused.
        """
        return self._clock.seconds() < self._confirmed_until

    def pods(self) -> Sequence[Pod]:
        if self._turn is not None:
            self._look_at_windows()
        return self._pods

    def pod(self, pod_id: str) -> Pod | None:
        if self._turn is not None:
            self._look_at_windows()
        return self._pods_by_id.get(pod_id)

    def pod_named(self, name: str) -> Pod | None:
        if self._turn is not None:
            self._look_at_windows()
        return self._pods_by_name.get(name)

    def bindings_of(self, project_id: str) -> Sequence[Binding]:
        return self._bindings.get(project_id, ())

    def binding(self, project_id: str, az_name: str, pod_group: str) -> Binding | None:
        for binding in self._bindings.get(project_id, ()):
            if binding.az_name == az_name and binding.pod_group == pod_group:
                return binding
        return None

    def note_pods(self, pods: Sequence[Pod]) -> None:
        self.put_pods(pods)

    def note_binding(self, binding: Binding) -> None:
        if binding.id not in self._ended:
            self.unconfirmed.add(binding.id)
            self.put_binding(binding)

    def route(self, kind: Kind, resource_id: str) -> Route | None:
        key = (resource_id, kind)
        found = self._routes.get(key)
        if found is not None:
            self._routes.move_to_end(key)
        return found

    def note_route(self, route: Route) -> None:
        key = (route.resource_id, route.kind)
        self._routes[key] = route
        self._routes.move_to_end(key)
        while len(self._routes) > self.route_limit:
            self._routes.popitem(last=False)

    def forget_route(self, kind: Kind, resource_id: str) -> None:
        self._routes.pop((resource_id, kind), None)

    @property
    def routes_remembered(self) -> int:
        """
        How many routes are in memory.
        """
        return len(self._routes)

    # What follows is the feed's.

    def replace(self, pods: Sequence[Pod], bindings: Mapping[str, tuple[Binding, ...]]) -> None:
        """
        Take over a whole snapshot.

        :param bindings: project to active bindings; see :func:`by_project`.
        """
        self.put_pods(pods)
        self._bindings = dict(bindings)
        self.ready = True

    def put_pods(self, pods: Sequence[Pod]) -> None:
        """
        Take over all pods.
        """
        self._stored = tuple(sorted(pods, key=lambda pod: pod.serial))
        self._show(self._now())

    def put_binding(self, binding: Binding) -> None:
        """
        Take over a binding's row, active or ended; an active one takes the place of an older one.
        """
        known = self._bindings.get(binding.tenant_id, ())
        others = [other for other in known if other.id != binding.id]
        if not binding.is_binding:
            self._remember_ended(binding.id)
            self._keep(binding.tenant_id, others)
            return
        place = (binding.az_name, binding.pod_group)
        rival = next((other for other in others if (other.az_name, other.pod_group) == place), None)
        if rival is not None:
            if rival.created_at > binding.created_at:
                return
            others.remove(rival)
        self._keep(binding.tenant_id, [binding, *others])

    def drop_binding(self, binding_id: str) -> None:
        """
        Forget a binding whose row is no longer there. Slow: nothing of ours deletes bindings.
        """
        self._remember_ended(binding_id)
        for project, bindings in list(self._bindings.items()):
            if any(binding.id == binding_id for binding in bindings):
                self._keep(project, [binding for binding in bindings if binding.id != binding_id])

    def confirm(self, until: float) -> None:
        """
        Say that nothing is missing, and until when to believe that.
        """
        self._confirmed_until = until

    def doubt(self) -> None:
        """
        Say that something may be missing.
        """
        self._confirmed_until = float("-inf")

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.seconds(), UTC)

    def _show(self, now: datetime) -> None:
        """
        Show the pods in the states that count now.
        """
        turns = [turn for pod in self._stored if (turn := pod.turn_after(now)) is not None]
        self._turn = min(turns).timestamp() if turns else None
        shown = tuple(_in_force(pod, now) for pod in self._stored)
        self._pods = tuple(pod for pod in shown if not pod.is_top)
        self._pods_by_id = {pod.id: pod for pod in shown}
        self._pods_by_name = {pod.name: pod for pod in shown}

    def _look_at_windows(self) -> None:
        """
        Show other states where a window has begun or ended since.
        """
        if self._turn is None or self._clock.seconds() < self._turn:
            return
        before = self._pods_by_id
        self._show(self._now())
        for pod in self._pods:
            if pod.state is not before[pod.id].state:
                _log.info(
                    "pod {pod} is {state} from now on: its window {turned}",
                    pod=pod.name,
                    state=pod.state.value,
                    turned="ended" if pod.state is PodState.ENABLED else "began",
                )

    def _keep(self, project_id: str, bindings: Sequence[Binding]) -> None:
        if bindings:
            self._bindings[project_id] = _newest_first(bindings)
        else:
            self._bindings.pop(project_id, None)

    def _remember_ended(self, binding_id: str) -> None:
        self._ended[binding_id] = None
        while len(self._ended) > _ENDED:
            self._ended.popitem(last=False)
