"""
Creates with an Idempotency-Key: what is written down when, and what a repeat is told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from attrs import evolve
from twisted.internet.defer import fail

from tests.unit.strategies.case import CREATE_BUDGET, KEPT, P1, P2, S1, V1, StrategyCase, a_context
from tests.unit.strategies.doubles import Broken, Hang, Reply, Script, Unreachable
from tests.unit.strategies.test_schedule import CONFLICT, MADE, QUOTA, SERVERS, VOLUMES
from trio2o.errors import (
    BadGateway,
    BadRequest,
    Conflict,
    DatabaseUnavailable,
    Forbidden,
    GatewayTimeout,
    NoValidPod,
    PodTimeout,
    Unavailable,
    Unprocessable,
)
from trio2o.exchange import Answer
from trio2o.intents import ITEM, Intent
from trio2o.model import Kind, PodState
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_intents import MemoryIntents
from trio2o.strategies.repeats import refuses

BODY = b'{"server": {"name": "x", "metadata": {"a": "b"}}}'


class WatchedIntents(MemoryIntents):
    """
    Intents of which a test is told what was just done, before the one who asked for it is.
    """

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.begun: Callable[[Intent], object] = lambda intent: None
        self.tried: Callable[[], object] = lambda: None
        self.make: Callable[..., Awaitable[bool]] = super().make_intent

    async def begin_intent(self, *given: Any, **more: Any) -> Intent:
        """
        See ``IIntentStore``.
        """
        intent = await super().begin_intent(*given, **more)
        self.begun(intent)
        return intent

    async def make_intent(self, *given: Any, **more: Any) -> bool:
        """
        See ``IIntentStore``.
        """
        return await self.make(*given, **more)

    async def try_intent(self, *given: Any, **more: Any) -> bool:
        """
        See ``IIntentStore``.
        """
        wanted = await super().try_intent(*given, **more)
        self.tried()
        return wanted


class KeyedCase(StrategyCase):
    """
    Creates of servers with the key ``k1``.
    """

    def setUp(self) -> None:
        super().setUp()
        self.intents = self.watched = WatchedIntents(self.database)
        self.make()

    def keyed(self, body: Any = BODY, key: bytes = b"k1", path: str = SERVERS, **more: Any) -> Answer:
        """
        The answer to one.
        """
        return self.asked("POST", path, body, headers=[(b"Idempotency-Key", key)], **more)

    def fails(self, kind: type[Exception], body: Any = BODY, key: bytes = b"k1", **more: Any) -> Any:
        """
        The exception that one ends with.
        """
        return self.refused(kind, "POST", SERVERS, body, headers=[(b"Idempotency-Key", key)], **more)

    def say(self, *scripts: Script, pod: str = "*", path: str = SERVERS) -> None:
        """
        What a pod says to creates.
        """
        self.pods.on(pod, "POST", path, *scripts)

    def kept(self) -> list[Intent]:
        """
        The intents that are stored.
        """
        return [row.intent for row in self.intents._rows.values()]

    def due(self) -> list[str]:
        """
        The ids of the intents that are to be looked at now.
        """
        return [intent.id for intent in self.done(self.intents.due_intents(10))]

    def creates(self) -> list[str]:
        """
        The pods that got a create.
        """
        return self.pods.asked("POST")


class FirstTests(KeyedCase):
    """
    The first with a key.
    """

    def test_before_it_is_sent(self) -> None:
        """
        When the pod gets the create, the intent is stored, names the pod, and is the item that the body carries.
        """
        seen: list[tuple[str, str]] = []

        def note(_: object) -> Reply:
            seen.extend((intent.id, intent.pod_id) for intent in self.kept())
            return MADE

        self.say(note)
        self.keyed()

        self.assertEqual([("intent-1", "Pod1-id")], seen)
        sent = orjson.loads(self.pods.last.body)
        self.assertEqual({"server": {"name": "x", "metadata": {"a": "b", ITEM: "intent-1"}}}, sent)
        self.assertIsNone(self.pods.last.header(b"idempotency-key"))

    def test_answer(self) -> None:
        """
        The client gets the pod's answer with its password; what is kept has none, and is looked at for the item.
        """
        self.say(MADE)
        answer = self.keyed()

        self.assertEqual("secret", self.shown(answer)["server"]["adminPass"])
        (intent,) = self.kept()
        assert intent.answer is not None and intent.answer.body is not None
        self.assertNotIn(b"secret", intent.answer.body)
        self.assertEqual((S1, 202), (intent.resource_id, intent.answer.status))
        self.assertEqual([], self.due())
        self.clock.advance(1.0)
        self.assertEqual([intent.id], self.due())

    def test_without_a_key(self) -> None:
        """
        Nothing is stored for other creates, whose body is the client's.
        """
        self.say(MADE)
        self.asked("POST", SERVERS, BODY)
        self.assertEqual(([], BODY), (self.kept(), self.pods.last.body))

    def test_volume(self) -> None:
        """
        The answer about a volume is without the item, also where it is kept.
        """
        volume = {"id": V1, "metadata": {ITEM: "intent-1", "a": "b"}, "size": 1}
        self.say(Reply(202, {"volume": volume}), path=VOLUMES)
        body = {"volume": {"size": 1, "metadata": None}}
        first = self.keyed(body, path=VOLUMES, surface="volume")
        again = self.keyed(body, path=VOLUMES, surface="volume")

        expected = {"volume": {"id": V1, "metadata": {"a": "b"}, "size": 1}}
        self.assertEqual([expected, expected], [self.shown(first), self.shown(again)])
        sent = orjson.loads(self.pods.last.body)
        self.assertEqual({ITEM: "intent-1"}, sent["volume"]["metadata"])

    def test_zone(self) -> None:
        """
        The pod's own zone is put into the body that has the item.
        """
        self.say(MADE)
        self.keyed(b'{"server": {"availability_zone": "az1"}}')
        sent = orjson.loads(self.pods.last.body)["server"]
        self.assertEqual({"metadata": {ITEM: "intent-1"}, "availability_zone": "nova"}, sent)

    def test_each_pod(self) -> None:
        """
        The intent names each pod before that gets the create.
        """
        named: list[str] = []

        def note(reply: Reply) -> Any:
            def answer(_: object) -> Reply:
                named.append(self.kept()[0].pod_id)
                return reply

            return answer

        self.say(note(QUOTA), pod="Pod1")
        self.say(note(MADE), pod="Pod2")
        self.keyed(b'{"server": {"availability_zone": "az1"}}')
        self.assertEqual(["Pod1-id", "Pod2-id"], named)

    def test_kinds_without_item(self) -> None:
        """
        What takes no metadata is kept by its key alone, and nobody looks for it.
        """
        path = f"/v3/{P1}/groups"
        body = {"group": {"name": "g", "group_type": "t", "volume_types": ["v"]}}
        self.say(Reply(202, {"group": {"id": V1, "name": "g"}}), path=path)
        self.keyed(body, path=path, surface="volume")
        self.assertEqual(body, orjson.loads(self.pods.last.body))
        again = self.keyed(body, path=path, surface="volume")
        self.assertEqual({"group": {"id": V1, "name": "g"}}, self.shown(again))
        self.clock.advance(KEPT - 1.0)
        self.assertEqual([], self.due())

    def test_secrets(self) -> None:
        """
        What is answered once takes no key.
        """
        for path, body in (
            (f"/v3/{P1}/attachments", {"attachment": {"volume_uuid": V1}}),
            (f"/v3/{P1}/os-volume-transfer", {"transfer": {"volume_id": V1}}),
        ):
            self.refused(
                BadRequest, "POST", path, body, surface="volume", headers=[(b"Idempotency-Key", b"k")]
            )
        self.assertEqual(([], []), (self.kept(), self.creates()))

    def test_own_item(self) -> None:
        """
        A body that names our item is refused before anything is stored.
        """
        self.fails(BadRequest, {"server": {"metadata": {ITEM: "x"}}})
        self.assertEqual(([], []), (self.kept(), self.creates()))

    def test_followed(self) -> None:
        """
        A create that another strategy carries out takes a key, too, and is not followed again by a repeat.
        """
        path = f"/v3/{P1}/group_snapshots"
        body = {"group_snapshot": {"group_id": V1}}
        self.has_route(V1, self.pod1, kind=Kind.GROUP)
        self.say(Reply(202, {"group_snapshot": {"id": S1}}), path=path)
        self.pods.on("*", "GET", f"/v3/{P1}/snapshots/detail", Reply(200, {"snapshots": []}))
        self.keyed(body, path=path, surface="volume")
        calls = len(self.pods.calls)
        again = self.keyed(body, path=path, surface="volume")
        self.assertEqual({"group_snapshot": {"id": S1}}, self.shown(again))
        self.assertEqual(calls, len(self.pods.calls))

    def test_several(self) -> None:
        """
        Of several servers the answer names one, and all are to be looked for.
        """
        self.say(MADE)
        self.pods.on("*", "GET", "/v2.1/servers/detail", Reply(200, {"servers": []}))
        self.keyed({"server": {"min_count": 2}})
        (intent,) = self.kept()
        self.assertEqual(("", True), (intent.resource_id, intent.request["several"]))


class RepeatTests(KeyedCase):
    """
    Later ones with the same key.
    """

    def test_replayed(self) -> None:
        """
        The first answer is given again, marked as such, and no pod is asked.
        """
        fields = [
            (b"content-type", b"application/json"),
            (b"location", b"https://x"),
            (b"vary", b"OpenStack-API-Version"),
            (b"x-openstack-request-id", b"req-of-the-first"),
            (b"date", b"today"),
        ]
        self.say(Reply(202, {"server": {"id": S1}}, fields))
        self.keyed()
        again = self.keyed(b'{"server": {"name": "x", "metadata": {"a": "b"}}}')

        self.assertEqual((202, {"server": {"id": S1}}), (again.status, self.shown(again)))
        names = {name for name, _ in again.headers}
        self.assertEqual({b"content-type", b"location", b"vary", b"X-Trio2o-Replayed"}, names)
        self.assertFalse(again.passed_on)
        self.assertEqual(1, len(self.creates()))

    def test_other_requests(self) -> None:
        """
        Another body, microversion or query is another request.
        """
        self.say(MADE)
        self.keyed()
        self.fails(Unprocessable, b'{"server": {}}')
        self.fails(Unprocessable, version=(2, 60))
        self.refused(Unprocessable, "POST", f"{SERVERS}?x=1", BODY, headers=[(b"Idempotency-Key", b"k1")])
        self.assertEqual(1, len(self.creates()))

    def test_quotes(self) -> None:
        """
        A key is the same with and without its quotes.
        """
        self.say(MADE)
        self.keyed(key=b'"k1"')
        self.keyed(key=b"k1")
        self.assertEqual(1, len(self.creates()))

    def test_scopes(self) -> None:
        """
        Another project's, user's or key's create is another.
        """
        self.say(MADE)
        self.keyed()
        self.keyed(key=b"k2")
        self.keyed(context=a_context("compute", project=P2))
        self.assertEqual(3, len(self.creates()))

    def test_over(self) -> None:
        """
        After its time the key is as new.
        """
        self.say(MADE)
        self.keyed()
        self.clock.advance(KEPT)
        self.keyed()
        self.assertEqual(2, len(self.creates()))

    def test_under_way(self) -> None:
        """
        While the first is under way a repeat is 409, and the first goes on.
        """
        self.say(Hang())
        first = self.started("POST", SERVERS, BODY, headers=[(b"Idempotency-Key", b"k1")])
        first.addErrback(lambda failure: None)
        error = self.fails(Conflict)
        self.assertIn((b"Retry-After", b"5"), error.headers)
        self.assertEqual(1, len(self.creates()))
        self.clock.advance(CREATE_BUDGET)

    def test_large_answer(self) -> None:
        """
        An answer that is too large to be kept is not given again, and nothing is made.
        """
        self.say(Reply(202, {"server": {"id": S1, "x": "y" * 70_000}}))
        self.assertEqual(202, self.keyed().status)
        self.assertIn("too large", self.fails(Conflict).message)
        self.assertEqual(1, len(self.creates()))


class FreedTests(KeyedCase):
    """
    What surely made nothing frees its key.
    """

    def freed(self) -> None:
        """
        The key can be used, for something else too.
        """
        self.assertEqual([], self.kept())
        for pod in ("*", "Pod1", "Pod2", "Pod3"):
            self.say(MADE, pod=pod)
        self.assertEqual(202, self.keyed(b'{"server": {"name": "mended"}}').status)

    def test_refusals(self) -> None:
        """
        A pod's refusal is the client's, and the key is free.
        """
        for reply in (CONFLICT, Reply(400), Reply(404), Reply(413), Reply(429), Reply(501), Reply(300)):
            self.say(reply)
            self.assertEqual(reply.status, self.keyed().status)
            self.assertEqual([], self.kept())
        self.freed()

    def test_every_quota(self) -> None:
        """
        The refusal of the last pod frees it as well.
        """
        self.say(QUOTA)
        self.assertEqual(403, self.keyed().status)
        self.freed()

    def test_unreachable(self) -> None:
        """
        Pods that got nothing made nothing.
        """
        self.say(Unreachable())
        self.fails(Unavailable)
        self.freed()

    def test_known_503(self) -> None:
        """
        A 503 by which surely nothing was accepted is a refusal like others.
        """
        self.scheduling = evolve(self.scheduling, refusal_texts=("no server",))
        self.make()
        self.say(Reply(503, b"no server is available"))
        self.assertEqual(503, self.keyed().status)
        self.assertEqual([], self.kept())

    def test_waited_in_vain(self) -> None:
        """
        A create that waited for its turn at the pod, and was never sent, made nothing.
        """
        self.say(lambda _: fail(PodTimeout("Pod1", "no answer within 90 s", sent=False)))
        self.fails(GatewayTimeout)
        self.freed()

    def test_no_pod(self) -> None:
        """
        A create that no pod may take was never sent.
        """
        for pod in (self.pod1, self.pod2, self.pod3):
            self.change_pod(pod, state=PodState.MAINTENANCE)
        self.fails(NoValidPod)
        self.assertEqual([], self.kept())

    def test_no_room_for_the_item(self) -> None:
        """
        A server whose own metadata fits is refused in words that name the key; one whose does not, in Nova's.
        """
        words = "Maximum number of metadata items exceeds 1"
        self.say(Reply(403, {"forbidden": {"code": 403, "message": words}}))
        self.assertIn("Idempotency-Key", self.fails(Forbidden).message)
        answer = self.keyed({"server": {"metadata": {"a": "b", "c": "d"}}})
        self.assertEqual(words, self.shown(answer)["forbidden"]["message"])
        self.freed()

    def test_which_refuse(self) -> None:
        """
        A 408 and most 5xx may come after something was made.
        """
        self.assertEqual(
            [300, 400, 409, 429, 501], [each for each in (300, 400, 409, 429, 501) if refuses(each)]
        )
        self.assertEqual([], [each for each in (200, 202, 408, 500, 502, 503, 504) if refuses(each)])


class UnknownTests(KeyedCase):
    """
    What may have made something keeps its key.
    """

    def stays(self) -> None:
        """
        A repeat is 409, and the pod is to be asked now.
        """
        creates = len(self.creates())
        self.fails(Conflict)
        self.assertEqual(creates, len(self.creates()))
        (intent,) = self.kept()
        self.assertEqual([intent.id], self.due())

    def test_broken(self) -> None:
        """
        A connection that ends.
        """
        self.say(Broken())
        self.fails(BadGateway)
        self.stays()

    def test_silent(self) -> None:
        """
        A pod that says nothing.
        """
        self.say(Hang())
        first = self.started("POST", SERVERS, BODY, headers=[(b"Idempotency-Key", b"k1")])
        self.clock.advance(CREATE_BUDGET)
        self.failureResultOf(first, GatewayTimeout)
        self.stays()

    def test_faults(self) -> None:
        """
        A pod's 500, and the like: the client reads it.
        """
        for number, status in enumerate((500, 502, 503, 504, 408)):
            self.say(Reply(status))
            key = b"key-%d" % number
            self.assertEqual(status, self.keyed(key=key).status)
            self.fails(Conflict, key=key)
        self.assertEqual(5, len(self.due()))

    def test_cut_short(self) -> None:
        """
        An answer that breaks off.
        """
        self.say(Reply(202, None))
        self.fails(BadGateway)
        self.stays()

    def test_unreadable(self) -> None:
        """
        An answer that tells nothing, which is the client's.
        """
        for number, body in enumerate((b"nonsense", {"server": {}}, {"server": {"id": 5}}, [1])):
            self.say(Reply(202, body))
            key = b"key-%d" % number
            self.assertEqual(202, self.keyed(key=key).status)
            self.fails(Conflict, key=key)
        self.assertEqual(4, len(self.due()))

    def test_after_another_pod(self) -> None:
        """
        The pod that may have made it is the one that the intent names.
        """
        self.say(QUOTA, pod="Pod1")
        self.say(Broken(), pod="Pod2")
        self.fails(BadGateway, b'{"server": {"availability_zone": "az1"}}')
        (intent,) = self.kept()
        self.assertEqual("Pod2-id", intent.pod_id)

    def test_without_item(self) -> None:
        """
        What carries no item cannot be asked for: it stays unknown.
        """
        path, headers = f"/v3/{P1}/groups", [(b"Idempotency-Key", b"k1")]
        self.say(Broken(), path=path)
        more: dict[str, Any] = {"surface": "volume", "headers": headers}
        self.refused(BadGateway, "POST", path, {"group": {}}, **more)
        self.refused(Conflict, "POST", path, {"group": {}}, **more)
        self.assertEqual([], self.due())

    def test_mistake(self) -> None:
        """
        A mistake of ours after it was sent keeps the key too.
        """

        def broken(_: object) -> Reply:
            raise ZeroDivisionError

        self.say(broken)
        self.fails(ZeroDivisionError)
        self.stays()


class DatabaseTests(KeyedCase):
    """
    The database goes.
    """

    def test_before(self) -> None:
        """
        Nothing is sent for a key that cannot be stored.
        """
        self.is_bound(self.pod1)
        self.database.available = False
        self.fails(DatabaseUnavailable)
        self.assertEqual([], self.creates())

    def test_before_it_is_sent(self) -> None:
        """
        Nothing is sent to a pod that cannot be written down; the key is freed when the database is back.
        """
        self.is_bound(self.pod1)
        self.watched.begun = lambda intent: setattr(self.database, "available", False)
        self.fails(DatabaseUnavailable)
        self.assertEqual(([], 1), (self.creates(), len(self.kept())))
        self.watched.begun = lambda intent: None
        self.database.available = True
        self.clock.advance(1.0)
        self.assertEqual(([], []), (self.kept(), self.running))

    def test_afterwards(self) -> None:
        """
        The client gets its answer, and a repeat the same one once the database is back.
        """

        def gone(_: object) -> Reply:
            self.database.available = False
            return MADE

        self.is_bound(self.pod1)
        self.say(gone)
        first = self.started("POST", SERVERS, BODY, headers=[(b"Idempotency-Key", b"k1")])
        self.clock.advance(1.0)
        self.assertEqual(202, self.answered(first).status)
        self.clock.advance(0.5)
        self.database.available = True
        self.clock.pump([1.0] * 6)
        again = self.keyed()
        self.assertEqual(S1, self.shown(again)["server"]["id"])
        self.assertEqual(1, len(self.creates()))
        self.assertEqual([], self.running)

    def test_cannot_be_written(self) -> None:
        """
        The client gets the answer of its pod, whatever keeps it from being written down.
        """

        async def broken(*_: object, **more: object) -> bool:
            raise ZeroDivisionError

        self.say(MADE)
        self.watched.make = broken
        self.assertEqual(202, self.keyed().status)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        self.fails(Conflict)

    def test_gives_up(self) -> None:
        """
        A database that stays away is waited for in bounds; the pod will be asked.
        """
        self.is_bound(self.pod1)

        def gone(_: object) -> Reply:
            self.database.available = False
            return CONFLICT

        self.say(gone)
        self.assertEqual(409, self.keyed().status)
        self.clock.pump([1.0, 5.0, 15.0, 60.0])
        self.assertEqual([], self.running)
        self.assertEqual(1, len(self.kept()))

    def test_freed_meanwhile(self) -> None:
        """
        Who was so slow that its intent was freed sends nothing.
        """
        self.say(MADE)
        self.watched.begun = lambda intent: self.done(self.intents.free_intent(intent.id, ""))
        self.fails(Conflict)
        self.assertEqual([], self.creates())

    def test_stale_word(self) -> None:
        """
        Who stood still after the database's word sends nothing: the key may be another's by now.
        """
        self.say(MADE)
        self.watched.tried = lambda: self.clock.advance(6.0)
        self.fails(Conflict)
        self.assertEqual(([], []), (self.creates(), self.kept()))
