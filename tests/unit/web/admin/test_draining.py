"""
States with windows, settings, and draining over HTTP.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator

from tests.unit.administration.doubles import NOBODY
from tests.unit.web.admin.serving import AdminTestCase
from trio2o.model import Kind, Route
from trio2o.service.pod_settings import read_settings
from trio2o.web.admin.schemas import SCHEMAS
from trio2o.web.admin.serving import BODY_LIMIT

SETTINGS: dict[str, Any] = {
    "cost": 2.5,
    "taints": ["dedicated"],
    "projects_allowed": ["p1"],
    "projects_denied": ["p2"],
    "overcommit": {"vcpus": 4.0},
    "headroom": {"ram_mb": 0.1, "volume_gb": 0.2},
    "endpoints": {"compute": "https://nova.pod1.example:8774"},
    "ca_file": None,
    "connect_timeout_seconds": 2.0,
    "answer_timeout_seconds": 30.0,
    "concurrency": 64,
}


class WindowTests(AdminTestCase):
    """
    ``PATCH /v1.0/pods/{pod_id}`` with a reason and a window.
    """

    def change(self, **fields: Any) -> tuple[int, Any]:
        """
        Of a new pod.
        """
        pod = self.pod(f"Pod{len(self.cloud.database.pods) + 1}")
        return self.ask("PATCH", f"/v1.0/pods/{pod.id}", {"pod": fields})

    def test_window(self) -> None:
        """
        The answer shows what was given and what counts now, in UTC.
        """
        status, shown = self.change(
            state="maintenance",
            state_reason=" new switches ",
            state_from="2023-11-15T00:00:00+01:00",
            state_until="2023-11-15T02:00:00Z",
        )
        self.assertEqual(status, 200)
        expected = {
            "state": "maintenance",
            "effective_state": "enabled",
            "state_reason": "new switches",
            "state_from": "2023-11-14T23:00:00Z",
            "state_until": "2023-11-15T02:00:00Z",
            "state_changed_at": "2023-11-14T22:13:20.250000Z",
        }
        self.assertEqual({name: shown["pod"][name] for name in expected}, expected)
        self.cloud.clock.advance(3600)
        _, later = self.ask("GET", f"/v1.0/pods/{shown['pod']['pod_id']}")
        self.assertEqual(later["pod"]["effective_state"], "maintenance")
        Draft202012Validator(SCHEMAS["Pod"]).validate(later)

    def test_null(self) -> None:
        """
        Null is an empty reason, and no begin or end.
        """
        status, shown = self.change(
            state="draining", state_reason=None, state_from=None, state_until="2023-11-15"
        )
        self.assertEqual((status, shown["pod"]["state_reason"], shown["pod"]["state_from"]), (200, "", None))
        self.assertEqual(shown["pod"]["state_until"], "2023-11-15T00:00:00Z")

    def test_malformed(self) -> None:
        """
        What is no time, or no text, or too long is a 422 that names the field.
        """
        for field, values in {
            "state_from": [
                "tomorrow",
                "",
                5,
                True,
                [],
                {},
                "2023-11-15T25:00:00Z",
                "0001-01-01T00:00:00+01:00",
            ],
            "state_until": ["2023-02-30", "2023-11-15T00:00:00ZZ", "\0"],
            "state_reason": [5, ["x"], "a\nb", "a" * 256],
        }.items():
            for value in values:
                with self.subTest(field=field, value=value):
                    status, shown = self.change(state="draining", **{field: value})
                    self.assertEqual(status, 422)
                    self.assertTrue(shown["error"]["message"].startswith(f"{field}: "), shown)


class SettingsTests(AdminTestCase):
    """
    Settings in ``POST`` and ``PATCH``.
    """

    def test_all(self) -> None:
        """
        A pod that is not declared can be given everything that a declared one can, and shows it.
        """
        body = {"pod": {"pod_name": "Pod1", "az_name": "az1", **SETTINGS}}
        self.assertTrue(Draft202012Validator(SCHEMAS["NewPod"]).is_valid(body))
        status, shown = self.ask("POST", "/v1.0/pods", body)
        self.assertEqual(status, 200)
        self.assertEqual({name: shown["pod"][name] for name in SETTINGS}, SETTINGS)
        Draft202012Validator(SCHEMAS["Pod"]).validate(shown)

    def test_change(self) -> None:
        """
        What is named is changed: a mapping as a whole, null to the default.
        """
        _, made = self.ask("POST", "/v1.0/pods", {"pod": {"pod_name": "Pod1", "az_name": "az1", **SETTINGS}})
        body = {"pod": {"headroom": {"vcpus": 0.5}, "cost": None, "weight": 3}}
        self.assertTrue(Draft202012Validator(SCHEMAS["PodChanges"]).is_valid(body))
        status, shown = self.ask("PATCH", f"/v1.0/pods/{made['pod']['pod_id']}", body)
        self.assertEqual(status, 200)
        expected = {**SETTINGS, "headroom": {"vcpus": 0.5}, "cost": 0.0}
        self.assertEqual({name: shown["pod"][name] for name in SETTINGS}, expected)

    def test_refused(self) -> None:
        """
        What the configuration would not accept is a 422 that names each place.
        """
        pod = self.pod()
        for fields, places in (
            ({"cost": -1}, ["cost"]),
            ({"cost": "1"}, ["cost"]),
            ({"cost": True}, ["cost"]),
            ({"concurrency": 0, "taints": ["a,b", "c"]}, ["concurrency", "taints[0]"]),
            ({"taints": "gpu"}, ["taints"]),
            ({"taints": ["a", "a"]}, ["taints"]),
            ({"projects_allowed": [""]}, ["projects_allowed[0]"]),
            ({"overcommit": {"vcpus": 0}}, ["overcommit.vcpus"]),
            ({"overcommit": {"volume_gb": 2}}, ["overcommit.volume_gb"]),
            ({"headroom": []}, ["headroom"]),
            ({"endpoints": {"compute": "http://nova/v2.1"}}, ["endpoints.compute"]),
            ({"endpoints": {"image": "http://glance"}}, ["endpoints.image"]),
            ({"ca_file": "pod.pem"}, ["ca_file"]),
            ({"ca_file": "/nowhere/pod.pem"}, ["ca_file"]),
            ({"ca_file": "/dev/null"}, ["ca_file"]),
            ({"ca_file": "/" + 5000 * "a"}, ["ca_file"]),
            ({"connect_timeout_seconds": 0}, ["connect_timeout_seconds"]),
        ):
            with self.subTest(fields=fields):
                status, message = self.error("PATCH", f"/v1.0/pods/{pod.id}", {"pod": fields})
                self.assertEqual(status, 422)
                for place in places:
                    self.assertIn(f"{place}: ", message)
        self.assertEqual(self.cloud.database.pods[pod.id], pod)

    def test_file(self) -> None:
        """
        A file with authorities is taken by its whole path.
        """
        file = Path(self.mktemp()).absolute()
        file.write_text("PEM")
        self.assertEqual(read_settings({"ca_file": str(file)}), {"ca_file": str(file)})


class DrainTests(AdminTestCase):
    """
    ``/v1.0/pods/{pod_id}/drain``.
    """

    def setUp(self) -> None:
        """
        A pod with a server and a project.
        """
        super().setUp()
        self.known = self.pod()
        self.path = f"/v1.0/pods/{self.known.id}/drain"
        route = Route(kind=Kind.SERVER, resource_id="s1", pod_id=self.known.id, project_id="p1")
        self.done(self.cloud.route_store.record_routes([route]))
        self.done(self.cloud.bindings.create("p1", self.known.id))

    def test_order(self) -> None:
        """
        The order is answered with what there still is, and so is the question later.
        """
        expected = {
            "pod_id": self.known.id,
            "pod_name": "Pod1",
            "state": "draining",
            "state_reason": "new switches",
            "since": "2023-11-14T22:13:20.250000Z",
            "bindings": 1,
            "routes": {"server": 1},
            "made_since": 0,
            "counted_to": 1000,
            "ended_bindings": 0,
            "done": False,
        }
        body = {"drain": {"reason": "new switches"}}
        self.assertEqual(self.ask("POST", self.path, body), (200, {"drain": expected}))
        self.assertEqual(self.ask("GET", self.path), (200, {"drain": expected}))
        Draft202012Validator(SCHEMAS["DrainProgress"]).validate({"drain": expected})

    def test_no_body(self) -> None:
        """
        Neither a body nor a field is required.
        """
        for body in (None, {"drain": {}}, {"drain": {"reason": None, "end_bindings": False}}):
            self.assertEqual(self.ask("POST", self.path, body)[0], 200)

    def test_end_bindings(self) -> None:
        """
        Bindings end where that is asked.
        """
        _, shown = self.ask("POST", self.path, {"drain": {"end_bindings": True}})
        self.assertEqual((shown["drain"]["ended_bindings"], shown["drain"]["bindings"]), (1, 0))

    def test_wrong(self) -> None:
        """
        Another shape is a 400, a value that cannot be accepted a 422; the pod stays as it was.
        """
        for body, status in (
            ([], 400),
            ({}, 400),
            ({"drain": None}, 400),
            ({"drain": {"force": True}}, 400),
            ({"drain": {}, "pod": {}}, 400),
            ({"drain": {"reason": 5}}, 422),
            ({"drain": {"reason": "a\nb"}}, 422),
            ({"drain": {"reason": "a" * 256}}, 422),
            ({"drain": {"end_bindings": "yes"}}, 422),
            ({"drain": {"end_bindings": None}}, 422),
        ):
            with self.subTest(body=body):
                self.assertEqual(self.error("POST", self.path, body)[0], status)
                self.assertFalse(Draft202012Validator(SCHEMAS["Drain"]).is_valid(body))
        self.assertEqual(self.error("POST", self.path, raw=b"{")[0], 400)
        raw = orjson.dumps({"drain": {"reason": "a" * BODY_LIMIT}})
        self.assertEqual(self.error("POST", self.path, raw=raw)[0], 413)
        self.assertEqual(self.cloud.database.pods[self.known.id], self.known)

    def test_refused(self) -> None:
        """
        An unknown pod is a 404, the top region and a disabled pod a 409.
        """
        top = self.pod("RegionOne", "")
        self.ask("PATCH", f"/v1.0/pods/{self.known.id}", {"pod": {"state": "disabled"}})
        for pod_id, status in ((NOBODY, 404), ("x", 404), (top.id, 409), (self.known.id, 409)):
            self.assertEqual(self.error("POST", f"/v1.0/pods/{pod_id}/drain")[0], status)
        self.assertEqual(self.error("GET", f"/v1.0/pods/{top.id}/drain")[0], 409)
        self.assertEqual(self.error("GET", f"/v1.0/pods/{NOBODY}/drain")[0], 404)

    def test_policy(self) -> None:
        """
        Who is no administrator neither drains nor asks.
        """
        for method in ("POST", "GET"):
            self.assertEqual(self.ask(method, self.path, roles="member")[0], 403)
        self.assertEqual(self.cloud.database.pods[self.known.id], self.known)
