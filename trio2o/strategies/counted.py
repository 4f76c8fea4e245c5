"""
Requests that change what is there already: what they take of quotas is held, as that of creates is, around the strategy that
carries them out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from attrs import define, evolve
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from zope.interface import implementer

from trio2o.errors import GatewayError, PodFailure
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IStrategy
from trio2o.model import Holding, Kind, RequestContext
from trio2o.quota.counting import of_snapshots, of_volumes, text, whole
from trio2o.quota.refusals import cinder, cinder_bare, cinder_growing, nova, nova_of_cinder
from trio2o.quota.tallies import plus, positive
from trio2o.strategies.accepting import Accepting
from trio2o.strategies.concurrently import Shield
from trio2o.strategies.departures import Departures
from trio2o.strategies.followed import as_object, told_in
from trio2o.strategies.locating import Locator
from trio2o.strategies.quota_facts import Facts
from trio2o.strategies.read_body import ReadBody
from trio2o.strategies.releases import Releases
from trio2o.strategies.reserving import Claim, Hold, Reservations, nameless
from trio2o.surface.kinds import canonical_id

_READS = frozenset({b"GET", b"HEAD"})
#: Kinds that quotas count.
_COUNTED = frozenset(
    {
        Kind.SERVER,
        Kind.SERVER_GROUP,
        Kind.VOLUME,
        Kind.SNAPSHOT,
        Kind.BACKUP,
        Kind.GROUP,
        Kind.CONSISTENCY_GROUP,
        Kind.GROUP_SNAPSHOT,
        Kind.CONSISTENCY_GROUP_SNAPSHOT,
    }
)
#: Actions after which pods have something more or less that nobody can tell before.
_CHANGING = (
    b'"revertResize"',
    b'"confirmResize"',
    b'"forceDelete"',
    b'"restore"',
    b'"os-unmanage"',
    b'"os-force_delete"',
    b'"delete"',
    b'"revert"',
)
_CLAIMING = (b'"resize"', b'"createImage"', b'"os-extend"', b'"os-retype"', b'"restore"')
#: Seconds that a resize may take; until then what it may take stays reserved if this process ends.
_RESIZE_SECONDS = 3600.0
#: Seconds from one look at a server that is being resized to the next.
_WAITS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, *[60.0] * 30)
_RESIZING = frozenset({"RESIZE", "MIGRATING", "REVERT_RESIZE", "REBUILD", "HARD_REBOOT"})
#: Seconds until pods are read after what is done in the background.
_SOON, _LATER = 2.0, 30.0


@implementer(IStrategy)
@define(kw_only=True)
class CountedStrategy:
    """
    Stands around ``route`` and ``follow``.
    """

    _inner: IStrategy
    _reservations: Reservations
    _facts: Facts
    _releases: Releases
    _accepting: Accepting
    _departures: Departures
    _locator: Locator
    _shield: Shield
    _clock: IReactorTime
    #: The largest request body that is read whole, in bytes.
    _body_limit: int

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`.
        """
        kind, options = inbound.operation.kind, inbound.operation.options
        if inbound.method in _READS or (kind not in _COUNTED and kind is not Kind.TRANSFER):
            return await self._inner.carry_out(inbound, context)
        if inbound.method == b"DELETE":
            if "itself" in options and kind is not None:
                self._releases.sent(kind, inbound.ids["id"])
            if kind is Kind.SERVER_GROUP:
                return await self._shield.run(self._deleted(kind, inbound, context))
            return await self._inner.carry_out(inbound, context)
        if options.get("then") == "accepted":
            raw = await inbound.body.read(self._body_limit)
            read = evolve(inbound, body=ReadBody(raw))
            return await self._shield.run(self._accepting.carry_out(self._inner, read, context, raw))
        acts = "acts" in options or options.get("then") in ("ended", "restored", "emptied")
        if not acts or not context.project_id:
            return await self._inner.carry_out(inbound, context)
        if inbound.body.length is not None and inbound.body.length > self._body_limit:
            # none of those that count is so large
            return await self._inner.carry_out(inbound, context)
        raw = await inbound.body.read(self._body_limit)
        read = evolve(inbound, body=ReadBody(raw))
        if not any(word in raw for word in (*_CLAIMING, *_CHANGING)):
            return await self._inner.carry_out(read, context)
        return await self._shield.run(self._counted(read, context, raw))

    async def _deleted(self, kind: Kind, inbound: Inbound, context: RequestContext) -> Answer:
        """
        A delete that is done when the pod says so.
        """
        answer = await self._inner.carry_out(inbound, context)
        if answer.status < 300:
            await self._releases.deleted(kind, inbound.ids["id"], context.project_id or "")
        return answer

    async def _counted(self, inbound: Inbound, context: RequestContext, raw: bytes) -> Answer:
        kind = inbound.operation.kind
        assert kind is not None
        body = as_object(raw)
        if any(word in body for word in ("forceDelete", "os-force_delete", "os-unmanage", "delete")):
            self._releases.sent(kind, inbound.ids["id"])
        claim, made = await self._claim(kind, body, inbound, context)
        hold: Hold | None = None
        if claim is not None and positive(claim.amounts):
            hold = await self._reservations.hold(
                context.project_id, [evolve(claim, amounts=positive(claim.amounts))]
            )
            pod = self._locator.at_hand(kind, inbound.ids["id"])
            if pod is not None:
                hold.trying(pod)
        try:
            answer = await self._inner.carry_out(inbound, context)
        except BaseException as error:
            if hold is not None:
                await (hold.give_back() if _unsent(error) else hold.leave())
            raise
        done = 200 <= answer.status < 300
        if hold is not None and not done:
            await (hold.give_back() if 400 <= answer.status < 500 else hold.leave())
        if done:
            await made(hold, answer)
        return answer

    async def _claim(
        self, kind: Kind, body: dict[str, Any], inbound: Inbound, context: RequestContext
    ) -> tuple[Claim | None, Callable[[Hold | None, Answer], Awaitable[None]]]:
        """
        What a request may take, and what is done when it succeeded.
        """
        resource_id = inbound.ids["id"].lower()
        project_id = context.project_id
        service = "compute" if kind in (Kind.SERVER, Kind.SERVER_GROUP) else "volume"

        async def read(hold: Hold | None, answer: Answer) -> None:
            if hold is not None:
                await hold.leave(0.0)
            await self._reservations.read_soon(service, project_id, _SOON)

        async def resized(hold: Hold | None, answer: Answer) -> None:
            self._departures.begin(self._resized(resource_id, hold, inbound, context))
            if hold is not None:
                await hold.leave(_RESIZE_SECONDS, keep=True)

        async def grown(hold: Hold | None, answer: Answer) -> None:
            if hold is not None and hold.pod is not None:
                await hold.made(
                    lambda _, claim: [
                        Holding(kind=kind.value, resource_id=resource_id, amounts=claim.amounts, whole=False)
                    ]
                )
            await self._reservations.read_soon(service, project_id, _LATER)

        async def restored(hold: Hold | None, answer: Answer) -> None:
            volume = canonical_id(str(told_in(answer, "restore").get("volume_id")))

            def there(reservation_id: str, claim: Claim) -> Sequence[Holding]:
                if volume is None:
                    return nameless(reservation_id, claim)
                return [Holding(kind=Kind.VOLUME.value, resource_id=volume, amounts=claim.amounts)]

            if hold is not None and hold.pod is not None:
                await hold.made(there)

        async def imaged(hold: Hold | None, answer: Answer) -> None:
            if hold is not None and hold.pod is not None:
                await hold.made(nameless)
            await self._reservations.read_soon("volume", project_id, _LATER)

        if kind is Kind.SERVER and isinstance(body.get("resize"), dict):
            claim = await self._resize(resource_id, body["resize"], inbound, context)
            return claim, resized
        if kind is Kind.SERVER and "createImage" in body:
            return await self._image(resource_id, inbound, context), imaged
        if kind is Kind.VOLUME and isinstance(body.get("os-extend"), dict):
            return await self._extend(resource_id, body["os-extend"], inbound, context), grown
        if kind is Kind.VOLUME and isinstance(body.get("os-retype"), dict):
            return await self._retype(resource_id, body["os-retype"], inbound, context), grown
        if kind is Kind.BACKUP and isinstance(body.get("restore"), dict):
            return await self._restore(resource_id, body["restore"], inbound, context), restored
        return None, read

    async def _resize(
        self, server_id: str, wanted: Mapping[str, Any], inbound: Inbound, context: RequestContext
    ) -> Claim | None:
        """
        What the new flavor has more than the old one: Nova looks at nothing else.
        """
        server = await self._facts.shown(Kind.SERVER, server_id, inbound, context)
        flavor = server.get("flavor")
        old = await self._facts.flavor(
            text(flavor.get("id")) if isinstance(flavor, dict) else None, inbound, context
        )
        new = await self._facts.flavor(text(wanted.get("flavorRef")), inbound, context)
        if old is None or new is None:
            return None
        amounts = {"cores": new[0] - old[0], "ram": new[1] - old[1]}
        return Claim(service="compute", kind="resize", amounts=amounts, refuses=nova)

    async def _resized(
        self, server_id: str, hold: Hold | None, inbound: Inbound, context: RequestContext
    ) -> None:
        """
        Wait for the end of a resize: by then the pod counts what the server takes, and not before.
        """
        plain = evolve(inbound, query=None)
        for wait in _WAITS:
            await deferLater(self._clock, wait)
            server = await self._facts.shown(Kind.SERVER, server_id, plain, context)
            if server and server.get("status") not in _RESIZING:
                break
        if hold is not None:
            await hold.leave(0.0)
        await self._reservations.read_soon("compute", context.project_id, 0.0)

    async def _extend(
        self, volume_id: str, wanted: Mapping[str, Any], inbound: Inbound, context: RequestContext
    ) -> Claim | None:
        volume = await self._facts.shown(Kind.VOLUME, volume_id, inbound, context)
        before, after = whole(volume.get("size")), whole(wanted.get("new_size"))
        if before is None or after is None or after <= before:
            return None
        amounts = of_volumes(0, after - before, text(volume.get("volume_type")))
        return Claim(service="volume", kind="extend", amounts=plus(amounts), refuses=cinder_growing)

    async def _retype(
        self, volume_id: str, wanted: Mapping[str, Any], inbound: Inbound, context: RequestContext
    ) -> Claim | None:
        """
        One more of the new type, and no more in all: the old type's is given back when pods are read.
        """
        volume = await self._facts.shown(Kind.VOLUME, volume_id, inbound, context)
        size, named = whole(volume.get("size")), text(wanted.get("new_type"))
        if size is None or named is None:
            return None
        new = await self._facts.type_name(named, inbound, context)
        if new is None or new == volume.get("volume_type"):
            return None
        amounts = {
            name: amount
            for name, amount in of_volumes(1, size, new).items()
            if name not in ("volumes", "gigabytes")
        }
        return Claim(service="volume", kind="retype", amounts=amounts, refuses=cinder)

    async def _restore(
        self, backup_id: str, wanted: Mapping[str, Any], inbound: Inbound, context: RequestContext
    ) -> Claim | None:
        """
        A new volume, where none is named.
        """
        if text(wanted.get("volume_id")):
            return None
        backup = await self._facts.shown(Kind.BACKUP, backup_id, inbound, context)
        size = whole(backup.get("size"))
        if size is None:
            return None
        name = await self._facts.type_name(None, inbound, context)
        return Claim(service="volume", kind="restore", amounts=of_volumes(1, size, name), refuses=cinder_bare)

    async def _image(self, server_id: str, inbound: Inbound, context: RequestContext) -> Claim | None:
        """
        An image of a server that boots from a volume is made of snapshots of its volumes.
        """
        server = await self._facts.shown(Kind.SERVER, server_id, inbound, context)
        if not server or server.get("image"):
            return None
        amounts: dict[str, int] = {}
        attached = server.get("os-extended-volumes:volumes_attached")
        for each in attached if isinstance(attached, list) else ():
            named = text(each.get("id")) if isinstance(each, dict) else None
            volume = await self._facts.shown(Kind.VOLUME, named, inbound, context)
            if volume:
                size, volume_type = whole(volume.get("size")) or 0, text(volume.get("volume_type"))
                amounts = plus(amounts, of_snapshots(1, size, volume_type))
        return Claim(service="volume", kind="image", amounts=amounts, refuses=nova_of_cinder)


def _unsent(error: BaseException) -> bool:
    """
    True for an error after which a pod has surely done nothing.
    """
    if isinstance(error, GatewayError) and error.status < 500:
        return True
    cause = error if isinstance(error, PodFailure) else error.__cause__
    return isinstance(cause, PodFailure) and not cause.sent
