"""
The cloud as a whole: started, looked at, stopped.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence

from attrs import frozen

from cloud import services
from cloud.databases import Databases
from cloud.files import changed_at, write_files
from cloud.install import Installer
from cloud.plan import Plan, Pod
from cloud.processes import Process, StepFailed, listens, stop
from cloud.register import Registration
from cloud.services import Service
from cloud.steps import Steps


@frozen(kw_only=True)
class Cloud:
    """
    Every process, in the order in which they need each other.
    """

    steps: Steps

    @property
    def plan(self) -> Plan:
        """
        What it consists of.
        """
        return self.steps.plan

    def up(self) -> None:
        """
        Install what is missing, start what does not run, and wait until all of it works.

        :raises StepFailed: if a port is taken, or a step fails.
        """
        steps, say = self.steps, self.steps.say
        if not self.missing():
            say("all of it runs already")
        self._check_ports()
        steps.folders()
        Installer(steps=steps).install()
        write_files(self.plan)
        outdated = self._outdated()
        if outdated:
            say(f"started anew for their changed configuration: {', '.join(stop(outdated))}")
        databases = Databases(steps=steps)
        databases.start()
        say("MariaDB answers")
        for service in services.broker(self.plan):
            self._start(service)
        databases.schemas()
        self._start(services.keystone(self.plan))
        self._await(services.keystone(self.plan))
        registration = Registration(plan=self.plan)
        steps.once(f"registered-identity-{len(self.plan.pods)}", registration.identity)
        say(f"Keystone answers at {self.plan.keystone}")
        for service in services.broker(self.plan):
            self._await(service)
        say("RabbitMQ answers")
        self._start(services.glance(self.plan))
        for pod in self.plan.pods:
            for service in services.pod_services(self.plan, pod):
                self._start(service)
        self._await(services.glance(self.plan))
        for pod in self.plan.pods:
            self._await_pod(pod, databases)
        steps.once(f"registered-resources-{len(self.plan.pods)}", registration.resources)
        self._start(services.daemon(self.plan))
        self._await(services.daemon(self.plan))
        say(f"Trio2o answers at {', '.join(f':{port}' for port in services.daemon(self.plan).ports)}")
        gone = self.missing()
        if gone:
            raise steps.process(gone[0]).ended()

    def missing(self) -> list[str]:
        """
        The processes that do not run.
        """
        return [
            service.name
            for service in services.everything(self.plan)
            if self.steps.process(service.name).pid is None
        ]

    def status(self) -> list[str]:
        """
        A line for each process.
        """
        lines = []
        for service in services.everything(self.plan):
            process = self.steps.process(service.name)
            pid = process.pid
            if pid is not None:
                state = f"runs as {pid}"
                deaf = [port for port in service.ports if not listens(port)]
                if deaf:
                    state += f", but does not listen on {', '.join(map(str, deaf))}; see {process.log}"
            else:
                state = "does not run"
                taken = [port for port in service.ports if listens(port)]
                if taken:
                    state += f"; another program has port {', '.join(map(str, taken))}"
            ports = " ".join(map(str, service.ports))
            lines.append(f"{service.name:24} {ports:18} {state}")
        return lines

    def down(self, names: Sequence[str] = ()) -> list[str]:
        """
        Stop everything, or the processes of these names; the names of those that ran.

        :raises StepFailed: if a name is none.
        """
        known = [service.name for service in services.everything(self.plan)]
        # also what an earlier run with more pods has left
        known += sorted({file.stem for file in self.plan.run.glob("pod*.pid")} - set(known))
        if names:
            unknown = set(names) - set(known)
            if unknown:
                raise StepFailed(
                    f"no process is named {', '.join(sorted(unknown))}; there are {', '.join(known)}"
                )
            return stop(self.steps.process(name) for name in names)
        last = ("rabbitmq", "mysql", "epmd")
        stopped = stop(self.steps.process(name) for name in known if name not in last)
        stopped += stop([self.steps.process("rabbitmq")])
        return stopped + stop(self.steps.process(name) for name in ("mysql", "epmd"))

    def wipe(self) -> None:
        """
        Forget everything but what is installed. It must be down.
        """
        for folder in (self.plan.state, self.plan.configuration, self.plan.logs, self.plan.run):
            shutil.rmtree(folder, ignore_errors=True)
        for pattern in ("db-*", "registered-*", "bootstrap-*"):
            for marker in self.plan.done.glob(pattern):
                marker.unlink()

    def _check_ports(self) -> None:
        """
        Look before anything is done.

        :raises StepFailed: if another program has a port.
        """
        taken = [
            f"port {port} (for {service.name})"
            for service in services.everything(self.plan)
            if self.steps.process(service.name).pid is None
            for port in service.ports
            if listens(port)
        ]
        if taken:
            raise StepFailed(f"another program has {', '.join(taken)}; `ss -ltnp` shows which")

    def _outdated(self) -> list[Process]:
        """
        The processes that run with a configuration that has changed since: RabbitMQ and Trio2o after a pod more, for two.
        """
        changed = changed_at(self.plan)
        processes = [self.steps.process(service.name) for service in services.everything(self.plan)]
        return [
            process
            for process in processes
            if process.pid is not None
            and any(
                process.started_at() < moment and process.name.split("-", 1)[0] == owner
                for owner, moment in changed.items()
            )
        ]

    def _start(self, service: Service) -> None:
        environment = {**self.plan.environment(), **service.environment}
        self.steps.process(service.name).start(service.command, environment)

    def _await(self, service: Service) -> None:
        process = self.steps.process(service.name)
        for port in service.ports:
            self.steps.until_listening(process, port)
        if service.url:
            self.steps.until_answering(process, service.url)

    def _await_pod(self, pod: Pod, databases: Databases) -> None:
        """
        Until its APIs answer, its workers have reported since they were started, and Nova knows its hypervisor.
        """
        for service in services.pod_services(self.plan, pod):
            self._await(service)
            if service.reports is not None:
                self._await_report(pod, service, databases)
        compute = self.steps.process(f"{pod.name}-nova-compute")
        self.steps.until(
            compute,
            lambda: (
                databases.query(f"select count(*) from {pod.name}_nova.compute_nodes where deleted = 0")
                != "0"
            ),
            "has no hypervisor",
        )
        if databases.query(f"select count(*) from {pod.name}_nova_api.host_mappings") == "0":
            config = self.plan.configuration / pod.name / "nova" / "nova.conf"
            command = ["nova-manage", "--config-file", str(config), "cell_v2", "discover_hosts"]
            self.steps.run(f"discover-{pod.name}", command)
        self.steps.say(f"{pod.name} works: {pod.url('nova')}, {pod.url('cinder')}, {pod.url('neutron')}")

    def _await_report(self, pod: Pod, service: Service, databases: Databases) -> None:
        assert service.reports is not None
        database, column = service.reports
        process = self.steps.process(service.name)
        binary = service.name.removeprefix(f"{pod.name}-")
        since = int(process.started_at())
        # the services write UTC without saying so
        query = (
            f"select count(*) from {pod.name}_{database}.services where deleted = 0 and `binary` = '{binary}' "
            f"and timestampdiff(second, '1970-01-01', {column}) >= {since}"
        )
        self.steps.until(process, lambda: databases.query(query) != "0", "does not report")


def seconds_since(started: float) -> str:
    """
    How long something took, for a line of progress.
    """
    return f"{time.monotonic() - started:5.0f} s"
