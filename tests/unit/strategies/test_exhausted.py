"""
Placement by what is known of pods: full ones, those that failed, and those that are for others.
"""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import evolve
from twisted.internet.defer import Deferred

from tests.unit.strategies.case import LIST_BUDGET, P1, P2, S1, S2, StrategyCase, a_context
from tests.unit.strategies.checked import CheckedCandidates
from tests.unit.strategies.doubles import Broken, Hang, Reply, Unreachable
from trio2o.errors import BadRequest, GatewayError, GatewayTimeout, NoValidPod, Unavailable
from trio2o.exchange import Answer
from trio2o.model import Amounts, Kind, PlacementRequest, PodSettings, Stock, Usage
from trio2o.scheduling.binding_move import Move
from trio2o.scheduling.explaining import Explanation
from trio2o.scheduling.registry import make_filters, make_weighers
from trio2o.scheduling.selection import Selection
from trio2o.storage.memory import MemoryPods
from trio2o.strategies.bindings import Bindings
from trio2o.strategies.experience import Experience
from trio2o.strategies.offers import OfferBook
from trio2o.strategies.placing import Placement
from trio2o.strategies.ranks import Ranks

SERVERS = "/v2.1/servers"
VOLUMES = f"/v3/{P1}/volumes"
MADE = Reply(202, {"server": {"id": S1}})
FULL = "Quota exceeded for instances: Requested 1, but already used 10 of 10 instances"
QUOTA = Reply(403, {"forbidden": {"code": 403, "message": FULL}})


class ExhaustedCase(StrategyCase):
    """
    Creates of a project over what the process knows.
    """

    def make(self) -> None:
        """
        The strategies, with a placement that remembers.
        """
        # without free_capacity the first pod that is left comes first, however full it is
        self.scheduling = evolve(self.scheduling, weighers={"binding": 100.0, "recent_failures": 150.0})
        super().make()
        rules = self.scheduling.rules()
        self.offers = OfferBook(clock=self.clock, touched=self.known.touched)
        self.placement = Placement(
            state=self.state,
            ranks=Ranks(
                candidates=CheckedCandidates(
                    clock=self.clock,
                    state=self.state,
                    unhealthy=self.pods.unhealthy,
                    selection=Selection(
                        filters=make_filters(self.scheduling.filters, rules=rules),
                        weighers=make_weighers(self.scheduling.weighers, rules=rules),
                    ),
                    experience=self.known,
                    offers=self.offers,
                ),
                pod=self.state.pod,
                offers=self.offers,
            ),
            bindings=Bindings(state=self.state, store=self.bindings, pod_store=MemoryPods(self.database)),
            default_zone="az1",
            experience=self.known,
            offers=self.offers,
            tolerations={project: frozenset(words) for project, words in self.scheduling.tolerations.items()},
        )
        schedule: Any = self.strategies["schedule"]
        schedule._placement = self.placement

    def make_experience(self) -> Experience:
        """
        A new one.
        """
        self.known = Experience(clock=self.clock, rules=self.scheduling.rules().capacity)
        return self.known

    def setUp(self) -> None:
        super().setUp()
        self.pods.on("*", "POST", SERVERS, MADE)
        self.pods.on("*", "POST", VOLUMES, Reply(202, {"volume": {"id": S1}}))
        for path in (f"/v2.1/servers/{S1}", f"{VOLUMES}/{S1}"):
            self.everybody_says(404, path)

    def create(self) -> str:
        """
        Create a server, and give the pod that was asked last.
        """
        self.asked("POST", SERVERS, b'{"server": {}}')
        return self.pods.asked("POST", SERVERS)[-1]

    def create_volume(self, size: int) -> str:
        """
        Create a volume, and give the pod that was asked last.
        """
        self.asked("POST", VOLUMES, {"volume": {"size": size}}, surface="volume")
        return self.pods.asked("POST", VOLUMES)[-1]


