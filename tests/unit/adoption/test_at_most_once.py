"""
One key, any misfortune: repeats, pods that fail before and after they have made a server, a database that comes and goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from attrs import frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.adoption.case import NOVA_SERVICES, MemoryServiceToken, OwnIdentity
from tests.unit.strategies.case import CREATE_BUDGET, StrategyCase, an_id
from tests.unit.strategies.doubles import Broken, Hang, OwnTokens, Reply, Unreachable
from tests.unit.strategies.test_schedule import CONFLICT, QUOTA, SERVERS
from trio2o.adoption.intents import IntentReconciler
from trio2o.adoption.marked import MarkedResources
from trio2o.adoption.questions import PodQuestions
from trio2o.errors import DatabaseUnavailable, GatewayError
from trio2o.exchange import Answer
from trio2o.intents import ITEM

DETAIL = "/v2.1/servers/detail"
#: The server is in lists so many seconds after its pod has begun to make it.
LATE = 25.0
PODS = ("Pod1", "Pod2")

#: What a pod may do with a create: whether it makes the server, and what it says then.
DEEDS: dict[str, tuple[bool, Any]] = {
    "accepts": (True, None),
    "accepts, and the answer is lost": (True, Broken()),
    "accepts, and says nothing": (True, Hang()),
    "accepts, and fails": (True, Reply(500)),
    "accepts, and the answer is cut short": (True, Reply(202, None)),
    "accepts, and the answer is nonsense": (True, Reply(202, b"?")),
    "loses the request": (False, Broken()),
    "says nothing": (False, Hang()),
    "fails": (False, Reply(503)),
    "refuses": (False, CONFLICT),
    "has no room": (False, QUOTA),
    "cannot be reached": (False, Unreachable()),
}


@frozen(kw_only=True)
class Round:
    """
    One request, and what it meets.
    """

    #: What each pod does with a create, whether it lists its servers, and whether it lists new ones late.
    deeds: tuple[str, str]
    lists: tuple[bool, bool]
    late: tuple[bool, bool]
    #: Whether the database is there before, and once a pod has got the create.
    database: tuple[bool, bool]
    #: Whether another process is elected meanwhile.
    restart: bool
    #: Seconds until the next request.
    wait: float


mostly = st.sampled_from([True, True, True, False])
rounds = st.builds(
    Round,
    deeds=st.tuples(st.sampled_from(sorted(DEEDS)), st.sampled_from(sorted(DEEDS))),
    lists=st.tuples(mostly, mostly),
    late=st.tuples(st.booleans(), st.booleans()),
    database=st.tuples(mostly, mostly),
    restart=st.booleans(),
    wait=st.sampled_from([0.0, 0.5, 3.0, 20.0, 100.0, 130.0]),
)


class World(StrategyCase):
    """
    Two Novas whose servers are real enough, the gateway before them, and its elected process.
    """

    every_answer_is_used = False

    def begin(self) -> None:
        """
        All is well, and nothing made.
        """
        self.setUp()
        self.is_bound(self.pod1)
        #: Pod to its servers, each with the moment from which on it is listed.
        self.made: dict[str, list[tuple[float, dict[str, Any]]]] = {pod: [] for pod in PODS}
        self.deeds = dict.fromkeys(PODS, "accepts")
        self.listing = dict.fromkeys(PODS, True)
        self.late = dict.fromkeys(PODS, False)
        self.stays = True
        self.answers: list[Answer] = []
        self.pods.on("*", "GET", NOVA_SERVICES, Reply(body={"services": []}))
        for pod in PODS:
            self.pods.on(pod, "POST", SERVERS, lambda call, pod=pod: self.create(pod, call))
            self.pods.on(pod, "GET", DETAIL, lambda call, pod=pod: self.listed(pod, call))
            self.pods.on(pod, "DELETE", "*", lambda call, pod=pod: self.unmark(pod, call))
        self.elect()

    def elect(self) -> None:
        """
        Another process is the elected one.
        """
        questions = PodQuestions(
            pods=self.pods,
            own=MemoryServiceToken(),
            tokens=OwnIdentity(),
            pod_tokens=OwnTokens(),
            clock=self.clock,
            answer_limit=1_000_000,
        )
        self.reconciler = IntentReconciler(
            intents=self.intents,
            routes=self.route_store,
            state=self.state,
            marked=MarkedResources(questions=questions, clock=self.clock),
            clock=self.clock,
            settle_seconds=CREATE_BUDGET + LATE + 1.0,
        )
        self.reconciler.startService()

    def create(self, pod: str, call: Any) -> Any:
        """
        A pod gets the create.
        """
        self.database.available = self.stays
        makes, says = DEEDS[self.deeds[pod]]
        sent = orjson.loads(call.body)["server"]
        number = 1 + sum(len(servers) for servers in self.made.values())
        if makes:
            listed = self.clock.seconds() + (LATE if self.late[pod] else 0.0)
            server = {"id": an_id(number), "status": "ACTIVE", "metadata": dict(sent["metadata"])}
            self.made[pod].append((listed, server))
        return Reply(202, {"server": {"id": an_id(number)}}) if says is None else says

    def listed(self, pod: str, call: Any) -> Any:
        """
        A pod lists its servers, or does not.
        """
        if not self.listing[pod]:
            return Broken()
        now = self.clock.seconds()
        shown = [server for listed, server in self.made[pod] if listed <= now]
        return Reply(body={"servers": [] if b"marker=" in call.target else shown})

    def unmark(self, pod: str, call: Any) -> Any:
        """
        A pod takes the item off a server.
        """
        for _, server in self.made[pod]:
            if server["id"].encode() in call.target:
                server["metadata"].pop(ITEM, None)
        return Reply(204)

    def post(self) -> Deferred[None]:
        """
        Send the request once more.
        """

        def failed(failure: Failure) -> None:
            failure.trap(GatewayError, DatabaseUnavailable)

        headers = [(b"Idempotency-Key", b"k1")]
        started = self.started("POST", SERVERS, b'{"server": {"metadata": {}}}', headers=headers)
        return started.addCallbacks(self.answers.append, failed)

    def take(self, one: Round) -> None:
        """
        Let one round happen.
        """
        self.deeds = dict(zip(PODS, one.deeds, strict=True))
        self.listing = dict(zip(PODS, one.lists, strict=True))
        self.late = dict(zip(PODS, one.late, strict=True))
        self.database.available, self.stays = one.database
        self.post()
        if one.restart:
            self.reconciler.stopService()
            self.elect()
        self.clock.pump([0.5] * int(2 * one.wait))

    def servers(self) -> list[dict[str, Any]]:
        """
        All that was ever made.
        """
        return [server for servers in self.made.values() for _, server in servers]


class AtMostOnceTests(SynchronousTestCase):
    """
    What holds whatever happens.
    """

    def holds(self, rounds: Sequence[Round]) -> None:
        """
        There is never a second server; every answer that names one names it; and when all is well again the key gives it,
        with its route and without its item.
        """
        world = World()
        world.begin()
        for one in rounds:
            world.take(one)
            self.assertLessEqual(len(world.servers()), 1)
        world.database.available = world.stays = True
        world.deeds = dict.fromkeys(PODS, "accepts")
        world.listing = dict.fromkeys(PODS, True)
        world.clock.pump([0.5] * int(4 * (CREATE_BUDGET + LATE)))
        world.post()
        world.clock.pump([0.5] * 60)
        world.reconciler.stopService()

        (server,) = world.servers()
        for answer in world.answers:
            if answer.status == 202 and answer.body != b"?":
                self.assertEqual(server["id"], world.shown(answer)["server"]["id"])
        self.assertEqual(202, world.answers[-1].status)
        self.assertNotEqual(b"?", world.answers[-1].body)
        self.assertEqual([server["id"]], [resource_id for resource_id, _ in world.database.routes])
        self.assertEqual({}, server["metadata"])
        self.assertEqual([], world.running)

    def test_each_deed(self) -> None:
        """
        It holds whatever the pods do with the first create, alone.
        """
        for deed in DEEDS:
            for late in (False, True):
                one = Round(
                    deeds=(deed, deed),
                    lists=(True, True),
                    late=(late, late),
                    database=(True, True),
                    restart=False,
                    wait=3.0,
                )
                self.holds([one])

    @settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(rounds, min_size=1, max_size=5))
    def test_whatever_happens(self, rounds: list[Round]) -> None:
        """
        It holds over several rounds, with pods that do not list, a database that comes and goes, and elections.
        """
        self.holds(rounds)
