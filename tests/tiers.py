"""
Runs test tiers one after another, each by trial in a process of its own, and measures branch coverage over all.

The numbers are those of trial's own summary line. A tier that ends without one, or with a failing status
that its summary does not explain, counts as one failure. The last line is always ``N passed, N failed``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUMMARY = re.compile(r"^(?:PASSED|FAILED)(?: \((?P<counts>[^()]*)\))?$")
#: A tier takes a few minutes on two busy cores; one that takes so long never ends.
TIER_SECONDS = 1500.0
#: Its real services do in twice the time what others do at once.
CLOUD_SECONDS = 2700.0
CLOUD = "cloud"
#: What CI has time for of that tier: how answers are compared, wrong inputs, and the main lives by raw HTTP and by clients.
CLOUD_CORE = "cloud-core"
_CORE = (
    "test_comparing",
    "test_plan",
    "test_tempest",
    "test_wrong_inputs",
    "test_spread",
    "test_lives.LifeTests.test_server_life",
    "test_lives.LifeTests.test_server_actions",
    "test_lives.LifeTests.test_server_everything",
    "test_lives.LifeTests.test_server_lists",
    "test_lives.LifeTests.test_attaching",
    "test_lives.LifeTests.test_reads",
    "test_lives.LifeTests.test_strangers",
    "test_volumes.VolumeTests.test_life",
    "test_volumes.VolumeTests.test_lists",
    "test_volumes.CopyTests.test_snapshot_life",
    "test_clients.CommandTests.test_servers",
    "test_clients.CommandTests.test_volumes",
)
FAILED = ("failures", "errors", "unexpectedSuccesses")


def read_summary(lines: Iterable[str], status: int) -> Counter[str]:
    """
    Sum up one tier from what trial printed and its exit status.
    """
    counts: Counter[str] | None = None
    for line in lines:
        found = SUMMARY.match(line.rstrip())
        if found:
            pairs = (pair.split("=") for pair in (found["counts"] or "").split(", ") if pair)
            counts = Counter({name: int(number) for name, number in pairs})
    if counts is None:
        return Counter(failed=1)
    failed = sum(counts[name] for name in FAILED)
    return Counter(
        passed=counts["successes"] + counts["expectedFailures"],
        failed=failed or int(status != 0),
        skipped=counts["skips"],
    )


def coverage(*arguments: str) -> list[str]:
    """
    Make a command line of the coverage tool.
    """
    return [sys.executable, "-m", "coverage", *arguments, f"--rcfile={ROOT / 'pyproject.toml'}"]


def start_cloud(environment: dict[str, str]) -> bool:
    """
    Start the real cloud, which the tier of that name asks, and let its clients know of it.
    """
    folder = environment.get("TRIO2O_CLOUD") or "/opt/trio2o-cloud"
    environment.setdefault("OS_CLIENT_CONFIG_FILE", f"{folder}/clouds.yaml")
    started = subprocess.run([sys.executable, "-m", "cloud", "up"], cwd=ROOT, env=environment, check=False)
    return not started.returncode


def run_tier(tier: str, environment: dict[str, str]) -> Counter[str]:
    """
    Run one tier, show its output as it comes, and give its numbers.
    """
    names = [f"tests.{CLOUD}.{name}" for name in _CORE] if tier == CLOUD_CORE else [f"tests.{tier}"]
    trial = ["-m", "twisted.trial", f"--temp-directory=_trial_temp_{tier}", *names]
    command = [*coverage("run"), *trial]
    seconds = TIER_SECONDS
    if tier in (CLOUD, CLOUD_CORE):
        if not start_cloud(environment):
            return Counter(failed=1)
        # the daemon under test is no child of it, and its many clients would be slowed
        command, seconds = [sys.executable, *trial], CLOUD_SECONDS
    kept: list[str] = []
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        # a test that loops for ever would take the machine's memory and CI's whole time
        limit = threading.Timer(seconds, process.kill)
        limit.start()
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            if SUMMARY.match(line.rstrip()):
                kept.append(line)
        limit.cancel()
    return read_summary(kept, process.returncode)


def main(wanted: Sequence[str]) -> int:
    """
    Run the tiers that exist among the wanted ones; 0 when something ran and nothing failed.
    """
    environment = {**os.environ, "COVERAGE_FILE": str(ROOT / ".coverage")}
    subprocess.run(coverage("erase"), cwd=ROOT, env=environment, check=True)
    rows: list[tuple[str, float, Counter[str]]] = []
    for tier in wanted:
        if (ROOT / "tests" / tier.removesuffix("-core") / "__init__.py").exists():
            print(f"== {tier}", flush=True)
            began = time.monotonic()
            counts = run_tier(tier, environment)
            rows.append((tier, time.monotonic() - began, counts))
    subprocess.run([*coverage("combine"), "--quiet"], cwd=ROOT, env=environment, check=False)
    print("== branch coverage", flush=True)
    subprocess.run(coverage("report"), cwd=ROOT, env=environment, check=False)
    print("== tiers")
    for tier, seconds, counts in rows:
        told = ", ".join(f"{counts[name]} {name}" for name in ("passed", "failed", "skipped"))
        print(f"{tier:<12} {seconds:6.0f} s   {told}")
    total = sum((counts for _, _, counts in rows), Counter[str]())
    print(f"{total['passed']} passed, {total['failed']} failed")
    return 0 if total["passed"] and not total["failed"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
