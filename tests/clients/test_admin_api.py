"""
The Admin API with tokens of a real Keystone.
"""

from __future__ import annotations

from typing import Any

from tests.clients.cloud import NOTHING, Person, UserCase, a_name, until


class AdminApiTests(UserCase):
    """
    Pods, bindings and routes as an operator's scripts see them.
    """

    def ask(self, path: str, method: str = "GET", *, person: Person | None = None, **more: Any) -> Any:
        """
        An answer of the Admin API, to an admin unless told otherwise.
        """
        return (person or self.cloud.admin).ask(self.cloud.layout.admin_url + path, method, **more)

    def test_pods(self) -> None:
        """
        The declared pods are there, healthy, each in its zone.
        """
        pods = self.ask("/pods").json()["pods"]
        self.assertEqual(
            {"Pod1": "az1", "Pod2": "az1", "Pod3": "az2"}, {pod["pod_name"]: pod["az_name"] for pod in pods}
        )
        self.assertTrue(all(pod["healthy"] and pod["declared"] for pod in pods))
        shown = self.ask(f"/pods/{pods[0]['pod_id']}").json()["pod"]
        self.assertEqual(pods[0], shown)

    def test_maintenance(self) -> None:
        """
        A pod in maintenance gets nothing new and keeps what it has.
        """
        (pod,) = [pod for pod in self.ask("/pods").json()["pods"] if pod["pod_name"] == "Pod3"]
        volume = self.user.sdk.block_storage.create_volume(name="kept", size=1, availability_zone="az2")
        path = f"/pods/{pod['pod_id']}"
        changed = self.ask(path, "PATCH", json={"pod": {"state": "maintenance"}})
        self.assertEqual(200, changed.status_code, changed.text)
        try:
            told = self.cli_fails("volume create --size 1 --availability-zone az2 late")
            self.assertRegex(told, "50[03]|40[03]")
            self.assertEqual("kept", self.user.sdk.block_storage.get_volume(volume.id).name)
        finally:
            self.ask(path, "PATCH", json={"pod": {"state": "enabled"}})
        until(lambda: self._ran("volume create --size 1 --availability-zone az2 later", (), None).status == 0)

    def test_drain(self) -> None:
        """
        What a project makes once its pod is drained is made elsewhere; what it has answers, and its history says why.
        """
        storage = self.user.sdk.block_storage
        first = storage.create_volume(name="first", size=1, availability_zone="az1")
        bound = self.cloud.pod_of(first.id)
        pods = {pod["pod_name"]: pod["pod_id"] for pod in self.ask("/pods").json()["pods"]}
        path = f"/pods/{pods[bound]}"
        begun = self.ask(f"{path}/drain", "POST", json={"drain": {"reason": "new switches"}})
        self.assertEqual(200, begun.status_code, begun.text)
        try:
            self.assertGreaterEqual(begun.json()["drain"]["routes"]["volume"], 1)
            second = storage.create_volume(name="second", size=1, availability_zone="az1")
            self.assertNotEqual(bound, self.cloud.pod_of(second.id))
            self.assertEqual("first", storage.get_volume(first.id).name)
            history = self.ask(f"/bindings?tenant_id={self.user.project_id}&active=false").json()[
                "pod_bindings"
            ]
            self.assertEqual(
                [f"moved: state dropped {bound} (draining)"], [each["reason"] for each in history]
            )
            told = self.ask(f"{path}/drain").json()["drain"]
            self.assertEqual(
                ("draining", "new switches", False), (told["state"], told["state_reason"], told["done"])
            )
        finally:
            self.ask(path, "PATCH", json={"pod": {"state": "enabled"}})

    def test_pod_life(self) -> None:
        """
        A pod is made, refused a second time, changed and deleted; a declared one cannot be deleted.
        """
        name = a_name("Pod")
        made = self.ask("/pods", "POST", json={"pod": {"pod_name": name, "az_name": "az9"}})
        self.assertEqual(200, made.status_code, made.text)
        pod = made.json()["pod"]
        path = f"/pods/{pod['pod_id']}"
        try:
            self.assertEqual(("az9", False), (pod["az_name"], pod["declared"]))
            again = self.ask("/pods", "POST", json={"pod": {"pod_name": name, "az_name": "az9"}})
            self.assertEqual(409, again.status_code)
        finally:
            self.assertEqual(200, self.ask(path, "DELETE").status_code)
        self.assertEqual(404, self.ask(path).status_code)
        declared = self.ask("/pods").json()["pods"][0]
        self.assertEqual(409, self.ask(f"/pods/{declared['pod_id']}", "DELETE").status_code)

    def test_bindings(self) -> None:
        """
        The first create binds a project; an operator moves it, and the next create goes where it is bound.
        """
        storage, project = self.user.sdk.block_storage, self.user.project_id
        first = storage.create_volume(name="one", size=1, availability_zone="az1")
        pods = {pod["pod_name"]: pod["pod_id"] for pod in self.ask("/pods").json()["pods"]}
        bound = self.cloud.pod_of(first.id)
        (binding,) = self.ask(f"/bindings?tenant_id={project}").json()["pod_bindings"]
        self.assertEqual((pods[bound], True), (binding["pod_id"], binding["is_binding"]))
        (other,) = {"Pod1", "Pod2"} - {bound}
        wanted = {"pod_binding": {"tenant_id": project, "pod_id": pods[other]}}
        self.assertEqual(200, self.ask("/bindings", "POST", json=wanted).status_code)
        second = storage.create_volume(name="two", size=1, availability_zone="az1")
        self.assertEqual(other, self.cloud.pod_of(second.id))
        history = self.ask(f"/bindings?tenant_id={project}").json()["pod_bindings"]
        self.assertEqual(
            {pods[bound]: False, pods[other]: True}, {b["pod_id"]: b["is_binding"] for b in history}
        )
        self.assertEqual({"one", "two"}, {each.name for each in storage.volumes()})

    def test_routes(self) -> None:
        """
        A resource's route names its pod and its project.
        """
        volume = self.user.sdk.block_storage.create_volume(name="one", size=1, availability_zone="az2")
        (route,) = self.ask(f"/routes/{volume.id}").json()["routes"]
        self.assertEqual(self.user.project_id, route["project_id"])
        self.assertEqual("Pod3", self.cloud.pod_of(volume.id))
        self.assertEqual(404, self.ask(f"/routes/{NOTHING}").status_code)

    def test_who(self) -> None:
        """
        A member may not look and may not change anything; nobody without a token may.
        """
        for path in ("/pods", "/bindings", f"/routes/{NOTHING}"):
            self.assertEqual(403, self.ask(path, person=self.user).status_code, path)
            self.assertEqual(401, self.ask(path, token="nonsense").status_code, path)
        refused = self.ask("/pods", "POST", person=self.user, json={"pod": {"pod_name": "x", "az_name": "y"}})
        self.assertEqual(403, refused.status_code)

    def test_metrics_and_health(self) -> None:
        """
        Health and metrics are there without a token.
        """
        root = self.cloud.layout.admin_url.removesuffix("/v1.0")
        metrics = self.user.ask(f"{root}/metrics")
        self.assertEqual(200, metrics.status_code)
        self.assertIn("trio2o_", metrics.text)
        for port in (
            self.cloud.layout.compute_port,
            self.cloud.layout.volume_port,
            self.cloud.layout.admin_port,
        ):
            self.assertEqual(200, self.user.ask(f"http://127.0.0.1:{port}/healthcheck").status_code)
