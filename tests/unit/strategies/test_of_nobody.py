"""
Requests about a resource that no pod has: one cloud looks at path and body first, and so does the top region.
"""

from __future__ import annotations

from datetime import UTC, datetime

from tests.unit.strategies.case import S1, StrategyCase, a_server
from tests.unit.strategies.doubles import Broken, Hang, MemoryBody, Reply, Unreachable
from trio2o.errors import Forbidden, NotFound, Unavailable
from trio2o.model import PodState

SHOW = f"/v2.1/servers/{S1}"
ACTION = f"{SHOW}/action"
WRONG = Reply(400, {"badRequest": {"code": 400, "message": "Invalid input"}})


class OfNobodyTests(StrategyCase):
    """
    Every pod says 404 to a show.
    """

    def setUp(self) -> None:
        super().setUp()
        self.everybody_says(404, SHOW)

    def test_pods_own_words(self) -> None:
        """
        One pod, the project's own, gets the request as it is, and its answer is the answer.
        """
        self.is_bound(self.pod2)
        self.pods.on("Pod2", "POST", ACTION, WRONG)
        body = MemoryBody(b'{"nothing" : 1}')

        answer = self.asked("POST", ACTION + "?x", memory_body=body)

        self.assertEqual((400, ("Pod2",), True), (answer.status, answer.pods, answer.passed_on))
        self.assertEqual(["Pod2"], self.pods.asked("POST"))
        self.assertEqual(
            (body.content, True, "x"), (self.pods.last.body, self.pods.last.streamed, self.pods.last.query)
        )

    def test_below_and_itself(self) -> None:
        """
        So it is for what is below the resource, for what changes it, for a HEAD and for a show with a query.
        """
        for method, path in (
            ("GET", f"{SHOW}/topology"),
            ("GET", f"{SHOW}/x/y/z"),
            ("PUT", SHOW),
            ("DELETE", SHOW),
            ("HEAD", SHOW),
            ("GET", f"{SHOW}?nothing=1"),
        ):
            self.pods.calls.clear()
            self.pods.on("Pod1", method, path.partition("?")[0], Reply(404, b"404 Not Found", []))
            with self.subTest(method=method, path=path):
                self.assertEqual(404, self.asked(method, path).status)
                self.assertEqual((method.encode(), "Pod1"), (self.pods.last.call.method, self.pods.last.pod))

    def test_plain_show(self) -> None:
        """
        A show without a query is answered here: its words are the same everywhere.
        """
        for path in (SHOW, SHOW + "?"):
            error = self.refused(NotFound, "GET", path)
            self.assertEqual(f"Instance {S1} could not be found.", error.message)
        self.assertEqual(["Pod1", "Pod2", "Pod3"], self.pods.asked())

    def test_believed(self) -> None:
        """
        While the pods' 404 is believed they are not asked again, and the request still gets a pod's words.
        """
        self.pods.on("*", "POST", ACTION, WRONG)
        for _ in range(2):
            self.assertEqual(400, self.asked("POST", ACTION, {}).status)

        self.assertEqual((3, 2), (len(self.pods.asked("GET")), len(self.pods.asked("POST"))))

    def test_word_that_is_no_id(self) -> None:
        """
        What cannot be an id is looked for nowhere; one pod alone has its words.
        """
        self.pods.on("*", "GET", "/v2.1/servers/x/y/z", Reply(404, b"404 Not Found", []))

        self.assertEqual(404, self.asked("GET", "/v2.1/servers/x/y/z").status)
        self.refused(NotFound, "GET", "/v2.1/servers/x")

        self.assertEqual(["Pod1"], self.pods.asked())

    def test_deleted(self) -> None:
        """
        What was done with a deleted server is told by the pod that had it; without the database, by nobody.
        """
        self.has_route(S1, self.pod3, in_memory=False, deleted_at=datetime(2026, 1, 1, tzinfo=UTC))
        actions = f"{SHOW}/os-instance-actions"
        self.pods.on("*", "GET", actions, Reply(404, b""))
        self.pods.on("Pod3", "GET", actions, Reply(200, {"instanceActions": []}))

        self.assertEqual(
            (200, ("Pod3",)), (self.asked("GET", actions).status, self.asked("GET", actions).pods)
        )
        self.database.available = False
        self.assertEqual(404, self.asked("GET", actions).status)
        self.database.available = True
        self.change_pod(self.pod3, state=PodState.DISABLED)
        self.assertEqual(404, self.asked("GET", actions).status)

    def test_id_that_is_not_ascii(self) -> None:
        """
        How a service repeats an id that is not ASCII is its own matter.
        """
        self.pods.on("*", "GET", "/v2.1/servers/%C3%A9", Reply(404, {"itemNotFound": {"code": 404}}))

        self.assertEqual(404, self.asked("GET", "/v2.1/servers/%C3%A9").status)

    def test_silent_pod(self) -> None:
        """
        A pod that then gives no answer leaves the gateway's own words.
        """
        for script in (Unreachable(), Broken(), Hang()):
            self.pods.on("*", "POST", ACTION, script)
            started = self.started("POST", ACTION, {})
            self.clock.advance(60)
            with self.subTest(script=script):
                error = self.failureResultOf(started, NotFound).value
                self.assertEqual(f"Instance {S1} could not be found.", error.message)

    def test_no_pod(self) -> None:
        """
        So do pods that are all disabled: there is nobody to ask.
        """
        for pod in (self.pod1, self.pod2, self.pod3):
            self.change_pod(pod, state=PodState.DISABLED)

        self.refused(NotFound, "POST", "/v2.1/servers/x/action", {})

        self.assertEqual([], self.pods.calls)

    def test_pod_that_may_have_it(self) -> None:
        """
        With a pod that is silent about it, or forbids to look, nothing is handed on: that pod may have it (I7).
        """
        for script, kind in ((Unreachable(), Unavailable), (Reply(403), Forbidden)):
            self.pods.on("Pod3", "GET", SHOW, script)
            with self.subTest(kind=kind):
                self.refused(kind, "POST", ACTION, {})
        self.assertEqual([], self.pods.asked("POST"))

    def test_made_in_the_same_moment(self) -> None:
        """
        A server that the pod has after all is answered as any other, links and zone the top region's.
        """
        self.pods.on("Pod1", "PUT", SHOW, Reply(200, {"server": a_server(1)}))

        server = self.shown(self.asked("PUT", SHOW, {"server": {"name": "n"}}))["server"]

        self.assertEqual("az1", server["OS-EXT-AZ:availability_zone"])

    def test_runs_to_its_end(self) -> None:
        """
        A client that leaves does not stop what a pod has begun.
        """
        self.pods.on("Pod1", "POST", ACTION, Hang())
        started = self.started("POST", ACTION, {})
        started.cancel()
        self.failureResultOf(started)

        self.assertFalse(self.pods.last.cancelled)
        self.clock.advance(60)
        self.assertEqual([], self.running)
