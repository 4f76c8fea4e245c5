"""
What is placed and not collected: open, kept, given back, told and heard.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import NOTHING, Amounts, Placed
from trio2o.strategies.claims import SETTLING, Claims, no_claim

ONE = Amounts(vcpus=1.0)
TWO = Amounts(vcpus=2.0, ram_mb=0.1)


class ClaimsCase(SynchronousTestCase):
    """
    One process's claims, on a clock that tests move.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000.5)
        self.claims = Claims(clock=self.clock, longest=600.0)
        # so that only what changes is told
        self.claims.news()


class ClaimTests(ClaimsCase):
    """
    Of one process.
    """

    def test_open(self) -> None:
        """
        Room is held from the moment in which a pod is chosen, there alone.
        """
        self.claims.open("1", ONE)
        self.claims.open("1", TWO)
        self.assertEqual(Amounts(vcpus=3.0, ram_mb=0.1), self.claims.claimed("1"))
        self.assertEqual(NOTHING, self.claims.claimed("2"))

    def test_given_back(self) -> None:
        """
        What is given back holds nothing, and only once.
        """
        claim, other = self.claims.open("1", TWO), self.claims.open("1", ONE)
        claim.give_back()
        claim.give_back()
        claim.keep()
        self.assertEqual(1.0, self.claims.claimed("1").vcpus)
        other.give_back()
        self.assertEqual(NOTHING, self.claims.claimed("1"))

    def test_fractions(self) -> None:
        """
        Rounding never leaves less than nothing, which the other processes would refuse to hear.
        """
        self.claims.open("1", Amounts(volume_gb=1.0))
        opened = {tenths: self.claims.open("1", Amounts(vcpus=tenths / 10)) for tenths in (1, 2, 3, 7)}
        for tenths in (1, 3, 7, 2):
            opened[tenths].give_back()
        self.assertEqual(Amounts(volume_gb=1.0), self.claims.claimed("1"))

    def test_kept(self) -> None:
        """
        What is kept is counted once, and never given back.
        """
        claim = self.claims.open("1", TWO)
        claim.keep()
        claim.keep()
        claim.give_back()
        self.assertEqual(TWO, self.claims.claimed("1"))

    def test_nothing(self) -> None:
        """
        A create that takes nothing claims nothing.
        """
        for claim in (self.claims.open("1", NOTHING), no_claim()):
            claim.keep()
            claim.give_back()
        self.assertEqual(NOTHING, self.claims.claimed("1"))
        self.assertEqual({}, self.claims.news())

    def test_collected(self) -> None:
        """
        A collection has what was kept well before it began; what is still open it cannot have, whenever it was chosen.
        """
        slow = self.claims.open("1", Amounts(vcpus=100.0))
        self.claims.open("1", ONE).keep()
        self.clock.advance(SETTLING + 1)
        self.claims.open("1", TWO).keep()
        self.claims.collected("1", self.clock.seconds())
        self.assertEqual(102.0, self.claims.claimed("1").vcpus)

        slow.keep()
        self.claims.collected("1", self.clock.seconds())
        self.assertEqual(102.0, self.claims.claimed("1").vcpus)
        self.clock.advance(SETTLING + 1)
        self.claims.collected("1", self.clock.seconds())
        self.assertEqual(NOTHING, self.claims.claimed("1"))

    def test_before_the_first_collection(self) -> None:
        """
        What was placed before anything was collected counts when the first collection is read that began before it.
        """
        began = self.clock.seconds()
        self.claims.open("1", ONE).keep()
        self.clock.advance(20)
        self.claims.collected("1", began)
        self.assertEqual(ONE, self.claims.claimed("1"))

    def test_bounded(self) -> None:
        """
        Where nothing is ever collected claims are forgotten with time, and the pod with them.
        """
        self.claims.open("1", TWO).keep()
        self.clock.advance(601)
        self.claims.open("1", ONE).keep()
        self.assertEqual(1.0, self.claims.claimed("1").vcpus)
        self.claims.retain(())
        self.assertEqual(1.0, self.claims.claimed("1").vcpus)
        self.clock.advance(601)
        self.claims.retain(())
        self.assertEqual(NOTHING, self.claims.claimed("1"))


