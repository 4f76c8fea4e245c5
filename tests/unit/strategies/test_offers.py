"""
What a process knows of pods' flavors and volume types.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from attrs import evolve
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import CollectedOffers, OfferedFlavor, OfferedType, Offers, PodOffers
from trio2o.strategies.offers import SETTLING, OfferBook

NOW = 1_800_000_000.0
TINY, BIG = OfferedFlavor(id="tiny", vcpus=1), OfferedFlavor(id="big", vcpus=8)


def collected(
    pod_id: str, *flavors: OfferedFlavor, age: float = 0.0, types: tuple[OfferedType, ...] | None = None
) -> CollectedOffers:
    """
    What a pod said so many seconds ago.
    """
    offers = PodOffers(flavors=flavors, volume_types=types)
    return CollectedOffers(
        pod_id=pod_id,
        digest=repr(offers),
        offers=offers,
        collected_at=datetime.fromtimestamp(NOW, UTC) - timedelta(seconds=age),
        age=age,
    )


class OfferBookTests(SynchronousTestCase):
    """
    A book and its clock.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.book = OfferBook(clock=self.clock, stale_seconds=3600.0)

    def flavors(self, pod_id: str) -> frozenset[str] | None:
        """
        Those that a pod has or may have.
        """
        offers = self.book.offers(pod_id)
        return None if offers is None else offers.flavors

    def test_nothing(self) -> None:
        """
        At first nothing is known.
        """
        self.assertIsNone(self.book.offers("1"))
        self.assertIsNone(self.book.flavor("tiny"))
        self.assertIsNone(self.book.volume_type("fast"))

    def test_lists(self) -> None:
        """
        Each pod has what it said; a volume type by both names.
        """
        fast = OfferedType(id="t1", name="fast")
        self.book.note([collected("1", TINY), collected("2", TINY, BIG, types=(fast,))])

        self.assertEqual(Offers(flavors=frozenset({"tiny"})), self.book.offers("1"))
        self.assertEqual(
            Offers(flavors=frozenset({"tiny", "big"}), volume_types=frozenset({"t1", "fast"})),
            self.book.offers("2"),
        )
        self.assertEqual(BIG, self.book.flavor("big"))
        having = self.book.having
        self.assertEqual((["1", "2"], ["2"]), (having("flavor", "tiny"), having("volume_type", "t1")))
        self.assertEqual(((), ()), (having("flavor", "t1"), having("image", "tiny")))
        self.assertEqual((fast, fast), (self.book.volume_type("t1"), self.book.volume_type("fast")))

    def test_differing(self) -> None:
        """
        Where pods differ, what asks for a group counts, and in any case the same on every process.
        """
        special = evolve(BIG, group="gpu", vcpus=16)
        lists = [collected("1", BIG, TINY), collected("2", special, evolve(TINY, vcpus=2))]
        for order in (lists, lists[::-1]):
            self.book.note(order)
            self.assertEqual((special, TINY), (self.book.flavor("big"), self.book.flavor("tiny")))

    def test_new_in_one_list(self) -> None:
        """
        What is new in a list is not held to be lacking in lists from before, nor in those of the next minute.
        """
        new = evolve(BIG, since=NOW - 200.0)
        newer = 200.0 - SETTLING
        self.book.note(
            [
                collected("1", TINY, age=300.0),
                collected("2", TINY, new, age=200.0),
                collected("3", TINY, age=newer + 1.0),
                collected("4", TINY, age=newer - 1.0),
            ]
        )
        self.assertEqual(
            [True, True, True, False], ["big" in (self.flavors(pod) or ()) for pod in ("1", "2", "3", "4")]
        )

        # a new list that lacks it still says so
        self.book.note([collected("1", TINY, age=0.0), collected("2", TINY, new, age=200.0)])
        self.assertEqual(frozenset({"tiny"}), self.flavors("1"))

    def test_first_seen_anywhere(self) -> None:
        """
        Since when something is there is told by the pod that had it first.
        """
        self.book.note(
            [
                collected("1", evolve(BIG, since=NOW - 10.0)),
                collected("2", evolve(BIG, since=NOW - 500.0)),
                collected("3", TINY, age=5.0),
            ]
        )
        self.assertEqual(frozenset({"tiny"}), self.flavors("3"))

    def test_told_again(self) -> None:
        """
        Without its document a pod keeps what it has, with the new time; unless it is not known, or gone.
        """
        self.book.note([collected("1", TINY, age=3000.0), collected("2", BIG)])
        again = [evolve(collected(pod, TINY), offers=None) for pod in ("1", "3")]
        self.book.note(again)

        self.assertEqual({"1": again[0].digest}, dict(self.book.digests()))
        self.assertIsNone(self.book.flavor("big"))
        self.clock.advance(3599)
        self.assertEqual(frozenset({"tiny"}), self.flavors("1"))

    def test_only_times_differ(self) -> None:
        """
        New times of lists that are not in doubt change nothing that was put together, but how long it holds.
        """
        lists = [collected("1", TINY, age=3000.0), collected("2", BIG, age=3000.0)]
        self.book.note(lists)
        before = self.book.offers("1")
        self.book.note([collected("1", TINY), lists[1]])
        self.assertIs(before, self.book.offers("1"))

        self.clock.advance(600.5)
        self.assertEqual((before, None), (self.book.offers("1"), self.book.offers("2")))

    def test_stale(self) -> None:
        """
        A list that is too old is unknown, and makes no other pod lack anything.
        """
        self.book.note([collected("1", TINY, age=0.0), collected("2", BIG, age=3599.5)])
        self.assertIsNotNone(self.book.flavor("big"))
        self.clock.advance(1)
        self.assertIsNone(self.book.offers("2"))
        self.assertIsNone(self.book.flavor("big"))
        self.assertEqual(frozenset({"tiny"}), self.flavors("1"))

    def test_told_again_late(self) -> None:
        """
        A list that was too old counts again once it is told again, though it says the same.
        """
        self.book.note([collected("1", TINY)])
        self.clock.advance(3601.0)
        self.assertIsNone(self.book.offers("1"))
        late = evolve(collected("1", TINY), collected_at=datetime.fromtimestamp(NOW + 3601.0, UTC))
        self.book.note([late])
        self.assertEqual(frozenset({"tiny"}), self.flavors("1"))

    def test_touched(self) -> None:
        """
        Pods are touched of which something else is known than before, also where that ends by the clock.
        """
        touched = self.book.touched
        self.book.note([collected("1", TINY, age=100.0), collected("2", BIG)])
        self.assertEqual({"1", "2"}, touched.since(0))
        number = touched.number
        self.book.note([collected("1", TINY, age=100.0), collected("2", TINY)])
        self.assertEqual({"2"}, touched.since(number))
        self.book.note([collected("2", TINY)])
        self.assertEqual({"1", "2"}, touched.since(number))

        number = touched.number
        self.assertEqual(NOW + 3600.0, self.book.until())
        self.clock.advance(3600.0)
        self.assertIsNotNone(self.book.offers("2"))
        self.clock.advance(0.1)
        self.assertIsNone(self.book.offers("2"))
        self.assertEqual({"2"}, touched.since(number))

    def test_shared(self) -> None:
        """
        Pods with the same lists share them.
        """
        self.book.note([collected("1", TINY, BIG), collected("2", BIG, TINY)])
        self.assertIs(self.book.offers("1"), self.book.offers("2"))
