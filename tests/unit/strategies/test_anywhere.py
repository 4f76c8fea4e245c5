"""
The strategy ``any``, which is also the default for paths that no row names.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError
from twisted.logger import globalLogPublisher

from tests.unit.strategies.case import LIMIT, P1, S1, StrategyCase
from tests.unit.strategies.doubles import Broken, Hang, MemoryAnswer, MemoryBody, Reply, Unreachable
from trio2o.errors import BadGateway, GatewayTimeout, Unavailable
from trio2o.model import PodState

IMAGES = "/v2.1/images"
OTHER = "/v2.1/os-something"


class OrderTests(StrategyCase):
    """
    Which pod is asked.
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods.on("*", "GET", IMAGES, Reply(200, {"images": []}))

    def first(self) -> str:
        """
        The pod that is asked first.
        """
        self.asked("GET", IMAGES)
        return self.pods.last.pod

    def test_creation(self) -> None:
        """
        Without a binding it is the pod that was made first.
        """
        self.assertEqual("Pod1", self.first())

    def test_bound(self) -> None:
        """
        The pod of the project's newest binding comes first.
        """
        self.is_bound(self.pod2, age=20)
        self.is_bound(self.pod3, age=10)

        self.assertEqual("Pod3", self.first())

    def test_healthy(self) -> None:
        """
        A healthy pod comes before the bound one.
        """
        self.is_bound(self.pod1)
        self.pods.sick.add("Pod1-id")

        self.assertEqual("Pod2", self.first())

    def test_healthy_service(self) -> None:
        """
        It is the surface's own service that is looked at.
        """
        self.is_bound(self.pod1)
        self.pods.sick.add("Pod1-id/volume")

        self.assertEqual("Pod1", self.first())

    def test_disabled(self) -> None:
        """
        A disabled pod is never asked; without another it is 503.
        """
        self.change_pod(self.pod1, state=PodState.DISABLED)
        self.assertEqual("Pod2", self.first())

        self.has_pods(self.change_pod(self.pod1, state=PodState.DISABLED))
        for method in ("GET", "POST"):
            error = self.refused(Unavailable, method, OTHER)
            self.assertIn((b"Retry-After", b"10"), error.headers)

    def test_draining(self) -> None:
        """
        One that takes no new servers still answers (I11).
        """
        self.change_pod(self.pod1, state=PodState.MAINTENANCE)

        self.assertEqual("Pod1", self.first())


class ReadTests(StrategyCase):
    """
    Reads.
    """

    def test_answer(self) -> None:
        """
        The answer is streamed with the top region's links.
        """
        self.pods.on("*", "GET", IMAGES, Reply(200, {"images": []}))

        answer = self.asked("GET", f"{IMAGES}?limit=1&marker=x")

        self.assertIsInstance(answer.body, MemoryAnswer)
        self.assertIsNotNone(answer.transform)
        self.assertEqual(f"{IMAGES}?limit=1&marker=x".encode(), self.pods.last.call.target)

    def test_goes_on(self) -> None:
        """
        A read goes on to the next pod when one cannot be reached, is late or breaks off.
        """
        self.pods.on("Pod3", "GET", IMAGES, Reply(200, {"images": []}))
        for script in (Unreachable(), Broken(), Hang()):
            self.pods.calls.clear()
            self.pods.on("*", "GET", IMAGES, script)
            started = self.started("GET", IMAGES)
            for _ in range(2):
                self.clock.advance(60)
            with self.subTest(script=script):
                self.assertEqual(200, self.answered(started).status)
                self.assertEqual(["Pod1", "Pod2", "Pod3"], self.pods.asked())

    def test_what_a_pod_says_counts(self) -> None:
        """
        What a pod answers is the answer, be it a refusal.
        """
        for status in (401, 403, 404, 410, 500, 503):
            self.pods.calls.clear()
            self.pods.on("*", "GET", IMAGES, Reply(status))
            with self.subTest(status=status):
                self.assertEqual(status, self.asked("GET", IMAGES).status)
                self.assertEqual(["Pod1"], self.pods.asked())

    def test_nobody_answers(self) -> None:
        """
        When no pod answers the client is told what became of the first.
        """
        self.pods.on("*", "GET", IMAGES, Unreachable())
        for script, kind in ((Unreachable(), Unavailable), (Broken(), BadGateway)):
            self.pods.on("Pod1", "GET", IMAGES, script)
            error = self.refused(kind, "GET", IMAGES)
            self.assertIn("Pod1", error.admin_detail)
        self.pods.on("Pod1", "GET", IMAGES, Hang())
        started = self.started("GET", IMAGES)
        self.clock.advance(60)
        self.failureResultOf(started, GatewayTimeout)

    def test_client_leaves(self) -> None:
        """
        A read ends with its client, and no other pod is asked.
        """
        self.pods.on("*", "GET", IMAGES, Hang())
        started = self.started("GET", IMAGES)

        started.cancel()

        self.failureResultOf(started, CancelledError)
        self.assertEqual((["Pod1"], True), (self.pods.asked(), self.pods.last.cancelled))


