"""
The usual cases of Cinder's things: one of them, what stands below it, its creates and its ends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from tests.functional.rows.case import PRIVATE, Ask, Case, Maker, Scene, Step, Told
from tests.functional.rows.patterns import held

_held = partial(held, "volume")


def known(kind: str, one: Callable[[Scene, str], Awaitable[str]], path: str, version: str | None) -> Maker:
    """
    One in Pod2 that the gateway knows: ``{backup}``, with its volume, ``{volume}``, where it has one.
    """

    async def make(scene: Scene) -> None:
        scene.things[kind] = await one(scene, "Pod2")
        await scene.known(f"{path}/{{{kind}}}", version)

    return make


def more(
    method: str, path: str, status: int, got: dict[str, tuple[str, ...]] | None = None, **rest: Any
) -> Step:
    """
    One more request, about what Pod2 has where nothing else is said.
    """
    told = {name: rest.pop(name) for name in ("shows", "values") if name in rest}
    beside, later = rest.pop("beside", ()), rest.pop("later", ())
    return Step(
        ask=Ask(method=method, path=path, **rest),
        told=Told(status=status, **told),
        got={"Pod2": (f"{method} {path}",)} if got is None else got,
        beside=beside,
        later=later,
    )


def of_one(
    path: str,
    kind: str,
    make: Maker,
    *,
    below: str = "",
    below_status: int = 200,
    below_admin: bool = False,
    deleted: int = 202,
    put: Any = None,
    version: str | None = None,
    shown: str = PRIVATE,
) -> tuple[Case, ...]:
    """
    A show, a delete, and what stands below; nothing does where ``below`` is empty, and then the pod itself says so.
    """
    item = f"{path}/{{{kind}}}"
    also = () if put is None else (more("PUT", item, 200, body=put, version=version),)
    return (
        _held(
            f"GET,HEAD,PUT {path}/{{id}}", "GET", item, make=make, version=version, shows=(shown,), also=also
        ),
        _held(
            f"DELETE {path}/{{id}}",
            "DELETE",
            item,
            make=make,
            version=version,
            status=deleted,
            beside=(f"GET {path}/*",),
        ),
        _held(
            f"EVERY {path}/{{id}}/**",
            "GET",
            f"{item}/{below or 'nothing'}",
            make=make,
            version=version,
            status=below_status if below else 404,
            admin=below_admin,
            stranger=403 if below_admin else 404,
        ),
    )


def forced(path: str, kind: str, make: Maker) -> Case:
    """
    An action that deletes: the gateway follows it until the thing is gone, so that its route ends.
    """
    item = f"{path}/{{{kind}}}"
    return _held(
        f"POST {path}/{{id}}/action",
        "POST",
        f"{item}/action",
        body={"os-force_delete": {}},
        make=make,
        status=202,
        admin=True,
        # whether somebody may is asked of what they are shown
        stranger=404,
        later=(f"GET {item}",),
    )


def made(row: str, path: str, body: Any, *, make: Maker, version: str | None = None, **more: Any) -> Case:
    """
    A create that goes where its volume is.
    """
    return _held(
        row,
        "POST",
        path,
        body=body,
        make=make,
        version=version,
        status=more.pop("status", 202),
        stranger=more.pop("stranger", 404),
        beside=more.pop("beside", ("GET /volumes/*",)),
        **more,
    )
