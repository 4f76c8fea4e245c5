"""
Quota arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping

from trio2o.sandbox.answers import Fault, forbidden

#: Nova's defaults, in the order in which it shows them.
DEFAULT_QUOTAS: Mapping[str, int] = {
    "cores": 20,
    "fixed_ips": -1,
    "floating_ips": -1,
    "injected_file_content_bytes": 10240,
    "injected_file_path_bytes": 255,
    "injected_files": 5,
    "instances": 10,
    "key_pairs": 100,
    "metadata_items": 128,
    "ram": 51200,
    "security_group_rules": -1,
    "security_groups": -1,
    "server_group_members": 10,
    "server_groups": 10,
}

#: What was taken out with the network proxies at 2.36 and the personality at 2.57.
UNTIL_35 = frozenset({"fixed_ips", "floating_ips", "security_group_rules", "security_groups"})
UNTIL_56 = frozenset({"injected_file_content_bytes", "injected_file_path_bytes", "injected_files"})


def resources_at(minor: int) -> list[str]:
    """
    The resources that quota answers name at a microversion.
    """
    gone = (UNTIL_35 if minor >= 36 else frozenset()) | (UNTIL_56 if minor >= 57 else frozenset())
    return [name for name in DEFAULT_QUOTAS if name not in gone]


def over_quota(requested: Mapping[str, str], used: Mapping[str, int], limits: Mapping[str, int]) -> Fault:
    """
    Nova's 403 for these resources.
    """
    names = sorted(requested)
    wanted = ", ".join(requested[name] for name in names)
    already = ", ".join(str(used[name]) for name in names)
    allowed = ", ".join(str(limits[name]) for name in names)
    listed = ", ".join(names)
    return forbidden(
        f"Quota exceeded for {listed}: Requested {wanted}, but already used {already} of {allowed} {listed}"
    )


def servers_allowed(
    minimum: int,
    maximum: int,
    vcpus: int,
    ram: int,
    used: Mapping[str, int],
    limits: Mapping[str, int],
) -> int:
    """
    How many of the wanted servers fit, at least ``minimum``.

    :raises Fault: 403 if fewer than ``minimum`` fit.
    """
    each = {"instances": 1, "cores": vcpus, "ram": ram}
    fitting = maximum
    exceeded: dict[str, str] = {}
    for name, amount in each.items():
        if limits[name] < 0 or amount == 0:
            continue
        fits = max(limits[name] - used[name], 0) // amount
        fitting = min(fitting, fits)
        if fits < maximum:
            exceeded[name] = str(amount * maximum)
    if fitting >= minimum:
        return fitting
    if "instances" in exceeded and minimum != maximum:
        exceeded["instances"] = f"{minimum}-{maximum}"
    raise over_quota(exceeded, used, limits)
