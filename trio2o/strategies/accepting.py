"""
Accepted volume transfers: what they hand over is the accepting project's from then on, and is held to its limits before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from attrs import define

from trio2o.errors import GatewayError, PodFailure
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IState, IStrategy
from trio2o.model import Holding, Kind, Pod, PodState, RequestContext
from trio2o.quota.counting import text
from trio2o.quota.refusals import cinder_accepting
from trio2o.quota.tallies import plus
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.followed import as_object, told_in
from trio2o.strategies.locating import Locator
from trio2o.strategies.reserving import Claim, Hold, Reservations
from trio2o.surface.kinds import canonical_id

#: Asks a pod what a transfer hands over, the volume first.
Offers = Callable[[Pod, str], Awaitable[Sequence[Holding]]]


@define(kw_only=True)
class Accepting:
    """
    Asks with the daemon's own token, since nobody but its owner is shown a transfer. What no pod tells the next reading finds.
    """

    _reservations: Reservations
    _locator: Locator
    _state: IState
    _offers: Offers

    async def carry_out(
        self, inner: IStrategy, inbound: Inbound, context: RequestContext, raw: bytes
    ) -> Answer:
        """
        Have a transfer accepted.

        :raises GatewayError: in Cinder's words, where the project is over a limit. Cinder looks at the key before that.
        """
        pod, offered = await self._offered(inbound, raw)
        hold: Hold | None = None
        if offered and context.project_id:
            hold = await self._reservations.hold(context.project_id, _claims(offered))
            if pod is not None:
                hold.trying(pod)
        try:
            answer = await inner.carry_out(inbound, context)
        except BaseException:
            if hold is not None:
                await hold.leave()
            raise
        if not 200 <= answer.status < 300:
            if hold is not None:
                await (hold.give_back() if 400 <= answer.status < 500 else hold.leave())
            return answer
        volume_id = canonical_id(str(told_in(answer, "transfer").get("volume_id")))
        moved = [(Kind(each.kind), each.resource_id) for each in offered]
        for kind, resource_id in moved or ([(Kind.VOLUME, volume_id)] if volume_id else []):
            # the giver has it no more, before somebody else has it
            await self._reservations.moved(kind, resource_id)
        if hold is not None:
            await hold.made(lambda _, claim: [each for each in offered if each.kind == claim.kind])
        await self._reservations.read_soon("volume", context.project_id, 0.0)
        return answer

    async def _offered(self, inbound: Inbound, raw: bytes) -> tuple[Pod | None, Sequence[Holding]]:
        accept = as_object(raw).get("accept")
        transfer_id = canonical_id(inbound.ids["id"])
        if transfer_id is None or not isinstance(accept, dict) or text(accept.get("auth_key")) is None:
            # the pod says what is wrong with it
            return None, []
        known = self._locator.at_hand(Kind.TRANSFER, transfer_id)
        pods = [known] if known else [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]

        async def asked(pod: Pod) -> Sequence[Holding]:
            return await self._offers(pod, transfer_id)

        found = await gathered([asked(pod) for pod in pods], (PodFailure, GatewayError))
        for pod, offered in zip(pods, found, strict=True):
            if not isinstance(offered, Exception) and offered:
                return pod, offered
        return None, []


def _claims(offered: Sequence[Holding]) -> list[Claim]:
    """
    Cinder looks whether there is room for the volume, and then for its snapshots.
    """
    claims = []
    for kind in (Kind.VOLUME.value, Kind.SNAPSHOT.value):
        amounts = plus(*(each.amounts for each in offered if each.kind == kind))
        if amounts:
            claims.append(Claim(service="volume", kind=kind, amounts=amounts, refuses=cinder_accepting))
    return claims
