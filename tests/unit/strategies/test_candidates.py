"""
Candidates as they are kept say what candidates made anew say.
"""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.strategies.checked import CheckedCandidates
from trio2o.model import (
    Amounts,
    Binding,
    Candidate,
    CollectedOffers,
    Kind,
    Lack,
    News,
    OfferedFlavor,
    Placed,
    PlacementRequest,
    Pod,
    PodOffers,
    PodState,
    Stock,
    Usage,
)
from trio2o.scheduling.refusals import Refusal
from trio2o.scheduling.registry import BUILT_IN_FILTERS, BUILT_IN_WEIGHERS, Rules, make_filters, make_weighers
from trio2o.scheduling.selection import Selection
from trio2o.state.cache import MemoryState
from trio2o.strategies import touched
from trio2o.strategies.candidates import Candidates
from trio2o.strategies.claims import Claim
from trio2o.strategies.experience import Experience
from trio2o.strategies.offers import OfferBook
from trio2o.strategies.touched import Touched

PODS = [Pod(id=f"id{n}", name=f"Pod{n}", az_name=f"az{n % 2}", serial=n) for n in range(3)]
SERVER = PlacementRequest(project_id="p", kind=Kind.SERVER)
SELECTION = Selection(
    filters=make_filters(list(BUILT_IN_FILTERS), rules=Rules(max_pods=2)),
    weighers=make_weighers(dict.fromkeys(BUILT_IN_WEIGHERS, 2.0)),
)
USAGE = Usage(vcpus=Stock(total=2.0, used=0.0))

pods = st.sampled_from(PODS)
several = st.lists(pods, unique_by=id)
projects = st.sampled_from(["p", "q"])
kinds = st.sampled_from([Kind.SERVER, Kind.VOLUME])


