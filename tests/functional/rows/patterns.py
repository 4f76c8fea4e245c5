"""
The usual cases: something that one pod has, lists and sums of all pods, creates, and what any or every pod does.

In all of them Pod1 is the pod that a project without a binding is sent to where no row says otherwise, so what a row finds
is somewhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.functional.rows.case import (
    BROKEN,
    DOWN,
    GARBLED,
    SILENT,
    Ask,
    Case,
    Maker,
    Step,
    Told,
    nothing,
)

PODS = ("Pod1", "Pod2", "Pod3")


def went(pods: Sequence[str], *got: str) -> dict[str, tuple[str, ...]]:
    """
    The same at each of these pods.
    """
    return dict.fromkeys(pods, got)


def routed() -> dict[str, Told]:
    """
    What is told of something whose pod fails.
    """
    return {DOWN: Told(status=503), BROKEN: Told(status=500), SILENT: Told(status=504)}


def unsaid() -> dict[str, Told]:
    """
    What is told where the pod that fails has to be asked first.
    """
    return dict.fromkeys((DOWN, BROKEN, SILENT), Told(status=503))


def held(
    surface: str,
    row: str,
    method: str,
    path: str,
    *,
    make: Maker,
    body: Any = None,
    version: str | None = None,
    status: int = 200,
    shows: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
    got: str = "",
    stranger: Told | int = 404,
    strange: Ask | None = None,
    beside: Sequence[str] = (),
    later: Sequence[str] = (),
    also: Sequence[Step] = (),
    admin: bool = False,
    faults: Mapping[str, Told] | None = None,
) -> Case:
    """
    A request about what Pod2 has, and the gateway knows: that pod gets it, and no other.

    :param got: what the pod gets, where it is not what the client sent.
    """
    return Case(
        surface=surface,
        row=row,
        make=make,
        admin=admin,
        steps=(
            Step(
                ask=Ask(method=method, path=path, body=body, version=version),
                told=Told(status=status, shows=tuple(shows), values=values or {}),
                got={"Pod2": (got or f"{method} {path}",)},
                beside=tuple(beside),
                later=tuple(later),
            ),
            *also,
        ),
        stranger=Told(status=stranger) if isinstance(stranger, int) else stranger,
        strange=strange,
        fails="Pod2",
        faults=routed() if faults is None else faults,
    )


def asked(
    surface: str,
    row: str,
    method: str,
    path: str,
    *,
    version: str | None = None,
    body: Any = None,
    status: int = 200,
    shows: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
    make: Maker = nothing,
    stranger: Told | int | None = None,
    admin: bool = False,
    also: Sequence[Step] = (),
    beside: Sequence[str] = (),
    faults: Mapping[str, Told] | None = None,
) -> Case:
    """
    A request about what Pod2 has, and no route leads to: a read is asked of all pods at once, a write of one after the other
    until Pod2 takes it.
    """
    pods = PODS if method == "GET" else PODS[:2]
    if stranger is None:
        stranger = 403 if admin else 404
    return Case(
        surface=surface,
        row=row,
        make=make,
        admin=admin,
        steps=(
            Step(
                ask=Ask(method=method, path=path, body=body, version=version),
                told=Told(status=status, shows=tuple(shows), values=values or {}),
                got=went(pods, f"{method} {path}"),
                beside=tuple(beside),
            ),
            *also,
        ),
        stranger=Told(status=stranger) if isinstance(stranger, int) else stranger,
        fails="Pod2",
        faults=routed() if faults is None else faults,
    )


def listed(
    surface: str,
    row: str,
    path: str,
    *,
    make: Maker = nothing,
    version: str | None = None,
    shows: Sequence[str] = ("{Pod1}", "{Pod2}", "{Pod3}"),
    left: Sequence[str] = ("{Pod1}", "{Pod3}"),
    gone: Sequence[str] = ("{Pod2}",),
    values: Mapping[str, Any] | None = None,
    got: str = "",
    stranger: Told | None = None,
    admin: bool = False,
    also: Sequence[Step] = (),
    kinds: Sequence[str] = (DOWN, BROKEN, SILENT, GARBLED),
) -> Case:
    """
    A list or sum of all pods; where Pod2 fails it goes on without, and says so.

    :param left: what stands in the answer then, and ``gone`` what does not.
    """
    told = stranger or (Told(status=403) if admin else Told(status=200, hides=tuple(shows)))
    without = Told(status=200, shows=tuple(left), hides=tuple(gone), incomplete=True)
    return Case(
        surface=surface,
        row=row,
        make=make,
        admin=admin,
        steps=(
            Step(
                ask=Ask(method="GET", path=path, version=version),
                told=Told(status=200, shows=tuple(shows), values=values or {}, incomplete=False),
                got=went(PODS, got or f"GET {path}"),
            ),
            *also,
        ),
        stranger=told,
        fails="Pod2",
        faults=dict.fromkeys(kinds, without),
    )


def anywhere(
    surface: str,
    row: str,
    path: str,
    *,
    method: str = "GET",
    make: Maker = nothing,
    body: Any = None,
    version: str | None = None,
    status: int = 200,
    shows: Sequence[str] = (),
    stranger: Told | int | None = None,
    admin: bool = False,
    by_name: bool = True,
    also: Sequence[Step] = (),
    faults: Mapping[str, Told] | None = None,
) -> Case:
    """
    What any pod can answer: one does. A read goes on to the next pod when it is down; a write does not.
    """
    read = method in ("GET", "HEAD")
    told = Told(status=status, shows=tuple(shows))
    if faults is None:
        down = told if read else Told(status=503)
        faults = {DOWN: down, BROKEN: Told(status=500)}
    if stranger is None:
        stranger = 403 if admin else status
    return Case(
        surface=surface,
        row=row,
        make=make,
        admin=admin,
        steps=(
            Step(
                ask=Ask(method=method, path=path, body=body, version=version),
                told=told,
                got={"Pod1": (f"{method} {path}",)},
            ),
            *also,
        ),
        stranger=Told(status=stranger) if isinstance(stranger, int) else stranger,
        fails="Pod1",
        faults=faults,
        by_name=by_name,
    )
