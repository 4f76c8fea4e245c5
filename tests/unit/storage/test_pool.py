"""
Whom a pool without connections keeps waiting, and how long; on a clock that the test moves.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import DatabaseUnavailable
from trio2o.storage.pool import Pool


class AwayTests(SynchronousTestCase):
    """
    The last connection was just lost.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.pool = Pool(self.clock, "host=nowhere")
        lost: Any = object()
        self.pool._down(lost)

    def asked(self, **more: Any) -> Deferred[Any]:
        """
        Somebody asks.
        """
        return Deferred.fromCoroutine(self.pool.run_query("select 1", **more))

    def test_everybody(self) -> None:
        """
        Who has no other way waits as long as a restart may take; later ones do not wait at all.
        """
        asked = self.asked()
        self.clock.advance(1.9)
        self.assertNoResult(asked)
        self.clock.advance(0.1)
        self.failureResultOf(asked, DatabaseUnavailable)
        self.clock.advance(0.1)
        self.failureResultOf(self.asked(), DatabaseUnavailable)

    def test_who_has_another_way(self) -> None:
        """
        Who has another way waits for its own patience alone.
        """
        asked = self.asked(patience=0.25)
        self.clock.advance(0.2)
        self.assertNoResult(asked)
        self.clock.advance(0.1)
        self.failureResultOf(asked, DatabaseUnavailable)
        self.failureResultOf(self.asked(patience=0.25), DatabaseUnavailable)
        self.assertNoResult(self.asked())

    def test_busy(self) -> None:
        """
        Connections that are all lent are waited for: the database is there.
        """
        pool = Pool(self.clock, "host=nowhere")
        asked = Deferred.fromCoroutine(pool.run_query("select 1", patience=0.25))
        self.clock.advance(1.9)
        self.assertNoResult(asked)
        self.clock.advance(0.1)
        self.failureResultOf(asked, DatabaseUnavailable)
