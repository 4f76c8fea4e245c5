"""
What pods give ids of their own, called what users call it: in what goes to a pod, and in what comes back.

A pod whose ids are the top's costs nothing: nothing is read or looked at for it. Of other pods it takes a row in which such an id
can stand, or an error, whose words may name one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol
from zope.interface import implementer

from trio2o.exchange import HeaderList, Inbound
from trio2o.interfaces import IBodyTransform, IPodAnswer, IPodIds, ISharedIds
from trio2o.model import Pod
from trio2o.rewriting.ids import Lookup, asked_of, in_body, in_item, in_target, in_words, told_by
from trio2o.surface.mapped_ids import MAPPED_KINDS, VOLUME_TYPE, MappedIds

Rewrites = Callable[[bytes], bytes]

#: Bytes. What has such ids and is not read anyway is one type, or an error.
_HELD = 4 * 1024 * 1024


@define(kw_only=True)
class MappedIdentity:
    """
    Exchanges ids by what this process knows of them.
    """

    _ids: ISharedIds

    def of(self, inbound: Inbound, pod: Pod) -> MappedCall | None:
        """
        What exchanges the ids of one request to a pod and of its answer; ``None`` where there are none to be exchanged.
        """
        places = inbound.operation.ids
        if places is None:
            return None
        ids = self._ids.of(pod.id)
        return MappedCall(inbound, places, ids) if ids.differ(MAPPED_KINDS) else None

    def named(self, resource: Mapping[str, Any]) -> Mapping[str, Any]:
        """
        What a create says, with the types of volumes that it names by id named as every pod names them.
        """
        asked, several = resource.get("volume_type"), resource.get("volume_types")
        changed: dict[str, Any] = {}
        if isinstance(asked, str):
            changed["volume_type"] = self.type_name(asked)
        if isinstance(several, str):
            changed["volume_types"] = ",".join(map(self.type_name, several.split(",")))
        elif isinstance(several, list):
            changed["volume_types"] = [
                self.type_name(each) if isinstance(each, str) else each for each in several
            ]
        return {**resource, **changed} if changed else resource

    def type_name(self, reference: str) -> str:
        """
        The name of the volume type that a request names by its id; what is no such id stays.
        """
        known = self._ids.resource(VOLUME_TYPE, reference.lower())
        return reference if known is None or known.deleted else known.key.name


@define
class MappedCall:
    """
    A request to a pod that gives ids of its own, and what comes back.
    """

    _inbound: Inbound
    _places: MappedIds
    _ids: IPodIds

    @property
    def reads_body(self) -> bool:
        """
        True where the request's body may have ids.
        """
        return bool(self._places.asked)

    def target(self, target: bytes) -> bytes:
        """
        Path and query with the pod's own ids.
        """
        if not (self._places.path or self._places.parameters):
            return target
        wanted = self._inbound.ids.get("id", "")
        return in_target(target, self._inbound.operation.path, wanted, self._places, asked_of(self._ids))

    def body(self, body: bytes) -> bytes:
        """
        The request's body with the pod's own ids.
        """
        return in_body(body, self._places.asked, asked_of(self._ids)) if body else body

    def answer(self, answer: IPodAnswer) -> IPodAnswer:
        """
        The pod's answer whose body has top ids once it is read.

        Lists that are merged have their items changed by :meth:`item`, after they were parsed.
        """
        top, places = told_by(self._ids), self._places
        if answer.status >= 400:
            return MappedAnswer(inner=answer, rewrites=lambda body: in_words(body, top))
        if self._inbound.operation.strategy == "merge" or not places.told or not self._shows:
            return answer
        return MappedAnswer(inner=answer, rewrites=_told(places, top))

    def item(self, item: dict[str, Any], plural: str) -> None:
        """
        An item of a list with top ids, in place.
        """
        shape = self._places.told.get(plural)
        if isinstance(shape, dict) and self._shows:
            in_item(item, shape, told_by(self._ids))

    @property
    def _shows(self) -> bool:
        return (self._inbound.microversion or (0, 0)) >= self._places.since


def _told(places: MappedIds, top: Lookup) -> Rewrites:
    return lambda body: in_body(body, places.told, top, lone=places.lone)


@implementer(IPodAnswer)
@define(kw_only=True)
class MappedAnswer:
    """
    A pod's answer that is changed when it is read.
    """

    inner: IPodAnswer
    rewrites: Rewrites

    @property
    def status(self) -> int:
        """
        See :class:`IPodAnswer`.
        """
        status: int = self.inner.status
        return status

    @property
    def headers(self) -> HeaderList:
        """
        See :class:`IPodAnswer`.
        """
        headers: HeaderList = self.inner.headers
        return headers

    @property
    def length(self) -> int | None:
        """
        See :class:`IPodAnswer`: that of the pod's own body.
        """
        length: int | None = self.inner.length
        return length

    @property
    def pod_name(self) -> str:
        """
        See :class:`IPodAnswer`.
        """
        name: str = self.inner.pod_name
        return name

    def header(self, name: bytes) -> bytes | None:
        """
        See :class:`IPodAnswer`.
        """
        return self.inner.header(name)

    def read(self, limit: int) -> Deferred[bytes]:
        """
        See :class:`IPodAnswer`.
        """
        return self.inner.read(limit).addCallback(self.rewrites)

    def stream(self, receiver: IProtocol) -> None:
        """
        See :class:`IPodAnswer`: the pod's own body. Who streams it puts :class:`WholeBody` in its way.
        """
        self.inner.stream(receiver)

    def discard(self) -> None:
        """
        See :class:`IPodAnswer`.
        """
        self.inner.discard()


@implementer(IBodyTransform)
@define(kw_only=True)
class WholeBody:
    """
    Holds a body back until all of it is there, and changes it then. One that is too large to be held goes on as it is.
    """

    _rewrites: Rewrites
    #: What changes it after that; ``None`` for nothing.
    _then: IBodyTransform | None
    #: The most that is held, in bytes.
    _limit: int = _HELD
    _held: bytearray = field(factory=bytearray, init=False)
    _too_large: bool = field(default=False, init=False)

    def feed(self, chunk: bytes) -> bytes:
        """
        See :class:`IBodyTransform`.
        """
        if self._too_large:
            return self._passed_on(chunk)
        self._held += chunk
        if len(self._held) <= self._limit:
            return b""
        self._too_large = True
        return self._passed_on(self._taken())

    def flush(self) -> bytes:
        """
        See :class:`IBodyTransform`.
        """
        rest = b"" if self._too_large else self._passed_on(self._rewrites(self._taken()))
        return rest if self._then is None else rest + self._then.flush()

    def _passed_on(self, body: bytes) -> bytes:
        return body if self._then is None else self._then.feed(body)

    def _taken(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held
