"""
The ``trio2o`` command of ``twistd``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from twisted.application.service import IService
from twisted.python.usage import Options as BaseOptions
from twisted.python.usage import UsageError

from trio2o.config.schema import Config
from trio2o.errors import ConfigErrors
from trio2o.startup import read_config


class Options(BaseOptions):
    """
    ``--config`` is all: everything else stands in the file.
    """

    synopsis = "[options] trio2o --config FILE"
    longdesc = "Makes many OpenStack clouds act as one. The options of FILE: trio2o config options"
    optParameters: ClassVar[list[list[Any]]] = [["config", "c", None, "The configuration, a YAML file."]]

    def postOptions(self) -> None:
        """
        Insist on a configuration.
        """
        if not self["config"]:
            raise UsageError("--config FILE is required")


def makeService(options: Options) -> IService:
    """
    Build the daemon that the configuration describes; with a bad one nothing is started.

    :raises SystemExit: with status 1, if the configuration is wrong; what is wrong is on the standard error.
    """
    # Imported here so that ``twistd --help`` of any project that has Trio2o installed stays quick.
    from trio2o.service import make_service

    return service_for(Path(options["config"]), make_service)


def service_for(path: Path, make: Callable[[Config, Path], IService]) -> IService:
    """
    Give what ``make`` makes of the configuration in a file.

    The path is made absolute, since twistd changes the folder when it becomes a daemon and a reload reads it again.

    :raises SystemExit: with status 1, if the configuration is wrong.
    """
    try:
        return make(read_config(path), path.absolute())
    except ConfigErrors as problems:
        for error in problems.errors:
            sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