class NewsTests(ClaimsCase):
    """
    Between processes.
    """

    def setUp(self) -> None:
        super().setUp()
        self.other = Claims(clock=self.clock)

    def tell(self) -> dict[str, Placed]:
        """
        What was new for the other one.
        """
        news = self.claims.news()
        self.other.heard("a", news)
        return news

    def test_told(self) -> None:
        """
        The other one counts what is open, what was kept, and no more what was given back.
        """
        kept, back = self.claims.open("1", ONE), self.claims.open("1", TWO)
        self.assertEqual({"1": Placed(open=self.claims.claimed("1"))}, self.tell())
        self.assertEqual(self.claims.claimed("1"), self.other.claimed("1"))

        kept.keep()
        back.give_back()
        self.assertEqual({"1": Placed(kept=ONE)}, self.tell())
        self.assertEqual(ONE, self.other.claimed("1"))

    def test_told_once(self) -> None:
        """
        Nothing new is nothing told; what came and went in between is nothing new.
        """
        self.claims.open("1", ONE).keep()
        self.tell()
        self.claims.open("1", TWO).give_back()
        self.assertEqual({}, self.tell())
        self.assertEqual(ONE, self.other.claimed("1"))

    def test_told_again(self) -> None:
        """
        What is open for long is told again from time to time, so that no collection makes others forget it.
        """
        claim = self.claims.open("1", ONE)
        self.tell()
        for _ in range(10):
            self.clock.advance(10)
            self.tell()
        self.other.collected("1", self.clock.seconds())
        self.assertEqual(ONE, self.other.claimed("1"))

        claim.give_back()
        self.tell()
        self.assertEqual(NOTHING, self.other.claimed("1"))

    def test_process_that_is_gone(self) -> None:
        """
        What another process had open, that is not heard of any more, may have been made: it counts until a later collection.
        """
        self.claims.open("1", ONE)
        self.tell()
        self.other.collected("1", self.clock.seconds())
        self.assertEqual(ONE, self.other.claimed("1"))
        self.clock.advance(SETTLING + 1)
        self.other.collected("1", self.clock.seconds())
        self.assertEqual(NOTHING, self.other.claimed("1"))

    def test_lost(self) -> None:
        """
        Of what could not be told the next news have what is open, and what was kept is lost.
        """
        claim = self.claims.open("1", ONE)
        self.claims.open("1", TWO).keep()
        self.claims.untold(self.claims.news())
        self.assertEqual({"1": Placed(open=ONE)}, self.tell())

        claim.give_back()
        self.claims.untold(self.claims.news())
        self.tell()
        self.assertEqual(NOTHING, self.other.claimed("1"))

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(("open", "keep", "back", "tell", "lose")),
                st.integers(0, 5),
                st.sampled_from(("1", "2")),
            )
        )
    )
    def test_agreement(self, steps: list[tuple[str, int, str]]) -> None:
        """
        Whatever happens in whatever order: this process counts exactly what is open and kept, and another one, once told, the
        same but for what was kept while nothing could be told.
        """
        self.setUp()
        live: list[tuple[str, object]] = []
        here = {"1": 0, "2": 0}
        untold = {"1": 0, "2": 0}
        unsaid = {"1": 0, "2": 0}
        for step, index, pod in steps:
            if step == "open":
                live.append((pod, self.claims.open(pod, ONE)))
                here[pod] += 1
            elif step in ("keep", "back") and live:
                place, claim = live.pop(index % len(live))
                getattr(claim, "keep" if step == "keep" else "give_back")()
                here[place] -= step == "back"
                unsaid[place] += step == "keep"
            elif step == "tell":
                self.tell()
                unsaid = dict.fromkeys(unsaid, 0)
            elif step == "lose":
                self.claims.untold(self.claims.news())
                for name, count in unsaid.items():
                    untold[name] += count
                unsaid = dict.fromkeys(unsaid, 0)
        self.tell()
        for name in here:
            self.assertEqual(here[name], self.claims.claimed(name).vcpus)
            self.assertEqual(here[name] - untold[name], self.other.claimed(name).vcpus)
