"""
What pods have, against what clients were told and what the gateway shows.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Sequence

from attrs import frozen
from twisted.internet.defer import Deferred, DeferredSemaphore, gatherResults

from tests.functional.cloud import Client, Cloud, Reply, pause
from tests.races.findings import Findings
from tests.races.makers import Outcome

#: How many servers are asked for at a time.
_AT_ONCE = 20

#: Seconds until pods must be well again.
_PATIENCE = 60.0


@frozen(kw_only=True)
class Made:
    """
    A server as its pod has it.
    """

    id: str
    name: str
    pod: str
    project_id: str


def made(cloud: Cloud, project_ids: Collection[str]) -> list[Made]:
    """
    All servers of these projects, straight from the pods.
    """
    return [
        Made(id=server.id, name=server.name, pod=name, project_id=server.project_id)
        for name, pod in cloud.pods.items()
        for server in pod.servers().values()
        if server.project_id in project_ids
    ]


async def judge(
    findings: Findings,
    cloud: Cloud,
    clients: Sequence[Client],
    outcomes: Sequence[Outcome],
    *,
    pods_each: int | None = 1,
) -> None:
    """
    Every server that a pod has is shown and listed to its project, what clients were told of is there, none was made twice, and
    each project has one active binding. What nobody was told of belongs to a create without a key that ended badly.

    :param clients: one of each project.
    :param pods_each: in how many pods a project's servers may be; ``None`` for any.
    """
    servers = made(cloud, {client.project_id for client in clients})
    told = [outcome.server_id for outcome in outcomes if outcome.made]
    there = {server.id for server in servers}
    names = Counter(server.name for server in servers)
    twice = [name for name, count in names.items() if count > 1]
    untold = [server for server in servers if server.id not in set(told)]
    excused = {outcome.wish.name for outcome in outcomes if not outcome.made and outcome.wish.key is None}
    findings.tell(
        f"  servers at the pods {len(there)}, told of {len(told)}, nobody was told of {len(untold)}"
    )
    findings.insist(len(told) == len(set(told)), "two creates were answered with one server")
    lost = set(told) - there
    findings.insist(not lost, f"{len(lost)} servers that clients were told of are in no pod")
    findings.insist(not twice, f"{len(twice)} servers were made twice: {twice[:3]}")
    secret = [server.name for server in untold if server.name not in excused]
    findings.insist(not secret, f"{len(secret)} servers were made that nobody was told of: {secret[:3]}")
    # connections to processes that are no more
    await cloud.pool.closeCachedConnections()
    for client in clients:
        await _found(
            findings, client, [server for server in servers if server.project_id == client.project_id]
        )
        pods = {server.pod for server in servers if server.project_id == client.project_id}
        if pods_each is not None:
            findings.insist(len(pods) <= pods_each, f"servers of one project are in {len(pods)} pods")
    active = dict(
        cloud.sql("select tenant_id, count(*) from bindings where is_binding group by tenant_id"),
    )
    bound = [active.get(client.project_id, 0) for client in clients]
    findings.tell(f"  active bindings {sum(bound)} of {len(clients)} projects")
    wrong = sum(count != 1 for count in bound)
    findings.insist(not wrong, f"{wrong} projects have not one active binding")


async def _found(findings: Findings, client: Client, servers: Sequence[Made]) -> None:
    there = {server.id for server in servers}
    listed = await listed_ids(client)
    twice = [(place, each) for place, each in enumerate(listed) if listed.count(each) > 1]
    findings.insist(not twice, f"a list of {len(listed)} has servers twice: {twice[:4]}")
    missing = there - set(listed)
    findings.insist(not missing, f"{len(missing)} servers are missing in the list")
    findings.insist(not set(listed) - there, "a list has servers that no pod has")
    turns = DeferredSemaphore(_AT_ONCE)

    async def shown(server: Made) -> int:
        return (await answered(client, f"/v2.1/servers/{server.id}")).status

    statuses = await gatherResults(
        [turns.run(lambda server=server: Deferred.fromCoroutine(shown(server))) for server in servers],
        consumeErrors=True,
    )
    hidden = Counter(status for status in statuses if status != 200)
    findings.insist(not hidden, f"{sum(hidden.values())} servers are not shown: {dict(hidden)}")


async def listed_ids(client: Client) -> list[str]:
    """
    A project's servers, by pages.
    """
    ids: list[str] = []
    while True:
        marker = f"&marker={ids[-1]}" if ids else ""
        answer = await answered(client, f"/v2.1/servers?limit=200{marker}")
        assert answer.status == 200, (answer.status, answer.body)
        page = [server["id"] for server in answer.json["servers"]]
        if not page:
            return ids
        ids.extend(page)


async def answered(client: Client, path: str) -> Reply:
    """
    A whole answer: a pod that was in trouble a moment ago is waited for, as its breaker does.
    """
    ends = time.monotonic() + _PATIENCE
    while True:
        answer = await client.get(path, headers={"X-Trio2o-Incomplete": "refuse"})
        if answer.status not in (503, 504) or time.monotonic() > ends:
            return answer
        await pause(0.5)
