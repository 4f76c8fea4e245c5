"""
Lists of things in both pods look like those of one cloud.
"""

from __future__ import annotations

from typing import Any

import openstack

from tests.cloud import spread, spread_computing, spread_storage
from tests.cloud.making import administrator
from tests.cloud.places import Place, both_pods
from tests.cloud.side_by_side import SideBySide
from tests.cloud.wire import Reply, send


class SpreadTests(SideBySide):
    """
    One test for each kind of thing.
    """

    def test_servers(self) -> None:
        """
        Servers.
        """
        self.compare(spread.servers, "spread servers")

    def test_volumes(self) -> None:
        """
        Volumes and snapshots.
        """
        self.compare(spread.volumes, "spread volumes")


class StorageTests(SideBySide):
    """
    What hangs on volumes.
    """

    def test_snapshots(self) -> None:
        """
        Snapshots.
        """
        self.compare(spread_storage.snapshots, "spread snapshots")

    def test_backups(self) -> None:
        """
        Backups.
        """
        self.compare(spread_storage.backups, "spread backups")

    def test_transfers(self) -> None:
        """
        Transfers.
        """
        self.compare(spread_storage.transfers, "spread transfers")

    def test_attachments(self) -> None:
        """
        Attachments.
        """
        self.compare(spread_storage.attachments, "spread attachments")

    def test_groups(self) -> None:
        """
        Groups and their snapshots, and the snapshots that those are made of.
        """
        with spread_storage.group_types() as types:
            self.compare(spread_storage.groups_with(types), "spread groups")

    def test_messages(self) -> None:
        """
        Messages of what went wrong later.
        """
        pods = [openstack.connect(cloud=pod) for pod in ("pod1", "pod2")]
        self.compare(spread_storage.messages_with(pods), "spread messages")


class ComputingTests(SideBySide):
    """
    What Nova has beside plain servers.
    """

    def test_server_groups(self) -> None:
        """
        Groups of servers.
        """
        self.compare(spread_computing.server_groups, "spread server groups")

    def test_booted(self) -> None:
        """
        Servers on volumes that Nova makes for them.
        """
        self.compare(spread_computing.booted, "spread booted")

    def test_several(self) -> None:
        """
        Several servers by one request.
        """
        self.compare(spread_computing.several, "spread several")

    def test_migrations(self) -> None:
        """
        Migrations.
        """
        self.compare(spread_computing.migrations, "spread migrations")


class MachineTests(SideBySide):
    """
    What administrators see of the machines: the top region has those of both pods, each once and with a number of its own.
    """

    def seen(self, place: Place, path: str, plural: str, version: str) -> list[dict[str, Any]]:
        """
        What a place lists to an administrator.
        """
        reply = self.got(place, path, version)
        self.assertEqual(200, reply.status, reply.body)
        found: list[dict[str, Any]] = reply.json()[plural]
        return found

    def got(self, place: Place, path: str, version: str, token: str = "") -> Reply:
        """
        The answer to a read, by an administrator unless a token is given.
        """
        fields = {"X-Auth-Token": token or administrator(), "OpenStack-API-Version": f"compute {version}"}
        return send(place.roots["compute"], "GET", f"/v2.1{path}", fields.items())

    def test_hypervisors(self) -> None:
        """
        Hypervisors by pages, by numbers and by uuids, and their servers' hosts.
        """
        own = [self.seen(pod, "/os-hypervisors/detail", "hypervisors", "2.53") for pod in both_pods()]
        expected = sorted(each["id"] for pod in own for each in pod)
        for size in (1, 2, 50):
            found: list[dict[str, Any]] = []
            query = f"limit={size}"
            while page := self.seen(self.cloud.top, f"/os-hypervisors/detail?{query}", "hypervisors", "2.53"):
                found += page
                query = f"limit={size}&marker={page[-1]['id']}"
            self.assertEqual(expected, sorted(each["id"] for each in found))
        numbered = self.seen(self.cloud.top, "/os-hypervisors", "hypervisors", "2.52")
        self.assertEqual(len(expected), len({each["id"] for each in numbered}))
        for version, listed in (("2.53", found), ("2.52", numbered)):
            for each in listed:
                shown = self.got(self.cloud.top, f"/os-hypervisors/{each['id']}", version).json()[
                    "hypervisor"
                ]
                self.assertEqual(
                    (each["id"], each["hypervisor_hostname"]), (shown["id"], shown["hypervisor_hostname"])
                )

    def test_services(self) -> None:
        """
        Services, each with its host; filters by host find the one pod's.
        """
        for version in ("2.52", "2.53"):
            own = [self.seen(pod, "/os-services", "services", version) for pod in both_pods()]
            found = self.seen(self.cloud.top, "/os-services", "services", version)
            self.assertEqual(
                sorted((each["binary"], each["host"]) for pod in own for each in pod),
                sorted((each["binary"], each["host"]) for each in found),
            )
            self.assertEqual(len(found), len({each["id"] for each in found}))
            for pod, zone in zip(own, self.cloud.top.zones, strict=False):
                for each in pod:
                    if each["binary"] == "nova-compute":
                        query = f"/os-services?host={each['host']}&binary=nova-compute"
                        (one,) = self.seen(self.cloud.top, query, "services", version)
                        self.assertEqual((each["host"], zone), (one["host"], one["zone"]))

    def test_others(self) -> None:
        """
        Users see neither.
        """
        account = self.cloud.account()
        self.addCleanup(self.cloud.forget, account)
        for path in ("/os-hypervisors", "/os-services"):
            answers = [
                self.got(place, path, "2.53", account.token) for place in (self.cloud.pod, self.cloud.top)
            ]
            self.assertEqual([403, 403], [answer.status for answer in answers])
            self.assertEqual(answers[0].json(), answers[1].json())
