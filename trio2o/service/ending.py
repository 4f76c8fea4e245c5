"""
The end of a daemon that could not start.
"""

from __future__ import annotations

import os
from typing import Any


def end_in_failure(reactor: Any) -> None:
    """
    Stop the process, in good order, with status 1: systemd and people can see that it failed.
    """
    reactor.addSystemEventTrigger("after", "shutdown", os._exit, 1)
    reactor.callWhenRunning(reactor.stop)
