"""
The model of what pods have the same, run.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.model.chronicle import Verb, Write
from tests.unit.model.sharing import FLAVORS, PODS, Sharing, document_of
from tests.unit.model.sharing_lives import lived
from trio2o.model import JobState
from trio2o.model.shared import CopyState, SharedPolicy

#: Lives in a test run; ``HYPOTHESIS_PROFILE=search`` tries as many as that profile says, others each time.
_LIVES = 400 if settings.default.derandomize else settings.default.max_examples

_LIFE = st.binary(min_size=120, max_size=480)


class SharingModelTests(SynchronousTestCase):
    """
    Two processes or three, three pods, one flavor or two.
    """

    @settings(max_examples=_LIVES, deadline=None)
    @given(st.sampled_from(list(SharedPolicy)), _LIFE)
    def test_converges(self, policy: SharedPolicy, life: bytes) -> None:
        """
        Whatever happened, when everything is well and done every pod has what is wanted, and no write that was answered as done
        is undone by one that had come to its end before it began.
        """
        self.converged(lived(policy, life))

    def test_late(self) -> None:
        """
        What pods do late that they were sent and have not answered is not left so, whatever was written since.
        """
        world = Sharing(SharedPolicy.ANY, processes=1, at_once=True)
        (process,) = world.processes
        self.wrote(world, Write("a", Verb.CREATE, value=64))
        world.begin(process, Write("a", Verb.SET, "x", "1"))
        world.run(process, 1)
        world.step(0, 3)
        world.step(0, 3)
        world.run(process, 100)
        self.wrote(world, Write("a", Verb.SET, "x", "2"))
        self.assertEqual(2, len(world.late))
        world.recover()
        self.converged(world)

    def test_deleted_stays_deleted(self) -> None:
        """
        A write to what a pod still has, since it was away when that was deleted, brings nothing back.
        """
        world = Sharing(SharedPolicy.ANY, processes=1, at_once=True)
        self.wrote(world, Write("a", Verb.CREATE, value=64))
        away = world.pods[PODS[2]]
        away.up = False
        self.wrote(world, Write("a", Verb.DELETE))
        away.up = True
        self.assertIsNotNone(away.document("a"))
        self.wrote(world, Write("a", Verb.SET, "x", "1"))
        world.recover()
        self.converged(world)
        self.assertIsNone(away.document("a"))

    def test_judge_is_not_late(self) -> None:
        """
        A process that has not heard which pods are late does not lose what they lack.
        """
        world = Sharing(SharedPolicy.ANY, processes=2, at_once=True)
        first, second = world.processes
        self.wrote(world, Write("a", Verb.CREATE, value=64))
        first.sick.add(PODS[0])
        self.wrote(world, Write("a", Verb.SET, "x", "1"))
        world.begin(second, Write("a", Verb.SET, "y", "2"))
        world.run(second, 100)
        world.recover()
        self.converged(world)
        self.assertEqual((64, (("x", "1"), ("y", "2"))), world.pods[PODS[0]].document("a"))

    @staticmethod
    def wrote(world: Sharing, write: Write) -> None:
        """
        Let the first process carry a write out, nothing else happening.
        """
        world.begin(world.processes[0], write)
        world.run(world.processes[0], 100)

    def converged(self, world: Sharing) -> None:
        """
        What holds in the end.
        """
        self.holds(world)
        for name in FLAVORS:
            has = {pod.document(name) for pod in world.pods.values()}
            self.assertEqual({document_of(world.desired(name))}, has, (name, world.all_jobs()))
            (document,) = has
            self.assertEqual([], world.chronicle.undone(name, document), (name, document))
            desired = world.desired(name)
            if desired is not None:
                self.assertEqual(
                    set(), {copy.state for copy in desired.copies.values()} - {CopyState.CURRENT}
                )

    @settings(max_examples=_LIVES // 4, deadline=None)
    @given(st.sampled_from([SharedPolicy.MAJORITY, SharedPolicy.ANY]), _LIFE)
    def test_refuser(self, policy: SharedPolicy, life: bytes) -> None:
        """
        A pod that refuses everything for ever keeps nothing from the others; no job goes on, a dead letter names what it lacks.
        """
        world = lived(policy, life, refuser=True)
        self.holds(world)
        self.assertEqual(frozenset(), world.processes[0].book.behind("compute"))
        for name in FLAVORS:
            has = {world.pods[pod_id].document(name) for pod_id in PODS[:2]}
            desired = world.desired(name)
            self.assertEqual({document_of(desired)}, has, name)
            (document,) = has
            self.assertEqual([], world.chronicle.undone(name, document), (name, document))
            if desired is not None and not desired.resource.deleted:
                self.assertIs(CopyState.REFUSED, desired.copies[PODS[2]].state)
                dead = [job.error for job in world.all_jobs() if job.state is JobState.DEAD]
                self.assertTrue(any(name in error for error in dead), dead)

    def holds(self, world: Sharing) -> None:
        """
        What holds on the way.
        """
        self.assertEqual([], world.errors)
        self.assertEqual([], world.broken)
