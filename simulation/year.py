"""
The year itself: the daemon's placement decides, pods that are simulated carry out.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from attrs import define, field
from twisted.internet.task import Clock

from simulation.figures import Figures, Fills, moves, moves_by_day, running
from simulation.fleet import DAY, PodPlan
from simulation.incidents import Incident, Trouble
from simulation.ledger import Ledger
from simulation.settings import Setting
from simulation.sites import Held, Site
from simulation.workload import Create, Workload
from trio2o.errors import NoValidPod, PodUnreachable
from trio2o.model import NOTHING, Amounts, Kind, Lack, PlacementRequest, Pod, PodSettings, PodState
from trio2o.scheduling.refusals import Refusal
from trio2o.service.placement import PlacementParts, make_placement
from trio2o.state.cache import MemoryState
from trio2o.storage.memory import MemoryBindings, MemoryPods
from trio2o.strategies.placing import Place

#: Seconds until the monitor and the breakers know that a pod fails, and that it is back.
_NOTICED = 30.0
#: Seconds until the daemon has found out whether there was a host for what it placed.
_FOUND_OUT = 10.0
#: What Nova answers to a project that has used up its quota.
_QUOTA = Refusal(
    lack=Lack.QUOTA, words="Quota exceeded for cores: Requested 4, but already used 20 of 20 cores"
)
#: How old what a pod said becomes, where nothing has changed there, as a share of the age at which it counts no more.
_OLD = 0.9

T = TypeVar("T")


@define(eq=False)
class Year:
    """
    One setting's.
    """

    _setting: Setting
    _plans: Sequence[PodPlan]
    _workload: Workload
    _incidents: Sequence[Incident]
    _days: int
    _clock: Clock = field(factory=Clock, init=False)
    _state: MemoryState = field(init=False)
    _ledger: Ledger = field(init=False)
    _parts: PlacementParts = field(init=False)
    #: By pod id, in the order of the plans.
    _sites: dict[str, Site] = field(factory=dict, init=False)
    #: Ids of pods that are known to fail.
    _failing: set[str] = field(factory=set, init=False)
    #: (seconds, number, what to do), the soonest first.
    _events: list[tuple[float, int, Callable[[], None]]] = field(factory=list, init=False)
    _number: int = field(default=0, init=False)
    #: Pod id to when it is asked anew, where something has changed since it was.
    _due: dict[str, float] = field(factory=dict, init=False)
    _counts: Counter[str] = field(factory=Counter, init=False)
    _avoidable: list[int] = field(init=False)
    _fills: Fills = field(factory=Fills, init=False)
    #: (project, zone, group) to the pods in which it has made something.
    _used: dict[tuple[str, str, str], set[str]] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        config = self._setting.config
        self._avoidable = [0] * self._days
        self._state = MemoryState(self._clock)
        self._state.confirm(float("inf"))
        self._ledger = Ledger(self._clock)
        self._parts = make_placement(
            self._clock,
            config,
            state=self._state,
            bindings=MemoryBindings(self._ledger),
            pod_store=MemoryPods(self._ledger),
            unhealthy=lambda service: self._failing,
        )

    def run(self) -> Figures:
        """
        From the first day to the last.
        """
        for plan in self._plans:
            self._at(plan.opens, self._opening(plan))
        for incident in self._incidents:
            self._at(incident.at, self._incident(incident))
        for create in self._workload.creates:
            self._at(create.at, self._wish(create))
        self._at(0.0, self._asking_all)
        for day in range(self._days):
            self._at((day + 0.5) * DAY, self._sample)
        end = self._days * DAY
        while self._events and self._events[0][0] < end:
            at, _, do = heapq.heappop(self._events)
            self._clock.advance(at - self._clock.seconds())
            do()
        return self._figures()

    def _figures(self) -> Figures:
        counts, history = self._counts, list(self._ledger.bindings.values())
        projects = len({create.project for create in self._workload.creates})
        scattered = sum(len(pods) > 1 for pods in self._used.values())
        return Figures(
            name=self._setting.name,
            shipped=self._setting.shipped,
            about=self._setting.about,
            wishes=counts["wishes"],
            refused=counts["refused"],
            failed=counts["failed"],
            avoidable=counts["avoidable"],
            pinned=counts["pinned"],
            fell_back=counts["fell back"],
            scattered=scattered / len(self._used) if self._used else 0.0,
            balance=self._fills.balance(),
            moves=moves(history, projects),
            variation_by_day=self._fills.by_day,
            moves_by_day=moves_by_day(history, self._days),
            avoidable_by_day=running(self._avoidable),
        )

    def _at(self, seconds: float, do: Callable[[], None]) -> None:
        # the number keeps events of one moment in the order in which they were planned
        self._number += 1
        heapq.heappush(self._events, (max(seconds, self._clock.seconds()), self._number, do))

    # Pods.

    def _opening(self, plan: PodPlan) -> Callable[[], None]:
        def opens() -> None:
            pod = Pod(
                id=plan.name,
                name=plan.name,
                az_name=plan.az,
                affinity=frozenset(plan.affinity),
                weight=plan.weight,
                settings=PodSettings(cost=plan.cost),
            )
            at_once(MemoryPods(self._ledger).create_pod(pod))
            self._sites[plan.name] = Site(plan, self._workload.quotas)
            self._take_over()
            self._changed(plan.name)

        return opens

    def _take_over(self) -> None:
        self._state.put_pods(list(self._ledger.pods.values()))

    def _incident(self, incident: Incident) -> Callable[[], None]:
        def begins() -> None:
            if incident.trouble is Trouble.MAINTENANCE:
                self._put_state(incident.pod, PodState.MAINTENANCE)
                self._at(incident.until, lambda: self._put_state(incident.pod, PodState.ENABLED))
                return
            self._sites[incident.pod].up = False
            self._at(self._clock.seconds() + _NOTICED, lambda: self._failing.add(incident.pod))
            self._at(max(incident.until, self._clock.seconds() + _NOTICED), ends)

        def ends() -> None:
            self._sites[incident.pod].up = True
            self._at(self._clock.seconds() + _NOTICED, lambda: self._failing.discard(incident.pod))
            self._changed(incident.pod)

        return begins

    def _put_state(self, pod_id: str, state: PodState) -> None:
        at_once(MemoryPods(self._ledger).update_pod(pod_id, {"state": state}))
        self._take_over()

    # What is known of them.

    def _asking_all(self) -> None:
        """
        Ask all pods before what they said becomes too old. Those in which nothing changes are asked no more often than that: it
        would change no number.
        """
        usage = self._setting.config.usage
        if not usage.interval_seconds:
            return
        for pod_id in self._sites:
            self._ask(pod_id)
        self._at(
            self._clock.seconds() + max(usage.interval_seconds, _OLD * usage.stale_seconds), self._asking_all
        )

    def _ask(self, pod_id: str) -> None:
        site, experience = self._sites[pod_id], self._parts.experience
        if not site.up:
            return
        experience.note_usage(pod_id, site.usage(self._ledger.bound[pod_id]), 0.0)
        if experience.claimed(pod_id) != NOTHING:
            # what was placed last is counted as a claim still
            self._changed(pod_id)

    def _changed(self, pod_id: str) -> None:
        """
        See to it that the pod is asked at its next turn, one of which comes in every interval.
        """
        interval = self._setting.config.usage.interval_seconds
        now = self._clock.seconds()
        if not interval or self._due.get(pod_id, -1.0) > now:
            return
        due = self._due[pod_id] = (now // interval + 1.0) * interval
        self._at(due, lambda: self._ask(pod_id))

    def _sample(self) -> None:
        places: dict[tuple[str, str], list[float]] = {}
        for site in self._sites.values():
            places.setdefault(site.plan.place, []).append(site.filled)
        self._fills.day(places.values())

    # What users do.

    def _wish(self, wanted: Create) -> Callable[[], None]:
        return lambda: self._carry_out(wanted)

    def _carry_out(self, wanted: Create) -> None:
        self._counts["wishes"] += 1
        made: list[tuple[Site, Held]] = []
        within = None
        if wanted.root_gb:
            volume = self._make(wanted, Kind.VOLUME, Amounts(volume_gb=wanted.root_gb))
            if isinstance(volume, str):
                self._turned_down(wanted, volume, pinned=False)
                return
            made.append(volume)
            within = frozenset({volume[0].plan.name})
        thing = self._make(wanted, wanted.kind, wanted.needs, within)
        if isinstance(thing, str):
            for site, held in made:
                self._delete(site, held)
            self._turned_down(wanted, thing, pinned=within is not None)
            return
        made.append(thing)
        for site, held in made:
            self._at(self._clock.seconds() + wanted.seconds, self._deleting(site, held))

    def _make(
        self, wanted: Create, kind: Kind, needs: Amounts, within: frozenset[str] | None = None
    ) -> tuple[Site, Held] | str:
        """
        Place and make one thing, as the strategy ``schedule`` does (I13), or say how it failed.
        """
        request = PlacementRequest(
            project_id=wanted.project,
            kind=kind,
            availability_zone=wanted.zone,
            pod_group=wanted.group,
            within=within,
            needs=needs if self._setting.knows_sizes else self._guessed(kind, needs),
        )
        placement = self._parts.placement
        try:
            place = at_once(placement.place(request, pinned=within is not None, unknown_zone=""))
        except NoValidPod:
            return "refused"
        tried: Place | None = place
        while tried is not None:
            place, site = tried, self._sites[tried.pod.id]
            if site.up and site.within_quota(wanted.project, needs):
                break
            why = _QUOTA if site.up else PodUnreachable(place.pod.name, "connection refused", sent=False)
            tried = at_once(placement.after(placement.failed(place, why)))
        else:
            return "refused"
        self._counts["fell back"] += bool(place.failed)
        at_once(placement.settle(place))
        held = site.take(wanted.project, kind, needs)
        self._changed(place.pod.id)
        if not place.pinned:
            self._at(self._clock.seconds() + _FOUND_OUT, self._finding_out(place, held is not None))
        if held is None:
            return "failed"
        self._used.setdefault((wanted.project, place.pod.az_name, place.pod.group), set()).add(place.pod.id)
        return site, held

    def _finding_out(self, place: Place, found_room: bool) -> Callable[[], None]:
        return lambda: self._parts.experience.came_to(place.request, place.pod, found_room=found_room)

    def _guessed(self, kind: Kind, needs: Amounts) -> Amounts:
        """
        What a gateway reads of a create's body: a volume's size, and whether a server needs a disk.
        """
        if kind is Kind.VOLUME:
            return needs
        typical = self._setting.config.scheduling.typical
        return Amounts(
            vcpus=typical.vcpus, ram_mb=typical.ram_mb, disk_gb=typical.disk_gb if needs.disk_gb else 0.0
        )

    def _turned_down(self, wanted: Create, how: str, *, pinned: bool) -> None:
        self._counts[how] += 1
        if any(self._could(site, wanted) for site in self._sites.values()):
            self._counts["avoidable"] += 1
            self._counts["pinned"] += pinned
            self._avoidable[int(self._clock.seconds() // DAY)] += 1

    def _could(self, site: Site, wanted: Create) -> bool:
        """
        Whether a pod would have taken all of it.
        """
        zone, group = site.plan.place
        return (
            site.up
            and group == wanted.group
            and wanted.zone in (None, zone)
            and self._ledger.pods[site.plan.name].state is PodState.ENABLED
            and site.within_quota(wanted.project, wanted.needs)
            and site.fits(wanted.kind, wanted.needs)
            and (not wanted.root_gb or site.fits(Kind.VOLUME, Amounts(volume_gb=wanted.root_gb)))
        )

    def _deleting(self, site: Site, held: Held) -> Callable[[], None]:
        return lambda: self._delete(site, held)

    def _delete(self, site: Site, held: Held) -> None:
        if not site.up:
            # the user comes back
            self._at(self._clock.seconds() + DAY / 24, self._deleting(site, held))
            return
        site.release(held)
        self._changed(site.plan.name)


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """
    The result of what has nothing to wait for: all that is simulated is in memory.

    :raises RuntimeError: if it waits.
    """
    try:
        work.send(None)
    except StopIteration as done:
        found: T = done.value
        return found
    raise RuntimeError("the simulation waits for what nothing will end")


def run(
    setting: Setting,
    plans: Sequence[PodPlan],
    workload: Workload,
    incidents: Sequence[Incident],
    days: int,
) -> Figures:
    """
    One setting's year.
    """
    return Year(setting, plans, workload, incidents, days).run()


def zones_with(plans: Sequence[PodPlan], tag: str) -> list[str]:
    """
    The zones that have pods of this affinity tag.
    """
    return sorted({plan.az for plan in plans if tag in plan.affinity})
