"""
What ``make sandbox`` shows.
"""

from __future__ import annotations

from tests.clients.cloud import ClientsCase
from trio2o.sandbox.demo.tour import Tour


class TourTests(ClientsCase):
    """
    The tour.
    """

    def test_tour(self) -> None:
        """
        Every station shows what it promises, and nothing is left over.
        """
        shown: list[str] = []
        Tour(sandbox=self.cloud.sandbox, client=self.cloud.client, show=shown.append).run()
        text = "\n".join(shown)
        for part in (
            *("az2", "web-az1", "UNKNOWN", "503", "project demo is bound to Pod3 in az2", "meanwhile"),
            *("Quota exceeded for instances", "web.small", "sync_pod: done"),
        ):
            self.assertIn(part, text)
        self.assertNotIn("Traceback", text)
        self.assertEqual([], self.cli_json("server list"))
        self.assertEqual([], self.cli_json("volume list"))
        self.assertNotIn("web.small", [flavor["Name"] for flavor in self.cli_json("flavor list")])

    def test_status(self) -> None:
        """
        Each process is told with its ports and its log.
        """
        lines = self.cloud.sandbox.status()
        self.assertEqual(
            ["glance", "pod1", "pod2", "pod3", "keystone", "trio2o"], [line.split()[0] for line in lines]
        )
        for line in lines:
            self.assertIn("runs as", line)
            self.assertNotIn("silent", line)
