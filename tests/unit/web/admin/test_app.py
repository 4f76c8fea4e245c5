"""
What all operations of the Admin API have in common, and those that are about itself.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from treq.testing import StubTreq

from tests.unit.administration.doubles import NOBODY
from tests.unit.web.admin.serving import ROOT, AdminTestCase
from trio2o.errors import GatewayError
from trio2o.identity.policy import RULES
from trio2o.web.admin import bodies, pod_bodies
from trio2o.web.admin.openapi import document
from trio2o.web.admin.operations import CHECK_HEALTH_DETAILS, OPERATIONS, AdminOperation
from trio2o.web.admin.schemas import SCHEMAS
from trio2o.web.admin.serving import app
from trio2o.web.explaining import RULE as CREATES_RULE


def path_of(operation: AdminOperation) -> str:
    """
    A path that is an operation's, with an id that nothing has.
    """
    return re.sub(r"\{\w+\}", NOBODY, operation.path)


class TableTests(AdminTestCase):
    """
    The table, the routes, the policy and the description agree.
    """

    def test_routes(self) -> None:
        """
        Klein has a route for each row, and none beside but the metrics.
        """
        rows = {(re.sub(r"\{(\w+)\}", r"<\1>", row.path), row.method) for row in OPERATIONS}
        routes = {
            (rule.rule, method)
            for rule in app.url_map.iter_rules()
            for method in rule.methods or ()
            if method != "HEAD"
        }
        self.assertEqual(routes, rows | {("/metrics", "GET")})

    def test_policy(self) -> None:
        """
        Each row has a rule that the policy documents for it, and each documented rule has its row, but for the one of creates.
        """
        documented = {
            (rule.name, operation["method"], operation["path"])
            for rule in RULES
            for operation in getattr(rule, "operations", ())
            if rule.name != CREATES_RULE
        }
        rows = {(row.rule, row.method, row.path) for row in OPERATIONS if row.rule}
        details = (CHECK_HEALTH_DETAILS.rule, "GET", "/healthcheck?details=true")
        self.assertEqual(documented, rows | {details})

    def test_names(self) -> None:
        """
        Names of rows are unique, and their schemas exist.
        """
        self.assertEqual(len({row.name for row in OPERATIONS}), len(OPERATIONS))
        for row in OPERATIONS:
            self.assertIn(row.answer, SCHEMAS)
            if row.body:
                self.assertIn(row.body, SCHEMAS)

    def test_documented(self) -> None:
        """
        The guide to the API has every row with its rule and its parameters.
        """
        guide = (Path(__file__).parents[4] / "docs" / "api.rst").read_text(encoding="utf-8")
        for row in OPERATIONS:
            self.assertIn(f"``{row.method} {row.path}``", guide)
            self.assertIn(f"``{row.rule}``" if row.rule else "Needs no token", guide)
            for parameter in row.query:
                self.assertIn(parameter.name, guide)

    def test_no_token(self) -> None:
        """
        Without a token everything is a 401, but for the health check.
        """
        for row in OPERATIONS:
            status, _ = self.ask(row.method, path_of(row), {}, roles="")
            self.assertEqual(status, 401 if row.rule else 200, row.name)

    def test_not_allowed(self) -> None:
        """
        Without the role everything is a 403, whatever the body, before anything is looked up.
        """
        self.cloud.database.available = False
        for row in OPERATIONS:
            if row.rule:
                status, shown = self.ask(row.method, path_of(row), raw=b"{", roles="member")
                self.assertEqual(status, 403, row.name)
                self.assertIn(row.rule, shown["error"]["message"])

    def test_operation_known(self) -> None:
        """
        The wrapper is told the row, for the log and the metrics; ids are not in it.
        """
        self.ask("GET", f"/v1.0/pods/{NOBODY}")
        self.ask("GET", "/v1.0/no/such/path")
        self.assertEqual([one.path for one in self.wrapper.operations], ["/v1.0/pods/{pod_id}", "unmatched"])


class PathTests(AdminTestCase):
    """
    Paths and methods.
    """

    def test_unknown_path(self) -> None:
        """
        An unknown path is a 404 in the API's shape.
        """
        for path in ("/v2.0/pods", "/v1.0/pod", "/v1.0/pods/x/y", "/pods", "/v1.0//pods", "/v1.0/bindings/"):
            expected = 200 if path == "/v1.0/bindings/" else 404
            self.assertEqual(self.ask("GET", path)[0], expected, path)
        self.error("GET", "/v2.0")

    def test_wrong_method(self) -> None:
        """
        A wrong method is a 405 that names the right ones.
        """
        for method, path, allowed in (
            ("PUT", "/v1.0/pods", b"GET, HEAD, POST"),
            ("POST", f"/v1.0/pods/{NOBODY}", b"DELETE, GET, HEAD, PATCH"),
            ("DELETE", "/", b"GET, HEAD"),
            ("OPTIONS", "/v1.0/bindings", b"GET, HEAD, POST"),
            ("POST", "/healthcheck", b"GET, HEAD"),
        ):
            response = self.response(method, path)
            self.assertEqual(response.code, 405)
            self.assertEqual(response.headers.getRawHeaders(b"allow"), [allowed])
            shown = orjson.loads(self.successResultOf(response.content()))
            self.assertEqual(shown["error"]["code"], 405)

    def test_head(self) -> None:
        """
        A HEAD is answered as the GET.
        """
        response = self.response("HEAD", "/v1.0/pods")
        self.assertEqual(response.code, 200)

    def test_no_utf8(self) -> None:
        """
        A path that is no UTF-8 is a 400 in the API's shape, and logs nothing.
        """
        self.assertEqual(self.error("GET", "/v1.0/pods/%FF")[0], 400)
        self.assertEqual(self.flushLoggedErrors(), [])


class VersionTests(AdminTestCase):
    """
    The version documents.
    """

    def test_list(self) -> None:
        """
        The list names the version and its root, as the original does.
        """
        status, shown = self.ask("GET", "/")
        self.assertEqual(status, 200)
        (version,) = shown["versions"]
        self.assertEqual((version["id"], version["status"]), ("v1.0", "CURRENT"))
        self.assertEqual(version["links"], [{"rel": "self", "href": f"{ROOT}/v1.0/"}])

    def test_show(self) -> None:
        """
        The version links to its collections, with or without the slash.
        """
        for path in ("/v1.0", "/v1.0/"):
            status, shown = self.ask("GET", path)
            self.assertEqual((status, shown["version"], shown["id"]), (200, "1.0", "v1.0"))
            links = {link["rel"]: link["href"] for link in shown["links"]}
            self.assertEqual(links["self"], f"{ROOT}/v1.0")
            self.assertEqual(links["pods"], f"{ROOT}/v1.0/pods")


class HealthTests(AdminTestCase):
    """
    ``/healthcheck`` and ``/metrics``.
    """

    def test_open(self) -> None:
        """
        Without a token it is 200 while the process serves, else a 503 that says what it does.
        """
        self.assertEqual(self.ask("GET", "/healthcheck", roles=""), (200, {"status": "ok"}))
        self.assertEqual(self.ask("GET", "/healthcheck/", roles=""), (200, {"status": "ok"}))
        self.cloud.draining = True
        status, shown = self.ask("GET", "/healthcheck", roles="")
        self.assertEqual(status, 503)
        self.assertIn("stopping", shown["error"]["message"])

    def test_details(self) -> None:
        """
        The details need a token, tell every component and pod, and have the same status.
        """
        self.assertEqual(self.ask("GET", "/healthcheck?details=true", roles="")[0], 401)
        self.assertEqual(self.ask("GET", "/healthcheck?details=true", roles="member")[0], 403)
        self.cloud.sick.add(self.pod().id)
        self.cloud.database_problem = "away"
        self.cloud.state.change = 7
        status, shown = self.ask("GET", "/healthcheck?details=true")
        self.assertEqual(status, 200)
        self.assertEqual(
            shown,
            {
                "status": "ok",
                "change": 7,
                "components": {
                    "database": {"ok": False, "problem": "away"},
                    "state": {"ok": True, "problem": ""},
                },
                "pods": [{"pod_name": "Pod1", "state": "enabled", "healthy": False}],
            },
        )
        self.cloud.state.ready = False
        status, shown = self.ask("GET", "/healthcheck?details=true")
        self.assertEqual((status, shown["status"]), (503, "starting"))

    def test_query(self) -> None:
        """
        Another parameter is a 400, and no details are the plain answer.
        """
        self.assertEqual(self.error("GET", "/healthcheck?detail=true")[0], 400)
        self.assertEqual(self.ask("GET", "/healthcheck?details=false"), (200, {"status": "ok"}))

    def test_metrics(self) -> None:
        """
        Metrics need no token; where they are off there is nothing.
        """
        response = self.response("GET", "/metrics", roles="")
        self.assertEqual(response.code, 200)
        self.assertIn(b"process_cpu_seconds_total", self.successResultOf(response.content()))
        self.api.metrics = None
        self.assertEqual(self.error("GET", "/metrics")[0], 404)


class OpenApiTests(AdminTestCase):
    """
    ``/openapi.json``.
    """

    def test_valid(self) -> None:
        """
        The document is a valid OpenAPI 3.1 document with every operation.
        """
        status, shown = self.ask("GET", "/openapi.json")
        self.assertEqual(status, 200)
        self.assertEqual(shown["openapi"], "3.1.0")
        OpenAPIV31SpecValidator(shown).validate()
        named = {
            one["operationId"]
            for path in shown["paths"].values()
            for name, one in path.items()
            if name != "parameters"
        }
        self.assertEqual(named, {row.name for row in OPERATIONS})
        self.assertEqual(shown["servers"], [{"url": ROOT}])

    def test_answers(self) -> None:
        """
        What the operations answer is what the description says.
        """
        pod = self.pod(affinity=frozenset({"gpu"}))
        self.pod("RegionOne", "")
        binding = self.done(self.cloud.bindings.create("p1", pod.id))
        self.done(self.cloud.bindings.end(binding.id))
        self.done(self.cloud.bindings.create("p2", pod.id))
        for path, schema in (
            ("/", "Versions"),
            ("/v1.0", "Version"),
            ("/openapi.json", "OpenApi"),
            ("/healthcheck", "Health"),
            ("/healthcheck?details=true", "Health"),
            ("/v1.0/pods", "Pods"),
            (f"/v1.0/pods/{pod.id}", "Pod"),
            ("/v1.0/bindings?limit=1", "Bindings"),
            (f"/v1.0/bindings/{binding.id}", "Binding"),
            ("/v1.0/nothing", "Error"),
        ):
            Draft202012Validator(SCHEMAS[schema]).validate(self.ask("GET", path)[1])

    def test_statuses(self) -> None:
        """
        Every status that a description names has a meaning there.
        """
        for path in document(ROOT)["paths"].values():
            for name, operation in path.items():
                if name != "parameters":
                    for answer in operation["responses"].values():
                        self.assertTrue(answer["description"])


texts = st.text(st.sampled_from("ab ,\t\0\x7fä\u00a0"), max_size=4) | st.sampled_from(["a" * 255, "a" * 256])
anything = st.none() | st.booleans() | st.integers(-3, 3) | texts | st.lists(texts, max_size=3)
fields = st.fixed_dictionaries(
    {},
    optional={
        "pod_name": anything,
        "az_name": anything,
        "pod_az_name": anything,
        "dc_name": anything,
        "state": anything | st.just("draining"),
        "state_reason": anything,
        "weight": anything,
        "affinity": anything,
        "tenant_id": anything,
        "pod_id": anything,
    },
)


class AgreementTests(AdminTestCase):
    """
    The schemas of bodies and the code that checks them.
    """

    def agree(self, schema: str, parse: Any, body: Any) -> None:
        """
        Both take a body or both refuse it.
        """
        taken = Draft202012Validator(SCHEMAS[schema]).is_valid(body)
        try:
            parse(orjson.dumps(body))
        except GatewayError as why:
            self.assertFalse(taken, (body, why.message))
        else:
            self.assertTrue(taken, body)

    @settings(max_examples=300)
    @given(fields, st.sampled_from(["pod", "pod_binding", "other"]))
    def test_bodies(self, inner: Any, key: str) -> None:
        """
        They agree on any body.
        """
        self.agree("NewPod", pod_bodies.new_pod, {key: inner})
        self.agree("PodChanges", pod_bodies.pod_changes, {key: inner})
        self.agree("NewBinding", bodies.new_binding, {key: inner})

    def test_usual(self) -> None:
        """
        They agree on the bodies that people send.
        """
        new = {"pod_name": "Pod1", "az_name": "az1", "weight": 1.5, "state": "enabled", "affinity": ["gpu"]}
        self.agree("NewPod", pod_bodies.new_pod, {"pod": new})
        self.agree("NewPod", pod_bodies.new_pod, {"pod": {"pod_name": "RegionOne", "az_name": None}})
        self.agree("PodChanges", pod_bodies.pod_changes, {"pod": {"state": "draining"}})
        self.agree("PodChanges", pod_bodies.pod_changes, {"pod": {}})
        self.agree("NewBinding", bodies.new_binding, {"pod_binding": {"tenant_id": "p1", "pod_id": NOBODY}})


class SeparateTests(AdminTestCase):
    """
    Two services in one process.
    """

    def test_two(self) -> None:
        """
        Each API asks its own use cases, though the routes are made once.
        """
        first = self.client
        self.pod()
        super().setUp()
        self.assertEqual(self.ask("GET", "/v1.0/pods"), (200, {"pods": []}))
        self.client = first
        self.assertEqual(len(self.ask("GET", "/v1.0/pods")[1]["pods"]), 1)
        self.assertIsInstance(first, StubTreq)
