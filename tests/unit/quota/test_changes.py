"""
New limits, and what services say of them.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import QuotaUse
from trio2o.quota.changes import (
    cinder_refusal,
    is_forced,
    nova_refusal,
    nova_user_refusal,
    wanted_limits,
)


class WantedTests(SynchronousTestCase):
    """
    What a request wants.
    """

    def test_nova(self) -> None:
        """
        Numbers, also as text, in their order, without the order to check nothing.
        """
        wanted = wanted_limits("compute", {"ram": "-1", "instances": 5, "force": True})
        assert wanted is not None
        self.assertEqual([("ram", -1), ("instances", 5)], list(wanted.items()))

    def test_cinder(self) -> None:
        """
        The limits of volume types too; what names the project is none.
        """
        self.assertEqual(
            {"volumes_fast": 3, "groups": 0},
            wanted_limits("volume", {"tenant_id": "x", "id": "y", "volumes_fast": 3, "groups": 0}),
        )
        self.assertEqual({}, wanted_limits("volume", {}))

    def test_wrong(self) -> None:
        """
        What a service refuses is nothing that is wanted: its words are a pod's.
        """
        for service, fields in (
            *(
                ("compute", {"ram": value})
                for value in ("x", "", 1.5, None, True, -2, 1 << 31, "99999999999", [])
            ),
            ("compute", {"instances": 5, "nosuch": 1}),
            ("compute", {"volumes": 5}),
            ("compute", {"instances": 5, "id": "x"}),
            ("volume", {"volumes": 5, "force": True}),
            ("volume", {"instances": 5}),
        ):
            with self.subTest(fields=fields):
                self.assertIsNone(wanted_limits(service, fields))

    def test_forced(self) -> None:
        """
        What Nova takes for true.
        """
        for value in (True, "True", "1", "on", "YES"):
            self.assertTrue(is_forced({"force": value}), value)
        for value in (False, "False", "0", None, "maybe"):
            self.assertFalse(is_forced({"force": value}), value)
        self.assertFalse(is_forced({}))


def uses(**amounts: int) -> dict[str, QuotaUse]:
    """
    What is used.
    """
    return {name: QuotaUse(used=amount) for name, amount in amounts.items()}


class NovaTests(SynchronousTestCase):
    """
    Nova's words.
    """

    def test_below(self) -> None:
        """
        A limit holds what is used and what is being made; the first that does not, in the order of the request, is told.
        """
        used = {"instances": QuotaUse(used=1, reserved=1), "cores": QuotaUse(used=4)}
        self.assertEqual(
            "Quota limit 1 for instances must be greater than or equal to already used and reserved 2.",
            nova_refusal({"instances": 1, "cores": 1}, used, {}, []),
        )
        self.assertEqual(
            "Quota limit 1 for cores must be greater than or equal to already used and reserved 4.",
            nova_refusal({"cores": 1, "instances": 1}, used, {}, []),
        )
        for limit in (2, 3, -1):
            self.assertIsNone(nova_refusal({"instances": limit}, used, {}, []))

    def test_promised(self) -> None:
        """
        A limit holds what its users were promised, as long as the limit of before did.
        """
        words = "Quota limit 4 for instances must be greater than or equal to already used and reserved 5."
        users = [{"instances": 3}, {"instances": 2, "cores": 9}]
        self.assertEqual(words, nova_refusal({"instances": 4}, uses(instances=2), {"instances": 10}, users))
        self.assertIsNone(nova_refusal({"instances": 4}, uses(instances=2), {"instances": 4}, users))
        self.assertIsNone(nova_refusal({"instances": 4}, uses(instances=2), {"instances": -1}, users))

    def test_user(self) -> None:
        """
        A user's limit holds what the user has, and fits into what is left of the project's.
        """
        project, users = {"instances": 10}, [{"instances": 5}, {"instances": 2}]

        def said(limit: int, own: int = 5) -> str | None:
            return nova_user_refusal(
                {"instances": limit}, uses(instances=2), project, {"instances": own}, users
            )

        self.assertEqual(
            "Quota limit 1 for instances must be greater than or equal to already used and reserved 2.",
            said(1),
        )
        for limit in (9, -1):
            self.assertEqual(
                f"Quota limit {limit} for instances must be less than or equal to 8.", said(limit)
            )
        self.assertIsNone(said(8))

    def test_user_of_unlimited(self) -> None:
        """
        Where the project has no limit, or has promised more than it has, a user may have any.
        """
        for limit, promised in ((-1, 0), (3, 4)):
            for wanted in (50, -1):
                self.assertIsNone(
                    nova_user_refusal({"cores": wanted}, {}, {"cores": limit}, {}, [{"cores": promised}])
                )

    @given(st.integers(-1, 9), st.integers(-1, 9), st.integers(0, 9), st.lists(st.integers(0, 4), max_size=3))
    def test_enough(self, limit: int, before: int, used: int, promised: list[int]) -> None:
        """
        What is accepted holds what is used, and what holds use and promises is accepted.
        """
        users = [{"ram": each} for each in promised]
        said = nova_refusal({"ram": limit}, uses(ram=used), {"ram": before}, users)
        if said is None:
            self.assertTrue(limit == -1 or limit >= used)
        if limit == -1 or limit >= max(used, sum(promised)):
            self.assertIsNone(said)


class CinderTests(SynchronousTestCase):
    """
    Cinder's words.
    """

    def test_below(self) -> None:
        """
        A limit that the project has been given before holds what is used; any other is not looked at.
        """
        wanted: dict[str, Any] = {"gigabytes": 1, "volumes": 1}
        used = {"gigabytes": QuotaUse(used=1, reserved=1), "volumes": QuotaUse(used=2)}
        self.assertEqual(
            "Quota volumes limit must be equal or greater than existing resources. Current usage is 2 and the "
            "requested limit is 1.",
            cinder_refusal(wanted, used, {"volumes": 5}),
        )
        self.assertIn(
            "Quota gigabytes limit", str(cinder_refusal(wanted, used, {"gigabytes": 5, "volumes": 5}))
        )
        self.assertIsNone(cinder_refusal(wanted, used, {}))
        self.assertIsNone(cinder_refusal({"volumes": -1}, used, {"volumes": 5}))
        self.assertIsNone(
            cinder_refusal(
                {"per_volume_gigabytes": 1}, uses(per_volume_gigabytes=9), {"per_volume_gigabytes": 5}
            )
        )
