"""
The end of a run: what was promised once more, and the readings in a file, with the machine that they are from.
"""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path

from attrs import asdict, define, field

from benchmarks.rows import Result


@define
class Report:
    """
    One run, from its begin on.
    """

    result: Result = field(factory=Result)
    _began: float = field(factory=time.monotonic, init=False)
    _machine: dict[str, object] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._machine = {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "load_before": os.getloadavg()[0],
        }

    def end(self, path: Path, *, promised: bool = False, **sizes: int) -> int:
        """
        Print the figures, write all readings, and give the exit status: 1 where an answer was no success. What a figure promises
        may be missed on a busy machine.

        :param promised: print only those that promise something.
        :param sizes: how large what was measured is.
        """
        self._machine["load_after"] = os.getloadavg()[0]
        print()
        for figure in self.result.figures:
            if not promised or figure.most is not None or figure.least is not None:
                print(figure)
        told = {
            "machine": self._machine,
            **sizes,
            "rows": [asdict(row) for row in self.result.rows],
            "figures": [{**asdict(figure), "kept": figure.kept} for figure in self.result.figures],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(told, indent=1))
        load = f"load {self._machine['load_before']} before and {self._machine['load_after']} after"
        print(f"\n{time.monotonic() - self._began:.0f} s, {load}")
        print(f"readings: {path}")
        return 1 if self.result.errors else 0
