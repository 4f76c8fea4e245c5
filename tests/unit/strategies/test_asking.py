"""
The strategy ``ask``: the pod that does not say 404.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from tests.unit.strategies.case import LIST_BUDGET, P1, S1, StrategyCase
from tests.unit.strategies.doubles import Broken, Hang, MemoryBody, Reply, Unreachable
from trio2o.errors import BadGateway, BodyTooLarge, GatewayTimeout, NotFound, Unavailable
from trio2o.model import PodState

UUID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
HYPERVISOR = f"/v2.1/os-hypervisors/{UUID}"
DISABLE = "/v2.1/os-services/disable"
NAMES = ("Pod1", "Pod2", "Pod3")
ABSENT = Reply(404, {"itemNotFound": {"code": 404, "message": "not here"}})


class AskCase(StrategyCase):
    """
    Three pods of which the second has what is asked for.
    """

    def each(self, method: str, path: str, script: Callable[[str], Any]) -> None:
        """
        Every pod answers as the script says for its name.
        """
        for name in NAMES:
            self.pods.on(name, method, path, script(name))


class ReadTests(AskCase):
    """
    Reads, which all pods are asked at once.
    """

    def setUp(self) -> None:
        super().setUp()
        found = Reply(200, {"hypervisor": {"id": UUID, "service": {"id": 4}}})
        self.each("GET", HYPERVISOR, lambda name: found if name == "Pod2" else ABSENT)

    def test_found(self) -> None:
        """
        The answer of the pod that has it, with its numbers made unique; the others' are dropped.
        """
        answer = self.asked("GET", HYPERVISOR + "?with_servers=1")

        self.assertEqual({"hypervisor": {"id": UUID, "service": {"id": 20000000004}}}, self.shown(answer))
        self.assertEqual(("Pod2",), answer.pods)
        self.assertEqual({"with_servers=1"}, {called.query for called in self.pods.calls})

    def test_streamed(self) -> None:
        """
        What holds nothing to change is streamed.
        """
        path = "/v2.1/os-hosts/compute1"
        self.each("GET", path, lambda name: Reply(200, {"host": []}) if name == "Pod2" else ABSENT)

        answer = self.asked("GET", path)

        self.assertNotIsInstance(answer.body, bytes)

    def test_first(self) -> None:
        """
        Of several that have it the first counts; refusals count after those that show it, and trouble after refusals.
        """
        self.pods.on("Pod1", "GET", HYPERVISOR, Reply(403))
        self.assertEqual(("Pod2",), self.asked("GET", HYPERVISOR).pods)
        self.pods.on("Pod1", "GET", HYPERVISOR, Reply(500))
        self.pods.on("Pod3", "GET", HYPERVISOR, Reply(200, {"hypervisor": {}}))

        self.assertEqual(("Pod2",), self.asked("GET", HYPERVISOR).pods)

    def test_trouble(self) -> None:
        """
        A pod in trouble that may have it says so.
        """
        self.pods.on("Pod2", "GET", HYPERVISOR, Reply(500))

        self.assertEqual((500, ("Pod2",)), (self.asked("GET", HYPERVISOR).status, ("Pod2",)))

    def test_nobody(self) -> None:
        """
        Where every pod says 404, the first one's words are passed on.
        """
        self.each("GET", HYPERVISOR, lambda name: ABSENT)

        answer = self.asked("GET", HYPERVISOR)

        self.assertEqual((404, ("Pod1",)), (answer.status, answer.pods))

    def test_silent(self) -> None:
        """
        A silent pod does not matter where another has it; otherwise it may be the one.
        """
        self.pods.on("Pod1", "GET", HYPERVISOR, Hang())
        started = self.started("GET", HYPERVISOR)
        self.assertEqual(list(NAMES), self.pods.asked())
        self.clock.advance(LIST_BUDGET)
        self.assertEqual(("Pod2",), self.answered(started).pods)

        self.pods.on("Pod2", "GET", HYPERVISOR, ABSENT)
        started = self.started("GET", HYPERVISOR)
        self.clock.advance(LIST_BUDGET)
        self.failureResultOf(started, GatewayTimeout)

    def test_no_pods(self) -> None:
        """
        Without pods there is no service; a disabled one is not asked.
        """
        self.change_pod(self.pod2, state=PodState.DISABLED)
        self.assertEqual(404, self.asked("GET", HYPERVISOR).status)

        self.has_pods()
        self.refused(Unavailable, "GET", HYPERVISOR)
        self.refused(Unavailable, "GET", "/v2.1/os-hypervisors/1")
        self.refused(Unavailable, "PUT", DISABLE, {})


class NumberTests(AskCase):
    """
    Numbers in paths.
    """

    def test_own_pod(self) -> None:
        """
        A number leads to its pod alone, which is asked for its own number.
        """
        for prefix in ("/v2.1", f"/v2.1/{P1}"):
            shown = {"hypervisor": {"id": 7, "service": {"id": 4}}}
            self.pods.on("Pod2", "GET", f"{prefix}/os-hypervisors/7/uptime", Reply(200, shown))

            answer = self.asked("GET", f"{prefix}/os-hypervisors/20000000007/uptime")

            self.assertEqual(
                {"hypervisor": {"id": 20000000007, "service": {"id": 20000000004}}}, self.shown(answer)
            )
        self.assertEqual(["Pod2", "Pod2"], self.pods.asked())

    def test_not_there(self) -> None:
        """
        The client reads of the number that it sent.
        """
        self.pods.on("Pod2", "GET", "/v2.1/os-hypervisors/7", ABSENT)

        refused = self.refused(NotFound, "GET", "/v2.1/os-hypervisors/20000000007")

        self.assertEqual("Hypervisor with ID '20000000007' could not be found.", refused.message)

    def test_of_nobody(self) -> None:
        """
        A number of no pod is not found; a pod says whether the caller may ask, of a number that it never has.
        """
        self.pods.on("Pod1", "GET", "/v2.1/os-hypervisors/0", ABSENT)
        for number in ("1", "90000000001", "20000000000"):
            refused = self.refused(NotFound, "GET", f"/v2.1/os-hypervisors/{number}")
            self.assertEqual(f"Hypervisor with ID '{number}' could not be found.", refused.message)

        self.pods.on("Pod1", "GET", "/v2.1/os-hypervisors/0", Reply(403))
        self.assertEqual(403, self.asked("GET", "/v2.1/os-hypervisors/1").status)
        self.pods.on("Pod1", "GET", "/v2.1/os-hypervisors/0", Unreachable())
        self.refused(Unavailable, "GET", "/v2.1/os-hypervisors/1")
        self.refused(NotFound, "GET", "/v2.1/os-hypervisors/%31")

    def test_delete(self) -> None:
        """
        The same of what changes something.
        """
        self.pods.on("Pod3", "DELETE", "/v2.1/os-services/5", Reply(204))

        self.assertEqual(204, self.asked("DELETE", "/v2.1/os-services/30000000005").status)
        self.assertEqual(["Pod3"], self.pods.asked())

    def test_uuids_alone(self) -> None:
        """
        Where ids are uuids a number is the pods' to refuse, in their words.
        """
        path = "/v2.1/os-hypervisors/20000000007"
        self.each("GET", path, lambda name: Reply(400))

        self.assertEqual(400, self.asked("GET", path, version=(2, 53)).status)
        self.assertEqual(list(NAMES), self.pods.asked())


class WriteTests(AskCase):
    """
    What may change something: one pod after the other.
    """

    body = {"host": "compute2", "binary": "nova-compute"}

    def setUp(self) -> None:
        super().setUp()
        done = Reply(200, {"service": {"host": "compute2", "zone": "nova"}})
        self.each("PUT", DISABLE, lambda name: done if name == "Pod2" else ABSENT)

    def test_found(self) -> None:
        """
        The next pod gets the whole body where the one before has nothing; the one behind is not asked. Zones are the top's.
        """
        answer = self.asked("PUT", DISABLE, self.body)

        self.assertEqual({"service": {"host": "compute2", "zone": "az1"}}, self.shown(answer))
        self.assertEqual(["Pod1", "Pod2"], self.pods.asked())
        self.assertEqual(1, len({called.body for called in self.pods.calls}))
        self.assertIn(b"compute2", self.pods.last.body)

    def test_refused(self) -> None:
        """
        What the first pod refuses for another reason is the client's mistake.
        """
        self.pods.on("Pod1", "PUT", DISABLE, Reply(400))

        self.assertEqual(400, self.asked("PUT", DISABLE, self.body).status)
        self.assertEqual(["Pod1"], self.pods.asked())

    def test_nobody(self) -> None:
        """
        Where every pod says 404, the first one's words are passed on; a pod that was not reached may have it.
        """
        self.each("PUT", DISABLE, lambda name: ABSENT)
        self.assertEqual((404, ("Pod1",)), (self.asked("PUT", DISABLE, self.body).status, ("Pod1",)))

        for name in NAMES:
            self.each("PUT", DISABLE, lambda each: ABSENT)
            self.pods.on(name, "PUT", DISABLE, Unreachable())
            self.refused(Unavailable, "PUT", DISABLE, self.body)

    def test_unreached(self) -> None:
        """
        A pod that was never reached has changed nothing: the next may have it.
        """
        self.pods.on("Pod1", "PUT", DISABLE, Unreachable())

        self.assertEqual(("Pod2",), self.asked("PUT", DISABLE, self.body).pods)

    def test_broken_off(self) -> None:
        """
        After a pod that broke off nobody else is asked: it may have done it.
        """
        self.pods.on("Pod2", "PUT", DISABLE, Broken())

        self.refused(BadGateway, "PUT", DISABLE, self.body)
        self.assertEqual(["Pod1", "Pod2"], self.pods.asked())

    def test_client_gone(self) -> None:
        """
        What was begun goes on though the client has gone.
        """
        held: Deferred[Reply] = Deferred()
        self.pods.on("Pod1", "PUT", DISABLE, lambda call: held)
        started = self.started("PUT", DISABLE, self.body)
        started.addErrback(lambda failure: None)
        started.cancel()
        held.callback(ABSENT)

        self.assertEqual(["Pod1", "Pod2"], self.pods.asked())
        self.assertEqual([], self.running)

    def test_too_large(self) -> None:
        """
        A body that must be sent more than once is bounded.
        """
        self.refused(BodyTooLarge, "PUT", DISABLE, memory_body=MemoryBody(b"x" * 2000))


class MigrationTests(AskCase):
    """
    Migrations of a server, by the numbers of the list of all.
    """

    def test_number(self) -> None:
        """
        The server's pod is asked for its own number; any other number is the pod's to look for.
        """
        self.has_route(S1, self.pod2)
        self.pods.on("Pod2", "DELETE", "*", Reply(202))
        for number, own in (("20000000007", "7"), ("7", "7"), ("10000000007", "10000000007")):
            self.asked("DELETE", f"/v2.1/servers/{S1}/migrations/{number}")
            self.assertEqual(f"/v2.1/servers/{S1}/migrations/{own}", self.pods.last.path)

        self.pods.on("Pod2", "POST", "*", Reply(202))
        self.asked("POST", f"/v2.1/servers/{S1}/migrations/20000000007/action", {"force_complete": None})
        self.assertEqual(f"/v2.1/servers/{S1}/migrations/7/action", self.pods.last.path)
