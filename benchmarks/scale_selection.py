"""
What choosing among 10, 100 and 1,000 pods costs a create: candidates, filters, weighers and order, cold and warm.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from twisted.internet.task import Clock

from benchmarks.load import Reading
from benchmarks.rows import Figure, Result, Row
from trio2o.config.scheduling_section import SchedulingSection
from trio2o.model import Amounts, Binding, Kind, PlacementRequest, Pod, Stock, Usage
from trio2o.scheduling.registry import make_filters, make_weighers
from trio2o.scheduling.selection import Selection
from trio2o.state.cache import MemoryState
from trio2o.strategies.candidates import Candidates
from trio2o.strategies.experience import Experience

#: Pods to the microseconds that one selection among them is to take at most once it is warm.
AIMS = {10: 50.0, 100: 200.0, 1000: 1500.0}
_SIZES = (1.0, 2.0, 4.0)


def measure(result: Result, *, pods: Sequence[int], rounds: int) -> None:
    """
    The shipped filters and weighers, of pods whose usage is known. Each selection is another project's; one in two is bound to a
    pod, servers have three sizes, and each is claimed in the pod that came first, so that every selection meets a change.
    """
    for count in pods:
        cold = [_Fleet(count).select(0) for _ in range(max(3, rounds // 20))]
        fleet = _Fleet(count)
        for number in range(20):
            fleet.select(number)
        warm = [fleet.select(number) for number in range(rounds)]
        for name, times in (("cold", cold), ("warm", warm)):
            ordered = sorted(times)
            reading = Reading(
                rate=1 / statistics.fmean(ordered),
                p50=statistics.median(ordered) * 1000,
                p99=ordered[int(len(ordered) * 0.99)] * 1000,
            )
            result.add(Row(what=f"select among {count} pods", server=name, reading=reading, connections=0))
        result.compare(
            Figure(
                what=f"select among {count} pods, warm",
                value=statistics.median(warm) * 1e6,
                unit="us",
                most=AIMS.get(count),
            )
        )


class _Fleet:
    """
    Pods in memory, and who chooses among them.
    """

    def __init__(self, count: int) -> None:
        clock = Clock()
        clock.advance(1e9)
        section = SchedulingSection()
        rules = section.rules()
        state = MemoryState(clock)
        self._pods = [
            Pod(id=f"pod{n}", name=f"Pod{n}", az_name="az1", serial=n, weight=1.0 + n % 7)
            for n in range(count)
        ]
        state.put_pods(self._pods)
        self._known = Experience(clock=clock, rules=rules.capacity)
        for number, pod in enumerate(self._pods):
            usage = Usage(
                vcpus=Stock(total=1e6, used=float(number % 50)),
                ram_mb=Stock(total=1e9, used=1e3),
                disk_gb=Stock(total=1e7, used=10.0),
                projects=number % 9,
            )
            self._known.note_usage(pod.id, usage, 0.0)
        self._candidates = Candidates(
            clock=clock,
            state=state,
            unhealthy=lambda service: (),
            selection=Selection(
                filters=make_filters(section.filters, rules=rules),
                weighers=make_weighers(section.weighers, rules=rules),
            ),
            experience=self._known,
        )

    def select(self, number: int) -> float:
        """
        Choose for one create; the seconds that it took.
        """
        project, vcpus = f"project{number}", _SIZES[number % len(_SIZES)]
        request = PlacementRequest(
            project_id=project,
            kind=Kind.SERVER,
            availability_zone="az1",
            needs=Amounts(vcpus=vcpus, ram_mb=1024.0 * vcpus, disk_gb=1.0),
        )
        bindings = [_binding(project, self._pods[number * 7 % len(self._pods)])] if number % 2 else []
        began = time.perf_counter()
        chosen = self._candidates.rank(request, bindings).pods
        took = time.perf_counter() - began
        self._known.claim(request, chosen[0]).keep()
        return took


def _binding(project: str, pod: Pod) -> Binding:
    return Binding(
        id=project,
        tenant_id=project,
        pod_id=pod.id,
        az_name=pod.az_name,
        is_binding=True,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
