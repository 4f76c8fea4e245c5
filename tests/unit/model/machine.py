"""
Placement and binding as a state machine: several processes over one database, pods that fail in all ways, and whatever they
wait for happens in any order.
"""

from __future__ import annotations

from datetime import timedelta

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.unit.model.pods import Mood
from tests.unit.model.world import PODS, PROJECTS, ZONES, World
from trio2o.model import Amounts, Kind, PodState

_any = st.integers(min_value=0, max_value=10_000)
_several = st.lists(_any, min_size=1, max_size=8)
# the first ones more often: what meets is what breaks
_processes = st.sampled_from([0, 0, 0, 1, 1, 2])
_projects = st.sampled_from([PROJECTS[0], PROJECTS[0], PROJECTS[0], PROJECTS[1]])
_pods = st.sampled_from(PODS)
_moods = st.sampled_from([Mood.ACCEPTS, Mood.ACCEPTS, Mood.ACCEPTS, *Mood, Mood.QUOTA, Mood.QUOTA])


class SchedulingMachine(RuleBasedStateMachine):
    """
    The rules are what may happen; :class:`tests.unit.model.judge.Judge` has what must hold.
    """

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @initialize(moods=st.tuples(*[_moods] * len(PODS)))
    def begin(self, moods: tuple[Mood, ...]) -> None:
        """
        The pods are as they are.
        """
        for pod_id, mood in zip(PODS, moods, strict=True):
            self.world.clouds.pods[pod_id].mood = mood

    # What clients do.

    @rule(
        processes=st.lists(_processes, min_size=1, max_size=3),
        project=_projects,
        zone=st.sampled_from([None, None, *ZONES]),
        size=st.sampled_from([0, 0, 1, 3]),
    )
    def create(self, processes: list[int], project: str, zone: str | None, size: int) -> None:
        """
        A client asks for servers, or for volumes of so many gigabytes, several at once.
        """
        needs = Amounts(volume_gb=float(size)) if size else Amounts(vcpus=1.0)
        for process in processes:
            self.world.begin(process, project, Kind.VOLUME if size else Kind.SERVER, zone, needs)

    @rule(processes=st.lists(_processes, min_size=1, max_size=3), key=st.sampled_from(["k1", "k2"]))
    def create_keyed(self, processes: list[int], key: str) -> None:
        """
        A client asks for one server, again and again.
        """
        for process in processes:
            self.world.begin(process, PROJECTS[0], Kind.SERVER, None, Amounts(vcpus=1.0), key=key)

    @rule(process=_processes, volume=_any)
    def create_pinned(self, process: int, volume: int) -> None:
        """
        A client asks for a server with a volume that there is.
        """
        volumes = [
            (made, pod.pod_id, create.project)
            for pod in self.world.clouds.pods.values()
            for made, create in pod.made.items()
            if create.kind is Kind.VOLUME and pod.pod_id in self.world.database.pods
        ]
        if volumes:
            made, pod_id, project = volumes[volume % len(volumes)]
            self.world.begin(process, project, Kind.SERVER, None, Amounts(vcpus=1.0), volume=(made, pod_id))

    @rule(process=_processes, project=_projects, zone=st.sampled_from([None, "az1"]))
    def create_to_its_end(self, process: int, project: str, zone: str | None) -> None:
        """
        A client asks for a server, and nothing else happens until it is answered or its pod is silent.
        """
        create = self.world.begin(process, project, Kind.SERVER, zone, Amounts(vcpus=1.0))
        if create is not None:
            self.world.run(create)

    # What the network does.

    @rule(picks=_several)
    def step(self, picks: list[int]) -> None:
        """
        Some of the things that may happen do, in any order.
        """
        for pick in picks:
            steps = self.world.steps()
            if steps:
                process, step = steps[pick % len(steps)]
                process.wire.take(step)
                self.world.tick()

    @rule(which=_any)
    def lose(self, which: int) -> None:
        """
        A connection is refused or breaks, or the database does not answer.
        """
        steps = self.world.steps()
        if steps:
            process, step = steps[which % len(steps)]
            self.world.news_whole &= not step.what.startswith("news")
            process.wire.take(step, lost=True)

    @rule(picks=_several)
    def run_on(self, picks: list[int]) -> None:
        """
        Some creates go on as far as they can.
        """
        for pick in picks:
            under_way = [create for create in self.world.creates if not create.over and create.process.runs]
            if under_way:
                self.world.run(under_way[pick % len(under_way)])

    @rule(process=_processes, whole=st.booleans())
    def catch_up(self, process: int, whole: bool) -> None:
        """
        A process hears of all that the database has, or of the next thing that it announces.
        """
        one = self.world.processes[process]
        if whole:
            self.world.catch_up(one)
        elif one.runs and one.wire.notices:
            one.wire.take_notice()

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 1.0, 2.5, 6.0, 20.0]))
    def pass_time(self, seconds: float) -> None:
        """
        Nothing is heard for a while, neither from pods nor from the database.
        """
        self.world.pass_time(seconds)

    @rule(seconds=st.sampled_from([1, 10, 40, 100]))
    def pass_quiet_time(self, seconds: int) -> None:
        """
        What is under way goes on as far as it can, and then the processes do no more for a while than follow the database.
        """
        self.world.run_all()
        times = min(seconds, 20)
        for _ in range(times):
            self.world.pass_time(seconds / times)
            for process in self.world.processes:
                self.world.catch_up(process)
        if seconds >= 40 and self.world.news_whole and all(process.runs for process in self.world.processes):
            self.world.judge.agree(self.world.processes)

    # What befalls processes and the database.

    @rule(process=_processes, what=st.sampled_from(["pause", "resume", "resume", "crash"]))
    def befall(self, process: int, what: str) -> None:
        """
        A process stands still, goes on, or dies and another takes its place.
        """
        one = self.world.processes[process]
        if what == "resume":
            stood_still = one.paused or 0.0
            one.resume()
            assert stood_still < 1.3 or not one.state.current, f"I14: {one.name} trusts its memory at once"
        elif what == "pause" and one.paused is None:
            one.paused = 0.0
        elif what == "crash":
            one.cut()
            self.world.dead.append(one)
            self.world.processes[process] = self.world.started(one.name + "'")

    @rule(what=st.sampled_from(["away", "back", "back", "back", "deaf", "listening", "listening"]))
    def change_database(self, what: str) -> None:
        """
        The database goes away or comes back, or the connections that listen do; nobody need have noticed yet.
        """
        if what in ("away", "back"):
            self.world.database.available = what == "back"
        if what in ("away", "deaf"):
            self.world.database.lose_listeners()
            self.world.news_whole = False
        elif self.world.database.available:
            self.world.database.restore_listeners()

    # What befalls pods.

    @rule(pod=_pods, mood=_moods)
    def change_mood(self, pod: str, mood: Mood) -> None:
        """
        A pod takes creates otherwise from now on.
        """
        self.world.clouds.pods[pod].mood = mood

    @rule(pod=_pods, vcpus=st.integers(0, 4), volume_gb=st.integers(0, 8))
    def fill(self, pod: str, vcpus: int, volume_gb: int) -> None:
        """
        Others use so much of a pod.
        """
        self.world.clouds.pods[pod].others = Amounts(vcpus=float(vcpus), volume_gb=float(volume_gb))

    @rule(pods=st.sets(_pods), processes=st.sets(_processes))
    def collect(self, pods: set[str], processes: set[int]) -> None:
        """
        The collector asks some pods how full they are, and some processes read what was collected.
        """
        for pod in sorted(pods):
            self.world.collected[pod] = (self.world.clouds.pods[pod].usage(), self.world.clock.seconds())
        for process in sorted(processes):
            one = self.world.processes[process]
            if one.runs:
                for pod_id, (usage, began) in self.world.collected.items():
                    one.tell_usage(pod_id, usage, began)

    @rule(process=_processes, pods=st.sets(_pods))
    def change_health(self, process: int, pods: set[str]) -> None:
        """
        These breakers of a process are open, and the others closed.
        """
        sick = self.world.processes[process].client.sick
        sick.clear()
        sick.update(pods)

    # What operators do, at yet another process.

    @rule(
        pod=_pods,
        state=st.sampled_from([*PodState, PodState.ENABLED, PodState.ENABLED]),
        window=st.sampled_from([(None, None), (None, None), (None, None), (None, 3), (3, None), (3, 30)]),
    )
    def change_state(self, pod: str, state: PodState, window: tuple[int | None, int | None]) -> None:
        """
        A pod's state is changed, maybe for a while, or for one that is to come.
        """
        now = self.world.database.now()
        begins, ends = (None if each is None else now + timedelta(seconds=each) for each in window)
        self.world.change(pod, state=state, state_from=begins, state_until=ends)

    @rule(pod=_pods, weight=st.sampled_from([1.0, 2.0]))
    def weigh(self, pod: str, weight: float) -> None:
        """
        A pod is preferred, or no more.
        """
        self.world.change(pod, weight=weight)

    @rule(project=_projects, pod=st.one_of(st.none(), _pods))
    def bind(self, project: str, pod: str | None) -> None:
        """
        A project is bound by hand, or all its bindings are ended.
        """
        if not self.world.database.available:
            return
        rows = self.world.database.bindings.values()
        active = [row for row in rows if row.is_binding and row.tenant_id == project]
        if pod is None:
            for row in active:
                self.world.now(self.world.bindings.end_binding(row.id, "admin"))
        elif all(row.pod_id != pod for row in active):
            self.world.now(self.world.bindings.create_binding(project, pod))
        self.world.judge.look()

    # What holds.

    @invariant()
    def nothing_is_broken(self) -> None:
        """
        I10 to I13.
        """
        self.world.tick()
        self.world.judge.history()
        self.world.judge.claims(self.world.processes)
        assert not self.world.judge.broken, "\n".join(self.world.judge.broken)

    def teardown(self) -> None:
        """
        When everything is well again, every create has ended and all processes go on as one would.
        """
        try:
            self.world.recover()
            self.nothing_is_broken()
        finally:
            for process in (*self.world.processes, *self.world.dead):
                process.cut()
