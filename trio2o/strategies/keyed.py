"""
Creates that are made at most once: a layer around one create that came with an ``Idempotency-Key``.

The intent is in the database before anything is sent, and names each pod before that gets the create. What became of it is
written there when it is known; while it is not, :mod:`trio2o.adoption.intents` asks the pod, and a repeat is 409.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.errors import BadRequest, Conflict, DatabaseUnavailable, Forbidden, Unprocessable
from trio2o.exchange import Answer, Inbound
from trio2o.intents import ITEM, Intent, Scope, without_key
from trio2o.interfaces import IIntentStore
from trio2o.model import Kind, Pod, RequestContext
from trio2o.rewriting.items import Taken, with_item, without_echo, without_item
from trio2o.strategies.concurrently import Shield
from trio2o.strategies.followed import as_object
from trio2o.strategies.repeats import digest, given_again, kept_answer, recipe, refuses
from trio2o.strategies.wanted import Wanted
from trio2o.surface.kinds import KINDS, canonical_id

_log = Logger()

Create = Callable[[Inbound, RequestContext, Wanted], Coroutine[Deferred[Any], Any, Answer]]

#: Kinds whose metadata every microversion takes and shows, so that what is made can be found by it.
MARKED = frozenset({Kind.SERVER, Kind.VOLUME, Kind.SNAPSHOT})
#: Kinds whose answer is a secret that nobody but the first reader is to have, and worth nothing without it.
_SECRET = frozenset({Kind.ATTACHMENT, Kind.TRANSFER})

#: Seconds after which an intent that nothing was sent for is freed. Whoever is slower than that is told not to send.
_UNSENT = 60.0
#: Seconds after which the pod is asked, though the one who sends may still wait for it.
_SENT = 5.0
#: Seconds until the item is taken off what was made: volumes take that at once, servers when they are built.
_MADE = 1.0
#: The longest time between the database's word that a pod may be tried and the sending, in seconds.
_STALE = 5.0
#: Seconds between attempts to write down how it ended, while the database is away.
_AGAIN = (1.0, 5.0, 15.0, 60.0)
_RETRY_AFTER = (b"Retry-After", b"5")

#: Nova's words where a server has more metadata items than the project may give one.
_ITEMS_EXCEEDED = re.compile(r"Maximum number of metadata items exceeds ([0-9]+)")


@define
class _Attempt:
    """
    One keyed create under way.
    """

    _intents: IIntentStore
    _clock: IReactorTime
    intent: Intent
    #: True while a pod may have it.
    sent: bool = False

    async def trying(self, pod: Pod) -> None:
        """
        Write down which pod gets it next; the one before surely did not accept it.

        :raises DatabaseUnavailable: if it cannot be written: then nothing may be sent.
        :raises Conflict: if it took so long that the key may be another request's by now.
        """
        self.sent = False
        asked = self._clock.seconds()
        wanted = await self._intents.try_intent(self.intent.id, pod.id, look_after=_SENT)
        if not wanted or self._clock.seconds() - asked > _STALE:
            raise _unsettled()
        self.sent = True

    def declined(self) -> None:
        """
        Take over that the pod which was tried last has accepted nothing.
        """
        self.sent = False


@define(kw_only=True)
class KeyedCreates:
    """
    Lets the first request with a key be carried out, and gives every repeat what the first got.
    """

    _intents: IIntentStore
    _shield: Shield
    _clock: IReactorTime
    #: For how many seconds a key is kept.
    _kept: float
    #: Told of each keyed create: ``first``, ``repeated``, ``unsettled`` or ``other``.
    _counted: Callable[[str], None] = lambda result: None
    #: Gives ids that nobody can guess.
    _new_id: Callable[[], str] = field(default=lambda: secrets.token_urlsafe(24))

    async def carry_out(
        self, key: str, inbound: Inbound, context: RequestContext, wanted: Wanted, create: Create
    ) -> Answer:
        """
        The first answer to this key. Like the create, to be run to its end whoever still listens.

        :param create: makes the resource; it is given what is to be sent, awaits ``wanted.trying`` before each pod, and calls
            ``wanted.declined`` where that has surely accepted nothing.
        :raises DatabaseUnavailable: if it cannot be known who is first, or be written down what is tried (I15).
        :raises BadRequest: if this operation takes no key, or the body names the gateway's own metadata item.
        :raises Unprocessable: if the key was used for another request.
        :raises Conflict: while the first request is under way, or nobody knows how it ended.
        """
        intent, body = self._intent(key, inbound, context, wanted)
        known = await self._intents.begin_intent(intent, kept=self._kept, look_after=_UNSENT)
        if known.id != intent.id:
            return self._repeated(known, intent)
        self._counted("first")
        attempt = _Attempt(self._intents, self._clock, intent)
        inbound = evolve(inbound, headers=without_key(inbound.headers))
        try:
            answer = await create(
                inbound,
                context,
                evolve(wanted, raw=body, trying=attempt.trying, declined=attempt.declined),
            )
        except Exception:
            if attempt.sent:
                await self._written(lambda: self._unknown(intent))
            else:
                await self._written(lambda: self._intents.free_intent(intent.id))
            raise
        return await self._ended(attempt, inbound, wanted, answer)

    def _intent(
        self, key: str, inbound: Inbound, context: RequestContext, wanted: Wanted
    ) -> tuple[Intent, bytes]:
        """
        What is to be kept of the request, and the body that goes to the pod.
        """
        operation = inbound.operation
        kind = operation.kind
        assert kind is not None, f"the table gives no kind for {operation.path}"
        if kind in _SECRET:
            raise BadRequest("This operation takes no Idempotency-Key: its answer is given once.")
        intent_id = self._new_id()
        body: bytes | None = None
        if kind in MARKED and KINDS[kind].service == context.surface:
            try:
                body = with_item(wanted.raw, operation.single, ITEM, intent_id)
            except Taken as error:
                raise BadRequest(
                    f"The metadata item {ITEM} is the service's own in a request with an Idempotency-Key."
                ) from error
        intent = Intent(
            id=intent_id,
            scope=Scope(
                project_id=context.project_id,
                user_id=context.identity.user_id,
                operation=f"{context.surface} {operation.path}",
                key=key,
            ),
            digest=digest(inbound, wanted.raw),
            kind=kind,
            marked=body is not None,
            request=recipe(inbound, wanted.resource),
        )
        return intent, wanted.raw if body is None else body

    def _repeated(self, known: Intent, intent: Intent) -> Answer:
        if known.digest != intent.digest:
            self._counted("other")
            raise Unprocessable("This Idempotency-Key was used for another request.")
        if known.answer is None:
            self._counted("unsettled")
            raise _unsettled()
        self._counted("repeated")
        return given_again(known.answer)

    async def _ended(self, attempt: _Attempt, inbound: Inbound, wanted: Wanted, answer: Answer) -> Answer:
        """
        Write down what the pod said, and give the client the answer without the metadata item.
        """
        assert isinstance(answer.body, bytes), "the answer of a create is read whole"
        intent = attempt.intent
        if not attempt.sent or refuses(answer.status):
            await self._written(lambda: self._intents.free_intent(intent.id))
            _tell_of_item(intent, wanted.resource, answer)
            alone = wanted.resource.get("metadata") is None
            return evolve(answer, body=without_echo(answer.body, ITEM, intent.id, alone=alone))
        if not 200 <= answer.status < 300:
            await self._written(lambda: self._unknown(intent))
            return answer
        single = inbound.operation.single
        made = as_object(answer.body)
        resource = made.get(single)
        resource = resource if isinstance(resource, dict) else {}
        resource_id = canonical_id(str(resource.get("id"))) or ""
        if intent.marked and not resource_id and not made.get("reservation_id"):
            # something was made, and the answer does not tell what
            await self._written(lambda: self._unknown(intent))
            return answer
        if intent.marked:
            answer = evolve(answer, body=without_item(answer.body, single, ITEM))
        kept = kept_answer(answer, made, single)
        several = bool(intent.request["several"])
        await self._written(
            lambda: self._intents.make_intent(
                intent.id,
                kept,
                resource_id="" if several else resource_id,
                look_after=_MADE if intent.marked else None,
            )
        )
        return answer

    async def _unknown(self, intent: Intent) -> None:
        """
        Have the pod asked what became of it; what carries no item cannot be asked for, and stays unknown.
        """
        await self._intents.look_at_intent(intent.id, 0.0 if intent.marked else None)

    async def _written(self, write: Callable[[], Coroutine[Deferred[Any], Any, Any]]) -> None:
        """
        Write; where the database is away, again later, while nobody waits. The client gets its answer whatever becomes of this.
        """
        try:
            await write()
        except DatabaseUnavailable:
            self._shield.run(self._written_later(write))
        except Exception as error:  # noqa: BLE001 - what a pod has made is told to its client (I15)
            _log.failure("how a keyed create ended cannot be written", failure=Failure(error))

    async def _written_later(self, write: Callable[[], Coroutine[Deferred[Any], Any, Any]]) -> None:
        for wait in _AGAIN:
            await deferLater(self._clock, wait)
            try:
                await write()
            except DatabaseUnavailable as error:
                _log.debug("the end of a keyed create waits for the database: {error}", error=str(error))
            else:
                return
        _log.info("how a keyed create ended was not written: the pod will be asked")


def _unsettled() -> Conflict:
    return Conflict(
        "A request with this Idempotency-Key is under way, or it is not known yet how it ended.",
        headers=[_RETRY_AFTER],
    )


def _tell_of_item(intent: Intent, resource: Mapping[str, Any], answer: Answer) -> None:
    """
    Say so where a server has no room for the item beside its own.

    :raises Forbidden: then; nothing was made.
    """
    if answer.status != 403 or not intent.marked or not isinstance(answer.body, bytes):
        return
    exceeded = _ITEMS_EXCEEDED.search(answer.body.decode("utf-8", "replace"))
    own = resource.get("metadata")
    if exceeded is not None and len(own if isinstance(own, dict) else ()) <= int(exceeded.group(1)):
        raise Forbidden(
            f"{exceeded.group(0)}. A request with an Idempotency-Key takes one of them while the server is made."
        )
