"""
The settings that are compared.
"""

from __future__ import annotations

from pathlib import Path

from attrs import evolve, frozen

from trio2o.config.identity_section import IdentitySection
from trio2o.config.scheduling_section import Headroom
from trio2o.config.schema import Config, SchedulingSection
from trio2o.startup import read_config

#: What all of them have: that creates failed in a pod outweighs that it is the bound one, and what operators say outweighs the
#: rest.
_COMMON = {"recent_failures": 150.0, "operator_weight": 10.0}
#: More than all others together but the failures, so that only a filter moves a binding.
_STICKY = 100.0
#: Less than the operator's weight, and so little that two failures outweigh all the rest together.
_ROOM = 2.0


@frozen(kw_only=True)
class Setting:
    """
    One configuration, and what it is called in the tables.
    """

    name: str
    about: str
    config: Config
    #: True for what holds where the configuration says nothing.
    shipped: bool = False
    #: False for a gateway that does not know how large flavors are: each server counts as a typical one.
    knows_sizes: bool = True


def _made(name: str, about: str, headroom: float = 0.0, **weighers: float) -> Setting:
    kept_free = Headroom(vcpus=headroom, ram_mb=headroom, disk_gb=headroom, volume_gb=headroom)
    scheduling = SchedulingSection(weighers={**_COMMON, **weighers}, headroom=kept_free)
    return Setting(
        name=name,
        about=about,
        config=_USUAL if scheduling == _USUAL.scheduling else evolve(_USUAL, scheduling=scheduling),
        shipped=scheduling == _USUAL.scheduling,
    )


#: A configuration that says nothing.
_USUAL = Config(identity=IdentitySection())


def own(path: Path) -> Setting:
    """
    An operator's configuration file; of it ``scheduling`` and ``usage`` count.

    :raises trio2o.errors.ConfigErrors: if it is wrong.
    """
    return Setting(name="own", about=str(path), config=read_config(path))


def compared() -> list[Setting]:
    """
    What is shipped is among them.
    """
    emptiest = _made(
        "emptiest", "new projects go where most is free; bindings stay", binding=_STICKY, free_capacity=_ROOM
    )
    found = [
        _made(
            "fill-first",
            "one pod is filled, then the next; bindings stay",
            binding=_STICKY,
            creation_order=1.0,
        ),
        _made(
            "fill-first-10%",
            "the same with a headroom of 10 %",
            headroom=0.1,
            binding=_STICKY,
            creation_order=1.0,
        ),
        emptiest,
        _made(
            "emptiest-5%",
            "the same with a headroom of 5 %",
            headroom=0.05,
            binding=_STICKY,
            free_capacity=_ROOM,
        ),
        evolve(
            emptiest,
            name="emptiest-blind",
            about="the same, but the sizes of flavors are not known",
            shipped=False,
            knows_sizes=False,
        ),
        _made(
            "emptiest-loose",
            "bindings move once a fifth more is free elsewhere",
            binding=_ROOM / 5,
            free_capacity=_ROOM,
        ),
        _made("emptiest-free", "every create goes where most is free: nothing holds", free_capacity=_ROOM),
        _made(
            "spread",
            "new projects go where the fewest are bound; bindings stay",
            binding=_STICKY,
            spread=_ROOM,
        ),
        _made("cost", "the cheapest pod is filled first; bindings stay", binding=_STICKY, cost=_ROOM),
    ]
    if any(setting.shipped for setting in found):
        return found
    return [Setting(name="shipped", about="the defaults", config=_USUAL, shipped=True), *found]