class WriteTests(StrategyCase):
    """
    Writes to paths that no row names.
    """

    def test_one_pod(self) -> None:
        """
        A write goes to the first pod alone: what is written must be found again.
        """
        self.is_bound(self.pod2)
        for script, kind in ((Unreachable(), Unavailable), (Broken(), BadGateway)):
            self.pods.calls.clear()
            self.pods.on("*", "POST", OTHER, script)
            with self.subTest(kind=kind):
                self.refused(kind, "POST", OTHER, {"x": 1})
                self.assertEqual(["Pod2"], self.pods.asked())

    def test_streamed(self) -> None:
        """
        Its body is streamed, whatever its size.
        """
        body = MemoryBody(b"x" * (2 * LIMIT))
        self.pods.on("*", "PUT", OTHER, Reply(200, {}))

        self.asked("PUT", OTHER, memory_body=body)

        self.assertEqual((True, body.content), (self.pods.last.streamed, self.pods.last.body))

    def test_client_leaves(self) -> None:
        """
        It runs to its end, whoever still listens.
        """
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            self.pods.on("*", method, OTHER, Hang())
            started = self.started(method, OTHER)
            started.cancel()
            self.failureResultOf(started, CancelledError)
            with self.subTest(method=method):
                self.assertFalse(self.pods.last.cancelled)
                self.assertEqual([1], self.running)
                self.clock.advance(60)
                self.assertEqual([], self.running)


class LogTests(StrategyCase):
    """
    What is logged of paths that no row names.
    """

    def setUp(self) -> None:
        super().setUp()
        self.events: list[str] = []

        def observe(event: dict[str, object]) -> None:
            if str(event.get("log_format")).startswith("{surface}: no row"):
                self.events.append(f"{event['surface']} {event['method']} {event['path']}")

        globalLogPublisher.addObserver(observe)  # type: ignore[arg-type]
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        for method in ("GET", "POST"):
            self.pods.on("*", method, "*", Reply(200, {}))

    def test_once(self) -> None:
        """
        A shape of path is logged once for each method, whatever ids it has.
        """
        for path in (OTHER, OTHER, f"/v2.1/{P1}/x/{S1}/y/7", f"/v2.1/{'b' * 32}/x/{S1}/y/8"):
            self.asked("GET", path)
        self.asked("POST", OTHER)

        self.assertEqual(
            [
                f"compute GET {OTHER}",
                "compute GET /v2.1/{id}/x/{id}/y/{id}",
                f"compute POST {OTHER}",
            ],
            self.events,
        )

    def test_named_rows(self) -> None:
        """
        A row of the table is not logged.
        """
        self.asked("GET", IMAGES)

        self.assertEqual([], self.events)

    def test_bounded(self) -> None:
        """
        Clients that make paths up fill neither the log nor the memory.
        """
        for number in range(1100):
            self.asked("GET", f"/v2.1/made-up-{number}")

        self.assertEqual(1000, len(self.events))
