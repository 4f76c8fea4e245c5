"""
``python -m tests.functional.rows``: walks the tables, names what is missing, and ends with 1 if anything is.
"""

from __future__ import annotations

import sys

from tests.functional.rows.every_case import CASES
from tests.functional.rows.walking import walked
from trio2o.surface.surfaces import SURFACES


def main() -> int:
    """
    Say for each surface how many rows and cases it has, and what does not fit.
    """
    wrong: list[str] = []
    for name, surface in SURFACES.items():
        sys.stdout.write(f"{name}: {len(surface.operations)} rows, {len(CASES[name])} cases\n")
        wrong += walked(name, surface.operations, CASES[name])
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
