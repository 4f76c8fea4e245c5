"""
What is kept between rankings changes nothing of what they say.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, ClassVar

from attrs import evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.unit.scheduling.plain import plainly_ranked
from trio2o.interfaces import IPodFilter, IPodWeigher, ISteady, ISteadyFilter, ISteadyWeigher
from trio2o.model import (
    Amounts,
    Candidate,
    Kind,
    Offers,
    PlacementRequest,
    Pod,
    PodSettings,
    PodState,
    QuotaLeft,
    Stock,
    Usage,
)
from trio2o.scheduling.field import Field
from trio2o.scheduling.registry import BUILT_IN_FILTERS, BUILT_IN_WEIGHERS, Rules
from trio2o.scheduling.rows import FIELDS, Rows, bits_of, places_of
from trio2o.scheduling.selection import Selection
from trio2o.scheduling.weighing import Weighted


@implementer(IPodFilter)
@frozen
class OneInFour:
    """
    A third party's filter that tells nothing of what it goes by.
    """

    name: str = "one_in_four"
    reason: str = "it is the fourth"

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        """
        See :class:`IPodFilter`.
        """
        return (candidate.pod.serial + len(request.project_id) + candidate.failures) % 4 > 0


@implementer(ISteadyFilter)
@frozen
class FewFailures:
    """
    A third party's filter that tells.
    """

    name: str = "few_failures"
    reason: str = "too many failures"
    reads: ClassVar[frozenset[str]] = frozenset({"failures", "claimed"})

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        """
        See :class:`IPodFilter`.
        """
        return candidate.failures + candidate.claimed.vcpus < 3

    def part(self, request: PlacementRequest) -> Hashable:
        """
        See :class:`ISteady`.
        """
        return None

    def concerns(self, candidate: Candidate) -> bool:
        """
        See :class:`ISteadyFilter`.
        """
        return True


@implementer(IPodWeigher)
@frozen
class Claims:
    """
    A third party's weigher that tells nothing of what it goes by.
    """

    name: str = "claims"

    def weigh(self, candidate: Candidate, request: PlacementRequest) -> float:
        """
        See :class:`IPodWeigher`.
        """
        return candidate.claimed.vcpus * (1 + candidate.bound_elsewhere) - len(request.pod_group)


@implementer(ISteadyWeigher)
@frozen
class Elsewhere:
    """
    A third party's weigher that tells.
    """

    name: str = "elsewhere"
    reads: ClassVar[frozenset[str]] = frozenset({"bound_elsewhere"})

    def weigh(self, candidate: Candidate, request: PlacementRequest) -> float:
        """
        See :class:`IPodWeigher`.
        """
        return float(candidate.bound_elsewhere * (2 if request.kind is Kind.VOLUME else 1))

    def part(self, request: PlacementRequest) -> Hashable:
        """
        See :class:`ISteady`.
        """
        return request.kind


MAX_PODS = Rules(max_pods=2)
FILTERS = [
    *[make() for make in BUILT_IN_FILTERS.values()],
    MAX_PODS.filters()["max_pods"](),
    OneInFour(),
    FewFailures(),
]
WEIGHERS = [*[make() for make in BUILT_IN_WEIGHERS.values()], Claims(), Elsewhere()]

some_amounts = st.builds(
    Amounts,
    vcpus=st.integers(0, 4).map(float),
    ram_mb=st.just(1024.0),
    volume_gb=st.sampled_from([0.0, 10.0]),
)
stocks = st.none() | st.builds(Stock, total=st.just(10.0), used=st.integers(0, 12).map(float))
usages = st.none() | st.builds(
    Usage,
    vcpus=stocks,
    volume_gb=stocks,
    largest_volume_gb=st.sampled_from([None, 5.0]),
    projects=st.sampled_from([None, 0, 4]),
)
words = st.sets(st.sampled_from(["a", "b"])).map(tuple)
pods = st.builds(
    Pod,
    id=st.integers(1, 9).map(lambda number: f"id{number}"),
    name=st.sampled_from(["Pod1", "Pod2"]),
    az_name=st.sampled_from(["az1", "az1", "az2", ""]),
    state=st.sampled_from([PodState.ENABLED, PodState.ENABLED, PodState.DRAINING]),
    weight=st.sampled_from([-2.0, 0.0, 1.0, 1.5]),
    affinity=st.sampled_from([frozenset(), frozenset(), frozenset({"gpu"})]),
    serial=st.integers(0, 2),
    settings=st.builds(
        PodSettings,
        cost=st.sampled_from([0.0, 0.0, 2.5]),
        taints=words,
        projects_allowed=words,
        projects_denied=words,
        headroom=st.sampled_from([{}, {"vcpus": 0.5}]),
    ),
)
offers = st.none() | st.builds(Offers, flavors=st.none() | st.frozensets(st.sampled_from(["small", "large"])))
quotas = st.none() | st.builds(QuotaLeft, servers=st.sampled_from([None, 0.0, 5.0]), vcpus=st.just(2.0))
#: Candidates as they are for everybody.
rows = st.builds(
    Candidate,
    pod=pods,
    healthy=st.sampled_from([True, True, False]),
    usage=usages,
    claimed=some_amounts,
    offers=offers,
)
requests = st.builds(
    PlacementRequest,
    project_id=st.sampled_from(["a", "b", "other"]),
    kind=st.sampled_from([Kind.SERVER, Kind.SERVER, Kind.VOLUME, Kind.SNAPSHOT]),
    availability_zone=st.sampled_from([None, None, "az1", "az2"]),
    pod_group=st.sampled_from(["", "", "gpu"]),
    within=st.none() | st.frozensets(st.sampled_from(["id1", "id2", "id3"])),
    excluded=st.just(frozenset()) | st.frozensets(st.sampled_from(["id1", "id2"])),
    needs=st.none() | some_amounts,
    flavor=st.sampled_from([None, "small"]),
    tolerations=st.just(frozenset({"a", "b"})) | st.frozensets(st.sampled_from(["a", "b"])),
)
ids = st.integers(1, 11).map(lambda number: f"id{number}")
#: What holds for one project alone, also of pods that are not there.
owns = st.fixed_dictionaries(
    {},
    optional={
        "bound": st.dictionaries(ids, st.just(True), max_size=2),
        "bound_elsewhere": st.dictionaries(ids, st.integers(1, 3)),
        "failures": st.dictionaries(ids, st.integers(1, 4)),
        "quota": st.dictionaries(ids, quotas),
    },
)
selections = st.builds(
    Selection,
    filters=st.lists(st.sampled_from(FILTERS), unique_by=id, max_size=5).map(tuple),
    weighers=st.lists(
        st.builds(Weighted, weigher=st.sampled_from(WEIGHERS), factor=st.sampled_from([-1.0, 0.5, 3.0])),
        unique_by=lambda weighted: weighted.weigher.name,
        max_size=4,
    ).map(tuple),
)


def with_own(candidate: Candidate, own: Mapping[str, Mapping[str, Any]]) -> Candidate:
    """
    A candidate as it is for a project.
    """
    said = {name: values[candidate.pod.id] for name, values in own.items() if candidate.pod.id in values}
    return evolve(candidate, **said)


class RankedField(RuleBasedStateMachine):
    """
    Candidates change, now and then requests are ranked.
    """

    field: Field

    def __init__(self) -> None:
        super().__init__()
        self.candidates: dict[str, Candidate] = {}

    @initialize(selection=selections, candidates=st.lists(rows, max_size=9))
    def begin(self, selection: Selection, candidates: list[Candidate]) -> None:
        """
        Some pods.
        """
        self.selection = selection
        self.field = selection.field()
        self.others(candidates)

    @rule(candidates=st.lists(rows, max_size=9))
    def others(self, candidates: list[Candidate]) -> None:
        """
        Other pods altogether.
        """
        self.candidates = {one.pod.id: one for one in candidates}
        self.field.rows.fill(self.candidates.values())

    @precondition(lambda self: self.candidates)
    @rule(data=st.data(), candidates=st.lists(rows, min_size=1, max_size=3))
    def change(self, data: st.DataObject, candidates: list[Candidate]) -> None:
        """
        Something has become known of some pods.
        """
        changed = {}
        for one in candidates:
            pod = self.candidates[data.draw(st.sampled_from(sorted(self.candidates)))].pod
            changed[pod.id] = evolve(one, pod=evolve(one.pod, id=pod.id, serial=pod.serial))
        self.candidates.update(changed)
        self.field.rows.put(changed.values())

    @rule(request=requests, own=owns)
    def rank(self, request: PlacementRequest, own: Mapping[str, Mapping[str, Any]]) -> None:
        """
        The ranking says what asking everyone about every pod says, also of what was true when it was made.
        """
        ranking = self.field.rank(request, {name: lambda said=said: said for name, said in own.items()})
        seen = [with_own(candidate, own) for candidate in self.candidates.values()]
        plain = plainly_ranked(self.selection, seen, request)
        self.field.rows.put([evolve(one, failures=9) for one in self.candidates.values()])
        self.field.rows.put(self.candidates.values())

        assert ranking.pods == tuple(one.pod for one in plain.ordered)
        assert ranking.ordered == plain.ordered
        assert ranking.dropped == plain.dropped
        assert ranking.reasons == {one.pod.name: one.reason for one in plain.dropped}


class FieldTests(SynchronousTestCase):
    """
    What is kept.
    """

    def test_as_plain(self) -> None:
        """
        For any filters and weighers, third parties' too, and any changes between: the plain ranking.
        """
        run_state_machine_as_test(RankedField, settings=settings(deadline=None, stateful_step_count=12))


class SteadyTests(SynchronousTestCase):
    """
    The built-in filters and weighers go by no more than they tell.
    """

    @given(st.sampled_from(FILTERS + WEIGHERS), rows, rows, owns, owns, requests, requests)
    def test_told(
        self,
        asked: Any,
        one: Candidate,
        other: Candidate,
        own: Mapping[str, Mapping[str, Any]],
        others: Mapping[str, Mapping[str, Any]],
        request: PlacementRequest,
        another: PlacementRequest,
    ) -> None:
        """
        Two candidates that are alike in what is read, and two requests with equal parts, get the same answer.
        """
        if not ISteady.providedBy(asked):
            return
        one, other = with_own(one, own), with_own(other, others)
        alike = evolve(other, **{name: getattr(one, name) for name in asked.reads})
        ask = asked.accepts if ISteadyFilter.providedBy(asked) else asked.weigh
        self.assertEqual(ask(one, request), ask(alike, request))
        if asked.part(request) == asked.part(another):
            self.assertEqual(ask(one, request), ask(one, another))
        if ISteadyFilter.providedBy(asked) and not asked.concerns(one):
            self.assertTrue(ask(one, request))

    def test_all_tell(self) -> None:
        """
        Every built-in filter and weigher does, and reads fields that there are.
        """
        for make in [*BUILT_IN_FILTERS.values(), *BUILT_IN_WEIGHERS.values(), MAX_PODS.filters()["max_pods"]]:
            one: Any = make()
            self.assertTrue(ISteady.providedBy(one), one)
            self.assertLessEqual(one.reads, FIELDS)


class RowsTests(SynchronousTestCase):
    """
    What is told of changes.
    """

    def test_asked_once(self) -> None:
        """
        A filter is asked about a pod once, until what it reads of that pod has changed.
        """
        asked = []

        @implementer(ISteadyFilter)
        @frozen
        class Counting:
            """
            Notes whom it was asked about.
            """

            name: str = "counting"
            reason: str = "none"
            reads: ClassVar[frozenset[str]] = frozenset({"usage"})

            def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
                asked.append(candidate.pod.id)
                return True

            def part(self, request: PlacementRequest) -> Hashable:
                return request.kind

            def concerns(self, candidate: Candidate) -> bool:
                return candidate.pod.id != "id3"

        field = Selection(filters=(Counting(),), weighers=()).field()
        given_rows = [
            Candidate(pod=Pod(id=f"id{n}", name=f"Pod{n}", az_name="az1", serial=n)) for n in (1, 2, 3)
        ]
        field.rows.fill(given_rows)
        server = PlacementRequest(project_id="p", kind=Kind.SERVER)
        for change in ({}, {}, {"healthy": False}, {"healthy": False, "usage": Usage(servers=1)}):
            field.rows.put([evolve(given_rows[1], **change)])
            field.rank(server)
        self.assertEqual(asked, ["id1", "id2", "id2"])
        field.rank(evolve(server, kind=Kind.VOLUME))
        self.assertEqual(asked[3:], ["id1", "id2"])

    def test_long_ago(self) -> None:
        """
        What has changed since long ago is not known, and neither is it after other rows were put in place of all.
        """
        known = Rows()
        one = Candidate(pod=Pod(id="1", name="Pod1", az_name="az1"))
        known.fill([one])
        since = known.number
        self.assertEqual(set(known.changed(since, FIELDS) or ()), set())
        known.put([evolve(one, failures=1)])
        self.assertEqual(set(known.changed(since, {"failures"}) or ()), {0})
        self.assertEqual(set(known.changed(since, {"usage"}) or ()), set())
        for number in range(2, 1000):
            known.put([evolve(one, failures=number)])
        self.assertIsNone(known.changed(since, {"failures"}))
        since = known.number
        known.fill([one])
        self.assertIsNone(known.changed(since, {"failures"}))

    @given(st.sets(st.integers(0, 200)))
    def test_bits(self, places: set[int]) -> None:
        """
        Places and their bits say the same.
        """
        self.assertEqual(places_of(bits_of(places)), sorted(places))
        self.assertEqual(bits_of(places), sum(1 << place for place in places))
