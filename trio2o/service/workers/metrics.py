"""
The metrics of all workers as one exposition: whichever worker Prometheus reaches asks the others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import treq
from attrs import define, field
from treq.client import HTTPClient
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.client import URI, Agent, ResponseFailed
from twisted.web.iweb import IAgentEndpointFactory, IRequest
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from zope.interface import implementer

from trio2o.ops.metrics import EXPOSITION_TYPE, Metrics, MetricsResource
from trio2o.strategies.concurrently import gathered

_log = Logger()

#: Seconds that another worker has; one that is busier than that is left out this time.
_PATIENCE = 2.0

#: How a worker that has just ended, or hangs, answers.
_SILENT = (ConnectError, ResponseFailed, TimeoutError)


def merged(texts: Mapping[str, bytes]) -> bytes:
    """
    Several expositions as one, each sample with the label ``worker``: the key of its exposition.

    Line by line, since the expositions are our own: to parse them would keep the reactor for a second and more.
    """
    families: dict[bytes, _Family] = {}
    for worker, text in texts.items():
        label = b'worker="%b"' % worker.encode("ascii")
        family = _Family()
        for line in text.split(b"\n"):
            if line.startswith(b"# "):
                # HELP and TYPE of a family stand before its samples
                family = families.setdefault(line.split(b" ", 3)[2], _Family())
                if line not in family.head:
                    family.head.append(line)
            elif line:
                family.samples.append(_labelled(line, label))
    lines = [line for family in families.values() for line in (*family.head, *family.samples)]
    return b"".join(line + b"\n" for line in lines)


@define
class _Family:
    """
    The lines of one metric.
    """

    head: list[bytes] = field(factory=list)
    samples: list[bytes] = field(factory=list)


def _labelled(sample: bytes, label: bytes) -> bytes:
    """
    A sample's line with another label, the last. Values, which come after the labels, have no braces.
    """
    labels, brace, value = sample.rpartition(b"}")
    if brace:
        return b"%b,%b}%b" % (labels, label, value)
    name, _, value = sample.partition(b" ")
    return b"%b{%b} %b" % (name, label, value)


@define(kw_only=True)
class SharedMetrics:
    """
    A worker's part in that: it gives its own to the others, and all to Prometheus.

    Each worker listens in a folder that nobody but the daemon's user can enter.
    """

    _reactor: Any
    _folder: Path
    _number: int
    _port: IListeningPort | None = field(default=None, init=False)

    def resource(self, metrics: Metrics) -> Resource:
        """
        ``GET /metrics`` of all workers. From now on the others can ask this one.
        """
        own = self._folder / str(self._number)
        own.unlink(missing_ok=True)
        site = Site(MetricsResource(metrics))
        self._port = self._reactor.listenUNIX(os.fspath(own), site, mode=0o600)
        return _AllMetrics(self, metrics)

    async def all(self, metrics: Metrics) -> bytes:
        """
        Everybody's exposition; who does not answer is left out.
        """
        others = [path for path in sorted(self._folder.iterdir()) if path.name != str(self._number)]
        answers = await gathered([self._asked(path) for path in others], _SILENT)
        texts = {str(self._number): metrics.exposition()}
        for path, said in zip(others, answers, strict=True):
            if isinstance(said, bytes):
                texts[path.name] = said
            else:
                _log.info("worker {worker} gives no metrics: {problem}", worker=path.name, problem=str(said))
        return merged(dict(sorted(texts.items())))

    async def _asked(self, path: Path) -> bytes:
        return await Deferred.fromCoroutine(self._ask(path)).addTimeout(_PATIENCE, self._reactor)

    async def _ask(self, path: Path) -> bytes:
        client = HTTPClient(Agent.usingEndpointFactory(self._reactor, _AtSocket(self._reactor, path)))
        text: bytes = await treq.content(await client.get("http://worker/metrics"))
        return text


@implementer(IAgentEndpointFactory)
class _AtSocket:
    def __init__(self, reactor: Any, path: Path) -> None:
        self._reactor = reactor
        self._path = path

    def endpointForURI(self, uri: URI) -> UNIXClientEndpoint:
        return UNIXClientEndpoint(self._reactor, os.fspath(self._path))


class _AllMetrics(Resource):
    isLeaf = True

    def __init__(self, shared: SharedMetrics, metrics: Metrics) -> None:
        super().__init__()
        self._shared = shared
        self._metrics = metrics

    def render_GET(self, request: IRequest) -> Any:
        """
        The exposition; ``HEAD`` gets its head.
        """
        asked = Deferred.fromCoroutine(self._shared.all(self._metrics))
        gone = request.notifyFinish()  # type: ignore[attr-defined]
        gone.addErrback(lambda _: asked.cancel())

        def give(body: bytes) -> None:
            request.setHeader(b"content-type", EXPOSITION_TYPE)
            request.write(body)
            request.finish()

        def failed(failure: Failure) -> None:
            if failure.check(CancelledError) is None:
                _log.failure("the metrics could not be gathered", failure=failure)
                request.setResponseCode(500)
                request.finish()

        asked.addCallbacks(give, failed)
        return NOT_DONE_YET
