"""
Pods over HTTP.
"""

from __future__ import annotations

from tests.unit.administration.doubles import NOBODY
from tests.unit.web.admin.serving import AdminTestCase
from trio2o.web.admin.serving import BODY_LIMIT


class CreateTests(AdminTestCase):
    """
    ``POST /v1.0/pods``.
    """

    def test_pod(self) -> None:
        """
        The answer is 200 with the pod: the original's fields and ours.
        """
        body = {"pod": {"pod_name": "Pod1", "az_name": "az1", "pod_az_name": "nova", "dc_name": "dc 1"}}
        status, shown = self.ask("POST", "/v1.0/pods", body)
        self.assertEqual(status, 200)
        pod_id = shown["pod"].pop("pod_id")
        self.assertRegex(pod_id, r"^[0-9a-f-]{36}$")
        self.assertEqual(
            shown,
            {
                "pod": {
                    **body["pod"],
                    "state": "enabled",
                    "effective_state": "enabled",
                    "state_reason": "",
                    "state_from": None,
                    "state_until": None,
                    "state_changed_at": None,
                    "weight": 1.0,
                    "affinity": [],
                    "ag_name": "ag_Pod1",
                    "declared": False,
                    "healthy": True,
                    "cost": 0.0,
                    "taints": [],
                    "projects_allowed": [],
                    "projects_denied": [],
                    "overcommit": {},
                    "headroom": {},
                    "endpoints": {},
                    "ca_file": None,
                    "connect_timeout_seconds": None,
                    "answer_timeout_seconds": None,
                    "concurrency": None,
                    "created_at": "2023-11-14T22:13:20.250000Z",
                    "updated_at": None,
                }
            },
        )

    def test_further_fields(self) -> None:
        """
        State, weight and affinity may be given at once; ends are trimmed; null is not said.
        """
        body = {
            "pod": {
                "pod_name": " Pod1 ",
                "az_name": "az1",
                "pod_az_name": None,
                "state": "maintenance",
                "weight": 2,
                "affinity": ["ssd", " gpu "],
            }
        }
        _, shown = self.ask("POST", "/v1.0/pods", body)
        pod = shown["pod"]
        self.assertEqual((pod["pod_name"], pod["pod_az_name"], pod["state"]), ("Pod1", "", "maintenance"))
        self.assertEqual((pod["weight"], pod["affinity"]), (2.0, ["gpu", "ssd"]))

    def test_top_region(self) -> None:
        """
        An az_name that is absent, null, empty or blank makes the top region; the second one is a 409.
        """
        for number, more in enumerate(({}, {"az_name": None}, {"az_name": ""}, {"az_name": "  "})):
            status, shown = self.ask("POST", "/v1.0/pods", {"pod": {"pod_name": f"R{number}", **more}})
            if number == 0:
                self.assertEqual((status, shown["pod"]["az_name"], shown["pod"]["ag_name"]), (200, "", ""))
                self.assertIsNone(shown["pod"]["healthy"])
            else:
                self.assertEqual(status, 409)

    def test_taken(self) -> None:
        """
        The same name twice, and the top region's name, are a 409.
        """
        self.ask("POST", "/v1.0/pods", {"pod": {"pod_name": "RegionOne"}})
        self.ask("POST", "/v1.0/pods", {"pod": {"pod_name": "Pod1", "az_name": "az1"}})
        for name in ("Pod1", "RegionOne", " RegionOne"):
            body = {"pod": {"pod_name": name, "az_name": "az2"}}
            self.assertEqual(self.error("POST", "/v1.0/pods", body)[0], 409)

    def test_no_object(self) -> None:
        """
        A body without the object is a 400.
        """
        for body in ({}, {"pods": {}}, {"pod": None}, {"pod": []}, {"pod": "Pod1"}, [], "pod", None, 3):
            self.assertEqual(self.error("POST", "/v1.0/pods", body)[0], 400)

    def test_no_json(self) -> None:
        """
        What is not JSON is a 400.
        """
        for raw in (
            b"",
            b"{",
            b"pod",
            b'{"pod": {"pod_name": "a\xff"}}',
            b'{"pod": NaN}',
            b"[" * 5000,
            b"\x00",
        ):
            self.assertEqual(self.error("POST", "/v1.0/pods", raw=raw)[0], 400)

    def test_too_large(self) -> None:
        """
        A body over the limit is a 413.
        """
        raw = b'{"pod": {"pod_name": "' + b"a" * BODY_LIMIT + b'"}}'
        self.assertEqual(self.error("POST", "/v1.0/pods", raw=raw)[0], 413)

    def test_name(self) -> None:
        """
        A pod_name that is missing, empty, too long or no text is a 422 that names it.
        """
        for given in (
            {},
            *({"pod_name": name} for name in (None, "", "  ", 3, True, ["a"], {}, "a" * 256, "a\0b", "a\nb")),
        ):
            status, message = self.error("POST", "/v1.0/pods", {"pod": {"az_name": "az1", **given}})
            self.assertEqual((status, message.split(":")[0]), (422, "pod_name"))
        longest = {"pod": {"pod_name": "ä" * 255, "az_name": "az1"}}
        self.assertEqual(self.ask("POST", "/v1.0/pods", longest)[0], 200)

    def test_values(self) -> None:
        """
        A value that cannot be accepted is a 422 that names its field.
        """
        for name, value in (
            ("az_name", 1),
            ("az_name", "a\x7fb"),
            ("pod_az_name", ["nova"]),
            ("dc_name", "d" * 256),
            ("state", "on"),
            ("state", 1),
            ("state", []),
            ("weight", "1"),
            ("weight", True),
            ("affinity", "gpu"),
            ("affinity", ["gpu,ssd"]),
            ("affinity", [""]),
            ("affinity", [1]),
            ("affinity", [str(number) for number in range(65)]),
        ):
            body = {"pod": {"pod_name": "Pod1", "az_name": "az1", name: value}}
            status, message = self.error("POST", "/v1.0/pods", body)
            self.assertEqual(status, 422, (name, value))
            self.assertTrue(message.startswith(name), message)
        self.assertEqual(self.ask("GET", "/v1.0/pods"), (200, {"pods": []}))

    def test_endless_weight(self) -> None:
        """
        A number beyond all numbers is refused, as JSON or as a value.
        """
        raw = b'{"pod": {"pod_name": "Pod1", "az_name": "az1", "weight": 1e999}}'
        self.assertIn(self.error("POST", "/v1.0/pods", raw=raw)[0], (400, 422))

    def test_unknown_field(self) -> None:
        """
        A field that is unknown is a 400 that names it.
        """
        for body in (
            {"pod": {"pod_name": "Pod1", "az_name": "az1", "pod_az": "nova"}},
            {"pod": {"pod_name": "Pod1", "az_name": "az1", "pod_id": NOBODY}},
            {"pod": {"pod_name": "Pod1", "az_name": "az1"}, "pods": []},
        ):
            status, message = self.error("POST", "/v1.0/pods", body)
            self.assertEqual(status, 400)
            self.assertRegex(message, "^(pod_az|pod_id|pods): ")


