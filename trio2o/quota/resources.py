"""
The resources that Nova and Cinder have limits for, as their APIs name them.

Sources: the Compute API reference (``os-quota-sets``, ``os-quota-class-sets``, ``limits``) and the Block Storage API reference
(``os-quota-sets``, ``limits``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

#: The largest limit that the services accept.
MOST = 0x7FFFFFFF


@frozen(kw_only=True)
class Resource:
    """
    One resource of a service.
    """

    name: str
    #: True where the top counts it over all pods. What is not counted is checked by each pod for each request, or is the same
    #: in all of them.
    counted: bool = False
    #: What ``limits`` calls its limit, and what is used of it; empty where that does not show them.
    limit_name: str = ""
    used_name: str = ""


COMPUTE: Mapping[str, Resource] = {
    resource.name: resource
    for resource in (
        Resource(
            name="instances", counted=True, limit_name="maxTotalInstances", used_name="totalInstancesUsed"
        ),
        Resource(name="cores", counted=True, limit_name="maxTotalCores", used_name="totalCoresUsed"),
        Resource(name="ram", counted=True, limit_name="maxTotalRAMSize", used_name="totalRAMUsed"),
        Resource(
            name="server_groups",
            counted=True,
            limit_name="maxServerGroups",
            used_name="totalServerGroupsUsed",
        ),
        Resource(name="server_group_members", limit_name="maxServerGroupMembers"),
        Resource(name="key_pairs", limit_name="maxTotalKeypairs"),
        Resource(name="metadata_items", limit_name="maxServerMeta"),
        Resource(name="injected_files", limit_name="maxPersonality"),
        Resource(name="injected_file_content_bytes", limit_name="maxPersonalitySize"),
        Resource(name="injected_file_path_bytes"),
        Resource(name="fixed_ips"),
        Resource(name="floating_ips", limit_name="maxTotalFloatingIps"),
        Resource(name="security_groups", limit_name="maxSecurityGroups"),
        Resource(name="security_group_rules", limit_name="maxSecurityGroupRules"),
    )
}

VOLUME: Mapping[str, Resource] = {
    resource.name: resource
    for resource in (
        Resource(name="volumes", counted=True, limit_name="maxTotalVolumes", used_name="totalVolumesUsed"),
        Resource(
            name="snapshots", counted=True, limit_name="maxTotalSnapshots", used_name="totalSnapshotsUsed"
        ),
        Resource(
            name="gigabytes",
            counted=True,
            limit_name="maxTotalVolumeGigabytes",
            used_name="totalGigabytesUsed",
        ),
        Resource(name="backups", counted=True, limit_name="maxTotalBackups", used_name="totalBackupsUsed"),
        Resource(
            name="backup_gigabytes",
            counted=True,
            limit_name="maxTotalBackupGigabytes",
            used_name="totalBackupGigabytesUsed",
        ),
        Resource(name="groups", counted=True),
        Resource(name="per_volume_gigabytes"),
    )
}

#: By service.
RESOURCES: Mapping[str, Mapping[str, Resource]] = {"compute": COMPUTE, "volume": VOLUME}

#: What Cinder counts for each volume type, too: ``volumes_<type>``, …
PER_TYPE = ("volumes", "snapshots", "gigabytes")


def counted(service: str) -> tuple[str, ...]:
    """
    The resources that the top counts over all pods, without those of single types.
    """
    return tuple(resource.name for resource in RESOURCES[service].values() if resource.counted)


def is_counted(service: str, name: str) -> bool:
    """
    Whether the top counts it: one of :func:`counted`, or that of a volume type.
    """
    known = RESOURCES[service].get(name)
    return known.counted if known is not None else type_of(service, name) is not None


def of_type(volume_type: str, names: Iterable[str] = PER_TYPE) -> tuple[str, ...]:
    """
    What resources are called for one volume type.
    """
    return tuple(f"{name}_{volume_type}" for name in names)


def type_of(service: str, name: str) -> tuple[str, str] | None:
    """
    The resource and the volume type that a name like ``gigabytes_fast`` stands for; ``None`` for another name.
    """
    if service != "volume" or name in VOLUME:
        return None
    for resource in PER_TYPE:
        if name.startswith(f"{resource}_") and len(name) > len(resource) + 1:
            return resource, name[len(resource) + 1 :]
    return None
