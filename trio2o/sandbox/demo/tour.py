"""
The tour: what a user and an operator see, with the real ``openstack`` client.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import define

from trio2o.sandbox.demo.cloud import Sandbox
from trio2o.sandbox.demo.processes import StepFailed

#: Longest wait for a fake server or volume to be built, in seconds.
_PATIENCE = 30.0


@define(kw_only=True)
class Tour:
    """
    Creates servers and volumes in both zones, lists them as one cloud, and takes a pod down.
    """

    _sandbox: Sandbox
    _show: Callable[[str], None]

    def run(self) -> None:
        """
        All stations.

        :raises StepFailed: if one does not show what it is meant to show.
        """
        self._clean()
        self._head("A user creates servers and volumes, and picks availability zones")
        self._client("availability", "zone", "list")
        for zone in ("az1", "az2"):
            self._client(
                "server",
                "create",
                "--flavor",
                "m1.tiny",
                "--image",
                "cirros",
                "--nic",
                "none",
                "--availability-zone",
                zone,
                "-c",
                "id",
                "-c",
                "name",
                "-c",
                "status",
                f"web-{zone}",
            )
            self._client(
                "volume",
                "create",
                "--size",
                "1",
                "--availability-zone",
                zone,
                "-c",
                "id",
                "-c",
                "name",
                "-c",
                "status",
                f"data-{zone}",
            )
        self._built("server", "ACTIVE")
        self._built("volume", "available")
        self._head("The pods behind look like one cloud")
        self._client(
            "server",
            "list",
            "--long",
            "-c",
            "Name",
            "-c",
            "Status",
            "-c",
            "Availability Zone",
            "-c",
            "Flavor Name",
            "-c",
            "Image Name",
        )
        self._client("volume", "list")
        self._client(
            "server",
            "add",
            "volume",
            "web-az1",
            "data-az1",
            "-c",
            "Server ID",
            "-c",
            "Volume ID",
            "-c",
            "Device",
        )
        self._head("What the operator sees: the bindings, and which pod has what")
        self._operator()
        self._pod_down()
        self._head("Cleaning up")
        self._clean()

    def _operator(self) -> None:
        pods = {pod["pod_id"]: pod for pod in self._sandbox.admin_get("/pods")["pods"]}
        for binding in self._sandbox.admin_get("/bindings")["pod_bindings"]:
            pod = pods[binding["pod_id"]]
            state = "active" if binding["is_binding"] else "ended"
            self._show(
                f"  project {binding['tenant_id']} is bound to {pod['pod_name']} in {pod['az_name']} ({state})"
            )
        for kind in ("server", "volume"):
            for item in self._listed(kind):
                route = self._sandbox.admin_get(f"/routes/{item['ID']}")["routes"][0]
                self._show(f"  {kind} {item['Name']} is in {pods[route['pod_id']]['pod_name']}")

    def _pod_down(self) -> None:
        pod = self._sandbox.layout.pods[-1]
        self._head(f"{pod.name}, the only pod of {pod.zone}, goes down")
        self._sandbox.pod_process(pod).stop()
        time.sleep(1)
        self._client("server", "list", "-c", "Name", "-c", "Status")
        self._client("volume", "list", "-c", "Name", "-c", "Status")
        refused = self._client(
            "server",
            "create",
            "--flavor",
            "m1.tiny",
            "--image",
            "cirros",
            "--nic",
            "none",
            "--availability-zone",
            pod.zone,
            "late",
            expect_failure=True,
        )
        if "503" not in refused:
            raise StepFailed(
                f"a create in a zone without pods was to be refused with 503, and was answered: {refused}"
            )
        self._client(
            "server",
            "create",
            "--flavor",
            "m1.tiny",
            "--image",
            "cirros",
            "--nic",
            "none",
            "--availability-zone",
            "az1",
            "--wait",
            "-c",
            "name",
            "-c",
            "status",
            "meanwhile",
        )
        self._head(f"{pod.name} comes back")
        self._sandbox.start_pod(pod)

    def _clean(self) -> None:
        """
        Delete what the tour made; the fake pods keep their servers in memory only.
        """
        servers = self._listed("server")
        attached = [item["ID"] for item in servers if item["Status"] != "UNKNOWN"]
        if attached:
            self._quiet("server", "delete", "--wait", *attached)
        self._built("volume", "available")
        volumes = [item["ID"] for item in self._listed("volume")]
        if volumes:
            self._quiet("volume", "delete", *volumes)

    def _built(self, kind: str, status: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            waiting = [item["Name"] for item in self._listed(kind) if item["Status"] != status]
            if not waiting:
                return
            if time.monotonic() > deadline:
                raise StepFailed(f"still not {status}: {', '.join(waiting)}")
            time.sleep(0.5)

    def _listed(self, kind: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = json.loads(self._quiet(kind, "list", "-f", "json"))
        return listed

    def _client(self, *words: str, expect_failure: bool = False) -> str:
        self._show("$ openstack " + " ".join(words))
        done = self._run(words)
        text = (done.stdout + done.stderr).rstrip()
        if text:
            self._show(text)
        if (done.returncode != 0) is not expect_failure:
            raise StepFailed(f"openstack {' '.join(words)} ended with {done.returncode}")
        return text

    def _quiet(self, *words: str) -> str:
        done = self._run(words)
        if done.returncode:
            raise StepFailed(
                f"openstack {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}"
            )
        return done.stdout

    def _run(self, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        client = Path(sys.executable).with_name("openstack")
        clouds = {
            "OS_CLIENT_CONFIG_FILE": str(self._sandbox.layout.folder / "clouds.yaml"),
            "OS_CLOUD": "demo",
        }
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        return subprocess.run(
            [str(client), *words],
            capture_output=True,
            text=True,
            env={**environment, **clouds},
            timeout=180,
            check=False,
        )

    def _head(self, text: str) -> None:
        self._show(f"\n== {text}")
