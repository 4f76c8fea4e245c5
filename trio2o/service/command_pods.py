"""
What commands that ask pods need of the daemon, wired, for as long as they take.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred

from trio2o.adoption.questions import PodQuestions
from trio2o.config.schema import Config
from trio2o.identity.pod_tokens import SharedKeystone
from trio2o.pods.client import TreqPods
from trio2o.pods.lean import LeanConnection
from trio2o.service.identity import IdentityParts, make_identity
from trio2o.service.reaching import pod_defaults


@frozen(kw_only=True)
class CommandPods:
    """
    The way to pods, by the daemon's own user.
    """

    identity: IdentityParts
    client: TreqPods
    asks: PodQuestions


@asynccontextmanager
async def command_pods(
    reactor: Any, config: Config, *, budget: float | None = None
) -> AsyncIterator[CommandPods]:
    """
    Reach pods until the end of the block. Keystone's catalog is not read yet.

    :param budget: the seconds that a pod has for an answer; ``None`` for its own.
    """
    identity = make_identity(reactor, config.identity)
    client = TreqPods(
        reactor=reactor,
        catalog=identity.catalog,
        defaults=pod_defaults(config),
        connection=LeanConnection,
    )
    asks = PodQuestions(
        pods=client,
        own=identity.own,
        tokens=identity.tokens,
        pod_tokens=SharedKeystone(),
        clock=reactor,
        answer_limit=config.limits.answer_body_bytes,
        budget=budget,
    )
    identity.service.startService()
    try:
        yield CommandPods(identity=identity, client=client, asks=asks)
    finally:
        client.close()
        stopping: object = identity.service.stopService()
        if isinstance(stopping, Deferred):
            await stopping
