"""
Creates that tell why they went where they went.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred

from tests.unit.strategies.case import S1, StrategyCase, a_context
from tests.unit.strategies.doubles import Reply
from trio2o.errors import GatewayError
from trio2o.scheduling.binding_move import Move
from trio2o.scheduling.explaining import Explanation

SERVERS = "/v2.1/servers"
BODY = b'{"server": {"availability_zone": "az1"}}'
QUOTA = Reply(403, {"forbidden": {"code": 403, "message": "Quota exceeded for instances"}})


class ToldTests(StrategyCase):
    """
    Creates that are asked why.
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods.on("*", "POST", SERVERS, Reply(202, {"server": {"id": S1}}))

    def told(self, target: str, body: Any) -> list[Explanation]:
        """
        What a create tells of itself, in the order in which it does.
        """
        explained, creating = self.begun(target, body)
        creating.addErrback(lambda failure: failure.trap(GatewayError))
        self.successResultOf(creating)
        return explained

    def begun(self, target: str, body: Any) -> tuple[list[Explanation], Deferred[Any]]:
        """
        The same of one that is under way, which may fail.
        """
        explained: list[Explanation] = []
        inbound = evolve(self.inbound("POST", target, body), explain=explained.append)
        strategy = self.strategies[inbound.operation.strategy]
        return explained, Deferred.fromCoroutine(strategy.carry_out(inbound, a_context()))

    def test_first(self) -> None:
        """
        The ranking, and that a binding is made; then that it stays.
        """
        first = self.told(SERVERS, BODY)[-1]
        second = self.told(SERVERS, BODY)[-1]

        self.assertEqual([ranked.pod.name for ranked in first.ranking.ordered], ["Pod1", "Pod2"])
        self.assertEqual([dropped.pod.name for dropped in first.ranking.dropped], ["Pod3"])
        self.assertEqual((first.move.move, second.move.move), (Move.CREATE, Move.NOTHING))
        stickiness = [told.ranking.ordered[0].weights["binding"].raw for told in (first, second)]
        self.assertEqual([0.0, 1.0], stickiness)

    def test_bound_meanwhile(self) -> None:
        """
        A pod that takes nothing any more once the project is bound to it: the ranking without it is told.
        """
        self.bindings.holding = True
        explained, creating = self.begun(SERVERS, BODY)
        self.pods.sick = {"Pod1-id"}
        self.bindings.let_go()
        self.successResultOf(creating)

        self.assertEqual([told.ranking.pods[0].name for told in explained], ["Pod1", "Pod2"])

    def test_fallen_back(self) -> None:
        """
        Pods that surely did not accept are told, and that no binding moves.
        """
        self.pods.on("Pod1", "POST", SERVERS, QUOTA)
        told = self.told(SERVERS, BODY)[-1]

        self.assertEqual([pod.name for pod in told.failed], ["Pod1"])
        self.assertEqual(told.ranking.pods[0].name, "Pod1")
        self.assertIs(told.move.move, Move.NOTHING)

    def test_nobody(self) -> None:
        """
        Where no pod is left, it is told which filters dropped them.
        """
        self.pods.sick = {"Pod1-id", "Pod2-id"}
        [told] = self.told(SERVERS, BODY)

        self.assertEqual(told.ranking.pods, ())
        self.assertEqual(
            [(dropped.pod.name, dropped.filter_name) for dropped in told.ranking.dropped],
            [("Pod1", "health"), ("Pod2", "health"), ("Pod3", "availability_zone")],
        )
