"""
``/v1.0/schedule``.
"""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.unit.web.admin.serving import AdminTestCase
from trio2o.errors import GatewayError
from trio2o.model import Amounts, Kind, PlacementRequest
from trio2o.web.admin.placements import placement_request
from trio2o.web.admin.schemas import SCHEMAS

texts = st.text(st.sampled_from("ab ,\t\0\x7fä "), max_size=4) | st.sampled_from(["a" * 255, "a" * 256])
anything = (
    st.none() | st.booleans() | st.integers(-3, 3) | texts | st.lists(texts, max_size=3) | st.just("volume")
)
fields = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        (
            "tenant_id",
            "kind",
            "availability_zone",
            "pod_group",
            "flavor",
            "image",
            "volume_type",
            "tolerations",
            "vcpus",
            "volume_gb",
            "weight",
        ),
        anything,
    ),
)


class ScheduleTests(AdminTestCase):
    """
    Where a new resource would go.
    """

    def explain(self, **fields: Any) -> tuple[int, Any]:
        """
        Ask.
        """
        return self.ask("POST", "/v1.0/schedule", {"schedule": {"tenant_id": "p1", **fields}})

    def test_told(self) -> None:
        """
        The order with each weigher's numbers, the dropped with their reasons, and the binding.
        """
        first, second = self.pod("Pod1", weight=1.0), self.pod("Pod2", weight=3.0)
        third = self.pod("Pod3", "az2")
        binding = self.done(self.cloud.bindings.create("p1", first.id))

        status, shown = self.explain(availability_zone="az1")

        self.assertEqual(status, 200)
        Draft202012Validator(SCHEMAS["Schedule"]).validate(shown)
        told = shown["schedule"]
        self.assertEqual([pod["pod_id"] for pod in told["pods"]], [second.id, first.id])
        self.assertEqual(
            told["pods"][0]["weights"], {"operator_weight": {"raw": 3.0, "normal": 1.0, "weighted": 2.0}}
        )
        self.assertEqual(told["pods"][0]["total"], 2.0)
        self.assertEqual(
            told["dropped"],
            [
                {
                    "pod_id": third.id,
                    "pod_name": "Pod3",
                    "filter": "availability_zone",
                    "reason": "not in the requested availability zone",
                }
            ],
        )
        self.assertEqual((told["binding"]["id"], told["move"]), (binding.id, "move"))
        self.assertTrue(self.done(self.cloud.bindings.show(binding.id)).is_binding)

    def test_nobody(self) -> None:
        """
        Where no pod can take it that is the answer.
        """
        status, shown = self.explain()
        self.assertEqual((status, shown["schedule"]["pods"], shown["schedule"]["binding"]), (200, [], None))
        Draft202012Validator(SCHEMAS["Schedule"]).validate(shown)

    def test_request(self) -> None:
        """
        Every field reaches the scheduler; a group is its sorted tags.
        """
        self.pod()
        self.explain(
            kind="volume",
            availability_zone="az1",
            pod_group="ssd,gpu",
            flavor="f",
            image="i",
            volume_type="t",
            tolerations=["a", "b"],
            volume_gb=5,
        )
        self.explain()
        self.assertEqual(
            self.cloud.explained,
            [
                PlacementRequest(
                    project_id="p1",
                    kind=Kind.VOLUME,
                    availability_zone="az1",
                    pod_group="gpu,ssd",
                    flavor="f",
                    image="i",
                    volume_type="t",
                    tolerations=frozenset({"a", "b"}),
                    needs=Amounts(volume_gb=5.0),
                ),
                PlacementRequest(project_id="p1", kind=Kind.SERVER),
            ],
        )

    def test_refused(self) -> None:
        """
        An unknown zone or field is 400, a value that cannot be 422 and named.
        """
        for fields, status, word in (
            ({"availability_zone": "mars"}, 400, "mars"),
            ({"size": 3}, 400, "size"),
            ({"kind": "network"}, 422, "kind"),
            ({"vcpus": -1}, 422, "vcpus"),
            ({"vcpus": True}, 422, "vcpus"),
            ({"tenant_id": ""}, 422, "tenant_id"),
        ):
            with self.subTest(fields=fields):
                found, shown = self.explain(**fields)
                self.assertEqual(found, status)
                self.assertIn(word, shown["error"]["message"])

    @settings(max_examples=200)
    @given(fields)
    def test_schema(self, inner: Any) -> None:
        """
        The description and the code take the same bodies.
        """
        body = {"schedule": inner}
        taken = Draft202012Validator(SCHEMAS["ScheduleRequest"]).is_valid(body)
        try:
            placement_request(orjson.dumps(body))
        except GatewayError as why:
            self.assertFalse(taken, (body, why.message))
        else:
            self.assertTrue(taken, body)
