"""Sphinx's settings."""

project = "Trio2o"
author = "the Trio2o authors"
copyright = author

extensions: list[str] = []
# Included by configure.rst.
exclude_patterns = ["_build", "options.rst"]
html_theme = "furo"
html_title = "Trio2o"
nitpicky = True
