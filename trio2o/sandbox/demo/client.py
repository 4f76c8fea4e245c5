"""
The real ``openstack`` client, with the sandbox's clouds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attrs import define, evolve, field

from trio2o.sandbox.demo.processes import StepFailed
from trio2o.sandbox.demo.warm import Ran, WarmTool, openstack


@define(kw_only=True)
class Client:
    """
    ``openstack`` as one user.
    """

    #: A ``clouds.yaml``.
    clouds: Path
    cloud: str = "demo"
    _tool: WarmTool = field(factory=openstack, alias="tool")

    def start(self) -> None:
        """
        Import it, without waiting for it.
        """
        self._tool.start()

    def stop(self) -> None:
        """
        End it.
        """
        self._tool.stop()

    def of(self, cloud: str, clouds: Path | None = None) -> Client:
        """
        The same client as another user, or at another region.
        """
        return evolve(self, cloud=cloud, clouds=clouds or self.clouds)

    def run(self, *words: str) -> Ran:
        """
        Run a command to its end, however it ends.
        """
        environment = {"OS_CLIENT_CONFIG_FILE": str(self.clouds), "OS_CLOUD": self.cloud}
        return self._tool.run(words, environment)

    def text(self, *words: str) -> str:
        """
        What a command prints.

        :raises StepFailed: if it fails.
        """
        ran = self.run(*words)
        if ran.status:
            raise StepFailed(f"openstack {' '.join(words)} ended with {ran.status}: {ran.err.strip()}")
        return ran.out

    def json(self, *words: str) -> Any:
        """
        The value that a command prints with ``-f json``.

        :raises StepFailed: if it fails.
        """
        return json.loads(self.text(*words, "-f", "json"))
