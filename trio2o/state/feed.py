"""
Keeps the state of a process equal to the database (I14).
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.errors import DatabaseUnavailable
from trio2o.interfaces import IBindingStore, IChangeLog, IFollower, IPodStore
from trio2o.model import Binding, Change
from trio2o.state.cache import MemoryState, by_project

_log = Logger()

#: How many bindings of a snapshot are taken over at a stretch, so that a million never hold the reactor up.
_STRETCH = 10_000

#: Seconds before the first and at most between later attempts while the database is away.
_FIRST_RETRY, _LAST_RETRY = 0.2, 5.0

_NEVER = float("-inf")


@define(eq=False, slots=False)
class StateFeed(Service):
    """
    Loads the state, then applies the change log's entries in order: when it is told, and every so often in any case.

    The state counts as current while the listener is connected, what was announced is applied within ``lag_limit`` seconds,
    the last successful reading began less than three ``check_interval`` ago, and the process has not stood still for more than
    ``pause_limit`` seconds since. So a process that was paused, or cut off without noticing, does not trust what it remembers.
    """

    _clock: IReactorTime
    _changes: IChangeLog
    _pods: IPodStore
    _bindings: IBindingStore
    _state: MemoryState
    #: Seconds between two readings of the change log when nothing is announced.
    check_interval: float = field(default=5.0, kw_only=True)
    lag_limit: float = field(default=2.0, kw_only=True)
    #: Seconds that the process may stand still before what it knows is doubtful: when it goes on, a request may be read before
    #: the announcement that arrived ahead of it.
    pause_limit: float = field(default=1.0, kw_only=True)
    #: Seconds between two full readings, which mend what no other way would.
    reload_interval: float = field(default=3600.0, kw_only=True)
    #: What else is kept in memory. It is read after the snapshot, so it may be newer; the changes since are read once more.
    followers: Sequence[IFollower] = field(default=(), kw_only=True)
    #: How often everything was read.
    loads: int = field(default=0, init=False)
    _timeline: str | None = field(default=None, init=False)
    _loaded_at: float = field(default=0.0, init=False)
    _listening: bool = field(default=False, init=False)
    #: Grows with each change of :attr:`_listening` and each pause: a reading over which it grew proves nothing.
    _turns: int = field(default=0, init=False)
    _following: Deferred[None] | None = field(default=None, init=False)
    _again: bool = field(default=False, init=False)
    _next: IDelayedCall | None = field(default=None, init=False)
    _late: IDelayedCall | None = field(default=None, init=False)
    _beat: IDelayedCall | None = field(default=None, init=False)
    _beaten_at: float = field(default=0.0, init=False)
    #: Until when the last reading is believed, as long as nothing else speaks against it.
    _sure_until: float = field(default=_NEVER, init=False)
    _retry: float = field(default=_FIRST_RETRY, init=False)
    _waiters: list[Deferred[None]] = field(factory=list, init=False)
    #: Those who wait for a reading that has not begun yet.
    _askers: list[Deferred[None]] = field(factory=list, init=False)

    def startService(self) -> None:
        super().startService()
        self._beaten_at = self._clock.seconds()
        self._pulse()
        Deferred.fromCoroutine(self._changes.listen(self._wake_late, self._connected, self._lost)).addErrback(
            lambda f: _log.failure("listening for changes could not begin", failure=f)
        )
        self._wake()

    def stopService(self) -> None:
        super().stopService()
        for call in (self._next, self._late, self._beat):
            if call is not None and call.active():
                call.cancel()
        if self._following is not None:
            self._following.cancel()
        self._doubt()
        for waiter in [*self._waiters, *self._askers]:
            waiter.cancel()

    async def started(self) -> None:
        """
        Wait until the state was loaded for the first time.
        """
        if not self._state.ready:
            waiter: Deferred[None] = Deferred()
            self._waiters.append(waiter)
            await waiter

    async def caught_up(self) -> None:
        """
        Read the changes now and return when that is done, one reading for all who ask meanwhile. When it failed the state is
        not current, and a caller has to look for itself.
        """
        if not self.running:
            return
        asker: Deferred[None] = Deferred()
        self._askers.append(asker)
        self._wake()
        await asker

    def _connected(self) -> None:
        self._listening = True
        self._turns += 1
        self._wake()

    def _lost(self) -> None:
        self._listening = False
        self._turns += 1
        self._doubt()

    def _doubt(self) -> None:
        self._sure_until = _NEVER
        self._state.doubt()

    def _assure(self) -> None:
        """
        Say how long the state can be trusted; never for longer than the process may stand still unnoticed.
        """
        self._state.confirm(min(self._sure_until, self._beaten_at + self.pause_limit))

    def _pulse(self) -> None:
        """
        Notice whether the process has stood still.
        """
        now = self._clock.seconds()
        paused = now - self._beaten_at > self.pause_limit
        self._beaten_at = now
        if paused:
            self._turns += 1
            self._doubt()
            self._wake()
        self._assure()
        self._beat = self._clock.callLater(self.pause_limit / 4, self._pulse)

    def _wake_late(self) -> None:
        """
        Something was announced: apply it, or be known to lag.
        """
        if not self.running:
            return
        self._state.behind = True
        if self._late is None:
            self._late = self._clock.callLater(self.lag_limit, self._doubt)
        self._wake()

    def _wake(self) -> None:
        if not self.running:
            return
        if self._following is not None:
            self._again = True
            return
        if self._next is not None and self._next.active():
            self._next.cancel()
        following = self._following = Deferred.fromCoroutine(self._follow())
        following.addErrback(self._failed)
        following.addCallback(self._rest)

    async def _follow(self) -> None:
        """
        Read what is new until nothing more was announced meanwhile.
        """
        while True:
            self._again = False
            covered, self._late = self._late, None
            askers, self._askers = self._askers, []
            began, turns = self._clock.seconds(), self._turns
            try:
                await self._catch_up()
                self._has_read(began, turns)
            except BaseException:
                self._doubt()
                raise
            finally:
                if covered is not None and covered.active():
                    covered.cancel()
                for asker in askers:
                    if not asker.called:
                        asker.callback(None)
            if not self._again:
                return

    def _has_read(self, began: float, turns: int) -> None:
        self._retry = _FIRST_RETRY
        if not self._again:
            self._state.behind = False
        if self._listening and turns == self._turns:
            self._sure_until = began + 3 * self.check_interval
            self._assure()

    def _failed(self, failure: Failure) -> None:
        self._doubt()
        if failure.check(CancelledError) and not self.running:
            return
        if failure.check(DatabaseUnavailable):
            _log.info("the state cannot follow the database: {reason}", reason=failure.getErrorMessage())
        else:
            _log.failure("the state cannot follow the database", failure=failure)
        # Each attempt that fails makes the next come later; one that succeeds starts anew.
        self._retry = min(2 * self._retry, _LAST_RETRY)

    def _rest(self, _: None) -> None:
        self._following = None
        if self.running:
            doubtful = self._retry > _FIRST_RETRY
            self._next = self._clock.callLater(self._retry if doubtful else self.check_interval, self._wake)

    async def _catch_up(self) -> None:
        timeline = await self._changes.timeline()
        stale = self._clock.seconds() - self._loaded_at >= self.reload_interval
        loaded = False
        if timeline != self._timeline or stale:
            await self._load()
            loaded = True
        while True:
            changes = await self._changes.changes_since(self._state.change)
            if changes is None:
                if loaded:
                    raise DatabaseUnavailable("the change log does not reach back to its own snapshot")
                await self._load()
                loaded = True
                continue
            if changes or self._state.unconfirmed:
                await self._apply(changes)
            if not changes:
                return

    async def _load(self) -> None:
        snapshot = await self._changes.snapshot()
        table: dict[str, tuple[Binding, ...]] = {}
        for start in range(0, len(snapshot.bindings), _STRETCH):
            if start:
                await deferLater(self._clock, 0)
            by_project(snapshot.bindings[start : start + _STRETCH], table)
        for follower in self.followers:
            await follower.load()
        self._state.replace(snapshot.pods, table)
        self._state.change, self._timeline = snapshot.number, snapshot.timeline
        self._loaded_at = self._clock.seconds()
        self.loads += 1
        _log.info(
            "state loaded: {pods} pods, {bindings} bindings, change {number}",
            pods=len(snapshot.pods),
            bindings=len(snapshot.bindings),
            number=snapshot.number,
        )
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.called:
                waiter.callback(None)

    async def _apply(self, changes: Sequence[Change]) -> None:
        """
        Read the rows that changed as they are now, and take them over.
        """
        pods = await self._pods.list_pods() if any(change.table == "pods" for change in changes) else None
        noted = set(self._state.unconfirmed)
        wanted = noted | {change.row_id for change in changes if change.table == "bindings"}
        found = await self._bindings.get_bindings(wanted) if wanted else ()
        for follower in self.followers:
            if touched := {change.row_id for change in changes if change.table == follower.table}:
                await follower.take_over(touched)
        if pods is not None:
            self._state.put_pods(pods)
        # Ended ones first: they make room for their successors.
        for binding in sorted(found, key=lambda binding: binding.is_binding):
            self._state.put_binding(binding)
        for binding_id in wanted - {binding.id for binding in found}:
            self._state.drop_binding(binding_id)
        self._state.unconfirmed -= noted
        if changes:
            self._state.change = changes[-1].number
