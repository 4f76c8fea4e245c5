"""
The forwarder over real sockets: what a client and a pod see of each other.
"""

from __future__ import annotations

import gzip
import resource
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from twisted.internet import reactor
from twisted.internet.ssl import PrivateCertificate
from twisted.internet.task import deferLater

from tests.functional.forwarding_rig import ForwardingCase, Script, Wire, field, fields, ok, serving
from trio2o.errors import PodBroken
from trio2o.pods.lean import LeanConnection

MEGABYTE = 1024 * 1024


class Upper:
    """
    A transform that changes every byte and holds the last one back.
    """

    def __init__(self) -> None:
        self.held = b""

    def feed(self, chunk: bytes) -> bytes:
        data = self.held + chunk.upper()
        self.held = data[-1:]
        return data[:-1]

    def flush(self) -> bytes:
        return self.held + b"!"


def recording(seen: list[bytes], *answers: bytes) -> Script:
    """
    As ``serving``, and keeps the heads and bodies of the requests.
    """

    async def script(wire: Wire) -> None:
        left = list(answers)
        while True:
            try:
                head, body = await wire.message()
            except AssertionError:
                return
            seen.append(head + body)
            wire.send(left[0])
            if len(left) > 1:
                left.pop(0)

    return script


def once(answer: bytes, *, close: bool = True) -> Script:
    """
    A script that gives its answer to the first request and closes.
    """

    async def script(wire: Wire) -> None:
        await wire.head()
        wire.send(answer)
        if close:
            wire.close()

    return script


async def silent(wire: Wire) -> None:
    """
    A script that takes everything and says nothing.
    """


