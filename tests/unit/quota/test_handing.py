"""
What makes pods have limits.
"""

from __future__ import annotations

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import QuotaOwner, QuotaScope
from trio2o.quota.handing import calls, default_class, limits_path, owner_job, pod_job, too_low

PROJECT = QuotaOwner(service="compute", scope=QuotaScope.PROJECT, scope_id="p/1")
USER = evolve(PROJECT, scope=QuotaScope.USER, user_id="u&1")
CLASS = QuotaOwner(service="volume", scope=QuotaScope.CLASS, scope_id="default")
DEFAULTS = {"cores": 20, "ram": 500, "instances": 10}
LIMITS = st.dictionaries(st.sampled_from(["cores", "ram", "instances"]), st.integers(-1, 30))


class CallsTests(SynchronousTestCase):
    """
    From what a pod shows to what it is to show.
    """

    def test_paths(self) -> None:
        """
        Where limits are.
        """
        self.assertEqual("/v2.1/os-quota-sets/p%2F1", limits_path(PROJECT))
        self.assertEqual("/v2.1/os-quota-sets/p%2F1?user_id=u%261", limits_path(USER))
        self.assertEqual("/v3/{project_id}/os-quota-class-sets/default", limits_path(CLASS))

    def test_jobs(self) -> None:
        """
        One job for each owner, and each pod.
        """
        self.assertEqual("compute:user:p/1:u&1", owner_job(USER).key)
        self.assertEqual(USER, QuotaOwner.called(owner_job(USER).payload["owner"]))
        self.assertEqual(("p/1", ""), (owner_job(USER).project_id, owner_job(CLASS).project_id))
        self.assertEqual(("pod:i1", "i1"), (pod_job("i1").key, pod_job("i1").pod_id))

    def test_same(self) -> None:
        """
        A class that says what it is to is left alone; a project's limits are sent once more, since they may be the class's.
        """
        self.assertEqual([], calls(CLASS, {"volumes": 5}, {"id": "default", "volumes": 5}, {}))
        (call,) = calls(PROJECT, {"cores": 20}, {"id": "p", **DEFAULTS}, DEFAULTS)
        self.assertEqual({"quota_set": {"cores": 20, "force": True}}, call.body)

    def test_put(self) -> None:
        """
        Limits are sent by force: what is used there is no matter. Names that the pod does not have are left out.
        """
        (call,) = calls(PROJECT, {"cores": 5, "later": 1}, DEFAULTS, DEFAULTS)
        self.assertEqual(("PUT", {"quota_set": {"cores": 5, "force": True}}), (call.method, call.body))
        (call,) = calls(CLASS, {"volumes": 5, "volumes_x": 1}, {"volumes": 3}, {})
        self.assertEqual({"quota_class_set": {"volumes": 5}}, call.body)

    def test_stale(self) -> None:
        """
        What the project was given there once and has no more at the top is forgotten there, with all of it; the rest is given
        again. Where the pod's defaults are not known nobody can tell.
        """
        made = calls(PROJECT, {"cores": 5}, {**DEFAULTS, "cores": 5, "ram": 9}, DEFAULTS)
        self.assertEqual(["DELETE", "PUT"], [call.method for call in made])
        self.assertEqual({"quota_set": {"cores": 5, "force": True}}, made[1].body)
        for owner, defaults in ((PROJECT, {}), (USER, DEFAULTS)):
            (call,) = calls(owner, {"cores": 5}, {**DEFAULTS, "cores": 5, "ram": 9}, defaults)
            self.assertEqual("PUT", call.method)

    def test_none(self) -> None:
        """
        A project or user without limits is forgotten; a class cannot be.
        """
        for owner in (PROJECT, USER):
            self.assertEqual(["DELETE"], [call.method for call in calls(owner, {}, {}, {})])
        self.assertEqual([], calls(CLASS, {}, {"volumes": 3}, {}))

    @given(LIMITS, LIMITS)
    def test_converges(self, wanted: dict[str, int], given_before: dict[str, int]) -> None:
        """
        A pod that does what it is asked has what is wanted and nothing else, and then forgets nothing any more.
        """
        given_now = dict(given_before)
        for _ in range(2):
            made = calls(PROJECT, wanted, {**DEFAULTS, **given_now}, DEFAULTS)
            for call in made:
                if call.method == "DELETE":
                    given_now = {}
                else:
                    assert call.body is not None
                    given_now |= {
                        name: each for name, each in call.body["quota_set"].items() if name != "force"
                    }
        self.assertEqual({**DEFAULTS, **wanted}, {**DEFAULTS, **given_now})
        self.assertLessEqual(wanted.keys(), given_now.keys())
        self.assertEqual(["PUT"] if wanted else ["DELETE"], [call.method for call in made])


class DefaultClassTests(SynchronousTestCase):
    """
    Pods' own default classes.
    """

    def test_raised(self) -> None:
        """
        What is configured raises what is lower and lowers nothing that the top counts; what each pod checks is as configured;
        and what the default class says is so.
        """
        shown = {"cores": 20, "ram": 10, "instances": -1, "key_pairs": 100, "metadata_items": 5}
        configured = {"cores": 10, "ram": -1, "instances": 5, "key_pairs": 50, "metadata_items": 128}
        self.assertEqual(
            {"ram": -1, "key_pairs": 50, "metadata_items": 128},
            default_class("compute", {}, configured, shown),
        )
        self.assertEqual(
            {"cores": 3, "ram": 7, "key_pairs": 50, "metadata_items": 128},
            default_class("compute", {"cores": 3, "ram": 7}, configured, shown),
        )

    @given(LIMITS, LIMITS)
    def test_too_low(self, wanted: dict[str, int], shown: dict[str, int]) -> None:
        """
        Exactly what holds less than is wanted.
        """
        low = too_low(wanted, shown)
        for name in wanted:
            holds = (
                name not in shown or shown[name] == -1 or (wanted[name] != -1 and wanted[name] <= shown[name])
            )
            self.assertEqual(not holds, name in low)
