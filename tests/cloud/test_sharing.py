"""
What pods had before they were put together is compared, and told, adopted or overwritten, as the operator chooses.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.cloud.own_daemon import OwnDaemon, own_daemon
from tests.cloud.places import NoCloud, TestCloud, both_pods, test_cloud

#: Seconds from one comparison to the next, of the daemons that these tests start.
INTERVAL = 3.0

#: Seconds within which a comparison, and what follows from it, are done.
PATIENCE = 60.0


class ImportTests(SynchronousTestCase):
    """
    Flavors and volume types that an administrator made at the pods themselves, some in one of them alone, one otherwise in
    each; each daemon is new, and has a memory of its own.
    """

    cloud: TestCloud

    def setUp(self) -> None:
        try:
            self.cloud = test_cloud()
            self.roots: list[Any] = [place.roots for place in both_pods()]
        except NoCloud as nothing:
            raise SkipTest(str(nothing)) from nothing
        self.own = f"import-{uuid4().hex[:8]}"
        self.one, self.two, self.other = (f"{self.own}-{name}" for name in ("one", "two", "other"))
        self.addCleanup(self.delete_all)
        self.flavor(0, self.one, specs={"hw:a": "1"})
        self.flavor(1, self.two, specs={"hw:b": "2"})
        self.volume_type(0, self.one, specs={"a": "1"})
        self.volume_type(1, self.two, specs={"b": "2"})
        self.post(
            1,
            "volume",
            f"/types/{self.type_id(1, self.two)}/encryption",
            {"encryption": {"provider": "luks", "control_location": "front-end"}},
        )
        for number in range(2):
            self.flavor(number, self.other, ram=64 + number)
            self.volume_type(number, self.other, specs={"c": str(number)})

    def start(self, policy: str) -> None:
        """
        Start a daemon that does this about differences of both kinds.
        """
        pods = [{"name": name, "az": "az", "pod_az": "nova"} for name in ("Pod1", "Pod2")]
        shared = {"compare_seconds": INTERVAL, "kinds": dict.fromkeys(("flavor", "volume_type"), policy)}
        self.daemon: OwnDaemon = own_daemon(pods, shared=shared, jobs={"route_checks_per_second": 0})
        self.addCleanup(self.daemon.stop)

    def test_ignore(self) -> None:
        """
        What differs is told, by the report and the metric, and nothing is changed.
        """
        before = self.everything()
        self.start("ignore")
        expected = {
            (kind, name, pod): "extra"
            for kind in ("flavor", "volume_type")
            for name, pod in (
                (self.one, "Pod1"),
                (self.two, "Pod2"),
                (self.other, "Pod1"),
                (self.other, "Pod2"),
            )
        }

        self.until(lambda: self.drift() == expected, "the differences are told", self.drift)

        counted = self.counted()
        for kind in ("flavor", "volume_type"):
            for pod in ("Pod1", "Pod2"):
                # the report may have differences of others, that are under way
                self.assertLessEqual(2, counted[kind, pod])
        time.sleep(2 * INTERVAL)
        self.assertEqual(expected, self.drift())
        self.assertEqual(before, self.everything())

    def test_adopt(self) -> None:
        """
        What one pod alone has is in both then, with extra specs and encryption; what they have otherwise is told.
        """
        self.start("adopt")
        left = {("flavor", self.other, "Pod2"): "different", ("volume_type", self.other, "Pod2"): "different"}

        self.until(lambda: self.drift() == left, "the rest is told", self.drift)
        self.until(partial(self.alike, self.one, self.two), "both are in both pods", self.everything)

        for number in range(2):
            self.assertEqual({"hw:a": "1"}, self.flavor_told(number, self.one)["specs"])
            self.assertEqual({"hw:b": "2"}, self.flavor_told(number, self.two)["specs"])
            self.assertEqual({"a": "1"}, self.type_told(number, self.one)["specs"])
            self.assertEqual("luks", self.type_told(number, self.two)["provider"])
            self.assertEqual(64 + number, self.flavor_told(number, self.other)["ram"])
            self.assertEqual({"c": str(number)}, self.type_told(number, self.other)["specs"])
        self.assertEqual(left, self.drift())

    def test_overwrite(self) -> None:
        """
        What is wanted is made so again where somebody has changed it in a pod; what nothing wants stays, and is told.
        """
        self.start("overwrite")
        self.until(lambda: len(self.drift()) == 8, "what nothing wants is told", self.drift)
        wanted = f"{self.own}-wanted"
        for service, path, body in (
            (
                "compute",
                "/flavors",
                {"flavor": {"name": wanted, "id": wanted, "ram": 64, "vcpus": 1, "disk": 1}},
            ),
            ("compute", f"/flavors/{wanted}/os-extra_specs", {"extra_specs": {"hw:a": "1"}}),
            ("volume", "/types", {"volume_type": {"name": wanted, "extra_specs": {"a": "1"}}}),
        ):
            said = self.at_top("POST", service, path, body)
            self.assertIn(said.status_code, (200, 201), said.text)
        before = [(self.flavor_told(number, wanted), self.type_told(number, wanted)) for number in range(2)]
        self.assertEqual(before[0], before[1])

        self.ask(1, "compute", f"/flavors/{wanted}/os-extra_specs/hw:a", "PUT", {"hw:a": "9"})
        self.ask(0, "volume", f"/types/{self.type_id(0, wanted)}/extra_specs/a", "DELETE")
        self.ask(1, "volume", f"/types/{self.type_id(1, wanted)}", "DELETE")
        self.until(
            lambda: (
                before
                == [(self.flavor_told(number, wanted), self.type_told(number, wanted)) for number in range(2)]
            ),
            "it is as it was",
            self.everything,
        )
        self.ask(0, "compute", f"/flavors/{wanted}", "DELETE")
        self.until(lambda: before[0][0] == self.flavor_told(0, wanted), "the flavor is back", self.everything)

        self.until(lambda: len(self.drift()) == 8, "the rest is still told", self.drift)
        self.assertEqual({"extra"}, set(self.drift().values()))
        self.assertFalse(self.alike(self.other))
        for service, path in (
            ("compute", f"/flavors/{wanted}"),
            ("volume", f"/types/{self.top_type(wanted)}"),
        ):
            self.assertIn(self.at_top("DELETE", service, path).status_code, (202, 204))

    def drift(self) -> dict[tuple[str, str, str], str]:
        """
        The report, as far as it is about this test: kind, name and pod to the difference.
        """
        said = self.cloud.admin.session.get(f"{self.daemon.admin_url}/drift").json()["drift"]
        return {
            (each["kind"], each["name"], each["pod_name"]): each["difference"]
            for each in said
            if each["name"].startswith(self.own)
        }

    def counted(self) -> dict[tuple[str, str], float]:
        """
        The metric: kind and pod to the number of differences.
        """
        url = self.daemon.admin_url.replace("/v1.0", "/metrics")
        text = self.cloud.admin.session.get(url, authenticated=False).text
        found = re.findall(r'^trio2o_drift\{kind="(\w+)",pod="(\w+)"\} (\S+)$', text, re.MULTILINE)
        return {(kind, pod): float(value) for kind, pod, value in found}

    def alike(self, *names: str) -> bool:
        """
        Whether both pods have these the same.
        """
        told = [
            [(self.flavor_told(number, name), self.type_told(number, name)) for name in names]
            for number in range(2)
        ]
        return told[0] == told[1] and all(flavor and kind for flavor, kind in told[0])

    def everything(self) -> Any:
        """
        What both pods have of this test.
        """
        return [
            {name: (self.flavor_told(number, name), self.type_told(number, name)) for name in names}
            for number, names in enumerate([(self.one, self.two, self.other)] * 2)
        ]

    def flavor_told(self, number: int, name: str) -> Any:
        """
        A pod's flavor with its extra specs; ``None`` for none.
        """
        said = self.ask(number, "compute", f"/flavors/{name}")
        if said.status_code != 200:
            return None
        specs = self.ask(number, "compute", f"/flavors/{name}/os-extra_specs").json().get("extra_specs")
        return {"ram": said.json()["flavor"]["ram"], "specs": specs}

    def type_told(self, number: int, name: str) -> Any:
        """
        A pod's volume type with its extra specs and the provider of its encryption; ``None`` for none.
        """
        identifier = self.type_id(number, name)
        if identifier is None:
            return None
        specs = (
            self.ask(number, "volume", f"/types/{identifier}")
            .json()
            .get("volume_type", {})
            .get("extra_specs")
        )
        secret = self.ask(number, "volume", f"/types/{identifier}/encryption").json()
        return {"specs": specs, "provider": secret.get("provider")}

    def type_id(self, number: int, name: str) -> str | None:
        """
        A pod's own id of a volume type.
        """
        listed = self.ask(number, "volume", "/types?is_public=None").json()["volume_types"]
        return next((each["id"] for each in listed if each["name"] == name), None)

    def top_type(self, name: str) -> str:
        """
        The top region's id of a volume type.
        """
        listed = self.at_top("GET", "volume", "/types").json()["volume_types"]
        return next(str(each["id"]) for each in listed if each["name"] == name)

    def flavor(self, number: int, name: str, *, ram: int = 64, specs: Any = None) -> None:
        """
        Make a flavor at a pod.
        """
        fields = {"name": name, "id": name, "ram": ram, "vcpus": 1, "disk": 1}
        self.post(number, "compute", "/flavors", {"flavor": fields})
        if specs:
            self.post(number, "compute", f"/flavors/{name}/os-extra_specs", {"extra_specs": specs})

    def volume_type(self, number: int, name: str, *, specs: Any) -> None:
        """
        Make a volume type at a pod.
        """
        self.post(number, "volume", "/types", {"volume_type": {"name": name, "extra_specs": specs}})

    def post(self, number: int, service: str, path: str, body: Any) -> None:
        """
        Have a pod make something.
        """
        said = self.ask(number, service, path, "POST", body)
        self.assertIn(said.status_code, (200, 201), said.text)

    def ask(self, number: int, service: str, path: str, method: str = "GET", body: Any = None) -> Any:
        """
        Ask a pod itself as the administrator.
        """
        return self._asked(self.roots[number][service], service, path, method, body)

    def at_top(self, method: str, service: str, path: str, body: Any = None) -> Any:
        """
        Ask the daemon as the administrator.
        """
        return self._asked(self.daemon.place(self.cloud).roots[service], service, path, method, body)

    def _asked(self, root: str, service: str, path: str, method: str, body: Any) -> Any:
        session = self.cloud.admin.session
        below = {"compute": "/v2.1", "volume": f"/v3/{session.get_project_id()}"}[service]
        return session.request(f"{root}{below}{path}", method, json=body, raise_exc=False)

    def until(self, happened: Callable[[], bool], what: str, seen: Callable[[], Any]) -> None:
        """
        Wait for it.
        """
        deadline = time.monotonic() + PATIENCE
        while not happened():
            if time.monotonic() > deadline:
                self.fail(f"not within {PATIENCE:.0f} s: {what}: {seen()}")
            time.sleep(1.0)

    def delete_all(self) -> None:
        """
        Delete what is left, at the pods.
        """
        for number in range(2):
            for each in self.ask(number, "compute", "/flavors?is_public=None").json()["flavors"]:
                if each["name"].startswith(self.own):
                    self.ask(number, "compute", f"/flavors/{each['id']}", "DELETE")
            for each in self.ask(number, "volume", "/types?is_public=None").json()["volume_types"]:
                if each["name"].startswith(self.own):
                    self.ask(number, "volume", f"/types/{each['id']}", "DELETE")
