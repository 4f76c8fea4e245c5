"""
One surface, wired: strategies, wrapper, Klein application, site, drain.
"""

from __future__ import annotations

from typing import Any

from attrs import define

from trio2o.identity.access_rules import allowed
from trio2o.ops.drain import Drain, TrackedConnection
from trio2o.service.parts import Common
from trio2o.service.strategies import make_strategies
from trio2o.strategies.concurrently import Shield
from trio2o.surface.matching import Table
from trio2o.surface.surfaces import Surface
from trio2o.web.channel import GatewayChannel
from trio2o.web.explaining import RULE
from trio2o.web.front import Front
from trio2o.web.incoming import Trust
from trio2o.web.streaming import GatewaySite
from trio2o.web.surface_app import SurfaceApp
from trio2o.web.versioning import Versioning
from trio2o.web.wrapper import Wrapper


class TrackedChannel(TrackedConnection, GatewayChannel):
    """
    A client's connection that its site knows of.
    """


class TrackedSite(GatewaySite):
    """
    A site that knows its connections, so that they can be drained.
    """

    protocol = TrackedChannel
    noisy = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.connections: set[TrackedConnection] = set()


@define(kw_only=True)
class ServedSurface:
    """
    A surface's site and what is needed to end it.
    """

    name: str
    endpoints: tuple[str, ...]
    site: TrackedSite
    drain: Drain


class Counter:
    """
    Counts for a drain that is made after its site.
    """

    drain: Drain | None = None

    @property
    def draining(self) -> bool:
        """
        True once the site is on its way out.
        """
        return self.drain is not None and self.drain.draining

    def began(self) -> None:
        """
        Something runs.
        """
        if self.drain is not None:
            self.drain.enter()

    def ended(self) -> None:
        """
        It ended.
        """
        if self.drain is not None:
            self.drain.leave()


def make_wrapper(
    common: Common,
    surface: Surface | None,
    versioning: Versioning | None,
    counter: Counter,
    public_url: str | None,
) -> Wrapper:
    """
    The wrapper of one surface; ``None`` for the admin surface.
    """
    return Wrapper(
        surface=surface,
        tokens=common.tokens,
        access=allowed,
        versioning=versioning,
        clock=common.reactor,
        began=counter.began,
        ended=counter.ended,
        observe=common.observer.request_ended,
        www_authenticate=common.identity.www_authenticate,
        public_root=None if public_url is None else public_url.rstrip("/").encode("ascii"),
        trust=Trust(common.config.proxy.trusted),
        pseudonym=common.config.proxy.via_name.encode("ascii"),
        may_explain=lambda identity: common.policy.authorize(RULE, identity, {}),
    )


def make_surface(
    common: Common, surface: Surface, endpoints: tuple[str, ...], public_url: str | None
) -> ServedSurface:
    """
    Wire one surface from its table.
    """
    counter = Counter()
    versioning = Versioning(surface=surface, facts=common.facts)
    table = Table(surface.operations)
    app = SurfaceApp(
        surface=surface,
        wrapper=make_wrapper(common, surface, versioning, counter, public_url),
        versioning=versioning,
        strategies=make_strategies(common, Shield(began=counter.began, ended=counter.ended)),
        table=table,
        draining=lambda: counter.draining,
    )
    site = TrackedSite(Front(app, table), reactor=common.reactor)
    counter.drain = Drain(site, common.reactor)
    return ServedSurface(name=surface.name, endpoints=endpoints, site=site, drain=counter.drain)
