"""
What a request asks for, compared with the pods that it can reach.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import Candidate, Kind, Offers, PlacementRequest, Pod, PodState
from trio2o.scheduling.filters import AffinityFilter
from trio2o.scheduling.reach import in_reach

SERVER = PlacementRequest(project_id="p", kind=Kind.SERVER, availability_zone="az1", flavor="big")
HAS, LACKS = Offers(flavors=frozenset({"big"})), Offers(flavors=frozenset({"small"}))


def a_candidate(number: int, offers: Offers | None, **fields: Any) -> Candidate:
    """
    A pod named after a number.
    """
    pod = Pod(**{"id": str(number), "name": f"Pod{number}", "az_name": "az1", **fields})
    return Candidate(pod=pod, offers=offers)


def reached(request: PlacementRequest, *candidates: Candidate) -> PlacementRequest:
    """
    What is left of a request.
    """
    pods = {each.pod.id: each.pod for each in candidates}

    def having(field: str, name: str) -> list[str]:
        lists = {each.pod.id: getattr(each.offers, f"{field}s", None) or () for each in candidates}
        return [pod_id for pod_id, there in lists.items() if name in there]

    return in_reach(request, pods.get, having)


class ReachTests(SynchronousTestCase):
    """
    A flavor that one of two pods may have.
    """

    def named(self, request: PlacementRequest, *candidates: Candidate) -> str | None:
        """
        The flavor that counts.
        """
        found = reached(request, *candidates)
        self.assertEqual(request.flavor, found.flavor)
        return None if "flavor" in found.unlisted else found.flavor

    def test_known(self) -> None:
        """
        What a pod in reach is known to have counts, whatever state that pod is in, so that others are not asked in vain.
        """
        for state in (PodState.ENABLED, PodState.DRAINING, PodState.MAINTENANCE):
            pods = (a_candidate(1, LACKS), a_candidate(2, HAS, state=state))
            self.assertEqual("big", self.named(SERVER, *pods))

    def test_unknown(self) -> None:
        """
        What no pod is known to have narrows nothing: nobody knows, all lack it, or there is no pod.
        """
        for pods in ([], [a_candidate(1, None)], [a_candidate(1, LACKS), a_candidate(2, Offers())]):
            self.assertIsNone(self.named(SERVER, *pods))

    def test_out_of_reach(self) -> None:
        """
        What only pods out of reach have narrows nothing: those of another zone or group, without what the body names, or
        disabled.
        """
        lacks = a_candidate(1, LACKS)
        within = evolve(SERVER, within=frozenset({"1"}))
        self.assertIsNone(self.named(SERVER, lacks, a_candidate(2, HAS, az_name="az2")))
        self.assertIsNone(self.named(SERVER, lacks, a_candidate(2, HAS, affinity=frozenset({"gpu"}))))
        self.assertIsNone(self.named(within, lacks, a_candidate(2, HAS)))
        self.assertIsNone(self.named(SERVER, lacks, a_candidate(2, HAS, state=PodState.DISABLED)))

    def test_each_by_itself(self) -> None:
        """
        A flavor that is known counts beside an image that is not.
        """
        request = reached(evolve(SERVER, image="i"), a_candidate(1, HAS))
        self.assertEqual({"image"}, request.unlisted)

    def test_references_before_the_group(self) -> None:
        """
        A create goes to the pod that has what it names, also where that is in another group; one of its group goes before.
        """
        general = a_candidate(1, None)
        special = a_candidate(2, None, affinity=frozenset({"gpu"}))
        accepts = AffinityFilter().accepts

        for group, within, accepted in (
            ("gpu", {"1"}, {"1", "2"}),
            ("", {"2"}, {"1", "2"}),
            ("gpu", {"1", "2"}, {"2"}),
            ("", {"1", "2"}, {"1"}),
            ("gpu", None, {"2"}),
        ):
            asked = evolve(SERVER, pod_group=group, within=None if within is None else frozenset(within))
            request = reached(asked, general, special)
            found = {each.pod.id for each in (general, special) if accepts(each, request)}
            self.assertEqual(accepted, found, (group, within))
