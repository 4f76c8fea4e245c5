"""
What a Nova says of machines, events and consoles, and of other services' things by its old paths.
"""

from __future__ import annotations

from tests.unit.sandbox.nova_contract import NOWHERE, NovaContract

#: The last microversion with the old paths.
_OLD = 35


class NovaMachinesContract(NovaContract):
    """
    What needs no server; nothing of it leaves anything behind.
    """

    def test_hypervisor_questions(self) -> None:
        """
        Hypervisors are searched by a part of their name, up to 2.52; up to 2.87 they tell how long they have been up.
        """
        (shown,) = self.ask("GET", "/os-hypervisors", who="admin")[1]["hypervisors"]
        name = shown["hypervisor_hostname"]
        for question in ("search", "servers"):
            (found,) = self.ask("GET", f"/os-hypervisors/{name[:-1]}/{question}", who="admin")[1][
                "hypervisors"
            ]
            self.assertEqual(found["id"], shown["id"])
            words = "No hypervisor matching 'nowhere' could be found."
            path = f"/os-hypervisors/nowhere/{question}"
            self.assertEqual(self.fault("GET", path, who="admin"), (404, words))
            self.assertEqual(self.ask("GET", path, who="admin", minor=53)[0], 404)
        words = "Hypervisor with ID '99999' could not be found."
        self.assertEqual(self.fault("GET", "/os-hypervisors/99999/uptime", who="admin"), (404, words))

    def test_services(self) -> None:
        """
        A service is switched by host and binary, and deleted by number, or, from 2.53 on, by uuid.
        """
        gone = {"host": "nowhere", "binary": "nova-compute"}
        self.assertEqual(self.ask("PUT", "/os-services/disable", gone)[0], 403)
        self.assertEqual(self.ask("PUT", "/os-services/disable", gone, who="admin")[0], 404)
        self.assertEqual(self.fault("PUT", "/os-services/melt", gone, who="admin"), (404, "Unknown action"))
        self.assertEqual(
            self.fault("DELETE", "/os-services/99999", who="admin"), (404, "Service 99999 not found.")
        )
        self.assertEqual(
            self.fault("DELETE", "/os-services/5", who="admin", minor=53), (400, "Invalid uuid 5")
        )

    def test_hosts(self) -> None:
        """
        Hosts are listed, up to 2.42.
        """
        listed = self.ask("GET", "/os-hosts", who="admin")[1]["hosts"]
        self.assertEqual({"host_name", "service", "zone"}, set(listed[0]))
        self.assertEqual(self.ask("GET", "/os-hosts", who="admin", minor=43)[0], 404)
        self.assertEqual(self.ask("GET", "/os-hosts/nowhere", who="admin")[0], 404)
        self.assertEqual(self.ask("GET", "/os-hosts/nowhere/reboot", who="admin")[0], 404)

    def test_audits(self) -> None:
        """
        The audit of a month that is not known has all hosts not run.
        """
        told = self.ask("GET", "/os-instance_usage_audit_log/2020-03-04%2005:06:07", who="admin")[1]
        log = told["instance_usage_audit_log"]
        self.assertEqual("2020-02-01 00:00:00", log["period_beginning"])
        self.assertEqual(log["num_hosts"], log["num_hosts_not_run"])
        words = "Invalid timestamp for date soon"
        path = "/os-instance_usage_audit_log/soon"
        self.assertEqual(self.fault("GET", path, who="admin"), (400, words))

    def test_events(self) -> None:
        """
        An event for a server that is not there is a 404 of its own in an answer that is 207.
        """
        events = {"events": [{"name": "network-changed", "server_uuid": NOWHERE}]}
        self.assertEqual(self.ask("POST", "/os-server-external-events", events)[0], 403)
        status, body = self.ask("POST", "/os-server-external-events", events, who="admin")
        self.assertEqual(
            (207, 404, "failed"), (status, body["events"][0]["code"], body["events"][0]["status"])
        )

    def test_other_services(self) -> None:
        """
        Consoles are asked for by their token, snapshots are made of what a server has.
        """
        path = f"/os-console-auth-tokens/{NOWHERE}"
        self.assertEqual(self.fault("GET", path, who="admin", minor=31), (404, "Token not found"))
        self.assertEqual(self.ask("GET", path, minor=31)[0], 403)
        info = {"snapshot_id": NOWHERE, "type": "qcow2", "new_file": "new"}
        wanted = {"snapshot": {"volume_id": NOWHERE, "create_info": info}}
        words = f"No volume Block Device Mapping with id {NOWHERE}."
        self.assertEqual(
            self.fault("POST", "/os-assisted-volume-snapshots", wanted, who="admin"), (400, words)
        )

    def test_old_paths(self) -> None:
        """
        What is Cinder's, Neutron's and Glance's is asked for here, too, up to 2.35.
        """
        for path, words in (
            (f"/os-volumes/{NOWHERE}", f"Volume {NOWHERE} could not be found."),
            (f"/os-snapshots/{NOWHERE}", f"Snapshot {NOWHERE} could not be found."),
            (f"/os-floating-ips/{NOWHERE}", f"Floating IP not found for ID {NOWHERE}"),
            (f"/os-networks/{NOWHERE}", "Network not found"),
            (f"/os-tenant-networks/{NOWHERE}", "Network not found"),
        ):
            self.assertEqual(self.fault("GET", path, minor=_OLD), (404, words))
            self.assertEqual(self.ask("GET", path, minor=_OLD + 1)[0], 404)
        for path in ("/os-networks", "/os-tenant-networks"):
            body = {"network": {"label": "net", "cidr": "10.0.0.0/24"}}
            self.assertEqual(self.ask("POST", path, body)[0], 410)
            self.assertEqual(self.ask("DELETE", f"{path}/{NOWHERE}")[0], 410)
            self.assertIn("shared-net", [each["label"] for each in self.ask("GET", path)[1]["networks"]])
        self.assertEqual([], self.ask("GET", "/os-volumes")[1]["volumes"])
        groups = self.ask("GET", "/os-security-groups")[1]["security_groups"]
        self.assertEqual(["default"], [each["name"] for each in groups])
