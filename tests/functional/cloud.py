"""
A whole cloud for one test: a fake Keystone, fake pods, a database of its own, and daemons in this process, over sockets.

In a test::

    class ShowTests(CloudCase):
        async def test_show(self) -> None:
            cloud = await self.cloud()
            made = await cloud.demo.compute.post("/v2.1/servers", {"server": …})
            cloud.pod("Pod1").nova.creates()
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Any

import psycopg2
from attrs import define, evolve, field, frozen
from twisted.internet import reactor as _reactor
from twisted.internet.defer import CancelledError, Deferred, gatherResults, succeed
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent, HTTPConnectionPool, ResponseFailed, ResponseNeverReceived, readBody
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer
from werkzeug.routing import Rule
from zope.interface import implementer

from tests.interface.database import migrated_database
from tests.interface.waiting import until
from trio2o.sandbox.keystone import FakeKeystone
from trio2o.sandbox.pod import FakePod
from trio2o.service.gateway import Gateway
from trio2o.startup import read_config

reactor: Any = _reactor

IMAGE = "6b9648cf-4927-462f-8ceb-3beb5e34bcd5"
#: An id that nothing has.
NOTHING = "00000000-0000-4000-8000-000000000000"
SERVICES = {"compute": "nova", "volume": "cinder", "network": "neutron"}


@frozen(kw_only=True)
class PodPlan:
    """
    One pod of a cloud; ``section`` is added to its part of the configuration, ``fake`` are arguments of `FakePod`.
    """

    name: str
    zone: str = "az1"
    section: Mapping[str, Any] = field(factory=dict)
    fake: Mapping[str, Any] = field(factory=dict)


#: Two pods in az1, one in az2.
THREE_PODS = (PodPlan(name="Pod1"), PodPlan(name="Pod2"), PodPlan(name="Pod3", zone="az2"))
#: Two pods in one zone.
TWO_PODS = THREE_PODS[:2]

#: What tests want otherwise than the defaults: they cannot wait.
_QUICK: Mapping[str, Any] = {
    "pod_defaults": {
        "connect_timeout_seconds": 2.0,
        "answer_timeout_seconds": 5.0,
        "list_timeout_seconds": 2.0,
        "create_timeout_seconds": 5.0,
        "probe_interval_seconds": 60.0,
    },
    "limits": {"negative_routes_seconds": 0.0},
    "jobs": {"route_checks_per_second": 0, "tombstone_days": 0},
    "usage": {"interval_seconds": 0},
    "shared": {"compare_seconds": 0},
    "scheduling": {"quota_seconds": 0},
    "drain_seconds": 2.0,
}


@frozen(kw_only=True)
class Reply:
    """
    An answer, read whole.
    """

    status: int
    headers: Headers
    body: bytes

    @property
    def json(self) -> Any:
        """
        The body's JSON value.
        """
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """
        The values of a field, joined; ``None`` when it is not there.
        """
        values = self.headers.getRawHeaders(name)
        return None if values is None else ", ".join(values)

    @property
    def fault(self) -> tuple[str, str]:
        """
        The name and message of an error in the shape of Nova and Cinder.
        """
        ((name, told),) = self.json.items()
        assert told["code"] == self.status, self.body
        return name, told["message"]


@implementer(IBodyProducer)
class _Body:
    """
    A request's body, sent in one piece.
    """

    def __init__(self, body: bytes) -> None:
        self.length = len(body)
        self._body = body

    def startProducing(self, consumer: Any) -> Deferred[None]:
        consumer.write(self._body)
        return succeed(None)

    def pauseProducing(self) -> None: ...

    def resumeProducing(self) -> None: ...

    def stopProducing(self) -> None: ...


@frozen(kw_only=True)
class Client:
    """
    A user's client of one surface. ``{project}`` in a path is the user's project id.
    """

    http: Agent = field(repr=False)
    origin: str
    surface: str
    project_id: str
    token: str | None = field(repr=False)

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: str | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Reply:
        """
        Send a request and read the answer. ``version`` is a microversion, ``data`` a body as it is.
        """
        fields = {"Accept": "application/json"}
        if self.token is not None:
            fields["X-Auth-Token"] = self.token
        if version is not None:
            fields["OpenStack-API-Version"] = f"{self.surface} {version}"
        sent = None
        if data is not None or body is not None:
            fields["Content-Type"] = "application/json"
            sent = _Body(json.dumps(body).encode() if data is None else data)
        fields.update(headers or {})
        url = self.origin + path.replace("{project}", self.project_id)
        lines = Headers({name: [value] for name, value in fields.items()})
        answer = await self.http.request(method.encode(), url.encode(), lines, sent)
        return Reply(status=answer.code, headers=answer.headers, body=await readBody(answer))

    async def get(self, path: str, **more: Any) -> Reply:
        """
        GET.
        """
        return await self.ask("GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> Reply:
        """
        POST.
        """
        return await self.ask("POST", path, body, **more)

    async def put(self, path: str, body: Any = None, **more: Any) -> Reply:
        """
        PUT.
        """
        return await self.ask("PUT", path, body, **more)

    async def delete(self, path: str, **more: Any) -> Reply:
        """
        DELETE.
        """
        return await self.ask("DELETE", path, **more)

    def with_token(self, token: str | None) -> Client:
        """
        The same client with another token; ``None`` sends none.
        """
        return evolve(self, token=token)


@frozen(kw_only=True)
class Person:
    """
    A user with a token of one project.
    """

    cloud: Cloud = field(repr=False)
    name: str
    project_id: str
    token: str = field(repr=False)
    #: Which of the cloud's daemons is asked.
    daemon: int = 0

    @property
    def compute(self) -> Client:
        """
        The top region's Nova.
        """
        return self._client("compute")

    @property
    def volume(self) -> Client:
        """
        The top region's Cinder.
        """
        return self._client("volume")

    @property
    def admin(self) -> Client:
        """
        The Admin API.
        """
        return self._client("admin")

    def at(self, daemon: int) -> Person:
        """
        The same person, asking another daemon.
        """
        return evolve(self, daemon=daemon)

    def at_pod(self, name: str, service: str) -> Client:
        """
        The person's client of a pod's own ``compute``, ``volume`` or ``network``, without the gateway.
        """
        origin = self.cloud.pod(name).fake.origins[SERVICES[service]]
        return Client(
            http=self.cloud.http, origin=origin, surface=service, project_id=self.project_id, token=self.token
        )

    async def create_server(self, name: str = "one", *, version: str | None = None, **more: Any) -> str:
        """
        Create a server at the top and give its id.
        """
        made = await self.compute.post("/v2.1/servers", a_server(name, **more), version=version)
        assert made.status == 202, (made.status, made.body)
        return str(made.json["server"]["id"])

    async def create_volume(self, name: str = "one", **more: Any) -> str:
        """
        Create a volume at the top and give its id.
        """
        made = await self.volume.post("/v3/{project}/volumes", a_volume(name, **more))
        assert made.status == 202, (made.status, made.body)
        return str(made.json["volume"]["id"])

    def _client(self, surface: str) -> Client:
        daemon = self.cloud.daemons[self.daemon]
        return Client(
            http=self.cloud.http,
            origin=daemon.origin(surface),
            surface=surface,
            project_id=self.project_id,
            token=self.token,
        )


@frozen
class PodService:
    """
    What one service of a fake pod was asked, and how it is made to misbehave.
    """

    frame: Any

    def requests(self, method: str | None = None, path: str | None = None) -> list[dict[str, Any]]:
        """
        The requests that it got, as ``/_sandbox/requests`` shows them.
        """
        listed: list[dict[str, Any]] = self.frame.journal.listed(method, path)
        return listed

    def creates(self, path: str = "/(servers|volumes)$") -> list[dict[str, Any]]:
        """
        The creates that it got.
        """
        return self.requests("POST", path)

    def behave(self, kind: str, *, method: str | None = None, path: str | None = None, **more: Any) -> int:
        """
        Add a behaviour (`trio2o.sandbox.behaviours`); its id.
        """
        match = {key: value for key, value in (("method", method), ("path", path)) if value is not None}
        return int(self.frame.behaviours.add({"kind": kind, "match": match, **more}).id)

    def behave_well(self) -> None:
        """
        Remove all behaviours.
        """
        self.frame.behaviours.clear()


@frozen
class RunningPod:
    """
    A fake pod and its services.
    """

    fake: FakePod
    zone: str

    @property
    def nova(self) -> PodService:
        """
        Its Nova.
        """
        return PodService(self.fake.frames["nova"])

    @property
    def cinder(self) -> PodService:
        """
        Its Cinder.
        """
        return PodService(self.fake.frames["cinder"])

    @property
    def neutron(self) -> PodService:
        """
        Its Neutron.
        """
        return PodService(self.fake.frames["neutron"])

    def servers(self) -> dict[str, Any]:
        """
        Its servers that are not deleted, by id.
        """
        store: Any = self.fake.state.servers
        return {server.id: server for server in store.servers.values() if not server.deleted}

    def make_servers(self, project_id: str, count: int = 1, *, name: str = "seed") -> list[str]:
        """
        Make servers behind the gateway's back; their ids, oldest first.
        """
        from trio2o.sandbox.nova.control import NovaControl

        class _Wanted:
            @staticmethod
            def json() -> Any:
                return {"count": count, "project_id": project_id, "name": name}

        made: Any = NovaControl(self.fake.state.servers).add_servers(_Wanted())  # type: ignore[arg-type]
        return list(made.body["ids"])


@define
class Daemon:
    """
    One daemon in this process.
    """

    path: Path
    settings: dict[str, Any]
    gateway: Gateway
    running: bool = False

    async def start(self) -> None:
        """
        Start and wait until the ports are open.
        """
        self.running = True
        self.gateway.startService()
        await self.gateway.listening

    async def stop(self) -> None:
        """
        Stop as SIGTERM does.
        """
        if self.running:
            self.running = False
            await self.gateway.stopService()

    def origin(self, surface: str) -> str:
        """
        Where a surface is.
        """
        address: Any = self.gateway.ports(surface)[0].getHost()
        return f"http://127.0.0.1:{address.port}"

    def write(self, **changes: Any) -> None:
        """
        Write the configuration file, with changes on its first level.
        """
        self.settings.update(changes)
        self.path.write_text(json.dumps(self.settings))


@define(kw_only=True)
class Cloud:
    """
    Everything together.
    """

    folder: Path
    dsn: str
    keystone: FakeKeystone
    pods: Mapping[str, RunningPod]
    http: Agent
    pool: HTTPConnectionPool
    daemons: list[Daemon] = field(factory=list)
    _keystone_port: int = 0
    _database_away: bool = False
    _issued: dict[tuple[str, str], str] = field(factory=dict)

    @classmethod
    async def start(
        cls,
        test: TestCase,
        plans: Sequence[PodPlan] = THREE_PODS,
        *,
        daemons: int = 1,
        settings: Mapping[str, Any] | None = None,
        database: bool = True,
    ) -> Cloud:
        """
        Start everything; the test's cleanup stops it. ``settings`` are merged into the daemons' configuration.

        :param daemons: how many daemons share the database; none for tests that start a process of their own.
        """
        dsn = await migrated_database(test) if database else ""
        folder = Path(tempfile.mkdtemp(prefix="trio2o-cloud-"))
        pool = HTTPConnectionPool(reactor)
        pool.retryAutomatically = False
        pool.maxPersistentPerHost = 64
        keystone = FakeKeystone(reactor)
        cloud = cls(
            folder=folder,
            dsn=dsn,
            keystone=keystone,
            pods={},
            http=Agent(reactor, pool=pool),
            pool=pool,
        )
        test.addCleanup(cloud.stop)
        await keystone.start()
        cloud._keystone_port = int(keystone.url.split(":")[2].split("/")[0])
        for name, project, roles in (
            ("demo", "demo", ["member"]),
            ("alt_demo", "alt_demo", ["member"]),
            ("trio2o", "service", ["service"]),
        ):
            keystone.add_user(name, f"{name}-password", project=project, roles=roles)
        started = {}
        for plan in plans:
            options: dict[str, Any] = {"build_seconds": 0.02, "keystone_url": keystone.url, **plan.fake}
            started[plan.name] = RunningPod(FakePod(reactor, plan.name, **options), plan.zone)
            cloud.pods = dict(started)
            await started[plan.name].fake.start()
            for service, url in started[plan.name].fake.urls.items():
                keystone.catalog.set_endpoint(plan.name, service, url)
        await gatherResults(
            [Deferred.fromCoroutine(cloud.add_daemon(plans, settings or {})) for _ in range(daemons)]
        )
        return cloud

    async def again(self, test: TestCase, plans: Sequence[PodPlan], settings: Mapping[str, Any]) -> None:
        """
        Start a stopped cloud again, on other ports: its Keystone and pods have what they had, and well behaved; database and
        daemon are new. It takes half the time of a new one.
        """
        self.dsn = await migrated_database(test)
        self.folder = Path(tempfile.mkdtemp(prefix="trio2o-cloud-"))
        self.daemons.clear()
        test.addCleanup(self.stop)
        await self.keystone.start()
        self._keystone_port = int(self.keystone.url.split(":")[2].split("/")[0])
        for name, pod in self.pods.items():
            pod.fake._wished.clear()
            await pod.fake.start()
            for service, url in pod.fake.urls.items():
                self.keystone.catalog.set_endpoint(name, service, url)
            for frame in pod.fake.frames.values():
                frame.behaviours.clear()
                verifier: Any = frame.verifier
                verifier.keystone_url = self.keystone.url
        await self.add_daemon(plans, settings)

    async def add_daemon(self, plans: Sequence[PodPlan], settings: Mapping[str, Any]) -> Daemon:
        """
        Start one more daemon on the same database.
        """
        daemon = self.prepared(plans, settings)
        self.daemons.append(daemon)
        await daemon.start()
        return daemon

    def prepared(self, plans: Sequence[PodPlan], settings: Mapping[str, Any]) -> Daemon:
        """
        A daemon that is not started; its configuration file is written.
        """
        number = len(self.daemons)
        written = merged(self.base_settings(plans, number), _QUICK, settings)
        path = self.folder / f"trio2o-{number}.yaml"
        path.write_text(json.dumps(written))
        gateway = Gateway(reactor=reactor, config=read_config(path), path=path, process=False)
        return Daemon(path, written, gateway)

    def base_settings(self, plans: Sequence[PodPlan], number: int) -> dict[str, Any]:
        """
        The configuration of this cloud, before a test's own wishes.
        """
        listening = {"endpoints": ["tcp:0:interface=127.0.0.1"]}
        return {
            "listen": {"compute": listening, "volume": listening, "admin": listening},
            "identity": {
                "auth_url": self.keystone_url,
                "auth": {
                    "username": "trio2o",
                    "password": "trio2o-password",
                    "project_name": "service",
                    "user_domain_id": "default",
                    "project_domain_id": "default",
                },
            },
            "database": {"dsn": self.dsn, "pool_size": 2},
            "logging": {"access_file": str(self.folder / f"access-{number}.log")},
            "pods": [{"name": plan.name, "az": plan.zone, **plan.section} for plan in plans],
        }

    @property
    def keystone_url(self) -> str:
        """
        Keystone's endpoint, also while it is down.
        """
        return f"http://127.0.0.1:{self._keystone_port}/v3"

    @property
    def demo(self) -> Person:
        """
        A member of the project demo.
        """
        return self.person("demo")

    @property
    def alt_demo(self) -> Person:
        """
        A member of another project.
        """
        return self.person("alt_demo")

    @property
    def admin(self) -> Person:
        """
        An admin of the project admin.
        """
        return self.person("admin")

    def person(self, name: str, project: str | None = None) -> Person:
        """
        A user with a token for a project, the same one each time.
        """
        project = project or name
        token = self._issued.get((name, project))
        if token is None:
            token = self._issued[name, project] = self.keystone.issue(name, project)
        reference = {"name": project, "domain": {"id": "default"}}
        project_id = self.keystone.directory.find_project(reference).id
        return Person(cloud=self, name=name, project_id=project_id, token=token)

    def projects(self, count: int) -> list[Person]:
        """
        New users, each in a project of its own.
        """
        first = len(self._issued)
        people = []
        for number in range(first, first + count):
            name = f"user{number}"
            self.keystone.add_user(name, "password", project=name, roles=["member"])
            people.append(self.person(name))
        return people

    def pod(self, name: str) -> RunningPod:
        """
        A pod by name.
        """
        return self.pods[name]

    def pods_with_creates(self, service: str = "nova") -> list[str]:
        """
        The names of the pods that got a create.
        """
        return [name for name, pod in self.pods.items() if getattr(pod, service).creates()]

    def pod_of(self, server_id: str) -> str:
        """
        The name of the pod that has a server.
        """
        (name,) = [name for name, pod in self.pods.items() if server_id in pod.servers()]
        return name

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """
        Run one statement in the daemons' database.
        """
        return run_sql(self.dsn, statement, values)

    def access_lines(self, daemon: int = 0) -> str:
        """
        The access log of a stopped daemon.
        """
        return (self.folder / f"access-{daemon}.log").read_text()

    async def keystone_down(self) -> None:
        """
        Nobody listens where Keystone was, and its connections are broken.
        """
        port: Any = self.keystone._port
        await self.keystone.stop()
        port.factory.drop_connections()

    async def keystone_up(self) -> None:
        """
        Keystone listens again.
        """
        await self.keystone.start(self._keystone_port)

    def database_down(self) -> None:
        """
        Break every connection to the database and let none in.
        """
        name = _database(self.dsn)
        self._database_away = True
        run_sql(_other(self.dsn), f"alter database {name} allow_connections false")
        run_sql(
            _other(self.dsn),
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
            (name,),
        )

    def database_up(self) -> None:
        """
        Let connections to the database in again.
        """
        self._database_away = False
        run_sql(_other(self.dsn), f"alter database {_database(self.dsn)} allow_connections true")

    async def stop(self) -> None:
        """
        Stop all of it and wait until the last connection is closed.
        """
        if self._database_away:
            self.database_up()
        await self.pool.closeCachedConnections()
        port: Any = self.keystone._port
        sites = [site for pod in self.pods.values() for site in pod.fake._sites.values()]
        if port is not None:
            sites.append(port.factory)
        for daemon in reversed(self.daemons):
            await daemon.stop()
        for pod in self.pods.values():
            await pod.fake.stop()
        if port is not None:
            await self.keystone_down()
        await until(lambda: not any(site.channels for site in sites))
        # The other ends are told in the next turns of the reactor.
        await deferLater(reactor, 0.01)
        rmtree(self.folder, ignore_errors=True)


class CloudCase(TestCase):
    """
    A test of whole clouds.
    """

    timeout = 60

    async def cloud(self, plans: Sequence[PodPlan] = THREE_PODS, **more: Any) -> Cloud:
        """
        Start a cloud.
        """
        with no_urls_built():
            return await Cloud.start(self, plans, **more)

    def refused(self, reply: Reply, status: int, name: str, *words: str) -> None:
        """
        Insist on an error in the services' shape.
        """
        self.assertEqual(status, reply.status, reply.body)
        told_name, message = reply.fault
        self.assertEqual(name, told_name)
        for word in words:
            self.assertIn(word, message)
        self.assertTrue((reply.header("X-Openstack-Request-Id") or "").startswith("req-"))


@implementer(ILogObserver)
class Events:
    """
    Every event that is logged while it listens, as text.
    """

    def __init__(self, test: TestCase) -> None:
        self.seen: list[LogEvent] = []
        globalLogPublisher.addObserver(self)
        test.addCleanup(globalLogPublisher.removeObserver, self)

    def __call__(self, event: LogEvent) -> None:
        self.seen.append(event)

    def text(self) -> str:
        """
        All of them, with every field and traceback.
        """
        parts = []
        for event in self.seen:
            parts.append(repr(event))
            failure = event.get("log_failure")
            if failure is not None:
                parts.append(failure.getTraceback(detail="verbose"))
        return "\n".join(parts)


@contextmanager
def no_urls_built() -> Iterator[None]:
    """
    Make Klein's routes without what builds URLs of them: nobody asks for that here, and it is half of a start's time.
    """
    routes: Any = Rule
    compile_builder = routes._compile_builder
    routes._compile_builder = lambda rule, append_unknown=True: lambda *values: None
    try:
        yield
    finally:
        routes._compile_builder = compile_builder


def a_server(name: str = "one", **more: Any) -> dict[str, Any]:
    """
    The body of a server create.
    """
    return {"server": {"name": name, "imageRef": IMAGE, "flavorRef": "1", **more}}


def a_volume(name: str = "one", **more: Any) -> dict[str, Any]:
    """
    The body of a volume create.
    """
    return {"volume": {"name": name, "size": 1, **more}}


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """
    Mappings laid over each other, the last word counts.
    """
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            if isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
                value = merged(result[key], value)
            result[key] = value
    return result


def run_sql(dsn: str, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """
    Run one statement on a connection of its own.
    """
    connection = psycopg2.connect(dsn)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


async def settled(*tries: Any) -> list[Any]:
    """
    Run coroutines side by side and give their results.
    """
    results: list[Any] = await gatherResults(
        [Deferred.fromCoroutine(each) for each in tries], consumeErrors=True
    )
    return results


async def available(client: Client, path: str) -> None:
    """
    Wait until a volume or snapshot is made.
    """
    ends = time.monotonic() + 10
    while True:
        (shown,) = (await client.get(path)).json.values()
        if shown["status"] == "available":
            return
        assert time.monotonic() < ends, shown
        await pause(0.01)


def hang_up(asking: Deferred[Reply]) -> None:
    """
    Leave: the connection of a request that is under way is broken.
    """
    asking.addErrback(lambda failure: failure.trap(CancelledError, ResponseNeverReceived, ResponseFailed))
    asking.cancel()


async def pause(seconds: float) -> None:
    """
    Let time pass.
    """
    await deferLater(reactor, seconds)


async def within(seconds: float, waiting: Any) -> Any:
    """
    The result of a coroutine that must take no longer.
    """
    began = time.monotonic()
    result = await waiting
    took = time.monotonic() - began
    assert took <= seconds, f"took {took:.2f} s, not {seconds:g}"
    return result


def _database(dsn: str) -> str:
    (name,) = [part.removeprefix("dbname=") for part in dsn.split() if part.startswith("dbname=")]
    return name


def _other(dsn: str) -> str:
    return dsn.replace(f"dbname={_database(dsn)}", "dbname=postgres")
