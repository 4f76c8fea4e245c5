"""
What the Placement service says of hypervisors.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field
from hypothesis import given
from hypothesis import strategies as some
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.usage.test_questions import POD, Answer
from trio2o.errors import PodBroken, PodTimeout
from trio2o.model import Candidate, Pod, PodSettings, Stock, Usage
from trio2o.scheduling.capacity import CapacityRules
from trio2o.usage.placement import host_usage
from trio2o.usage.questions import UsageQuestions

#: As a Placement of 2026 answers.
INVENTORIES = {
    "resource_provider_generation": 7,
    "inventories": {
        "VCPU": {
            "total": 8,
            "reserved": 1,
            "min_unit": 1,
            "max_unit": 8,
            "step_size": 1,
            "allocation_ratio": 4.0,
        },
        "MEMORY_MB": {
            "total": 5825,
            "reserved": 512,
            "min_unit": 1,
            "max_unit": 5825,
            "step_size": 1,
            "allocation_ratio": 1.5,
        },
        "DISK_GB": {
            "total": 35,
            "reserved": 0,
            "min_unit": 1,
            "max_unit": 35,
            "step_size": 1,
            "allocation_ratio": 1.0,
        },
    },
}
USAGES = {"resource_provider_generation": 7, "usages": {"VCPU": 5, "MEMORY_MB": 2048, "DISK_GB": 3}}

ENABLED = "/resource_providers?required=!COMPUTE_STATUS_DISABLED"


def providers(*ids: Any) -> dict[str, Any]:
    """
    The list of these.
    """
    return {"resource_providers": [{"uuid": each, "name": f"host {each}", "generation": 7} for each in ids]}


class HostUsageTests(SynchronousTestCase):
    """
    Adding up.
    """

    def test_sum(self) -> None:
        """
        What may be promised of all hosts, without their reserves, and what is.
        """
        self.assertEqual(
            {
                "vcpus": Stock(total=56, used=10),
                "ram_mb": Stock(total=2 * 7969, used=4096),
                "disk_gb": Stock(total=70, used=6),
                "overcommitted": True,
            },
            host_usage([(INVENTORIES, USAGES)] * 2),
        )

    def test_other_providers(self) -> None:
        """
        A provider of something else counts for nothing, one of a shared disk for the disk; what none has is unknown.
        """
        disk = {"inventories": {"DISK_GB": {"total": 100, "allocation_ratio": 1.0}}}
        gpu = {"inventories": {"VGPU": {"total": 4, "allocation_ratio": 1.0}}}
        self.assertEqual(
            {"disk_gb": Stock(total=100, used=0), "overcommitted": True},
            host_usage([(disk, {"usages": {}}), (gpu, {"usages": {"VGPU": 1}})]),
        )
        self.assertEqual({}, host_usage([]))

    def test_reserved_beyond_all(self) -> None:
        """
        A host that is reserved beyond what it has takes nothing, and nothing from the others.
        """
        over = {"inventories": {"VCPU": {"total": 4, "reserved": 6, "allocation_ratio": 2.0}}}
        self.assertEqual(Stock(total=28, used=5), host_usage([(over, {}), (INVENTORIES, USAGES)])["vcpus"])

    @given(
        some.recursive(
            some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=3),
            lambda inner: (
                some.lists(inner, max_size=2)
                | some.dictionaries(
                    some.sampled_from(
                        ["inventories", "usages", "VCPU", "total", "allocation_ratio", "reserved"]
                    ),
                    inner,
                )
            ),
            max_leaves=10,
        )
    )
    def test_malformed(self, body: Any) -> None:
        """
        Whatever is said, what comes of it are finite numbers or nothing.
        """
        for stock in host_usage(
            [(body, body), ({"inventories": {"VCPU": body}}, {"usages": {"VCPU": body}})]
        ).values():
            if isinstance(stock, Stock):
                self.assertTrue(0 <= stock.total < float("inf") and 0 <= stock.used < float("inf"))


@define
class Pods:
    """
    A pod whose services answer by path; Cinder has no pools.
    """

    answers: dict[str, Any]
    asked: list[tuple[str, str, str]] = field(factory=list)
    waiting: Deferred[None] | None = None
    under_way: int = 0

    async def get(self, pod: Pod, service: str, path: str, *, version: str = "") -> Answer:
        """
        Ask.
        """
        self.asked.append((service, path, version))
        if self.waiting is not None and path.endswith("/inventories"):
            self.under_way += 1
            await self.waiting
        answer = self.answers.get(path, Answer(200, {}))
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Answer)
        return answer


class PlacementQuestionTests(SynchronousTestCase):
    """
    A pod with all three services, one of whose hosts is known.
    """

    def setUp(self) -> None:
        self.pods = Pods(
            {
                ENABLED: Answer(200, providers("a-1")),
                "/resource_providers/a-1/inventories": Answer(200, INVENTORIES),
                "/resource_providers/a-1/usages": Answer(200, USAGES),
            }
        )
        self.services = {"compute", "volume", "placement"}
        self.preferred = True
        self.questions = UsageQuestions(
            asks=self.pods,
            endpoint=lambda _, service: "http://x" if service in self.services else None,
            placement=lambda pod: self.preferred,
        )

    def ask(self) -> Usage:
        """
        Ask.
        """
        return self.successResultOf(Deferred.fromCoroutine(self.questions.ask(POD)))

    def test_instead_of_nova(self) -> None:
        """
        It is asked in place of Nova; Cinder is asked as ever.
        """
        usage = self.ask()
        self.assertEqual((Stock(total=28, used=5), True), (usage.vcpus, usage.overcommitted))
        self.assertEqual(
            [
                ("placement", ENABLED, "placement 1.22"),
                ("placement", "/resource_providers/a-1/inventories", "placement 1.0"),
                ("placement", "/resource_providers/a-1/usages", "placement 1.0"),
                ("volume", "/v3/{project_id}/scheduler-stats/get_pools?detail=true", ""),
            ],
            self.pods.asked,
        )

    def test_nova(self) -> None:
        """
        Nova is asked where it is preferred, and where the pod has no such service.
        """
        for self.preferred, services in ((False, {"compute", "placement"}), (True, {"compute"})):
            self.services = services
            self.pods.asked.clear()
            self.assertFalse(self.ask().overcommitted)
            self.assertEqual(["compute"], [service for service, _, _ in self.pods.asked])

    def test_old_placement(self) -> None:
        """
        One that cannot leave out hosts that are switched off gives all.
        """
        for status in (400, 406):
            self.pods.answers[ENABLED] = Answer(status)
            self.pods.answers["/resource_providers"] = Answer(200, providers("a-1"))
            self.assertEqual(Stock(total=28, used=5), self.ask().vcpus)

    def test_refused(self) -> None:
        """
        What is refused is unknown; ids that could be no part of a path are not asked about.
        """
        self.pods.answers[ENABLED] = self.pods.answers["/resource_providers"] = Answer(403)
        self.assertEqual(Usage(), self.ask())
        self.pods.answers[ENABLED] = Answer(200, providers("../x", "", None, 7))
        self.pods.asked.clear()
        self.assertEqual(Usage(), self.ask())
        self.assertEqual(2, len(self.pods.asked))

    def test_gone_meanwhile(self) -> None:
        """
        A host that is gone meanwhile counts for nothing.
        """
        self.pods.answers[ENABLED] = Answer(200, providers("a-1", "b-2"))
        for what in ("inventories", "usages"):
            self.pods.answers[f"/resource_providers/b-2/{what}"] = Answer(404, {"errors": []})
        self.assertEqual(Stock(total=28, used=5), self.ask().vcpus)

    def test_fails(self) -> None:
        """
        A service that fails or is silent fails the whole: without one host there would be too little.
        """
        for path in (ENABLED, "/resource_providers/a-1/inventories", "/resource_providers/a-1/usages"):
            kept = self.pods.answers[path]
            for answer, error in (
                (Answer(503), PodBroken),
                (PodTimeout("Pod1", "no answer", sent=True), PodTimeout),
            ):
                self.pods.answers[path] = answer
                self.failureResultOf(Deferred.fromCoroutine(self.questions.ask(POD)), error)
            self.pods.answers[path] = kept

    def test_some_at_once(self) -> None:
        """
        So many questions are under way at once, and no more.
        """
        self.pods.answers[ENABLED] = Answer(200, providers(*(f"h{number}" for number in range(50))))
        self.pods.waiting = Deferred()
        asking = Deferred.fromCoroutine(self.questions.ask(POD))
        self.assertEqual(4, self.pods.under_way)
        self.pods.waiting.callback(None)
        self.successResultOf(asking)
        self.assertEqual(50, self.pods.under_way)


class RoomTests(SynchronousTestCase):
    """
    What the scheduler makes of it.
    """

    def test_no_overcommitment(self) -> None:
        """
        What Placement lets promise is promised once, whatever the configuration says of Nova's numbers; headroom is kept.
        """
        settings = PodSettings(overcommit={"vcpus": 16.0}, headroom={"vcpus": 0.25})
        pod = Pod(id="1", name="Pod1", az_name="az1", settings=settings)
        usage = Usage(vcpus=Stock(total=28, used=5), overcommitted=True)
        self.assertEqual((16.0, 21.0), CapacityRules().room(Candidate(pod=pod, usage=usage), "vcpus"))
