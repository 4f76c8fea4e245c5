"""
The clients that people use see the same at the top region as at a pod.
"""

from __future__ import annotations

from tests.cloud import client_commands, client_older, client_sdk
from tests.cloud.side_by_side import SideBySide


class CommandTests(SideBySide):
    """
    The command ``openstack``.
    """

    def test_servers(self) -> None:
        """
        Servers.
        """
        self.compare(client_commands.command_servers)

    def test_cloud(self) -> None:
        """
        What is asked about a cloud.
        """
        self.compare(client_commands.command_cloud)

    def test_volumes(self) -> None:
        """
        Volumes and snapshots.
        """
        self.compare(client_commands.command_volumes)

    def test_storage(self) -> None:
        """
        What else Block Storage has.
        """
        self.compare(client_commands.command_storage)

    def test_attaching(self) -> None:
        """
        Servers with volumes.
        """
        self.compare(client_commands.command_attaching)


class SdkTests(SideBySide):
    """
    openstacksdk.
    """

    def test_servers(self) -> None:
        """
        Servers by the proxy.
        """
        self.compare(client_sdk.sdk_servers)

    def test_volumes(self) -> None:
        """
        Volumes by the proxy.
        """
        self.compare(client_sdk.sdk_volumes)

    def test_cloud(self) -> None:
        """
        The cloud layer.
        """
        self.compare(client_sdk.sdk_cloud)


class OlderTests(SideBySide):
    """
    The services' own libraries.
    """

    def test_nova(self) -> None:
        """
        novaclient at the microversion that it was born with.
        """
        self.compare(client_older.nova_client("2.1"), "nova_client 2.1")

    def test_newest_nova(self) -> None:
        """
        novaclient at its newest microversion.
        """
        self.compare(client_older.nova_client("2.96"), "nova_client 2.96")

    def test_cinder(self) -> None:
        """
        cinderclient at the microversion that it was born with.
        """
        self.compare(client_older.cinder_client("3.0"), "cinder_client 3.0")

    def test_newest_cinder(self) -> None:
        """
        cinderclient at its newest microversion.
        """
        self.compare(client_older.cinder_client("3.70"), "cinder_client 3.70")