class ExhaustedTests(ExhaustedCase):
    """
    Full pods, and those that are for others.
    """

    def test_burst(self) -> None:
        """
        A burst fills the first pod to its headroom and goes on in the next, without a new collection (I12).
        """
        self.known.note_usage(self.pod1.id, Usage(vcpus=Stock(total=1, used=13)), 0.0)

        self.assertEqual([self.create() for _ in range(5)], ["Pod1"] * 3 + ["Pod2"] * 2)
        self.assertEqual(["Pod2"], self.bound_pods())

    def test_burst_at_once(self) -> None:
        """
        Creates that are all under way at once take no more room than there is: none of them was accepted yet when the next one is
        placed (I12).
        """
        self.known.note_usage(self.pod1.id, Usage(vcpus=Stock(total=1, used=13)), 0.0)
        self.known.note_usage(self.pod2.id, Usage(vcpus=Stock(total=1, used=14)), 0.0)
        for pod in ("Pod1", "Pod2"):
            self.pods.on(pod, "POST", SERVERS, Hang())

        creates = [self.started("POST", SERVERS, b'{"server": {}}') for _ in range(7)]

        asked = self.pods.asked("POST", SERVERS)
        self.assertEqual((3, 2), (asked.count("Pod1"), asked.count("Pod2")))
        for create in creates[5:]:
            self.failureResultOf(create, NoValidPod)
        self.clock.advance(1000)
        for create in creates[:5]:
            # the pods may have made them
            self.failureResultOf(create, GatewayTimeout)
        self.refused(NoValidPod, "POST", SERVERS, b'{"server": {}}')

    def test_given_back(self) -> None:
        """
        What a pod has surely not accepted holds no room there, and what it may have accepted does.
        """
        room = {
            Reply(400, {"badRequest": {"code": 400, "message": "no"}}): 0.0,
            QUOTA: 0.0,
            Unreachable(): 0.0,
            Reply(500, {}): 1.0,
            Broken(): 1.0,
            MADE: 1.0,
        }
        for answer, claimed in room.items():
            self.make()
            self.known.note_usage(self.pod1.id, Usage(vcpus=Stock(total=1, used=0)), 0.0)
            self.pods.on("Pod1", "POST", SERVERS, answer)
            self.pods.on("Pod2", "POST", SERVERS, MADE)
            create = self.started("POST", SERVERS, b'{"server": {}}')
            create.addErrback(lambda failure: failure.trap(GatewayError))
            self.successResultOf(create)
            self.assertEqual(claimed, self.known.claimed(self.pod1.id).vcpus, answer)

    def test_room_taken_meanwhile(self) -> None:
        """
        A create whose first pod is short of quota goes on by what there is then, not by what there was when it came.
        """
        self.known.note_usage(self.pod1.id, Usage(vcpus=Stock(total=1, used=15)), 0.0)
        self.known.note_usage(self.pod2.id, Usage(vcpus=Stock(total=1, used=15)), 0.0)
        held: Deferred[Reply] = Deferred()
        self.pods.on("Pod1", "POST", SERVERS, lambda call: held)
        first = self.started("POST", SERVERS, b'{"server": {"name": "first"}}')
        second = self.started("POST", SERVERS, b'{"server": {"name": "second"}}')
        self.assertEqual(202, self.answered(second).status)

        held.callback(QUOTA)

        # the pod's own words, since the only other one is full by now
        self.assertEqual(403, self.answered(first).status)
        self.assertEqual(["Pod1", "Pod2"], self.pods.asked("POST", SERVERS))

    def test_all_full(self) -> None:
        """
        Where every pod is full the create is refused, and admins read why.
        """
        for pod in (self.pod1, self.pod2):
            self.known.note_usage(pod.id, Usage(ram_mb=Stock(total=1024, used=1024)), 0.0)

        error = self.refused(NoValidPod, "POST", SERVERS, b'{"server": {}}')

        self.assertEqual("has not enough room left", error.reasons["Pod1"])
        self.assertEqual([], self.pods.asked("POST", SERVERS))

    def test_size(self) -> None:
        """
        What a volume is said to be large counts: the pod that has no room for it is left out, and so much is claimed.
        """
        self.known.note_usage(self.pod1.id, Usage(volume_gb=Stock(total=100, used=0)), 0.0)

        asked = [self.create_volume(size) for size in (60, 60, 30)]

        # the second one moves the binding
        self.assertEqual(["Pod1", "Pod2", "Pod2"], asked)

    def test_boots_from_volume(self) -> None:
        """
        A server whose root disk is a volume goes where the hypervisors have no disk left.
        """
        for pod in (self.pod1, self.pod2):
            self.known.note_usage(pod.id, Usage(disk_gb=Stock(total=10, used=10)), 0.0)

        self.assertEqual("Pod1", self.create())
        self.refused(NoValidPod, "POST", SERVERS, b'{"server": {"imageRef": "an-image"}}')

    def test_larger_than_everything(self) -> None:
        """
        What no pod could take even were it empty goes to one all the same: its own words for that are the right ones.
        """
        for pod in (self.pod1, self.pod2):
            self.known.note_usage(pod.id, Usage(volume_gb=Stock(total=100, used=90)), 0.0)

        self.assertEqual("Pod1", self.create_volume(101))
        self.refused(NoValidPod, "POST", VOLUMES, {"volume": {"size": 11}}, surface="volume")

    def test_larger_than_everything_explained(self) -> None:
        """
        What is explained is where it would go.
        """
        for pod in (self.pod1, self.pod2):
            self.known.note_usage(pod.id, Usage(volume_gb=Stock(total=100, used=90)), 0.0)
        request = PlacementRequest(project_id=P1, kind=Kind.VOLUME, needs=Amounts(volume_gb=101.0))

        asked = Deferred.fromCoroutine(self.placement.explain(request, unknown_zone=""))
        explanation: Explanation = self.successResultOf(asked)

        self.assertEqual("Pod1", explanation.ranking.pods[0].name)

    def test_failing_again(self) -> None:
        """
        A pod that could not be reached twice is tried last, and the binding moves with the success elsewhere; after a while it
        is as good as any, but the binding has moved.
        """
        self.is_bound(self.pod1)
        self.pods.on("Pod1", "POST", SERVERS, Unreachable())

        for _ in range(2):
            self.create()
            self.assertEqual(["Pod1"], self.bound_pods())
        self.create()

        self.assertEqual(["Pod1", "Pod2"] * 2 + ["Pod2"], self.pods.asked("POST", SERVERS))
        self.assertEqual(["Pod2"], self.bound_pods())
        self.clock.advance(1000)
        self.assertEqual("Pod2", self.create())

    def test_taints(self) -> None:
        """
        A tainted pod gets the resources of projects that tolerate it.
        """
        self.change_pod(self.pod1, settings=PodSettings(taints=("dedicated",)))
        self.assertEqual("Pod2", self.create())

        self.database.bindings.clear()
        self.state.replace(self.state.pods(), {})
        self.scheduling = evolve(self.scheduling, tolerations={P1: ("dedicated",)})
        self.make()
        self.assertEqual("Pod1", self.create())

    def test_most_pods(self) -> None:
        """
        A project that is bound to as many pods as it may be gets no further one, but may move within a zone.
        """
        self.scheduling = evolve(self.scheduling, max_pods=1)
        self.make()
        self.is_bound(self.pod3)
        error = self.refused(NoValidPod, "POST", SERVERS, b'{"server": {"availability_zone": "az1"}}')
        self.assertIn("as many other pods", error.reasons["Pod1"])

        self.database.bindings.clear()
        self.state.replace(self.state.pods(), {})
        self.is_bound(self.pod1)
        self.change_pod(self.pod1, settings=PodSettings(projects_denied=(P1,)))
        self.assertEqual("Pod2", self.create())
        self.assertEqual(["Pod2"], self.bound_pods())

    def test_explained(self) -> None:
        """
        What would be done is told as it is done then, and nothing is done; a zone that does not exist is refused.
        """
        self.is_bound(self.pod2)
        self.change_pod(self.pod2, settings=PodSettings(taints=("dedicated",)))
        request = PlacementRequest(project_id=P1, kind=Kind.SERVER)

        told = self.successResultOf(
            Deferred.fromCoroutine(self.placement.explain(request, unknown_zone="no {zone}"))
        )

        self.assertEqual("az1", told.request.availability_zone)
        self.assertEqual(["Pod1"], [pod.name for pod in told.ranking.pods])
        self.assertEqual({"Pod2": "taints", "Pod3": "availability_zone"}, _filters(told))
        self.assertEqual((Move.MOVE, "Pod2-id"), (told.move.move, told.current and told.current.pod_id))
        self.assertEqual(["Pod2"], self.bound_pods())
        self.assertEqual([], self.pods.calls)

        unknown = evolve(request, availability_zone="mars")
        refused = Deferred.fromCoroutine(self.placement.explain(unknown, unknown_zone="no {zone}"))
        self.assertEqual("no mars", self.failureResultOf(refused, BadRequest).value.message)


