"""
What creates take, as far as their bodies say.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.quota.counting import (
    Count,
    NewVolume,
    fitting,
    new_volumes,
    of_servers,
    of_snapshots,
    of_volumes,
    server_count,
)
from trio2o.rewriting.numbers import with_number

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


class ServerTests(SynchronousTestCase):
    """
    Servers.
    """

    def test_count(self) -> None:
        """
        One, unless the body says otherwise; the most is the least where it is not said; text is a number too.
        """
        for server, least, most, words in (
            ({}, 1, 1, "1"),
            ({"max_count": 5}, 1, 5, "1-5"),
            ({"min_count": "3", "max_count": "5"}, 3, 5, "3-5"),
            ({"min_count": 3}, 3, 3, "3"),
        ):
            count = server_count(server)
            self.assertEqual(Count(least=least, most=most), count)
            assert count is not None
            self.assertEqual(words, count.words)

    def test_malformed(self) -> None:
        """
        What Nova refuses is not counted.
        """
        for server in (
            {"min_count": 0},
            {"max_count": "x"},
            {"min_count": 3, "max_count": 2},
            {"min_count": True},
        ):
            self.assertIsNone(server_count(server), server)

    @given(
        most=st.integers(1, 50),
        vcpus=st.integers(0, 4),
        ram=st.integers(0, 4),
        cores_left=st.integers(0, 60) | st.none(),
        ram_left=st.integers(0, 60) | st.none(),
    )
    def test_fitting(
        self, most: int, vcpus: int, ram: int, cores_left: int | None, ram_left: int | None
    ) -> None:
        """
        As many as are asked for, or as there is room for each of them: one more would be too much.
        """
        room = {"cores": cores_left, "ram": ram_left}
        found = fitting(Count(least=1, most=most), of_servers(1, vcpus, ram), room)

        def fits(count: int) -> bool:
            taken = of_servers(count, vcpus, ram)
            return all(left is None or taken[name] <= left for name, left in room.items())

        self.assertTrue(fits(found))
        self.assertTrue(found == most or not fits(found + 1))

    def test_new_volumes(self) -> None:
        """
        A server makes volumes of images, snapshots and of nothing, and none of volumes or on its own disk.
        """
        devices = [
            {"destination_type": "volume", "source_type": "image", "uuid": "i", "volume_size": 3},
            {"destination_type": "volume", "source_type": "blank", "volume_size": "2", "volume_type": "fast"},
            {"destination_type": "volume", "source_type": "volume", "uuid": "v"},
            {"destination_type": "local", "source_type": "blank", "volume_size": 9},
        ]
        older = [{"snapshot_id": "s"}, {"volume_id": "v"}]
        self.assertEqual(
            [
                NewVolume(size=3, source="image", source_id="i", volume_type=None),
                NewVolume(size=2, source="blank", source_id=None, volume_type="fast"),
                NewVolume(size=None, source="snapshot", source_id="s", volume_type=None),
            ],
            list(new_volumes({"block_device_mapping_v2": devices, "block_device_mapping": older})),
        )

    @given(
        server=st.dictionaries(
            st.sampled_from(["block_device_mapping_v2", "min_count", "block_device_mapping"]), ANYTHING
        )
    )
    def test_hostile(self, server: dict[str, Any]) -> None:
        """
        Whatever a body holds is read without an error.
        """
        server_count(server)
        list(new_volumes(server))


class VolumeTests(SynchronousTestCase):
    """
    Volumes and snapshots.
    """

    def test_types(self) -> None:
        """
        What counts for all counts for its type, where that is known.
        """
        self.assertEqual({"volumes": 1, "gigabytes": 4}, of_volumes(1, 4, None))
        self.assertEqual(
            {"volumes": 1, "gigabytes": 4, "volumes_fast": 1, "gigabytes_fast": 4}, of_volumes(1, 4, "fast")
        )
        self.assertEqual(
            {"snapshots": 2, "gigabytes": 8, "snapshots_fast": 2, "gigabytes_fast": 8},
            of_snapshots(2, 8, "fast"),
        )


class NumberTests(SynchronousTestCase):
    """
    Fewer servers in a body.
    """

    def test_number(self) -> None:
        """
        Only that number changes, of the resource itself, however often it is named.
        """
        body = (
            b'{"server": {"max_count" : "5", "metadata": {"max_count": "7"}, "max_count":6},"max_count": 8}'
        )
        self.assertEqual(
            b'{"server": {"max_count" : 3, "metadata": {"max_count": "7"}, "max_count":3},"max_count": 8}',
            with_number(body, "server", "max_count", 3),
        )

    @given(body=st.binary(max_size=40))
    def test_malformed(self, body: bytes) -> None:
        """
        What is no such body stays as it is.
        """
        self.assertEqual(body, with_number(body, "server", "max_count", 3))
