"""
What a fake service was asked, so that a test can tell which pod was reached and that nothing was lost on the
way.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from typing import Any

from attrs import define
from twisted.web.http_headers import Headers

SECRET_HEADERS = frozenset(
    {b"x-auth-token", b"x-service-token", b"x-subject-token", b"x-storage-token", b"authorization", b"cookie"}
)


@define
class Entry:
    """
    One request, kept as it came; turned into JSON only when somebody looks.
    """

    number: int
    time: float
    method: bytes
    target: bytes
    headers: Headers
    body: bytes
    request_id: str
    project: str | None = None
    status: int | None = None

    def as_json(self) -> dict[str, Any]:
        """
        The form that ``GET /_sandbox/requests`` shows: headers by lower-case name, without tokens, each with
        a list of values; ``body`` only where it is JSON; ``status`` None while there is no answer.
        """
        try:
            body = json.loads(self.body) if self.body else None
        except ValueError:
            body = None
        return {
            "number": self.number,
            "time": self.time,
            "method": self.method.decode("latin-1"),
            "path": self.target.decode("latin-1"),
            "headers": {
                name.lower().decode("latin-1"): [value.decode("latin-1") for value in values]
                for name, values in self.headers.getAllRawHeaders()
                if name.lower() not in SECRET_HEADERS
            },
            "body_size": len(self.body),
            "body_sha256": hashlib.sha256(self.body).hexdigest(),
            "body": body,
            "request_id": self.request_id,
            "project": self.project,
            "status": self.status,
        }


class Journal:
    """
    The last requests of one service, oldest first.
    """

    def __init__(self, limit: int = 1000) -> None:
        self._entries: deque[Entry] = deque(maxlen=limit)
        self._count = 0

    def note(
        self, time: float, method: bytes, target: bytes, headers: Headers, body: bytes, request_id: str
    ) -> Entry:
        """
        Keep one request; the caller fills in project and status when they are known.
        """
        self._count += 1
        entry = Entry(self._count, time, method, target, headers, body, request_id)
        self._entries.append(entry)
        return entry

    def listed(self, method: str | None = None, path: str | None = None) -> list[dict[str, Any]]:
        """
        The kept requests, all or those of a method and of a path that a regular expression finds.
        """
        wanted = None if path is None else re.compile(path)
        return [
            entry.as_json()
            for entry in self._entries
            if (method is None or entry.method.decode("latin-1") == method.upper())
            and (wanted is None or wanted.search(entry.target.decode("latin-1")))
        ]

    def clear(self) -> None:
        """
        Forget all; numbers go on.
        """
        self._entries.clear()
