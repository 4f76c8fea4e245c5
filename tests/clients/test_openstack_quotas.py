"""
``openstack`` and quotas and limits.
"""

from __future__ import annotations

from typing import Any

from tests.clients.cloud import UserCase, a_name


class QuotaTests(UserCase):
    """
    A user in an empty project, and an administrator.
    """

    def quota(self) -> dict[str, Any]:
        """
        What ``quota show`` tells of compute and volumes.
        """
        found = {}
        for service in ("compute", "volume"):
            shown = self.cli_json(f"quota show --{service} {self.user.project_id}", person=self.cloud.admin)
            found |= {each["Resource"]: each["Limit"] for each in shown}
        return found

    def limits(self) -> dict[str, Any]:
        """
        What ``limits show`` tells the user.
        """
        return {each["Name"]: each["Value"] for each in self.cli_json("limits show --absolute")}

    def test_set(self) -> None:
        """
        What an administrator sets is shown to both, and is every pod's; what is deleted is the defaults'.
        """
        before = self.quota()
        self.cli(
            f"quota set --instances 21 --cores 34 --volumes 7 --gigabytes 77 {self.user.project_id}",
            person=self.cloud.admin,
        )
        quota = self.quota()
        self.assertEqual(
            [21, 34, 7, 77], [quota[name] for name in ("instances", "cores", "volumes", "gigabytes")]
        )
        limits = self.limits()
        names = ("instances", "total_cores", "max_total_volumes", "max_total_volume_gigabytes")
        self.assertEqual([21, 34, 7, 77], [limits[name] for name in names])

        for service in ("compute", "volume"):
            self.cli(f"quota delete --{service} {self.user.project_id}", person=self.cloud.admin)
        self.assertEqual(before, self.quota())

    def test_used(self) -> None:
        """
        What is used is counted over the pods of both zones.
        """
        for zone in ("az1", "az2"):
            self.cli(f"volume create --size 1 --availability-zone {zone} {a_name('volume')}")
        limits = self.limits()
        self.assertEqual((2, 2), (limits["total_volumes_used"], limits["total_gigabytes_used"]))
        shown = self.cli_json(f"quota show --volume --usage {self.user.project_id}", person=self.cloud.admin)
        (volumes,) = [each for each in shown if each["Resource"] == "volumes"]
        self.assertEqual(2, volumes["In Use"])

    def test_refused(self) -> None:
        """
        Below what is used over all zones nothing is set but by force; and who is no administrator sets nothing.
        """
        for zone in ("az1", "az2"):
            options = f"--flavor m1.tiny --image cirros --nic none --wait --availability-zone {zone}"
            self.cli(f"server create {options} {a_name('server')}")
        line = f"quota set --instances 1 {self.user.project_id}"
        told = self.cli_fails(line, person=self.cloud.admin)
        self.assertIn("must be greater than or equal to already used and reserved 2", told)
        self.cli(f"{line} --force", person=self.cloud.admin)
        self.assertEqual(1, self.quota()["instances"])
        self.assertIn("403", self.cli_fails(f"quota set --instances 50 {self.user.project_id}"))

    def test_listed(self) -> None:
        """
        ``quota list`` names the projects whose quotas are others than the defaults.
        """
        self.cli(f"quota set --cores 35 {self.user.project_id}", person=self.cloud.admin)
        listed = self.cli_json("quota list --compute", person=self.cloud.admin)
        self.assertIn((self.user.project_id, 35), [(each["Project ID"], each["Cores"]) for each in listed])

    def test_default_class(self) -> None:
        """
        The default class is shown as it was set.
        """
        self.addCleanup(self.cli, "quota set --class --server-groups 10 default", person=self.cloud.admin)
        self.cli("quota set --class --server-groups 13 default", person=self.cloud.admin)
        self.assertEqual(13, self.quota()["server-groups"])
