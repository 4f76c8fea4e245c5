"""
Pods refuse what they have no room for, and users see what ``docs/operate.rst`` ("When parts fail") says.

``make test-cloud-faults`` runs these; without ``TRIO2O_CLOUD_FAULTS=1`` they are skipped.
"""

from __future__ import annotations

from functools import partial

from tests.cloud.faults_case import AZ1, AZ2, FaultCase
from tests.cloud.faults_users import eventually


class RefusalTests(FaultCase):
    """
    A pod refuses: its own words reach the user.
    """

    def same(self, make: str, zone: str = AZ1, **more: object) -> int:
        """
        The same create at the pod and at the top region has the same status, body and fields.
        """
        at_pod = getattr(self.pods[0], make)("new", **more)
        at_top = getattr(self.user, make)("new", zone, **more)
        self.assertEqual((at_pod.status, at_pod.reply.body), (at_top.status, at_top.reply.body))
        fields = [{name.lower() for name, _ in seen.reply.fields} for seen in (at_pod, at_top)]
        differing = (fields[0] ^ fields[1]) - {"server", "connection", "x-compute-request-id"}
        self.assertEqual(set(), differing)
        return int(at_top.status)

    def has_state(self, server: str, state: str) -> bool:
        """
        True when the server is in this state.
        """
        return self.user.state(server) == state

    def is_gone(self, server: str) -> bool:
        """
        True when there is no such server.
        """
        return self.user.show(server).status == 404

    def test_nova_quota(self) -> None:
        """
        A full quota of servers is Nova's 403, word for word; the other zone has room.
        """
        self.quota(0, "compute", instances=1)
        here = self.a_server(AZ1)

        self.assertEqual(403, self.same("create"))
        self.assertEqual(202, self.user.create("other", AZ2).status)
        self.assertEqual(200, self.user.ask("compute", "GET", f"/servers/{here}").status)
        self.user.ask("compute", "DELETE", f"/servers/{here}")
        eventually(lambda: self.user.show(here).status == 404, "it is deleted")
        self.assertEqual(202, self.user.create("again", AZ1).status)
        self.nothing_lost()

    def test_cinder_quota(self) -> None:
        """
        Full quotas of volumes and of gigabytes are Cinder's 413, word for word.
        """
        self.a_volume(AZ1)
        for quota in ({"volumes": 1}, {"volumes": 10, "gigabytes": 1}):
            self.quota(0, "volume", **quota)
            self.assertEqual(413, self.same("create_volume"))
        self.assertEqual(202, self.user.create_volume("other", AZ2).status)
        self.nothing_lost()

    def test_no_valid_host(self) -> None:
        """
        A flavor that fits no host is accepted and ends as ERROR, with the fault that the pod tells, and can be deleted.
        """
        self.no_quota()
        admin = self.cloud.admin.session
        flavor = {
            "flavor": {"id": "faults-huge", "name": "faults-huge", "vcpus": 10_000, "ram": 1 << 28, "disk": 1}
        }
        for pod in self.parts.plan.pods:
            root = f"{pod.url('nova')}/v2.1/flavors"
            self.addCleanup(admin.delete, f"{root}/faults-huge", raise_exc=False)
            admin.post(root, json=flavor, raise_exc=False)

        made = [
            self.user.create("new", AZ1, flavorRef="faults-huge"),
            self.pods[0].create("new", flavorRef="faults-huge"),
        ]
        self.assertEqual([202, 202], [seen.status for seen in made])
        at_top, at_pod = [seen.json()["server"]["id"] for seen in made]
        for each in (at_top, at_pod):
            eventually(partial(self.has_state, each, "ERROR"), f"{each} is in ERROR")
        faults = [self.user.show(each).json()["server"]["fault"] for each in (at_top, at_pod)]
        self.assertEqual(
            [("No valid host was found. ", 500)] * 2,
            [(each["message"].split("There")[0], each["code"]) for each in faults],
        )
        self.assertEqual(faults[0]["message"], faults[1]["message"])
        self.assertEqual(202, self.user.create("fits", AZ1).status)
        self.nothing_lost()
        for each in (at_top, at_pod):
            self.assertEqual(204, self.user.ask("compute", "DELETE", f"/servers/{each}").status)
            eventually(partial(self.is_gone, each), "it is deleted")
