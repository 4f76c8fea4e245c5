"""
The strategy ``every``: writes that all pods get.
"""

from __future__ import annotations

from attrs import evolve

from tests.unit.strategies.case import ANSWER_BUDGET, LIMIT, P1, StrategyCase, a_context
from tests.unit.strategies.doubles import Broken, Hang, Reply, Unreachable
from trio2o.errors import BadGateway, BodyTooLarge, GatewayTimeout, Unavailable
from trio2o.model import PodState

SET_LOG = f"/v3/{P1}/os-services/set-log"
CLEANUP = f"/v3/{P1}/workers/cleanup"
BODY = {"level": "debug"}
ADMIN = a_context("volume", roles="admin")


class EveryTests(StrategyCase):
    """
    Levels of logs are set, and workers cleaned up.
    """

    def test_all(self) -> None:
        """
        Every pod gets the same body; the answer is the first one's.
        """
        self.pods.on("*", "PUT", SET_LOG, Reply(200, {"level": "info"}))
        self.pods.on("Pod1", "PUT", SET_LOG, Reply(200, BODY))

        answer = self.asked("PUT", SET_LOG, BODY, context=ADMIN)

        self.assertEqual((200, BODY), (answer.status, self.shown(answer)))
        self.assertEqual(("Pod1", "Pod2", "Pod3"), answer.pods)
        self.assertEqual(1, len({called.body for called in self.pods.calls}))

    def test_refusal(self) -> None:
        """
        What the first pod refuses reaches no other one.
        """
        self.pods.on("*", "PUT", SET_LOG, Reply(403, {"forbidden": {}}))
        self.assertEqual(403, self.asked("PUT", SET_LOG, BODY, context=ADMIN).status)
        self.assertEqual(["Pod1"], self.pods.asked())

    def test_later_refusal(self) -> None:
        """
        What a later pod refuses is told: it does not hold there.
        """
        self.pods.on("*", "PUT", SET_LOG, Reply(200, BODY))
        self.pods.on("Pod2", "PUT", SET_LOG, Reply(400, {"badRequest": {}}))
        self.assertEqual(400, self.asked("PUT", SET_LOG, BODY, context=ADMIN).status)

    def test_silence(self) -> None:
        """
        A pod that does not answer is told too.
        """
        self.pods.on("*", "PUT", SET_LOG, Reply(200, BODY))
        for script, error in ((Unreachable(), Unavailable), (Broken(), BadGateway)):
            self.pods.on("Pod3", "PUT", SET_LOG, script)
            self.refused(error, "PUT", SET_LOG, BODY, context=ADMIN)

    def test_what_came_of_it(self) -> None:
        """
        The others are asked side by side, whatever one of them says: two pods' time in all. Admins read where it is done.
        """
        self.pods.on("*", "PUT", SET_LOG, Hang())
        self.pods.on("Pod1", "PUT", SET_LOG, Reply(200, BODY))

        started = self.started("PUT", SET_LOG, BODY, context=ADMIN)
        self.assertEqual(["Pod1", "Pod2", "Pod3"], self.pods.asked())
        self.clock.advance(ANSWER_BUDGET)

        error = self.failureResultOf(started, GatewayTimeout).value
        self.assertEqual(
            "Pod2: no answer within 60 s; Pod3: no answer within 60 s; done in Pod1", error.admin_detail
        )

    def test_slow_pod(self) -> None:
        """
        A pod's own answer timeout is its budget.
        """
        slow = evolve(self.pod2.settings, answer_timeout=7.0)
        self.change_pod(self.pod2, settings=slow)
        self.pods.on("*", "PUT", SET_LOG, Reply(200, BODY))

        self.asked("PUT", SET_LOG, BODY, context=ADMIN)

        self.assertEqual([60.0, 7.0, 60.0], [called.call.budget for called in self.pods.calls])

    def test_joined(self) -> None:
        """
        Lists in the answers are put together, of those pods that have something to do.
        """
        self.pods.on("Pod1", "POST", CLEANUP, Reply(400, {"badRequest": {}}))
        self.pods.on("Pod2", "POST", CLEANUP, Reply(202, {"cleaning": [{"id": 1}], "unavailable": []}))
        self.pods.on(
            "Pod3", "POST", CLEANUP, Reply(202, {"cleaning": [{"id": 2}], "unavailable": [{"id": 3}]})
        )

        answer = self.asked("POST", CLEANUP, {}, context=ADMIN)

        self.assertEqual(202, answer.status)
        self.assertEqual({"cleaning": [{"id": 1}, {"id": 2}], "unavailable": [{"id": 3}]}, self.shown(answer))

    def test_nothing_to_do(self) -> None:
        """
        Where no pod has anything to do, the first one says so.
        """
        self.pods.on("*", "POST", CLEANUP, Reply(400, {"badRequest": {}}))
        answer = self.asked("POST", CLEANUP, {}, context=ADMIN)
        self.assertEqual((400, ("Pod1",)), (answer.status, answer.pods))

    def test_strange_answer(self) -> None:
        """
        What is no JSON object joins nothing and spoils nothing.
        """
        self.pods.on("*", "POST", CLEANUP, Reply(202, b"x"))
        self.assertEqual(b"x", self.asked("POST", CLEANUP, {}, context=ADMIN).body)

    def test_pods(self) -> None:
        """
        Disabled pods are left out; without any other there is nobody to tell.
        """
        self.pods.on("*", "PUT", SET_LOG, Reply(200, BODY))
        self.pod1 = self.change_pod(self.pod1, state=PodState.DISABLED)
        self.asked("PUT", SET_LOG, BODY, context=ADMIN)
        self.assertEqual(["Pod2", "Pod3"], self.pods.asked())
        self.has_pods(self.pod1)
        self.refused(Unavailable, "PUT", SET_LOG, BODY, context=ADMIN)

    def test_large_body(self) -> None:
        """
        A body beyond the limit reaches nobody.
        """
        self.refused(BodyTooLarge, "PUT", SET_LOG, b"x" * (LIMIT + 1), context=ADMIN)
        self.assertEqual([], self.pods.calls)
