"""
A pod as it truly is: its hosts, what runs there, and what it would say of itself. What the scheduler knows is a copy that ages.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field, frozen

from simulation.fleet import HOST_DISK_GB, HOST_RAM_MB, HOST_VCPUS, HOST_WHOLE, PodPlan
from trio2o.config.schema import SchedulingSection
from trio2o.model import NOTHING, Amounts, Kind, Stock, Usage

_RATIOS = SchedulingSection().overcommit


@frozen(kw_only=True)
class Held:
    """
    A server or volume that runs in a pod.
    """

    project: str
    needs: Amounts
    #: Which host; ``None`` for a volume.
    host: int | None


@define(eq=False)
class Site:
    """
    One pod, in which Nova puts a server on the host with the most memory left, as its weigher does by default.

    A server that no single host has room for is refused, though the pod as a whole may have it.
    """

    plan: PodPlan
    #: Virtual CPUs that a project may have here.
    #: Project to its virtual CPUs in every pod; without one there is no limit.
    _quotas: Mapping[str, float]
    #: False while nothing answers.
    up: bool = field(default=True, init=False)
    #: Memory that each host may still promise, in MiB.
    _free: list[float] = field(init=False)
    used: Amounts = field(default=NOTHING, init=False)
    servers: int = field(default=0, init=False)
    #: Project to its virtual CPUs here.
    _by_project: dict[str, float] = field(factory=dict, init=False)
    #: What it said last, while that is true.
    _said: Usage | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._free = [HOST_WHOLE] * self.plan.hosts

    def within_quota(self, project: str, needs: Amounts) -> bool:
        """
        False where Nova would answer 403 "Quota exceeded".
        """
        if not needs.vcpus:
            return True
        return self._by_project.get(project, 0.0) + needs.vcpus <= self._quotas.get(project, float("inf"))

    def fits(self, kind: Kind, needs: Amounts) -> bool:
        """
        Whether there is room: on one host, or in the volume service.
        """
        if kind is Kind.VOLUME:
            return self.used.volume_gb + needs.volume_gb <= self.plan.volume_gb
        hosts = self.plan.hosts
        return (
            max(self._free) >= needs.ram_mb
            and self.used.vcpus + needs.vcpus <= hosts * HOST_VCPUS * _RATIOS.vcpus
            and self.used.disk_gb + needs.disk_gb <= hosts * HOST_DISK_GB * _RATIOS.disk_gb
        )

    def take(self, project: str, kind: Kind, needs: Amounts) -> Held | None:
        """
        Make it; ``None`` where there is no room: it goes to ERROR after it was accepted.
        """
        if not self.fits(kind, needs):
            return None
        self.used = self.used.plus(needs)
        self._said = None
        if kind is Kind.VOLUME:
            return Held(project=project, needs=needs, host=None)
        host = max(range(len(self._free)), key=self._free.__getitem__)
        self._free[host] -= needs.ram_mb
        self._by_project[project] = self._by_project.get(project, 0.0) + needs.vcpus
        self.servers += 1
        return Held(project=project, needs=needs, host=host)

    def release(self, held: Held) -> None:
        """
        Delete it.
        """
        self.used = self.used.plus(held.needs, -1.0)
        self._said = None
        if held.host is None:
            return
        self._free[held.host] += held.needs.ram_mb
        self.servers -= 1
        left = self._by_project[held.project] - held.needs.vcpus
        if left:
            self._by_project[held.project] = left
        else:
            del self._by_project[held.project]

    @property
    def filled(self) -> float:
        """
        The share that is in use of the resource that is scarcest here.
        """
        return max(
            self.used.ram_mb / (self.plan.hosts * HOST_WHOLE),
            self.used.vcpus / (self.plan.hosts * HOST_VCPUS * _RATIOS.vcpus),
            self.used.volume_gb / self.plan.volume_gb if self.plan.volume_gb else 0.0,
        )

    def usage(self, projects: int) -> Usage:
        """
        What it says when it is asked, with how many projects are bound to it. Physical numbers, as Nova's are.
        """
        if self._said is not None and self._said.projects == projects:
            return self._said
        hosts, used = self.plan.hosts, self.used
        self._said = Usage(
            vcpus=Stock(total=hosts * HOST_VCPUS, used=used.vcpus),
            ram_mb=Stock(total=hosts * HOST_RAM_MB, used=used.ram_mb),
            disk_gb=Stock(total=hosts * HOST_DISK_GB, used=used.disk_gb),
            volume_gb=Stock(total=self.plan.volume_gb, used=used.volume_gb),
            largest_volume_gb=max(0.0, self.plan.volume_gb - used.volume_gb),
            servers=self.servers,
            projects=projects,
        )
        return self._said
