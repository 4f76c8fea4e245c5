"""
A fake Keystone v3, for tests in which a real one is too slow, with tokens that a test can end, and
behaviours.

In a test::

    keystone = FakeKeystone(reactor)
    demo = keystone.directory.add_project("demo")
    keystone.add_user("demo", "demopass", project="demo", roles=["member"])
    keystone.catalog.set_endpoint("Pod1", "compute", "http://127.0.0.1:18774/v2.1")
    await keystone.start()              # keystone.url is "http://127.0.0.1:PORT/v3"
    token = keystone.issue("demo", "demo")

By hand: ``python -m trio2o.sandbox.keystone --port 5000 --config FILE.json``
(`trio2o.sandbox.keystone_load` has the format). The user ``admin`` (password ``adminpass``, project
``admin``) is always there.

Beside the commands of every fake service (`trio2o.sandbox.control`):

===================================  ==============================================================
``POST /_sandbox/identity``          add what a document says (`trio2o.sandbox.keystone_load`): 204
``GET /_sandbox/counts``             ``{"counts": {"GET /v3/auth/tokens": 3, …}}`` over the kept requests
``DELETE /_sandbox/tokens``          end all tokens, or those of the user ``?user=NAME``: 204
===================================  ==============================================================
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IListeningPort, IReactorTime
from twisted.internet.task import react

from trio2o.sandbox.clock import PodClock
from trio2o.sandbox.frame import Answer, Call, Fault, ServiceFrame, route
from trio2o.sandbox.keystone_auth import TokenHandlers
from trio2o.sandbox.keystone_catalog import Catalog
from trio2o.sandbox.keystone_limits import LimitHandlers, Limits
from trio2o.sandbox.keystone_load import BadDocument, load
from trio2o.sandbox.keystone_reads import CatalogReads, CredentialHandlers, IdentityReads
from trio2o.sandbox.keystone_state import Directory
from trio2o.sandbox.keystone_style import KeystoneStyle
from trio2o.sandbox.keystone_tokens import Tokens
from trio2o.sandbox.keystone_values import DEFAULT_DOMAIN, Scope, Unknown, User

ADMIN_PASSWORD = "adminpass"


@define(eq=False)
class FakeKeystone:
    """
    The service and what it knows. ``reactor`` is the real one where it is started, any `IReactorTime` where
    only ``frame`` is used.

    :ivar clock: tokens end by it; a manual one is moved with ``clock.advance``.
    """

    reactor: IReactorTime
    clock: PodClock = field()
    region: str = "RegionOne"
    directory: Directory = field(factory=Directory.bootstrapped, init=False)
    catalog: Catalog = field(factory=Catalog, init=False)
    limits: Limits = field(factory=Limits, init=False)
    tokens: Tokens = field(init=False)
    frame: ServiceFrame = field(init=False)
    _port: IListeningPort | None = field(default=None, init=False)

    @clock.default
    def _make_clock(self) -> PodClock:
        return PodClock(self.reactor)

    def __attrs_post_init__(self) -> None:
        self.tokens = Tokens(directory=self.directory, catalog=self.catalog, now=self.clock.seconds)
        self.frame = ServiceFrame(style=KeystoneStyle(), verifier=None, clock=self.clock, wall=self.reactor)
        self.frame.mount(
            TokenHandlers(self.tokens, self.directory),
            CatalogReads(self.tokens, self.catalog),
            IdentityReads(self.tokens, self.directory),
            CredentialHandlers(self.tokens, self.directory),
            LimitHandlers(self.tokens, self.limits),
        )
        self.frame.mount_control(_Commands(self))
        self.catalog.add_region(self.region)
        admin = self.directory.add_user("admin", ADMIN_PASSWORD)
        project = self.directory.find_project({"name": "admin", "domain": {"id": DEFAULT_DOMAIN}})
        for scope in (Scope(project_id=project.id), Scope(system=True)):
            self.directory.grant(admin.id, ["admin"], scope)

    @property
    def url(self) -> str:
        """
        The identity endpoint, with ``/v3``.

        :raises RuntimeError: if the service is not started.
        """
        if self._port is None:
            raise RuntimeError("The fake Keystone is not started.")
        host: Any = self._port.getHost()
        return f"http://{host.host}:{host.port}/v3"

    async def start(self, port: int = 0, interface: str = "127.0.0.1") -> None:
        """
        Listen, and put the own URL into the catalog.
        """
        endpoint = TCP4ServerEndpoint(self.reactor, port, interface=interface)
        self._port = await endpoint.listen(self.frame.site())
        self.catalog.set_endpoint(self.region, "identity", self.url)

    async def stop(self) -> None:
        """
        Stop listening; what it knows stays, so that ``start`` on the same port goes on.
        """
        if self._port is not None:
            port, self._port = self._port, None
            await _done(port.stopListening())

    def load(self, document: object) -> None:
        """
        Add what a document says.

        :raises BadDocument: if it cannot be taken.
        """
        load(document, directory=self.directory, catalog=self.catalog, tokens=self.tokens)

    def add_user(self, name: str, password: str, *, project: str, roles: Sequence[str]) -> User:
        """
        Make a user with roles in a project of the domain ``default``, which is made when it is new.
        """
        project_id = self.directory.add_project(project).id
        user = self.directory.add_user(name, password, default_project_id=project_id)
        self.directory.grant(user.id, roles, Scope(project_id=project_id))
        return user

    def issue(self, user: str, project: str, *, lifetime: float | None = None) -> str:
        """
        The id of a new token for a user in a project, both by name.
        """
        domain = {"id": DEFAULT_DOMAIN}
        user_id = self.directory.find_user({"name": user, "domain": domain}).id
        project_id = self.directory.find_project({"name": project, "domain": domain}).id
        return self.tokens.issue(user_id, Scope(project_id=project_id), lifetime=lifetime).id

    def counts(self) -> Counter[str]:
        """
        How often each ``METHOD /path`` was asked, over the kept requests (the last 1,000), hung ones too.
        """
        entries = self.frame.journal.listed()
        return Counter(f"{entry['method']} {entry['path'].partition('?')[0]}" for entry in entries)


@define
class _Commands:
    """
    What ``/_sandbox`` of the fake Keystone has beside the frame's commands.
    """

    keystone: FakeKeystone

    @route("POST", "/identity")
    def add(self, call: Call) -> Answer:
        try:
            self.keystone.load(call.json())
        except BadDocument as error:
            raise Fault(400, str(error)) from error
        return Answer(status=204)

    @route("GET", "/counts")
    def show_counts(self, call: Call) -> Answer:
        return Answer(body={"counts": self.keystone.counts()})

    @route("DELETE", "/tokens")
    def end_tokens(self, call: Call) -> Answer:
        name = call.arg("user")
        try:
            users = (
                list(self.keystone.directory.users.values())
                if name is None
                else [self.keystone.directory.find_user({"name": name, "domain": {"id": DEFAULT_DOMAIN}})]
            )
        except Unknown as error:
            raise Fault(404, str(error)) from error
        for user in users:
            self.keystone.tokens.revoke_all_of(user.id)
        return Answer(status=204)


async def _done(result: Deferred[None] | None) -> None:
    if result is not None:
        await result


def main() -> None:
    """
    Serve until interrupted.
    """
    parser = argparse.ArgumentParser(
        prog="python -m trio2o.sandbox.keystone", description="A fake Keystone v3."
    )
    parser.add_argument("--port", type=int, default=5000, help="TCP port on 127.0.0.1 (default 5000; 0: any)")
    parser.add_argument("--config", type=Path, help="JSON file with users, projects, regions and endpoints")
    options = parser.parse_args()

    async def serve(reactor: IReactorTime) -> None:
        keystone = FakeKeystone(reactor)
        if options.config is not None:
            keystone.load(json.loads(options.config.read_text()))
        await keystone.start(options.port)
        print(f"fake Keystone: {keystone.url}", flush=True)
        await Deferred()

    react(lambda reactor: Deferred.fromCoroutine(serve(reactor)))


if __name__ == "__main__":
    main()
