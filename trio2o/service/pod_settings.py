"""
The settings of pods that the Admin API takes: judged by what judges the configuration's pod list.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cattrs.errors import BaseValidationError

from trio2o.administration.settings import SETTINGS
from trio2o.config.pod_sections import PodSection
from trio2o.config.schema import settings_of
from trio2o.config.secret import SecretSources
from trio2o.config.structure import make_converter, problems
from trio2o.errors import Unprocessable

#: What a section must say, and no setting is.
_REQUIRED = {"name": "-", "az": "-"}


def read_settings(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    See :data:`trio2o.administration.settings.SettingsReader`.
    """
    if not given:
        return {}
    said = {name: value for name, value in given.items() if value is not None}
    _file(said.get("ca_file"))
    # Names no secrets and, but for that one file, no paths.
    converter = make_converter(SecretSources(folder=Path("/"), environment={}))
    try:
        section = converter.structure({**_REQUIRED, **said}, PodSection)
    except BaseValidationError as wrong:
        found = "; ".join(f"{path}: {message}" for path, message in problems(wrong))
        raise Unprocessable(f"{found}.") from wrong
    settings = settings_of(section)
    return {SETTINGS[name]: getattr(settings, SETTINGS[name]) for name in given}


def _file(path: Any) -> None:
    """
    Insist on a file: the path means the same to every process, and opening it does not wait for anybody.
    """
    if not isinstance(path, str):
        return
    try:
        found = path.startswith("/") and Path(path).is_file()
    except OSError:
        # such as a name that is too long
        found = False
    if not found:
        raise Unprocessable("ca_file: must be the absolute path of a file where the daemon runs.")
