"""
``make bench``: everything in one run, medians and ratios as a table, the readings as JSON.

Each part is a module: reads, lists, creates, shared, rewriting, memory. wrk, the pods and whoever asks share core 0, the server
under test has core 1. What is compared takes turns in each round; a ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import creates, lists, memory, reads, rewriting, shared
from benchmarks.report import Report
from benchmarks.rows import Result
from benchmarks.servers import ROOT, Bench, MissingProgram
from benchmarks.setup import Setup

PARTS = ("reads", "lists", "creates", "shared", "rewriting", "memory")


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
    report = Report()
    with tempfile.TemporaryDirectory(prefix="trio2o-bench-") as folder:
        Path(folder).chmod(0o755)
        bench = Bench(Path(folder))
        try:
            _measure(Setup(bench=bench, folder=Path(folder)), report.result, options.only or PARTS, options)
        except MissingProgram as missing:
            print(f"{missing} is not installed; `make bench` installs it where it may", file=sys.stderr)
            return 1
        finally:
            bench.close()
    return report.end(options.json, promised=True)


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
    if "shared" in parts:
        shared.measure(setup, result, rounds=rounds)
    if "rewriting" in parts:
        rewriting.measure(result, rounds=3 * rounds)
    if "memory" in parts:
        memory.measure(setup, result, rounds=1)


if __name__ == "__main__":
    sys.exit(main())
