"""
One cloud for the whole tier: the sandbox's processes in a folder and at ports of their own, started by the first test.

A guard, which is a process of its own, stops all of it when this one has ended, however it ended.
"""

from __future__ import annotations

import atexit
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openstack
from attrs import define, field, frozen
from cinderclient import client as cinder_client
from keystoneauth1.session import Session
from novaclient import client as nova_client
from openstack.connection import Connection
from twisted.trial.unittest import SynchronousTestCase

from trio2o.sandbox.demo.client import Client
from trio2o.sandbox.demo.cloud import Sandbox
from trio2o.sandbox.demo.layout import Layout, PodPlan
from trio2o.sandbox.demo.processes import StepFailed, listens
from trio2o.sandbox.demo.registrar import Registrar
from trio2o.sandbox.demo.warm import Ran

#: How long the tier's daemon believes a token: short, since tests wait for its end.
TOKEN_CACHE_SECONDS = 3
#: An id that nothing has.
NOTHING = "00000000-0000-4000-8000-000000000000"
#: The longest wait for anything to come about, in seconds.
PATIENCE = 30.0

#: Ends the processes of a folder and removes it when its standard input ends, which it does with the parent.
_GUARD = """\
import shutil, sys
from pathlib import Path
from trio2o.sandbox.demo.cloud import Sandbox
from trio2o.sandbox.demo.layout import Layout
sys.stdin.read()
folder = Path(sys.argv[1])
Sandbox(layout=Layout(folder=folder, base_port=int(sys.argv[2])), say=print).down()
shutil.rmtree(folder, ignore_errors=True)
"""


@frozen(kw_only=True)
class Person:
    """
    A user of a project, with each of the real clients.
    """

    name: str
    layout: Layout
    session: Session
    client: Client = field(repr=False)

    @property
    def token(self) -> str:
        """
        A token.
        """
        return str(self.session.get_token())

    @property
    def project_id(self) -> str:
        """
        The project.
        """
        return str(self.session.get_project_id())

    @property
    def sdk(self) -> Connection:
        """
        openstacksdk.
        """
        region = self.layout.region
        return openstack.connection.Connection(session=self.session, region_name=region)

    def nova(self, version: str) -> Any:
        """
        python-novaclient at a microversion.
        """
        return nova_client.Client(version, session=self.session, region_name=self.layout.region)

    def cinder(self, version: str) -> Any:
        """
        python-cinderclient at a microversion.
        """
        return cinder_client.Client(version, session=self.session, region_name=self.layout.region)

    def ask(self, url: str, method: str = "GET", *, token: str | None = None, **more: Any) -> Any:
        """
        A plain request with this user's token or another one; the answer, whatever it is.
        """
        headers = {"X-Auth-Token": token or self.token, **more.pop("headers", {})}
        return Session().request(url, method, headers=headers, authenticated=False, raise_exc=False, **more)


@define(kw_only=True)
class Cloud:
    """
    The running sandbox.
    """

    sandbox: Sandbox
    client: Client
    began: float = field(factory=time.monotonic)
    _people: dict[str, Person] = field(factory=dict)
    _registrar: list[Registrar] = field(factory=list)

    @property
    def layout(self) -> Layout:
        """
        Ports, zones and credentials.
        """
        return self.sandbox.layout

    @property
    def compute(self) -> str:
        """
        The compute surface, with its version.
        """
        return f"http://127.0.0.1:{self.layout.compute_port}/v2.1"

    @property
    def volume(self) -> str:
        """
        The volume surface, with its version and without a project.
        """
        return f"http://127.0.0.1:{self.layout.volume_port}/v3"

    @property
    def demo(self) -> Person:
        """
        A member of the project demo.
        """
        return self._person("demo", self.layout.demo_password)

    @property
    def alt_demo(self) -> Person:
        """
        A member of another project.
        """
        return self._person("alt_demo", self.layout.demo_password)

    @property
    def admin(self) -> Person:
        """
        An admin of the project admin.
        """
        return self._person("admin", self.layout.admin_password)

    def new_person(self) -> Person:
        """
        A member of a project of its own, in which nothing is.
        """
        name = a_name("user")
        if not self._registrar:
            self._registrar.append(self.sandbox.keystone.registrar())
        (registrar,) = self._registrar
        registrar.user(name, "password", registrar.project(name), ("member",))
        return self._person(name, "password")

    def pod(self, name: str) -> PodPlan:
        """
        A pod by name.
        """
        (found,) = [pod for pod in self.layout.pods if pod.name == name]
        return found

    def pod_of(self, resource_id: str) -> str:
        """
        The name of the pod to which a resource's route leads.
        """
        pods = {pod["pod_id"]: pod["pod_name"] for pod in self.sandbox.admin_get("/pods")["pods"]}
        (route,) = self.sandbox.admin_get(f"/routes/{resource_id}")["routes"]
        return str(pods[route["pod_id"]])

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """
        While a pod is down; afterwards it is healthy again.
        """
        pod = self.pod(name)
        self.sandbox.pod_down(pod)
        try:
            yield
        finally:
            self.sandbox.pod_up(pod)
            until(lambda: all(each["healthy"] for each in self.sandbox.admin_get("/pods")["pods"]))

    @contextmanager
    def without_keystone(self) -> Iterator[None]:
        """
        While Keystone is dead.
        """
        keystone = self.sandbox.keystone
        keystone.process.kill()
        try:
            yield
        finally:
            keystone.start()
            keystone.await_start()

    def _person(self, name: str, password: str) -> Person:
        if name not in self._people:
            clouds = self.layout.folder / f"clouds-{name}.yaml"
            clouds.write_text("clouds:\n" + self.layout.cloud(name, name, password, name))
            self._people[name] = Person(
                name=name,
                layout=self.layout,
                session=self.sandbox.keystone.session(name, password, name),
                client=self.client.of(name, clouds),
            )
        return self._people[name]


