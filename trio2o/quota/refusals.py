"""
How Nova and Cinder refuse what is more than a project may have, word for word. Pure.

Sources: what both answer (Nova's ``TooManyInstances``, Cinder's ``VolumeLimitExceeded``, ``VolumeSizeExceedsAvailableQuota`` and
their like). Cinder tells of one resource only: the first over its limit, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen

from trio2o.errors import BadRequest, Forbidden, GatewayError, OverLimit
from trio2o.model import Counts
from trio2o.quota.tallies import overs


@frozen(kw_only=True)
class OverQuota:
    """
    What was asked for, and what there is.
    """

    wanted: Counts
    #: What is used and reserved.
    taken: Counts
    limits: Mapping[str, int]

    @property
    def names(self) -> tuple[str, ...]:
        """
        What is over its limit, in order.
        """
        return overs(self.taken, self.wanted, self.limits)

    def room(self, name: str) -> int | None:
        """
        How much more there may be; ``None`` without a limit.
        """
        limit = self.limits.get(name, -1)
        return None if limit < 0 else max(0, limit - self.taken.get(name, 0))


#: Makes the error that a client gets.
Refuses = Callable[[OverQuota], GatewayError]


def nova(over: OverQuota, requested: Mapping[str, str] | None = None) -> GatewayError:
    """
    Nova's 403 for servers.

    :param requested: what stands for numbers that were not asked for as such: ``{"instances": "1-5"}``.
    """
    said = {name: str(over.wanted[name]) for name in over.names}
    said.update({name: words for name, words in (requested or {}).items() if name in said})
    names = ", ".join(over.names)
    asked = ", ".join(said[name] for name in over.names)
    taken = ", ".join(str(over.taken.get(name, 0)) for name in over.names)
    allowed = ", ".join(str(over.limits[name]) for name in over.names)
    return Forbidden(
        f"Quota exceeded for {names}: Requested {asked}, but already used {taken} of {allowed} {names}"
    )


def nova_groups(over: OverQuota) -> GatewayError:
    """
    Nova's 403 for server groups.
    """
    return Forbidden("Quota exceeded, too many server groups.")


def cinder(over: OverQuota) -> GatewayError:
    """
    Cinder's 413.
    """
    name, words = _cinder(over)
    return OverLimit(f"{name}: {words}")


def cinder_bare(over: OverQuota) -> GatewayError:
    """
    Cinder's 413 without the name of its exception, as restoring a backup gives it.
    """
    return OverLimit(_cinder(over)[1])


def cinder_accepting(over: OverQuota) -> GatewayError:
    """
    Cinder's 413 at the acceptance of a transfer: without that name where room is short.
    """
    name, words = _cinder(over)
    return OverLimit(words if "gigabytes" in over.names[0] else f"{name}: {words}")


def cinder_growing(over: OverQuota) -> GatewayError:
    """
    Cinder's 413 at the extension of a volume: it tells the numbers of all types whichever limit it is.
    """
    return OverLimit("VolumeSizeExceedsAvailableQuota: " + _gigabytes(over, "gigabytes"))


def cinder_400(over: OverQuota) -> GatewayError:
    """
    Cinder's 400 where a group is made of another one.
    """
    return BadRequest(_cinder(over)[1])


def nova_of_cinder(over: OverQuota) -> GatewayError:
    """
    Nova's 403 where Cinder refuses what Nova asks it for.
    """
    return Forbidden(_cinder(over)[1])


def _cinder(over: OverQuota) -> tuple[str, str]:
    name = over.names[0]
    allowed = over.limits[name]
    if name == "backup_gigabytes":
        return "VolumeBackupSizeExceedsAvailableQuota", (
            f"Requested backup exceeds allowed Backup gigabytes quota. Requested {over.wanted[name]}G, "
            f"quota is {allowed}G and {over.taken.get(name, 0)}G has been consumed."
        )
    if name.startswith("gigabytes"):
        return "VolumeSizeExceedsAvailableQuota", _gigabytes(over, name)
    if name.startswith("volumes"):
        words = f"Maximum number of volumes allowed ({allowed}) exceeded for quota '{name}'."
        return "VolumeLimitExceeded", words
    plural = name.partition("_")[0]
    # SnapshotLimitExceeded, BackupLimitExceeded, GroupLimitExceeded
    return (
        f"{plural[:-1].capitalize()}LimitExceeded",
        f"Maximum number of {plural} allowed ({allowed}) exceeded",
    )


def _gigabytes(over: OverQuota, name: str) -> str:
    return (
        f"Requested volume or snapshot exceeds allowed {name} quota. Requested {over.wanted.get(name, 0)}G, "
        f"quota is {over.limits.get(name, -1)}G and {over.taken.get(name, 0)}G has been consumed."
    )
