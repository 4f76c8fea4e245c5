"""
How an answer leaves a fake service, with what the behaviours make of it.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Sequence
from typing import Any

from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.web.http import datetimeToString
from twisted.web.server import Request

from trio2o.sandbox.answers import Answer
from trio2o.sandbox.behaviours import Behaviour
from trio2o.sandbox.call import Call
from trio2o.sandbox.journal import Entry
from trio2o.sandbox.style import ServiceStyle


@define(kw_only=True, eq=False)
class Delivery:
    """
    The answer to one request, on its way.
    """

    request: Request
    style: ServiceStyle
    call: Call
    wall: IReactorTime
    entry: Entry | None = None
    _after: list[Behaviour] = field(factory=list, init=False)
    _gone: bool = field(default=False, init=False)
    _ended: Deferred[None] | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.request.notifyFinish().addErrback(self._left)

    def ended(self) -> Deferred[None]:
        """
        What a Klein handler returns: fires when the answer is written. Klein cancels it when the client
        leaves, which stops nothing: what a request began goes on, as under WSGI.
        """
        self._ended = Deferred(lambda waiting: waiting.callback(None))
        return self._ended

    async def before(self, behaviours: Sequence[Behaviour]) -> bool:
        """
        Do what the behaviours want before the request is handled; False if it is not to be handled.
        """
        self._after = [each for each in behaviours if each.kind in _AFTER]
        for each in behaviours:
            if each.kind == "latency":
                await self._wait(each.seconds)
            elif each.kind == "hang":
                return False
            elif each.kind == "reset":
                self._reset()
                return False
            elif each.kind == "status":
                self._write(_commanded(each))
                return False
        return True

    def send(self, answer: Answer, *, with_versions: bool = True) -> None:
        """
        Send the answer, or what the behaviours make of it. Nothing happens if the client has left.
        """
        headers = answer.headers + (self.call.version_headers if with_versions else ())
        answer = evolve(answer, headers=headers)
        delay = 0.0
        for each in self._after:
            if each.kind == "latency_after":
                delay += each.seconds
            elif each.kind == "status_after":
                answer = _commanded(each)
        if delay:
            self.wall.callLater(delay, self._finish, answer)
        else:
            self._finish(answer)

    def _finish(self, answer: Answer) -> None:
        kinds = {each.kind for each in self._after}
        if "hang_after" in kinds:
            return
        if "reset_after" in kinds:
            self._reset()
            return
        if "wrong_json" in kinds:
            answer = evolve(answer, body=b'{"servers": [{"id": ')
        self._write(answer, truncated="truncate" in kinds, halted="hang_within" in kinds)

    def _write(self, answer: Answer, *, truncated: bool = False, halted: bool = False) -> None:
        if self._gone:
            return
        request = self.request
        body = answer.rendered()
        headers = request.responseHeaders
        request.setResponseCode(answer.status)
        for name, value in (*answer.headers, *self.style.request_id_headers(self.call.request_id)):
            if name not in answer.without:
                headers.addRawHeader(name, value)
        content_type = self.style.empty_content_type if answer.body is None else answer.content_type
        if content_type is not None:
            headers.setRawHeaders("Content-Type", [content_type])
        if answer.status != 204 or content_type is not None:
            headers.setRawHeaders("Content-Length", [str(len(body))])
        headers.setRawHeaders(b"Date", [datetimeToString()])
        if self.entry is not None:
            self.entry.status = answer.status
        if truncated or halted:
            request.write(body[: len(body) // 2])
            if truncated:
                request.loseConnection()
            return
        request.write(body)
        request.finish()
        if self._ended is not None and not self._ended.called:
            self._ended.callback(None)

    def _reset(self) -> None:
        """
        End the connection with a TCP reset where the transport is a socket.
        """
        if self._gone:
            return
        transport: Any = self.request.transport
        with contextlib.suppress(AttributeError, OSError):
            transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abortConnection()

    def _wait(self, seconds: float) -> Deferred[None]:
        return deferLater(self.wall, seconds, lambda: None)

    def _left(self, reason: object) -> None:
        self._gone = True


_AFTER = frozenset(
    {
        "latency_after",
        "hang_after",
        "hang_within",
        "reset_after",
        "status_after",
        "wrong_json",
        "truncate",
    }
)


def _commanded(behaviour: Behaviour) -> Answer:
    headers = tuple(behaviour.headers.items())
    if isinstance(behaviour.body, str):
        return Answer(
            status=behaviour.status, body=behaviour.body.encode(), headers=headers, content_type="text/plain"
        )
    return Answer(status=behaviour.status, body=behaviour.body, headers=headers)
