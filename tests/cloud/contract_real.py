"""
The subject of contract tests in the test cloud: a real pod, with projects made for one test and emptied after it.
"""

from __future__ import annotations

import time
from collections.abc import Coroutine, Mapping, Sequence
from functools import cache
from typing import Any

from attrs import define
from twisted.internet import reactor
from twisted.trial.unittest import SkipTest, SynchronousTestCase
from twisted.web.http_headers import Headers

from tests.cloud.places import Account, NoCloud, TestCloud, test_cloud
from tests.cloud.wire import send
from tests.unit.sandbox.asking import Api, Reply, Who, now

#: Seconds between two looks at something that changes.
INTERVAL = 0.5
#: Seconds until what a test left is gone.
PATIENCE = 90.0
#: What a project can have: the service, the list's path, and the query of a delete.
_BELONGINGS = {
    "servers": ("compute", "/v2.1/servers", ""),
    "server_groups": ("compute", "/v2.1/os-server-groups", ""),
    "transfers": ("volume", "/v3/PROJECT/os-volume-transfer", ""),
    "backups": ("volume", "/v3/PROJECT/backups", ""),
    "volumes": ("volume", "/v3/PROJECT/volumes", "?cascade=true"),
    "ports": ("network", "/v2.0/ports?project_id=PROJECT", ""),
    "networks": ("network", "/v2.0/networks?project_id=PROJECT", ""),
    "images": ("image", "/v2/images?owner=PROJECT", ""),
}


@define
class RealApi(Api):
    """
    A service that is asked over a socket, each request waiting for its answer.
    """

    async def send(self, method: str, url: str, fields: Mapping[str, str], data: bytes | None) -> Reply:
        """
        Send a request as it is.
        """
        scheme, _, rest = url.partition("://")
        authority, slash, path = rest.partition("/")
        reply = send(f"{scheme}://{authority}", method, slash + path or "/", fields.items(), data)
        headers = Headers()
        for name, value in reply.fields:
            headers.addRawHeader(name, value)
        return Reply(reply.status, headers, reply.body)


@cache
def _member(name: str) -> tuple[Account, Who]:
    """
    A member of a project of its own, both made once for each process and taken away at its end.
    """
    cloud = test_cloud()
    account = cloud.account()
    reactor.addSystemEventTrigger("before", "shutdown", cloud.forget, account)
    return account, Who(account.token, account.project_id, account.user_id)


class RealPod(SynchronousTestCase):
    """
    A case whose pod is the test cloud's first. ``makes`` names what its tests leave in their projects.
    """

    cloud: TestCloud
    makes: Sequence[str] = ()

    def setUp(self) -> None:
        try:
            self.cloud = test_cloud()
        except NoCloud as nothing:
            raise SkipTest(str(nothing)) from nothing
        self.demo, self.alt = (_member(name)[1] for name in ("demo", "alt"))
        session = self.cloud.admin.session
        self.admin = Who(session.get_token(), session.get_project_id(), session.get_user_id())
        for who in (self.demo, self.alt):
            self.addCleanup(self._empty, who)

    def service(self, name: str, path: str) -> RealApi:
        """
        A service of the pod, at a path.
        """
        return RealApi(None, self.cloud.pod.roots[name] + path)

    def finish(self, check: Coroutine[Any, Any, None]) -> None:
        now(check)

    async def wait(self) -> None:
        time.sleep(INTERVAL)

    def _empty(self, who: Who) -> None:
        """
        Delete all that a project has, and wait until it is gone.
        """
        deadline = time.monotonic() + PATIENCE
        for kind in self.makes:
            service, path, query = _BELONGINGS[kind]
            path = path.replace("PROJECT", who.project)
            while left := self._listed(who, service, path, kind):
                if time.monotonic() > deadline:
                    self.fail(f"{kind} stay: {left}")
                for each in left:
                    one = f"{path.partition('?')[0]}/{each}{query}"
                    now(self.service(service, "").ask("DELETE", one, token=who.token))
                time.sleep(INTERVAL)

    def _listed(self, who: Who, service: str, path: str, kind: str) -> list[str]:
        listed = now(self.service(service, "").ask("GET", path, token=who.token))
        return [each["id"] for each in listed.json[kind]]
