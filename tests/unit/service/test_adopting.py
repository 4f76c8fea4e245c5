"""
The sweep's wiring, as far as it needs neither pods nor a database.
"""

from __future__ import annotations

from io import StringIO

from attrs import evolve
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from trio2o.adoption.report import Tally
from trio2o.model import Kind, Pod, PodState
from trio2o.service.adopting import CannotAdopt, Teller, chosen

POD1 = Pod(id="1", name="Pod1", az_name="az1")
POD2 = Pod(id="2", name="Pod2", az_name="az1")


class ChosenTests(SynchronousTestCase):
    """
    Which pods are read.
    """

    def test_all(self) -> None:
        """
        Without names all that are not disabled.
        """
        off = evolve(POD2, state=PodState.DISABLED)
        careful = evolve(POD2, id="3", name="Pod3", state=PodState.MAINTENANCE)
        self.assertEqual([POD1, careful], chosen([POD1, off, careful], []))

    def test_named(self) -> None:
        """
        With names those, in the order of registration.
        """
        self.assertEqual([POD1, POD2], chosen([POD1, POD2], ["Pod2", "Pod1"]))
        self.assertEqual([POD2], chosen([POD1, POD2], ["Pod2"]))

    def test_refused(self) -> None:
        """
        Unknown and disabled pods are named, and an empty registry tells what to do.
        """
        off = evolve(POD2, state=PodState.DISABLED)
        for registered, names, words in (
            ([POD1], ["Pod7"], "no such pod: Pod7 (registered: Pod1)"),
            ([POD1, off], ["Pod2"], "disabled: Pod2"),
            ([], [], "start the daemon once"),
        ):
            refused = self.assertRaises(CannotAdopt, chosen, registered, names)
            self.assertIn(words, str(refused))


class Terminal(StringIO):
    """
    A terminal.
    """

    def isatty(self) -> bool:
        """
        It is one.
        """
        return True


class TellerTests(SynchronousTestCase):
    """
    Progress.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.tally = Tally(pod="Pod1", kind=Kind.SERVER)

    def test_lines(self) -> None:
        """
        In a log a line every few seconds, and one for each kind that has something and is done.
        """
        out = StringIO()
        teller = Teller(out=out, seconds=self.clock.seconds)
        for number in range(1, 13):
            self.tally.seen = number
            teller.tell(self.tally)
            self.clock.advance(1.0)
        self.tally.finished = True
        teller.tell(self.tally)
        teller.tell(Tally(pod="Pod2", kind=Kind.VOLUME, finished=True))
        teller.end()
        self.assertEqual(
            ["1 seen", "6 seen", "11 seen", "12 seen"],
            [line.split(": ")[1].split(",")[0] for line in out.getvalue().splitlines()],
        )
        self.assertTrue(out.getvalue().endswith("done\n"))

    def test_terminal(self) -> None:
        """
        On a terminal one line is written over, whatever its length was, and taken away in the end.
        """
        out = Terminal()
        teller = Teller(out=out, seconds=self.clock.seconds)
        self.tally.seen = 1000
        teller.tell(self.tally)
        self.tally.seen = 1
        teller.tell(self.tally)
        teller.end()
        teller.end()
        first, second, blank = out.getvalue().split("\r")[1:4]
        self.assertEqual(len(first), len(second))
        self.assertEqual("", blank.strip())
        self.assertNotIn("\n", out.getvalue())
