"""
Whole lives of servers look the same at the top region as at a pod.
"""

from __future__ import annotations

from tests.cloud import (
    common_lives,
    server_changes,
    server_disks,
    server_lists,
    server_lives,
    server_making,
    server_networks,
    server_operators,
    server_surroundings,
)
from tests.cloud.side_by_side import SideBySide


class LifeTests(SideBySide):
    """
    One test for each scenario.
    """

    def test_server_life(self) -> None:
        """
        A plain server from create to delete.
        """
        self.compare(server_lives.server_life)

    def test_server_actions(self) -> None:
        """
        Actions, at the right and at the wrong moment.
        """
        self.compare(server_lives.server_actions)

    def test_server_image(self) -> None:
        """
        Images of servers.
        """
        self.compare(server_lives.server_image)

    def test_server_everything(self) -> None:
        """
        A create with every field.
        """
        self.compare(server_making.server_everything)

    def test_server_refusals(self) -> None:
        """
        Creates that are refused.
        """
        self.compare(server_making.server_refusals)

    def test_server_lists(self) -> None:
        """
        Filters, orders and pages of servers.
        """
        self.compare(server_lists.server_lists)

    def test_server_files(self) -> None:
        """
        Personality.
        """
        self.compare(server_making.server_files)

    def test_server_several(self) -> None:
        """
        Several servers at once, hints, hosts' names.
        """
        self.compare(server_making.server_several)

    def test_server_networks(self) -> None:
        """
        Ports, interfaces, security groups.
        """
        self.compare(server_networks.server_networks)

    def test_network_refusals(self) -> None:
        """
        Networks that are refused.
        """
        self.compare(server_networks.network_refusals)

    def test_server_any_network(self) -> None:
        """
        Networks that Nova chooses.
        """
        self.compare(server_networks.server_any_network)

    def test_booting(self) -> None:
        """
        A server on a volume made of an image.
        """
        self.compare(server_disks.booting)

    def test_booting_from(self) -> None:
        """
        Servers on a volume and on a snapshot.
        """
        self.compare(server_disks.booting_from)

    def test_device_refusals(self) -> None:
        """
        Block devices that are refused.
        """
        self.compare(server_disks.device_refusals)

    def test_attaching_more(self) -> None:
        """
        Attachments with a tag and a device.
        """
        self.compare(server_disks.attaching_more)

    def test_server_updates(self) -> None:
        """
        Updates, and the limits of metadata and tags.
        """
        self.compare(server_changes.server_updates)

    def test_server_rebuilds(self) -> None:
        """
        Rebuilds, resizes and rescues with every field.
        """
        self.compare(server_changes.server_rebuilds)

    def test_server_shelving(self) -> None:
        """
        Shelved, locked and force-deleted servers.
        """
        self.compare(server_changes.server_shelving)

    def test_server_backups(self) -> None:
        """
        Backups and their rotation.
        """
        self.compare(server_changes.server_backups)

    def test_pinned(self) -> None:
        """
        The zone that a server is pinned to.
        """
        self.compare(server_changes.server_pinned)

    def test_key_pairs(self) -> None:
        """
        Key pairs.
        """
        self.compare(server_surroundings.key_pairs)

    def test_server_groups(self) -> None:
        """
        Groups of servers.
        """
        self.compare(server_surroundings.server_groups)

    def test_flavors(self) -> None:
        """
        Flavors and their filters.
        """
        self.compare(server_surroundings.flavors)

    def test_usage(self) -> None:
        """
        Limits, quotas and usage.
        """
        self.compare(server_surroundings.usage)

    def test_other_zone(self) -> None:
        """
        Key pairs and groups for servers of every zone.
        """
        self.compare(server_surroundings.other_zone)

    def test_given_up(self) -> None:
        """
        What Compute hands on, and what it has removed.
        """
        self.compare(server_surroundings.given_up)

    def test_network_proxies(self) -> None:
        """
        Neutron's things by Nova's old paths.
        """
        self.compare(server_surroundings.network_proxies)

    def test_refused_to_users(self) -> None:
        """
        What is an administrator's.
        """
        self.compare(server_surroundings.refused_to_users)

    def test_administration(self) -> None:
        """
        An administrator at work on a server.
        """
        self.compare(server_operators.administration)

    def test_operations(self) -> None:
        """
        What an administrator looks at beside servers.
        """
        self.compare(server_operators.operations)

    def test_attaching(self) -> None:
        """
        Volumes at servers.
        """
        self.compare(common_lives.attaching)

    def test_reads(self) -> None:
        """
        What is only read.
        """
        self.compare(common_lives.reads)

    def test_strangers(self) -> None:
        """
        What belongs to someone else.
        """
        self.compare(common_lives.strangers)
