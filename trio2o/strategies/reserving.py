"""
Reservations: what a request is about to take of a project's quota is taken in the database before a pod gets the request.

Whoever holds one ends it: what was made is used from then on, what surely was not made is given back, and what nobody knows stays
reserved until the pods were read (:mod:`trio2o.strategies.quota_reading`).
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence

from attrs import define, evolve, field, frozen
from twisted.logger import Logger

from trio2o.errors import DatabaseUnavailable, GatewayError, Unavailable
from trio2o.interfaces import IQuotaLimits, IQuotaStore
from trio2o.model import UNLIMITED, Counts, Holding, Kind, Pod, Reservation
from trio2o.quota.refusals import OverQuota, Refuses
from trio2o.quota.tallies import NAMELESS, minus, positive
from trio2o.strategies.quota_reading import QuotaReader

_log = Logger()

#: How often a project is tried of which nothing is known: reading it makes it known.
_ATTEMPTS = 3


@frozen(kw_only=True)
class Claim:
    """
    What a request may take in one service.
    """

    #: ``compute`` or ``volume``.
    service: str
    #: For who looks at reservations: ``server``, ``extend``, …
    kind: str
    amounts: Counts
    refuses: Refuses
    #: What is claimed instead where this is too much; ``None`` where it is refused then.
    smaller: Callable[[OverQuota], Claim | None] = lambda over: None


@define(eq=False)
class Hold:
    """
    The reservations of one request, and which pod may have it.
    """

    _quotas: Reservations
    project_id: str
    #: What was reserved, by reservation.
    claims: dict[str, Claim] = field(factory=dict)
    #: The pod that may have made it.
    pod: Pod | None = None
    #: How many servers are made by it.
    count: int = 1
    #: Under which id those are held of them that its answer does not name, and what each takes.
    nameless: tuple[str, Counts] | None = None

    def trying(self, pod: Pod) -> None:
        """
        Take note that a pod is about to get the request.
        """
        self.pod = pod

    def declined(self) -> None:
        """
        Take note that this pod has surely made nothing.
        """
        self.pod = None

    async def made(self, there: Callable[[str, Claim], Sequence[Holding]], pod: Pod | None = None) -> None:
        """
        The pod has made it. Never fails, since the client is told of it in any case (I15): what cannot be written stays reserved.

        :param there: gives what there is now for a reservation and its claim.
        """
        pod, claims = pod or self.pod, self._taken()
        assert pod is not None, "what no pod was sent cannot be made"
        for reservation_id, claim in claims.items():
            held = there(reservation_id, claim)
            await self._quotas.committed(reservation_id, claim.service, self.project_id, pod, held)

    async def give_back(self) -> None:
        """
        Surely nothing was made. Never fails.
        """
        for reservation_id in self._taken():
            await self._quotas.given_back(reservation_id)

    async def leave(self, settles_after: float | None = None, *, keep: bool = False) -> None:
        """
        Nobody knows yet what is made of it; not longer than so many seconds, or as creates take. Never fails.

        :param keep: whether it is still to be ended by this hold.
        """
        pod, claims = self.pod, self.claims if keep else self._taken()
        for reservation_id in claims:
            await self._quotas.left(reservation_id, pod, settles_after)

    async def end(self, status: int = 0) -> None:
        """
        End it by an error, or by an answer that says of nothing that was made. Never fails.

        :param status: the answer's; 0 where there is none.
        """
        if self.pod is None or 400 <= status < 500:
            await self.give_back()
        else:
            # after a 500 it is not known what the pod has made
            await self.leave()

    def _taken(self) -> dict[str, Claim]:
        claims, self.claims = self.claims, {}
        return claims


@define(kw_only=True, eq=False)
class Reservations:
    """
    Makes and ends them.
    """

    _store: IQuotaStore
    _limits: IQuotaLimits
    _reader: QuotaReader
    #: Seconds after which a pod makes nothing of a request any more.
    _settle_seconds: float
    #: Told the service and resource of what is refused.
    _refused: Callable[[str, str], None] = lambda service, resource: None
    _new_id: Callable[[], str] = field(default=lambda: secrets.token_urlsafe(18))

    async def hold(self, project_id: str, claims: Sequence[Claim]) -> Hold:
        """
        Reserve all of the claims or none.

        :raises GatewayError: in the claim's words, where it is over a limit.
        :raises Unavailable: if the database is away and there is a limit.
        """
        hold = Hold(self, project_id)
        try:
            for claim in claims:
                await self._reserve(hold, claim)
        except BaseException:
            await hold.give_back()
            raise
        return hold

    async def _reserve(self, hold: Hold, claim: Claim) -> None:
        project_id = hold.project_id
        looked = False
        attempts = _ATTEMPTS
        while True:
            names = list(claim.amounts)
            limits = self._limits.effective(claim.service, project_id, "", names)
            reservation = Reservation(
                id=self._new_id(),
                service=claim.service,
                project_id=project_id,
                kind=claim.kind,
                amounts=claim.amounts,
            )
            try:
                became = await self._store.reserve(reservation, limits, settles_after=self._settle_seconds)
                if became.done:
                    hold.claims[reservation.id] = claim
                    return
                if not became.known:
                    attempts -= 1
                    if not attempts:
                        raise DatabaseUnavailable("a project stays unknown")
                    await self._reader.first(claim.service, project_id)
                    continue
                if not looked:
                    # a pod may have something no more, which nobody has told yet
                    looked = True
                    await self._reader.anew(claim.service, project_id)
                    continue
            except DatabaseUnavailable as error:
                if all(limits.get(name, UNLIMITED) < 0 for name in names):
                    # what has no limit goes on, and is counted by the next reading
                    return
                raise Unavailable(
                    "New resources cannot be made at the moment. Please try again later.",
                    admin_detail="the database is away, and with it what the project has",
                    headers=[(b"Retry-After", b"5")],
                ) from error
            over = OverQuota(wanted=claim.amounts, taken=became.taken, limits=limits)
            smaller = claim.smaller(over)
            if smaller is None:
                for name in over.names:
                    self._refused(claim.service, name)
                raise claim.refuses(over)
            claim = smaller

    async def committed(
        self, reservation_id: str, service: str, project_id: str, pod: Pod, held: Sequence[Holding]
    ) -> None:
        """
        See :meth:`Hold.made`.
        """

        async def write() -> None:
            if not await self._store.commit_reservation(reservation_id, pod.id, held):
                # a reading has closed it, and may not have seen it yet
                await self._store.read_soon(service, project_id, 0.0)

        await _tried(write)

    async def given_back(self, reservation_id: str) -> None:
        """
        See :meth:`Hold.give_back`.
        """
        await _tried(lambda: self._store.give_back_reservation(reservation_id))

    async def left(self, reservation_id: str, pod: Pod | None, settles_after: float | None) -> None:
        """
        See :meth:`Hold.leave`.
        """
        after = self._settle_seconds if settles_after is None else settles_after
        pod_id = "" if pod is None else pod.id
        await _tried(lambda: self._store.leave_reservation(reservation_id, pod_id, settles_after=after))

    async def named(self, kind: Kind, rest: str, resource_ids: Sequence[str], each: Counts) -> None:
        """
        Have what is held under the id of a reservation held under these. Never fails.
        """
        await _tried(lambda: self._store.name_held(kind.value, rest, resource_ids, each))

    async def moved(self, kind: Kind, resource_id: str) -> None:
        """
        Take over that a resource is another project's from now on: it is given back to who had it. Never fails.
        """
        await _tried(lambda: self._store.release(kind.value, resource_id, sent_for=0.0))

    async def read_soon(self, service: str, project_id: str, after: float) -> None:
        """
        Have a project's pods read in so many seconds. Never fails.
        """
        await _tried(lambda: self._store.read_soon(service, project_id, after))


def nameless_id(reservation_id: str) -> str:
    """
    The id under which is held what a reservation has become and nobody can name.
    """
    return f"{NAMELESS}{reservation_id}"


def nameless(reservation_id: str, claim: Claim, amounts: Counts | None = None) -> list[Holding]:
    """
    What is there and has no id that anybody knows: held under the reservation's, so that readings know that it is new.
    """
    return [
        Holding(
            kind=claim.kind,
            resource_id=nameless_id(reservation_id),
            amounts=claim.amounts if amounts is None else amounts,
        )
    ]


def with_rest(claim: Claim, reservation_id: str, held: Sequence[Holding]) -> list[Holding]:
    """
    Holdings with one more for what the claim has beyond them.
    """
    rest: Counts = claim.amounts
    for each in held:
        rest = minus(rest, each.amounts)
    rest = positive(rest)
    if not rest:
        return list(held)
    return [*held, *nameless(reservation_id, claim, rest)]


def shrunk(claim: Claim, amounts: Counts) -> Claim:
    """
    A claim for less.
    """
    return evolve(claim, amounts=amounts)


async def _tried(write: Callable[[], Awaitable[object]]) -> None:
    try:
        await write()
    except DatabaseUnavailable as error:
        # it stays reserved, and the next reading closes it
        _log.info("the end of a reservation is not written: {error}", error=str(error))
    except GatewayError as error:
        _log.info("the end of a reservation is not written: {error}", error=error.message)
