"""
What pods have the same, wired.
"""

from __future__ import annotations

from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from tests.unit.service.whole import GraphCase


class FilterTests(GraphCase):
    """
    Lists of filters of an operator's own.
    """

    def told(self, more: str) -> list[str]:
        """
        What is logged about filters when a daemon starts.
        """
        self.config = self.configured(more)
        events: list[LogEvent] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        shared = self.made()._shared
        shared.startService()
        self.successResultOf(shared.stopService())
        return [words for event in events if "up_to_date" in (words := formatEvent(event))]

    def test_without(self) -> None:
        """
        A list that lacks the filter of pods that lack something is warned of once; one that has it is not.
        """
        (words,) = self.told("scheduling: {filters: [state, health]}\n")
        self.assertIn("before they have what pods are to have the same", words)
        self.assertEqual([], self.told("scheduling: {filters: [state, up_to_date]}\n"))
        self.assertEqual([], self.told(""))
