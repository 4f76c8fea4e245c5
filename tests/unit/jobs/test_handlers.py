"""
The registry of handlers, and the queue.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.jobs.case import JobsCase, Painting
from trio2o.interfaces import IJobHandler, IJobQueue
from trio2o.jobs.handlers import JobHandlers
from trio2o.jobs.queue import JobQueue
from trio2o.model import NewJob


class HandlersTests(SynchronousTestCase):
    """
    Who does what.
    """

    def test_added(self) -> None:
        """
        A kind has one handler.
        """
        handlers = JobHandlers()
        painting = Painting()
        verifyObject(IJobHandler, painting)
        handlers.add(painting)
        self.assertEqual({"paint"}, set(handlers.kinds))
        self.assertIs(painting, handlers.handler("paint"))
        with self.assertRaisesRegex(ValueError, "paint"):
            handlers.add(Painting())


class QueueTests(JobsCase):
    """
    Enqueuing in a process with a worker.
    """

    def test_at_once(self) -> None:
        """
        What is due is begun without waiting for the next look; what is not waits for its time.
        """
        queue = JobQueue(store=self.store, due=self.worker.wake)
        verifyObject(IJobQueue, queue)
        self.now(queue.enqueue(NewJob(kind="paint", key="later", delay=5.0)))
        self.assertEqual([], self.handler.begun)
        self.now(queue.enqueue(NewJob(kind="paint", key="now")))
        self.assertEqual(["now"], self.handler.begun)
        self.advance(6.0)
        self.assertEqual(["now", "later"], self.handler.begun)

    def test_withdrawn(self) -> None:
        """
        What is withdrawn is not begun.
        """
        queue = JobQueue(store=self.store, due=self.worker.wake)
        job = self.now(queue.enqueue(NewJob(kind="paint", key="k", delay=5.0)))
        self.assertTrue(self.now(queue.withdraw("paint", "k", job.generation)))
        self.advance(10.0)
        self.assertEqual([], self.handler.begun)


class NewJobTests(SynchronousTestCase):
    """
    What may be enqueued.
    """

    def test_storable(self) -> None:
        """
        What the database could not store is refused before it is sent there.
        """
        for wrong in (
            {"key": ""},
            {"key": "a\0"},
            {"key": "\ud800"},
            {"key": "é" * 1001},
            {"kind": ""},
            {"project_id": "\0"},
            {"pod_id": "\udfff"},
        ):
            with self.assertRaises(ValueError, msg=str(wrong)):
                NewJob(**{"kind": "paint", "key": "k", **wrong})
        self.assertEqual("é" * 1000, NewJob(kind="paint", key="é" * 1000).key)