class ClientsCase(SynchronousTestCase):
    """
    A test with the tier's cloud.
    """

    timeout = 120
    cloud: Cloud

    def setUp(self) -> None:
        """
        Start the cloud, if this is the first test.
        """
        self.cloud = the_cloud()

    def cli(self, line: str, *more: str, person: Person | None = None) -> str:
        """
        What an ``openstack`` command prints.

        :param more: words with spaces.
        """
        ran = self._ran(line, more, person)
        self.assertEqual(0, ran.status, f"openstack {line}: {ran.out}{ran.err}")
        return ran.out

    def cli_json(self, line: str, *more: str, person: Person | None = None) -> Any:
        """
        The value that an ``openstack`` command prints.
        """
        return json.loads(self.cli(line, *more, "-f", "json", person=person))

    def cli_fails(self, line: str, *more: str, person: Person | None = None) -> str:
        """
        The complaint of an ``openstack`` command that fails.
        """
        ran = self._ran(line, more, person)
        self.assertNotEqual(0, ran.status, f"openstack {line}: {ran.out}")
        self.assertNotIn("Traceback", ran.err)
        return ran.err

    def _ran(self, line: str, more: tuple[str, ...], person: Person | None) -> Ran:
        return (person or self.cloud.demo).client.run(*line.split(), *more)


class UserCase(ClientsCase):
    """
    A test of a user in a project of its own, in which nothing is.
    """

    user: Person

    def setUp(self) -> None:
        super().setUp()
        self.user = self.cloud.new_person()

    def _ran(self, line: str, more: tuple[str, ...], person: Person | None) -> Ran:
        return super()._ran(line, more, person or self.user)


_started: list[Cloud | Exception] = []


def the_cloud() -> Cloud:
    """
    The tier's cloud. Where it does not start, every test is told why, without another try.
    """
    if not _started:
        try:
            _started.append(_start())
        except Exception as problem:  # noqa: BLE001 - it is raised again for each test
            _started.append(problem)
    (result,) = _started
    if isinstance(result, Exception):
        raise result
    return result


def _start() -> Cloud:
    # Other tiers measure what runs here in processes of its own; it would only be slower.
    for variable in [each for each in os.environ if each.startswith("COVERAGE_")]:
        del os.environ[variable]
    # The path of the database's socket has little room, and the database's own user has to get through.
    folder = Path(tempfile.mkdtemp(prefix="t2o-"))
    folder.chmod(0o711)
    base_port = _free_ports()
    guard = subprocess.Popen(
        [sys.executable, "-c", _GUARD, str(folder), str(base_port)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    layout = Layout(
        folder=folder,
        base_port=base_port,
        token_cache_seconds=TOKEN_CACHE_SECONDS,
        build_seconds=0.1,
    )
    client = Client(clouds=layout.clouds_file)
    client.start()

    def stop() -> None:
        client.stop()
        guard.communicate()

    atexit.register(stop)
    sandbox = Sandbox(layout=layout, say=lambda text: None)
    sandbox.up()
    return Cloud(sandbox=sandbox, client=client)


def _free_ports() -> int:
    """
    The first of a hundred ports of which the sandbox's are free. They lie below those that systems give to clients.
    """
    for _ in range(50):
        base_port = random.randrange(20000, 32000, 100)
        layout = Layout(folder=Path(), base_port=base_port)
        if not any(listens(port) for _, ports in layout.ports for port in ports):
            return base_port
    raise StepFailed("no hundred ports are free")


def until(condition: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """
    Wait until something holds, and give its value.
    """
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience:.0f} seconds")
        time.sleep(0.1)


def next_second() -> None:
    """
    Wait until the clock shows another second: what is created from now on is newer, also where times have no fractions.
    """
    now = time.time()
    time.sleep(int(now) + 1.01 - now)


def a_name(what: str = "thing") -> str:
    """
    A name that nothing else has.
    """
    return f"{what}-{uuid.uuid4().hex[:8]}"
