"""
What a case says about its row.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

from tests.functional.cloud import Cloud, Person, Reply
from trio2o.surface.compute import EVERY
from trio2o.surface.operations import Operation

#: Stands in what owners have, and in nothing that others may see.
PRIVATE = "kept-to-itself"

#: What the paths of a case are below, by surface.
PREFIXES = {"compute": "/v2.1", "volume": "/v3/{project}"}

#: The failures of a pod that the cases are spread over.
DOWN, BROKEN, SILENT, GARBLED = "down", "500", "silent", "garbled"


def row_of(operation: Operation) -> str:
    """
    How a case names a row: ``DELETE,GET /os-server-groups/{id}``, with ``EVERY`` for all methods.
    """
    methods = "EVERY" if operation.methods == EVERY else ",".join(sorted(operation.methods))
    return f"{methods} {operation.path}"


def name_of(surface: str, row: str) -> str:
    """
    The name of a row's test method: ``test_compute_DELETE_GET_os_server_groups_id``.
    """
    told = re.sub(r"\W+", "_", row.replace("**", "below").replace("-", "_"))
    return f"test_{surface}_{told}".rstrip("_")


@define(kw_only=True)
class Scene:
    """
    A project with what a case needs, made at the pods themselves; ``things`` are its ids and names, for ``{name}`` in the
    case's paths and bodies.
    """

    cloud: Cloud
    surface: str
    owner: Person
    things: dict[str, str] = field(factory=dict)

    def filled(self, value: Any) -> Any:
        """
        A value with every ``{name}`` replaced.
        """
        if isinstance(value, str):
            for name, thing in self.things.items():
                value = value.replace(f"{{{name}}}", thing)
            return value
        if isinstance(value, Mapping):
            return {self.filled(key): self.filled(inner) for key, inner in value.items()}
        if isinstance(value, Sequence):
            return [self.filled(inner) for inner in value]
        return value

    async def at_pod(
        self,
        pod: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        service: str = "",
        version: str | None = None,
    ) -> Any:
        """
        Ask a pod's own service as the owner; the JSON of its answer, which has to be a success.
        """
        service = service or self.surface
        client = self.owner.at_pod(pod, service)
        whole = PREFIXES.get(service, "/v2.0") + self.filled(path)
        reply = await client.ask(method, whole, self.filled(body), version=version)
        assert reply.status < 300, (method, path, reply.status, reply.body)
        return reply.json if reply.body else None

    async def ask(self, person: Person, ask: Ask) -> Reply:
        """
        Ask the gateway.
        """
        client = person.volume if self.surface == "volume" else person.compute
        whole = PREFIXES[self.surface] + self.filled(ask.path)
        return await client.ask(
            ask.method, whole, self.filled(ask.body), version=ask.version, headers=ask.headers
        )

    async def known(self, path: str, version: str | None = None) -> None:
        """
        Let the gateway learn where a thing is.
        """
        reply = await self.ask(self.owner, Ask(method="GET", path=path, version=version))
        assert reply.status == 200, (path, reply.status, reply.body)


Maker = Callable[[Scene], Awaitable[None]]


async def nothing(scene: Scene) -> None:
    """
    For cases that need only what every pod has.
    """


@frozen(kw_only=True)
class Ask:
    """
    One request, its path below version and project.
    """

    method: str
    path: str
    body: Any = None
    version: str | None = None
    headers: Mapping[str, str] | None = None


@frozen(kw_only=True)
class Told:
    """
    What an answer is.
    """

    status: int
    #: What stands in its body.
    shows: tuple[str, ...] = ()
    #: What does not.
    hides: tuple[str, ...] = ()
    #: Values of its JSON by their dotted paths.
    values: Mapping[str, Any] = field(factory=dict)
    #: Whether it says that a zone was left out; ``None`` where that is not looked at.
    incomplete: bool | None = None


@frozen(kw_only=True)
class Step:
    """
    A request, its answer, and what the pods got of it: by pod, method and path as ``GET /servers/{id}``.

    What another service of the pod got begins with that service's name and a colon. A query is compared only where one is
    written here.
    """

    ask: Ask
    told: Told
    got: Mapping[str, tuple[str, ...]]
    #: Patterns (`fnmatch`) of what the gateway itself may ask beside, at any pod.
    beside: tuple[str, ...] = ()
    #: What Pod2 gets some time after the answer: what is followed.
    later: tuple[str, ...] = ()


@frozen(kw_only=True)
class Case:
    """
    One row's case.
    """

    surface: str
    row: str
    steps: tuple[Step, ...]
    make: Maker = nothing
    #: True where only admins may ask.
    admin: bool = False
    #: What a stranger is told to the same; a member of another project, whatever the owner is.
    stranger: Told
    #: What the stranger asks instead of the first step's request, where that one would be theirs to make.
    strange: Ask | None = None
    #: The pod that fails, and what the first step is told then, by the kind of failure; one of them is taken.
    fails: str
    faults: Mapping[str, Told]
    #: True where the daemon's user administers the pods. What is replicated is shown both ways.
    administered: bool = False
    #: The fields that are otherwise then.
    when_administered: Mapping[str, Any] = field(factory=dict)
    #: True where the row does what the default row does, under a name of its own in the metrics: told by that alone.
    by_name: bool = False

    @property
    def name(self) -> str:
        """
        The name of its test.
        """
        return name_of(self.surface, self.row)
