"""
The tour: what a user and an operator see, with the real ``openstack`` client.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from attrs import define

from trio2o.sandbox.demo.client import Client
from trio2o.sandbox.demo.cloud import Sandbox
from trio2o.sandbox.demo.processes import StepFailed

#: Longest wait for a fake server or volume to be built, in seconds.
_PATIENCE = 30.0
#: What an administrator makes while a pod is down.
_FLAVOR = "web.small"
_WHERE = "--image cirros --nic none --availability-zone"
_CREATE = f"server create --flavor m1.tiny {_WHERE}"


@define(kw_only=True)
class Tour:
    """
    Creates servers and volumes in both zones, lists them as one cloud, meets a quota over all pods, and takes a pod down, which
    finds a new flavor when it is back.
    """

    _sandbox: Sandbox
    _client: Client
    _show: Callable[[str], None]

    def run(self) -> None:
        """
        All stations.

        :raises StepFailed: if one does not show what it is meant to show.
        """
        self._clean()
        self._head("A user creates servers and volumes, and picks availability zones")
        self._command("availability zone list --compute")
        for zone in ("az1", "az2"):
            self._command(f"{_CREATE} {zone} -c id -c name -c status web-{zone}")
            self._command(
                f"volume create --size 1 --availability-zone {zone} -c id -c name -c status data-{zone}"
            )
        self._built("server", "ACTIVE")
        self._built("volume", "available")
        self._head("The pods behind look like one cloud")
        self._command(
            "server list --long -c Name -c Status -c Flavor -c Image",
            "-c",
            "Availability Zone",
        )
        self._command("volume list")
        self._command("server add volume web-az1 data-az1", "-c", "Volume ID", "-c", "Device")
        self._head("What the operator sees: the bindings, and which pod has what")
        self._operator()
        self._quota()
        self._pod_down()
        self._head("Cleaning up")
        self._clean()

    def _operator(self) -> None:
        session = self._sandbox.keystone.session("admin", self._sandbox.layout.admin_password, "admin")
        listed = session.get(f"{self._sandbox.keystone.url}/projects").json()["projects"]
        projects = {project["id"]: project["name"] for project in listed}
        pods = {pod["pod_id"]: pod for pod in self._sandbox.admin_get("/pods")["pods"]}
        self._show(f'$ curl -H "X-Auth-Token: …" {self._sandbox.layout.admin_url}/bindings')
        for binding in reversed(self._sandbox.admin_get("/bindings")["pod_bindings"]):
            pod = pods[binding["pod_id"]]
            name = projects.get(binding["tenant_id"], binding["tenant_id"])
            state = "is bound to" if binding["is_binding"] else "was bound to"
            self._show(f"  project {name} {state} {pod['pod_name']} in {pod['az_name']}")
        self._show(f'$ curl -H "X-Auth-Token: …" {self._sandbox.layout.admin_url}/routes/ID')
        for kind in ("server", "volume"):
            for item in self._listed(kind):
                route = self._sandbox.admin_get(f"/routes/{item['ID']}")["routes"][0]
                self._show(f"  {kind} {item['Name']} is in {pods[route['pod_id']]['pod_name']}")

    def _quota(self) -> None:
        self._head("A quota counts over all pods")
        self._command("--os-cloud admin quota set --instances 2 demo")
        refused = self._command(f"{_CREATE} az1 third", fails=True)
        if "Quota exceeded" not in refused:
            raise StepFailed(f"a server beyond the quota was to be refused with 403, not with: {refused}")
        self._command("--os-cloud admin quota delete --compute demo")

    def _pod_down(self) -> None:
        pod = self._sandbox.layout.pods[-1]
        before = {job["id"] for job in self._syncs()}
        self._head(f"{pod.name}, the only pod of {pod.zone}, goes down")
        self._sandbox.pod_down(pod)
        try:
            self._without(pod.zone)
        finally:
            self._sandbox.pod_up(pod)
        self._head(f"{pod.name} comes back")
        self._until_listed("web-az2")
        self._show("It has got the flavor that it missed before it takes anything new:")
        self._wait(
            lambda: (
                []
                if any(job["state"] == "done" for job in self._syncs() if job["id"] not in before)
                else [pod.name]
            ),
            "still not up to date",
        )
        self._command(f"server create --flavor {_FLAVOR} {_WHERE} {pod.zone} -c name -c status fresh")
        self._built("server", "ACTIVE")
        self._command("server list -c Name -c Status -c Flavor")
        self._show(f'$ curl -H "X-Auth-Token: …" {self._sandbox.layout.admin_url}/jobs?kind=sync_pod&limit=1')
        for job in self._syncs()[:1]:
            self._show(f"  {job['kind']}: {job['state']}, attempts: {job['attempts']}, {job['progress']}")

    def _syncs(self) -> list[dict[str, Any]]:
        """
        The jobs that have brought pods up to date, the latest first.
        """
        jobs: list[dict[str, Any]] = self._sandbox.admin_get("/jobs?kind=sync_pod")["jobs"]
        return jobs

    def _without(self, zone: str) -> None:
        self._show(
            "From microversion 2.69 on Nova lists servers that are out of reach; older clients do not see them:"
        )
        listed = self._command("--os-compute-api-version 2.69 server list -c ID -c Name -c Status")
        if "UNKNOWN" not in listed:
            raise StepFailed("the server of the silent pod was to be listed as UNKNOWN")
        self._command("--os-compute-api-version 2.1 server list -c ID -c Name -c Status")
        self._command("volume list -c Name -c Status")
        self._show(f"\nNothing can be created in {zone} until then, and all goes on elsewhere:")
        refused = self._command(f"{_CREATE} {zone} late", fails=True)
        if "503" not in refused:
            raise StepFailed(
                f"a create in a zone without pods was to be refused with 503, not with: {refused}"
            )
        self._command(f"{_CREATE} az1 -c name -c status meanwhile")
        self._command(f"--os-cloud admin flavor create --vcpus 1 --ram 256 --disk 1 -c name -c ram {_FLAVOR}")

    def _clean(self) -> None:
        """
        Delete what the tour, or one that broke off, has made.
        """
        admin = self._client.of("admin")
        admin.text("quota", "delete", "--compute", "demo")
        servers = [item["ID"] for item in self._listed("server")]
        if servers:
            self._client.text("server", "delete", "--wait", *servers)
        self._built("volume", "available")
        volumes = [item["ID"] for item in self._listed("volume")]
        if volumes:
            self._client.text("volume", "delete", *volumes)
            self._wait(lambda: [item["Name"] for item in self._listed("volume")], "still not deleted")
        if _FLAVOR in [item["Name"] for item in self._listed("flavor")]:
            admin.text("flavor", "delete", _FLAVOR)

    def _built(self, kind: str, status: str) -> None:
        self._wait(
            lambda: [item["Name"] for item in self._listed(kind) if item["Status"] != status],
            f"still not {status}",
        )

    def _until_listed(self, name: str) -> None:
        self._wait(
            lambda: [] if name in [item["Name"] for item in self._listed("server")] else [name],
            "still not listed",
        )

    def _wait(self, missing: Callable[[], Sequence[str]], complaint: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while names := missing():
            if time.monotonic() > deadline:
                raise StepFailed(f"{complaint}: {', '.join(names)}")
            time.sleep(0.2)

    def _listed(self, kind: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self._client.json(kind, "list")
        return listed

    def _command(self, line: str, *more: str, fails: bool = False) -> str:
        """
        Show a command and what it prints, which is given back.

        :param more: words with spaces.
        """
        words = [*line.split(), *more]
        self._show("$ openstack " + " ".join(f'"{word}"' if " " in word else word for word in words))
        ran = self._client.run(*words)
        text = (ran.out + ran.err).rstrip()
        if text:
            self._show(text)
        if (ran.status != 0) is not fails:
            raise StepFailed(f"openstack {line} ended with {ran.status}")
        return text

    def _head(self, text: str) -> None:
        self._show(f"\n== {text}")
