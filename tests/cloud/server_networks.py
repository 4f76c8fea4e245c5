"""
Scenarios of servers and the network: ports, addresses, interfaces, security groups.
"""

from __future__ import annotations

import time
from typing import Any

from tests.cloud.caller import INTERVAL, PATIENCE, Caller, NotReached
from tests.cloud.making import NOWHERE, a_network, a_port, a_server, act, leftovers
from tests.cloud.server_making import plain


def server_networks(at: Caller) -> None:
    """
    A server on a port and on a fixed address; interfaces come and go; security groups by name.
    """
    net, subnet = a_network(at)
    first, second = a_port(at, net, "first"), a_port(at, net, "second")
    networks = [{"port": first, "tag": "front"}, {"uuid": net, "fixed_ip": "10.77.0.50"}]
    server = a_server(at, version="2.42", networks=networks)
    path = f"/servers/{server}"
    for version in (None, "2.42", "2.96"):
        at.compute("GET", path, version=version, note=f"two interfaces, {version}")
    at.compute("GET", "/servers/detail?ip=10.77.0.50&ip6=::", version="2.5")
    for below in ("ips", "ips/side-net", "os-virtual-interfaces"):
        at.compute("GET", f"{path}/{below}")
    above = f"{path}/os-interface"
    for version in ("2.69", "2.70"):
        at.compute("GET", f"{above}/{first}", version=version, note=version)
    at.compute("GET", f"{above}/{second}", note="not its own")
    wanted: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("a port", "2.70", {"port_id": second, "tag": "back"}),
        ("an address", "2.49", {"net_id": net, "fixed_ips": [{"ip_address": "10.77.0.60"}]}),
    )
    added = []
    for note, version, body in wanted:
        said = at.compute("POST", above, {"interfaceAttachment": body}, version=version, note=note).json()
        added.append(said["interfaceAttachment"]["port_id"])
        at.normal.know(added[-1], f"port with {note}")
    for note, version, body in (
        ("no address", "2.49", {"net_id": net, "fixed_ips": [{"ip_address": "x"}]}),
        ("two addresses", "2.49", {"net_id": net, "fixed_ips": [{"ip_address": "10.77.0.7"}] * 2}),
        ("port and network", "2.49", {"net_id": net, "port_id": second}),
        ("a port in use", "2.49", {"port_id": first}),
        ("a tag before 2.49", "2.48", {"net_id": net, "tag": "x"}),
        ("no such port", "2.49", {"port_id": NOWHERE}),
        ("bad id", "2.49", {"port_id": "x"}),
        ("an unknown field", "2.49", {"nothing": 1}),
    ):
        at.compute("POST", above, {"interfaceAttachment": body}, version=version, note=note)
    at.compute("POST", above, raw=b"", note="empty")
    for port in added:
        at.compute("DELETE", f"{above}/{port}")
    at.compute("DELETE", f"{above}/{NOWHERE}")
    _has_interfaces(at, path, len(networks))
    at.compute("DELETE", f"{above}/{added[0]}", note="again")
    group = at.call(
        "network", "POST", "/security-groups", {"security_group": {"name": "side-group"}}, quiet=True
    ).json()["security_group"]["id"]
    at.afterwards("network", f"/security-groups/{group}")
    at.normal.know(group, "own group")
    for name in ("side-group", "side-group", "nothing"):
        act(at, server, {"addSecurityGroup": {"name": name}}, note=f"add {name}")
    listed = at.compute("GET", f"{path}/os-security-groups", quiet=True).json()["security_groups"]
    at.note("its security groups", sorted(each["name"] for each in listed))
    for name in ("side-group", "side-group", ""):
        act(at, server, {"removeSecurityGroup": {"name": name}}, note=f"remove {name}")
    listed = at.compute("GET", path, quiet=True).json()["server"]["security_groups"]
    at.note("names that are left", sorted(each["name"] for each in listed))
    for version in ("2.43", "2.44"):
        act(at, server, {"addFixedIp": {"networkId": net}}, version=version, note=f"addFixedIp, {version}")
        act(
            at,
            server,
            {"removeFixedIp": {"address": "10.77.0.99"}},
            version=version,
            note=f"removeFixedIp, {version}",
        )
        act(
            at,
            server,
            {"removeFloatingIp": {"address": "10.77.0.99"}},
            version=version,
            note=f"removeFloatingIp, {version}",
        )


def network_refusals(at: Caller) -> None:
    """
    Creates whose networks Nova refuses.
    """
    net, _subnet = a_network(at)
    used = a_port(at, net, "used", fixed_ips=[{"ip_address": "10.77.0.50"}], device_id=NOWHERE)
    free = a_port(at, net, "free")
    nics: Any
    for note, version, nics in (
        ("a port in use", "2.42", [{"port": used}]),
        ("an address in use", "2.42", [{"uuid": net, "fixed_ip": "10.77.0.50"}]),
        ("an address outside", "2.42", [{"uuid": net, "fixed_ip": "192.0.2.9"}]),
        ("no address", "2.42", [{"uuid": net, "fixed_ip": "x"}]),
        ("port and address", "2.42", [{"port": free, "fixed_ip": "10.77.0.51"}]),
        ("an address without a network", "2.42", [{"fixed_ip": "10.77.0.51"}]),
        ("a port twice", "2.42", [{"port": free}, {"port": free}]),
        ("a tag too early", "2.41", [{"uuid": net, "tag": "x"}]),
        ("a long tag", "2.42", [{"uuid": net, "tag": "x" * 61}]),
        ("port of nothing", "2.42", [{"port": None}]),
        ("networks of nothing", "2.42", [{}]),
        ("several with an address", "2.42", "several"),
    ):
        body = plain(at, name=note, networks=nics)
        if nics == "several":
            body |= {"networks": [{"uuid": net, "fixed_ip": "10.77.0.80"}], "max_count": 2, "min_count": 2}
        at.compute("POST", "/servers", {"server": body}, version=version, note=f"create: {note}")
    leftovers(at)


def _has_interfaces(at: Caller, path: str, count: int) -> None:
    """
    Wait until a server tells of so many addresses: an interface is detached after the answer.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        shown = at.compute("GET", path, quiet=True).json()["server"]["addresses"]
        if sum(map(len, shown.values())) == count:
            return
        if time.monotonic() > deadline:
            raise NotReached(f"{at.place.name}: {path} has {shown}")
        time.sleep(INTERVAL)


def server_any_network(at: Caller) -> None:
    """
    Servers that leave the network to Nova: ``auto``, nothing, and several to choose from.
    """
    body = plain(at, networks="auto")
    at.compute("POST", "/servers", {"server": body}, version="2.37", note="auto")
    body.pop("networks")
    at.compute("POST", "/servers", {"server": body}, version="2.37", note="left out at 2.37")
    made = at.compute("POST", "/servers", {"server": body}, note="left out").json()
    leftovers(at)
    if "server" in made:
        server = made["server"]["id"]
        at.until("compute", f"/servers/{server}", "server", "active", "error")
        at.compute("GET", f"/servers/{server}", note="whatever network there was")
    a_network(at)
    at.compute("POST", "/servers", {"server": body}, note="several networks")
    leftovers(at)
