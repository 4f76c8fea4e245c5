"""
Heads of answers.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.pods.heads import Head, Malformed, parse_head


def parsed(*lines: bytes, of_head: bool = False) -> Head:
    """
    Parse a head with an ordinary status line.
    """
    return parse_head(b"\r\n".join([b"HTTP/1.1 200 OK", *lines]), of_head=of_head)


class FieldTests(SynchronousTestCase):
    """
    Status line and fields.
    """

    def test_status(self) -> None:
        """
        The phrase may be missing, empty or several words.
        """
        for line, code, phrase in (
            (b"HTTP/1.1 200 OK", 200, b"OK"),
            (b"HTTP/1.1 404", 404, b""),
            (b"HTTP/1.1 300 ", 300, b""),
            (b"HTTP/1.0 413 Too Large Indeed", 413, b"Too Large Indeed"),
        ):
            head = parse_head(line, of_head=False)
            self.assertEqual((head.code, head.phrase), (code, phrase))

    def test_order(self) -> None:
        """
        Fields keep their order and number, names come in lower case, values without blanks around them.
        """
        head = parsed(b"X-B:1", b"x-a: \t2 ", b"X-B:  3", b"X-Empty:", b"X-Odd : 4")

        self.assertEqual(
            head.fields, [(b"x-b", b"1"), (b"x-a", b"2"), (b"x-b", b"3"), (b"x-empty", b""), (b"x-odd", b"4")]
        )

    def test_folded(self) -> None:
        """
        A folded line goes on with the field before.
        """
        self.assertEqual(parsed(b"X-A: 1", b"\t 2").fields, [(b"x-a", b"1 2")])

    def test_malformed(self) -> None:
        """
        What could be read in two ways is not read.
        """
        for head in (
            b"",
            b"HTTP/2 200",
            b"HTTP/1.1 20",
            b"HTTP/1.1 2000",
            b"HTTP/1.1  200 OK",
            b"http/1.1 200 OK",
            b"HTTP/1.1 200 OK\r\nno colon",
            b"HTTP/1.1 200 OK\r\n: no name",
            b"HTTP/1.1 200 OK\r\nA b: 1",
            b"HTTP/1.1 200 OK\r\n folded: first",
            b"HTTP/1.1 200 OK\r\nX: a\nY: b",
            b"HTTP/1.1 200 OK\r\nX: a\rY: b",
            b"HTTP/1.1 200 OK\r\nX: a\x00",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2",
            b"HTTP/1.1 200 OK\r\nContent-Length: +1",
            b"HTTP/1.1 200 OK\r\nContent-Length: -1",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1_0",
            b"HTTP/1.1 200 OK\r\nContent-Length:",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 2",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        ):
            self.assertRaises(Malformed, parse_head, head, of_head=False)

    @given(st.binary(max_size=200))
    def test_anything(self, data: bytes) -> None:
        """
        Nothing raises anything else.
        """
        for head in (data, b"HTTP/1.1 200 OK\r\n" + data):
            try:
                parse_head(head, of_head=False)
            except Malformed:
                continue


class FramingTests(SynchronousTestCase):
    """
    Where the body ends.
    """

    def framing(self, *lines: bytes, of_head: bool = False) -> tuple[int | None, bool, bool]:
        """
        Length, whether it is chunked, whether the connection persists.
        """
        head = parsed(*lines, of_head=of_head)
        return head.length, head.chunked, head.persists

    def test_length(self) -> None:
        """
        A length that is told once, or the same several times.
        """
        self.assertEqual(self.framing(b"Content-Length: 5"), (5, False, True))
        self.assertEqual(self.framing(b"Content-Length: 5, 5", b"content-length: 5"), (5, False, True))

    def test_chunked(self) -> None:
        """
        Chunks, in any spelling; with a length beside them the connection is not used again.
        """
        self.assertEqual(self.framing(b"Transfer-Encoding: Chunked"), (None, True, True))
        self.assertEqual(
            self.framing(b"Transfer-Encoding: chunked", b"Content-Length: 5"), (None, True, False)
        )

    def test_until_close(self) -> None:
        """
        Neither: until the connection ends.
        """
        self.assertEqual(self.framing(), (None, False, False))

    def test_no_body(self) -> None:
        """
        The answer to a HEAD, 204 and 304 have none, whatever they tell.
        """
        self.assertEqual(self.framing(b"Content-Length: 5", of_head=True), (0, False, True))
        for status in (b"204 No Content", b"304 Not Modified"):
            head = parse_head(b"HTTP/1.1 " + status + b"\r\nContent-Length: 5", of_head=False)
            self.assertEqual(head.length, 0)

    def test_persistence(self) -> None:
        """
        The connection ends when the pod says so in any spelling, and with HTTP/1.0.
        """
        self.assertFalse(parsed(b"Content-Length: 0", b"Connection: x, CLOSE").persists)
        self.assertTrue(parsed(b"Content-Length: 0", b"Connection: keep-alive").persists)
        self.assertFalse(parse_head(b"HTTP/1.0 200 OK\r\nContent-Length: 0", of_head=False).persists)
