"""
Writes of quotas whose limits are Keystone's.
"""

from __future__ import annotations

from typing import Any

from tests.unit.strategies.case import P1, P2, StrategyCase, a_context
from tests.unit.strategies.doubles import Broken, Reply
from trio2o.errors import GatewayError, Unavailable
from trio2o.exchange import Answer
from trio2o.model import JobQuery, QuotaOwner, QuotaScope
from trio2o.quota.unified import REGISTERED
from trio2o.state.quota_limits import QuotaLimitBook
from trio2o.storage.memory_quotas import MemoryQuotaUsage

SET = f"/v2.1/os-quota-sets/{P2}"
CLASS = "/v2.1/os-quota-class-sets/gold"
VOLUME_SET = f"/v3/{P1}/os-quota-sets/{P2}"
ADMIN = a_context(roles="admin")
SHOWN = {"cores": 7, "ram": 0}


class UnifiedQuotaWriteTests(StrategyCase):
    """
    Three pods that take everything.
    """

    def setUp(self) -> None:
        super().setUp()
        self.quota_book = QuotaLimitBook(unified=frozenset({"compute"}))
        self.quota_usage = MemoryQuotaUsage(self.database)
        self.done(self.quota_store.set_limits(REGISTERED, {"cores": 7}))
        self.make()
        for path, key in ((SET, "quota_set"), (VOLUME_SET, "quota_set"), (CLASS, "quota_class_set")):
            self.pods.on("*", "PUT", path, Reply(200, {key: {"cores": 20, "ram": 1, "volumes": 10}}))
            self.pods.on("*", "DELETE", path, Reply(202))

    def put(self, body: Any, target: str = SET, **more: Any) -> Answer:
        """
        Ask for limits.
        """
        return self.asked("PUT", target, body, context=ADMIN, **more)

    def jobs_enqueued(self) -> list[str]:
        """
        The keys of all jobs.
        """
        return [job.key for job in self.done(self.jobs.list_jobs(JobQuery()))]

    def sent(self) -> list[bytes]:
        """
        The bodies that a pod got.
        """
        return [bytes(called.body or b"") for called in self.pods.calls]

    def test_nothing_is_set(self) -> None:
        """
        A right body is answered with what Keystone has, after a pod had nothing to object; no pod is given anything.
        """
        for target, key, fields in (
            (SET, "quota_set", {"cores": 40}),
            (SET, "quota_set", {"cores": "40", "force": True}),
            (f"{SET}?user_id=u", "quota_set", {}),
            (CLASS, "quota_class_set", {"cores": 40}),
        ):
            self.pods.calls.clear()
            answer = self.put({key: fields}, target)
            self.assertEqual(SHOWN, {name: self.shown(answer)[key][name] for name in SHOWN}, target)
            self.assertEqual((["Pod1"], [b'{"%s":{}}' % key.encode()]), (self.pods.asked("PUT"), self.sent()))
        self.assertEqual([REGISTERED], list(self.done(self.quota_store.all_limits())))
        self.assertEqual([], self.jobs_enqueued())

    def test_refused(self) -> None:
        """
        Who may not, and what is wrong with a body, is a pod's to say: of names that it lacks at the microversion, too.
        """
        wrong: list[Any] = [
            {"quota_set": {"cores": "x"}},
            {"quota_set": {"later": 1}},
            {"quota_set": {"cores": 1, "force": "maybe"}},
            {"quota_set": {"cores": 1}, "x": 1},
            {},
            b"{",
        ]
        for body in wrong:
            self.pods.calls.clear()
            self.pods.on(
                "Pod1",
                "PUT",
                SET,
                Reply(200, {"quota_set": {"cores": 20}}),
                Reply(400, {"badRequest": {"code": 400}}),
            )
            self.assertEqual((400, 2), (self.put(body).status, len(self.sent())), body)
        self.pods.on("Pod1", "PUT", SET, Reply(403, {"forbidden": {"code": 403}}))
        self.assertEqual(403, self.put({"quota_set": {"cores": 1}}).status)

    def test_given_back(self) -> None:
        """
        A pod that takes over what nobody here understands, or forgets what it was given, is given what holds again.
        """
        answer = self.put({"quota_set": {"later": 1}})
        self.assertEqual(7, self.shown(answer)["quota_set"]["cores"])
        self.assertEqual([f"compute:project:{P2}"], self.jobs_enqueued())
        (job,) = self.done(self.jobs.list_jobs(JobQuery()))
        self.assertEqual(self.database.now(), job.due_at)
        self.assertEqual(202, self.asked("DELETE", SET, context=ADMIN).status)
        self.assertEqual(["Pod1"], self.pods.asked("DELETE"))
        self.assertEqual(1, len(self.jobs_enqueued()))

    def test_cinder(self) -> None:
        """
        Cinder's are set here in any case.
        """
        context = a_context("volume", roles="admin")
        answer = self.asked(
            "PUT", VOLUME_SET, {"quota_set": {"volumes": 4}}, surface="volume", context=context
        )
        self.assertEqual(4, self.shown(answer)["quota_set"]["volumes"])
        owner = QuotaOwner(service="volume", scope=QuotaScope.PROJECT, scope_id=P2)
        self.assertEqual({"volumes": 4}, self.done(self.quota_store.all_limits())[owner])

    def test_away(self) -> None:
        """
        With the pod that judges gone, or the database where a pod would have to be given something back, it is an error.
        """
        self.pods.on("Pod1", "PUT", SET, Broken())
        self.refused(GatewayError, "PUT", SET, {"quota_set": {"cores": 1}}, context=ADMIN)
        self.database.available = False
        self.refused(Unavailable, "DELETE", SET, context=ADMIN)
        self.assertEqual([], self.pods.asked("DELETE"))
