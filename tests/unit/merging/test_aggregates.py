"""
Aggregates of several pods as one cloud's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.merging.aggregates import Part, all_joined, hosts_in, joined, of_pod
from trio2o.merging.integers import top_integer
from trio2o.model import Pod

PODS = [Pod(id=f"p{serial}", name=f"Pod{serial}", az_name="az1", serial=serial) for serial in (1, 2, 3)]


def a_part(serial: int, own: int, *hosts: str, name: str = "a", top: int | None = None, **more: Any) -> Part:
    """
    An aggregate in one pod, whose number users know as ``top``, or by the pod's own.
    """
    number = top_integer(serial, own) if top is None else top
    shown = {"id": number, "name": name, "hosts": list(hosts), **more}
    return Part(pod=PODS[serial - 1], own=own, shown=shown)


class JoinedTests(SynchronousTestCase):
    """
    One of all.
    """

    def test_base(self) -> None:
        """
        It is as the pod shows it that gave the number, whichever is first; with the hosts of all, each name once.
        """
        top = top_integer(2, 5)
        parts = [
            a_part(1, 9, "h1", "h", top=top, created_at="later"),
            a_part(2, 5, "h2", "h", created_at="first"),
        ]
        self.assertEqual(
            {"id": top, "name": "a", "hosts": ["h1", "h", "h2"], "created_at": "first"}, joined(parts)
        )

    def test_without_its_own(self) -> None:
        """
        Without that pod it keeps the number.
        """
        top = top_integer(2, 5)
        self.assertEqual(top, joined([a_part(1, 9, top=top)])["id"])
        self.assertEqual(top_integer(1, 9), joined([a_part(1, 9)])["id"])

    def test_hosts(self) -> None:
        """
        What is no list of names is no host.
        """
        for hosts in (None, 5, {}, "h", [5, None]):
            self.assertEqual([], hosts_in({"hosts": hosts}))
        self.assertEqual([], hosts_in({}))

    @given(
        st.lists(
            st.tuples(
                st.sampled_from([1, 2, 3]),
                st.sampled_from("abc"),
                st.lists(st.sampled_from(["h1", "h2", "h3"]), max_size=2),
            ),
            max_size=9,
            unique_by=lambda each: each[:2],
        )
    )
    def test_all(self, items: list[tuple[int, str, list[str]]]) -> None:
        """
        Each name is there once, under a number of one of its pods, with each of its hosts; in the order of numbers.
        """
        parts = [
            a_part(serial, number, *hosts, name=name)
            for number, (serial, name, hosts) in enumerate(sorted(items), 1)
        ]

        told = all_joined(parts)

        self.assertEqual(sorted(item["id"] for item in told), [item["id"] for item in told])
        self.assertEqual({part.shown["name"] for part in parts}, {item["name"] for item in told})
        self.assertEqual(len({item["name"] for item in told}), len(told))
        for item in told:
            same = [part for part in parts if part.shown["name"] == item["name"]]
            self.assertIn(item["id"], [part.shown["id"] for part in same])
            self.assertEqual({host for part in same for host in part.shown["hosts"]}, set(item["hosts"]))


class OfPodTests(SynchronousTestCase):
    """
    What stands for a pod.
    """

    def test_fields(self) -> None:
        """
        It has the fields of Nova's, and the same uuid always.
        """
        moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        pod = Pod(id="p4", name="Pod4", az_name="az4", serial=4, created_at=moment)
        shown = of_pod(pod, with_uuid=True)
        self.assertEqual(
            {
                "id": 40000000000,
                "uuid": shown["uuid"],
                "name": "ag_Pod4",
                "hosts": [],
                "metadata": {"availability_zone": "az4"},
                "created_at": "2026-01-02T03:04:05.000000",
                "updated_at": None,
                "deleted_at": None,
                "deleted": False,
                "availability_zone": "az4",
            },
            shown,
        )
        self.assertEqual(shown, of_pod(pod, with_uuid=True))
        self.assertEqual({key for key in shown if key != "uuid"}, set(of_pod(PODS[0], with_uuid=False)))
