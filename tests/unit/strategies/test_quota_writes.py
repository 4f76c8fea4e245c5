"""
The strategy ``quota_write``: limits that are set for all pods.
"""

from __future__ import annotations

from typing import Any

import orjson

from tests.unit.strategies.case import ANSWER_BUDGET, LIMIT, P1, P2, StrategyCase, a_context
from tests.unit.strategies.doubles import Broken, Hang, Reply, Unreachable
from trio2o.errors import BadRequest, BodyTooLarge, GatewayTimeout, Unavailable
from trio2o.exchange import Answer
from trio2o.model import Job, JobQuery, JobState, PodState, QuotaOwner, QuotaScope, QuotaUse
from trio2o.quota.handing import owner_job
from trio2o.storage.memory_quotas import MemoryQuotaUsage

SET = f"/v2.1/os-quota-sets/{P2}"
CLASS = "/v2.1/os-quota-class-sets/default"
VOLUME_SET = f"/v3/{P1}/os-quota-sets/{P2}"
PROJECT = QuotaOwner(service="compute", scope=QuotaScope.PROJECT, scope_id=P2)
VOLUME_PROJECT = QuotaOwner(service="volume", scope=QuotaScope.PROJECT, scope_id=P2)
ADMIN = a_context(roles="admin")
VOLUME_ADMIN = a_context("volume", roles="admin")
THREE = ["Pod1", "Pod2", "Pod3"]


