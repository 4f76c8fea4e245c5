"""
How much of what pods have.
"""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Amounts:
    """
    So much of each resource that pods have; also a factor for each, such as a share or an overcommitment.
    """

    vcpus: float = 0.0
    #: Mebibytes, as Nova counts memory.
    ram_mb: float = 0.0
    #: Gibibytes of the hypervisors' own disks.
    disk_gb: float = 0.0
    #: Gibibytes of Cinder's pools.
    volume_gb: float = 0.0

    def plus(self, other: Amounts, times: float = 1.0) -> Amounts:
        """
        The sum, the other one counted so many times.
        """
        return Amounts(
            vcpus=self.vcpus + times * other.vcpus,
            ram_mb=self.ram_mb + times * other.ram_mb,
            disk_gb=self.disk_gb + times * other.disk_gb,
            volume_gb=self.volume_gb + times * other.volume_gb,
        )

    def less(self, other: Amounts) -> Amounts:
        """
        The rest; nothing where rounding would leave less than nothing.
        """
        return Amounts(
            vcpus=max(0.0, self.vcpus - other.vcpus),
            ram_mb=max(0.0, self.ram_mb - other.ram_mb),
            disk_gb=max(0.0, self.disk_gb - other.disk_gb),
            volume_gb=max(0.0, self.volume_gb - other.volume_gb),
        )


NOTHING = Amounts()
