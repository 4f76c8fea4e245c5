"""
The numbers that ``make test`` ends with.
"""

from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from tests.tiers import read_summary


class ReadSummaryTests(SynchronousTestCase):
    """
    From what trial prints to passed, failed and skipped.
    """

    def test_passed(self) -> None:
        """
        Successes and expected failures have passed; skips are neither.
        """
        lines = ["Ran 12 tests in 0.1s\n", "\n", "PASSED (skips=2, expectedFailures=1, successes=9)\n"]
        self.assertEqual(read_summary(lines, 0), Counter(passed=10, skipped=2))

    def test_failed(self) -> None:
        """
        Failures, errors and unexpected successes have failed.
        """
        lines = ["FAILED (failures=1, errors=2, unexpectedSuccesses=1, successes=5)"]
        self.assertEqual(read_summary(lines, 1), Counter(passed=5, failed=4))

    def test_last_summary(self) -> None:
        """
        What a test itself prints is not mistaken for trial's word, which is the last.
        """
        lines = ["PASSED (successes=99)", "FAILED (errors=1)"]
        self.assertEqual(read_summary(lines, 1), Counter(failed=1))

    def test_crash(self) -> None:
        """
        A tier without a summary has failed, whatever its status.
        """
        self.assertEqual(read_summary(["PASSED some of it"], 0), Counter(failed=1))

    def test_unexplained_status(self) -> None:
        """
        A bad status after a good summary is a failure.
        """
        self.assertEqual(read_summary(["PASSED (successes=3)"], 3), Counter(passed=3, failed=1))
