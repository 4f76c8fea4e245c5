"""
What is shown of limits and use.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import QuotaUse
from trio2o.quota.views import absolute_limits, limits_in, quota_set, uses_in

DETAIL = {"limit": 1, "in_use": 1, "reserved": 1}


class QuotaSetTests(SynchronousTestCase):
    """
    A pod's quota set with the top's numbers.
    """

    def test_limits(self) -> None:
        """
        Limits that are known are put in the place of the pod's; names, their order, and what is unknown stay.
        """
        template = {"id": "p", "cores": 20, "key_pairs": 100, "later": 3}
        shown = quota_set("compute", template, {"cores": -1, "ram": 5, "later": 4, "id": 7}, None)
        self.assertEqual([("id", "p"), ("cores", -1), ("key_pairs", 100), ("later", 4)], list(shown.items()))

    def test_nova_use(self) -> None:
        """
        What is counted has the top's use, of which Nova reserves nothing; what is not counted keeps the pod's.
        """
        shown = quota_set(
            "compute",
            {"id": "p", "cores": DETAIL, "ram": DETAIL, "key_pairs": DETAIL},
            {"cores": 9},
            {"cores": QuotaUse(used=3, reserved=2)},
        )
        self.assertEqual({"limit": 9, "in_use": 5, "reserved": 0}, shown["cores"])
        self.assertEqual({"limit": 1, "in_use": 0, "reserved": 0}, shown["ram"])
        self.assertEqual(DETAIL, shown["key_pairs"])

    def test_cinder_use(self) -> None:
        """
        Cinder tells both, for volume types too.
        """
        shown = quota_set(
            "volume",
            {"volumes_fast": DETAIL, "per_volume_gigabytes": DETAIL, "id": "p"},
            {"volumes_fast": 4},
            {"volumes_fast": QuotaUse(used=3, reserved=2)},
        )
        self.assertEqual({"limit": 4, "in_use": 3, "reserved": 2}, shown["volumes_fast"])
        self.assertEqual(DETAIL, shown["per_volume_gigabytes"])

    def test_use_of_the_template(self) -> None:
        """
        Where nobody counts, the use is the template's.
        """
        shown = quota_set("compute", {"cores": DETAIL}, {"cores": 7}, None)
        self.assertEqual({**DETAIL, "limit": 7}, shown["cores"])

    @given(
        st.dictionaries(
            st.sampled_from(["id", "cores", "ram", "x"]),
            st.one_of(
                st.integers(), st.text(), st.none(), st.booleans(), st.just(DETAIL), st.lists(st.none())
            ),
        ),
        st.dictionaries(st.sampled_from(["cores", "ram", "x"]), st.integers(-1, 9)),
    )
    def test_strange_template(self, template: dict[str, Any], limits: dict[str, int]) -> None:
        """
        Whatever a pod shows, nothing is added and nothing lost, and what is no number stays.
        """
        shown = quota_set("compute", template, limits, None)
        self.assertEqual(list(template), list(shown))
        for name, value in template.items():
            if not isinstance(value, dict) and (not isinstance(value, int) or isinstance(value, bool)):
                self.assertEqual(value, shown[name])


class AbsoluteTests(SynchronousTestCase):
    """
    A pod's absolute limits with the top's numbers.
    """

    def test_nova(self) -> None:
        """
        Limits and use under the names that ``limits`` has for them, both names of one; what a microversion leaves out stays out.
        """
        template = {
            "maxTotalCores": 1,
            "maxImageMeta": 1,
            "maxServerMeta": 1,
            "totalCoresUsed": 9,
            "totalX": 3,
        }
        shown = absolute_limits(
            "compute",
            template,
            {"cores": 20, "metadata_items": 64, "ram": 3},
            {"cores": QuotaUse(used=1, reserved=1)},
        )
        self.assertEqual(
            {"maxTotalCores": 20, "maxImageMeta": 64, "maxServerMeta": 64, "totalCoresUsed": 2, "totalX": 3},
            shown,
        )

    def test_cinder(self) -> None:
        """
        Cinder shows what is in use alone.
        """
        shown = absolute_limits(
            "volume",
            {"maxTotalVolumeGigabytes": 1, "totalGigabytesUsed": 1, "totalVolumesUsed": 7},
            {"gigabytes": 5},
            {"gigabytes": QuotaUse(used=3, reserved=2)},
        )
        self.assertEqual(
            {"maxTotalVolumeGigabytes": 5, "totalGigabytesUsed": 3, "totalVolumesUsed": 0}, shown
        )


class ReadTests(SynchronousTestCase):
    """
    What is read of a quota set.
    """

    def test_limits(self) -> None:
        """
        In either form; what is no number is no limit.
        """
        self.assertEqual(
            {"cores": 5, "ram": 1}, limits_in({"id": "p", "cores": 5, "ram": DETAIL, "x": None, "y": {}})
        )
        # no pod keeps the others' from being stored by what it makes up
        self.assertEqual({"cores": -1, "ram": 0x7FFFFFFF}, limits_in({"cores": -7, "ram": 10**12}))

    def test_uses(self) -> None:
        """
        Use and reservation, as far as they are told.
        """
        self.assertEqual(
            {"ram": QuotaUse(used=1, reserved=1), "cores": QuotaUse(used=2)},
            uses_in(
                {
                    "id": "p",
                    "ram": DETAIL,
                    "cores": {"in_use": 2, "reserved": "x"},
                    "x": {"in_use": "1"},
                    "y": 3,
                }
            ),
        )
