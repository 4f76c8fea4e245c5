"""
``make bench-scale``: selection among many pods, a large database, several workers; medians and ratios as a table.

wrk, the pod and Keystone share core 0, the daemons have core 1. What is compared takes turns in each round; a ratio is the
median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import scale_database, scale_selection, scale_workers
from benchmarks.report import Report
from benchmarks.rows import Result
from benchmarks.servers import ROOT, Bench, MissingProgram, needed
from benchmarks.setup import Setup

PARTS = ("selection", "database", "workers")


def main(words: Sequence[str] | None = None) -> int:
    """
    Run it all and write the results. The status tells of answers that were no success; what a figure promises may be
    missed on a busy machine.
    """
    options = _options(words)
    parts = options.only or PARTS
    report = Report()
    if "selection" in parts:
        scale_selection.measure(report.result, pods=options.pods, rounds=options.selections)
    if {"database", "workers"} & set(parts):
        try:
            needed("wrk")
        except MissingProgram:
            print("wrk is not installed; `make bench` installs it where it may", file=sys.stderr)
            return 1
        _with_daemons(report.result, parts, options)
    return report.end(options.json, bindings=options.bindings, routes=options.routes)


def _with_daemons(result: Result, parts: Sequence[str], options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="trio2o-scale-") as folder:
        Path(folder).chmod(0o755)
        bench = Bench(Path(folder))
        try:
            setup = Setup(bench=bench, folder=Path(folder))
            setup.start_pods(1)
            if "workers" in parts:
                scale_workers.measure(
                    setup, result, workers=options.workers, seconds=options.seconds, rounds=options.rounds
                )
            if "database" in parts:
                scale_database.measure(
                    setup,
                    result,
                    bindings=options.bindings,
                    routes=options.routes,
                    seconds=options.seconds,
                    rounds=options.rounds,
                    keep=options.keep,
                )
        finally:
            bench.close()


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench-scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pods", type=int, nargs="+", default=[10, 100, 1000], help="to select among")
    parser.add_argument("--selections", type=int, default=400, help="of which the median counts")
    parser.add_argument("--bindings", type=int, default=1_000_000, help="active ones (default 1,000,000)")
    parser.add_argument("--routes", type=int, default=10_000_000, help="default 10,000,000; about 5 GB")
    parser.add_argument(
        "--workers", type=int, nargs="+", default=[1, 2, 4], help="the first is what others are compared with"
    )
    parser.add_argument("--seconds", type=int, default=1, help="of each wrk run (default 1)")
    parser.add_argument("--rounds", type=int, default=12, help="of which the median counts (default 12)")
    parser.add_argument("--keep", type=Path, help="keep the full database here, or use the one that is here")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part (default: all)")
    parser.add_argument(
        "--json",
        type=Path,
        default=ROOT / "benchmarks" / "results" / "scale.json",
        help="where the readings go",
    )
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
