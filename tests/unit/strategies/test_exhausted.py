"""
Placement by what is known of pods: full ones, those that failed, and those that are for others.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred

from tests.unit.strategies.case import P1, S1, StrategyCase
from tests.unit.strategies.checked import CheckedCandidates
from tests.unit.strategies.doubles import Broken, Hang, Reply, Unreachable
from trio2o.errors import BadRequest, GatewayError, GatewayTimeout, NoValidPod
from trio2o.model import Amounts, Kind, PlacementRequest, PodSettings, Stock, Usage
from trio2o.scheduling.binding_move import Move
from trio2o.scheduling.explaining import Explanation
from trio2o.scheduling.registry import make_filters, make_weighers
from trio2o.scheduling.selection import Selection
from trio2o.storage.memory import MemoryPods
from trio2o.strategies.experience import Experience
from trio2o.strategies.offers import OfferBook
from trio2o.strategies.placing import Placement

SERVERS = "/v2.1/servers"
VOLUMES = f"/v3/{P1}/volumes"
MADE = Reply(202, {"server": {"id": S1}})
QUOTA = Reply(403, {"forbidden": {"code": 403, "message": "Quota exceeded for instances"}})


class ExhaustedTests(StrategyCase):
    """
    Creates of a project over what the process knows.
    """

    def make(self) -> None:
        """
        The strategies, with a placement that remembers.
        """
        super().make()
        rules = self.scheduling.rules()
        self.known = Experience(clock=self.clock, rules=rules.capacity)
        self.offers = OfferBook(clock=self.clock, touched=self.known.touched)
        self.placement = Placement(
            state=self.state,
            bindings=self.bindings,
            pod_store=MemoryPods(self.database),
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
            default_zone="az1",
            experience=self.known,
            offers=self.offers,
            tolerations={project: frozenset(words) for project, words in self.scheduling.tolerations.items()},
        )
        schedule: Any = self.strategies["schedule"]
        schedule._placement = self.placement

    def setUp(self) -> None:
        super().setUp()
        self.pods.on("*", "POST", SERVERS, MADE)
        self.pods.on("*", "POST", VOLUMES, Reply(202, {"volume": {"id": S1}}))

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
        A pod that has failed the project twice is tried last, and the binding moves with the success elsewhere; after a while it
        is as good as any, but the binding has moved.
        """
        self.is_bound(self.pod1)
        self.pods.on("Pod1", "POST", SERVERS, QUOTA)

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
