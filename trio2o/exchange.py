"""
The values that carry HTTP between the web layer, the strategies and the pods.

Bytes stay bytes here: what the daemon does not understand it passes on untouched (I3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from attrs import field, frozen
from twisted.web.iweb import IBodyProducer

from trio2o.interfaces import IBodyTransform, IPodAnswer, IRequestBody
from trio2o.model import Pod
from trio2o.surface.operations import Operation

if TYPE_CHECKING:
    from trio2o.scheduling.explaining import Explanation

#: Header fields in the order they were received, names in any case.
HeaderList = list[tuple[bytes, bytes]]


@frozen(kw_only=True)
class PodCall:
    """
    One request to one pod.
    """

    #: The service type: ``compute``, ``volume`` or ``network``.
    service: str
    method: bytes
    #: Path and query below the root of the pod's endpoint, beginning with the version: ``/v2.1/servers?limit=1``.
    target: bytes
    #: End-to-end fields only: see :func:`trio2o.rewriting.headers.forwarded`. The pod client adds ``Host``.
    headers: HeaderList = field(repr=False)
    #: Nothing, a body in memory, or a producer that streams one.
    body: bytes | IBodyProducer | None = field(default=None, repr=False)
    #: Seconds until the head of the answer must be there; ``None`` takes the pod's answer timeout.
    budget: float | None = None
    #: True for creates: never use a pooled connection that has been idle for a second or longer (I13).
    fresh: bool = False


@frozen(kw_only=True)
class Inbound:
    """
    One client request, matched to the operation that is to be carried out.
    """

    operation: Operation
    method: bytes
    #: The path as it was sent, still percent-encoded.
    path: bytes
    #: The query as it was sent, without the ``?``; ``None`` where there was no ``?``.
    query: bytes | None
    #: What goes on to a pod: end-to-end fields in their order, without ``Host``, ``Content-Length`` and the token.
    headers: HeaderList = field(repr=False)
    #: The path's parameters by name, decoded.
    ids: Mapping[str, str]
    body: IRequestBody
    #: The surface's root as the client knows it, ``https://cloud.example:8774``: what links begin with.
    public_root: bytes
    #: The microversion that was asked for, ``latest`` already replaced; ``None`` for none.
    microversion: tuple[int, int] | None = None
    #: Takes why a create goes where it goes, the last counts; ``None`` where nobody asked or may know.
    explain: Callable[[Explanation], None] | None = None

    def header(self, name: bytes) -> bytes | None:
        """
        The last value of a field, by its name in lower case.
        """
        for key, value in reversed(self.headers):
            if key.lower() == name:
                return value
        return None


@frozen(kw_only=True)
class Answer:
    """
    What a strategy gives back: a status, fields, and a body that is either here or still at the pod.

    The web layer drops hop-by-hop fields, adds request ids, ``Vary`` and version fields that are missing, and streams.
    """

    status: int
    headers: HeaderList = field(factory=list)
    #: The body, or the pod's answer whose body is still to be streamed.
    body: bytes | IPodAnswer = b""
    #: Makes the pod's links the top region's while the body streams; ``None`` for untouched.
    transform: IBodyTransform | None = None
    #: The pods that were left out of the answer (I8); told by a response header.
    missing: tuple[Pod, ...] = ()
    #: The pods that were reached, for the access log.
    pods: tuple[str, ...] = ()
    #: True for what one pod said, passed on: it has the fields that it should have, and none are added but a request id.
    passed_on: bool = False
    #: Whether it gets version fields though no token was needed, as documents of one version have them.
    versioned: bool = False
