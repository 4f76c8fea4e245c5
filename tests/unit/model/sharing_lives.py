"""
Lives of the world in which processes share: bytes say what happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from attrs import define, field

from tests.unit.model.chronicle import Verb, Write
from tests.unit.model.sharing import FLAVORS, PODS, Sharing
from trio2o.model.shared import SharedPolicy

T = TypeVar("T")

#: What happens, as often as it stands here.
_EVENTS = (
    *["write"] * 5,
    *["write like the last"] * 2,
    *["step"] * 16,
    *["run"] * 10,
    *["work"] * 5,
    *["feed"] * 2,
    "wait",
    "pod",
    "sick",
    "well",
    "restart",
)

#: How much of what happens goes wrong: of so many steps one, or none.
_WRONG = (0, 0, 24, 12, 6)

#: Most writes that are under way at the same time.
_WRITES = 4


@define
class _Dice:
    """
    Bytes, one after another; zeros at the end.
    """

    _bytes: bytes
    _at: int = field(default=0, init=False)

    @property
    def is_over(self) -> bool:
        return self._at >= len(self._bytes)

    def number(self, most: int) -> int:
        """
        A number below another.
        """
        drawn = 0 if self.is_over else self._bytes[self._at]
        self._at += 1
        return drawn % most

    def one_of(self, things: Sequence[T]) -> T:
        """
        One of several.
        """
        return things[self.number(len(things))]


def lived(policy: SharedPolicy, raw: bytes, *, refuser: bool = False) -> Sharing:
    """
    A world after a life, everything well again and everything done.
    """
    dice = _Dice(raw)
    at_once = dice.number(3) == 0
    world = Sharing(policy, processes=2 + dice.number(2), at_once=at_once)
    wrong = dice.one_of(_WRONG)
    names = FLAVORS[: 1 + (dice.number(4) == 0)]
    world.pods[PODS[-1]].refuses = refuser
    if not refuser and dice.number(4):
        # most lives begin with something to write to
        world.begin(world.processes[0], Write("a", Verb.CREATE, value=64))
        world.run(world.processes[0], 100)
    troubled = dice.number(2) == 1
    world.chronicle.alike = not troubled and not wrong
    while not dice.is_over:
        happens = dice.one_of(_EVENTS)
        process = dice.one_of(world.processes)
        if happens.startswith("write"):
            _write(world, dice, names, like_last="like" in happens)
        elif happens == "step":
            world.step(dice.number(256), _how(dice, wrong))
        elif happens == "run":
            world.run(process, 1 + dice.number(8))
        elif happens == "work":
            process.work()
        elif happens == "feed":
            process.feed()
        elif happens == "wait":
            world.pass_time(dice.one_of((1.0, 5.0, 5.0, 35.0, 61.0)))
        elif not troubled:
            continue
        elif happens == "pod":
            pod = world.pods[dice.one_of(PODS)]
            pod.up = not pod.up
        elif happens == "sick":
            process.sick ^= {dice.one_of(PODS)}
        elif happens == "well":
            process.sick.clear()
            for pod in world.pods.values():
                pod.up = True
        else:
            world.restart(dice.number(8))
    world.recover()
    return world


def _write(world: Sharing, dice: _Dice, names: Sequence[str], *, like_last: bool) -> None:
    """
    A client writes, mostly an extra spec, unless enough others do.
    """
    writes = world.chronicle.writes
    if sum(write.answered is None and not write.forgotten for write in writes) >= _WRITES:
        return
    process = dice.one_of(world.processes)
    verb = dice.one_of((*[Verb.SET] * 6, Verb.UNSET, Verb.CREATE, Verb.DELETE))
    flavor, spec = dice.one_of(names), dice.one_of("xxy")
    if like_last and writes:
        flavor, spec, verb = writes[-1].flavor, writes[-1].spec or spec, Verb.SET
    value: str | int = 64 if verb is Verb.CREATE else f"{len(writes)}"
    world.begin(process, Write(flavor, verb, spec if verb in (Verb.SET, Verb.UNSET) else "", value))


def _how(dice: _Dice, wrong: int) -> int:
    """
    Mostly all goes well; sometimes an answer is slow.
    """
    drawn = dice.number(256)
    if wrong and drawn % wrong == 1:
        return 2 + (drawn // wrong) % 4
    return 1 if drawn % 4 == 3 else 0
