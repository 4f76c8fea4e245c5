"""
What a pod says of a project's quota.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.usage.test_questions import POD, Answer
from trio2o.errors import PodBroken
from trio2o.model import Pod, QuotaLeft
from trio2o.usage.quotas import QuotaQuestions

#: As a Nova and a Cinder of 2026 answer.
SERVERS = {
    "quota_set": {
        "id": "p",
        "instances": {"in_use": 3, "limit": 10, "reserved": 1},
        "cores": {"in_use": 30, "limit": 20, "reserved": 0},
        "ram": {"in_use": 512, "limit": -1, "reserved": 0},
    }
}
VOLUMES = {
    "quota_set": {
        "id": "p",
        "volumes": {"in_use": 9, "limit": 10, "reserved": 0, "allocated": 0},
        "gigabytes": {"in_use": 100, "limit": 1000, "reserved": 50, "allocated": 0},
        "gigabytes_fast": {"in_use": 0, "limit": -1, "reserved": 0, "allocated": 0},
    }
}


class QuotaQuestionTests(SynchronousTestCase):
    """
    A pod that answers.
    """

    def setUp(self) -> None:
        self.answer = Answer(200, SERVERS)
        self.paths: list[str] = []

    async def get(self, pod: Pod, service: str, path: str, *, version: str = "") -> Answer:
        """
        Ask.
        """
        self.paths.append(path)
        return self.answer

    def ask(self, service: str, project_id: str = "p") -> QuotaLeft:
        """
        Ask.
        """
        return self.successResultOf(
            Deferred.fromCoroutine(QuotaQuestions(asks=self).ask(POD, service, project_id))
        )

    def test_left(self) -> None:
        """
        What is neither used nor reserved is left, never less than nothing; where there is no limit it is unknown.
        """
        self.assertEqual(QuotaLeft(servers=6, vcpus=0), self.ask("compute"))
        self.answer = Answer(200, VOLUMES)
        self.assertEqual(QuotaLeft(volumes=1, volume_gb=850), self.ask("volume", "a/b"))
        self.assertEqual(
            ["/v2.1/os-quota-sets/p/detail", "/v3/{project_id}/os-quota-sets/a%2Fb?usage=true"], self.paths
        )

    def test_unknown(self) -> None:
        """
        What is refused, or not understood, is unknown.
        """
        bodies: list[Any] = [
            None,
            [],
            {"quota_set": 7},
            {"quota_set": {"instances": 3}},
            {"quota_set": {"instances": {"limit": 3}, "cores": {"limit": "x", "in_use": 1}}},
        ]
        for answer in (Answer(403), Answer(404, SERVERS), *(Answer(200, body) for body in bodies)):
            self.answer = answer
            self.assertEqual(QuotaLeft(), self.ask("compute"), answer)

    def test_fails(self) -> None:
        """
        A service that fails has not told.
        """
        self.answer = Answer(503)
        asking = Deferred.fromCoroutine(QuotaQuestions(asks=self).ask(POD, "compute", "p"))
        self.failureResultOf(asking, PodBroken)

    def test_untold(self) -> None:
        """
        A pod that refuses to tell what projects have is known for it, until it tells; each service by itself.
        """
        questions = QuotaQuestions(asks=self)
        for answer, untold in ((Answer(403), {POD.id}), (Answer(200, SERVERS), set())):
            self.answer = answer
            used = self.successResultOf(Deferred.fromCoroutine(questions.used(POD, "compute", "p")))
            self.assertEqual(not untold, bool(used))
            self.assertEqual((untold, set()), (questions.untold("compute"), questions.untold("volume")))

    def test_no_project(self) -> None:
        """
        A project that is deleted in Keystone has nothing, which says nothing of the pod.
        """
        questions = QuotaQuestions(asks=self)
        self.answer = Answer(400, {"badRequest": {"message": "Project ID p is not a valid project."}})
        used = self.successResultOf(Deferred.fromCoroutine(questions.used(POD, "compute", "p")))
        self.assertEqual(({}, set()), (used, questions.untold("compute")))
