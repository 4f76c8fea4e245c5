"""
Turns at something scarce, shared fairly between clients: who asks a lot waits behind its own requests, not before others'.
"""

from __future__ import annotations

from collections import deque
from ipaddress import IPv6Address, ip_address

from attrs import define, field
from twisted.internet.defer import Deferred, succeed

from trio2o.errors import Unavailable

#: The bits of an IPv6 address that tell clients apart: whoever has one address has its network.
_NETWORK_BITS = 64


@define(eq=False)
class FairGate:
    """
    At most ``width`` hold a turn. Who waits is served by client in a circle, each client's own in their order.

    With ``room`` waiting the client that waits most gives way: its last one is refused, be it the one that comes.
    """

    width: int
    room: int
    _held: int = field(default=0, init=False)
    _waiting: int = field(default=0, init=False)
    _handing_on: bool = field(default=False, init=False)
    #: Client to those who wait, the next client first.
    _queues: dict[str, deque[Deferred[None]]] = field(factory=dict, init=False)

    @property
    def held(self) -> int:
        """
        How many hold a turn.
        """
        return self._held

    @property
    def waiting(self) -> int:
        """
        How many wait.
        """
        return self._waiting

    def enter(self, client: str) -> Deferred[None]:
        """
        Fires when it is the caller's turn, which :meth:`leave` ends. Who no longer waits cancels it.

        :raises Unavailable: through the result, if too many wait.
        """
        if self._held < self.width and not self._queues:
            self._held += 1
            return succeed(None)
        queue = self._queues.setdefault(client, deque())
        turn: Deferred[None] = Deferred(lambda gone: self._forget(client, gone))
        queue.append(turn)
        self._waiting += 1
        if self._waiting > self.room:
            greediest = max(self._queues, key=lambda each: (len(self._queues[each]), each == client))
            last = self._queues[greediest][-1]
            self._forget(greediest, last)
            last.errback(_refused())
        return turn

    def leave(self) -> None:
        """
        End a turn: the next client's first one gets it.
        """
        self._held -= 1
        if self._handing_on:
            # a turn that ended at once: the loop below goes on, so that no number of such turns nests
            return
        self._handing_on = True
        try:
            while self._queues and self._held < self.width:
                client = next(iter(self._queues))
                queue = self._queues.pop(client)
                turn = queue.popleft()
                self._waiting -= 1
                if queue:
                    self._queues[client] = queue
                self._held += 1
                turn.callback(None)
        finally:
            self._handing_on = False

    def _forget(self, client: str, turn: Deferred[None]) -> None:
        queue = self._queues.get(client)
        if queue is None or turn not in queue:
            return
        queue.remove(turn)
        self._waiting -= 1
        if not queue:
            del self._queues[client]


def same_client(address: str) -> str:
    """
    What addresses of one client have in common: an IPv4 address, or the network of an IPv6 one.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address) or found.ipv4_mapped is not None:
        return str(getattr(found, "ipv4_mapped", None) or found)
    return str(IPv6Address(int(found) >> (128 - _NETWORK_BITS) << (128 - _NETWORK_BITS)))


def _refused() -> Unavailable:
    return Unavailable(
        "The identity service cannot be asked at the moment. Try again.",
        admin_detail="too many new tokens wait for Keystone",
        headers=[(b"Retry-After", b"1")],
    )