class ReadTests(AdminTestCase):
    """
    ``GET /v1.0/pods`` and ``GET /v1.0/pods/{pod_id}``.
    """

    def test_list(self) -> None:
        """
        All pods, with their health.
        """
        self.assertEqual(self.ask("GET", "/v1.0/pods"), (200, {"pods": []}))
        self.pod("RegionOne", "")
        self.cloud.sick.add(self.pod("Pod1").id)
        _, shown = self.ask("GET", "/v1.0/pods/")
        self.assertEqual(
            [(pod["pod_name"], pod["healthy"]) for pod in shown["pods"]],
            [("RegionOne", None), ("Pod1", False)],
        )

    def test_show(self) -> None:
        """
        One pod, as the list shows it.
        """
        pod = self.pod()
        _, listed = self.ask("GET", "/v1.0/pods")
        self.assertEqual(self.ask("GET", f"/v1.0/pods/{pod.id}"), (200, {"pod": listed["pods"][0]}))

    def test_unknown(self) -> None:
        """
        An id that nobody has, and what is no id, are a 404 for every method.
        """
        for pod_id in (NOBODY, "Pod1", "%00", "%2F", "a" * 2000):
            self.assertEqual(self.error("GET", f"/v1.0/pods/{pod_id}")[0], 404)
            self.assertEqual(self.error("DELETE", f"/v1.0/pods/{pod_id}")[0], 404)
            self.assertEqual(self.error("PATCH", f"/v1.0/pods/{pod_id}", {"pod": {"weight": 1}})[0], 404)

    def test_unknown_parameter(self) -> None:
        """
        The list of pods has no parameters yet: one is a 400.
        """
        self.assertEqual(self.error("GET", "/v1.0/pods?az_name=az1")[0], 400)

    def test_no_database(self) -> None:
        """
        Without the database it is a 503 with a Retry-After.
        """
        self.cloud.database.available = False
        response = self.response("GET", "/v1.0/pods")
        self.assertEqual(response.code, 503)
        self.assertEqual(response.headers.getRawHeaders(b"retry-after"), [b"5"])


