"""
What the use cases stand on in tests: the stores in memory, and a state that remembers what it was told.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from trio2o.administration.bindings import BindingAdministration
from trio2o.administration.draining import DrainAdministration
from trio2o.administration.drift import DriftAdministration
from trio2o.administration.health import Health
from trio2o.administration.jobs import JobAdministration
from trio2o.administration.pods import NewPod, PodAdministration
from trio2o.administration.routes import RouteAdministration
from trio2o.administration.usage import UsageAdministration
from trio2o.errors import BadRequest
from trio2o.interfaces import IState
from trio2o.model import NOTHING, Binding, Candidate, Kind, PlacementRequest, Pod, Route
from trio2o.scheduling.capacity import CapacityRules
from trio2o.scheduling.explaining import Explanation, explained
from trio2o.scheduling.registry import make_filters, make_weighers
from trio2o.scheduling.selection import Selection
from trio2o.service.pod_settings import read_settings
from trio2o.storage.memory import MemoryBindings, MemoryDatabase, MemoryPods, MemoryRoutes
from trio2o.storage.memory_jobs import MemoryJobs
from trio2o.storage.memory_shared import MemoryShared
from trio2o.storage.memory_usage import MemoryUsage

T = TypeVar("T")

#: An id that nothing has.
NOBODY = "00000000-0000-4000-8000-000000000000"


@implementer(IState)
@define(eq=False)
class DatabaseState:
    """
    A state that looks into the memory database, and keeps what it is told apart.
    """

    database: MemoryDatabase
    ready: bool = True
    current: bool = True
    behind: bool = False
    change: int = 0
    noted: list[Binding] = field(factory=list)

    def pods(self) -> Sequence[Pod]:
        """
        The pods without the top region.
        """
        return sorted((p for p in self.database.pods.values() if not p.is_top), key=lambda pod: pod.serial)

    def pod(self, pod_id: str) -> Pod | None:
        """
        A pod by id.
        """
        return self.database.pods.get(pod_id)

    def pod_named(self, name: str) -> Pod | None:
        """
        A pod by name.
        """
        return next((pod for pod in self.database.pods.values() if pod.name == name), None)

    def bindings_of(self, project_id: str) -> Sequence[Binding]:
        """
        Not asked by the use cases.
        """
        raise NotImplementedError

    def binding(self, project_id: str, az_name: str, pod_group: str) -> Binding | None:
        """
        Not asked by the use cases.
        """
        raise NotImplementedError

    def note_binding(self, binding: Binding) -> None:
        """
        Remember.
        """
        self.noted.append(binding)

    def route(self, kind: Kind, resource_id: str) -> Route | None:
        """
        Not asked by the use cases.
        """
        raise NotImplementedError

    def note_route(self, route: Route) -> None:
        """
        Not asked by the use cases.
        """
        raise NotImplementedError

    def forget_route(self, kind: Kind, resource_id: str) -> None:
        """
        Not asked by the use cases.
        """
        raise NotImplementedError


class Cloud:
    """
    Everything that the use cases stand on, and they themselves.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_700_000_000.25)
        self.database = MemoryDatabase(self.clock)
        self.pod_store = MemoryPods(self.database)
        self.binding_store = MemoryBindings(self.database)
        self.route_store = MemoryRoutes(self.database)
        self.state = DatabaseState(self.database)
        self.sick: set[str] = set()
        self.draining = False
        self.database_problem = ""
        self.pods = PodAdministration(self.pod_store, self.healthy, self.now, read_settings)
        self.drain = DrainAdministration(self.pod_store, self.binding_store, self.now)
        self.bindings = BindingAdministration(self.binding_store, self.pod_store, self.state)
        self.routes = RouteAdministration(self.route_store, self.state)
        self.usage_store = MemoryUsage(self.database)
        self.claimed = NOTHING
        self.explained: list[PlacementRequest] = []
        self.usage = UsageAdministration(
            self.pod_store, self.usage_store, CapacityRules(), lambda pod_id: self.claimed
        )
        self.job_store = MemoryJobs(self.database)
        #: How often the worker was told to look.
        self.woken = 0
        self.jobs = JobAdministration(store=self.job_store, due=self.wake)
        self.shared = MemoryShared(self.database)
        self.drift = DriftAdministration(store=self.shared, pods=self.pod_store)
        self.health = Health(
            self.state, self.healthy, lambda: self.draining, {"database": lambda: self.database_problem}
        )

    def wake(self) -> None:
        """
        Count.
        """
        self.woken += 1

    def now(self) -> datetime:
        """
        What the clock says.
        """
        return datetime.fromtimestamp(self.clock.seconds(), UTC)

    async def explain(self, request: PlacementRequest, *, unknown_zone: str) -> Explanation:
        """
        Rank all pods by their weight; those of other zones are dropped.
        """
        zones = {pod.az_name for pod in self.state.pods()}
        if request.availability_zone not in (None, *zones):
            raise BadRequest(unknown_zone.replace("{zone}", str(request.availability_zone)))
        self.explained.append(request)
        selection = Selection(
            filters=make_filters(["availability_zone"]), weighers=make_weighers({"operator_weight": 2.0})
        )
        candidates = [Candidate(pod=pod) for pod in self.state.pods()]
        bindings = await self.binding_store.find_bindings(tenant_id=request.project_id, active=True)
        return explained(request, selection.rank(candidates, request), bindings)

    def healthy(self, pod_id: str) -> bool:
        """
        True unless the test made the pod sick.
        """
        return pod_id not in self.sick


class AdministrationTestCase(SynchronousTestCase):
    """
    A test with a cloud in memory.
    """

    def setUp(self) -> None:
        """
        An empty cloud.
        """
        self.cloud = Cloud()

    def done(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """
        What a use case gives.
        """
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def refused(self, coroutine: Coroutine[Any, Any, object], kind: type[Exception]) -> Any:
        """
        What a use case raises.
        """
        return self.failureResultOf(Deferred.fromCoroutine(coroutine), kind).value

    def pod(self, name: str = "Pod1", az_name: str = "az1", **more: Any) -> Pod:
        """
        A pod that is registered.
        """
        return self.done(self.cloud.pods.create(NewPod(name=name, az_name=az_name, **more), by="u1")).pod

    def declared(self, *names: str) -> dict[str, Pod]:
        """
        Pods of the YAML pod list, by name.
        """
        pods = [
            Pod(id=f"{NOBODY[:-1]}{number}", name=name, az_name="az1") for number, name in enumerate(names, 1)
        ]
        return {pod.name: pod for pod in self.done(self.cloud.pod_store.declare_pods(pods))}