def _filters(told: Explanation) -> dict[str, str]:
    return {dropped.pod.name: dropped.filter_name for dropped in told.ranking.dropped}


class LearningTests(ExhaustedCase):
    """
    What refusals say of later creates.
    """

    def create_server(self, flavor: str = "1", **more: Any) -> Answer:
        """
        Create a server of a flavor.
        """
        return self.asked("POST", SERVERS, {"server": {"flavorRef": flavor, "imageRef": "i"}}, **more)

    def tried(self) -> list[str]:
        """
        The pods that got a create since this was last asked.
        """
        asked = self.pods.asked("POST", SERVERS)
        self.pods.calls.clear()
        return asked

    def test_quota(self) -> None:
        """
        After a refusal for want of quota the project's next create does not ask that pod, and moves the binding; another
        project's does.
        """
        self.is_bound(self.pod1)
        self.is_bound(self.pod1, project=P2)
        self.pods.on("Pod1", "POST", SERVERS, QUOTA)

        self.create_server()
        self.assertEqual((["Pod1", "Pod2"], ["Pod1"]), (self.tried(), self.bound_pods()))
        self.create_server()
        self.assertEqual((["Pod2"], ["Pod2"]), (self.tried(), self.bound_pods()))
        self.create_server(context=a_context(project=P2))
        self.assertEqual(["Pod1", "Pod2"], self.tried())

    def test_ends(self) -> None:
        """
        A mark ends with its time: the pod is asked again.
        """
        self.default_zone = None
        self.pods.on("Pod1", "POST", SERVERS, QUOTA, MADE)
        self.create_server()
        self.create_server()
        self.assertEqual(["Pod1", "Pod2", "Pod2"], self.tried())
        self.database.bindings.clear()
        self.state.replace(self.state.pods(), {})
        self.clock.advance(301)
        self.create_server()
        self.assertEqual(["Pod1"], self.tried())

    def test_smaller(self) -> None:
        """
        A quota of gigabytes that a volume was too large for leaves room for a smaller one.
        """
        full = {"overLimit": {"code": 413, "message": "Requested volume exceeds allowed gigabytes quota."}}
        self.pods.on("Pod1", "POST", VOLUMES, Reply(413, full), Reply(202, {"volume": {"id": S1}}))
        self.assertEqual("Pod2", self.create_volume(50))
        self.assertEqual("Pod1", self.create_volume(49))
        self.assertEqual("Pod2", self.create_volume(50))

    def test_success_clears(self) -> None:
        """
        Where every pod has refused, all are asked again in their order; a success there makes the pod as good as before.
        """
        for pod in ("Pod1", "Pod2"):
            self.pods.on(pod, "POST", SERVERS, QUOTA, MADE)
        self.assertEqual(403, self.create_server().status)
        self.assertEqual(["Pod1", "Pod2"], self.tried())

        for _ in range(2):
            self.assertEqual(202, self.create_server().status)
        self.assertEqual(["Pod1", "Pod1"], self.tried())

    def test_last_resort(self) -> None:
        """
        A create that no other pod takes asks those that have refused as much before: only pods themselves refuse.
        """
        self.is_bound(self.pod1)
        self.pods.on("Pod1", "POST", SERVERS, QUOTA, MADE)
        self.create_server()
        self.tried()
        self.pods.on("Pod2", "POST", SERVERS, QUOTA)

        self.assertEqual(202, self.create_server().status)
        self.assertEqual(["Pod2", "Pod1"], self.tried())
        self.assertEqual(["Pod1"], self.bound_pods())

    def test_503(self) -> None:
        """
        A 503 that a rule knows goes on to the next pod and keeps creates of all projects away; without a rule it is the answer.
        """
        html = Reply(503, b"No server is available to handle this request.")
        self.pods.on("Pod1", "POST", SERVERS, html)
        self.assertEqual(503, self.create_server().status)
        self.assertEqual(["Pod1"], self.tried())

        self.scheduling = evolve(self.scheduling, refusal_texts=("No server is available",))
        self.make()
        self.assertEqual(202, self.create_server().status)
        self.assertEqual(["Pod1", "Pod2"], self.tried())
        self.assertEqual(202, self.create_server(context=a_context(project=P2)).status)
        self.assertEqual(["Pod2"], self.tried())

    def test_told_to_admins(self) -> None:
        """
        Admins read why each pod has not taken a create, whatever came of it; users do not.
        """
        words = b"Pod1: Quota exceeded for instances: Requested 1, but already used 10 of 10 instances"
        admin = a_context(roles="admin")
        self.pods.on("Pod1", "POST", SERVERS, QUOTA)
        self.assertIn((b"X-Trio2o-Refusals", words), self.create_server(context=admin).headers)
        self.assertEqual(
            [], [name for name, _ in self.create_server().headers if name == b"X-Trio2o-Refusals"]
        )

        self.pods.on("Pod2", "POST", SERVERS, Unreachable())
        answer = self.create_server(context=admin)
        self.assertEqual(403, answer.status)
        self.assertIn((b"X-Trio2o-Refusals", b"Pod2: connection refused; " + words), answer.headers)

        self.pods.on("Pod1", "POST", SERVERS, Unreachable())
        error = self.refused(Unavailable, "POST", SERVERS, b'{"server": {}}')
        self.assertEqual("Pod2: connection refused; Pod1: connection refused", error.admin_detail)

    def test_beyond_all(self) -> None:
        """
        What is too large for every pod, and is refused as such, leaves no mark on what is not.
        """
        for pod in (self.pod1, self.pod2):
            self.known.note_usage(pod.id, Usage(volume_gb=Stock(total=100, used=0)), 0.0)
        full = {"overLimit": {"code": 413, "message": "Requested volume exceeds allowed gigabytes quota."}}
        self.pods.on(
            "*", "POST", VOLUMES, Reply(413, full), Reply(413, full), Reply(202, {"volume": {"id": S1}})
        )
        self.create_volume(5000)
        self.assertEqual("Pod1", self.create_volume(5))

    def test_explained(self) -> None:
        """
        Whoever asks why is told.
        """
        self.pods.on("Pod1", "POST", SERVERS, QUOTA)
        self.create_server()
        request = PlacementRequest(project_id=P1, kind=Kind.SERVER, needs=Amounts(vcpus=1.0))
        told = self.done(self.placement.explain(request, unknown_zone=""))
        self.assertEqual("exhausted", _filters(told)["Pod1"])


