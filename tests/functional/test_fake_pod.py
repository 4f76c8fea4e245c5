"""
A whole fake pod over real sockets.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from treq.client import HTTPClient
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost, ConnectionRefusedError, ProcessDone, ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent, HTTPConnectionPool, ResponseFailed

from trio2o.sandbox.call import Caller
from trio2o.sandbox.frame import StaticTokens
from trio2o.sandbox.pod import FakePod

reactor: Any = _reactor

PROJECT = "d" * 32
IMAGE = "6b9648cf-4927-462f-8ceb-3beb5e34bcd5"
TOKENS = StaticTokens(
    {
        "demo": Caller(user_id="demo", project_id=PROJECT, roles=frozenset({"member"})),
        "admin": Caller(user_id="admin", project_id="a" * 32, roles=frozenset({"admin"})),
    }
)


class FakePodTests(TestCase):
    """
    One pod in this process, with a manual clock.
    """

    async def setUp(self) -> None:  # type: ignore[override]
        self.pool = HTTPConnectionPool(reactor)
        self.pool.retryAutomatically = False
        self.http: Any = HTTPClient(Agent(reactor, pool=self.pool))
        self.pod = FakePod(reactor, "Pod1", verifier=TOKENS, manual_clock=True)
        await self.pod.start()

    async def tearDown(self) -> None:  # type: ignore[override]
        await self.pool.closeCachedConnections()
        await self.pod.stop()

    async def ask(self, method: str, service: str, path: str, body: Any = None) -> tuple[int, Any]:
        """
        Status and JSON body (None for none) from one of the pod's services.
        """
        keywords: dict[str, Any] = {} if body is None else {"json": body}
        response = await self.http.request(
            method, self.pod.origins[service] + path, headers={"X-Auth-Token": "demo"}, **keywords
        )
        content = await response.content()
        return response.code, json.loads(content) if content else None

    async def advance(self, seconds: float) -> None:
        """
        Move the pod's clock.
        """
        status, _ = await self.ask("POST", "nova", "/_sandbox/clock", {"advance": seconds})
        self.assertEqual(status, 200)

    async def server(self, **fields: Any) -> str:
        """
        The id of a new server that is built.
        """
        wanted = {"server": {"name": "s", "imageRef": IMAGE, "flavorRef": "1", **fields}}
        status, body = await self.ask("POST", "nova", "/v2.1/servers", wanted)
        self.assertEqual(status, 202, body)
        await self.advance(1)
        server_id: str = body["server"]["id"]
        return server_id

    async def shown(self, server_id: str) -> Any:
        """
        The server.
        """
        status, body = await self.ask("GET", "nova", f"/v2.1/servers/{server_id}")
        self.assertEqual(status, 200)
        return body["server"]

    async def test_services_share_the_pod(self) -> None:
        """
        A server is on a network of the pod's Neutron and gets a volume of the pod's Cinder.
        """
        _, networks = await self.ask("GET", "neutron", "/v2.0/networks?name=shared-net")
        server_id = await self.server(networks=[{"uuid": networks["networks"][0]["id"]}])
        status, volume = await self.ask("POST", "cinder", "/v3/volumes", {"volume": {"size": 1}})
        self.assertEqual(status, 202)
        volume_id = volume["volume"]["id"]
        await self.advance(1)

        wanted = {"volumeAttachment": {"volumeId": volume_id}}
        path = f"/v2.1/servers/{server_id}/os-volume_attachments"
        self.assertEqual((await self.ask("POST", "nova", path, wanted))[0], 200)

        server = await self.shown(server_id)
        self.assertEqual(server["status"], "ACTIVE")
        self.assertEqual(list(server["addresses"]), ["shared-net"])
        self.assertEqual(server["os-extended-volumes:volumes_attached"], [{"id": volume_id}])
        _, volume = await self.ask("GET", "cinder", f"/v3/volumes/{volume_id}")
        self.assertEqual(volume["volume"]["status"], "in-use")
        self.assertEqual(volume["volume"]["attachments"][0]["server_id"], server_id)
        _, ports = await self.ask("GET", "neutron", f"/v2.0/ports?device_id={server_id}")
        self.assertEqual(len(ports["ports"]), 1)

        await self.ask("DELETE", "nova", f"/v2.1/servers/{server_id}")
        await self.advance(1)
        _, volume = await self.ask("GET", "cinder", f"/v3/volumes/{volume_id}")
        self.assertEqual(volume["volume"]["status"], "available")
        _, ports = await self.ask("GET", "neutron", f"/v2.0/ports?device_id={server_id}")
        self.assertEqual(ports["ports"], [])

    async def test_boots_from_a_new_volume(self) -> None:
        """
        A boot from an image into a volume leaves a volume of the pod's Cinder in use by the server.
        """
        mapping = {
            "uuid": IMAGE,
            "source_type": "image",
            "destination_type": "volume",
            "boot_index": 0,
            "volume_size": 1,
        }
        server_id = await self.server(imageRef="", block_device_mapping_v2=[mapping])
        (attached,) = (await self.shown(server_id))["os-extended-volumes:volumes_attached"]
        _, volume = await self.ask("GET", "cinder", f"/v3/volumes/{attached['id']}")
        self.assertEqual((volume["volume"]["status"], volume["volume"]["bootable"]), ("in-use", "true"))

    async def test_down_and_up(self) -> None:
        """
        A pod that goes down breaks its connections and refuses new ones; up again it has ports and state as before.
        """
        server_id = await self.server()
        await self.ask("POST", "nova", "/_sandbox/behaviours", {"kind": "hang", "times": 1})
        hanging = Deferred.fromCoroutine(self.shown(server_id))
        ports = self.pod.ports
        await self.until_seen(server_id)

        await self.pod.go_down()
        await self.assertFailure(hanging, ResponseFailed)
        await self.pool.closeCachedConnections()
        with self.assertRaises(ConnectionRefusedError):
            await self.shown(server_id)

        await self.pod.start()
        self.assertEqual(self.pod.ports, ports)
        self.assertEqual((await self.shown(server_id))["id"], server_id)

    async def until_seen(self, server_id: str) -> None:
        """
        Wait until the hanging request has arrived.
        """
        while True:
            _, body = await self.ask("GET", "nova", f"/_sandbox/requests?method=GET&path={server_id}")
            if body["requests"]:
                return

    async def test_reset_after(self) -> None:
        """
        ``reset_after`` makes the server and resets the connection.
        """
        await self.ask(
            "POST", "nova", "/_sandbox/behaviours", {"kind": "reset_after", "match": {"method": "POST"}}
        )
        with self.assertRaises(ResponseFailed) as caught:
            await self.server()
        reasons = caught.exception.reasons
        self.assertTrue(any(each.check(ConnectionLost) for each in reasons), reasons)
        _, body = await self.ask("GET", "nova", "/v2.1/servers")
        self.assertEqual(len(body["servers"]), 1)

    async def test_no_content(self) -> None:
        """
        Nova's 204 carries a type, as Nova 34 sends it, and does not spoil the connection.
        """
        server_id = await self.server()
        url = f"{self.pod.origins['nova']}/v2.1/servers/{server_id}"
        response = await self.http.delete(url, headers={"X-Auth-Token": "demo"})
        self.assertEqual(response.code, 204)
        self.assertEqual(response.headers.getRawHeaders("Content-Type"), ["application/json"])
        await response.content()
        self.assertEqual((await self.ask("GET", "nova", "/v2.1/servers"))[0], 200)


class _Child(ProcessProtocol):
    """
    The pod's process.
    """

    def __init__(self) -> None:
        self.first_line: Deferred[bytes] = Deferred()
        self.ended: Deferred[BaseException | None] = Deferred()
        self._received = b""
        self.errors = b""

    def outReceived(self, data: bytes) -> None:
        self._received += data
        if b"\n" in self._received and not self.first_line.called:
            self.first_line.callback(self._received.partition(b"\n")[0])

    def errReceived(self, data: bytes) -> None:
        self.errors += data

    def processEnded(self, reason: Failure) -> None:
        if not self.first_line.called:
            self.first_line.errback(reason)
        self.ended.callback(reason.value)


class ProcessTests(TestCase):
    """
    ``python -m trio2o.sandbox.pod``.
    """

    async def test_life(self) -> None:
        """
        It tells on one line where it listens, answers there, and ends by SIGTERM.
        """
        child = _Child()
        arguments = [sys.executable, "-m", "trio2o.sandbox.pod", "--name", "PodX", "--manual-clock"]
        arguments += ["--keystone", "http://127.0.0.1:1/v3", "--nova-versions", "2.1:2.79"]
        paths = [path for path in sys.path if path] + [os.getcwd()]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        process = reactor.spawnProcess(child, sys.executable, arguments, env=environment)
        self.addCleanup(_kill, process)

        described = json.loads(await child.first_line)
        self.assertEqual(described["pod"], "PodX")
        http: Any = HTTPClient(Agent(reactor))
        response = await http.get(described["urls"]["compute"], timeout=30)
        self.assertEqual((await response.json())["version"]["version"], "2.79")
        response = await http.get(f"{described['origins']['cinder']}/_sandbox/clock", timeout=30)
        self.assertTrue((await response.json())["clock"]["manual"])

        process.signalProcess("TERM")
        reason = await child.ended
        self.assertIsInstance(reason, ProcessDone, child.errors)


def _kill(process: Any) -> None:
    try:
        process.signalProcess("KILL")
    except ProcessExitedAlready:
        return