class ChangeTests(AdminTestCase):
    """
    ``PATCH /v1.0/pods/{pod_id}``.
    """

    def test_change(self) -> None:
        """
        What is named changes, the rest stays, and the answer shows it.
        """
        pod = self.pod(dc_name="dc")
        body = {"pod": {"state": "draining", "weight": 0, "affinity": ["gpu"], "pod_az_name": " nova "}}
        status, shown = self.ask("PATCH", f"/v1.0/pods/{pod.id}", body)
        self.assertEqual(status, 200)
        changed = {
            name: shown["pod"][name] for name in ("state", "weight", "affinity", "pod_az_name", "dc_name")
        }
        self.assertEqual(
            changed,
            {"state": "draining", "weight": 0.0, "affinity": ["gpu"], "pod_az_name": "nova", "dc_name": "dc"},
        )
        self.assertEqual(self.ask("GET", f"/v1.0/pods/{pod.id}"), (200, shown))

    def test_fields(self) -> None:
        """
        A field that is unknown or cannot be changed is a 400; a value that cannot be accepted is a 422.
        """
        pod = self.pod()
        for name in ("pod_name", "az_name", "pod_id", "declared", "healthy", "wieght"):
            status, message = self.error("PATCH", f"/v1.0/pods/{pod.id}", {"pod": {name: "x", "weight": 2}})
            self.assertEqual((status, message.split(":")[0]), (400, name))
        for name, value in (
            ("state", None),
            ("state", "off"),
            ("weight", None),
            ("affinity", {}),
            ("dc_name", 1),
        ):
            status, message = self.error("PATCH", f"/v1.0/pods/{pod.id}", {"pod": {name: value}})
            self.assertEqual((status, message.split(":")[0]), (422, name))
        self.assertEqual(self.error("PATCH", f"/v1.0/pods/{pod.id}", {"weight": 2})[0], 400)
        self.assertEqual(self.ask("GET", f"/v1.0/pods/{pod.id}")[1]["pod"]["weight"], 1.0)

    def test_declared(self) -> None:
        """
        Of a declared pod all but the state is a 409.
        """
        pod = self.declared("Pod1")["Pod1"]
        self.assertEqual(self.error("PATCH", f"/v1.0/pods/{pod.id}", {"pod": {"weight": 2}})[0], 409)
        status, shown = self.ask("PATCH", f"/v1.0/pods/{pod.id}", {"pod": {"state": "disabled"}})
        self.assertEqual((status, shown["pod"]["state"], shown["pod"]["declared"]), (200, "disabled", True))


class DeleteTests(AdminTestCase):
    """
    ``DELETE /v1.0/pods/{pod_id}``.
    """

    def test_delete(self) -> None:
        """
        The answer shows the pod for the last time.
        """
        pod = self.pod()
        status, shown = self.ask("DELETE", f"/v1.0/pods/{pod.id}")
        self.assertEqual((status, shown["pod"]["pod_id"]), (200, pod.id))
        self.assertEqual(self.error("DELETE", f"/v1.0/pods/{pod.id}")[0], 404)

    def test_in_use(self) -> None:
        """
        In use it is a 409, unless it is forced.
        """
        pod = self.pod()
        self.done(self.cloud.bindings.create("p1", pod.id))
        for query in ("", "?force=false", "?force=0"):
            self.assertEqual(self.error("DELETE", f"/v1.0/pods/{pod.id}{query}")[0], 409)
        for query in ("?force=perhaps", "?force=", "?force", "?froce=true", "?force=true&force=false"):
            self.assertEqual(self.error("DELETE", f"/v1.0/pods/{pod.id}{query}")[0], 400)
        self.assertEqual(self.ask("DELETE", f"/v1.0/pods/{pod.id}?force=true")[0], 200)

    def test_declared(self) -> None:
        """
        A declared pod is a 409 that says where to remove it.
        """
        pod = self.declared("Pod1")["Pod1"]
        status, message = self.error("DELETE", f"/v1.0/pods/{pod.id}?force=true")
        self.assertEqual(status, 409)
        self.assertIn("configuration file", message)

    def test_brought_to_its_end(self) -> None:
        """
        What changes something runs under the shield; what reads does not.
        """
        pod = self.pod()
        self.ask("GET", "/v1.0/pods")
        self.assertEqual(self.running, [])
        self.ask("DELETE", f"/v1.0/pods/{pod.id}")
        self.assertEqual(self.running, [1, -1])
