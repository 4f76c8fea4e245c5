"""
The comparison itself: a scenario is run at both places, and what differs is a failure or an expected difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from itertools import zip_longest

from attrs import frozen
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.cloud.caller import Caller, NotReached, Step
from tests.cloud.differences import EXPECTED, Expected
from tests.cloud.normal import Normaliser, differences
from tests.cloud.places import NoCloud, Place, TestCloud, test_cloud

Scenario = Callable[[Caller], None]


@frozen(kw_only=True)
class Difference:
    """
    One place of one answer that differs.
    """

    step: str
    path: str
    pod: str
    top: str

    def __str__(self) -> str:
        return f"{self.step}\n    {self.path}\n      pod: {self.pod}\n      top: {self.top}"


def compared(pod: Sequence[Step], top: Sequence[Step]) -> list[Difference]:
    """
    Where two runs of one scenario differ. After a step that only one of them has, nothing is compared.
    """
    found: list[Difference] = []
    for one, other in zip_longest(pod, top):
        if one is None or other is None or one.label != other.label:
            labels = [None if step is None else step.label for step in (one, other)]
            found.append(
                Difference(
                    step=str(labels[0] or labels[1]), path="label", pod=str(labels[0]), top=str(labels[1])
                )
            )
            break
        found += [
            Difference(step=one.label, path=path, pod=left, top=right)
            for path, left, right in differences(one.answer, other.answer)
        ]
    return found


def judged(
    scenario: str, found: Sequence[Difference], expected: Sequence[Expected] = EXPECTED
) -> tuple[list[Difference], list[Expected]]:
    """
    The differences that nothing expects, and the rows for this scenario that nothing showed.
    """
    rows = [row for row in expected if fnmatchcase(scenario, row.scenario)]
    seen: set[int] = set()
    unexpected = []
    for difference in found:
        covering = [
            at for at, row in enumerate(rows) if row.covers(scenario, difference.step, difference.path)
        ]
        seen.update(covering)
        if not covering:
            unexpected.append(difference)
    # a row for several scenarios may have nothing to expect in one of them
    unseen = [
        row for at, row in enumerate(rows) if at not in seen and row.scenario == scenario and row.always
    ]
    return unexpected, unseen


class SideBySide(SynchronousTestCase):
    """
    Tests that run scenarios at both places.

    Each run has a project of its own, so that lists, limits and quotas hold nothing of anybody else.
    """

    cloud: TestCloud

    def setUp(self) -> None:
        try:
            self.cloud = test_cloud()
        except NoCloud as nothing:
            raise SkipTest(str(nothing)) from nothing

    def compare(self, scenario: Scenario, name: str = "") -> None:
        """
        Run a scenario at the pod and at the top region, at the same time.
        """
        name = name or scenario.__name__
        # both wait most of the time, for things to be built
        with ThreadPoolExecutor(2) as threads:
            runs = [
                threads.submit(self.run_at, place, scenario) for place in (self.cloud.pod, self.cloud.top)
            ]
        pod, top = (run.result() for run in runs)
        unexpected, unseen = judged(name, compared(pod, top))
        lines = [str(difference) for difference in unexpected]
        lines += [f"expected, but seen no more: {', '.join(row.steps)} ({row.reason})" for row in unseen]
        if lines:
            self.fail(f"{name}: {len(pod)} requests, {len(lines)} differences\n" + "\n".join(lines))

    def run_at(self, place: Place, scenario: Scenario) -> list[Step]:
        """
        Run a scenario at one place and give what it recorded.
        """
        account, stranger = self.cloud.account(), self.cloud.account()
        normal = Normaliser(
            {root: f"<{service}>" for service, root in place.roots.items()},
            dict.fromkeys(place.zones, "<zone>"),
        )
        for owner, word in ((account, "own"), (stranger, "stranger's")):
            normal.know(owner.project_id, f"{word} project")
            normal.know(owner.user_id, f"{word} user")
        caller = Caller(place=place, account=account, stranger=stranger, normal=normal)
        try:
            try:
                scenario(caller)
            except NotReached as stuck:
                self.fail(f"{stuck}\nafter " + " · ".join(step.label for step in caller.steps[-3:]))
            return caller.steps
        finally:
            left = caller.clean_up()
            self.cloud.forget(account)
            self.cloud.forget(stranger)
            if left:
                self.fail(f"{place.name}: not cleaned up: {left}")