def a_binding(project: str, pod: Pod) -> Binding:
    """
    A project's binding to a pod.
    """
    return Binding(
        id=f"{project} {pod.id}",
        tenant_id=project,
        pod_id=pod.id,
        az_name=pod.az_name,
        is_binding=True,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


class LivingPods(RuleBasedStateMachine):
    """
    All that may happen to pods between two creates; whoever ranks them is checked (:class:`CheckedCandidates`).
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.clock.advance(1_000_000.3)
        self.state = MemoryState(self.clock)
        self.state.put_pods(PODS)
        self.known = Experience(clock=self.clock, failure_seconds=60.0, stale_seconds=600.0)
        self.offers = OfferBook(clock=self.clock, stale_seconds=900.0, touched=self.known.touched)
        self.unhealthy: set[str] = set()
        self.behind: dict[str, set[str]] = {"compute": set(), "volume": set()}
        self.without_key: set[str] = set()
        self.claims: list[Claim] = []
        self.candidates = CheckedCandidates(
            clock=self.clock,
            state=self.state,
            unhealthy=lambda service: self.unhealthy if service == "compute" else (),
            selection=SELECTION,
            experience=self.known,
            offers=self.offers,
            behind=self.behind.__getitem__,
            without_key=lambda key: self.without_key if key == "u/k" else (),
        )

    @rule(seconds=st.sampled_from([0.1, 30.0, 60.0, 599.9, 600.0]))
    def wait(self, seconds: float) -> None:
        """
        Time passes.
        """
        self.clock.advance(seconds)

    @rule(pod=pods, used=st.sampled_from([0.0, 20.0, 60.0]), age=st.sampled_from([0.0, 0.4, 500.0, 601.0]))
    def tell(self, pod: Pod, used: float, age: float) -> None:
        """
        A pod's usage is read.
        """
        self.known.note_usage(pod.id, evolve(USAGE, vcpus=Stock(total=2.0, used=used)), age)

    @rule(
        lists=st.dictionaries(
            pods.map(lambda pod: pod.id),
            st.tuples(st.sampled_from(["", "a", "ab"]), st.sampled_from([0.0, 0.3, 890.0])),
        ),
        young=st.booleans(),
    )
    def offer(self, lists: dict[str, tuple[str, float]], young: bool) -> None:
        """
        What pods offer is read.
        """
        now = self.clock.seconds()
        self.offers.note(
            CollectedOffers(
                pod_id=pod_id,
                digest=f"{flavors} {young}",
                offers=PodOffers(
                    flavors=tuple(
                        OfferedFlavor(id=one, since=now - 30.0 if young else 0.0) for one in flavors
                    )
                ),
                collected_at=datetime.fromtimestamp(now - age, UTC),
                age=age,
            )
            for pod_id, (flavors, age) in lists.items()
        )

    @rule(kept=st.sets(pods.map(lambda pod: pod.id)))
    def retain(self, kept: set[str]) -> None:
        """
        Pods are gone from what was collected.
        """
        self.known.retain(kept)

    @rule(pod=pods, failed=several, project=projects, kind=kinds)
    def settle(self, pod: Pod, failed: list[Pod], project: str, kind: Kind) -> None:
        """
        A create succeeds, after others failed.
        """
        request = PlacementRequest(project_id=project, kind=kind)
        self.known.settled(request, pod, [one for one in failed if one is not pod])

    @rule(pod=pods, vcpus=st.sampled_from([0.0, 3.0]))
    def claim(self, pod: Pod, vcpus: float) -> None:
        """
        A create is sent to a pod.
        """
        request = PlacementRequest(project_id="p", kind=Kind.SERVER, needs=Amounts(vcpus=vcpus))
        self.claims.append(self.known.claim(request, pod))

    @rule(kept=st.booleans())
    def answer(self, kept: bool) -> None:
        """
        The pod has answered it.
        """
        if self.claims:
            claim = self.claims.pop(0)
            if kept:
                claim.keep()
            else:
                claim.give_back()

    @rule(pod=pods, opened=st.sampled_from([0.0, 2.0]), kept=st.sampled_from([0.0, 1.0]))
    def hear(self, pod: Pod, opened: float, kept: float) -> None:
        """
        Another process tells what it places.
        """
        placed = Placed(open=Amounts(vcpus=opened), kept=Amounts(vcpus=kept))
        self.known.heard(News(sender="other", placed={pod.id: placed}))

    @rule(
        pod=pods, lack=st.sampled_from(Lack), project=projects, kind=kinds, vcpus=st.sampled_from([None, 3.0])
    )
    def refuse(self, pod: Pod, lack: Lack, project: str, kind: Kind, vcpus: float | None) -> None:
        """
        A pod refuses a create, or finds no room for what it accepted.
        """
        request = PlacementRequest(
            flavor="b", project_id=project, kind=kind, needs=None if vcpus is None else Amounts(vcpus=vcpus)
        )
        if lack is Lack.HOST:
            self.known.came_to(request, pod, found_room=False)
        else:
            self.known.refused(request, pod, Refusal(lack=lack, words="", any_size=vcpus is None))

    @rule(pod=pods, project=projects, kind=kinds)
    def be_there(self, pod: Pod, project: str, kind: Kind) -> None:
        """
        What a pod accepted has found its host.
        """
        request = PlacementRequest(flavor="b", project_id=project, kind=kind, needs=Amounts(vcpus=20.0))
        self.known.came_to(request, pod, found_room=True)

    @rule(sick=st.sets(pods.map(lambda pod: pod.id)))
    def sicken(self, sick: set[str]) -> None:
        """
        Breakers open and close.
        """
        self.unhealthy = sick

    @rule(
        service=st.sampled_from(["compute", "volume"]),
        behind=st.sets(pods.map(lambda pod: pod.id)),
        without_key=st.sets(pods.map(lambda pod: pod.id)),
    )
    def lack(self, service: str, behind: set[str], without_key: set[str]) -> None:
        """
        Pods lack what all are to have, and some a user's key pair.
        """
        changed = behind ^ self.behind[service]
        self.behind[service], self.without_key = behind, without_key
        for pod_id in changed:
            self.known.touched.touch(pod_id)

    @rule(there=several, state=st.sampled_from(PodState), changed=pods)
    def manage(self, there: list[Pod], state: PodState, changed: Pod) -> None:
        """
        The operator's doings.
        """
        self.state.put_pods([evolve(pod, state=state) if pod is changed else pod for pod in there])

    @rule(
        project=projects,
        kind=kinds,
        bound=several,
        needs=st.sampled_from([None, 20.0]),
        key_pair=st.sampled_from([None, "u/k", "v/k"]),
        makes_volumes=st.booleans(),
    )
    def rank(
        self,
        project: str,
        kind: Kind,
        bound: list[Pod],
        needs: float | None,
        key_pair: str | None,
        makes_volumes: bool,
    ) -> None:
        """
        A create.
        """
        request = PlacementRequest(
            flavor="b",
            project_id=project,
            kind=kind,
            needs=None if needs is None else Amounts(vcpus=needs),
            key_pair=key_pair,
            makes_volumes=makes_volumes,
        )
        self.candidates.rank(request, [a_binding(project, pod) for pod in bound])

    @invariant()
    def ranked(self) -> None:
        """
        Somebody makes a server after each of them.
        """
        self.candidates.rank(SERVER, ())


class CandidatesTests(SynchronousTestCase):
    """
    The rows and what is a project's own.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.state = MemoryState(self.clock)
        self.state.put_pods(PODS)
        self.known = Experience(clock=self.clock, stale_seconds=600.0)
        self.made: list[str] = []
        made = self.made

        class Watched(Candidates):
            """
            Notes whose rows are made.
            """

            def _row(self, pod: Pod, service: str, healthy: bool) -> Candidate:
                made.append(pod.name)
                return super()._row(pod, service, healthy)

        self.candidates = Watched(
            clock=self.clock,
            state=self.state,
            unhealthy=lambda service: (),
            selection=SELECTION,
            experience=self.known,
        )

    def rank(self) -> list[str]:
        """
        Rank for a server, and give the pods whose rows were made for it.
        """
        self.made.clear()
        self.candidates.rank(SERVER, ())
        return self.made

    def test_key_pair(self) -> None:
        """
        A pod that lacks a user's key pair is dropped for the servers that name it, and for no other; no row is made for that.
        """
        self.candidates._without_key = lambda key: {"id1"} if key == "u/k" else ()
        self.candidates.rank(SERVER, ())
        self.made.clear()

        def dropped(key_pair: str | None) -> list[str]:
            ranking = self.candidates.rank(evolve(SERVER, key_pair=key_pair), ())
            return [one.pod.name for one in ranking.dropped if one.filter_name == "up_to_date"]

        self.assertEqual((["Pod1"], [], []), (dropped("u/k"), dropped("v/k"), dropped(None)))
        self.assertEqual([], self.made)

    def test_makes_volumes(self) -> None:
        """
        A pod whose Block Storage lacks something takes servers, but for those that make volumes there.
        """
        self.candidates._behind = {"compute": set(), "volume": {"id1"}}.__getitem__

        def dropped(request: PlacementRequest) -> list[str]:
            ranking = self.candidates.rank(request, ())
            return [one.pod.name for one in ranking.dropped if one.filter_name == "up_to_date"]

        volume = PlacementRequest(project_id="p", kind=Kind.VOLUME)
        asked = (SERVER, evolve(SERVER, makes_volumes=True), volume)
        self.assertEqual([[], ["Pod1"], ["Pod1"]], [dropped(request) for request in asked])

    def test_as_anew(self) -> None:
        """
        Whatever happens between creates.
        """
        run_state_machine_as_test(LivingPods, settings=settings(deadline=None, stateful_step_count=25))

    def test_list_of_offers_too_old(self) -> None:
        """
        A list that has become older than its row was made for ends at its own time.
        """
        pods = LivingPods()
        for age in (0.0, 890.0):
            pods.offer({"id0": ("ab", age)}, young=True)
            pods.candidates.rank(SERVER, ())
        pods.wait(30.0)

        ranking = pods.candidates.rank(SERVER, ())

        self.assertEqual({each.candidate.offers for each in ranking.ordered}, {None})

    def test_made_once(self) -> None:
        """
        Rows are made for the first create, and then those of pods of which something has become known.
        """
        self.assertEqual(self.rank(), [pod.name for pod in PODS])
        self.assertEqual(self.rank(), [])
        self.known.note_usage("id2", USAGE, 0.0)
        self.assertEqual(self.rank(), ["Pod2"])
        self.known.claim(SERVER, PODS[2])
        self.assertEqual(self.rank(), ["Pod2"])
        self.known.settled(SERVER, PODS[2], ())
        self.assertEqual(self.rank(), [])
        self.clock.advance(600)
        self.assertEqual(self.rank(), [])
        self.clock.advance(1)
        self.assertEqual(self.rank(), ["Pod2"])

    def test_few_moments(self) -> None:
        """
        However often a pod is told of, one moment is waited for.
        """
        for _ in range(100):
            self.clock.advance(1)
            self.known.note_usage("id2", USAGE, 0.0)
            self.rank()
        [kept] = self.candidates._kept.values()
        self.assertEqual(len(kept.until), 1)

    def test_own(self) -> None:
        """
        A project's own is seen by the ranking: its bindings in zone and elsewhere, and its failures.
        """
        bindings = [a_binding("p", PODS[1]), a_binding("p", PODS[2])]
        self.known.settled(SERVER, PODS[0], [PODS[1]])
        seen = {one.pod.name: one for one in self.candidates.seen(SERVER, bindings)}
        self.assertEqual([seen[f"Pod{n}"].bound for n in range(3)], [False, True, True])
        self.assertEqual([seen[f"Pod{n}"].bound_elsewhere for n in range(3)], [1, 1, 1])
        self.assertEqual([seen[f"Pod{n}"].failures for n in range(3)], [0, 1, 0])


class TouchedTests(SynchronousTestCase):
    """
    Which pods were touched.
    """

    def test_since(self) -> None:
        """
        Those after a number, each once; from before the beginning all count.
        """
        known = Touched()
        self.assertIsNone(known.since(-1))
        self.assertEqual(known.since(0), set())
        for pod_id in ("a", "b", "b"):
            known.touch(pod_id)
        self.assertEqual(known.since(0), {"a", "b"})
        self.assertEqual(known.since(1), {"b"})
        self.assertEqual(known.since(3), set())

    def test_bounded(self) -> None:
        """
        Who has not looked for long is told that all may have changed.
        """
        self.patch(touched, "_MOST", 2)
        known = Touched()
        for pod_id in "abcde":
            known.touch(pod_id)
        self.assertIsNone(known.since(0))
        self.assertEqual(known.since(3), {"d", "e"})
