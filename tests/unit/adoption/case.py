"""
Pods, routes and time for the tests of adoption, all in memory.
"""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.unit.strategies.case import NOW, an_id
from tests.unit.strategies.doubles import CountedRoutes, OwnTokens, Reply, ScriptedPods
from trio2o.adoption.questions import PodQuestions
from trio2o.errors import Unavailable
from trio2o.interfaces import IServiceToken, ITokenValidator
from trio2o.model import Identity, Kind, Pod, Route
from trio2o.state.cache import MemoryState
from trio2o.storage.memory import MemoryDatabase, MemoryRoutes

T = TypeVar("T")

OWN = "service-project"
NOVA_SERVICES = "/v2.1/os-services"
CINDER_SERVICES = f"/v3/{OWN}/os-services"


@implementer(IServiceToken)
class MemoryServiceToken:
    """
    Tokens one after the other; ``None`` for a Keystone that is away.
    """

    def __init__(self) -> None:
        self.number: int | None = 1
        self.invalidated: list[bytes] = []

    async def token(self) -> bytes:
        """
        See ``IServiceToken``.
        """
        if self.number is None:
            raise Unavailable("Try again.", admin_detail="Keystone: away")
        return b"own-%d" % self.number

    def invalidate(self, token: bytes) -> None:
        """
        See ``IServiceToken``.
        """
        assert self.number is not None
        self.invalidated.append(token)
        self.number += 1


@implementer(ITokenValidator)
class OwnIdentity:
    """
    Every token is the daemon's.
    """

    project_id: str | None = OWN

    def peek(self, token: bytes) -> Identity | None:
        """
        See ``ITokenValidator``.
        """
        return None

    async def validate(self, token: bytes, service_token: bytes | None = None, client: str = "") -> Identity:
        """
        See ``ITokenValidator``.
        """
        return Identity(
            user_id="own", project_id=self.project_id, roles=frozenset({"admin"}), expires_at=NOW + 3600
        )

    async def vouches(self, service_token: bytes, client: str = "") -> bool:
        """
        See ``ITokenValidator``.
        """
        return False


class AdoptionCase(SynchronousTestCase):
    """
    Two pods whose services know the daemon's user for an admin.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.database = MemoryDatabase(self.clock)
        self.routes = CountedRoutes(MemoryRoutes(self.database))
        self.state = MemoryState(self.clock)
        self.pod1 = Pod(id="Pod1-id", name="Pod1", az_name="az1", pod_az_name="nova", serial=1)
        self.pod2 = Pod(id="Pod2-id", name="Pod2", az_name="az2", serial=2)
        self.has_pods(self.pod1, self.pod2)
        self.pods = ScriptedPods(self.clock)
        self.pods.on("*", "GET", NOVA_SERVICES, Reply(body={"services": []}))
        self.pods.on("*", "GET", CINDER_SERVICES, Reply(body={"services": []}))
        self.own = MemoryServiceToken()
        self.tokens = OwnIdentity()
        self.questions = PodQuestions(
            pods=self.pods,
            own=self.own,
            tokens=self.tokens,
            pod_tokens=OwnTokens(),
            clock=self.clock,
            answer_limit=1_000_000,
        )

    def has_pods(self, *pods: Pod) -> None:
        """
        Let these be registered, in memory and in the database.
        """
        self.state.put_pods(pods)
        self.database.pods = {pod.id: pod for pod in pods}

    def now(self, task: Coroutine[Deferred[Any], Any, T]) -> T:
        """
        The result of what needs no waiting.
        """
        return self.successResultOf(Deferred.fromCoroutine(task))

    def record(self, *routes: Route) -> None:
        """
        Store routes.
        """
        self.now(MemoryRoutes(self.database).record_routes(routes))

    def route(self, resource_id: str, kind: Kind = Kind.SERVER) -> Route | None:
        """
        The stored live route.
        """
        return self.now(MemoryRoutes(self.database).find_route(kind, resource_id))


def a_route(number: int, kind: Kind = Kind.SERVER, pod: str = "Pod1-id", **more: Any) -> Route:
    """
    The route of an old resource.
    """
    known: dict[str, Any] = {"project_id": "p1", "created_at": datetime(2020, 1, 1, tzinfo=UTC), **more}
    return Route(kind=kind, resource_id=an_id(number), pod_id=pod, **known)
