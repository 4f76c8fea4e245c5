"""
The clients that people use see the same at the top region as at a pod.
"""

from __future__ import annotations

from tests.cloud import clients
from tests.cloud.side_by_side import SideBySide


class ClientTests(SideBySide):
    """
    One test for each client.
    """

    def test_command_line(self) -> None:
        """
        The command ``openstack``.
        """
        self.compare(clients.command_line)

    def test_sdk(self) -> None:
        """
        openstacksdk.
        """
        self.compare(clients.sdk)

    def test_nova_client(self) -> None:
        """
        novaclient.
        """
        self.compare(clients.nova_client)

    def test_cinder_client(self) -> None:
        """
        cinderclient.
        """
        self.compare(clients.cinder_client)
