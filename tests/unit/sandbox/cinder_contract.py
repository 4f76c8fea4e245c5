"""
What a Cinder v3 does, as far as Trio2o counts on it: the same tests run on the fake and on a real Cinder 29.

The Cinder has the availability zone ``nova``, the volume type ``files`` as its default and no volumes of the
project; ``demo`` and ``alt`` are members of two projects, ``admin`` is an admin of a third.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from tests.unit.sandbox.asking import Api, Reply, Who

NOBODY = "5aa119a8-d25b-45a7-8d1b-88e127885635"
MAXIMUM = "3.71"
#: Looks until something that was started has to be done; a backup on a busy machine takes most.
LOOKS = 240


class CinderContract:
    """
    A mixin; the test case gives the API (its URL ends in ``/v3``), the three callers, ``finish`` and
    ``wait``.
    """

    api: Api
    demo: Who
    alt: Who
    admin: Who

    def finish(self, check: Coroutine[Any, Any, None]) -> Any:
        """
        Run a check to its end, or give its Deferred.
        """
        raise NotImplementedError

    async def wait(self) -> None:
        """
        Let some of Cinder's time pass.
        """
        raise NotImplementedError

    async def ask(
        self, method: str, path: str, body: Any = None, *, who: Who | None = None, version: str = MAXIMUM
    ) -> Reply:
        """
        Ask as ``demo``, or as another.
        """
        headers = {"OpenStack-API-Version": f"volume {version}"}
        token = (who or self.demo).token
        return await self.api.ask(method, path, token=token, body=body, headers=headers)

    async def good(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """
        The JSON of an answer that is no error.
        """
        reply = await self.ask(method, path, body, **more)
        assert reply.status < 300, (reply.status, reply.content)
        return reply.json if reply.content else None

    async def refused(
        self, status: int, message: str, method: str, path: str, body: Any = None, **more: Any
    ) -> None:
        """
        Check an error's status, shape and words.
        """
        reply = await self.ask(method, path, body, **more)
        assert reply.status == status, (reply.status, reply.content)
        ((_, fault),) = reply.json.items()
        assert fault["code"] == status
        assert fault["message"] == message, fault["message"]

    async def until(self, path: str, status: str, **more: Any) -> Any:
        """
        Wait until the thing at the path has a status, or until it is gone.
        """
        for _ in range(LOOKS):
            reply = await self.ask("GET", path, **more)
            if reply.status == 404 and status == "gone":
                return None
            ((_, thing),) = reply.json.items()
            if thing.get("status") == status:
                return thing
            await self.wait()
        raise AssertionError(f"{path} never became {status}: {reply.content!r}")

    async def volume(self, **fields: Any) -> Any:
        """
        A new volume that is available.
        """
        made = await self.good("POST", "/volumes", {"volume": {"size": 1, **fields}})
        return await self.until(f"/volumes/{made['volume']['id']}", "available")

    async def snapshot(self, volume_id: str) -> Any:
        """
        A new snapshot that is available.
        """
        made = await self.good("POST", "/snapshots", {"snapshot": {"volume_id": volume_id}})
        return await self.until(f"/snapshots/{made['snapshot']['id']}", "available")
