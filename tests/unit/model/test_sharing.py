"""
The model of what pods have the same, run.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.model.sharing import FLAVORS, PODS, Sharing
from trio2o.model import JobState
from trio2o.model.shared import CopyState, SharedPolicy

#: Lives in a test run; ``HYPOTHESIS_PROFILE=search`` tries as many as that profile says, others each time.
_LIVES = 250 if settings.default.derandomize else settings.default.max_examples

#: What happens, and two numbers that say to whom and how.
_EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["write"] * 6 + ["step"] * 16 + ["work"] * 4 + ["feed", "restart", "pod", "sick", "wait", "lease"]
        ),
        st.integers(0, 7),
        st.integers(0, 7),
    ),
    max_size=100,
)


def lived(policy: SharedPolicy, refuser: bool, events: list[tuple[str, int, int]]) -> Sharing:
    """
    The world after all that, everything well again and everything done.
    """
    world = Sharing(policy, refuser)
    for what, who, how in events:
        process = world.processes[who % 2]
        if what == "write":
            process.write(FLAVORS[who > 5], how % 6)
        elif what == "step":
            # mostly all goes well
            world.step(who, how if how < 4 else 0)
        elif what == "work":
            process.work()
        elif what == "feed":
            process.feed()
        elif what == "restart":
            world.restart(who)
        elif what == "pod":
            pod = world.pods[PODS[who % 3]]
            pod.up = not pod.up
        elif what == "sick":
            process.sick ^= {PODS[how % 3]}
        else:
            world.clock.advance(1.0 if what == "wait" else 35.0)
    world.recover()
    return world


class SharingModelTests(SynchronousTestCase):
    """
    Two processes, three pods, two flavors.
    """

    @settings(max_examples=_LIVES, deadline=None)
    @given(st.sampled_from(list(SharedPolicy)), _EVENTS)
    def test_converges(self, policy: SharedPolicy, events: list[tuple[str, int, int]]) -> None:
        """
        Whatever happened, when everything is well and done every pod has what is wanted, which is what some write came to.
        """
        world = lived(policy, False, events)
        self.assertEqual([], world.errors)
        for name in FLAVORS:
            has = {pod.document(name) for pod in world.pods.values()}
            self.assertEqual(1, len(has), (name, has, world.all_jobs()))
            (document,) = has
            self.assertIn(document, world.results[name])
            desired = world.desired(name)
            if desired is None or desired.resource.deleted:
                self.assertIsNone(document)
            else:
                wanted = desired.resource.document
                self.assertEqual((wanted["ram"], tuple(sorted(wanted["extra_specs"].items()))), document)
                self.assertEqual({CopyState.CURRENT}, {copy.state for copy in desired.copies.values()})

    @settings(max_examples=_LIVES, deadline=None)
    @given(st.sampled_from([SharedPolicy.MAJORITY, SharedPolicy.ANY]), _EVENTS)
    def test_refuser(self, policy: SharedPolicy, events: list[tuple[str, int, int]]) -> None:
        """
        A pod that refuses everything for ever keeps nothing from the others; no job goes on, a dead letter names what it lacks.
        """
        world = lived(policy, True, events)
        self.assertEqual([], world.errors)
        self.assertEqual(frozenset(), world.processes[0].book.behind())
        for name in FLAVORS:
            has = {world.pods[pod_id].document(name) for pod_id in PODS[:2]}
            self.assertEqual(1, len(has), (name, has))
            desired = world.desired(name)
            if desired is not None and not desired.resource.deleted:
                self.assertIs(CopyState.REFUSED, desired.copies[PODS[2]].state)
                dead = [job.error for job in world.all_jobs() if job.state is JobState.DEAD]
                self.assertTrue(any(name in error for error in dead), dead)
