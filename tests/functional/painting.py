"""
A daemon that can do one more kind of job than others: ``paint``.

As a process of its own, ``python -m tests.functional.painting CONFIG``, it writes the key of each that it begins to its output.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from attrs import define, field
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from zope.interface import implementer

from trio2o.errors import JobHopeless, JobRetry
from trio2o.interfaces import IJobHandler, TellProgress
from trio2o.model import Job
from trio2o.service.gateway import Gateway
from trio2o.startup import read_config

reactor: Any = _reactor


@implementer(IJobHandler)
@define(eq=False)
class Painting:
    """
    Notes each job, then does with it what its payload says: ``wait`` for the test, ``refuse``, ``fail``, or is done.
    """

    begun: list[Job] = field(factory=list)
    #: By key, those that wait.
    waiting: dict[str, Deferred[None]] = field(factory=dict)
    kind: str = "paint"

    async def work(self, job: Job, tell: TellProgress) -> None:
        """
        See ``IJobHandler``.
        """
        self.begun.append(job)
        await tell(f"began {job.key}")
        self.told(job)
        match job.payload.get("then"):
            case "wait":
                self.waiting[job.key] = Deferred()
                await self.waiting[job.key]
            case "refuse":
                raise JobHopeless("the wall does not hold paint")
            case "fail":
                raise JobRetry("the paint is out", after=0.5)

    def told(self, job: Job) -> None:
        """
        For those who watch.
        """


class Loud(Painting):
    """
    Tells its process's output, and never ends.
    """

    def told(self, job: Job) -> None:
        """
        Write the key.
        """
        sys.stdout.write(f"painting {job.key}\n")
        sys.stdout.flush()


def added(gateway: Gateway, handler: Painting) -> Painting:
    """
    Let a daemon that serves do the handler's jobs, too.
    """
    graph: Any = gateway._graph
    graph.job_queue.handlers.add(handler)
    graph.job_queue.worker.wake()
    return handler


def main() -> None:
    """
    Be such a daemon until killed.
    """
    path = Path(sys.argv[1])
    gateway = Gateway(reactor=reactor, config=read_config(path), path=path, process=False)
    gateway.listening.addCallback(lambda _: added(gateway, Loud()))
    gateway.startService()
    reactor.addSystemEventTrigger("before", "shutdown", gateway.stopService)
    reactor.run()


if __name__ == "__main__":
    main()
