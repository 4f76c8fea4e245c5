"""
What a supervisor tells a worker that it starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson
from attrs import asdict, frozen

from trio2o.service.ports import ListeningSocket

#: The descriptor by which a worker says that it serves.
READY_DESCRIPTOR = 3
#: What it says.
READY = b"ready\n"
#: The descriptor of the first socket in a worker; the others follow.
FIRST_SOCKET = 4


@frozen(kw_only=True)
class Order:
    """
    One line of JSON on a worker's standard input, which stays open as long as the supervisor lives.
    """

    #: From 1 on; a worker that takes another's place has its number.
    number: int
    path: Path
    #: The text of the configuration that is in force: the file may have been changed, and not reloaded.
    text: str
    sockets: Mapping[str, tuple[ListeningSocket, ...]]
    #: Where the workers' own metrics are asked for.
    metrics: Path

    def line(self) -> bytes:
        """
        As it is sent.
        """
        sockets = {surface: [asdict(each) for each in given] for surface, given in self.sockets.items()}
        return orjson.dumps(
            {
                "number": self.number,
                "path": str(self.path),
                "text": self.text,
                "sockets": sockets,
                "metrics": str(self.metrics),
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )

    @classmethod
    def of_line(cls, line: bytes) -> Order:
        """
        What :meth:`line` sent.
        """
        told = orjson.loads(line)
        return cls(
            number=told["number"],
            path=Path(told["path"]),
            text=told["text"],
            sockets={
                surface: tuple(ListeningSocket(**each) for each in given)
                for surface, given in told["sockets"].items()
            },
            metrics=Path(told["metrics"]),
        )
