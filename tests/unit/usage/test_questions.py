"""
Asking one pod.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.usage.test_numbers import STATISTICS, THIN, pools
from trio2o.errors import PodBroken, PodTimeout
from trio2o.model import Pod, Stock, Usage
from trio2o.usage.questions import UsageQuestions

POD = Pod(id="1", name="Pod1", az_name="az1")


@frozen
class Answer:
    """
    What a pod says.
    """

    status: int
    body: Any = None


@define
class Pods:
    """
    Pods that answer by service.
    """

    answers: dict[str, Any] = field(factory=dict)
    asked: list[tuple[str, str, str]] = field(factory=list)

    async def get(self, pod: Pod, service: str, path: str, *, version: str = "") -> Answer:
        """
        Ask.
        """
        self.asked.append((service, path, version))
        answer = self.answers[service]
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Answer)
        return answer


class QuestionTests(SynchronousTestCase):
    """
    A pod with both services.
    """

    def setUp(self) -> None:
        self.pods = Pods()
        self.pods.answers = {
            "compute": Answer(200, {"hypervisor_statistics": STATISTICS}),
            "volume": Answer(200, pools(THIN)),
        }
        self.services = {"compute", "volume"}
        self.questions = UsageQuestions(
            asks=self.pods, endpoint=lambda _, service: "http://x" if service in self.services else None
        )
        self.told: list[str] = []
        globalLogPublisher.addObserver(self.hear)
        self.addCleanup(globalLogPublisher.removeObserver, self.hear)

    def hear(self, event: Any) -> None:
        """
        Remember warnings.
        """
        if event.get("log_namespace") == "trio2o.usage.questions":
            self.told.append(event["service"])

    def ask(self) -> Usage:
        """
        Ask.
        """
        return self.successResultOf(Deferred.fromCoroutine(self.questions.ask(POD)))

    def test_both(self) -> None:
        """
        Both are asked, Nova at a microversion that still has the numbers, and both told.
        """
        usage = self.ask()

        self.assertEqual(usage.vcpus, Stock(total=1000, used=12))
        self.assertEqual(usage.volume_gb, Stock(total=18000, used=300))
        self.assertEqual(
            self.pods.asked,
            [
                ("compute", "/v2.1/os-hypervisors/statistics", "compute 2.1"),
                ("volume", "/v3/{project_id}/scheduler-stats/get_pools?detail=true", ""),
            ],
        )

    def test_no_such_service(self) -> None:
        """
        A service that the pod does not have is not asked.
        """
        self.services = {"compute"}
        self.assertIsNone(self.ask().volume_gb)
        self.assertEqual(len(self.pods.asked), 1)

    def test_refused(self) -> None:
        """
        What a service refuses to tell is unknown, and told once until it answers.
        """
        self.pods.answers["volume"] = Answer(403)
        for _ in range(3):
            usage = self.ask()
        self.assertEqual((usage.servers, usage.volume_gb), (12, None))
        self.assertEqual(self.told, ["volume"])

        self.pods.answers["volume"] = Answer(200, pools(THIN))
        self.ask()
        self.pods.answers["volume"] = Answer(403)
        self.ask()
        self.assertEqual(self.told, ["volume", "volume"])

    def test_fails(self) -> None:
        """
        A service that fails or is silent fails the whole: the half would make plenty of the other half.
        """
        for answer, error in (
            (Answer(500), PodBroken),
            (Answer(503), PodBroken),
            (PodTimeout("Pod1", "no answer", sent=True), PodTimeout),
        ):
            self.pods.answers["volume"] = answer
            self.failureResultOf(Deferred.fromCoroutine(self.questions.ask(POD)), error)