class OutcomeTests(ExhaustedCase):
    """
    What is learnt of creates that were accepted.
    """

    server = f"/v2.1/servers/{S1}"
    volume = f"/v3/{P1}/volumes/{S1}"
    messages = f"/v3/{P1}/messages"
    no_host: ClassVar = {"status": "ERROR", "fault": {"code": 500, "message": "No valid host was found. "}}

    def create_server(self, body: Any = None, **more: Any) -> str:
        """
        Create a server, and give the pod that was asked last.
        """
        wanted = {"flavorRef": "1", "imageRef": "i"}
        self.asked("POST", SERVERS, {"server": {**wanted, **more}, **(body or {})})
        return self.pods.asked("POST", SERVERS)[-1]

    def shows(self, *servers: Any) -> None:
        """
        What Pod1 shows of the server, one after the other.
        """
        self.pods.on("Pod1", "GET", self.server, *(Reply(200, {"server": each}) for each in servers))

    def wait(self, seconds: int = 200) -> None:
        """
        Let so much time pass.
        """
        self.clock.pump([1.0] * seconds)

    def test_no_host(self) -> None:
        """
        A server that found no host keeps others of its flavor from the pod, of whatever project, and changes nothing of itself.
        """
        self.shows({"status": "BUILD"}, {"status": "BUILD"}, self.no_host)
        self.assertEqual("Pod1", self.create_server())
        self.wait(2)
        self.assertEqual("Pod1", self.create_server())
        self.wait(20)
        self.assertEqual("Pod2", self.create_server())
        self.assertEqual(3, self.pods.asked("GET", self.server).count("Pod1"))

    def test_other_faults(self) -> None:
        """
        A server that fails otherwise, or is gone, or whose pod does not say, is no reason.
        """
        for shown in (
            Reply(200, {"server": {"status": "ERROR", "fault": {"message": "Build of instance aborted."}}}),
            Reply(200, {"server": {"status": "ERROR"}}),
            Reply(200, {"server": {"status": "ERROR", "fault": "No valid host was found"}}),
            Reply(200, b"no json"),
            Reply(404, {}),
            Reply(401, {}),
            Reply(500, {}),
            Hang(),
            Broken(),
        ):
            self.pods.on("Pod1", "GET", self.server, shown)
            self.create_server()
            self.wait(400)
            self.assertEqual("Pod1", self.create_server(), shown)
            self.wait(400)

    def test_success_clears(self) -> None:
        """
        A server of the flavor that found its host there makes the pod as good as before; that it was accepted does not.
        """
        self.shows(self.no_host)
        self.create_server()
        self.wait(20)
        self.assertEqual("Pod2", self.create_server())
        self.pods.on("Pod2", "POST", SERVERS, QUOTA, MADE)
        self.shows({"status": "ACTIVE"})
        self.assertEqual("Pod1", self.create_server())
        self.assertEqual("Pod2", self.create_server())
        self.wait(20)
        self.database.bindings.clear()
        self.state.replace(self.state.pods(), {})
        self.assertEqual("Pod1", self.create_server())

    def test_one_at_a_time(self) -> None:
        """
        However many creates of a sort there are, one server is asked after at a time, and each question is bounded.
        """
        self.shows({"status": "BUILD"})
        for _ in range(20):
            self.create_server()
        self.wait(300)
        self.assertEqual(7, self.pods.asked("GET", self.server).count("Pod1"))
        self.assertEqual(
            {LIST_BUDGET}, {each.call.budget for each in self.pods.calls if each.path == self.server}
        )

    def test_forced(self) -> None:
        """
        Whoever has wishes for the host learns of these, not of the pod.
        """
        self.shows(self.no_host)
        for more in (
            {"body": {"os:scheduler_hints": {"same_host": []}}},
            {"availability_zone": "az1:host7"},
            {"host": "host7"},
        ):
            self.create_server(**more)
        self.wait()
        self.assertEqual([], self.pods.asked("GET", self.server))

    def test_no_backend(self) -> None:
        """
        A volume that found no backend, as Cinder's message tells, keeps others that are as large from the pod.
        """
        told = {"resource_uuid": S1, "event_id": "VOLUME_VOLUME_001_003"}
        error = Reply(200, {"volume": {"status": "error"}})
        self.pods.on("Pod1", "GET", self.volume, Reply(200, {"volume": {"status": "creating"}}), error)
        self.pods.on(
            "Pod1", "GET", self.messages, Reply(200, {"messages": []}), Reply(200, {"messages": [told]})
        )
        self.assertEqual("Pod1", self.create_volume(50))
        self.wait(20)
        self.assertEqual(["Pod1", "Pod2"], [self.create_volume(size) for size in (49, 50)])
        asked = [each for each in self.pods.calls if each.path == self.messages]
        self.assertEqual([f"resource_uuid={S1}"] * 2, [each.query for each in asked])
        self.assertEqual(b"volume 3.5", asked[0].header(b"openstack-api-version"))

    def test_other_messages(self) -> None:
        """
        A volume that failed otherwise is no reason.
        """
        error = Reply(200, {"volume": {"status": "error"}})
        self.pods.on("Pod1", "GET", self.volume, error)
        for answer in (
            Reply(200, {"messages": [{"resource_uuid": S1, "event_id": "VOLUME_VOLUME_005_007"}]}),
            Reply(200, {"messages": [{"resource_uuid": S2, "event_id": "VOLUME_VOLUME_001_003"}]}),
            Reply(200, {"messages": [7]}),
            Reply(200, {"messages": []}),
            Reply(404, {}),
        ):
            self.pods.on("Pod1", "GET", self.messages, answer)
            self.create_volume(50)
            self.wait()
            self.assertEqual("Pod1", self.create_volume(50), answer)
            self.wait()

    def test_stopped(self) -> None:
        """
        A daemon that stops looks after nothing any more.
        """
        self.create_server()
        self.departures.stopService()
        self.wait()
        self.assertEqual([], self.pods.asked("GET", self.server))
        self.assertEqual([], self.clock.getDelayedCalls())
