"""
What a fake service does wrong on command.

A behaviour is a match (method, path, project) and a kind. `KINDS` act on any request, whatever the service:

=================  =====================================================================================
``latency``        wait ``seconds``, then handle the request
``latency_after``  handle it, then wait ``seconds`` before the answer
``hang``           never answer, and do nothing
``hang_after``     handle it, and never answer
``reset``          reset the connection, and do nothing
``reset_after``    handle it, then reset the connection: the client cannot know how a create ended
``status``         answer ``status`` with ``body`` (a JSON value, or text as it is), and do nothing
``status_after``   handle it, then answer ``status`` with ``body`` instead of the real answer
``wrong_json``     handle it, then answer a body that is no JSON under the real status
``truncate``       handle it, then send half of the body under the full Content-Length and close
``hang_within``    handle it, then send half of the body, and no more
=================  =====================================================================================

Beside these a service has hints of its own (``quota``, ``no_valid_host``, …): its handlers ask for them with
`Call.injected` where they matter, so that a hint is used up by nothing but the operation it is meant for.

Seconds are real ones, also in a pod with a manual clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import define, field

KINDS = frozenset(
    {
        "latency",
        "latency_after",
        "hang",
        "hang_after",
        "hang_within",
        "reset",
        "reset_after",
        "status",
        "status_after",
        "wrong_json",
        "truncate",
    }
)
_FIELDS = frozenset({"match", "kind", "seconds", "status", "body", "headers", "times"})
_MATCH_FIELDS = frozenset({"method", "path", "project"})


class BehaviourError(ValueError):
    """
    A behaviour that cannot be; the message says why.
    """


@define(kw_only=True)
class Behaviour:
    """
    One behaviour. ``times`` is how often it still applies (None: until it is removed), ``applied`` how often
    it did.
    """

    id: int
    kind: str
    method: str | None = None
    path: re.Pattern[str] | None = None
    project: str | None = None
    seconds: float = 1.0
    status: int = 500
    body: Any = None
    headers: Mapping[str, str] = field(factory=dict)
    times: int | None = None
    applied: int = 0

    def matches(self, method: str, path: str, project: str | None) -> bool:
        """
        Whether this behaviour concerns such a request. ``path`` has the version and no query.
        """
        return (
            (self.method is None or self.method == method)
            and (self.path is None or self.path.search(path) is not None)
            and (self.project is None or self.project == project)
        )

    def as_json(self) -> dict[str, Any]:
        """
        The form that ``GET /_sandbox/behaviours`` shows.
        """
        match = {"method": self.method, "path": self.path and self.path.pattern, "project": self.project}
        return {
            "id": self.id,
            "match": {name: value for name, value in match.items() if value is not None},
            "kind": self.kind,
            "seconds": self.seconds,
            "status": self.status,
            "body": self.body,
            "headers": dict(self.headers),
            "times": self.times,
            "applied": self.applied,
        }


class BehaviourBook:
    """
    The behaviours of one service, oldest first.
    """

    def __init__(self, hints: Iterable[str] = ()) -> None:
        self._hints = frozenset(hints)
        self._behaviours: dict[int, Behaviour] = {}
        self._last_id = 0

    def __bool__(self) -> bool:
        return bool(self._behaviours)

    def __iter__(self) -> Iterator[Behaviour]:
        return iter(list(self._behaviours.values()))

    @property
    def kinds(self) -> frozenset[str]:
        """
        All kinds that this service knows.
        """
        return KINDS | self._hints

    def add(self, wanted: object) -> Behaviour:
        """
        Add a behaviour given in JSON's types.

        :raises BehaviourError: if it has an unknown field or kind, or a value of the wrong type.
        """
        if not isinstance(wanted, dict):
            raise BehaviourError("A behaviour is an object.")
        match = wanted.get("match", {})
        if not isinstance(match, dict):
            raise BehaviourError("match is an object.")
        unknown = sorted((wanted.keys() - _FIELDS) | (match.keys() - _MATCH_FIELDS))
        if unknown:
            raise BehaviourError(f"Unknown: {', '.join(unknown)}.")
        kind = wanted.get("kind")
        if kind not in self.kinds:
            raise BehaviourError(f"kind is one of {', '.join(sorted(self.kinds))}.")
        times = _typed(wanted, "times", int, None)
        if times is not None and times < 1:
            raise BehaviourError("times is at least 1.")
        pattern = _typed(match, "path", str, None)
        method = _typed(match, "method", str, None)
        try:
            path = None if pattern is None else re.compile(pattern)
        except re.error as error:
            raise BehaviourError(f"path: {error}") from error
        behaviour = Behaviour(
            id=self._last_id + 1,
            kind=str(kind),
            method=None if method is None else method.upper(),
            path=path,
            project=_typed(match, "project", str, None),
            seconds=float(_typed(wanted, "seconds", (int, float), 1.0)),
            status=_typed(wanted, "status", int, 500),
            body=wanted.get("body"),
            headers=_typed(wanted, "headers", dict, {}),
            times=times,
        )
        self._last_id = behaviour.id
        self._behaviours[behaviour.id] = behaviour
        return behaviour

    def remove(self, behaviour_id: int) -> bool:
        """
        Remove one; False if there is none with this id.
        """
        return self._behaviours.pop(behaviour_id, None) is not None

    def clear(self) -> None:
        """
        Remove all.
        """
        self._behaviours.clear()

    def take(self, method: str, path: str, project: str | None) -> list[Behaviour]:
        """
        The behaviours (no hints) that apply to a request, each used up once by it.
        """
        matching = [each for each in self if each.kind in KINDS and each.matches(method, path, project)]
        for each in matching:
            self._use(each)
        return matching

    def take_hint(self, kind: str, method: str, path: str, project: str | None) -> Behaviour | None:
        """
        The oldest hint of this kind that concerns a request, used up once.
        """
        for each in self:
            if each.kind == kind and each.matches(method, path, project):
                self._use(each)
                return each
        return None

    def _use(self, behaviour: Behaviour) -> None:
        behaviour.applied += 1
        if behaviour.times is not None:
            behaviour.times -= 1
            if behaviour.times == 0:
                del self._behaviours[behaviour.id]


def _typed(values: Mapping[str, Any], name: str, kind: type | tuple[type, ...], default: Any) -> Any:
    value = values.get(name)
    if value is None:
        return default
    if not isinstance(value, kind) or isinstance(value, bool):
        raise BehaviourError(f"{name} has the wrong type.")
    return value
