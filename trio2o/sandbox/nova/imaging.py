"""
The images that a Nova makes of servers, in the Glance that the pods share.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Protocol

import treq
from attrs import define
from treq.client import HTTPClient
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectError, ConnectionClosed
from twisted.web.client import ResponseFailed

from trio2o.sandbox.answers import Fault
from trio2o.sandbox.call import Call


class Images(Protocol):
    """
    Where images of servers go.
    """

    async def has(self, image_id: str, call: Call) -> bool:
        """
        Whether the caller can see such an image.

        :raises Fault: if nobody can tell.
        """

    async def make(self, image_id: str, name: str, properties: Mapping[str, str], token: str) -> None:
        """
        Make an image in the name of a token's holder.

        :raises Fault: if it cannot be made.
        """


@define(eq=False)
class NoImages:
    """
    Keeps none, and has any that is asked for: a test that looks at Nova alone needs none.
    """

    async def has(self, image_id: str, call: Call) -> bool:
        return True

    async def make(self, image_id: str, name: str, properties: Mapping[str, str], token: str) -> None:
        pass


@define(eq=False)
class GlanceImages:
    """
    Makes them by the Image API v2. A fake server has no disk: its image is its name.
    """

    endpoint: str
    http: HTTPClient

    async def has(self, image_id: str, call: Call) -> bool:
        token = call.header("X-Auth-Token") or ""
        url = f"{self.endpoint}/v2/images/{uuid.UUID(image_id)}"
        return await self._ask("GET", url, token, missing=404) != 404

    async def make(self, image_id: str, name: str, properties: Mapping[str, str], token: str) -> None:
        wanted = {
            **properties,
            "id": image_id,
            "name": name,
            "disk_format": "raw",
            "container_format": "bare",
            "image_type": "snapshot",
        }
        url = f"{self.endpoint}/v2/images"
        await self._ask("POST", url, token, json=wanted)
        await self._ask("PUT", f"{url}/{image_id}/file", token, data=name.encode())

    async def _ask(self, method: str, url: str, token: str, missing: int = 0, **more: Any) -> int:
        """
        The status of an answer that is no error, or the one that means that there is no such image.
        """
        headers: dict[bytes | str, bytes | str] = {"X-Auth-Token": token}
        if "data" in more:
            headers["Content-Type"] = "application/octet-stream"
        try:
            response = await self.http.request(method, url, headers=headers, **more)
            await treq.content(response)
        except CancelledError:
            raise
        except (ConnectError, ConnectionClosed, ResponseFailed) as error:
            raise Fault(500, "Unexpected API Error.") from error
        if response.code >= 300 and response.code != missing:
            raise Fault(500, f"Unexpected API Error. Glance answered {response.code}.")
        return int(response.code)
