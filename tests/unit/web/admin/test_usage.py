"""
``/v1.0/pods/{pod_id}/usage``.
"""

from __future__ import annotations

from tests.unit.administration.doubles import NOBODY
from tests.unit.web.admin.serving import AdminTestCase
from trio2o.model import Amounts, Stock, Usage


class UsageTests(AdminTestCase):
    """
    How full a pod is.
    """

    def test_show(self) -> None:
        """
        What the pod said, what may be promised of it, what was placed since, and what is left.
        """
        pod = self.pod()
        usage = Usage(vcpus=Stock(total=4, used=10), servers=3, largest_volume_gb=12.5)
        self.done(self.cloud.usage_store.record_usage(pod.id, usage, age=60.25))
        self.cloud.claimed = Amounts(vcpus=2.0)

        self.assertEqual(
            self.ask("GET", f"/v1.0/pods/{pod.id}/usage"),
            (
                200,
                {
                    "usage": {
                        "pod_id": pod.id,
                        "pod_name": "Pod1",
                        "collected_at": "2023-11-14T22:12:20Z",
                        "servers": 3,
                        "projects": 0,
                        "largest_volume_gb": 12.5,
                        "resources": {
                            "vcpus": {"total": 4, "used": 10, "limit": 64.0, "claimed": 2.0, "free": 52.0},
                            "ram_mb": None,
                            "disk_gb": None,
                            "volume_gb": None,
                        },
                    }
                },
            ),
        )

    def test_not_asked_yet(self) -> None:
        """
        Of a pod that was not asked yet nothing is known.
        """
        pod = self.pod()
        _, shown = self.ask("GET", f"/v1.0/pods/{pod.id}/usage")
        self.assertIsNone(shown["usage"]["collected_at"])
        self.assertEqual(set(shown["usage"]["resources"].values()), {None})

    def test_unknown(self) -> None:
        """
        No pod is a 404.
        """
        for pod_id in (NOBODY, "Pod1"):
            self.assertEqual(self.error("GET", f"/v1.0/pods/{pod_id}/usage")[0], 404)

    def test_away(self) -> None:
        """
        With the database away it is worth trying again.
        """
        self.cloud.database.available = False
        self.assertEqual(self.error("GET", f"/v1.0/pods/{NOBODY}/usage")[0], 503)

    def test_policy(self) -> None:
        """
        The rule is asked.
        """
        self.assertEqual(self.ask("GET", f"/v1.0/pods/{NOBODY}/usage", roles="member")[0], 403)
