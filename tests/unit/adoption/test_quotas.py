"""
What projects have, compared with the pods in the background.
"""

from __future__ import annotations

from tests.unit.strategies.test_quota_reading import P, ReadingCase
from trio2o.adoption.quotas import QuotaReconciler
from trio2o.model import Counts, Pod, QuotaUse


class ReconcilerTests(ReadingCase):
    """
    One process, the elected one.
    """

    def setUp(self) -> None:
        super().setUp()
        self.reconciler = QuotaReconciler(store=self.store, reader=self.reader, clock=self.clock)
        self.addCleanup(self.reconciler.stopService)

    def pass_time(self, seconds: int) -> None:
        """
        Second after second.
        """
        self.clock.pump([1.0] * seconds)

    def test_due(self) -> None:
        """
        What is due is read, and what is not is left alone.
        """
        self.create("a")
        self.there[self.pod2.id] = {"b", "c"}
        self.reconciler.startService()
        self.pass_time(5)
        self.assertEqual(1, self.uses().used)
        self.now(self.store.read_soon("compute", P, 0.0))
        self.pass_time(2)
        self.assertEqual(3, self.uses().used)

    def test_error(self) -> None:
        """
        A project that cannot be read by a mistake of ours is told in the log, waits, and keeps no other from being read.
        """
        self.create("a")
        self.now(self.reader.first("compute", "other"))
        for project in (P, "other"):
            self.now(self.store.read_soon("compute", project, 0.0))
        self.there[self.pod2.id] = {"b"}
        ask = self.reader._ask

        async def mistaken(pod: Pod, service: str, project_id: str) -> Counts:
            if project_id == P:
                raise ZeroDivisionError
            return await ask(pod, service, project_id)

        self.reader._ask = mistaken
        self.reconciler.startService()
        self.pass_time(3)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        other = self.now(self.store.usage("compute", "other"))
        self.assertEqual({"instances": QuotaUse(used=2)}, other)
        self.reader._ask = ask
        self.pass_time(40)
        self.assertEqual(2, self.uses().used)

    def test_open(self) -> None:
        """
        What is open is counted now and then, and is nothing once this is not the elected process.
        """
        self.create("a")
        self.successResultOf(self.hold())
        self.reconciler.startService()
        self.assertEqual({"compute": 1}, dict(self.reconciler.open))
        self.reconciler.stopService()
        self.assertEqual({}, self.reconciler.open)

    def test_pruned(self) -> None:
        """
        What has nothing for a week is forgotten, however many there are; what has something stays.
        """
        self.create("a")
        self.there[self.pod1.id].clear()
        for number in range(1500):
            self.now(self.reader.first("volume", f"v{number}"))
        self.clock.advance(8 * 86_400.0)
        self.hanging = {self.pod1.id, self.pod2.id}
        self.reconciler.startService()
        self.pass_time(30)
        known = [self.now(self.store.usage("volume", f"v{number}")) for number in range(1500)]
        self.assertEqual([], [each for each in known if each is not None])
        self.assertEqual(1, self.uses().used)
