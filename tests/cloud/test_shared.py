"""
What every pod should have the same is made, changed and refused at the top region as in one cloud, and is in every pod then.
"""

from __future__ import annotations

from typing import Any

from tests.cloud import shared_computing, shared_storage
from tests.cloud.caller import Caller
from tests.cloud.making import as_administrator
from tests.cloud.places import Place, both_pods
from tests.cloud.side_by_side import SideBySide
from tests.cloud.wire import send


class SharedComputeTests(SideBySide):
    """
    Nova's.
    """

    def test_flavors(self) -> None:
        """
        Flavors.
        """
        self.compare(shared_computing.flavor_creates)

    def test_flavor_specs(self) -> None:
        """
        Extra specs of flavors.
        """
        self.compare(shared_computing.flavor_specs)

    def test_flavor_access(self) -> None:
        """
        Access to flavors.
        """
        self.compare(shared_computing.flavor_access)

    def test_key_pairs(self) -> None:
        """
        Users' key pairs in the administrator's hands.
        """
        self.compare(shared_computing.key_pairs_of_others)

    def test_aggregates(self) -> None:
        """
        Aggregates.
        """
        self.compare(shared_computing.aggregates)


class SharedVolumeTests(SideBySide):
    """
    Cinder's.
    """

    def test_types(self) -> None:
        """
        Volume types.
        """
        self.compare(shared_storage.volume_types)

    def test_type_specs(self) -> None:
        """
        Extra specs and encryption.
        """
        self.compare(shared_storage.type_specs)

    def test_types_in_use(self) -> None:
        """
        Types of volumes, and projects' defaults.
        """
        self.compare(shared_storage.types_in_use)

    def test_qos(self) -> None:
        """
        QoS specs.
        """
        self.compare(shared_storage.qos_specs)

    def test_group_types(self) -> None:
        """
        Types of groups.
        """
        self.compare(shared_storage.group_types)


class EverywhereTests(SideBySide):
    """
    What is in the pods after the top region has answered.
    """

    def test_flavor(self) -> None:
        """
        A flavor is in both pods with id, extra specs and access, and in neither after its deletion.
        """

        def scenario(at: Caller) -> None:
            admin, own, mine = as_administrator(at), at.account.project_name, at.account.project_id
            fields = {"name": own, "id": own, "ram": 64, "vcpus": 1, "disk": 1}
            fields["os-flavor-access:is_public"] = False
            admin.compute("POST", "/flavors", {"flavor": fields})
            admin.afterwards("compute", f"/flavors/{own}")
            admin.compute("POST", f"/flavors/{own}/os-extra_specs", {"extra_specs": {"a:b": "1", "c": "2"}})
            admin.compute("DELETE", f"/flavors/{own}/os-extra_specs/c")
            admin.compute("POST", f"/flavors/{own}/action", {"addTenantAccess": {"tenant": mine}})
            for pod in both_pods():
                self.assertEqual(
                    _asked(admin, pod, f"/flavors/{own}/os-extra_specs")["extra_specs"], {"a:b": "1"}
                )
                given = _asked(admin, pod, f"/flavors/{own}/os-flavor-access")["flavor_access"]
                self.assertEqual([each["tenant_id"] for each in given], [mine])
            admin.compute("DELETE", f"/flavors/{own}")
            for pod in both_pods():
                self.assertIn("itemNotFound", _asked(admin, pod, f"/flavors/{own}"))

        self.run_at(self.cloud.top, scenario)

    def test_aggregate(self) -> None:
        """
        An aggregate is in both pods by name and metadata.
        """

        def scenario(at: Caller) -> None:
            admin, own = as_administrator(at), at.account.project_name
            made = admin.compute("POST", "/os-aggregates", {"aggregate": {"name": own}}).json()
            path = f"/os-aggregates/{made['aggregate']['id']}"
            admin.afterwards("compute", path)
            admin.compute("POST", f"{path}/action", {"set_metadata": {"metadata": {"k": "v"}}})
            for pod in both_pods():
                listed = _asked(admin, pod, "/os-aggregates")["aggregates"]
                self.assertEqual([each["metadata"] for each in listed if each["name"] == own], [{"k": "v"}])
            admin.compute("DELETE", path)
            for pod in both_pods():
                listed = _asked(admin, pod, "/os-aggregates")["aggregates"]
                self.assertNotIn(own, [each["name"] for each in listed])

        self.run_at(self.cloud.top, scenario)

    def test_volume_type(self) -> None:
        """
        A volume type is in both pods with extra specs and encryption, by one id at the top region.
        """

        def scenario(at: Caller) -> None:
            admin, own = as_administrator(at), at.account.project_name
            body = {"volume_type": {"name": own, "extra_specs": {"a": "b"}}}
            made = admin.volume("POST", "/types", body).json()["volume_type"]["id"]
            admin.afterwards("volume", f"/types/{made}")
            secret = {"provider": "luks", "control_location": "front-end"}
            admin.volume("POST", f"/types/{made}/encryption", {"encryption": secret})
            found = []
            for pod in both_pods():
                listed = _asked(admin, pod, "/types", "volume")["volume_types"]
                mine = next(each for each in listed if each["name"] == own)
                self.assertEqual(mine["extra_specs"], {"a": "b"})
                kept = _asked(admin, pod, f"/types/{mine['id']}/encryption", "volume")
                self.assertEqual(kept["provider"], "luks")
                found.append(mine["id"])
            self.assertIn(made, found)
            shown = admin.volume("GET", f"/types/{made}", quiet=True).json()["volume_type"]
            self.assertEqual((shown["id"], shown["name"]), (made, own))
            admin.volume("DELETE", f"/types/{made}")
            for pod in both_pods():
                listed = _asked(admin, pod, "/types", "volume")["volume_types"]
                self.assertNotIn(own, [each["name"] for each in listed])

        self.run_at(self.cloud.top, scenario)


def _asked(admin: Caller, pod: Place, path: str, service: str = "compute") -> dict[str, Any]:
    """
    What a pod itself tells the administrator.
    """
    version = "/v2.1" if service == "compute" else f"/v3/{admin.account.project_id}"
    fields = {"X-Auth-Token": admin.account.token, "OpenStack-API-Version": f"{service} latest"}
    told: dict[str, Any] = send(pod.roots[service], "GET", f"{version}{path}", fields.items()).json()
    return told
