"""
Zones and hosts of several pods as one cloud's.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.merging.zones import hosts_by_zone, in_order, is_pods_zone
from trio2o.model import Pod


def a_pod(number: int, zone: str = "az1", own: str = "nova") -> Pod:
    """
    A pod.
    """
    return Pod(id=f"p{number}", name=f"Pod{number}", az_name=zone, pod_az_name=own, serial=number)


def up(*binaries: str, available: bool = True) -> dict[str, Any]:
    """
    A host's services.
    """
    return {binary: {"available": available, "active": True} for binary in binaries}


def a_zone(name: str, **hosts: dict[str, Any]) -> dict[str, Any]:
    """
    A zone as a pod's Nova shows it.
    """
    return {"zoneName": name, "zoneState": {"available": True}, "hosts": hosts}


class HostsTests(SynchronousTestCase):
    """
    Which host is in which zone.
    """

    def test_zones(self) -> None:
        """
        A pod's zone is the top's, ``internal`` is everybody's, and zones that no user can choose are left out.
        """
        compute, conductor = up("nova-compute"), up("nova-conductor")
        said = [
            (
                a_pod(1),
                [a_zone("nova", h1=compute), a_zone("internal", c1=conductor), a_zone("x", h9=compute)],
            ),
            (a_pod(2), [a_zone("nova", h2=compute), a_zone("internal", c2=conductor)]),
            (a_pod(3, "az2", "east"), [a_zone("east", h3=compute), a_zone("nova", h8=compute)]),
        ]

        self.assertEqual(
            {
                "az1": {"h1": compute, "h2": compute},
                "internal": {"c1": conductor, "c2": conductor},
                "az2": {"h3": compute},
            },
            hosts_by_zone(said),
        )

    def test_all_zones(self) -> None:
        """
        A pod without a zone of its own is in the top's with all its zones but ``internal``.
        """
        said = [
            (a_pod(1, own=""), [a_zone("a", h1={}), a_zone("b", h2={}), a_zone("internal", c1={})]),
        ]

        self.assertEqual({"az1": {"h1": {}, "h2": {}}, "internal": {"c1": {}}}, hosts_by_zone(said))

    def test_same_name(self) -> None:
        """
        Of two hosts with one name all services are shown, and of two services the one that is away.
        """
        for first, second in (
            (up("nova-conductor", available=False), up("nova-conductor", "nova-scheduler")),
            (up("nova-conductor", "nova-scheduler"), up("nova-conductor", available=False)),
        ):
            said = [(a_pod(1), [a_zone("internal", c=first)]), (a_pod(2), [a_zone("internal", c=second)])]

            self.assertEqual(
                {"internal": {"c": up("nova-conductor", available=False) | up("nova-scheduler")}},
                hosts_by_zone(said),
            )

    def test_lies(self) -> None:
        """
        What is no name of a zone and no host is passed over.
        """
        listed: list[dict[str, Any]] = [
            {"hosts": {"h1": {}}},
            {"zoneName": 7, "hosts": {"h1": {}}},
            {"zoneName": "nova", "hosts": {"h1": None, "h2": {}}},
            {"zoneName": "nova", "hosts": None},
        ]

        self.assertEqual({"az1": {"h2": {}}}, hosts_by_zone([(a_pod(1), listed)]))

    @given(
        st.lists(
            st.tuples(
                st.sampled_from([a_pod(1), a_pod(2, own=""), a_pod(3, "az2", "internal")]),
                st.dictionaries(
                    st.sampled_from(["nova", "internal", "x"]),
                    st.dictionaries(st.sampled_from("abc"), st.just(up("nova-compute"))),
                ),
            ),
            max_size=4,
        )
    )
    def test_nothing_is_lost(self, pods: list[tuple[Pod, dict[str, dict[str, Any]]]]) -> None:
        """
        Each host of a zone that users can choose, and of ``internal``, is there; nothing else is.
        """
        said = [(pod, [a_zone(name, **hosts) for name, hosts in zones.items()]) for pod, zones in pods]
        expected: dict[str, set[str]] = {}
        for pod, zones in pods:
            for name, hosts in zones.items():
                if is_pods_zone(name, pod):
                    expected.setdefault(pod.az_name, set()).update(hosts)
                elif name == "internal":
                    expected.setdefault(name, set()).update(hosts)

        told = hosts_by_zone(said)

        self.assertEqual(expected, {zone: set(hosts) for zone, hosts in told.items()})


class OrderTests(SynchronousTestCase):
    """
    The order of zones.
    """

    def test_order(self) -> None:
        """
        What is available by name, and then the rest.
        """
        zones = [
            {"zoneName": name, "zoneState": {"available": available}}
            for name, available in (("d", True), ("a", False), ("c", False), ("b", True))
        ]

        self.assertEqual(["b", "d", "a", "c"], [zone["zoneName"] for zone in in_order(zones)])
