"""
The field Idempotency-Key.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import BadRequest
from trio2o.intents import idempotency_key, without_key


class KeyTests(SynchronousTestCase):
    """
    Which keys there are.
    """

    def test_none(self) -> None:
        """
        Without the field there is none.
        """
        self.assertIsNone(idempotency_key([(b"Accept", b"*/*"), (b"X-Idempotency-Key", b"a")]))

    def test_keys(self) -> None:
        """
        A key is a string in quotes, or the same without them; the field's name is in any case.
        """
        for written, key in (
            (b"8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
            (b'"8e03978e"', "8e03978e"),
            (b'  "two words" ', "two words"),
            (b'"a, b; c"', "a, b; c"),
            (b'"a\\"b\\\\c"', 'a"b\\c'),
            (b"a" * 255, "a" * 255),
            (b'"' + b"a" * 255 + b'"', "a" * 255),
            (b"a/b=c:d", "a/b=c:d"),
        ):
            self.assertEqual(key, idempotency_key([(b"idempotency-KEY", written)]), written)

    def test_malformed(self) -> None:
        """
        What is empty, too long, unprintable, cut off or more than one string is refused.
        """
        for written in (
            b"",
            b'""',
            b"a" * 256,
            b'"' + b"a" * 256 + b'"',
            b"a b",
            b"a,b",
            b'"a", "b"',
            b'"a";x=1',
            b'"a',
            b'a"',
            b'"a\\"',
            b'"a\\b"',
            b"a\x00b",
            b"a\tb",
            b'"a\x7f"',
            b'"a\tb"',
            "schlüssel".encode(),
            '"schlüssel"'.encode("latin-1"),
        ):
            with self.assertRaises(BadRequest, msg=repr(written)):
                idempotency_key([(b"Idempotency-Key", written)])

    def test_several(self) -> None:
        """
        Two fields are refused, the same key twice too.
        """
        with self.assertRaises(BadRequest):
            idempotency_key([(b"Idempotency-Key", b"a"), (b"idempotency-key", b"a")])

    def test_taken_out(self) -> None:
        """
        The field does not go on to the pod; all others do, in their order.
        """
        fields = [(b"A", b"1"), (b"IDEMPOTENCY-Key", b"k"), (b"B", b"2")]
        self.assertEqual([(b"A", b"1"), (b"B", b"2")], without_key(fields))
