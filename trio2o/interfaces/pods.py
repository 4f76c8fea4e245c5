"""
Pods' services as they are spoken to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol
from twisted.web.iweb import IBodyProducer
from zope.interface import Attribute, Interface

from trio2o.model import Pod

if TYPE_CHECKING:
    from trio2o.exchange import PodCall

# mypy-zope reads the methods below; zope leaves out ``self``.
# ruff: noqa: N805


class IPodAnswer(Interface):
    """
    The head of a pod's answer, its body still to come. Exactly one of ``read``, ``stream`` and ``discard`` must be called.
    """

    status = Attribute("The status code, an int.")
    headers = Attribute(
        "``list[tuple[bytes, bytes]]``: the fields as the pod sent them, names in lower case."
    )
    length = Attribute("The body's length in bytes; ``None`` when it is not known (chunked, or until close).")
    pod_name = Attribute("The pod that answered.")

    def header(name: bytes) -> bytes | None:
        """
        The last value of a field; the name in lower case.
        """

    def read(limit: int) -> Deferred[bytes]:
        """
        The whole body. Cancelling drops the connection.

        :raises PodBroken: if it is cut short, or larger than ``limit`` bytes.
        """

    def stream(receiver: IProtocol) -> None:
        """
        Deliver the body to a protocol whose ``transport`` is a push producer with ``stopProducing``;
        ``connectionLost`` has ``ResponseDone`` or ``PotentialDataLoss`` when it came whole.
        """

    def discard() -> None:
        """
        Drop the body; the connection is closed when more than a little is left.
        """


class IRequestBody(Interface):
    """
    The body of a client's request, not read yet. At most one of ``read`` and ``producer`` is called, once.
    """

    length = Attribute("The body's length in bytes; 0 for none, ``None`` when it is not known (chunked).")

    def read(limit: int) -> Deferred[bytes]:
        """
        The whole body.

        :raises BodyTooLarge: if it is larger than ``limit`` bytes; found from ``Content-Length`` before any is
            read where that was sent.
        """

    def producer() -> IBodyProducer | None:
        """
        The body as a stream with backpressure, for :attr:`PodCall.body`; ``None`` for none.
        """


class IBodyTransform(Interface):
    """
    Changes a body on its way, in bounded memory.
    """

    def feed(chunk: bytes) -> bytes:
        """
        Take the next bytes and give those that are settled.
        """

    def flush() -> bytes:
        """
        Give what was held back; nothing is fed after it.
        """


class IPodFactsBook(Interface):
    """
    What is known of pods by asking their version documents.
    """

    def link_prefixes(pod_id: str, service: str) -> Sequence[bytes]:
        """
        The roots that a pod's service puts before its links, without version, longest first: ``http://10.0.0.7:8774``.
        """

    def microversions(service: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """
        The range that all pods share, as (lowest, highest); ``None`` while no pod has been asked.
        """


class IPodClient(Interface):
    """
    Sends requests to pods: pooled connections, breaker, budgets, concurrency limits.
    """

    def call(pod: Pod, call: PodCall) -> Deferred[IPodAnswer]:
        """
        Send one request and give the answer's head, whatever its status. Cancelling it drops the pod's connection.
        Nothing is repeated but a GET or HEAD whose pooled connection turned out closed.

        :raises PodUnreachable: if nothing was sent.
        :raises PodTimeout: if the budget passed.
        :raises PodBroken: if the connection ended first.
        """

    def healthy(pod_id: str, service: str | None = None) -> bool:
        """
        False while the breaker of the pod's service is open; without a service, while any of its breakers is.
        """

    def endpoint(pod: Pod, service: str) -> str | None:
        """
        The root URL in use: the pod's own setting, else the catalog's.
        """
