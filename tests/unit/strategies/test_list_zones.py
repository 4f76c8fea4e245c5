"""
Zones in merged lists.
"""

from __future__ import annotations

from tests.unit.strategies.case import StrategyCase, a_server


class ListZoneTests(StrategyCase):
    """
    A list's zones are top ones, as a show's are.
    """

    def test_every_field(self) -> None:
        """
        The zone that a server is pinned to is named too; one that is pinned to none stays so.
        """
        servers = [a_server(2, pinned_availability_zone="nova"), a_server(1, pinned_availability_zone=None)]
        self.everybody_says(200, "/v2.1/servers/detail", {"servers": servers})

        shown = self.shown(self.asked("GET", "/v2.1/servers/detail"))["servers"]

        pinned = {server["pinned_availability_zone"] for server in shown}
        self.assertLessEqual(pinned, {"az1", "az2", None})
        self.assertIn(None, pinned)
        self.assertLessEqual({server["OS-EXT-AZ:availability_zone"] for server in shown}, {"az1", "az2"})
