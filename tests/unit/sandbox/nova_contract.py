"""
What contracts of Nova have in common: requests at the newest release's API, and waiting for what they start.

The pod has the flavors ``m1.tiny`` (1), ``m1.small`` (2), ``m1.nano`` (42) and ``m1.micro`` (84), one zone ``nova`` with
one host, and the network ``shared-net``; its Glance has the public image ``cirros``. A contract holds for the fake in
the unit tier and for a real Nova 34 in the test cloud.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.unit.sandbox.asking import Api, Reply, Who, now
from tests.unit.sandbox.nova_questions import NovaQuestions

NOWHERE = "00000000-0000-4000-8000-000000000000"
FLAVOR, LARGER = "42", "84"
#: Looks until something that was started has to be done.
LOOKS = 240


def some_name(kind: str) -> str:
    """
    A name that nothing in a cloud has.
    """
    return f"contract-{kind}-{uuid4().hex[:8]}"


class NovaContract(NovaQuestions):
    """
    A mixin; the test case gives ``service``, ``wait`` and the callers, of whom ``demo`` has no servers.
    """

    demo: Who
    alt: Who
    admin: Who

    if TYPE_CHECKING:

        def service(self, name: str, path: str) -> Api:
            """
            A service of the pod, at a path.
            """
            raise NotImplementedError

        async def wait(self) -> None:
            """
            Let some of the pod's time pass.
            """

    @cached_property
    def api(self) -> Api:
        """
        The compute API.
        """
        return self.service("compute", "/v2.1")

    @cached_property
    def image(self) -> str:
        """
        The id of the image ``cirros``.
        """
        found: str = self.other("image", "GET", "/v2/images?name=cirros")["images"][0]["id"]
        return found

    @cached_property
    def network(self) -> str:
        """
        The id of the network ``shared-net``.
        """
        found: str = self.other("network", "GET", "/v2.0/networks?name=shared-net")["networks"][0]["id"]
        return found

    def other(self, service: str, method: str, path: str, body: Any = None) -> Any:
        """
        The JSON that another service of the pod answers.
        """
        reply = now(self.service(service, "").ask(method, path, token=self.demo.token, body=body))
        assert reply.status < 300, (reply.status, reply.content)
        return reply.json if reply.content else None

    def response(
        self, method: str, path: str, body: Any = None, *, minor: int | None = None, who: str = "demo"
    ) -> Reply:
        """
        The answer to a request below ``/v2.1``.
        """
        headers = {} if minor is None else {"OpenStack-API-Version": f"compute 2.{minor}"}
        caller: Who = getattr(self, who)
        reply: Reply = now(self.api.ask(method, path, token=caller.token, body=body, headers=headers))
        return reply

    def ask(
        self, method: str, path: str, body: Any = None, *, minor: int | None = None, who: str = "demo"
    ) -> tuple[int, Any]:
        """
        Status and JSON body (None for none) of the answer.
        """
        reply = self.response(method, path, body, minor=minor, who=who)
        return reply.status, (reply.json if reply.content else None)

    def wanted(self, **fields: Any) -> dict[str, Any]:
        """
        What a create asks for. A field that is None is left out.
        """
        server = {
            "name": "s",
            "imageRef": self.image,
            "flavorRef": FLAVOR,
            "networks": "none",
            **fields,
        }
        return {name: value for name, value in server.items() if value is not None}

    def create(self, *, minor: int = 100, hints: dict[str, Any] | None = None, **fields: Any) -> str:
        """
        The id of a new server, still being built.
        """
        body: dict[str, Any] = {"server": self.wanted(**fields)}
        if hints:
            body["os:scheduler_hints"] = hints
        status, answer = self.ask("POST", "/servers", body, minor=minor)
        self.assertEqual(status, 202, answer)
        made: str = answer["server"]["id"]
        return made

    def active(self, **fields: Any) -> str:
        """
        The id of a new server that is built.
        """
        server_id = self.create(**fields)
        self.until(server_id, "ACTIVE")
        return server_id

    def until(self, server_id: str, status: str) -> Any:
        """
        Wait until a server has a status and no task; the server.
        """
        for _ in range(LOOKS):
            server = self.show(server_id)
            if server["status"] == status and server["OS-EXT-STS:task_state"] is None:
                return server
            self.assertNotEqual(server["status"], "ERROR", server)
            now(self.wait())
        raise AssertionError(f"The server never became {status}: {server}")

    def gone(self, server_id: str) -> None:
        """
        Delete a server and wait until it is gone.
        """
        self.ask("DELETE", f"/servers/{server_id}")
        for _ in range(LOOKS):
            if self.ask("GET", f"/servers/{server_id}")[0] == 404:
                return
            now(self.wait())
        raise AssertionError(f"The server {server_id} stays.")

    def volume(self, **fields: Any) -> str:
        """
        The id of a new volume that is available.
        """
        body = {"volume": {"size": 1, **fields}}
        made: str = self.other("volume", "POST", "/v3/volumes", body)["volume"]["id"]
        self.until_volume(made, "available")
        return made

    def until_volume(self, volume_id: str, status: str) -> Any:
        """
        Wait until a volume has a status; the volume.
        """
        for _ in range(LOOKS):
            volume = self.other("volume", "GET", f"/v3/volumes/{volume_id}")["volume"]
            if volume["status"] == status:
                return volume
            now(self.wait())
        raise AssertionError(f"The volume never became {status}: {volume}")

    def a_moment(self) -> None:
        """
        Let more than a second pass, so that what comes next is younger.
        """
        for _ in range(3):
            now(self.wait())