class PassingThroughTests(ForwardingCase):
    """
    What is passed on untouched.
    """

    async def test_answer(self) -> None:
        """
        Status, fields and body of an answer reach the client.
        """
        pod = await self.pod(serving(ok(b'{"servers": []}', b"Content-Type: application/json", b'ETag: "e"')))
        await self.gateway(pod)

        head, body = await self.get()

        self.assertTrue(head.startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertEqual(field(head, b"content-type"), b"application/json")
        self.assertEqual(field(head, b"etag"), b'"e"')
        self.assertEqual(body, b'{"servers": []}')

    async def test_targets(self) -> None:
        """
        Escapes, empty segments, a lone question mark, brackets and bytes above ASCII reach the pod as they came.
        """
        seen: list[bytes] = []
        await self.gateway(await self.pod(recording(seen, ok(b""))))
        targets = [
            b"/v2.1/a%2Fb%20c",
            b"//v2.1//x/",
            b"/v2.1/servers?",
            b"/v2.1/s?name=[a]{b}|c&x=%zz",
            b"/v2.1/\xa3\x81?\x9f",
        ]

        for target in targets:
            await self.get(target)

        self.assertEqual([head.split(b" ")[1] for head in seen], targets)

    async def test_prefix(self) -> None:
        """
        A pod whose root has a path gets it before the target, and its own authority as Host.
        """
        seen: list[bytes] = []
        pod = await self.pod(recording(seen, ok(b"")))
        await self.gateway(pod, prefix="/compute/v2.1/%(project_id)s")

        await self.get(b"/v2.1/servers?limit=1")

        self.assertTrue(seen[0].startswith(b"GET /compute/v2.1/servers?limit=1 HTTP/1.1\r\n"))
        self.assertEqual(field(seen[0], b"host"), b"127.0.0.1:%d" % pod.port)

    async def test_fields_to_the_pod(self) -> None:
        """
        Fields of one name keep their order, unknown ones pass, what concerns one hop or another's identity does not.
        """
        seen: list[bytes] = []
        await self.gateway(await self.pod(recording(seen, ok(b""))))

        await self.get(
            b"/",
            b"X-B: 1",
            b"X-A: 2",
            b"X-B: 3",
            b"Keep-Alive: 5",
            b"Connection: X-Private",
            b"X-Private: 1",
            b"X-Roles: admin",
        )

        told = fields(seen[0])
        self.assertEqual(
            [pair for pair in told if pair[0] in (b"x-a", b"x-b")],
            [(b"x-b", b"1"), (b"x-b", b"3"), (b"x-a", b"2")],
        )
        self.assertFalse(
            {b"keep-alive", b"connection", b"x-private", b"x-roles"} & {name for name, _ in told}
        )
        self.assertIn((b"via", b"1.1 gateway"), told)

    async def test_fields_to_the_client(self) -> None:
        """
        Repeated fields of an answer all reach the client in their order; Server and the hop's own do not.
        """
        answer = ok(
            b"x",
            b"Set-Cookie: a=1",
            b"Set-Cookie: b=2",
            b"X-New: n",
            b"Server: nginx",
            b"Keep-Alive: timeout=5",
        )
        await self.gateway(await self.pod(serving(answer)))

        head, _ = await self.get()

        told = fields(head)
        self.assertEqual([value for name, value in told if name == b"set-cookie"], [b"a=1", b"b=2"])
        self.assertIn((b"x-new", b"n"), told)
        self.assertFalse({b"server", b"keep-alive"} & {name for name, _ in told})
        self.assertEqual(len([1 for name, _ in told if name == b"date"]), 1)

    async def test_no_content_type(self) -> None:
        """
        An answer without Content-Type gets none.
        """
        await self.gateway(await self.pod(serving(ok(b"x"))))

        head, _ = await self.get()

        self.assertIsNone(field(head, b"content-type"))

    async def test_cookies(self) -> None:
        """
        A cookie that a pod sets for one client is not sent with another's request.
        """
        seen: list[bytes] = []
        await self.gateway(await self.pod(recording(seen, ok(b"", b"Set-Cookie: session=one; Path=/"))))

        await self.get()
        await self.get(b"/", b"Cookie: own=two")

        self.assertIsNone(field(seen[0], b"cookie"))
        self.assertEqual(field(seen[1], b"cookie"), b"own=two")

    async def test_compressed(self) -> None:
        """
        A compressed body passes with its Content-Encoding, length and ETag, and none is asked for that the client did not.
        """
        packed = gzip.compress(b"hello" * 100)
        seen: list[bytes] = []
        pod = await self.pod(recording(seen, ok(packed, b"Content-Encoding: gzip", b'ETag: "z"')))
        await self.gateway(pod)

        head, body = await self.get()

        self.assertEqual(body, packed)
        self.assertEqual(field(head, b"content-encoding"), b"gzip")
        self.assertEqual(field(head, b"etag"), b'"z"')
        self.assertIsNone(field(seen[0], b"accept-encoding"))

    async def test_redirect(self) -> None:
        """
        A redirect is the client's to follow.
        """
        answer = b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n"
        await self.gateway(await self.pod(serving(answer)))

        head, _ = await self.get()

        self.assertTrue(head.startswith(b"HTTP/1.1 302 Found"))
        self.assertEqual(field(head, b"location"), b"http://elsewhere/")


class FramingTests(ForwardingCase):
    """
    Where bodies end, on both sides.
    """

    async def test_head(self) -> None:
        """
        The answer to a HEAD keeps the length that a GET would have, has no body, and leaves both connections usable.
        """
        pod = await self.pod(serving(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n"))
        await self.gateway(pod)
        client = await self.client()

        for _ in range(2):
            client.send(b"HEAD / HTTP/1.1\r\nHost: t\r\n\r\n")
            head = await client.head()
            self.assertEqual(field(head, b"content-length"), b"12345")

        self.assertEqual(len(pod.connections), 1)
        self.assertEqual(bytes(client.received), b"")

    async def test_without_body(self) -> None:
        """
        204 and 304 have no body and no chunks, and the connection goes on.
        """
        pod = await self.pod(
            serving(
                b"HTTP/1.1 204 No Content\r\n\r\n",
                b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
                ok(b"end"),
            )
        )
        await self.gateway(pod)
        client = await self.client()

        heads = []
        for _ in range(2):
            client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
            heads.append(await client.head())
        client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        last = await client.message()

        self.assertEqual([head.split(b" ")[1] for head in heads], [b"204", b"304"])
        self.assertEqual([field(head, b"transfer-encoding") for head in heads], [None, None])
        self.assertEqual(last[1], b"end")

    async def test_chunked_answer(self) -> None:
        """
        A short chunked answer is given with its length, and its connection is used again.
        """
        chunks = b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n"
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
        pod = await self.pod(serving(chunked))
        await self.gateway(pod)

        bodies = [(await self.get())[1] for _ in range(2)]

        self.assertEqual(bodies, [b"hello world"] * 2)
        self.assertEqual(len(pod.connections), 1)

    async def test_chunks_as_they_come(self) -> None:
        """
        The beginning of a chunked answer reaches the client while the rest is still to come.
        """

        async def script(wire: Wire) -> None:
            await wire.head()
            wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")

        pod = await self.pod(script)
        await self.gateway(pod)
        client = await self.client()
        client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")

        head = await client.head()
        first = await client.exactly(8)
        pod.connections[0].send(b"3\r\ntwo\r\n0\r\n\r\n")
        rest = await client.until(b"0\r\n\r\n")

        self.assertEqual(field(head, b"transfer-encoding"), b"chunked")
        self.assertEqual(first, b"3\r\none\r\n")
        self.assertEqual(rest, b"3\r\ntwo\r\n0\r\n\r\n")

    async def test_until_close(self) -> None:
        """
        An answer without any length ends with the pod's connection, which is not used again.
        """
        pod = await self.pod(once(b"HTTP/1.1 200 OK\r\n\r\nall of it"))
        await self.gateway(pod)
        client = await self.client()

        client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        await client.head()
        body = await client.until(b"0\r\n\r\n")
        await self.get_ignoring_framing()

        self.assertEqual(body, b"9\r\nall of it\r\n0\r\n\r\n")
        self.assertEqual(len(pod.connections), 2)

    async def get_ignoring_framing(self) -> None:
        """
        A GET of which only the head counts.
        """
        client = await self.client()
        client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        await client.head()

    async def test_old_client(self) -> None:
        """
        A client of HTTP/1.0 gets no chunks, and the connection's end for the body's.
        """
        await self.gateway(await self.pod(once(b"HTTP/1.1 200 OK\r\n\r\nall of it")))
        client = await self.client()

        client.send(b"GET / HTTP/1.0\r\n\r\n")
        everything = await client.closed()

        self.assertTrue(everything.endswith(b"\r\n\r\nall of it"))
        self.assertNotIn(b"chunked", everything)

    async def test_interim_answers(self) -> None:
        """
        1xx answers of a pod are not the answer.
        """
        answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok(b"final")
        await self.gateway(await self.pod(serving(answer)))

        head, body = await self.get()

        self.assertTrue(head.startswith(b"HTTP/1.1 200"))
        self.assertEqual(body, b"final")

    async def test_pipelining(self) -> None:
        """
        Requests that are sent together are answered in their order, those with bodies too.
        """
        seen: list[bytes] = []
        await self.gateway(await self.pod(recording(seen, ok(b"first"), ok(b"second"), ok(b"third"))))
        client = await self.client()

        client.send(
            b"GET /1 HTTP/1.1\r\nHost: t\r\n\r\n"
            b"POST /2 HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbody"
            b"GET /3 HTTP/1.1\r\nHost: t\r\n\r\n"
        )
        bodies = [(await client.message())[1] for _ in range(3)]

        self.assertEqual(bodies, [b"first", b"second", b"third"])
        self.assertEqual([one.split(b" ")[1] for one in seen], [b"/1", b"/2", b"/3"])
        self.assertTrue(seen[1].endswith(b"\r\n\r\nbody"))

    async def test_empty_bodies(self) -> None:
        """
        A POST without body tells the pod so; a GET without body says nothing of a length.
        """
        seen: list[bytes] = []
        await self.gateway(await self.pod(recording(seen, ok(b""))))
        client = await self.client()

        client.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n")
        await client.message()
        client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        await client.message()

        self.assertEqual([field(one, b"content-length") for one in seen], [b"0", None])

    async def test_chunked_upload(self) -> None:
        """
        A chunked body reaches the pod chunked, while it comes.
        """
        await self.gateway(await self.pod(silent))
        client = await self.client()

        client.send(b"PUT / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        await self.eventually(lambda: bool(self.scripted[0].connections))
        wire = self.scripted[0].connections[0]
        await self.eventually(lambda: b"3\r\none\r\n" in wire.received)
        client.send(b"3\r\ntwo\r\n0\r\n\r\n")
        await self.eventually(lambda: wire.received.endswith(b"3\r\ntwo\r\n0\r\n\r\n"))

        self.assertIn(b"Transfer-Encoding: chunked", wire.received)
        self.assertNotIn(b"Content-Length", wire.received)

    async def test_expect(self) -> None:
        """
        A client that waits for "100 Continue" gets it when its body is wanted; the pod is not asked the same.
        """
        seen: list[bytes] = []
        await self.gateway(await self.pod(recording(seen, ok(b"thanks"))))
        client = await self.client()

        client.send(b"PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        interim = await client.head()
        client.send(b"body")
        _, body = await client.message()

        self.assertEqual(interim, b"HTTP/1.1 100 Continue\r\n\r\n")
        self.assertEqual(body, b"thanks")
        self.assertIsNone(field(seen[0], b"expect"))

    async def test_transformed(self) -> None:
        """
        A short body is transformed and sent with its new length.
        """
        forward = await self.gateway(await self.pod(serving(ok(b"abc"))))
        forward.transform = Upper

        head, body = await self.get()

        self.assertEqual((field(head, b"content-length"), body), (b"4", b"ABC!"))

    async def test_transformed_stream(self) -> None:
        """
        A long body is transformed while it streams, in chunks.
        """
        forward = await self.gateway(await self.pod(serving(ok(b"a" * 200_000))))
        forward.transform = Upper
        client = await self.client()

        client.send(b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
        head = await client.head()
        body = await client.closed()

        self.assertIsNone(field(head, b"content-length"))
        self.assertEqual((body.count(b"A"), body.count(b"a"), body.count(b"!")), (200_000, 0, 1))


class ConnectionTests(ForwardingCase):
    """
    Which connections are used again, and which requests are sent again.
    """

    async def test_reuse(self) -> None:
        """
        Requests one after another share one connection to the pod.
        """
        pod = await self.pod(serving(ok(b"x")))
        await self.gateway(pod)

        for _ in range(5):
            await self.get()

        self.assertEqual(len(pod.connections), 1)

    async def test_close(self) -> None:
        """
        A connection whose answer says ``Connection: close``, in any spelling, is not used again.
        """
        pod = await self.pod(serving(ok(b"x", b"Connection: foo, Close")))
        await self.gateway(pod)

        await self.get()
        await self.get()

        self.assertEqual(len(pod.connections), 2)

    async def test_old_pod(self) -> None:
        """
        A connection of HTTP/1.0 is not used again.
        """
        pod = await self.pod(serving(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"))
        await self.gateway(pod)

        await self.get()
        await self.get()

        self.assertEqual(len(pod.connections), 2)

    async def test_more_than_the_length(self) -> None:
        """
        Bytes beyond an answer's length reach no other request: their connection is closed.
        """
        pod = await self.pod(serving(ok(b"x") + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"))
        await self.gateway(pod)

        bodies = [(await self.get())[1] for _ in range(2)]

        self.assertEqual(bodies, [b"x", b"x"])
        self.assertEqual(len(pod.connections), 2)

    async def test_unasked_bytes(self) -> None:
        """
        Bytes that come on an idle connection end it.
        """
        pod = await self.pod(serving(ok(b"x")))
        await self.gateway(pod)
        await self.get()

        pod.connections[0].send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
        await pod.connections[0].closed()
        _, body = await self.get()

        self.assertEqual(body, b"x")

    async def test_stale_read(self) -> None:
        """
        A GET that meets a connection which the pod has just closed is sent again on another, once.
        """
        pod = await self.pod(self.one_answer_then(lambda wire: wire.close()))
        await self.gateway(pod)
        await self.get()

        head, _ = await self.get()

        self.assertTrue(head.startswith(b"HTTP/1.1 200"))
        self.assertEqual(len(pod.connections), 2)

    async def test_stale_write(self) -> None:
        """
        A POST or DELETE that meets such a connection is not sent again.
        """
        for line in (
            b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n",
            b"DELETE / HTTP/1.1\r\nHost: t\r\n\r\n",
        ):
            pod = await self.pod(self.one_answer_then(lambda wire: wire.close()))
            await self.gateway(pod)
            await self.get()
            client = await self.client()

            client.send(line)
            head, _ = await client.message()

            self.assertTrue(head.startswith(b"HTTP/1.1 502"))
            self.assertEqual(len(pod.connections), 1)
            self.pods.close()

    async def test_fresh(self) -> None:
        """
        A create that fails on a connection is sent nowhere else, though it were a GET.
        """
        pod = await self.pod(self.one_answer_then(lambda wire: wire.close()))
        forward = await self.gateway(pod)
        forward.fresh = True
        await self.get()

        head, _ = await self.get()

        self.assertTrue(head.startswith(b"HTTP/1.1 502"))

    def one_answer_then(self, end: Any) -> Script:
        """
        A script whose first connection answers once and meets the second request with an end; later ones serve on.
        """

        async def script(wire: Wire) -> None:
            first = len(self.scripted[-1].connections) == 1
            while True:
                try:
                    await wire.message()
                    wire.send(ok(b"x"))
                    if first:
                        await wire.message()
                        end(wire)
                        return
                except AssertionError:
                    return

        return script

    async def test_changed_settings(self) -> None:
        """
        A pod with new settings is reached by them, and its old connections are closed.
        """
        old = await self.pod(serving(ok(b"old")))
        new = await self.pod(serving(ok(b"new")))
        forward = await self.gateway(old)
        before = await self.get()

        self.with_settings(forward, endpoints={"compute": f"http://127.0.0.1:{new.port}"})
        after = await self.get()
        await old.connections[0].closed()

        self.assertEqual((before[1], after[1]), (b"old", b"new"))


class FailureTests(ForwardingCase):
    """
    Pods and clients that break off at every stage.
    """

    async def test_refused(self) -> None:
        """
        A port where nobody listens is a pod that cannot be reached.
        """
        pod = await self.pod(serving(ok(b"x")))
        port = self.ports.pop()
        await port.stopListening()
        await self.gateway(pod)

        head, _ = await self.get()

        self.assertTrue(head.startswith(b"HTTP/1.1 503"))

    async def test_malformed(self) -> None:
        """
        What is no HTTP is a broken pod.
        """
        for answer in (
            b"SSH-2.0-OpenSSH\r\n\r\n",
            b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 42 OK\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: rot13\r\n\r\nxx",
            b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 40_000 + b"\r\n",
        ):
            await self.gateway(await self.pod(once(answer, close=False)))

            head, _ = await self.get()

            self.assertTrue(head.startswith(b"HTTP/1.1 502"), (answer[:40], head[:40]))
            self.pods.close()

    async def test_reset_before_the_answer(self) -> None:
        """
        A connection that is reset before the answer, or in its head, is a broken pod.
        """
        for part in (b"", b"HTTP/1.1 200 OK\r\nContent-"):

            async def script(wire: Wire, part: bytes = part) -> None:
                await wire.head()
                wire.send(part)
                await deferLater(reactor, 0.02)
                wire.abort()

            await self.gateway(await self.pod(script))

            head, _ = await self.get()

            self.assertTrue(head.startswith(b"HTTP/1.1 502"))
            self.pods.close()

    async def test_cut_short(self) -> None:
        """
        A body that is cut short never looks whole: the client's connection is cut too.
        """
        for answer in (
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
            b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nshort",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        ):

            async def script(wire: Wire, answer: bytes = answer) -> None:
                await wire.head()
                wire.send(answer)
                await deferLater(reactor, 0.02)
                wire.close()

            forward = await self.gateway(await self.pod(script))
            client = await self.client()
            client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")

            everything = await client.closed()

            self.assertFalse(everything.endswith(b"0\r\n\r\n"))
            await self.eventually(lambda forward=forward: bool(forward.outcomes))
            self.assertFalse(forward.outcomes[0][1])
            self.pods.close()

    async def test_reset_without_length(self) -> None:
        """
        A body whose only end is the connection's is not whole when that is a reset.
        """

        async def script(wire: Wire) -> None:
            await wire.head()
            wire.send(b"HTTP/1.1 200 OK\r\n\r\npart")
            await deferLater(reactor, 0.02)
            wire.abort()

        forward = await self.gateway(await self.pod(script))
        client = await self.client()
        client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")

        everything = await client.closed()

        self.assertFalse(everything.endswith(b"0\r\n\r\n"))
        self.assertFalse(forward.outcomes[0][1])

    async def test_hang(self) -> None:
        """
        A pod that is silent past the budget is a timeout, and its connection is dropped.
        """
        pod = await self.pod(silent)
        forward = await self.gateway(pod)
        forward.budget = 0.1

        head, _ = await self.get()
        await pod.connections[0].closed()

        self.assertTrue(head.startswith(b"HTTP/1.1 504"))

    async def test_hang_in_the_body(self) -> None:
        """
        A body that stands still is dropped, and the client's connection with it.
        """
        pod = await self.pod(once(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nshort", close=False))
        await self.gateway(pod, body_timeout=0.1)
        client = await self.client()

        client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        await client.closed()
        await pod.connections[0].closed()

    async def test_client_leaves_a_read(self) -> None:
        """
        A client that leaves while the pod works drops the pod's connection, and counts not against the pod.
        """
        pod = await self.pod(silent)
        forward = await self.gateway(pod, breaker_threshold=1)
        client = await self.client()

        client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        await self.eventually(lambda: bool(pod.connections and pod.connections[0].received))
        client.abort()
        await pod.connections[0].closed()

        self.assertTrue(forward.pods.healthy("p1"))

    async def test_client_leaves_a_download(self) -> None:
        """
        A client that leaves in the middle of a long body drops the pod's connection.
        """
        pod = await self.pod(once(ok(b"x" * (8 * MEGABYTE)), close=False))
        forward = await self.gateway(pod)
        client = await self.client()

        client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        await client.exactly(1000)
        client.abort()
        await pod.connections[0].closed()
        await self.eventually(lambda: bool(forward.outcomes))

        self.assertFalse(forward.outcomes[0][1])

    async def test_client_leaves_an_upload(self) -> None:
        """
        A client that leaves in the middle of its upload drops the pod's connection, whole requests never arrive.
        """
        pod = await self.pod(silent)
        forward = await self.gateway(pod, breaker_threshold=1)
        client = await self.client()

        client.send(b"PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
        await self.eventually(lambda: bool(pod.connections) and b"xxx" in pod.connections[0].received)
        client.abort()
        await pod.connections[0].closed()
        await self.eventually(lambda: bool(forward.outcomes))

        self.assertTrue(forward.pods.healthy("p1"))

    async def test_early_answer(self) -> None:
        """
        A pod's 413 before the upload's end reaches the client at once, and the client's connection is closed.
        """

        async def script(wire: Wire) -> None:
            await wire.head()
            wire.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 6\r\n\r\n")
            await deferLater(reactor, 0.01)
            wire.send(b"no way")

        await self.gateway(await self.pod(script))
        client = await self.client()

        client.send(b"PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 1000)
        head, body = await client.message()
        client.send(b"x" * 100_000)
        client.close()

        self.assertTrue(head.startswith(b"HTTP/1.1 413"))
        self.assertEqual(field(head, b"connection"), b"close")
        self.assertEqual(body, b"no way")

    async def test_early_head(self) -> None:
        """
        The head of an early answer does not wait for its body.
        """

        async def script(wire: Wire) -> None:
            await wire.head()
            wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")

        await self.gateway(await self.pod(script))
        client = await self.client()

        client.send(b"PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 1000)
        head = await client.head()

        self.assertTrue(head.startswith(b"HTTP/1.1 200"))

    async def test_reset_in_an_upload(self) -> None:
        """
        A pod that resets an upload is a broken pod; the client is told, and its connection closed.
        """

        async def script(wire: Wire) -> None:
            await wire.head()
            wire.abort()

        await self.gateway(await self.pod(script))
        client = await self.client()

        client.send(b"PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 1000)
        head, _ = await client.message()

        self.assertTrue(head.startswith(b"HTTP/1.1 502"))
        self.assertEqual(field(head, b"connection"), b"close")

    async def test_crowd(self) -> None:
        """
        No more requests than allowed are under way at a pod; a bounded number waits, the next is refused at once.
        """

        async def script(wire: Wire) -> None:
            while True:
                try:
                    await wire.message()
                except AssertionError:
                    return
                await deferLater(reactor, 0.05)
                wire.send(ok(b"x"))

        pod = await self.pod(script)
        await self.gateway(pod, concurrency=2, queue=2)
        clients = [await self.client() for _ in range(5)]

        for client in clients:
            client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        heads = [(await client.message())[0] for client in clients]

        self.assertEqual(sorted(head.split(b" ")[1] for head in heads), [b"200"] * 4 + [b"503"])
        self.assertEqual(len(pod.connections), 2)

    async def test_breaker(self) -> None:
        """
        After failures in a row a pod is asked no more; others would go on.
        """

        async def script(wire: Wire) -> None:
            await wire.head()
            wire.abort()

        pod = await self.pod(script)
        forward = await self.gateway(pod, breaker_threshold=2)

        heads = [(await self.get())[0] for _ in range(3)]

        self.assertEqual([head.split(b" ")[1] for head in heads], [b"502", b"502", b"503"])
        self.assertFalse(forward.pods.healthy("p1"))
        self.assertIsInstance(forward.outcomes[0], PodBroken)


class SecureTests(ForwardingCase):
    """
    Pods behind TLS.
    """

    def authority(self) -> tuple[Any, str]:
        """
        A server's options, and the file with the authority that they are checked against.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pod")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        plain = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = Path(self.mktemp())
        file.write_bytes(b"# The authority of one pod\n" + pem)
        return PrivateCertificate.loadPEM(pem + plain).options(), str(file)

    async def test_trusted(self) -> None:
        """
        A pod with a certificate of its own authority is reached, and its connection used again.
        """
        options, file = self.authority()
        pod = await self.pod(serving(ok(b"secret")), tls=options)
        await self.gateway(pod, ca_file=file)

        bodies = [(await self.get())[1] for _ in range(2)]

        self.assertEqual(bodies, [b"secret"] * 2)
        self.assertEqual(len(pod.connections), 1)

    async def test_long_upload(self) -> None:
        """
        A body of some megabytes goes up and comes back.
        """
        options, file = self.authority()

        async def script(wire: Wire) -> None:
            _, body = await wire.message()
            wire.send(ok(body))

        await self.gateway(await self.pod(script, tls=options), ca_file=file)
        client = await self.client()
        size = 3 * MEGABYTE

        client.send(b"PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
        _, body = await client.message()

        self.assertEqual(body, b"x" * size)

    async def test_untrusted(self) -> None:
        """
        One with another authority's is unreachable: nothing was sent to it.
        """
        options, _ = self.authority()
        _, other = self.authority()
        pod = await self.pod(serving(ok(b"secret")), tls=options)
        forward = await self.gateway(pod, ca_file=other)

        head, _ = await self.get()

        self.assertTrue(head.startswith(b"HTTP/1.1 503"))
        self.assertFalse(forward.outcomes[0].sent)
        self.assertEqual(sum(wire.total for wire in pod.connections), 0)

    async def test_no_tls(self) -> None:
        """
        So is one that does not speak TLS.
        """
        _, file = self.authority()

        async def script(wire: Wire) -> None:
            wire.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        forward = await self.gateway(await self.pod(script), ca_file=file)

        head, _ = await self.get()

        self.assertTrue(head.startswith(b"HTTP/1.1 503"))
        self.assertFalse(forward.outcomes[0].sent)

    async def test_silent_handshake(self) -> None:
        """
        So is one that never finishes the handshake.
        """
        _, file = self.authority()
        pod = await self.pod(silent)
        forward = await self.gateway(pod, ca_file=file, connect_timeout=0.1)

        head, _ = await self.get()
        await pod.connections[0].closed()

        self.assertTrue(head.startswith(b"HTTP/1.1 503"))
        self.assertFalse(forward.outcomes[0].sent)


class VolumeTests(ForwardingCase):
    """
    Bodies larger than what may be kept of them, and peers slower than each other.
    """

    size = 300 * MEGABYTE

    async def test_download(self) -> None:
        """
        300 MB reach the client, and the process grows by no more than a few buffers.
        """

        async def script(wire: Wire) -> None:
            await wire.head()
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % self.size)
            wire.transport.registerProducer(Hose(wire, self.size), False)

        await self.gateway(await self.pod(script))
        client = await self.client()
        client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        head = await client.head()
        counted = count(client)
        memory = Memory()

        await self.eventually(lambda: memory.looked() and counted.size >= self.size)

        self.assertEqual(counted.size, self.size)
        self.assertEqual(field(head, b"content-length"), b"%d" % self.size)
        self.assertLess(memory.grown, 40 * MEGABYTE)

    async def test_upload(self) -> None:
        """
        300 MB reach the pod, and the process grows by no more than a few buffers.
        """
        counters: list[Counter] = []

        async def script(wire: Wire) -> None:
            await wire.head()
            counters.append(count(wire))

        await self.gateway(await self.pod(script))
        client = await self.client()
        client.send(b"PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n" % self.size)
        memory = Memory()
        client.transport.registerProducer(Hose(client, self.size), False)

        await self.eventually(lambda: memory.looked() and bool(counters) and counters[0].size >= self.size)
        self.scripted[0].connections[0].send(ok(b"got it"))
        _, body = await client.message()

        self.assertEqual((counters[0].size, body), (self.size, b"got it"))
        self.assertLess(memory.grown, 40 * MEGABYTE)

    async def test_slow_client(self) -> None:
        """
        A client that reads nothing stops the pod; nothing is lost when it reads on.
        """
        size = 30 * MEGABYTE
        hoses: list[Hose] = []

        async def script(wire: Wire) -> None:
            await wire.head()
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            hoses.append(Hose(wire, size))
            wire.transport.registerProducer(hoses[0], False)

        await self.gateway(await self.pod(script))
        client = await self.client()
        client.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        await client.head()
        counted = count(client)
        client.transport.pauseProducing()
        await self.stands_still(lambda: hoses[0].left)
        held = hoses[0].left

        client.transport.resumeProducing()
        await self.eventually(lambda: counted.size == size)

        self.assertGreater(held, size // 3)

    async def test_slow_pod(self) -> None:
        """
        A pod that reads nothing stops the client; nothing is lost when it reads on.
        """
        size = 30 * MEGABYTE
        counters: list[Counter] = []

        async def script(wire: Wire) -> None:
            await wire.head()
            counters.append(count(wire))
            wire.transport.pauseProducing()

        await self.gateway(await self.pod(script))
        client = await self.client()
        client.send(b"PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n" % size)
        hose = Hose(client, size)
        client.transport.registerProducer(hose, False)
        await self.eventually(lambda: bool(counters))
        await self.stands_still(lambda: hose.left)
        held = hose.left

        pod = self.scripted[0].connections[0]
        pod.transport.resumeProducing()
        await self.eventually(lambda: counters[0].size == size)
        pod.send(ok(b"got it"))
        _, body = await client.message()

        self.assertGreater(held, size // 3)
        self.assertEqual(body, b"got it")

    async def stands_still(self, number: Any) -> None:
        """
        Wait until a number has not changed for many turns of the reactor.
        """
        last, same = number(), 0
        while same < 20:
            await deferLater(reactor, 0.005)
            same = same + 1 if number() == last else 0
            last = number()


class LeanFramingTests(FramingTests):
    """
    The same over the lean connection.
    """

    connection = LeanConnection


class LeanPassingThroughTests(PassingThroughTests):
    """
    The same over the lean connection.
    """

    connection = LeanConnection


class LeanConnectionTests(ConnectionTests):
    """
    The same over the lean connection.
    """

    connection = LeanConnection


class LeanFailureTests(FailureTests):
    """
    The same over the lean connection.
    """

    connection = LeanConnection


class LeanSecureTests(SecureTests):
    """
    The same over the lean connection.
    """

    connection = LeanConnection


class LeanVolumeTests(VolumeTests):
    """
    The same over the lean connection.
    """

    connection = LeanConnection


class Hose:
    """
    A pull producer of many bytes.
    """

    piece = b"x" * 65_536

    def __init__(self, wire: Wire, size: int) -> None:
        self.wire = wire
        self.left = size

    def resumeProducing(self) -> None:
        data = self.piece[: self.left]
        self.left -= len(data)
        self.wire.send(data)
        if not self.left:
            self.wire.transport.unregisterProducer()

    def stopProducing(self) -> None:
        self.left = 0


class Counter:
    """
    Counts what a wire receives from now on, and keeps only the last bytes after a whole body.
    """

    def __init__(self, wire: Wire) -> None:
        self.size = len(wire.received)
        wire.received.clear()
        self.wire = wire
        self.keeps = wire.dataReceived
        wire.dataReceived = self.take

    def take(self, data: bytes) -> None:
        """
        Count.
        """
        if data.startswith(b"HTTP/1.1"):
            self.wire.dataReceived = self.keeps
            self.keeps(data)
        else:
            self.size += len(data)


def count(wire: Wire) -> Counter:
    """
    Count what comes instead of keeping it.
    """
    return Counter(wire)


class Memory:
    """
    How much this process grows, bytes; looked at again and again, for a peak from before would hide it.
    """

    def __init__(self) -> None:
        self.before = self.now()
        self.grown = 0

    def now(self) -> int:
        """
        The resident size.
        """
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    def looked(self) -> bool:
        """
        Take a look.
        """
        self.grown = max(self.grown, self.now() - self.before)
        return True