class QuotaWriteTests(StrategyCase):
    """
    Three pods that take everything.
    """

    def setUp(self) -> None:
        super().setUp()
        self.quota_usage = MemoryQuotaUsage(self.database)
        self.make()
        for path, key in ((SET, "quota_set"), (VOLUME_SET, "quota_set"), (CLASS, "quota_class_set")):
            self.pods.on("*", "PUT", path, Reply(200, {key: {"cores": 20, "ram": 1, "volumes": 10}}))
            self.pods.on("*", "DELETE", path, Reply(202))

    def put(self, target: str = SET, **limits: Any) -> Answer:
        """
        Set limits of Nova's.
        """
        return self.asked("PUT", target, {"quota_set": limits}, context=ADMIN)

    def stored(self, owner: QuotaOwner = PROJECT) -> dict[str, int]:
        """
        What the database has.
        """
        return dict(self.done(self.quota_store.limits_of([owner])).get(owner, {}))

    def jobs_left(self) -> list[Job]:
        """
        The jobs that are to be done.
        """
        found = self.done(self.jobs.list_jobs(JobQuery(state=JobState.WAITING)))
        return list(found)

    def test_everywhere(self) -> None:
        """
        What the judge accepts is stored and given to the others, as it was sent; nothing is left to do. The judge's answer has
        the numbers that hold.
        """
        answer = self.put(cores="40")
        self.assertEqual({"cores": 40, "ram": 1, "volumes": 10}, self.shown(answer)["quota_set"])
        self.assertEqual({"cores": 40}, self.stored())
        self.assertEqual(THREE, self.pods.asked("PUT"))
        self.assertEqual({b'{"quota_set":{"cores":"40"}}'}, {called.body for called in self.pods.calls})
        self.assertEqual(("Pod1", "Pod2", "Pod3"), answer.pods)
        self.assertEqual([], self.jobs_left())
        self.put(ram=9, later=3)
        self.assertEqual({"cores": 40, "ram": 9, "later": 3}, self.stored())

    def test_judge_fails(self) -> None:
        """
        What a judge that fails has taken over is not known: it is given what is stored.
        """
        self.pods.on("Pod1", "PUT", SET, Reply(500, {"computeFault": {"code": 500}}))
        self.assertEqual(500, self.put(cores=5).status)
        self.assertEqual([owner_job(PROJECT).key], [job.key for job in self.jobs_left()])
        self.assertEqual({}, self.stored())

    def test_refused_by_the_judge(self) -> None:
        """
        What the judge refuses is asked of nobody else, and changes nothing.
        """
        for body in ({"quota_set": {"cores": 5}}, {"quota_set": {"cores": "x"}}, {}, [], b"{"):
            self.pods.calls.clear()
            self.pods.on("Pod1", "PUT", SET, Reply(403, {"forbidden": {"code": 403}}))
            answer = self.asked("PUT", SET, body, context=ADMIN)
            self.assertEqual((403, ["Pod1"]), (answer.status, self.pods.asked("PUT")))
        self.assertEqual(({}, []), (self.stored(), self.jobs_left()))

    def test_deleted(self) -> None:
        """
        A project's limits are deleted everywhere, with those of its users; a user's alone where one is named.
        """
        user = QuotaOwner(service="compute", scope=QuotaScope.USER, scope_id=P2, user_id="u2")
        self.put(cores=9)
        self.put(f"{SET}?user_id=u2", cores=3)
        self.assertEqual({"cores": 3}, self.stored(user))
        self.assertEqual(202, self.asked("DELETE", f"{SET}?user_id=u2", context=ADMIN).status)
        self.assertEqual(({"cores": 9}, {}), (self.stored(), self.stored(user)))
        self.put(f"{SET}?user_id=u2", cores=3)
        self.asked("DELETE", SET, context=ADMIN)
        self.assertEqual(({}, {}), (self.stored(), self.stored(user)))
        self.assertEqual(6, len(self.pods.asked("DELETE")))

    def test_class(self) -> None:
        """
        A quota class, whose use nobody looks at.
        """
        answer = self.asked("PUT", CLASS, {"quota_class_set": {"cores": 1}}, context=ADMIN)
        owner = QuotaOwner(service="compute", scope=QuotaScope.CLASS, scope_id="default")
        self.assertEqual({"cores": 1}, self.stored(owner))
        self.assertEqual(1, self.shown(answer)["quota_class_set"]["cores"])
        self.assertEqual(THREE, self.pods.asked())

    def test_pod_away(self) -> None:
        """
        A pod that does not answer, or does not take it, gets it by a job that begins at once; the client has it set.
        """
        for script in (Unreachable(), Broken(), Reply(500), Reply(409)):
            self.pods.on("Pod3", "PUT", SET, script)
            with self.subTest(script=script):
                answer = self.put(cores=5)
                self.assertEqual((200, ("Pod1", "Pod2")), (answer.status, answer.pods))
                (job,) = self.jobs_left()
                self.assertEqual(owner_job(PROJECT).key, job.key)
                self.assertLessEqual(job.due_at, self.database.now())  # type: ignore[operator]
                self.done(self.jobs.cancel(job.id))

    def test_unhealthy_pod(self) -> None:
        """
        The judge is the first pod that is healthy; without one there is none to judge.
        """
        self.pods.sick |= {"Pod1-id/compute"}
        self.pods.on("Pod1", "PUT", SET, Unreachable())
        self.put(cores=5)
        self.assertEqual("Pod2", self.pods.asked()[0])
        self.assertEqual(1, len(self.jobs_left()))
        self.pods.sick |= {"Pod2-id/compute", "Pod3-id"}
        self.refused(Unavailable, "PUT", SET, {"quota_set": {}}, context=ADMIN)

    def test_disabled(self) -> None:
        """
        A disabled pod is not asked.
        """
        self.pod1 = self.change_pod(self.pod1, state=PodState.DISABLED)
        self.put(cores=5)
        self.assertEqual(["Pod2", "Pod3"], self.pods.asked())

    def test_silent_judge(self) -> None:
        """
        Where the judge does not answer nothing is stored, and a job looks what came of it.
        """
        self.pods.on("Pod1", "PUT", SET, Hang())
        started = self.started("PUT", SET, {"quota_set": {"cores": 5}}, context=ADMIN)
        self.clock.advance(ANSWER_BUDGET)
        self.failureResultOf(started, GatewayTimeout)
        (job,) = self.jobs_left()
        assert job.due_at is not None
        self.assertEqual(({}, 5.0), (self.stored(), (job.due_at - self.database.now()).total_seconds()))

    def test_unreached_judge(self) -> None:
        """
        What the judge surely did not get leaves nothing to do.
        """
        self.pods.on("Pod1", "PUT", SET, Unreachable())
        self.refused(Unavailable, "PUT", SET, {"quota_set": {"cores": 5}}, context=ADMIN)
        self.assertEqual(({}, []), (self.stored(), self.jobs_left()))

    def test_database_away(self) -> None:
        """
        With the database away nothing is sent that changes anything.
        """
        self.everybody_says(200, f"{SET}/detail", {"quota_set": {}})
        self.database.available = False
        error = self.refused(Unavailable, "PUT", SET, {"quota_set": {"cores": 5}}, context=ADMIN)
        self.assertEqual(((b"Retry-After", b"10"),), error.headers)
        self.assertEqual([], self.pods.asked("PUT"))

    def test_database_lost(self) -> None:
        """
        Where the database goes away while the judge is asked the client hears that it is not stored; the job, once the
        database is back, gives the judge what is.
        """

        def lost(call: object) -> Reply:
            self.database.available = False
            return Reply(200, {"quota_set": {}})

        self.pods.on("Pod1", "PUT", SET, lost)
        self.refused(Unavailable, "PUT", SET, {"quota_set": {"cores": 5}}, context=ADMIN)
        self.assertEqual(["Pod1"], self.pods.asked())
        self.database.available = True
        self.assertEqual(({}, 1), (self.stored(), len(self.jobs_left())))

    def test_two_at_once(self) -> None:
        """
        Where somebody else set limits of the same project meanwhile, pods may have either: a job looks at once.
        """

        def meanwhile(call: object) -> Reply:
            self.done(self.jobs.enqueue(owner_job(PROJECT)))
            (job,) = self.jobs_left()
            self.done(self.jobs.withdraw(job.kind, job.key, job.generation))
            return Reply(200, {"quota_set": {}})

        self.pods.on("Pod2", "PUT", SET, meanwhile)
        self.put(cores=5)
        (job,) = self.jobs_left()
        self.assertLessEqual(job.due_at, self.database.now())  # type: ignore[operator]

    def test_below_use(self) -> None:
        """
        A limit below what is used over all pods is refused in Nova's words, and nothing is changed; with ``force`` it is set.
        """
        assert self.quota_usage is not None
        self.quota_usage.uses["compute", P2, ""] = {"cores": QuotaUse(used=6, reserved=1)}
        error = self.refused(BadRequest, "PUT", SET, {"quota_set": {"cores": 6}}, context=ADMIN)
        self.assertEqual(
            "Quota limit 6 for cores must be greater than or equal to already used and reserved 7.",
            error.message,
        )
        self.assertEqual([b'{"quota_set":{}}'], [called.body for called in self.pods.calls])
        self.assertEqual(({}, []), (self.stored(), self.jobs_left()))
        self.assertEqual(200, self.put(cores=6, force=True).status)
        self.assertEqual({"cores": 6}, self.stored())

    def test_below_use_by_anybody(self) -> None:
        """
        Who may not set limits hears that, and nothing of what others use.
        """
        assert self.quota_usage is not None
        self.quota_usage.uses["compute", P2, ""] = {"cores": QuotaUse(used=6)}
        self.pods.on("*", "PUT", SET, Reply(403, {"forbidden": {}}))
        self.assertEqual(403, self.asked("PUT", SET, {"quota_set": {"cores": 5}}).status)
        self.quota_usage = None
        self.make()
        self.assertEqual(403, self.asked("PUT", SET, {"quota_set": {"cores": 5}}).status)
        self.assertEqual([], self.pods.asked("GET"))

    def test_by_anybody_who_may(self) -> None:
        """
        Whom the pods let set limits is held to what is used, administrator or not.
        """
        assert self.quota_usage is not None
        self.quota_usage.uses["compute", P2, ""] = {"cores": QuotaUse(used=6)}
        self.refused(BadRequest, "PUT", SET, {"quota_set": {"cores": 5}})
        self.assertEqual(200, self.asked("PUT", SET, {"quota_set": {"cores": 6}}).status)

    def test_below_use_of_all(self) -> None:
        """
        Where nobody counts, the pods are asked what is used.
        """
        self.quota_usage = None
        self.make()
        self.everybody_says(
            200, f"{SET}/detail", {"quota_set": {"cores": {"limit": 9, "in_use": 2, "reserved": 0}}}
        )
        error = self.refused(BadRequest, "PUT", SET, {"quota_set": {"cores": 5}}, context=ADMIN)
        self.assertIn("already used and reserved 6", error.message)
        self.everybody_says(403, f"{SET}/detail", {"forbidden": {}})
        self.assertEqual(200, self.put(cores=5).status)

    def test_users(self) -> None:
        """
        A user's limit is a part of the project's, and the project's holds them.
        """
        self.put(cores=10)
        self.put(f"{SET}?user_id=u2", cores=6)
        error = self.refused(
            BadRequest, "PUT", f"{SET}?user_id=u3", {"quota_set": {"cores": 5}}, context=ADMIN
        )
        self.assertEqual("Quota limit 5 for cores must be less than or equal to 4.", error.message)
        error = self.refused(BadRequest, "PUT", SET, {"quota_set": {"cores": 5}}, context=ADMIN)
        self.assertEqual(
            "Quota limit 5 for cores must be greater than or equal to already used and reserved 6.",
            error.message,
        )

    def test_cinder(self) -> None:
        """
        Cinder looks at the use of what the project was given a limit of before.
        """
        assert self.quota_usage is not None
        self.quota_usage.uses["volume", P2, ""] = {"volumes": QuotaUse(used=6)}
        for limit in (3, 7):
            answer = self.asked("PUT", VOLUME_SET, {"quota_set": {"volumes": limit}}, context=VOLUME_ADMIN)
            self.assertEqual(limit, self.shown(answer)["quota_set"]["volumes"])
        error = self.refused(
            BadRequest, "PUT", VOLUME_SET, {"quota_set": {"volumes": 5}}, context=VOLUME_ADMIN
        )
        self.assertIn("Current usage is 6 and the requested limit is 5.", error.message)
        self.assertEqual(orjson.dumps({"quota_set": {"tenant_id": ""}}), self.pods.last.body)
        self.assertEqual({"volumes": 7}, self.stored(VOLUME_PROJECT))

    def test_nobody(self) -> None:
        """
        What no project can be called is none, and reaches no pod.
        """
        for named in ("a%0Ab", "%00", "x" * 300):
            error = self.refused(
                BadRequest, "PUT", f"/v2.1/os-quota-sets/{named}", {"quota_set": {"cores": 1}}, context=ADMIN
            )
            self.assertTrue(error.message.endswith("is not a valid project."))
        self.assertEqual([], self.pods.calls)

    def test_large_body(self) -> None:
        """
        A body beyond the limit reaches nobody.
        """
        self.refused(BodyTooLarge, "PUT", SET, b"x" * (LIMIT + 1), context=ADMIN)
        self.assertEqual([], self.pods.calls)

    def test_client_leaves(self) -> None:
        """
        What was begun is carried out whoever listens.
        """
        self.pods.on("Pod2", "PUT", SET, Hang())
        started = self.started("PUT", SET, {"quota_set": {"cores": 5}}, context=ADMIN)
        started.cancel()
        self.clock.advance(ANSWER_BUDGET)
        self.failureResultOf(started)
        self.assertEqual(({"cores": 5}, 1, []), (self.stored(), len(self.jobs_left()), self.running))
