"""
``openstack`` against quotas over all pods.
"""

from __future__ import annotations

from openstack import exceptions

from tests.clients.cloud import UserCase, until


class QuotaTests(UserCase):
    """
    A user in a project of which an admin has set the quotas.
    """

    def test_servers(self) -> None:
        """
        Of two servers in two zones, and so in two pods, a quota of one lets the first be made; a deleted one makes room.
        """
        self.cli(f"quota set --instances 1 {self.user.project_id}", person=self.cloud.admin)
        create = "server create --flavor m1.tiny --image cirros --nic none --availability-zone"
        made = self.cli_json(f"{create} az1 one")["id"]

        said = self.cli_fails(f"{create} az2 two")

        self.assertIn("Quota exceeded for instances: Requested 1, but already used 1 of 1 instances", said)
        self.cli(f"server delete --wait {made}")
        until(lambda: not list(self.user.sdk.compute.servers()))
        self.cli(f"{create} az2 two")

    def test_volumes(self) -> None:
        """
        So it is with volumes, by their room.
        """
        self.cli(f"quota set --gigabytes 3 {self.user.project_id}", person=self.cloud.admin)
        storage = self.user.sdk.block_storage
        storage.create_volume(name="one", size=2, availability_zone="az1")
        with self.assertRaises(exceptions.HttpException) as raised:
            storage.create_volume(name="two", size=2, availability_zone="az2")
        self.assertEqual(413, raised.exception.status_code)
        self.assertIn(
            "Requested volume or snapshot exceeds allowed gigabytes quota. Requested 2G, quota is 3G and 2G has been consumed.",
            str(raised.exception),
        )
        storage.create_volume(name="three", size=1, availability_zone="az2")
