"""
Cases of the compute surface: host aggregates. What Pod2 alone has is that pod's own.
"""

from __future__ import annotations

from typing import Any

from tests.functional.rows.case import (
    BROKEN,
    DOWN,
    GARBLED,
    PRIVATE,
    SILENT,
    Ask,
    Case,
    Scene,
    Step,
    Told,
)
from tests.functional.rows.patterns import PODS, went
from trio2o.merging.integers import top_integer

_ROOT = "/os-aggregates"
_TOP, _OWN = f"{_ROOT}/{{aggregate}}", f"{_ROOT}/{{own}}"
_NEW = Ask(method="POST", path=_ROOT, body={"aggregate": {"name": "{project_id}"}})
_FORBIDDEN = Told(status=403)


async def _an_aggregate(scene: Scene) -> None:
    """
    An aggregate in Pod2.
    """
    body = {"aggregate": {"name": f"{PRIVATE}-{scene.owner.project_id}"}}
    made = (await scene.at_pod("Pod2", "POST", _ROOT, body))["aggregate"]
    scene.things["own"] = str(made["id"])
    scene.things["aggregate"] = str(top_integer(2, made["id"]))


def _at_its_pod(row: str, *steps: Step, **more: Any) -> Case:
    """
    What Pod2 alone has.
    """
    faults = {DOWN: Told(status=503), BROKEN: Told(status=502), SILENT: Told(status=504)}
    return Case(
        surface="compute",
        row=row,
        admin=True,
        make=_an_aggregate,
        steps=steps,
        stranger=_FORBIDDEN,
        fails="Pod2",
        **{"faults": faults, **more},
    )


CASES: tuple[Case, ...] = (
    Case(
        surface="compute",
        row=f"GET {_ROOT}",
        admin=True,
        make=_an_aggregate,
        steps=(
            Step(
                ask=Ask(method="GET", path=_ROOT),
                told=Told(status=200, shows=("{aggregate}", "ag_Pod1", "ag_Pod3"), incomplete=False),
                got=went(PODS, f"GET {_ROOT}"),
            ),
        ),
        stranger=_FORBIDDEN,
        fails="Pod2",
        faults=dict.fromkeys(
            (DOWN, BROKEN, SILENT, GARBLED),
            Told(status=200, shows=("ag_Pod1",), hides=("{aggregate}",), incomplete=True),
        ),
    ),
    Case(
        surface="compute",
        row=f"POST {_ROOT}",
        admin=True,
        steps=(
            Step(
                ask=_NEW,
                told=Told(status=200, shows=('"id":1000000',)),
                got={"Pod1": (f"POST {_ROOT}",)},
            ),
        ),
        stranger=_FORBIDDEN,
        fails="Pod1",
        faults={DOWN: Told(status=503), SILENT: Told(status=504)},
        when_administered={
            "steps": (
                Step(
                    ask=_NEW,
                    told=Told(status=200, shows=('"id":1000000',)),
                    got=went(PODS, f"POST {_ROOT}"),
                ),
            ),
            # another pod is asked first, and the one that is away gets it from a job
            "faults": {DOWN: Told(status=200), SILENT: Told(status=504)},
        },
    ),
    _at_its_pod(
        f"GET {_ROOT}/{{id}}",
        Step(
            ask=Ask(method="GET", path=_TOP),
            told=Told(status=200, shows=("{aggregate}", "{private}")),
            got={"Pod2": (f"GET {_OWN}",)},
        ),
    ),
    _at_its_pod(
        f"DELETE,PUT {_ROOT}/{{id}}",
        Step(
            ask=Ask(method="PUT", path=_TOP, body={"aggregate": {"name": "new-{project_id}"}}),
            told=Told(status=200, shows=("{aggregate}", "new-{project_id}")),
            got={"Pod2": (f"PUT {_OWN}", f"GET {_OWN}")},
        ),
        Step(
            ask=Ask(method="DELETE", path=_TOP),
            told=Told(status=200),
            got={"Pod2": (f"GET {_OWN}", f"DELETE {_OWN}")},
        ),
        faults={DOWN: Told(status=503), BROKEN: Told(status=500), SILENT: Told(status=504)},
    ),
    _at_its_pod(
        f"POST {_ROOT}/{{id}}/action",
        Step(
            ask=Ask(method="POST", path=f"{_TOP}/action", body={"add_host": {"host": "pod2-compute"}}),
            told=Told(status=200, shows=("{aggregate}", "pod2-compute")),
            got={
                **went(PODS, "GET /os-services"),
                "Pod2": ("GET /os-services", f"GET {_OWN}", f"POST {_OWN}/action", f"GET {_OWN}"),
            },
        ),
        Step(
            ask=Ask(method="POST", path=f"{_TOP}/action", body={"remove_host": {"host": "pod2-compute"}}),
            told=Told(status=200, shows=("{aggregate}",), hides=("pod2-compute",)),
            got={
                **went(PODS, "GET /os-services"),
                "Pod2": ("GET /os-services", f"POST {_OWN}/action", f"GET {_OWN}"),
            },
        ),
    ),
    _at_its_pod(
        f"POST {_ROOT}/{{id}}/images",
        Step(
            ask=Ask(
                method="POST",
                path=f"{_TOP}/images",
                body={"cache": [{"id": "6b9648cf-4927-462f-8ceb-3beb5e34bcd5"}]},
                version="2.81",
            ),
            told=Told(status=202),
            got={"Pod2": (f"GET {_OWN}", f"POST {_OWN}/images")},
        ),
        faults={DOWN: Told(status=503), BROKEN: Told(status=500), SILENT: Told(status=504)},
    ),
)
