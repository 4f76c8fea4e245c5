"""
Clients that create servers, many at once, and what they were told.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator

from attrs import field, frozen
from twisted.internet.defer import Deferred, gatherResults

from tests.functional.cloud import Client, Reply, a_server, pause

#: Seconds between two tries of one create.
_BETWEEN = 0.3


@frozen(kw_only=True)
class Wish:
    """
    One server that somebody wants. Its name is like no other's, so that it can be counted at the pods.
    """

    client: Client
    name: str
    #: The ``Idempotency-Key``; without one a create is tried once, but for a refusal of the gateway's.
    key: str | None = None


@frozen(kw_only=True)
class Outcome:
    """
    How a wish ended.
    """

    wish: Wish
    #: The last answer's status; 0 where a connection ended without one.
    status: int
    server_id: str = ""
    tries: int = 1
    #: From the first try to the last answer.
    seconds: float = 0.0
    said: str = field(default="", repr=False)

    @property
    def made(self) -> bool:
        """
        True where the client was told of a server.
        """
        return self.status == 202


async def create(wish: Wish, *, patience: float) -> Outcome:
    """
    Create a server. With a key every failure but a refusal of the body is tried again with the same key, so long. Without one
    only the gateway's own 503 is: nothing was sent to a pod then.
    """
    began = time.monotonic()
    tries = 0
    while True:
        tries += 1
        status, said = await _once(wish)
        took = time.monotonic() - began
        again = status in (0, 409) or status >= 500
        if wish.key is None:
            again = status == 503 and "New resources cannot be made at the moment" in said
        if not again or took > patience:
            made = str(json.loads(said)["server"]["id"]) if status == 202 else ""
            return Outcome(wish=wish, status=status, server_id=made, tries=tries, seconds=took, said=said)
        await pause(_BETWEEN)


async def _once(wish: Wish) -> tuple[int, str]:
    headers = {} if wish.key is None else {"Idempotency-Key": wish.key}
    try:
        answer: Reply = await wish.client.post("/v2.1/servers", a_server(wish.name), headers=headers)
    except Exception as problem:  # noqa: BLE001 - whatever ends a connection: there was no answer
        return 0, repr(problem)
    return answer.status, answer.body.decode("utf-8", "replace")


async def at_once(wishes: Iterable[Wish], *, patience: float = 60.0) -> list[Outcome]:
    """
    All of them at the same time.
    """
    outcomes: list[Outcome] = await gatherResults(
        [Deferred.fromCoroutine(create(wish, patience=patience)) for wish in wishes], consumeErrors=True
    )
    return outcomes


async def by_some(wishes: Iterator[Wish], clients: int, *, patience: float) -> list[Outcome]:
    """
    So many clients, each of which takes the next wish when its last is over.
    """
    outcomes: list[Outcome] = []

    async def work() -> None:
        for wish in wishes:
            outcomes.append(await create(wish, patience=patience))

    await gatherResults([Deferred.fromCoroutine(work()) for _ in range(clients)], consumeErrors=True)
    return outcomes
