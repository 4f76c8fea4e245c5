"""
The ``trio2o`` command of ``twistd``.
"""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

from twisted.application.service import IService, IServiceMaker, Service
from twisted.plugin import getPlugins
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from trio2o.config.schema import Config
from trio2o.tap import Options, service_for

ROOT = Path(__file__).resolve().parents[2]


class OptionsTests(SynchronousTestCase):
    """
    The command line after ``twistd trio2o``.
    """

    def test_config(self) -> None:
        """
        The configuration is named, in long or in short.
        """
        for arguments in (["--config", "t.yaml"], ["-c", "t.yaml"]):
            options = Options()
            options.parseOptions(arguments)
            self.assertEqual(options["config"], "t.yaml")

    def test_required(self) -> None:
        """
        Without a configuration there is no daemon.
        """
        self.assertRaises(UsageError, Options().parseOptions, [])


class ServiceTests(SynchronousTestCase):
    """
    From the configuration to the service.
    """

    def setUp(self) -> None:
        """
        Note what is made.
        """
        self.made: list[tuple[Config, Path]] = []

    def make(self, config: Config, path: Path) -> IService:
        """
        Stand for the composition root.
        """
        self.made.append((config, path))
        return Service()

    def test_right(self) -> None:
        """
        The service is made of the configuration and its absolute path, which a daemon needs to read it again.
        """
        path = Path(self.mktemp())
        path.write_bytes((ROOT / "conf" / "trio2o-minimal.yaml").read_bytes())
        service_for(path, self.make)
        ((config, absolute),) = self.made
        self.assertEqual([pod.name for pod in config.pods], ["Pod1", "Pod2"])
        self.assertEqual(absolute, path.absolute())

    def test_wrong(self) -> None:
        """
        A wrong configuration is told with status 1, and nothing is made.
        """
        path = Path(self.mktemp())
        path.write_text("a: 1\n")
        told = StringIO()
        self.patch(sys, "stderr", told)
        self.assertEqual(self.assertRaises(SystemExit, service_for, path, self.make).code, 1)
        self.assertEqual(told.getvalue(), f"{path}: identity: is required\n{path}: a: unknown key\n")
        self.assertEqual(self.made, [])


class PluginTests(SynchronousTestCase):
    """
    ``twistd`` finds the command.
    """

    def test_found(self) -> None:
        """
        There is one service maker of that name, for this module.
        """
        found = [maker for maker in getPlugins(IServiceMaker) if maker.tapname == "trio2o"]
        self.assertEqual([maker.module for maker in found], ["trio2o.tap"])
