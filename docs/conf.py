"""Sphinx's settings."""

import subprocess
import sys
from pathlib import Path

project = "Trio2o"
author = "the Trio2o authors"
copyright = author

extensions: list[str] = []
# Included by other pages.
exclude_patterns = ["_build", "options.rst"]
html_theme = "furo"
html_title = "Trio2o"
nitpicky = True

# What the next release brings stands in newsfragments/; changes.rst includes what towncrier makes of it.
_docs = Path(__file__).parent
_made = subprocess.run(
    [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "next release", "--date", ""],
    cwd=_docs.parent,
    capture_output=True,
    text=True,
    check=False,
)
if _made.returncode:
    raise RuntimeError(f"towncrier: {_made.stderr}")
(_docs / "_build").mkdir(exist_ok=True)
(_docs / "_build" / "next.txt").write_text(_made.stdout.replace("next release ()", "next release"))
