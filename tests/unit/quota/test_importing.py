"""
What a project is to have of what pods have given it.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import QuotaOwner, QuotaScope
from trio2o.quota.importing import LARGEST, SUM, PodLimits, proposals

DEFAULTS = {"cores": 20, "ram": 100, "key_pairs": 50}


class ProposalTests(SynchronousTestCase):
    """
    Two or three pods.
    """

    def proposed(
        self, *shown: dict[str, int], rule: str = LARGEST, given: dict[str, int] | None = None
    ) -> dict[str, int]:
        """
        What is proposed where pods show these, beside their defaults.
        """
        owner = QuotaOwner(service="compute", scope=QuotaScope.PROJECT, scope_id="p")
        said = {
            f"Pod{number}": PodLimits(shown={**DEFAULTS, **each}, defaults=DEFAULTS)
            for number, each in enumerate(shown, 1)
        }
        return {each.resource: each.limit for each in proposals(owner, said, given or {}, rule)}

    def test_defaults(self) -> None:
        """
        What no pod has given a project stays everybody's default.
        """
        self.assertEqual({}, self.proposed({}, {}))
        self.assertEqual({}, self.proposed({"cores": 20}, rule=SUM))

    def test_rules(self) -> None:
        """
        The largest of all pods, the default of those without a limit of the project's among them; or their sum.
        """
        for shown, largest, total in (
            (({"cores": 30}, {"cores": 30}), 30, 60),
            (({"cores": 30}, {}), 30, 50),
            (({"cores": 5}, {}), 20, 25),
            (({"cores": 5}, {"cores": 0}), 5, 5),
            (({"cores": -1}, {"cores": 5}), -1, -1),
            (({"cores": 0x7FFFFFFF}, {"cores": 5}), 0x7FFFFFFF, 0x7FFFFFFF),
        ):
            self.assertEqual({"cores": largest}, self.proposed(*shown))
            self.assertEqual({"cores": total}, self.proposed(*shown, rule=SUM))

    def test_not_counted(self) -> None:
        """
        What each pod checks by itself is never added up.
        """
        self.assertEqual({"key_pairs": 60}, self.proposed({"key_pairs": 60}, {"key_pairs": 55}, rule=SUM))

    def test_given(self) -> None:
        """
        What the project has at the top stays as it is.
        """
        shown = {"cores": 30, "ram": 200}
        self.assertEqual({"ram": 200}, self.proposed(shown, shown, given={"cores": 1}))

    def test_some_pods(self) -> None:
        """
        What only some pods have, such as a volume type, is that of those; a default that is not known is none.
        """
        self.assertEqual({}, self.proposed({}, {"later": 7}))
        owner = QuotaOwner(service="volume", scope=QuotaScope.PROJECT, scope_id="p")
        said = {
            "Pod1": PodLimits(shown={"gigabytes_a": 7}, defaults={"gigabytes_a": -1}),
            "Pod2": PodLimits(shown={"volumes": 10}, defaults={"volumes": 10}),
        }
        (found,) = proposals(owner, said, {}, SUM)
        self.assertEqual(
            ("gigabytes_a", 7, {"Pod1": (7, True)}), (found.resource, found.limit, dict(found.pods))
        )
