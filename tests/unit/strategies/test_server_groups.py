"""
Server groups, which live in one pod each.
"""

from __future__ import annotations

from typing import Any

from tests.unit.strategies.absent import absent
from tests.unit.strategies.case import P1, StrategyCase, an_id
from tests.unit.strategies.doubles import Reply
from trio2o.model import Kind

GROUPS = "/v2.1/os-server-groups"
G1 = an_id(51)


class ServerGroupTests(StrategyCase):
    """
    From create to delete.
    """

    def made(self) -> None:
        """
        A pod makes the group.
        """
        body: dict[str, Any] = {"server_group": {"id": G1, "name": "g", "policies": ["affinity"]}}
        self.pods.on("*", "POST", GROUPS, Reply(200, body))
        answer = self.asked("POST", GROUPS, {"server_group": {"name": "g", "policies": ["affinity"]}})
        self.assertEqual(200, answer.status)

    def test_create(self) -> None:
        """
        A group is placed as a server is, binds its project, and has a route of the project that made it.
        """
        self.is_bound(self.pod2)
        self.made()

        route = self.stored_route(G1, Kind.SERVER_GROUP)
        assert route is not None
        self.assertEqual((self.pod2.id, P1), (route.pod_id, route.project_id))

    def test_first(self) -> None:
        """
        A project's first resource may be a group: its servers follow it.
        """
        self.made()

        self.assertEqual(["Pod1"], self.bound_pods())

    def test_full(self) -> None:
        """
        Where a pod's quota of groups is used up the next one takes it.
        """
        full = {"forbidden": {"code": 403, "message": "Quota exceeded, too many server groups."}}
        self.pods.on("Pod1", "POST", GROUPS, Reply(403, full))
        self.pods.on("Pod2", "POST", GROUPS, Reply(200, {"server_group": {"id": G1}}))

        self.asked("POST", GROUPS, {"server_group": {}})

        self.assertEqual(self.pod2.id, self.stored_route(G1, Kind.SERVER_GROUP).pod_id)  # type: ignore[union-attr]

    def test_adopted(self) -> None:
        """
        A group that was made in a pod is found there, with the project that its body names.
        """
        path = f"{GROUPS}/{G1}"
        self.everybody_says(404, path, {})
        self.pods.on("Pod3", "GET", path, Reply(200, {"server_group": {"id": G1, "project_id": P1}}))
        self.pods.on("Pod3", "DELETE", path, Reply(204))

        self.assertEqual(204, self.asked("DELETE", path).status)

        self.assertEqual(P1, self.stored_route(G1, Kind.SERVER_GROUP).project_id)  # type: ignore[union-attr]
        self.assertEqual(b"compute 2.13", self.pods.calls[0].header(b"openstack-api-version"))

    def test_gone(self) -> None:
        """
        The owner's 404 ends the route.
        """
        self.has_route(G1, self.pod1, kind=Kind.SERVER_GROUP)
        self.pods.on("Pod1", "GET", f"{GROUPS}/{G1}", absent)

        self.asked("GET", f"{GROUPS}/{G1}")

        stored = self.stored_route(G1, Kind.SERVER_GROUP)
        self.assertTrue(stored is None or stored.deleted_at is not None)
