"""
One attempt at a job, and what becomes of the job.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import LogEvent, LogLevel, globalLogPublisher

from tests.unit.jobs.case import JobsCase
from trio2o.errors import DatabaseUnavailable, JobHopeless, JobRetry, PodUnreachable, Unavailable
from trio2o.model import Job, JobState


class EndTests(JobsCase):
    """
    How it ends.
    """

    def raising(self, error: Exception, **more: object) -> Job:
        """
        A job whose first attempt ended so.
        """

        def fail(job: Job) -> None:
            raise error

        self.handler.instead = fail
        job = self.enqueue(**more)
        self.advance(1.0)
        self.assertEqual(["k"], self.handler.begun)
        return self.job(job)

    def pause(self, job: Job) -> float:
        """
        Seconds to the next attempt.
        """
        assert job.due_at is not None
        return job.due_at.timestamp() - self.clock.seconds()

    def test_done(self) -> None:
        """
        A handler that returns is done; the handler gets the job with its payload, and what it tells is kept.
        """
        job = self.enqueue(payload={"a": 1})
        self.advance(1.0)
        assert self.handler.tell is not None
        self.now(self.handler.tell("half"))  # type: ignore[arg-type]
        self.assertEqual("half", self.job(job).progress)
        self.handler.under_way["k"].callback(None)
        self.assert_state(JobState.DONE, job)
        self.assertEqual([("paint", "done")], self.outcomes)

    def test_retried(self) -> None:
        """
        A handler that wants another try gets one, after a second or less at first, or after what it says.
        """
        job = self.raising(JobRetry("not yet"))
        self.assertEqual((JobState.WAITING, "not yet"), (job.state, job.error))
        self.assertTrue(0.5 <= self.pause(job) <= 1.0)
        self.assertEqual([("paint", "retried")], self.outcomes)

    def test_retried_after(self) -> None:
        """
        How long it says counts.
        """
        self.assertEqual(40.0, self.pause(self.raising(JobRetry("not yet", after=40.0))))

    def test_retried_at_once(self) -> None:
        """
        A handler that asks for no pause at all gets half a second.
        """
        self.assertEqual(0.5, self.pause(self.raising(JobRetry("not yet", after=-5.0))))

    def test_longer_pauses(self) -> None:
        """
        The pauses grow with the attempts; success at last ends them.
        """
        job = self.raising(JobRetry("not yet"))
        self.advance(100.0)
        self.assertTrue(6 <= len(self.handler.begun) <= 9, self.handler.begun)
        self.handler.instead = lambda job: None
        self.advance(100.0)
        self.assertEqual("", self.assert_state(JobState.DONE, job).error)

    def test_foreseen(self) -> None:
        """
        What a bad day of a pod, Keystone or the database raises is kept in words, and told without a traceback.
        """
        for error, words in (
            (PodUnreachable("Pod1", "refused", sent=False), "Pod1: refused"),
            (Unavailable("Try again.", admin_detail="Keystone: away"), "Try again. (Keystone: away)"),
            (DatabaseUnavailable("away"), "away"),
            (DatabaseUnavailable(), "DatabaseUnavailable"),
        ):
            self.handler.begun.clear()
            job = self.raising(error)
            self.assertEqual((JobState.WAITING, words), (job.state, job.error))
            self.now(self.store.cancel(job.id))
        self.assertEqual([], self.flushLoggedErrors())

    def test_bug(self) -> None:
        """
        A bug is told with its traceback, and the job tried again.
        """
        job = self.raising(KeyError("x"))
        self.assertEqual((JobState.WAITING, "KeyError: 'x'"), (job.state, job.error))
        self.assertEqual(1, len(self.flushLoggedErrors(KeyError)))

    def test_cancelled_inside(self) -> None:
        """
        A handler that is cancelled by nobody here has a bug.
        """
        self.assertIs(JobState.WAITING, self.raising(CancelledError()).state)
        self.assertEqual(1, len(self.flushLoggedErrors(CancelledError)))

    def test_hopeless(self) -> None:
        """
        What is refused for ever is a dead letter at once, and nobody tries it again.
        """
        job = self.raising(JobHopeless("400 from Pod1"))
        self.assertEqual((JobState.DEAD, "400 from Pod1"), (job.state, job.error))
        self.assertEqual([("paint", "dead")], self.outcomes)
        self.advance(1000.0)
        self.assertEqual(["k"], self.handler.begun)

    def test_told(self) -> None:
        """
        The log has each end with the job's names; a dead letter is an error there.
        """
        told: list[LogEvent] = []
        globalLogPublisher.addObserver(told.append)
        self.addCleanup(globalLogPublisher.removeObserver, told.append)
        job = self.raising(JobHopeless("400 from Pod1"))
        (event,) = [event for event in told if event.get("log_level") is LogLevel.error]
        self.assertEqual(
            ("paint", "k", job.id, 1, "400 from Pod1"),
            tuple(event[name] for name in ("kind", "key", "job", "attempt", "error")),
        )

    def test_hopeless_and_wanted(self) -> None:
        """
        What was enqueued meanwhile is tried with its new payload, whatever was said of the old one.
        """
        job = self.enqueue(payload={"a": 1})
        self.advance(1.0)
        self.enqueue(payload={"a": 2}, delay=5.0)
        self.handler.under_way["k"].errback(JobHopeless("no"))
        self.assertEqual({"a": 2}, self.assert_state(JobState.WAITING, job).payload)
        self.assertEqual([("paint", "retried")], self.outcomes)

    def test_again(self) -> None:
        """
        What was enqueued meanwhile begins again as soon as it is done.
        """
        self.enqueue(payload={"a": 1})
        self.advance(1.0)
        self.enqueue(payload={"a": 2})
        self.handler.under_way["k"].callback(None)
        self.assertEqual(["k", "k"], self.handler.begun)
        self.assertEqual([("paint", "done")], self.outcomes)


class DeadlineTests(JobsCase):
    """
    Jobs that are given up after a time.
    """

    def test_within(self) -> None:
        """
        Work is cancelled when the deadline comes.
        """
        job = self.enqueue(deadline=30.0)
        self.advance(29.0)
        self.assert_state(JobState.RUNNING, job)
        self.advance(1.0)
        self.assertEqual("its deadline passed", self.assert_state(JobState.DEAD, job).error)
        self.assertEqual({}, self.handler.under_way)

    def test_before(self) -> None:
        """
        What nobody began in time is a dead letter without being begun.
        """
        self.successResultOf(self.worker.stopService())
        job = self.enqueue(deadline=5.0)
        self.advance(6.0)
        self.worker.startService()
        self.assertEqual([], self.handler.begun)
        self.assert_state(JobState.DEAD, job)

    def test_next_try(self) -> None:
        """
        What would be tried again after its deadline is given up now, with the words of its failure.
        """
        job = self.enqueue(deadline=30.0)
        self.advance(1.0)
        self.handler.under_way["k"].errback(JobRetry("busy", after=29.5))
        self.assertIn("busy", self.assert_state(JobState.DEAD, job).error)

    def test_last_words(self) -> None:
        """
        The dead letter of a deadline has the words of the last failure.
        """
        job = self.enqueue(deadline=30.0)
        self.advance(1.0)
        self.handler.under_way["k"].errback(JobRetry("busy", after=1.0))
        self.advance(40.0)
        self.assertEqual(
            "its deadline passed; the last attempt: busy", self.assert_state(JobState.DEAD, job).error
        )


class LongestTests(JobsCase):
    """
    Work that does not end.
    """

    def test_hangs(self) -> None:
        """
        Work that takes longer than an attempt has is ended, says so, and is tried again; one place is free for others.
        """
        job = self.enqueue()
        self.advance(1000.0)
        self.assert_state(JobState.RUNNING, job)
        self.advance(1.0)
        waits = self.assert_state(JobState.WAITING, job)
        self.assertEqual("it took longer than 1000 seconds", waits.error)
        self.assertEqual(({}, 0), (self.handler.under_way, self.worker.busy))
        self.assertEqual([("paint", "retried")], self.outcomes)
        self.advance(2.0)
        self.assertEqual(["k", "k"], self.handler.begun)
        self.handler.under_way["k"].callback(None)
        self.assert_state(JobState.DONE, job)


class LeaseTests(JobsCase):
    """
    Holding a job.
    """

    def test_held(self) -> None:
        """
        A job that takes long is its worker's for as long as it takes.
        """
        job = self.enqueue()
        self.advance(1.0)
        other = self.a_worker()
        other.startService()
        self.advance(600.0)
        self.assertEqual(["k"], self.handler.begun)
        self.handler.under_way["k"].callback(None)
        self.assert_state(JobState.DONE, job)
        self.successResultOf(other.stopService())

    def test_taken_over(self) -> None:
        """
        The job of a process that died is begun by another when its lease ends.
        """
        self.enqueue()
        self.now(self.store.claim("dead", kinds=["paint"], limit=1, lease=60.0))
        self.advance(59.0)
        self.assertEqual([], self.handler.begun)
        self.advance(2.0)
        self.assertEqual(["k"], self.handler.begun)

    def test_database_away(self) -> None:
        """
        Work whose lease cannot be extended is cancelled before anybody else may begin it.
        """
        job = self.enqueue()
        self.advance(1.0)
        self.database.available = False
        ended: list[float] = []
        began = self.clock.seconds()
        self.handler.under_way["k"].addBoth(lambda _: ended.append(self.clock.seconds() - began) or _)
        self.advance(120.0)
        self.assertEqual(1, len(ended))
        self.assertTrue(40.0 <= ended[0] < 60.0, ended)
        self.assertEqual([("paint", "lost")], self.outcomes)
        self.database.available = True
        self.advance(2.0)
        self.assertEqual(2, self.assert_state(JobState.RUNNING, job).attempts)

    def test_database_back(self) -> None:
        """
        A database that is away for less than the lease disturbs nothing.
        """
        job = self.enqueue()
        self.advance(1.0)
        for _ in range(5):
            self.database.available = False
            self.advance(30.0)
            self.database.available = True
            self.advance(20.0)
        self.handler.under_way["k"].callback(None)
        self.assertEqual(1, self.assert_state(JobState.DONE, job).attempts)

    def test_written_later(self) -> None:
        """
        An end that the database does not take is written when it is back.
        """
        job = self.enqueue()
        self.advance(1.0)
        self.database.available = False
        self.handler.under_way["k"].callback(None)
        self.advance(30.0)
        self.assertEqual([], self.outcomes)
        self.database.available = True
        self.advance(1.0)
        self.assert_state(JobState.DONE, job)

    def test_taken(self) -> None:
        """
        Who finds that another has the job lets go, and changes nothing of it.
        """
        job = self.enqueue()
        self.advance(1.0)
        self.store._rows[job.id].due_at = 0.0
        (taken,) = self.now(self.store.claim("other", kinds=["paint"], limit=1, lease=600.0))
        self.advance(15.0)
        self.assertEqual({}, self.handler.under_way)
        self.assertEqual([("paint", "lost")], self.outcomes)
        self.assertEqual("other", self.assert_state(JobState.RUNNING, job).worker)
        self.now(self.store.finish(taken))

    def test_taken_at_the_end(self) -> None:
        """
        Who ends when another has the job has no say in it.
        """
        job = self.enqueue()
        self.advance(1.0)
        self.store._rows[job.id].due_at = 0.0
        (taken,) = self.now(self.store.claim("other", kinds=["paint"], limit=1, lease=600.0))
        self.handler.under_way["k"].callback(None)
        self.assertEqual([("paint", "lost")], self.outcomes)
        self.assert_state(JobState.RUNNING, job)
        self.now(self.store.finish(taken))

    def test_told_to_nobody(self) -> None:
        """
        Progress that the database does not take disturbs nothing.
        """
        self.enqueue()
        self.advance(1.0)
        self.database.available = False
        assert self.handler.tell is not None
        self.now(self.handler.tell("half"))  # type: ignore[arg-type]
        self.database.available = True
        self.handler.under_way["k"].callback(None)
        self.assertEqual([("paint", "done")], self.outcomes)


class CancelTests(JobsCase):
    """
    Jobs that somebody does not want any more.
    """

    def test_running(self) -> None:
        """
        Work is cancelled when its lease is extended next.
        """
        job = self.enqueue()
        self.advance(1.0)
        self.now(self.store.cancel(job.id))
        self.advance(11.0)
        self.assertEqual({}, self.handler.under_way)
        self.assert_state(JobState.CANCELLED, job)
        self.assertEqual([("paint", "cancelled")], self.outcomes)

    def test_left_by_the_dead(self) -> None:
        """
        What was cancelled and left by a process that died is not begun.
        """
        job = self.enqueue()
        self.now(self.store.claim("dead", kinds=["paint"], limit=1, lease=10.0))
        self.now(self.store.cancel(job.id))
        self.advance(12.0)
        self.assertEqual([], self.handler.begun)
        self.assert_state(JobState.CANCELLED, job)

    def test_wanted_again(self) -> None:
        """
        What is cancelled and then enqueued is ended and begun anew.
        """
        self.enqueue()
        self.advance(1.0)
        first: Deferred[None] = self.handler.under_way["k"]
        self.now(self.store.cancel(self.enqueue().id))
        self.enqueue(payload={"a": 2})
        self.advance(12.0)
        self.assertTrue(first.called)
        self.assertEqual(["k", "k"], self.handler.begun)
