"""
The sandbox's parts, started in their order and stopped in the reverse.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import field, frozen
from keystoneauth1 import session as keystone_session

from trio2o.sandbox.demo.layout import Layout, PodPlan
from trio2o.sandbox.demo.processes import Process, StepFailed, listens
from trio2o.sandbox.demo.real_keystone import RealKeystone

Say = Callable[[str], None]


@frozen(kw_only=True)
class Sandbox:
    """
    Keystone, Glance, the pods and the daemon.
    """

    layout: Layout = field(factory=Layout)
    say: Say

    @property
    def keystone(self) -> RealKeystone:
        """
        The real Keystone.
        """
        layout = self.layout
        return RealKeystone(
            folder=layout.folder / "keystone",
            process=self._process("keystone"),
            port=layout.keystone_port,
            admin_password=layout.admin_password,
            region=layout.region,
        )

    @property
    def daemon(self) -> Process:
        """
        Trio2o itself.
        """
        return self._process("trio2o")

    def pod_process(self, pod: PodPlan) -> Process:
        """
        The process of one fake pod.
        """
        return self._process(pod.name.lower())

    def up(self) -> None:
        """
        Start what does not run yet.

        :raises StepFailed: if a part does not start, or a port is taken by another program.
        """
        layout = self.layout
        layout.write_files()
        self._check_ports()
        keystone = self.keystone
        if keystone.prepare():
            self.say("Keystone's database is made")
        keystone.start()
        self._register()
        self.say(f"Keystone (real, SQLite) answers at {layout.auth_url}")
        self._glance()
        for pod in layout.pods:
            self.start_pod(pod)
        self.say("fake pods answer: " + ", ".join(f"{pod.name} in {pod.zone}" for pod in layout.pods))
        self._daemon()
        self.say(
            f"Trio2o answers: compute :{layout.compute_port}, volume :{layout.volume_port}, admin :{layout.admin_port}"
        )

    def down(self) -> list[str]:
        """
        Stop everything; the names of what ran.
        """
        processes = [
            self.daemon,
            *(self.pod_process(pod) for pod in self.layout.pods),
            self._process("glance"),
            self._process("keystone"),
        ]
        return [process.name for process in processes if process.stop()]

    def start_pod(self, pod: PodPlan) -> None:
        """
        Start one fake pod and wait for its three ports.
        """
        process = self.pod_process(pod)
        command = [
            sys.executable,
            "-m",
            "trio2o.sandbox.pod",
            "--name",
            pod.name,
            "--nova",
            str(pod.nova),
            "--cinder",
            str(pod.cinder),
        ]
        command += ["--neutron", str(pod.neutron), "--keystone", self.layout.auth_url]
        process.start(command, {})
        for port in (pod.nova, pod.cinder, pod.neutron):
            process.await_port(port)

    def admin_get(self, path: str) -> Any:
        """
        GET something from Trio2o's Admin API with the admin's token.
        """
        session: keystone_session.Session = self.keystone.admin().session
        return session.get(f"http://127.0.0.1:{self.layout.admin_port}/v1.0{path}").json()

    def _process(self, name: str) -> Process:
        return Process(name=name, folder=self.layout.folder)

    def _check_ports(self) -> None:
        layout = self.layout
        owners: list[tuple[Process, int]] = [
            (self._process("keystone"), layout.keystone_port),
            (self._process("glance"), layout.glance_port),
        ]
        owners += [
            (self.pod_process(pod), port)
            for pod in layout.pods
            for port in (pod.nova, pod.cinder, pod.neutron)
        ]
        owners += [
            (self.daemon, port) for port in (layout.compute_port, layout.volume_port, layout.admin_port)
        ]
        for process, port in owners:
            if not process.alive() and listens(port):
                raise StepFailed(
                    f"port {port}, which {process.name} needs, is taken by another program; "
                    "TRIO2O_SANDBOX_PORTS=NUMBER moves all ports"
                )

    def _register(self) -> None:
        layout = self.layout
        done = layout.folder / "keystone" / "registered"
        if done.exists():
            return
        admin = self.keystone.admin()
        admin.endpoint("glance", "image", layout.region, f"http://127.0.0.1:{layout.glance_port}")
        admin.endpoint("nova", "compute", layout.region, f"http://127.0.0.1:{layout.compute_port}/v2.1")
        admin.endpoint(
            "cinder", "volumev3", layout.region, f"http://127.0.0.1:{layout.volume_port}/v3/%(project_id)s"
        )
        for pod in layout.pods:
            admin.region(pod.name, layout.region)
            admin.endpoint("nova", "compute", pod.name, f"http://127.0.0.1:{pod.nova}/v2.1")
            admin.endpoint("cinder", "volumev3", pod.name, f"http://127.0.0.1:{pod.cinder}/v3/%(project_id)s")
            admin.endpoint("neutron", "network", pod.name, f"http://127.0.0.1:{pod.neutron}")
        service = admin.project("service")
        admin.user("trio2o", layout.service_password, service, ("admin", "service"))
        for name in ("demo", "alt_demo"):
            admin.user(name, layout.demo_password, admin.project(name), ("member",))
        done.touch()
        self.say("regions, endpoints, projects and users are registered")

    def _glance(self) -> None:
        process = self._process("glance")
        process.start(
            [
                sys.executable,
                "-m",
                "trio2o.sandbox.glance",
                "--port",
                str(self.layout.glance_port),
                "--keystone",
                self.layout.auth_url,
            ],
            {},
        )
        process.await_port(self.layout.glance_port)

    def _daemon(self) -> None:
        twistd = shutil.which("twistd", path=str(Path(sys.executable).parent)) or "twistd"
        command = [twistd, "--nodaemon", "--pidfile=", "trio2o", "--config", str(self.layout.config_file)]
        # below the checkout the plugin is found only with the checkout on the path
        self.daemon.start(
            command, {"PYTHONPATH": os.environ.get("PYTHONPATH", str(Path(__file__).parents[3]))}
        )
        for port in (self.layout.compute_port, self.layout.volume_port, self.layout.admin_port):
            self.daemon.await_port(port)
        deadline = time.monotonic() + 30
        while True:
            try:
                if self.admin_get("/pods")["pods"]:
                    return
            except (KeyError, ValueError):
                pass
            if time.monotonic() > deadline:
                raise StepFailed(f"the daemon does not list its pods; see {self.daemon.log}")
            time.sleep(0.2)
