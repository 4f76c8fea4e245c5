"""
The invariants I10 to I13 (``docs/architecture.rst``), held against all that creates do.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

import orjson
from attrs import define, field
from twisted.internet.task import Clock

from tests.unit.model.lives import Attempt, Create, End
from tests.unit.model.oracle import has_room, order, zone_of
from tests.unit.model.process import TRUSTED, Process, Witness
from trio2o.errors import (
    BadGateway,
    BadRequest,
    Conflict,
    DatabaseUnavailable,
    GatewayTimeout,
    NoValidPod,
    Unavailable,
)
from trio2o.exchange import Answer
from trio2o.model import NOTHING, Amounts, Binding, PodState
from trio2o.storage.memory import MemoryDatabase
from trio2o.strategies.claims import SETTLING

#: What a client may be told of a create that no pod accepted, beside what a pod said.
_HONEST = (BadGateway, BadRequest, GatewayTimeout, NoValidPod, Unavailable)

#: Seconds that moments may differ by where they were reckoned from each other.
_ROUNDED = 0.001


@define(eq=False)
class Judge(Witness):
    """
    Watches, and keeps what was broken.
    """

    _database: MemoryDatabase
    _clock: Clock
    broken: list[str] = field(factory=list)
    #: Every binding as it was last seen.
    _rows: dict[str, Binding] = field(factory=dict)
    #: Pod id to when its state was last changed, and to what.
    _states: dict[str, tuple[float, object]] = field(factory=dict)
    #: Idempotency key to the ids of what was made for it.
    _keyed: dict[str, list[str]] = field(factory=dict)

    def check(self, holds: bool, what: str) -> None:
        """
        Keep what does not hold.
        """
        if not holds:
            self.broken.append(what)

    def note_change(self, pod_id: str) -> None:
        """
        An operator, at another process, has changed a pod.
        """
        state = self._database.pods[pod_id]
        known = self._states.get(pod_id)
        window = (state.state, state.state_from, state.state_until)
        if known is None or known[1] != window:
            self._states[pod_id] = (self._clock.seconds(), window)

    def _closed_since(self, pod_id: str) -> float | None:
        """
        Since when a pod takes nothing new, if it takes nothing now.
        """
        pod = self._database.pods[pod_id]
        if pod.state_at(self._database.now()) is PodState.ENABLED:
            return None
        began = 0.0 if pod.state_from is None else pod.state_from.timestamp()
        return max(began, self._states[pod_id][0])

    # What creates do.

    def ranked(self, create: Create, pods: list[str], bindings: Sequence[Binding], hints: bool) -> None:
        process: Process = create.process
        if create.bindings is None:
            create.bindings = tuple(process.state.bindings_of(create.project))
        view = process.view(create)
        if not create.ranked:
            create.ranked = True
            create.decided_zone = zone_of(view, create.zone) if create.volume is None else create.zone
        same = {row.id for row in bindings} == {row.id for row in create.bindings}
        self.check(same, f"I14: {create} goes by {bindings}, and knows {create.bindings}")
        expected = order(
            view,
            project=create.project,
            zone=create.decided_zone,
            within=None if create.volume is None else {create.volume[1]},
            excluded={*create.excluded, *(attempt.pod_id for attempt in create.attempts)},
            needs=create.needs,
            hints=hints,
        )
        self.check(pods == expected, f"oracle: {create} got {pods}, expected {expected}")
        create.order = sorted(pods, key=lambda pod_id: pod_id != create.preferred)
        best = process.state.pod(create.order[0]) if create.order and not create.attempts else None
        if create.preferred is not None and best is not None and best.az_name != create.bindings[0].az_name:
            # the project's zone is decided
            create.decided_zone = create.bindings[0].az_name

    def claiming(self, create: Create, pod_id: str) -> None:
        process: Process = create.process
        pod = process.state.pod(pod_id)
        where = f"{create} claims {create.needs} in {pod_id}"
        room = pod is None or has_room(process.view(create), pod, create.needs)
        self.check(room, f"I12: {where}, where no room is left")
        create.claimed_in = pod_id

    def sending(self, create: Create, attempt: Attempt) -> None:
        where = f"{create} to {attempt.pod_id}"
        for before in create.attempts:
            self.check(before.pod_id != attempt.pod_id, f"I13: {where}: twice")
            self.check(before.end is End.SURE_REFUSAL, f"I13: {where}: after {before.end} at {before.pod_id}")
        self._takes_new(create, attempt.pod_id, where)
        best = create.order[0] if create.order else None
        self.check(best == attempt.pod_id, f"oracle: {where}: {best} is better")
        self.check(create.claimed_in == attempt.pod_id, f"I12: {where}: its room is in {create.claimed_in}")
        if create.volume is not None:
            self.check(attempt.pod_id == create.volume[1], f"I6: {where}: its volume is elsewhere")

    def _takes_new(self, create: Create, pod_id: str, where: str) -> None:
        """
        I11: no pod gets a create that its process knows to take none, or could know if it did not trust outdated memory.
        """
        process: Process = create.process
        self.check(_open(process, pod_id), f"I11: {where}: known to take nothing new")
        closed = self._closed_since(pod_id)
        if closed is None:
            return
        if process.state.current:
            late = self._clock.seconds() - closed
            self.check(late <= TRUSTED, f"I11: {where}: takes nothing new since {late:g} s")
        else:
            asked = create.asked_for_pods
            self.check(
                asked is not None and asked <= closed, f"I11: {where}: by memory that is not to be trusted"
            )

    def arrived(self, create: Create, attempt: Attempt) -> None:
        made = [each.pod_id for each in create.attempts if each.made is not None]
        self.check(len(made) <= 1, f"I13: {create} was accepted by {made}")
        if create.key is not None and attempt.made is not None:
            self._keyed.setdefault(create.key, []).append(attempt.made)
            made = self._keyed[create.key]
            self.check(len(made) == 1, f"keyed: {create} with {create.key} makes {made}")

    def binding(self, create: Create, pod_id: str, replaces: str | None) -> None:
        where = f"{create} binds to {pod_id}"
        self.check(_open(create.process, pod_id), f"I11: {where}, known to take nothing new")

    def bound(self, create: Create, binding: Binding, replaces: str | None) -> None:
        before = [row for row in self._rows.values() if row.is_binding and row.tenant_id == create.project]
        made, ended = self.look()
        where = str(create)
        self.check(not (made or ended) or create.volume is None, f"I10: {where}: pinned, and binds")
        for row in ended:
            self._moved(create, row, binding, where)
        if made and not create.attempts and create.zone is None and before:
            newest = max(before, key=lambda row: row.created_at)
            there = {pod.az_name for pod in create.process.state.pods() if pod.state is not PodState.DISABLED}
            self.check(
                newest.az_name == binding.az_name or newest.az_name not in there,
                f"I10: {where}: without a zone, in {binding.az_name} beside {newest.az_name}",
            )

    def _moved(self, create: Create, old: Binding, new: Binding, where: str) -> None:
        """
        I10: only a success moves a binding, of a create that went where the ranking says, and only what was weighed.
        """
        self.check(create.settled_pod == new.pod_id, f"I10: {where}: moves before a success there")
        self.check(len(create.attempts) == 1, f"I10: {where}: fell back, and moves a binding")
        self.check(create.order[:1] == [new.pod_id], f"I10: {where}: moves to what is not the best")
        weighed = {binding.id for binding in create.bindings or ()}
        self.check(
            old.id in weighed,
            f"I10: {where}: moves {old.pod_id}'s binding, whose stickiness it has not weighed",
        )

    def over(self, create: Create) -> None:
        where = str(create)
        outcome = create.outcome
        success = isinstance(outcome, Answer) and 200 <= outcome.status < 300
        if create.key is not None and not create.attempts:
            self._repeated(create, outcome)
            return
        accepted = create.settled_pod is not None
        self.check(
            success == accepted, f"I15: {where}: ends with {outcome!r}, accepted by {create.settled_pod}"
        )
        if not isinstance(outcome, Answer):
            honest = _HONEST if create.key is None else (*_HONEST, DatabaseUnavailable)
            self.check(isinstance(outcome, honest), f"{where}: ends with {outcome!r}")
        if isinstance(outcome, NoValidPod):
            self.check(not create.order, f"{where}: no valid pod, though {create.order}")
        # without the database no pod is bound to anew
        refused = not create.database_failed and all(each.end is End.SURE_REFUSAL for each in create.attempts)
        if create.attempts and refused:
            tried = {each.pod_id for each in create.attempts}
            left = [one for one in create.order if one not in tried]
            self.check(not left, f"I13: {where}: {left} were not tried, {outcome!r}")

    def _repeated(self, create: Create, outcome: Answer | Exception | None) -> None:
        """
        A create whose key another one has, or that got no farther, is answered as the first was.
        """
        if isinstance(outcome, Answer) and isinstance(outcome.body, bytes):
            first = orjson.loads(outcome.body)[create.kind.value]["id"]
            self.check([first] == self._keyed.get(create.key or ""), f"keyed: {create} is told of {first}")
        else:
            honest = (*_HONEST, Conflict, DatabaseUnavailable)
            self.check(isinstance(outcome, honest), f"keyed: {create} ends with {outcome!r}")

    # What holds in every state.

    def look(self) -> tuple[list[Binding], list[Binding]]:
        """
        The bindings that were made and those that were ended since the last look, and whether their history is whole.
        """
        made, ended = [], []
        for row in self._database.bindings.values():
            known = self._rows.get(row.id)
            if known is None:
                made.append(row)
            elif known.is_binding and not row.is_binding:
                ended.append(row)
            elif known != row:
                self.broken.append(f"I10: history was changed: {known} to {row}")
        self._rows = dict(self._database.bindings)
        return made, ended

    def history(self) -> None:
        """
        I10: at most one active binding for each project, zone and group, and none that began before its predecessor's end.
        """
        places: dict[tuple[str, str, str], list[Binding]] = defaultdict(list)
        for row in self._database.bindings.values():
            places[row.tenant_id, row.az_name, row.pod_group].append(row)
        for place, rows in places.items():
            active = Counter(row.is_binding for row in rows)[True]
            self.check(active <= 1, f"I10: {active} active bindings of {place}")
            rows.sort(key=lambda row: row.created_at)
            for earlier, later in pairwise(rows):
                whole = earlier.ended_at is not None and earlier.ended_at <= later.created_at
                self.check(whole, f"I10: {earlier.id} has not ended when {later.id} begins")
            for row in rows:
                self.check(row.is_binding is (row.ended_at is None), f"I10: {row.id} is half ended")

    def claims(self, processes: Iterable[Process]) -> None:
        """
        I12: what a process has placed, or is about to, since a pod said how full it is counts against its room.
        """
        for process in processes:
            for pod_id, began in process.told_usage.items():
                least = placed([process], pod_id, began)
                claimed = process.experience.claimed(pod_id)
                where = f"{process.name} claims {claimed} of {pod_id}"
                self.check(covers(claimed, least), f"I12: {where}, and has placed {least}")

    def agree(self, processes: Sequence[Process]) -> None:
        """
        I12: when all have heard from all, each counts what the others have placed as well; and nothing that it placed, or heard
        of, longer than :data:`SETTLING` before the pod was asked. News may be late: they do not say when something was placed.
        """
        for process in processes:
            for pod_id, began in process.told_usage.items():
                claimed = process.experience.claimed(pod_id)
                least = placed(processes, pod_id, max(began, process.began))
                where = f"{process.name} claims {claimed} of {pod_id}"
                self.check(covers(claimed, least), f"I12: {where}, and all have placed {least}")
                since = began - SETTLING - _ROUNDED
                most = placed([process], pod_id, since)
                for create in process.newsroom.heard_of(pod_id, since):
                    most = most.plus(create.needs)
                self.check(covers(most, claimed), f"I12: {where}, and has placed or heard of but {most}")


def placed(processes: Iterable[Process], pod_id: str, since: float) -> Amounts:
    """
    What is on its way to a pod, and what came to stay there since some time.
    """
    total = NOTHING
    for process in processes:
        for create in process.creates:
            for attempt in create.attempts:
                stays = attempt.may_have_made and attempt.ended_at >= since
                if attempt.pod_id == pod_id and (stays or attempt.end is None):
                    total = total.plus(create.needs)
    return total


def _open(process: Process, pod_id: str) -> bool:
    pod = process.state.pod(pod_id)
    return pod is None or pod.state is PodState.ENABLED


def covers(whole: Amounts, part: Amounts) -> bool:
    """
    Whether the one is at least as much as the other.
    """
    return whole.vcpus >= part.vcpus and whole.volume_gb >= part.volume_gb
