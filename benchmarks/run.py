"""
``make bench``: everything in one run, medians and ratios as a table, the readings as JSON.

Each part is a module: reads, lists, creates, rewriting, memory. wrk, the pods and whoever asks share core 0, the server
under test has core 1. What is compared takes turns in each round; a ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from attrs import asdict

from benchmarks import creates, lists, memory, reads, rewriting
from benchmarks.rows import Result
from benchmarks.servers import ROOT, Bench, MissingProgram
from benchmarks.setup import Setup

PARTS = ("reads", "lists", "creates", "rewriting", "memory")


def main() -> int:
    """
    Run it all and write the results. The status tells of answers that were no success; what a figure promises may be
    missed on a busy machine.
    """
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=1, help="of each wrk run (default 1)")
    parser.add_argument("--rounds", type=int, default=4, help="of which the median counts (default 4)")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part (default: all)")
    parser.add_argument(
        "--json",
        type=Path,
        default=ROOT / "benchmarks" / "results" / "latest.json",
        help="where the readings go",
    )
    options = parser.parse_args()
    began = time.monotonic()
    result = Result()
    machine = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "load_before": os.getloadavg()[0],
    }
    with tempfile.TemporaryDirectory(prefix="trio2o-bench-") as folder:
        Path(folder).chmod(0o755)
        bench = Bench(Path(folder))
        try:
            _measure(Setup(bench=bench, folder=Path(folder)), result, options.only or PARTS, options)
        except MissingProgram as missing:
            print(f"{missing} is not installed; `make bench` installs it where it may", file=sys.stderr)
            return 1
        finally:
            bench.close()
    machine["load_after"] = os.getloadavg()[0]
    print()
    for figure in result.figures:
        if figure.most is not None or figure.least is not None:
            print(figure)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(
        json.dumps(
            {
                "machine": machine,
                "rows": [asdict(row) for row in result.rows],
                "figures": [{**asdict(figure), "kept": figure.kept} for figure in result.figures],
            },
            indent=1,
        )
    )
    print(
        f"\n{time.monotonic() - began:.0f} s, load {machine['load_before']} before and {machine['load_after']} after"
    )
    print(f"readings: {options.json}")
    return 1 if result.errors else 0


def _measure(setup: Setup, result: Result, parts: tuple[str, ...], options: argparse.Namespace) -> None:
    rounds: int = options.rounds
    if set(parts) != {"rewriting"}:
        setup.start_pods()
    if "reads" in parts:
        reads.measure(setup, result, seconds=options.seconds, rounds=rounds)
    if "lists" in parts:
        lists.measure(setup, result, rounds=2 * rounds)
    if "creates" in parts:
        creates.measure(setup, result, rounds=rounds)
    if "rewriting" in parts:
        rewriting.measure(result, rounds=3 * rounds)
    if "memory" in parts:
        memory.measure(setup, result, rounds=1)


if __name__ == "__main__":
    sys.exit(main())
