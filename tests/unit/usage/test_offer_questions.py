"""
Asking one pod what it offers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.usage.test_questions import POD, Answer
from trio2o.errors import PodBroken, PodTimeout
from trio2o.model import OfferedFlavor, OfferedType, Pod, PodOffers
from trio2o.usage.offer_questions import OfferQuestions

FLAVORS = [
    {"id": str(number), "vcpus": number, "extra_specs": {"trio2o:affinity": "gpu"}} for number in range(5)
]
TYPES = [{"id": f"t{number}", "name": f"type{number}"} for number in range(3)]


@define
class Pods:
    """
    A pod whose lists have pages of two, and that shows services to administrators.
    """

    #: Path to another answer, or an exception.
    answers: dict[str, Any] = field(factory=dict)
    asked: list[tuple[str, str, str]] = field(factory=list)
    #: Called with each path that is asked for.
    hear: Callable[[str], None] = lambda path: None

    async def get(self, pod: Pod, service: str, path: str, *, version: str = "") -> Answer:
        """
        Ask.
        """
        self.asked.append((service, path, version))
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        answer = self.answers.get(f"{parts.path} {version}", self.answers.get(parts.path))
        self.hear(path)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            assert isinstance(answer, Answer)
            return answer
        if parts.path.endswith("os-services"):
            return Answer(200, {"services": []})
        plural, items = ("flavors", FLAVORS) if service == "compute" else ("volume_types", TYPES)
        assert query["is_public"] == ["None"]
        ids = [item["id"] for item in items]
        start = ids.index(query["marker"][0]) + 1 if "marker" in query else 0
        return Answer(200, {plural: items[start : start + 2]})


class OfferQuestionTests(SynchronousTestCase):
    """
    A pod with both services.
    """

    def setUp(self) -> None:
        self.pods = Pods()
        self.services = {"compute", "volume"}
        self.questions = OfferQuestions(
            asks=self.pods,
            endpoint=lambda _, service: "http://x" if service in self.services else None,
            keys=("trio2o:affinity",),
        )
        self.told: list[str] = []
        globalLogPublisher.addObserver(self.hear)
        self.addCleanup(globalLogPublisher.removeObserver, self.hear)

    def hear(self, event: Any) -> None:
        """
        Remember warnings.
        """
        if event.get("log_namespace") == "trio2o.usage.offer_questions":
            self.told.append(event["service"])

    def ask(self) -> PodOffers:
        """
        Ask.
        """
        return self.successResultOf(Deferred.fromCoroutine(self.questions.ask(POD)))

    def test_pages(self) -> None:
        """
        Lists are read to their ends, flavors at the microversion that has their extra specs.
        """
        offers = self.ask()
        self.assertEqual(
            tuple(OfferedFlavor(id=str(number), vcpus=number, group="gpu") for number in range(5)),
            offers.flavors,
        )
        self.assertEqual(
            tuple(OfferedType(id=f"t{number}", name=f"type{number}") for number in range(3)),
            offers.volume_types,
        )
        self.assertEqual(
            ("compute", "/v2.1/flavors/detail?is_public=None&limit=1000&marker=3", "compute 2.61"),
            self.pods.asked[2],
        )

    def test_old_nova(self) -> None:
        """
        A Nova without that microversion is asked for the extra specs of each flavor; one that is gone meanwhile has none.
        """
        self.pods.answers["/v2.1/flavors/detail compute 2.61"] = Answer(406)
        for number in range(5):
            specs = {"extra_specs": {"trio2o:affinity": f"g{number}"}}
            self.pods.answers[f"/v2.1/flavors/{number}/os-extra_specs"] = Answer(200, specs)
        self.pods.answers["/v2.1/flavors/3/os-extra_specs"] = Answer(404)
        flavors = self.ask().flavors
        assert flavors is not None
        self.assertEqual(["g0", "g1", "g2", "", "g4"], [flavor.group for flavor in flavors])

    def test_no_such_service(self) -> None:
        """
        A service that the pod does not have is not asked.
        """
        self.services = {"compute"}
        self.assertIsNone(self.ask().volume_types)
        self.assertEqual({"compute"}, {service for service, _, _ in self.pods.asked})

    def test_no_administrator(self) -> None:
        """
        Who may not see the services is shown only what is public, so nothing is known; told once until it is otherwise.
        """
        refusing = {"/v2.1/os-services": Answer(403)}
        for answers in (refusing, refusing, {}, refusing):
            self.pods.answers = dict(answers)
            offers = self.ask()
            self.assertEqual((bool(answers), False), (offers.flavors is None, offers.volume_types is None))
        self.assertEqual(["compute", "compute"], self.told)

    def test_refused(self) -> None:
        """
        A list that is refused, or is none, is unknown; the other one is not.
        """
        for answer in (
            Answer(403),
            Answer(404),
            Answer(200),
            Answer(200, []),
            Answer(200, {"volume_types": 1}),
        ):
            self.pods.answers["/v3/{project_id}/types"] = answer
            offers = self.ask()
            self.assertIsNone(offers.volume_types)
            self.assertIsNotNone(offers.flavors)

    def test_fails(self) -> None:
        """
        A service that fails or is silent fails the whole, wherever it does: what was known stays.
        """
        for path in ("/v2.1/flavors/detail", "/v3/{project_id}/types", "/v2.1/os-services"):
            for answer, error in (
                (Answer(500), PodBroken),
                (Answer(503), PodBroken),
                (PodTimeout("Pod1", "no answer", sent=True), PodTimeout),
            ):
                self.pods.answers = {path: answer}
                self.failureResultOf(Deferred.fromCoroutine(self.questions.ask(POD)), error)

    def test_changed_meanwhile(self) -> None:
        """
        A list whose page is refused on the way is not half of it: the marker was deleted.
        """

        def deleted(path: str) -> None:
            if "marker" in path:
                self.pods.answers["/v2.1/flavors/detail"] = Answer(400)

        self.pods.hear = deleted
        self.failureResultOf(Deferred.fromCoroutine(self.questions.ask(POD)), PodBroken)

    def test_endless(self) -> None:
        """
        A pod whose list has no end is given up; one that begins anew on each page has what it gave.
        """
        self.pods.answers["/v2.1/flavors/detail"] = Answer(200, {"flavors": [*FLAVORS[:1], 7, None]})
        flavors = self.ask().flavors
        assert flavors is not None
        self.assertEqual(["0"], [flavor.id for flavor in flavors])

        numbers = iter(range(100, 1000))

        def more(_: str) -> None:
            listed = {"flavors": [{"id": str(next(numbers))}]}
            self.pods.answers["/v2.1/flavors/detail"] = Answer(200, listed)

        self.pods.hear = more
        self.failureResultOf(Deferred.fromCoroutine(self.questions.ask(POD)), PodBroken)
        self.assertLess(len(self.pods.asked), 60)
