"""
What was placed in pods and their usage does not have yet (I12): by this process and, as they tell it, by the others.

A claim is open from the moment in which a pod is chosen until the pod has answered, and then either given back or kept. What
is kept falls out with a collection that began after it; what is open does not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from attrs import define, field, frozen
from twisted.internet.interfaces import IReactorTime

from trio2o.model import NOTHING, Amounts, Placed

#: Seconds before a collection in which what was accepted may not be in its numbers yet: Nova counts a server when a host
#: has taken it.
SETTLING = 30.0

#: Seconds after which the others are told again of what is still open: they forget it with a collection.
_TOLD_AGAIN = 10.0


@define(eq=False)
class Claim:
    """
    Room that one create holds in one pod. Only the first of :meth:`keep` and :meth:`give_back` counts.
    """

    _account: _Account | None
    _amounts: Amounts

    def keep(self) -> None:
        """
        The pod accepted, or it is not known whether it did: the room is taken until a later collection.
        """
        account, self._account = self._account, None
        if account is not None:
            account.close(self._amounts, kept=True)

    def give_back(self) -> None:
        """
        The pod surely accepted nothing.
        """
        account, self._account = self._account, None
        if account is not None:
            account.close(self._amounts, kept=False)


def no_claim() -> Claim:
    """
    The claim of a create that takes nothing which is counted.
    """
    return Claim(None, NOTHING)


@define(kw_only=True, eq=False)
class Claims:
    """
    The claims in all pods.
    """

    _clock: IReactorTime
    #: Told of each pod whose sum changes.
    _touched: Callable[[str], None] = lambda pod_id: None
    #: Seconds after which a claim is forgotten without a collection: no usage is believed for longer.
    _longest: float = 3600.0
    _accounts: dict[str, _Account] = field(factory=dict, init=False)
    #: The pods of which the others are to be told something.
    _changed: dict[str, _Account] = field(factory=dict, init=False)
    _told_all: float = field(default=0.0, init=False)

    def open(self, pod_id: str, amounts: Amounts) -> Claim:
        """
        Claim room in a pod.
        """
        if amounts == NOTHING:
            return no_claim()
        account = self._account(pod_id)
        account.open(amounts)
        return Claim(account, amounts)

    def claimed(self, pod_id: str) -> Amounts:
        """
        The sum of all claims in a pod.
        """
        account = self._accounts.get(pod_id)
        return NOTHING if account is None else account.total

    def collected(self, pod_id: str, at: float) -> None:
        """
        Forget what is in the numbers of a collection that began at this moment of the clock.
        """
        account = self._accounts.get(pod_id)
        if account is not None:
            account.collected(at)

    def retain(self, pod_ids: Collection[str]) -> None:
        """
        Forget the others that nothing is claimed in.
        """
        for pod_id in self._accounts.keys() - set(pod_ids):
            if self._accounts[pod_id].idle():
                del self._accounts[pod_id]
                self._changed.pop(pod_id, None)

    def heard(self, sender: str, placed: Mapping[str, Placed]) -> None:
        """
        Take over what another process tells of pods.
        """
        for pod_id, told in placed.items():
            self._account(pod_id).heard(sender, told)

    def news(self) -> dict[str, Placed]:
        """
        What the others are to be told since this was last asked, by pod id.
        """
        now = self._clock.seconds()
        changed, again = self._changed, now - self._told_all >= _TOLD_AGAIN
        self._changed = {}
        if again:
            self._told_all = now
            changed = {**changed, **{pod_id: each for pod_id, each in self._accounts.items() if each.opened}}
        told = {pod_id: account.news(again=again) for pod_id, account in changed.items()}
        return {pod_id: placed for pod_id, placed in told.items() if placed is not None}

    def untold(self, placed: Mapping[str, Placed]) -> None:
        """
        The others were not told this: what is open is told the next time, what was kept is not, so that nothing grows while
        the database is away.
        """
        for pod_id in placed:
            account = self._accounts.get(pod_id)
            if account is not None:
                account.untold()
                self._changed[pod_id] = account

    def _account(self, pod_id: str) -> _Account:
        account = self._accounts.get(pod_id)
        if account is None:
            account = self._accounts[pod_id] = _Account(
                pod_id, self._clock, self._longest, self._note_change, self._touched
            )
        return account

    def _note_change(self, account: _Account) -> None:
        self._changed[account.pod_id] = account


@frozen
class _Heard:
    """
    What another process has open in a pod.
    """

    amounts: Amounts
    at: float


class _Account:
    """
    One pod's claims.
    """

    def __init__(
        self,
        pod_id: str,
        clock: IReactorTime,
        longest: float,
        changed: Callable[[_Account], None],
        touched: Callable[[str], None],
    ) -> None:
        self.pod_id = pod_id
        self._clock = clock
        self._longest = longest
        self._changed = changed
        self._touched = touched
        #: How many claims of this process are open.
        self.opened = 0
        self._open = NOTHING
        #: What is kept, by the second in which it was, of all processes.
        self._kept: dict[int, Amounts] = {}
        self._sum_kept = NOTHING
        self._others: dict[str, _Heard] = {}
        #: What was kept here and is not told yet.
        self._news = NOTHING
        #: What the others believe to be open here; ``None`` where that is not known.
        self._told: Amounts | None = NOTHING
        self._total: Amounts | None = NOTHING

    @property
    def total(self) -> Amounts:
        """
        The sum of all.
        """
        if self._total is None:
            self._total = self._sum_kept.plus(self._open)
            for other in self._others.values():
                self._total = self._total.plus(other.amounts)
        return self._total

    def open(self, amounts: Amounts) -> None:
        """
        One more of this process.
        """
        self.opened += 1
        self._open = self._open.plus(amounts)
        self._changed_here()

    def close(self, amounts: Amounts, *, kept: bool) -> None:
        """
        One of this process is open no more.
        """
        self.opened -= 1
        # sums of fractions that come and go would leave a little behind
        self._open = self._open.less(amounts) if self.opened else NOTHING
        if kept:
            self._keep(amounts)
            self._news = self._news.plus(amounts)
        self._changed_here()

    def heard(self, sender: str, told: Placed) -> None:
        """
        Another process's, in place of what it had open before.
        """
        if told.open == NOTHING:
            self._others.pop(sender, None)
        else:
            self._others[sender] = _Heard(told.open, self._clock.seconds())
        if told.kept != NOTHING:
            self._keep(told.kept)
        self._forget_total()

    def news(self, *, again: bool) -> Placed | None:
        """
        What the others are to be told; ``None`` for nothing new.
        """
        kept, self._news = self._news, NOTHING
        known, self._told = self._told, self._open
        if kept == NOTHING and known == self._open and not (again and self.opened):
            return None
        return Placed(open=self._open, kept=kept)

    def untold(self) -> None:
        """
        They were not.
        """
        self._told = None

    def collected(self, at: float) -> None:
        """
        Forget what a collection has in its numbers.
        """
        since = at - SETTLING
        self._kept = {second: amounts for second, amounts in self._kept.items() if second >= since}
        self._sum_kept = NOTHING
        for amounts in self._kept.values():
            self._sum_kept = self._sum_kept.plus(amounts)
        self._others = {sender: other for sender, other in self._others.items() if other.at >= since}
        self._forget_total()

    def idle(self) -> bool:
        """
        True where nothing is claimed any more.
        """
        self._drop_old()
        return not (self.opened or self._kept or self._others)

    def _keep(self, amounts: Amounts) -> None:
        second = int(self._clock.seconds())
        if second not in self._kept:
            self._drop_old()
        self._kept[second] = self._kept.get(second, NOTHING).plus(amounts)
        self._sum_kept = self._sum_kept.plus(amounts)

    def _drop_old(self) -> None:
        since = self._clock.seconds() - self._longest
        while self._kept and (oldest := next(iter(self._kept))) < since:
            self._sum_kept = self._sum_kept.less(self._kept.pop(oldest))
            self._forget_total()
        if not self._kept:
            self._sum_kept = NOTHING

    def _forget_total(self) -> None:
        self._total = None
        self._touched(self.pod_id)

    def _changed_here(self) -> None:
        self._forget_total()
        self._changed(self)
