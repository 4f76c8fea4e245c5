"""
The sandbox's parts, started in their order and stopped in the reverse.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import field, frozen

from trio2o.sandbox.demo.layout import Layout, PodPlan
from trio2o.sandbox.demo.processes import Process, StepFailed, await_port, listens
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
            process=self.process("keystone"),
            port=layout.keystone_port,
            admin_password=layout.admin_password,
            region=layout.region,
        )

    @property
    def daemon(self) -> Process:
        """
        Trio2o itself.
        """
        return self.process("trio2o")

    @property
    def processes(self) -> list[Process]:
        """
        All of them, in the order in which they are started.
        """
        return [self.process(name) for name, _ in self.layout.ports]

    def process(self, name: str) -> Process:
        """
        One of them.
        """
        return Process(name=name, folder=self.layout.folder)

    def up(self) -> None:
        """
        Start what does not run yet.

        :raises StepFailed: if a part does not start, or a port is taken by another program.
        """
        layout, keystone = self.layout, self.keystone
        self._claim()
        self._check_ports()
        self._forget()
        layout.write_files()
        self.say("starting Glance and the pods")
        self._start_glance()
        for pod in layout.pods:
            self._start_pod(pod)
        if not keystone.prepared:
            self.say("making Keystone's database (once)")
            keystone.prepare()
        self.say("starting Keystone")
        keystone.start()
        self.process("glance").await_port(layout.glance_port)
        for pod in layout.pods:
            self._await_pod(pod)
        keystone.await_start()
        self._register()
        self.say("starting Trio2o and its PostgreSQL")
        self._start_daemon()

    def down(self) -> list[str]:
        """
        Stop everything; the names of what ran.
        """
        stopped = [process.name for process in reversed(self.processes) if process.stop()]
        left_over = self._database_pid()
        if left_over is not None:
            os.kill(left_over, signal.SIGINT)
            stopped.append("postgresql")
        return stopped

    def pod_down(self, pod: PodPlan) -> None:
        """
        Nobody listens at a pod's ports, and its connections are broken; what it has stays in its memory.
        """
        self.process(pod.process).signal(signal.SIGUSR1)
        for port in (pod.nova, pod.cinder, pod.neutron):
            await_port(port, open_=False)

    def pod_up(self, pod: PodPlan) -> None:
        """
        The pod listens again.
        """
        self.process(pod.process).signal(signal.SIGUSR2)
        self._await_pod(pod)

    def admin_get(self, path: str) -> Any:
        """
        GET something from Trio2o's Admin API with the admin's token.
        """
        session = self.keystone.session("admin", self.layout.admin_password, "admin")
        return session.get(self.layout.admin_url + path).json()

    def status(self) -> list[str]:
        """
        A line per process: whether it runs, where it listens, where its log is.
        """
        lines = []
        for name, ports in self.layout.ports:
            process = self.process(name)
            pid = process.pid
            state = "does not run" if pid is None else f"runs as {pid}"
            where = ", ".join(f":{port}" if listens(port) else f":{port} (silent)" for port in ports)
            lines.append(f"{name:<9} {state:<16} {where if pid is not None else '':<32} {process.log}")
        return lines

    def _claim(self) -> None:
        """
        Make sure that the folder is this layout's: what was registered for other ports is made anew.
        """
        folder = self.layout.folder
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / "base_port"
        if mark.exists() and mark.read_text().strip() != str(self.layout.base_port):
            running = [process.name for process in self.processes if process.pid is not None]
            if running:
                raise StepFailed(
                    f"it runs at other ports ({mark.read_text().strip()} and up); `make sandbox-stop` stops it"
                )
            shutil.rmtree(folder / "keystone", ignore_errors=True)
        mark.write_text(f"{self.layout.base_port}\n")

    def _forget(self) -> None:
        """
        Remove the daemon's database where the pods, which keep all in memory, start without anything.
        """
        needed = [self.daemon, *(self.process(pod.process) for pod in self.layout.pods)]
        if not any(process.alive() for process in needed) and self._database_pid() is None:
            shutil.rmtree(self.layout.folder / "state", ignore_errors=True)

    def _database_pid(self) -> int | None:
        """
        The pid of the daemon's PostgreSQL, which goes on where the daemon was killed.
        """
        data = self.layout.folder / "state" / "postgresql" / "data"
        try:
            pid = int((data / "postmaster.pid").read_text().split()[0])
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError, IndexError):
            return None
        return pid if os.fsencode(data) in words else None

    def _check_ports(self) -> None:
        for name, ports in self.layout.ports:
            if self.process(name).pid is not None:
                continue
            for port in ports:
                if listens(port):
                    raise StepFailed(
                        f"port {port}, which {name} needs, is taken by another program; "
                        "TRIO2O_SANDBOX_PORTS=NUMBER moves all ports"
                    )

    def _start_glance(self) -> None:
        layout = self.layout
        options = ["--port", str(layout.glance_port), "--keystone", layout.auth_url]
        self.process("glance").start([sys.executable, "-m", "trio2o.sandbox.glance", *options], {})

    def _start_pod(self, pod: PodPlan) -> None:
        layout, process = self.layout, self.process(pod.process)
        if process.alive():
            process.signal(signal.SIGUSR2)
            return
        options = {
            "name": pod.name,
            "nova": pod.nova,
            "cinder": pod.cinder,
            "neutron": pod.neutron,
            "keystone": layout.auth_url,
            "build-seconds": layout.build_seconds,
            "image-endpoint": f"http://127.0.0.1:{layout.glance_port}",
        }
        words = [f"--{option}={value}" for option, value in options.items()]
        process.start([sys.executable, "-m", "trio2o.sandbox.pod", *words], {})

    def _await_pod(self, pod: PodPlan) -> None:
        for port in (pod.nova, pod.cinder, pod.neutron):
            self.process(pod.process).await_port(port)

    def _register(self) -> None:
        layout = self.layout
        done = layout.folder / "keystone" / "registered"
        if done.exists():
            return
        self.say("registering regions, endpoints, projects and users")
        registrar = self.keystone.registrar()
        registrar.endpoint("glance", "image", layout.region, f"http://127.0.0.1:{layout.glance_port}")
        registrar.endpoint("nova", "compute", layout.region, f"http://127.0.0.1:{layout.compute_port}/v2.1")
        registrar.endpoint(
            "cinder", "volumev3", layout.region, f"http://127.0.0.1:{layout.volume_port}/v3/%(project_id)s"
        )
        for pod in layout.pods:
            registrar.region(pod.name, layout.region)
            # the client looks for Keystone in the region that it is told to use
            registrar.endpoint("keystone", "identity", pod.name, layout.auth_url)
            registrar.endpoint("nova", "compute", pod.name, f"http://127.0.0.1:{pod.nova}/v2.1")
            cinder = f"http://127.0.0.1:{pod.cinder}/v3/%(project_id)s"
            registrar.endpoint("cinder", "volumev3", pod.name, cinder)
            registrar.endpoint("neutron", "network", pod.name, f"http://127.0.0.1:{pod.neutron}")
        service = registrar.project("service")
        registrar.user("trio2o", layout.service_password, service, ("admin", "service"))
        for name in ("demo", "alt_demo"):
            registrar.user(name, layout.demo_password, registrar.project(name), ("member",))
        done.touch()

    def _start_daemon(self) -> None:
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
                if all(pod["healthy"] for pod in self.admin_get("/pods")["pods"]):
                    return
            except (KeyError, ValueError):
                pass
            if time.monotonic() > deadline:
                raise StepFailed(f"the daemon does not find its pods; see {self.daemon.log}")
            time.sleep(0.2)
