"""
The composition root: the one place that knows every provider.
"""

from __future__ import annotations

from pathlib import Path

from twisted.application.service import IService

from trio2o.config.schema import Config


def make_service(config: Config, path: Path) -> IService:
    """
    The daemon as one service; ``path`` is read again on SIGHUP.
    """
    from twisted.internet import reactor

    if config.workers > 1:
        from trio2o.service.workers.supervisor import Supervisor

        return Supervisor(reactor=reactor, config=config, path=path)

    from trio2o.service.gateway import Gateway

    return Gateway(reactor=reactor, config=config, path=path)
