"""
What creates take of quotas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, evolve

from trio2o.errors import GatewayError
from trio2o.exchange import Inbound
from trio2o.model import SERVERS_VOLUMES, Counts, Holding, Kind, RequestContext
from trio2o.quota.counting import (
    Count,
    NewVolume,
    fitting,
    new_volumes,
    of_servers,
    of_snapshots,
    of_volumes,
    server_count,
    siblings_in,
    text,
    whole,
)
from trio2o.quota.refusals import (
    OverQuota,
    Refuses,
    cinder,
    cinder_400,
    nova,
    nova_groups,
    nova_of_cinder,
)
from trio2o.quota.tallies import plus
from trio2o.rewriting.numbers import with_number
from trio2o.scheduling.asked import flavor_id
from trio2o.strategies.followed import as_object
from trio2o.strategies.quota_facts import Facts
from trio2o.strategies.reserving import Claim, Hold, Reservations, nameless, nameless_id, shrunk, with_rest
from trio2o.strategies.wanted import Wanted, request_key
from trio2o.surface.kinds import canonical_id

#: Seconds until pods are read after what was not counted before.
_SOON = 2.0

_GROUPS = frozenset({Kind.GROUP, Kind.CONSISTENCY_GROUP})
_GROUP_SNAPSHOTS = frozenset({Kind.GROUP_SNAPSHOT, Kind.CONSISTENCY_GROUP_SNAPSHOT})


@define(kw_only=True)
class Counting:
    """
    Holds what a create may take, and ends that by what became of it.
    """

    _reservations: Reservations
    _facts: Facts
    #: Seconds for which a pod may not tell of what it has accepted.
    _grace: float

    async def hold(
        self, inbound: Inbound, context: RequestContext, wanted: Wanted
    ) -> tuple[Hold | None, Wanted]:
        """
        Reserve what a create may take, and give what is to be sent: fewer servers where not as many fit. ``None`` for what is not
        counted.

        :raises GatewayError: in the service's words, where it is over a limit.
        """
        kind = inbound.operation.kind
        if (
            not context.project_id
            or not wanted.resource
            or not inbound.operation.options.get("records", True)
        ):
            return None, wanted
        if kind is Kind.SERVER:
            return await self._hold_servers(inbound, context, wanted)
        claims = await self._claims(kind, inbound, context, wanted)
        if not claims:
            return None, wanted
        return await self._reservations.hold(context.project_id, claims), wanted

    async def made(
        self, hold: Hold, inbound: Inbound, context: RequestContext, wanted: Wanted, body: bytes
    ) -> None:
        """
        End a hold whose pod has made something, as its answer tells. Never fails.
        """
        shown = as_object(body).get(inbound.operation.single)
        shown = shown if isinstance(shown, dict) else {}
        kind = inbound.operation.kind
        assert kind is not None
        resource_id = canonical_id(str(shown.get("id")))
        several = hold.count
        claims = list(hold.claims.items())

        def there(reservation_id: str, claim: Claim) -> Sequence[Holding]:
            if claim.kind != kind.value:
                return nameless(reservation_id, claim)
            amounts: Counts = claim.amounts
            if kind is Kind.VOLUME:
                size, volume_type = whole(shown.get("size")), text(shown.get("volume_type"))
                if size is not None:
                    amounts = of_volumes(1, size, volume_type)
            one = {name: amount // several for name, amount in amounts.items()}
            if kind is Kind.SERVER:
                hold.nameless = (nameless_id(reservation_id), one)
            if resource_id is None:
                return nameless(reservation_id, claim)
            held = [Holding(kind=claim.kind, resource_id=resource_id, amounts=one)]
            return held if several == 1 else with_rest(evolve(claim, amounts=amounts), reservation_id, held)

        await hold.made(there)
        for _, claim in claims:
            if claim.kind == SERVERS_VOLUMES:
                # they are there later, or never
                await self._reservations.read_soon("volume", context.project_id, self._grace + _SOON)

    async def named(
        self, hold: Hold, wanted: Wanted, listed: Sequence[Mapping[str, Any]], *, sure: bool
    ) -> None:
        """
        Have the servers of one create held by their ids, once its pod has listed them. Never fails.

        :param sure: whether the list has nothing but these.
        """
        if hold.nameless is None:
            return
        rest, each = hold.nameless
        ids = siblings_in(listed, wanted.resource, each, flavor_id(wanted.resource), sure=sure)
        if ids:
            await self._reservations.named(Kind.SERVER, rest, ids, each)

    async def _hold_servers(
        self, inbound: Inbound, context: RequestContext, wanted: Wanted
    ) -> tuple[Hold | None, Wanted]:
        server = wanted.resource
        count = server_count(server)
        flavor = await self._facts.flavor(flavor_id(server), inbound, context)
        if count is None or flavor is None:
            # the pod says what is wrong with it
            return None, wanted
        claims = [_servers(count, *flavor)]
        volumes = await self._volumes_of(server, inbound, context)
        if volumes:
            claims.append(
                Claim(
                    service="volume",
                    kind=SERVERS_VOLUMES,
                    amounts={name: amount * count.most for name, amount in volumes.items()},
                    refuses=nova_of_cinder,
                )
            )
        hold = await self._reservations.hold(context.project_id, claims)
        fits = next(
            (each.amounts["instances"] for each in hold.claims.values() if each.kind == Kind.SERVER.value),
            count.most,
        )
        hold.count = fits
        if fits < count.most:
            raw = with_number(wanted.raw, request_key(inbound), "max_count", fits)
            wanted = evolve(wanted, raw=raw, resource={**server, "max_count": fits})
        return hold, wanted

    async def _volumes_of(
        self, server: dict[str, Any], inbound: Inbound, context: RequestContext
    ) -> dict[str, int]:
        return plus(*[await self._new_volume(each, inbound, context) for each in new_volumes(server)])

    async def _new_volume(self, new: NewVolume, inbound: Inbound, context: RequestContext) -> dict[str, int]:
        size, volume_type = new.size, new.volume_type
        if new.source == "snapshot" and (size is None or volume_type is None):
            snapshot = await self._facts.shown(Kind.SNAPSHOT, new.source_id, inbound, context)
            size = size or whole(snapshot.get("size"))
            if volume_type is None:
                volume = await self._facts.shown(
                    Kind.VOLUME, text(snapshot.get("volume_id")), inbound, context
                )
                volume_type = text(volume.get("volume_type"))
        name = await self._facts.type_name(volume_type, inbound, context)
        return of_volumes(1, size or 0, name)

    async def _claims(
        self, kind: Kind | None, inbound: Inbound, context: RequestContext, wanted: Wanted
    ) -> list[Claim]:
        body = wanted.resource
        words: Refuses = cinder if context.surface == "volume" else nova_of_cinder
        if kind is Kind.SERVER_GROUP:
            one = {"server_groups": 1}
            return [Claim(service="compute", kind=kind.value, amounts=one, refuses=nova_groups)]
        amounts: Counts = {}
        if kind is Kind.VOLUME:
            amounts = await self._of_volume(body, inbound, context)
        elif kind is Kind.SNAPSHOT:
            volume = await self._facts.shown(Kind.VOLUME, text(body.get("volume_id")), inbound, context)
            if volume:
                amounts = of_snapshots(1, whole(volume.get("size")) or 0, text(volume.get("volume_type")))
        elif kind is Kind.BACKUP:
            volume = await self._facts.shown(Kind.VOLUME, text(body.get("volume_id")), inbound, context)
            if volume:
                amounts = {"backups": 1, "backup_gigabytes": whole(volume.get("size")) or 0}
        elif kind in _GROUPS:
            amounts, words = await self._of_group(kind, body, inbound, context, words)
        elif kind in _GROUP_SNAPSHOTS:
            group = Kind.GROUP if kind is Kind.GROUP_SNAPSHOT else Kind.CONSISTENCY_GROUP
            named = text(body.get("group_id")) or text(body.get("consistencygroup_id"))
            members = await self._facts.members(group, named, inbound, context)
            amounts = plus(
                *(
                    of_snapshots(1, whole(each.get("size")) or 0, text(each.get("volume_type")))
                    for each in members
                )
            )
        if not amounts or kind is None:
            return []
        return [Claim(service="volume", kind=kind.value, amounts=amounts, refuses=words)]

    async def _of_volume(self, body: dict[str, Any], inbound: Inbound, context: RequestContext) -> Counts:
        """
        A volume is as large as its source where its body does not say, and of its type where it names none.
        """
        size, named = whole(body.get("size")), text(body.get("volume_type"))
        source: dict[str, Any] = {}
        if text(body.get("source_volid")):
            source = await self._facts.shown(Kind.VOLUME, body["source_volid"], inbound, context)
        elif text(body.get("snapshot_id")):
            source = await self._facts.shown(Kind.SNAPSHOT, body["snapshot_id"], inbound, context)
            size = size or whole(source.get("size"))
            if named is None:
                of = text(source.get("volume_id"))
                source = await self._facts.shown(Kind.VOLUME, of, inbound, context)
        elif text(body.get("backup_id")) and size is None:
            source = await self._facts.shown(Kind.BACKUP, body["backup_id"], inbound, context)
        size = size or whole(source.get("size"))
        if size is None:
            # the pod says what is wrong with it
            return {}
        named = named or text(source.get("volume_type"))
        return of_volumes(1, size, await self._facts.type_name(named, inbound, context))

    async def _of_group(
        self, kind: Kind, body: dict[str, Any], inbound: Inbound, context: RequestContext, words: Refuses
    ) -> tuple[Counts, Refuses]:
        of_source = "request" in inbound.operation.options
        amounts: Counts = {"groups": 1}
        if not of_source:
            return amounts, words
        source = text(body.get("source_group_id")) or text(body.get("source_cgid"))
        if source is None:
            snapshots = Kind.GROUP_SNAPSHOT if kind is Kind.GROUP else Kind.CONSISTENCY_GROUP_SNAPSHOT
            named = text(body.get("group_snapshot_id")) or text(body.get("cgsnapshot_id"))
            shown = await self._facts.shown(snapshots, named, inbound, context)
            source = text(shown.get("group_id")) or text(shown.get("consistencygroup_id"))
        members = await self._facts.members(kind, source, inbound, context)
        volumes = (
            of_volumes(1, whole(each.get("size")) or 0, text(each.get("volume_type"))) for each in members
        )
        return plus(amounts, *volumes), cinder_400


def _servers(count: Count, vcpus: int, ram: int) -> Claim:
    """
    A claim for as many servers of one flavor as fit.
    """

    def refuses(over: OverQuota) -> GatewayError:
        most = over.wanted["instances"]
        return nova(over, {"instances": Count(least=count.least, most=most).words})

    def smaller(over: OverQuota) -> Claim | None:
        each = of_servers(1, vcpus, ram)
        room = {name: over.room(name) for name in each}
        fits = fitting(Count(least=count.least, most=over.wanted["instances"]), each, room)
        if not count.least <= fits < over.wanted["instances"]:
            return None
        return shrunk(claim, of_servers(fits, vcpus, ram))

    claim = Claim(
        service="compute",
        kind=Kind.SERVER.value,
        amounts=of_servers(count.most, vcpus, ram),
        refuses=refuses,
        smaller=smaller,
    )
    return claim
