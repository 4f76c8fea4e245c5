"""
Where pages ended, as this process and others know it.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from trio2o.interfaces import ICursorBook
from trio2o.merging.keys import Reversed, comparable
from trio2o.strategies.cursors import Cursor, Cursors, read, written

LIST, OTHER = b"l" * 32, b"o" * 32

values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec=None))
    | st.builds(list)
)
parts = st.builds(
    lambda value, descending: Reversed(comparable(value)) if descending else comparable(value),
    values,
    st.booleans(),
)
cursors = st.builds(
    Cursor,
    pod=st.text(),
    key=st.lists(parts, max_size=4).map(tuple),
    cursors=st.dictionaries(st.text(), st.none() | st.text()),
)


@implementer(ICursorBook)
@define
class MemoryBook:
    """
    A book whose pages lie open.
    """

    kept: dict[bytes, str] = field(factory=dict)
    found: list[bytes] = field(factory=list)

    async def find(self, digest: bytes) -> str | None:
        """
        See ``ICursorBook``.
        """
        self.found.append(digest)
        return self.kept.get(digest)

    def keep(self, digest: bytes, content: str) -> None:
        """
        See ``ICursorBook``.
        """
        self.kept[digest] = content


def a_cursor(pod: str) -> Cursor:
    """
    A page that ended in a pod.
    """
    return Cursor(pod=pod, key=(Reversed((2, "now")), (2, "id")), cursors={pod: None, "Pod9": "id"})


class WrittenTests(SynchronousTestCase):
    """
    Cursors as text.
    """

    @given(cursors)
    def test_round_trip(self, cursor: Cursor) -> None:
        """
        What is written is read again exactly, types and all, and is ASCII that a database can hold.
        """
        text = written(cursor)

        found = read(text)

        self.assertEqual(cursor, found)
        self.assertEqual(repr(cursor), repr(found))
        self.assertTrue(text.isascii() and "\0" not in text)

    @given(st.lists(st.lists(parts, min_size=2, max_size=2).map(tuple), max_size=6))
    def test_order(self, keys: list[Any]) -> None:
        """
        What is read compares as what was written.
        """
        shaped = [key for key in keys if [type(part) for part in key] == [type(part) for part in keys[0]]]
        again = [read(written(Cursor(pod="", key=key, cursors={}))).key for key in shaped]

        self.assertEqual(sorted(shaped), sorted(again))

    @given(
        st.text()
        | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8).map(
            repr
        )
        | st.sampled_from(
            [
                '["Pod1",[[true,1,"text"]],{}]',
                '["Pod1",[[true,7,1]],{}]',
                '["Pod1",[[1,1,1]],{}]',
                '["Pod1",[[true,true,1]],{}]',
                '["Pod1",[[true,1]],{}]',
                '["Pod1",[1],{}]',
                '["Pod1",{},{}]',
                '["Pod1",[],[]]',
                '["Pod1",[],{"Pod1":1}]',
                "[1,[],{}]",
                '["Pod1",[]]',
                "{}",
                "1",
            ]
        )
    )
    def test_other_text(self, text: str) -> None:
        """
        What another release wrote is no cursor.
        """
        self.assertRaises(ValueError, read, text)


class CursorsTests(SynchronousTestCase):
    """
    The memory of this process, and what others know.
    """

    def setUp(self) -> None:
        self.book = MemoryBook()
        self.cursors = Cursors(book=self.book)

    def find(self, marker: str, listing: bytes = LIST, *, cursors: Cursors | None = None) -> Cursor | None:
        """
        What is known of a page.
        """
        found = Deferred.fromCoroutine((cursors or self.cursors).find(listing, marker))
        return self.successResultOf(found)  # type: ignore[no-any-return]

    def test_interface(self) -> None:
        """
        The double is one.
        """
        self.assertTrue(verifyObject(ICursorBook, self.book))

    def test_bounded(self) -> None:
        """
        The page that was kept longest goes first.
        """
        few = Cursors(book=self.book, size=2)
        for number in (1, 2, 1, 3):
            few.keep(LIST, str(number), a_cursor(f"Pod{number}"), lasting=False)

        self.assertEqual(
            [a_cursor("Pod1"), None, a_cursor("Pod3")],
            [self.find(str(number), cursors=few) for number in (1, 2, 3)],
        )

    def test_newest(self) -> None:
        """
        Of two pages that end alike the newer one counts.
        """
        for pod in ("Pod1", "Pod2"):
            self.cursors.keep(LIST, "1", a_cursor(pod), lasting=True)

        self.assertEqual(a_cursor("Pod2"), self.find("1"))
        self.assertEqual(a_cursor("Pod2"), self.find("1", cursors=Cursors(book=self.book)))

    def test_own_memory(self) -> None:
        """
        What this process has kept is not looked up.
        """
        self.cursors.keep(LIST, "1", a_cursor("Pod1"), lasting=True)
        self.find("1")

        self.assertEqual([], self.book.found)

    def test_another_process(self) -> None:
        """
        Another process finds what is to last, and from then on has it in its own memory.
        """
        self.cursors.keep(LIST, "1", a_cursor("Pod1"), lasting=True)
        self.cursors.keep(LIST, "2", a_cursor("Pod1"), lasting=False)
        other = Cursors(book=self.book)

        self.assertEqual(a_cursor("Pod1"), self.find("1", cursors=other))
        self.assertIsNone(self.find("2", cursors=other))
        self.book.found.clear()
        self.assertEqual(a_cursor("Pod1"), self.find("1", cursors=other))
        self.assertEqual([], self.book.found)

    def test_each_list_its_own(self) -> None:
        """
        A page of one list is none of another, nor of another marker; digests tell nothing of either.
        """
        self.cursors.keep(LIST, "1", a_cursor("Pod1"), lasting=True)
        other = Cursors(book=self.book)

        for listing, marker in ((OTHER, "1"), (LIST, "2"), (LIST, ""), (LIST, "\ud800"), (b"", "1")):
            self.assertIsNone(self.find(marker, listing, cursors=other))
        self.assertEqual({32}, {len(digest) for digest in (*self.book.found, *self.book.kept)})
        self.assertEqual(5, len({*self.book.found} - {*self.book.kept}))

    def test_unreadable(self) -> None:
        """
        What another release left is passed over.
        """
        self.cursors.keep(LIST, "1", a_cursor("Pod1"), lasting=True)
        self.book.kept = dict.fromkeys(self.book.kept, '{"form": 2}')

        self.assertIsNone(self.find("1", cursors=Cursors(book=self.book)))

    def test_too_long(self) -> None:
        """
        One of very many pods stays in memory.
        """
        many = Cursor(pod="Pod1", key=(), cursors={f"Pod{number}": "i" * 36 for number in range(400)})
        self.cursors.keep(LIST, "1", many, lasting=True)

        self.assertEqual(({}, many), (self.book.kept, self.find("1")))
