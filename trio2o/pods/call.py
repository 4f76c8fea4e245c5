"""
One call to a pod, from the gate to the answer's head. Callbacks, not a coroutine: this is the hot path.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IConsumer, IDelayedCall
from twisted.python.failure import Failure
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from trio2o.errors import PodBroken, PodTimeout, PodUnreachable
from trio2o.exchange import PodCall
from trio2o.interfaces import IPodAnswer
from trio2o.pods.agent import ForwardingClient
from trio2o.pods.answer import PodAnswer, told
from trio2o.pods.gate import GateFull
from trio2o.pods.line import Line
from trio2o.pods.pool import NotConnected
from trio2o.pods.request import Unsendable
from trio2o.pods.response import PodResponse


class Call:
    """
    Waits for its place, sends the request, and ends in an answer's head or in one of the three pod failures.
    """

    __slots__ = (
        "_budget",
        "_call",
        "_client",
        "_line",
        "_over",
        "_pending",
        "_result",
        "_sent",
        "_ticket",
        "_timer",
        "_upload",
    )

    def __init__(self, line: Line, client: ForwardingClient, call: PodCall, ticket: int) -> None:
        self._line = line
        self._client = client
        self._call = call
        self._ticket = ticket
        self._budget = line.answer_timeout if call.budget is None else call.budget
        self._upload: _Upload | None = None
        #: True when the call has its place and may have sent something.
        self._sent = False
        self._over = False
        self._pending: Deferred[None] | Deferred[PodResponse] | None = None
        self._timer: IDelayedCall | None = None
        self._result: Deferred[IPodAnswer] = Deferred(self._cancelled)

    def start(self) -> Deferred[IPodAnswer]:
        """
        Begin; the answer's head, or the failure. Cancelling drops the connection.
        """
        line = self._line
        try:
            waiting = line.gate.enter()
        except GateFull:
            self._abandoned()
            reason = f"{line.gate.inside} requests are under way and {line.gate.queue} wait already"
            self._result.errback(PodUnreachable(line.name, reason, sent=False))
            return self._result
        self._timer = line.clock.callLater(self._budget, self._overdue)
        if waiting is None:
            self._send()
        else:
            self._pending = waiting
            waiting.addCallbacks(self._entered, _handled)
        return self._result

    def _entered(self, _: None) -> None:
        self._send()

    def _send(self) -> None:
        call = self._call
        body = call.body
        if body is not None and not isinstance(body, bytes):
            body = self._upload = _Upload(body, self._uploaded)
        self._sent = True
        try:
            pending = self._client.forward(call.method, call.target, call.headers, body, fresh=call.fresh)
        except Unsendable as error:
            self._abandoned()
            self._end(PodBroken(self._line.name, str(error), sent=False))
            return
        self._pending = pending
        pending.addCallbacks(self._answered, self._failed)

    def _answered(self, response: PodResponse) -> None:
        line = self._line
        assert self._timer is not None
        self._timer.cancel()
        line.reached(self._call.service, self._ticket)
        answer = PodAnswer(response, line.name, line.ended)
        if response.complete:
            line.gate.leave()
        else:
            line.watch(answer)
        self._result.callback(cast(IPodAnswer, answer))

    def _failed(self, failure: Failure) -> None:
        if self._over:
            return
        line = self._line
        problem = failure.value
        if isinstance(problem, NotConnected):
            reason = str(problem)
            line.missed(self._call.service, self._ticket, reason)
            self._end(PodUnreachable(line.name, reason, sent=problem.sent))
        elif self._upload is not None and self._upload.failed is not None:
            # The client's side broke off: no word about the pod.
            self._abandoned()
            reason = f"the request's body broke off: {told(self._upload.failed)}"
            self._end(PodBroken(line.name, reason, sent=True))
        else:
            reason = told(failure)
            line.missed(self._call.service, self._ticket, reason)
            self._end(PodBroken(line.name, reason, sent=True))

    def _overdue(self) -> None:
        line, upload = self._line, self._upload
        if upload is not None and (upload.moved or upload.starved):
            # The budget is counted from the request's last byte. A client that is slow is ended by the front end.
            upload.moved = False
            self._timer = line.clock.callLater(self._budget, self._overdue)
            return
        reason = f"no answer within {self._budget:g} s"
        if self._sent:
            line.missed(self._call.service, self._ticket, reason)
        else:
            self._abandoned()
        self._end(PodTimeout(line.name, reason, sent=self._sent))

    def _uploaded(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.reset(self._budget)

    def _cancelled(self, result: Deferred[IPodAnswer]) -> None:
        self._abandoned()
        self._end(CancelledError())

    def _abandoned(self) -> None:
        self._line.breaker(self._call.service).abandoned(self._ticket)

    def _end(self, error: Exception) -> None:
        """
        Drop what is under way, make room for the next call, and tell.
        """
        self._over = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if self._pending is not None:
            self._pending.cancel()
        if self._sent:
            self._line.gate.leave()
        self._result.errback(error)


def _handled(_: Failure) -> None:
    return None


@implementer(IBodyProducer)
class _Upload:
    """
    A request's body on its way to a pod, watched: does it move, and who is it that waits?
    """

    def __init__(self, body: IBodyProducer, uploaded: Callable[[], None]) -> None:
        self.length = body.length
        #: True when something went out since the last look.
        self.moved = False
        self.failed: Failure | None = None
        self._body = body
        self._uploaded = uploaded
        self._paused = False
        self._ended = False
        self._consumer: IConsumer | None = None

    @property
    def starved(self) -> bool:
        """
        True while the pod would take more than the client sends.
        """
        return self._consumer is not None and not self._paused and not self._ended

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self._consumer = consumer
        self.moved = True
        done: Deferred[None] = self._body.startProducing(self)
        return done.addCallbacks(self._done, self._broke_off)

    def write(self, data: bytes) -> None:
        """
        The body's next bytes.
        """
        assert self._consumer is not None
        self.moved = True
        self._consumer.write(data)

    def pauseProducing(self) -> None:
        self._paused = True
        self._body.pauseProducing()

    def resumeProducing(self) -> None:
        self._paused = False
        self.moved = True
        self._body.resumeProducing()

    def stopProducing(self) -> None:
        self._ended = True
        self._body.stopProducing()

    def _done(self, _: object) -> None:
        self._ended = True
        self.moved = False
        self._uploaded()

    def _broke_off(self, failure: Failure) -> Failure:
        self._ended = True
        self.failed = failure
        return failure
