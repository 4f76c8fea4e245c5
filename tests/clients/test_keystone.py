"""
The facts about identity that hold for the fake Keystone, on the real one: so the fake is known to be true.
"""

from __future__ import annotations

from collections.abc import Mapping

from twisted.trial.unittest import TestCase

from tests.clients.cloud import the_cloud
from tests.interface.test_identity import KeystoneFacts


class RealKeystoneTests(KeystoneFacts, TestCase):
    """
    A real Keystone behaves as identity expects.
    """

    async def credentials(self) -> Mapping[str, str]:
        """
        The admin of the tier's Keystone.
        """
        layout = the_cloud().layout
        return {
            "auth_url": layout.auth_url,
            "username": "admin",
            "password": layout.admin_password,
            "project_name": "admin",
        }

    async def pods(self) -> list[tuple[str, str, str]]:
        """
        Region, service and root of what the catalog has.
        """
        pods = the_cloud().layout.pods
        return [
            *((pod.name, "compute", f"http://127.0.0.1:{pod.nova}") for pod in pods),
            *((pod.name, "volume", f"http://127.0.0.1:{pod.cinder}") for pod in pods),
            *((pod.name, "network", f"http://127.0.0.1:{pod.neutron}") for pod in pods),
        ]
